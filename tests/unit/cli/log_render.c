/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_render: the exact line for each kind of event, and that no line of
 * any content gets a control to the terminal or a second line to the reader.
 */
#include "cli/log_render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/columns.h"
#include "console/journal.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* 2026-03-01T12:00:00.123456Z */
#define TIME (1772366400 * CLOCK_SECOND + 123456789)

#define HEAD "{\"time\": \"2026-03-01T12:00:00.123456Z\", "

static int
in_time_zone(const char *zone)
{
	int rc = setenv("TZ", zone, 1);

	tzset();
	return rc;
}

static int
in_utc(void **state)
{
	(void)state;
	return in_time_zone("UTC0");
}

static struct address
address(const char *text)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

/* False, and nothing added: no event. */
static bool
render(struct str line, const struct log_look *look, struct text *out)
{
	json_t *event = json_loadb(
	    line.at != NULL ? line.at : "", line.len, JSON_ALLOW_NUL, NULL);
	bool good = log_render(event, look, out);

	json_decref(event);
	return good;
}

static const struct log_look plain = { .colour = false };

static void
assert_rendered(struct str line, bool colour, const char *want)
{
	const struct log_look look = { .colour = colour };
	struct text out = TEXT_EMPTY;

	assert_true(render(line, &look, &out));
	text_addz(&out, "");
	assert_string_equal(out.at, want);
	text_fini(&out);
}

/* From the record over the journal's line to what a person reads. */
static void
assert_event(const struct event *event, const char *want)
{
	struct text line = TEXT_EMPTY;

	journal_line(event, &line);
	assert_rendered(text_str(&line), false, want);
	text_fini(&line);
}

static struct event
packet(void)
{
	return (struct event){
		.time = TIME,
		.flow = 1,
		.enforcer = "firewall",
		.phase = "packet",
		.verdict = "drop",
		.rule_line = 43,
		.zone_from = STR("guest"),
		.zone_to = STR("lan"),
		.source = { address("10.0.9.4"), 50123 },
		.destination = address("10.0.0.200"),
		.protocol = "tcp",
		.port = 9100,
	};
}

static struct event
tunnel(void)
{
	struct event event = packet();

	event.enforcer = "proxy";
	event.phase = "name";
	event.verdict = "allow";
	event.rule_line = 12;
	event.zone_from = STR("lan");
	event.zone_to = STR("wan");
	event.source.address = address("10.0.0.4");
	event.destination = address("192.0.2.80");
	event.port = 443;
	event.name = STR("www.example.com");
	event.method = STR("CONNECT");
	event.status = 200;
	event.measured = true;
	event.bytes_in = 412;
	event.bytes_out = 1258291;
	event.duration = 34567890;
	return event;
}

static struct event
request(void)
{
	struct event event = tunnel();

	event.phase = "request";
	event.port = 80;
	event.method = STR("GET");
	event.url = STR("http://www.example.com/");
	return event;
}

static void
packets(void **state)
{
	struct event event = packet();

	(void)state;
	assert_event(&event,
	    "12:00:00.123 drop   guest 10.0.9.4 -> lan 10.0.0.200:9100 tcp "
	    "firewall/packet line 43");
	event.rule_name = STR("printers");
	event.source.address = address("2001:db8:1::4");
	event.destination = address("2001:db8::200");
	assert_event(&event,
	    "12:00:00.123 drop   guest 2001:db8:1::4 -> lan "
	    "[2001:db8::200]:9100 tcp firewall/packet \"printers\" (line 43)");
	event.protocol = "icmpv6";
	event.port = 0;
	event.rule_line = 0;
	event.rule_name = (struct str){ NULL, 0 };
	event.zone_to = (struct str){ NULL, 0 };
	event.verdict = "reject";
	event.reason = "needs the proxy";
	assert_event(&event,
	    "12:00:00.123 reject guest 2001:db8:1::4 -> 2001:db8::200 icmpv6 "
	    "firewall/packet needs the proxy");
}

