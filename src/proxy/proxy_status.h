/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/proxy_status: the field Proxy-Status (RFC 9209): which proxy on the way
 * made an answer, and why.
 *
 * Answers of our own say the type of the error and the words of the page.  An
 * error of a server's that is passed on gets a member that says so, behind
 * those of the proxies before us.  Our name is the one in Via.
 */
#ifndef GATEHOUSE_PROXY_PROXY_STATUS_H
#define GATEHOUSE_PROXY_PROXY_STATUS_H

#include "base/text.h"
#include "proxy/failure.h"

/* The types of error that refusals have. */
#define PROXY_STATUS_DENIED     "http_request_denied"
#define PROXY_STATUS_PROHIBITED "destination_ip_prohibited"
#define PROXY_STATUS_HEAD_BAD   "http_request_error"

/* The type of error of a failure (RFC 9209, 2.3). */
const char *proxy_status_error(enum proxy_failure failure);

/*
 * Appends "NAME; error=TYPE; details=WORDS", where words are cut to what a
 * reader of a log needs and written as RFC 8941, 3.3.3 has it; NULL: none.
 */
void proxy_status_add(
    struct str name, const char *error, const char *words, struct text *out);

/* Appends "NAME; received-status=STATUS". */
void proxy_status_add_passed(
    struct str name, unsigned status, struct text *out);

#endif
