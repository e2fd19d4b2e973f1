/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/str: a piece of text that somebody else owns.
 *
 * A pointer and a length, never NUL-terminated by promise.  Bytes from a peer
 * stay in this form; a terminated copy is made only for a system call.
 */
#ifndef GATEHOUSE_BASE_STR_H
#define GATEHOUSE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *at;
	size_t len;
};

/* A literal as a str; STR_INIT for static initialisers. */
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_INIT(literal)                                                      \
	{                                                                      \
		(literal), sizeof(literal) - 1                                 \
	}

/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).at

/* NULL gives the empty str. */
static inline struct str
str_of(const char *text)
{
	return (struct str){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool
str_is(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

/* ASCII letters only: locale never changes what a policy or a header means. */
static inline char
ascii_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static inline bool
ascii_is_alpha(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 0 to 15 of a digit that is no capital letter, or -1. */
static inline int
ascii_hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_eq_nocase(struct str a, struct str b);

/* Whether it is one of so many. */
bool str_is_one_of(struct str s, const struct str *all, size_t count);

/* Negative, zero or positive, by unsigned bytes; a prefix comes first. */
int str_cmp(struct str a, struct str b);

bool str_starts(struct str s, struct str head);
bool str_ends(struct str s, struct str tail);

/* Whether the text stands anywhere in it. */
bool str_holds(struct str s, const char *text);

/* Where c first stands, or s.len if it does not. */
size_t str_find(struct str s, char c);

/* The part from `from` on; empty if s is shorter. */
struct str str_skip(struct str s, size_t from);

/* Without the blanks and tabs (and CR) at both ends. */
struct str str_trim(struct str s);

/*
 * Cuts the text before the first `mark` off *rest and returns it; *rest is
 * left behind the mark, or empty with at == NULL when there was none.
 */
struct str str_cut(struct str *rest, char mark);

/*
 * A decimal number without sign or leading zero, at most `max`.  Returns 0 and
 * sets *ret, or -EINVAL.
 */
int str_number(struct str s, uint64_t max, uint64_t *ret);

/* 16 such digits (ascii_hex_digit), no more and no less: 0, or -EINVAL. */
int str_hex64(struct str s, uint64_t *ret);

/* A 64-bit hash for tables in memory; a random `seed` keeps peers guessing. */
uint64_t str_hash(struct str s, uint64_t seed);

#endif
