/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_policy: what an errand asks the policy, and takes of its answer.
 *
 * It is asked again whenever more is known or another policy is in force; what
 * was asked is not asked twice.
 */
#include "proxy/errand_impl.h"

#include "policy/opening.h"
#include "proxy/worker.h"

#include <stdio.h>

static struct policy_answer
refuse_for(struct policy_answer answer, enum policy_reason reason)
{
	return (struct policy_answer){
		.verdict = POLICY_VERDICT_REJECT,
		.phase = answer.phase,
		.reason = policy_reason_sentence(reason),
	};
}

/* Of two answers to one flow the one that lets less of it pass. */
static struct policy_answer
stricter(struct policy_answer first, struct policy_answer other)
{
	if (errand_is_forbidden(&first))
		return first;
	if (other.verdict != POLICY_VERDICT_ALLOW)
		return other;
	if (first.rule != NULL && other.rule != NULL &&
	    !policy_parent_same(first.rule->parent, other.rule->parent))
		return refuse_for(first, POLICY_REASON_TWO_PARENTS);
	return first;
}

/*
 * One path may be several to servers, and which one the server of this flow
 * sees is not known: it is allowed only if all are.
 */
struct policy_answer
errand_ask(const struct errand *errand,
    const struct proxy_generation *generation, const struct flow *flow)
{
	struct policy_answer answer = admission_ask(generation, flow);
	struct flow other = *flow;

	if (errand->reads_too_many && !errand_is_forbidden(&answer) &&
	    policy_asks(generation->policy, POLICY_FACT_PATH))
		return refuse_for(answer, POLICY_REASON_MANY_PATHS);
	for (size_t i = 0;
	     i < errand->reading_count && !errand_is_forbidden(&answer); i++) {
		other.path = errand->readings[i];
		answer = stricter(answer, admission_ask(generation, &other));
	}
	return answer;
}

/*
 * Between the beginning and the end of an errand only the policy, the place
 * that it goes to and the type of the answer change.
 */
static bool
was_asked(const struct errand *errand)
{
	const struct flow *flow = &errand->flow;
	bool known = flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN;

	return errand->asked.generation == errand->generation &&
	       errand->asked.destination_known == known &&
	       (!known ||
		   address_eq(errand->asked.destination, flow->destination));
}

struct policy_answer
errand_ask_own(struct errand *errand)
{
	const struct flow *flow = &errand->flow;

	if (was_asked(errand))
		return errand->asked.answer;
	errand->asked.generation = errand->generation;
	errand->asked.destination_known =
	    flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN;
	errand->asked.destination = flow->destination;
	errand->asked.answer = errand_ask(errand, errand->generation, flow);
	return errand->asked.answer;
}

void
errand_forget_asked(struct errand *errand)
{
	errand->asked.generation = NULL;
}

void
errand_set_user(struct errand *errand, const struct policy_user *user)
{
	errand->user = *user;
	errand_forget_asked(errand);
	admission_user(errand->generation, &errand->flow, &errand->user);
}

void
errand_take_generation(
    struct errand *errand, struct proxy_generation *generation)
{
	if (errand->generation == generation)
		return;
	proxy_generation_unref(errand->generation);
	errand->generation = proxy_generation_ref(generation);
	errand_forget_asked(errand); /* another may come to lie in its place */
	admission_move(generation, &errand->flow);
	admission_user(generation, &errand->flow, &errand->user);
}

bool
errand_is_forbidden(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_REJECT ||
	       answer->verdict == POLICY_VERDICT_DROP;
}

/* What is still open hangs on what the server will send, or the client, inside
 * of TLS that is opened. */
bool
errand_may_proceed(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_ALLOW ||
	       (answer->verdict == POLICY_VERDICT_UNDECIDED &&
		   (answer->hangs_on == POLICY_FACT_TYPE ||
		       (answer->opened != NULL &&
			   policy_fact_is_inside(answer->hangs_on))));
}

bool
errand_hangs_on_user(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_UNDECIDED &&
	       answer->hangs_on == POLICY_FACT_USER;
}

/* It is refused, or would not be if it were known who asks. */
enum errand_outcome
errand_outcome_of_refusal(struct errand *errand)
{
	if (!errand_hangs_on_user(&errand->answer))
		return ERRAND_REFUSED;
	errand->failure = errand->user_failure;
	return ERRAND_LIMITED;
}

/* ---- the share of a rule ---- */

static void
say_when_it_comes_back(struct errand *errand)
{
	char until[CLOCK_TEXT_BYTES];

	clock_format(share_comes_back(&errand->share), until);
	(void)snprintf(errand->words, sizeof(errand->words), "%s until %.19sZ",
	    proxy_failure_words(PROXY_FAILURE_QUOTA), until);
}

