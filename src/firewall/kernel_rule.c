/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/kernel_rule.h"

#include <arpa/inet.h>

#include "firewall/names.h"

static void
put_number(struct nlmsghdr *message, uint16_t type, uint32_t number)
{
	mnl_attr_put_u32(message, type, htonl(number));
}

static void
put_verdict(struct nlmsghdr *message, const char *target)
{
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict =
	    mnl_attr_nest_start(message, NFTA_DATA_VERDICT);

	put_number(message, NFTA_VERDICT_CODE, (uint32_t)NFT_JUMP);
	mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, target);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
}

static void
put_expression(struct nlmsghdr *message, const char *target)
{
	struct nlattr *item = mnl_attr_nest_start(message, NFTA_LIST_ELEM);

	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "immediate");
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	put_verdict(message, target);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, item);
}

/* Without NLM_F_APPEND a rule comes first. */
void
kernel_rule_put_jump(struct batch *batch, const char *chain, const char *target)
{
	struct nlmsghdr *message =
	    batch_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	struct nlattr *list =
	    mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	put_expression(message, target);
	mnl_attr_nest_end(message, list);
	batch_add(batch, message);
}
