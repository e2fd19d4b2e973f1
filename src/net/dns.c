/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns.h"

#include "base/must.h"
#include "base/text.h"
#include "net/dns_records.h"
#include "net/dns_refusals.h"
#include "net/name_servers.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

/*
 * c-ares waits T for each server of the list, then 2 T for each, 4 T and 8 T:
 * with one server that is 15 T, to be over shortly before `timeout`.  Of 5 s T
 * is a third of one: what is lost once is hardly noticed, and if it is lost
 * three times in a row, it is answered still.  What was asked first is not
 * withdrawn by that: its answer counts whenever it comes.
 */
#define TRIES               4
#define FIRST_WAIT(timeout) ((timeout)*65 / 1000)

/* Fits in every path's MTU, so that no answer is fragmented (the DNS flag day
 * of 2020); what is larger comes by TCP. */
#define EDNS_BYTES 1232

/* How often it is seen whether the host has other name servers. */
#define LOOK_EVERY CLOCK_SECOND

/* c-ares has one of UDP and one of TCP to each server. */
#define SOCKETS_MAX ((size_t)2 * RESOLVER_SERVERS_MAX)

/* How often a socket is looked at that the kernel does not let us watch. */
#define UNWATCHED_EVERY (50 * CLOCK_MS)

/* Its place is there before it is, for c-ares cannot be told that there is
 * none. */
struct dns_socket {
	struct loop_watch watch; /* fd -1: the place is free */
	struct dns *dns;
	bool unwatched;
};

struct dns {
	struct loop *loop;
	ares_channel channel;
	struct loop_timer timer;
	struct dns_socket sockets[SOCKETS_MAX]; /* c-ares' own */
	size_t lookups;
	struct loop_deferred *ended; /* NULL: nobody is told */
	int64_t timeout;
	bool told;            /* its servers were said, and are no file's */
	int64_t look;         /* at the file again */
	struct stat resolver; /* the file as it was read; zero: not there */
	struct dns_refusals refusals;
	bool moves; /* to other servers */
	struct dns_lookup *moved;
};

struct dns_lookup {
	struct dns *dns;
	struct dns_lookup *next; /* of those that are moved */
	const char *name;        /* lent until fn is called, or is NULL */
	enum address_family family;
	dns_fn fn; /* NULL: forgotten */
	void *context;
};

/* ---- c-ares on the loop ---- */

static void follow_file(struct dns *dns);

static bool
has_unwatched(const struct dns *dns)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (dns->sockets[i].unwatched)
			return true;
	return false;
}

static void
arm_timer(struct dns *dns)
{
	struct timeval room, *left = ares_timeout(dns->channel, NULL, &room);
	int64_t wait = UNWATCHED_EVERY;

	if (left == NULL) {
		loop_timer_cancel(&dns->timer);
		return;
	}
	int64_t all = left->tv_sec * CLOCK_SECOND + left->tv_usec * 1000;
	if (all < wait || !has_unwatched(dns))
		wait = all;
	loop_timer_arm(dns->loop, &dns->timer, clock_now() + wait);
}

static void
process(struct dns *dns, ares_socket_t readable, ares_socket_t writable)
{
	ares_process_fd(dns->channel, readable, writable);
	arm_timer(dns);
}

