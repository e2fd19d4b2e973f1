/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ClientHellos, one real and many built for the purpose: what is read out of
 * them, what is refused, and that it makes no difference how they arrive.
 */
#include "net/hello.h"
#include "base/text.h"
#include "harness.h"

/* ---- building hellos ---- */

static void
add_number(struct text *to, size_t value, size_t width)
{
	while (width-- > 0)
		text_addc(to, (char)(value >> 8 * width));
}

static void
add_vector(struct text *to, size_t width, struct str bytes)
{
	add_number(to, bytes.len, width);
	text_add(to, bytes);
}

static void
add_extension(struct text *to, size_t type, struct str data)
{
	add_number(to, type, 2);
	add_vector(to, 2, data);
}

/* A server_name extension with one entry. */
static void
add_name(struct text *to, size_t type, struct str name)
{
	struct text entry = TEXT_EMPTY, list = TEXT_EMPTY;

	add_number(&entry, type, 1);
	add_vector(&entry, 2, name);
	add_vector(&list, 2, text_str(&entry));
	add_extension(to, 0, text_str(&list));
	text_fini(&entry);
	text_fini(&list);
}

struct shape {
	size_t version;
	size_t legacy_id_len;
	struct str suites;
	struct str compression;
	bool no_extensions;
};

static const struct shape usual = {
	.version = 0x0303,
	.legacy_id_len = 32,
	.suites = STR_INIT("\x0a\x0a\x13\x01\x13\x02"), /* grease first */
	.compression = { "\0", 1 },
};

/* The handshake message with its header. */
static void
build_message(struct text *to, const struct shape *shape, struct str extensions)
{
	struct text body = TEXT_EMPTY;

	add_number(&body, shape->version, 2);
	text_pad(&body, 'r', 32);
	add_number(&body, shape->legacy_id_len, 1);
	text_pad(&body, 's', shape->legacy_id_len);
	add_vector(&body, 2, shape->suites);
	add_vector(&body, 1, shape->compression);
	if (!shape->no_extensions)
		add_vector(&body, 2, extensions);
	text_addc(to, 1);
	add_vector(to, 3, text_str(&body));
	text_fini(&body);
}

static void
add_record(struct text *to, struct str part)
{
	text_addc(to, 22);
	add_number(to, 0x0301, 2);
	add_vector(to, 2, part);
}

/* Cut into records of `size` bytes. */
static void
add_records(struct text *to, struct str message, size_t size)
{
	while (message.len > 0) {
		size_t n = message.len < size ? message.len : size;
		add_record(to, (struct str){ message.at, n });
		message = str_skip(message, n);
	}
}

static void
build(struct text *to, const struct shape *shape, struct str extensions)
{
	struct text message = TEXT_EMPTY;

	build_message(&message, shape, extensions);
	add_record(to, text_str(&message));
	text_fini(&message);
}

/*
 * On every prefix the answer is "more" until it is the final one; gives that.
 */
static int
parse(struct str bytes, struct hello *ret)
{
	int error = -EAGAIN;

	for (size_t len = 0; len <= bytes.len; len++) {
		/* Exactly so long, so that ASan sees a byte too far. */
		char *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, bytes.at, len);
		int now = hello_parse((struct str){ copy, len }, ret);
		free(copy);
		if (error != -EAGAIN)
			assert_int_equal(now, error);
		error = now;
	}
	return error;
}

static int
parse_extensions(struct str extensions, struct hello *ret)
{
	struct text wire = TEXT_EMPTY;
	int error;

	build(&wire, &usual, extensions);
	error = parse(text_str(&wire), ret);
	text_fini(&wire);
	return error;
}

/* ---- good ones ---- */

/* From openssl s_client 3.0 -servername www.example.com. */
static const char real_hello[] =
    "160301013c0100013803033c2ea907b580738ddca66180b9153a1dad1a4947e541d8a09f"
    "821f1409732b1520738917eef6216a3a8957091a719ca8004384531cdfa75c6d6192a0cc"
    "3edfd81e003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006b"
    "c023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000b1"
    "00000014001200000f7777772e6578616d706c652e636f6d000b000403000102000a0016"
    "0014001d0017001e0019001801000101010201030104002300000016000000170000000d"
    "002a0028040305030603080708080809080a080b08040805080604010501060103030301"
    "0302040205020602002b0009080304030303020301002d00020101003300260024001d00"
    "20a77da11870f436dbb96d973b85a07a40856694ea4d92e7db4ad50cefc0a74e29";

