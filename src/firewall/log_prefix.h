/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/log_prefix: what a rule writes beside a packet that it logs.
 *
 * The kernel hands a prefix of up to 127 bytes to the packet log together with
 * the packet.  Ours is a record: the compiler writes it into the ruleset, the
 * packet log reads it back, and nothing has to be looked up in between, so a
 * packet that was logged under yesterday's policy still tells the truth.
 *
 *	drop 34 lan wan - ads
 *	reject 0 guest wan proxy
 *
 * Verdict, line of the rule (0: none), zone from and to ("-": none), word of
 * the reason ("-": none), and the rule's name if it has one; single blanks
 * between them, the name may hold blanks of its own.  The record is of the
 * longest parts and still fits; see the arithmetic in log_prefix.c.
 *
 * Pure: no memory of its own, no system call.
 */
#ifndef GATEHOUSE_FIREWALL_LOG_PREFIX_H
#define GATEHOUSE_FIREWALL_LOG_PREFIX_H

#include "firewall/limits.h"

#include "base/text.h"
#include "policy/limits.h"
#include "policy/words.h"

struct log_prefix {
	enum policy_verdict verdict; /* allow, reject or drop */
	enum policy_reason reason;
	uint32_t rule_line;   /* 0: no rule of the user's file */
	struct str zone_from; /* at == NULL: none */
	struct str zone_to;
	struct str rule_name; /* at == NULL: none */

	/* Where rule_name points after a parse: do not copy the struct. */
	char name[POLICY_RULE_NAME_MAX];
};

/*
 * Appends the record, fit to stand between double quotes in a ruleset.  0;
 * -EINVAL for names that no policy has (empty, too long, with control bytes,
 * zones with blanks or called "-"); -EMSGSIZE above the kernel's limit, which
 * takes names of full length and a line number over 999999.  Nothing was
 * appended then.
 */
int log_prefix_write(const struct log_prefix *prefix, struct text *out);

/*
 * Reads a record back.  The zones are lent from `text`.  0, or -EBADMSG for
 * what log_prefix_write never writes: other programs may log to our group.
 */
int log_prefix_parse(struct str text, struct log_prefix *ret);

#endif
