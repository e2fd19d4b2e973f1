/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/early_drop: gives each frame of BPF_PROG_TEST_RUN another source, and
 * then to the program that is measured, if there is one.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SOURCES_MAX (1 << 20)

/* An element takes eight bytes, however small it is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SOURCES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

__u32 source_count;
__u64 sent;

static __always_inline void
set_source(struct iphdr *ip, __u32 source)
{
	const __u16 *words = (const void *)ip;
	__u32 sum = 0;

	ip->saddr = source;
	ip->check = 0;
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	ip->check = ~sum;
}

SEC("xdp.frags")
int
generate(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = (void *)(long)ctx->data + ETH_HLEN;
	__u32 at = (__u32)sent++ * 2654435761U;

	if ((void *)(ip + 1) > end || source_count == 0)
		return XDP_ABORTED;
	at %= source_count;
	const __u64 *source = bpf_map_lookup_elem(&sources, &at);
	if (source != NULL)
		set_source(ip, (__u32)*source);
	bpf_tail_call(ctx, &next, 0);
	return XDP_PASS; /* to the ruleset */
}

/* What does nothing else: its cost is that of frames and of the way there. */
SEC("xdp.frags")
int
limit(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
