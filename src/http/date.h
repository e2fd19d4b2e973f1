/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/date: HTTP-date (RFC 9110, 5.6.7) to and from seconds since 1970.
 *
 * Three forms are read and one is written.  A reader is strict: a date that is
 * not to the letter one of the three is no date, because what it would mean is
 * decided elsewhere (of Expires: "already stale").
 */
#ifndef GATEHOUSE_HTTP_DATE_H
#define GATEHOUSE_HTTP_DATE_H

#include "base/str.h"

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
 * "Sun Nov  6 08:49:37 1994".  The day of the week must be the right one,
 * letters may not change their case.  Two digits of a year mean the one that
 * is at most 50 years after `now`.  Years 1601 to 9999.  0 or -EINVAL.
 */
int http_date_parse(struct str text, int64_t now, int64_t *ret);

/* The first form and its NUL; times out of range become the nearest. */
#define HTTP_DATE_BYTES 30
void http_date_format(int64_t seconds, char ret[static HTTP_DATE_BYTES]);

#endif
