/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_line: the exact line of each kind of event, every key null
 * and not null, hostile bytes, and the bound.  A line is read back with a
 * JSON reader that is not ours.  The examples of docs/events.md are the golden
 * lines here.
 */
#include "console/journal.h"

#include <dlfcn.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* 2026-03-01T12:00:00.123456Z, and its milliseconds in an id. */
#define TIME    (1772366400 * CLOCK_SECOND + 123456789)
#define TIME_ID "019ca9450a7b"
#define TIME_AS "2026-03-01T12:00:00.123456Z"

static struct address
address(const char *text)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

/* What a packet that a rule dropped gives. */
static struct event
packet(void)
{
	return (struct event){
		.time = TIME,
		.kind = EVENT_KIND_PACKET,
		.flow = 0x0123456789abcdef,
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
		.flags = "syn",
		.length = 60,
	};
}

/* What a request that was allowed and has ended gives: only a packet's keys are
 * null. */
static struct event
request(void)
{
	struct event event = packet();

	event.kind = EVENT_KIND_REQUEST;
	event.flags = NULL;
	event.length = 0;
	event.enforcer = "proxy";
	event.phase = "request";
	event.verdict = "allow";
	event.flow = 0x8f1d22c07ab3e915;
	event.rule_line = 29;
	event.rule_name = STR("packages");
	event.zone_from = STR("lan");
	event.zone_to = STR("wan");
	event.source = (struct address_port){ address("10.0.0.4"), 40112 };
	event.destination = address("192.0.2.80");
	event.name = STR("eu.packages.example");
	event.method = STR("GET");
	event.url = STR("http://eu.packages.example/pool/");
	event.user = STR("anna");
	event.port = 80;
	event.status = 200;
	event.measured = true;
	event.bytes_in = 412;
	event.bytes_out = 1258291;
	event.duration = 34567890;
	event.reason = "from the cache";
	event.parent = STR("corp");
	event.parent_server = STR("http 10.0.0.9:3128");
	event.http = "2";
	event.http_server = "1.1";
	(void)address_parse(STR("2001:db8::5"), &event.balancer.address);
	event.balancer.port = 4000;
	return event;
}

/* The line, with the half of its id that is chance made XXXXXXXX. */
static void
assert_line(const struct event *event, const char *want)
{
	struct text line = TEXT_EMPTY;

	journal_line(event, &line);
	char *id = strstr(line.at, "\"id\": \"");
	assert_non_null(id);
	id += strlen("\"id\": \"") + 12;
	assert_int_equal(strspn(id, "0123456789abcdef"), 8);
	memset(id, 'X', 8);
	assert_string_equal(line.at, want);
	text_fini(&line);
}

static json_t *
read_line(const struct event *event)
{
	struct text line = TEXT_EMPTY;
	json_error_t error;

	journal_line(event, &line);
	json_t *root = json_loadb(line.at, line.len, JSON_ALLOW_NUL, &error);
	if (root == NULL)
		fail_msg("%s: %s", error.text, line.at);
	text_fini(&line);
	return root;
}

static void
golden_packet(void **state)
{
	struct event event = packet();

	(void)state;
	assert_line(&event,
	    "{\"time\": \"" TIME_AS "\", \"id\": \"" TIME_ID "XXXXXXXX\", "
	    "\"kind\": \"packet\", "
	    "\"flow\": \"0123456789abcdef\", \"enforcer\": \"firewall\", "
	    "\"phase\": \"packet\", \"verdict\": \"drop\", "
	    "\"rule\": {\"line\": 43, \"name\": null}, "
	    "\"zone\": {\"from\": \"guest\", \"to\": \"lan\"}, "
	    "\"source\": \"10.0.9.4\", \"source_port\": 50123, "
	    "\"destination\": \"10.0.0.200\", \"protocol\": \"tcp\", "
	    "\"port\": 9100, \"name\": null, \"method\": null, "
	    "\"url\": null, \"user\": null, \"status\": null, "
	    "\"bytes\": {\"in\": null, \"out\": null}, "
	    "\"duration_ms\": null, \"reason\": null, "
	    "\"packets\": {\"in\": null, \"out\": null}, "
	    "\"parent\": null, \"balancer\": null, \"flags\": \"syn\", "
	    "\"length\": 60, "
	    "\"suppressed\": null, \"http\": null, "
	    "\"http_server\": null}");
}

