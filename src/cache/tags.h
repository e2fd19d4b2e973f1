/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/tags: by which words of a response it can be purged.
 *
 * Servers give them in Surrogate-Key, with blanks between them, and in
 * Cache-Tag, with commas.  A word has no blank in it.
 */
#ifndef GATEHOUSE_CACHE_TAGS_H
#define GATEHOUSE_CACHE_TAGS_H

#include "base/text.h"
#include "http/fields.h"

/* Appends them with one blank between two; out->full tells. */
void cache_tags_add(const struct http_fields *fields, struct text *out);

#endif
