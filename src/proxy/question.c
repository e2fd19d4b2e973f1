/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/question.h"

#include "http/path.h"
#include "http/via.h"
#include "proxy/client.h"
#include "proxy/errand.h"
#include "proxy/opened.h"
#include "proxy/worker.h"

#include <errno.h>

/* A request without a Host field has the address instead of a name. */
static bool
is_alias(const struct client *client, const struct http_host *host)
{
	return http_host_is_name(host)
		   ? str_eq(host->text, client->alias)
		   : address_eq(host->address, client->local.address);
}

/* What we never pass on, whatever the policy says. */
enum proxy_failure
question_objection(
    const struct client *client, const struct http_request *request)
{
	if (http_via_has(&request->fields, worker_via()))
		return PROXY_FAILURE_LOOP;
	if (request->method == HTTP_METHOD_TRACE)
		return PROXY_FAILURE_TRACE;
	if ((client->intercepted || client->opened != NULL) &&
	    request->method == HTTP_METHOD_CONNECT)
		return PROXY_FAILURE_CONNECT;
	if (client->opened != NULL)
		return opened_is_for(client->opened, &request->uri)
			   ? PROXY_FAILURE_NONE
			   : PROXY_FAILURE_MISDIRECTED;
	if (client->alias.at != NULL && !is_alias(client, &request->uri.host))
		return PROXY_FAILURE_OTHER_NAME;
	if (!client->intercepted &&
	    (request->target == HTTP_TARGET_ORIGIN ||
		request->target == HTTP_TARGET_ASTERISK))
		return PROXY_FAILURE_NOT_FOR_PROXY;
	return request->uri.scheme == HTTP_SCHEME_HTTPS ? PROXY_FAILURE_SCHEME
							: PROXY_FAILURE_NONE;
}

/*
 * The path as rules compare it, and its other readings; at == NULL where there
 * is none.  Want of memory is seen in the arena.
 */
static struct str
read_path(
    struct errand *errand, const struct http_uri *uri, struct arena *arena)
{
	struct str readings[HTTP_PATH_READINGS_MAX], path = { NULL, 0 };

	if (uri->path.len == 0)
		return path;
	int count = http_path_readings(http_uri_path(uri), arena, readings);
	errand->reads_too_many = count == -E2BIG;
	if (errand->reads_too_many)
		count = 1;
	if (count < 0)
		return path;
	struct str *others =
	    arena_array(arena, (size_t)count - 1, sizeof(*others));
	for (int i = 1; others != NULL && i < count; i++)
		others[i - 1] = readings[i];
	errand->readings = others;
	errand->reading_count = others != NULL ? (size_t)count - 1 : 0;
	return readings[0];
}

/* As the server will see it: the URL's, whatever the client had in its place
 * (RFC 9112, 3.2.2). */
static struct str
tell_host(const struct http_uri *uri, struct arena *arena)
{
	struct text text = TEXT_EMPTY;

	http_uri_add_host(uri, &text);
	struct str host = arena_str(arena, text_str(&text));
	arena->full |= text.full;
	text_fini(&text);
	return host;
}

/* Passwords are no affair of the policy's, and what ends at our hop the server
 * does not see. */
static bool
is_told(const struct http_field *field)
{
	return field->id != HTTP_NAME_PROXY_AUTHORIZATION && !field->hop;
}

/* Copies them: a policy may ask until the answer has come. */
static void
tell_headers(
    const struct http_request *request, struct arena *arena, struct flow *flow)
{
	const struct http_fields *fields = &request->fields;
	struct flow_header *headers =
	    arena_array(arena, fields->count, sizeof(*headers));

	size_t count = 0;

	for (size_t i = 0; headers != NULL && i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		if (!is_told(field))
			continue;
		headers[count].name = arena_str(arena, field->name);
		headers[count++].value = field->id == HTTP_NAME_HOST
					     ? tell_host(&request->uri, arena)
					     : arena_str(arena, field->value);
	}
	if (headers != NULL)
		admission_headers(flow, headers, count);
}

