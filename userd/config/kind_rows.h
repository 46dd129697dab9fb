/* SPDX-License-Identifier: MIT */
/*
 * The kinds of outputs, a row each. The words of `outputs.kind`, enum sluice_output_kind and the
 * daemon's table of kinds (daemon/output/kinds.c) are made from them.
 *
 *   KIND(word, NAME, table)   sluice_kind_ and that table (daemon/link/kind.h) is what it does
 *
 * Included several times with another KIND each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

KIND("tcp", TCP, tcp)
KIND("udp", UDP, udp)
KIND("nats", NATS, nats)
KIND("kafka", KAFKA, kafka)
