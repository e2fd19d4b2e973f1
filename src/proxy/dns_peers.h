/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_peers: whom the DNS is asked of over TLS, and whom it trusts.
 */
#ifndef GATEHOUSE_PROXY_DNS_PEERS_H
#define GATEHOUSE_PROXY_DNS_PEERS_H

#include "base/text.h"
#include "proxy/generation.h"

/* Makes a peer of each server of the policy that is asked over TLS.  0; -EINVAL
 * with words in *reterr_why; -ENOMEM. */
int dns_peers_secure(
    struct proxy_generation *generation, struct text *reterr_why);

void dns_peers_fini(struct proxy_generation *generation);

#endif
