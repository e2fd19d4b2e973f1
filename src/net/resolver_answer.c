/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/resolver_answer: from the halves of a name to what is told of it, and for
 * how long that holds.
 */
#include "net/resolver_impl.h"

bool
resolver_has_addresses(const struct resolver_name *name)
{
	return name->halves[HALF_IPV6].reply.count > 0 ||
	       name->halves[HALF_IPV4].reply.count > 0;
}

/*
 * Without addresses: what either half says of the name as a whole stands
 * above what it says of itself, and not knowing above knowing of none.
 */
enum resolver_status
resolver_status_of(const struct resolver_name *name)
{
	static const enum resolver_status order[] = { RESOLVER_STATUS_OK,
		RESOLVER_STATUS_NO_NAME, RESOLVER_STATUS_TIMEOUT,
		RESOLVER_STATUS_FAILED };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (int half = 0; half < HALF_COUNT; half++)
			if (name->halves[half].lookup == NULL &&
			    name->halves[half].reply.status == order[i])
				return order[i];
	return RESOLVER_STATUS_NO_ADDRESS;
}

static int64_t
ttl_of(const struct resolver_half *half)
{
	switch (half->reply.status) {
	case RESOLVER_STATUS_OK:
		return half->reply.ttl < RESOLVER_TTL_MAX ? half->reply.ttl
							  : RESOLVER_TTL_MAX;
	case RESOLVER_STATUS_NO_NAME:
	case RESOLVER_STATUS_NO_ADDRESS:
		return RESOLVER_TTL_NONE;
	case RESOLVER_STATUS_TIMEOUT:
	case RESOLVER_STATUS_FAILED:
	case RESOLVER_STATUS_COUNT:
		break;
	}
	return RESOLVER_TTL_FAILURE;
}

/*
 * Beside addresses, the absence of the other family counts for as long as
 * they do, and its failure for RESOLVER_TTL_HALF: else a name that has IPv4
 * only would be asked for every ten seconds, or every second.
 */
static int64_t
half_counts_for(const struct resolver_name *name, int i)
{
	const struct resolver_half *half = &name->halves[i];

	if (half->lookup != NULL)
		return RESOLVER_TTL_MAX;
	if (half->reply.count > 0 || !resolver_has_addresses(name))
		return ttl_of(half);
	return half->reply.status == RESOLVER_STATUS_TIMEOUT ||
		       half->reply.status == RESOLVER_STATUS_FAILED
		   ? RESOLVER_TTL_HALF
		   : RESOLVER_TTL_MAX;
}

void
resolver_set_expiry(struct resolver_name *name)
{
	int64_t ttl = RESOLVER_TTL_MAX;

	for (int i = 0; i < HALF_COUNT; i++) {
		int64_t half = half_counts_for(name, i);
		ttl = half < ttl ? half : ttl;
	}
	name->expires = loop_now(name->resolver->loop) + ttl;
}

/* IPv6 and IPv4 by turns; when one has no more, the rest of the other. */
static void
interleave(const struct resolver_name *name, struct resolver_answer *answer)
{
	for (size_t i = 0; i < RESOLVER_ADDRESSES_MAX; i++) {
		for (int h = 0; h < HALF_COUNT; h++) {
			const struct dns_reply *reply = &name->halves[h].reply;
			if (i < reply->count &&
			    answer->count < RESOLVER_ADDRESSES_MAX)
				answer->addresses[answer->count++] =
				    reply->addresses[i];
		}
	}
}

void
resolver_on_deliver(struct loop_deferred *deferred)
{
	struct resolver_query *query = deferred->context;
	struct resolver_name *name = query->name;
	int64_t left = name->expires - loop_now(name->resolver->loop);
	struct resolver_answer answer = {
		.status = resolver_status_of(name),
		.ttl = left > 0 ? left : 0,
		.whole = !resolver_has_lookups(name),
	};

	interleave(name, &answer);
	resolver_detach(name, query);
	query->fn(query, &answer);
}
