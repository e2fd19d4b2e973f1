/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/client: a connection to the console, request by request.
 *
 *	head -> [question to gatehoused -> answer] -> body, or a feed of events
 *
 * While one is under way the next is not read.
 */
#include "console/server_impl.h"

#include "base/json.h"
#include "http/limits.h"
#include "http/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD_BYTES_MAX ((size_t)16 << 10)

#define COOKIE "gatehouse="

static const struct stream_limits client_limits = {
	.input_bytes_max = HEAD_BYTES_MAX,
	.output_bytes_max = (size_t)1 << 20,
	.output_high = (size_t)64 << 10,
	.output_low = (size_t)16 << 10,
};

/* ---- who asks ---- */

static struct str
field_of(const struct http_request *request, enum http_name name)
{
	const struct http_field *field =
	    http_fields_get(&request->fields, name);

	return field != NULL ? field->value : (struct str){ NULL, 0 };
}

static struct str
cookie_of(const struct http_request *request)
{
	struct str rest = field_of(request, HTTP_NAME_COOKIE);

	while (rest.len > 0) {
		struct str one = str_trim(str_cut(&rest, ';'));
		if (str_starts(one, STR(COOKIE)))
			return str_skip(one, sizeof(COOKIE) - 1);
	}
	return (struct str){ NULL, 0 };
}

/* Against names that are made to lead here (DNS rebinding). */
static bool
is_our_host(
    const struct console_client *client, const struct http_request *request)
{
	const struct policy_console *console = &client->server->policy->console;
	const struct http_host *host = &request->uri.host;

	if (host->address.family != ADDRESS_NONE)
		return policy_console_listens(
		    console, (struct address_port){ .address = host->address,
				 .port = request->uri.port });
	for (size_t i = 0; i < console->host_count; i++)
		if (str_eq_nocase(console->hosts[i], host->text))
			return true;
	return false;
}

/* A browser says whose page asks; another's may not. */
static bool
is_our_origin(const struct http_request *request)
{
	struct str origin = field_of(request, HTTP_NAME_ORIGIN);
	struct str host = field_of(request, HTTP_NAME_HOST);

	return origin.at == NULL ||
	       (str_starts(origin, STR("http://")) &&
		   str_eq_nocase(str_skip(origin, 7), host));
}

/* The token of a change: of its field, which may be a guess, or of a session
 * whose page asks, which was none. */
static struct str
token_of(const struct console_client *client,
    const struct http_request *request, bool *ret_guess)
{
	struct str field = field_of(request, HTTP_NAME_AUTHORIZATION);
	struct str none = { "", 0 };

	*ret_guess = true;
	if (field.len > 7 &&
	    str_eq_nocase((struct str){ field.at, 7 }, STR("Bearer ")))
		return str_trim(str_skip(field, 7));
	const struct console_session *session =
	    console_guard_find(&client->server->guard, cookie_of(request),
		loop_now(client->server->loop));
	const struct http_field *csrf =
	    http_fields_find(&request->fields, STR("x-gatehouse-csrf"));
	if (session == NULL || csrf == NULL ||
	    !console_guard_is_equal(csrf->value, str_of(session->csrf)))
		return none;
	*ret_guess = false;
	return str_of(session->token);
}

/* ---- requests ---- */

static bool
try_to_ask(struct console_client *client, struct str token, bool guess,
    struct str line)
{
	struct console_server *server = client->server;
	int64_t now = loop_now(server->loop);
	uint32_t number = ++server->last_number;

	if (number == 0)
		number = ++server->last_number;
	if (guess && !console_guard_begin_try(
			 &server->guard, number, client->peer.address, now))
		return false;
	client->number = number;
	if (server->ask(server->context, number, token, line) == 0)
		return true;
	console_guard_settle_try(&server->guard, number, false, now);
	client->number = 0;
	return false;
}

static void
ask(struct console_client *client, struct str token, bool guess,
    struct str line)
{
	if (!try_to_ask(client, token, guess, line))
		console_client_problem(client, 503, STR("gatehoused is busy"),
		    "Retry-After: 1\r\n");
}

