/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/packet.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define IPV4_HEAD_BYTES    20
#define IPV6_HEAD_BYTES    40
#define IPV6_OPTION_BYTES  8 /* the least of any extension header */
#define PORTS_BYTES        4
#define TCP_FLAGS          13 /* where they are in its head */
#define TYPE_AND_CODE      2
#define IPV4_OFFSET_MASK   0x1fff
#define IPV6_OFFSET_MASK   0xfff8
#define EXTENSION_NEXT     0 /* where in an extension header what stands */
#define EXTENSION_LENGTH   1
#define EXTENSION_FRAGMENT 2

static uint8_t
byte_at(struct str bytes, size_t at)
{
	return (uint8_t)bytes.at[at];
}

static uint16_t
pair_at(struct str bytes, size_t at)
{
	return (uint16_t)(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

/* A packet's own length ends it; what the wire padded behind is not its. */
static struct str
without_padding(struct str bytes, uint32_t length)
{
	if (length > 0 && length < bytes.len)
		bytes.len = length;
	return bytes;
}

static bool
protocol_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_DCCP;
}

/* `bytes` begins with the header of packet->protocol. */
static void
parse_transport(struct str bytes, struct packet *packet)
{
	uint8_t protocol = packet->protocol;
	bool icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;

	if (packet->is_fragment)
		return;
	if (protocol_has_ports(protocol) && bytes.len >= PORTS_BYTES) {
		packet->source_port = pair_at(bytes, 0);
		packet->destination_port = pair_at(bytes, 2);
		packet->has_ports = true;
	}
	if (protocol == IPPROTO_TCP && bytes.len > TCP_FLAGS) {
		packet->flags = byte_at(bytes, TCP_FLAGS);
		packet->has_flags = true;
	}
	if (icmp && bytes.len >= TYPE_AND_CODE) {
		packet->type = byte_at(bytes, 0);
		packet->code = byte_at(bytes, 1);
		packet->has_type = true;
	}
}

/* RFC 791, 3.1 */
static int
parse_ipv4(struct str bytes, struct packet *packet)
{
	if (bytes.len < IPV4_HEAD_BYTES)
		return -EBADMSG;
	size_t head_bytes = (size_t)(byte_at(bytes, 0) & 0xf) * 4;
	uint16_t length = pair_at(bytes, 2);

	packet->source = address_from_bytes(ADDRESS_IPV4, bytes.at + 12);
	packet->destination = address_from_bytes(ADDRESS_IPV4, bytes.at + 16);
	packet->protocol = byte_at(bytes, 9);
	packet->has_protocol = true;
	packet->is_fragment = (pair_at(bytes, 6) & IPV4_OFFSET_MASK) != 0;
	if (length >= IPV4_HEAD_BYTES) /* large offloaded packets say 0 */
		packet->bytes = length;
	bytes = without_padding(bytes, packet->bytes);
	if (head_bytes >= IPV4_HEAD_BYTES)
		parse_transport(str_skip(bytes, head_bytes), packet);
	return 0;
}

/*
 * The headers that the kernel steps over.  Authentication (51) is where nft
 * ends its walk, so it counts as the protocol here too.
 */
static bool
is_extension(uint8_t header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_FRAGMENT || header == IPPROTO_DSTOPTS;
}

/* RFC 8200, 4.  Each step is eight bytes or more, so the walk ends. */
static void
parse_extensions(struct str bytes, uint8_t header, struct packet *packet)
{
	while (is_extension(header) && !packet->is_fragment) {
		size_t step = IPV6_OPTION_BYTES;

		if (bytes.len < IPV6_OPTION_BYTES)
			return;
		if (header != IPPROTO_FRAGMENT)
			step += (size_t)byte_at(bytes, EXTENSION_LENGTH) * 8;
		else if ((pair_at(bytes, EXTENSION_FRAGMENT) &
			     IPV6_OFFSET_MASK) != 0)
			packet->is_fragment = true;
		header = byte_at(bytes, EXTENSION_NEXT);
		bytes = str_skip(bytes, step);
	}
	packet->protocol = header;
	packet->has_protocol = true;
	parse_transport(bytes, packet);
}

/* RFC 8200, 3 */
static int
parse_ipv6(struct str bytes, struct packet *packet)
{
	if (bytes.len < IPV6_HEAD_BYTES)
		return -EBADMSG;
	uint16_t payload = pair_at(bytes, 4);

	packet->source = address_from_bytes(ADDRESS_IPV6, bytes.at + 8);
	packet->destination = address_from_bytes(ADDRESS_IPV6, bytes.at + 24);
	if (payload > 0) /* jumbograms say 0 */
		packet->bytes = IPV6_HEAD_BYTES + (uint32_t)payload;
	bytes = without_padding(bytes, packet->bytes);
	parse_extensions(
	    str_skip(bytes, IPV6_HEAD_BYTES), byte_at(bytes, 6), packet);
	return 0;
}

int
packet_parse(struct str bytes, struct packet *ret)
{
	struct packet packet = { 0 };
	int version = bytes.len > 0 ? byte_at(bytes, 0) >> 4 : 0, rc;

	if (version == 4)
		rc = parse_ipv4(bytes, &packet);
	else if (version == 6)
		rc = parse_ipv6(bytes, &packet);
	else
		rc = -EBADMSG;
	if (rc == 0)
		*ret = packet;
	return rc;
}

static const struct {
	uint8_t protocol;
	const char *word;
} protocol_words[] = {
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_IGMP, "igmp" },
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_ICMPV6, "icmp" }, /* one word for both in the policy */
	{ IPPROTO_SCTP, "sctp" },
};

const char *
packet_protocol_word(uint8_t protocol, char room[static PACKET_PROTOCOL_BYTES])
{
	size_t count = sizeof(protocol_words) / sizeof(protocol_words[0]);

	for (size_t i = 0; i < count; i++)
		if (protocol_words[i].protocol == protocol)
			return protocol_words[i].word;
	(void)snprintf(room, PACKET_PROTOCOL_BYTES, "proto-%u", protocol);
	return room;
}

/* Begun with what says most: a connection's first packets. */
static const struct {
	uint8_t bit;
	const char *word;
} flag_words[] = {
	{ 0x02, "syn" },
	{ 0x10, "ack" },
	{ 0x01, "fin" },
	{ 0x04, "rst" },
	{ 0x08, "psh" },
	{ 0x20, "urg" },
	{ 0x40, "ecn" },
	{ 0x80, "cwr" },
};

const char *
packet_flag_words(uint8_t flags, char room[static PACKET_FLAGS_BYTES])
{
	size_t count = sizeof(flag_words) / sizeof(flag_words[0]), len = 0;

	if (flags == 0)
		return strcpy(room, "none");
	for (size_t i = 0; i < count; i++) {
		if ((flags & flag_words[i].bit) == 0)
			continue;
		if (len > 0)
			room[len++] = ',';
		memcpy(room + len, flag_words[i].word, 3);
		len += 3;
	}
	room[len] = '\0';
	return room;
}