static void
a_real_hello_is_read(void **state)
{
	struct text wire = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(real_hello) - 1; i += 2) {
		char byte[3] = { real_hello[i], real_hello[i + 1], '\0' };
		text_addc(&wire, (char)strtoul(byte, NULL, 16));
	}
	assert_int_equal(parse(text_str(&wire), &hello), 0);
	assert_true(str_is(hello_server_name(&hello), "www.example.com"));
	assert_int_equal(hello.legacy_version, 0x0303);
	assert_false(hello.has_ech);
	assert_false(hello_offers(&hello, STR("h2")));
	text_fini(&wire);
}

/* What a browser sends: grease, unknown extensions, ALPN, ECH. */
static void
add_browser_extensions(struct text *to)
{
	add_extension(to, 0xbaba, STR(""));
	add_extension(to, 0x0017, STR(""));
	add_name(to, 0, STR("WWW.Example.COM"));
	add_extension(to, 0x0010, STR("\0\x0c\x02h2\x08http/1.1"));
	add_extension(to, 0xfe0d, STR("\0\0\1\0\1\x2a\0\0\0\0"));
	add_extension(to, 0x7a7a, STR("\0"));
}

static void
a_browsers_hello_is_read(void **state)
{
	struct text extensions = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	add_browser_extensions(&extensions);
	assert_int_equal(parse_extensions(text_str(&extensions), &hello), 0);
	assert_true(str_is(hello_server_name(&hello), "www.example.com"));
	assert_true(hello.has_ech);
	assert_true(hello_offers(&hello, STR("h2")));
	assert_true(hello_offers(&hello, STR("http/1.1")));
	assert_false(hello_offers(&hello, STR("http")));
	assert_false(hello_offers(&hello, STR("")));
	text_fini(&extensions);
}

static void
records_may_cut_it_anywhere(void **state)
{
	static const size_t sizes[] = { 7, 8, 40, 100, 150, 1000 };
	struct text extensions = TEXT_EMPTY, message = TEXT_EMPTY;

	(void)state;
	add_browser_extensions(&extensions);
	build_message(&message, &usual, text_str(&extensions));
	assert_true(message.len / sizes[0] < HELLO_RECORDS_MAX);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct text wire = TEXT_EMPTY;
		struct hello hello;
		add_records(&wire, text_str(&message), sizes[i]);
		assert_int_equal(parse(text_str(&wire), &hello), 0);
		assert_true(
		    str_is(hello_server_name(&hello), "www.example.com"));
		text_fini(&wire);
	}
	text_fini(&extensions);
	text_fini(&message);
}

static void
a_name_may_be_absent(void **state)
{
	struct shape old = usual;
	struct text wire = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	assert_int_equal(parse_extensions(STR(""), &hello), 0);
	assert_null(hello_server_name(&hello).at);
	old.no_extensions = true;
	old.version = 0x0301;
	old.legacy_id_len = 0;
	build(&wire, &old, STR(""));
	assert_int_equal(parse(text_str(&wire), &hello), 0);
	assert_null(hello_server_name(&hello).at);
	assert_int_equal(hello.legacy_version, 0x0301);
	assert_false(hello.has_ech);
	text_fini(&wire);
}

/* Early data and the like are the server's affair. */
static void
records_behind_it_are_not_looked_at(void **state)
{
	struct text wire = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	build(&wire, &usual, STR(""));
	text_add(&wire, STR("\x17\x03\x03\0\x05hello and more"));
	assert_int_equal(parse(text_str(&wire), &hello), 0);
	text_fini(&wire);
}

/* ---- bad ones ---- */

