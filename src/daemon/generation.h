/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/generation: one policy in force, and all that belongs to it.
 *
 * The policy itself, the files it was read from, the listening sockets that it
 * asks for, and the gateway's own addresses seen through its zones.  Made
 * whole before anything changes; the next one takes over the sockets that both
 * have, so that no waiting connection is lost.
 */
#ifndef GATEHOUSE_DAEMON_GENERATION_H
#define GATEHOUSE_DAEMON_GENERATION_H

#include "daemon/channel.h"
#include "daemon/list_watch.h"

#include "firewall/addresses.h"
#include "firewall/compile.h"

struct generation_listener {
	enum channel_listener_kind kind;
	struct address_port at;
	int fd; /* owned */
};

struct generation {
	uint32_t number;
	bool again; /* the policy of the one before, to the letter */
	bool kept;  /* from elsewhere than the disk (generation_wish) */
	char *path; /* of the policy; owned */
	const struct learned_names *names; /* of the gateway; NULL: none */
	struct policy *policy;
	struct snapshot snapshot;
	struct list_watch lists;
	struct {
		struct generation_listener *items;
		size_t count, room;
	} listeners;
	struct {
		struct firewall_own *items;
		size_t count, room;
	} own;
};

/* What a generation is made of. */
struct generation_wish {
	const char *path;
	uint32_t number;
	const struct generation *before; /* lends its sockets; may be NULL */
	struct inheritance *inherited;   /* gives its own; may be NULL */
	const struct addresses *addresses;
	const struct learned_names *names; /* by which flows are judged */
	bool ipv6;
	bool booting; /* the host's addresses may not be there yet */
	/* All files, where they were kept; `fresh` and `before` say nothing of
	 * them then.  NULL: */
	const struct snapshot *kept;
	/* NULL: all is read from the disk.  Else only this, and all other
	 * files are those of `before`, whose policy it is. */
	const struct snapshot_fresh *fresh;
};

/*
 * Reads the policy, runs its tests and opens its listeners.  0; -EINVAL when
 * the policy is refused; another negative errno when the world is (a port in
 * use).  The report says why, and holds the warnings; its places live as long
 * as *ret, or as *ret_kept, which goes to policy_unref after the report.
 */
int generation_create(const struct generation_wish *wish, struct report *report,
    struct generation **ret, struct policy **ret_kept);
void generation_destroy(struct generation *generation); /* NULL is fine */

/* Takes the gateway's addresses anew.  0 or -ENOMEM, and then unchanged. */
int generation_see_addresses(
    struct generation *generation, const struct addresses *addresses);

#endif
