/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/ipset.h"

#include "import/range.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* "add NAME 192.0.2.0/24 timeout 5" */
static void
add_member(struct import_ruleset *rules, const struct import_wordlist *words)
{
	struct import_set *set = import_set_get(rules, STR(""), words->at[1]);
	struct address_range range;

	if (set == NULL)
		return;
	if (words->count > 3)
		set->why = "its members have more than an address:";
	else if (!import_range_parse(words->at[2], &range))
		set->why = "its members are more than addresses:";
	else if (VEC_ADD(set, span_of_range(&range)) < 0)
		rules->failed = true;
}

static const char passing_by[] = "its members come and go:";

/* "create NAME hash:ip family inet timeout 600" */
static void
create_set(struct import_ruleset *rules, const struct import_wordlist *words)
{
	struct import_set *set = import_set_get(rules, STR(""), words->at[1]);

	for (size_t i = 2; set != NULL && i < words->count; i++)
		if (str_is(words->at[i], "timeout"))
			set->why = passing_by;
}

void
import_ipset_note(
    struct import_ruleset *rules, const struct import_wordlist *words)
{
	for (size_t i = 2; i + 1 < words->count; i++) {
		struct import_set *set =
		    import_set_find(rules, STR(""), words->at[i + 1]);
		if (set != NULL && (str_is(words->at[i], "--add-set") ||
				       str_is(words->at[i], "--del-set")))
			set->why = passing_by;
	}
}

void
import_ipset_read(struct import_ruleset *rules, struct str text)
{
	struct import_wordlist words;

	while (text.len > 0) {
		struct str line = str_trim(str_cut(&text, '\n'));
		import_wordlist_read(&words, rules->arena, line);
		if (words.count >= 3 && str_is(words.at[0], "create"))
			create_set(rules, &words);
		else if (words.count >= 3 && str_is(words.at[0], "add"))
			add_member(rules, &words);
	}
	for (size_t i = 0; i < rules->sets.count; i++) {
		struct import_set *set = rules->sets.items[i];
		set->members =
		    span_set_make(rules->arena, set->items, set->count);
	}
}
