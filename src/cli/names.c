/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"
#include "cli/member.h"

#include "base/vec.h"
#include "policy/duration.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct str wanted; /* what a name or its address has in it */
	bool json;
	struct {
		json_t **items;
		size_t count, room;
	} all; /* owned */
	int rc;
};

static bool
is_meant(const struct listing *listing, const json_t *one)
{
	return listing->wanted.len == 0 ||
	       strstr(member_word(one, "name", ""), listing->wanted.at) !=
		   NULL ||
	       strcmp(member_word(one, "address", ""), listing->wanted.at) ==
		   0 ||
	       strcmp(member_word(one, "zone", ""), listing->wanted.at) == 0;
}

static void
take_line(void *context, struct str line)
{
	struct listing *listing = context;
	json_t *one = json_loadb(line.at, line.len, 0, NULL);

	if (one == NULL || !is_meant(listing, one)) {
		json_decref(one);
	} else if (listing->json) {
		(void)printf("%.*s\n", STR_ARG(line));
		json_decref(one);
	} else if (member_show_all(one) < 0 ||
		   VEC_ADD(&listing->all, one) < 0) {
		listing->rc = -ENOMEM;
		json_decref(one);
	}
}

/* By zone, then by name from its end, so that a domain stands together. */
static int
cmp_names(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b);

	while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) {
		i--;
		j--;
	}
	if (i == 0 || j == 0)
		return (i > 0) - (j > 0);
	return (unsigned char)a[i - 1] - (unsigned char)b[j - 1];
}

static int
cmp(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int order =
	    strcmp(member_word(x, "zone", ""), member_word(y, "zone", ""));

	if (order == 0)
		order = cmp_names(
		    member_word(x, "name", ""), member_word(y, "name", ""));
	return order != 0 ? order
			  : strcmp(member_word(x, "address", ""),
				member_word(y, "address", ""));
}

static void
print_one(const json_t *one)
{
	const json_t *rules = json_object_get(one, "rules");
	json_int_t seconds =
	    json_integer_value(json_object_get(one, "left_seconds"));
	struct text left = TEXT_EMPTY;

	/* Whole minutes are enough of hours. */
	if (seconds > 3600)
		seconds -= seconds % 60;
	duration_add(seconds * CLOCK_SECOND, &left);
	(void)printf("%8.*s  %-12s  %-15s  %s", STR_ARG(text_str(&left)),
	    member_word(one, "zone", ""), member_word(one, "address", ""),
	    member_word(one, "name", ""));
	for (size_t i = 0; i < json_array_size(rules); i++)
		(void)printf("%s%lld", i == 0 ? "  line " : ", ",
		    (long long)json_integer_value(json_array_get(rules, i)));
	(void)putchar('\n');
	text_fini(&left);
}

static void
print_all(struct listing *listing)
{
	if (listing->all.count == 0)
		return;
	qsort(listing->all.items, listing->all.count,
	    sizeof(*listing->all.items), cmp);
	(void)puts("    left  zone          address          name");
	for (size_t i = 0; i < listing->all.count; i++)
		print_one(listing->all.items[i]);
}

static enum status
names(const struct options *options)
{
	struct listing listing = { .json = options->json };
	struct text words = TEXT_EMPTY;

	if (options->count > 0)
		listing.wanted = str_of(options->words[0]);
	enum status status = control_read_lines(
	    options->runtime, "names", take_line, &listing, &words);
	if (status != STATUS_GOOD && words.len > 0)
		complain("%.*s", (int)(words.len - 1), words.at);
	if (listing.rc < 0) {
		complain("there is no memory for all names");
		status = STATUS_WORLD;
	}
	print_all(&listing);
	for (size_t i = 0; i < listing.all.count; i++)
		json_decref(listing.all.items[i]);
	free(listing.all.items);
	text_fini(&words);
	return status;
}

const struct command command_names = {
	.name = "names",
	.usage = "[--json] [--runtime DIR] [WORD]",
	.summary = "list the names that addresses are known by",
	.help =
	    "Where the DNS of a zone comes from the gateway, names in rules "
	    "hold for\n"
	    "every protocol, by the addresses that were answered. One line "
	    "for each\n"
	    "name of an address: the time that it is still known, the zone, "
	    "the\n"
	    "address, the name, and the lines of the rules that ask packets "
	    "for it.\n"
	    "With WORD only names that have it in them, or those of an address "
	    "or zone.\n"
	    "\n"
	    "  gatehouse names github.com\n"
	    "  gatehouse names 192.0.2.7\n"
	    "  gatehouse names --json | jq -r .name\n"
	    "\n"
	    "Needs root. Status 3: no gateway runs.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON,
	.words_min = 0,
	.words_max = 1,
	.run = names,
};
