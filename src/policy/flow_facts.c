/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_facts: what may be said of a flow behind its ends, a row for
 * each.
 */
#include "policy/flow_text_impl.h"

static bool
read_fact_address(struct flow_draft *draft)
{
	const struct token *token = reader_peek(draft->in);
	struct address address;

	if (token->kind != TOKEN_WORD ||
	    address_parse(token->text, &address) < 0)
		return reader_expected(draft->in, "the name's address");
	(void)reader_take(draft->in);
	flow_draft_set_destination(draft, ZONE_NONE, address);
	return true;
}

static bool
read_fact_method(struct flow_draft *draft)
{
	const struct token *token = reader_peek(draft->in);

	if (token->kind != TOKEN_WORD)
		return reader_expected(draft->in, "a method");
	draft->flow->method =
	    arena_str(draft->in->arena, reader_take(draft->in)->text);
	draft->flow->known[POLICY_FACT_METHOD] = FLOW_KNOWN;
	return true;
}

static bool
read_fact_text(struct flow_draft *draft, enum policy_fact fact, struct str *ret,
    const char *what)
{
	const struct token *token = reader_peek(draft->in);

	if (token->kind != TOKEN_WORD && token->kind != TOKEN_STRING)
		return reader_expected(draft->in, what);
	*ret = arena_str(draft->in->arena, reader_take(draft->in)->text);
	draft->flow->known[fact] = FLOW_KNOWN;
	return ret->at != NULL;
}

static bool
read_fact_user(struct flow_draft *draft)
{
	return read_fact_text(
	    draft, POLICY_FACT_USER, &draft->flow->user, "a user");
}

static bool
read_fact_type(struct flow_draft *draft)
{
	return read_fact_text(draft, POLICY_FACT_TYPE, &draft->flow->type,
	    "a media type, like image/png");
}

/* header NAME VALUE; the fields that are given are all that there are. */
static bool
read_fact_header(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;
	struct flow_header *all =
	    arena_array(draft->in->arena, flow->header_count + 1, sizeof(*all));

	if (all == NULL)
		return false;
	for (size_t i = 0; i < flow->header_count; i++)
		all[i] = flow->headers[i];
	struct flow_header *next = &all[flow->header_count];
	if (!read_fact_text(draft, POLICY_FACT_HEADER, &next->name,
		"the name of a header field") ||
	    !read_fact_text(
		draft, POLICY_FACT_HEADER, &next->value, "its value"))
		return false;
	flow->headers = all;
	flow->header_count++;
	return true;
}

/* at mon 09:30 */
static bool
read_fact_time(struct flow_draft *draft)
{
	static const char what[] = "a day and a time, like mon 09:30";
	const struct token *token = reader_peek(draft->in);
	char meant[HOURS_MEANT_BYTES];
	unsigned day, minute;

	if (token->kind != TOKEN_WORD || !hours_day_find(token->text, &day)) {
		(void)reader_expected(draft->in, what);
		if (token->kind == TOKEN_WORD &&
		    str_find(token->text, '-') == token->text.len &&
		    hours_days_meant(token->text, meant))
			report_hint(
			    draft->in->report, "did you mean '%s'?", meant);
		return false;
	}
	(void)reader_take(draft->in);
	if (reader_peek(draft->in)->kind != TOKEN_WORD ||
	    !hours_time_parse(reader_peek(draft->in)->text, &minute) ||
	    minute == HOURS_DAY_MINUTES)
		return reader_expected(draft->in, "a time, like 09:30");
	(void)reader_take(draft->in);
	draft->flow->minute = day * HOURS_DAY_MINUTES + minute;
	draft->flow->known[POLICY_FACT_TIME] = FLOW_KNOWN;
	return true;
}

static bool
read_fact_explicit(struct flow_draft *draft)
{
	draft->is_explicit = true;
	return true;
}

static const struct {
	const char *word;
	bool (*read)(struct flow_draft *);
	bool of_question; /* it may be said of one, too */
} facts[] = {
	{ "address", read_fact_address, true },
	{ "method", read_fact_method, false },
	{ "user", read_fact_user, false },
	{ "header", read_fact_header, false },
	{ "type", read_fact_type, false },
	{ "at", read_fact_time, true },
	{ "explicit", read_fact_explicit, false },
};

#define FACTS (sizeof(facts) / sizeof(facts[0]))

void
flow_offer_facts(struct nearest *nearest)
{
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++)
		nearest_offer(nearest,
		    str_of(policy_protocol_row((enum policy_protocol)i)->word));
	for (size_t i = 0; i < FACTS; i++)
		nearest_offer(nearest, str_of(facts[i].word));
}

void
flow_offer_question_facts(struct nearest *nearest)
{
	for (size_t i = 0; i < FACTS; i++)
		if (facts[i].of_question)
			nearest_offer(nearest, str_of(facts[i].word));
}

bool
flow_draft_read_facts(struct flow_draft *draft)
{
	bool question = draft->flow->question.at != NULL;
	size_t i = 0;

	while (i < FACTS) {
		if (!reader_at_word(draft->in, facts[i].word) ||
		    (question && !facts[i].of_question)) {
			i++;
			continue;
		}
		(void)reader_take(draft->in);
		if (!facts[i].read(draft))
			return false;
		i = 0;
	}
	return true;
}
