/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/missing: what a host lacks for a sandbox, in plain sentences.
 *
 * A namespace is refused with one errno for a dozen causes.  Here the host is
 * asked which of them it is, and the cure is said.
 */
#ifndef GATEHOUSE_EXEC_MISSING_H
#define GATEHOUSE_EXEC_MISSING_H

#include "base/text.h"

/* No namespaces could be made: `error` is what clone(2) gave. */
void missing_namespaces(int error, struct text *out);

/* They could, but nothing may be done in them: of `what`. */
void missing_rights(const char *what, int error, struct text *out);

#endif
