/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/split.h"

#include <errno.h>
#include <stdio.h>

#define SUFFIX_SIGN '/'

/* Of sets, as nftables has them. */
#define NAME_BYTES 256

struct str
split_plain_name(struct str name)
{
	name.len = str_find(name, SUFFIX_SIGN);
	return name;
}

/* ---- tokens ---- */

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK, /* and comments */
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_SIGN,
};

struct token {
	enum token_kind kind;
	struct str text;
};

/* What nftables takes for a name may have; prefixes and numbers fit as well. */
static bool
is_of_word(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '.' || c == '_' ||
	       c == '-' || c == '/';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static size_t
run_of(struct str s, bool (*is_in)(char c))
{
	size_t len = 0;

	while (len < s.len && is_in(s.at[len]))
		len++;
	return len;
}

static struct token
token_at(struct str rest)
{
	struct token token = { TOKEN_SIGN, { rest.at, 1 } };

	if (rest.len == 0)
		return (struct token){ TOKEN_END, rest };
	char c = rest.at[0];
	if (is_blank(c)) {
		token.kind = TOKEN_BLANK;
		token.text.len = run_of(rest, is_blank);
	} else if (c == '#') {
		token.kind = TOKEN_BLANK;
		token.text.len = str_find(rest, '\n');
	} else if (c == '"') {
		token.kind = TOKEN_QUOTED;
		size_t inner = str_find(str_skip(rest, 1), '"');
		token.text.len = inner + 2 < rest.len ? inner + 2 : rest.len;
	} else if (is_of_word(c)) {
		token.kind = TOKEN_WORD;
		token.text.len = run_of(rest, is_of_word);
	}
	return token;
}

static struct token
take(struct str *rest)
{
	struct token token = token_at(*rest);

	*rest = str_skip(*rest, token.text.len);
	return token;
}

static struct token
take_unless_blank(struct str *rest)
{
	struct token token;

	do
		token = take(rest);
	while (token.kind == TOKEN_BLANK);
	return token;
}

static bool
is_sign(struct token token, char sign)
{
	return token.kind == TOKEN_SIGN && token.text.at[0] == sign;
}

/* ---- blocks of the table ---- */

struct block {
	struct str name; /* what stands before its brace */
	bool has_brace;  /* else it is none */
	bool is_base;
};

/* The compiler begins a base chain with its type, and no rule with that. */
static struct block
block_at(struct str rest)
{
	struct block block = { .has_brace = false };
	struct token token = take_unless_blank(&rest);
	bool is_chain = str_is(token.text, "chain");

	for (; token.kind == TOKEN_WORD; token = take_unless_blank(&rest))
		block.name = token.text;
	block.has_brace = is_sign(token, '{');
	if (is_chain && block.has_brace)
		block.is_base = str_is(take_unless_blank(&rest).text, "type");
	return block;
}

struct walk {
	struct str rest;
	size_t depth; /* of braces: in the table it is 1 */
	struct block block;
	bool in_block;
	struct token token;
	struct str before; /* what stood before it, blanks apart */
};

static bool
step(struct walk *walk)
{
	struct str from = walk->rest;

	if (walk->token.kind != TOKEN_BLANK)
		walk->before = walk->token.text;
	/* The brace that ends a block is part of it. */
	if (is_sign(walk->token, '}') && walk->depth == 1)
		walk->in_block = false;
	walk->token = take(&walk->rest);
	if (is_sign(walk->token, '{'))
		walk->depth++;
	else if (is_sign(walk->token, '}') && walk->depth > 0)
		walk->depth--;
	else if (walk->token.kind == TOKEN_WORD && walk->depth == 1 &&
		 !walk->in_block) {
		walk->block = block_at(from);
		walk->in_block = walk->block.has_brace;
	}
	return walk->token.kind != TOKEN_END;
}

static bool
names_block(const struct walk *walk)
{
	return walk->depth == 1 && walk->in_block &&
	       walk->token.text.at == walk->block.name.at;
}

/* ---- names ---- */

static int
keep_name(struct split *split, struct str name,
    bool (*is_apart)(const void *context, const char *name),
    const void *context)
{
	char copy[NAME_BYTES];

	(void)snprintf(copy, sizeof(copy), "%.*s", STR_ARG(name));
	if (is_apart != NULL && is_apart(context, copy))
		return 0;
	int rc = map_put(&split->names, name, split);
	return rc == -EEXIST ? 0 : rc;
}

int
split_init(struct split *split, struct str ruleset,
    bool (*is_apart)(const void *context, const char *name),
    const void *context)
{
	struct walk walk = { .rest = ruleset };
	int rc = 0;

	*split = (struct split){ .ruleset = ruleset };
	map_init(&split->names, 0);
	while (rc == 0 && step(&walk)) {
		if (!names_block(&walk) || walk.block.is_base)
			continue;
		split->has_parts = true;
		rc = keep_name(split, walk.block.name, is_apart, context);
	}
	return rc;
}

void
split_fini(struct split *split)
{
	map_fini(&split->names);
	text_fini(&split->parts);
	text_fini(&split->bases);
	*split = (struct split){ .has_parts = false };
}

void
split_choose(struct split *split, unsigned number)
{
	split->suffix[0] = '\0';
	if (number > 1)
		(void)snprintf(split->suffix, sizeof(split->suffix), "%c%u",
		    SUFFIX_SIGN, number);
}

bool
split_has(const struct split *split, const char *name)
{
	struct str plain = split_plain_name(str_of(name));

	return strcmp(name + plain.len, split->suffix) == 0 &&
	       map_get(&split->names, plain) != NULL;
}

/* ---- writing ---- */

static bool
is_named_here(const struct walk *walk)
{
	return names_block(walk) || str_is(walk->before, "goto") ||
	       str_is(walk->before, "jump") || str_is(walk->before, "@");
}

static void
write_word(const struct split *split, const struct walk *walk, struct text *out)
{
	text_add(out, walk->token.text);
	if (split->suffix[0] != '\0' && is_named_here(walk) &&
	    map_get(&split->names, walk->token.text) != NULL)
		text_addz(out, split->suffix);
}

/* counter name "rule.3"; ct helper set "ftp"; of a map 30 : "rule.3". */
static bool
is_quoted_here(const struct walk *walk)
{
	return str_is(walk->before, "name") || str_is(walk->before, "set") ||
	       str_is(walk->before, ":");
}

static void
write_quoted(
    const struct split *split, const struct walk *walk, struct text *out)
{
	struct str inner = str_skip(walk->token.text, 1);

	if (inner.len > 0)
		inner.len--;
	if (split->suffix[0] != '\0' && is_quoted_here(walk) &&
	    map_get(&split->names, inner) != NULL)
		text_addf(out, "\"%.*s%s\"", STR_ARG(inner), split->suffix);
	else
		text_add(out, walk->token.text);
}

static void
write_line_ends(struct str s, struct text *out)
{
	for (size_t at = str_find(s, '\n'); at < s.len;
	     at = str_find(s, '\n')) {
		text_addc(out, '\n');
		s = str_skip(s, at + 1);
	}
}

static void
write_token(const struct split *split, const struct walk *walk,
    struct text *out, struct text *other)
{
	if (walk->token.kind == TOKEN_WORD)
		write_word(split, walk, out);
	else if (walk->token.kind == TOKEN_QUOTED)
		write_quoted(split, walk, out);
	else
		text_add(out, walk->token.text);
	if (walk->in_block)
		write_line_ends(walk->token.text, other);
	else
		text_add(other, walk->token.text);
}

int
split_write(struct split *split)
{
	struct walk walk = { .rest = split->ruleset };

	text_clear(&split->parts);
	text_clear(&split->bases);
	while (step(&walk)) {
		bool base = walk.in_block && walk.block.is_base;
		write_token(split, &walk, base ? &split->bases : &split->parts,
		    base ? &split->parts : &split->bases);
	}
	return split->parts.full || split->bases.full ? -ENOMEM : 0;
}
