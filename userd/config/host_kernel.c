// SPDX-License-Identifier: MIT
/*
 * Whether the kernel that runs, or the next one, has been left without the module; see host.h.
 * Touches: reads /var/lib/dkms and /boot, which the service may, and /lib/modules, which is hidden
 * from it.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "host.h"

/* In it DKMS makes a link `kernel-RELEASE-ARCHITECTURE` for each kernel that has the module. */
#define DKMS "/var/lib/dkms/sluice"
#define MODULES "/lib/modules"
#define BOOT "/boot"
#define IMAGE "vmlinuz-"

/* Bytes of a kernel's release, as uname() has it. */
#define RELEASE sizeof(((struct utsname *)NULL)->release)

/* Has DKMS the module for that kernel? 1, 0, or a negative errno: DKMS knows nothing of sluice. */
static int is_built(const char *release)
{
	char name[RELEASE + 16];
	struct dirent *entry;
	DIR *list = opendir(DKMS);
	int answer = 0;

	if (!list)
		return -errno;
	snprintf(name, sizeof(name), "kernel-%s-", release);
	while (!answer && (entry = readdir(list)))
		answer = !strncmp(entry->d_name, name, strlen(name));
	closedir(list);
	return answer;
}

/* Is a module there for that kernel, wherever it came from? 1, 0, or a negative errno: that cannot
 * be seen. */
static int has_module(const char *release)
{
	static const char *const folders[] = {"updates", "updates/dkms", "extra"};
	static const char *const endings[] = {"", ".xz", ".zst", ".gz"};
	char path[RELEASE + 64];
	size_t folder, ending;

	snprintf(path, sizeof(path), MODULES "/%s/.", release);
	if (access(path, R_OK | X_OK))
		return is_built(release);
	for (folder = 0; folder < sizeof(folders) / sizeof(folders[0]); folder++)
		for (ending = 0; ending < sizeof(endings) / sizeof(endings[0]); ending++) {
			snprintf(path, sizeof(path), MODULES "/%s/%s/sluice.ko%s", release,
				 folders[folder], endings[ending]);
			if (!access(path, F_OK))
				return 1;
		}
	return is_built(release) == 1;
}

/* Is what lies in the folder of that name a kernel's, and not what an old one left behind? */
static bool is_kernel(const char *name)
{
	char path[NAME_MAX + 64];

	if (name[0] == '.')
		return false;
	snprintf(path, sizeof(path), MODULES "/%s/modules.builtin", name);
	return !access(path, F_OK);
}

/* The newest release among the kernels that are installed, in `newest`; "": none can be seen. */
static void find_newest(char newest[RELEASE])
{
	DIR *list = opendir(MODULES);
	bool is_boot = !list;
	struct dirent *entry;
	const char *name;

	newest[0] = '\0';
	if (is_boot)
		list = opendir(BOOT);
	while (list && (entry = readdir(list))) {
		name = entry->d_name;
		if (is_boot && !strncmp(name, IMAGE, strlen(IMAGE)))
			name += strlen(IMAGE);
		else if (is_boot || !is_kernel(name))
			continue;
		if (strlen(name) < RELEASE && strverscmp(name, newest) > 0)
			memcpy(newest, name, strlen(name) + 1);
	}
	if (list)
		closedir(list);
}

bool sluice_host_next_lacks_module(char text[SLUICE_HOST_KERNEL_TEXT])
{
	char newest[RELEASE];
	struct utsname kernel;

	if (!text || uname(&kernel))
		return false;
	find_newest(newest);
	if (!newest[0] || strverscmp(newest, kernel.release) <= 0 || has_module(newest) ||
	    (access("/sys/module/sluice", F_OK) && has_module(kernel.release) != 1))
		return false;
	snprintf(
		text, SLUICE_HOST_KERNEL_TEXT,
		"kernel %s, the newest that is installed, has no sluice module yet: after a reboot "
		"into it `auto` is socket, and `kmod` does not start; %s",
		newest,
		is_built(newest) < 0
			? "build it for that kernel, too (docs/install.md, A new kernel)"
			: "install its linux-headers, then `/usr/lib/sluice-dkms/build` with it");
	return true;
}

bool sluice_host_lacks_module(char text[SLUICE_HOST_KERNEL_TEXT])
{
	struct utsname kernel;

	if (!text || uname(&kernel) || is_built(kernel.release))
		return false;
	snprintf(text, SLUICE_HOST_KERNEL_TEXT,
		 "DKMS has built none for the kernel that runs, %s: install linux-headers-%s, then "
		 "`/usr/lib/sluice-dkms/build %s` and `modprobe sluice`",
		 kernel.release, kernel.release, kernel.release);
	return true;
}
