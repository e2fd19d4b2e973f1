/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/captive_table.h"

#include "firewall/batch.h"
#include "firewall/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stddef.h>

/* Of mangle, where TPROXY has its place. */
#define PRIORITY_MANGLE (-150)

#define LOOPBACK4_FIRST_BYTE 127

#define DNS_PORT 53

/* Registers of 4 bytes; one of 16 holds four of them. */
#define REGISTER   NFT_REG32_00
#define REGISTER_2 NFT_REG32_04

static void
put_number(struct nlmsghdr *message, uint16_t type, uint32_t number)
{
	mnl_attr_put_u32(message, type, htonl(number));
}

/* ---- expressions ---- */

struct expression {
	struct nlattr *item, *data;
};

static struct expression
begin(struct nlmsghdr *message, const char *name)
{
	struct expression one;

	one.item = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	one.data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return one;
}

static void
end(struct nlmsghdr *message, struct expression one)
{
	mnl_attr_nest_end(message, one.data);
	mnl_attr_nest_end(message, one.item);
}

static void
put_value(
    struct nlmsghdr *message, uint16_t type, const void *bytes, size_t len)
{
	struct nlattr *data = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(message, data);
}

static void
load_meta(struct nlmsghdr *message, enum nft_meta_keys key)
{
	struct expression one = begin(message, "meta");

	put_number(message, NFTA_META_DREG, REGISTER);
	put_number(message, NFTA_META_KEY, key);
	end(message, one);
}

static void
load_bytes(struct nlmsghdr *message, enum nft_payload_bases base, size_t offset,
    size_t len)
{
	struct expression one = begin(message, "payload");

	put_number(message, NFTA_PAYLOAD_DREG, REGISTER);
	put_number(message, NFTA_PAYLOAD_BASE, base);
	put_number(message, NFTA_PAYLOAD_OFFSET, (uint32_t)offset);
	put_number(message, NFTA_PAYLOAD_LEN, (uint32_t)len);
	end(message, one);
}

