/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a packet to records in the ring of this CPU: the one copy of the payload, the address block,
 * the super-packet cut into its datagrams. The second half of the hook (hook.c), in line in it;
 * what it stores it has been told is right. Touches the ring and the counters of the packet's
 * rule.
 */
#ifndef SLUICE_KMOD_STORE_H
#define SLUICE_KMOD_STORE_H

#include <linux/bottom_half.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/sched/clock.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <linux/unaligned.h>
#include "sluice.h"
#include "trace.h"

/* Compiled with 0 nothing is measured (tests/bench/cost). */
#ifndef SLUICE_COST
#define SLUICE_COST 1
#endif

/*
 * Up to this many bytes are copied word by word in line: the start-up of a string instruction costs
 * more than it saves.
 */
#define COPY_INLINE_MAX 256U

/**
 * struct hook_packet - one packet and where its datagram lies
 * @skb:     the packet, its data at the network header; NULL with @network
 * @network: its IP header, if there is no packet yet: a frame in the driver's memory, which has
 *           @linear and no VLAN; else NULL
 * @in:      where it came in
 * @rule:    that it belongs to
 * @time_ns: when it was received
 * @payload: offset of the payload in @skb
 * @length:  bytes of payload
 * @udp:     its UDP header, in @skb or a copy
 * @linear:  its payload, if that is known to be in the linear part; else NULL
 * @family:  4 or 6
 * @flags:   SLUICE_RECORD_F_* that are known already
 */
struct hook_packet {
	struct sk_buff *skb;
	const void *network;
	const struct net_device *in;
	const struct sluice_rule *rule;
	u64 time_ns;
	unsigned int payload;
	unsigned int length;
	const struct udphdr *udp;
	const u8 *linear;
	u8 family;
	u8 flags;
};

/* Copies word @word of @from to that of @to. */
static __always_inline void copy_word(u64 *to, const u8 *from, unsigned int word)
{
	to[word] = get_unaligned((const u64 *)from + word);
}

/* Copies @words words of 8 bytes, for more than COPY_INLINE_MAX bytes. */
static __always_inline void copy_many(u64 *to, const u8 *from, unsigned long words)
{
#if defined(CONFIG_X86_64) && !defined(CONFIG_KASAN) && !defined(CONFIG_KMSAN)
	/* What memcpy() does, without its call and its choice; the checkers must see memcpy(). */
	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
#else
	memcpy(to, from, words * 8);
#endif
}

/*
 * Copies @length bytes to @to, 8-aligned, and zeroes the padding up to the next multiple of 8. The
 * 8 bytes before @from are read too (they are the UDP header, or earlier payload).
 */
static __always_inline void copy_linear(u8 *to, const u8 *from, unsigned int length)
{
	unsigned int words = length / 8, rest = length % 8;
	const u8 *end = from + length;
	u64 *out = (u64 *)to;

	if (length > COPY_INLINE_MAX) {
		copy_many(out, from, words);
		out += words;
	} else {
		for (; words >= 8; words -= 8, out += 8, from += 64) {
			copy_word(out, from, 0);
			copy_word(out, from, 1);
			copy_word(out, from, 2);
			copy_word(out, from, 3);
			copy_word(out, from, 4);
			copy_word(out, from, 5);
			copy_word(out, from, 6);
			copy_word(out, from, 7);
		}
		for (; words; words--, out++, from += 8)
			copy_word(out, from, 0);
	}
	/* The last bytes: the end of the word that ends with them, and zeroes. */
	if (rest)
		*(__le64 *)out = cpu_to_le64(get_unaligned_le64(end - 8) >> (8 * (8 - rest)));
}

/*
 * Copies @length bytes at @offset of the packet to @to and zeroes the padding. Returns false if it
 * cannot.
 */
