/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/transaction.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "firewall/limits.h"
#include "firewall/names.h"
#include "firewall/netlink.h"
#include "firewall/nft.h"

/*
 * Adding what may be there makes the deletion valid in either case.  All on
 * one line, so that errors name the lines of the ruleset as it was given.
 */
#define AWAY_WITH_THE_OLD                                                      \
	"table " FIREWALL_TABLE "; delete table " FIREWALL_TABLE "; "

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

/*
 * Which table stands?  The kernel numbers tables as they are made, so that a
 * replaced table has another number.
 */

static int
take_handle(const struct nlmsghdr *message, void *context)
{
	uint64_t *handle = context;
	const struct nlattr *found[NFTA_TABLE_HANDLE + 1];

	netlink_attributes(
	    message, sizeof(struct nfgenmsg), found, NFTA_TABLE_HANDLE + 1);
	if (found[NFTA_TABLE_HANDLE] != NULL &&
	    mnl_attr_validate(found[NFTA_TABLE_HANDLE], MNL_TYPE_U64) >= 0)
		*handle = be64toh(mnl_attr_get_u64(found[NFTA_TABLE_HANDLE]));
	return MNL_CB_OK;
}

static int
ask_for_table(struct netlink *netlink, uint64_t *ret_handle)
{
	struct nlmsghdr *request = netlink_begin(
	    netlink, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, 0);
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));

	head->nfgen_family = NFPROTO_INET;
	head->version = NFNETLINK_V0;
	mnl_attr_put_strz(request, NFTA_TABLE_NAME, FIREWALL_TABLE_NAME);
	return netlink_ask(netlink, request, take_handle, ret_handle, NULL);
}

/* 1 and the handle, which is never 0; 0 and 0: no table; negative errno. */
static int
find_table(uint64_t *ret_handle)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_NETFILTER);

	*ret_handle = 0;
	if (rc < 0)
		return rc;
	rc = ask_for_table(&netlink, ret_handle);
	netlink_close(&netlink);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : 1;
}

int
transaction_exists(void)
{
	uint64_t handle;

	return find_table(&handle);
}

/*
 * The child did not live to tell.  It is gone, so what stands now stays: the
 * same table as before, or what the transaction was to bring about.
 */
static int
ask_what_happened(uint64_t handle_before, struct text *why)
{
	uint64_t handle;
	int rc = find_table(&handle);

	if (rc < 0) {
		text_addf(why,
		    " The kernel could not be asked for its table: %s.",
		    strerror(-rc));
		return -EIO;
	}
	if (handle != handle_before)
		return 0;
	text_addz(why, " Nothing was changed.");
	return -ETIMEDOUT;
}

static int
run_and_verify(const struct nft_job *job, struct text *why)
{
	uint64_t handle;
	int asked = find_table(&handle);

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
	if (asked < 0) {
		text_addz(why, " Whether it took place is not known.");
		return -EIO;
	}
	return ask_what_happened(handle, why);
}

/* The words of a child that died after its commit are of no interest. */
static int
run(struct str ruleset, enum nft_mode mode, struct text *reterr_why)
{
	struct nft_job job = {
		.head = STR(AWAY_WITH_THE_OLD),
		.body = ruleset,
		.mode = mode,
		.seconds_max = FIREWALL_TRANSACTION_SECONDS_MAX,
	};
	struct text why = TEXT_EMPTY;
	int rc = run_and_verify(&job, &why);

	if (rc < 0)
		text_add(reterr_why, text_str(&why));
	text_fini(&why);
	return rc;
}

int
transaction_commit(struct str ruleset, struct text *reterr_why)
{
	int rc = check_scope(ruleset, reterr_why);

	return rc < 0 ? rc : run(ruleset, NFT_APPLY, reterr_why);
}

int
transaction_check(struct str ruleset, struct text *reterr_why)
{
	int rc = check_scope(ruleset, reterr_why);

	return rc < 0 ? rc : run(ruleset, NFT_DRY_RUN, reterr_why);
}

int
transaction_remove(struct text *reterr_why)
{
	if (transaction_exists() == 0)
		return 0;
	return run(STR(""), NFT_APPLY, reterr_why);
}
