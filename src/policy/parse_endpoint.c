/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_endpoint.h"

#include "base/nearest.h"
#include "policy/foreign.h"
#include "policy/manual.h"
#include "policy/words.h"

static bool
refuse_second_except(struct reader *in)
{
	if (!reader_at_word(in, "except"))
		return true;
	report_error(
	    in->report, reader_peek(in)->place, "'except' stands here twice");
	report_hint(in->report,
	    "several exceptions stand behind one, parted by commas");
	return false;
}

static const char endpoint_what[] =
    "a zone, a name, a list, an address, a domain, 'any' or 'self'";

/*
 * `from lan`, `not lan`, `! lan`: ours have no word before an end.  Two words
 * side by side are a mistake before the arrow; behind it the first could be
 * anybody's name, and the resolver knows.
 */
static bool
refuse_word_before_endpoint(struct reader *in)
{
	const struct token *token = reader_peek(in);
	bool first = token->kind == TOKEN_WORD && token[1].kind == TOKEN_WORD &&
		     token[-1].kind != TOKEN_ARROW &&
		     !str_is(token[1].text, "except");
	bool negates =
	    token->kind == TOKEN_WORD && str_starts(token->text, STR("!"));
	const char *foreign = NULL;

	if (negates)
		foreign = foreign_hint(FOREIGN_ENDPOINT, STR("not"));
	else if (first &&
		 (str_is(token->text, "not") || str_is(token->text, "from")))
		foreign = foreign_hint(FOREIGN_ENDPOINT, token->text);
	if (foreign == NULL)
		return true;
	(void)reader_expected(in, endpoint_what);
	report_hint(in->report, "%s", foreign);
	return false;
}

/* What stands behind an endpoint, where the endpoint was forgotten. */
static bool
refuse_no_endpoint(struct reader *in)
{
	const struct token *token = reader_peek(in);
	enum policy_protocol protocol;

	if (token->kind != TOKEN_WORD || str_is(token->text, "any") ||
	    str_is(token->text, "self") ||
	    !policy_word_is_reserved(token->text) || reader_at_statement(in))
		return true;
	(void)reader_expected(in, endpoint_what);
	if (str_is(token->text, "report"))
		report_hint(in->report,
		    "it stands before the verdict: report reject ...");
	else if (str_is(token->text, "except"))
		report_hint(in->report,
		    "'except' takes something out of what stands before it, "
		    "perhaps of 'any'");
	else if (policy_protocol_find(token->text, &protocol))
		report_hint(in->report,
		    "a service stands behind both ends of a rule; 'any' is "
		    "everywhere");
	return false;
}

bool
parse_endpoint(struct reader *in, struct syntax_word **ret,
    struct syntax_word **ret_except)
{
	if (!refuse_word_before_endpoint(in) || !refuse_no_endpoint(in) ||
	    !reader_words(in, ret, endpoint_what))
		return false;
	if (!reader_at_word(in, "except"))
		return true;
	(void)reader_take(in);
	const char *before = report_topic(in->report, MANUAL_EXCEPTIONS);
	bool good = refuse_no_endpoint(in) &&
		    reader_words(in, ret_except, endpoint_what) &&
		    refuse_second_except(in);
	(void)report_topic(in->report, before);
	return good;
}

/* Before it stands `except`, or what is misspelt for it. */
bool
parse_arrow(struct reader *in)
{
	const struct token *token = reader_peek(in);
	struct nearest nearest;

	if (reader_take_if(in, TOKEN_ARROW))
		return true;
	(void)reader_expected(in, "'->'");
	nearest_begin(&nearest, token->text);
	nearest_offer(&nearest, STR("except"));
	if (reader_at_word(in, "to"))
		report_hint(in->report, "write '->'");
	else if (token->kind == TOKEN_WORD && nearest.distance <= 2 &&
		 nearest.best.at != NULL)
		report_hint(in->report, "did you mean 'except'?");
	return false;
}