static void
tunnels(void **state)
{
	struct event event = tunnel();

	(void)state;
	assert_event(&event,
	    "12:00:00.123 allow  lan 10.0.0.4 -> wan www.example.com:443 tcp "
	    "proxy/name line 12 200 412/1.2M 34ms");
	event.verdict = "reject";
	event.name = STR("tracker.example");
	event.destination = (struct address){ 0 };
	event.rule_name = STR("ads");
	event.rule_line = 31;
	event.status = 403;
	event.measured = false;
	assert_event(&event,
	    "12:00:00.123 reject lan 10.0.0.4 -> wan tracker.example:443 tcp "
	    "proxy/name \"ads\" (line 31) 403");
	event.rule_line = 0;
	event.user = STR("anna");
	assert_event(&event,
	    "12:00:00.123 reject lan 10.0.0.4 user \"anna\" -> wan "
	    "tracker.example:443 tcp proxy/name \"ads\" 403");
}

static void
requests(void **state)
{
	struct event event = request();

	(void)state;
	assert_event(&event,
	    "12:00:00.123 allow  lan 10.0.0.4 -> wan http://www.example.com/ "
	    "proxy/request line 12 200 412/1.2M 34ms");
	event.method = STR("POST");
	event.status = 502;
	event.reason = "the server did not answer";
	assert_event(&event,
	    "12:00:00.123 allow  lan 10.0.0.4 -> wan POST "
	    "http://www.example.com/ proxy/request line 12 502 412/1.2M 34ms "
	    "the server did not answer");
	event.protocol = "udp";
	event.method = (struct str){ NULL, 0 };
	event.reason = NULL;
	assert_event(&event,
	    "12:00:00.123 allow  lan 10.0.0.4 -> wan http://www.example.com/ "
	    "udp proxy/request line 12 502 412/1.2M 34ms");
}

/* A name is asked for; nobody goes to it. */
static void
questions(void **state)
{
	const struct log_look narrow = { .columns = 60 };
	struct event event = tunnel();
	struct text line = TEXT_EMPTY, out = TEXT_EMPTY;

	(void)state;
	event.kind = EVENT_KIND_DNS;
	event.verdict = "reject";
	event.destination = address("10.0.0.1");
	event.port = 53;
	event.protocol = "udp";
	event.method = (struct str){ NULL, 0 };
	event.zone_to = (struct str){ NULL, 0 };
	event.status = 0;
	event.measured = false;
	assert_event(&event,
	    "12:00:00.123 reject lan 10.0.0.4 asks www.example.com "
	    "proxy/name line 12");
	event.name = STR("a-name-of-many-labels.of.which.only.the.last."
			 "tell.whose.it.is.example");
	journal_line(&event, &line);
	assert_true(render(text_str(&line), &narrow, &out));
	text_addz(&out, "");
	assert_string_equal(out.at,
	    "12:00:00 reject lan 10.0.0.4 asks …ose.it.is.example line 12");
	text_fini(&line);
	text_fini(&out);
}

/* What tells of the gateway itself was not decided of any flow. */
static void
of_the_gateway(void **state)
{
	const struct event event = {
		.time = TIME,
		.kind = EVENT_KIND_POLICY,
		.reason = "the policy office.policy is in force",
	};

	(void)state;
	assert_event(
	    &event, "12:00:00.123 policy the policy office.policy is in force");
}

/* What is seen most fits where people look. */
static void
common_lines_fit(void **state)
{
	const struct event a = packet(), b = tunnel(), c = request();
	const struct event *const events[] = { &a, &b, &c };

	(void)state;
	for (size_t i = 0; i < ROWS(events); i++) {
		struct text line = TEXT_EMPTY, out = TEXT_EMPTY;
		journal_line(events[i], &line);
		(void)render(text_str(&line), &plain, &out);
		assert_in_range(out.len, 80, 104);
		text_fini(&line);
		text_fini(&out);
	}
}

static void
nothing_known(void **state)
{
	const struct event event = { .time = TIME, .verdict = "drop" };

	(void)state;
	assert_event(&event, "12:00:00.123 drop   ? -> ?");
}