static __always_inline bool copy_payload(const struct hook_packet *packet, unsigned int offset,
					 u8 *to, unsigned int length)
{
	const struct sk_buff *skb = packet->skb;

	if (packet->linear) {
		copy_linear(to, packet->linear, length);
		return true;
	}
	if (likely(offset + length <= skb_headlen(skb))) {
		copy_linear(to, skb->data + offset, length);
		return true;
	}
	if (length % 8)
		*(u64 *)(to + length - length % 8) = 0;
	return !skb_copy_bits(skb, offset, to, length);
}

/**
 * struct hook_cut - how far the payload of a super-packet was read
 * @state: the kernel's, from one piece of the packet to the next
 * @data:  the next byte
 * @left:  bytes from there to the end of its piece
 * @done:  bytes of payload before it
 */
struct hook_cut {
	struct skb_seq_state state;
	const u8 *data;
	unsigned int left;
	unsigned int done;
};

/*
 * Copies @length bytes of payload from @place on, which is never before where the last copy ended,
 * to @to and zeroes the padding. Returns false if they are not there. Unlike skb_copy_bits() it
 * does not look for its place from the packet's beginning.
 */
static bool cut_copy(struct hook_cut *cut, unsigned int place, u8 *to, unsigned int length)
{
	unsigned int skip = place - cut->done;

	if (length % 8)
		*(u64 *)(to + length - length % 8) = 0;
	cut->done = place;
	cut->data += skip;
	cut->left = skip < cut->left ? cut->left - skip : 0;
	while (length) {
		unsigned int part;

		if (!cut->left)
			cut->left = skb_seq_read(cut->done, &cut->data, &cut->state);
		part = min(cut->left, length);
		if (!part)
			return false;
		memcpy(to, cut->data, part);
		to += part;
		length -= part;
		cut->data += part;
		cut->left -= part;
		cut->done += part;
	}
	return true;
}

/* Writes an IPv4 address, and zeroes behind it. */
static __always_inline void write_ipv4(u8 *to, __be32 address)
{
	((__le64 *)to)[0] = cpu_to_le64(le32_to_cpu((__force __le32)address));
	((__le64 *)to)[1] = 0;
}

/* Fills in the address block of a record, word by word. */
static __always_inline void write_address(struct sluice_record_address *address,
					  const struct hook_packet *packet, u64 sequence)
{
	const struct sk_buff *skb = packet->skb;
	/* skb->data is at the network header, see struct hook_packet. */
	const void *network = packet->network ? packet->network : skb->data;
	__le64 *words = (__le64 *)address;
	u64 tag = 0;
	u32 ports;

	if (!packet->network && unlikely(skb_vlan_tag_present(skb)))
		tag = (u64)skb_vlan_tag_get(skb) << 16 | 1 << 8;
	else if (unlikely(is_vlan_dev(packet->in)))
		/* Taken off when the packet was handed to its VLAN's interface. */
		tag = (u64)vlan_dev_vlan_id(packet->in) << 16 | 1 << 8;
	/* family, vlan_present, vlan_tci, source_port, destination_port */
	ports = rol32(get_unaligned_be32(&packet->udp->source), 16);
	words[0] = cpu_to_le64((u64)ports << 32 | tag | packet->family);
	/* interface, sequence */
	words[1] = cpu_to_le64(sequence << 32 | (u32)packet->in->ifindex);
	if (packet->family == 4) {
		const struct iphdr *ip = network;

		write_ipv4(address->source, ip->saddr);
		write_ipv4(address->destination, ip->daddr);
	} else {
		const struct ipv6hdr *ip = network;

		memcpy(address->source, &ip->saddr, 16);
		memcpy(address->destination, &ip->daddr, 16);
	}
}

/* When the network card received the packet, by its own clock; 0: it did not say. */
static noinline u64 hardware_time_of(struct sk_buff *skb)
{
	/* Then it is a pointer of the driver's, which only that can make a time of. */
	if (skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV)
		return 0;
	return ktime_to_ns(skb_hwtstamps(skb)->hwtstamp);
}

/*
 * Stores @length bytes at @offset of the packet as one record, with @address or without, and with
 * @hardware the card's time if there is one; @cut: of a super-packet, else NULL. Returns true if it
 * is in the ring; else the loss is counted. ring->lock held.
 */
