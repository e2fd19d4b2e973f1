/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/choice.h"

#include <errno.h>

#include "http/privacy.h"

static const enum http_coding codings[] = {
	[POLICY_CODING_BR] = HTTP_CODING_BR,
	[POLICY_CODING_ZSTD] = HTTP_CODING_ZSTD,
	[POLICY_CODING_GZIP] = HTTP_CODING_GZIP,
};

_Static_assert(sizeof(codings) / sizeof(codings[0]) == POLICY_CODING_COUNT,
    "each coding of a policy is made");
_Static_assert((size_t)POLICY_CODING_COUNT < (size_t)HTTP_CODING_COUNT,
    "there is room for each");

size_t
choice_codings(
    const struct policy *policy, enum http_coding ret[static HTTP_CODING_COUNT])
{
	const struct policy_compression *from = &policy->compression;

	for (size_t i = 0; i < from->count; i++)
		ret[i] = codings[from->items[i].coding];
	return from->count;
}

/* 0: none. */
static int
level_said(const struct policy *policy, enum http_coding coding)
{
	const struct policy_compression *from = &policy->compression;

	for (size_t i = 0; i < from->count; i++)
		if (codings[from->items[i].coding] == coding)
			return from->items[i].level;
	return 0;
}

int
choice_level(const struct policy *policy, enum http_coding coding)
{
	int said = level_said(policy, coding);

	return said > 0 ? said : http_coding_row(coding)->level_swift;
}

bool
choice_level_is_ours(const struct policy *policy, enum http_coding coding)
{
	return level_said(policy, coding) == 0;
}

int
choice_tell(const struct policy *policy, struct address client, struct str via,
    struct arena *arena, struct http_request *request,
    struct http_request_options *options)
{
	const struct policy_telling *telling = &policy->telling;
	char text[ADDRESS_TEXT_BYTES];

	options->via = telling->gateway ? via : STR("");
	options->forwarded_for = STR("");
	if (telling->private)
		return http_privacy_apply(request, arena);
	if (!telling->client)
		return 0;
	options->forwarded_for =
	    arena_str(arena, str_of(address_format(client, text)));
	return options->forwarded_for.at != NULL ? 0 : -ENOMEM;
}
