/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/exec_ledger and exec_learn: what is made of the events of a sandboxed
 * command.
 */
#include "cli/exec_ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/exec_learn.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* The members of docs/events.md that are looked at. */
#define EVENT(kind, verdict, name, destination, port, more)                    \
	"{\"kind\": \"" kind "\", \"verdict\": \"" verdict                     \
	"\", \"name\": " name ", \"destination\": " destination                \
	", \"port\": " port ", " more "}"
#define BYTES     "\"bytes\": {\"in\": 100, \"out\": 2048}"
#define LINE_3    "\"rule\": {\"line\": 3, \"name\": \"no mail\"}"
#define PAGE_502  "\"status\": 502, \"reason\": \"no answer\", " BYTES
#define CUT_SHORT "\"status\": 200, \"reason\": \"it ended early\", " BYTES
#define POST                                                                   \
	"\"phase\": \"request\", \"method\": \"POST\", \"status\": "           \
	"403, " LINE_3
#define WWW     "\"www.example.com\""
#define MAIL    "\"mail.example.com\""
#define ADDRESS "\"192.0.2.1\""

static void
take_all(struct exec_ledger *ledger, const char *const *events, size_t count)
{
	exec_ledger_init(ledger);
	for (size_t i = 0; i < count; i++)
		(void)exec_ledger_take(ledger, str_of(events[i]));
}

static void
places_are_counted(void **state)
{
	static const char *const events[] = {
		EVENT("request", "allow", WWW, ADDRESS, "443", BYTES),
		EVENT("flow", "allow", WWW, ADDRESS, "443", BYTES),
		EVENT("flow", "reject", MAIL, "null", "25", LINE_3),
		EVENT("dns", "reject", MAIL, "null", "53", LINE_3),
		EVENT("dns", "reject", MAIL, "null", "53", LINE_3),
		EVENT("flow", "allow", "null", "\"2001:db8::1\"", "22", BYTES),
		EVENT("flow", "allow", WWW, ADDRESS, "99",
		    "\"reason\": \"the server refuses the connection\""),
		EVENT("request", "allow", WWW, ADDRESS, "98", PAGE_502),
		EVENT("request", "allow", WWW, ADDRESS, "80", CUT_SHORT),
		EVENT("request", "reject", WWW, "null", "80", POST),
		EVENT("request", "reject", WWW, "null", "80", POST),
	};
	struct text text = TEXT_EMPTY;
	struct exec_ledger ledger;

	(void)state;
	take_all(&ledger, events, ROWS(events));
	assert_int_equal(ledger.rows.count, 8);
	exec_ledger_add_summary(&ledger, &text);
	assert_string_equal(text.at,
	    "reached: 3\n"
	    "  place                                    port       times  "
	    "bytes\n"
	    "  www.example.com                          tcp 443        2  "
	    "4.0k in, 200 out\n"
	    "  2001:db8::1                              tcp 22         1  "
	    "2.0k in, 100 out\n"
	    "  www.example.com                          tcp 80         1  "
	    "2.0k in, 100 out\n"
	    "allowed, but nothing answered: 2\n"
	    "  place                                    port       times  "
	    "why\n"
	    "  www.example.com                          tcp 99         1  "
	    "the server refuses the connection\n"
	    "  www.example.com                          tcp 98         1  "
	    "no answer\n"
	    "refused: 3\n"
	    "  place                                    port       times  "
	    "why\n"
	    "  mail.example.com                         tcp 25         1  "
	    "line 3 (no mail)\n"
	    "  mail.example.com                         -              2  "
	    "line 3 (no mail)\n"
	    "  www.example.com                          tcp 80         2  "
	    "POST: line 3 (no mail)\n"
	    "bytes: 10k in, 500 out\n");
	text_fini(&text);
	exec_ledger_fini(&ledger);
}