static void
golden_request(void **state)
{
	struct event event = request();

	(void)state;
	assert_line(&event,
	    "{\"time\": \"" TIME_AS "\", \"id\": \"" TIME_ID "XXXXXXXX\", "
	    "\"kind\": \"request\", "
	    "\"flow\": \"8f1d22c07ab3e915\", \"enforcer\": \"proxy\", "
	    "\"phase\": \"request\", \"verdict\": \"allow\", "
	    "\"rule\": {\"line\": 29, \"name\": \"packages\"}, "
	    "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
	    "\"source\": \"10.0.0.4\", \"source_port\": 40112, "
	    "\"destination\": \"192.0.2.80\", \"protocol\": \"tcp\", "
	    "\"port\": 80, \"name\": \"eu.packages.example\", "
	    "\"method\": \"GET\", "
	    "\"url\": \"http://eu.packages.example/pool/\", "
	    "\"user\": \"anna\", \"status\": 200, "
	    "\"bytes\": {\"in\": 412, \"out\": 1258291}, "
	    "\"duration_ms\": 34.567, \"reason\": \"from the cache\", "
	    "\"packets\": {\"in\": null, \"out\": null}, "
	    "\"parent\": {\"name\": \"corp\", \"server\": \"http "
	    "10.0.0.9:3128\"}, \"balancer\": \"[2001:db8::5]:4000\", "
	    "\"flags\": null, \"length\": null, "
	    "\"suppressed\": null, \"http\": \"2\", "
	    "\"http_server\": \"1.1\"}");
}

/* A tunnel refused for its name: no address is known. */
static void
golden_tunnel(void **state)
{
	struct event event = request();

	(void)state;
	event.flow = 0x41c27be90d3a5f68;
	event.phase = "name";
	event.verdict = "reject";
	event.rule_line = 31;
	event.rule_name = STR("ads");
	event.destination = (struct address){ 0 };
	event.port = 443;
	event.name = STR("tracker.example");
	event.method = STR("CONNECT");
	event.url = event.user = (struct str){ NULL, 0 };
	event.status = 403;
	event.measured = false;
	event.reason = NULL;
	event.parent = event.parent_server = STR("");
	event.balancer.address.family = ADDRESS_NONE;
	assert_line(&event,
	    "{\"time\": \"" TIME_AS "\", \"id\": \"" TIME_ID "XXXXXXXX\", "
	    "\"kind\": \"request\", "
	    "\"flow\": \"41c27be90d3a5f68\", \"enforcer\": \"proxy\", "
	    "\"phase\": \"name\", \"verdict\": \"reject\", "
	    "\"rule\": {\"line\": 31, \"name\": \"ads\"}, "
	    "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
	    "\"source\": \"10.0.0.4\", \"source_port\": 40112, "
	    "\"destination\": null, \"protocol\": \"tcp\", "
	    "\"port\": 443, \"name\": \"tracker.example\", "
	    "\"method\": \"CONNECT\", \"url\": null, \"user\": null, "
	    "\"status\": 403, "
	    "\"bytes\": {\"in\": null, \"out\": null}, "
	    "\"duration_ms\": null, \"reason\": null, "
	    "\"packets\": {\"in\": null, \"out\": null}, "
	    "\"parent\": null, \"balancer\": null, \"flags\": null, "
	    "\"length\": null, "
	    "\"suppressed\": null, \"http\": \"2\", "
	    "\"http_server\": \"1.1\"}");
}

