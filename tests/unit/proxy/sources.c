/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/sources.h"

#include "../net/harness.h"
#include "proxy/limits.h"

struct test {
	struct harness h;
	struct sources *sources;
	int descriptors;
};

struct asker {
	struct source_ticket *ticket;
	int fd, calls;
};

/* What was sent last, and what sending it gives. */
static uint32_t sent_number;
static int sent_client, sending;

static int
send_it(uint32_t number, int client)
{
	sent_number = number;
	sent_client = client;
	return sending;
}

static struct address_port sent_server;

static int
stand_it(uint32_t number, const struct address_port *client,
    const struct address_port *server)
{
	(void)client;
	sent_number = number;
	sent_server = *server;
	return sending;
}

static void
begin(struct test *t)
{
	t->descriptors = open_fds();
	sending = 0;
	harness_begin(&t->h);
	t->sources = sources_create(send_it, stand_it);
	assert_non_null(t->sources);
}

static void
end(struct test *t)
{
	sources_destroy(&t->sources);
	assert_null(t->sources);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
on_source(int fd, void *context)
{
	struct asker *asker = context;

	asker->ticket = NULL;
	asker->fd = fd;
	asker->calls++;
}

static int
ask(struct test *t, struct asker *asker)
{
	*asker = (struct asker){ .fd = -1 };
	return source_ask(
	    t->sources, 7, &t->h.loop, on_source, asker, &asker->ticket);
}

static int
some_fd(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static void
answers_in_any_order(void **state)
{
	struct asker first, second;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(ask(&t, &first), 0);
	uint32_t number = sent_number;
	assert_int_equal(sent_client, 7);
	assert_int_equal(ask(&t, &second), 0);
	assert_int_not_equal(sent_number, number);
	int fd = some_fd();
	sources_answer(t.sources, sent_number, -EPERM);
	sources_answer(t.sources, number, fd);
	assert_int_equal(first.calls + second.calls, 0);
	loop_deliver(&t.h.loop);
	assert_int_equal(first.calls, 1);
	assert_int_equal(first.fd, fd);
	assert_int_equal(second.calls, 1);
	assert_int_equal(second.fd, -EPERM);
	(void)close(fd);
	end(&t);
}

/* Before the answer, and while it is on its way. */
static void
cancelled_it_is_silent(void **state)
{
	struct asker asker;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(ask(&t, &asker), 0);
	source_ticket_cancel(&asker.ticket);
	assert_null(asker.ticket);
	source_ticket_cancel(&asker.ticket);
	sources_answer(t.sources, sent_number, some_fd());
	assert_int_equal(ask(&t, &asker), 0);
	sources_answer(t.sources, sent_number, some_fd());
	source_ticket_cancel(&asker.ticket);
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 0);
	end(&t);
}

/* Numbers of long ago, of nobody, and one that is answered twice. */
static void
what_nobody_asked_for_is_closed(void **state)
{
	struct asker asker;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(ask(&t, &asker), 0);
	sources_answer(t.sources, sent_number + PROXY_SOURCES_MAX, some_fd());
	sources_answer(t.sources, sent_number + 1, some_fd());
	sources_answer(t.sources, sent_number - 1, -EPERM);
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 0);
	sources_answer(t.sources, sent_number, -EPERM);
	sources_answer(t.sources, sent_number, some_fd());
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 1);
	end(&t);
}

static void
so_many_at_once(void **state)
{
	struct asker askers[PROXY_SOURCES_MAX], one;
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < PROXY_SOURCES_MAX; i++)
		assert_int_equal(ask(&t, &askers[i]), 0);
	assert_int_equal(ask(&t, &one), -EBUSY);
	source_ticket_cancel(&askers[5].ticket);
	assert_int_equal(ask(&t, &one), 0);
	source_ticket_cancel(&one.ticket);
	for (size_t i = 0; i < PROXY_SOURCES_MAX; i++)
		source_ticket_cancel(&askers[i].ticket);
	end(&t);
}

static void
what_cannot_be_sent(void **state)
{
	struct asker asker;
	struct test t;

	(void)state;
	begin(&t);
	sending = -EAGAIN;
	for (size_t i = 0; i < 2 * PROXY_SOURCES_MAX; i++)
		assert_int_equal(ask(&t, &asker), -EAGAIN);
	assert_null(asker.ticket);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_any_order),
		cmocka_unit_test(cancelled_it_is_silent),
		cmocka_unit_test(what_nobody_asked_for_is_closed),
		cmocka_unit_test(so_many_at_once),
		cmocka_unit_test(what_cannot_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
