/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/load: clients that ask as fast as they are answered.
 *
 *	load COUNTS WORK CLIENTS PROXY PORT ORIGIN PORT [PATH [CODING [SOURCES]]]
 *
 * WORK is what each of the clients does, over and over:
 *
 *	keep     GET in absolute form, the connection kept where the proxy does
 *	get      a new connection for each GET
 *	connect  a new connection for each CONNECT and a GET through it
 *	bulk     one CONNECT, then reads what comes without end
 *	raw      like bulk, to a relay that leads to the origin without CONNECT
 *	inside   one CONNECT, TLS in it, then GETs: the connection kept
 *	idle     one GET, then nothing, the connection open; OPENING at a time
 *
 * PATH is what is asked for, "/" without one; CODING what is accepted, and then
 * an answer in another one is a failure.  SOURCES is how many addresses of the
 * host they come from in turn, from the first on: one has 64,000 ports at most,
 * and a proxy may take only so many connections of each.
 *
 * One thread, epoll; it runs until it is ended.  Whatever is not an answer
 * with status 200 is a failure; after FAILURES_MAX of them it gives up.  A proxy
 * that ends a connection after its first answer is taken for one that keeps
 * none, and asked no second time; `dials` tells.
 */
#include "tcp.h"
#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX   4096
#define BULK_BYTES   ((size_t)1 << 20)
#define OPENING      16
#define CHUNKS_BYTES ((size_t)64 << 10)
#define TAIL         ((size_t)16) /* longer than the end of chunks */
#define FAILURES_MAX 1000
#define EVENTS       256

enum work {
	KEEP,
	GET,
	CONNECT,
	BULK,
	RAW,
	INSIDE,
	IDLE,
	WORK_COUNT
};
static const char *const work_words[WORK_COUNT] = {
	[KEEP] = "keep",
	[GET] = "get",
	[CONNECT] = "connect",
	[BULK] = "bulk",
	[RAW] = "raw",
	[INSIDE] = "inside",
	[IDLE] = "idle",
};

enum state {
	FREE,
	DIALLING,
	TUNNEL_ASKED,
	ASKED,
	TAKING,    /* the rest of the content, which is thrown away */
	CHUNKS,    /* content in chunks, read for its end */
	STREAMING, /* all that comes is counted and thrown away */
	RESTING,
};

struct client {
	enum state state;
	unsigned answers; /* on this connection */
	size_t len;
	char *answer; /* ANSWER_MAX; stays with the slot */
	size_t left;  /* of the content */
};

static struct client clients[TCP_FD_MAX];
static struct counts *counts;
static struct sockaddr_in proxy, own;
static unsigned n_sources; /* 0: no matter which */
static enum work work;
static bool is_kept = true;
static int epoll_fd;
static unsigned unopened; /* of WORK idle */
static char tunnel_head[256], get_head[512];
static char accepted[64]; /* the field of it, or nothing */
static char coded[64];    /* the field that an answer must have */

static void
watch(int fd, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll_fd, how, fd, &event) < 0)
		die("epoll");
}

static int
dial(void)
{
	struct sockaddr_in from = own;

	if (n_sources == 0)
		return tcp_dial(&proxy, NULL);
	from.sin_addr.s_addr = htonl(
	    ntohl(own.sin_addr.s_addr) + (uint32_t)(counts->dials % n_sources));
	return tcp_dial(&proxy, &from);
}

static void
begin(void)
{
	int fd = dial();

	if (fd < 0)
		die("cannot connect to the proxy");
	if (clients[fd].answer == NULL)
		clients[fd].answer = malloc(ANSWER_MAX);
	if (clients[fd].answer == NULL)
		die("memory");
	clients[fd].state = DIALLING;
	clients[fd].answers = 0;
	clients[fd].len = 0;
	counts->dials++;
	watch(fd, EPOLLOUT, EPOLL_CTL_ADD);
}

static void
begin_again(int fd)
{
	clients[fd].state = FREE;
	wire_close(fd);
	begin();
}

