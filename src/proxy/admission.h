/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/admission: what the proxy knows of a flow, put to the policy.
 *
 * The same evaluator as everywhere; this part only says where addresses live
 * from the gateway's point of view, which a policy alone cannot know.  Pure
 * functions of a generation: any thread.
 */
#ifndef GATEHOUSE_PROXY_ADMISSION_H
#define GATEHOUSE_PROXY_ADMISSION_H

#include "policy/evaluate.h"
#include "proxy/generation.h"

/*
 * A flow about which nothing but its source, its way and the time is known.
 * None of them can be chosen by what the client says.
 */
void admission_begin(const struct proxy_generation *generation,
    enum flow_way way, struct address source, struct flow *ret);

/* The server's port; the proxy carries TCP. */
void admission_port(struct flow *flow, uint16_t port);

/* Where it goes, or would go: one of the addresses of the name. */
void admission_destination(const struct proxy_generation *generation,
    struct flow *flow, struct address destination);

/* The name asked for, in canonical form; at == NULL: there is none. */
void admission_name(struct flow *flow, struct str name);

/* Method and path as the policy compares them; at == NULL: there is none. */
void admission_head(struct flow *flow, struct str method, struct str path);

/*
 * Who asks; NULL, or somebody whom the policy does not have any more by that
 * hash: not known.  ABSENT where nobody can say it.  Lent.
 */
void admission_user(const struct proxy_generation *generation,
    struct flow *flow, const struct policy_user *user);

/* Nothing is seen of it behind its name but who asks. */
void admission_tunnel(struct flow *flow);

/* What the connection carries; COUNT: neither of them, or nobody knows. */
void admission_scheme(struct flow *flow, enum policy_scheme scheme);

/* The fields of the request, lent. */
void admission_headers(
    struct flow *flow, const struct flow_header *headers, size_t count);

/* The media type of the answer, in lower case; at == NULL: there is none. */
void admission_type(struct flow *flow, struct str type);

/* Takes zones anew: the flow under another generation.  Who asks is told behind
 * it. */
void admission_move(
    const struct proxy_generation *generation, struct flow *flow);

/*
 * The answer; UNDECIDED only while the destination is not known, or where it
 * hangs on who asks or on the answer's type.
 */
struct policy_answer admission_ask(
    const struct proxy_generation *generation, const struct flow *flow);

/* Whether it speaks for others at the explicit listener. */
bool admission_is_balancer(const struct proxy_generation *generation,
    struct address peer, const struct address_port *listener);

/* Whether the flow's source may use the explicit listener at all. */
bool admission_may_listen(const struct proxy_generation *generation,
    const struct flow *flow, const struct address_port *listener);

#endif
