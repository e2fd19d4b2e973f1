/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_view, top_keys, top_order, top_state and what they are made of: the exact
 * screens of what a gateway answers, what each key does to them, and that no
 * size and no key makes a line that is too wide or that a terminal would obey.
 */
#include "cli/top_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/columns.h"
#include "cli/top_order.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* 2026-03-01T12:00:00Z */
#define NOW (1772366400 * CLOCK_SECOND)

#define STATUS                                                                 \
	"{\"policy\": \"/etc/gatehouse/office.policy\", \"generation\": 3, "   \
	"\"bans\": 1}"

/* ---- what a gateway answers ---- */

static void
add_flow(struct top_state *state, unsigned id, const char *from,
    const char *source, long in, long out, long age_ms)
{
	struct text line = TEXT_EMPTY;

	text_addf(&line,
	    "{\"flow\": \"%016x\", \"enforcer\": \"firewall\", "
	    "\"verdict\": \"allow\", "
	    "\"rule\": {\"line\": 12, \"name\": \"web\"}, "
	    "\"zone\": {\"from\": \"%s\", \"to\": \"wan\"}, "
	    "\"source\": \"%s\", \"source_port\": 4000%u, "
	    "\"destination\": \"203.0.113.9\", \"protocol\": \"tcp\", "
	    "\"port\": 443, \"bytes\": {\"in\": %ld, \"out\": %ld}, "
	    "\"duration_ms\": %ld.000}",
	    id, from, source, id % 10, in, out, age_ms);
	top_flows_add(&state->flows, text_str(&line));
	text_fini(&line);
}

static void
answer_flows(struct top_state *state, int64_t at, long moved)
{
	top_flows_begin(&state->flows, at);
	add_flow(state, 1, "lan", "10.0.0.4", 1000 + moved, 5000, 61000);
	add_flow(state, 2, "lan", "2001:db8:1::4", 100, 900 + moved * 20, 5000);
	add_flow(state, 3, "guest", "10.0.9.7", 10, 20, 3600000);
	top_state_take_flows(state);
}

static void
begin(struct top_state *state)
{
	(void)setenv("TZ", "UTC0", 1);
	top_state_init(state);
	top_state_take_status(state, STR(STATUS));
}

#define RULES                                                                  \
	"{\"rules\": [{\"line\": 7, \"nth\": 0, \"text\": "                    \
	"\"allow lan -> any web\", \"packets\": 1234567, \"bytes\": 10, "      \
	"\"flows\": 9, \"last\": \"2026-03-01T11:59:50.000000Z\"}, "           \
	"{\"line\": 9, \"nth\": 2, \"text\": \"drop any -> \\u001b[2J\", "     \
	"\"packets\": 0, \"bytes\": 0, \"flows\": 0, \"last\": null}, "        \
	"{\"line\": 0, \"text\": \"drop any -> any log\", \"packets\": 5, "    \
	"\"bytes\": 500}]}"

#define CLIENTS                                                                \
	"{\"of\": \"clients\", \"entries\": [{\"what\": \"10.0.0.4\", "        \
	"\"flows\": 20, \"refused\": 1, \"bytes_in\": 2048, "                  \
	"\"bytes_out\": 1, \"over\": 0}, {\"what\": \"10.0.9.7\", "            \
	"\"flows\": 2, \"refused\": 300, \"bytes_in\": 5000, "                 \
	"\"bytes_out\": 9}]}"

#define SERIES                                                                 \
	"{\"step\": 10, \"points\": ["                                         \
	"{\"allowed\": 0, \"refused\": 5, \"requests\": 1, "                   \
	"\"bytes_in\": 1000, \"bytes_out\": 1000, \"hits\": 0, \"saved\": 0}," \
	"{\"allowed\": 40, \"refused\": 5, \"requests\": 1, "                  \
	"\"bytes_in\": 1000, \"bytes_out\": 81920, \"hits\": 0, "              \
	"\"saved\": 0},"                                                       \
	"{\"allowed\": 20, \"refused\": 5, \"requests\": 1, "                  \
	"\"bytes_in\": 1000, \"bytes_out\": 40960, \"hits\": 0, "              \
	"\"saved\": 0}]}"

