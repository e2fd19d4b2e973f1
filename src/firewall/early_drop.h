/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_drop: refusals at the driver, beside the ruleset.
 *
 * The ruleset has every verdict and stands without this: early drop only takes
 * load off it, so nothing here can fail an apply.  What is not to be had (a
 * driver without XDP, another's program on the interface, a kernel that does
 * not take ours) is left to the ruleset, said, and shown by `status`.
 *
 * Life cycle: init, then set after each commit of a ruleset, look every now and
 * then (interfaces come, go and change), fini.  What is attached is so by a
 * descriptor of this process: if it dies, nothing of it stays.
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_DROP_H
#define GATEHOUSE_FIREWALL_EARLY_DROP_H

#include "firewall/bans.h"
#include "firewall/early_plan.h"
#include "firewall/early_port.h"

/*
 * In auto mode, from so many ranges and bans on.  A list of which hardly any
 * packet's source is costs every packet a look at the driver for nothing, and
 * short lists are made by hand: what floods comes from the long, published
 * ones.
 */
#define EARLY_DROP_RANGES_MIN 1024

/* As many interfaces of one zone; the program knows as many. */
#define EARLY_DROP_PORTS_MAX 64

/* What a rule has had before the program that counts now. */
struct early_kept {
	size_t rule;
	uint64_t packets, bytes;
};

struct early_program;

struct early_drop {
	enum early_mode mode;
	struct early_program *program; /* NULL: the ruleset is alone */
	char why[EARLY_WHY_BYTES];     /* that is so */
	struct early_kept kept[EARLY_PLAN_ROWS_MAX];
	struct early_kept kept_of_bans; /* of no rule */
	size_t row_count;
	size_t range_count;
	size_t ban_count;
	bool is_short; /* nothing is lacking but ranges or bans */
	struct early_port ports[EARLY_DROP_PORTS_MAX];
	size_t port_count;
};

void early_drop_init(struct early_drop *early, enum early_mode mode);
void early_drop_fini(struct early_drop *early);

/*
 * The ruleset in force is now one of this policy, and this is its plan.
 * `again`: of the policy of the one before, to the letter; the counters go on.
 * What an administrator must hear is appended to *words, a line each.
 */
void early_drop_set(struct early_drop *early, const struct policy *policy,
    const struct early_plan *plan, const struct bans *bans, bool again,
    struct text *words);

/*
 * Follows a change of the bans: that of this range was put into the list or
 * taken from it, and the ruleset knows.  true: it pays now, which it did not
 * before; set it again.
 */
bool early_drop_see_ban(struct early_drop *early, const struct bans *bans,
    const struct address_range *range, struct text *words);

/* Sees to it that it is on the interfaces as they are now. */
void early_drop_look(struct early_drop *early, struct text *words);

/* What a rule of the policy has refused early. */
void early_drop_counted(const struct early_drop *early, size_t rule,
    uint64_t *ret_packets, uint64_t *ret_bytes);

/* The packets that were refused early because of a ban. */
uint64_t early_drop_banned(const struct early_drop *early);

/*
 * {"mode", "active", "why", "ranges", "bans", "packets", "interfaces": [...]}
 * (firewall/early_port); "packets" with those of bans.
 */
void early_drop_json(const struct early_drop *early, struct json *json);

#endif
