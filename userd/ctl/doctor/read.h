/* SPDX-License-Identifier: MIT */
/*
 * Sources that are no files, as texts that could be files: lines of names and figures. All of it
 * works without any right, and nothing of it can set anything: netlink dumps, and those commands of
 * ethtool that the kernel answers everybody. Touches: sockets that are closed again.
 */
#ifndef SLUICE_DOCTOR_READ_H
#define SLUICE_DOCTOR_READ_H

/* Each has the text in *text. 0 or a negative errno. @owner caller: free(*text) */

/* links/all, by rtnetlink: "NAME COUNTER FIGURE" for each interface, "address ADDRESS NAME", "qdisc
 * NAME drops FIGURE". */
int sluice_doctor_read_links(char **text);

/* ethtool/NAME: rings, queues, coalescing, flow control, hash, driver counters ("stat NAME
 * FIGURE"). */
int sluice_doctor_read_ethtool(const char *name, char **text);

/* sockets/udp and sockets/tcp, by sock_diag: "udp PORT INODE queued FIGURE buffer FIGURE drops
 * FIGURE", "tcp LOCAL PEER KEY FIGURE ...". */
int sluice_doctor_read_sockets(const char *protocol, char **text);

/* filesystem/PATH: "bytes-free", "inodes-free", "device MAJOR:MINOR". */
int sluice_doctor_read_filesystem(const char *path, char **text);

/* clock/state: "unsynchronised 0|1", "error-us FIGURE" (adjtimex(2) that sets nothing). */
int sluice_doctor_read_clock(char **text);

/* log/kernel: the kernel's ring of messages (klogctl(3) that reads it and leaves it). */
int sluice_doctor_read_log(char **text);

/* kernels/installed: "RELEASE module 0|1", whether sluice.ko is among its modules. */
int sluice_doctor_read_kernels(char **text);

/* descriptors/PID: "open FIGURE". */
int sluice_doctor_read_descriptors(const char *process, char **text);

#endif /* SLUICE_DOCTOR_READ_H */
