/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/domain_name: a name as a policy or a list writes it.
 *
 * `example.com` is that name, `*.example.com` the names under it, and
 * `.example.com` both.  A name beyond ASCII is turned into its A-label
 * (IDNA2008 with the mapping of UTS #46, non-transitional): the DNS and every
 * protocol that carries a name speak of that one.
 */
#ifndef GATEHOUSE_POLICY_DOMAIN_NAME_H
#define GATEHOUSE_POLICY_DOMAIN_NAME_H

#include "base/str.h"

enum domain_cover {
	DOMAIN_ITSELF = 1, /* example.com */
	DOMAIN_UNDER = 2,  /* *.example.com */
	DOMAIN_BOTH = 3,   /* .example.com */
};

#define DOMAIN_NAME_MAX   253
#define DOMAIN_LABELS_MAX 127 /* of one letter each */

/*
 * Reads a name (with or without a leading `.` or `*.`, or a final `.`), checks
 * it (letters, digits, hyphen, underscore; labels of 1 to 63, at most 253 in
 * all; not an address) and writes it in lower case into `ret`.  0, or -EINVAL
 * with *reterr_why.
 */
int domain_name_parse(struct str text, char ret[static DOMAIN_NAME_MAX + 1],
    struct str *ret_name, enum domain_cover *ret_cover,
    const char **reterr_why);

#endif
