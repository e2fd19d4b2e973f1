/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/surroundings.h"

#include "base/text.h"
#include "policy/words.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#define TCP_LISTENING 10 /* TCP_LISTEN of the kernel's own table */
#define UDP_UNBOUND   7  /* TCP_CLOSE: it waits for anybody */

/* "br-0123456789ab"; "br-lan" is a router's own. */
static bool
is_docker_network(const char *name)
{
	return strncmp(name, "br-", 3) == 0 && strlen(name) == 15 &&
	       strspn(name + 3, "0123456789abcdef") == 12;
}

/* By the names that Docker, Podman, libvirt, LXC, Incus and Kubernetes give. */
static bool
leads_within(const char *name)
{
	static const char *const beginnings[] = { "docker", "podman", "virbr",
		"lxcbr", "lxdbr", "incusbr", "cni" };

	if (is_docker_network(name))
		return true;

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (str_starts(str_of(name), str_of(beginnings[i])))
			return true;
	return false;
}

static struct surroundings_interface *
find_interface(struct surroundings *around, const char *name)
{
	for (size_t i = 0; i < around->count; i++)
		if (strcmp(around->interfaces[i].name, name) == 0)
			return &around->interfaces[i];
	if (around->count == SURROUNDINGS_INTERFACES_MAX ||
	    strlen(name) >= sizeof(around->interfaces[0].name))
		return NULL;
	if (!policy_word_is_interface(str_of(name))) {
		memcpy(around->unnamed, name, strlen(name) + 1);
		return NULL;
	}
	struct surroundings_interface *new =
	    &around->interfaces[around->count++];
	*new = (struct surroundings_interface){ 0 };
	memcpy(new->name, name, strlen(name) + 1);
	new->is_within = leads_within(name);
	return new;
}

/* The prefix that the address lies in. */
static struct address_range
network_of(struct address address, struct address mask)
{
	struct address_range network = { address, address };

	for (unsigned i = 0; i < address_width(address); i++) {
		network.first.bytes[i] &= mask.bytes[i];
		network.last.bytes[i] |= (uint8_t)~mask.bytes[i];
	}
	return network;
}

static void
take_address(struct surroundings *around, const struct ifaddrs *one)
{
	struct surroundings_interface *interface;
	struct address address = address_from_sockaddr(one->ifa_addr).address;
	struct address mask;

	if (address.family == ADDRESS_NONE || one->ifa_netmask == NULL ||
	    address_is_local_scope(address))
		return;
	mask = address_from_sockaddr(one->ifa_netmask).address;
	interface = find_interface(around, one->ifa_name);
	if (interface == NULL || mask.family != address.family ||
	    interface->count == SURROUNDINGS_NETWORKS_MAX)
		return;
	interface->own[interface->count] = address;
	interface->networks[interface->count++] = network_of(address, mask);
}

static int
look_at_interfaces(struct surroundings *around)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
		if (one->ifa_addr != NULL &&
		    (one->ifa_flags & IFF_LOOPBACK) == 0)
			take_address(around, one);
	freeifaddrs(all);
	return 0;
}

typedef void line_fn(struct surroundings *around, const char *line);

static void
each_line(struct surroundings *around, const char *path, line_fn *take)
{
	char line[512];
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		take(around, line);
	(void)fclose(file);
}

static void
take_outside(struct surroundings *around, const char *name)
{
	for (size_t i = 0; i < around->count; i++)
		if (around->outside == SURROUNDINGS_INTERFACES_MAX &&
		    strcmp(around->interfaces[i].name, name) == 0)
			around->outside = i;
}

/* "eth0 00000000 010000CB 0003 ..." */
static void
take_route(struct surroundings *around, const char *line)
{
	char name[16];
	unsigned destination, gateway, flags, mask;

	if (sscanf(line, "%15s %x %x %x %*u %*u %*u %x", name, &destination,
		&gateway, &flags, &mask) == 5 &&
	    destination == 0 && mask == 0)
		take_outside(around, name);
}

/* "0...0 00 0...0 00 NEXT-HOP METRIC REFERENCES USES FLAGS eth0" */
static void
take_route6(struct surroundings *around, const char *line)
{
	char destination[33], name[16];
	unsigned length;

	if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %*s %15s",
		destination, &length, name) == 3 &&
	    length == 0 && strspn(destination, "0") == 32 &&
	    strcmp(name, "lo") != 0)
		take_outside(around, name);
}

