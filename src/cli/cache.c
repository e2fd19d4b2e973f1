/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- purge ---- */

static const char *const kinds[] = { "url", "prefix", "host", "tag" };

static bool
is_kind(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i]) == 0)
			return true;
	return false;
}

/* The question to the gateway: purge [KIND] WHAT, purge all. */
static bool
put_wish(char **words, int count, struct text *ret)
{
	if (count == 1 && strcmp(words[0], "all") == 0) {
		text_addz(ret, "purge all");
		return true;
	}
	if (count == 2 && is_kind(words[0])) {
		text_addf(ret, "purge %s %s", words[0], words[1]);
		return true;
	}
	if (count == 1 && !is_kind(words[0])) {
		text_addf(ret, "purge url %s", words[0]);
		return true;
	}
	complain(
	    "what is to be purged? a URL; prefix URL; host NAME; tag WORD; "
	    "all");
	return false;
}

static enum status
tell_purged(enum status status, const struct text *answer)
{
	if (status != STATUS_GOOD) {
		if (answer->len > 0)
			complain("%.*s", (int)(answer->len - 1), answer->at);
		return status;
	}
	(void)printf("%.*s purged\n", (int)(answer->len - 1), answer->at);
	return STATUS_GOOD;
}

static enum status
purge(const struct options *options)
{
	struct text question = TEXT_EMPTY, answer = TEXT_EMPTY;
	enum status status = STATUS_USAGE;

	if (put_wish(options->words + 1, options->count - 1, &question)) {
		status = control_ask(options->runtime, question.at, &answer);
		status = tell_purged(status, &answer);
	}
	text_fini(&question);
	text_fini(&answer);
	return status;
}

/* ---- figures ---- */

static long long
figure(const json_t *counters, const char *name)
{
	return json_integer_value(json_object_get(counters, name));
}

static void
print_bytes(const char *word, long long bytes)
{
	static const char units[] = " KMGT";
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		(void)printf("%-12s %lld\n", word, bytes);
	else
		(void)printf("%-12s %.1f%c\n", word, value, units[unit]);
}

static void
print_figures(const json_t *counters)
{
	long long hits = figure(counters, "cache_hits"),
		  misses = figure(counters, "cache_misses"),
		  asked = hits + misses;

	(void)printf(
	    "%-12s %lld\n", "responses", figure(counters, "cache_objects"));
	print_bytes("bytes", figure(counters, "cache_bytes"));
	(void)printf("%-12s %lld", "hits", hits);
	if (asked > 0)
		(void)printf(
		    " (%.1f %%)", 100.0 * (double)hits / (double)asked);
	(void)printf("\n%-12s %lld\n", "misses", misses);
	(void)printf(
	    "%-12s %lld\n", "validated", figure(counters, "cache_validated"));
	(void)printf(
	    "%-12s %lld\n", "collapsed", figure(counters, "cache_collapsed"));
	print_bytes("saved", figure(counters, "cache_hit_bytes"));
	(void)printf(
	    "%-12s %lld\n", "evicted", figure(counters, "cache_evicted"));
	(void)printf(
	    "%-12s %lld\n", "purged", figure(counters, "cache_purged"));
	(void)printf(
	    "%-12s %lld\n", "repacked", figure(counters, "cache_thorough"));
}

static enum status
tell_figures(const struct options *options)
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(options->runtime, "status", &answer);
	json_error_t error;

	if (status == STATUS_GOOD) {
		json_t *all = json_loadb(answer.at, answer.len, 0, &error);
		print_figures(json_object_get(all, "counters"));
		json_decref(all);
	}
	text_fini(&answer);
	return status;
}

static enum status
run(const struct options *options)
{
	if (options->count == 0)
		return tell_figures(options);
	if (strcmp(options->words[0], "purge") == 0)
		return purge(options);
	complain("'%s' is not understood here: purge is", options->words[0]);
	return STATUS_USAGE;
}

const struct command command_cache = {
	.name = "cache",
	.usage = "[--runtime DIR] [purge WHAT]",
	.summary = "how the cache fares; throw out what it holds",
	.help =
	    "Without words: how much is stored, and how often it was of use.\n"
	    "\n"
	    "purge throws stored responses out: at once, on all threads, and "
	    "for\n"
	    "those that are being fetched as well. WHAT is\n"
	    "\n"
	    "  URL          all that is stored for one URL, whatever it varies "
	    "by\n"
	    "  prefix URL   all that begins with it\n"
	    "  host NAME    all of one host, on any port\n"
	    "  tag WORD     all whose Surrogate-Key or Cache-Tag names the "
	    "word\n"
	    "  all          everything\n"
	    "\n"
	    "  gatehouse cache\n"
	    "  gatehouse cache purge http://www.example.com/news\n"
	    "  gatehouse cache purge prefix http://www.example.com/img/\n"
	    "  gatehouse cache purge host www.example.com\n"
	    "\n"
	    "Needs root. Status 1: the policy has no proxy.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 0,
	.words_max = 3,
	.run = run,
};
