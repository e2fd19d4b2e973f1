/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/generation.h"

#include "base/clock.h"
#include "base/vec.h"
#include "daemon/inheritance.h"
#include "daemon/interfaces.h"
#include "daemon/pam_service.h"
#include "firewall/names.h"
#include "net/datagram.h"
#include "net/socket.h"
#include "policy/analyse.h"
#include "policy/sandbox.h"
#include "policy/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void
generation_destroy(struct generation *generation)
{
	if (generation == NULL)
		return;
	for (size_t i = 0; i < generation->listeners.count; i++)
		(void)close(generation->listeners.items[i].fd);
	free(generation->listeners.items);
	free(generation->own.items);
	list_watch_fini(&generation->lists);
	snapshot_fini(&generation->snapshot);
	policy_unref(generation->policy);
	free(generation->path);
	free(generation);
}

/* The zone of an interface; where several share it, the one of what has no
 * prefix of its own. */
static uint8_t
zone_of_interface(const struct policy *policy, const char *name)
{
	uint8_t found = ZONE_NONE;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		const struct policy_zone *z = &policy->zones[zone];
		if (policy_zone_has_interface(z, str_of(name)) &&
		    (found == ZONE_NONE || zone == policy->elsewhere))
			found = zone;
	}
	return found;
}

int
generation_see_addresses(
    struct generation *generation, const struct addresses *addresses)
{
	__typeof__(generation->own) own = { NULL, 0, 0 };

	for (size_t i = 0; i < addresses->addresses.count; i++) {
		const struct host_address *one = &addresses->addresses.items[i];
		/* What is mapped does not end here. */
		if (policy_is_mapped(generation->policy, one->address))
			continue;
		/* A broadcast address ends here too, but nobody is
		 * published at it. */
		struct firewall_own mine = { one->address,
			one->is_broadcast
			    ? ZONE_NONE
			    : zone_of_interface(
				  generation->policy, one->interface_name) };
		if (VEC_ADD(&own, mine) < 0) {
			free(own.items);
			return -ENOMEM;
		}
	}
	free(generation->own.items);
	generation->own = own;
	return 0;
}

