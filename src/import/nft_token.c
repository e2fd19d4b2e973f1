/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_token: a file of nft as words, with those that it includes in
 * their places.
 */
#include "import/nft_impl.h"

#include "policy/limits.h"

#include "base/file.h"
#include "base/vec.h"

#include <errno.h>

/* As deep as nft follows them. */
#define DEPTH_MAX 16

struct tokenizer {
	struct nft *nft;
	const char *file; /* NULL: it is none, and includes none */
	unsigned depth;
};

static bool
is_mark(char c)
{
	return memchr("{},;()", c, 6) != NULL;
}

static bool
is_operator(char c)
{
	return memchr("=!<>|&^", c, 7) != NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* ':' parts a map's key from its value, and it is in addresses as well. */
static bool
is_colon(struct str rest, size_t at)
{
	if (rest.at[at] != ':')
		return false;
	if (at == 0)
		return rest.len < 2 || rest.at[1] != ':';
	return rest.at[at - 1] != ':' &&
	       (at + 1 == rest.len || is_blank(rest.at[at + 1]));
}

static bool
ends_word(struct str rest, size_t at)
{
	char c = rest.at[at];

	return is_mark(c) || is_operator(c) || is_blank(c) || c == '\n' ||
	       c == '"' || c == '#' || is_colon(rest, at);
}

/* How long the token is that begins here; its text is in *ret. */
static size_t
cut_token(struct str rest, struct nft_token *ret)
{
	size_t len = 1;

	if (rest.at[0] == '"') {
		while (len < rest.len && rest.at[len] != '"')
			len++;
		ret->quoted = true;
		ret->text = (struct str){ rest.at + 1, len - 1 };
		return len < rest.len ? len + 1 : len;
	}
	ret->end = rest.at[0] == '\n';
	if (is_operator(rest.at[0]))
		len += rest.len > 1 && is_operator(rest.at[1]) &&
		       (rest.at[1] == '=' || rest.at[1] == rest.at[0]);
	else if (!is_mark(rest.at[0]) && !ret->end && !is_colon(rest, 0))
		while (len < rest.len && !ends_word(rest, len))
			len++;
	ret->text = (struct str){ rest.at, len };
	return len;
}

static void tokenize(const struct tokenizer *tokenizer, struct str text);

struct inclusion {
	struct tokenizer inside;
	bool any;
};

static void
include_one(void *context, const char *path)
{
	struct inclusion *inclusion = context;
	struct nft *nft = inclusion->inside.nft;
	struct text text = TEXT_EMPTY;

	if (file_read(path, POLICY_FILE_BYTES_MAX, &text) == 0) {
		inclusion->any = true;
		inclusion->inside.file =
		    import_words(nft->rules->arena, "%s", path).at;
		tokenize(&inclusion->inside,
		    arena_str(nft->rules->arena, text_str(&text)));
	}
	text_fini(&text);
}

static bool
is_pattern(struct str path)
{
	return memchr(path.at, '*', path.len) != NULL ||
	       memchr(path.at, '?', path.len) != NULL ||
	       memchr(path.at, '[', path.len) != NULL;
}

/* What is read stands there; a pattern may fit nothing. */
static bool
include(const struct tokenizer *tokenizer, struct str path)
{
	struct inclusion inclusion = { .inside = *tokenizer,
		.any = is_pattern(path) };
	struct text beside = TEXT_EMPTY;

	inclusion.inside.depth++;
	if (tokenizer->file == NULL || path.len == 0 ||
	    inclusion.inside.depth > DEPTH_MAX ||
	    memchr(path.at, '\0', path.len) != NULL)
		return false;
	file_beside(tokenizer->file, path, &beside);
	text_addc(&beside, '\0');
	if (beside.full || file_list(beside.at, include_one, &inclusion) < 0)
		inclusion.any = false;
	text_fini(&beside);
	return inclusion.any;
}

/* "include" at the beginning of a statement, and a name behind it. */
static bool
is_inclusion(const struct nft *nft)
{
	size_t count = nft->tokens.count;
	const struct nft_token *at = nft->tokens.items;

	return count >= 2 && at[count - 1].quoted && !at[count - 2].quoted &&
	       str_is(at[count - 2].text, "include") &&
	       (count == 2 || at[count - 3].end ||
		   str_is(at[count - 3].text, ";") ||
		   str_is(at[count - 3].text, "{") ||
		   str_is(at[count - 3].text, "}"));
}

static void
add(const struct tokenizer *tokenizer, const struct nft_token *token)
{
	struct nft *nft = tokenizer->nft;

	if (VEC_ADD(&nft->tokens, *token) < 0)
		nft->rules->failed = true;
	if (!is_inclusion(nft))
		return;
	/* The two words go if what they name is read in their place. */
	struct nft_token name = nft->tokens.items[--nft->tokens.count];
	struct nft_token word = nft->tokens.items[--nft->tokens.count];
	if (!include(tokenizer, name.text) &&
	    (VEC_ADD(&nft->tokens, word) < 0 ||
		VEC_ADD(&nft->tokens, name) < 0))
		nft->rules->failed = true;
}

static void
tokenize(const struct tokenizer *tokenizer, struct str text)
{
	uint32_t line = 1;

	for (size_t at = 0; at < text.len;) {
		struct str rest = str_skip(text, at);
		struct nft_token token = {
			.file = tokenizer->file, .line = line, .from = rest.at
		};
		if (is_blank(rest.at[0])) {
			at++;
		} else if (str_starts(rest, STR("\\\n"))) {
			line++;
			at += 2;
		} else if (rest.at[0] == '#') {
			at += str_find(rest, '\n');
		} else {
			at += cut_token(rest, &token);
			token.to = text.at + at;
			line += token.end;
			add(tokenizer, &token);
		}
	}
	/* A file that is included ends its statement. */
	const char *last = text.len > 0 ? text.at + text.len : "";
	add(tokenizer, &(struct nft_token){ .file = tokenizer->file,
			   .line = line,
			   .text = { "\n", 1 },
			   .end = true,
			   .from = last,
			   .to = last });
}

void
nft_tokenize(struct nft *nft, struct str text)
{
	struct tokenizer tokenizer = { .nft = nft, .file = nft->file };

	tokenize(&tokenizer, text);
}