static __always_inline bool store_as(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
				     const struct hook_packet *packet, unsigned int offset,
				     unsigned int length, struct hook_cut *cut, bool address,
				     const bool hardware)
{
	const struct sluice_rule *rule = packet->rule;
	unsigned int header = sizeof(struct sluice_record);
	enum sluice_lost_cause cause = SLUICE_LOST_RING_FULL;
	struct sluice_record *record;
	u64 time_ns = packet->time_ns;
	u8 flags = packet->flags;
	u8 *payload;

	if (hardware) {
		u64 hardware_ns = hardware_time_of(packet->skb);

		if (hardware_ns) {
			time_ns = hardware_ns;
			flags |= SLUICE_RECORD_F_HWTIME;
		}
	}
	if (address) {
		header += sizeof(struct sluice_record_address);
		flags |= SLUICE_RECORD_F_ADDRESS | SLUICE_RECORD_F_SEQUENCE;
	}
	record = (struct sluice_record *)sluice_ring_reserve(ring, tally, header + length, &cause);
	if (unlikely(!record))
		goto lost;
	record->length = cpu_to_le32(header + length);
	record->type = SLUICE_RECORD_DATA;
	record->flags = flags;
	record->input = cpu_to_le16(rule->input);
	record->time_ns = cpu_to_le64(time_ns);
	if (address)
		write_address((struct sluice_record_address *)(record + 1), packet, ring->sequence);
	payload = (u8 *)record + header;
	if (unlikely(!(cut ? cut_copy(cut, offset - packet->payload, payload, length)
			   : copy_payload(packet, offset, payload, length)))) {
		cause = SLUICE_LOST_COPY;
		goto lost;
	}
	sluice_ring_commit(ring, tally, header + length, length);
	trace_sluice_store(ring, rule->input, length);
	return true;

lost:
	sluice_ring_lose(ring, tally, cause, 1, length);
	return false;
}

/*
 * store_as() as the rule says. Copies of it: in two the size of the header is a constant, and the
 * third, for the card's time, costs them nothing.
 */
static __always_inline bool store_one(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
				      const struct hook_packet *packet, unsigned int offset,
				      unsigned int length, struct hook_cut *cut)
{
	u32 flags = packet->rule->flags;

	if (!(flags & (SLUICE_RULE_F_ADDRESS | SLUICE_RULE_F_HWTIME)))
		return store_as(ring, tally, packet, offset, length, cut, false, false);
	if (!(flags & SLUICE_RULE_F_HWTIME))
		return store_as(ring, tally, packet, offset, length, cut, true, false);
	return store_as(ring, tally, packet, offset, length, cut, flags & SLUICE_RULE_F_ADDRESS,
			true);
}

/*
 * Cuts a super-packet (received with UDP GRO, or sent with UDP_SEGMENT and never cut) back into its
 * datagrams of gso_size bytes, the last one shorter. Returns true if all were stored. ring->lock
 * held.
 */
static noinline bool store_cut(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
			       const struct hook_packet *packet)
{
	unsigned int size = skb_shinfo(packet->skb)->gso_size ?: packet->length;
	unsigned int done = 0;
	struct hook_cut cut = {};
	bool all = true;

	skb_prepare_seq_read(packet->skb, packet->payload,
			     packet->payload + packet->length, &cut.state);
	do {
		unsigned int length = min(size, packet->length - done);

		all &= store_one(ring, tally, packet, packet->payload + done, length, &cut);
		done += length;
	} while (done < packet->length);
	skb_abort_seq_read(&cut.state);
	return all;
}

