// SPDX-License-Identifier: MIT
/*
 * What inputs with `hook: xdp` meet at their interface: a driver that resets the card when a
 * program comes, or takes none at such an MTU. Only what was measured is in the table
 * (docs/configuration.md, "MTU"). Touches: reads /sys/class/net, /dev/sluice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../lib/hook_xdp.h"
#include "host.h"

/* A driver: its largest MTU with a program, and what it costs when one comes. */
struct driver {
	const char *name;
	unsigned long attach_mtu; /* a program is refused beyond it */
	unsigned long with_mtu;	  /* a larger MTU is refused while one is there */
	const char *cost;
};

static const struct driver drivers[] = {
	/* docs/configuration.md: tried with QEMU's, on 6.1. */
	{"igb", 3046, 1510, "its link is down for two to three seconds, and what comes is lost"},
};

/* The driver of an interface; NULL: not in the table. */
static const struct driver *driver_of(const char *interface)
{
	char path[64 + IFNAMSIZ], target[256];
	const char *name;
	ssize_t length;
	size_t number;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", interface);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return NULL;
	target[length] = '\0';
	name = strrchr(target, '/');
	for (number = 0; name && number < sizeof(drivers) / sizeof(drivers[0]); number++)
		if (!strcmp(name + 1, drivers[number].name))
			return &drivers[number];
	return NULL;
}

/* The MTU of an interface, 0: not known. */
static unsigned long mtu_of(const char *interface)
{
	char path[64 + IFNAMSIZ], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", interface);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strtoul(text, NULL, 10);
}

void sluice_host_check_hook_xdp(const struct sluice_config_input *input, enum sluice_host_view view,
				struct sluice_findings *findings)
{
	const struct sluice_config_place *place = &input->place;
	const struct driver *driver = driver_of(input->interface);
	struct sluice_hook_xdp_state state;
	unsigned long mtu = mtu_of(input->interface);

	if (!sluice_hook_xdp_look(input->interface, &state) && state.is_there)
		return;
	if (driver && mtu > driver->attach_mtu)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, place,
				    "inputs.hook: the driver of %s (%s) takes no XDP program at "
				    "its MTU of %lu, only up to %lu: `ip link set %s mtu %lu`; "
				    "until then it is taken at prerouting",
				    input->interface, driver->name, mtu, driver->attach_mtu,
				    input->interface, driver->with_mtu);
	/* Whoever starts it has decided; what it came to, the log says. */
	else if (driver && mtu && view == SLUICE_HOST_FILE)
		sluice_findings_add(findings, SLUICE_FINDING_NOTE, place,
				    "inputs.hook: when the XDP program comes to %s (%s) %s; "
				    "`sluicectl xdp prepare %s` does that once, before. With the "
				    "program no MTU beyond %lu can be set",
				    input->interface, driver->name, driver->cost, input->interface,
				    driver->with_mtu);
	else if (mtu && view == SLUICE_HOST_FILE)
		sluice_findings_add(findings, SLUICE_FINDING_NOTE, place,
				    "inputs.hook: many cards reset when the XDP program comes to "
				    "them; `sluicectl xdp prepare %s` does that once, before",
				    input->interface);
}
