/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/gateway: the running gateway, both enforcers under one policy.
 *
 * Life cycle: open (the world is looked at, nothing changes) -> apply (the
 * first policy comes into force) -> apply, any number of times -> close, which
 * takes the rules away or leaves them standing.
 *
 * Apply is one transaction over both enforcers.  Everything that can fail is
 * done before anything changes: the policy is read and tested, its listeners
 * are open, its ruleset is compiled, the proxy has read it.  Then the kernel
 * commits, and only then the proxy changes over; the last step cannot fail but
 * by the proxy's death, which brings a new one that reads the same policy.
 *
 * It knows the policy in force and no other.  Where that comes from, what is
 * kept of it and what comes back is the affair of daemon/policies.  Between two
 * applies, lists that say `refresh` make generations of their own
 * (daemon/refresh), in the same transaction.
 *
 * If the proxy dies it is started again; the kernel's rules stand meanwhile,
 * and what they hand over waits in the listeners' queues.
 */
#ifndef GATEHOUSE_DAEMON_GATEWAY_H
#define GATEHOUSE_DAEMON_GATEWAY_H

#include "daemon/ban_exempt.h"
#include "daemon/ban_keeper.h"
#include "daemon/caught_keeper.h"
#include "daemon/child.h"
#include "daemon/console_desk.h"
#include "daemon/early.h"
#include "daemon/flow_watch.h"
#include "daemon/flows.h"
#include "daemon/inheritance.h"
#include "daemon/journal_keeper.h"
#include "daemon/leash.h"
#include "daemon/name_keeper.h"
#include "daemon/packet_watch.h"
#include "daemon/pam_keeper.h"
#include "daemon/pulse_keeper.h"
#include "daemon/quota_keeper.h"
#include "daemon/ruleset.h"
#include "daemon/runtime.h"
#include "daemon/source_desk.h"
#include "daemon/tally_keeper.h"
#include "net/loop.h"

/* The proxy is started again after this, doubled up to the maximum while it
 * does not live for CHILD_LIVES. */
#define GATEWAY_RESTART_FIRST (50 * CLOCK_MS)
#define GATEWAY_RESTART_MAX   (5 * CLOCK_SECOND)
#define GATEWAY_CHILD_LIVES   (10 * CLOCK_SECOND)

/* How often the policy routes are looked at. */
#define GATEWAY_UPKEEP_EVERY (10 * CLOCK_SECOND)

struct gateway {
	struct loop *loop;
	const char *dir; /* of the runtime */
	struct journal_keeper journal;
	struct loop_timer upkeep;
	struct loop_timer host_files; /* of the child, looked at */
	struct sandbox sandbox;       /* gatehoused's own */
	struct packet_watch packets;
	struct addresses addresses;
	struct loop_watch addresses_watch; /* fd -1: none */
	struct early early;
	struct child child;
	struct source_desk sources;  /* of the child */
	struct pulse_keeper pulse;   /* likewise */
	struct console_desk console; /* likewise */
	struct loop_timer restart;
	struct pam_keeper pam;
	int64_t restart_after;
	struct flow_watch ends;     /* of flows */
	struct flows_tally ended;   /* by the last generation */
	struct generation *current; /* NULL until the first apply */
	/* Called when another one is in force (daemon/policies). */
	void (*on_replaced)(void *context);
	void *context;
	bool booting; /* before the network is up */
	struct ban_keeper bans;
	struct caught_keeper caught;
	struct name_keeper names;
	struct ban_exempt exempt;
	struct quota_keeper quotas;
	struct tally_keeper tally;
	struct ruleset ruleset;     /* of current, in the kernel */
	struct loop_deferred clear; /* of what the rules before have left */
	struct inheritance
	    *inherited;     /* until the first is in force; or NULL */
	struct leash leash; /* of the proxy of before */
	bool made_way;
	uint32_t last_number;
	int64_t since; /* of current, wall clock */
	bool ipv6;
	int utc_offset_minutes; /* by which current was compiled */
};

/*
 * Looks at kernel and host and opens what every policy needs.  0, or a
 * negative errno with the reasons in the report, which also gets warnings.
 */
int gateway_open(struct gateway *gateway, struct loop *loop, const char *dir,
    uid_t uid, gid_t gid, enum early_mode early, struct report *report);

/*
 * `remove`: rules and routes are taken away; else they stay in force without
 * a proxy, and what would be handed over is dropped.
 */
void gateway_close(struct gateway *gateway, bool remove);

/*
 * Looks after nothing any more but the proxy: the rules stand, for who takes
 * over.  gateway_close follows.
 */
void gateway_make_way(struct gateway *gateway);

/*
 * What the next generation is made of, whose path is not yet said; and to
 * bring one into force, which takes it, or to leave everything as it was.
 * Errors as those of apply_policy.  gateway->ended then has the flows that it
 * has ended.
 */
struct generation_wish gateway_wish(struct gateway *gateway);
int gateway_replace(struct gateway *gateway, struct generation **generation,
    struct text *words);

/* Brings a policy into force whose files are not those of the disk.  Errors and
 * words as those of apply_policy. */
int gateway_bring_kept(struct gateway *gateway, const char *path,
    const struct snapshot *files, struct text *words);

/* The state as OpenMetrics text (console/metrics).  0; -ENOMEM; -EIO: the
 * kernel does not tell. */
int gateway_metrics(struct gateway *gateway, struct text *out);

enum gateway_form {
	GATEWAY_TEXT,
	GATEWAY_COLOUR, /* text for a terminal */
	GATEWAY_JSON,
};

/*
 * What becomes of the flow in `text` (policy/flow_text) now.  0, -EINVAL when
 * it is not understood (`out` says why), or another negative errno.
 */
int gateway_explain(struct gateway *gateway, struct str text,
    enum gateway_form form, struct text *out);

/* After SIGCHLD. */
void gateway_child_ended(struct gateway *gateway);

/*
 * Ends the proxy that has taken none of the last policy, for another one that
 * nobody has been in; false if it was not the proxy.
 */
bool gateway_give_up_child(struct gateway *gateway);

/* For one who is about to end: rules and routes of this namespace, by force. */
int gateway_remove_rules(struct text *reterr_why);

/*
 * Gives up what gatehoused does not need.  What cannot be given up is said,
 * and is in the status.
 */
void gateway_enter_sandbox(struct gateway *gateway);

#endif
