/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/media_type: what a message says that its content is (RFC 9110, 8.3).
 *
 * It should be one word.  Of several, in one line or in more, browsers take the
 * last and others the first; and content in parts (multipart/byteranges) says
 * of each part what it is, behind the head.  Then there is no type that all
 * would see.
 */
#ifndef GATEHOUSE_HTTP_MEDIA_TYPE_H
#define GATEHOUSE_HTTP_MEDIA_TYPE_H

#include "http/fields.h"

/*
 * Without parameters and in lower case, in the arena; at == NULL: it says none.
 * 0; -EBADMSG: not all would see the same; -ENOMEM.
 */
int http_media_type_of(
    const struct http_fields *fields, struct arena *arena, struct str *ret);

#endif
