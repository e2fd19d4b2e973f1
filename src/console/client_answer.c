/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/client_answer: what a client is given: a head, and the body from
 * memory or, as it takes it, from a file.
 */
#include "console/server_impl.h"

#include "base/json.h"
#include "http/status.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES     ((size_t)16 << 10)
#define CLIENT_PATIENCE (20 * CLOCK_SECOND)

static const char fixed_fields[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n";

void
console_client_wait(struct console_client *client)
{
	struct loop *loop = client->server->loop;

	loop_timer_arm(
	    loop, &client->patience, loop_now(loop) + CLIENT_PATIENCE);
}

static void
end_request(struct console_client *client)
{
	if (client->body >= 0)
		(void)close(client->body);
	client->body = -1;
	client->number = 0;
	if (!client->keep_alive) {
		stream_close_flushed(&client->stream, CLIENT_PATIENCE);
		console_client_forget(client);
		return;
	}
	console_client_wait(client);
	stream_read_start(client->stream);
}

void
console_client_put_head(struct console_client *client, unsigned status,
    const char *type, int64_t length, const char *more, struct text *out)
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

bool
console_client_send(struct console_client *client, const struct text *out)
{
	if (!out->full && stream_write(client->stream, text_str(out)) == 0)
		return true;
	console_client_destroy(client);
	return false;
}

void
console_client_respond(struct console_client *client, unsigned status,
    const char *type, struct str body, const char *more)
{
	struct text out = TEXT_EMPTY;

	console_client_put_head(client, status, type,
	    status == 304 ? -1 : (int64_t)body.len, more, &out);
	if (!client->head_only)
		text_add(&out, body);
	bool lives = console_client_send(client, &out);
	text_fini(&out);
	if (lives)
		end_request(client);
}

void
console_client_problem(struct console_client *client, unsigned status,
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
	console_client_respond(
	    client, status, "application/problem+json", text_str(&body), more);
	text_fini(&body);
}

/* As much of the file as there is room for. */
void
console_client_give_body(struct console_client *client)
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
	console_client_wait(client);
	if (client->at == client->end)
		end_request(client);
}

void
console_client_give_file(struct console_client *client, unsigned status, int fd)
{
	struct text out = TEXT_EMPTY;
	struct stat st;

	client->body = fd;
	if (fstat(fd, &st) < 0) {
		console_client_problem(
		    client, 500, STR("the answer is lost"), "");
		return;
	}
	client->at = client->head_only ? st.st_size : 0;
	client->end = st.st_size;
	console_client_put_head(client, status,
	    status < 400 ? client->route.type : "application/problem+json",
	    st.st_size, status == 401 ? "WWW-Authenticate: Bearer\r\n" : "",
	    &out);
	bool lives = console_client_send(client, &out);
	text_fini(&out);
	if (lives)
		console_client_give_body(client);
}
