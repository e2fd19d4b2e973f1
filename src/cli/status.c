/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/answer.h"
#include "cli/control_client.h"
#include "cli/member.h"

#include "firewall/early_drop.h"
#include "policy/duration.h"

#include <jansson.h>
#include <stdio.h>

static long long
number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* What nobody should overlook comes first. */
static void
print_fallback(const json_t *status)
{
	const json_t *fallback = json_object_get(status, "fallback");
	const json_t *good = json_object_get(status, "last_good");

	if (json_is_object(fallback))
		(void)printf("attention  %s, because %s\n",
		    member_word(fallback, "words", ""),
		    member_word(fallback, "because", ""));
	if (json_is_string(json_object_get(good, "problem")))
		(void)printf(
		    "attention  %s\n", member_word(good, "problem", ""));
}

/* "policy 8 (PATH) waits to be confirmed, 43 s more; then OTHER is back" */
static void
print_confirmation(const json_t *confirmation)
{
	if (!json_is_object(confirmation))
		return;
	(void)printf("attention  %s waits for 'gatehouse confirm', %lld s "
		     "more; then %s comes back\n",
	    member_word(confirmation, "policy", ""),
	    number(confirmation, "seconds"),
	    member_word(confirmation, "back_to", ""));
}

static void
print_head(const json_t *status)
{
	const json_t *proxy = json_object_get(status, "proxy");

	(void)printf("policy     %s, generation %lld, in force since %s\n",
	    member_word(status, "policy", ""), number(status, "generation"),
	    member_word(status, "since", ""));
	(void)printf(
	    "firewall   gatehoused, pid %lld\n", number(status, "pid"));
	if (number(proxy, "pid") == 0)
		(void)puts(
		    "proxy      not running; what is handed to it waits");
	else
		(void)printf("proxy      pid %lld%s, started %lld time%s\n",
		    number(proxy, "pid"),
		    json_is_true(json_object_get(proxy, "answers"))
			? ""
			: ", does not answer",
		    number(proxy, "starts"),
		    number(proxy, "starts") == 1 ? "" : "s");
}

/* In one line where all stands; a problem is none to be overlooked. */
static void
print_sandbox(const char *program, const json_t *sandbox)
{
	size_t kept = json_array_size(json_object_get(sandbox, "capabilities"));

	if (!json_is_object(sandbox))
		return;
	if (json_is_string(json_object_get(sandbox, "problem")))
		(void)printf("attention  the sandbox of %s lacks: %s\n",
		    program, member_word(sandbox, "problem", ""));
	(void)printf("sandbox    %s: %s, ", program,
	    json_is_true(json_object_get(sandbox, "filter"))
		? "system calls filtered"
		: "all system calls");
	if (number(sandbox, "landlock") > 0)
		(void)printf("Landlock %lld, ", number(sandbox, "landlock"));
	if (kept == 0)
		(void)puts("no capability");
	else
		(void)printf("%zu capabilities\n", kept);
}

static void
print_sandboxes(const json_t *both)
{
	print_sandbox("gatehouse-proxy", json_object_get(both, "proxy"));
	print_sandbox("gatehoused", json_object_get(both, "daemon"));
}

static void
print_port(const json_t *early, const json_t *port)
{
	if (json_is_string(json_object_get(port, "driver")))
		(void)printf("early drop on %s (%s), %lld ranges, %lld ban%s\n",
		    member_word(port, "name", ""),
		    member_word(port, "driver", ""), number(early, "ranges"),
		    number(early, "bans"),
		    number(early, "bans") == 1 ? "" : "s");
	else
		(void)printf("early drop not on %s: %s\n",
		    member_word(port, "name", ""),
		    member_word(port, "why", ""));
}

/* Nothing of it where there is nothing for it, unless it was asked for. */
static void
print_early(const json_t *early)
{
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(early, "interfaces"), i, port)
	    print_port(early, port);
	if (json_is_false(json_object_get(early, "active")) &&
	    (str_is(str_of(member_word(early, "mode", "")), "on") ||
		number(early, "ranges") + number(early, "bans") >=
		    EARLY_DROP_RANGES_MIN))
		(void)printf("early drop not in use: %s\n",
		    member_word(early, "why", ""));
}

/* Only what has happened: a list of zeros hides the one that is none. */
static void
print_counters(const char *title, json_t *counters)
{
	const char *name;
	json_t *value;

	json_object_foreach(counters, name, value)
	{
		if (json_integer_value(value) == 0)
			continue;
		if (title != NULL)
			(void)printf("\n%s\n", title);
		title = NULL;
		(void)printf("%15lld  %s\n", json_integer_value(value), name);
	}
}

static void
print_rules(const json_t *rules)
{
	const json_t *rule;
	size_t i;

	(void)puts("\n line    packets      bytes    flows  rule");
	json_array_foreach(rules, i, rule)
	{
		if (number(rule, "line") == 0)
			(void)fputs(" last ", stdout);
		else
			(void)printf("%5lld ", number(rule, "line"));
		(void)printf("%10lld %10lld %8lld  %s\n",
		    number(rule, "packets"), number(rule, "bytes"),
		    number(rule, "flows"), member_word(rule, "text", ""));
	}
}

