/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/transaction.h"

#include <errno.h>
#include <stdlib.h>

#include "firewall/kernel_set.h"
#include "firewall/limits.h"
#include "firewall/names.h"
#include "firewall/nft.h"
#include "firewall/scope.h"
#include "firewall/split.h"
#include "firewall/standing.h"

/* Two are enough for us; the others are for leftovers of many crashes. */
#define SUFFIXES_MAX 1000

static int
check_scope(struct str ruleset, struct text *why)
{
	if (scope_is_ours(ruleset))
		return 0;
	text_addz(
	    why, "the ruleset is not of the table " FIREWALL_TABLE " alone");
	return -EINVAL;
}

int
transaction_exists(void)
{
	struct standing standing;
	int rc = standing_read(&standing, 0);

	if (rc == 0)
		rc = standing.has_table;
	standing_fini(&standing);
	return rc;
}

bool
transaction_translates(void)
{
	struct standing standing;
	int rc = standing_read(&standing, STANDING_CHAINS_ONLY);
	bool does = rc < 0 || standing_find(&standing, STANDING_CHAIN,
				  FIREWALL_POSTROUTING) != NULL;

	standing_fini(&standing);
	return does;
}

/*
 * Which ruleset stands?  The kernel numbers chains as they are made, and a
 * transaction makes all of them anew.  0 and the mark, or a negative errno.
 */
static int
find_mark(uint64_t *ret_mark)
{
	struct standing standing;
	int rc = standing_read(&standing, STANDING_CHAINS_ONLY);

	*ret_mark = rc == 0 ? standing_mark(&standing) : 0;
	standing_fini(&standing);
	return rc;
}

uint64_t
transaction_mark(void)
{
	uint64_t mark;

	return find_mark(&mark) == 0 ? mark : 0;
}

/*
 * The child did not live to tell.  It is gone, so what stands now stays: the
 * same chains as before, or what the transaction was to bring about.
 */
static int
ask_what_happened(uint64_t mark_before, struct text *why)
{
	uint64_t mark;
	int rc = find_mark(&mark);

	if (rc < 0) {
		text_addf(why,
		    " The kernel could not be asked for its table: %s.",
		    strerror(-rc));
		return -EIO;
	}
	if (mark != mark_before)
		return 0;
	text_addz(why, " Nothing was changed.");
	return -ETIMEDOUT;
}

static int
run_and_verify(const struct nft_job *job, uint64_t mark, struct text *why)
{
	switch (nft_run(job, why)) {
	case NFT_DONE:
		return 0;
	case NFT_REFUSED:
		return -EINVAL;
	case NFT_NOT_RUN:
		return -EAGAIN;
	case NFT_UNKNOWN:
		break;
	}
	if (job->mode == NFT_DRY_RUN)
		return -ETIMEDOUT;
	return ask_what_happened(mark, why);
}

static int
read_standing(struct standing *standing, struct text *reterr_why)
{
	int rc = standing_read(standing, STANDING_ALL);

	if (rc == 0)
		return 0;
	text_addf(reterr_why, "the kernel could not be asked for its table: %s",
	    strerror(-rc));
	return -EAGAIN;
}

static int
say_no_memory(struct text *why)
{
	text_addz(why, "there is no memory for the transaction");
	return -EAGAIN;
}

/*
 * The replacement, in three steps.
 */

struct replacement {
	const struct standing *before; /* what stood */
	const struct transaction_kept *kept;
	struct split split;
};

static bool
is_kept(const struct transaction_kept *kept, const char *name)
{
	return kept != NULL && kept->is_kept(kept->context, name);
}

static bool
is_apart(const void *context, const char *name)
{
	return is_kept(context, name);
}

static bool
is_taken(const struct standing *standing, const struct split *split)
{
	for (size_t i = 0; i < standing->all.count; i++)
		if (split_has(split, standing->all.items[i].name))
			return true;
	return false;
}

static int
choose_suffix(struct replacement *replacement, struct text *why)
{
	for (unsigned n = 1; n <= SUFFIXES_MAX; n++) {
		split_choose(&replacement->split, n);
		if (!is_taken(replacement->before, &replacement->split))
			return 0;
	}
	text_addz(why, "the table is full of what earlier ones have left");
	return -EAGAIN;
}

static int
prepare(struct replacement *replacement, struct str ruleset, struct text *why)
{
	int rc = split_init(
	    &replacement->split, ruleset, is_apart, replacement->kept);

	if (rc == 0)
		rc = choose_suffix(replacement, why);
	if (rc == 0)
		rc = split_write(&replacement->split);
	return rc == -ENOMEM ? say_no_memory(why) : rc;
}

/* All of it is there, or nothing. */
static int
ask_for_parts(const struct split *split, struct text *why)
{
	struct standing standing;
	int rc = read_standing(&standing, why);

	if (rc == 0 && !is_taken(&standing, split)) {
		text_addz(why, " Nothing was changed.");
		rc = -ETIMEDOUT;
	}
	standing_fini(&standing);
	return rc;
}

/* No packet can reach what is made here, so nothing of it can leak. */
static int
make_parts(const struct replacement *replacement, struct text *why)
{
	struct nft_job job = {
		.body = text_str(&replacement->split.parts),
		.mode = NFT_APPLY,
		.seconds_max = FIREWALL_TRANSACTION_SECONDS_MAX,
	};

	if (!replacement->split.has_parts)
		return 0;
	switch (nft_run(&job, why)) {
	case NFT_DONE:
		return 0;
	case NFT_REFUSED:
		return -EINVAL;
	case NFT_NOT_RUN:
		return -EAGAIN;
	case NFT_UNKNOWN:
		break;
	}
	return ask_for_parts(&replacement->split, why);
}

