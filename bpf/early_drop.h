/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/early_drop: what the program in the kernel and src/firewall share.
 *
 * The addresses of IPv4 are one table of two levels, read in two accesses to
 * memory however many there are, and small: a flood from everywhere costs what
 * the processor's caches and its memory of pages do not hold.
 *
 *	words[address >> 14]    64 neighbouring /24s: which of them are whole
 *	                        ours, of which a part is
 *	spans[base + rank]      of the latter: from where to where, in two
 *	                        bytes; of the former spans[0], which is all of a
 *	                        /24, so that no branch depends on which it is: a
 *	                        flood would mispredict every other one
 *	blocks[blocks + n]      of the few /24s of which several parts are ours:
 *	                        256 bits, one an address; the span says which
 *
 * A word belongs to one row (a rule); where several rows have addresses among
 * the same 64 /24s, further words stand behind the first EARLY_WORDS and are
 * chained.  Those of IPv6 are a trie of prefixes.
 *
 * Who is banned comes and goes one by one while the program runs: a trie for
 * each family, and in front of both a sieve.
 */
#ifndef GATEHOUSE_BPF_EARLY_DROP_H
#define GATEHOUSE_BPF_EARLY_DROP_H

#include <linux/types.h>

/* As many rules drop early; a chain of words is no longer than that. */
#define EARLY_ROWS_MAX 8

#define EARLY_WORD_SHIFT 14 /* an address's bits within a word's 64 /24s */
#define EARLY_WORDS      (1U << (32 - EARLY_WORD_SHIFT))

struct early_word {
	__u64 whole; /* a bit for each /24 */
	__u64 part;
	__u32 base; /* of the parts: the span of the first one */
	__u16 row;
	__u16 used;
	__u32 next;   /* a word of another row; 0: none */
	__u32 blocks; /* the first one of its */
};

/*
 * The first address of a part in the low byte, the last one in the high byte.
 * The first above the last: several parts, and n + 1 above 0 is block n of the
 * word.  So many in a line of the cache; alone each would take eight bytes.
 */
#define EARLY_LINE_SPANS 32

struct early_line {
	__u16 spans[EARLY_LINE_SPANS];
};

struct early_block {
	__u64 bits[4];
};

/* A key of the trie (linux/bpf.h: struct bpf_lpm_trie_key). */
struct early_prefix {
	__u32 bits;
	__u8 address[16];
};

/*
 * Which /32s of IPv6 the trie has anything of, as bits under a hash: the trie
 * costs many accesses, and hardly any packet needs them.
 */
#define EARLY_STEM_BITS  16
#define EARLY_STEM_WORDS ((1U << EARLY_STEM_BITS) / 64)

/* top: the first 32 bits of the address, in host order. */
static inline __u32
early_stem(__u32 top)
{
	return top * 2654435761U >> (32 - EARLY_STEM_BITS);
}

/* Behind the rows of rules: what bans refuse. */
#define EARLY_ROW_BANS EARLY_ROWS_MAX
#define EARLY_COUNTS   (EARLY_ROWS_MAX + 1)

/* As many as firewall/bans.h has. */
#define EARLY_BANS_MAX 65536

struct early_prefix4 {
	__u32 bits;
	__u8 address[4];
};

/*
 * What may be banned, as bits: of IPv4 for each part of the space as large as a
 * word's, of IPv6 for each stem.  All of a packet that hardly any needs to be
 * asked of the tries.
 */
#define EARLY_SIEVE_WORDS (EARLY_WORDS / 64)

struct early_sieve {
	__u64 nets[EARLY_SIEVE_WORDS];
	__u64 stems[EARLY_STEM_WORDS];
};

/*
 * Banned packets are logged, by the ruleset: so that it has some to log, 50 at
 * once and 20 a second of each processor's go up to it.
 */
#define EARLY_TOLD_INTERVAL_NS (1000000000ULL / 20)
#define EARLY_TOLD_BURST_NS    (49 * EARLY_TOLD_INTERVAL_NS)

/*
 * The interfaces that it is on, each in the place that its index has, and in
 * no other: two that would share one cannot both be served.
 */
#define EARLY_DEVICES_MAX 256

struct early_device {
	__u32 index;      /* 0: none */
	__u16 address[3]; /* six bytes, as they are on the wire */
	__u16 pad;
};

struct early_count {
	__u64 packets;
	__u64 bytes; /* from the IP head on, as nftables counts */
};

#endif
