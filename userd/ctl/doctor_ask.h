/* SPDX-License-Identifier: MIT */
/*
 * Who answers the doctor's questions about what is no file: readers of this host, the daemon, the
 * module, the firewall. Touches: sockets and child processes that only look.
 */
#ifndef SLUICE_CTL_DOCTOR_ASK_H
#define SLUICE_CTL_DOCTOR_ASK_H

#include "doctor/sample.h"

/* For struct sluice_doctor_world; `context` is none. */
int sluice_ctl_doctor_ask(void *context, const char *kind, const char *name, char **text);

#endif /* SLUICE_CTL_DOCTOR_ASK_H */