static int
change_over(const struct replacement *replacement, struct text *why)
{
	const struct standing *before = replacement->before;
	struct text away = TEXT_EMPTY;
	struct nft_job job = {
		.body = text_str(&replacement->split.bases),
		.mode = NFT_APPLY,
		.seconds_max = FIREWALL_TRANSACTION_SECONDS_MAX,
	};

	standing_base_removal(before, &away);
	job.head = text_str(&away);
	int rc = away.full ? say_no_memory(why)
			   : run_and_verify(&job, standing_mark(before), why);
	text_fini(&away);
	return rc;
}

static bool
is_old(const void *context, const struct standing_item *item)
{
	return !item->is_base &&
	       !(item->kind == STANDING_SET && is_kept(context, item->name));
}

static bool
is_new(const void *context, const struct standing_item *item)
{
	return !item->is_base && split_has(context, item->name);
}

/*
 * No packet is in the old rules any more: the kernel let the child that took
 * the base chains away end only when each that was had left them (a netlink
 * socket that is closed waits for it, some 10 ms).  What cannot be taken away
 * harms nobody, and the next replacement tries again.
 */
static struct batch *
leave_old(const struct replacement *replacement)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return NULL;
	batch_begin(batch);
	standing_remove(replacement->before, is_old, replacement->kept, batch);
	return batch;
}

void
transaction_forget(struct batch **leftovers)
{
	struct batch *batch = *leftovers;

	*leftovers = NULL;
	if (batch != NULL)
		batch_fini(batch);
	free(batch);
}

void
transaction_clear(struct batch **leftovers)
{
	struct text words = TEXT_EMPTY;

	if (*leftovers != NULL)
		(void)batch_commit(*leftovers, &words);
	text_fini(&words);
	transaction_forget(leftovers);
}

static void
clear_new(const struct replacement *replacement)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;
	struct standing standing;
	int rc = standing_read(&standing, STANDING_ALL);

	batch_begin(&batch);
	if (rc == 0 && standing.has_table && !replacement->before->has_table)
		kernel_table_delete(&batch);
	else if (rc == 0)
		standing_remove(&standing, is_new, &replacement->split, &batch);
	(void)batch_commit(&batch, &words);
	standing_fini(&standing);
	batch_fini(&batch);
	text_fini(&words);
}

/* Where nothing is known (-EIO), nothing is safe to take away. */
static int
replace(struct replacement *replacement, struct str ruleset,
    struct batch **ret_leftovers, struct text *why)
{
	int rc = prepare(replacement, ruleset, why);

	if (rc < 0)
		return rc;
	rc = make_parts(replacement, why);
	if (rc == 0)
		rc = change_over(replacement, why);
	if (rc == 0)
		*ret_leftovers = leave_old(replacement);
	else if (rc != -EIO)
		clear_new(replacement);
	return rc;
}

/* The words of a child that died after its commit are of no interest. */
int
transaction_commit_beside(struct str ruleset,
    const struct transaction_kept *kept, struct batch **ret_leftovers,
    struct text *reterr_why)
{
	struct text why = TEXT_EMPTY;
	struct standing standing;
	int rc = check_scope(ruleset, reterr_why);

	*ret_leftovers = NULL;
	if (rc < 0)
		return rc;
	rc = read_standing(&standing, &why);
	struct replacement replacement = { .before = &standing, .kept = kept };
	if (rc == 0)
		rc = replace(&replacement, ruleset, ret_leftovers, &why);
	if (rc < 0)
		text_add(reterr_why, text_str(&why));
	split_fini(&replacement.split);
	standing_fini(&standing);
	text_fini(&why);
	return rc;
}

int
transaction_commit(struct str ruleset, struct text *reterr_why)
{
	struct batch *leftovers;
	int rc =
	    transaction_commit_beside(ruleset, NULL, &leftovers, reterr_why);

	transaction_clear(&leftovers);
	return rc;
}

/* As one transaction: nothing is to be made first. */
static int
check_beside(
    const struct standing *standing, struct str ruleset, struct text *why)
{
	struct text away = TEXT_EMPTY;

	standing_removal(standing, NULL, NULL, &away);
	struct nft_job job = {
		.head = text_str(&away),
		.body = ruleset,
		.mode = NFT_DRY_RUN,
		.seconds_max = FIREWALL_TRANSACTION_SECONDS_MAX,
	};
	int rc = away.full ? say_no_memory(why)
			   : run_and_verify(&job, standing_mark(standing), why);
	text_fini(&away);
	return rc;
}

int
transaction_check(struct str ruleset, struct text *reterr_why)
{
	struct standing standing;
	int rc = check_scope(ruleset, reterr_why);

	if (rc < 0)
		return rc;
	rc = read_standing(&standing, reterr_why);
	if (rc == 0)
		rc = check_beside(&standing, ruleset, reterr_why);
	standing_fini(&standing);
	return rc;
}

/* The table is let go of by one message, whatever stands in it. */
int
transaction_remove(struct text *reterr_why)
{
	struct batch batch = BATCH_EMPTY;
	int rc = transaction_exists();

	if (rc > 0) {
		batch_begin(&batch);
		kernel_table_delete(&batch);
		rc = batch_commit(&batch, reterr_why);
		batch_fini(&batch);
	}
	if (rc >= 0 || rc == -ENOENT)
		return 0;
	text_addf(reterr_why, "%sthe table could not be taken away: %s",
	    reterr_why->len > 0 ? ": " : "", strerror(-rc));
	return rc;
}
