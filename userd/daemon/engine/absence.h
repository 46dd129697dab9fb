/* SPDX-License-Identifier: MIT */
/*
 * What came while no daemon ran: between two daemons without sockets of their own the kernel counts
 * datagrams to closed ports for the whole network namespace (UdpNoPorts). The stop notes that
 * figure beside the rings, the start tells by how much it rose. In the control thread. Touches:
 * /proc, a file in the rings' directory.
 */
#ifndef SLUICE_ABSENCE_H
#define SLUICE_ABSENCE_H

#include "../../config/model.h"

/* The inputs of `config` are closed now. @context process */
void sluice_absence_note(const struct sluice_config *config);
/* They are open again: a line in the log if something came meanwhile. @context process */
void sluice_absence_tell(const struct sluice_config *config);

#endif /* SLUICE_ABSENCE_H */
