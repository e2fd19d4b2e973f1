/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/json_member: one member of an event's line, found by its name.
 *
 * Reads what console/journal_line writes, and takes anything else for a line
 * without that member.
 */
#ifndef GATEHOUSE_CONSOLE_JSON_MEMBER_H
#define GATEHOUSE_CONSOLE_JSON_MEMBER_H

#include "base/str.h"

/*
 * The member with this path ("verdict", "rule.name"): its text, of a string
 * without its quotes and as it is escaped.  False: there is none.
 */
bool json_member_find(struct str object, struct str path, struct str *ret);

#endif
