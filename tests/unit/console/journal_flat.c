/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_flat and journal_text: the same event in other forms, and
 * that nothing which a peer has sent can end a value, a field or a line.
 */
#include "console/journal_flat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "console/journal.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void
logfmt(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "{}", "" },
		{ "{\"a\": null}", "" },
		{ "{\"a\": 1, \"b\": null, \"c\": 34.567}", "a=1 c=34.567" },
		{ "{\"a\": {\"b\": 1, \"c\": null}, \"d\": \"x\"}",
		    "a.b=1 d=x" },
		{ "{\"a\": null, \"b\": {\"c\": \"x\"}}", "b.c=x" },
		{ "{\"a\": \"\"}", "a=\"\"" },
		{ "{\"a\": \"two words\"}", "a=\"two words\"" },
		{ "{\"a\": \"x=y\", \"b\": 1}", "a=\"x=y\" b=1" },
		{ "{\"a\": \"say \\\"}\\\"\", \"b\": 1}",
		    "a=\"say \\\"}\\\"\" b=1" },
		{ "{\"a\": \"\\\\\", \"b\": 1}", "a=\"\\\\\" b=1" },
		{ "{\"a\": \"\\u000ab=2\"}", "a=\"\\u000ab=2\"" },
		{ "{\"a\": \"\xc3\xa4\"}", "a=\"\xc3\xa4\"" },
		{ "{\"a\": \"null\", \"b\": \"}\"}", "a=null b=}" },
		/* What is no line of ours ends somewhere. */
		{ "{\"a\": \"x", "a=\"x" },
		{ "{\"a\": \"x\\", "a=x" },
		{ "{\"a", "a=" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text out = TEXT_EMPTY;
		text_addz(&out, "");
		journal_flat_logfmt(str_of(rows[i].line), &out);
		assert_string_equal(out.at, rows[i].want);
		text_fini(&out);
	}
}

static void
fields(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	journal_flat_fields(
	    STR("{\"id\": \"1f\", \"rule\": {\"line\": 4, \"name\": null}, "
		"\"url\": \"a\\\"b\\\\c\\nd\\u001be\", \"source_port\": 1}"),
	    &out);
	assert_string_equal(out.at, "GATEHOUSE_ID=1f\nGATEHOUSE_RULE_LINE=4\n"
				    "GATEHOUSE_URL=a\"b\\c\\nd\\u001be\n"
				    "GATEHOUSE_SOURCE_PORT=1\n");
	text_fini(&out);
}

static struct event
request(void)
{
	struct event event = {
		.time = 1772366400 * CLOCK_SECOND + 123456789,
		.kind = EVENT_KIND_REQUEST,
		.enforcer = "proxy",
		.phase = "request",
		.verdict = "allow",
		.rule_line = 29,
		.rule_name = STR("packages"),
		.zone_from = STR("lan"),
		.zone_to = STR("wan"),
		.protocol = "tcp",
		.port = 80,
		.name = STR("eu.packages.example"),
		.method = STR("GET"),
		.url = STR("http://eu.packages.example/pool/"),
		.user = STR("anna"),
		.status = 200,
		.measured = true,
		.bytes_in = 412,
		.bytes_out = 1258291,
		.duration = 34567890,
		.parent = STR("corp"),
		.reason = "from the cache",
	};

	(void)address_port_parse(STR("10.0.0.4:40112"), &event.source);
	(void)address_parse(STR("192.0.2.80"), &event.destination);
	return event;
}

#define TIME "2026-03-01T12:00:00.123456Z"

static void
assert_text(const struct event *event, const char *want)
{
	struct text out = TEXT_EMPTY;

	journal_text(event, &out);
	assert_string_equal(out.at, want);
	text_fini(&out);
}

static void
sentences(void **state)
{
	struct event event = request();

	(void)state;
	assert_text(&event,
	    TIME " request allow lan 10.0.0.4:40112 user anna -> wan GET "
		 "http://eu.packages.example/pool/ proxy/request line 29 "
		 "\"packages\" via corp 200 412/1258291 bytes 34 ms: from the "
		 "cache");
	event = (struct event){ .time = event.time,
		.kind = EVENT_KIND_PACKET,
		.verdict = "drop",
		.enforcer = "firewall",
		.phase = "packet",
		.source = event.source,
		.destination = event.destination,
		.port = 9100,
		.protocol = "tcp",
		.reason = "spoofed" };
	assert_text(&event,
	    TIME " packet drop 10.0.0.4:40112 -> 192.0.2.80:9100 tcp "
		 "firewall/packet: spoofed");
	event.kind = EVENT_KIND_DNS;
	event.name = STR("ads.example");
	event.reason = NULL;
	assert_text(&event,
	    TIME " dns drop 10.0.0.4:40112 asks ads.example firewall/packet");
	event.kind = EVENT_KIND_PACKET;
	event.name = (struct str){ 0 };
	(void)address_parse(STR("2001:db8::5"), &event.destination);
	event.source = (struct address_port){ 0 };
	assert_text(&event,
	    TIME " packet drop -> [2001:db8::5]:9100 tcp firewall/packet");
	event = (struct event){ .time = event.time,
		.kind = EVENT_KIND_FAULT,
		.enforcer = "firewall",
		.reason = "a disk" };
	assert_text(&event, TIME " fault - firewall: a disk");
	event = (struct event){ .time = event.time };
	assert_text(&event, TIME " - -");
}