/* Told once, when it is new. */
static void
a_row_is_new_once(void **state)
{
	struct exec_ledger ledger;
	const struct exec_ledger_row *row;
	struct str event =
	    str_of(EVENT("dns", "drop", WWW, "null", "53", LINE_3));

	(void)state;
	exec_ledger_init(&ledger);
	row = exec_ledger_take(&ledger, event);
	assert_non_null(row);
	assert_int_equal(row->outcome, EXEC_REFUSED);
	assert_int_equal(row->port, 0);
	assert_true(str_is(row->why, "line 3 (no mail)"));
	assert_null(exec_ledger_take(&ledger, event));
	exec_ledger_fini(&ledger);
}

static void
what_is_no_place_is_passed_over(void **state)
{
	static const char *const events[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		EVENT("fault", "reject", "null", "null", "null", LINE_3),
		EVENT("flow", "reject", "null", "null", "null", LINE_3),
		EVENT("flow", "reject", "7", "{}", "\"x\"", LINE_3),
	};
	struct exec_ledger ledger;

	(void)state;
	take_all(&ledger, events, ROWS(events));
	assert_int_equal(ledger.rows.count, 0);
	exec_ledger_fini(&ledger);
}

/* The fewest rules: one for each set of ports. */
static void
a_policy_is_learned(void **state)
{
	static const char *const events[] = {
		EVENT("request", "allow", "\"b.example.com\"", ADDRESS, "443",
		    BYTES),
		EVENT("request", "allow", "\"b.example.com\"", ADDRESS, "80",
		    BYTES),
		EVENT("request", "allow", "\"a.example.com\"", ADDRESS, "80",
		    BYTES),
		EVENT("flow", "reject", "\"a.example.com\"", ADDRESS, "443",
		    LINE_3),
		EVENT("flow", "allow", "\"a.example.com\"", ADDRESS, "443",
		    BYTES),
		EVENT("flow", "allow", "null", "\"192.0.2.7\"", "22", BYTES),
		EVENT("flow", "allow", "\"git.example.com\"", ADDRESS, "22",
		    BYTES),
		EVENT("dns", "reject", MAIL, "null", "53", LINE_3),
		EVENT(
		    "dns", "reject", "\"a.example.com\"", "null", "53", LINE_3),
		EVENT("request", "allow", WWW, ADDRESS, "80", PAGE_502),
		EVENT("request", "allow", "\"b.example.com\"", ADDRESS, "80",
		    PAGE_502),
	};
	struct text text = TEXT_EMPTY;
	struct exec_ledger ledger;

	(void)state;
	take_all(&ledger, events, ROWS(events));
	assert_int_equal(exec_learn_add(&ledger, &text), 0);
	assert_string_equal(text.at,
	    "allow sandbox -> 192.0.2.7, git.example.com tcp 22\n"
	    "allow sandbox -> a.example.com, b.example.com "
	    "{ tcp 80, tcp 443 }\n"
	    "# Refused by its name, before a port was known: say which.\n"
	    "# allow sandbox -> mail.example.com\n"
	    "# Nothing answered there: needed only if something will.\n"
	    "# allow sandbox -> www.example.com tcp 80\n");
	text_fini(&text);
	exec_ledger_fini(&ledger);
}

static void
nothing_is_learned_of_nothing(void **state)
{
	struct text text = TEXT_EMPTY;
	struct exec_ledger ledger;

	(void)state;
	exec_ledger_init(&ledger);
	assert_int_equal(exec_learn_add(&ledger, &text), 0);
	assert_int_equal(text.len, 0);
	exec_ledger_add_summary(&ledger, &text);
	assert_string_equal(text.at,
	    "reached: 0, nothing\nrefused: 0, nothing\nbytes: 0 in, 0 out\n");
	text_fini(&text);
	exec_ledger_fini(&ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_counted),
		cmocka_unit_test(a_row_is_new_once),
		cmocka_unit_test(what_is_no_place_is_passed_over),
		cmocka_unit_test(a_policy_is_learned),
		cmocka_unit_test(nothing_is_learned_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
