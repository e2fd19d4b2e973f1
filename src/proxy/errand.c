/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/errand_impl.h"

#include "proxy/worker.h"

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

void
errand_set_slot(struct errand *errand, struct slot *slot)
{
	slot_release(errand->slot);
	errand->slot = slot;
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

bool
errand_is_refused(struct errand *errand)
{
	forget_addresses(errand);
	errand_forget_asked(errand);
	errand->answer = errand_ask_own(errand);
	return errand_is_forbidden(&errand->answer);
}

void
errand_begin(struct errand *errand)
{
	bool is_refused =
	    errand_is_refused(errand) || errand_hangs_on_user(&errand->answer);

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

/* ---- the ends of it ---- */

void
errand_refuse(struct errand *errand, struct policy_answer answer)
{
	errand_end_turn(errand);
	errand->answer = answer;
	errand->done(errand, errand_outcome_of_refusal(errand));
}

void
errand_fail(struct errand *errand, enum proxy_failure failure)
{
	errand_end_turn(errand);
	errand->failure = failure;
	errand->done(errand, ERRAND_FAILED);
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
