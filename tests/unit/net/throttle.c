/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels (tunnel.h) that are held back: all bytes come, and none too early.
 * Times are bounded from below alone, for a machine may be slow.
 */
#include "net/throttle.h"
#include "tunnel.h"

#include <pthread.h>

static struct throttle_bucket
bucket_of(uint64_t bytes_per_second)
{
	return (struct throttle_bucket){ .bytes_per_second = bytes_per_second };
}

static void
hold(struct throttle *throttle, struct throttle_bucket *bucket,
    struct throttle_meter *meter)
{
	throttle_set(throttle, &bucket, bucket != NULL, meter);
}

/* The shortest time in which so much passes: what was saved goes at once, and
 * the last turn with its beginning. */
static int64_t
least_time(size_t bytes, uint64_t rate)
{
	size_t turn = (size_t)rate / 100;

	turn = turn < THROTTLE_QUANTUM_MIN ? THROTTLE_QUANTUM_MIN : turn;
	turn = turn > THROTTLE_QUANTUM_MAX ? THROTTLE_QUANTUM_MAX : turn;
	return (int64_t)((double)(bytes - turn) / (double)rate * 1e9) -
	       THROTTLE_BURST - CLOCK_MS;
}

static void
begin_downloads(struct tunnel *t, struct throttle *throttle, size_t bytes)
{
	tunnel_begin(t, 0);
	t->peers[SERVER].to_send = bytes;
	t->peers[SERVER].fin_after = true;
	t->peers[CLIENT].fin_after_theirs = true;
	join(t, 0);
	relay_hold_back(t->relay, RELAY_SECOND, throttle);
	send_more(&t->peers[SERVER]);
}

