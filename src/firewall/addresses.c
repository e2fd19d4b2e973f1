/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "firewall/netlink.h"

/*
 * A dump that changes under our eyes is asked for again, a moment later: who
 * changes a thousand addresses is done soon.  If it goes on for longer than
 * this, the monitor will call us back.
 */
#define ATTEMPTS_MAX  400
#define ATTEMPT_PAUSE (5 * CLOCK_MS)

#define MONITOR_BYTES 8192

void
addresses_fini(struct addresses *addresses)
{
	free(addresses->interfaces.items);
	free(addresses->addresses.items);
	*addresses = ADDRESSES_EMPTY;
}

static int
copy_name(const struct nlattr *attribute, char ret[static IF_NAMESIZE])
{
	if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0)
		return -EBADMSG;
	(void)snprintf(ret, IF_NAMESIZE, "%s", mnl_attr_get_str(attribute));
	return 0;
}

/* Our mnl callbacks say what went wrong through errno. */
static int
callback_result(int rc)
{
	if (rc >= 0)
		return MNL_CB_OK;
	errno = -rc;
	return MNL_CB_ERROR;
}

static int
add_interface(const struct nlmsghdr *message, void *context)
{
	struct host_interfaces *list = context;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *found[IFLA_IFNAME + 1];

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return MNL_CB_OK;
	struct host_interface one = {
		.index = (uint32_t)info->ifi_index,
		.is_up = (info->ifi_flags & IFF_UP) != 0,
		.is_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0,
	};
	netlink_attributes(message, sizeof(*info), found, IFLA_IFNAME + 1);
	if (found[IFLA_IFNAME] == NULL ||
	    copy_name(found[IFLA_IFNAME], one.name) < 0)
		return MNL_CB_OK;
	return callback_result(VEC_ADD(list, one));
}

static bool
has_payload(const struct nlattr *attribute, enum address_family family)
{
	return attribute != NULL && mnl_attr_get_payload_len(attribute) ==
					(family == ADDRESS_IPV4 ? 4 : 16);
}

static int
append(struct host_addresses *list, const struct ifaddrmsg *info,
    struct address address, bool is_broadcast)
{
	struct host_address one = {
		.interface_index = info->ifa_index,
		.prefix_bits = info->ifa_prefixlen,
		.is_broadcast = is_broadcast,
		.address = address,
	};
	return VEC_ADD(list, one);
}

/*
 * The last address of an IPv4 prefix is a broadcast address whether or not it
 * was given as one (the kernel's fib_add_ifaddr); a given one is another.
 */
static int
append_broadcasts(struct host_addresses *list, const struct ifaddrmsg *info,
    const struct nlattr *const *found)
{
	struct address last = { 0 }, given;
	int rc = 0;

	if (info->ifa_family != AF_INET)
		return 0;
	if (has_payload(found[IFA_ADDRESS], ADDRESS_IPV4) &&
	    info->ifa_prefixlen < 31) {
		uint32_t host_bits = UINT32_MAX >> info->ifa_prefixlen, word;
		memcpy(&word, mnl_attr_get_payload(found[IFA_ADDRESS]), 4);
		word |= htonl(host_bits);
		last = address_from_bytes(ADDRESS_IPV4, &word);
		rc = append(list, info, last, true);
	}
	if (rc < 0 || !has_payload(found[IFA_BROADCAST], ADDRESS_IPV4))
		return rc;
	given = address_from_bytes(
	    ADDRESS_IPV4, mnl_attr_get_payload(found[IFA_BROADCAST]));
	return address_eq(given, last) ? 0 : append(list, info, given, true);
}

/* Duplicate address detection found it at another host (RFC 4862, 5.4.5). */
static bool
is_refused(const struct ifaddrmsg *info, const struct nlattr *const *found)
{
	uint32_t flags = info->ifa_flags;

	if (found[IFA_FLAGS] != NULL &&
	    mnl_attr_validate(found[IFA_FLAGS], MNL_TYPE_U32) >= 0)
		flags = mnl_attr_get_u32(found[IFA_FLAGS]);
	return (flags & IFA_F_DADFAILED) != 0;
}

/* IFA_ADDRESS is the peer's on links of two ends; IFA_LOCAL is ours there. */
static int
append_all(struct host_addresses *list, const struct ifaddrmsg *info,
    const struct nlattr *const *found)
{
	enum address_family family =
	    info->ifa_family == AF_INET ? ADDRESS_IPV4 : ADDRESS_IPV6;
	const struct nlattr *own =
	    found[IFA_LOCAL] != NULL ? found[IFA_LOCAL] : found[IFA_ADDRESS];

	if (!has_payload(own, family) || is_refused(info, found))
		return 0;
	int rc = append(list, info,
	    address_from_bytes(family, mnl_attr_get_payload(own)), false);
	return rc < 0 ? rc : append_broadcasts(list, info, found);
}

static int
add_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *found[IFA_FLAGS + 1];

	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return MNL_CB_OK;
	netlink_attributes(message, sizeof(*info), found, IFA_FLAGS + 1);
	return callback_result(append_all(context, info, found));
}