static void
add_port(struct surroundings_ports *ports, uint16_t port)
{
	size_t at = 0;

	while (at < ports->count && ports->at[at] < port)
		at++;
	if ((at < ports->count && ports->at[at] == port) ||
	    ports->count == SURROUNDINGS_PORTS_MAX)
		return;
	memmove(&ports->at[at + 1], &ports->at[at],
	    (ports->count - at) * sizeof(ports->at[0]));
	ports->at[at] = port;
	ports->count++;
}

/* 127.0.0.0/8, ::1, and both of them mapped, in the kernel's words. */
static bool
is_loopback(const char *hex)
{
	size_t len = strlen(hex);

	if (len == 8)
		return strcmp(hex + 6, "7F") == 0;
	return strcmp(hex, "00000000000000000000000001000000") == 0 ||
	       (strncmp(hex, "0000000000000000FFFF0000", 24) == 0 &&
		   strcmp(hex + 30, "7F") == 0);
}

/* "0: 00000000:0016 00000000:0000 0A ..." */
static bool
read_listener(const char *line, unsigned wanted, uint16_t *ret_port)
{
	char local[33];
	unsigned port, state;

	if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x", local, &port,
		&state) != 3)
		return false;
	*ret_port = (uint16_t)port;
	return state == wanted && port != 0 && !is_loopback(local);
}

static void
take_tcp(struct surroundings *around, const char *line)
{
	uint16_t port;

	if (read_listener(line, TCP_LISTENING, &port))
		add_port(&around->tcp, port);
}

/* OpenVPN, L2TP, IPsec behind NAT, WireGuard: somebody may come by it. */
static bool
is_tunnel(uint16_t port)
{
	return port == 1194 || port == 1701 || port == 4500 || port == 51820;
}

/* What asks others has a high port, but for DHCP; services have low ones. */
static void
take_udp(struct surroundings *around, const char *line)
{
	uint16_t port;

	if (read_listener(line, UDP_UNBOUND, &port) && port != 68 &&
	    port != 546 && (port < 1024 || is_tunnel(port)))
		add_port(&around->udp, port);
}

bool
surroundings_is_private(struct address address)
{
	static const char *const prefixes[] = { "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "100.64.0.0/10", "fc00::/7" };
	struct address_range range;
	const char *why;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (address_range_parse(str_of(prefixes[i]), &range, &why) ==
			0 &&
		    address_range_has(&range, address))
			return true;
	return false;
}

/* Where no route leads everywhere, public addresses tell the outside. */
static void
guess_outside(struct surroundings *around)
{
	/* Of IPv6 both sides have public ones. */
	for (size_t i = 0; i < around->count; i++)
		for (size_t j = 0; j < around->interfaces[i].count; j++)
			if (around->outside == SURROUNDINGS_INTERFACES_MAX &&
			    around->interfaces[i].own[j].family ==
				ADDRESS_IPV4 &&
			    !surroundings_is_private(
				around->interfaces[i].own[j]))
				around->outside = i;
	if (around->outside == SURROUNDINGS_INTERFACES_MAX)
		around->outside = around->count;
}

static void
take_forwarding(struct surroundings *around, const char *line)
{
	around->forwards |= line[0] == '1';
}

static void
take_resolver(struct surroundings *around, const char *line)
{
	struct address address;
	char word[64];

	if (sscanf(line, "nameserver %63s", word) != 1 ||
	    around->resolver_count == SURROUNDINGS_RESOLVERS_MAX ||
	    address_parse(str_of(word), &address) < 0 ||
	    address_is_local_scope(address))
		return;
	around->resolvers[around->resolver_count++] = address;
}

bool
surroundings_port_is(const struct surroundings_ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->at[i] == port)
			return true;
	return false;
}

int
surroundings_look(struct surroundings *ret)
{
	*ret = (struct surroundings){ .outside = SURROUNDINGS_INTERFACES_MAX };
	int rc = look_at_interfaces(ret);

	if (rc < 0)
		return rc;
	each_line(ret, "/proc/self/net/route", take_route);
	each_line(ret, "/proc/self/net/ipv6_route", take_route6);
	guess_outside(ret);
	each_line(ret, "/proc/self/net/tcp", take_tcp);
	each_line(ret, "/proc/self/net/tcp6", take_tcp);
	each_line(ret, "/proc/self/net/udp", take_udp);
	each_line(ret, "/proc/self/net/udp6", take_udp);
	each_line(ret, "/proc/sys/net/ipv4/ip_forward", take_forwarding);
	each_line(
	    ret, "/proc/sys/net/ipv6/conf/all/forwarding", take_forwarding);
	each_line(ret, "/etc/resolv.conf", take_resolver);
	ret->has_session = ssh_session_find(&ret->session);
	return 0;
}
