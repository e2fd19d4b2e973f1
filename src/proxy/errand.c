/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/errand_impl.h"

#include "event/counter.h"
#include "net/socket.h"
#include "policy/opening.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdio.h>

void
errand_init(struct errand *errand, struct worker *worker, enum flow_way way,
    struct address_port client, uint64_t flow_id)
{
	*errand = (struct errand){
		.worker = worker,
		.generation = proxy_generation_ref(worker->generation),
		.client = client,
		.flow_id = flow_id,
		.started = clock_now(),
		.client_fd = -1,
		.user_failure = PROXY_FAILURE_USER_MISSING,
	};
	admission_begin(errand->generation, way, client.address, &errand->flow);
}

/*
 * One path may be two to servers, and which one the server of this flow sees
 * is not known: it is allowed only if both are.
 */
struct policy_answer
errand_ask(const struct errand *errand,
    const struct proxy_generation *generation, const struct flow *flow)
{
	struct policy_answer answer = admission_ask(generation, flow);
	struct flow other = *flow;

	if (errand->path_lax.at == NULL ||
	    answer.verdict == POLICY_VERDICT_REJECT ||
	    answer.verdict == POLICY_VERDICT_DROP)
		return answer;
	other.path = errand->path_lax;
	struct policy_answer lax = admission_ask(generation, &other);
	if (lax.verdict != POLICY_VERDICT_ALLOW)
		return lax;
	if (answer.rule != NULL && lax.rule != NULL &&
	    !policy_parent_same(answer.rule->parent, lax.rule->parent))
		answer = (struct policy_answer){
			.verdict = POLICY_VERDICT_REJECT,
			.phase = answer.phase,
			.reason =
			    policy_reason_sentence(POLICY_REASON_TWO_PARENTS),
		};
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

static void
forget_asked(struct errand *errand)
{
	errand->asked.generation = NULL;
}

void
errand_set_user(struct errand *errand, const struct policy_user *user)
{
	errand->user = *user;
	forget_asked(errand);
	admission_user(errand->generation, &errand->flow, &errand->user);
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

void
errand_take_generation(
    struct errand *errand, struct proxy_generation *generation)
{
	if (errand->generation == generation)
		return;
	proxy_generation_unref(errand->generation);
	errand->generation = proxy_generation_ref(generation);
	forget_asked(errand); /* another may come to lie in its place */
	admission_move(generation, &errand->flow);
	admission_user(generation, &errand->flow, &errand->user);
}

/* ---- the ends of it ---- */

static bool
hangs_on_user(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_UNDECIDED &&
	       answer->hangs_on == POLICY_FACT_USER;
}

/* It is refused, or would not be if it were known who asks. */
static enum errand_outcome
outcome_of_refusal(struct errand *errand)
{
	if (!hangs_on_user(&errand->answer))
		return ERRAND_REFUSED;
	errand->failure = errand->user_failure;
	return ERRAND_LIMITED;
}

void
errand_refuse(struct errand *errand, struct policy_answer answer)
{
	errand_end_turn(errand);
	errand->answer = answer;
	errand->done(errand, outcome_of_refusal(errand));
}

void
errand_fail(struct errand *errand, enum proxy_failure failure)
{
	errand_end_turn(errand);
	errand->failure = failure;
	errand->done(errand, ERRAND_FAILED);
}

void
errand_set_slot(struct errand *errand, struct slot *slot)
{
	slot_release(errand->slot);
	errand->slot = slot;
}

/* ---- connecting ---- */

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

static bool
is_refusal(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_REJECT ||
	       answer->verdict == POLICY_VERDICT_DROP;
}

/* Whether the policy in force says to go by the way that was gone, and from
 * where it was. */
static bool
came_rightly(struct errand *errand, struct address_port at)
{
	return errand_may_proceed(&errand->answer) &&
	       (errand->approach != NULL || errand_came_from(errand, at)) &&
	       policy_carriage(errand->generation->policy, &errand->flow,
		   &errand->answer, &errand->parent) &&
	       policy_parent_same(errand->parent,
		   errand->approach != NULL ? errand->approach->parent : NULL);
}

void
errand_arrive(
    struct errand *errand, struct address_port at, struct stream **server)
{
	if (errand_is_to_be_secured(errand)) {
		errand_secure(errand, at, server);
		return;
	}
	errand_end_turn(errand);
	errand->server = *server;
	*server = NULL;
	errand_take_generation(errand, errand->worker->generation);
	errand->answer = errand_ask_own(errand);
	bool rightly = came_rightly(errand, at);
	errand_release_approach(errand);
	if (is_refusal(&errand->answer)) {
		stream_close(&errand->server);
		errand_refuse(errand, errand->answer);
		return;
	}
	/* By another way, or only if its address is known: from the start. */
	if (!rightly) {
		stream_close(&errand->server);
		errand_begin(errand);
		return;
	}
	/* Of what is opened each request is counted by itself. */
	if (errand->flow.tls == FLOW_BARE && !errand_take_share(errand)) {
		stream_close(&errand->server);
		errand->done(errand, ERRAND_LIMITED);
		return;
	}
	errand->server_at = at;
	errand->done(errand, ERRAND_READY);
}

/* To the server itself, which is one of the admitted addresses. */
static void
arrive_at(struct errand *errand, struct address_port at, struct stream *server)
{
	admission_destination(errand->generation, &errand->flow, at.address);
	errand_arrive(errand, at, &server);
}

void
errand_fail_dial(struct errand *errand, int error)
{
	if (errand->full.port != 0) {
		errand_queue(errand);
		return;
	}
	counter_add(COUNTER_UPSTREAM_FAILED, 1);
	errand_fail(errand, proxy_failure_of_dial(error));
}

static void
on_dialled(struct dial *dial, int fd, size_t which)
{
	struct errand *errand = dial->context;
	struct stream *server;

	errand_set_slot(errand, dial->slot);
	dial->slot = NULL;
	if (fd < 0) {
		if (errand->full.port == 0)
			errand->full = dial->full;
		/* RFC 8305, 3: the name may still have other addresses. */
		if (!errand_awaits_rest(errand, fd))
			errand_fail_dial(errand, fd);
		return;
	}
	resolver_cancel(&errand->query);
	if (stream_create(
		errand->worker->loop, fd, &stream_limits_usual, &server) < 0) {
		socket_close_reset(fd);
		errand_fail(errand, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	counter_add(COUNTER_UPSTREAM_DIALS, 1);
	struct address_port at = errand->addresses[errand->tried + which];
	errand->from = dial_from(dial, at.address);
	arrive_at(errand, at, server);
}

void
errand_dial(struct errand *errand, size_t first)
{
	const struct policy_servers *servers =
	    &errand->generation->policy->servers;

	errand->tried = first;
	errand->dial.fn = on_dialled;
	errand->dial.context = errand;
	/* A tunnel lasts as long as its ends like: nobody could wait for it. */
	errand->dial.slots =
	    errand->wants_tunnel ? NULL : errand->worker->slots;
	errand->dial.slots_max = servers->slots;
	errand_choose_source(errand);
	dial_start(&errand->dial, errand->worker->loop,
	    &errand->addresses[first], errand->address_count - first);
}

void
errand_arrive_kept(
    struct errand *errand, struct address_port at, struct pool_kept *kept)
{
	struct stream *server = kept->stream;

	counter_add(COUNTER_UPSTREAM_REUSED, 1);
	resolver_cancel(&errand->query);
	errand_set_slot(errand, kept->slot);
	errand->from = errand_key(errand, at).from;
	errand->reused = true;
	errand->secured = errand->tls != NULL;
	arrive_at(errand, at, server);
}

static bool
take_kept(struct errand *errand)
{
	for (size_t i = 0; i < errand->address_count; i++) {
		struct address_port at = errand->addresses[i];
		struct pool_key key = errand_key(errand, at);
		struct pool_kept kept;
		if (!pool_take(errand->worker->pool, key, &kept))
			continue;
		errand_arrive_kept(errand, at, &kept);
		return true;
	}
	return false;
}

/*
 * A request to the proxy goes where its name leads.  An intercepted client has
 * said itself where it wants to go, and goes there, unless the policy let it
 * in for its name, or may still do so: then to the true addresses of that
 * name, since the name may have been forged to reach another one's address.
 */
bool
errand_goes_by_name(const struct errand *errand)
{
	if (errand->flow.known[POLICY_FACT_NAME] != FLOW_KNOWN)
		return false;
	return errand->flow.way == FLOW_EXPLICIT || errand->named ||
	       errand->answer.by_name ||
	       errand->answer.verdict == POLICY_VERDICT_UNDECIDED;
}

/* What proves who asks, by the connection, goes by that one, whatever it is. */
bool
errand_may_take_kept(const struct errand *errand)
{
	return errand->may_reuse || (errand->owner != 0 && !errand->anew);
}

/* Once: who leads it now would wait for itself. */
bool
errand_is_answered_instead(struct errand *errand)
{
	bool (*instead)(struct errand * errand) = errand->instead;

	errand->instead = NULL;
	return instead != NULL && instead(errand);
}

void
errand_connect(struct errand *errand)
{
	errand->reused = false;
	if (errand_is_answered_instead(errand))
		return;
	if (errand->wants_datagrams) {
		errand_open_datagrams(errand);
		return;
	}
	if (errand->parent != NULL) {
		errand_go_by_parent(errand, false);
		return;
	}
	if (!errand_take_shared(errand) &&
	    (!errand_may_take_kept(errand) || !take_kept(errand)) &&
	    !errand_waits_for_turn(errand))
		errand_dial(errand, 0);
}

/* ---- the beginning ---- */

/* As the client asked, whatever an earlier attempt has found out. */
static void
forget_addresses(struct errand *errand)
{
	errand->address_count = 0;
	errand->asked_count = 0;
	errand->dial_error = 0;
	errand->full = (struct address_port){ 0 };
	errand_end_turn(errand);
	errand_set_slot(errand, NULL);
	errand->parent = NULL;
	errand->secured = false;
	errand_release_approach(errand);
	errand->by = (struct errand_by){ 0 };
	errand->failure = PROXY_FAILURE_NONE;
	errand->words[0] = '\0';
	if (errand->meant.family != ADDRESS_NONE)
		admission_destination(
		    errand->generation, &errand->flow, errand->meant);
	else
		errand->flow.known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
}

bool
errand_is_refused(struct errand *errand)
{
	forget_addresses(errand);
	forget_asked(errand);
	errand->answer = errand_ask_own(errand);
	return is_refusal(&errand->answer);
}

void
errand_begin(struct errand *errand)
{
	bool is_refused =
	    errand_is_refused(errand) || hangs_on_user(&errand->answer);

	errand->by_name = errand_goes_by_name(errand);
	if (is_refused) {
		errand_refuse(errand, errand->answer);
	} else if ((errand->answer.verdict == POLICY_VERDICT_ALLOW ||
		       errand->answer.opened != NULL) &&
		   errand_is_answered_instead(errand)) {
		return;
	} else if (!errand->wants_datagrams && errand_goes_unresolved(errand)) {
		errand_go_by_parent(errand, true);
	} else if (errand_goes_by_name(errand)) {
		errand_resolve(errand);
	} else {
		struct policy_answer answer =
		    errand_admit(errand, errand->meant);
		if (errand->address_count > 0)
			errand_connect(errand);
		else
			errand_refuse(errand, answer);
	}
}

/* That of another answer than the one that will be given. */
static void
forget_type(struct errand *errand)
{
	if (errand->flow.known[POLICY_FACT_TYPE] == FLOW_NOT_GIVEN)
		return;
	errand->flow.known[POLICY_FACT_TYPE] = FLOW_NOT_GIVEN;
	forget_asked(errand);
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
		return outcome_of_refusal(errand);
	return errand_take_share(errand) ? ERRAND_READY : ERRAND_LIMITED;
}

enum errand_outcome
errand_see_type(struct errand *errand, struct str type)
{
	/* Noted also where nobody asks: the next policy may. */
	admission_type(&errand->flow, type);
	forget_asked(errand);
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
		return outcome_of_refusal(errand);
	return errand_take_share(errand) ? ERRAND_READY : ERRAND_LIMITED;
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

struct pool_key
errand_place(const struct errand *errand)
{
	if (errand->by.name_len > 0)
		return approach_key(errand->approach);
	return (struct pool_key){ .server = errand->server_at,
		.from = errand->from,
		.through = errand_tls_key(errand),
		.owner = errand->owner };
}

struct pool_kept
errand_give_server(struct errand *errand)
{
	struct pool_kept kept = { errand->server, errand->slot };

	errand->server = NULL;
	errand->slot = NULL;
	return kept;
}

void
errand_keep(struct errand *errand)
{
	struct pool_key key = errand_place(errand);
	struct pool_kept kept = errand_give_server(errand);

	errand_keep_server(errand->worker, key, &kept);
}

void
errand_fini(struct errand *errand)
{
	if (errand == NULL)
		return;
	resolver_cancel(&errand->query);
	errand_leave_queue(errand);
	dial_cancel(&errand->dial);
	errand_free_approach(errand);
	errand_fini_tls(errand);
	stream_close(&errand->server);
	share_end(&errand->share);
	errand_set_slot(errand, NULL);
	proxy_generation_unref(errand->generation);
	errand->generation = NULL;
}
