/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real threads behind a real listener.  The clients are blocking sockets of
 * this process, whose address is the gateway's own; a policy that refuses
 * their requests, but not before it has seen them, answers with a page.
 */
#include "proxy/workers.h"

#include "policies.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

static char refusing[] = "zone lan = int0 10.0.0.0/24\n"
			 "zone wan = ext0\n"
			 "reject self -> any method GET as \"first\"\n"
			 "allow self -> 127.0.0.1\n";
static char also[] = "zone lan = int0 10.0.0.0/24\n"
		     "zone wan = ext0\n"
		     "reject self -> any path \"/*\" as \"second\"\n"
		     "allow self -> 127.0.0.1\n";

struct test {
	struct workers *workers;
	struct address_port at;
	int listener, descriptors;
};

/* As if clients had been handed over: they did not dial what it listens at. */
static struct proxy_generation *
make(const struct test *t, char *policy)
{
	struct proxy_generation *generation = generation_of(policy);
	struct proxy_listener listener = { .intercepts = true,
		.at = { t->at.address, 1 },
		.fd = fcntl(t->listener, F_DUPFD_CLOEXEC, 0) };
	struct proxy_own own = { t->at.address, 0 };

	assert_true(listener.fd >= 0);
	assert_int_equal(
	    proxy_generation_add_listener(generation, listener), 0);
	assert_int_equal(proxy_generation_add_own(generation, own), 0);
	return generation;
}

static void
use(struct test *t, char *policy)
{
	struct proxy_generation *generation = make(t, policy);

	assert_int_equal(workers_use(t->workers, generation), 0);
	proxy_generation_unref(generation);
}

static void
begin(struct test *t, size_t count)
{
	t->descriptors = open_fds();
	t->listener = listen_somewhere(ADDRESS_IPV4, &t->at);
	assert_int_equal(workers_create(count, &t->workers), 0);
	assert_int_equal(workers_start(t->workers), 0);
	use(t, refusing);
}

static void
end(struct test *t)
{
	workers_destroy(&t->workers);
	assert_null(t->workers);
	(void)close(t->listener);
	assert_int_equal(open_fds(), t->descriptors);
}

static int
ask(const struct test *t)
{
	static const char words[] = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
	int fd = socket_connect(&(struct socket_connect){ .to = t->at });
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	assert_true(fd >= 0);
	assert_int_equal(poll(&ready, 1, 10000), 1);
	assert_int_equal(socket_connect_result(fd), 0);
	assert_int_equal(send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL),
	    sizeof(words) - 1);
	return fd;
}

/* Whether it is told so within the time; the page is not larger. */
static bool
is_refused(int fd, int timeout_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char said[4096];

	if (poll(&ready, 1, timeout_ms) == 0)
		return false;
	ssize_t n = recv(fd, said, sizeof(said), 0);
	assert_true(n > 12);
	assert_memory_equal(said, "HTTP/1.1 403", 12);
	return true;
}

static void
all_threads_serve_and_end(void **state)
{
	int fds[100];
	struct test t;

	(void)state;
	begin(&t, 4);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = ask(&t);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		assert_true(is_refused(fds[i], 10000));
	/* They end with connections open, and these end with them. */
	workers_destroy(&t.workers);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		char byte;
		struct pollfd ready = { .fd = fds[i], .events = POLLIN };
		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_true(recv(fds[i], &byte, 1, 0) <= 0);
		(void)close(fds[i]);
	}
	end(&t);
}

static void
policies_change_while_they_serve(void **state)
{
	struct test t;

	(void)state;
	begin(&t, 2);
	for (int i = 0; i < 200; i++) {
		int fd = ask(&t);
		use(&t, i % 2 == 0 ? also : refusing);
		assert_true(is_refused(fd, 10000));
		(void)close(fd);
	}
	end(&t);
}

/* Ends at once, with orders that nobody may have read yet. */
static void
an_end_right_after_a_change(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct test t;
		begin(&t, 2);
		use(&t, also);
		end(&t);
	}
}

static void
limit_descriptors(rlim_t count)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static double
processor_seconds(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Who cannot be let in waits, at no cost, until there is room again. */
static void
descriptors_run_out(void **state)
{
	struct rlimit before;
	struct test t;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	begin(&t, 2);
	int first = ask(&t);
	assert_true(is_refused(first, 10000));
	/* Served and kept: nobody opens or closes anything behind our back. */
	int second = ask(&t);
	assert_true(is_refused(second, 10000));
	/* The lowest number that is free is the next one to be given. */
	int lowest = dup(first);
	(void)close(lowest);
	limit_descriptors((rlim_t)lowest + 1);
	int waiting = ask(&t);
	double spent = processor_seconds();
	assert_false(is_refused(waiting, 300));
	assert_true(processor_seconds() - spent < 0.1);
	limit_descriptors(before.rlim_cur);
	assert_true(is_refused(waiting, 10000));
	(void)close(first);
	(void)close(second);
	(void)close(waiting);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_threads_serve_and_end),
		cmocka_unit_test(policies_change_while_they_serve),
		cmocka_unit_test(an_end_right_after_a_change),
		cmocka_unit_test(descriptors_run_out),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
