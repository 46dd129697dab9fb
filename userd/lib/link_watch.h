/* SPDX-License-Identifier: MIT */
/*
 * Events of the network interfaces and addresses of this network namespace, from the kernel
 * (rtnetlink(7)): for whoever is bound to one that goes and comes back. Off the path of the data.
 * Touches: a socket of its own.
 */
#ifndef SLUICE_LINK_WATCH_H
#define SLUICE_LINK_WATCH_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

enum sluice_link_change {
	SLUICE_LINK_CHANGED,	/* an interface came, or its name, its state or its flags changed */
	SLUICE_LINK_GONE,	/* an interface went, from the namespace or for good */
	SLUICE_ADDRESS_CHANGED, /* an address came, or can be used now */
	SLUICE_ADDRESS_GONE,	/* an address went */
	SLUICE_LINK_MISSED, /* events were lost: look at everything again; no other field counts */
};

struct sluice_link_event {
	enum sluice_link_change change;
	unsigned int index;	/* of the interface; one that comes back has another */
	char name[IF_NAMESIZE]; /* of the interface; empty with addresses */
	bool is_up;		/* an interface that is up and has a carrier */
	int family;		/* of the address: AF_INET, AF_INET6 */
	uint8_t address[16];	/* network byte order; IPv4 in the first 4 */
	bool is_tentative;	/* duplicate address detection has not ended yet, or failed */
};

/* Begins to listen. Returns a descriptor that is readable when something happened, or a negative
 * errno. @owner caller: close() @context process */
int sluice_link_watch_open(void);

/*
 * Reads all that has happened since, and calls `told`, unless it is NULL, for each event. Returns
 * how many events that were, or a negative errno. Never waits. @context process
 */
int sluice_link_watch_read(int fd,
			   void (*told)(const struct sluice_link_event *event, void *context),
			   void *context);

#endif /* SLUICE_LINK_WATCH_H */
