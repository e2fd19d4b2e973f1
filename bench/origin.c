/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/origin: a web server that costs as little as one can.
 *
 *	origin COUNTS ADDRESS PORT [PAGE [CERTIFICATE]]
 *
 * With CERTIFICATE it speaks TLS.  What is asked for decides what is sent, by its last segment:
 *
 *	kept-BYTES  so many bytes that caches may keep for a day
 *	kept-page   the file PAGE, which is HTML, likewise
 *	page        the same, for no cache
 *	bulk        an endless stream, from pages that are never copied
 *	else        1 KiB that no cache may keep
 *
 * One thread, edge-triggered epoll; a table indexed by descriptor.  A head must
 * fit HEAD_MAX, and no request comes before the last was answered.
 */
#include "tcp.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX   4096
#define BULK_BYTES ((size_t)1 << 20)
/* As many pieces before others have their turn. */
#define BULK_TURNS 8
#define EVENTS     256

#define BULK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define KEPT      "max-age=86400"
#define NOT_KEPT  "no-store"

struct answer {
	const char *name; /* the last segment of its path; NULL: any other */
	const char *control;
	size_t body; /* 0: the page */
	char *bytes;
	size_t len;
};

static struct answer answers[] = {
	{ "kept-1024", KEPT, 1024, NULL, 0 },
	{ "kept-65536", KEPT, 65536, NULL, 0 },
	{ "kept-1048576", KEPT, 1048576, NULL, 0 },
	{ "kept-page", KEPT, 0, NULL, 0 },
	{ "page", NOT_KEPT, 0, NULL, 0 },
	{ NULL, NOT_KEPT, 1024, NULL, 0 },
};

struct client {
	char *head; /* NULL: the slot is free */
	size_t len;
	bool bulk;
	bool is_last;
	struct answer *answer; /* NULL: none is under way */
	size_t sent;
};

static struct client clients[TCP_FD_MAX];
static struct counts *counts;
static int epoll_fd, bulk_fd;
static bool is_secure;

static void
drop(int fd)
{
	free(clients[fd].head);
	clients[fd] = (struct client){ 0 };
	wire_close(fd);
}

static void
watch(int fd, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll_fd, how, fd, &event) < 0)
		die("epoll");
}

static void
welcome(int listener)
{
	int fd;

	while ((fd = tcp_accept(listener)) >= 0) {
		clients[fd].head = malloc(HEAD_MAX);
		if (clients[fd].head == NULL)
			die("memory");
		counts->dials++;
		if (is_secure)
			wire_serve(fd);
		watch(fd, EPOLLIN | EPOLLOUT | EPOLLET, EPOLL_CTL_ADD);
	}
}

/* Level-triggered: whoever has room is woken again. */
static void
send_bulk(int fd)
{
	for (int i = 0; i < BULK_TURNS; i++) {
		off_t start = 0;
		ssize_t sent = sendfile(fd, bulk_fd, &start, BULK_BYTES);

		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			drop(fd);
			return;
		}
		counts->bytes += (uint64_t)sent;
	}
}

static void
begin_bulk(int fd)
{
	clients[fd].bulk = true;
	(void)send(fd, BULK_HEAD, sizeof(BULK_HEAD) - 1, MSG_NOSIGNAL);
	watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
}

static void
send_answer(int fd)
{
	struct client *client = &clients[fd];
	const struct answer *answer = client->answer;
	ssize_t sent = wire_send(
	    fd, answer->bytes + client->sent, answer->len - client->sent);

	if (sent < 0 && errno == EAGAIN)
		return;
	if (sent < 0) {
		counts->failures++;
		drop(fd);
		return;
	}
	client->sent += (size_t)sent;
	if (client->sent < answer->len)
		return;
	client->answer = NULL;
	counts->answers++;
	if (client->is_last)
		drop(fd);
}

/* Of "GET /a/b HTTP/1.1" and "GET http://host/a/b HTTP/1.1" it is "b". */
static bool
asks_for(const char *head, const char *name)
{
	const char *end = strstr(head, " HTTP/");
	size_t len = strlen(name);

	return end != NULL && (size_t)(end - head) > len &&
	       *(end - len - 1) == '/' && memcmp(end - len, name, len) == 0;
}

