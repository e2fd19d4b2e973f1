/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_branch.h"

#include "base/vec.h"

#include <errno.h>
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

static void
add_elements(
    const struct branch *branch, const struct spans *cut, struct text *out)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < cut->count; i++) {
		const struct span *span = &cut->items[i];
		struct str chain = branch->chains.items[span->rule];
		struct address_range range = {
			bound_address(span->first, branch->family),
			bound_address(span->last, branch->family),
		};
		text_addf(out, "%s%s : goto %.*s", out->len > 0 ? ", " : "",
		    address_range_format(&range, text), STR_ARG(chain));
	}
}

void
branch_write(struct branch *branch, const char *side)
{
	struct compiler *compiler = branch->compiler;
	struct spans cut = { 0 };
	struct text map = TEXT_EMPTY;

	if (spans_cut(&branch->spans, &cut) < 0)
		compiler->rc = -ENOMEM;
	add_elements(branch, &cut, &map);
	if (map.len > 0)
		compile_line(compiler, "%s %s vmap { %.*s }",
		    branch->family == ADDRESS_IPV4 ? "ip" : "ip6", side,
		    STR_ARG(text_str(&map)));
	compile_text_fini(compiler, &map);
	spans_fini(&cut);
	spans_fini(&branch->spans);
	free(branch->chains.items);
	branch->chains.items = NULL;
}
