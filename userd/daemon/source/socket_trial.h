/* SPDX-License-Identifier: MIT */
/*
 * Can sockets be read by a program in the kernel here (`receive: bpf`)? Found out by doing it,
 * never by the kernel's version: programs and maps are loaded, a socket of our own is put under
 * them, and a datagram is sent to it. Needs nothing of the daemon, so that the tool asks as well.
 */
#ifndef SLUICE_SOCKET_TRIAL_H
#define SLUICE_SOCKET_TRIAL_H

/*
 * Why not, for the user; a constant. NULL: it can. Tried the first time that it is asked; may take
 * a tenth of a second where the firewall drops what is sent. @context process
 */
const char *sluice_socket_trial(void);

#endif /* SLUICE_SOCKET_TRIAL_H */