static void
names_are_checked(void **state)
{
	static const struct {
		size_t type;
		struct str name;
		int error;
	} rows[] = {
		{ 0, STR_INIT("a.example"), 0 },
		{ 0, STR_INIT("_x-1.example"), 0 },
		{ 0, STR_INIT("localhost"), 0 },
		{ 0, STR_INIT(""), -EBADMSG },
		{ 0, STR_INIT("a.example."), -EBADMSG },
		{ 0, STR_INIT("a..example"), -EBADMSG },
		{ 0, STR_INIT("a\0.example"), -EBADMSG },
		{ 0, STR_INIT("a b.example"), -EBADMSG },
		{ 0, STR_INIT("b\xc3\xbc.example"), -EBADMSG },
		{ 0, STR_INIT("192.0.2.1"), -EBADMSG },
		{ 0, STR_INIT("2001:db8::1"), -EBADMSG },
		{ 1, STR_INIT("a.example"), -EBADMSG },
		{ 255, STR_INIT("a.example"), -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text extensions = TEXT_EMPTY;
		struct hello hello;
		add_name(&extensions, rows[i].type, rows[i].name);
		assert_int_equal(
		    parse_extensions(text_str(&extensions), &hello),
		    rows[i].error);
		if (rows[i].error == 0)
			assert_true(
			    str_eq(hello_server_name(&hello), rows[i].name));
		text_fini(&extensions);
	}
}

/* Each is the extensions of a hello that is otherwise right. */
static void
malformed_extensions_are_refused(void **state)
{
	static const struct str rows[] = {
		/* server_name: no data, empty list, list too short and too
		 * long, entry without name, two entries, bytes behind. */
		STR_INIT("\0\0\0\0"),
		STR_INIT("\0\0\0\2\0\0"),
		STR_INIT("\0\0\0\6\0\3\0\0\1a"),
		STR_INIT("\0\0\0\6\0\5\0\0\1a"),
		STR_INIT("\0\0\0\3\0\1\0"),
		STR_INIT("\0\0\0\x0a\0\x08\0\0\1a\0\0\1b"),
		STR_INIT("\0\0\0\x0a\0\x08\0\0\1a\1\0\1b"),
		STR_INIT("\0\0\0\7\0\4\0\0\1ax"),
		/* server_name twice */
		STR_INIT("\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1a"),
		/* ALPN: no data, empty list, empty name, name too long,
		 * bytes behind, twice */
		STR_INIT("\0\x10\0\0"),
		STR_INIT("\0\x10\0\2\0\0"),
		STR_INIT("\0\x10\0\3\0\1\0"),
		STR_INIT("\0\x10\0\5\0\3\3h2"),
		STR_INIT("\0\x10\0\6\0\3\2h2x"),
		STR_INIT("\0\x10\0\5\0\3\2h2\0\x10\0\5\0\3\2h2"),
		/* ECH twice */
		STR_INIT("\xfe\x0d\0\0\xfe\x0d\0\0"),
		/* an extension that is cut off */
		STR_INIT("\0"),
		STR_INIT("\0\x17\0"),
		STR_INIT("\0\x17\0\1"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hello hello;
		assert_int_equal(parse_extensions(rows[i], &hello), -EBADMSG);
	}
}

static void
malformed_bodies_are_refused(void **state)
{
	struct shape rows[6];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i] = usual;
	rows[0].version = 0x0203;
	rows[1].legacy_id_len = 33;
	rows[2].suites = STR("");
	rows[3].suites = STR("\x13");
	rows[4].compression = STR("");
	rows[5].version = 0x0403;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text wire = TEXT_EMPTY;
		struct hello hello;
		build(&wire, &rows[i], STR(""));
		assert_int_equal(parse(text_str(&wire), &hello), -EBADMSG);
		text_fini(&wire);
	}
}

/* Bytes of a message that its own lengths do not account for. */
static void
lengths_that_disagree_are_refused(void **state)
{
	struct text message = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	build_message(&message, &usual, STR("\0\x17\0\0"));
	for (int by = -1; by <= 1; by += 2) {
		/* Of the message, with a record that fits it. */
		struct text wire = TEXT_EMPTY, changed = TEXT_EMPTY;
		text_add(&changed, text_str(&message));
		changed.at[3] = (char)(changed.at[3] + by);
		text_pad(&changed, 'x', by > 0 ? 1 : 0);
		add_record(&wire, (struct str){ changed.at,
				      (size_t)((int)message.len + by) });
		assert_int_equal(parse(text_str(&wire), &hello), -EBADMSG);
		text_fini(&wire);
		text_fini(&changed);
	}
	for (int by = -1; by <= 1; by += 2) {
		/* Of the extensions. */
		struct text wire = TEXT_EMPTY;
		add_record(&wire, text_str(&message));
		wire.at[wire.len - 5] = (char)(wire.at[wire.len - 5] + by);
		assert_int_equal(parse(text_str(&wire), &hello), -EBADMSG);
		text_fini(&wire);
	}
	text_fini(&message);
}

/* In one record with the hello, or begun in a further one. */
static void
nothing_may_follow_in_its_record(void **state)
{
	struct text message = TEXT_EMPTY, wire = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	build_message(&message, &usual, STR(""));
	text_addc(&message, 'x');
	add_record(&wire, text_str(&message));
	assert_int_equal(parse(text_str(&wire), &hello), -EBADMSG);
	text_clear(&wire);
	add_records(&wire, text_str(&message), message.len - 2);
	assert_int_equal(parse(text_str(&wire), &hello), -EBADMSG);
	text_fini(&wire);
	text_fini(&message);
}

