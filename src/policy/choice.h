/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/choice: how the proxy works, in the words of the language.
 *
 * The lines of `proxy { ... }` besides those that say where flows come from.
 * Two policies choose the same if their words are the same.
 */
#ifndef GATEHOUSE_POLICY_CHOICE_H
#define GATEHOUSE_POLICY_CHOICE_H

#include "policy/policy.h"

enum policy_choice {
	POLICY_CHOICE_CACHE,
	POLICY_CHOICE_COMPRESS,
	POLICY_CHOICE_TELL, /* or `private` */
	POLICY_CHOICE_USERS,
	POLICY_CHOICE_COUNT
};

/* "cache memory 1G, object 128M"; nothing for what goes without saying. */
void choice_describe(
    const struct policy *policy, enum policy_choice choice, struct text *out);

#endif
