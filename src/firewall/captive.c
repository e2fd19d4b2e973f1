/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/captive.h"

#include "firewall/captive_table.h"
#include "firewall/names.h"
#include "firewall/netlink.h"
#include "net/datagram.h"
#include "net/socket.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#define DNS_PORT 53

/* Of what a name server is asked at once: a second's worth of a fast program,
 * while the proxy is still starting. */
#define UDP_QUEUE_BYTES (1 << 20)

static int
family_of(struct address address)
{
	return address.family == ADDRESS_IPV6 ? AF_INET6 : AF_INET;
}

static int
fail(int rc, const char *what, const struct text *words, struct text *why)
{
	text_addf(why, "%s: %s", what, strerror(-rc));
	if (words->len > 0)
		text_addf(why, " (%.*s)", STR_ARG(text_str(words)));
	return rc;
}

/* ---- the interface ---- */

static int
raise_loopback(struct netlink *netlink, unsigned lo, struct text *words)
{
	struct nlmsghdr *request = netlink_begin(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link =
	    mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)lo;
	link->ifi_flags = link->ifi_change = IFF_UP;
	return netlink_ask(netlink, request, NULL, NULL, words);
}

static int
add_address(struct netlink *netlink, unsigned lo, struct address own,
    struct text *words)
{
	struct nlmsghdr *request =
	    netlink_begin(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));
	size_t len = address_width(own);

	head->ifa_family = (uint8_t)family_of(own);
	head->ifa_prefixlen = (uint8_t)(len * 8);
	head->ifa_flags = IFA_F_NODAD;
	head->ifa_index = lo;
	mnl_attr_put(request, IFA_LOCAL, len, own.bytes);
	mnl_attr_put(request, IFA_ADDRESS, len, own.bytes);
	return netlink_ask(netlink, request, NULL, NULL, words);
}

/* The kernel has it, and it is not switched off; lo is up. */
static bool
has_ipv6(void)
{
	struct address_port at = { .port = DNS_PORT };
	int fd;

	(void)address_parse(STR("::1"), &at.address);
	fd = datagram_listen(&at, false);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* All there is, is here. */
static int
add_route(struct netlink *netlink, unsigned lo, struct address own,
    struct text *words)
{
	struct nlmsghdr *request =
	    netlink_begin(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *route =
	    mnl_nlmsg_put_extra_header(request, sizeof(*route));

	route->rtm_family = (uint8_t)family_of(own);
	route->rtm_type = RTN_LOCAL;
	route->rtm_scope = RT_SCOPE_HOST;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_table = RT_TABLE_LOCAL;
	mnl_attr_put_u32(request, RTA_OIF, lo);
	mnl_attr_put(request, RTA_PREFSRC, address_width(own), own.bytes);
	return netlink_ask(netlink, request, NULL, NULL, words);
}

static int
lead_here(struct netlink *netlink, unsigned lo, struct address own,
    struct text *words)
{
	int rc = add_address(netlink, lo, own, words);

	return rc < 0 ? rc : add_route(netlink, lo, own, words);
}

static int
set_up_interface(
    const struct captive *captive, bool *ret_ipv6, struct text *reterr_why)
{
	struct text words = TEXT_EMPTY;
	struct netlink netlink;
	unsigned lo = if_nametoindex("lo");
	int rc = netlink_open(&netlink, NETLINK_ROUTE);

	if (rc == 0) {
		rc = raise_loopback(&netlink, lo, &words);
		*ret_ipv6 = rc == 0 && has_ipv6();
		if (rc == 0)
			rc = lead_here(&netlink, lo, captive->own4, &words);
		if (rc == 0 && *ret_ipv6)
			rc = lead_here(&netlink, lo, captive->own6, &words);
		netlink_close(&netlink);
	}
	if (rc < 0)
		rc = fail(rc, "the sandbox's interface could not be set up",
		    &words, reterr_why);
	text_fini(&words);
	return rc;
}

/* ---- the sockets ---- */

static int
open_tcp(const struct address_port *at)
{
	struct socket_listen options = { .at = *at, .transparent = true };

	return socket_listen(&options);
}

/* An answer comes from the address that was asked. */
static int
open_udp(const struct address_port *at)
{
	int room = UDP_QUEUE_BYTES, fd = datagram_intercept(at);

	if (fd >= 0)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

static int
open_family(struct captive *captive, bool ipv6, struct text *reterr_why)
{
	enum captive_socket tcp = ipv6 ? CAPTIVE_TCP6 : CAPTIVE_TCP4;
	enum captive_socket udp = ipv6 ? CAPTIVE_UDP6 : CAPTIVE_UDP4;
	const struct text none = TEXT_EMPTY;

	captive->fds[tcp] = open_tcp(&captive->at[tcp]);
	if (captive->fds[tcp] < 0)
		return fail(captive->fds[tcp], "no listener in the sandbox",
		    &none, reterr_why);
	captive->fds[udp] = open_udp(&captive->at[udp]);
	if (captive->fds[udp] < 0)
		return fail(captive->fds[udp], "no name server in the sandbox",
		    &none, reterr_why);
	return 0;
}

void
captive_places(struct captive *captive)
{
	static const char *const places[] = {
		[CAPTIVE_TCP4] = "127.0.0.1",
		[CAPTIVE_UDP4] = "0.0.0.0",
		[CAPTIVE_TCP6] = "::1",
		[CAPTIVE_UDP6] = "::",
	};

	for (int i = 0; i < CAPTIVE_SOCKET_COUNT; i++) {
		(void)address_parse(str_of(places[i]), &captive->at[i].address);
		captive->at[i].port = i == CAPTIVE_UDP4 || i == CAPTIVE_UDP6
					  ? DNS_PORT
					  : FIREWALL_NUMBER;
	}
}

void
captive_fini(struct captive *captive)
{
	for (int i = 0; i < CAPTIVE_SOCKET_COUNT; i++) {
		if (captive->fds[i] >= 0)
			(void)close(captive->fds[i]);
		captive->fds[i] = -1;
	}
}

static int
hand_over(const struct captive *captive, bool ipv6, struct text *reterr_why)
{
	struct text words = TEXT_EMPTY;
	int rc = captive_table_install(captive, ipv6, &words);

	if (rc < 0)
		rc = fail(rc,
		    "this kernel cannot hand connections over (nftables and "
		    "its tproxy: modules nf_tables, nft_tproxy)",
		    &words, reterr_why);
	text_fini(&words);
	return rc;
}

int
captive_build(struct captive *captive, struct text *reterr_why)
{
	bool ipv6 = false;

	for (int i = 0; i < CAPTIVE_SOCKET_COUNT; i++)
		captive->fds[i] = -1;
	int rc = set_up_interface(captive, &ipv6, reterr_why);
	if (rc == 0)
		rc = open_family(captive, false, reterr_why);
	if (rc == 0 && ipv6)
		rc = open_family(captive, true, reterr_why);
	if (rc == 0)
		rc = hand_over(captive, ipv6, reterr_why);
	if (rc < 0)
		captive_fini(captive);
	return rc;
}
