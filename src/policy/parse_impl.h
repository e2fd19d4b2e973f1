/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_impl: what those files of policy/parse share that hang
 * statements into the syntax, and nobody else.
 *
 *	parse        a file's statements, and what each of them is
 *	parse_block  statements that go on in braces
 *	parse_define statements that give names
 *	parse_proxy  the block `proxy`
 *
 * The other files (parse_rule, parse_listen and so on) read one thing with a
 * reader and know of no parser.
 */
#ifndef GATEHOUSE_POLICY_PARSE_IMPL_H
#define GATEHOUSE_POLICY_PARSE_IMPL_H

#include "policy/include.h"
#include "policy/reader.h"
#include "policy/syntax.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Where the next statement of each kind is hung. */
struct parser {
	struct reader *in;
	struct includer *includer; /* NULL: nothing is included */
	struct syntax_tokens **files;
	struct syntax_group **zones, **names;
	struct syntax_list **lists;
	struct syntax_hours **hours;
	struct syntax_service_name **services;
	struct syntax_listen **listens;
	struct syntax_console **consoles;
	struct syntax_dns **dns;
	struct syntax_journal **journals;
	struct syntax_intercept **intercepts;
	struct syntax_choice **choices;
	struct syntax_servers **servers;
	struct syntax_masquerade **masquerades;
	struct syntax_parent **parents;
	struct syntax_snat **snats;
	struct syntax_map **maps;
	struct syntax_setting **settings;
	struct syntax_never **nevers;
	struct syntax_rule **rules;
	struct syntax_test **tests;
};

/* Hangs node on the list whose end is *tail. */
#define APPEND(tail, node) (*(tail) = (node), (tail) = &(node)->next)

/* Each reads what stands behind its word, which was taken, and hangs it. */
bool parse_zone(struct parser *parser);
bool parse_name(struct parser *parser);
bool parse_list(struct parser *parser);
bool parse_hours(struct parser *parser);
bool parse_service_name(struct parser *parser);
bool parse_proxy(struct parser *parser);
bool parse_firewall(struct parser *parser);
bool parse_console(struct parser *parser);
bool parse_dns(struct parser *parser);
bool parse_journal(struct parser *parser);
bool parse_test(struct parser *parser);

/* "{" { statement NEWLINE } "}", where a line ends each statement. */
bool parse_block(struct parser *parser,
    bool (*parse_line)(struct parser *, void *), void *context);

/*
 * Gives up the statement that began at first: on behind its line, over whole
 * pairs of braces.  A brace that is not closed ends where a line begins with
 * the next statement.
 */
void parse_skip_statement(struct parser *parser, const struct token *first);

/* For a word that begins a line of `proxy` and not a statement; false: it does
 * neither. */
bool parse_hint_proxy_line(struct parser *parser, struct str word);

#endif
