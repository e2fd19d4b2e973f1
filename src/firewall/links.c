/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/links.h"

#include "base/vec.h"
#include "firewall/netlink.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dump that was changed while it was read is read again this often. */
#define READINGS_MAX 5

static void
copy_text(const struct nlattr *attribute, char *ret, size_t room)
{
	if (attribute == NULL)
		return;
	struct str text = { mnl_attr_get_payload(attribute),
		mnl_attr_get_payload_len(attribute) };
	text.len = strnlen(text.at, text.len);
	(void)snprintf(ret, room, "%.*s", STR_ARG(text));
}

static uint32_t
number(const struct nlattr *attribute)
{
	if (attribute == NULL ||
	    mnl_attr_get_payload_len(attribute) < sizeof(uint32_t))
		return 0;
	return mnl_attr_get_u32(attribute);
}

/* A veth pair's ends name each other; neither stands on the other. */
static uint32_t
under_of(const struct nlattr *const *found, const struct host_link *link)
{
	if (found[IFLA_LINK_NETNSID] != NULL || strcmp(link->kind, "veth") == 0)
		return 0;
	return number(found[IFLA_LINK]);
}

static int
on_link(const struct nlmsghdr *message, void *context)
{
	struct host_links *links = context;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *found[IFLA_LINK_NETNSID + 1];
	const struct nlattr *inside[IFLA_INFO_KIND + 1];
	struct host_link link = { .index = (uint32_t)info->ifi_index };

	netlink_attributes(
	    message, sizeof(*info), found, IFLA_LINK_NETNSID + 1);
	copy_text(found[IFLA_IFNAME], link.name, sizeof(link.name));
	if (found[IFLA_LINKINFO] != NULL) {
		netlink_nested(
		    found[IFLA_LINKINFO], inside, IFLA_INFO_KIND + 1);
		copy_text(inside[IFLA_INFO_KIND], link.kind, sizeof(link.kind));
	}
	link.master = number(found[IFLA_MASTER]);
	link.under = under_of(found, &link);
	link.is_ethernet = info->ifi_type == ARPHRD_ETHER &&
			   found[IFLA_ADDRESS] != NULL &&
			   mnl_attr_get_payload_len(found[IFLA_ADDRESS]) ==
			       sizeof(link.hardware);
	if (link.is_ethernet)
		memcpy(link.hardware, mnl_attr_get_payload(found[IFLA_ADDRESS]),
		    sizeof(link.hardware));
	if (VEC_ADD(links, link) == 0)
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static int
read_once(struct host_links *links)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_ROUTE);

	if (rc < 0)
		return rc;
	struct nlmsghdr *request =
	    netlink_begin(&netlink, RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg *info =
	    mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	rc = netlink_ask(&netlink, request, on_link, links, NULL);
	netlink_close(&netlink);
	return rc;
}

int
links_read(struct host_links *ret)
{
	int rc = -EINTR;

	*ret = HOST_LINKS_EMPTY;
	for (int i = 0; rc == -EINTR && i < READINGS_MAX; i++) {
		links_fini(ret);
		rc = read_once(ret);
	}
	return rc;
}

void
links_fini(struct host_links *links)
{
	free(links->items);
	*links = HOST_LINKS_EMPTY;
}

const struct host_link *
links_find(const struct host_links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (strcmp(links->items[i].name, name) == 0)
			return &links->items[i];
	return NULL;
}

const struct host_link *
links_find_index(const struct host_links *links, uint32_t index)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->items[i].index == index)
			return &links->items[i];
	return NULL;
}

const struct host_link *
links_find_twin(const struct host_links *links, const struct host_link *link)
{
	for (size_t i = 0; i < links->count; i++) {
		const struct host_link *other = &links->items[i];
		if (other->under == link->index && other->is_ethernet &&
		    memcmp(other->hardware, link->hardware,
			sizeof(link->hardware)) == 0)
			return other;
	}
	return NULL;
}