/*
 * A tunnel is a hop like any other: whoever passed the CONNECT on stands in
 * the one that we send to a parent, else two parents of each other would not
 * see that they are.
 */
static void
tell_via(struct errand *errand, const struct http_request *request,
    struct arena *arena)
{
	struct text line = TEXT_EMPTY;

	http_via_add(&request->fields, http_request_version(request),
	    worker_via(), &line);
	errand->via = arena_str(arena, text_str(&line));
	arena->full |= line.full;
	text_fini(&line);
}

/* Of a request whose URL and whose flow are the same place. */
static bool
says_where(const struct errand *errand, const struct http_uri *uri)
{
	return uri->port == errand->flow.port &&
	       (http_host_is_name(&uri->host) ||
		   address_eq(uri->host.address, errand->meant));
}

/* For the event; rules compare the method, too. */
static void
describe(struct errand *errand, struct client *client,
    const struct http_request *request)
{
	struct arena *arena = &client->arena;
	struct text *url = &client->worker->scratch;

	errand->account.method = arena_str(arena, request->method_text);
	errand->account.http = http_version_word(http_request_version(request));
	if (request->method == HTTP_METHOD_CONNECT)
		return;
	text_clear(url);
	http_uri_add(&request->uri, url);
	errand->account.url = arena_str(arena, text_str(url));
}

/* Where its connection leads, and the name that it is for. */
static void
tell_opened(struct errand *errand, const struct opened *opened,
    const struct http_uri *uri, struct arena *arena)
{
	struct address_port at = opened_place(opened);
	struct str name = { NULL, 0 };

	if (http_host_is_name(&uri->host))
		name = arena_str(arena, uri->host.text);
	errand->meant = at.address;
	admission_port(&errand->flow, at.port);
	admission_name(&errand->flow, name);
}

/* Where to: the name in the request, and the address that it means. */
static void
tell_where(struct errand *errand, const struct client *client,
    const struct http_uri *uri, struct arena *arena)
{
	struct str name = { NULL, 0 };

	if (client->opened != NULL) {
		tell_opened(errand, client->opened, uri, arena);
		return;
	}
	if (client->alias.at != NULL)
		name = client->alias;
	else if (http_host_is_name(&uri->host))
		name = arena_str(arena, uri->host.text);
	if (client->alias.at == NULL)
		errand->meant = client->intercepted ? client->local.address
						    : uri->host.address;
	admission_port(&errand->flow,
	    client->intercepted ? client->local.port : uri->port);
	admission_name(&errand->flow, name);
}

void
question_put(struct errand *errand, struct client *client,
    const struct http_request *request)
{
	struct arena *arena = &client->arena;
	bool connect = request->method == HTTP_METHOD_CONNECT;
	bool inside = client->opened != NULL;

	describe(errand, client, request);
	tell_where(errand, client, &request->uri, arena);
	admission_head(&errand->flow, errand->account.method,
	    read_path(errand, &request->uri, arena));
	admission_scheme(&errand->flow, connect  ? POLICY_SCHEME_COUNT
					: inside ? POLICY_SCHEME_HTTPS
						 : POLICY_SCHEME_HTTP);
	if (policy_asks(errand->generation->policy, POLICY_FACT_HEADER))
		tell_headers(request, arena, &errand->flow);
	/* A tunnel has no answer that could be looked at, unless it is
	 * opened. */
	if (connect)
		errand->flow.last = POLICY_PHASE_REQUEST;
	if (connect && opened_can_be(client)) {
		errand->flow.tls = FLOW_TLS;
		errand->flow.connects = true;
	}
	if (connect && errand->generation->policy->parent_count > 0)
		tell_via(errand, request, arena);
	errand->wants_tunnel = connect;
	/* Of what lies inside a parent is told nothing. */
	errand->says_url =
	    !connect && !inside && says_where(errand, &request->uri);
	if (inside && errand_want_tls(errand, request->uri.host.text) < 0)
		arena->full = true;
	errand->may_reuse = !http_request_has_content(request) && !connect &&
			    http_method_is_idempotent(request->method);
}
