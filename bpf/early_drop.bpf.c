/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/early_drop: refuses, at the driver, what bans and the first rules drop
 * anyway.
 *
 * It never decides anything by itself: what it drops is what the ruleset
 * (firewall/compile) would drop, because of the same ban or rule.  So it goes
 * up whatever the ruleset could let through, or whatever cannot be told here:
 *
 *	tagged frames, frames for others        another interface's affair
 *	fragments, options, extension headers   not read here
 *	answers of DHCP                         their client reads them before
 *	                                        any rule sees them
 *
 * and what only a rule refuses, but no ban, which comes before all of these:
 *
 *	all but TCP and UDP                     essentials; flows of ICMP and
 *	                                        the like cannot be looked up
 *	packets of a known flow                 `established` is before the list
 *
 * Known flows are asked of the kernel's connection tracking, the same table
 * that the ruleset goes by.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/early_drop.h"

#define ENOENT 2

#define NONE EARLY_COUNTS /* a row that neither rule nor ban has */

#define DHCP_SERVER 67
#define DHCP_CLIENT 68

/* What the kernel is told by its length; newer ones know a longer one too. */
struct bpf_ct_opts___early {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

/* A flow; nothing in it is read, but it must be more than a name to libbpf. */
struct nf_conn {
	unsigned long status;
};

struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *, struct bpf_sock_tuple *,
    __u32, struct bpf_ct_opts___early *, __u32) __ksym;
void bpf_ct_release(struct nf_conn *) __ksym;

/* Filled before the program runs (firewall/early_program); never changed then. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct early_word);
} words SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct early_line);
} lines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct early_block);
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct early_prefix);
	__type(value, __u32);
} prefixes SEC(".maps");

__u64 stems[EARLY_STEM_WORDS];

struct early_device devices[EARLY_DEVICES_MAX];

/* These change while it runs (firewall/early_bans). */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EARLY_BANS_MAX);
	__type(key, struct early_prefix4);
	__type(value, __u64);
} bans4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EARLY_BANS_MAX);
	__type(key, struct early_prefix);
	__type(value, __u64);
} bans6 SEC(".maps");

struct early_sieve sieve;

/* When the bucket of what is told will be full, of each processor. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} told SEC(".maps");

/* Outlives a change of the lists. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EARLY_COUNTS);
	__type(key, __u32);
	__type(value, struct early_count);
} counts SEC(".maps");

struct packet {
	struct bpf_sock_tuple flow;
	__u32 flow_bytes;
	__u32 row;
	__u32 bytes;
	__u8 protocol;
};

/* Whether `bytes` from the IP head on are really there, all pieces counted. */
static __always_inline bool
is_whole(struct xdp_md *ctx, __u32 bytes)
{
	__u64 first = (__u64)ctx->data_end - ctx->data;

	return ETH_HLEN + bytes <= first ||
	       ETH_HLEN + bytes <= bpf_xdp_get_buff_len(ctx);
}

static __always_inline bool
block_has(const struct early_word *word, __u32 nth, __u32 address)
{
	__u32 at = word->blocks + nth;
	const struct early_block *block = bpf_map_lookup_elem(&blocks, &at);

	return block != NULL &&
	       (block->bits[address >> 6 & 3] >> (address & 63) & 1) != 0;
}

/* Whether the word has it, one of whose nets it is in. */
static __always_inline bool
word_has(const struct early_word *word, __u32 address)
{
	__u32 nth = address >> 8 & 63;
	__u64 below = (1ULL << nth) - 1;
	__u32 is_part = ~(__u32)(word->whole >> nth) & 1;
	__u32 at = word->base + __builtin_popcountll(word->part & below);

	at *= is_part;
	__u32 line_at = at / EARLY_LINE_SPANS;
	const struct early_line *line = bpf_map_lookup_elem(&lines, &line_at);
	if (line == NULL)
		return false;
	__u32 span = line->spans[at % EARLY_LINE_SPANS];
	__u32 first = span & 255, last = span >> 8;
	if (first > last)
		return block_has(word, first - 1, address);
	return (address & 255) - first <= last - first;
}

