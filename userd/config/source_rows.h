/* SPDX-License-Identifier: MIT */
/*
 * The sources, a row each. The words of `inputs.source`, enum sluice_source and the daemon's table
 * of sources (daemon/engine/intakes.c) are made from them.
 *
 *   SOURCE(word, NAME, class)   sluice_source_ and that class brings the datagrams. `source: auto`
 *                               is the first of these rows that works on this host.
 *   PLANNED(word, NAME)         it is named, and not there yet
 *
 * Included several times with another SOURCE each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

SOURCE("kmod", KMOD, kmod)
SOURCE("socket", SOCKET, socket)
SOURCE("pcap", PCAP, pcap)
SOURCE("afpacket", AFPACKET, afpacket)
SOURCE("xdp", XDP, xdp)
SOURCE("tcp", TCP, tcp)
SOURCE("sluice", SLUICE, sluice)
