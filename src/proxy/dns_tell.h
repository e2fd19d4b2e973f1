/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_tell: what became of a question, for journal, counters and client.
 */
#ifndef GATEHOUSE_PROXY_DNS_TELL_H
#define GATEHOUSE_PROXY_DNS_TELL_H

#include "proxy/dns_front.h"
#include "proxy/dns_judge.h"

/*
 * A refusal is counted, and told if its rule says `log`, or if there is no rule
 * and a reason instead.  That a question may pass is told of a rule that says
 * so.
 */
void dns_tell(struct worker *worker, const struct dns_client *client,
    const struct dns_judge *judge, const struct proxy_generation *generation,
    const struct policy_prospect *prospect, const char *reason);

/* What the client is told of the rule: its name, or its line. */
#define DNS_TELL_WORDS_BYTES 96
const char *dns_tell_words(
    const struct policy_rule *rule, char ret[static DNS_TELL_WORDS_BYTES]);

#endif
