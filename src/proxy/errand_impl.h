/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand, for its own files: errand.c begins and ends it, errand_policy.c
 * asks the policy, errand_name.c finds the addresses of a name,
 * errand_connect.c connects to one of them, errand_queue.c waits for room at a
 * server, errand_source.c says from which address, errand_parent.c goes by a
 * parent, errand_datagram.c opens what is not connected, errand_tls.c speaks
 * TLS with the server, errand_shared.c shares connections of HTTP/2,
 * errand_tell.c writes the event, errand_tally.c counts what is told over time.
 */
#ifndef GATEHOUSE_PROXY_ERRAND_IMPL_H
#define GATEHOUSE_PROXY_ERRAND_IMPL_H

#include "proxy/errand.h"

#include "policy/carriage.h"
#include "proxy/pool.h"

/* The policy's answer to the flow, whichever way its path may be read. */
struct policy_answer errand_ask(const struct errand *errand,
    const struct proxy_generation *generation, const struct flow *flow);

/* The same to its own flow under its own generation; asked once as long as
 * nothing of the question has changed. */
struct policy_answer errand_ask_own(struct errand *errand);

/* Something of the question has changed. */
void errand_forget_asked(struct errand *errand);

/* Reject or drop, which may still hang on something else. */
bool errand_is_forbidden(const struct policy_answer *answer);

/* It is not known who asks, and that decides. */
bool errand_hangs_on_user(const struct policy_answer *answer);

/* It is refused, or would not be if it were known who asks. */
enum errand_outcome errand_outcome_of_refusal(struct errand *errand);

/* It is allowed, or what is still open hangs on what the server will send. */
bool errand_may_proceed(const struct policy_answer *answer);

/* Whether it is within the limit of the rule that allows it. */
bool errand_take_share(struct errand *errand);

void errand_take_generation(
    struct errand *errand, struct proxy_generation *generation);

/* The ends of it: tail calls. */
void errand_refuse(struct errand *errand, struct policy_answer answer);
void errand_fail(struct errand *errand, enum proxy_failure failure);

/*
 * The policy may have changed while the connection was made; whoever is
 * connected is so by the one in force, and by the way that it says.  Takes the
 * stream; `at` is the server's place, or that of what the parent was asked for.
 */
void errand_arrive(
    struct errand *errand, struct address_port at, struct stream **server);

/* The addresses of its name, admitted; then on to a server. */
void errand_resolve(struct errand *errand);

/*
 * Keeps the address if the policy allows to dial it.  Addresses that go by
 * another parent than the first one, which is the best, are left out.
 */
struct policy_answer errand_admit(
    struct errand *errand, struct address address);

/* To one of its addresses, by a kept connection or a new one. */
void errand_connect(struct errand *errand);

/* Whether its `instead` has answered; the errand may be gone then. */
bool errand_is_answered_instead(struct errand *errand);

/* To one of the addresses that were admitted: tail call. */
void errand_open_datagrams(struct errand *errand);

/* The same by a new one, with the addresses from `first` on. */
void errand_dial(struct errand *errand, size_t first);

/* The dial has failed, but more of the name's addresses may come: it goes on
 * with them. */
bool errand_awaits_rest(struct errand *errand, int error);

/* The dial has found no address but such as are full: waits for its turn. */
void errand_queue(struct errand *errand);
void errand_leave_queue(struct errand *errand);

/* A kept connection, or one of the queue. */
void errand_arrive_kept(
    struct errand *errand, struct address_port at, struct pool_kept *kept);

/*
 * Whether it is made from the client's own address; what goes by a parent is
 * not.  Then no address of the other family can be reached.
 */
bool errand_keeps_source(const struct errand *errand);
bool errand_can_reach(const struct errand *errand, struct address address);

/* Where its dial comes from. */
void errand_choose_source(struct errand *errand);

/* It was made from where the policy in force says, so far as that is the
 * client's address. */
bool errand_came_from(const struct errand *errand, struct address_port server);

/* Under which a connection to the server is kept that is made now. */
struct pool_key errand_key(
    const struct errand *errand, struct address_port server);

/* Whether a kept connection will do. */
bool errand_may_take_kept(const struct errand *errand);

/* It holds none any more, or another one. */
void errand_set_slot(struct errand *errand, struct slot *slot);

/* Whether TLS is to be spoken over a connection that was just made. */
bool errand_is_to_be_secured(struct errand *errand);

/* Speaks it, then errand_arrive again.  Takes the stream; tail call. */
void errand_secure(
    struct errand *errand, struct address_port at, struct stream **server);

/* What a connection to its server is kept by besides; at == NULL: nothing. */
struct str errand_tls_key(const struct errand *errand);
struct turn *errand_tls_turn(struct errand *errand); /* only with TLS */
void errand_fini_tls(struct errand *errand);

/* Whether its server may be asked by HTTP/2, on a connection of many. */
bool errand_may_share(const struct errand *errand);

/* By a stream of such a connection to one of its addresses; tail call, if it is
 * true. */
bool errand_take_shared(struct errand *errand);

/*
 * Whether it waits for a connection that another errand is making, and then is
 * connected, or looks again.  If not, it makes one now, perhaps for others who
 * wait for it until errand_end_turn.
 */
bool errand_waits_for_turn(struct errand *errand);
void errand_end_turn(struct errand *errand);

/* In line for a slot: a connection that has room will do as well. */
void errand_await_room(struct errand *errand);

/* It does nothing but wait. */
bool errand_is_waiting(struct errand *errand);

/* What was chosen on this connection: if it is HTTP/2 it becomes others', too,
 * and what is left in *server is a stream of it.  0 or a negative errno. */
int errand_share(struct errand *errand, enum tls_protocol protocol,
    struct address_port at, struct stream **server);

/* No address could be connected to. */
void errand_fail_dial(struct errand *errand, int error);

/* Whether a parent is asked for the name, whatever the address may be. */
bool errand_goes_unresolved(struct errand *errand);

/* What it went by a parent with, if it did: is over, is gone. */
void errand_release_approach(struct errand *errand);
void errand_free_approach(struct errand *errand);

/* It counts for what happened over time: a flow; a rule that only reports. */
void errand_tally(const struct errand *errand, enum policy_verdict verdict);
void errand_tally_report(
    const struct errand *errand, const struct policy_rule *rule);

/* By errand->parent: to the name, or to the next address that was admitted. */
void errand_go_by_parent(struct errand *errand, bool by_name);

#endif
