// SPDX-License-Identifier: MIT
/*
 * Is the module there, and what does it mean to a user if it is not; see kmod.h. In the control
 * thread. Touches: the module's netlink family.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kmod.h"

int sluice_kmod_probe(void)
{
	struct sluice_kernel *kernel = NULL;
	int error = sluice_kernel_open(&kernel);

	if (!error)
		sluice_kernel_close(kernel);
	return error;
}

/* struct sluice_source_class.absence */
const char *sluice_kmod_absence(int error)
{
	switch (error) {
	case -ENOENT:
		return "the module is not loaded";
	case -EPERM:
	case -EACCES:
		return "the module may not be used by this user";
	default:
		return "the module does not answer";
	}
}

/* struct sluice_source_class.refuse */
void sluice_kmod_refuse(int error, char *text, size_t room)
{
	switch (error) {
	case -ENOENT:
		snprintf(text, room,
			 "`source: kmod`, but the module is not loaded; load it (`modprobe "
			 "sluice`) or use `source: socket`");
		break;
	case -EPERM:
	case -EACCES:
		snprintf(text, room,
			 "no permission to use the module; run sluiced as root or with "
			 "CAP_NET_ADMIN, or use `source: socket`");
		break;
	default:
		snprintf(text, room, "the module does not answer: %s", strerror(-error));
	}
}

/* struct sluice_source_class.has_left: at the start there may be rules and full rings in the
 * module. */
bool sluice_kmod_has_left(const struct sluice_config *config,
			  const struct sluice_identity *identity, bool is_start)
{
	(void)config;
	(void)identity;
	return is_start && !sluice_kmod_probe();
}
