/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_set: sets, maps and defines, and the elements that lie in them.
 */
#include "import/nft_impl.h"

#include "base/vec.h"

#include <errno.h>

/* A define may be made of others. */
#define DEPTH_MAX 8

/* Elements that are looked at in a file: of defines of defines there may be
 * more than anybody meant. */
#define STEPS_MAX 4000000

struct nft_set *
nft_set_add(struct nft *nft, struct str table, struct str name)
{
	struct nft_set *set = arena_new(nft->rules->arena, struct nft_set);

	if (set == NULL || VEC_ADD(&nft->sets, set) < 0) {
		nft->rules->failed = true;
		return NULL;
	}
	*set = (struct nft_set){ .table = table, .name = name };
	return set;
}

struct nft_set *
nft_set_find(const struct nft *nft, struct str table, struct str name)
{
	for (size_t i = nft->sets.count; i-- > 0;)
		if (str_eq(nft->sets.items[i]->name, name) &&
		    str_eq(nft->sets.items[i]->table, table))
			return nft->sets.items[i];
	return NULL;
}

void
nft_set_extend(struct nft *nft, struct nft_set *set, size_t from, size_t to)
{
	struct nft_span span = { from, to };

	if (set != NULL && VEC_ADD(set, span) < 0)
		nft->rules->failed = true;
}

/* "@name" or "$NAME"; NULL: it is neither, or *ret_named. */
static const struct nft_set *
named_set(const struct nft_draft *draft, struct str word, bool *ret_named)
{
	*ret_named = word.len > 1 && (word.at[0] == '@' || word.at[0] == '$');
	if (!*ret_named)
		return NULL;
	return nft_set_find(draft->nft,
	    word.at[0] == '$' ? STR("$") : draft->nft->table,
	    str_skip(word, 1));
}

/* "192.0.2.1", "1000-2000", "1000 - 2000", "192.0.2.0 / 24" */
static struct str
take_value(struct nft_draft *draft)
{
	struct str value = nft_token_at(draft, 0)->text;
	bool quoted = nft_token_at(draft, 0)->quoted;

	draft->at++;
	if (quoted || (!nft_is(draft, 0, "-") && !nft_is(draft, 0, "/")))
		return value;
	value = import_words(nft_arena(draft), "%.*s%.*s%.*s", STR_ARG(value),
	    STR_ARG(nft_token_at(draft, 0)->text),
	    STR_ARG(nft_token_at(draft, 1)->text));
	draft->at += 2;
	return value;
}

/* A define of one word, which is part of an element. */
static struct str
resolve(struct nft_draft *draft, struct str value, struct nft_element *element)
{
	bool named;
	const struct nft_set *set = named_set(draft, value, &named);

	if (!named)
		return value;
	if (set == NULL || set->count != 1 ||
	    set->items[0].to != set->items[0].from + 1) {
		element->why = "it names no set that was read";
		return value;
	}
	return draft->nft->tokens.items[set->items[0].from].text;
}

void
nft_element_take(struct nft_draft *draft, struct nft_element *element)
{
	*element = (struct nft_element){ 0 };
	for (;;) {
		struct str value = take_value(draft);
		if (element->count == NFT_KEYS_MAX)
			element->why = "it asks for too much at once";
		else
			element->values[element->count++] = value;
		if (!nft_is(draft, 0, "."))
			break;
		draft->at++;
	}
	for (size_t i = 0; element->count > 1 && i < element->count; i++)
		element->values[i] =
		    resolve(draft, element->values[i], element);
}

/* "established | related" is "established,related". */
static bool
is_separator(const struct nft_draft *draft, size_t ahead)
{
	return nft_is(draft, ahead, ",") || nft_is(draft, ahead, "|");
}

