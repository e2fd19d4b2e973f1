/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/upstream.h"

#include "dns/link.h"
#include "net/name_servers.h"

#include <stdlib.h>

/* So many lost questions in a row are no accident; who is down is tried again
 * after a time that a restart takes. */
#define FAILURES_MAX 3
#define DOWN_TIME    (10 * CLOCK_SECOND)

/* Of one try: a server that has to ask others itself may take its time, and one
 * that has never been slow is not waited for. */
#define PATIENCE_MIN   (300 * CLOCK_MS)
#define PATIENCE_FIRST (1000 * CLOCK_MS)
#define PATIENCE_MAX   (1500 * CLOCK_MS)

static void
add(struct dns_upstreams *upstreams, const struct dns_server_wish *wish)
{
	struct dns_server *server = &upstreams->servers[upstreams->count++];

	server->at = wish->at;
	if (wish->peer != NULL)
		server->peer = tls_peer_ref(wish->peer);
}

static int
add_hosts(struct dns_upstreams *upstreams)
{
	struct name_servers hosts;
	int rc = name_servers_read(&hosts);

	for (size_t i = 0;
	     rc == 0 && i < hosts.count && upstreams->count < DNS_UPSTREAMS_MAX;
	     i++) {
		struct dns_server_wish wish = { .at = hosts.items[i] };
		add(upstreams, &wish);
	}
	return rc;
}

struct dns_upstreams *
dns_upstreams_create(
    struct loop *loop, const struct dns_server_wish *wishes, size_t count)
{
	struct dns_upstreams *upstreams = calloc(1, sizeof(*upstreams));

	if (upstreams == NULL)
		return NULL;
	upstreams->refs = 1;
	upstreams->loop = loop;
	for (size_t i = 0; i < count && i < DNS_UPSTREAMS_MAX; i++)
		add(upstreams, &wishes[i]);
	if (count == 0 && add_hosts(upstreams) < 0) {
		dns_upstreams_unref(upstreams);
		return NULL;
	}
	return upstreams;
}

static bool
is_at(const struct dns_server *server, struct address_port at)
{
	return server->at.port == at.port &&
	       address_eq(server->at.address, at.address);
}

bool
dns_upstreams_are(const struct dns_upstreams *upstreams,
    const struct dns_server_wish *wishes, size_t count)
{
	if (upstreams->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (upstreams->servers[i].peer != wishes[i].peer ||
		    !is_at(&upstreams->servers[i], wishes[i].at))
			return false;
	return true;
}

bool
dns_upstreams_is_same(
    const struct dns_upstreams *upstreams, const struct dns_upstreams *other)
{
	if (upstreams->count != other->count)
		return false;
	for (size_t i = 0; i < upstreams->count; i++)
		if (!is_at(&upstreams->servers[i], other->servers[i].at) ||
		    !tls_peer_is_same(
			upstreams->servers[i].peer, other->servers[i].peer))
			return false;
	return true;
}

struct dns_upstreams *
dns_upstreams_ref(struct dns_upstreams *upstreams)
{
	upstreams->refs++;
	return upstreams;
}

void
dns_upstreams_unref(struct dns_upstreams *upstreams)
{
	if (upstreams == NULL || --upstreams->refs > 0)
		return;
	for (size_t i = 0; i < upstreams->count; i++) {
		dns_link_destroy(upstreams->servers[i].link);
		tls_peer_unref(upstreams->servers[i].peer);
	}
	free(upstreams);
}

struct dns_server *
dns_upstreams_choose(struct dns_upstreams *upstreams, unsigned nth)
{
	int64_t now = loop_now(upstreams->loop);
	size_t up[DNS_UPSTREAMS_MAX], count = 0;

	for (size_t i = 0; i < upstreams->count; i++)
		if (upstreams->servers[i].down_until <= now)
			up[count++] = i;
	if (nth < count)
		return &upstreams->servers[up[nth]];
	/* All that are up were asked: any may be back. */
	return &upstreams->servers[nth % upstreams->count];
}

int64_t
dns_server_patience(const struct dns_server *server, unsigned nth)
{
	int64_t time = server->round_trip * 4;

	if (server->round_trip == 0)
		time = PATIENCE_FIRST;
	if (time < PATIENCE_MIN)
		time = PATIENCE_MIN;
	/* What was lost once may be on a slow way. */
	time += time * nth / 2;
	return time < PATIENCE_MAX ? time : PATIENCE_MAX;
}

void
dns_server_praise(struct dns_server *server, int64_t took)
{
	server->failures = 0;
	server->down_until = 0;
	server->round_trip = server->round_trip == 0
				 ? took
				 : (server->round_trip * 7 + took) / 8;
}

void
dns_server_blame(struct dns_server *server, int64_t now)
{
	if (++server->failures >= FAILURES_MAX)
		server->down_until = now + DOWN_TIME;
}
