/* SPDX-License-Identifier: MIT */
/*
 * What the module tells of its rings, as events of the daemon, so that whoever follows those hears
 * of both in one order. Its alarms are left out: the daemon watches the same rings and tells of
 * them itself. For the control thread. Touches: the module's socket, the log.
 */
#ifndef SLUICE_DAEMON_MODULE_EVENTS_H
#define SLUICE_DAEMON_MODULE_EVENTS_H

/* Begins with `fd` -1. @owner whoever has it: sluice_module_events_close() */
struct sluice_module_events {
	int fd; /* -1: the module is not there, or does not let us listen */
	int type;
};

/* Listens, unless it does already or there is no module: to be called at the start and when another
 * configuration is in force. `epoll` watches the descriptor from then on. @context process */
void sluice_module_events_open(struct sluice_module_events *events, int epoll);
void sluice_module_events_close(struct sluice_module_events *events);

/* Tells what has come. @context process, control thread */
void sluice_module_events_serve(struct sluice_module_events *events);

#endif /* SLUICE_DAEMON_MODULE_EVENTS_H */