static struct limiter_client
client_of(const struct errand *errand)
{
	return (struct limiter_client){ .source = errand->client.address,
		.user = errand->user.name };
}

/* Whether it is within the limit of the rule that allows it. */
bool
errand_take_share(struct errand *errand)
{
	const struct policy_rule *rule = errand->answer.rule;

	if (errand->answer.verdict != POLICY_VERDICT_ALLOW || rule == NULL)
		return true;
	struct limiter_client client = client_of(errand);
	switch (share_take(&errand->share, errand->generation, rule, &client)) {
	case SHARE_TAKEN:
		return true;
	case SHARE_LIMITED:
		errand->failure = PROXY_FAILURE_LIMITED;
		break;
	case SHARE_USED_UP:
		errand->failure = PROXY_FAILURE_QUOTA;
		say_when_it_comes_back(errand);
		break;
	}
	return false;
}

/* ---- what comes is judged, not what was asked ---- */

/* That of another answer than the one that will be given. */
static void
forget_type(struct errand *errand)
{
	if (errand->flow.known[POLICY_FACT_TYPE] == FLOW_NOT_GIVEN)
		return;
	errand->flow.known[POLICY_FACT_TYPE] = FLOW_NOT_GIVEN;
	errand_forget_asked(errand);
}

enum errand_outcome
errand_settle(struct errand *errand)
{
	errand_take_generation(errand, errand->worker->generation);
	if (errand->address_count > 0)
		admission_destination(errand->generation, &errand->flow,
		    errand->addresses[0].address);
	forget_type(errand);
	errand->answer = errand_ask_own(errand);
	errand->server_at = (struct address_port){ .port = errand->flow.port };
	if (!errand_may_proceed(&errand->answer))
		return errand_outcome_of_refusal(errand);
	return errand_take_share(errand) ? ERRAND_READY : ERRAND_LIMITED;
}

enum errand_outcome
errand_see_type(struct errand *errand, struct str type)
{
	/* Noted also where nobody asks: the next policy may. */
	admission_type(&errand->flow, type);
	errand_forget_asked(errand);
	if (errand->answer.verdict != POLICY_VERDICT_UNDECIDED)
		return ERRAND_READY;
	errand->answer = errand_ask_own(errand);
	if (errand->answer.verdict == POLICY_VERDICT_ALLOW &&
	    !policy_carriage_fits(errand->answer.rule, errand->parent)) {
		errand->answer.verdict = POLICY_VERDICT_REJECT;
		errand->answer.rule = NULL;
		errand->answer.reason =
		    policy_reason_sentence(POLICY_REASON_OTHER_PARENT);
	}
	if (errand->answer.verdict != POLICY_VERDICT_ALLOW)
		return errand_outcome_of_refusal(errand);
	return errand_take_share(errand) ? ERRAND_READY : ERRAND_LIMITED;
}

enum errand_outcome
errand_see_no_type(struct errand *errand)
{
	if (errand->answer.verdict != POLICY_VERDICT_UNDECIDED)
		return ERRAND_READY;
	errand->answer = (struct policy_answer){
		.verdict = POLICY_VERDICT_REJECT,
		.phase = POLICY_PHASE_RESPONSE,
		.reason = policy_reason_sentence(POLICY_REASON_NO_TYPE),
	};
	return errand_outcome_of_refusal(errand);
}

/* ---- another policy ---- */

/*
 * What the policy would let pass by another way than it has taken does not
 * stand: what goes via a parent now must not go on directly.
 */
bool
errand_stands(
    const struct errand *errand, const struct proxy_generation *generation)
{
	const struct policy_parent *parent;
	struct flow flow = errand->flow;

	if (errand->server_at.port == 0)
		return true;
	admission_move(generation, &flow);
	admission_user(generation, &flow, &errand->user);
	struct policy_answer answer = errand_ask(errand, generation, &flow);
	return errand_may_proceed(&answer) &&
	       policy_carriage(generation->policy, &flow, &answer, &parent) &&
	       (parent == NULL || policy_parent_same(parent, errand->parent));
}

/* The answer is asked for anew, since its rule is the old generation's. */
void
errand_move(struct errand *errand)
{
	struct proxy_generation *before =
	    proxy_generation_ref(errand->generation);
	const struct policy_parent *parent;
	struct limiter_client client = client_of(errand);

	errand_take_generation(errand, errand->worker->generation);
	errand->answer = errand_ask_own(errand);
	if (!policy_carriage(errand->generation->policy, &errand->flow,
		&errand->answer, &parent) ||
	    !policy_parent_same(parent, errand->parent))
		parent = NULL;
	errand->parent = parent;
	if (errand->server_at.port != 0 &&
	    errand->answer.verdict == POLICY_VERDICT_ALLOW)
		share_move(&errand->share, errand->generation,
		    errand->answer.rule, &client);
	proxy_generation_unref(before);
}