/* Nothing is known but the time. */
static void
golden_nothing(void **state)
{
	struct event event = { .time = 0 };

	(void)state;
	assert_line(&event,
	    "{\"time\": \"1970-01-01T00:00:00.000000Z\", "
	    "\"id\": \"000000000000XXXXXXXX\", "
	    "\"kind\": null, "
	    "\"flow\": null, \"enforcer\": null, \"phase\": null, "
	    "\"verdict\": null, \"rule\": null, "
	    "\"zone\": {\"from\": null, \"to\": null}, "
	    "\"source\": null, \"source_port\": null, "
	    "\"destination\": null, \"protocol\": null, \"port\": null, "
	    "\"name\": null, \"method\": null, \"url\": null, "
	    "\"user\": null, \"status\": null, "
	    "\"bytes\": {\"in\": null, \"out\": null}, "
	    "\"duration_ms\": null, \"reason\": null, "
	    "\"packets\": {\"in\": null, \"out\": null}, "
	    "\"parent\": null, \"balancer\": null, \"flags\": null, "
	    "\"length\": null, "
	    "\"suppressed\": null, \"http\": null, "
	    "\"http_server\": null}");
}

/* A part of one: the name of a rule without its line, and the reverse. */
static void
rule_and_numbers(void **state)
{
	static const struct {
		uint32_t line;
		struct str name;
		const char *want;
	} rows[] = {
		{ 0, { NULL, 0 }, "null" },
		{ 31, { NULL, 0 }, "{\"line\": 31, \"name\": null}" },
		{ 31, STR_INIT("ads"), "{\"line\": 31, \"name\": \"ads\"}" },
		{ 0, STR_INIT("ads"), "{\"line\": null, \"name\": \"ads\"}" },
		{ UINT32_MAX, STR_INIT(""),
		    "{\"line\": 4294967295, \"name\": \"\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct event event = packet();
		struct text line = TEXT_EMPTY;
		char want[80];
		event.rule_line = rows[i].line;
		event.rule_name = rows[i].name;
		journal_line(&event, &line);
		(void)snprintf(
		    want, sizeof(want), "\"rule\": %s, \"zone\"", rows[i].want);
		assert_non_null(strstr(line.at, want));
		text_fini(&line);
	}
}

static void
measures(void **state)
{
	static const struct {
		uint64_t in, out;
		int64_t duration;
		const char *want;
	} rows[] = {
		{ 0, 0, 0, "{\"in\": 0, \"out\": 0}, \"duration_ms\": 0.000," },
		{ 1, 2, 999,
		    "{\"in\": 1, \"out\": 2}, \"duration_ms\": 0.000," },
		{ 1, 2, 1000,
		    "{\"in\": 1, \"out\": 2}, \"duration_ms\": 0.001," },
		{ 5000000000, 7, 86400 * CLOCK_SECOND,
		    "{\"in\": 5000000000, \"out\": 7}, "
		    "\"duration_ms\": 86400000.000," },
		{ UINT64_MAX, INT64_MAX, INT64_MAX,
		    "{\"in\": 9223372036854775807, "
		    "\"out\": 9223372036854775807}, "
		    "\"duration_ms\": 9223372036854.775," },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct event event = packet();
		struct text line = TEXT_EMPTY;
		event.measured = true;
		event.bytes_in = rows[i].in;
		event.bytes_out = rows[i].out;
		event.duration = rows[i].duration;
		journal_line(&event, &line);
		if (strstr(line.at, rows[i].want) == NULL)
			fail_msg("no %s in %s", rows[i].want, line.at);
		text_fini(&line);
	}
}

/* Packets are known without bytes and bytes without packets. */
static void
packets(void **state)
{
	struct event event = packet();
	struct text line = TEXT_EMPTY;

	(void)state;
	event.counted = true;
	event.packets_in = 5;
	event.packets_out = UINT64_MAX;
	journal_line(&event, &line);
	assert_non_null(strstr(line.at, "\"bytes\": {\"in\": null, "));
	assert_non_null(strstr(line.at,
	    "\"packets\": {\"in\": 5, \"out\": 9223372036854775807}, "));
	text_fini(&line);
}

static void
ipv6(void **state)
{
	struct event event = packet();

	(void)state;
	event.source = (struct address_port){ address("2001:db8::4"), 65535 };
	event.destination = address("::ffff:192.0.2.1");
	json_t *root = read_line(&event);
	assert_string_equal(
	    json_string_value(json_object_get(root, "source")), "2001:db8::4");
	assert_string_equal(
	    json_string_value(json_object_get(root, "destination")),
	    "192.0.2.1");
	json_decref(root);
}

/* What a peer sends in a name or a URL comes back from the line as it was,
 * where it was UTF-8, and can end neither the string nor the line. */
static void
hostile(void **state)
{
	static const struct {
		struct str sent, read;
	} rows[] = {
		{ STR_INIT("\", \"verdict\": \"allow\""),
		    STR_INIT("\", \"verdict\": \"allow\"") },
		{ STR_INIT("a\n{\"time\": 1}\n"),
		    STR_INIT("a\n{\"time\": 1}\n") },
		{ STR_INIT("\\"), STR_INIT("\\") },
		{ STR_INIT("\\u0041\\"), STR_INIT("\\u0041\\") },
		{ STR_INIT("a\0b"), STR_INIT("a\0b") },
		{ STR_INIT("\033[2J\x7f"), STR_INIT("\033[2J\x7f") },
		{ STR_INIT("\xc2\x9b"), STR_INIT("\xc2\x9b") },
		{ STR_INIT("\xe2\x80\xae"), STR_INIT("\xe2\x80\xae") },
		{ STR_INIT("\xff\xfe"), STR_INIT("\xef\xbf\xbd\xef\xbf\xbd") },
		{ STR_INIT("\xc0\xaf"), STR_INIT("\xef\xbf\xbd\xef\xbf\xbd") },
		{ STR_INIT("\xe2\x82"), STR_INIT("\xef\xbf\xbd\xef\xbf\xbd") },
		{ STR_INIT(""), STR_INIT("") },
	};
	static const char *const keys[] = { "name", "method", "url", "user" };

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct event event = packet();
		event.name = event.method = event.url = event.user =
		    rows[i].sent;
		struct text line = TEXT_EMPTY;
		journal_line(&event, &line);
		for (size_t j = 0; j < line.len; j++)
			assert_true((uint8_t)line.at[j] >= 0x20);
		text_fini(&line);
		json_t *root = read_line(&event);
		assert_int_equal(json_object_size(root), 30);
		for (size_t j = 0; j < ROWS(keys); j++) {
			json_t *got = json_object_get(root, keys[j]);
			assert_true(str_eq((struct str){ json_string_value(got),
					       json_string_length(got) },
			    rows[i].read));
		}
		assert_string_equal(
		    json_string_value(json_object_get(root, "verdict")),
		    "drop");
		json_decref(root);
	}
}

