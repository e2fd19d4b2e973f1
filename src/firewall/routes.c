/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/routes.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "firewall/kernel.h"
#include "firewall/names.h"
#include "firewall/netlink.h"

/*
 * The kernel refuses a second equal rule, so one removal is enough; rules that
 * other hands made without that check are taken away as well, up to here.
 */
#define EQUAL_RULES_MAX 16

static const char *
family_word(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void
put_rule(struct nlmsghdr *request, int family)
{
	struct fib_rule_hdr *rule =
	    mnl_nlmsg_put_extra_header(request, sizeof(*rule));

	rule->family = (uint8_t)family;
	rule->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(request, FRA_PRIORITY, FIREWALL_RULE_PREFERENCE);
	mnl_attr_put_u32(request, FRA_FWMARK, FIREWALL_MARK_HANDOVER);
	mnl_attr_put_u32(request, FRA_FWMASK, FIREWALL_MARK_HANDOVER);
	mnl_attr_put_u32(request, FRA_TABLE, FIREWALL_NUMBER);
}

static void
put_route(struct nlmsghdr *request, int family)
{
	struct rtmsg *route =
	    mnl_nlmsg_put_extra_header(request, sizeof(*route));

	route->rtm_family = (uint8_t)family;
	route->rtm_type = RTN_LOCAL;
	route->rtm_scope = RT_SCOPE_HOST;
	route->rtm_protocol = RTPROT_STATIC;
	mnl_attr_put_u32(request, RTA_TABLE, FIREWALL_NUMBER);
	mnl_attr_put_u32(request, RTA_OIF, if_nametoindex("lo"));
}

static int
ask_rule(struct netlink *netlink, bool add, int family, struct text *words)
{
	struct nlmsghdr *request =
	    netlink_begin(netlink, add ? RTM_NEWRULE : RTM_DELRULE,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0);

	put_rule(request, family);
	return netlink_ask(netlink, request, NULL, NULL, words);
}

/* Replaces, so that another route at this place cannot stand in for ours. */
static int
ask_route(struct netlink *netlink, bool add, int family, struct text *words)
{
	struct nlmsghdr *request =
	    netlink_begin(netlink, add ? RTM_NEWROUTE : RTM_DELROUTE,
		add ? NLM_F_CREATE | NLM_F_REPLACE : 0);

	put_route(request, family);
	return netlink_ask(netlink, request, NULL, NULL, words);
}

/* Appends the sentence to *why and returns rc. */
static int
explain(int rc, const char *action, const char *thing, int family,
    const struct text *words, struct text *why)
{
	text_addf(why, "the %s for %s packets to the proxy was not %s: %s",
	    thing, family_word(family), action, strerror(-rc));
	if (words->len > 0)
		text_addf(why, " (%.*s)", STR_ARG(text_str(words)));
	if (rc == -ENETDOWN)
		text_addz(why, "; the interface lo must be up");
	return rc;
}

static int
install_family(struct netlink *netlink, int family, struct text *why)
{
	struct text words = TEXT_EMPTY;
	const char *thing = "route";
	int rc = ask_route(netlink, true, family, &words);

	if (rc == 0) {
		thing = "rule";
		rc = ask_rule(netlink, true, family, &words);
	}
	if (rc == -EEXIST)
		rc = 0;
	if (rc < 0)
		rc = explain(rc, "installed", thing, family, &words, why);
	text_fini(&words);
	return rc;
}

/* What is not there need not be removed, nor a family that is not there. */
static bool
is_absence(int rc)
{
	return rc == -ENOENT || rc == -ESRCH || rc == -EAFNOSUPPORT ||
	       rc == -EOPNOTSUPP;
}

static int
remove_rules(struct netlink *netlink, int family, struct text *words)
{
	int rc = 0;

	for (int i = 0; i < EQUAL_RULES_MAX && rc == 0; i++)
		rc = ask_rule(netlink, false, family, words);
	return rc;
}

/* The rule first: a rule without its route would send packets nowhere. */
static int
remove_family(struct netlink *netlink, int family, struct text *why)
{
	struct text words = TEXT_EMPTY;
	const char *thing = "rule";
	int rc = remove_rules(netlink, family, &words);

	if (rc == 0 || is_absence(rc)) {
		thing = "route";
		text_clear(&words);
		rc = ask_route(netlink, false, family, &words);
	}
	if (is_absence(rc))
		rc = 0;
	if (rc < 0)
		rc = explain(rc, "removed", thing, family, &words, why);
	text_fini(&words);
	return rc;
}

static int
open_route_netlink(struct netlink *netlink, struct text *why)
{
	int rc = netlink_open(netlink, NETLINK_ROUTE);

	if (rc < 0)
		text_addf(
		    why, "rtnetlink could not be opened: %s", strerror(-rc));
	return rc;
}

int
routes_install(struct text *reterr_why)
{
	struct netlink netlink;
	int rc = open_route_netlink(&netlink, reterr_why);

	if (rc < 0)
		return rc;
	rc = install_family(&netlink, AF_INET, reterr_why);
	if (rc == 0 && kernel_has_ipv6())
		rc = install_family(&netlink, AF_INET6, reterr_why);
	netlink_close(&netlink);
	return rc;
}

/* IPv6 may have been switched off meanwhile, so both families are asked. */
int
routes_remove(struct text *reterr_why)
{
	struct netlink netlink;
	int rc = open_route_netlink(&netlink, reterr_why), rc6;

	if (rc < 0)
		return rc;
	rc = remove_family(&netlink, AF_INET, reterr_why);
	if (rc < 0)
		text_addz(reterr_why, "; ");
	rc6 = remove_family(&netlink, AF_INET6, reterr_why);
	netlink_close(&netlink);
	return rc < 0 ? rc : rc6;
}
