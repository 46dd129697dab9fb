// SPDX-License-Identifier: MIT
/*
 * Whether the kernel that runs has been left without the module; see host.h. Touches: reads
 * /var/lib/dkms, which the service may, whereas /lib/modules is hidden from it.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "host.h"

/* In it DKMS makes a link `kernel-RELEASE-ARCHITECTURE` for each kernel that has the module. */
#define DKMS "/var/lib/dkms/sluice"

bool sluice_host_lacks_module(char text[SLUICE_HOST_KERNEL_TEXT])
{
	char name[sizeof(((struct utsname *)NULL)->release) + 16];
	struct utsname kernel;
	struct dirent *entry;
	bool has_link = false;
	DIR *list;

	if (!text || uname(&kernel))
		return false;
	list = opendir(DKMS);
	if (!list)
		return false;
	snprintf(name, sizeof(name), "kernel-%s-", kernel.release);
	while (!has_link && (entry = readdir(list)))
		has_link = !strncmp(entry->d_name, name, strlen(name));
	closedir(list);
	if (has_link)
		return false;
	snprintf(text, SLUICE_HOST_KERNEL_TEXT,
		 "DKMS has built none for the kernel that runs, %s: install linux-headers-%s, then "
		 "`/usr/lib/sluice-dkms/build %s` and `modprobe sluice`",
		 kernel.release, kernel.release, kernel.release);
	return true;
}
