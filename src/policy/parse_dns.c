/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/parse_dns: the lines in the braces of `dns`. */
#include "policy/parse_dns.h"

#include "policy/foreign.h"

/* A line that stands once, whose word was taken. */
static bool
is_first(struct reader *in, const struct syntax_word *word)
{
	const struct token *head = in->next - 1;

	if (word == NULL || word->text.at == NULL)
		return true;
	report_error(in->report, reader_word_of(head).place,
	    "there is a line '%.*s' already", STR_ARG(head->text));
	return false;
}

/* listen words "for" words */
static bool
parse_listen(struct reader *in, struct syntax_dns *dns)
{
	struct syntax_dns_listen *listen =
	    arena_new(in->arena, struct syntax_dns_listen);
	struct syntax_dns_listen **tail = &dns->listens;

	if (listen == NULL ||
	    !reader_words(in, &listen->addresses, "an address"))
		return false;
	if (!reader_at_word(in, "for"))
		return reader_expected(in, "'for' and the zones");
	(void)reader_take(in);
	if (!reader_words(in, &listen->zones, "a zone"))
		return false;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = listen;
	return true;
}

static bool
parse_intercept(struct reader *in, struct syntax_dns *dns)
{
	return is_first(in, dns->intercepts) &&
	       reader_words(in, &dns->intercepts, "a zone");
}

/* "tls" word "name" word [ "ca" string ]; the word is taken. */
static bool
parse_secure(struct reader *in, struct syntax_dns_upstream *upstream)
{
	if (!reader_word(in, &upstream->at, "the server's address"))
		return false;
	if (!reader_at_word(in, "name"))
		return reader_expected(
		    in, "'name' and the name in the server's certificate");
	(void)reader_take(in);
	if (!reader_word(in, &upstream->name, "the server's name"))
		return false;
	if (!reader_at_word(in, "ca"))
		return true;
	(void)reader_take(in);
	return reader_string(in, &upstream->authorities,
	    "the file in quotes, like \"corp-ca.pem\"");
}

static bool
parse_upstream(struct reader *in, struct syntax_dns *dns)
{
	struct syntax_dns_upstream **tail = &dns->upstreams;

	while (*tail != NULL)
		tail = &(*tail)->next;
	do {
		struct syntax_dns_upstream *one =
		    arena_new(in->arena, struct syntax_dns_upstream);
		if (one == NULL)
			return false;
		if (reader_at_word(in, "tls")) {
			(void)reader_take(in);
			if (!parse_secure(in, one))
				return false;
		} else if (!reader_word(in, &one->at,
			       "an address, or 'tls' and an address")) {
			return false;
		}
		*tail = one;
		tail = &one->next;
	} while (reader_take_if(in, TOKEN_COMMA));
	return true;
}

static bool
parse_local(struct reader *in, struct syntax_dns *dns)
{
	return is_first(in, dns->local) &&
	       reader_words(in, &dns->local, "a name, like .corp.example.com");
}

static bool
parse_cache(struct reader *in, struct syntax_dns *dns)
{
	return is_first(in, &dns->cache) &&
	       reader_word(in, &dns->cache, "a size, like 32M");
}

static bool
parse_ttl(struct reader *in, struct syntax_dns *dns)
{
	return is_first(in, &dns->ttl) &&
	       reader_word(in, &dns->ttl, "two times, like 5s-1d");
}

static bool
parse_grace(struct reader *in, struct syntax_dns *dns)
{
	return is_first(in, &dns->grace) &&
	       reader_word(in, &dns->grace, "a time, like 5m");
}

/* limit word [ "burst" word ] [ "per" "source" ] */
static bool
parse_limit(struct reader *in, struct syntax_dns *dns)
{
	struct syntax_limit *limit = &dns->limit;

	if (!is_first(in, &limit->amount) ||
	    !reader_word(in, &limit->amount, "a rate, like 200/s"))
		return false;
	if (reader_at_word(in, "burst")) {
		(void)reader_take(in);
		if (!reader_word(in, &limit->burst, "how many at once"))
			return false;
	}
	limit->each = POLICY_EACH_SOURCE;
	if (!reader_at_word(in, "per"))
		return true;
	(void)reader_take(in);
	if (!reader_at_word(in, "source"))
		return reader_expected(in, "'source'");
	(void)reader_take(in);
	return true;
}

static const struct {
	const char *word;
	bool (*parse)(struct reader *in, struct syntax_dns *dns);
} lines[] = {
	{ "listen", parse_listen },
	{ "intercept", parse_intercept },
	{ "upstream", parse_upstream },
	{ "local", parse_local },
	{ "cache", parse_cache },
	{ "ttl", parse_ttl },
	{ "grace", parse_grace },
	{ "limit", parse_limit },
};

bool
parse_dns_line(struct reader *in, struct syntax_dns *dns)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!reader_at_word(in, lines[i].word))
			continue;
		(void)reader_take(in);
		return lines[i].parse(in, dns);
	}
	(void)reader_expected(in, "a line of 'dns'");
	const struct token *token = reader_peek(in);
	const char *foreign = token->kind == TOKEN_WORD
				  ? foreign_hint(FOREIGN_DNS, token->text)
				  : NULL;
	report_hint(in->report, "%s",
	    foreign != NULL ? foreign
			    : "one of listen, intercept, upstream, local, "
			      "cache, ttl, grace or limit");
	return false;
}
