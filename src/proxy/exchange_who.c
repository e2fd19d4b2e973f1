/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_who: who asks, if he says it.
 *
 * RFC 9110, 11.7.  Credentials that come are looked at whatever is asked for,
 * so that the journal names who asked.  Without them, or with wrong ones, the
 * policy is asked all the same: the client hears of it (407) only if the answer
 * hangs on it.
 */
#include "proxy/exchange_impl.h"

#include "proxy/client.h"
#include "proxy/user.h"
#include "proxy/worker.h"

/* False: it says nothing that is understood. */
static bool
read_credentials(const struct exchange *exchange, struct credentials *ret)
{
	const struct http_field *field = http_fields_get(
	    &exchange->request.fields, HTTP_NAME_PROXY_AUTHORIZATION);

	return field != NULL && credentials_parse_basic(field->value, ret) == 0;
}

static void
take_answer(struct exchange *exchange, enum who_answer answer,
    const struct policy_user *user)
{
	struct client *client = exchange->client;

	if (answer == WHO_IS && !user_keep(client, user)) {
		client_reset(client);
		return;
	}
	exchange->errand.user_failure = user_failure_of(client, answer);
	errand_set_user(&exchange->errand, &client->user);
	exchange_go_on(exchange);
}

static void
on_answer(struct who_question *question, enum who_answer answer,
    const struct policy_user *user)
{
	take_answer(question->context, answer, user);
}

void
exchange_ask_who(struct exchange *exchange)
{
	struct client *client = exchange->client;
	struct credentials credentials;
	struct policy_user user;

	if (!user_is_asked(client) ||
	    !read_credentials(exchange, &credentials)) {
		exchange_go_on(exchange);
		return;
	}
	enum who_answer answer =
	    user_ask(client, &credentials, on_answer, exchange, &user);
	if (answer != WHO_WAITS)
		take_answer(exchange, answer, &user);
}
