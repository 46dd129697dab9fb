// SPDX-License-Identifier: MIT
/*
 * What the socket source has for each worker comes and goes with it, see socket_intake.h. For the
 * control thread; what lives in workers by call. Touches: memory, the workers' port sets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../config/draft.h"
#include "socket_index.h"
#include "socket_intake.h"
#include "socket_way.h"

int sluice_socket_workers_open(struct sluice_intake *intake)
{
	/* Workers know their sets, and readers theirs: none may move when another worker comes. */
	intake->sets = calloc(SLUICE_WORKERS_MAX, sizeof(*intake->sets));
	intake->fresh = calloc(SLUICE_WORKERS_MAX, sizeof(struct sluice_port *));
	intake->readers = calloc(SLUICE_WORKERS_MAX, sizeof(*intake->readers));
	intake->fresh_index = calloc(SLUICE_WORKERS_MAX, sizeof(*intake->fresh_index));
	return intake->sets && intake->fresh && intake->readers && intake->fresh_index ? 0
										       : -ENOMEM;
}

void sluice_socket_workers_free(struct sluice_intake *intake)
{
	free(intake->sets);
	free(intake->fresh);
	free(intake->readers);
	free(intake->fresh_index);
}

int sluice_socket_join(struct sluice_intake *intake, struct sluice_worker *worker)
{
	struct sluice_port_set *set = &intake->sets[worker->number];
	int error = sluice_port_index_open(&intake->fresh_index[worker->number]);

	memset(set, 0, sizeof(*set));
	if (!error)
		error = sluice_worker_call(worker, sluice_port_set_enter, set);
	if (error)
		sluice_socket_part(intake, worker);
	return error;
}

void sluice_socket_part(struct sluice_intake *intake, struct sluice_worker *worker)
{
	struct sluice_port_set *set = &intake->sets[worker->number];

	if (set->worker)
		(void)sluice_worker_call(worker, sluice_port_set_leave, set);
	set->worker = NULL;
	sluice_socket_close_readers(&intake->readers[worker->number], true);
	sluice_port_index_close(&intake->fresh_index[worker->number]);
}

bool sluice_socket_is_quiet(const struct sluice_intake *intake, const struct sluice_worker *worker)
{
	return !intake->sets[worker->number].ports && !intake->fresh[worker->number];
}

void sluice_socket_close_readers(struct sluice_socket_readers *readers, bool all)
{
	const struct sluice_socket_way *const *way;
	struct sluice_socket_beat **reader;

	for_each_socket_way (way) {
		reader = &readers->of[(*way)->receive];
		if (!*reader || (!all && !(*way)->is_unused(*reader)))
			continue;
		(*way)->close(*reader);
		*reader = NULL;
	}
}