/* ---- screens ---- */

static const char marks[TOP_LOOK_COUNT + 1] = " =:_>.?!";

/* Each line with a mark of how it looks, to be compared as one text. */
static void
draw(struct top_state *state, size_t height, size_t width, struct text *ret)
{
	struct top_screen screen = TOP_SCREEN_EMPTY;

	top_view_draw(state, height, width, NOW, &screen);
	text_clear(ret);
	for (size_t i = 0; i < screen.lines.count; i++) {
		const struct top_line *line = &screen.lines.items[i];
		struct str words =
		    str_skip(text_str(&screen.text), line->start);
		words.len = line->len;
		while (words.len > 0 && words.at[words.len - 1] == ' ')
			words.len--;
		text_addf(ret, "%c|%.*s\n", marks[line->look], STR_ARG(words));
	}
	top_screen_fini(&screen);
}

static void
assert_screen(
    struct top_state *state, size_t height, size_t width, const char *want)
{
	struct text got = TEXT_EMPTY;

	draw(state, height, width, &got);
	assert_string_equal(got.at, want);
	text_fini(&got);
}

#define TITLE_80                                                               \
	"=|gatehouse  office.policy, generation 3, 1 ban"                      \
	"                           12:00:00\n"
#define FOOT_80                                                                \
	".|h help  1-5 views  s sort  / choose  e explain  x end  b ban  "     \
	"space pause  q end\n"

static void
flows_and_their_rates(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	answer_flows(&top, CLOCK_SECOND, 0);
	assert_screen(&top, 8, 80,
	    TITLE_80
	    ":|[1 flows] 2 rates  3 rules  4 names  5 clients"
	    "                                 3\n"
	    "_| IN/s vOUT/s  BYTES    AGE PROT FROM                TO"
	    "                     RULE\n"
	    ">|    -      -   5.9k  1m01s tcp  lan 10.0.0.4:40001  wan "
	    "203.0.113.9:443    12 w…\n"
	    " |    -      -   1000   5.0s tcp  lan [2001:db8:1::4… wan "
	    "203.0.113.9:443    12 w…\n"
	    " |    -      -     30  1h00m tcp  guest 10.0.9.7:400… wan "
	    "203.0.113.9:443    12 w…\n"
	    " |\n" FOOT_80);
	/* Two seconds later; the fastest is the first. */
	answer_flows(&top, 3 * CLOCK_SECOND, 2048);
	assert_screen(&top, 7, 60,
	    "=|gatehouse  office.policy, generation 3, 1 ban       12:00:00\n"
	    ":|[1 flows] 2 rates  3 rules  4 names  5 clients             3\n"
	    "_| IN/s vOUT/s  BYTES FROM               TO\n"
	    ">|    0    20k    41k lan [2001:db8:1::… wan 203.0.113.9:443\n"
	    " | 1.0k      0   7.9k lan 10.0.0.4:40001 wan 203.0.113.9:443\n"
	    " |    0      0     30 guest 10.0.9.7:40… wan 203.0.113.9:443\n"
	    ".|h help  1-5 views  s sort  / choose  e explain  x end  b ba…\n");
	top_state_fini(&top);
}

static void
rules(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	assert_int_equal(top_keys_take(&top, '3'), TOP_WISH_ASK);
	top_state_take_view(&top, STR(RULES), NOW);
	assert_screen(&top, 8, 80,
	    TITLE_80
	    ":| 1 flows  2 rates [3 rules] 4 names  5 clients"
	    "                                 3\n"
	    "_|vLINE  PACKETS  BYTES  FLOWS    LAST RULE\n"
	    ">|7         1.2M     10      9   10.0s allow lan -> any web\n"
	    ".|9/2          0      0      0   never drop any -> \\x1b[2J\n"
	    " |last         5    500      -       - drop any -> any log\n"
	    " |\n" FOOT_80);
	/* A part of their words chooses. */
	(void)top_keys_take(&top, '/');
	for (const char *at = "WEB"; *at != '\0'; at++)
		(void)top_keys_take(&top, *at);
	assert_int_equal(top_keys_take(&top, TOP_KEY_ENTER), TOP_WISH_ASK);
	assert_int_equal(top.rows.count, 1);
	top_state_fini(&top);
}

