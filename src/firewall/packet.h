/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/packet: who talks to whom, read off the head of a packet.
 *
 * The bytes come from the kernel, but a stranger made them and the kernel cut
 * them off at some length.  What stands in the bytes is given, what does not
 * is marked as not known; nothing is guessed and no byte behind the end is
 * read.  The walk over IPv6 extension headers is the kernel's own (see
 * ipv6_find_hdr), so that the log names the protocol that the rules saw.
 *
 * Pure: no memory of its own, no system call.
 */
#ifndef GATEHOUSE_FIREWALL_PACKET_H
#define GATEHOUSE_FIREWALL_PACKET_H

#include "base/address.h"

struct packet {
	struct address source;
	struct address destination;
	uint32_t bytes; /* of the whole packet by its own head; 0: not told */
	uint8_t protocol;
	bool has_protocol; /* false: cut off among the extension headers */
	bool is_fragment;  /* not the first one: no ports, no type */
	bool has_ports;
	bool has_flags; /* of TCP */
	bool has_type;  /* of ICMP and ICMPv6 */
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t flags; /* as RFC 9293 numbers them: FIN is 1 */
	uint8_t type;
	uint8_t code;
};

/*
 * Reads an IPv4 or IPv6 packet from its network header on.  0, or -EBADMSG if
 * it is neither or too short for its addresses.
 */
int packet_parse(struct str bytes, struct packet *ret);

/*
 * "tcp", "udp", "icmp" (1 and 58), "sctp", "gre", "esp", "igmp", else
 * "proto-N".  Returns a static word or `room`.
 */
#define PACKET_PROTOCOL_BYTES sizeof("proto-255")
const char *packet_protocol_word(
    uint8_t protocol, char room[static PACKET_PROTOCOL_BYTES]);

/* "syn", "syn,ack", in nft's words; "none" for none.  Returns `room`. */
#define PACKET_FLAGS_BYTES sizeof("syn,ack,fin,rst,psh,urg,ecn,cwr")
const char *packet_flag_words(
    uint8_t flags, char room[static PACKET_FLAGS_BYTES]);

#endif
