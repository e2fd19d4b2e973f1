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
#include "http/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES_MAX  ((size_t)16 << 10)
#define PIECE_BYTES     ((size_t)16 << 10)
#define CLIENT_PATIENCE (20 * CLOCK_SECOND)

#define COOKIE "gatehouse="

static const struct stream_limits client_limits = {
	.input_bytes_max = HEAD_BYTES_MAX,
	.output_bytes_max = (size_t)1 << 20,
	.output_high = (size_t)64 << 10,
	.output_low = (size_t)16 << 10,
};

static const char fixed_fields[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n";

static void
stop_feed(struct console_client *client)
{
	loop_timer_cancel(&client->feed.tick);
	if (client->feed.fd < 0)
		return;
	(void)close(client->feed.fd);
	client->feed.fd = -1;
	client->server->feed_count--;
}

/* Without its connection, which goes its own way. */
static void
forget(struct console_client *client)
{
	loop_timer_cancel(&client->patience);
	stop_feed(client);
	if (client->body >= 0)
		(void)close(client->body);
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	client->server->client_count--;
	free(client);
}

void
console_client_destroy(struct console_client *client)
{
	stream_close(&client->stream);
	forget(client);
}

static void
wait_for_it(struct console_client *client)
{
	struct loop *loop = client->server->loop;

	loop_timer_arm(
	    loop, &client->patience, loop_now(loop) + CLIENT_PATIENCE);
}

/* ---- answers ---- */

static void
end_request(struct console_client *client)
{
	if (client->body >= 0)
		(void)close(client->body);
	client->body = -1;
	client->number = 0;
	if (!client->keep_alive) {
		stream_close_flushed(&client->stream, CLIENT_PATIENCE);
		forget(client);
		return;
	}
	wait_for_it(client);
	stream_read_start(client->stream);
}

/* length < 0: it ends with the connection, or has no content (304). */
static void
put_head(struct console_client *client, unsigned status, const char *type,
    int64_t length, const char *more, struct text *out)
{
	text_addf(out, "HTTP/1.1 %u %.*s\r\n", status,
	    STR_ARG(http_status_reason(status)));
	text_addf(out, "Content-Type: %s\r\n", type);
	if (length >= 0)
		text_addf(out, "Content-Length: %lld\r\n", (long long)length);
	text_addz(out, fixed_fields);
	if (client->route.page == NULL || status >= 400)
		text_addz(out, "Cache-Control: no-store\r\n");
	text_addz(out, more);
	text_addf(out, "Connection: %s\r\n\r\n",
	    client->keep_alive ? "keep-alive" : "close");
}

/* False: the client is no more. */
static bool
send_text(struct console_client *client, const struct text *out)
{
	if (!out->full && stream_write(client->stream, text_str(out)) == 0)
		return true;
	console_client_destroy(client);
	return false;
}

static void
respond(struct console_client *client, unsigned status, const char *type,
    struct str body, const char *more)
{
	struct text out = TEXT_EMPTY;

	put_head(client, status, type, status == 304 ? -1 : (int64_t)body.len,
	    more, &out);
	if (!client->head_only)
		text_add(&out, body);
	bool lives = send_text(client, &out);
	text_fini(&out);
	if (lives)
		end_request(client);
}

static void
respond_problem(struct console_client *client, unsigned status,
    struct str detail, const char *more)
{
	struct text body = TEXT_EMPTY;
	struct json json = JSON_ON(&body);

	json_object_begin(&json);
	json_name(&json, "type");
	json_put_stringz(&json, "about:blank");
	json_name(&json, "title");
	json_put_string(&json, http_status_reason(status));
	json_name(&json, "status");
	json_put_integer(&json, status);
	json_name(&json, "detail");
	json_put_string(&json, detail);
	json_object_end(&json);
	text_addc(&body, '\n');
	respond(
	    client, status, "application/problem+json", text_str(&body), more);
	text_fini(&body);
}

/* As much of the file as there is room for. */
static void
give_body(struct console_client *client)
{
	char piece[PIECE_BYTES];

	while (client->at < client->end && !stream_is_full(client->stream)) {
		size_t wanted = sizeof(piece);
		if (client->end - client->at < (int64_t)wanted)
			wanted = (size_t)(client->end - client->at);
		ssize_t n = pread(client->body, piece, wanted, client->at);
		if (n <= 0 || stream_write(client->stream,
				  (struct str){ piece, (size_t)n }) < 0) {
			console_client_destroy(client);
			return;
		}
		client->at += n;
	}
	wait_for_it(client);
	if (client->at == client->end)
		end_request(client);
}

static void
respond_file(struct console_client *client, unsigned status, int fd)
{
	struct text out = TEXT_EMPTY;
	struct stat st;

	client->body = fd;
	if (fstat(fd, &st) < 0) {
		respond_problem(client, 500, STR("the answer is lost"), "");
		return;
	}
	client->at = client->head_only ? st.st_size : 0;
	client->end = st.st_size;
	put_head(client, status,
	    status < 400 ? client->route.type : "application/problem+json",
	    st.st_size, "", &out);
	bool lives = send_text(client, &out);
	text_fini(&out);
	if (lives)
		give_body(client);
}

/* ---- events ---- */

static void
arm_feed(struct console_client *client)
{
	struct loop *loop = client->server->loop;

	loop_timer_arm(
	    loop, &client->feed.tick, loop_now(loop) + CONSOLE_FEED_EVERY);
}

/* One who has not taken what he was given before gets no more; he is cut off
 * by the patience that only what he takes renews. */
static void
on_feed(struct loop_timer *timer)
{
	struct console_client *client = timer->context;
	struct console_server *server = client->server;
	struct text out = TEXT_EMPTY;
	bool lives = true;

	if (stream_pending(client->stream) == 0) {
		wait_for_it(client);
		int rc = console_feed_more(&client->feed, &out);
		if (rc < 0)
			text_clear(&out);
		/* The journal may have begun anew meanwhile. */
		if (out.len == 0 && client->number == 0 &&
		    loop_now(server->loop) - client->feed.last >
			CONSOLE_FEED_QUIET) {
			text_addz(&out, ":\n\n");
			client->number = ++server->last_number;
			(void)server->ask(server->context, client->number,
			    STR(""), STR("events"));
		}
		if (out.len > 0) {
			client->feed.last = loop_now(server->loop);
			lives = send_text(client, &out);
		}
	}
	text_fini(&out);
	if (lives)
		arm_feed(client);
}

static void
begin_feed(struct console_client *client, int fd)
{
	struct text out = TEXT_EMPTY;
	struct stat st;

	if (client->server->feed_count >= CONSOLE_FEEDS_MAX ||
	    fstat(fd, &st) < 0) {
		(void)close(fd);
		respond_problem(client, 503, STR("too many follow the events"),
		    "Retry-After: 10\r\n");
		return;
	}
	client->server->feed_count++;
	client->feed.fd = fd;
	client->feed.at = st.st_size;
	client->feed.last = loop_now(client->server->loop);
	client->feed.tick =
	    (struct loop_timer){ .fn = on_feed, .context = client };
	client->keep_alive = false;
	client->number = 0;
	put_head(client, 200, "text/event-stream", -1, "", &out);
	text_addz(&out, ":\n\n");
	bool lives = send_text(client, &out);
	text_fini(&out);
	if (lives)
		arm_feed(client);
}

/* The file as it is now; if it is another one, it goes on there. */
static void
renew_feed(struct console_client *client, unsigned status, int fd)
{
	struct stat before, now;

	client->number = 0;
	if (status != 200 || fstat(fd, &now) < 0 ||
	    fstat(client->feed.fd, &before) < 0 ||
	    now.st_ino == before.st_ino) {
		(void)close(fd);
		return;
	}
	(void)close(client->feed.fd);
	client->feed.fd = fd;
	client->feed.at = 0;
}

static void
respond_past(struct console_client *client, int fd)
{
	struct text lines = TEXT_EMPTY;
	int rc = console_feed_past(&client->feed, fd, &lines);

	(void)close(fd);
	if (rc < 0)
		respond_problem(client, 500, str_of(strerror(-rc)), "");
	else
		respond(client, 200, client->route.type, text_str(&lines), "");
	text_fini(&lines);
}

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

/* The token of a change: of its field, or of a session whose page asks. */
static struct str
token_of(
    const struct console_client *client, const struct http_request *request)
{
	struct str field = field_of(request, HTTP_NAME_AUTHORIZATION);
	struct str none = { "", 0 };

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
	return str_of(session->token);
}

/* ---- requests ---- */

static void
ask(struct console_client *client, struct str token, struct str line)
{
	struct console_server *server = client->server;

	client->number = ++server->last_number;
	if (client->number == 0)
		client->number = ++server->last_number;
	if (server->ask(server->context, client->number, token, line) < 0) {
		client->number = 0;
		respond_problem(client, 503, STR("gatehoused is busy"),
		    "Retry-After: 1\r\n");
	}
}

static void
give_page(struct console_client *client, const struct http_request *request)
{
	struct console_page_answer answer =
	    console_page_answer(client->route.page, request);

	respond(client, answer.status, client->route.type, answer.body,
	    answer.fields);
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
	respond(client, 200, client->route.type, text_str(&body), "");
	text_fini(&body);
}

static void
logout(struct console_client *client, const struct http_request *request)
{
	console_guard_logout(&client->server->guard, cookie_of(request));
	respond(client, 200, "application/json",
	    STR("{\"said\":\"the session is over\"}\n"),
	    "Set-Cookie: " COOKIE "; Path=/; HttpOnly; SameSite=Strict; "
	    "Max-Age=0\r\n");
}

static void
change(struct console_client *client, const struct http_request *request,
    struct str line)
{
	struct console_server *server = client->server;
	struct str token = token_of(client, request);

	if (!is_our_origin(request))
		respond_problem(client, 403, STR("the page is another's"), "");
	else if (!console_guard_may_try(&server->guard, client->peer.address,
		     loop_now(server->loop)))
		respond_problem(client, 429,
		    STR("too many wrong tokens came from this address"),
		    "Retry-After: 60\r\n");
	else if (token.len == 0 || token.len > CONSOLE_TOKEN_BYTES_MAX)
		respond_problem(client, 401,
		    STR("a change needs a token, or a session and its "
			"X-Gatehouse-CSRF"),
		    "WWW-Authenticate: Bearer\r\n");
	else
		ask(client, token, line);
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
		(void)snprintf(client->token, sizeof(client->token), "%.*s",
		    STR_ARG(token_of(client, request)));
		change(client, request, line);
	} else if (route->kind == CONSOLE_EVENTS &&
		   !console_feed_read(
		       &client->feed, http_uri_query(&request->uri), &why)) {
		respond_problem(client, 400, text_str(&why), "");
	} else {
		client->feed.live = str_is(accept, "text/event-stream");
		ask(client, STR(""), line);
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
	respond_problem(client, status, why, allow);
}

static void
take_request(struct console_client *client, const struct http_request *request)
{
	struct text line = TEXT_EMPTY;
	struct str path = http_uri_path(&request->uri);

	client->head_only = str_is(request->method_text, "HEAD");
	client->keep_alive = request->keep_alive;
	client->route = (struct console_route){ 0 };
	if (request->framing != HTTP_FRAMING_NONE &&
	    request->content_length != 0) {
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
		respond_problem(client, 500, STR("no session"), "");
		return;
	}
	(void)snprintf(fields, sizeof(fields),
	    "Set-Cookie: " COOKIE "%s; Path=/; HttpOnly; SameSite=Strict; "
	    "Max-Age=28800\r\n",
	    session->id);
	(void)snprintf(
	    body, sizeof(body), "{\"csrf\":\"%s\"}\n", session->csrf);
	respond(client, 200, "application/json", str_of(body), fields);
}

void
console_client_answer(struct console_client *client, unsigned status, int fd)
{
	struct console_server *server = client->server;
	enum console_kind kind = client->route.kind;

	if (client->feed.fd >= 0) {
		renew_feed(client, status, fd);
		return;
	}
	client->number = 0;
	if (status == 401)
		console_guard_failed(&server->guard, client->peer.address,
		    loop_now(server->loop));
	if (status == 200 && kind == CONSOLE_EVENTS && client->feed.live) {
		begin_feed(client, fd);
	} else if (status == 200 && kind == CONSOLE_EVENTS) {
		respond_past(client, fd);
	} else if (status == 200 && kind == CONSOLE_LOGIN) {
		(void)close(fd);
		begin_session(client);
	} else {
		respond_file(client, status, fd);
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
		give_body(client);
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
	wait_for_it(client);
	stream_use(client->stream, &client_user, client);
	stream_read_start(client->stream);
	return 0;
}
