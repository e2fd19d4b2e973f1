/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_filter: which of some events each filter means, and what is said
 * of words that mean nothing.
 */
#include "cli/event_filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* 2026-03-01T12:00:00Z, when all of them have happened. */
#define NOW (1772366400 * CLOCK_SECOND)

#define WORDS_MAX 16

/* Each is known by its letter. */
static const struct {
	char letter;
	const char *text;
} events[] = {
	{ 'p',
	    "{\"time\": \"2026-03-01T11:50:00.000000Z\", "
	    "\"id\": \"019ca9450a7b5e0c41d7\", "
	    "\"flow\": \"0123456789abcdef\", \"enforcer\": \"firewall\", "
	    "\"phase\": \"packet\", \"verdict\": \"drop\", "
	    "\"rule\": {\"line\": 43, \"name\": null}, "
	    "\"zone\": {\"from\": \"guest\", \"to\": \"lan\"}, "
	    "\"source\": \"10.0.9.4\", \"source_port\": 50123, "
	    "\"destination\": \"10.0.0.200\", \"protocol\": \"tcp\", "
	    "\"port\": 9100, \"name\": null, \"method\": null, \"url\": null, "
	    "\"user\": null, \"status\": null, "
	    "\"bytes\": {\"in\": null, \"out\": null}, "
	    "\"duration_ms\": null, \"reason\": null, \"flags\": \"syn\", "
	    "\"length\": 60}" },
	{ 't', "{\"time\": \"2026-03-01T11:55:00.000000Z\", "
	       "\"id\": \"019ca9450a7b5e0c41d8\", "
	       "\"flow\": \"41c27be90d3a5f68\", \"enforcer\": \"proxy\", "
	       "\"phase\": \"name\", \"verdict\": \"reject\", "
	       "\"rule\": {\"line\": 31, \"name\": \"no ads\"}, "
	       "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
	       "\"source\": \"2001:db8:1::4\", \"destination\": null, "
	       "\"protocol\": \"tcp\", \"port\": 443, "
	       "\"name\": \"Tracker.example.net\", \"method\": \"CONNECT\", "
	       "\"url\": null, \"user\": \"anna\", \"status\": 403, "
	       "\"bytes\": {\"in\": null, \"out\": null}, "
	       "\"duration_ms\": null, \"reason\": null}" },
	{ 'r',
	    "{\"time\": \"2026-03-01T11:59:00.500000Z\", "
	    "\"id\": \"019ca9450a7b5e0c41d9\", "
	    "\"flow\": \"8f1d22c07ab3e915\", \"enforcer\": \"proxy\", "
	    "\"phase\": \"request\", \"verdict\": \"allow\", "
	    "\"rule\": {\"line\": 29, \"name\": \"packages\"}, "
	    "\"zone\": {\"from\": \"lan\", \"to\": \"wan\"}, "
	    "\"source\": \"10.0.0.4\", \"destination\": \"192.0.2.80\", "
	    "\"protocol\": \"tcp\", \"port\": 80, \"name\": \"example.net\", "
	    "\"method\": \"GET\", \"url\": \"http://example.net/pool/a,b\", "
	    "\"user\": null, \"status\": 200, "
	    "\"bytes\": {\"in\": 412, \"out\": 1258291}, "
	    "\"duration_ms\": 34.567, \"reason\": null}" },
	{ 'i',
	    "{\"time\": \"2026-03-01T11:59:30.000000Z\", "
	    "\"id\": \"019ca9450a7b5e0c41da\", \"enforcer\": \"firewall\", "
	    "\"verdict\": \"drop\", \"protocol\": \"icmpv6\", "
	    "\"zone\": {\"from\": null, \"to\": \"self\"}, "
	    "\"source\": \"2001:db8:9::1\", \"reason\": \"spoofed; and more\", "
	    "\"suppressed\": 12}" },
	/* Another version's, or nobody's. */
	{ 'x', "{\"time\": 5, \"zone\": \"lan\", \"status\": \"200\", "
	       "\"kind\": \"fault\"}" },
};

