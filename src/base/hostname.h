/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/hostname: what may be called the name of a host.
 *
 * Letters, digits, hyphens and underscores in labels of 1 to 63, joined by
 * dots, 253 bytes in all (RFC 1035, 2.3.4), without the final dot.  A last
 * label of digits is refused: it is an address, or a trick to look like one.
 * Names from a peer (TLS hello, Host, CONNECT) and names put to the DNS pass
 * through here, so that a name that is compared has one spelling.
 */
#ifndef GATEHOUSE_BASE_HOSTNAME_H
#define GATEHOUSE_BASE_HOSTNAME_H

#include "base/str.h"

#define HOSTNAME_MAX       253
#define HOSTNAME_LABEL_MAX 63

/*
 * Writes the name in lower case, and a NUL, into ret; *ret_name is it.  0, or
 * -EINVAL with ret in no promised state.
 */
int hostname_parse(
    struct str text, char ret[static HOSTNAME_MAX + 1], struct str *ret_name);

#endif
