/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_name: from the name to addresses that the policy admits.
 *
 * RFC 8305, 3: IPv6 addresses are dialled as soon as they are known; those of
 * IPv4 join the dial when they come.  By a parent it goes only when all are
 * known, for which one it is may hang on any of them.
 */
#include "proxy/errand_impl.h"

#include "event/histogram.h"
#include "proxy/worker.h"

#include <errno.h>

struct policy_answer
errand_admit(struct errand *errand, struct address address)
{
	const struct policy_parent *parent;

	admission_destination(errand->generation, &errand->flow, address);
	struct policy_answer answer = errand_ask_own(errand);

	if (!errand_may_proceed(&answer) ||
	    !policy_carriage(
		errand->generation->policy, &errand->flow, &answer, &parent))
		return answer;
	if (parent == NULL && !errand_can_reach(errand, address))
		return answer;
	if (errand->address_count == 0)
		errand->parent = parent;
	if (policy_parent_same(errand->parent, parent))
		errand->addresses[errand->address_count++] =
		    (struct address_port){ address, errand->flow.port };
	return answer;
}

static enum proxy_failure
failure_of_answer(enum resolver_status status)
{
	switch (status) {
	case RESOLVER_STATUS_NO_NAME:
		return PROXY_FAILURE_NO_NAME;
	case RESOLVER_STATUS_OK:
	case RESOLVER_STATUS_NO_ADDRESS:
		return PROXY_FAILURE_NO_ADDRESS;
	case RESOLVER_STATUS_TIMEOUT:
		return PROXY_FAILURE_DNS_TIMEOUT;
	case RESOLVER_STATUS_FAILED:
	case RESOLVER_STATUS_COUNT:
		break;
	}
	return PROXY_FAILURE_DNS_FAILED;
}

/* ---- the rest of an answer ---- */

static bool
is_known(const struct errand *errand, struct address address)
{
	for (size_t i = 0; i < errand->address_count; i++)
		if (address_eq(errand->addresses[i].address, address))
			return true;
	return false;
}

static void
admit_rest(struct errand *errand, const struct resolver_answer *answer)
{
	for (size_t i = 0; i < answer->count &&
			   errand->address_count < RESOLVER_ADDRESSES_MAX;
	     i++)
		if (!is_known(errand, answer->addresses[i]))
			(void)errand_admit(errand, answer->addresses[i]);
}

static void
on_rest(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct errand *errand = query->context;
	size_t before = errand->address_count;
	int error = errand->dial_error;

	admit_rest(errand, answer);
	/* It is not dialling yet, and then finds them all. */
	if (errand_is_waiting(errand))
		return;
	if (error == 0) {
		dial_more(&errand->dial, errand->address_count - errand->tried);
	} else if (errand->address_count > before) {
		errand->dial_error = 0;
		errand_dial(errand, before);
	} else {
		errand_fail_dial(errand, error);
	}
}

bool
errand_awaits_rest(struct errand *errand, int error)
{
	if (errand->query.name == NULL)
		return false;
	errand->dial_error = error;
	return true;
}

/* ---- the answer ---- */

static struct policy_answer
admit_all(struct errand *errand, const struct resolver_answer *answer)
{
	struct policy_answer first = { 0 };

	for (size_t i = 0; i < answer->count; i++) {
		struct policy_answer one =
		    errand_admit(errand, answer->addresses[i]);
		if (i == 0)
			first = one;
	}
	return first;
}

static void on_resolved(
    struct resolver_query *query, const struct resolver_answer *answer);

static int
ask(struct errand *errand, resolver_fn fn, enum resolver_patience patience)
{
	errand->query.fn = fn;
	errand->query.context = errand;
	errand->query.patience = patience;
	errand->resolving = clock_now();
	return resolver_ask(
	    errand->worker->resolver, errand->flow.name, &errand->query);
}

/* Whether it waits for the rest before anything else, or else does with what
 * there is, and hears of the rest on its way. */
static bool
waits_for_rest(struct errand *errand, const struct resolver_answer *answer)
{
	if (answer->whole)
		return false;
	if (errand->address_count > 0 && errand->parent == NULL) {
		(void)ask(errand, on_rest, RESOLVER_REST);
		return false;
	}
	bool can_wait = ask(errand, on_resolved, RESOLVER_USUAL) == 0;
	errand->address_count = can_wait ? 0 : errand->address_count;
	return can_wait;
}

static void
on_resolved(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct errand *errand = query->context;

	histogram_add(HISTOGRAM_DNS, clock_now() - errand->resolving);
	if (answer->count == 0) {
		counter_add(COUNTER_DNS_FAILED, 1);
		errand_fail(errand, failure_of_answer(answer->status));
		return;
	}
	struct policy_answer first = admit_all(errand, answer);
	/* Before the rest is asked for, of which then nobody must hear. */
	if (errand->address_count > 0 && errand_is_answered_instead(errand))
		return;
	if (query->patience == RESOLVER_EAGER && waits_for_rest(errand, answer))
		return;
	if (errand->address_count > 0) {
		errand_connect(errand);
		return;
	}
	/* All are of the family that the client has no address in. */
	if (errand_may_proceed(&first)) {
		errand_fail(errand, PROXY_FAILURE_UNREACHABLE);
		return;
	}
	/* The event tells the address that was refused. */
	admission_destination(
	    errand->generation, &errand->flow, answer->addresses[0]);
	errand_refuse(errand, first);
}

void
errand_resolve(struct errand *errand)
{
	counter_add(COUNTER_DNS_QUERIES, 1);
	int rc = ask(errand, on_resolved, RESOLVER_EAGER);
	if (rc == -EINVAL)
		errand_fail(errand, PROXY_FAILURE_NO_NAME);
	else if (rc < 0)
		errand_fail(errand, PROXY_FAILURE_NO_MEMORY);
}