static void
fail(int fd, const char *why)
{
	if (counts->failures == 0)
		(void)fprintf(stderr, "%s: %.*s\n", why,
		    (int)strcspn(clients[fd].answer, "\r"), clients[fd].answer);
	if (++counts->failures > FAILURES_MAX)
		exit(1);
	begin_again(fd);
}

/* Gone before the first byte of an answer. */
static void
lose(int fd, const char *why)
{
	if (clients[fd].answers == 0 || clients[fd].len > 0) {
		fail(fd, why);
		return;
	}
	is_kept = is_kept && clients[fd].answers > 1;
	begin_again(fd);
}

static void
ask(int fd, const char *head, enum state next)
{
	size_t len = strlen(head);

	clients[fd].len = 0;
	clients[fd].answer[0] = '\0';
	if (wire_send(fd, head, len) != (ssize_t)len)
		lose(fd, "cannot ask");
	else
		clients[fd].state = next;
}

static void
ask_first(int fd)
{
	watch(fd, EPOLLIN, EPOLL_CTL_MOD);
	if (work == CONNECT || work == BULK || work == INSIDE)
		ask(fd, tunnel_head, TUNNEL_ASKED);
	else
		ask(fd, get_head, work == RAW ? STREAMING : ASKED);
}

static void
rest(int fd)
{
	clients[fd].state = RESTING;
	if (unopened > 0) {
		unopened--;
		begin();
	}
}

static void
take_answer(int fd)
{
	struct client *client = &clients[fd];

	if (client->state == TUNNEL_ASKED) {
		if (work == INSIDE)
			wire_ask(fd, NULL);
		ask(fd, get_head, work == BULK ? STREAMING : ASKED);
		return;
	}
	counts->answers++;
	client->answers++;
	if (work == IDLE)
		rest(fd);
	else if ((work == KEEP || work == INSIDE) && is_kept)
		ask(fd, get_head, ASKED);
	else
		begin_again(fd);
}

#define CHUNKS_END "\r\n0\r\n\r\n"

/* Content of ours has no end of chunks within. */
static bool
ends_chunks(const char *at, size_t len)
{
	size_t end = strlen(CHUNKS_END);

	return len >= end && memcmp(at + len - end, CHUNKS_END, end) == 0;
}

/* The head is there, and behind it the first bytes of the content. */
static void
begin_content(int fd, const char *head_end)
{
	struct client *client = &clients[fd];
	size_t have = client->len - (size_t)(head_end - client->answer);
	const char *length = strcasestr(client->answer, "\ncontent-length:");

	if (coded[0] != '\0' && strcasestr(client->answer, coded) == NULL) {
		fail(fd, "not in the coding");
	} else if (client->state == TUNNEL_ASKED) {
		take_answer(fd);
	} else if (length != NULL && length < head_end) {
		client->left = strtoul(length + 16, NULL, 10) - have;
		client->state = TAKING;
		if (client->left == 0)
			take_answer(fd);
	} else if (ends_chunks(head_end, have)) {
		take_answer(fd);
	} else {
		client->state = CHUNKS;
	}
}

static void
read_answer(int fd)
{
	struct client *client = &clients[fd];
	ssize_t got = wire_recv(
	    fd, client->answer + client->len, ANSWER_MAX - 1 - client->len);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		lose(fd, "closed before the answer was whole");
		return;
	}
	client->len += (size_t)got;
	client->answer[client->len] = '\0';
	const char *end = strstr(client->answer, "\r\n\r\n");
	if (client->len >= 12 && memcmp(client->answer + 8, " 200", 4) != 0)
		fail(fd, "refused");
	else if (end != NULL)
		begin_content(fd, end + 4);
}

/* Of TCP, MSG_TRUNC takes bytes without copying them. */
static ssize_t
skip(int fd, size_t len)
{
	static char bytes[CHUNKS_BYTES];

	if (work != INSIDE)
		return recv(fd, NULL, len, MSG_TRUNC);
	return wire_recv(fd, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
}

static void
read_rest(int fd)
{
	struct client *client = &clients[fd];
	ssize_t got = skip(fd, client->left);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		fail(fd, "closed within the content");
		return;
	}
	client->left -= (size_t)got;
	if (client->left == 0)
		take_answer(fd);
}

