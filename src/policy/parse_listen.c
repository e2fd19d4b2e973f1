/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_listen.h"

bool
parse_for(struct reader *in, struct syntax_word **ret)
{
	if (!reader_at_word(in, "for"))
		return reader_expected(in, "'for' and the zones");
	(void)reader_take(in);
	return reader_words(in, ret, "a zone");
}

static bool
parse_behind(struct reader *in, struct syntax_listen *listen)
{
	return reader_words(in, &listen->behind, "a balancer's address");
}

/* FILE ["key" FILE], ... */
static bool
parse_certificates(struct reader *in, struct syntax_listen *listen)
{
	struct syntax_certificate **tail = &listen->certificates;

	do {
		struct syntax_certificate *one =
		    arena_new(in->arena, struct syntax_certificate);
		if (one == NULL ||
		    !reader_string(in, &one->file,
			"the file in quotes, like \"proxy.pem\""))
			return false;
		*tail = one;
		tail = &one->next;
		if (!reader_at_word(in, "key"))
			continue;
		(void)reader_take(in);
		if (!reader_string(in, &one->key,
			"the file in quotes, like \"proxy.key\""))
			return false;
	} while (reader_take_if(in, TOKEN_COMMA));
	return true;
}

/* FILE ["optional"] */
static bool
parse_clients(struct reader *in, struct syntax_listen *listen)
{
	if (!reader_string(in, &listen->clients,
		"the file of their CA in quotes, like \"staff-ca.pem\""))
		return false;
	if (reader_at_word(in, "optional"))
		listen->optional = reader_word_of(reader_take(in));
	return true;
}

static const struct {
	const char *word;
	bool (*parse)(struct reader *, struct syntax_listen *);
} parts[] = {
	{ "behind", parse_behind },
	{ "certificate", parse_certificates },
	{ "clients", parse_clients },
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static size_t
part_at(struct reader *in)
{
	size_t i = 0;

	while (i < PART_COUNT && !reader_at_word(in, parts[i].word))
		i++;
	return i;
}

/* In any order, each once. */
static bool
parse_parts(struct reader *in, struct syntax_listen *listen)
{
	unsigned seen = 0;
	size_t part;

	while ((part = part_at(in)) < PART_COUNT) {
		const struct token *head = reader_take(in);
		if ((seen >> part & 1) != 0) {
			report_error(in->report, head->place,
			    "'%s' stands here twice", parts[part].word);
			return false;
		}
		seen |= 1u << part;
		if (!parts[part].parse(in, listen))
			return false;
	}
	return true;
}

struct syntax_listen *
parse_listen_line(struct reader *in)
{
	struct syntax_listen *listen =
	    arena_new(in->arena, struct syntax_listen);

	if (listen == NULL)
		return NULL;
	if (reader_at_word(in, "tls"))
		listen->tls = reader_word_of(reader_take(in));
	if (!reader_word(in, &listen->address, "ADDRESS:PORT") ||
	    !parse_for(in, &listen->zones) || !parse_parts(in, listen))
		return NULL;
	return listen;
}
