/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LABEL_63                                                               \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define NAME_253                                                               \
	LABEL_63                                                               \
	"." LABEL_63 "." LABEL_63                                              \
	".abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"

_Static_assert(sizeof(LABEL_63) == 63 + 1, "a label of 63 bytes");
_Static_assert(sizeof(NAME_253) == 253 + 1, "a name of 253 bytes");

static void
names_have_one_spelling(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "example.com", "example.com" },
		{ "EXAMPLE.Com", "example.com" },
		{ "example.com.", "example.com" },
		{ "EXAMPLE.COM.", "example.com" },
		{ "localhost", "localhost" },
		{ "a", "a" },
		{ "_dmarc.example.com", "_dmarc.example.com" },
		{ "xn--mnchen-3ya.example", "xn--mnchen-3ya.example" },
		{ "-a-.example", "-a-.example" },
		{ "1.2.3.4.example", "1.2.3.4.example" },
		{ "0x7f.example", "0x7f.example" },
		{ "4.in-addr.arpa", "4.in-addr.arpa" },
		{ "0xg", "0xg" },
		{ "0xfg.", "0xfg" },
		{ "1a", "1a" },
		{ "00x1", "00x1" },
		{ "1.2.3.4a", "1.2.3.4a" },
		{ "127-0-0-1", "127-0-0-1" },
		{ "3com", "3com" },
		{ LABEL_63 ".example", LABEL_63 ".example" },
		{ NAME_253, NAME_253 },
		{ NAME_253 ".", NAME_253 },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http_fault fault;
		struct http_host host;
		assert_int_equal(http_host_parse(str_of(cases[i].text), &arena,
				     &host, &fault),
		    0);
		assert_true(str_is(host.text, cases[i].want));
		assert_true(http_host_is_name(&host));
	}
	arena_fini(&arena);
}

static void
addresses_are_known_as_such(void **state)
{
	static const char *const cases[] = { "192.0.2.1", "0.0.0.0",
		"255.255.255.255", "127.0.0.1", "10.0.0.1" };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1024);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http_fault fault;
		struct http_host host;
		struct address want;
		assert_int_equal(address_parse(str_of(cases[i]), &want), 0);
		assert_int_equal(
		    http_host_parse(str_of(cases[i]), &arena, &host, &fault),
		    0);
		assert_true(str_is(host.text, cases[i]));
		assert_true(address_eq(host.address, want));
	}
	arena_fini(&arena);
}

