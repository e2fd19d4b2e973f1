/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/html: text in a page, between tags or in a quoted attribute.
 */
#ifndef GATEHOUSE_BASE_HTML_H
#define GATEHOUSE_BASE_HTML_H

#include "base/text.h"

/* Appends it so that none of it is markup. */
void html_add(struct text *out, struct str s);

#endif
