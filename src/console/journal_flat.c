/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/journal_flat.h"

struct journal_flat
journal_flat_begin(struct str line)
{
	return (struct journal_flat){ .rest = str_skip(line, 1) };
}

/* How long the string at the head of s is, quotes and all. */
static size_t
string_length(struct str s)
{
	size_t at = 1;

	while (at < s.len && s.at[at] != '"')
		at += s.at[at] == '\\' ? 2 : 1;
	return at < s.len ? at + 1 : s.len;
}

static struct str
cut_value(struct str *rest)
{
	size_t len = 0;

	if (rest->len > 0 && rest->at[0] == '"')
		len = string_length(*rest);
	else
		while (len < rest->len && rest->at[len] != ',' &&
		       rest->at[len] != '}')
			len++;
	struct str value = { rest->at, len };
	*rest = str_skip(*rest, len);
	return value;
}

/* Names hold no escape: they are ours. */
static struct str
cut_name(struct str *rest)
{
	*rest = str_skip(*rest, 1);
	struct str name = str_cut(rest, '"');
	*rest = str_skip(*rest, strlen(": "));
	return name;
}

bool
journal_flat_next(struct journal_flat *flat, struct journal_flat_key *ret)
{
	struct str *rest = &flat->rest;

	while (rest->len > 0) {
		if (rest->at[0] == '}')
			flat->outer.len = 0;
		if (rest->at[0] != '"') {
			*rest = str_skip(*rest, 1);
			continue;
		}
		struct str name = cut_name(rest);
		if (rest->len > 0 && rest->at[0] == '{') {
			flat->outer = name;
			continue;
		}
		struct str value = cut_value(rest);
		if (str_is(value, "null"))
			continue;
		*ret = (struct journal_flat_key){ flat->outer, name, value };
		return true;
	}
	return false;
}

/* ---- logfmt ---- */

static struct str
without_quotes(struct str value)
{
	if (value.len < 2 || value.at[0] != '"')
		return value;
	return (struct str){ value.at + 1, value.len - 2 };
}

/* What needs no quotes: a word of ASCII, without a sign that means more. */
static bool
is_bare(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.at[i] <= ' ' || word.at[i] >= 0x7f ||
		    word.at[i] == '"' || word.at[i] == '=' ||
		    word.at[i] == '\\')
			return false;
	return word.len > 0;
}

void
journal_flat_logfmt(struct str line, struct text *out)
{
	struct journal_flat flat = journal_flat_begin(line);
	struct journal_flat_key key;
	const char *between = "";

	while (journal_flat_next(&flat, &key)) {
		struct str word = without_quotes(key.value);
		text_addz(out, between);
		text_add(out, key.outer);
		text_addz(out, key.outer.len > 0 ? "." : "");
		text_add(out, key.name);
		text_addc(out, '=');
		text_add(out, is_bare(word) ? word : key.value);
		between = " ";
	}
}

/* ---- systemd ---- */

static void
add_upper(struct text *out, struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		text_addc(out, word.at[i] >= 'a' && word.at[i] <= 'z'
				   ? (char)(word.at[i] - 'a' + 'A')
				   : word.at[i]);
}

/* Quotes and backslashes as they were; other escapes stay, so that a value is
 * one line whatever a peer has sent. */
static void
add_unescaped(struct text *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\\' && i + 1 < s.len) {
			char next = s.at[++i];
			if (next != '"' && next != '\\')
				text_addc(out, '\\');
			text_addc(out, next);
		} else {
			text_addc(out, s.at[i]);
		}
	}
}

void
journal_flat_fields(struct str line, struct text *out)
{
	struct journal_flat flat = journal_flat_begin(line);
	struct journal_flat_key key;

	while (journal_flat_next(&flat, &key)) {
		text_addz(out, "GATEHOUSE_");
		add_upper(out, key.outer);
		text_addz(out, key.outer.len > 0 ? "_" : "");
		add_upper(out, key.name);
		text_addc(out, '=');
		add_unescaped(out, without_quotes(key.value));
		text_addc(out, '\n');
	}
}
