/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_peers.h"

#include "net/tls.h"

#include <errno.h>

static int
secure_one(
    struct proxy_generation *generation, size_t nth, struct text *reterr_why)
{
	const struct policy_dns_upstream *upstream =
	    &generation->policy->dns.upstreams[nth];
	const char *why;
	struct tls_settings *settings =
	    tls_settings_create(upstream->authorities, &why);

	if (settings == NULL) {
		text_addf(reterr_why, "upstream tls %.*s: %s\n",
		    STR_ARG(upstream->name), why);
		return -EINVAL;
	}
	generation->name_servers[nth] =
	    tls_peer_create(settings, upstream->name, upstream->at.address);
	tls_settings_unref(settings);
	return generation->name_servers[nth] != NULL ? 0 : -ENOMEM;
}

int
dns_peers_secure(struct proxy_generation *generation, struct text *reterr_why)
{
	const struct policy_dns *dns = &generation->policy->dns;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < dns->upstream_count; i++)
		if (dns->upstreams[i].name.at != NULL)
			rc = secure_one(generation, i, reterr_why);
	return rc;
}

void
dns_peers_fini(struct proxy_generation *generation)
{
	for (size_t i = 0; i < POLICY_DNS_UPSTREAMS_MAX; i++)
		tls_peer_unref(generation->name_servers[i]);
}
