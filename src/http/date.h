/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/date: HTTP-date (RFC 9110, 5.6.7) to and from seconds since 1970.
 *
 * Three forms are read and one is written.  Places and digits are strict: what
 * is not one of the three is no date, and what that means is decided elsewhere
 * (of Expires: "already stale").  Letters may have any case (RFC 9111, 4.2),
 * and a day of the week need not be the right one: it says nothing that the
 * date does not, and senders that compute it wrongly mean the date.
 */
#ifndef GATEHOUSE_HTTP_DATE_H
#define GATEHOUSE_HTTP_DATE_H

#include "base/str.h"

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
 * "Sun Nov  6 08:49:37 1994".  Two digits of a year mean the last such year
 * that is at most 50 after `now`.  Years 1601 to 9999; second 60 counts as 59.
 * 0 or -EINVAL.
 */
int http_date_parse(struct str text, int64_t now, int64_t *ret);

/* The first form and its NUL; times out of range become the nearest. */
#define HTTP_DATE_BYTES 30
void http_date_format(int64_t seconds, char ret[static HTTP_DATE_BYTES]);

#endif
