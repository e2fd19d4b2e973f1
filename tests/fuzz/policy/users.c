/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of files of users on any bytes.  Besides not crashing:
 * - what is said stays small, whatever the file;
 * - whoever is in it is found by his name, has a hash that is taken, and no
 *   name is there twice.
 */
#include "policy/users.h"

#include "base/must.h"
#include "base/text.h"

#include <errno.h>

#define REPORT_BYTES_MAX 16384 /* twenty lines, each with a name */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_users(const struct policy_users *users)
{
	for (size_t i = 0; i < users->count; i++) {
		const struct policy_user *user = &users->items[i];
		must(user->name.len > 0);
		must(user->name.len <= POLICY_USER_NAME_MAX);
		must(user->hash.len <= POLICY_HASH_MAX);
		must(policy_hash_objection(user->hash) == NULL);
		must(policy_users_find(users, user->name) == user);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct policy_users users = { .file = STR("users") };
	struct text said = TEXT_EMPTY;
	struct report report;
	struct arena arena;

	arena_init(&arena, (size_t)1 << 24);
	report_init(&report);
	int rc = policy_users_read(&users, text, &arena, &report);
	must(rc == 0 || rc == -EINVAL || rc == -ENOMEM);
	if (rc == 0)
		check_users(&users);
	report_render(&report, false, &said);
	must(said.len < REPORT_BYTES_MAX);
	text_fini(&said);
	report_fini(&report);
	arena_fini(&arena);
	return 0;
}
