/* SPDX-License-Identifier: MIT */
/*
 * The framings, a row each. The words of `outputs.framing`, enum sluice_framing, which protocol of
 * the daemon speaks it (daemon/link/protocol.c), and what is said of a receiver that ends every
 * connection at once (daemon/link/trial.c) are made from them.
 *
 *   FRAMING(word, NAME, protocol, answer, suspicion)
 *
 * sluice_protocol_ and that protocol speaks it; `answer` is ANSWERED if the receiver says what it
 * has got, else SILENT; `suspicion` asks what may be wrong with the receiver.
 *
 * Included several times with another FRAMING each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

FRAMING("native", NATIVE, native, ANSWERED, "is it a receiver of `framing: native`?")
FRAMING("newline", NEWLINE, plain, SILENT, "does it expect octet-counted?")
FRAMING("octet-counted", OCTET_COUNTED, plain, SILENT, "does it expect newline?")
FRAMING("length32", LENGTH32, plain, SILENT, "does it expect another framing?")
FRAMING("raw", RAW, plain, SILENT, "does it expect another framing?")
FRAMING("pcap", PCAP, plain, SILENT, "does it expect another framing?")
FRAMING("relp", RELP, relp, ANSWERED, "does it speak RELP?")