static __always_inline __u32
row_of4(__u32 address)
{
	__u32 at = address >> EARLY_WORD_SHIFT, nth = address >> 8 & 63;

	for (int i = 0; i < EARLY_ROWS_MAX; i++) {
		const struct early_word *word =
		    bpf_map_lookup_elem(&words, &at);
		if (word == NULL)
			return NONE;
		if (((word->whole | word->part) >> nth & 1) != 0 &&
		    word_has(word, address))
			return word->row;
		if (word->next == 0)
			return NONE;
		at = word->next;
	}
	return NONE;
}

static __always_inline __u32
row_of6(const struct in6_addr *address)
{
	__u32 stem = early_stem(bpf_ntohl(address->in6_u.u6_addr32[0]));
	struct early_prefix key = { .bits = 128 };

	if (!(stems[stem / 64 % EARLY_STEM_WORDS] >> stem % 64 & 1))
		return NONE;
	__builtin_memcpy(key.address, address, sizeof(key.address));
	const __u32 *row = bpf_map_lookup_elem(&prefixes, &key);
	return row != NULL ? *row : NONE;
}

/*
 * ends: of the ban of the narrowest prefix; 0: never.  One whose time is over
 * may lie in another that stands, so it is the ruleset that is asked.
 */
static __always_inline bool
is_in_force(const __u64 *ends)
{
	return ends != NULL &&
	       (*ends == 0 || bpf_ktime_get_coarse_ns() < *ends);
}

static __always_inline bool
is_banned4(__be32 address)
{
	__u32 nth = bpf_ntohl(address) >> EARLY_WORD_SHIFT;
	struct early_prefix4 key = { .bits = 32 };

	if (!(sieve.nets[nth / 64 % EARLY_SIEVE_WORDS] >> nth % 64 & 1))
		return false;
	__builtin_memcpy(key.address, &address, sizeof(key.address));
	return is_in_force(bpf_map_lookup_elem(&bans4, &key));
}

static __always_inline bool
is_banned6(const struct in6_addr *address)
{
	__u32 stem = early_stem(bpf_ntohl(address->in6_u.u6_addr32[0]));
	struct early_prefix key = { .bits = 128 };

	if (!(sieve.stems[stem / 64 % EARLY_STEM_WORDS] >> stem % 64 & 1))
		return false;
	__builtin_memcpy(key.address, address, sizeof(key.address));
	return is_in_force(bpf_map_lookup_elem(&bans6, &key));
}

/* The kernel drops these sources before any rule sees them. */
static __always_inline bool
is_never_ruled(const struct in6_addr *source)
{
	const __be32 *words = source->in6_u.u6_addr32;

	return source->in6_u.u6_addr8[0] == 0xff || (words[0] | words[1]) == 0;
}

static __always_inline bool
has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* Its client has a packet socket, which hears what no rule would let in. */
static __always_inline bool
is_dhcp(const struct packet *packet)
{
	return packet->protocol == IPPROTO_UDP &&
	       packet->flow.ipv4.sport == bpf_htons(DHCP_SERVER) &&
	       packet->flow.ipv4.dport == bpf_htons(DHCP_CLIENT);
}

/* Shorter than its ports: to a rule it is of no flow, a ban asks for none. */
static __always_inline __u32
least_bytes(const struct packet *packet, __u32 head)
{
	return packet->row == EARLY_ROW_BANS ? head : head + 8;
}

/* False: it goes up. */
static __always_inline bool
read4(struct xdp_md *ctx, const struct iphdr *ip, struct packet *ret)
{
	const void *end = (const void *)(long)ctx->data_end;
	const __be16 *ports = (const void *)(ip + 1);

	if ((const void *)(ports + 2) > end)
		return false;
	if (ip->version != 4 || ip->ihl != 5 ||
	    (ip->frag_off & bpf_htons(0x3fff)) != 0)
		return false;
	if (is_banned4(ip->saddr) || is_banned4(ip->daddr))
		ret->row = EARLY_ROW_BANS;
	else if (has_ports(ip->protocol))
		ret->row = row_of4(bpf_ntohl(ip->saddr));
	if (ret->row == NONE)
		return false;
	ret->protocol = ip->protocol;
	ret->bytes = bpf_ntohs(ip->tot_len);
	ret->flow_bytes = sizeof(ret->flow.ipv4);
	ret->flow.ipv4.saddr = ip->saddr;
	ret->flow.ipv4.daddr = ip->daddr;
	ret->flow.ipv4.sport = ports[0];
	ret->flow.ipv4.dport = ports[1];
	return ret->bytes >= least_bytes(ret, sizeof(*ip)) && !is_dhcp(ret);
}

