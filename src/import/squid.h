/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid: squid.conf.
 *
 * `http_access` is an ordered list like ours: each line is all of its `acl`s
 * together, each acl any of its values.  What squid allows are requests, so a
 * rule that allows names its methods: no packet past the proxy has one.
 */
#ifndef GATEHOUSE_IMPORT_SQUID_H
#define GATEHOUSE_IMPORT_SQUID_H

#include "import/ruleset.h"

/*
 * Writes the policy of the file; `rules` has what was told of addresses, and
 * takes the lines.  Files that it names (`include`, an acl's values) are read
 * beside `file`; with NULL they are not.  0 or -ENOMEM.
 */
int import_squid(struct import_ruleset *rules, const char *file,
    struct str text, struct text *out);

#endif
