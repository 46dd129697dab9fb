/* SPDX-License-Identifier: MIT */
/*
 * The checksum of UDP, looked at in software. Touches: the bytes it is given.
 */
#ifndef SLUICE_LIB_CHECKSUM_H
#define SLUICE_LIB_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is the checksum of a UDP datagram right (RFC 768, RFC 8200 section 8.1)? `udp`: its header and
 * payload, `length` bytes together, at least 8; addresses in network byte order, IPv4 (`family` 4)
 * in the first 4 bytes. IPv4 may have none. @threadsafe
 */
bool sluice_checksum_udp(uint8_t family, const uint8_t source[16], const uint8_t destination[16],
			 const uint8_t *udp, size_t length);

/*
 * Has the sender only begun the checksum of this datagram, for a card to finish? So does Linux with
 * what never leaves the host, or crosses a veth: in its field there is the sum of the pseudo header
 * then. A wrong checksum looks so once in 65,536. Arguments as above. @threadsafe
 */
bool sluice_checksum_udp_is_begun(uint8_t family, const uint8_t source[16],
				  const uint8_t destination[16], const uint8_t *udp, size_t length);

#endif /* SLUICE_LIB_CHECKSUM_H */