static __always_inline bool
read6(struct xdp_md *ctx, const struct ipv6hdr *ip, struct packet *ret)
{
	const void *end = (const void *)(long)ctx->data_end;
	const __be16 *ports = (const void *)(ip + 1);

	if ((const void *)(ports + 2) > end)
		return false;
	if (ip->version != 6 ||
	    !(has_ports(ip->nexthdr) || ip->nexthdr == IPPROTO_ICMPV6))
		return false;
	if (is_banned6(&ip->saddr) ||
	    (is_banned6(&ip->daddr) && !is_never_ruled(&ip->saddr)))
		ret->row = EARLY_ROW_BANS;
	else if (has_ports(ip->nexthdr))
		ret->row = row_of6(&ip->saddr);
	if (ret->row == NONE)
		return false;
	ret->protocol = ip->nexthdr;
	ret->bytes = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	ret->flow_bytes = sizeof(ret->flow.ipv6);
	__builtin_memcpy(ret->flow.ipv6.saddr, &ip->saddr, 16);
	__builtin_memcpy(ret->flow.ipv6.daddr, &ip->daddr, 16);
	ret->flow.ipv6.sport = ports[0];
	ret->flow.ipv6.dport = ports[1];
	return ret->bytes >= least_bytes(ret, sizeof(*ip));
}

static __always_inline bool
is_for_us(struct xdp_md *ctx, const struct ethhdr *frame)
{
	__u32 index = ctx->ingress_ifindex;
	const struct early_device *device = &devices[index % EARLY_DEVICES_MAX];
	const __u16 *to = (const void *)frame->h_dest;

	return device->index == index && to[0] == device->address[0] &&
	       to[1] == device->address[1] && to[2] == device->address[2];
}

/* Only where connection tracking says that it knows of none. */
static __always_inline bool
is_new(struct xdp_md *ctx, struct packet *packet)
{
	struct bpf_ct_opts___early opts = {
		.netns_id = -1, /* that of the interface */
		.l4proto = packet->protocol,
	};
	struct nf_conn *known = NULL;

	/* The length is a constant to the verifier, not a variable. */
	if (packet->flow_bytes == sizeof(packet->flow.ipv4))
		known = bpf_xdp_ct_lookup(ctx, &packet->flow,
		    sizeof(packet->flow.ipv4), &opts, sizeof(opts));
	else
		known = bpf_xdp_ct_lookup(ctx, &packet->flow,
		    sizeof(packet->flow.ipv6), &opts, sizeof(opts));
	if (known == NULL)
		return opts.error == -ENOENT;
	bpf_ct_release(known);
	return false;
}

/* What comes while the bucket is not empty goes up, to be logged. */
static __always_inline bool
is_told(void)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 first = 0;
	__u64 *full_at = bpf_map_lookup_elem(&told, &first);

	if (full_at == NULL)
		return true;
	if (*full_at < now)
		*full_at = now;
	if (*full_at - now > EARLY_TOLD_BURST_NS)
		return false;
	*full_at += EARLY_TOLD_INTERVAL_NS;
	return true;
}

static __always_inline bool
is_refused(struct xdp_md *ctx, struct packet *packet)
{
	if (packet->row == EARLY_ROW_BANS)
		return !is_told();
	return is_new(ctx, packet);
}

static __always_inline void
count(const struct packet *packet)
{
	__u32 row = packet->row;
	struct early_count *one = bpf_map_lookup_elem(&counts, &row);

	if (one == NULL)
		return;
	one->packets++;
	one->bytes += packet->bytes;
}

/* Packets may come in pieces (large MTUs); the heads are in the first. */
SEC("xdp.frags")
int
early_drop(struct xdp_md *ctx)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *frame = (const void *)(long)ctx->data;
	struct packet packet = { .row = NONE };
	bool is_ours = false;

	if ((const void *)(frame + 1) > end)
		return XDP_PASS;
	if (frame->h_proto == bpf_htons(ETH_P_IP))
		is_ours = read4(ctx, (const void *)(frame + 1), &packet);
	else if (frame->h_proto == bpf_htons(ETH_P_IPV6))
		is_ours = read6(ctx, (const void *)(frame + 1), &packet);
	if (!is_ours || !is_for_us(ctx, frame) ||
	    !is_whole(ctx, packet.bytes) || !is_refused(ctx, &packet))
		return XDP_PASS;
	count(&packet);
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
