/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/choice.h"

#include "policy/size.h"

static void
describe_cache(const struct policy *policy, struct text *out)
{
	const struct policy_cache *cache = &policy->cache;

	if (cache->memory_bytes == 0)
		return;
	text_addz(out, "cache memory ");
	size_add(cache->memory_bytes, out);
	if (cache->disk_bytes > 0) {
		text_addf(out, ", disk \"%.*s\" ", STR_ARG(cache->disk));
		size_add(cache->disk_bytes, out);
	}
	text_addz(out, ", object ");
	size_add(cache->object_bytes, out);
	if (cache->cookies)
		text_addz(out, ", cookies");
}

static void
describe_compress(const struct policy *policy, struct text *out)
{
	const struct policy_compression *compression = &policy->compression;

	for (size_t i = 0; i < compression->count; i++) {
		text_addf(out, "%s%s", i == 0 ? "compress " : ", ",
		    policy_coding_row(compression->items[i].coding)->word);
		if (compression->items[i].level > 0)
			text_addf(out, " %u", compression->items[i].level);
	}
}

static void
describe_telling(const struct policy *policy, struct text *out)
{
	const struct policy_telling *telling = &policy->telling;

	if (telling->private)
		text_addz(out, "private");
	else if (telling->client)
		text_addz(out,
		    telling->gateway ? "tell client, gateway" : "tell client");
	else if (!telling->gateway)
		text_addz(out, "tell nothing");
}

static void
describe_users(const struct policy *policy, struct text *out)
{
	const struct policy_users *users = &policy->users;

	if (!policy_users_are_asked(users))
		return;
	if (users->service.at != NULL)
		text_addf(out, "users pam \"%.*s\"", STR_ARG(users->service));
	else
		text_addf(out, "users \"%.*s\"", STR_ARG(users->file));
	if (users->ban.count > 0) {
		text_addc(out, ' ');
		policy_ban_describe(&users->ban, out);
	}
}

void
choice_describe(
    const struct policy *policy, enum policy_choice choice, struct text *out)
{
	static void (*const describe[])(
	    const struct policy *, struct text *) = {
		[POLICY_CHOICE_CACHE] = describe_cache,
		[POLICY_CHOICE_COMPRESS] = describe_compress,
		[POLICY_CHOICE_TELL] = describe_telling,
		[POLICY_CHOICE_USERS] = describe_users,
	};

	describe[choice](policy, out);
}
