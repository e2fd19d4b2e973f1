/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_service_hint: what was meant by a service that is none.
 *
 * Most of these are the spelling of another program: `80/tcp`, `tcp dport 80`,
 * `1000:2000`, `tcp 80 443`.
 */
#include "policy/foreign.h"
#include "policy/resolve.h"

static bool
is_port(struct str text)
{
	uint64_t port;

	return str_number(text, UINT16_MAX, &port) == 0 && port > 0;
}

/* `80/tcp` and `tcp/80`. */
static bool
hint_slash(struct resolver *resolver, struct str word)
{
	struct str last = word, first = str_cut(&last, '/');
	enum policy_protocol protocol;

	if (last.at == NULL)
		return false;
	bool turned = !policy_protocol_find(first, &protocol);
	struct str words = turned ? last : first, port = turned ? first : last;
	if (!policy_protocol_find(words, &protocol) || !is_port(port))
		return false;
	report_hint(resolver->report, "write '%.*s %.*s'", STR_ARG(words),
	    STR_ARG(port));
	return true;
}

/* Whether nothing but blanks is between the item's port and the word. */
static bool
stands_right_behind(
    const struct syntax_service *item, const struct syntax_word *word)
{
	const struct place *port = &item->detail.place, *next = &word->place;
	uint32_t end = port->at + port->len;

	if (item->detail.text.at == NULL || port->source != next->source ||
	    next->at < end)
		return false;
	const struct str between = { port->source->text.at + end,
		next->at - end };
	return str_trim(between).len == 0;
}

void
resolve_hint_port(struct resolver *resolver,
    const struct syntax_service *before, const struct syntax_word *port)
{
	struct text range = TEXT_EMPTY;

	if (hint_slash(resolver, port->text))
		return;
	if (!resolve_range_of_ports(port->text, &range))
		text_add(&range, port->text);
	if (before != NULL && stands_right_behind(before, port))
		report_hint(resolver->report, "write '%.*s %.*s, %.*s'",
		    STR_ARG(before->what.text), STR_ARG(before->detail.text),
		    STR_ARG(text_str(&range)));
	else
		report_hint(resolver->report, "write 'tcp %.*s'",
		    STR_ARG(text_str(&range)));
	text_fini(&range);
}

/* `1000:2000`, `8000-` and `8000:`: true, and as we write it. */
bool
resolve_range_of_ports(struct str text, struct text *ret)
{
	bool colon = str_find(text, ':') < text.len;
	struct str last = text, first = str_cut(&last, colon ? ':' : '-');

	if (last.at == NULL || !is_port(first) ||
	    (last.len > 0 && (!colon || !is_port(last))))
		return false;
	text_addf(ret, "%.*s-%.*s", STR_ARG(first),
	    STR_ARG(last.len > 0 ? last : STR("65535")));
	return true;
}

bool
resolve_hint_service(struct resolver *resolver,
    const struct syntax_service *before, const struct syntax_service *item)
{
	const char *foreign = foreign_hint(FOREIGN_SERVICE, item->what.text);
	bool has_port = item->detail.text.at != NULL;

	if (hint_slash(resolver, item->what.text))
		return true;
	if (foreign == NULL)
		return false;
	if (has_port && item->behind_protocol && before != NULL &&
	    before->detail.text.at == NULL)
		report_hint(resolver->report, "write '%.*s %.*s'",
		    STR_ARG(before->what.text), STR_ARG(item->detail.text));
	else
		report_hint(resolver->report, "%s", foreign);
	return true;
}