static void
all_else_is_refused(void **state)
{
	static const struct {
		struct str text;
		enum http_fault want;
	} cases[] = {
		{ STR_INIT(""), HTTP_FAULT_HOST },
		{ STR_INIT("."), HTTP_FAULT_HOST },
		{ STR_INIT(".."), HTTP_FAULT_HOST },
		{ STR_INIT(".example"), HTTP_FAULT_HOST },
		{ STR_INIT("a..example"), HTTP_FAULT_HOST },
		{ STR_INIT("example.."), HTTP_FAULT_HOST },
		{ STR_INIT("a b"), HTTP_FAULT_HOST },
		{ STR_INIT(" a"), HTTP_FAULT_HOST },
		{ STR_INIT("a "), HTTP_FAULT_HOST },
		{ STR_INIT("a,b"), HTTP_FAULT_HOST },
		{ STR_INIT("a.example,b.example"), HTTP_FAULT_HOST },
		{ STR_INIT("a%2eexample"), HTTP_FAULT_HOST },
		{ STR_INIT("%65xample.com"), HTTP_FAULT_HOST },
		{ STR_INIT("a@b"), HTTP_FAULT_HOST },
		{ STR_INIT("a:80"), HTTP_FAULT_HOST },
		{ STR_INIT("a/b"), HTTP_FAULT_HOST },
		{ STR_INIT("a\\b"), HTTP_FAULT_HOST },
		{ STR_INIT("a?b"), HTTP_FAULT_HOST },
		{ STR_INIT("a#b"), HTTP_FAULT_HOST },
		{ STR_INIT("a\0b"), HTTP_FAULT_HOST },
		{ STR_INIT("a\r\nb"), HTTP_FAULT_HOST },
		{ STR_INIT("a\tb"), HTTP_FAULT_HOST },
		{ STR_INIT("a\x7f"), HTTP_FAULT_HOST },
		{ STR_INIT("m\xc3\xbcnchen.example"), HTTP_FAULT_HOST },
		{ STR_INIT("a\xe3\x80\x82"
			   "example"),
		    HTTP_FAULT_HOST },
		{ STR_INIT("[2001:db8::1]"), HTTP_FAULT_HOST },
		{ STR_INIT("2001:db8::1"), HTTP_FAULT_HOST },
		{ STR_INIT("a;b"), HTTP_FAULT_HOST },
		{ STR_INIT("a'b"), HTTP_FAULT_HOST },
		{ STR_INIT("*.example"), HTTP_FAULT_HOST },
		{ STR_INIT("$host"), HTTP_FAULT_HOST },
		{ STR_INIT("{a}"), HTTP_FAULT_HOST },
		{ STR_INIT(LABEL_63 "x.example"), HTTP_FAULT_HOST },
		{ STR_INIT("a." LABEL_63 "x"), HTTP_FAULT_HOST },
		{ STR_INIT(NAME_253 "x"), HTTP_FAULT_HOST },
		{ STR_INIT("127.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("127.0.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("0x7f.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("0x7f000001"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("0X7F000001"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("127.0.0.0x1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("a.0x"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("2130706433"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("017700000001"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("0"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("010.0.0.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("10.0.0.01"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("10.0.0.001"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("00.0.0.0"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("256.0.0.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("10.0.0.256"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("10.0.0.1."), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("10.0.0.1.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("1.2.3.4.5"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("example.1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("example.0x1"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("example.1."), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("4294967296"), HTTP_FAULT_HOST_NUMBER },
		{ STR_INIT("99999999999999999999"), HTTP_FAULT_HOST_NUMBER },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1024);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http_fault fault = HTTP_FAULT_COUNT;
		struct http_host host;
		int error =
		    http_host_parse(cases[i].text, &arena, &host, &fault);
		if (error != -EBADMSG || fault != cases[i].want)
			fail_msg("'%.*s': %d, %s", STR_ARG(cases[i].text),
			    error,
			    fault < HTTP_FAULT_COUNT ? http_fault_word(fault)
						     : "none");
	}
	arena_fini(&arena);
}

static void
ipv6_has_one_spelling(void **state)
{
	static const struct {
		const char *text, *want;
		int family;
	} cases[] = {
		{ "2001:db8::1", "2001:db8::1", ADDRESS_IPV6 },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1", ADDRESS_IPV6 },
		{ "2001:0db8::0001", "2001:db8::1", ADDRESS_IPV6 },
		{ "::", "::", ADDRESS_IPV6 },
		{ "::1", "::1", ADDRESS_IPV6 },
		/* An address has one family: no rule is evaded by the other. */
		{ "::ffff:192.0.2.1", "192.0.2.1", ADDRESS_IPV4 },
		{ "::FFFF:c000:201", "192.0.2.1", ADDRESS_IPV4 },
		{ "0:0:0:0:0:ffff:7f00:1", "127.0.0.1", ADDRESS_IPV4 },
	};
	static const char *const bad[] = { "", "192.0.2.1", "fe80::1%eth0",
		"fe80::1%25eth0", "v1.fe80", "2001:db8::1 ", "::1::", ":",
		"1:2:3:4:5:6:7:8:9", "12345::", "[::1]", "::g", "example.com" };
	struct arena arena;
	enum http_fault fault;
	struct http_host host;

	(void)state;
	arena_init(&arena, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(http_host_parse_ipv6(str_of(cases[i].text),
				     &arena, &host, &fault),
		    0);
		assert_true(str_is(host.text, cases[i].want));
		assert_int_equal(host.address.family, cases[i].family);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
		    http_host_parse_ipv6(str_of(bad[i]), &arena, &host, &fault),
		    -EBADMSG);
		assert_int_equal(fault, HTTP_FAULT_HOST);
	}
	arena_fini(&arena);
}

static void
canonical_text_is_lent_and_other_needs_memory(void **state)
{
	struct str canonical = STR("example.com.");
	struct arena none;
	enum http_fault fault;
	struct http_host host;

	(void)state;
	arena_init(&none, 0);
	assert_int_equal(http_host_parse(canonical, &none, &host, &fault), 0);
	assert_ptr_equal(host.text.at, canonical.at);
	assert_int_equal(host.text.len, canonical.len - 1);
	assert_int_equal(
	    http_host_parse(STR("Example.com"), &none, &host, &fault), -ENOMEM);
	assert_int_equal(
	    http_host_parse_ipv6(STR("::1"), &none, &host, &fault), -ENOMEM);
	arena_fini(&none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_one_spelling),
		cmocka_unit_test(addresses_are_known_as_such),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(ipv6_has_one_spelling),
		cmocka_unit_test(canonical_text_is_lent_and_other_needs_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
