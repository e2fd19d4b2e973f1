/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/each: whom a limit counts by himself, as the end of it says.
 */
#ifndef GATEHOUSE_POLICY_EACH_H
#define GATEHOUSE_POLICY_EACH_H

enum policy_each {
	POLICY_EACH_NONE, /* all together */
	POLICY_EACH_SOURCE,
	POLICY_EACH_USER, /* of rules with `user` only */
};

/* Of canonical form, with a space before it: " per user", or "". */
static inline const char *
policy_each_words(enum policy_each each)
{
	switch (each) {
	case POLICY_EACH_SOURCE:
		return " per source";
	case POLICY_EACH_USER:
		return " per user";
	case POLICY_EACH_NONE:
		break;
	}
	return "";
}

#endif
