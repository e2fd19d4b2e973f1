/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_datagram: the last step of an errand that carries datagrams.
 *
 * There is nobody to be connected to: the first address that was admitted and
 * that there is a way to is the server.
 */
#include "proxy/errand_impl.h"

#include "event/counter.h"
#include "net/datagram.h"
#include "proxy/worker.h"

#include <errno.h>
#include <unistd.h>

static bool
may_go(struct errand *errand)
{
	return errand_may_proceed(&errand->answer) &&
	       policy_carriage(errand->generation->policy, &errand->flow,
		   &errand->answer, &errand->parent) &&
	       errand->parent == NULL;
}

/* The address that an intercepted client has chosen among those of the name is
 * as good as any, and it has asked for that. */
static void
put_meant_first(struct errand *errand)
{
	struct address_port first = errand->addresses[0];

	for (size_t i = 1; i < errand->address_count; i++) {
		if (!address_eq(errand->addresses[i].address, errand->meant))
			continue;
		errand->addresses[0] = errand->addresses[i];
		errand->addresses[i] = first;
		return;
	}
}

static int
open_first(struct errand *errand)
{
	int fd = -EHOSTUNREACH;

	put_meant_first(errand);
	for (size_t i = 0; fd < 0 && i < errand->address_count; i++) {
		fd = datagram_connect(&errand->addresses[i]);
		errand->server_at = errand->addresses[i];
	}
	return fd;
}

static void
close_again(struct errand *errand)
{
	(void)close(errand->datagrams);
	errand->datagrams = -1;
	errand->server_at = (struct address_port){ 0 };
}

/* By the policy in force, which may not be the one that it was begun under. */
static void
judge(struct errand *errand)
{
	errand_take_generation(errand, errand->worker->generation);
	admission_destination(
	    errand->generation, &errand->flow, errand->server_at.address);
	errand->answer = errand_ask_own(errand);
	if (!may_go(errand)) {
		close_again(errand);
		errand_refuse(errand, errand->answer);
	} else if (!errand_take_share(errand)) {
		close_again(errand);
		errand->done(errand, ERRAND_LIMITED);
	} else {
		errand->done(errand, ERRAND_READY);
	}
}

void
errand_open_datagrams(struct errand *errand)
{
	/* Nothing is dialled that could go on with an address that is late. */
	resolver_cancel(&errand->query);
	/* No parent carries datagrams, and there is no other way then. */
	if (errand->parent != NULL) {
		errand_fail(errand, PROXY_FAILURE_PARENT_NO_WAY);
		return;
	}
	int fd = open_first(errand);
	if (fd < 0) {
		counter_add(COUNTER_UPSTREAM_FAILED, 1);
		errand->server_at = (struct address_port){ 0 };
		errand_fail(errand, proxy_failure_of_dial(fd));
		return;
	}
	errand->datagrams = fd;
	judge(errand);
}
