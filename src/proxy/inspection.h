/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/inspection: what opening TLS needs, of one policy, for all workers.
 *
 * Who signs what clients are shown (net/mint), how we speak TLS with them
 * (net/tls_accept), whom we trust, and, of the servers that were spoken with
 * last, the sessions to resume and the certificate that they showed.  And who
 * did not take our certificate: a client's zone and a name, for an hour.
 *
 * A policy of the same CA that trusts the same goes on with what the one before
 * has.  Tables have a fixed size; what does not fit takes the place of what was
 * used the longest ago among its neighbours.
 *
 * Any thread.
 */
#ifndef GATEHOUSE_PROXY_INSPECTION_H
#define GATEHOUSE_PROXY_INSPECTION_H

#include "base/hostname.h"
#include "base/text.h"
#include "net/mint.h"
#include "net/tls.h"
#include "net/tls_accept.h"
#include "policy/policy.h"

struct inspection;

/* How long a client that does not take our certificate is left alone. */
#define INSPECTION_PINNED ((int64_t)3600 * CLOCK_SECOND)

/*
 * Of a policy that has a CA; `before` may be NULL.  With one reference; NULL:
 * a sentence in *reterr_why says why.
 */
struct inspection *inspection_create(const struct policy *policy,
    struct inspection *before, struct text *reterr_why);
struct inspection *inspection_ref(struct inspection *inspection);
void inspection_unref(struct inspection *inspection); /* NULL is fine */

struct mint *inspection_mint(struct inspection *inspection); /* lent */
struct tls_server *inspection_server(
    struct inspection *inspection); /* so too */

/*
 * Whom it trusts: another number, if not the same.  What was spoken with under
 * one of them is not known to be trusted under another.
 */
uint64_t inspection_trust(const struct inspection *inspection);

/* A server by its name, or by its address.  A reference; NULL: no memory. */
struct tls_peer *inspection_peer(
    struct inspection *inspection, struct str host, struct address address);

/* What it has shown, if that was not long ago: a reference, or NULL. */
struct x509_st *inspection_seen(struct inspection *inspection, struct str host);
void inspection_note_seen(struct inspection *inspection, struct str host,
    struct x509_st *certificate);

void inspection_note_pinned(
    struct inspection *inspection, uint8_t zone, struct str host);
bool inspection_is_pinned(
    struct inspection *inspection, uint8_t zone, struct str host);

struct inspection_pin {
	uint8_t zone;
	int64_t left; /* of its time */
	char host[HOSTNAME_MAX + 1];
};

/*
 * All of them, `room` at a time: how many were written.  *place is 0 at first
 * and then as it was left; fewer than `room`: there are no more.
 */
size_t inspection_pins(struct inspection *inspection, size_t *place,
    struct inspection_pin *to, size_t room);

/* As if so much time had passed for them: for tests. */
void inspection_age_pins(struct inspection *inspection, int64_t by);

#endif