static int
dump_interfaces(struct netlink *netlink, struct host_interfaces *ret)
{
	struct nlmsghdr *request =
	    netlink_begin(netlink, RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg *info =
	    mnl_nlmsg_put_extra_header(request, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	return netlink_ask(netlink, request, add_interface, ret, NULL);
}

static int
dump_addresses(struct netlink *netlink, struct host_addresses *ret)
{
	struct nlmsghdr *request =
	    netlink_begin(netlink, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *info =
	    mnl_nlmsg_put_extra_header(request, sizeof(*info));

	info->ifa_family = AF_UNSPEC;
	return netlink_ask(netlink, request, add_address, ret, NULL);
}

static int
by_index(const void *a, const void *b)
{
	const struct host_interface *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int
by_interface_and_address(const void *a, const void *b)
{
	const struct host_address *x = a, *y = b;

	if (x->interface_index != y->interface_index)
		return x->interface_index < y->interface_index ? -1 : 1;
	if (x->is_broadcast != y->is_broadcast)
		return x->is_broadcast ? 1 : -1;
	int order = address_cmp(x->address, y->address);
	return order != 0 ? order : x->prefix_bits - y->prefix_bits;
}

/* -EAGAIN: an interface came between the two dumps; ask for both again. */
static int
name_addresses(struct addresses *read)
{
	for (size_t i = 0; i < read->addresses.count; i++) {
		struct host_address *one = &read->addresses.items[i];
		struct host_interface key = { .index = one->interface_index };
		struct host_interface *on =
		    bsearch(&key, read->interfaces.items,
			read->interfaces.count, sizeof(key), by_index);
		if (on == NULL)
			return -EAGAIN;
		memcpy(one->interface_name, on->name, sizeof(on->name));
	}
	return 0;
}

static int
sort_and_name(struct addresses *read)
{
	if (read->interfaces.count > 1)
		qsort(read->interfaces.items, read->interfaces.count,
		    sizeof(*read->interfaces.items), by_index);
	if (read->addresses.count > 1)
		qsort(read->addresses.items, read->addresses.count,
		    sizeof(*read->addresses.items), by_interface_and_address);
	return name_addresses(read);
}

static int
read_once(struct addresses *ret)
{
	struct netlink netlink;
	struct addresses read = ADDRESSES_EMPTY;
	int rc = netlink_open(&netlink, NETLINK_ROUTE);

	if (rc < 0)
		return rc;
	rc = dump_interfaces(&netlink, &read.interfaces);
	if (rc == 0)
		rc = dump_addresses(&netlink, &read.addresses);
	if (rc == 0)
		rc = sort_and_name(&read);
	netlink_close(&netlink);
	if (rc < 0) {
		addresses_fini(&read);
		return rc == -EINTR ? -EAGAIN : rc;
	}
	addresses_fini(ret);
	*ret = read;
	return 0;
}

static void
pause_a_moment(void)
{
	struct timespec moment = { .tv_nsec = ATTEMPT_PAUSE };

	(void)nanosleep(&moment, NULL);
}

int
addresses_read(struct addresses *ret, struct text *reterr_why)
{
	int rc = read_once(ret);

	for (int i = 1; rc == -EAGAIN && i < ATTEMPTS_MAX; i++) {
		pause_a_moment();
		rc = read_once(ret);
	}
	if (rc < 0)
		text_addf(reterr_why,
		    "the addresses of this host could not be read: %s",
		    rc == -EAGAIN ? "they do not stop changing"
				  : strerror(-rc));
	return rc;
}

static bool
interfaces_eq(const struct host_interfaces *a, const struct host_interfaces *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct host_interface *x = &a->items[i];
		const struct host_interface *y = &b->items[i];
		if (x->index != y->index || x->is_up != y->is_up ||
		    x->is_loopback != y->is_loopback ||
		    strcmp(x->name, y->name) != 0)
			return false;
	}
	return true;
}

bool
addresses_eq(const struct addresses *a, const struct addresses *b)
{
	if (!interfaces_eq(&a->interfaces, &b->interfaces) ||
	    a->addresses.count != b->addresses.count)
		return false;
	for (size_t i = 0; i < a->addresses.count; i++)
		if (by_interface_and_address(
			&a->addresses.items[i], &b->addresses.items[i]) != 0)
			return false;
	return true;
}

const struct host_interface *
addresses_find_interface(const struct addresses *addresses, struct str name)
{
	const struct host_interfaces *list = &addresses->interfaces;

	for (size_t i = 0; i < list->count; i++)
		if (str_is(name, list->items[i].name))
			return &list->items[i];
	return NULL;
}

/* The bare descriptor: its owner is the daemon's loop, not libmnl. */
static int
open_group_socket(void)
{
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups =
		    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&groups, sizeof(groups)) < 0) {
		int rc = -errno;
		(void)close(fd);
		return rc;
	}
	return fd;
}

int
addresses_monitor_open(struct text *reterr_why)
{
	int fd = open_group_socket();

	if (fd < 0)
		text_addf(reterr_why,
		    "changes of addresses cannot be watched: %s",
		    strerror(-fd));
	return fd;
}

/*
 * Any message will do, even one cut off by our buffer.  An overflow ends with
 * the error taken, and the messages that fitted are still to be read.
 */
int
addresses_monitor_read(int fd)
{
	char bytes[MONITOR_BYTES];
	int changed = 0;

	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		if (n >= 0 || errno == ENOBUFS)
			changed = 1;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return changed;
		else if (errno != EINTR)
			return -errno;
	}
}
