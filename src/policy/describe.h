/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/describe: the parts of a policy in words.
 *
 * For explanations, warnings and the comments of the kernel's rules.
 */
#ifndef GATEHOUSE_POLICY_DESCRIBE_H
#define GATEHOUSE_POLICY_DESCRIBE_H

#include "policy/policy.h"

#include "base/text.h"

/* "lan, guests"; "any" */
void describe_zones(
    const struct policy *policy, uint64_t zones, struct text *out);

/* "lan, printers, 192.0.2.0/24" */
void describe_endpoint(const struct policy *policy,
    const struct policy_endpoint *endpoint, struct text *out);

/* "tcp 80, udp 443"; "any service" */
void describe_services(
    const struct policy_services *services, struct text *out);

/* "tcp 443", "icmp echo-request" */
void describe_service(enum policy_protocol protocol, uint16_t first,
    uint16_t last, struct text *out);

/* "lan 10.0.0.4", "self" */
void describe_place(const struct policy *policy, uint8_t zone,
    struct address address, struct text *out);

/* "line 31 (ads)", "the built-in last rule" */
void describe_rule(const struct policy_rule *rule, struct text *out);

/* "dns listen 10.0.0.1:53 for lan upstream ..."; nothing where there is none. */
void describe_dns(const struct policy *policy, struct text *out);

#endif
