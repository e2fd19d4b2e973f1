/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/name_keeper.h"

#include "base/vec.h"
#include "daemon/channel.h"
#include "daemon/generation.h"
#include "daemon/notice.h"
#include "daemon/runtime.h"
#include "policy/learning.h"

#include <errno.h>
#include <stdlib.h>

/* ---- what the proxy says ---- */

static void
complain(struct name_keeper *keeper, const char *words)
{
	int64_t now = clock_now();

	if (keeper->complained != 0 &&
	    now - keeper->complained < NAME_KEEPER_TOLD)
		return;
	keeper->complained = now;
	notice_say("%s", words);
}

static void
answer(int proxy, uint32_t number, int rc)
{
	const struct channel_message message = { .type = CHANNEL_LEARNED,
		.source = { .number = number, .error = rc } };

	/* Who does not read gives up by himself. */
	if (number != 0 && proxy >= 0)
		(void)channel_send(proxy, &message, -1);
}

/* The policy in force, of whose zones it is one; false: we do not answer it. */
static bool
read_answer(const struct name_keeper *keeper, const struct channel_learn *learn,
    struct learned_answer *ret)
{
	if (*keeper->current == NULL)
		return false;
	const struct policy *policy = (*keeper->current)->policy;
	int64_t time = (int64_t)learn->seconds * CLOCK_SECOND;
	*ret = (struct learned_answer){
		.name = str_of(learn->name),
		.addresses = learn->addresses,
		.count = learn->count,
		.ends = clock_now() + time + policy->grace,
	};
	return policy_zone_find(policy, str_of(learn->zone), &ret->zone) &&
	       policy_learns(policy, ret->zone);
}

void
name_keeper_hear(
    struct name_keeper *keeper, const struct channel_learn *learn, int proxy)
{
	struct learned_answer heard;

	if (!read_answer(keeper, learn, &heard)) {
		keeper->refused++;
		answer(proxy, learn->number, -EPERM);
		return;
	}
	if (keeper->heard_count == 0)
		learned_change_begin(&keeper->change, keeper->sets,
		    (*keeper->current)->policy, &keeper->names);
	if (learned_change_put(&keeper->change, &heard))
		name_file_note(&keeper->file, str_of(learn->zone), &heard);
	keeper->heard[keeper->heard_count++] = learn->number;
	if (keeper->heard_count == NAME_KEEPER_HEARD_MAX)
		name_keeper_settle(keeper, proxy);
}

void
name_keeper_settle(struct name_keeper *keeper, int proxy)
{
	struct text why = TEXT_EMPTY;
	size_t count = keeper->heard_count;

	if (count == 0)
		return;
	int rc = learned_change_commit(&keeper->change, &why);
	keeper->heard_count = 0;
	*(rc == 0 ? &keeper->answers : &keeper->refused) += count;
	for (size_t i = 0; i < count; i++)
		answer(proxy, keeper->heard[i], rc);
	if (rc < 0)
		complain(keeper, why.at != NULL ? why.at : strerror(-rc));
	text_fini(&why);
	/* Behind the answers, which somebody waits for. */
	rc = name_file_write(&keeper->file, &keeper->names);
	if (rc < 0)
		complain(keeper, "names that are learned could not be written "
				 "down; a restart will not know them");
}

/* ---- what is known ---- */

static int
collect(struct name_keeper *keeper, const struct learned_address *address)
{
	int64_t now = clock_now();
	int rc = 0;

	keeper->found.count = 0;
	for (size_t i = 0; rc == 0 && i < address->names.count; i++)
		if (address->names.items[i].ends > now)
			rc = VEC_ADD(
			    &keeper->found, address->names.items[i].name);
	return rc;
}

void
name_keeper_give(struct name_keeper *keeper, struct flow *flow)
{
	const struct policy *policy = (*keeper->current)->policy;

	if (!flow->learns || flow->known[POLICY_FACT_NAME] == FLOW_KNOWN)
		return;
	const struct learned_address *address =
	    learned_names_find(&keeper->names,
		policy_zone_name(policy, flow->from_zone), flow->destination);
	if (address == NULL || collect(keeper, address) < 0 ||
	    keeper->found.count == 0)
		return;
	flow->known[POLICY_FACT_NAME] = FLOW_KNOWN;
	flow->name = keeper->found.items[0];
	flow->also = keeper->found.items + 1;
	flow->also_count = keeper->found.count - 1;
}

struct str
name_keeper_name(
    const struct name_keeper *keeper, struct str zone, struct address address)
{
	const struct learned_address *one =
	    learned_names_find(&keeper->names, zone, address);

	return one != NULL ? learned_address_name(one)
			   : (struct str){ NULL, 0 };
}

/* ---- life ---- */

void
name_keeper_open(struct name_keeper *keeper, const char *dir)
{
	char path[RUNTIME_PATH_BYTES];
	struct text words = TEXT_EMPTY;

	runtime_path(dir, RUNTIME_NAMES, path);
	(void)name_file_open(
	    &keeper->file, path, &keeper->names, clock_wall(), &words);
	notice_say_lines(&words);
}

void
name_keeper_close(struct name_keeper *keeper)
{
	name_keeper_settle(keeper, -1);
	name_file_close(&keeper->file);
	learned_names_fini(&keeper->names);
	free(keeper->found.items);
	keeper->found.items = NULL;
	keeper->found.count = keeper->found.room = 0;
}
