/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_branch.h"

#include "base/vec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct branch
branch_of(struct compiler *compiler, uint8_t family)
{
	return (struct branch){ .compiler = compiler, .family = family };
}

static void
add_range(struct branch *branch, const struct address_range *range)
{
	struct span span = {
		.first = bound_of_address(range->first),
		.last = bound_of_address(range->last),
		.rule = (uint32_t)branch->chains.count - 1,
	};

	if (spans_add(&branch->spans, span) < 0)
		branch->compiler->rc = -ENOMEM;
}

static bool
add_chain(struct branch *branch, const char *chain)
{
	struct str copy = arena_str(&branch->compiler->scratch, str_of(chain));

	if (copy.at != NULL && VEC_ADD(&branch->chains, copy) == 0)
		return true;
	branch->compiler->rc = -ENOMEM;
	return false;
}

void
branch_add(
    struct branch *branch, const struct address_set *set, const char *chain)
{
	if (!add_chain(branch, chain))
		return;
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (range.first.family == branch->family)
			add_range(branch, &range);
	}
}

size_t
branch_lines_max(uint8_t family)
{
	return family == ADDRESS_IPV4 ? 3 : 1;
}

/* With `vmap`, its elements, else lines. */
static void
write_cut(const struct branch *branch, const struct spans *cut,
    const char *match, struct text *vmap)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < cut->count; i++) {
		const struct span *span = &cut->items[i];
		struct str chain = branch->chains.items[span->rule];
		struct address_range range = {
			bound_address(span->first, branch->family),
			bound_address(span->last, branch->family),
		};
		(void)address_range_format(&range, text);
		if (vmap == NULL)
			compile_line(branch->compiler, "%s %s goto %.*s", match,
			    text, STR_ARG(chain));
		else
			text_addf(vmap, "%s%s : goto %.*s",
			    vmap->len > 0 ? ", " : "", text, STR_ARG(chain));
	}
}

static void
write_map(
    const struct branch *branch, const struct spans *cut, const char *match)
{
	struct text vmap = TEXT_EMPTY;

	write_cut(branch, cut, match, &vmap);
	compile_line(branch->compiler, "%s vmap { %.*s }", match,
	    STR_ARG(text_str(&vmap)));
	compile_text_fini(branch->compiler, &vmap);
}

void
branch_write(struct branch *branch, const char *side)
{
	struct spans cut = { 0 };
	char match[16];

	(void)snprintf(match, sizeof(match), "%s %s",
	    compile_family_word(branch->family), side);
	if (spans_cut(&branch->spans, &cut) < 0)
		branch->compiler->rc = -ENOMEM;
	if (cut.count <= branch_lines_max(branch->family))
		write_cut(branch, &cut, match, NULL);
	else
		write_map(branch, &cut, match);
	spans_fini(&cut);
	spans_fini(&branch->spans);
	free(branch->chains.items);
	branch->chains.items = NULL;
}