/* c-ares may close the socket in here, and then its watch is gone. */
static void
on_ready(struct loop_watch *watch, unsigned ready)
{
	struct dns_socket *socket = watch->context;
	int fd = watch->fd;

	process(socket->dns, (ready & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (ready & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
}

static void
watch_socket(struct dns_socket *socket)
{
	struct loop *loop = socket->dns->loop;

	socket->unwatched = loop_watch_start(loop, &socket->watch) < 0;
}

/* It does not wait: what has not come is asked for in vain. */
static void
look_at_unwatched(struct dns *dns)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		struct dns_socket *socket = &dns->sockets[i];
		if (!socket->unwatched)
			continue;
		watch_socket(socket);
		on_ready(&socket->watch, socket->watch.wanted);
	}
}

static void
on_time(struct loop_timer *timer)
{
	struct dns *dns = timer->context;

	follow_file(dns); /* before those are asked again who are no more */
	look_at_unwatched(dns);
	process(dns, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* NULL: there is none. */
static struct dns_socket *
find_socket(struct dns *dns, int fd)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (dns->sockets[i].watch.fd == fd)
			return &dns->sockets[i];
	return NULL;
}

static void
drop_socket(struct dns_socket *socket)
{
	loop_watch_stop(&socket->watch);
	socket->watch.fd = -1;
	socket->unwatched = false;
}

static void
add_socket(struct dns *dns, int fd, unsigned wanted)
{
	struct dns_socket *socket = find_socket(dns, -1);

	/* One that it has beside those is not heard: its look-ups end by their
	 * time. */
	if (socket == NULL)
		return;
	*socket = (struct dns_socket){ .dns = dns,
		.watch = { .fd = fd,
		    .wanted = wanted,
		    .fn = on_ready,
		    .context = socket } };
	watch_socket(socket);
}

static void
change_socket(struct dns_socket *socket, unsigned wanted)
{
	if (socket->unwatched)
		socket->watch.wanted = wanted;
	else if (loop_watch_change(&socket->watch, wanted) < 0)
		drop_socket(socket);
}

/* c-ares says what it waits for on a socket; nothing, before it closes it. */
static void
on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = data;
	struct dns_socket *socket = find_socket(dns, fd);
	unsigned wanted =
	    (readable != 0 ? LOOP_READ : 0) | (writable != 0 ? LOOP_WRITE : 0);

	if (socket == NULL && wanted != 0)
		add_socket(dns, fd, wanted);
	else if (socket != NULL && wanted == 0)
		drop_socket(socket);
	else if (socket != NULL)
		change_socket(socket, wanted);
}

/* ---- answers ---- */

static void
on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct dns_lookup *lookup = arg;
	struct dns_reply reply;

	(void)timeouts;
	if (lookup->dns->moves && lookup->fn != NULL) {
		lookup->next = lookup->dns->moved;
		lookup->dns->moved = lookup;
		return;
	}
	lookup->dns->lookups--;
	if (lookup->dns->ended != NULL)
		loop_defer(lookup->dns->loop, lookup->dns->ended);
	if (lookup->fn != NULL) {
		dns_records_read(status, lookup->family, bytes, len, &reply);
		lookup->fn(&reply, lookup->context);
	}
	free(lookup);
}

static void
send_out(struct dns_lookup *lookup)
{
	ares_query(lookup->dns->channel, lookup->name, ns_c_in,
	    lookup->family == ADDRESS_IPV4 ? ns_t_a : ns_t_aaaa, on_answer,
	    lookup);
}

/* ---- the host's name servers ---- */

static int set_host_s_servers(struct dns *dns);

/* c-ares does not change its servers under a look-up.  What the old ones have
 * not answered is asked of the new ones. */
static int
move(struct dns *dns)
{
	dns->moves = true;
	ares_cancel(dns->channel);
	dns->moves = false;
	int rc = set_host_s_servers(dns);
	while (dns->moved != NULL) {
		struct dns_lookup *lookup = dns->moved;
		dns->moved = lookup->next;
		send_out(lookup);
	}
	return rc;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/*
 * A gateway that stands before its network does is told of name servers later,
 * and by DHCP time and again, be they the same.
 */
static void
follow_file(struct dns *dns)
{
	struct stat now;

	if (dns->told || loop_now(dns->loop) < dns->look)
		return;
	dns->look = loop_now(dns->loop) + LOOK_EVERY;
	name_servers_look(&now);
	/* Who takes the file away has no other servers to tell of. */
	if (now.st_ino == 0 || is_same_file(&now, &dns->resolver))
		return;
	/* The same channel: a new one would seed its numbers from a file, which
	 * cannot be opened any more, or else from next to nothing. */
	if (move(dns) == 0)
		dns->resolver = now;
}

int
dns_ask(struct dns *dns, const char *name, enum address_family family,
    dns_fn fn, void *context, struct dns_lookup **ret)
{
	struct dns_lookup *lookup = malloc(sizeof(*lookup));

	if (lookup == NULL)
		return -ENOMEM;
	*lookup = (struct dns_lookup){ .dns = dns,
		.name = name,
		.family = family,
		.fn = fn,
		.context = context };
	*ret = lookup;
	follow_file(dns);
	dns->lookups++;
	send_out(lookup);
	arm_timer(dns);
	return 0;
}

void
dns_forget(struct dns_lookup *lookup)
{
	lookup->fn = NULL;
}

size_t
dns_lookups(const struct dns *dns)
{
	return dns->lookups;
}

/* ---- making ---- */

static int
errno_of(int ares_status)
{
	switch (ares_status) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENOMEM:
		return -ENOMEM;
	case ARES_ENOTIMP: /* of setting servers: look-ups are in flight */
		return -EBUSY;
	case ARES_EFILE:
		return -EIO;
	default:
		return -EINVAL;
	}
}

