/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/user.h"

#include "proxy/client.h"
#include "proxy/refusals.h"
#include "proxy/worker.h"

bool
user_is_asked(const struct client *client)
{
	return !client->intercepted && client->opened == NULL &&
	       client->certified == NULL &&
	       policy_users_are_asked(
		   &client->worker->generation->policy->users);
}

enum who_answer
user_ask(struct client *client, struct credentials *credentials, who_fn fn,
    void *context, struct policy_user *ret_user)
{
	struct worker *worker = client->worker;

	client->who = (struct who_question){ .fn = fn, .context = context };
	enum who_answer answer =
	    who_ask(worker->who, worker->loop, worker->generation,
		client->peer.address, credentials, &client->who, ret_user);
	credentials_wipe_password(credentials);
	return answer;
}

bool
user_keep(struct client *client, const struct policy_user *user)
{
	client->user.name = arena_str(&client->arena, user->name);
	client->user.hash = arena_str(&client->arena, user->hash);
	return client->user.name.at != NULL && client->user.hash.at != NULL;
}

/* What was not looked at any more was most likely wrong, too. */
static void
count_wrong(const struct client *client, enum who_answer answer)
{
	const struct worker *worker = client->worker;

	if (answer == WHO_IS_NOT || answer == WHO_THROTTLED)
		refusals_count(worker->refusals, worker->generation, NULL,
		    client->peer.address, clock_now());
}

enum proxy_failure
user_failure_of(const struct client *client, enum who_answer answer)
{
	count_wrong(client, answer);
	switch (answer) {
	case WHO_THROTTLED:
		return PROXY_FAILURE_USER_THROTTLED;
	case WHO_BUSY:
		return PROXY_FAILURE_USER_BUSY;
	case WHO_UNKNOWN:
		return PROXY_FAILURE_USER_UNKNOWN;
	case WHO_IS_NOT:
		return PROXY_FAILURE_USER_WRONG;
	case WHO_IS:
	case WHO_WAITS:
		break;
	}
	return PROXY_FAILURE_USER_MISSING;
}