/* Finds the rule of a packet again, for who measures how long that takes. Under RCU. */
static noinline const struct sluice_rule *store_rule_of(const struct hook_packet *packet)
{
	const void *network = packet->network ? packet->network : packet->skb->data;
	const bool four = packet->family == 4;
	const struct sluice_ends ends = {
		.source = four ? &((const struct iphdr *)network)->saddr :
				 ((const struct ipv6hdr *)network)->saddr.s6_addr32,
		.destination = four ? &((const struct iphdr *)network)->daddr :
				      ((const struct ipv6hdr *)network)->daddr.s6_addr32,
		.family = packet->family,
		.hook = packet->rule->hook,
		.ifindex = packet->in->ifindex,
	};

	return sluice_match_find(&packet->rule->sn->match, ntohs(packet->udp->dest), &ends);
}

/* store_one() of a whole packet, and notes what that took. ring->lock held. */
static noinline bool store_measured(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
				    const struct hook_packet *packet)
{
	u64 before = local_clock(), begun = local_clock(), found, done;
	const struct sluice_rule *rule = store_rule_of(packet);
	struct sluice_ring_cost *cost = &ring->cost;
	bool stored;

	/* The optimizer shall not leave it out. */
	OPTIMIZER_HIDE_VAR(rule);
	found = local_clock();
	stored = store_one(ring, tally, packet, packet->payload, packet->length, NULL);
	done = local_clock();
	if (!stored)
		return false;
	WRITE_ONCE(cost->match_ns,
		   cost->match_ns + sluice_measured(begun, found, begun - before));
	WRITE_ONCE(cost->store_ns,
		   cost->store_ns + sluice_measured(found, done, begun - before));
	WRITE_ONCE(cost->stores, cost->stores + 1);
	return true;
}

/*
 * The same with a copy: whose address goes out of line has to be in memory, and the packet of all
 * the others is in registers.
 */
static __always_inline bool store_measured_copy(struct sluice_ring *ring,
						struct sluice_tally_cpu *tally,
						const struct hook_packet *packet)
{
	const struct hook_packet copy = *packet;

	return store_measured(ring, tally, &copy);
}

/* Is the next to be stored one that is measured? Not while nothing is: then it would be each. */
static __always_inline bool store_is_measured(const struct sluice_ring *ring)
{
	return SLUICE_COST && unlikely(!(ring->sequence % SLUICE_MEASURE_STORES)) && !ring->untold;
}

/* What is stored for a CPU that has no ring: nothing, but it is counted. Returns false. */
static noinline bool store_nowhere(struct sluice_tally_cpu *tally)
{
	u64 *lost = &tally->counts.lost[SLUICE_LOST_NO_RING];

	WRITE_ONCE(*lost, *lost + 1);
	return false;
}

/*
 * Stores the datagrams of @packet, or counts them as lost for @cause (an enum sluice_lost_cause, or
 * -1: none). @super: there may be several, to be cut. Returns true if all of them are in the ring.
 * Bottom halves off.
 */
static __always_inline bool store_in_softirq(const struct hook_packet *packet, int cause,
					     bool super)
{
	const struct sluice_rule *rule = packet->rule;
	struct sluice_tally_cpu *tally;
	struct sluice_ring *ring;
	bool stored = false;

	ring = this_cpu_read(*rule->rings);
	if (unlikely(!ring))
		return store_nowhere(this_cpu_ptr(rule->counters));
	spin_lock(&ring->lock);
	/* Not before the lock: one value less to be kept over the call. */
	tally = this_cpu_ptr(rule->counters);
	if (cause >= 0)
		sluice_ring_lose(ring, tally, cause, 1, packet->length);
	else if (super)
		stored = store_cut(ring, tally, packet);
	else if (store_is_measured(ring))
		stored = store_measured_copy(ring, tally, packet);
	else
		stored = store_one(ring, tally, packet, packet->payload, packet->length, NULL);
	spin_unlock(&ring->lock);
	return stored;
}

/*
 * The same in any context: in a process's nothing else keeps this CPU's softirq from storing in
 * between.
 */
static __maybe_unused bool store(const struct hook_packet *packet, int cause, bool super)
{
	bool stored;

	local_bh_disable();
	stored = store_in_softirq(packet, cause, super);
	local_bh_enable();
	return stored;
}

#endif /* SLUICE_KMOD_STORE_H */