/* Whatever is in the strings of an event, a record is one, and printable. */
static void
assert_one_record(const struct event *event, struct journal_style style)
{
	struct journal_rendering rendering;
	struct text out = TEXT_EMPTY;
	char end = journal_record_end(style.kind);

	journal_rendering_init(&rendering, event);
	journal_rendering_add(&rendering, style, &out);
	assert_in_range(out.len, 2, JOURNAL_RECORD_BYTES_MAX);
	assert_int_equal(str_find(text_str(&out), end), out.len - 1);
	for (size_t i = 0; i + 1 < out.len; i++) {
		uint8_t c = (uint8_t)out.at[i];
		assert_true(
		    (c >= 0x20 && c != 0x7f) || (c == '\n' && end == '\0'));
	}
	/* A field that a peer would add to an entry. */
	assert_null(strstr(out.at, "\nPRIORITY=0"));
	text_fini(&out);
	journal_rendering_fini(&rendering);
}

static void
hostile(void **state)
{
	static const struct str sent[] = {
		STR_INIT("\nPRIORITY=0\n"),
		STR_INIT("a\0b"),
		STR_INIT("\" verdict=allow \""),
		STR_INIT("\033[2J\x7f\r\n"),
		STR_INIT("\xc2\x9b\xe2\x80\xae"),
		STR_INIT("\xff\xfe\xc0\xaf\xe2\x82"),
		STR_INIT("\\"),
		STR_INIT("\\\""),
		STR_INIT(""),
	};

	(void)state;
	for (size_t i = 0; i < ROWS(sent); i++) {
		struct event event = request();
		event.name = event.method = event.url = event.user = sent[i];
		event.rule_name = event.zone_from = event.parent = sent[i];
		for (unsigned kind = 0; kind < POLICY_JOURNAL_KIND_COUNT;
		     kind++)
			for (unsigned form = 0;
			     form < POLICY_JOURNAL_FORM_COUNT; form++)
				assert_one_record(&event,
				    (struct journal_style){
					.kind = (enum policy_journal_kind)kind,
					.form =
					    (enum policy_journal_form)form });
	}
}

/* 64 KiB and more of what takes most room, in every string there is. */
static void
long_strings(void **state)
{
	static const char bytes[] = { 'x', '\1', '"', '\xff', ' ' };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		struct text all = TEXT_EMPTY;
		struct event event = request();
		text_pad(&all, bytes[i], 70000);
		event.name = event.method = event.url = event.user =
		    text_str(&all);
		event.rule_name = event.zone_from = event.zone_to =
		    text_str(&all);
		event.parent = event.parent_server = text_str(&all);
		event.reason = all.at;
		for (unsigned kind = 0; kind < POLICY_JOURNAL_KIND_COUNT;
		     kind++)
			for (unsigned form = 0;
			     form < POLICY_JOURNAL_FORM_COUNT; form++)
				assert_one_record(&event,
				    (struct journal_style){
					.kind = (enum policy_journal_kind)kind,
					.form =
					    (enum policy_journal_form)form });
		text_fini(&all);
	}
}

static void
syslog_heads(void **state)
{
	static const struct {
		const char *verdict;
		enum event_kind kind;
		unsigned facility;
		const char *want;
	} rows[] = {
		{ "allow", EVENT_KIND_REQUEST, 3, "<30>1 " TIME " " },
		{ "drop", EVENT_KIND_PACKET, 19, "<157>1 " TIME " " },
		{ NULL, EVENT_KIND_FAULT, 16, "<132>1 " TIME " " },
		{ NULL, EVENT_KIND_LIST, 1, "<13>1 " TIME " " },
	};

	(void)state;
	journal_rendering_begin();
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct journal_style style = {
			.kind = POLICY_JOURNAL_SYSLOG_UDP,
			.form = POLICY_JOURNAL_TEXT,
			.facility = rows[i].facility,
		};
		struct journal_rendering rendering;
		struct event event = request();
		struct text out = TEXT_EMPTY;
		event.verdict = rows[i].verdict;
		event.kind = rows[i].kind;
		journal_rendering_init(&rendering, &event);
		journal_rendering_add(&rendering, style, &out);
		assert_true(str_starts(text_str(&out), str_of(rows[i].want)));
		assert_non_null(strstr(out.at, " gatehouse "));
		text_fini(&out);
		journal_rendering_fini(&rendering);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logfmt),
		cmocka_unit_test(fields),
		cmocka_unit_test(sentences),
		cmocka_unit_test(hostile),
		cmocka_unit_test(long_strings),
		cmocka_unit_test(syslog_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