static void
print_list(const json_t *list)
{
	struct text refresh = TEXT_EMPTY;

	if (number(list, "refresh") > 0) {
		text_addz(&refresh, ", looked at every ");
		duration_add(number(list, "refresh") * CLOCK_SECOND, &refresh);
	}
	(void)printf("%15lld  %s, %s, read %s%s\n", number(list, "entries"),
	    member_word(list, "name", ""), member_word(list, "file", ""),
	    member_word(list, "read", ""),
	    refresh.at != NULL ? refresh.at : "");
	text_fini(&refresh);
	if (json_is_string(json_object_get(list, "problem")))
		(void)printf("%17s%s; the old list stays\n", "",
		    member_word(list, "problem", ""));
}

static void
print_lists(const json_t *lists)
{
	const json_t *list;
	size_t i;

	if (json_array_size(lists) > 0)
		(void)puts("\n        entries  list");
	json_array_foreach(lists, i, list) print_list(list);
}

/* They can refuse what Gatehouse allows, and it would not know. */
static void
print_foreign(const json_t *chains)
{
	const json_t *chain;
	size_t i;

	if (json_array_size(chains) > 0)
		(void)puts("\nother tables that can refuse what is allowed");
	json_array_foreach(chains, i, chain)
	{
		(void)printf("  chain %s of table %s %s: hook %s, priority "
			     "%lld, policy %s, %lld rule%s\n",
		    member_word(chain, "chain", ""),
		    member_word(chain, "family", ""),
		    member_word(chain, "table", ""),
		    member_word(chain, "hook", ""), number(chain, "priority"),
		    member_word(chain, "policy", ""), number(chain, "rules"),
		    number(chain, "rules") == 1 ? "" : "s");
	}
}

/* One that does as it should is in the JSON alone. */
static void
print_outputs(const json_t *outputs)
{
	const json_t *output;
	size_t i;

	json_array_foreach(outputs, i, output)
	{
		bool fails = json_is_string(json_object_get(output, "problem"));
		if (!fails && number(output, "lost") == 0)
			continue;
		(void)printf("attention  events to %s: %lld written, %lld "
			     "lost%s%s\n",
		    member_word(output, "to", ""), number(output, "events"),
		    number(output, "lost"), fails ? "; " : "",
		    member_word(output, "problem", ""));
	}
}

#define PINS_SHOWN 20
#define WIDTH      80

/* A line of the screen at most. */
static void
print_pin(const json_t *pin)
{
	const char *zone = member_word(pin, "zone", "");
	int room = WIDTH - 11 - (int)strlen(zone);

	(void)printf("%7lld  %s, %.*s\n", (number(pin, "seconds") + 59) / 60,
	    zone, room > 0 ? room : 0, member_word(pin, "name", ""));
}

/* As a person needs them; all are in the JSON. */
static void
print_pinned(const json_t *pinned)
{
	const json_t *entries = json_object_get(pinned, "entries"), *pin;
	size_t count = json_array_size(entries), i;

	if (count == 0)
		return;
	(void)printf("\nminutes  not opened: our certificate is refused (%zu "
		     "of %lld at most)\n",
	    count, number(pinned, "max"));
	json_array_foreach(entries, i, pin)
	{
		if (i == PINS_SHOWN)
			break;
		print_pin(pin);
	}
	if (count > PINS_SHOWN)
		(void)printf("         and %zu more\n", count - PINS_SHOWN);
}

static enum status
print_status(const struct text *answer)
{
	json_t *status = answer_read(answer);

	if (status == NULL)
		return STATUS_WORLD;
	print_fallback(status);
	print_confirmation(json_object_get(status, "confirmation"));
	print_outputs(
	    json_object_get(json_object_get(status, "journal"), "outputs"));
	print_head(status);
	print_sandboxes(json_object_get(status, "sandbox"));
	print_early(json_object_get(status, "early_drop"));
	if (number(status, "bans") > 0)
		(void)printf("bans       %lld; 'gatehouse bans' lists them\n",
		    number(status, "bans"));
	if (number(status, "names") > 0)
		(void)printf("names      %lld; 'gatehouse names' lists them\n",
		    number(status, "names"));
	print_lists(json_object_get(status, "lists"));
	print_pinned(json_object_get(status, "pinned"));
	print_rules(json_object_get(status, "rules"));
	print_counters("kernel", json_object_get(status, "kernel"));
	print_counters("proxy", json_object_get(status, "counters"));
	print_foreign(json_object_get(status, "foreign"));
	json_decref(status);
	return STATUS_GOOD;
}

static enum status
show_status(const struct options *options)
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(
	    options->runtime, options->metrics ? "metrics" : "status", &answer);

	if (status == STATUS_GOOD && (options->json || options->metrics))
		print_text(&answer);
	else if (status == STATUS_GOOD)
		status = print_status(&answer);
	text_fini(&answer);
	return status;
}

const struct command command_status = {
	.name = "status",
	.usage = "[--json | --metrics] [--runtime DIR]",
	.summary = "say what runs and what its rules have seen",
	.help =
	    "Which policy is in force, both processes, what the lists hold "
	    "and\n"
	    "when they were read, and for each rule how many packets met it "
	    "in\n"
	    "the kernel: the first of each flow that the firewall decided. "
	    "What\n"
	    "the proxy decided is in its counters and in the log. At the end, "
	    "the\n"
	    "base chains of other nftables tables that can refuse what is "
	    "allowed.\n"
	    "\n"
	    "  gatehouse status\n"
	    "  gatehouse status --json | jq .rules\n"
	    "  gatehouse status --metrics > FILE.prom\n"
	    "\n"
	    "Counters that are 0 are left out. Needs root. Status 3: no "
	    "gateway runs.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON | OPTION_METRICS,
	.words_min = 0,
	.words_max = 0,
	.run = show_status,
};