/* Of the one byte that was loaded. */
static void
mask_byte(struct nlmsghdr *message, uint8_t mask)
{
	const uint8_t none = 0;
	struct expression one = begin(message, "bitwise");

	put_number(message, NFTA_BITWISE_SREG, REGISTER);
	put_number(message, NFTA_BITWISE_DREG, REGISTER);
	put_number(message, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(message, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(message, NFTA_BITWISE_XOR, &none, sizeof(none));
	end(message, one);
}

/* The rule goes on only if what was loaded is (not) this. */
static void
compare(struct nlmsghdr *message, enum nft_cmp_ops how, const void *bytes,
    size_t len)
{
	struct expression one = begin(message, "cmp");

	put_number(message, NFTA_CMP_SREG, REGISTER);
	put_number(message, NFTA_CMP_OP, how);
	put_value(message, NFTA_CMP_DATA, bytes, len);
	end(message, one);
}

static void
put_immediate(
    struct nlmsghdr *message, uint32_t to, const void *bytes, size_t len)
{
	struct expression one = begin(message, "immediate");

	put_number(message, NFTA_IMMEDIATE_DREG, to);
	put_value(message, NFTA_IMMEDIATE_DATA, bytes, len);
	end(message, one);
}

static void
put_accept(struct nlmsghdr *message)
{
	struct expression one = begin(message, "immediate");

	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict =
	    mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	put_number(message, NFTA_VERDICT_CODE, NF_ACCEPT);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
	end(message, one);
}

static void
put_tproxy(struct nlmsghdr *message, const struct address_port *to)
{
	bool ipv6 = to->address.family == ADDRESS_IPV6;
	uint16_t port = htons(to->port);

	put_immediate(
	    message, REGISTER, to->address.bytes, address_width(to->address));
	put_immediate(message, REGISTER_2, &port, sizeof(port));
	struct expression one = begin(message, "tproxy");
	put_number(
	    message, NFTA_TPROXY_FAMILY, ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	put_number(message, NFTA_TPROXY_REG_ADDR, REGISTER);
	put_number(message, NFTA_TPROXY_REG_PORT, REGISTER_2);
	end(message, one);
}

/* ---- rules ---- */

/* The beginning of a connection; the rest finds its socket by itself. */
static void
match_first_packet(struct nlmsghdr *message, bool ipv6)
{
	uint8_t family = ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	uint8_t protocol = IPPROTO_TCP, syn = TH_SYN;

	load_meta(message, NFT_META_NFPROTO);
	compare(message, NFT_CMP_EQ, &family, sizeof(family));
	load_meta(message, NFT_META_L4PROTO);
	compare(message, NFT_CMP_EQ, &protocol, sizeof(protocol));
	load_bytes(message, NFT_PAYLOAD_TRANSPORT_HEADER, 13, sizeof(syn));
	mask_byte(message, TH_SYN | TH_ACK);
	compare(message, NFT_CMP_EQ, &syn, sizeof(syn));
}

static void
match_dns(struct nlmsghdr *message)
{
	uint16_t port = htons(DNS_PORT);

	load_bytes(message, NFT_PAYLOAD_TRANSPORT_HEADER,
	    offsetof(struct tcphdr, th_dport), sizeof(port));
	compare(message, NFT_CMP_EQ, &port, sizeof(port));
}

/* Not to what is inside. */
static void
match_outside(
    struct nlmsghdr *message, const struct captive *captive, bool ipv6)
{
	static const uint8_t loopback4 = LOOPBACK4_FIRST_BYTE;
	size_t at = ipv6 ? offsetof(struct ip6_hdr, ip6_dst)
			 : offsetof(struct iphdr, daddr);
	const struct address *own = ipv6 ? &captive->own6 : &captive->own4;
	size_t len = address_width(*own);

	load_bytes(message, NFT_PAYLOAD_NETWORK_HEADER, at, len);
	compare(message, NFT_CMP_NEQ, own->bytes, len);
	if (ipv6) {
		compare(message, NFT_CMP_NEQ, &in6addr_loopback, len);
		return;
	}
	load_bytes(message, NFT_PAYLOAD_NETWORK_HEADER, at, sizeof(loopback4));
	compare(message, NFT_CMP_NEQ, &loopback4, sizeof(loopback4));
}

static void
put_rule(
    struct batch *batch, const struct captive *captive, bool ipv6, bool dns)
{
	struct nlmsghdr *message =
	    batch_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, FIREWALL_PREROUTING);
	struct nlattr *list =
	    mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	match_first_packet(message, ipv6);
	if (dns)
		match_dns(message);
	else
		match_outside(message, captive, ipv6);
	put_tproxy(message, &captive->at[ipv6 ? CAPTIVE_TCP6 : CAPTIVE_TCP4]);
	put_accept(message);
	mnl_attr_nest_end(message, list);
	batch_add(batch, message);
}

/* ---- the table ---- */

static void
put_table(struct batch *batch)
{
	struct nlmsghdr *message =
	    batch_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, FIREWALL_TABLE_NAME);
	batch_add(batch, message);
}

static void
put_chain(struct batch *batch)
{
	struct nlmsghdr *message =
	    batch_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, FIREWALL_PREROUTING);
	struct nlattr *hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	put_number(message, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
	put_number(message, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY_MANGLE);
	mnl_attr_nest_end(message, hook);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	batch_add(batch, message);
}

int
captive_table_install(
    const struct captive *captive, bool ipv6, struct text *reterr_words)
{
	struct batch batch = BATCH_EMPTY;

	batch_begin(&batch);
	put_table(&batch);
	put_chain(&batch);
	for (int family = 0; family <= ipv6; family++) {
		put_rule(&batch, captive, family == 1, true);
		put_rule(&batch, captive, family == 1, false);
	}
	int rc = batch_commit(&batch, reterr_words);
	batch_fini(&batch);
	return rc;
}
