/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of a logged packet, whole, cut off and lying. */
#include "firewall/packet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define S(literal) STR_INIT(literal)

/* Version and head length, then what varies: length, offset, protocol. */
#define IPV4(first, length, offset, protocol)                                  \
	first "\x00" length "\x12\x34" offset "\x40" protocol "\x00\x00"       \
	      "\xc0\x00\x02\x01"                                               \
	      "\xc6\x33\x64\x07"
#define IPV4_ENDS .source = "192.0.2.1", .destination = "198.51.100.7"

/* Payload length and next header vary. */
#define IPV6(payload, next)                                                    \
	"\x60\x00\x00\x00" payload next "\x40"                                 \
	"\x20\x01\x0d\xb8\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04"     \
	"\x20\x01\x0d\xb8\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x50"
#define IPV6_ENDS .source = "2001:db8:1::4", .destination = "2001:db8:2::50"

#define PORTS "\x9c\x40\x01\xbb" /* 40000 -> 443 */
#define EIGHT "\x00\x00\x00\x00\x00\x00\x00\x00"

static const struct {
	const char *what;
	struct str bytes;
	const char *source;
	const char *destination;
	struct packet expect; /* without the addresses */
} packets[] = {
	{ .what = "TCP",
	    .bytes = S(IPV4("\x45", "\x00\x3c", "\x40\x00", "\x06") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 60,
		.protocol = 6,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "TCP with its flags",
	    .bytes = S(IPV4("\x45", "\x00\x3c", "\x40\x00", "\x06") PORTS EIGHT
		"\xa0\xc2"),
	    IPV4_ENDS,
	    .expect = { .bytes = 60,
		.protocol = 6,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443,
		.has_flags = true,
		.flags = 0xc2 } },
	{ .what = "cut off before the flags",
	    .bytes = S(IPV4("\x45", "\x00\x3c", "\x40\x00", "\x06") PORTS EIGHT
		"\xa0"),
	    IPV4_ENDS,
	    .expect = { .bytes = 60,
		.protocol = 6,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "UDP behind IPv4 options",
	    .bytes = S(IPV4("\x47", "\x00\x28", "\x00\x00",
		"\x11") "\x94\x04\x00\x00\x01\x01\x01\x00" PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 40,
		.protocol = 17,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "SCTP",
	    .bytes = S(IPV4("\x45", "\x00\x3c", "\x00\x00", "\x84") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 60,
		.protocol = 132,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "UDP-Lite",
	    .bytes = S(IPV4("\x45", "\x00\x3c", "\x00\x00", "\x88") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 60,
		.protocol = 136,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "ICMP echo",
	    .bytes = S(IPV4("\x45", "\x00\x54", "\x40\x00", "\x01") "\x08\x00"),
	    IPV4_ENDS,
	    .expect = { .bytes = 84,
		.protocol = 1,
		.has_protocol = true,
		.has_type = true,
		.type = 8 } },
	{ .what = "ICMP unreachable, cut off behind the code",
	    .bytes = S(IPV4("\x45", "\x00\x38", "\x00\x00", "\x01") "\x03\x0d"),
	    IPV4_ENDS,
	    .expect = { .bytes = 56,
		.protocol = 1,
		.has_protocol = true,
		.has_type = true,
		.type = 3,
		.code = 13 } },
	{ .what = "GRE has no ports",
	    .bytes = S(IPV4("\x45", "\x00\x3c", "\x00\x00", "\x2f") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 60, .protocol = 47, .has_protocol = true } },
	{ .what = "first fragment: more follow, offset 0",
	    .bytes = S(IPV4("\x45", "\x05\xdc", "\x20\x00", "\x11") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 1500,
		.protocol = 17,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "later fragment: no ports there",
	    .bytes = S(IPV4("\x45", "\x05\xdc", "\x00\x01", "\x11") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 1500,
		.protocol = 17,
		.has_protocol = true,
		.is_fragment = true } },
	{ .what = "cut off within the ports",
	    .bytes =
		S(IPV4("\x45", "\x00\x3c", "\x00\x00", "\x06") "\x9c\x40\x01"),
	    IPV4_ENDS,
	    .expect = { .bytes = 60, .protocol = 6, .has_protocol = true } },
	{ .what = "options cut off",
	    .bytes = S(IPV4("\x4f", "\x00\x60", "\x00\x00", "\x06") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 96, .protocol = 6, .has_protocol = true } },
	{ .what = "padding is not the packet's",
	    .bytes = S(IPV4("\x45", "\x00\x14", "\x00\x00", "\x06") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 20, .protocol = 6, .has_protocol = true } },
	{ .what = "head length below the least",
	    .bytes = S(IPV4("\x44", "\x00\x3c", "\x00\x00", "\x06") PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 60, .protocol = 6, .has_protocol = true } },
	{ .what = "offloaded: total length 0",
	    .bytes = S(IPV4("\x45", "\x00\x00", "\x00\x00", "\x06") PORTS),
	    IPV4_ENDS,
	    .expect = { .protocol = 6,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "IPv6 TCP",
	    .bytes = S(IPV6("\x00\x28", "\x06") PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 80,
		.protocol = 6,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "ICMPv6 neighbour solicitation",
	    .bytes = S(IPV6("\x00\x20", "\x3a") "\x87\x00"),
	    IPV6_ENDS,
	    .expect = { .bytes = 72,
		.protocol = 58,
		.has_protocol = true,
		.has_type = true,
		.type = 135 } },
	{ .what = "hop-by-hop, routing and destination options, then UDP",
	    .bytes = S(IPV6("\x00\x40", "\x00") "\x2b\x00\x05\x02\x00\x00\x01"
						"\x00"
						"\x3c\x01" EIGHT
						"\x00\x00\x00\x00\x00\x00"
						"\x11\x00\x01\x04\x00\x00\x00"
						"\x00" PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 104,
		.protocol = 17,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "IPv6 first fragment",
	    .bytes = S(IPV6(
		"\x05\x00", "\x2c") "\x11\x00\x00\x01\x00\x00\x00\x09" PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 1320,
		.protocol = 17,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
	{ .what = "IPv6 later fragment",
	    .bytes = S(IPV6(
		"\x05\x00", "\x2c") "\x11\x00\x05\x00\x00\x00\x00\x09" PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 1320,
		.protocol = 17,
		.has_protocol = true,
		.is_fragment = true } },
	{ .what = "IPv6 later fragment within the extension headers",
	    .bytes =
		S(IPV6("\x05\x00", "\x2c") "\x3c\x00\x05\x00\x00\x00\x00\x09"
					   "\x06\x00\x01\x04\x00\x00\x00"
					   "\x00" PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 1320,
		.protocol = 60,
		.has_protocol = true,
		.is_fragment = true } },
	{ .what = "extension header cut off",
	    .bytes = S(IPV6("\x00\x40", "\x00") "\x11\x00\x05\x02"),
	    IPV6_ENDS,
	    .expect = { .bytes = 104 } },
	{ .what = "extension header that says it is longer than all",
	    .bytes = S(IPV6("\x00\x40", "\x3c") "\x11\xff" EIGHT PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 104, .protocol = 17, .has_protocol = true } },
	{ .what = "authentication is where nft ends its walk",
	    .bytes = S(IPV6("\x00\x40", "\x33") "\x06\x04" EIGHT PORTS),
	    IPV6_ENDS,
	    .expect = { .bytes = 104, .protocol = 51, .has_protocol = true } },
	{ .what = "no next header",
	    .bytes = S(IPV6("\x00\x08", "\x3b") EIGHT),
	    IPV6_ENDS,
	    .expect = { .bytes = 48, .protocol = 59, .has_protocol = true } },
	{ .what = "IPv4-mapped addresses are IPv4",
	    .bytes = S("\x60\x00\x00\x00\x00\x04\x06\x40" EIGHT
		       "\x00\x00\xff\xff\xc0\x00\x02\x01" EIGHT
		       "\x00\x00\xff\xff\xc6\x33\x64\x07" PORTS),
	    IPV4_ENDS,
	    .expect = { .bytes = 44,
		.protocol = 6,
		.has_protocol = true,
		.has_ports = true,
		.source_port = 40000,
		.destination_port = 443 } },
};

/* The bytes alone on the heap, so that a sanitizer sees a step over the end. */
static int
parse_copy(struct str bytes, struct packet *ret)
{
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);

	assert_non_null(copy);
	if (bytes.len > 0)
		memcpy(copy, bytes.at, bytes.len);
	int rc = packet_parse((struct str){ copy, bytes.len }, ret);
	free(copy);
	return rc;
}

static void
assert_packet(const struct packet *got, const struct packet *expect)
{
	assert_int_equal(got->bytes, expect->bytes);
	assert_int_equal(got->protocol, expect->protocol);
	assert_int_equal(got->has_protocol, expect->has_protocol);
	assert_int_equal(got->is_fragment, expect->is_fragment);
	assert_int_equal(got->has_ports, expect->has_ports);
	assert_int_equal(got->has_flags, expect->has_flags);
	assert_int_equal(got->has_type, expect->has_type);
	assert_int_equal(got->source_port, expect->source_port);
	assert_int_equal(got->destination_port, expect->destination_port);
	assert_int_equal(got->flags, expect->flags);
	assert_int_equal(got->type, expect->type);
	assert_int_equal(got->code, expect->code);
}

static void
reads_packets(void **state)
{
	char text[ADDRESS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(packets); i++) {
		struct packet got;

		print_message("  %s\n", packets[i].what);
		assert_int_equal(parse_copy(packets[i].bytes, &got), 0);
		assert_packet(&got, &packets[i].expect);
		assert_string_equal(
		    address_format(got.source, text), packets[i].source);
		assert_string_equal(address_format(got.destination, text),
		    packets[i].destination);
	}
}

/* What a shorter copy knows, the longer one knows as well and the same. */
static void
assert_agrees(const struct packet *less, const struct packet *more)
{
	assert_true(address_eq(less->source, more->source));
	assert_true(address_eq(less->destination, more->destination));
	assert_int_equal(less->bytes, more->bytes);
	if (less->has_protocol) {
		assert_true(more->has_protocol);
		assert_int_equal(less->protocol, more->protocol);
	}
	if (less->has_ports) {
		assert_true(more->has_ports);
		assert_int_equal(less->source_port, more->source_port);
		assert_int_equal(
		    less->destination_port, more->destination_port);
	}
	if (less->has_flags) {
		assert_true(more->has_flags);
		assert_int_equal(less->flags, more->flags);
	}
	if (less->has_type) {
		assert_true(more->has_type);
		assert_int_equal(less->type, more->type);
		assert_int_equal(less->code, more->code);
	}
}

static void
gives_what_is_known_of_any_beginning(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(packets); i++) {
		struct str whole = packets[i].bytes;
		size_t least = (whole.at[0] & 0xf0) == 0x40 ? 20 : 40;
		struct packet all, part;

		assert_int_equal(parse_copy(whole, &all), 0);
		for (size_t len = 0; len < whole.len; len++) {
			int rc =
			    parse_copy((struct str){ whole.at, len }, &part);
			assert_int_equal(rc, len < least ? -EBADMSG : 0);
			if (rc == 0)
				assert_agrees(&part, &all);
		}
	}
}

static const struct str no_packets[] = {
	S(""),
	S("\x00"),
	S("\x45"),
	S("\x55" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT),
	S("\x00" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT),
};

static void
refuses_what_is_no_ip(void **state)
{
	struct packet untouched = { .bytes = 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(no_packets); i++) {
		assert_int_equal(
		    parse_copy(no_packets[i], &untouched), -EBADMSG);
		assert_int_equal(untouched.bytes, 7);
	}
}

static void
names_protocols(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *word;
	} rows[] = {
		{ 1, "icmp" },
		{ 2, "igmp" },
		{ 6, "tcp" },
		{ 17, "udp" },
		{ 47, "gre" },
		{ 50, "esp" },
		{ 58, "icmp" },
		{ 132, "sctp" },
		{ 0, "proto-0" },
		{ 136, "proto-136" },
		{ 255, "proto-255" },
	};
	char room[PACKET_PROTOCOL_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(
		    packet_protocol_word(rows[i].protocol, room), rows[i].word);
}

static void
names_flags(void **state)
{
	static const struct {
		uint8_t flags;
		const char *words;
	} rows[] = {
		{ 0x00, "none" },
		{ 0x02, "syn" },
		{ 0x12, "syn,ack" },
		{ 0x14, "ack,rst" },
		{ 0x29, "fin,psh,urg" },
		{ 0xc2, "syn,ecn,cwr" },
		{ 0xff, "syn,ack,fin,rst,psh,urg,ecn,cwr" },
	};
	char room[PACKET_FLAGS_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(
		    packet_flag_words(rows[i].flags, room), rows[i].words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_packets),
		cmocka_unit_test(gives_what_is_known_of_any_beginning),
		cmocka_unit_test(refuses_what_is_no_ip),
		cmocka_unit_test(names_protocols),
		cmocka_unit_test(names_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
