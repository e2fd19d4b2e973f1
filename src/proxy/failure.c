/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/failure.h"

#include "proxy/dial.h"
#include "proxy/limits.h"

#include <errno.h>

static const struct {
	unsigned status;
	const char *words;
} failures[] = {
#define ROW(id, status, words) { status, words },
	PROXY_FAILURES(ROW)
#undef ROW
};

unsigned
proxy_failure_status(enum proxy_failure failure)
{
	return failures[failure].status;
}

const char *
proxy_failure_words(enum proxy_failure failure)
{
	return failures[failure].words;
}

bool
proxy_failure_is_server(enum proxy_failure failure)
{
	unsigned status = proxy_failure_status(failure);

	if (failure == PROXY_FAILURE_CERTIFICATE)
		return false;
	return status == 502 || status == 504 ||
	       failure == PROXY_FAILURE_PARENT_DOWN;
}

unsigned
proxy_failure_retry_after(enum proxy_failure failure)
{
	if (failure == PROXY_FAILURE_USER_THROTTLED)
		return PROXY_RETRY_USER_S;
	return failure == PROXY_FAILURE_SERVER_FULL ||
		       failure == PROXY_FAILURE_USER_BUSY ||
		       failure == PROXY_FAILURE_USER_UNKNOWN
		   ? PROXY_RETRY_AFTER_S
		   : 0;
}

enum proxy_failure
proxy_failure_of_dial(int error)
{
	switch (-error) {
	case ECONNREFUSED:
		return PROXY_FAILURE_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
		return PROXY_FAILURE_UNREACHABLE;
	case ETIMEDOUT:
		return PROXY_FAILURE_DIAL_TIMEOUT;
	case -DIAL_NO_SOURCE:
		return PROXY_FAILURE_NO_SOURCE;
	case ENOMEM:
	case ENOBUFS:
	case EMFILE:
	case ENFILE:
		return PROXY_FAILURE_NO_MEMORY;
	default:
		return PROXY_FAILURE_DIAL_FAILED;
	}
}