static struct answer *
find_answer(const char *head)
{
	struct answer *answer = answers;

	while (answer->name != NULL && !asks_for(head, answer->name))
		answer++;
	return answer;
}

static void
answer_head(int fd)
{
	struct client *client = &clients[fd];

	client->is_last =
	    strcasestr(client->head, "connection: close") != NULL ||
	    strstr(client->head, "HTTP/1.0\r\n") != NULL;
	client->len = 0;
	if (asks_for(client->head, "bulk")) {
		begin_bulk(fd);
		return;
	}
	client->answer = find_answer(client->head);
	client->sent = 0;
	send_answer(fd);
}

static void
read_head(int fd)
{
	struct client *client = &clients[fd];

	for (;;) {
		ssize_t got = wire_recv(
		    fd, client->head + client->len, HEAD_MAX - 1 - client->len);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			drop(fd);
			return;
		}
		client->len += (size_t)got;
		client->head[client->len] = '\0';
		if (client->len >= 4 && memcmp(client->head + client->len - 4,
					    "\r\n\r\n", 4) == 0) {
			answer_head(fd);
			return;
		}
	}
}

static void
turn(int fd)
{
	if (clients[fd].bulk)
		send_bulk(fd);
	else if (clients[fd].answer != NULL)
		send_answer(fd);
	/* Edge-triggered: what came meanwhile is not told again. */
	if (!clients[fd].bulk && clients[fd].answer == NULL)
		read_head(fd);
}

static void
serve(int listener)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				welcome(listener);
			else if (clients[fd].head != NULL)
				turn(fd);
		}
	}
}

/* Its bytes, in memory for good. */
static char *
read_page(const char *path, size_t *ret_len)
{
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat stat = { .st_size = 0 };

	if (path != NULL && (fd < 0 || fstat(fd, &stat) < 0))
		die(path);
	*ret_len = (size_t)stat.st_size;
	char *bytes = malloc(*ret_len + 1);
	if (bytes == NULL ||
	    (fd >= 0 && read(fd, bytes, *ret_len) != (ssize_t)*ret_len))
		die("page");
	return bytes;
}

/* RFC 9110, 5.6.7 */
static void
write_date(char *out, size_t room)
{
	time_t now = time(NULL);
	struct tm parts;

	if (gmtime_r(&now, &parts) == NULL ||
	    strftime(out, room, "%a, %d %b %Y %H:%M:%S GMT", &parts) == 0)
		die("date");
}

static void
make_answer(struct answer *answer, const char *page, size_t page_len)
{
	size_t body = answer->body > 0 ? answer->body : page_len;
	char head[256], date[32];

	write_date(date, sizeof(date));
	int len = snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/%s\r\nDate: %s\r\n"
	    "Cache-Control: %s\r\nContent-Length: %zu\r\n\r\n",
	    answer->body > 0 ? "plain" : "html", date, answer->control, body);

	answer->len = (size_t)len + body;
	answer->bytes = malloc(answer->len);
	if (answer->bytes == NULL)
		die("memory");
	memcpy(answer->bytes, head, (size_t)len);
	if (answer->body > 0)
		memset(answer->bytes + len, 'x', body);
	else
		memcpy(answer->bytes + len, page, body);
}

static void
make_answers(const char *path)
{
	size_t len;
	char *page = read_page(path, &len);

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		make_answer(&answers[i], page, len);
	free(page);
}

int
main(int argc, char **argv)
{
	if (argc < 4 || argc > 6) {
		(void)fputs("usage: origin COUNTS ADDRESS PORT "
			    "[PAGE [CERTIFICATE]]\n",
		    stderr);
		return 2;
	}
	is_secure = argc == 6;
	if (is_secure)
		wire_certify(argv[5]);
	tcp_many_descriptors();
	(void)signal(SIGPIPE, SIG_IGN); /* sendfile() knows no MSG_NOSIGNAL */
	counts = counts_map(argv[1]);
	make_answers(argv[4]); /* NULL if there is none */
	bulk_fd = memfd_create("bulk", MFD_CLOEXEC);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || bulk_fd < 0 ||
	    ftruncate(bulk_fd, (off_t)BULK_BYTES) < 0)
		die("origin");

	int listener = tcp_listen(argv[2], argv[3]);
	watch(listener, EPOLLIN, EPOLL_CTL_ADD);
	serve(listener);
}
