/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include "daemon/runtime.h"

#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What the options mean, in the order in which help shows them. */
static const struct {
	unsigned bit;
	const char *words;
} option_words[] = {
	{ OPTION_DRY_RUN,
	    "  --dry-run      only say what would change, all of it\n" },
	{ OPTION_FOLLOW,
	    "  -f, --follow   the last lines, and then each as it happens\n" },
	{ OPTION_LINES, "  -n, --lines N  only the last N\n" },
	{ OPTION_ONCE,
	    "  --once         one screen as text, 80 columns wide\n" },
	{ OPTION_FILE, "  --file FILE    another file of the journal\n" },
	{ OPTION_EVERY, "  --every TIME   how often to ask (default 2s)\n" },
	{ OPTION_QUIET, "  --quiet        do not say what changes\n" },
	{ OPTION_CONFIRM,
	    "  --confirm TIME take it back unless 'gatehouse confirm' comes "
	    "in time\n" },
	{ OPTION_AS, "  --as NAME      what the history calls it\n" },
	{ OPTION_FORCE, "  --force        even if you cut yourself off\n" },
	{ OPTION_JSON, "  --json         machine-readable output\n" },
	{ OPTION_LOGFMT, "  --logfmt       KEY=VALUE pairs\n" },
	{ OPTION_LISTS, "  --lists        show lists whole, however long\n" },
	{ OPTION_OUTPUT,
	    "  -o, --output FILE\n"
	    "                 write it there; a file that is there stays\n" },
	{ OPTION_YES, "  --yes          ask nothing: take what is proposed\n" },
	{ OPTION_METRICS, "  --metrics      as text for Prometheus\n" },
	{ OPTION_RUNNING, "  --running      ask the running gateway\n" },
	{ OPTION_EARLY_DROP,
	    "  --early-drop auto|on|off\n"
	    "                 refuse listed sources at the driver (default "
	    "auto)\n" },
	{ OPTION_NETNS,
	    "  --netns NAME   in that network namespace, or in that of the "
	    "process\n"
	    "                 with this number\n" },
	{ OPTION_STATE,
	    "  --state DIR    keep the last good policy there, for a start "
	    "with one\n"
	    "                 that is refused\n" },
	{ OPTION_HTML, "  --html FILE    as a page, written there\n" },
	{ OPTION_SINCE,
	    "  --since TIME   from so long ago on: 24h, 7d (default), 30d\n" },
	{ OPTION_UTC, "  --utc          all times are UTC\n" },
	{ OPTION_EXEC,
	    "  --allow NAMES  what it may reach, by commas, in place of a "
	    "policy;\n"
	    "                 several add up\n"
	    "  --learn FILE   write the policy that it would have needed; a "
	    "file that\n"
	    "                 is there stays\n"
	    "  --summary      at the end, what was reached and what refused\n"
	    "  --quiet        do not say what is refused\n"
	    "  --log FILE     append each event to it, as JSON\n"
	    "  --keep-fd N    leave this descriptor open; else 0 to 2 are\n"
	    "  --unix         let it use sockets of files, the host's too\n" },
	{ OPTION_RUNTIME,
	    "  --runtime DIR  where the running gateway keeps its state\n"
	    "                 (default " RUNTIME_DEFAULT ")\n" },
};

static bool
keep_descriptor(struct options *options)
{
	uint64_t number;

	if (options->kept_count == OPTION_KEPT_MAX ||
	    str_number(str_of(optarg), INT_MAX, &number) < 0)
		return false;
	options->kept[options->kept_count++] = (int)number;
	return true;
}

static bool
keep_allowed(struct options *options)
{
	if (options->allowed_count == OPTION_ALLOWED_MAX)
		return false;
	options->allowed[options->allowed_count++] = optarg;
	return true;
}

/* How an option is written, who takes it, and where it goes: to the field that
 * stands so far into the options, or as `keep` does it. */
struct row {
	const char *name;
	int letter;
	unsigned takes;
	bool (*keep)(struct options *options); /* false: there is no room */
	bool has_value;
	size_t place;
};

