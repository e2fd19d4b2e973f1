/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/certificates: whether those of a policy's listeners, and its CA, are
 * good.
 *
 * Said here and by the proxy, which have OpenSSL; gatehoused, which does not,
 * has the proxy say it before it takes a policy.
 */
#ifndef GATEHOUSE_CLI_CERTIFICATES_H
#define GATEHOUSE_CLI_CERTIFICATES_H

#include "base/report.h"

struct policy;

/* Reports, at its place, what cannot be used (an error), and what clients will
 * not take now, or soon (a warning). */
void certificates_check(const struct policy *policy, struct report *report);

#endif
