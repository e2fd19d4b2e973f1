/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first flight of QUIC: the examples of RFC 9001 and RFC 9369, the same
 * hello cut, mixed up and sent again in every way, and what is no hello.
 */
#include "harness.h"
#include "quic_packets.h"

/* RFC 9001, A */
static const uint8_t id_bytes[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57,
	0x08 };

/* RFC 9001, A.2: the hello of the CRYPTO frame. */
static const char hello_hex[] =
    "010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69"
    "484c00000413011302010000c000000010000e00000b6578616d706c652e636f6dff0100"
    "0100000a00080006001d0017001800100007000504616c706e0005000501000000000033"
    "00260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994"
    "ec74d748002b0003020304000d0010000e0403050306030203080408050806002d000201"
    "01001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff080110"
    "0104800075300901100f088394c8f03e51570806048000ffff";

static uint8_t message[512];
static size_t message_len;

static struct str
id(void)
{
	return (struct str){ (const char *)id_bytes, sizeof(id_bytes) };
}

static size_t
unhex(const char *hex, uint8_t *ret)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };
		ret[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return len;
}

static void
assert_hex(const void *bytes, const char *hex)
{
	uint8_t wanted[64];

	assert_memory_equal(bytes, wanted, unhex(hex, wanted));
}

static int
setup(void **state)
{
	(void)state;
	message_len = unhex(hello_hex, message);
	return 0;
}

/* ---- the examples ---- */

static void
keys_of_the_examples(void **state)
{
	struct quic_keys keys;

	(void)state;
	assert_int_equal(
	    quic_keys_derive(QUIC_VERSION_1, id(), false, &keys), 0);
	assert_hex(keys.key, "1f369613dd76d5467730efcbe3b1a22d");
	assert_hex(keys.iv, "fa044b2f42a3fd3b46fb255c");
	assert_hex(keys.protection, "9f50449e04a0e810283a1e9933adedd2");
	assert_int_equal(
	    quic_keys_derive(QUIC_VERSION_1, id(), true, &keys), 0);
	assert_hex(keys.key, "cf3a5331653c364c88f0f379b6067e37");
	assert_hex(keys.iv, "0ac1493ca1905853b0bba03e");
	assert_hex(keys.protection, "c206b8d9b9f0f37644430b490eeaa314");
	assert_int_equal(
	    quic_keys_derive(QUIC_VERSION_2, id(), false, &keys), 0);
	assert_hex(keys.key, "8b1a0bc121284290a29e0971b5cd045d");
	assert_hex(keys.iv, "91f73e2351d8fa91660e909f");
	assert_hex(keys.protection, "45b95e15235d6f45a6b19cbcb0294ba9");
	assert_int_equal(
	    quic_keys_derive(0xff00001d, id(), false, &keys), -EINVAL);
}

static size_t
example(uint32_t version, uint8_t *ret)
{
	uint8_t frames[1024];
	size_t len = 0;

	/* With the offset in one byte, as the example has it. */
	frames[len++] = 0x06;
	frames[len++] = 0x00;
	len += quic_put_varint(&frames[len], message_len);
	memcpy(&frames[len], message, message_len);
	len += message_len;
	return quic_packet_make(&(struct quic_packet){ .version = version,
				    .id = id(),
				    .number = 2,
				    .number_bytes = 4,
				    .frames = { (const char *)frames, len },
				    .fill = 1162 },
	    ret);
}

static void
assert_is_example(const struct hello *hello)
{
	assert_true(str_is(hello_server_name(hello), "example.com"));
	assert_true(hello_offers(hello, STR("alpn")));
	assert_false(hello->has_ech);
}

