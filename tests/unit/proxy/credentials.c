/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/credentials.h"

#include "../net/harness.h"

#include <errno.h>

static void
basic(void **state)
{
	static const struct {
		const char *value;
		int rc;
		const char *name, *password;
	} rows[] = {
		/* RFC 7617, 2 and 2.1 */
		{ "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", 0, "Aladdin",
		    "open sesame" },
		{ "Basic dGVzdDoxMjPCow==", 0, "test", "123\xc2\xa3" },
		{ "bAsIc   YTpi", 0, "a", "b" },
		{ "Basic YTo=", 0, "a", "" },
		{ "Basic OmI=", 0, "", "b" },
		{ "Basic YTpiOmM=", 0, "a", "b:c" },
		{ "Basic YQ==", -EBADMSG, NULL, NULL },     /* no colon */
		{ "Basic YTpiAGM=", -EBADMSG, NULL, NULL }, /* a NUL */
		{ "Basic YTo", -EBADMSG, NULL, NULL },      /* not padded */
		{ "Basic YTp=", -EBADMSG, NULL, NULL },     /* stray bits */
		{ "Basic YT=i", -EBADMSG, NULL, NULL },
		{ "Basic YTo=YTo=", -EBADMSG, NULL, NULL },
		{ "Basic ====", -EBADMSG, NULL, NULL },
		{ "Basic YT-_", -EBADMSG, NULL, NULL },
		{ "Basic YTpi YTpi", -EBADMSG, NULL, NULL },
		{ "Basic", -EBADMSG, NULL, NULL },
		{ "Basic ", -EBADMSG, NULL, NULL },
		{ "", -ENOTSUP, NULL, NULL },
		{ "Basics YTpi", -ENOTSUP, NULL, NULL },
		{ "Digest username=\"a\"", -ENOTSUP, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct credentials read;
		int rc = credentials_parse_basic(str_of(rows[i].value), &read);
		if (rc != rows[i].rc)
			fail_msg("row %zu: %d", i, rc);
		if (rc < 0)
			continue;
		struct str name = { read.name, read.name_len };
		assert_true(str_is(name, rows[i].name));
		assert_string_equal(read.password, rows[i].password);
		assert_int_equal(read.password_len, strlen(rows[i].password));
	}
}

/* 255 bytes of either, as SOCKS has it, and not one more. */
static void
basic_of_any_length(void **state)
{
	char value[1100] = "Basic ";
	struct credentials read;

	(void)state;
	for (size_t groups = 0; groups < 250; groups++) {
		/* "aaa" ... and then "a:b" */
		char *at = value + strlen("Basic ");
		for (size_t i = 0; i < groups; i++, at += 4)
			memcpy(at, "YWFh", 4);
		memcpy(at, "YTpi", 5);
		int rc = credentials_parse_basic(str_of(value), &read);
		size_t len = 3 * groups + 1;
		assert_int_equal(
		    rc, len <= CREDENTIALS_TEXT_MAX ? 0 : -EBADMSG);
		if (rc == 0)
			assert_int_equal(read.name_len, len);
	}
}

static void
socks(void **state)
{
	static const struct {
		struct str bytes;
		int rc;
		const char *name, *password;
	} rows[] = {
		{ STR_INIT("\1\1a\1b"), 5, "a", "b" },
		{ STR_INIT("\1\1a\1bmore"), 5, "a", "b" },
		{ STR_INIT("\1\0\0"), 3, "", "" },
		{ STR_INIT("\1\1a\0"), 4, "a", "" },
		{ STR_INIT("\1\1a\2b\0"), -EBADMSG, NULL, NULL },
		{ STR_INIT("\5\1a\1b"), -EBADMSG, NULL, NULL },
		{ STR_INIT("\0"), -EBADMSG, NULL, NULL },
		{ STR_INIT(""), -EAGAIN, NULL, NULL },
		{ STR_INIT("\1"), -EAGAIN, NULL, NULL },
		{ STR_INIT("\1\1a"), -EAGAIN, NULL, NULL },
		{ STR_INIT("\1\1a\1"), -EAGAIN, NULL, NULL },
		{ STR_INIT("\1\xff"
			   "a"),
		    -EAGAIN, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct credentials read;
		int rc = credentials_parse_socks(rows[i].bytes, &read);
		if (rc != rows[i].rc)
			fail_msg("row %zu: %d", i, rc);
		if (rc < 0)
			continue;
		struct str name = { read.name, read.name_len };
		assert_true(str_is(name, rows[i].name));
		assert_string_equal(read.password, rows[i].password);
	}
}

static void
nothing_is_left_of_them(void **state)
{
	struct credentials read;
	static const struct credentials none;

	(void)state;
	assert_int_equal(credentials_parse_basic(STR("Basic YTpi"), &read), 0);
	credentials_wipe(&read);
	assert_memory_equal(&read, &none, sizeof(read));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic),
		cmocka_unit_test(basic_of_any_length),
		cmocka_unit_test(socks),
		cmocka_unit_test(nothing_is_left_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