/* The socket of the generation before, if it listens at the same place. */
static int
take_over(
    const struct generation *before, const struct generation_listener *listener)
{
	for (size_t i = 0; before != NULL && i < before->listeners.count; i++) {
		const struct generation_listener *old =
		    &before->listeners.items[i];
		if (old->kind != listener->kind ||
		    old->at.port != listener->at.port ||
		    !address_eq(old->at.address, listener->at.address))
			continue;
		int fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

static const char *
listen_hint(int rc)
{
	switch (-rc) {
	case EADDRINUSE:
		return "another program listens there; 'ss -lntup' says which";
	case EADDRNOTAVAIL:
		return "no interface of this host has the address; 'ip addr' "
		       "lists what there is";
	case EACCES:
	case EPERM:
		return "it takes root, or CAP_NET_ADMIN and "
		       "CAP_NET_BIND_SERVICE";
	default:
		return "";
	}
}

static void
report_listen(struct report *report, struct place place,
    const struct generation_listener *listener, int rc)
{
	char text[ADDRESS_TEXT_BYTES];

	report_error(report, place, "cannot listen on %s: %s",
	    address_port_format(listener->at, text), strerror(-rc));
	if (listen_hint(rc)[0] != '\0')
		report_hint(report, "%s", listen_hint(rc));
}

static int
open_socket(const struct generation_listener *listener,
    const struct socket_listen *options)
{
	bool handed = listener->kind == CHANNEL_LISTENER_INTERCEPT_DATAGRAMS ||
		      listener->kind == CHANNEL_LISTENER_QUIC;
	int fd;

	if (!channel_listener_has_datagrams(listener->kind))
		return socket_listen(options);
	fd = handed ? datagram_intercept(&options->at)
		    : datagram_listen(&options->at, options->freebind);
	if (fd >= 0 && listener->kind != CHANNEL_LISTENER_DATAGRAMS)
		datagram_widen(fd);
	return fd;
}

/* At boot the gateway is there before its addresses are. */
static int
listen_anew(const struct generation_wish *wish,
    const struct generation_listener *listener, struct place place,
    struct report *report)
{
	struct socket_listen options = { .at = listener->at,
		.transparent = listener->kind == CHANNEL_LISTENER_INTERCEPT };
	char text[ADDRESS_TEXT_BYTES];
	int fd = open_socket(listener, &options);

	if (fd != -EADDRNOTAVAIL || !wish->booting)
		return fd;
	options.freebind = true;
	fd = open_socket(listener, &options);
	if (fd >= 0)
		report_warning(report, "interface", place,
		    "no interface of this host has the address of %s yet",
		    address_port_format(listener->at, text));
	return fd;
}

static int
open_listener(struct generation *generation, const struct generation_wish *wish,
    struct generation_listener listener, struct place place,
    struct report *report)
{
	listener.fd = take_over(wish->before, &listener);
	if (listener.fd == -ENOENT && wish->inherited != NULL)
		listener.fd = inheritance_take(wish->inherited, listener.at,
		    channel_listener_has_datagrams(listener.kind));
	if (listener.fd == -ENOENT)
		listener.fd = listen_anew(wish, &listener, place, report);
	if (listener.fd < 0) {
		report_listen(report, place, &listener, listener.fd);
		return listener.fd;
	}
	if (VEC_ADD(&generation->listeners, listener) < 0) {
		(void)close(listener.fd);
		return -ENOMEM;
	}
	return 0;
}

/* The listeners that the kernel hands intercepted flows to. */
static int
open_intercept(struct generation *generation,
    const struct generation_wish *wish, enum channel_listener_kind kind,
    struct place place, struct report *report)
{
	struct generation_listener listener = {
		.kind = kind,
		.at.port = FIREWALL_NUMBER,
	};

	(void)address_parse(STR("127.0.0.1"), &listener.at.address);
	int rc = open_listener(generation, wish, listener, place, report);
	if (rc < 0 || !wish->ipv6)
		return rc;
	(void)address_parse(STR("::1"), &listener.at.address);
	return open_listener(generation, wish, listener, place, report);
}

/* The same of datagrams, to one port. */
static int
open_datagrams(struct generation *generation,
    const struct generation_wish *wish, uint16_t port, struct place place,
    struct report *report)
{
	struct generation_listener listener = {
		.kind = CHANNEL_LISTENER_INTERCEPT_DATAGRAMS,
		.at.port = port,
	};

	(void)address_parse(STR(FIREWALL_DATAGRAMS_4), &listener.at.address);
	int rc = open_listener(generation, wish, listener, place, report);
	if (rc < 0 || !wish->ipv6)
		return rc;
	(void)address_parse(STR(FIREWALL_DATAGRAMS_6), &listener.at.address);
	return open_listener(generation, wish, listener, place, report);
}

/* Of `dns`: datagrams and connections at the same places. */
static int
open_dns(struct generation *generation, const struct generation_wish *wish,
    struct report *report)
{
	const struct policy_dns *dns = &generation->policy->dns;
	int rc = 0;

	for (size_t i = 0; i < dns->listen_count; i++) {
		struct generation_listener listener = {
			.kind = CHANNEL_LISTENER_DNS,
			.at = dns->listens[i].at,
		};
		int one = open_listener(
		    generation, wish, listener, dns->listens[i].place, report);
		if (one == 0) {
			listener.kind = CHANNEL_LISTENER_DNS_DATAGRAMS;
			one = open_listener(generation, wish, listener,
			    dns->listens[i].place, report);
		}
		rc = rc < 0 ? rc : one;
	}
	if (dns->intercepts == 0)
		return rc;
	int one = open_datagrams(
	    generation, wish, POLICY_DNS_PORT, dns->intercept_place, report);
	return rc < 0 ? rc : one;
}

/* Of `proxy`: connections and datagrams at the same places. */
static int
open_explicit(struct generation *generation, const struct generation_wish *wish,
    struct report *report)
{
	const struct policy *policy = generation->policy;
	int rc = 0;

	for (size_t i = 0; i < policy->listen_count; i++) {
		struct generation_listener listener = {
			.kind = CHANNEL_LISTENER_EXPLICIT,
			.at = policy->listens[i].at,
		};
		int one = open_listener(generation, wish, listener,
		    policy->listens[i].place, report);
		/* One that is in use is said once. */
		if (one == 0) {
			listener.kind = CHANNEL_LISTENER_DATAGRAMS;
			one = open_listener(generation, wish, listener,
			    policy->listens[i].place, report);
		}
		rc = rc < 0 ? rc : one;
	}
	return rc;
}

static int
open_console(struct generation *generation, const struct generation_wish *wish,
    struct report *report)
{
	const struct policy *policy = generation->policy;
	int rc = 0;

	for (size_t i = 0; i < policy->console.listen_count; i++) {
		const struct generation_listener listener = {
			.kind = CHANNEL_LISTENER_CONSOLE,
			.at = policy->console.listens[i],
		};
		int one = open_listener(
		    generation, wish, listener, policy->console.place, report);
		rc = rc < 0 ? rc : one;
	}
	return rc;
}

/* All that are in use are said at once. */
static int
open_listeners(struct generation *generation,
    const struct generation_wish *wish, struct report *report)
{
	const struct policy *policy = generation->policy;
	int rc = open_explicit(generation, wish, report);
	int one = open_console(generation, wish, report);

	rc = rc < 0 ? rc : one;
	one = open_dns(generation, wish, report);
	rc = rc < 0 ? rc : one;
	if (policy->intercept_count > 0 || policy->dns.intercepts != 0) {
		one = open_intercept(generation, wish,
		    CHANNEL_LISTENER_INTERCEPT,
		    policy->intercept_count > 0 ? policy->intercepts[0].place
						: policy->dns.intercept_place,
		    report);
		rc = rc < 0 ? rc : one;
	}
	if (policy_reads_quic(policy)) {
		one = open_intercept(generation, wish, CHANNEL_LISTENER_QUIC,
		    policy->intercepts[0].place, report);
		rc = rc < 0 ? rc : one;
	}
	return rc;
}

/* What is odd about it was said when it was applied. */
static int
read_with_fresh(struct generation *generation,
    const struct generation_wish *wish, struct report *report,
    struct policy **ret_kept)
{
	struct snapshot_heir heir = { .snapshot = &generation->snapshot,
		.from = &wish->before->snapshot,
		.fresh = wish->fresh };
	struct policy_loader loader = snapshot_inheritor(&heir);
	int rc = policy_load(
	    generation->path, &loader, report, &generation->policy, ret_kept);

	return rc < 0 ? rc
		      : list_watch_go_on(&generation->lists, generation->policy,
			    &wish->before->lists, wish->fresh->path);
}

/* Likewise; and where its files are by now, nobody knows. */
static int
read_kept(struct generation *generation, const struct generation_wish *wish,
    struct report *report, struct policy **ret_kept)
{
	struct snapshot_heir heir = { .snapshot = &generation->snapshot,
		.from = wish->kept };
	struct policy_loader loader = snapshot_inheritor(&heir);
	int rc = policy_load(
	    generation->path, &loader, report, &generation->policy, ret_kept);

	return rc < 0 ? rc
		      : list_watch_begin(&generation->lists, generation->policy,
			    clock_now());
}

static int
read_from_disk(struct generation *generation, struct report *report,
    struct policy **ret_kept)
{
	struct policy_loader loader = snapshot_recorder(&generation->snapshot);
	int rc = policy_load(
	    generation->path, &loader, report, &generation->policy, ret_kept);

	if (rc < 0)
		return rc;
	policy_analyse(generation->policy, report);
	interfaces_check(generation->policy, report);
	pam_service_check(generation->policy, report);
	return list_watch_begin(
	    &generation->lists, generation->policy, clock_now());
}

/* The zone would have no interface, and all would seem to be well. */
static int
refuse_sandbox(const struct policy *policy, struct report *report)
{
	if (policy->sandbox == ZONE_NONE)
		return 0;
	report_error(report, policy->zones[policy->sandbox].place,
	    "'" SANDBOX_ZONE "' is the zone of a command that 'gatehouse exec' "
	    "runs; a gateway has none");
	return -EINVAL;
}

static int
read_policy(struct generation *generation, const struct generation_wish *wish,
    struct report *report, struct policy **ret_kept)
{
	int rc;

	if (wish->kept != NULL)
		rc = read_kept(generation, wish, report, ret_kept);
	else if (wish->fresh != NULL)
		rc = read_with_fresh(generation, wish, report, ret_kept);
	else
		rc = read_from_disk(generation, report, ret_kept);

	if (rc == 0)
		rc = refuse_sandbox(generation->policy, report);
	if (rc < 0)
		return rc;
	return policy_try(generation->policy, report).failed > 0 ? -EINVAL : 0;
}

int
generation_create(const struct generation_wish *wish, struct report *report,
    struct generation **ret, struct policy **ret_kept)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	*ret_kept = NULL;
	if (generation == NULL)
		return -ENOMEM;
	generation->number = wish->number;
	generation->again = wish->fresh != NULL;
	generation->kept = wish->kept != NULL;
	generation->names = wish->names;
	generation->path = strdup(wish->path);
	int rc = generation->path != NULL
		     ? read_policy(generation, wish, report, ret_kept)
		     : -ENOMEM;
	if (rc == 0)
		rc = generation_see_addresses(generation, wish->addresses);
	if (rc == 0)
		rc = open_listeners(generation, wish, report);
	if (rc < 0) {
		/* The report's places point into it. */
		if (generation->policy != NULL)
			*ret_kept = policy_ref(generation->policy);
		generation_destroy(generation);
		return rc;
	}
	*ret = generation;
	return 0;
}