static void
suppressed(void **state)
{
	struct event event = packet();

	(void)state;
	event.source = (struct address_port){ 0 };
	event.destination = (struct address){ 0 };
	event.protocol = NULL;
	event.port = 0;
	event.suppressed = 12345;
	event.reason = "and 12345 more of these were not logged";
	assert_event(&event,
	    "12:00:00.123 drop   guest -> lan firewall/packet line 43 "
	    "and 12345 more of these were not logged");
	event.zone_to = (struct str){ NULL, 0 };
	assert_event(&event,
	    "12:00:00.123 drop   guest -> ? firewall/packet line 43 "
	    "and 12345 more of these were not logged");
}

static void
parts(void **state)
{
	static const struct {
		const char *members, *want;
	} rows[] = {
		{ "\"port\": 53", "? -> ?:53" },
		{ "\"enforcer\": \"proxy\"", "? -> ? proxy/?" },
		{ "\"phase\": \"name\"", "? -> ? ?/name" },
		{ "\"rule\": {\"line\": 3}", "? -> ? line 3" },
		{ "\"rule\": {\"name\": \"a\"}", "? -> ? \"a\"" },
		{ "\"rule\": {}", "? -> ?" },
		{ "\"parent\": {\"name\": \"corp\"}, \"status\": 200",
		    "? -> ? via corp 200" },
		{ "\"parent\": {\"server\": \"x\"}", "? -> ?" },
		{ "\"protocol\": \"tcp\", \"flags\": \"syn,ack\"",
		    "? -> ? tcp syn,ack" },
		{ "\"protocol\": \"tcp\", \"flags\": \"syn\"", "? -> ? tcp" },
		{ "\"flags\": \"\\u001b x\"", "? -> ? \\x1b\\x20x" },
		{ "\"flags\": 2", "? -> ?" },
		{ "\"bytes\": {\"in\": 1}", "? -> ?" },
		{ "\"bytes\": {\"in\": 1, \"out\": 2}", "? -> ? 1/2" },
		/* Of another type than promised: as if it were not there. */
		{ "\"port\": \"53\", \"source\": 5, \"rule\": [], "
		  "\"zone\": 1, \"url\": {}, \"status\": 1.5, "
		  "\"bytes\": {\"in\": \"1\", \"out\": null}, "
		  "\"duration_ms\": \"1\", \"reason\": false, "
		  "\"parent\": {\"name\": 1}",
		    "? -> ?" },
		{ "\"status\": -1, \"port\": -1, \"rule\": {\"line\": -1}, "
		  "\"duration_ms\": -1.5, \"bytes\": {\"in\": -1, \"out\": 1}",
		    "? -> ?" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char line[400], want[80];
		(void)snprintf(line, sizeof(line),
		    HEAD "\"verdict\": \"drop\", %s}", rows[i].members);
		(void)snprintf(
		    want, sizeof(want), "12:00:00.123 drop   %s", rows[i].want);
		assert_rendered(str_of(line), false, want);
	}
}

static void
sizes_and_durations(void **state)
{
	static const struct {
		const char *bytes, *duration, *want;
	} rows[] = {
		{ "0", "0.000", "0/0 0.0ms" },
		{ "1", "0.999", "1/1 0.9ms" },
		{ "1023", "9.990", "1023/1023 9.9ms" },
		{ "1024", "10.000", "1.0k/1.0k 10ms" },
		{ "10239", "999.999", "10k/10k 999ms" },
		{ "10188", "100", "9.9k/9.9k 100ms" },
		{ "10240", "1000", "10k/10k 1.0s" },
		{ "1048575", "59999.000", "1024k/1024k 59.9s" },
		{ "1048576", "60000.000", "1.0M/1.0M 1m00s" },
		{ "5368709120", "3599999.0", "5.0G/5.0G 59m59s" },
		{ "1099511627776", "3600000.000", "1.0T/1.0T 1h00m" },
		{ "9223372036854775807", "360000000.5", "8.0E/8.0E 100h00m" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char line[400], want[80];
		(void)snprintf(line, sizeof(line),
		    HEAD "\"verdict\": \"allow\", "
			 "\"bytes\": {\"in\": %s, \"out\": %s}, "
			 "\"duration_ms\": %s}",
		    rows[i].bytes, rows[i].bytes, rows[i].duration);
		(void)snprintf(want, sizeof(want),
		    "12:00:00.123 allow  ? -> ? %s", rows[i].want);
		assert_rendered(str_of(line), false, want);
	}
	assert_rendered(STR(HEAD "\"verdict\": \"drop\", "
				 "\"duration_ms\": 1e300}"),
	    false, "12:00:00.123 drop   ? -> ?");
}

static void
colours(void **state)
{
	static const struct {
		const char *verdict, *want;
	} rows[] = {
		{ "allow", "\033[32mallow\033[0m  ? -> ?" },
		{ "reject", "\033[33mreject\033[0m ? -> ?" },
		{ "drop", "\033[31mdrop\033[0m   ? -> ?" },
		{ "other", "other  ? -> ?" },
		{ "much longer", "much\\x20longer ? -> ?" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char line[100], want[80];
		(void)snprintf(line, sizeof(line), HEAD "\"verdict\": \"%s\"}",
		    rows[i].verdict);
		(void)snprintf(
		    want, sizeof(want), "12:00:00.123 %s", rows[i].want);
		assert_rendered(str_of(line), true, want);
	}
}

static void
local_time(void **state)
{
	(void)state;
	assert_int_equal(in_time_zone("EAST-5:30"), 0);
	assert_rendered(STR(HEAD "\"verdict\": \"drop\"}"), false,
	    "17:30:00.123 drop   ? -> ?");
	assert_int_equal(in_time_zone("WEST12:30"), 0);
	assert_rendered(STR(HEAD "\"verdict\": \"drop\"}"), false,
	    "23:30:00.123 drop   ? -> ?");
}

static void
no_event(void **state)
{
	static const struct str rows[] = {
		{ NULL, 0 },
		STR_INIT("plain words"),
		STR_INIT("a \033[2J\r\t\x9b\xc2\x9b\x7f z"),
		STR_INIT("a\0b\nc"),
		STR_INIT("{\"time\": \"2026-03-01T12:00:"),
		STR_INIT("[1, 2]"),
		STR_INIT("null"),
		STR_INIT("{}"),
		STR_INIT("{\"verdict\": \"drop\"}"),
		STR_INIT("{\"time\": \"now\", \"verdict\": \"drop\"}"),
		STR_INIT(HEAD "\"verdict\": \"drop\"} x"),
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text out = TEXT_EMPTY;
		assert_false(render(rows[i], &plain, &out));
		assert_int_equal(out.len, 0);
		text_fini(&out);
	}
}

static void
without_verdict(void **state)
{
	(void)state;
	assert_rendered(STR(HEAD "\"verdict\": null, \"kind\": \"fault\", "
				 "\"reason\": \"it was refused\"}"),
	    true, "12:00:00.123 fault  it was refused");
	assert_rendered(STR(HEAD "\"verdict\": null, "
				 "\"reason\": \"it was refused\"}"),
	    true, "12:00:00.123 -      it was refused");
}

/* A name cannot say what stands behind it, nor a user leave his quotes. */
static void
fields_cannot_be_forged(void **state)
{
	struct event event = tunnel();

	(void)state;
	event.name = STR("a:443 tcp proxy/name \"ok\"");
	event.user = STR("x\" -> \"y");
	event.zone_from = STR("l n");
	event.measured = false;
	assert_event(&event,
	    "12:00:00.123 allow  l\\x20n 10.0.0.4 user \"x\\\" -> \\\"y\" -> "
	    "wan [a:443\\x20tcp\\x20proxy/name\\x20\"ok\"]:443 tcp proxy/name "
	    "line 12 200");
	event.name = STR("a\0b");
	event.user = (struct str){ NULL, 0 };
	assert_event(&event,
	    "12:00:00.123 allow  l\\x20n 10.0.0.4 -> wan a\\x00b:443 tcp "
	    "proxy/name line 12 200");
	/* A blank of another alphabet is a blank to the eye. */
	event = request();
	event.url = STR("http://a/\xc2\xa0\xe3\x80\x80z");
	event.method = STR("G T");
	event.measured = false;
	assert_event(&event,
	    "12:00:00.123 allow  lan 10.0.0.4 -> wan G\\x20T "
	    "http://a/\\xc2\\xa0\\xe3\\x80\\x80z proxy/request line 12 200");
}

/* UTF-8, one line, nothing that a terminal obeys. */
static void
assert_harmless(struct str out)
{
	while (out.len > 0) {
		size_t len = utf8_length(out);
		assert_true(len > 0);
		assert_true(utf8_is_shown(out));
		out = str_skip(out, len);
	}
}

static void
no_field_speaks_to_the_terminal(void **state)
{
	static const char *const hostile[] = { "\033[2J", "\033]0;x\007",
		"\r\n12:00:00.123 allow",
		"\xc2\x9b"
		"2J",
		"\x9b"
		"2J",
		"\xe2\x80\xae"
		"x",
		"\x7f\b\b", "\xff\xc0\x80", "\"\\\"" };

	(void)state;
	for (size_t i = 0; i < ROWS(hostile); i++) {
		struct text line = TEXT_EMPTY, out = TEXT_EMPTY;
		struct str s = str_of(hostile[i]);
		struct event event = request();
		event.enforcer = event.phase = event.verdict = s.at;
		event.protocol = event.reason = s.at;
		event.rule_name = event.zone_from = event.zone_to = s;
		event.name = event.method = event.url = event.user = s;
		journal_line(&event, &line);
		(void)render(text_str(&line), &plain, &out);
		assert_harmless(text_str(&out));
		text_clear(&out);
		event.url = (struct str){ NULL, 0 };
		journal_line(&event, &line); /* two objects: no event */
		(void)render(text_str(&line), &plain, &out);
		assert_harmless(text_str(&out));
		text_fini(&line);
		text_fini(&out);
	}
}

/* xorshift: the same numbers at every run. */
static uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* A good line with some bytes changed: whatever it is now, it is harmless. */
static void
damaged_lines(void **state)
{
	struct text line = TEXT_EMPTY, out = TEXT_EMPTY;
	struct event event = request();
	uint32_t x = 1;
	unsigned events = 0;

	(void)state;
	event.name = STR("\033\n\"\\\xff");
	for (unsigned i = 0; i < 20000; i++) {
		text_clear(&line);
		text_clear(&out);
		journal_line(&event, &line);
		for (unsigned n = random_next(&x) % 4; n > 0; n--)
			line.at[random_next(&x) % line.len] =
			    (char)random_next(&x);
		(void)render(text_str(&line), &plain, &out);
		assert_harmless(text_str(&out));
		events += str_starts(text_str(&out), STR("12:00:00.123 "));
	}
	/* Both ways were taken, often. */
	assert_in_range(events, 2000, 18000);
	text_fini(&line);
	text_fini(&out);
}

static void
assert_fits(const struct event *event, size_t columns, const char *want)
{
	const struct log_look look = { .columns = columns };
	struct text line = TEXT_EMPTY, out = TEXT_EMPTY;

	journal_line(event, &line);
	assert_true(render(text_str(&line), &look, &out));
	assert_string_equal(out.at, want);
	text_fini(&line);
	text_fini(&out);
}

/* First goes who decided, then the milliseconds, then the end of a URL, the
 * begin of a name, the end of a reason. */
static void
cut_to_fit(void **state)
{
	struct event event = packet();

	(void)state;
	assert_fits(&event, 80,
	    "12:00:00.123 drop   guest 10.0.9.4 -> lan 10.0.0.200:9100 tcp "
	    "line 43");
	event = request();
	assert_fits(&event, 80,
	    "12:00:00 allow  lan 10.0.0.4 -> wan http://www.exampl\u2026 "
	    "line 12 200 412/1.2M 34ms");
	assert_fits(&event, 100,
	    "12:00:00.123 allow  lan 10.0.0.4 -> wan "
	    "http://www.example.com/ line 12 200 412/1.2M 34ms");
	event = tunnel();
	event.name = STR("a.very.long.name.of.some.server.example.com");
	assert_fits(&event, 82,
	    "12:00:00 allow  lan 10.0.0.4 -> wan \u2026example.com:443 tcp "
	    "line "
	    "12 200 412/1.2M 34ms");
	event = packet();
	event.source = (struct address_port){ 0 };
	event.destination = (struct address){ 0 };
	event.reason = "a reason of \u65e5\u672c that takes more columns than "
		       "there are in all of this line";
	assert_fits(&event, 60,
	    "12:00:00 drop   guest -> lan line 43 a reason of "
	    "\u65e5\u672c that \u2026");
}

/* Whatever is in it, and however narrow; colours take no room. */
static void
every_width_is_kept(void **state)
{
	struct event event = request();
	struct text line = TEXT_EMPTY, out = TEXT_EMPTY;

	(void)state;
	event.user = STR("\u65e5\u672c\u8a9e \033[1m");
	event.rule_name = STR("a rule with a long name");
	journal_line(&event, &line);
	for (size_t columns = 1; columns < 200; columns++) {
		const struct log_look look = { .columns = columns };
		text_clear(&out);
		assert_true(render(text_str(&line), &look, &out));
		assert_in_range(columns_of(text_str(&out)), 1, columns);
		assert_harmless(text_str(&out));
	}
	text_fini(&line);
	text_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup(name, in_utc)

static void
assert_flow(const char *line, const char *want)
{
	struct text out = TEXT_EMPTY;
	json_t *flow = json_loads(line, 0, NULL);

	assert_true(log_render_flow(flow, &plain, &out));
	json_decref(flow);
	text_addz(&out, "");
	assert_string_equal(out.at, want);
	text_fini(&out);
}

/* What of a flow is not known is left out; and what is no flow is none. */
static void
flows(void **state)
{
	(void)state;
	assert_flow("{\"flow\": \"8f1d22c07ab3e915\", "
		    "\"enforcer\": \"firewall\", \"verdict\": \"allow\", "
		    "\"rule\": {\"line\": 12, \"name\": \"the web\"}, "
		    "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
		    "\"source\": \"2001:db8:1::4\", \"source_port\": 40000, "
		    "\"destination\": \"2001:db8:f::1\", "
		    "\"protocol\": \"tcp\", \"port\": 443, "
		    "\"state\": \"open\", "
		    "\"bytes\": {\"in\": 412, \"out\": 1258291}, "
		    "\"packets\": {\"in\": 5, \"out\": 900}, "
		    "\"duration_ms\": 185000.000}",
	    "8f1d22c07ab3e915 lan [2001:db8:1::4]:40000 -> wan "
	    "[2001:db8:f::1]:443 tcp firewall \"the web\" (line 12) 412/1.2M "
	    "3m05s");
	assert_flow("{\"flow\": \"41c27be90d3a5f68\", "
		    "\"enforcer\": \"proxy\", \"rule\": null, "
		    "\"zone\": {\"from\": null, \"to\": null}, "
		    "\"source\": \"10.0.0.4\", \"source_port\": null, "
		    "\"destination\": \"192.0.2.1\", "
		    "\"protocol\": \"gre\", \"port\": null, "
		    "\"bytes\": {\"in\": null, \"out\": null}, "
		    "\"duration_ms\": null}",
	    "41c27be90d3a5f68 10.0.0.4 -> 192.0.2.1 gre proxy");
}

/* Of the gateway itself, not of one flow. */
static void
an_event_without_ends(void **state)
{
	(void)state;
	assert_rendered(STR(HEAD "\"verdict\": \"reject\", "
				 "\"enforcer\": \"firewall\", "
				 "\"phase\": \"packet\", "
				 "\"reason\": \"the policy has changed: "
				 "3 living flows ended\"}"),
	    false,
	    "12:00:00.123 reject firewall/packet the policy has changed: 3 "
	    "living flows ended");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packets),
		TEST(tunnels),
		TEST(requests),
		TEST(questions),
		TEST(of_the_gateway),
		TEST(common_lines_fit),
		TEST(nothing_known),
		TEST(suppressed),
		TEST(parts),
		TEST(sizes_and_durations),
		TEST(colours),
		TEST(local_time),
		TEST(no_event),
		TEST(without_verdict),
		TEST(cut_to_fit),
		TEST(every_width_is_kept),
		TEST(fields_cannot_be_forged),
		TEST(no_field_speaks_to_the_terminal),
		TEST(damaged_lines),
		cmocka_unit_test(flows),
		cmocka_unit_test(an_event_without_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
