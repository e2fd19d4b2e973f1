/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_words, event_flow and log_logfmt: the exact text that is made of
 * an event, whatever a peer has sent.
 */
#include "cli/event_words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/event_flow.h"
#include "cli/log_logfmt.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* 2026-03-01T12:03:05Z, a Sunday */
#define NOW ((1772366400 + 185) * CLOCK_SECOND)

#define HEAD "{\"time\": \"2026-03-01T12:00:00.123456Z\", "

static const char request[] = HEAD
    "\"id\": \"019ca9450a7b5e0c41d9\", \"flow\": \"8f1d22c07ab3e915\", "
    "\"enforcer\": \"proxy\", \"phase\": \"request\", "
    "\"verdict\": \"allow\", \"rule\": {\"line\": 29, \"name\": \"pkg\"}, "
    "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
    "\"source\": \"10.0.0.4\", \"source_port\": 40112, "
    "\"destination\": \"192.0.2.80\", \"protocol\": \"tcp\", \"port\": 80, "
    "\"name\": \"pkg.example\", \"method\": \"GET\", "
    "\"url\": \"http://pkg.example/pool/\", \"user\": \"an\\\"na\", "
    "\"status\": 200, \"bytes\": {\"in\": 412, \"out\": 1258291}, "
    "\"duration_ms\": 34.567, \"reason\": null, "
    "\"parent\": {\"name\": \"corp\", \"server\": null}}";

static json_t *
load(const char *text)
{
	json_t *event = json_loads(text, 0, NULL);

	if (event == NULL)
		fail_msg("no JSON: %s", text);
	return event;
}

static void
assert_words(const char *text, bool colour, const char *want)
{
	struct text out = TEXT_EMPTY;
	json_t *event = load(text);

	event_words(event, NOW, colour, &out);
	assert_string_equal(out.at, want);
	json_decref(event);
	text_fini(&out);
}

static void
in_words(void **state)
{
	(void)state;
	assert_words(request, false,
	    "allow, 2026-03-01 12:00:00.123, 3m04s ago\n"
	    "\n"
	    "  from    lan 10.0.0.4:40112\n"
	    "  to      wan pkg.example:80 tcp, at 192.0.2.80\n"
	    "  asked   GET http://pkg.example/pool/\n"
	    "  user    \"an\\\"na\"\n"
	    "  decided by the proxy in phase request via corp\n"
	    "  answer  status 200, 412 bytes from the client and 1.2M to it, "
	    "took 34ms\n");
	assert_words(HEAD "\"verdict\": \"drop\", \"source\": \"10.0.0.4\", "
			  "\"reason\": \"spo\\u001bofed\"}",
	    true,
	    "\033[1;31mdrop\033[0m, 2026-03-01 12:00:00.123, 3m04s ago\n"
	    "\n"
	    "  from    10.0.0.4\n"
	    "  because spo\\x1bofed\n");
	assert_words(HEAD "\"kind\": \"dns\", \"verdict\": \"reject\", "
			  "\"source\": \"10.0.0.4\", \"source_port\": 5353, "
			  "\"destination\": \"10.0.0.1\", \"port\": 53, "
			  "\"protocol\": \"udp\", \"name\": \"ads.example\"}",
	    false,
	    "reject, 2026-03-01 12:00:00.123, 3m04s ago\n"
	    "\n"
	    "  from    10.0.0.4:5353\n"
	    "  asks    ads.example, of 10.0.0.1\n");
	assert_words(HEAD "\"verdict\": null, \"kind\": \"policy\"}", true,
	    "\033[1mpolicy\033[0m, 2026-03-01 12:00:00.123, 3m04s ago\n\n");
	assert_words(HEAD "\"verdict\": null, \"kind\": \"fault\"}", false,
	    "fault, 2026-03-01 12:00:00.123, 3m04s ago\n\n");
}

static void
assert_flow(const char *members, const char *want)
{
	struct text line = TEXT_EMPTY, out = TEXT_EMPTY;
	const char *why = NULL;

	text_addf(&line, HEAD "%s}", members);
	json_t *event = load(line.at);
	int rc = event_flow_write(event, &out, &why);
	assert_int_equal(rc, want[0] == '!' ? -EINVAL : 0);
	assert_string_equal(rc < 0 ? why : out.at, want + (rc < 0));
	json_decref(event);
	text_fini(&line);
	text_fini(&out);
}

#define LAN  "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
#define FROM "\"source\": \"10.0.0.4\", \"protocol\": \"tcp\", "