static void
clients_are_sorted(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	top_state_show(&top, TOP_VIEW_CLIENTS);
	top_state_take_view(&top, STR(CLIENTS), NOW);
	(void)top_keys_take(&top, 's');
	assert_screen(&top, 6, 50,
	    "=|gatehouse  office.policy, generation 3, 1 ban\n"
	    ":| 1 flows  2 rates  3 rules  4 names [5 clients]  2\n"
	    "_|  FLOWS vREFUSED     IN    OUT WHO OR WHAT\n"
	    ">|      2      300   4.9k      9 10.0.9.7\n"
	    " |     20        1   2.0k      1 10.0.0.4\n"
	    ".|h help  1-5 views  s sort  / choose  e explain  x…\n");
	(void)top_keys_take(&top, 'r');
	assert_screen(&top, 3, 50,
	    "_|  FLOWS ^REFUSED     IN    OUT WHO OR WHAT\n"
	    ">|     20        1   2.0k      1 10.0.0.4\n"
	    ".|h help  1-5 views  s sort  / choose  e explain  x…\n");
	top_state_fini(&top);
}

static void
rates(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	assert_int_equal(top_keys_take(&top, '2'), TOP_WISH_ASK);
	top_state_take_view(&top, STR(SERIES), NOW);
	assert_screen(&top, 11, 60,
	    "=|gatehouse  office.policy, generation 3, 1 ban       12:00:00\n"
	    ":| 1 flows [2 rates] 3 rules  4 names  5 clients\n"
	    "_|A SECOND the last 30.0s, a bar for 10s         LAST     MOST\n"
	    " |allowed   █▄                                    2.0      4.0\n"
	    " |refused  ███                                    0.5      0.5\n"
	    " |requests ███                                    0.1      0.1\n"
	    " |in       ███                                    100      100\n"
	    " |out      ▁█▄                                   4.0k     8.0k\n"
	    " |hits                                            0.0      0.0\n"
	    " |saved                                             0        0\n"
	    ".|h help  1-5 views  s sort  / choose  e explain  x end  b ba…\n");
	top_state_fini(&top);
}

/* What is asked for is seen, whatever else has room. */
static void
small_screens(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	answer_flows(&top, CLOCK_SECOND, 0);
	assert_screen(&top, 4, 20,
	    "=|gatehouse  office.p…\n"
	    "_|FROM      TO\n"
	    ">|lan 10.0… wan 203.0…\n"
	    ".|h help  1-5 views  …\n");
	top_state_fini(&top);
}

static void
nothing_to_show(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	top_state_show(&top, TOP_VIEW_NAMES);
	top_state_miss(&top, STR("it is \033 older\nand more"));
	assert_screen(&top, 4, 40,
	    "=|gatehouse  office.policy, generation 3,…\n"
	    "!|it is \\x1b older\n"
	    " |\n"
	    ".|h help  1-5 views  s sort  / choose  e …\n");
	top_state_take_view(&top, STR("nonsense"), NOW);
	assert_string_equal(top.places[TOP_VIEW_NAMES].missing.at,
	    "what the gateway answers is not understood");
	top_state_take_view(&top, STR(CLIENTS), NOW);
	assert_int_equal(top.places[TOP_VIEW_NAMES].missing.len, 0);
	top_state_fini(&top);
}

/* ---- keys ---- */

static void
assert_question(const struct top_state *top, const char *want)
{
	struct text line = TEXT_EMPTY;

	top_order_ask(top, &line);
	assert_string_equal(line.at, want);
	text_fini(&line);
}

static void
type_words(struct top_state *top, const char *words)
{
	for (; *words != '\0'; words++)
		(void)top_keys_take(top, (unsigned char)*words);
}

