/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/service: what SVCB and HTTPS records say (RFC 9460).
 *
 * They bear addresses as hints, which are addresses like others, and the keys
 * by which a client hides the name that it asks a server for (ECH, RFC 9849).
 */
#ifndef GATEHOUSE_DNS_SERVICE_H
#define GATEHOUSE_DNS_SERVICE_H

#include "dns/answer.h"

/* A record that is not well formed has none: what it says nobody can use. */
void dns_service_each_hint(const struct dns_answer *answer,
    void (*each)(void *context, struct address address), void *context);

/*
 * The same answer without those keys, with a reference, and then it is not
 * authentic any more and has no signatures; NULL where there were none.  0 or
 * -ENOMEM.
 */
int dns_service_show_names(
    const struct dns_answer *answer, struct dns_answer **ret);

#endif
