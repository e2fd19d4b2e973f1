/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"
#include "cli/session.h"
#include "cli/ssh_origin.h"

#include "policy/duration.h"

#include <stdio.h>
#include <string.h>

/* ADDRESS for TIME because a reason of many words */
#define WORDS_MAX 64

struct wish {
	struct address_range range;
	int64_t time; /* 0: for ever */
	struct text because;
};

static bool
parse_range(const char *word, struct address_range *ret)
{
	const char *why = "it is no prefix";

	if (address_range_parse(str_of(word), ret, &why) == 0 &&
	    address_range_prefix(ret) >= 0)
		return true;
	complain("'%s' is no address and no prefix: %s", word, why);
	return false;
}

static bool
parse_time(const char *word, int64_t *ret)
{
	const char *why = "";

	if (duration_parse(str_of(word), ret, &why) == 0 && *ret > 0)
		return true;
	complain("'%s' is no time to be banned for: 10m, 12h and 7d are", word);
	return false;
}

/* All that is left, so that nobody has to quote it. */
static void
join(char **words, int count, struct text *ret)
{
	for (int i = 0; i < count; i++) {
		text_addz(ret, i > 0 ? " " : "");
		text_addz(ret, words[i]);
	}
}

static bool
parse_wish(const struct options *options, struct wish *ret)
{
	int at = 1;

	if (!parse_range(options->words[0], &ret->range))
		return false;
	if (at + 1 < options->count && strcmp(options->words[at], "for") == 0) {
		if (!parse_time(options->words[at + 1], &ret->time))
			return false;
		at += 2;
	}
	if (at + 1 < options->count &&
	    strcmp(options->words[at], "because") == 0) {
		join(options->words + at + 1, options->count - at - 1,
		    &ret->because);
		at = options->count;
	}
	if (at < options->count)
		complain("'%s' is not understood here: for TIME, then because "
			 "TEXT",
		    options->words[at]);
	return at == options->count;
}

static bool
would_lock_out(const struct wish *wish)
{
	char text[ADDRESS_TEXT_BYTES];
	struct address origin;

	if (!ssh_origin_find(&origin) ||
	    !address_range_has(&wish->range, origin))
		return false;
	complain("you are connected from %s: the ban would end this session; "
		 "--force does it all the same",
	    address_format(origin, text));
	return true;
}

/* What went well is told to standard output, the rest beside it. */
static enum status
ask(const struct options *options, const char *question)
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(options->runtime, question, &answer);

	if (status == STATUS_GOOD)
		print_text(&answer);
	else if (answer.len > 0)
		complain("%.*s", (int)(answer.len - 1), answer.at);
	text_fini(&answer);
	return status;
}

static enum status
ban_now(const struct options *options, const char *question)
{
	session_tell(options->runtime);
	return ask(options, question);
}

static enum status
ban(const struct options *options)
{
	struct wish wish = { .because = TEXT_EMPTY };
	struct text question = TEXT_EMPTY;
	char range[ADDRESS_RANGE_TEXT_BYTES];
	enum status status = STATUS_USAGE;

	if (parse_wish(options, &wish)) {
		text_addf(&question, "%s %s %lld %.*s",
		    options->force ? "force" : "ban",
		    address_range_format(&wish.range, range),
		    (long long)(wish.time / CLOCK_SECOND),
		    STR_ARG(text_str(&wish.because)));
		if (!options->force && would_lock_out(&wish))
			status = STATUS_NO;
		else if (question.full || strchr(question.at, '\n') != NULL)
			complain("the reason is to be one line");
		else
			status = ban_now(options, question.at);
	}
	text_fini(&wish.because);
	text_fini(&question);
	return status;
}

static enum status
unban(const struct options *options)
{
	char range_text[ADDRESS_RANGE_TEXT_BYTES], question[256];
	struct address_range range;

	if (!parse_range(options->words[0], &range))
		return STATUS_USAGE;
	(void)snprintf(question, sizeof(question), "unban %s",
	    address_range_format(&range, range_text));
	return ask(options, question);
}

const struct command command_ban = {
	.name = "ban",
	.usage = "[--force] [--runtime DIR] ADDRESS [for TIME] [because TEXT]",
	.summary = "exchange nothing with an address from now on",
	.help =
	    "Packets from the address or prefix, and to it, are dropped at "
	    "once and\n"
	    "in silence, whatever the policy says; flows that live end, those\n"
	    "through the proxy too. It lasts for TIME (30s, 10m, 12h, 7d) or "
	    "until\n"
	    "it is unbanned, through apply and restart. A second ban of the "
	    "same\n"
	    "address replaces the first.\n"
	    "\n"
	    "  gatehouse ban 203.0.113.9\n"
	    "  gatehouse ban 203.0.113.9 for 12h because too many logins\n"
	    "  gatehouse ban 2001:db8:bad::/48 for 7d\n"
	    "\n"
	    "Needs root. Status 1: refused, for it is an address of the "
	    "gateway, or\n"
	    "too wide; or for the policy never bans it, or an administrator\n"
	    "comes from there by ssh: then --force does it all the same.\n",
	.takes = OPTION_FORCE | OPTION_RUNTIME,
	.words_min = 1,
	.words_max = WORDS_MAX,
	.run = ban,
};

const struct command command_unban = {
	.name = "unban",
	.usage = "[--runtime DIR] ADDRESS",
	.summary = "end a ban",
	.help = "Ends the ban of exactly this address or prefix, at once.\n"
		"\n"
		"  gatehouse unban 203.0.113.9\n"
		"\n"
		"Needs root. Status 1: there is no such ban.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 1,
	.words_max = 1,
	.run = unban,
};