/* What stands behind an element, to the `:` of a map or to its end. */
static void
take_rest(struct nft_draft *draft, struct nft_element *element)
{
	while (draft->at < draft->to && !is_separator(draft, 0) &&
	       !nft_is(draft, 0, ":")) {
		if (nft_is(draft, 0, "comment"))
			draft->at++;
		else if (nft_is(draft, 0, "counter") &&
			 nft_is(draft, 1, "packets"))
			draft->at += 4;
		else if (nft_is(draft, 0, "timeout") ||
			 nft_is(draft, 0, "expires"))
			element->why = "its members come and go";
		else if (!nft_is(draft, 0, "counter") &&
			 !nft_token_at(draft, 0)->end && element->why == NULL)
			element->why = "its members are more than one thing "
				       "each";
		draft->at++;
	}
	draft->at += nft_is(draft, 0, ":");
}

/* To the ',' that is not in braces. */
static size_t
element_end(const struct nft_draft *draft)
{
	size_t depth = 0, ahead = 0;

	for (; draft->at + ahead < draft->to; ahead++) {
		if (nft_is(draft, ahead, "{"))
			depth++;
		else if (nft_is(draft, ahead, "}") && depth > 0)
			depth--;
		else if (depth == 0 && is_separator(draft, ahead))
			break;
	}
	return draft->at + ahead;
}

static void
visit_one(struct nft_draft *draft, nft_element_fn *each, unsigned depth)
{
	struct nft_element element;
	size_t end = element_end(draft);
	bool named;

	nft_element_take(draft, &element);
	take_rest(draft, &element);
	const struct nft_set *set = named_set(draft, element.values[0], &named);
	if (++draft->nft->steps > STEPS_MAX)
		element = (struct nft_element){ .why = "it is too much" };
	if (!named || draft->nft->steps > STEPS_MAX || element.count > 1) {
		size_t to = draft->to;
		draft->to = end;
		each(draft, &element);
		draft->to = to;
	} else if (set == NULL || depth == DEPTH_MAX) {
		element.why = "it names no set that was read";
		each(draft, &element);
	} else {
		nft_set_visit(draft, set, each, depth + 1);
	}
	draft->at = end;
}

void
nft_elements_visit(struct nft_draft *draft, size_t from, size_t to,
    nft_element_fn *each, unsigned depth)
{
	size_t old_at = draft->at, old_to = draft->to;

	draft->at = from;
	draft->to = to;
	while (draft->at < draft->to) {
		if (nft_token_at(draft, 0)->end || is_separator(draft, 0))
			draft->at++;
		else
			visit_one(draft, each, depth);
	}
	draft->at = old_at;
	draft->to = old_to;
}

void
nft_set_visit(struct nft_draft *draft, const struct nft_set *set,
    nft_element_fn *each, unsigned depth)
{
	struct nft_element nothing = { .why = set->why };

	if (set->why != NULL)
		each(draft, &nothing);
	for (size_t i = 0; i < set->count; i++)
		nft_elements_visit(
		    draft, set->items[i].from, set->items[i].to, each, depth);
}

static size_t
block_end(const struct nft_draft *draft)
{
	size_t depth = 0, ahead = 0;

	for (; draft->at + ahead < draft->to; ahead++) {
		if (nft_is(draft, ahead, "{"))
			depth++;
		else if (nft_is(draft, ahead, "}") && --depth == 0)
			break;
	}
	return draft->at + ahead;
}

void
nft_values_visit(struct nft_draft *draft, nft_element_fn *each)
{
	size_t from = draft->at;

	if (nft_is(draft, 0, "{")) {
		size_t end = block_end(draft);
		nft_elements_visit(draft, from + 1, end, each, 0);
		draft->at = end + 1;
		return;
	}
	for (bool more = true; more && draft->at < draft->to;) {
		struct nft_element element;
		nft_element_take(draft, &element);
		more = is_separator(draft, 0);
		draft->at += more;
	}
	size_t after = draft->at;
	nft_elements_visit(draft, from, after, each, 0);
	draft->at = after;
}
