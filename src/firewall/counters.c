/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/counters.h"

#include "firewall/names.h"
#include "firewall/netlink.h"
#include "firewall/split.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* A dump that was changed while it was read is read again this often. */
#define READINGS_MAX 5

struct reading {
	counters_fn each;
	void *context;
};

static void
tell(const struct reading *reading, const struct nlattr *name,
    const struct nlattr *data)
{
	const struct nlattr *values[NFTA_COUNTER_MAX + 1];

	netlink_nested(data, values, NFTA_COUNTER_MAX + 1);
	const char *text = mnl_attr_get_payload(name);
	size_t room = mnl_attr_get_payload_len(name);
	reading->each(reading->context,
	    split_plain_name((struct str){ text, strnlen(text, room) }),
	    netlink_number(values[NFTA_COUNTER_PACKETS]),
	    netlink_number(values[NFTA_COUNTER_BYTES]));
}

static int
on_object(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *table[NFTA_OBJ_MAX + 1];

	netlink_attributes(
	    message, sizeof(struct nfgenmsg), table, NFTA_OBJ_MAX + 1);
	if (table[NFTA_OBJ_NAME] != NULL && table[NFTA_OBJ_DATA] != NULL)
		tell(context, table[NFTA_OBJ_NAME], table[NFTA_OBJ_DATA]);
	return MNL_CB_OK;
}

static int
read_once(struct reading *reading)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_NETFILTER);

	if (rc < 0)
		return rc;
	struct nlmsghdr *request = netlink_begin(
	    &netlink, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ, NLM_F_DUMP);
	netlink_put_family(request, NFPROTO_INET);
	mnl_attr_put_strz(request, NFTA_OBJ_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_u32(request, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	rc = netlink_ask(&netlink, request, on_object, reading, NULL);
	netlink_close(&netlink);
	return rc == -ENOENT ? 0 : rc;
}

int
counters_read(counters_fn each, void *context)
{
	struct reading reading = { each, context };
	int rc = -EINTR;

	for (int i = 0; rc == -EINTR && i < READINGS_MAX; i++)
		rc = read_once(&reading);
	return rc;
}
