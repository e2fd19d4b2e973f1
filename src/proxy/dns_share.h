/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_share: what the fronts of all workers share: what is kept, and the
 * places of questions that wait.
 *
 * Any thread.
 */
#ifndef GATEHOUSE_PROXY_DNS_SHARE_H
#define GATEHOUSE_PROXY_DNS_SHARE_H

#include "dns/store.h"
#include "policy/dns.h"

struct crowd;
struct dns_share;

struct dns_share *dns_share_create(void);        /* NULL: no memory */
void dns_share_destroy(struct dns_share *share); /* NULL is fine */

/* Another policy is in force; *servers, 0 at first, is the worker's own. */
void dns_share_use(
    struct dns_share *share, const struct policy_dns *dns, uint64_t *servers);

/* Lent as long as the share lives. */
struct dns_store *dns_share_store(struct dns_share *share);
struct crowd *dns_share_crowd(struct dns_share *share);

#endif
