/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_choice.h"

#include "policy/parse_ban.h"

static struct syntax_choice *
begin_choice(struct reader *in, const struct token *head)
{
	struct syntax_choice *choice =
	    arena_new(in->arena, struct syntax_choice);

	if (choice != NULL)
		choice->head = reader_word_of(head);
	return choice;
}

typedef bool (*part_fn)(struct reader *in, struct syntax_part *part);

/* part { "," part } */
static bool
parse_parts(struct reader *in, part_fn parse, struct syntax_part **tail)
{
	do {
		struct syntax_part *part =
		    arena_new(in->arena, struct syntax_part);
		if (part == NULL || !parse(in, part))
			return false;
		*tail = part;
		tail = &part->next;
	} while (reader_take_if(in, TOKEN_COMMA));
	return true;
}

/* word [ [ string ] word ]; which of them has what, the resolver knows. */
static bool
parse_store(struct reader *in, struct syntax_part *part)
{
	if (!reader_word(
		in, &part->what, "'memory', 'disk', 'object' or 'cookies'"))
		return false;
	if (reader_peek(in)->kind == TOKEN_STRING &&
	    !reader_string(in, &part->folder, "the folder in quotes"))
		return false;
	if (str_is(part->what.text, "cookies"))
		return true;
	return reader_word(in, &part->amount, "a size, like 512M");
}

static bool
parse_coding(struct reader *in, struct syntax_part *part)
{
	if (!reader_word(in, &part->what, "'br', 'zstd' or 'gzip'"))
		return false;
	return reader_peek(in)->kind != TOKEN_WORD ||
	       reader_word(in, &part->amount, "a level");
}

static bool
parse_told(struct reader *in, struct syntax_part *part)
{
	return reader_word(in, &part->what, "'client', 'gateway' or 'nothing'");
}

struct syntax_choice *
parse_cache(struct reader *in, const struct token *head)
{
	struct syntax_choice *choice = begin_choice(in, head);

	return choice != NULL && parse_parts(in, parse_store, &choice->parts)
		   ? choice
		   : NULL;
}

struct syntax_choice *
parse_compress(struct reader *in, const struct token *head)
{
	struct syntax_choice *choice = begin_choice(in, head);

	if (choice == NULL || reader_peek(in)->kind == TOKEN_NEWLINE ||
	    reader_peek(in)->kind == TOKEN_CLOSE)
		return choice;
	return parse_parts(in, parse_coding, &choice->parts) ? choice : NULL;
}

struct syntax_choice *
parse_tell(struct reader *in, const struct token *head)
{
	struct syntax_choice *choice = begin_choice(in, head);

	return choice != NULL && parse_parts(in, parse_told, &choice->parts)
		   ? choice
		   : NULL;
}

/* [ "pam" ] string, which stands where the folder of a disk does. */
static bool
parse_user_source(struct reader *in, struct syntax_part *part)
{
	if (!reader_at_word(in, "pam"))
		return reader_string(in, &part->folder,
		    "the file in quotes, like \"users\", or 'pam'");
	part->what = reader_word_of(reader_take(in));
	return reader_string(in, &part->folder,
	    "the service of PAM in quotes, like \"gatehouse\"");
}

struct syntax_choice *
parse_users(struct reader *in, const struct token *head)
{
	struct syntax_choice *choice = begin_choice(in, head);
	struct syntax_part *part = arena_new(in->arena, struct syntax_part);

	if (choice == NULL || part == NULL || !parse_user_source(in, part))
		return NULL;
	choice->parts = part;
	if (!reader_at_word(in, "ban"))
		return choice;
	(void)reader_take(in);
	return parse_ban_clause(in, &choice->ban) ? choice : NULL;
}

static bool
parse_authority_file(struct reader *in, struct syntax_part *part)
{
	return reader_string(
	    in, &part->folder, "the file in quotes, like \"ca.pem\"");
}

/* ca string, trust string */
struct syntax_choice *
parse_authority(struct reader *in, const struct token *head)
{
	struct syntax_choice *choice = begin_choice(in, head);
	struct syntax_part *part = arena_new(in->arena, struct syntax_part);

	if (choice == NULL || part == NULL || !parse_authority_file(in, part))
		return NULL;
	choice->parts = part;
	return choice;
}

struct syntax_choice *
parse_private(struct reader *in, const struct token *head)
{
	return begin_choice(in, head);
}