/* Copied below 8 MB/s, by pipes above. */
static void
all_comes_and_not_too_early(void **state)
{
	static const struct {
		size_t bytes;
		uint64_t rate;
	} rows[] = {
		{ 300000, 1000000 },
		{ 20000, 50000 },
		{ 2000000, 7900000 },
		{ 8000000, 40000000 },
		{ 30000000, 200000000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct throttle_bucket bucket = bucket_of(rows[i].rate);
		struct throttle throttle = { .bucket_count = 0 };
		struct tunnel t;
		hold(&throttle, &bucket, NULL);
		int64_t began = clock_now();
		begin_downloads(&t, &throttle, rows[i].bytes);
		run_until_done(&t);
		run_until_peers_ended(&t);
		int64_t time = clock_now() - began;
		assert_int_equal(t.peers[CLIENT].received, rows[i].bytes);
		assert_int_equal(throttle.spent, rows[i].bytes);
		assert_true(time >= least_time(rows[i].bytes, rows[i].rate));
		throttle_end(&throttle);
		tunnel_end(&t);
	}
}

/* Both directions of a tunnel in one bucket: neither gets the other's half. */
static void
who_wants_more_than_there_is_gets_the_same(void **state)
{
	struct throttle_bucket bucket = bucket_of(2000000);
	struct throttle throttles[2] = { { .bucket_count = 0 } };
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	join(&t, 0);
	for (int i = 0; i < 2; i++) {
		hold(&throttles[i], &bucket, NULL);
		relay_hold_back(t.relay, i, &throttles[i]);
		t.peers[i].to_send = 200000;
		t.peers[i].fin_after = true;
	}
	/* One has begun long before the other. */
	send_more(&t.peers[CLIENT]);
	send_more(&t.peers[SERVER]);
	int64_t began = clock_now();
	while (t.peers[CLIENT].received < 150000 &&
	       t.peers[SERVER].received < 150000) {
		struct loop_timer pause = { .fn = harness_bite,
			.context = &t.h };
		loop_timer_arm(&t.h.loop, &pause, clock_now() + 5 * CLOCK_MS);
		assert_int_equal(loop_run(&t.h.loop), 0);
		loop_timer_cancel(&pause);
		t.h.bitten = false;
	}
	size_t a = t.peers[CLIENT].received, b = t.peers[SERVER].received;
	assert_true(a > b ? a - b <= 45000 : b - a <= 45000);
	assert_true(clock_now() - began >= least_time(250000, 2000000));
	for (int i = 0; i < 2; i++)
		throttle_end(&throttles[i]);
	tunnel_end(&t);
}

/* A slow bucket besides a fast one holds for both. */
static void
two_buckets_hold_together(void **state)
{
	struct throttle_bucket fast = bucket_of(100000000);
	struct throttle_bucket slow = bucket_of(1000000);
	struct throttle_bucket *both[] = { &fast, &slow };
	struct throttle throttle = { .bucket_count = 0 };
	struct tunnel t;

	(void)state;
	throttle_set(&throttle, both, 2, NULL);
	assert_true(throttle_is_slow(&throttle));
	int64_t began = clock_now();
	begin_downloads(&t, &throttle, 300000);
	run_until_done(&t);
	assert_true(clock_now() - began >= least_time(300000, 1000000));
	throttle_end(&throttle);
	tunnel_end(&t);
}

static void
raise_it(struct loop_timer *timer)
{
	struct throttle_meter *meter = timer->context;

	meter->most = UINT64_MAX;
}

/* Nothing goes beyond the amount; when there is more, it goes on by itself. */
static void
an_amount_runs_out_and_comes_back(void **state)
{
	struct throttle_meter meter = { .most = 100000 };
	struct throttle throttle = { .bucket_count = 0 };
	struct loop_timer timer = { .fn = raise_it, .context = &meter };
	struct tunnel t;

	(void)state;
	hold(&throttle, NULL, &meter);
	begin_downloads(&t, &throttle, 300000);
	loop_timer_arm(&t.h.loop, &timer, clock_now() + 300 * CLOCK_MS);
	while (loop_timer_is_armed(&timer)) {
		struct loop_timer pause = { .fn = harness_bite,
			.context = &t.h };
		loop_timer_arm(&t.h.loop, &pause, clock_now() + 20 * CLOCK_MS);
		assert_int_equal(loop_run(&t.h.loop), 0);
		loop_timer_cancel(&pause);
		t.h.bitten = false;
		if (loop_timer_is_armed(&timer))
			assert_true(t.peers[CLIENT].received <= 100000);
	}
	assert_true(throttle_waits(&throttle));
	run_until_done(&t);
	run_until_peers_ended(&t);
	assert_int_equal(t.peers[CLIENT].received, 300000);
	assert_int_equal(meter.used, 300000);
	throttle_end(&throttle);
	tunnel_end(&t);
}

struct release {
	struct throttle *throttle;
	struct throttle_bucket *bucket;
	int64_t clock; /* of the bucket, when it was let go */
};

static void
let_go(struct loop_timer *timer)
{
	struct release *release = timer->context;

	assert_true(throttle_waits(release->throttle));
	throttle_set(release->throttle, NULL, 0, NULL);
	release->clock = release->bucket->clock;
}

/* A turn that was not used is given back, and the flow goes on. */
static void
it_is_set_anew_while_it_waits(void **state)
{
	struct throttle_bucket bucket = bucket_of(1000);
	struct throttle throttle = { .bucket_count = 0 };
	struct release release = { &throttle, &bucket, 0 };
	struct loop_timer timer = { .fn = let_go, .context = &release };
	struct tunnel t;

	(void)state;
	hold(&throttle, &bucket, NULL);
	int64_t began = clock_now();
	begin_downloads(&t, &throttle, 300000);
	loop_timer_arm(&t.h.loop, &timer, clock_now() + 50 * CLOCK_MS);
	run_until_done(&t);
	assert_true(clock_now() - began < 10 * CLOCK_SECOND);
	assert_int_equal(t.result.bytes[RELAY_SECOND], 300000);
	/* One turn has gone by, of the smallest size. */
	assert_true(
	    release.clock <
	    began + (int64_t)THROTTLE_QUANTUM_MIN * CLOCK_MS + CLOCK_SECOND);
	throttle_end(&throttle);
	tunnel_end(&t);
}

/* ---- threads ---- */

#define THREADS 4
#define TURNS   20000

static void *
take_turns(void *context)
{
	struct throttle_bucket *bucket = context;
	struct throttle throttle = { .bucket_count = 0 };
	struct loop loop;
	struct stream *stream = NULL;
	int fds[2];

	hold(&throttle, bucket, NULL);
	if (loop_init(&loop) < 0 || socket_pair(fds) < 0 ||
	    stream_create(&loop, fds[0], &stream_limits_usual, &stream) < 0)
		return NULL;
	for (int i = 0; i < TURNS; i++) {
		(void)throttle_ask(&throttle, stream, 1000);
		throttle_spend(&throttle, 1000);
		throttle.waits = false; /* as if it had come */
	}
	throttle_end(&throttle);
	stream_close(&stream);
	(void)close(fds[1]);
	loop_fini(&loop);
	return &bucket->clock;
}

/* No turn is taken twice: the clock has gone on by all of them. */
static void
threads_share_a_bucket(void **state)
{
	struct throttle_bucket bucket = bucket_of(100000000);
	pthread_t threads[THREADS];
	int64_t began = clock_now();

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, take_turns, &bucket), 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_non_null(result);
	}
	int64_t all = (int64_t)THREADS * TURNS * 10000; /* 1000 at 100 MB/s */
	assert_true(bucket.clock >= began - THROTTLE_BURST + all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_comes_and_not_too_early),
		cmocka_unit_test(who_wants_more_than_there_is_gets_the_same),
		cmocka_unit_test(two_buckets_hold_together),
		cmocka_unit_test(an_amount_runs_out_and_comes_back),
		cmocka_unit_test(it_is_set_anew_while_it_waits),
		cmocka_unit_test(threads_share_a_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
