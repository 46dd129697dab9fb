// SPDX-License-Identifier: MIT
/*
 * A handle of the capture source and its thread; see pcap.h. Touches: its thread, an eventfd.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "pcap.h"

/* struct sluice_thread_calls.poke; sluice_pcap_wait() comes back. */
static void poke(void *context)
{
	const struct sluice_pcap_handle *handle = context;
	const uint64_t one = 1;

	(void)!write(handle->wake, &one, sizeof(one));
}

/* The thread. */
static void *thread_main(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke};
	struct sluice_pcap_handle *handle = argument;
	const char *first = handle->file_count ? handle->files[0] : handle->interface;

	(void)sluice_thread_begin(SLUICE_THREAD_CAPTURE,
				  handle->read ? "sluice-xdp" : "sluice-pcap", &calls, handle);
	if (handle->read) {
		handle->read(handle);
	} else if (handle->interface[0]) {
		sluice_pcap_read_interface(handle);
	} else {
		sluice_pcap_read_files(handle);
		if (!sluice_pcap_is_over(handle)) {
			sluice_notice_about(
				SLUICE_ABOUT(.path = first),
				"%s%s: all is read: %" PRIu64 " packets, %" PRIu64
				" of them no datagram of an input, %" PRIu64 " snapped, %" PRIu64
				" never complete; %" PRIu64 " could not be read",
				first, handle->file_count > 1 ? ", ..." : "", handle->packets,
				handle->others, handle->cut, handle->incomplete, handle->faults);
			sluice_pcap_say(handle, SLUICE_PCAP_ENDED, "ended");
		}
	}
	sluice_thread_end();
	return NULL;
}

struct sluice_pcap_handle *sluice_pcap_handle_new(const struct sluice_config_input *config,
						  uint32_t number)
{
	struct sluice_pcap_handle *handle = aligned_alloc(64, sizeof(*handle));

	if (!handle)
		return NULL;
	memset(handle, 0, sizeof(*handle));
	handle->number = number;
	memcpy(handle->interface, config->interface, sizeof(handle->interface));
	pthread_mutex_init(&handle->lock, NULL);
	handle->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	handle->files = calloc(config->file_count ? config->file_count : 1, sizeof(char *));
	while (handle->files && handle->file_count < config->file_count) {
		handle->files[handle->file_count] = strdup(config->files[handle->file_count]);
		if (!handle->files[handle->file_count])
			break;
		handle->file_count++;
	}
	if (handle->wake >= 0 && handle->files && handle->file_count == config->file_count)
		return handle;
	sluice_pcap_handle_free(handle);
	return NULL;
}

int sluice_pcap_handle_commit(struct sluice_pcap_handle *handle)
{
	struct sluice_pcap_table *old;
	int error;

	pthread_mutex_lock(&handle->lock);
	old = handle->table;
	handle->table = handle->next_table;
	handle->next_table = NULL;
	handle->speed = handle->next_speed;
	pthread_mutex_unlock(&handle->lock);
	sluice_pcap_table_free(old);
	if (handle->is_started)
		return 0;
	error = pthread_create(&handle->thread, NULL, thread_main, handle);
	handle->is_started = !error;
	return -error;
}

void sluice_pcap_handle_still(struct sluice_pcap_handle *handle)
{
	uint64_t one = 1;

	sluice_store_relaxed(&handle->is_still, true);
	(void)!write(handle->wake, &one, sizeof(one));
}

void sluice_pcap_handle_stop(struct sluice_pcap_handle *handle)
{
	uint64_t one = 1;

	sluice_store_relaxed(&handle->ends, true);
	(void)!write(handle->wake, &one, sizeof(one));
	if (handle->is_started)
		pthread_join(handle->thread, NULL);
	handle->is_started = false;
}

void sluice_pcap_handle_free(struct sluice_pcap_handle *handle)
{
	if (!handle)
		return;
	sluice_pcap_handle_stop(handle);
	sluice_pcap_table_free(handle->table);
	sluice_pcap_table_free(handle->next_table);
	sluice_fragments_free(handle->fragments);
	while (handle->file_count)
		free(handle->files[--handle->file_count]);
	free(handle->files);
	if (handle->wake >= 0)
		close(handle->wake);
	pthread_mutex_destroy(&handle->lock);
	free(handle);
}
