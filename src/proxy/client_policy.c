/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/client_policy: another policy, a ban, a quota that has run out.
 */
#include "proxy/client_impl.h"

#include "proxy/association.h"
#include "proxy/exchange.h"
#include "proxy/frames.h"
#include "proxy/opened.h"
#include "proxy/tunnel.h"
#include "proxy/worker.h"

bool
client_is_balanced(const struct client *client)
{
	return client->balancer.address.family != ADDRESS_NONE;
}

bool
client_may_ask(const struct client *client)
{
	const struct proxy_generation *generation = client->worker->generation;
	struct flow flow;

	if (client->state == CLIENT_PREFACE)
		return true;
	admission_begin(generation, FLOW_EXPLICIT, client->peer.address, &flow);
	return admission_may_listen(generation, &flow, &client->listener);
}

/*
 * A balancer that is none any more has nobody to speak for; one that has
 * become one did not say for whom it asks.
 */
static bool
has_true_source(const struct client *client)
{
	struct address caller = client_is_balanced(client)
				    ? client->balancer.address
				    : client->peer.address;

	return admission_is_balancer(client->worker->generation, caller,
		   &client->listener) == client_is_balanced(client);
}

static struct errand *
errand_of(const struct client *client)
{
	if (client->tunnel != NULL)
		return tunnel_errand(client->tunnel);
	return client->exchange != NULL ? exchange_errand(client->exchange)
					: NULL;
}

/* Between two requests: whether any that could come would be allowed. */
static bool
may_wait(const struct client *client)
{
	const struct proxy_generation *generation = client->worker->generation;
	struct flow flow;

	admission_begin(
	    generation, FLOW_INTERCEPTED, client->peer.address, &flow);
	admission_port(&flow, client->local.port);
	if (client->alias.at != NULL)
		admission_name(&flow, client->alias);
	else
		admission_destination(generation, &flow, client->local.address);
	flow.known[POLICY_FACT_SCHEME] = FLOW_NOT_GIVEN;
	enum policy_verdict verdict = admission_ask(generation, &flow).verdict;
	return verdict == POLICY_VERDICT_ALLOW ||
	       verdict == POLICY_VERDICT_UNDECIDED;
}

static bool
may_stay(const struct client *client, const struct errand *errand)
{
	if (!client->intercepted &&
	    (!has_true_source(client) || !client_may_ask(client)))
		return false;
	if (errand == NULL && client->opened != NULL)
		return client->frames != NULL || opened_stands(client->opened);
	if (errand == NULL)
		return !client->intercepted || may_wait(client);
	return errand_stands(errand, client->worker->generation);
}

void
client_judge_again(struct client *client)
{
	struct errand *errand = errand_of(client);

	if (client->state == CLIENT_SILENT)
		return;
	if (may_stay(client, errand)) {
		if (errand != NULL)
			errand_move(errand);
		association_judge_again(client->association);
		if (client->frames != NULL)
			frames_judge_again(client->frames);
		return;
	}
	client_break(client, PROXY_FAILURE_POLICY_CHANGED);
}

void
client_break(struct client *client, enum proxy_failure why)
{
	client_finish_matter(client, why);
	client_reset(client);
}

void
client_ban(struct client *client)
{
	client_break(client, PROXY_FAILURE_BANNED);
}

/* What lies in one of its streams may be a connection as well. */
static void
drain_streams(struct frames *frames)
{
	struct client *stream = *frames_streams(frames), *next;

	for (; stream != NULL; stream = next) {
		next = stream->next;
		if (client_has_opened(stream))
			client_drain(stream);
	}
}

void
client_drain(struct client *client)
{
	if (client->state == CLIENT_IDLE) {
		client_arm(client, PROXY_DRAIN_IDLE);
	} else if (client->frames != NULL) {
		drain_streams(client->frames);
		frames_drain(client->frames);
	}
}

void
client_end_used_up(struct client *client)
{
	struct errand *errand = errand_of(client);

	if (client->frames != NULL)
		frames_end_used_up(client->frames);
	if (errand != NULL && share_is_used_up(&errand->share))
		client_break(client, PROXY_FAILURE_QUOTA);
}
