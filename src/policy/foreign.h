/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/foreign: words of other firewalls and proxies, and what is written
 * here instead.
 */
#ifndef GATEHOUSE_POLICY_FOREIGN_H
#define GATEHOUSE_POLICY_FOREIGN_H

#include "base/str.h"

enum foreign_place {
	FOREIGN_STATEMENT, /* begins a line */
	FOREIGN_ENDPOINT,  /* stands for an end of a rule */
	FOREIGN_SERVICE,   /* stands behind both ends */
	FOREIGN_DNS,       /* begins a line of `dns` */
	FOREIGN_PLACE_COUNT
};

/*
 * The hint to whoever has written the word there; NULL: it is nobody's that we
 * know of.  Letters of either case are the same.
 */
const char *foreign_hint(enum foreign_place place, struct str word);

#endif
