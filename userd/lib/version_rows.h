/* SPDX-License-Identifier: MIT */
/*
 * The formats that sluice speaks or writes, each with the constant of the header that has it: what
 * `--version` and `sluicectl version` say.
 *
 *   VERSION(name, constant, what)
 *
 * Included several times with another VERSION each, so it has no guard. Defines nothing else.
 */
/* clang-format off */
VERSION(ring, SLUICE_RING_VERSION, "rings in memory (docs/ring-format.md)")
VERSION(wire, SLUICE_FRAME_VERSION, "the native framing (docs/wire-format.md)")
VERSION(spool, SLUICE_SPOOL_VERSION, "the store on the disk (docs/spool-format.md)")
VERSION(netlink, SLUICE_GENL_VERSION, "the module's netlink family")
VERSION(control, SLUICE_CONTROL_VERSION, "how sluicectl asks the daemon: messages of that family")
