/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_parent: the errand goes by a parent.
 */
#include "proxy/errand_impl.h"

#include "event/counter.h"

#include <stdio.h>
#include <stdlib.h>

const char *
errand_failure_words(const struct errand *errand)
{
	return errand->words[0] != '\0' ? errand->words
					: proxy_failure_words(errand->failure);
}

void
errand_blame_parent(
    struct errand *errand, enum proxy_failure failure, const char *detail)
{
	errand->failure = failure;
	(void)snprintf(errand->words, sizeof(errand->words), "%s (%.*s%s%s)",
	    proxy_failure_words(failure), (int)errand->by.name_len,
	    errand->by.name, detail[0] != '\0' ? ": " : "", detail);
}

/*
 * As the policy would answer if nobody ever knew the address.  An intercepted
 * client has given one, which a name that is allowed anywhere need not go to.
 */
bool
errand_goes_unresolved(struct errand *errand)
{
	const struct policy_parent *parent;
	struct flow flow = errand->flow;

	if (errand->generation->policy->parent_count == 0 ||
	    flow.known[POLICY_FACT_NAME] != FLOW_KNOWN)
		return false;
	flow.known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
	struct policy_answer answer =
	    errand_ask(errand, errand->generation, &flow);
	if (!errand_may_proceed(&answer) ||
	    !policy_carriage(
		errand->generation->policy, &flow, &answer, &parent) ||
	    parent == NULL)
		return false;
	errand->answer = answer;
	errand->parent = parent;
	return true;
}

static void
note_server(struct errand *errand)
{
	const struct policy_parent_server *server = errand->approach->server;
	struct errand_by *by = &errand->by;

	if (server == NULL)
		return;
	by->server_len = server->text.len < sizeof(by->server)
			     ? server->text.len
			     : sizeof(by->server);
	memcpy(by->server, server->text.at, by->server_len);
}

static void
note_parent(struct errand *errand)
{
	struct str name = errand->parent->name;

	errand->by.name_len = name.len;
	memcpy(errand->by.name, name.at, name.len);
	errand->by.server_len = 0;
}

static bool
has_other_address(const struct errand *errand)
{
	return errand->asked_count > 0 &&
	       errand->asked_count < errand->address_count;
}

static void
on_approached(struct approach *approach, enum proxy_failure failure)
{
	struct errand *errand = approach->context;
	struct address_port at = { approach->target.address,
		approach->target.port };

	note_server(errand);
	errand->reused = approach->reused;
	errand->secured = approach->reused && errand->tls != NULL;
	errand->to_url = approach->asks;
	if (failure == PROXY_FAILURE_NONE) {
		errand_arrive(errand, at, &approach->stream);
	} else if (failure == PROXY_FAILURE_PARENT_NO_WAY &&
		   has_other_address(errand)) {
		errand_go_by_parent(errand, false);
	} else if (failure == PROXY_FAILURE_NO_MEMORY) {
		errand_fail(errand, failure);
	} else {
		counter_add(COUNTER_UPSTREAM_FAILED,
		    failure != PROXY_FAILURE_PARENT_DOWN);
		errand_blame_parent(errand, failure, approach->passage.detail);
		errand_fail(errand, failure);
	}
}

static struct passage_target
choose_target(struct errand *errand, bool by_name)
{
	struct passage_target target = { .port = errand->flow.port,
		.via = errand->via };

	if (by_name) {
		target.host = errand->flow.name;
		return target;
	}
	target.address = errand->addresses[errand->asked_count++].address;
	admission_destination(
	    errand->generation, &errand->flow, target.address);
	return target;
}

void
errand_release_approach(struct errand *errand)
{
	if (errand->approach != NULL)
		approach_release(errand->approach);
}

void
errand_free_approach(struct errand *errand)
{
	if (errand->approach != NULL)
		approach_cancel(errand->approach);
	free(errand->approach);
	errand->approach = NULL;
}

/* Half as large as all the rest, and seldom needed: within it, an exchange
 * would not fit into one piece of its arena. */
static struct approach *
need_approach(struct errand *errand)
{
	if (errand->approach == NULL)
		errand->approach = calloc(1, sizeof(*errand->approach));
	return errand->approach;
}

void
errand_go_by_parent(struct errand *errand, bool by_name)
{
	struct approach *approach;
	bool is_named = errand->flow.known[POLICY_FACT_NAME] == FLOW_KNOWN;

	/* The policy has changed since the last address, and says otherwise. */
	if (errand->parent == NULL) {
		errand_begin(errand);
		return;
	}
	note_parent(errand);
	approach = need_approach(errand);
	if (approach == NULL) {
		errand_fail(errand, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	approach->fn = on_approached;
	approach->context = errand;
	approach->worker = errand->worker;
	approach->parent = errand->parent;
	approach->target = choose_target(errand, by_name);
	/* In a URL stands the name, and the parent would resolve it. */
	approach->may_ask =
	    errand->says_url && !errand->wants_tunnel && (by_name || !is_named);
	approach->may_reuse = errand_may_take_kept(errand);
	approach->owner = errand->owner;
	approach->may_share = errand_may_share(errand) && !errand->anew;
	approach->secures = errand_tls_key(errand);
	approach->passage.detail[0] = '\0';
	approach_start(approach, errand->generation);
}
