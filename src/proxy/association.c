/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/association.h"

#include "event/counter.h"
#include "net/datagram.h"
#include "proxy/client.h"
#include "proxy/datagram_flow.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* Read from a listener in one go. */
#define DATAGRAMS_MAX 64

/* Between workers, of all clients; what is beyond is lost, as datagrams are. */
#define MAIL_MAX 1024

/* A name in its one spelling is as long as it came. */
#define HOST_ARENA_BYTES_MAX ((size_t)4096)

/* ---- flows ---- */

/* The flow, moved to the front; NULL: there is none. */
static struct datagram_flow *
find_flow(struct association *association, struct address to, struct str name,
    uint16_t port)
{
	struct datagram_flow **link = &association->flows;
	struct datagram_flow *flow;

	while (*link != NULL && !datagram_flow_goes_to(*link, to, name, port))
		link = &(*link)->next;
	flow = *link;
	if (flow == NULL)
		return NULL;
	*link = flow->next;
	flow->next = association->flows;
	association->flows = flow;
	return flow;
}

static void
end_last_flow(struct association *association)
{
	struct datagram_flow **link = &association->flows;
	struct datagram_flow *last;

	while ((*link)->next != NULL)
		link = &(*link)->next;
	last = *link;
	*link = NULL;
	association->flow_count--;
	datagram_flow_destroy(last, PROXY_FAILURE_NONE);
}

static struct datagram_flow *
add_flow(struct association *association, struct address to, struct str name,
    uint16_t port)
{
	struct datagram_flow *flow =
	    datagram_flow_create(association, to, name, port);

	if (flow == NULL)
		return NULL;
	if (association->flow_count == ASSOCIATION_FLOWS_MAX)
		end_last_flow(association);
	flow->next = association->flows;
	association->flows = flow;
	association->flow_count++;
	return flow;
}

/* ---- from the client ---- */

static void
send_to(struct association *association, struct address to, struct str name,
    uint16_t port, struct str bytes)
{
	struct datagram_flow *flow = find_flow(association, to, name, port);

	if (flow == NULL)
		flow = add_flow(association, to, name, port);
	if (flow != NULL)
		datagram_flow_send(flow, bytes);
}

/* A name in its one spelling, or an address that was written as a name. */
static void
send_to_host(struct association *association,
    const struct socks_request *request, struct str bytes)
{
	struct http_host host;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, HOST_ARENA_BYTES_MAX);
	if (http_host_parse(request->host, &arena, &host, &fault) == 0)
		send_to(association, host.address,
		    http_host_is_name(&host) ? host.text
					     : (struct str){ NULL, 0 },
		    request->port, bytes);
	arena_fini(&arena);
}

static void
take(struct worker *worker, const struct address_port *listener,
    const struct address_port *from, struct str bytes)
{
	struct caller *caller =
	    callers_mine(worker->callers, worker, listener, from);
	struct socks_request request;
	struct str content;

	if (caller == NULL ||
	    socks_datagram_parse(bytes, &request, &content) < 0 ||
	    request.port == 0)
		return;
	struct association *association =
	    (struct association *)((char *)caller -
				   offsetof(struct association, caller));
	loop_timer_arm(worker->loop, &association->client->timer,
	    loop_now(worker->loop) + PROXY_TUNNEL_TIMEOUT);
	if (request.host.at != NULL)
		send_to_host(association, &request, content);
	else
		send_to(association, request.to, request.host, request.port,
		    content);
}

/* A datagram that another worker's client sent. */
struct mail {
	struct loop_message message;
	struct worker *worker;
	struct address_port listener, from;
	size_t len;
	char bytes[];
};

static atomic_uint mail_count;

static void
on_mail(struct loop *loop, struct loop_message *message)
{
	struct mail *mail = (struct mail *)message;

	(void)loop;
	(void)atomic_fetch_sub(&mail_count, 1);
	take(mail->worker, &mail->listener, &mail->from,
	    (struct str){ mail->bytes, mail->len });
	free(mail);
}

static void
post(struct worker *to, const struct address_port *listener,
    const struct address_port *from, struct str bytes)
{
	struct mail *mail = NULL;

	if (atomic_fetch_add(&mail_count, 1) < MAIL_MAX)
		mail = malloc(sizeof(*mail) + bytes.len);
	if (mail == NULL) {
		(void)atomic_fetch_sub(&mail_count, 1);
		return;
	}
	mail->message.fn = on_mail;
	mail->worker = to;
	mail->listener = *listener;
	mail->from = *from;
	mail->len = bytes.len;
	memcpy(mail->bytes, bytes.at, bytes.len);
	loop_post(to->loop, &mail->message);
}