/* Our packets are theirs to the byte, and we read them. */
static void
packets_of_the_examples(void **state)
{
	static const struct {
		uint32_t version;
		const char *begins;
	} rows[] = {
		{ QUIC_VERSION_1,
		    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689f"
		    "b8ec11d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f"
		    "63300099" },
		{ QUIC_VERSION_2,
		    "d76b3343cf088394c8f03e5157080000449ea0c95e82" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t packet[QUIC_PACKET_ROOM];
		struct quic_hello quic = { 0 };
		struct hello hello;
		size_t len = example(rows[i].version, packet);
		struct str datagram = { (const char *)packet, len };
		assert_int_equal(len, 1200);
		assert_hex(packet, rows[i].begins);
		assert_true(quic_looks_like_initial(datagram));
		assert_int_equal(quic_hello_add(&quic, datagram, &hello), 0);
		assert_is_example(&hello);
	}
}

/* ---- cut ---- */

/* The pieces of the message, each in a datagram of its own. */
static struct str
datagram_of(const struct quic_packet *like, size_t from, size_t len,
    uint8_t room[static QUIC_PACKET_ROOM])
{
	uint8_t frames[1024];
	struct quic_packet packet = *like;
	struct str data = { (const char *)message + from, len };

	packet.frames.at = (const char *)frames;
	packet.frames.len = quic_put_crypto(frames, from, data);
	size_t made = quic_packet_make(&packet, room);
	return (struct str){ (const char *)room, made };
}

static struct quic_packet
usual(void)
{
	return (struct quic_packet){ .version = QUIC_VERSION_1,
		.id = id(),
		.number_bytes = 1,
		.fill = 1200 };
}

/* In two, cut at every byte, in either order, and one of them twice. */
static void
cut_anywhere_in_any_order(void **state)
{
	struct quic_packet packet = usual();

	(void)state;
	for (size_t cut = 1; cut < message_len; cut++) {
		for (int turn = 0; turn < 2; turn++) {
			uint8_t room[QUIC_PACKET_ROOM];
			struct quic_hello quic = { 0 };
			struct hello hello;
			size_t from[] = { turn ? cut : 0, turn ? 0 : cut };
			size_t len[] = { turn ? message_len - cut : cut,
				turn ? cut : message_len - cut };
			for (int again = 0; again < 2; again++)
				assert_int_equal(quic_hello_add(&quic,
						     datagram_of(&packet,
							 from[0], len[0], room),
						     &hello),
				    -EAGAIN);
			assert_int_equal(
			    quic_hello_add(&quic,
				datagram_of(&packet, from[1], len[1], room),
				&hello),
			    0);
			assert_is_example(&hello);
		}
	}
}

/* Numbers of every width, a token, both versions. */
static void
written_in_other_ways(void **state)
{
	static char token[600];

	(void)state;
	for (unsigned width = 1; width <= 4; width++) {
		uint8_t room[QUIC_PACKET_ROOM];
		struct quic_hello quic = { 0 };
		struct hello hello;
		struct quic_packet packet = usual();
		packet.number = 0x01020304u >> 8 * (4 - width);
		packet.number_bytes = width;
		packet.version = width % 2 ? QUIC_VERSION_1 : QUIC_VERSION_2;
		packet.token = (struct str){ token, width * 150 };
		assert_int_equal(
		    quic_hello_add(&quic,
			datagram_of(&packet, 0, message_len, room), &hello),
		    0);
		assert_is_example(&hello);
	}
}

/* One behind the other, with 0-RTT between them and bytes of nothing behind. */
static void
several_in_a_datagram(void **state)
{
	static const uint8_t early[] = { 0xd0, 0, 0, 0, 1, 8, 0x83, 0x94, 0xc8,
		0xf0, 0x3e, 0x51, 0x57, 0x08, 0, 4, 1, 2, 3, 4 };
	uint8_t room[QUIC_PACKET_ROOM], all[2 * QUIC_PACKET_ROOM] = { 0 };
	struct quic_packet packet = usual();
	struct quic_hello quic = { 0 };
	struct hello hello;
	size_t len = 0;

	(void)state;
	packet.fill = 600;
	struct str one = datagram_of(&packet, 100, message_len - 100, room);
	memcpy(all, one.at, one.len);
	len += one.len;
	memcpy(&all[len], early, sizeof(early));
	len += sizeof(early);
	one = datagram_of(&packet, 0, 100, room);
	memcpy(&all[len], one.at, one.len);
	len += one.len + 50;
	assert_int_equal(quic_hello_add(&quic,
			     (struct str){ (const char *)all, len }, &hello),
	    0);
	assert_is_example(&hello);
}

/* ---- wrong ---- */

/* Each byte matters: one that is changed is no packet any more. */
static void
no_byte_can_be_changed(void **state)
{
	uint8_t packet[QUIC_PACKET_ROOM];
	size_t len = example(QUIC_VERSION_1, packet);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct quic_hello quic = { 0 };
		struct hello hello;
		packet[i] ^= 0x20;
		int rc = quic_hello_add(
		    &quic, (struct str){ (const char *)packet, len }, &hello);
		if (rc == 0)
			fail_msg("byte %zu", i);
		packet[i] ^= 0x20;
	}
}

