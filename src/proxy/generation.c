/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/generation.h"

#include "base/vec.h"
#include "net/tls.h"
#include "proxy/dns_peers.h"
#include "proxy/inspection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct proxy_generation *
proxy_generation_create(uint32_t number, struct policy *policy)
{
	struct proxy_generation *generation = calloc(1, sizeof(*generation));

	if (generation == NULL)
		return NULL;
	generation->limiter = limiter_create();
	generation->quotas = quotas_create();
	generation->parents = parents_create(policy);
	if (generation->limiter == NULL || generation->quotas == NULL ||
	    generation->parents == NULL) {
		limiter_unref(generation->limiter);
		quotas_unref(generation->quotas);
		parents_unref(generation->parents);
		free(generation);
		return NULL;
	}
	generation->refs = 1;
	generation->number = number;
	generation->policy = policy;
	return generation;
}

void
proxy_generation_count_in(
    struct proxy_generation *generation, struct quotas *quotas)
{
	quotas_unref(generation->quotas);
	generation->quotas = quotas_ref(quotas);
}

void
proxy_generation_follow(
    struct proxy_generation *generation, const struct proxy_generation *before)
{
	limiter_unref(generation->limiter);
	generation->limiter = limiter_ref(before->limiter);
	proxy_generation_count_in(generation, before->quotas);
	parents_follow(generation->parents, generation->policy, before->parents,
	    before->policy);
}

int
proxy_generation_inspect(struct proxy_generation *generation,
    const struct proxy_generation *before, struct text *reterr_why)
{
	struct inspection *known = before != NULL ? before->inspection : NULL;

	if (generation->policy->ca.pem.at == NULL)
		return 0;
	generation->inspection =
	    inspection_create(generation->policy, known, reterr_why);
	return generation->inspection != NULL ? 0 : -EINVAL;
}

int
proxy_generation_add_listener(
    struct proxy_generation *generation, struct proxy_listener listener)
{
	int rc = VEC_ADD(&generation->listeners, listener);

	if (rc == 0 && listener.sandbox) {
		generation->sandboxed = true;
		generation->has_ipv6 |=
		    listener.at.address.family == ADDRESS_IPV6;
	}
	return rc;
}

int
proxy_generation_add_own(
    struct proxy_generation *generation, struct proxy_own own)
{
	return VEC_ADD(&generation->own, own);
}

static int
copy_listeners(struct proxy_generation *to, const struct proxy_generation *from)
{
	for (size_t i = 0; i < from->listeners.count; i++) {
		struct proxy_listener listener = from->listeners.items[i];
		listener.fd = fcntl(listener.fd, F_DUPFD_CLOEXEC, 0);
		if (listener.fd < 0)
			return -errno;
		if (proxy_generation_add_listener(to, listener) < 0) {
			(void)close(listener.fd);
			return -ENOMEM;
		}
	}
	return 0;
}

struct proxy_generation *
proxy_generation_again(const struct proxy_generation *generation)
{
	struct policy *policy = policy_ref(generation->policy);
	struct proxy_generation *again =
	    proxy_generation_create(generation->number, policy);

	if (again == NULL) {
		policy_unref(policy);
	} else if (copy_listeners(again, generation) < 0) {
		proxy_generation_unref(again);
		again = NULL;
	} else {
		proxy_generation_follow(again, generation);
		if (generation->inspection != NULL)
			again->inspection =
			    inspection_ref(generation->inspection);
		for (size_t i = 0; i < POLICY_DNS_UPSTREAMS_MAX; i++)
			if (generation->name_servers[i] != NULL)
				again->name_servers[i] =
				    tls_peer_ref(generation->name_servers[i]);
		again->identities = identities_ref(generation->identities);
	}
	return again;
}

struct proxy_generation *
proxy_generation_ref(struct proxy_generation *generation)
{
	(void)__atomic_add_fetch(&generation->refs, 1, __ATOMIC_RELAXED);
	return generation;
}

void
proxy_generation_unref(struct proxy_generation *generation)
{
	if (generation == NULL ||
	    __atomic_sub_fetch(&generation->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < generation->listeners.count; i++)
		(void)close(generation->listeners.items[i].fd);
	free(generation->listeners.items);
	free(generation->own.items);
	limiter_unref(generation->limiter);
	quotas_unref(generation->quotas);
	parents_unref(generation->parents);
	inspection_unref(generation->inspection);
	dns_peers_fini(generation);
	identities_unref(generation->identities);
	policy_unref(generation->policy);
	free(generation);
}

bool
proxy_generation_owns(const struct proxy_generation *generation,
    struct address address, uint8_t *ret_zone)
{
	for (size_t i = 0; i < generation->own.count; i++) {
		const struct proxy_own *own = &generation->own.items[i];
		if (!address_eq(own->address, address))
			continue;
		*ret_zone = own->zone;
		return true;
	}
	return false;
}
