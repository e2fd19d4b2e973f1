/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_block: statements that go on in braces, a line for each thing.
 */
#include "policy/parse_impl.h"

#include "policy/parse_console.h"
#include "policy/parse_dns.h"
#include "policy/parse_firewall.h"
#include "policy/parse_journal.h"

/* How many braces are open behind the tokens from first to the next one. */
static unsigned
open_braces(const struct parser *parser, const struct token *first)
{
	unsigned depth = 0;

	for (; first < reader_peek(parser->in); first++) {
		depth += first->kind == TOKEN_OPEN;
		depth -= first->kind == TOKEN_CLOSE && depth > 0;
	}
	return depth;
}

/*
 * Gives up the statement that began at first: on behind its line, over whole
 * pairs of braces.  A brace that is not closed ends where a line begins with
 * the next statement.
 */
void
parse_skip_statement(struct parser *parser, const struct token *first)
{
	unsigned depth = open_braces(parser, first);

	for (;; (void)reader_take(parser->in)) {
		enum token_kind kind = reader_peek(parser->in)->kind;
		if (kind == TOKEN_END ||
		    (kind == TOKEN_NEWLINE && depth == 0) ||
		    (kind == TOKEN_CLOSE && depth == 0) ||
		    (reader_peek(parser->in) > first &&
			reader_at_statement(parser->in)))
			return;
		depth += kind == TOKEN_OPEN;
		depth -= kind == TOKEN_CLOSE;
	}
}

/* "{" { statement NEWLINE } "}", where a line ends each statement. */
bool
parse_block(struct parser *parser, bool (*parse_line)(struct parser *, void *),
    void *context)
{
	const struct token *open = reader_peek(parser->in);

	if (!reader_expect(parser->in, TOKEN_OPEN, "'{'"))
		return false;
	for (;;) {
		reader_skip_line_ends(parser->in);
		if (reader_take_if(parser->in, TOKEN_CLOSE))
			return true;
		if (reader_peek(parser->in)->kind == TOKEN_END ||
		    reader_at_statement(parser->in))
			return reader_unclosed(parser->in, open, "'}'");
		const struct token *first = reader_peek(parser->in);
		if (!parse_line(parser, context) ||
		    (reader_peek(parser->in)->kind != TOKEN_NEWLINE &&
			reader_peek(parser->in)->kind != TOKEN_CLOSE &&
			!reader_expected(parser->in, "the end of the line")))
			parse_skip_statement(parser, first);
	}
}

static bool
parse_firewall_line(struct parser *parser, void *context)
{
	struct syntax_setting *setting = parse_setting(parser->in);

	(void)context;
	if (setting != NULL)
		APPEND(parser->settings, setting);
	return setting != NULL;
}

bool
parse_firewall(struct parser *parser)
{
	return parse_block(parser, parse_firewall_line, NULL);
}

static bool
parse_console_inside(struct parser *parser, void *context)
{
	return parse_console_line(parser->in, context);
}

bool
parse_console(struct parser *parser)
{
	struct syntax_console *console =
	    arena_new(parser->in->arena, struct syntax_console);

	if (console == NULL)
		return false;
	console->head = reader_word_of(parser->in->next - 1);
	if (!parse_block(parser, parse_console_inside, console))
		return false;
	APPEND(parser->consoles, console);
	return true;
}

static bool
parse_dns_inside(struct parser *parser, void *context)
{
	return parse_dns_line(parser->in, context);
}

bool
parse_dns(struct parser *parser)
{
	struct syntax_dns *dns =
	    arena_new(parser->in->arena, struct syntax_dns);

	if (dns == NULL)
		return false;
	dns->head = reader_word_of(parser->in->next - 1);
	if (!parse_block(parser, parse_dns_inside, dns))
		return false;
	APPEND(parser->dns, dns);
	return true;
}

static bool
parse_journal_inside(struct parser *parser, void *context)
{
	return parse_journal_line(parser->in, context);
}

bool
parse_journal(struct parser *parser)
{
	struct syntax_journal *journal =
	    arena_new(parser->in->arena, struct syntax_journal);

	if (journal == NULL)
		return false;
	journal->head = reader_word_of(parser->in->next - 1);
	if (!parse_block(parser, parse_journal_inside, journal))
		return false;
	APPEND(parser->journals, journal);
	return true;
}

/* A case runs to the end of its line; policy/flow_text reads it. */
static bool
parse_case(struct parser *parser, void *context)
{
	struct syntax_case ***tail = context;
	struct syntax_case *kept =
	    arena_new(parser->in->arena, struct syntax_case);
	const struct token *first = reader_peek(parser->in);

	if (kept == NULL)
		return false;
	if (reader_at_head(parser->in))
		return reader_expected(
		    parser->in, "a flow, which begins with where it is from");
	while (reader_peek(parser->in)->kind != TOKEN_NEWLINE &&
	       reader_peek(parser->in)->kind != TOKEN_CLOSE &&
	       reader_peek(parser->in)->kind != TOKEN_BAD)
		(void)reader_take(parser->in);
	if (reader_peek(parser->in)->kind == TOKEN_BAD)
		return false;
	kept->tokens = first;
	kept->count = (size_t)(reader_peek(parser->in) - first);
	kept->text = reader_text_since(parser->in, first);
	**tail = kept;
	*tail = &kept->next;
	return true;
}

bool
parse_test(struct parser *parser)
{
	struct syntax_test *test =
	    arena_new(parser->in->arena, struct syntax_test);

	if (test == NULL || !reader_string(parser->in, &test->title,
				"what is tested, in quotes"))
		return false;
	struct syntax_case **cases = &test->cases;
	if (!parse_block(parser, parse_case, &cases))
		return false;
	APPEND(parser->tests, test);
	return true;
}
