/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_file: files of addresses or names, as the world publishes them.
 *
 * Addresses: policy/list_netset.  Names, in five formats that are told apart
 * by themselves:
 *
 *	plain     example.com, *.example.com, .example.com
 *	hosts     0.0.0.0 example.com            policy/list_hosts
 *	AdBlock   ||example.com^                 policy/list_adblock
 *	dnsmasq   address=/example.com/0.0.0.0   policy/list_dnsmasq
 *	RPZ       example.com CNAME .            policy/list_rpz
 *
 * A line that has the form of one format is read as that, in any file.  The
 * file's own format is that of the first such line within its first
 * FORMAT_LINES, and settles only what a line does not say itself: in an AdBlock
 * file all other lines are rules for pages and not mistakes, and in an RPZ file
 * a line may go on with the next one.
 *
 * Lines end with LF, CR or both; UTF-8, with or without its mark.  Exceptions
 * take names out of this list and no other (policy/domain_set).
 *
 * Such files hold stray lines.  A line that is not understood is left out and
 * counted, with one warning for the file, however many there are; a file of
 * which nothing is understood is an error.
 */
#ifndef GATEHOUSE_POLICY_LIST_FILE_H
#define GATEHOUSE_POLICY_LIST_FILE_H

#include "policy/policy.h"

/*
 * Reads `text` into the group and freezes its sets; `declared` is the list
 * statement, for what is said of the file as a whole.  0, -EINVAL (reported),
 * or -ENOMEM.
 */
int list_file_read(struct str text, const char *path, bool domains,
    struct place declared, struct report *report, struct policy_group *group);

/* Why a list's file could not be read, in words; rc as of file_read. */
const char *list_file_fault(int rc);

#endif
