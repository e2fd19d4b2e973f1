/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/standing.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "firewall/names.h"
#include "firewall/netlink.h"

/* Names of a few thousand chains and counters, and as many again. */
#define NAMES_BYTES_MAX ((size_t)16 << 20)

/* A dump that was changed while it was read is read again this often. */
#define READINGS_MAX 20

/* Two are enough for us; the others are for leftovers of many crashes. */
#define NAMESAKES_MAX 1000

/*
 * The kernel numbers tables as they are made, and what is in a table from 1
 * on; so a namesake in a table that was made anew has another number.
 */
#define TABLE_SHIFT 40

/* Enough for every one that is asked for below. */
#define ATTRIBUTES 32
static_assert(NFTA_SET_HANDLE < ATTRIBUTES && NFTA_CHAIN_HOOK < ATTRIBUTES &&
		  NFTA_FLOWTABLE_HANDLE < ATTRIBUTES &&
		  NFTA_OBJ_HANDLE < ATTRIBUTES &&
		  NFTA_TABLE_HANDLE < ATTRIBUTES,
    "an attribute's number is its place in the table");

/* By which nft(8) calls the types of objects, where they have a name. */
static const char *const object_words[] = {
	[NFT_OBJECT_COUNTER] = "counter",
	[NFT_OBJECT_QUOTA] = "quota",
	[NFT_OBJECT_CT_HELPER] = "ct helper",
	[NFT_OBJECT_LIMIT] = "limit",
	[NFT_OBJECT_CT_TIMEOUT] = "ct timeout",
	[NFT_OBJECT_SECMARK] = "secmark",
	[NFT_OBJECT_CT_EXPECT] = "ct expectation",
	[NFT_OBJECT_SYNPROXY] = "synproxy",
};

/* Where the four answers have what we ask for. */
struct question {
	unsigned kinds; /* that are among the answers */
	uint16_t type;
	uint16_t table, name, handle, special; /* attributes */
	bool (*take)(struct standing_item *item, const struct nlattr *special);
};

static bool
take_chain(struct standing_item *item, const struct nlattr *hook)
{
	item->kind = STANDING_CHAIN;
	item->word = "chain";
	item->is_base = hook != NULL;
	return true;
}

/* Sets without a name of their own go with their rule. */
static bool
take_set(struct standing_item *item, const struct nlattr *flags)
{
	uint64_t bits = netlink_number(flags);
	bool is_map = (bits & (NFT_SET_MAP | NFT_SET_OBJECT)) != 0;

	item->kind = is_map ? STANDING_MAP : STANDING_SET;
	item->word = is_map ? "map" : "set";
	return (bits & NFT_SET_ANONYMOUS) == 0;
}

static bool
take_object(struct standing_item *item, const struct nlattr *type)
{
	uint32_t number = (uint32_t)netlink_number(type);

	item->kind = STANDING_OBJECT;
	if (number >= sizeof(object_words) / sizeof(object_words[0]))
		return false;
	item->word = object_words[number];
	item->type = number;
	return item->word != NULL;
}

static bool
take_flowtable(struct standing_item *item, const struct nlattr *none)
{
	(void)none;
	item->kind = STANDING_FLOWTABLE;
	item->word = "flowtable";
	return true;
}

static const struct question questions[] = {
	{ STANDING_SETS_ONLY, NFT_MSG_GETSET, NFTA_SET_TABLE, NFTA_SET_NAME,
	    NFTA_SET_HANDLE, NFTA_SET_FLAGS, take_set },
	{ STANDING_CHAINS_ONLY, NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE,
	    NFTA_CHAIN_NAME, NFTA_CHAIN_HANDLE, NFTA_CHAIN_HOOK, take_chain },
	{ 1u << STANDING_FLOWTABLE, NFT_MSG_GETFLOWTABLE, NFTA_FLOWTABLE_TABLE,
	    NFTA_FLOWTABLE_NAME, NFTA_FLOWTABLE_HANDLE, NFTA_FLOWTABLE_FLAGS,
	    take_flowtable },
	{ 1u << STANDING_OBJECT, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME,
	    NFTA_OBJ_HANDLE, NFTA_OBJ_TYPE, take_object },
};

#define QUESTION_COUNT (sizeof(questions) / sizeof(questions[0]))

struct reading {
	struct standing *standing;
	const struct question *question;
};

