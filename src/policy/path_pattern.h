/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/path_pattern: whether paths are like that.
 *
 * A rule's paths are compared with the normal form of a request's (http/path),
 * of which some spellings are none: a pattern that has one would never match,
 * and a `reject` of it would refuse nothing.  Of what may be written in two
 * ways, as '@' and %40, the encoded one would match only who writes it so.
 */
#ifndef GATEHOUSE_POLICY_PATH_PATTERN_H
#define GATEHOUSE_POLICY_PATH_PATTERN_H

#include "base/text.h"

/*
 * NULL: a path may be like that.  Else why none is, for a report; `better` gets
 * what was probably meant, or stays empty.
 */
const char *path_pattern_fault(struct str pattern, struct text *better);

#endif
