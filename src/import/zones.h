/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/zones: which zones there are, of interfaces that rules name.
 *
 * A zone of a policy is an interface and what lives behind it; a foreign
 * ruleset says only the first.  What lives there is taken from the output of
 * `ip addr` and `ip route`, and else from rules: sources that are accepted by
 * an interface, destinations behind one, what is masqueraded.  One zone needs
 * none: the one that is masqueraded to, or has the default route.  An
 * interface of which nothing is known belongs to that zone, and what tells the
 * two apart is not exact.
 */
#ifndef GATEHOUSE_IMPORT_ZONES_H
#define GATEHOUSE_IMPORT_ZONES_H

#include "import/ruleset.h"

/* What `ip addr`, `ip -o addr` or `ip route` say. */
void import_addresses_read(struct import_ruleset *rules, struct str text);

/* This lives behind that interface, unless the host told what does. */
void import_zones_learn(
    struct import_ruleset *rules, size_t index, struct span_set set);

/* Makes the zones, and says what rules match by zones. */
void import_zones_settle(struct import_ruleset *rules);

/* All zones. */
uint64_t import_zones_mask(const struct import_ruleset *rules);

/* What lives in any of these zones. */
struct span_set import_zones_space(
    const struct import_ruleset *rules, uint64_t mask);

/* The `zone` statements. */
void import_zones_print(const struct import_ruleset *rules, struct text *out);

#endif