static const char *
string_of(const struct nlattr *attribute)
{
	if (attribute == NULL ||
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0)
		return "";
	return mnl_attr_get_str(attribute);
}

static uint64_t
handle_of(const struct nlattr *attribute)
{
	if (attribute == NULL || mnl_attr_validate(attribute, MNL_TYPE_U64) < 0)
		return 0;
	return be64toh(mnl_attr_get_u64(attribute));
}

static int
keep(struct standing *standing, struct standing_item item, const char *name)
{
	struct str copy = arena_str(&standing->arena, str_of(name));

	item.name = copy.at;
	return copy.at == NULL ? -ENOMEM : VEC_ADD(&standing->all, item);
}

/* Dumps of chains are of all tables: the kernel filters the others alone. */
static int
on_item(const struct nlmsghdr *message, void *context)
{
	const struct reading *reading = context;
	const struct question *question = reading->question;
	const struct nlattr *found[ATTRIBUTES];
	struct standing_item item = { 0 };

	netlink_attributes(message, sizeof(struct nfgenmsg), found, ATTRIBUTES);
	if (strcmp(string_of(found[question->table]), FIREWALL_TABLE_NAME) != 0)
		return MNL_CB_OK;
	item.handle = reading->standing->table_handle << TABLE_SHIFT ^
		      handle_of(found[question->handle]);
	if (!question->take(&item, found[question->special]))
		return MNL_CB_OK;
	int rc =
	    keep(reading->standing, item, string_of(found[question->name]));
	if (rc == 0)
		return MNL_CB_OK;
	errno = -rc;
	return MNL_CB_ERROR;
}

static struct nlmsghdr *
begin(struct netlink *netlink, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *request = netlink_begin(
	    netlink, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));

	head->nfgen_family = NFPROTO_INET;
	head->version = NFNETLINK_V0;
	return request;
}

static int
ask(struct netlink *netlink, struct standing *standing,
    const struct question *question)
{
	struct reading reading = { standing, question };
	struct nlmsghdr *request = begin(netlink, question->type, NLM_F_DUMP);

	mnl_attr_put_strz(request, question->table, FIREWALL_TABLE_NAME);
	return netlink_ask(netlink, request, on_item, &reading, NULL);
}

static int
on_table(const struct nlmsghdr *message, void *context)
{
	struct standing *standing = context;
	const struct nlattr *found[ATTRIBUTES];

	netlink_attributes(message, sizeof(struct nfgenmsg), found, ATTRIBUTES);
	standing->has_table = true;
	standing->table_handle = handle_of(found[NFTA_TABLE_HANDLE]);
	return MNL_CB_OK;
}

static int
ask_for_table(struct netlink *netlink, struct standing *standing)
{
	struct nlmsghdr *request = begin(netlink, NFT_MSG_GETTABLE, 0);

	standing->has_table = false;
	mnl_attr_put_strz(request, NFTA_TABLE_NAME, FIREWALL_TABLE_NAME);
	int rc = netlink_ask(netlink, request, on_table, standing, NULL);
	return rc == -ENOENT ? 0 : rc;
}

/* Of all questions or of none: they are to be about one moment. */
static int
read_once(struct standing *standing, unsigned kinds)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_NETFILTER);

	standing->all.count = 0;
	if (rc < 0)
		return rc;
	rc = ask_for_table(&netlink, standing);
	size_t count = standing->has_table ? QUESTION_COUNT : 0;
	for (size_t i = 0; rc >= 0 && i < count; i++)
		if ((questions[i].kinds & kinds) != 0)
			rc = ask(&netlink, standing, &questions[i]);
	netlink_close(&netlink);
	return rc < 0 ? rc : 0;
}

static int
by_kind(const void *a, const void *b)
{
	const struct standing_item *x = a, *y = b;

	return (int)x->kind - (int)y->kind;
}

int
standing_read(struct standing *ret, unsigned kinds)
{
	int rc = -EINTR;

	*ret = (struct standing){ 0 };
	arena_init(&ret->arena, NAMES_BYTES_MAX);
	for (int i = 0; rc == -EINTR && i < READINGS_MAX; i++)
		rc = read_once(ret, kinds);
	if (rc < 0)
		ret->all.count = 0;
	else if (ret->all.count > 0)
		qsort(ret->all.items, ret->all.count, sizeof(*ret->all.items),
		    by_kind);
	return rc;
}