static void
as_a_flow(void **state)
{
	static const char *const rows[][2] = {
		{ LAN FROM "\"destination\": \"192.0.2.1\", \"port\": 25",
		    "lan 10.0.0.4 -> wan 192.0.2.1 tcp 25 at sun 12:00" },
		{ LAN FROM "\"name\": \"a.example\", \"port\": 443, "
			   "\"method\": \"CONNECT\", \"user\": \"anna b\"",
		    "lan 10.0.0.4 -> wan a.example tcp 443 method CONNECT user "
		    "\"anna b\" at sun 12:00" },
		{ LAN FROM "\"destination\": \"192.0.2.1\", \"port\": 80, "
			   "\"name\": \"a.example\", \"method\": \"GET\", "
			   "\"url\": \"http://a.example/x#y\"",
		    "lan 10.0.0.4 -> wan http://a.example/x#y address "
		    "192.0.2.1 method GET at sun 12:00" },
		/* What would say something else is left out. */
		{ LAN FROM "\"name\": \"a.example\", \"port\": 80, "
			   "\"url\": \"http://a.example/x y\", "
			   "\"user\": \"a\\\" method GET\", "
			   "\"method\": \"GET \\\"\"",
		    "lan 10.0.0.4 -> wan a.example tcp 80 at sun 12:00" },
		{ "\"zone\": {\"from\": \"self\", \"to\": \"wan\"}, " FROM
		  "\"destination\": \"192.0.2.1\", \"port\": 53",
		    "self -> wan 192.0.2.1 tcp 53 at sun 12:00" },
		{ "\"zone\": {\"from\": \"wan\", \"to\": \"self\"}, " FROM
		  "\"destination\": \"192.0.2.1\", \"port\": 22",
		    "wan 10.0.0.4 -> self 192.0.2.1 tcp 22 at sun 12:00" },
		{ "\"source\": \"2001:db8::1\", \"protocol\": \"icmpv6\", "
		  "\"destination\": \"2001:db8::2\"",
		    "2001:db8::1 -> 2001:db8::2 icmp at sun 12:00" },
		{ LAN FROM "\"name\": \"a\\nb\", \"port\": 80",
		    "!its flow cannot be written in the words of a policy" },
		{ "\"source\": \"10.0.0.4\", \"protocol\": \"tp++\", "
		  "\"destination\": \"192.0.2.1\"",
		    "!its flow cannot be written in the words of a policy" },
		{ "\"reason\": \"the policy has changed\"",
		    "!it is not of one flow" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_flow(rows[i][0], rows[i][1]);
}

static void
assert_logfmt(const char *text, const char *want)
{
	struct text out = TEXT_EMPTY;
	json_t *event = load(text);

	log_logfmt(event, &out);
	assert_string_equal(out.at, want);
	json_decref(event);
	text_fini(&out);
}

static void
as_pairs(void **state)
{
	(void)state;
	assert_logfmt(request,
	    "time=2026-03-01T12:00:00.123456Z id=019ca9450a7b5e0c41d9 "
	    "flow=8f1d22c07ab3e915 enforcer=proxy phase=request verdict=allow "
	    "rule.line=29 rule.name=pkg zone.from=lan zone.to=wan "
	    "source=10.0.0.4 source_port=40112 destination=192.0.2.80 "
	    "protocol=tcp port=80 name=pkg.example method=GET "
	    "url=http://pkg.example/pool/ user=\"an\\\"na\" status=200 "
	    "bytes.in=412 bytes.out=1258291 duration_ms=34.567 "
	    "parent.name=corp");
	assert_logfmt(
	    "{\"a\": \"\", \"b\": \"x y\", \"c\": \"p=q\", "
	    "\"d\": \"\\\\\", \"e\": \"\\u001b\\n\", \"f\": \"\\u00e9\", "
	    "\"g\": \"\\u202e\", \"h\": true, \"i\": null, \"j\": [1], "
	    "\"k \\u001b=\": 1}",
	    "a=\"\" b=\"x y\" c=\"p=q\" d=\"\\\\\" e=\"\\u001b\\u000a\" "
	    "f=\"\xc3\xa9\" g=\"\\u202e\" h=true k___=1");
}

static int
in_utc(void **state)
{
	(void)state;
	return setenv("TZ", "UTC0", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_words),
		cmocka_unit_test(as_a_flow),
		cmocka_unit_test(as_pairs),
	};

	return cmocka_run_group_tests(tests, in_utc, NULL);
}