static void
questions(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	assert_question(&top, "flows ");
	type_words(&top, "/from lan  rule \"no guests\"");
	assert_int_equal(top_keys_take(&top, TOP_KEY_ENTER), TOP_WISH_ASK);
	assert_question(&top, "flows from\tlan\trule\tno guests");
	/* What was typed is there again, and is rubbed out by characters. */
	type_words(&top, "/\xc3\xa9");
	(void)top_keys_take(&top, TOP_KEY_BACKSPACE);
	(void)top_keys_take(&top, TOP_KEY_ENTER);
	assert_question(&top, "flows from\tlan\trule\tno guests");
	type_words(&top, "/x");
	(void)top_keys_take(&top, TOP_KEY_ESCAPE);
	assert_question(&top, "flows from\tlan\trule\tno guests");
	type_words(&top, "/\x15");
	(void)top_keys_take(&top, TOP_KEY_ENTER);
	assert_question(&top, "flows ");
	type_words(&top, "2");
	assert_question(&top, "series 10 240");
	assert_int_equal(top_keys_take(&top, 's'), TOP_WISH_ASK);
	assert_question(&top, "series 60 240");
	assert_int_equal(top_keys_take(&top, TOP_KEY_TAB), TOP_WISH_ASK);
	assert_question(&top, "rules");
	type_words(&top, "4");
	assert_question(&top, "top names 3600 100");
	(void)top_keys_take(&top, TOP_KEY_TAB);
	assert_question(&top, "top clients 3600 100");
	(void)top_keys_take(&top, TOP_KEY_TAB);
	assert_question(&top, "flows ");
	(void)top_keys_take(&top, TOP_KEY_BACK_TAB);
	assert_question(&top, "top clients 3600 100");
	top_state_fini(&top);
}

static void
assert_order(struct top_state *top, enum top_wish wish, const char *want)
{
	struct text line = TEXT_EMPTY;

	assert_int_equal(
	    top_order_carry_out(top, wish, &line), want[0] != '\0');
	if (want[0] != '\0')
		assert_string_equal(line.at, want);
	text_fini(&line);
}

static void
orders(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	/* Nothing is selected yet. */
	type_words(&top, "x");
	assert_string_equal(top.message.at, "a flow is to be selected");
	assert_int_equal(top_keys_take(&top, 'e'), TOP_WISH_NONE);
	answer_flows(&top, CLOCK_SECOND, 0);
	(void)top_keys_take(&top, TOP_KEY_DOWN);
	assert_int_equal(top_keys_take(&top, 'e'), TOP_WISH_EXPLAIN);
	assert_order(&top, TOP_WISH_EXPLAIN,
	    "explain text lan 2001:db8:1::4 -> wan 203.0.113.9 tcp 443");
	/* To end takes a second key, and another one than y does not. */
	assert_int_equal(top_keys_take(&top, 'x'), TOP_WISH_NONE);
	assert_int_equal(top_keys_take(&top, 'n'), TOP_WISH_NONE);
	assert_int_equal(top.prompt, TOP_PROMPT_NONE);
	type_words(&top, "x");
	assert_int_equal(top_keys_take(&top, TOP_KEY_OTHER), TOP_WISH_NONE);
	assert_int_equal(top.prompt, TOP_PROMPT_END);
	/* The list may change meanwhile: it is the flow that was asked of. */
	answer_flows(&top, 2 * CLOCK_SECOND, 5);
	assert_int_equal(top_keys_take(&top, 'y'), TOP_WISH_END);
	assert_order(&top, TOP_WISH_END, "end 0000000000000002");
	assert_int_equal(top_keys_take(&top, 'b'), TOP_WISH_NONE);
	assert_int_equal(top_keys_take(&top, TOP_KEY_ENTER), TOP_WISH_BAN);
	assert_order(&top, TOP_WISH_BAN, "ban 2001:db8:1::4 3600 in top");
	type_words(&top, "b\x15soon");
	assert_int_equal(top_keys_take(&top, TOP_KEY_ENTER), TOP_WISH_BAN);
	assert_order(&top, TOP_WISH_BAN, "");
	assert_string_equal(top.message.at, "a ban takes a time: 10m, 12h, 7d");
	assert_int_equal(top_keys_take(&top, 'q'), TOP_WISH_QUIT);
	top_state_fini(&top);
}