void
standing_fini(struct standing *standing)
{
	free(standing->all.items);
	arena_fini(&standing->arena);
	*standing = (struct standing){ 0 };
}

const struct standing_item *
standing_find(
    const struct standing *standing, enum standing_kind kind, const char *name)
{
	for (size_t i = 0; i < standing->all.count; i++) {
		const struct standing_item *item = &standing->all.items[i];
		if (item->kind == kind && strcmp(item->name, name) == 0)
			return item;
	}
	return NULL;
}

int
standing_free_name(
    const struct standing *standing, const char *plain, char *ret, size_t size)
{
	int len = snprintf(ret, size, "%s", plain);

	for (unsigned i = 2; i < NAMESAKES_MAX; i++) {
		if (len < 0 || (size_t)len >= size)
			return -ENAMETOOLONG;
		if (standing_find(standing, STANDING_SET, ret) == NULL)
			return 0;
		len = snprintf(ret, size, "%s.%u", plain, i);
	}
	return -EEXIST;
}

uint64_t
standing_mark(const struct standing *standing)
{
	uint64_t mark = 0;

	for (size_t i = 0; i < standing->all.count; i++) {
		const struct standing_item *item = &standing->all.items[i];
		if (item->is_base && item->handle > mark)
			mark = item->handle;
	}
	return mark;
}

/* Rules first: they hold all the rest.  A map holds chains and counters. */
void
standing_removal(const struct standing *standing,
    bool (*is_kept)(const void *context, const char *name), const void *context,
    struct text *out)
{
	if (!standing->has_table)
		return;
	text_addz(out, "flush table " FIREWALL_TABLE "; ");
	for (size_t i = 0; i < standing->all.count; i++) {
		const struct standing_item *item = &standing->all.items[i];
		if (item->kind == STANDING_SET && is_kept != NULL &&
		    is_kept(context, item->name))
			continue;
		text_addf(out, "delete %s " FIREWALL_TABLE " %s; ", item->word,
		    item->name);
	}
}

void
standing_base_removal(const struct standing *standing, struct text *out)
{
	for (size_t i = 0; i < standing->all.count; i++) {
		const struct standing_item *item = &standing->all.items[i];
		if (item->is_base)
			text_addf(out,
			    "flush chain " FIREWALL_TABLE
			    " %s; delete chain " FIREWALL_TABLE " %s; ",
			    item->name, item->name);
	}
}

/* How the kernel is told to let go of it. */
static const struct {
	enum nf_tables_msg_types type;
	uint16_t table, name; /* attributes */
} deletions[STANDING_KIND_COUNT] = {
	[STANDING_MAP] = { NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME },
	[STANDING_SET] = { NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME },
	[STANDING_CHAIN] = { NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE,
	    NFTA_CHAIN_NAME },
	[STANDING_FLOWTABLE] = { NFT_MSG_DELFLOWTABLE, NFTA_FLOWTABLE_TABLE,
	    NFTA_FLOWTABLE_NAME },
	[STANDING_OBJECT] = { NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME },
};

static void
put_flush(struct batch *batch, const struct standing_item *chain)
{
	struct nlmsghdr *message = batch_message(batch, NFT_MSG_DELRULE, 0);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain->name);
	batch_add(batch, message);
}

static void
put_deletion(struct batch *batch, const struct standing_item *item)
{
	struct nlmsghdr *message =
	    batch_message(batch, deletions[item->kind].type, 0);

	if (message == NULL)
		return;
	mnl_attr_put_strz(
	    message, deletions[item->kind].table, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, deletions[item->kind].name, item->name);
	if (item->kind == STANDING_OBJECT)
		mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(item->type));
	batch_add(batch, message);
}

void
standing_remove(const struct standing *standing,
    bool (*goes)(const void *context, const struct standing_item *item),
    const void *context, struct batch *batch)
{
	for (size_t i = 0; i < standing->all.count; i++) {
		const struct standing_item *item = &standing->all.items[i];
		if (item->kind == STANDING_CHAIN && goes(context, item))
			put_flush(batch, item);
	}
	for (size_t i = 0; i < standing->all.count; i++)
		if (goes(context, &standing->all.items[i]))
			put_deletion(batch, &standing->all.items[i]);
}