static int library_status;

/* For the process, and before any channel; c-ares does not lock it. */
static void
init_library(void)
{
	library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

static int
set_servers(
    ares_channel channel, const struct address_port *servers, size_t count)
{
	struct text list = TEXT_EMPTY;
	char one[ADDRESS_TEXT_BYTES];

	for (size_t i = 0; i < count; i++)
		text_addf(&list, "%s%s", i > 0 ? "," : "",
		    address_port_format(servers[i], one));
	int error =
	    list.full ? -ENOMEM
		      : errno_of(ares_set_servers_ports_csv(channel, list.at));
	text_fini(&list);
	return error;
}

/*
 * All that c-ares would look for in files is said here, if only that there is
 * none of it: then it opens no file, which the proxy may not.
 */
static int
init_channel(struct dns *dns, ares_channel *ret)
{
	char dns_only[] = "b";
	struct ares_options options = {
		.flags =
		    ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = (int)(FIRST_WAIT(dns->timeout) / CLOCK_MS) + 1,
		.tries = TRIES,
		.ndots = 0,
		.lookups = dns_only,
		.ednspsz = EDNS_BYTES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = dns,
	};

	return errno_of(ares_init_options(ret, &options,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_NDOTS | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ |
		ARES_OPT_SOCK_STATE_CB | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
		ARES_OPT_SORTLIST));
}

static int
set_host_s_servers(struct dns *dns)
{
	struct name_servers servers;
	int rc = name_servers_read(&servers);

	return rc < 0 ? rc
		      : set_servers(dns->channel, servers.items, servers.count);
}

static int
open_channel(struct dns *dns)
{
	int error = init_channel(dns, &dns->channel);

	if (error < 0)
		return error;
	dns_refusals_watch(&dns->refusals, dns->channel);
	error = set_host_s_servers(dns);
	if (error < 0)
		ares_destroy(dns->channel);
	return error;
}

int
dns_create(struct loop *loop, int64_t timeout, struct dns **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct dns *dns = calloc(1, sizeof(*dns));
	int error;

	if (dns == NULL)
		return -ENOMEM;
	(void)pthread_once(&once, init_library);
	dns->loop = loop;
	dns->timeout = timeout;
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		dns->sockets[i].watch.fd = -1;
	/* Before it is read: what is written meanwhile is read again. */
	name_servers_look(&dns->resolver);
	dns->timer = (struct loop_timer){ .fn = on_time, .context = dns };
	error = errno_of(library_status);
	if (error == 0)
		error = open_channel(dns);
	if (error < 0) {
		free(dns);
		return error;
	}
	*ret = dns;
	return 0;
}

void
dns_tell_ended(struct dns *dns, struct loop_deferred *ended)
{
	dns->ended = ended;
}

void
dns_destroy(struct dns **dns)
{
	struct dns *gone = *dns;

	*dns = NULL;
	if (gone == NULL)
		return;
	/* Ends every look-up and closes every socket, by our callbacks. */
	ares_destroy(gone->channel);
	must(gone->lookups == 0);
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		must(gone->sockets[i].watch.fd < 0);
	loop_timer_cancel(&gone->timer);
	free(gone);
}

int
dns_servers(struct dns *dns, const struct address_port *servers, size_t count)
{
	dns->told = true;
	return set_servers(dns->channel, servers, count);
}