/* The end may come in two parts: the last bytes stay before the next ones. */
static void
read_chunks(int fd)
{
	static char bytes[CHUNKS_BYTES];
	struct client *client = &clients[fd];
	size_t kept = client->len < TAIL ? client->len : TAIL;

	memcpy(bytes, client->answer + client->len - kept, kept);
	ssize_t got = recv(fd, bytes + kept, sizeof(bytes) - kept, 0);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		fail(fd, "closed within the chunks");
		return;
	}
	size_t len = kept + (size_t)got;
	client->len = len < TAIL ? len : TAIL;
	memcpy(client->answer, bytes + len - client->len, client->len);
	if (ends_chunks(bytes, len))
		take_answer(fd);
}

static void
read_stream(int fd)
{
	ssize_t got = recv(fd, NULL, BULK_BYTES, MSG_TRUNC);

	if (got > 0)
		counts->bytes += (uint64_t)got;
	else if (got == 0 || errno != EAGAIN)
		fail(fd, "the stream ended");
}

static void
turn(int fd)
{
	switch (clients[fd].state) {
	case FREE:
		break;
	case DIALLING:
		ask_first(fd);
		break;
	case TUNNEL_ASKED:
	case ASKED:
		read_answer(fd);
		break;
	case TAKING:
		read_rest(fd);
		break;
	case CHUNKS:
		read_chunks(fd);
		break;
	case STREAMING:
		read_stream(fd);
		break;
	case RESTING:
		fail(fd, "an idle connection was ended");
		break;
	}
}

static void
write_heads(const char *address, const char *port, const char *path)
{
	bool is_direct =
	    work == CONNECT || work == BULK || work == RAW || work == INSIDE;

	if (work == BULK || work == RAW)
		path = "/bulk";
	(void)snprintf(tunnel_head, sizeof(tunnel_head),
	    "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", address, port,
	    address, port);
	if (is_direct)
		(void)snprintf(get_head, sizeof(get_head),
		    "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", path, address,
		    port);
	else
		(void)snprintf(get_head, sizeof(get_head),
		    "GET http://%s:%s%s HTTP/1.1\r\nHost: %s:%s\r\n"
		    "User-Agent: bench\r\nAccept: */*\r\n%s\r\n",
		    address, port, path, address, port, accepted);
}

static void
write_coding(const char *coding)
{
	(void)snprintf(
	    accepted, sizeof(accepted), "Accept-Encoding: %s\r\n", coding);
	(void)snprintf(
	    coded, sizeof(coded), "\r\nContent-Encoding: %s\r\n", coding);
}

static bool
read_work(const char *word)
{
	for (work = 0; work < WORK_COUNT; work++)
		if (strcmp(word, work_words[work]) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	unsigned n_clients;

	if (argc < 8 || argc > 11 || !read_work(argv[2])) {
		(void)fputs(
		    "usage: load COUNTS keep|get|connect|bulk|raw|inside|idle "
		    "CLIENTS PROXY PORT ORIGIN PORT "
		    "[PATH [CODING [SOURCES]]]\n",
		    stderr);
		return 2;
	}
	tcp_many_descriptors();
	counts = counts_map(argv[1]);
	n_clients = (unsigned)strtoul(argv[3], NULL, 10);
	proxy = tcp_address(argv[4], argv[5]);
	if (argc > 9 && argv[9][0] != '\0')
		write_coding(argv[9]);
	if (argc > 10)
		n_sources = (unsigned)strtoul(argv[10], NULL, 10);
	if (n_sources > 0)
		own = tcp_own_address(&proxy);
	write_heads(argv[6], argv[7], argc > 8 ? argv[8] : "/");
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll");

	if (work == IDLE && n_clients > OPENING) {
		unopened = n_clients - OPENING;
		n_clients = OPENING;
	}
	for (unsigned i = 0; i < n_clients; i++)
		begin();
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			do {
				turn(events[i].data.fd);
			} while (wire_holds(events[i].data.fd));
	}
}