static void
what_is_not_a_hello_is_refused_early(void **state)
{
	static const struct {
		struct str bytes;
		int error;
	} rows[] = {
		{ STR_INIT(""), -EAGAIN },
		{ STR_INIT("\x16"), -EAGAIN },
		{ STR_INIT("\x16\x03\x01\x02\x00"), -EAGAIN },
		{ STR_INIT("\x16\x03\x01\x02\x00\x01"), -EAGAIN },
		{ STR_INIT("G"), -EBADMSG },
		{ STR_INIT("SSH-2.0-x"), -EBADMSG },
		{ STR_INIT("\x15\x03\x01\x00\x02\x02\x28"), -EBADMSG },
		{ STR_INIT("\x16\x02"), -EBADMSG },
		/* an SSL 2 hello */
		{ STR_INIT("\x80\x2e\x01\x00\x02"), -EBADMSG },
		/* a ServerHello */
		{ STR_INIT("\x16\x03\x03\x00\x40\x02"), -EBADMSG },
		/* records empty and too large */
		{ STR_INIT("\x16\x03\x01\x00\x00"), -EBADMSG },
		{ STR_INIT("\x16\x03\x01\x40\x01"), -EBADMSG },
		/* an empty hello, and one above the limit */
		{ STR_INIT("\x16\x03\x01\x00\x04\x01\x00\x00\x00"), -EBADMSG },
		{ STR_INIT("\x16\x03\x01\x00\x64\x01\x00\x3f\xfd"), -EBADMSG },
		/* an alert between two records of a hello */
		{ STR_INIT("\x16\x03\x01\x00\x04\x01\x00\x00\x30\x15"),
		    -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hello hello;
		assert_int_equal(parse(rows[i].bytes, &hello), rows[i].error);
	}
}

static void
limits_are_exact(void **state)
{
	static const struct {
		size_t message_bytes, record_bytes;
		int error;
	} rows[] = {
		{ HELLO_BYTES_MAX, 16384, 0 },
		{ HELLO_BYTES_MAX, HELLO_BYTES_MAX / HELLO_RECORDS_MAX, 0 },
		{ HELLO_BYTES_MAX + 1, 16384, -EBADMSG },
		{ HELLO_RECORDS_MAX * 10, 10, 0 },
		{ HELLO_RECORDS_MAX * 10 + 1, 10, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text data = TEXT_EMPTY, extensions = TEXT_EMPTY;
		struct text message = TEXT_EMPTY, wire = TEXT_EMPTY;
		struct hello hello;
		build_message(&message, &usual, STR(""));
		/* An extension of padding (RFC 7685) fills it up. */
		text_pad(&data, 'p', rows[i].message_bytes - message.len - 4);
		add_extension(&extensions, 21, text_str(&data));
		text_clear(&message);
		build_message(&message, &usual, text_str(&extensions));
		assert_int_equal(message.len, rows[i].message_bytes);
		add_records(&wire, text_str(&message), rows[i].record_bytes);
		assert_int_equal(
		    hello_parse(text_str(&wire), &hello), rows[i].error);
		assert_true(
		    rows[i].error != 0 || wire.len <= HELLO_WIRE_BYTES_MAX);
		text_fini(&data);
		text_fini(&extensions);
		text_fini(&message);
		text_fini(&wire);
	}
}

/* The size is not known yet when the second record would pass the limit. */
static void
records_beyond_the_limit_are_refused(void **state)
{
	struct text wire = TEXT_EMPTY, large = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	text_pad(&large, 'x', 16384);
	add_record(&wire, STR("\1\0\x3f"));
	add_record(&wire, text_str(&large));
	assert_int_equal(hello_parse(text_str(&wire), &hello), -EBADMSG);
	text_fini(&wire);
	text_fini(&large);
}

static void
signatures_that_can_be_checked(void **state)
{
	const struct {
		struct str data;
		int error;
		size_t count;
	} rows[] = {
		{ STR("\0\4\4\3\10\4"), 0, 2 },
		{ STR("\0\2\4\3"), 0, 1 },
		{ STR("\0\0"), -EBADMSG, 0 },
		{ STR("\0\3\4\3\10"), -EBADMSG, 0 },
		{ STR("\0\4\4\3"), -EBADMSG, 0 },
		{ STR("\0\2\4\3\10"), -EBADMSG, 0 },
		{ STR(""), -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hello hello = { .signature_count = 0 }, added = hello;
		struct text extensions = TEXT_EMPTY;
		add_extension(&extensions, 13, rows[i].data);
		assert_int_equal(
		    parse_extensions(text_str(&extensions), &hello),
		    rows[i].error);
		assert_int_equal(hello.signature_count, rows[i].count);
		assert_int_equal(
		    hello_verifies(&hello, 0x0403), rows[i].error == 0);
		assert_false(hello_verifies(&hello, 0x0503));
		assert_int_equal(hello_add_extension(&added, 13, rows[i].data),
		    rows[i].error);
		text_fini(&extensions);
	}
}

/* Nobody is refused for it. */
static void
versions_that_are_offered(void **state)
{
	const struct {
		struct str data;
		bool offers_13;
	} rows[] = {
		{ STR("\2\3\4"), true },
		{ STR("\6\x1a\x1a\3\3\3\4"), true },
		{ STR("\4\3\3\3\2"), false },
		{ STR("\3\3\3\4"), false },
		{ STR("\4\3\4"), false },
		{ STR("\0"), false },
		{ STR(""), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text extensions = TEXT_EMPTY;
		struct hello hello;
		add_extension(&extensions, 43, rows[i].data);
		assert_int_equal(
		    parse_extensions(text_str(&extensions), &hello), 0);
		assert_int_equal(hello.offers_13, rows[i].offers_13);
		text_fini(&extensions);
	}
}

static void
many_signatures_are_cut(void **state)
{
	struct text list = TEXT_EMPTY, data = TEXT_EMPTY;
	struct text extensions = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	for (size_t i = 0; i <= HELLO_SIGNATURES_MAX; i++)
		text_add(&list, STR("\4\3"));
	add_vector(&data, 2, text_str(&list));
	add_extension(&extensions, 13, text_str(&data));
	assert_int_equal(parse_extensions(text_str(&extensions), &hello), 0);
	assert_int_equal(hello.signature_count, HELLO_SIGNATURES_MAX);
	text_fini(&list);
	text_fini(&data);
	text_fini(&extensions);
}

static void
many_protocols_are_cut_at_a_whole_name(void **state)
{
	struct text names = TEXT_EMPTY, list = TEXT_EMPTY;
	struct text extensions = TEXT_EMPTY;
	struct hello hello;

	(void)state;
	for (int i = 0; i < 40; i++)
		add_vector(&names, 1, STR("spdy/31"));
	add_vector(&names, 1, STR("h2"));
	add_vector(&list, 2, text_str(&names));
	add_extension(&extensions, 16, text_str(&list));
	assert_int_equal(parse_extensions(text_str(&extensions), &hello), 0);
	assert_int_equal(hello.alpn_len, HELLO_ALPN_BYTES_MAX);
	assert_true(hello_offers(&hello, STR("spdy/31")));
	assert_false(hello_offers(&hello, STR("h2")));
	text_fini(&names);
	text_fini(&list);
	text_fini(&extensions);
}

static void
looks_like_tls(void **state)
{
	static const struct {
		struct str bytes;
		bool looks;
	} rows[] = {
		{ STR_INIT(""), false },
		{ STR_INIT("\x16"), true },
		{ STR_INIT("\x16\x03"), true },
		{ STR_INIT("\x16\x03\x01\x00\xff"), true },
		{ STR_INIT("\x16\x03\x01\x00\xff\x01"), true },
		{ STR_INIT("\x16\x03\x01\x00\xff\x02"), false },
		{ STR_INIT("\x16\x02"), false },
		{ STR_INIT("\x17\x03\x03"), false },
		{ STR_INIT("GET / "), false },
		{ STR_INIT("\x05\x01\x00"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(
		    hello_looks_like_tls(rows[i].bytes), rows[i].looks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_hello_is_read),
		cmocka_unit_test(a_browsers_hello_is_read),
		cmocka_unit_test(records_may_cut_it_anywhere),
		cmocka_unit_test(a_name_may_be_absent),
		cmocka_unit_test(records_behind_it_are_not_looked_at),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(malformed_extensions_are_refused),
		cmocka_unit_test(malformed_bodies_are_refused),
		cmocka_unit_test(lengths_that_disagree_are_refused),
		cmocka_unit_test(nothing_may_follow_in_its_record),
		cmocka_unit_test(what_is_not_a_hello_is_refused_early),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(records_beyond_the_limit_are_refused),
		cmocka_unit_test(signatures_that_can_be_checked),
		cmocka_unit_test(many_signatures_are_cut),
		cmocka_unit_test(versions_that_are_offered),
		cmocka_unit_test(many_protocols_are_cut_at_a_whole_name),
		cmocka_unit_test(looks_like_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