static void
give_page(struct console_client *client, const struct http_request *request)
{
	struct console_page_answer answer =
	    console_page_answer(client->route.page, request);

	console_client_respond(client, answer.status, client->route.type,
	    answer.body, answer.fields);
}

/* No other site's page can read it: it would have to be allowed to. */
static void
tell_session(struct console_client *client, const struct http_request *request)
{
	struct console_server *server = client->server;
	const struct console_session *session = console_guard_find(
	    &server->guard, cookie_of(request), loop_now(server->loop));
	struct text body = TEXT_EMPTY;
	struct json json = JSON_ON(&body);

	json_object_begin(&json);
	json_name(&json, "csrf");
	json_put_stringz(&json, session != NULL ? session->csrf : NULL);
	json_object_end(&json);
	text_addc(&body, '\n');
	console_client_respond(
	    client, 200, client->route.type, text_str(&body), "");
	text_fini(&body);
}

static void
logout(struct console_client *client, const struct http_request *request)
{
	console_guard_logout(&client->server->guard, cookie_of(request));
	console_client_respond(client, 200, "application/json",
	    STR("{\"said\":\"the session is over\"}\n"),
	    "Set-Cookie: " COOKIE "; Path=/; HttpOnly; SameSite=Strict; "
	    "Max-Age=0\r\n");
}

static void
change(struct console_client *client, const struct http_request *request,
    struct str line)
{
	struct console_server *server = client->server;
	bool guess;
	struct str token = token_of(client, request, &guess);

	(void)snprintf(
	    client->token, sizeof(client->token), "%.*s", STR_ARG(token));
	if (!is_our_origin(request))
		console_client_problem(
		    client, 403, STR("the page is another's"), "");
	else if (!console_guard_may_try(&server->guard, client->peer.address,
		     loop_now(server->loop)))
		console_client_problem(client, 429,
		    STR("too many wrong tokens came from this address"),
		    "Retry-After: 60\r\n");
	else if (token.len == 0 || token.len > CONSOLE_TOKEN_BYTES_MAX)
		console_client_problem(client, 401,
		    STR("a change needs a token, or a session and its "
			"X-Gatehouse-CSRF"),
		    "WWW-Authenticate: Bearer\r\n");
	else
		ask(client, token, guess, line);
}

static void
carry_out(struct console_client *client, const struct http_request *request,
    struct str line)
{
	const struct console_route *route = &client->route;
	struct text why = TEXT_EMPTY;
	struct str accept = field_of(request, HTTP_NAME_ACCEPT);

	client->feed = (struct console_feed){ .fd = -1 };
	if (route->kind == CONSOLE_PAGE) {
		give_page(client, request);
	} else if (route->kind == CONSOLE_SESSION) {
		tell_session(client, request);
	} else if (route->kind == CONSOLE_LOGOUT) {
		logout(client, request);
	} else if (route->changes) {
		change(client, request, line);
	} else if (route->kind == CONSOLE_EVENTS &&
		   !console_feed_read(
		       &client->feed, http_uri_query(&request->uri), &why)) {
		console_client_problem(client, 400, text_str(&why), "");
	} else {
		client->feed.live =
		    !client->head_only && str_is(accept, "text/event-stream");
		ask(client, STR(""), false, line);
	}
	text_fini(&why);
}

static void
refuse(struct console_client *client, unsigned status, struct str why)
{
	char allow[80] = "";

	if (status == 405)
		(void)snprintf(
		    allow, sizeof(allow), "Allow: %s\r\n", client->route.allow);
	console_client_problem(client, status, why, allow);
}

static void
take_request(struct console_client *client, const struct http_request *request)
{
	struct text line = TEXT_EMPTY;
	struct str path = http_uri_path(&request->uri);

	client->head_only = str_is(request->method_text, "HEAD");
	client->keep_alive = request->keep_alive;
	client->route = (struct console_route){ 0 };
	if (http_request_has_content(request) && request->content_length != 0) {
		/* Where the next request begins is not looked for. */
		client->keep_alive = false;
		refuse(client, 413, STR("requests have no content here"));
		return;
	}
	unsigned status =
	    is_our_host(client, request) &&
		    request->target == HTTP_TARGET_ORIGIN
		? console_route_find(request->method_text, path,
		      http_uri_query(&request->uri), &client->route, &line)
		: 421;
	if (status == 200)
		carry_out(client, request, text_str(&line));
	else if (status == 421)
		refuse(client, 421, STR("the console is not at this host"));
	else
		refuse(client, status, text_str(&line));
	text_fini(&line);
}