static void
shorter_ones(void **state)
{
	uint8_t packet[QUIC_PACKET_ROOM];
	size_t len = example(QUIC_VERSION_1, packet);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct quic_hello quic = { 0 };
		struct hello hello;
		struct str datagram = { (const char *)packet, i };
		assert_int_equal(
		    quic_hello_add(&quic, datagram, &hello), -EBADMSG);
		assert_false(quic_looks_like_initial(datagram));
	}
}

/* Frames that an Initial packet may have, and others. */
static void
frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int rc;
	} rows[] = {
		{ "", 0, -EAGAIN },
		{ "\x01", 1, -EAGAIN },
		{ "\x02\x00\x00\x00\x00", 5, -EAGAIN },
		{ "\x02\x05\x00\x01\x00\x00\x00", 7, -EAGAIN },
		{ "\x03\x00\x00\x00\x00\x01\x02\x03", 8, -EAGAIN },
		{ "\x1c\x00\x00\x00", 4, -EAGAIN },
		/* Ranges that never end, a frame of another kind, a byte of
		 * the hello beyond all bounds, and one that is cut. */
		{ "\x02\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00", 12,
		    -EBADMSG },
		{ "\x08\x00\x00", 3, -EBADMSG },
		{ "\x06\x80\x00\x40\x00\x01\x01", 7, -EBADMSG },
		{ "\x06\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 11,
		    -EBADMSG },
		{ "\x06\x00\x7f\xff\x01", 5, -EBADMSG },
		/* What is no hello. */
		{ "\x06\x00\x04\x02\x00\x00\x00", 7, -EBADMSG },
		{ "\x06\x00\x04\x01\xff\xff\xff", 7, -EBADMSG },
		{ "\x06\x00\x05\x01\x00\x00\x00\x00", 8, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[QUIC_PACKET_ROOM];
		struct quic_packet packet = usual();
		struct quic_hello quic = { 0 };
		struct hello hello;
		packet.frames = (struct str){ rows[i].bytes, rows[i].len };
		size_t len = quic_packet_make(&packet, room);
		int rc = quic_hello_add(
		    &quic, (struct str){ (const char *)room, len }, &hello);
		if (rc != rows[i].rc)
			fail_msg("row %zu: %d", i, rc);
	}
}

/* A hello that two servers would read in two ways. */
static void
bytes_that_come_twice_are_the_same(void **state)
{
	struct quic_packet packet = usual();
	uint8_t room[QUIC_PACKET_ROOM];
	struct quic_hello quic = { 0 };
	struct hello hello;

	(void)state;
	assert_int_equal(
	    quic_hello_add(&quic, datagram_of(&packet, 0, 100, room), &hello),
	    -EAGAIN);
	message[90] ^= 1;
	assert_int_equal(
	    quic_hello_add(&quic,
		datagram_of(&packet, 90, message_len - 90, room), &hello),
	    -EBADMSG);
	message[90] ^= 1;
}

