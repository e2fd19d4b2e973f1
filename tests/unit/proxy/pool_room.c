/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept at a full server gives way, whatever it is kept for and by whom.
 */
#include "../net/stream_ends.h"
#include "policies.h"
#include "proxy/pool.h"

#define SERVER "192.0.2.1"

struct test {
	struct harness h;
	struct slots *slots;
	struct pools *pools;
	struct pool *own, *other; /* as if of two threads */
	int descriptors;
};

static void
begin(struct test *t)
{
	t->descriptors = open_fds();
	harness_begin(&t->h);
	t->slots = slots_create();
	t->pools = pools_create();
	t->own = pool_create(&t->h.loop, t->pools);
	t->other = pool_create(&t->h.loop, t->pools);
	assert_non_null(t->other);
}

static void
end(struct test *t)
{
	pool_destroy(&t->own);
	pool_destroy(&t->other);
	pools_destroy(&t->pools);
	slots_destroy(&t->slots);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static struct address_port
server(const char *address)
{
	return (struct address_port){ address_of(address), 443 };
}

/* The other end of what is kept there for the name. */
static int
keep(struct test *t, struct pool *pool, const char *address, const char *name)
{
	struct pool_key key = { .server = server(address),
		.through = str_of(name) };
	struct pool_kept kept = {
		.slot = slots_take(t->slots, key.server, 8),
	};
	int fds[2];

	assert_non_null(kept.slot);
	tcp_pair(fds, 0);
	assert_int_equal(stream_create(&t->h.loop, fds[0], &stream_limits_usual,
			     &kept.stream),
	    0);
	pool_put(pool, key, &kept);
	return fds[1];
}

static size_t
slots_taken(struct test *t)
{
	size_t taken, waiting;

	slots_count(t->slots, server(SERVER), &taken, &waiting);
	return taken;
}

static void
has_closed(int peer)
{
	char byte;

	wait_for(peer, POLLIN);
	assert_int_equal(recv(peer, &byte, 1, 0), 0);
	(void)close(peer);
}

static void
the_oldest_of_its_own_gives_way(void **state)
{
	struct test t;
	int peers[3];

	(void)state;
	begin(&t);
	peers[0] = keep(&t, t.own, "192.0.2.2", "elsewhere.example");
	peers[1] = keep(&t, t.own, SERVER, "one.example");
	peers[2] = keep(&t, t.own, SERVER, "two.example");
	for (int i = 1; i < 3; i++) {
		struct slot *slot = pool_take_slot(t.own, server(SERVER));
		assert_non_null(slot);
		assert_int_equal(slots_taken(&t), 3 - i);
		has_closed(peers[i]);
		slot_release(slot);
	}
	assert_null(pool_take_slot(t.own, server(SERVER)));
	assert_int_equal(pool_count(t.own), 1);
	(void)close(peers[0]);
	end(&t);
}

/* The slot is there at once; its thread closes the connection in its turn. */
static void
another_threads_gives_way(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	int peer = keep(&t, t.other, SERVER, "one.example");
	struct slot *slot = pool_take_slot(t.own, server(SERVER));
	assert_non_null(slot);
	assert_int_equal(slots_taken(&t), 1);
	assert_int_equal(pool_count(t.other), 0);
	harness_round(&t.h);
	has_closed(peer);
	slot_release(slot);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_of_its_own_gives_way),
		cmocka_unit_test(another_threads_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
