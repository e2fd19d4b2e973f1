/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/path: a path as rules compare it (RFC 3986, 6.2.2).
 *
 * /%61dmin, /x/../admin and /admin are one resource to a server, so a rule
 * about /admin must see them as one too.  The path that is sent on stays as
 * the client wrote it; only the comparison uses this form.
 */
#ifndef GATEHOUSE_HTTP_PATH_H
#define GATEHOUSE_HTTP_PATH_H

#include "base/arena.h"

/*
 * Percent-encodings of unreserved characters are decoded, the others get
 * capital digits, a '%' without two hex digits becomes "%25", and dot segments
 * are removed.  `path` begins with "/" and has no query; the result begins
 * with "/" too and is `path` itself if it was normal.  Normal forms stay as
 * they are.  0 or -ENOMEM.
 */
int http_path_normal(struct str path, struct arena *arena, struct str *ret);

/*
 * The same as the laxest servers read it: "%2F", "%5C" and '\' are '/', several
 * are one, and a segment ends at its ';', all before dot segments are removed.
 * Others read it as above, so what is allowed must be allowed in both forms.
 */
int http_path_lax(struct str path, struct arena *arena, struct str *ret);

#endif
