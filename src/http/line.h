/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/line: a field as a line of a head.
 */
#ifndef GATEHOUSE_HTTP_LINE_H
#define GATEHOUSE_HTTP_LINE_H

#include "base/text.h"

/* "name: value" and CRLF; neither is judged. */
void http_line_add(struct text *out, struct str name, struct str value);

#endif
