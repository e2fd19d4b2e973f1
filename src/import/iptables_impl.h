/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/iptables_impl: a rule of iptables while it is read.
 */
#ifndef GATEHOUSE_IMPORT_IPTABLES_IMPL_H
#define GATEHOUSE_IMPORT_IPTABLES_IMPL_H

#include "import/iptables.h"
#include "import/words.h"

struct iptables_draft {
	struct import_ruleset *rules;
	struct import_chain *chain;
	struct import_rule rule;
	enum address_family family;
	struct str protocol; /* "tcp", or empty: what ports are of */
	bool protocol_not;
	struct str rate, burst;
	bool limited, per_source, above;
	struct str connections;
	bool connections_above, connections_all;
	struct str time_start, time_stop, weekdays;
	bool timed, local_time;
};

/* One option with its values; `negated` by the `!` before it. */
typedef void iptables_option_fn(
    struct iptables_draft *draft, const struct str *values, bool negated);

struct iptables_option {
	const char *name;
	unsigned values;
	iptables_option_fn *take; /* NULL: it changes nothing here */
};

/* ---- import/iptables_address ---- */

iptables_option_fn iptables_take_src, iptables_take_dst, iptables_take_src_type,
    iptables_take_dst_type, iptables_take_set;

/* NULL if it is not known. */
const struct iptables_option *iptables_match_find(struct str name);
const struct iptables_option *iptables_target_find(struct str name);

/* What rates, connections and hours come to, when all options were read. */
void iptables_amounts_settle(struct iptables_draft *draft);

/* ---- import/iptables_draft ---- */

void iptables_inexact(struct iptables_draft *draft, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