static void
long_url_is_cut(void **state)
{
	struct event event = request();
	struct text url = TEXT_EMPTY;

	(void)state;
	text_addz(&url, "http://www.example/");
	text_pad(&url, 'x', 100000);
	event.url = text_str(&url);
	json_t *root = read_line(&event);
	json_t *got = json_object_get(root, "url");
	struct str cut = { json_string_value(got), json_string_length(got) };
	assert_int_equal(cut.len, 5000);
	assert_true(str_starts(cut, STR("http://www.example/xxx")));
	assert_true(str_ends(cut, STR("xxx...")));
	assert_string_equal(json_string_value(json_object_get(root, "reason")),
	    "from the cache");
	json_decref(root);
	text_fini(&url);
}

static const struct address widest = {
	.family = ADDRESS_IPV6,
	.bytes = { 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
};

/* Everything as long as it can be, of each kind of byte: still a line. */
static void
longest_line(void **state)
{
	static const char *const units[] = { "x", "\"", "\001", "\xff",
		"\xc2\x9b", "\xe2\x82\xac", "\xf0\x9f\x9a\xaa", "xx\xc3\xa4" };
	static char word[4001];

	(void)state;
	memset(word, 'w', sizeof(word) - 1);
	for (size_t i = 0; i < ROWS(units); i++) {
		struct text s = TEXT_EMPTY, line = TEXT_EMPTY;
		while (s.len < 20000)
			text_addz(&s, units[i]);
		struct str v = text_str(&s);
		struct event event = {
			.time = TIME,
			.flow = UINT64_MAX,
			.enforcer = word,
			.phase = word,
			.verdict = word,
			.rule_line = UINT32_MAX,
			.rule_name = v,
			.zone_from = v,
			.zone_to = v,
			.source = { widest, UINT16_MAX },
			.destination = widest,
			.protocol = word,
			.port = UINT16_MAX,
			.name = v,
			.method = v,
			.url = v,
			.user = v,
			.status = UINT16_MAX,
			.measured = true,
			.bytes_in = UINT64_MAX,
			.bytes_out = UINT64_MAX,
			.duration = INT64_MIN,
			.reason = s.at,
			.parent = v,
			.parent_server = v,
			.balancer = { widest, UINT16_MAX },
			.flags = word,
			.length = UINT32_MAX,
			.suppressed = UINT64_MAX,
			.http = "1.1",
			.http_server = "1.1",
		};
		journal_line(&event, &line);
		/* With the newline before and the one behind. */
		assert_in_range(line.len, 6000, JOURNAL_LINE_BYTES_MAX - 2);
		json_t *root = read_line(&event);
		assert_int_equal(json_object_size(root), 30);
		json_decref(root);
		text_fini(&line);
		text_fini(&s);
	}
}

static void
no_memory_for_the_line(void **state)
{
	struct event event = request();
	struct text line = TEXT_EMPTY;

	(void)state;
	line.full = true;
	journal_line(&event, &line);
	assert_true(line.full);
	assert_int_equal(line.len, 0);
	text_fini(&line);
}

#define IDS 3000

static void
take_id(int64_t time, char ret[21])
{
	struct event event = { .time = time };
	struct text line = TEXT_EMPTY;

	journal_line(&event, &line);
	memcpy(ret, strstr(line.at, "\"id\": \"") + strlen("\"id\": \""), 20);
	ret[20] = '\0';
	text_fini(&line);
}

/* In the order of their times, and within a millisecond of their making. */
static void
ids_are_sortable(void **state)
{
	char before[21], id[21];

	(void)state;
	take_id(TIME, before);
	for (int i = 1; i < IDS; i++) {
		take_id(TIME + i * CLOCK_MS / 100, id);
		assert_true(strcmp(before, id) < 0);
		memcpy(before, id, sizeof(id));
	}
}

/* A child that is not another program goes on from a start of its own. */
static void
ids_of_a_child_differ(void **state)
{
	char ours[21], theirs[21];
	int ends[2], status;

	(void)state;
	take_id(TIME, ours);
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		take_id(TIME, theirs);
		_exit(write(ends[1], theirs, 20) == 20 ? 0 : 1);
	}
	assert_int_equal(read(ends[0], theirs, 20), 20);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	take_id(TIME, ours);
	assert_memory_not_equal(ours, theirs, 20);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/*
 * base/json, which this program holds, and libjansson both have a
 * json_integer.  The library's must stay the library's.
 */
static void
libraries_keep_their_names(void **state)
{
	static const char *const names[] = { "json_integer", "json_string",
		"json_null" };

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++) {
		void *found = dlsym(RTLD_DEFAULT, names[i]);
		Dl_info info;
		assert_non_null(found);
		assert_int_not_equal(dladdr(found, &info), 0);
		assert_non_null(strstr(info.dli_fname, "libjansson"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_packet),
		cmocka_unit_test(golden_request),
		cmocka_unit_test(golden_tunnel),
		cmocka_unit_test(golden_nothing),
		cmocka_unit_test(rule_and_numbers),
		cmocka_unit_test(measures),
		cmocka_unit_test(packets),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(hostile),
		cmocka_unit_test(long_url_is_cut),
		cmocka_unit_test(longest_line),
		cmocka_unit_test(no_memory_for_the_line),
		cmocka_unit_test(ids_are_sortable),
		cmocka_unit_test(ids_of_a_child_differ),
		cmocka_unit_test(libraries_keep_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