static void
another_connection(void **state)
{
	struct quic_packet packet = usual();
	uint8_t room[QUIC_PACKET_ROOM];
	struct quic_hello quic = { 0 };
	struct hello hello;

	(void)state;
	assert_int_equal(
	    quic_hello_add(&quic, datagram_of(&packet, 0, 100, room), &hello),
	    -EAGAIN);
	packet.id = STR("another");
	assert_int_equal(
	    quic_hello_add(&quic,
		datagram_of(&packet, 100, message_len - 100, room), &hello),
	    -EBADMSG);
	packet = usual();
	packet.version = 0x0a1a2a3a; /* grease: a server would offer others */
	assert_int_equal(
	    quic_hello_add(&quic, datagram_of(&packet, 0, 100, room), &hello),
	    -ENOTSUP);
}

/* Beside the connection of `id`, in the same flow. */
static void
another_that_begins(void **state)
{
	struct quic_packet packet = usual();
	uint8_t room[QUIC_PACKET_ROOM], all[2 * QUIC_PACKET_ROOM];
	struct str datagram = datagram_of(&packet, 0, 100, room);

	(void)state;
	assert_false(quic_begins_another(datagram, id()));
	assert_true(quic_begins_another(datagram, STR("another")));
	assert_true(quic_begins_another(datagram, STR("")));
	/* What a server has answered: its own id, and the keys of the first. */
	room[6] ^= 1;
	assert_false(quic_begins_another(datagram, id()));
	room[6] ^= 1;
	/* Behind one that is known. */
	memcpy(all, datagram.at, datagram.len);
	size_t len = datagram.len;
	packet.id = STR("another!");
	datagram = datagram_of(&packet, 0, message_len, room);
	memcpy(&all[len], datagram.at, datagram.len);
	len += datagram.len;
	assert_true(
	    quic_begins_another((struct str){ (const char *)all, len }, id()));
	/* Of a version whose keys nobody knows; a short head; nothing. */
	room[1] ^= 0x70;
	assert_true(quic_begins_another(datagram, id()));
	assert_false(quic_begins_another(STR("\x40 and so on"), id()));
	assert_false(quic_begins_another(STR(""), id()));
}

/* 0-RTT goes beside the flight in datagrams of its own. */
static void
shorter_ones_between(void **state)
{
	struct quic_packet packet = usual();
	uint8_t room[QUIC_PACKET_ROOM];
	struct quic_hello quic = { 0 };
	struct hello hello;

	(void)state;
	assert_int_equal(
	    quic_hello_add(&quic, datagram_of(&packet, 0, 100, room), &hello),
	    -EAGAIN);
	assert_int_equal(
	    quic_hello_add(&quic, STR("\xd0 early data"), &hello), -EAGAIN);
	assert_int_equal(
	    quic_hello_add(&quic,
		datagram_of(&packet, 100, message_len - 100, room), &hello),
	    0);
	assert_is_example(&hello);
}

static void
it_ends(void **state)
{
	struct quic_packet packet = usual();
	uint8_t room[QUIC_PACKET_ROOM];
	struct quic_hello quic = { 0 };
	struct hello hello;
	struct str datagram = datagram_of(&packet, 0, 100, room);

	(void)state;
	for (int i = 0; i < QUIC_HELLO_DATAGRAMS_MAX; i++)
		assert_int_equal(
		    quic_hello_add(&quic, datagram, &hello), -EAGAIN);
	assert_int_equal(quic_hello_add(&quic, datagram, &hello), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_the_examples),
		cmocka_unit_test(packets_of_the_examples),
		cmocka_unit_test(cut_anywhere_in_any_order),
		cmocka_unit_test(written_in_other_ways),
		cmocka_unit_test(several_in_a_datagram),
		cmocka_unit_test(no_byte_can_be_changed),
		cmocka_unit_test(shorter_ones),
		cmocka_unit_test(frames),
		cmocka_unit_test(bytes_that_come_twice_are_the_same),
		cmocka_unit_test(another_connection),
		cmocka_unit_test(another_that_begins),
		cmocka_unit_test(shorter_ones_between),
		cmocka_unit_test(it_ends),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
