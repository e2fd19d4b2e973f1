/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/foreign.h"

#include "base/vec.h"
#include "firewall/names.h"
#include "firewall/netlink.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>

/* A dump that was changed while it was read is read again this often. */
#define READINGS_MAX 5

static const struct {
	uint32_t number;
	const char *word;
} hooks[FOREIGN_HOOK_COUNT] = {
	[FOREIGN_PREROUTING] = { NF_INET_PRE_ROUTING, "prerouting" },
	[FOREIGN_INPUT] = { NF_INET_LOCAL_IN, "input" },
	[FOREIGN_FORWARD] = { NF_INET_FORWARD, "forward" },
	[FOREIGN_OUTPUT] = { NF_INET_LOCAL_OUT, "output" },
};

const char *
foreign_hook_word(enum foreign_hook hook)
{
	return hooks[hook].word;
}

void
foreign_fini(struct foreign *foreign)
{
	free(foreign->items);
	*foreign = FOREIGN_EMPTY;
}

static const char *
family_word(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return NULL; /* bridges and devices: no hook of ours */
	}
}

/* False if it is not there or longer than the kernel allows. */
static bool
copy_name(const struct nlattr *attribute, char ret[static FOREIGN_NAME_BYTES])
{
	if (attribute == NULL)
		return false;
	const char *text = mnl_attr_get_payload(attribute);
	size_t room = mnl_attr_get_payload_len(attribute);
	size_t len = strnlen(text, room);
	if (len == room || len >= FOREIGN_NAME_BYTES)
		return false;
	memcpy(ret, text, len + 1);
	return true;
}

static bool
find_hook(const struct nlattr *nest, struct foreign_chain *chain)
{
	const struct nlattr *found[NFTA_HOOK_MAX + 1];

	if (nest == NULL)
		return false;
	netlink_nested(nest, found, NFTA_HOOK_MAX + 1);
	chain->priority = (int32_t)netlink_number(found[NFTA_HOOK_PRIORITY]);
	for (unsigned i = 0; i < FOREIGN_HOOK_COUNT; i++) {
		if (hooks[i].number != netlink_number(found[NFTA_HOOK_HOOKNUM]))
			continue;
		chain->hook = (enum foreign_hook)i;
		return true;
	}
	return false;
}

static bool
is_ours(const struct foreign_chain *chain)
{
	return strcmp(chain->family, "inet") == 0 &&
	       strcmp(chain->table, FIREWALL_TABLE_NAME) == 0;
}

/* Nothing may jump to a base chain, so all that use it are its rules. */
static bool
read_chain(const struct nlmsghdr *message, struct foreign_chain *ret)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *found[NFTA_CHAIN_MAX + 1];
	char type[FOREIGN_NAME_BYTES];

	netlink_attributes(message, sizeof(*head), found, NFTA_CHAIN_MAX + 1);
	ret->family = family_word(head->nfgen_family);
	ret->drops = found[NFTA_CHAIN_POLICY] != NULL &&
		     netlink_number(found[NFTA_CHAIN_POLICY]) == NF_DROP;
	ret->rules = (uint32_t)netlink_number(found[NFTA_CHAIN_USE]);
	return ret->family != NULL && find_hook(found[NFTA_CHAIN_HOOK], ret) &&
	       copy_name(found[NFTA_CHAIN_TYPE], type) &&
	       strcmp(type, "filter") == 0 &&
	       copy_name(found[NFTA_CHAIN_TABLE], ret->table) &&
	       copy_name(found[NFTA_CHAIN_NAME], ret->name);
}

static int
on_chain(const struct nlmsghdr *message, void *context)
{
	struct foreign *foreign = context;
	struct foreign_chain chain;

	if (!read_chain(message, &chain) || is_ours(&chain) ||
	    (!chain.drops && chain.rules == 0))
		return MNL_CB_OK;
	if (foreign->count < FOREIGN_CHAINS_MAX &&
	    VEC_ADD(foreign, chain) < 0) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int
read_once(struct foreign *ret)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_NETFILTER);

	if (rc < 0)
		return rc;
	struct nlmsghdr *request = netlink_begin(
	    &netlink, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP);
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));
	head->nfgen_family = NFPROTO_UNSPEC;
	head->version = NFNETLINK_V0;
	ret->count = 0;
	rc = netlink_ask(&netlink, request, on_chain, ret, NULL);
	netlink_close(&netlink);
	return rc;
}

int
foreign_read(struct foreign *ret)
{
	int rc = -EINTR;

	*ret = FOREIGN_EMPTY;
	for (int i = 0; rc == -EINTR && i < READINGS_MAX; i++)
		rc = read_once(ret);
	return rc;
}

static void
write_chain(const struct foreign_chain *chain, struct json *json)
{
	json_object_begin(json);
	json_name(json, "family");
	json_put_stringz(json, chain->family);
	json_name(json, "table");
	json_put_stringz(json, chain->table);
	json_name(json, "chain");
	json_put_stringz(json, chain->name);
	json_name(json, "hook");
	json_put_stringz(json, foreign_hook_word(chain->hook));
	json_name(json, "priority");
	json_put_integer(json, chain->priority);
	json_name(json, "policy");
	json_put_stringz(json, chain->drops ? "drop" : "accept");
	json_name(json, "rules");
	json_put_integer(json, chain->rules);
	json_object_end(json);
}

void
foreign_json(
    const struct foreign *foreign, unsigned hook_bits, struct json *json)
{
	json_array_begin(json);
	for (size_t i = 0; i < foreign->count; i++)
		if ((hook_bits >> foreign->items[i].hook & 1) != 0)
			write_chain(&foreign->items[i], json);
	json_array_end(json);
}
