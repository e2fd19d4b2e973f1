/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/media_type.h"

#include <errno.h>

/* "type/subtype", as it stands before its parameters. */
static struct str
essence_of(struct str member)
{
	member.len = str_find(member, ';');
	return str_trim(member);
}

/* What a browser passes over when it looks for the last one: words that are no
 * type, such as what stands behind a comma in a parameter. */
static bool
is_type(struct str essence)
{
	return str_find(essence, '/') < essence.len && !str_is(essence, "*/*");
}

static int
see(struct str essence, struct str *seen)
{
	if (seen->at != NULL && is_type(*seen) && is_type(essence) &&
	    !str_eq_nocase(*seen, essence))
		return -EBADMSG;
	if (seen->at == NULL || !is_type(*seen))
		*seen = essence;
	return 0;
}

int
http_media_type_of(
    const struct http_fields *fields, struct arena *arena, struct str *ret)
{
	struct http_members members =
	    HTTP_MEMBERS(fields, HTTP_NAME_CONTENT_TYPE);
	struct str seen = { NULL, 0 }, member;
	int rc = 0;

	while (rc == 0 && http_members_next(&members, &member))
		rc = see(essence_of(member), &seen);
	if (rc == 0 && str_eq_nocase(seen, STR("multipart/byteranges")))
		rc = -EBADMSG;
	if (rc < 0)
		return rc;
	*ret = seen.at != NULL ? arena_lower(arena, seen) : seen;
	return seen.at != NULL && ret->at == NULL ? -ENOMEM : 0;
}
