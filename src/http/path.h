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

/* More than any honest path has. */
#define HTTP_PATH_READINGS_MAX 16

/*
 * All the ways in which servers read it, each once, of which the first is the
 * one above.  They do not agree on "%2F", "%5C", '\', "//" and ';', nor on the
 * order in which they look at them; and many decode all that can be.  Which one
 * stands behind is not known: what is allowed must be so in each of them.  They
 * lie in the arena.  How many; -E2BIG, with the first one; -ENOMEM.
 */
int http_path_readings(struct str path, struct arena *arena,
    struct str ret[static HTTP_PATH_READINGS_MAX]);

#endif
