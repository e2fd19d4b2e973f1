/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which texts are names of hosts, and how they come out.
 */
#include "base/hostname.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LABEL_63                                                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61

static void
good_names_come_out_in_lower_case(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "example.com", "example.com" },
		{ "WWW.Example.COM", "www.example.com" },
		{ "localhost", "localhost" },
		{ "_sip._tcp.example.com", "_sip._tcp.example.com" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "-odd-.example.com", "-odd-.example.com" },
		{ "1.2.3.example", "1.2.3.example" },
		{ "3com", "3com" },
		{ LABEL_63, LABEL_63 },
		{ NAME_253, NAME_253 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[HOSTNAME_MAX + 1];
		struct str name;
		assert_int_equal(
		    hostname_parse(str_of(rows[i].in), out, &name), 0);
		assert_string_equal(out, rows[i].out);
		assert_ptr_equal(name.at, out);
		assert_int_equal(name.len, strlen(rows[i].out));
	}
}

static void
bad_names_are_refused(void **state)
{
	static const struct str rows[] = {
		STR_INIT(""),
		STR_INIT("."),
		STR_INIT(".example.com"),
		STR_INIT("example.com."),
		STR_INIT("example..com"),
		STR_INIT("exa mple.com"),
		STR_INIT("example.com\n"),
		STR_INIT("exa\0mple.com"),
		STR_INIT("b\xc3\xbc"
			 "cher.example"),
		STR_INIT("*.example.com"),
		STR_INIT("example.com:443"),
		STR_INIT("user@example.com"),
		STR_INIT("192.0.2.1"),
		STR_INIT("1"),
		STR_INIT("example.0"),
		STR_INIT("2001:db8::1"),
		STR_INIT("[2001:db8::1]"),
		STR_INIT(LABEL_63 "a"),
		STR_INIT(NAME_253 "a"),
		{ NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[HOSTNAME_MAX + 1];
		struct str name;
		assert_int_equal(hostname_parse(rows[i], out, &name), -EINVAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names_come_out_in_lower_case),
		cmocka_unit_test(bad_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
