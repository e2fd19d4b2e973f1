/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_define: statements that give a name to something: zones, names,
 * lists, hours, services.
 */
#include "policy/parse_impl.h"

/* NAME "=" members; a zone's members are parted by blanks, commas or both. */
static bool
parse_group(struct parser *parser, struct syntax_group ***end,
    const char *name_what, const char *member_what)
{
	struct syntax_group *group =
	    arena_new(parser->in->arena, struct syntax_group);

	if (group == NULL ||
	    !reader_word(parser->in, &group->name, name_what) ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='"))
		return false;
	struct syntax_word **tail = &group->members;
	do {
		if (!reader_words(parser->in, tail, member_what))
			return false;
		while (*tail != NULL)
			tail = &(*tail)->next;
	} while (reader_peek(parser->in)->kind == TOKEN_WORD ||
		 reader_peek(parser->in)->kind == TOKEN_OPEN);
	APPEND(*end, group);
	return true;
}

bool
parse_zone(struct parser *parser)
{
	return parse_group(parser, &parser->zones, "the zone's name",
	    "an interface or a prefix");
}

bool
parse_name(struct parser *parser)
{
	return parse_group(parser, &parser->names, "a name",
	    "an address, a prefix, a range, a domain or another name");
}

/* list NAME = addresses|domains "FILE" [ "refresh" TIME ] */
bool
parse_list(struct parser *parser)
{
	struct syntax_list *list =
	    arena_new(parser->in->arena, struct syntax_list);

	if (list == NULL ||
	    !reader_word(parser->in, &list->name, "the list's name") ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='") ||
	    !reader_word(parser->in, &list->kind, "'addresses' or 'domains'") ||
	    !reader_string(
		parser->in, &list->file, "the list's file in quotes"))
		return false;
	if (reader_at_word(parser->in, "refresh")) {
		(void)reader_take(parser->in);
		if (!reader_word(parser->in, &list->refresh, "a time, like 1h"))
			return false;
	}
	APPEND(parser->lists, list);
	return true;
}

/* hours NAME = span { "," span } */
bool
parse_hours(struct parser *parser)
{
	struct syntax_hours *hours =
	    arena_new(parser->in->arena, struct syntax_hours);

	if (hours == NULL ||
	    !reader_word(parser->in, &hours->name, "the name of these hours") ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='") ||
	    !reader_spans(parser->in, &hours->spans))
		return false;
	APPEND(parser->hours, hours);
	return true;
}

bool
parse_service_name(struct parser *parser)
{
	struct syntax_service_name *service =
	    arena_new(parser->in->arena, struct syntax_service_name);

	if (service == NULL ||
	    !reader_word(parser->in, &service->name, "the service's name") ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='") ||
	    !reader_services(parser->in, &service->services))
		return false;
	APPEND(parser->services, service);
	return true;
}