static void
flows_of_a_client_and_a_rule(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	top_state_show(&top, TOP_VIEW_CLIENTS);
	top_state_take_view(&top, STR(CLIENTS), NOW);
	(void)top_keys_take(&top, 'j');
	assert_int_equal(top_keys_take(&top, TOP_KEY_ENTER), TOP_WISH_ASK);
	assert_question(&top, "flows from\t10.0.9.7");
	top_state_show(&top, TOP_VIEW_RULES);
	top_state_take_view(&top, STR(RULES), NOW);
	assert_int_equal(top_keys_take(&top, TOP_KEY_ENTER), TOP_WISH_ASK);
	assert_question(&top, "flows rule\t7");
	top_state_fini(&top);
}

/* Whatever they are sorted by: there are more of them than of all others. */
static void
the_gateway_s_questions_come_last(void **state)
{
	static const char line[] =
	    "{\"flow\": \"0000000000000009\", \"zone\": {\"from\": "
	    "\"self\", \"to\": \"wan\"}, \"source\": \"203.0.113.1\", "
	    "\"destination\": \"203.0.113.53\", \"protocol\": \"udp\", "
	    "\"port\": 53, \"bytes\": {\"in\": 9999999, \"out\": 9999999}, "
	    "\"duration_ms\": 9999999.000}";
	struct top_state top;

	(void)state;
	begin(&top);
	top_flows_begin(&top.flows, CLOCK_SECOND);
	top_flows_add(&top.flows, STR(line));
	add_flow(&top, 1, "lan", "10.0.0.4", 1000, 5000, 61000);
	add_flow(&top, 2, "lan", "10.0.0.5", 100, 900, 5000);
	top_state_take_flows(&top);
	for (size_t by = 0; by < top_flows_kind.count; by++) {
		(void)top_keys_take(&top, TOP_KEY_END);
		assert_true(
		    str_is(top_state_flow(&top)->name, "0000000000000009"));
		(void)top_keys_take(&top, 'r');
		(void)top_keys_take(&top, TOP_KEY_END);
		assert_true(
		    str_is(top_state_flow(&top)->name, "0000000000000009"));
		(void)top_keys_take(&top, 's');
	}
	top_state_fini(&top);
}

/* The row that is selected stays, wherever the next answer puts it. */
static void
the_selection_stays(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	answer_flows(&top, CLOCK_SECOND, 0);
	(void)top_keys_take(&top, TOP_KEY_END);
	assert_true(str_is(top_state_flow(&top)->name, "0000000000000003"));
	(void)top_keys_take(&top, 'k');
	assert_true(str_is(top_state_flow(&top)->name, "0000000000000002"));
	answer_flows(&top, 2 * CLOCK_SECOND, 100);
	assert_true(str_is(top_state_flow(&top)->name, "0000000000000002"));
	assert_int_equal(top.places[TOP_VIEW_FLOWS].selected, 0);
	/* The first one is who leads now. */
	(void)top_keys_take(&top, TOP_KEY_HOME);
	(void)top_keys_take(&top, 'r');
	assert_int_equal(top.places[TOP_VIEW_FLOWS].selected, 0);
	top_state_fini(&top);
}

static void
pages_scroll(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	text_addz(&top.pages, "one\ntwo\nthree\nfour\n");
	assert_screen(&top, 3, 30,
	    " |one\n |two\n.|arrows scroll, q goes "
	    "back\n");
	(void)top_keys_take(&top, TOP_KEY_END);
	assert_screen(&top, 3, 30,
	    " |three\n |four\n.|arrows scroll, q goes "
	    "back\n");
	(void)top_keys_take(&top, 'k');
	assert_screen(&top, 3, 30,
	    " |two\n |three\n.|arrows scroll, q goes "
	    "back\n");
	/* What is too long goes on in the next line. */
	(void)top_keys_take(&top, TOP_KEY_HOME);
	(void)top_keys_take(&top, TOP_KEY_DOWN);
	assert_screen(&top, 4, 4, "=|gat…\n |two\n |thre\n.|arr…\n");
	assert_int_equal(top_keys_take(&top, 'q'), TOP_WISH_NONE);
	assert_int_equal(top.pages.len, 0);
	top_state_fini(&top);
}

/* ---- anything ---- */

static uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void
assert_good_screen(struct top_state *top, size_t height, size_t width)
{
	struct top_screen screen = TOP_SCREEN_EMPTY;

	top_view_draw(top, height, width, NOW, &screen);
	assert_in_range(screen.lines.count, 0, height);
	for (size_t i = 0; i < screen.lines.count; i++) {
		const struct top_line *line = &screen.lines.items[i];
		struct str rest = str_skip(text_str(&screen.text), line->start);
		rest.len = line->len;
		assert_in_range(columns_of(rest), 0, width);
		for (size_t len; rest.len > 0; rest = str_skip(rest, len)) {
			len = utf8_length(rest);
			assert_true(len > 0 && utf8_is_shown(rest));
		}
	}
	top_screen_fini(&screen);
}

static void
answer_anything(struct top_state *top, uint32_t *x)
{
	switch (random_next(x) % 6) {
	case 0:
		top_state_take_view(top, STR(CLIENTS), NOW);
		break;
	case 1:
		top_state_take_view(top, STR(RULES), NOW);
		break;
	case 2:
		top_state_take_view(top, STR(SERIES), NOW);
		break;
	case 3:
		top_state_miss(top, STR("a \xff\033[2J reason"));
		break;
	case 4:
		top_state_take_view(
		    top, STR("{\"step\": 1, \"points\": [5, {}]}"), NOW);
		break;
	default:
		if (top->view == TOP_VIEW_FLOWS)
			answer_flows(top, clock_now(), random_next(x) % 1000);
	}
}

static void
any_key_any_size(void **state)
{
	static const char typed[] = "12345jkgGsre/xbyn \xc3\xa9\033qh";
	struct top_state top;
	uint32_t x = 7;

	(void)state;
	begin(&top);
	for (unsigned i = 0; i < 20000; i++) {
		struct text line = TEXT_EMPTY;
		int key = random_next(&x) % 2 == 0
			      ? (unsigned char)
				    typed[random_next(&x) % (sizeof(typed) - 1)]
			      : TOP_KEY_UP + (int)(random_next(&x) % 11);
		enum top_wish wish = top_keys_take(&top, key);
		if (wish > TOP_WISH_ASK)
			(void)top_order_carry_out(&top, wish, &line);
		if (random_next(&x) % 4 == 0)
			answer_anything(&top, &x);
		if (random_next(&x) % 50 == 0)
			text_addz(&top.pages, "\xe2\x82\xac one\ntwo\n");
		assert_good_screen(
		    &top, random_next(&x) % 30, random_next(&x) % 120);
		text_fini(&line);
	}
	top_state_fini(&top);
}

/* A list of ten thousand, sorted and drawn, is no work of a second. */
static void
many_flows(void **state)
{
	struct top_state top;

	(void)state;
	begin(&top);
	for (int round = 1; round < 3; round++) {
		top_flows_begin(&top.flows, round * CLOCK_SECOND);
		for (unsigned i = 0; i < 10000; i++)
			add_flow(&top, i * 7919 % 10000, "lan", "10.0.0.4",
			    (long)i * round, 5, 90000);
		top_state_take_flows(&top);
	}
	assert_int_equal(top.rows.count, 10000);
	assert_int_equal(top_state_flow(&top)->out_rate, 0);
	(void)top_keys_take(&top, 'r');
	(void)top_keys_take(&top, 's');
	(void)top_keys_take(&top, TOP_KEY_END);
	assert_good_screen(&top, 50, 200);
	top_state_fini(&top);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_and_their_rates),
		cmocka_unit_test(rules),
		cmocka_unit_test(clients_are_sorted),
		cmocka_unit_test(rates),
		cmocka_unit_test(small_screens),
		cmocka_unit_test(nothing_to_show),
		cmocka_unit_test(questions),
		cmocka_unit_test(orders),
		cmocka_unit_test(flows_of_a_client_and_a_rule),
		cmocka_unit_test(the_gateway_s_questions_come_last),
		cmocka_unit_test(the_selection_stays),
		cmocka_unit_test(pages_scroll),
		cmocka_unit_test(any_key_any_size),
		cmocka_unit_test(many_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