/* clang-format off */
#define FLAG(name, letter, takes, field)                                       \
	{ name, letter, takes, NULL, false, offsetof(struct options, field) }
#define VALUE(name, letter, takes, field)                                      \
	{ name, letter, takes, NULL, true, offsetof(struct options, field) }
/* clang-format on */

static const struct row rows[] = {
	FLAG("json", 'j', OPTION_JSON, json),
	FLAG("follow", 'f', OPTION_FOLLOW, follow),
	FLAG("dry-run", 'd', OPTION_DRY_RUN, dry_run),
	FLAG("quiet", 'q', OPTION_QUIET | OPTION_EXEC, quiet),
	FLAG("verbose", 'v', OPTION_VERBOSE, verbose),
	FLAG("check", 'c', OPTION_CHECK, check),
	FLAG("force", 'F', OPTION_FORCE, force),
	FLAG("lists", 'l', OPTION_LISTS, lists),
	FLAG("metrics", 'm', OPTION_METRICS, metrics),
	VALUE("runtime", 'r', OPTION_RUNTIME, runtime),
	FLAG("running", 'R', OPTION_RUNNING, running),
	VALUE("lines", 'n', OPTION_LINES, lines),
	FLAG("logfmt", 'L', OPTION_LOGFMT, logfmt),
	FLAG("utc", 'U', OPTION_UTC, utc),
	FLAG("once", 'O', OPTION_ONCE, once),
	VALUE("every", 'E', OPTION_EVERY, every),
	VALUE("file", 'I', OPTION_FILE, file),
	VALUE("confirm", 'C', OPTION_CONFIRM, confirm),
	FLAG("yes", 'y', OPTION_YES, yes),
	VALUE("output", 'o', OPTION_OUTPUT, output),
	VALUE("as", 'A', OPTION_AS, as),
	VALUE("early-drop", 'e', OPTION_EARLY_DROP, early_drop),
	VALUE("netns", 'N', OPTION_NETNS, netns),
	VALUE("state", 's', OPTION_STATE, state),
	VALUE("since", 'S', OPTION_SINCE, since),
	VALUE("html", 'H', OPTION_HTML, html),
	{ "allow", 'a', OPTION_EXEC, keep_allowed, true, 0 },
	VALUE("learn", 'k', OPTION_EXEC, learn),
	VALUE("log", 'g', OPTION_EXEC, log),
	FLAG("summary", 'u', OPTION_EXEC, summary),
	{ "keep-fd", 'K', OPTION_EXEC, keep_descriptor, true, 0 },
	FLAG("unix", 'X', OPTION_EXEC, unix_sockets),
};

static const struct row *
find_row(int option)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].letter == option)
			return &rows[i];
	return NULL;
}

const char *
options_name(int option)
{
	const struct row *row = find_row(option);

	return row != NULL ? row->name : option == 'h' ? "help" : NULL;
}

int
options_next(int argc, char **argv)
{
	static struct option known[COUNT_OF(rows) + 2];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		known[i] = (struct option){ .name = rows[i].name,
			.has_arg =
			    rows[i].has_value ? required_argument : no_argument,
			.val = rows[i].letter };
	known[COUNT_OF(rows)] =
	    (struct option){ "help", no_argument, NULL, 'h' };
	return getopt_long(argc, argv, ":hfvn:o:", known, NULL);
}

bool
options_take(unsigned takes, int option, struct options *options)
{
	const struct row *row = find_row(option);

	if (row == NULL || (takes & row->takes) == 0)
		return false;
	if (row->keep != NULL)
		return row->keep(options);
	void *field = (char *)options + row->place;
	if (row->has_value)
		*(const char **)field = optarg;
	else
		*(bool *)field = true;
	return true;
}

void
options_print(unsigned takes)
{
	for (size_t i = 0; i < COUNT_OF(option_words); i++)
		if ((takes & option_words[i].bit) != 0)
			(void)fputs(option_words[i].words, stdout);
}
