/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_share.h"

#include "proxy/crowd.h"
#include "proxy/dns_front.h"

#include <stdlib.h>

struct dns_share {
	struct dns_store *store;
	struct crowd *crowd; /* of questions that wait */
};

static uint64_t
hash_of(const struct policy_dns *dns)
{
	char text[ADDRESS_TEXT_BYTES];
	uint64_t hash = 1;

	for (size_t i = 0; i < dns->upstream_count; i++) {
		hash = str_hash(
		    str_of(address_port_format(dns->upstreams[i].at, text)),
		    hash);
		hash = str_hash(dns->upstreams[i].name, hash);
	}
	return hash;
}

/* What other servers said is not what these would say.  Each worker that asks
 * them forgets it: until the last one does, others' answers come in. */
static void
forget_others(
    struct dns_share *share, const struct policy_dns *dns, uint64_t *servers)
{
	uint64_t before = *servers;

	*servers = hash_of(dns);
	if (before != 0 && before != *servers)
		dns_store_clear(share->store);
}

void
dns_share_use(
    struct dns_share *share, const struct policy_dns *dns, uint64_t *servers)
{
	forget_others(share, dns, servers);
	dns_store_resize(share->store, dns->cache_bytes);
}

struct crowd *
dns_share_crowd(struct dns_share *share)
{
	return share->crowd;
}

struct dns_share *
dns_share_create(void)
{
	struct dns_share *share = calloc(1, sizeof(*share));

	if (share == NULL)
		return NULL;
	share->store = dns_store_create(POLICY_DNS_CACHE);
	share->crowd = crowd_create(
	    DNS_QUESTIONS_MAX, "too many of its questions to the DNS wait");
	if (share->store == NULL || share->crowd == NULL) {
		dns_share_destroy(share);
		return NULL;
	}
	return share;
}

void
dns_share_destroy(struct dns_share *share)
{
	if (share == NULL)
		return;
	dns_store_destroy(share->store);
	crowd_destroy(share->crowd);
	free(share);
}

struct dns_store *
dns_share_store(struct dns_share *share)
{
	return share->store;
}
