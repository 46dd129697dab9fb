/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The UDP checksum of a datagram that lies in one piece, in line: csum_partial() is a function, and
 * the registers that take() must save for it cost as much as the sum of a short datagram. For
 * everything else the kernel's own functions are used (checksum_is_right() in hook.c).
 */
#ifndef SLUICE_KMOD_CHECKSUM_H
#define SLUICE_KMOD_CHECKSUM_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/unaligned.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#ifdef CONFIG_X86_64
/* Adds a word to a sum in ones' complement. */
static __always_inline u64 sum_word(u64 sum, u64 word)
{
	asm("addq %1, %0\n\t"
	    "adcq $0, %0"
	    : "+&r"(sum)
	    : "r"(word));
	return sum;
}

/* What the two functions below read, for the compiler. */
struct sum_half_bytes {
	u8 bytes[32];
};

struct sum_block_bytes {
	u8 bytes[64];
};

/* Adds 32 bytes. */
static __always_inline u64 sum_half(u64 sum, const u8 *bytes)
{
	asm("addq 0*8(%1), %0\n\t"
	    "adcq 1*8(%1), %0\n\t"
	    "adcq 2*8(%1), %0\n\t"
	    "adcq 3*8(%1), %0\n\t"
	    "adcq $0, %0"
	    : "+&r"(sum)
	    : "r"(bytes), "m"(*(const struct sum_half_bytes *)bytes));
	return sum;
}

/* Adds 64 bytes and steps behind them: here, lest the compiler count the rounds beforehand. */
static __always_inline u64 sum_block(u64 sum, const u8 **bytes)
{
	asm("addq 0*8(%1), %0\n\t"
	    "adcq 1*8(%1), %0\n\t"
	    "adcq 2*8(%1), %0\n\t"
	    "adcq 3*8(%1), %0\n\t"
	    "adcq 4*8(%1), %0\n\t"
	    "adcq 5*8(%1), %0\n\t"
	    "adcq 6*8(%1), %0\n\t"
	    "adcq 7*8(%1), %0\n\t"
	    "adcq $0, %0\n\t"
	    "addq $64, %1"
	    : "+&r"(sum), "+&r"(*bytes)
	    : "m"(*(const struct sum_block_bytes *)*bytes));
	return sum;
}

/*
 * True if the checksum in @udp is that of the @length bytes from there on, as many as its header
 * says, behind the IP header @ip.
 */
static __always_inline bool checksum_matches(const void *ip, const struct udphdr *udp,
					     unsigned int length, u8 family)
{
	const u8 *bytes = (const u8 *)udp, *end = bytes + length, *last = end - 64;
	/* The pseudo header (RFC 768, RFC 8200): length, protocol, addresses side by side. */
	u64 sum = (u64)(__force u16)udp->len + (__force u16)htons(IPPROTO_UDP);
	u32 folded;

	if (family == 4)
		sum = sum_word(sum, get_unaligned((const u64 *)&((const struct iphdr *)ip)->saddr));
	else
		sum = sum_half(sum, (const u8 *)&((const struct ipv6hdr *)ip)->saddr);
	while (bytes <= last)
		sum = sum_block(sum, &bytes);
	if (length & 32) {
		sum = sum_half(sum, bytes);
		bytes += 32;
	}
	if (length & 16) {
		sum = sum_word(sum, get_unaligned((const u64 *)bytes));
		sum = sum_word(sum, get_unaligned((const u64 *)bytes + 1));
		bytes += 16;
	}
	if (length & 8)
		sum = sum_word(sum, get_unaligned((const u64 *)bytes));
	/* The last bytes are the end of the word that ends with them: there is a header before. */
	if (length & 7)
		sum = sum_word(sum, get_unaligned((const u64 *)(end - 8)) >> (-length * 8 & 63));
	/* Halves added with the carry coming round; what is right sums to all ones. */
	folded = (sum + rol64(sum, 32)) >> 32;
	return folded + rol32(folded, 16) >= 0xffff0000;
}
#else
/* The same by the kernel's own functions. */
static __always_inline bool checksum_matches(const void *ip, const struct udphdr *udp,
					     unsigned int length, u8 family)
{
	const struct iphdr *ipv4 = ip;
	const struct ipv6hdr *ipv6 = ip;
	__wsum sum = csum_partial(udp, length, 0);

	if (family == 4)
		return !csum_tcpudp_magic(ipv4->saddr, ipv4->daddr, length, IPPROTO_UDP, sum);
	return !csum_ipv6_magic(&ipv6->saddr, &ipv6->daddr, length, IPPROTO_UDP, sum);
}
#endif

#endif /* SLUICE_KMOD_CHECKSUM_H */
