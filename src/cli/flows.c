/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/columns.h"
#include "cli/control_client.h"
#include "cli/log_render.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Between two words: what stands in none of them. */
#define MARK '\t'

struct listing {
	bool json;
	struct log_look look;
	bool failed;
	unsigned long long count;
};

/* False, and complained, if a word cannot be said to the gateway. */
static bool
add_words(struct text *line, char **words, int count)
{
	for (int i = 0; i < count; i++) {
		if (words[i][0] == '\0' || strpbrk(words[i], "\t\n") != NULL) {
			complain("a word is not empty and has neither tabs nor "
				 "line ends");
			return false;
		}
		if (i > 0)
			text_addc(line, MARK);
		text_addz(line, words[i]);
	}
	return true;
}

/* Whether the gateway had to break off. */
static bool
take_error(struct listing *listing, struct str line)
{
	json_t *root = json_loadb(line.at, line.len, 0, NULL);
	const char *error = json_string_value(json_object_get(root, "error"));

	if (error != NULL) {
		complain("not all flows could be read: %s", error);
		listing->failed = true;
	}
	json_decref(root);
	return error != NULL;
}

static void
print_flow(void *context, struct str line)
{
	struct listing *listing = context;
	struct text out = TEXT_EMPTY;

	if (str_starts(line, STR("{\"error\"")) && take_error(listing, line))
		return;
	listing->count++;
	json_t *flow = json_loadb(line.at, line.len, 0, NULL);
	if (listing->json || !log_render_flow(flow, &listing->look, &out))
		text_add(&out, line);
	json_decref(flow);
	text_addc(&out, '\n');
	print_text(&out);
	text_fini(&out);
}

static enum status
list_flows(const struct options *options, const char *line)
{
	struct listing listing = { .json = options->json,
		.look.columns = columns_of_terminal(STDOUT_FILENO) };
	struct text words = TEXT_EMPTY;
	enum status status = control_read_lines(
	    options->runtime, line, print_flow, &listing, &words);

	complain_text(&words);
	text_fini(&words);
	if (status == STATUS_GOOD && listing.failed)
		status = STATUS_WORLD;
	return status;
}

static enum status
end_flows(const struct options *options, const char *line)
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(options->runtime, line, &answer);

	if (status == STATUS_GOOD)
		print_text(&answer);
	else
		complain_text(&answer);
	text_fini(&answer);
	return status;
}

static enum status
flows(const struct options *options)
{
	struct text line = TEXT_EMPTY;
	bool ends = options->count > 0 && strcmp(options->words[0], "end") == 0;
	enum status status = STATUS_USAGE;

	if (ends && options->json)
		complain("'flows end' takes no --json");
	else if (ends && options->count == 1)
		complain(
		    "'flows end' takes what to end: a flow's 16 digits, or "
		    "words that it fits");
	else {
		text_addz(&line, ends ? "end " : "flows ");
		if (add_words(
			&line, options->words + ends, options->count - ends))
			status = ends ? end_flows(options, line.at)
				      : list_flows(options, line.at);
	}
	text_fini(&line);
	return status;
}

const struct command command_flows = {
	.name = "flows",
	.usage = "[--json] [--runtime DIR] [end] [WORD ...]",
	.summary = "list the flows that live, or end some",
	.help =
	    "A line for each flow that the kernel knows: its id, from whom to "
	    "whom,\n"
	    "who carries it and by which rule, bytes from and to the client, "
	    "and its\n"
	    "age. Flows that began before the gateway have neither.\n"
	    "\n"
	    "Words choose, and a flow must fit all: its id (16 digits, the "
	    "'flow' of\n"
	    "the journal), a protocol, from WHO, to WHO, port NUMBER, rule "
	    "LINE or\n"
	    "NAME, by firewall, by proxy. WHO is a zone, self, an address, a "
	    "prefix\n"
	    "or a range. Behind 'end' stand those that are to end.\n"
	    "\n"
	    "  gatehouse flows from lan to wan tcp port 443\n"
	    "  gatehouse flows rule \"no guests\"\n"
	    "  gatehouse flows --json | jq -c 'select(.bytes.out > 1e9)'\n"
	    "  gatehouse flows end 8f1d22c07ab3e915\n"
	    "  gatehouse flows end from 10.0.0.4\n"
	    "\n"
	    "An ended flow stays ended, but what the policy allows may begin "
	    "anew.\n"
	    "Needs root. Status 1: no flow to end is there. 2: a word is not\n"
	    "understood. 3: no gateway runs.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON,
	.words_min = 0,
	.words_max = 64,
	.run = flows,
};