void
association_receive(
    struct worker *worker, const struct address_port *listener, int fd)
{
	struct address_port from;
	struct str bytes;

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		int rc = datagram_receive(fd, &bytes, &from);
		if (rc == -EAGAIN)
			return;
		if (rc < 0 || bytes.len == 0)
			continue;
		struct worker *owner =
		    callers_worker(worker->callers, listener, &from);
		if (owner == worker)
			take(worker, listener, &from, bytes);
		else if (owner != NULL)
			post(owner, listener, &from, bytes);
	}
}

/* ---- to the client ---- */

void
association_answer(
    struct association *association, struct str head, struct str bytes)
{
	(void)datagram_send_both(
	    association->fd, &association->caller.client, head, bytes);
}

/* ---- the connection that it lives by ---- */

static void
on_data(struct stream *stream, void *context)
{
	(void)context;
	stream_consume(stream, stream_input(stream).len);
}

static void
on_ended(struct stream *stream, void *context)
{
	struct association *association = context;

	(void)stream;
	client_end(association->client);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct association *association = context;

	(void)stream;
	(void)error;
	client_destroy(association->client);
}

static const struct stream_user waiting = {
	.data = on_data,
	.ended = on_ended,
	.failed = on_failed,
};

/* A descriptor of its own: the generation's may go. */
static int
take_listener(const struct client *client)
{
	const struct proxy_generation *generation = client->worker->generation;

	for (size_t i = 0; i < generation->listeners.count; i++) {
		const struct proxy_listener *one =
		    &generation->listeners.items[i];
		if (!one->datagrams || one->at.port != client->listener.port ||
		    !address_eq(one->at.address, client->listener.address))
			continue;
		int fd = fcntl(one->fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

/* The port that the client says it will send from, if it is its own. */
static uint16_t
announced_port(const struct client *client, const struct socks_request *request)
{
	return request->host.at == NULL &&
		       address_eq(request->to, client->peer.address)
		   ? request->port
		   : 0;
}

static struct association *
create(struct client *client, const struct socks_request *request)
{
	struct association *association = calloc(1, sizeof(*association));

	if (association == NULL)
		return NULL;
	association->client = client;
	association->room = ASSOCIATION_QUEUE_BYTES_MAX;
	association->caller.worker = client->worker;
	association->caller.listener = client->listener;
	association->caller.client =
	    (struct address_port){ client->peer.address,
		    announced_port(client, request) };
	association->fd = take_listener(client);
	if (association->fd < 0 ||
	    callers_add(client->worker->callers, &association->caller) < 0) {
		association_cancel(association, PROXY_FAILURE_NONE);
		return NULL;
	}
	return association;
}

static void
refuse(struct client *client)
{
	char buffer[SOCKS_REPLY_BYTES_MAX];

	(void)stream_write(
	    client->stream, socks_reply_write(SOCKS_5, SOCKS_FAILURE, buffer));
	client_end(client);
}

void
association_open(struct client *client, const struct socks_request *request)
{
	struct association *association = create(client, request);
	char buffer[SOCKS_REPLY_BYTES_MAX];

	if (association == NULL) {
		refuse(client);
		return;
	}
	client_become_busy(client);
	client->association = association;
	stream_use(client->stream, &waiting, association);
	loop_timer_arm(client->worker->loop, &client->timer,
	    loop_now(client->worker->loop) + PROXY_TUNNEL_TIMEOUT);
	if (stream_write(client->stream,
		socks5_granted_write(client->listener, buffer)) < 0)
		client_destroy(client);
	else
		stream_read_start(client->stream);
}

void
association_cancel(struct association *association, enum proxy_failure why)
{
	if (association == NULL)
		return;
	/* That the client goes is how it ends. */
	if (why == PROXY_FAILURE_CLIENT_GONE)
		why = PROXY_FAILURE_NONE;
	callers_remove(
	    association->client->worker->callers, &association->caller);
	while (association->flows != NULL) {
		struct datagram_flow *first = association->flows;
		association->flows = first->next;
		datagram_flow_destroy(first, why);
	}
	if (association->fd >= 0)
		(void)close(association->fd);
	free(association);
}

void
association_judge_again(struct association *association)
{
	struct datagram_flow **link;

	if (association == NULL)
		return;
	link = &association->flows;
	while (*link != NULL) {
		struct datagram_flow *flow = *link;
		if (datagram_flow_stands(flow)) {
			link = &flow->next;
			continue;
		}
		*link = flow->next;
		association->flow_count--;
		datagram_flow_destroy(flow, PROXY_FAILURE_POLICY_CHANGED);
	}
}
