/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the head of a packet: nothing behind the end is read, and what
 * the beginning of a packet tells, the whole does not deny.
 */
#include "firewall/packet.h"

#include "base/must.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of its own, so that the end of the bytes is the end of the memory. */
static int
parse_beginning(const uint8_t *data, size_t len, struct packet *ret)
{
	char *copy = malloc(len > 0 ? len : 1);

	must(copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	int rc = packet_parse((struct str){ copy, len }, ret);
	free(copy);
	return rc;
}

static void
check_agreement(const struct packet *less, const struct packet *more)
{
	must(address_eq(less->source, more->source));
	must(address_eq(less->destination, more->destination));
	must(less->bytes == more->bytes);
	if (less->has_protocol)
		must(more->has_protocol && less->protocol == more->protocol);
	if (less->has_ports)
		must(more->has_ports &&
		     less->source_port == more->source_port &&
		     less->destination_port == more->destination_port);
	if (less->has_flags)
		must(more->has_flags && less->flags == more->flags);
	if (less->has_type)
		must(more->has_type && less->type == more->type &&
		     less->code == more->code);
}

static void
check_sense(const struct packet *packet)
{
	char room[PACKET_PROTOCOL_BYTES], flags[PACKET_FLAGS_BYTES];

	must(packet->source.family != ADDRESS_NONE);
	must(packet->destination.family != ADDRESS_NONE);
	must(!packet->has_ports || packet->has_protocol);
	must(!packet->has_flags || packet->has_ports);
	must(strlen(packet_flag_words(packet->flags, flags)) <
	     PACKET_FLAGS_BYTES);
	must(!packet->has_type || packet->has_protocol);
	must(!packet->has_ports || !packet->has_type);
	must(!packet->is_fragment || (!packet->has_ports && !packet->has_type));
	must(strlen(packet_protocol_word(packet->protocol, room)) <
	     PACKET_PROTOCOL_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet whole, part;

	if (parse_beginning(data, size, &whole) < 0)
		return 0;
	check_sense(&whole);
	for (size_t len = 0; len < size && len < 256; len++)
		if (parse_beginning(data, len, &part) == 0)
			check_agreement(&part, &whole);
	return 0;
}
