/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_matches: ways to match, gathered one by one.
 */
#include "firewall/compile_impl.h"

#include <errno.h>

struct matches
match_always(struct compiler *compiler)
{
	struct match *always = arena_new(&compiler->scratch, struct match);

	if (always != NULL)
		always->text = STR("");
	return (struct matches){ always, always != NULL };
}

bool
match_is_always(const struct matches *matches)
{
	return matches->count == 1 && matches->items[0].text.len == 0;
}

struct matches
match_room(struct compiler *compiler, size_t count)
{
	return (struct matches){
		.items = arena_array(
		    &compiler->scratch, count, sizeof(struct match)),
	};
}

struct match *
compile_add_match(struct compiler *compiler, struct matches *matches,
    uint8_t family, struct text *text)
{
	if (matches->items == NULL || text->full) {
		compiler->rc = -ENOMEM;
		return NULL;
	}
	struct match *match = &matches->items[matches->count++];
	*match = (struct match){ .family = family,
		.text = arena_str(&compiler->scratch, text_str(text)) };
	text_clear(text);
	return match;
}
