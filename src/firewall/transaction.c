/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/transaction.h"

#include <errno.h>

#include "firewall/kernel_set.h"
#include "firewall/limits.h"
#include "firewall/names.h"
#include "firewall/nft.h"
#include "firewall/standing.h"

/*
 * Is the text ours alone?  The compiler writes nothing else; this stands
 * between a slip there, such as a quote in a name, and somebody else's table.
 */

struct scan {
	struct str rest;
	size_t depth;        /* of braces */
	struct text outside; /* what stands before a block, blanks as one */
	bool has_block;
};

/* The rest behind the next `mark`, or nothing. */
static void
skip_past(struct scan *scan, char mark)
{
	scan->rest = str_skip(scan->rest, str_find(scan->rest, mark) + 1);
}

static bool
opens_our_table(const struct text *outside)
{
	return str_eq(
	    str_trim(text_str(outside)), STR("table " FIREWALL_TABLE));
}

static bool
scan_brace(struct scan *scan, char c)
{
	if (c == '}')
		return scan->depth-- > 0;
	if (scan->depth++ > 0)
		return true;
	bool ours = opens_our_table(&scan->outside);
	text_clear(&scan->outside);
	scan->has_block = true;
	return ours;
}

static void
keep_outside(struct scan *scan, char c)
{
	bool blank = c == ' ' || c == '\t' || c == '\n';
	size_t len = scan->outside.len;

	if (!blank)
		text_addc(&scan->outside, c);
	else if (len > 0 && scan->outside.at[len - 1] != ' ')
		text_addc(&scan->outside, ' ');
}

static bool
scan_byte(struct scan *scan)
{
	char c = scan->rest.at[0];

	scan->rest = str_skip(scan->rest, 1);
	if (c == '"' && scan->depth > 0)
		skip_past(scan, '"');
	else if (c == '#')
		skip_past(scan, '\n');
	else if (c == '{' || c == '}')
		return scan_brace(scan, c);
	else if (scan->depth == 0)
		keep_outside(scan, c);
	return true;
}

static bool
is_our_table_alone(struct str ruleset)
{
	struct scan scan = { .rest = ruleset };
	bool good = ruleset.len > 0 && str_find(ruleset, '\0') == ruleset.len;

	while (good && scan.rest.len > 0)
		good = scan_byte(&scan);
	good = good && scan.depth == 0 && scan.has_block &&
	       str_trim(text_str(&scan.outside)).len == 0 && !scan.outside.full;
	text_fini(&scan.outside);
	return good;
}

static int
check_scope(struct str ruleset, struct text *why)
{
	if (is_our_table_alone(ruleset))
		return 0;
	text_addz(
	    why, "the ruleset is not of the table " FIREWALL_TABLE " alone");
	return -EINVAL;
}

int
transaction_exists(void)
{
	struct standing standing;
	int rc = standing_read(&standing);

	if (rc == 0)
		rc = standing.has_table;
	standing_fini(&standing);
	return rc;
}

bool
transaction_translates(void)
{
	struct standing standing;
	int rc = standing_read(&standing);
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
	int rc = standing_read(&standing);

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

/* The words of a child that died after its commit are of no interest. */
static int
run_beside(const struct standing *standing, struct str ruleset,
    const struct transaction_kept *kept, enum nft_mode mode,
    struct text *reterr_why)
{
	struct text away = TEXT_EMPTY, why = TEXT_EMPTY;

	standing_removal(standing, kept != NULL ? kept->is_kept : NULL,
	    kept != NULL ? kept->context : NULL, &away);
	struct nft_job job = {
		.head = text_str(&away),
		.body = ruleset,
		.mode = mode,
		.seconds_max = FIREWALL_TRANSACTION_SECONDS_MAX,
	};
	int rc = -EAGAIN;
	if (away.full)
		text_addz(&why, "there is no memory for the transaction");
	else
		rc = run_and_verify(&job, standing_mark(standing), &why);
	if (rc < 0)
		text_add(reterr_why, text_str(&why));
	text_fini(&away);
	text_fini(&why);
	return rc;
}

static int
run(struct str ruleset, const struct transaction_kept *kept, enum nft_mode mode,
    struct text *reterr_why)
{
	struct standing standing;
	int rc = standing_read(&standing);

	if (rc == 0) {
		rc = run_beside(&standing, ruleset, kept, mode, reterr_why);
	} else {
		text_addf(reterr_why,
		    "the kernel could not be asked for its table: %s",
		    strerror(-rc));
		rc = -EAGAIN;
	}
	standing_fini(&standing);
	return rc;
}

int
transaction_commit_beside(struct str ruleset,
    const struct transaction_kept *kept, struct text *reterr_why)
{
	int rc = check_scope(ruleset, reterr_why);

	return rc < 0 ? rc : run(ruleset, kept, NFT_APPLY, reterr_why);
}

int
transaction_commit(struct str ruleset, struct text *reterr_why)
{
	return transaction_commit_beside(ruleset, NULL, reterr_why);
}

int
transaction_check(struct str ruleset, struct text *reterr_why)
{
	int rc = check_scope(ruleset, reterr_why);

	return rc < 0 ? rc : run(ruleset, NULL, NFT_DRY_RUN, reterr_why);
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