/* What becomes of the client is not known behind take_request. */
static void
on_input(struct console_client *client)
{
	const struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct str input = stream_input(client->stream);
	struct http_head_scan scan = { 0 };
	struct http_request request;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, HTTP_HEAD_ARENA_BYTES_MAX + HEAD_BYTES_MAX);
	int used = http_request_parse(
	    input, &scan, &arrival, &arena, &request, &fault);
	if (used > 0 && http_request_keep(&request,
			    (struct str){ input.at, (size_t)used }, &arena) < 0)
		used = -ENOMEM;
	if (used > 0) {
		stream_read_stop(client->stream);
		stream_consume(client->stream, (size_t)used);
		take_request(client, &request);
	} else if (used != -EAGAIN || stream_input_is_full(client->stream)) {
		client->head_only = false;
		client->keep_alive = false;
		stream_read_stop(client->stream);
		refuse(client,
		    used == -EBADMSG ? http_fault_status(fault) : 431,
		    STR("this is no request"));
	}
	arena_fini(&arena);
}

static void
begin_session(struct console_client *client)
{
	struct console_server *server = client->server;
	const struct console_session *session = console_guard_login(
	    &server->guard, str_of(client->token), loop_now(server->loop));
	char fields[200], body[120];

	if (session == NULL) {
		console_client_problem(client, 500, STR("no session"), "");
		return;
	}
	(void)snprintf(fields, sizeof(fields),
	    "Set-Cookie: " COOKIE "%s; Path=/; HttpOnly; SameSite=Strict; "
	    "Max-Age=28800\r\n",
	    session->id);
	(void)snprintf(
	    body, sizeof(body), "{\"csrf\":\"%s\"}\n", session->csrf);
	console_client_respond(
	    client, 200, "application/json", str_of(body), fields);
}

void
console_client_answer(struct console_client *client, unsigned status, int fd)
{
	enum console_kind kind = client->route.kind;

	if (client->feed.fd >= 0) {
		console_client_renew_feed(client, status, fd);
		return;
	}
	client->number = 0;
	if (status == 200 && kind == CONSOLE_EVENTS && client->feed.live) {
		console_client_begin_feed(client, fd);
	} else if (status == 200 && kind == CONSOLE_EVENTS) {
		console_client_give_past(client, fd);
	} else if (status == 200 && kind == CONSOLE_LOGIN) {
		(void)close(fd);
		begin_session(client);
	} else {
		console_client_give_file(client, status, fd);
	}
}

/* ---- the connection ---- */

static void
on_data(struct stream *stream, void *context)
{
	(void)stream;
	on_input(context);
}

static void
on_ended(struct stream *stream, void *context)
{
	(void)stream;
	console_client_destroy(context);
}

static void
on_drained(struct stream *stream, void *context)
{
	struct console_client *client = context;

	(void)stream;
	if (client->body >= 0)
		console_client_give_body(client);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	console_client_destroy(context);
}

static const struct stream_user client_user = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_drained,
	.failed = on_failed,
};

static void
on_patience(struct loop_timer *timer)
{
	console_client_destroy(timer->context);
}

int
console_client_create(
    struct console_server *server, const struct socket_accepted *accepted)
{
	struct console_client *client = calloc(1, sizeof(*client));
	int rc = client == NULL ? -ENOMEM
				: stream_create(server->loop, accepted->fd,
				      &client_limits, &client->stream);

	if (rc < 0) {
		free(client);
		return rc;
	}
	client->server = server;
	client->peer = accepted->peer;
	client->body = -1;
	client->feed.fd = -1;
	client->patience =
	    (struct loop_timer){ .fn = on_patience, .context = client };
	client->next = server->clients;
	client->link = &server->clients;
	if (client->next != NULL)
		client->next->link = &client->next;
	server->clients = client;
	server->client_count++;
	console_client_wait(client);
	stream_use(client->stream, &client_user, client);
	stream_read_start(client->stream);
	return 0;
}
