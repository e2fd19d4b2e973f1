/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_pac: how browsers are told of the proxy, by itself.
 *
 * Asked of the explicit port as of a server, for /proxy.pac or, as browsers
 * that look for a proxy by themselves do (WPAD), /wpad.dat: the script of the
 * policy in force, for the client's zone and address.
 */
#include "proxy/exchange_impl.h"

#include "http/write.h"
#include "policy/pac.h"
#include "proxy/client.h"
#include "proxy/worker.h"

#include <errno.h>

#define ARENA_BYTES_MAX 4096

/* A policy that changes is seen within so many seconds. */
#define FRESH "max-age=300"

/*
 * In HTTP/1.1 the form of the request says so.  HTTP/2 has but one form, with
 * the whole URL in it: then the server is the listener by its address, or, of
 * https, by any name, for there is no other way to ask for such a URL than by
 * CONNECT.
 */
static bool
is_for_listener(const struct http_request *request, const struct client *client)
{
	const struct http_uri *uri = &request->uri;

	if (request->target == HTTP_TARGET_ORIGIN)
		return true;
	return uri->port == client->listener.port &&
	       (uri->scheme == HTTP_SCHEME_HTTPS ||
		   address_eq(uri->host.address, client->listener.address));
}

static bool
is_pac(const struct http_request *request)
{
	return (request->method == HTTP_METHOD_GET ||
		   request->method == HTTP_METHOD_HEAD) &&
	       !http_request_has_content(request) &&
	       (str_is(request->uri.path, "/proxy.pac") ||
		   str_is(request->uri.path, "/wpad.dat"));
}

static int
add_fields(struct http_response *response, struct arena *arena)
{
	static const struct http_field_text fields[] = {
		{ STR_INIT("Content-Type"),
		    STR_INIT("application/x-ns-proxy-autoconfig") },
		{ STR_INIT("Cache-Control"), STR_INIT("private, " FRESH) },
		{ STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
	};

	return http_fields_add_all(&response->fields, arena, fields,
	    sizeof(fields) / sizeof(fields[0]));
}

static int
write_answer(
    const struct exchange *exchange, struct str script, struct text *out)
{
	struct http_response response = http_response_own(
	    200, exchange->request.method, (int64_t)script.len);
	const struct http_response_options options = {
		.client_minor = exchange->request.minor,
		.keep_alive = exchange->keep,
	};
	struct arena arena;

	arena_init(&arena, ARENA_BYTES_MAX);
	int rc = add_fields(&response, &arena);
	if (rc == 0)
		rc = http_response_write(&response, &options, out);
	arena_fini(&arena);
	if (rc == 0 && exchange->request.method != HTTP_METHOD_HEAD)
		text_add(out, script);
	return rc == 0 && out->full ? -ENOMEM : rc;
}

static int
send_script(struct exchange *exchange)
{
	struct client *client = exchange->client;
	struct text script = TEXT_EMPTY, out = TEXT_EMPTY;
	int rc = policy_pac_write(client->worker->generation->policy,
	    exchange->errand.flow.from_zone, client->peer.address, &script);

	if (rc == 0)
		rc = write_answer(exchange, text_str(&script), &out);
	if (rc == 0)
		rc = stream_write(client->stream, text_str(&out));
	if (rc == 0)
		exchange->out += out.len;
	text_fini(&script);
	text_fini(&out);
	return rc;
}

bool
exchange_tell_pac(struct exchange *exchange)
{
	struct client *client = exchange->client;

	/* Inside TLS that was opened it is a server that is asked. */
	if (client->intercepted || client->opened != NULL ||
	    !is_pac(&exchange->request) ||
	    !is_for_listener(&exchange->request, client))
		return false;
	exchange->up_done = true;
	/* Nothing was asked of the policy, so there is nothing to tell. */
	exchange->errand.account.told = true;
	int rc = send_script(exchange);
	exchange_forget_head(exchange);
	if (rc < 0)
		client_reset(client);
	else
		exchange_finish(exchange);
	return true;
}