/* Words that a blank parts; '+' stands for one within a word. */
static int
split(char *text, char *words[static WORDS_MAX])
{
	int count = 0;

	for (char *word = strtok(text, " "); word != NULL;
	     word = strtok(NULL, " ")) {
		for (char *at = word; *at != '\0'; at++)
			if (*at == '+')
				*at = ' ';
		words[count++] = word;
	}
	return count;
}

/* The letters of those that are meant; or the words of an error. */
static void
meant(const char *text, struct text *ret)
{
	struct event_filter filter;
	char copy[200], *words[WORDS_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	int count = split(copy, words);
	text_clear(ret);
	if (event_filter_parse(words, count, NOW, &filter, ret) == 0)
		for (size_t i = 0; i < ROWS(events); i++) {
			json_t *event = json_loads(events[i].text, 0, NULL);
			assert_non_null(event);
			if (event_filter_fits(&filter, event))
				text_addc(ret, events[i].letter);
			json_decref(event);
		}
	text_addz(ret, "");
	event_filter_fini(&filter);
}

static void
assert_meant(const char *text, const char *want)
{
	struct text got = TEXT_EMPTY;

	meant(text, &got);
	if (!str_is(text_str(&got), want))
		fail_msg("'%s': '%s', want '%s'", text, got.at, want);
	text_fini(&got);
}

static void
words_of_flows(void **state)
{
	static const char *const rows[][2] = {
		{ "", "ptrix" },
		{ "from lan", "tr" },
		{ "from 10.0.0.0/8", "pr" },
		{ "from 10.0.9.1-10.0.9.9", "p" },
		{ "from 2001:db8::/32", "ti" },
		{ "from guest,10.0.0.4", "pr" },
		{ "from guest, 10.0.0.4", "pr" },
		{ "to wan", "tr" },
		{ "to 192.0.2.80", "r" },
		{ "to .example.net", "tr" },
		{ "to *.example.net", "t" },
		{ "to example.net", "r" },
		{ "to self", "i" },
		{ "port 443", "t" },
		{ "port 80-443", "tr" },
		{ "port 80,9100", "pr" },
		{ "rule 31", "t" },
		{ "rule no+ads", "t" },
		{ "rule 29,no+ads", "tr" },
		{ "by firewall", "pi" },
		{ "tcp", "ptr" },
		{ "icmp", "i" },
		{ "drop", "pi" },
		{ "refused", "pti" },
		{ "8f1d22c07ab3e915", "r" },
		{ "019ca9450a7b5e0c41d8", "t" },
		{ "from lan reject port 443", "t" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_meant(rows[i][0], rows[i][1]);
}

static void
keys(void **state)
{
	static const char *const rows[][2] = {
		{ "zone.from=lan", "tr" },
		{ "zone.from!=lan", "pix" },
		{ "verdict drop", "pi" },
		{ "verdict=reject,allow", "tr" },
		{ "status=403", "t" },
		{ "status>=200", "tr" },
		{ "status>200", "t" },
		{ "status<403", "r" },
		{ "status<=200", "r" },
		{ "status 200-299", "r" },
		{ "bytes.out>1M", "r" },
		{ "bytes.out>2M", "" },
		{ "bytes.out=1258291", "r" },
		{ "duration_ms>34.5", "r" },
		{ "duration_ms<=34.567", "r" },
		{ "user *", "t" },
		{ "user!=*", "prix" },
		{ "except user *", "prix" },
		{ "user=ANNA", "t" },
		{ "name=tracker.*", "t" },
		{ "name=*example*", "tr" },
		{ "url=*/pool/*", "r" },
		{ "url=*,b", "r" }, /* two alternatives */
		{ "reason=spoofed;+and+more", "i" },
		{ "reason=spoofed*", "i" },
		{ "source=10.0.9.4", "p" },
		{ "source!=10.0.0.0/8", "tix" },
		{ "from!=lan", "pix" },
		{ "flags syn", "p" },
		{ "source_port=50123", "p" },
		{ "kind=fault", "x" },
		{ "suppressed>10", "i" },
		{ "method connect", "t" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_meant(rows[i][0], rows[i][1]);
}

static void
exceptions(void **state)
{
	static const char *const rows[][2] = {
		{ "except from lan", "pix" },
		{ "except drop", "trx" },
		{ "except refused", "rx" },
		{ "except verdict!=drop", "pi" },
		{ "tcp except from lan,guest", "" },
		{ "tcp except to 192.0.2.0/24", "pt" },
		{ "except drop except reject", "rx" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_meant(rows[i][0], rows[i][1]);
}

static void
times(void **state)
{
	static const char *const rows[][2] = {
		{ "since 5m", "tri" },
		{ "since 1m", "ri" },
		{ "until 5m", "p" },
		{ "since 11:55 until 11:59", "t" },
		{ "since today 11:59", "ri" },
		{ "since 2026-03-01 11:59 drop", "i" },
		{ "since yesterday", "ptri" },
		{ "until yesterday", "" },
		{ "time>2026-03-01T11:59:00Z", "ri" },
		{ "time<=11:55", "pt" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_meant(rows[i][0], rows[i][1]);
}

static void
mistakes(void **state)
{
	static const char *const rows[][2] = {
		{ "statsu=403",
		    "'statsu' is no key of events and no word for them; did "
		    "you mean 'status'?" },
		{ "frm lan", "'frm' is no key of events and no word for them; "
			     "did you mean 'from'?" },
		{ "bytes>5", "'bytes' is no key of events and no word for "
			     "them; did you mean 'bytes.in'?" },
		{ "qqqqqqqq",
		    "'qqqqqqqq' is no key of events and no word for them" },
		{ "verdict=dorp",
		    "verdict: 'dorp' is no verdict; did you mean 'drop'?" },
		{ "from", "nothing stands behind 'from'" },
		{ "status=", "nothing stands behind 'status='" },
		{ "except", "nothing stands behind 'except'" },
		{ "since", "nothing stands behind 'since'" },
		{ "since tomorrow",
		    "'tomorrow' is no time; 10m (ago), 14:30, today, "
		    "yesterday, mon, 2026-11-27 and 2026-11-27T10:00 are" },
		{ "port http", "port: 'http' is no number, and no range of "
			       "them" },
		{ "port 90-80", "port: '90-80' is no number, and no range of "
				"them" },
		{ "source=lan",
		    "source: 'lan' is no address, prefix or range" },
		{ "to 10.0.0.300",
		    "name: '10.0.0.300' is no address and no domain" },
		{ "name>5", "name has no order; only numbers and times have" },
		{ "by kernel", "enforcer: 'kernel' is no enforcer" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_meant(rows[i][0], rows[i][1]);
}

/* Whatever stands there, it is read or refused. */
static void
nonsense(void **state)
{
	static const char *const words[] = { "from", "to", "=", "!=", "<", ",",
		"*", ".", "-", "a=b=c", "status", "12", "except", "since",
		"port", ",,", "10.0.0.0/8", "drop", "name", "refused,x", "" };
	struct text why = TEXT_EMPTY;

	(void)state;
	for (size_t n = 0; n < ROWS(words) * ROWS(words) * ROWS(words); n++) {
		char a[16], b[16], c[16], *all[] = { a, b, c };
		struct event_filter filter;
		(void)strcpy(a, words[n % ROWS(words)]);
		(void)strcpy(b, words[n / ROWS(words) % ROWS(words)]);
		(void)strcpy(c, words[n / ROWS(words) / ROWS(words)]);
		text_clear(&why);
		int rc = event_filter_parse(all, 3, NOW, &filter, &why);
		assert_true(rc == 0 || (rc == -EINVAL && why.len > 0));
		json_t *event = json_loads(events[n % 5].text, 0, NULL);
		(void)event_filter_fits(&filter, event);
		json_decref(event);
		event_filter_fini(&filter);
	}
	text_fini(&why);
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
		cmocka_unit_test(words_of_flows),
		cmocka_unit_test(keys),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(times),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, in_utc, NULL);
}
