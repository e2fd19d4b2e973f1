/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/throttle.h"

#include "base/must.h"

/* At 8 MB/s copying costs a hundredth of a core, and a pipe of 1 MiB would be
 * full for more than a tenth of a second. */
#define SLOW_BYTES_PER_SECOND UINT64_C(8000000)

/* Whether there is something again of an amount that had run out. */
#define LOOK_AGAIN CLOCK_SECOND

/* ---- buckets ---- */

static int64_t
time_of(const struct throttle_bucket *bucket, size_t bytes)
{
	return (int64_t)((uint64_t)bytes * (uint64_t)CLOCK_SECOND /
			 bucket->bytes_per_second);
}

/* Moves the clock on; when the turn begins. */
static int64_t
take_turn(struct throttle_bucket *bucket, size_t bytes, int64_t now)
{
	int64_t clock =
	    atomic_load_explicit(&bucket->clock, memory_order_relaxed);
	int64_t begin;

	do {
		begin =
		    clock < now - THROTTLE_BURST ? now - THROTTLE_BURST : clock;
	} while (!atomic_compare_exchange_weak_explicit(&bucket->clock, &clock,
	    begin + time_of(bucket, bytes), memory_order_relaxed,
	    memory_order_relaxed));
	return begin;
}

static void
give_back(struct throttle_bucket *bucket, size_t bytes)
{
	(void)atomic_fetch_sub_explicit(
	    &bucket->clock, time_of(bucket, bytes), memory_order_relaxed);
}

static size_t
quantum_of(const struct throttle_bucket *bucket)
{
	uint64_t bytes = bucket->bytes_per_second / 100;

	if (bytes < THROTTLE_QUANTUM_MIN)
		return THROTTLE_QUANTUM_MIN;
	return bytes < THROTTLE_QUANTUM_MAX ? (size_t)bytes
					    : THROTTLE_QUANTUM_MAX;
}

/* ---- flows ---- */

static void
on_turn(struct loop_timer *timer)
{
	struct throttle *throttle = timer->context;

	throttle->waits = false;
	if (throttle->tell != NULL)
		throttle->tell(throttle->context);
	else
		stream_read_start(throttle->stream);
}

void
throttle_tell(
    struct throttle *throttle, void (*tell)(void *context), void *context)
{
	throttle->tell = tell;
	throttle->context = context;
}

static void
wait_until(struct throttle *throttle, struct stream *from, int64_t due)
{
	throttle->waits = true;
	throttle->stream = from;
	throttle->timer.fn = on_turn;
	throttle->timer.context = throttle;
	/* Reading starts again with a `data` for what is there. */
	if (throttle->tell == NULL)
		stream_read_stop(from);
	loop_timer_arm(stream_loop(from), &throttle->timer, due);
}

static void
give_all_back(struct throttle *throttle)
{
	loop_timer_cancel(&throttle->timer);
	for (size_t i = 0; throttle->granted > 0 && i < throttle->bucket_count;
	     i++)
		give_back(throttle->buckets[i], throttle->granted);
	throttle->granted = 0;
}

void
throttle_set(struct throttle *throttle, struct throttle_bucket *const *buckets,
    size_t count, struct throttle_meter *meter)
{
	must(count <= THROTTLE_BUCKETS_MAX);
	bool waits = throttle->waits;
	struct stream *stream = throttle->stream;

	give_all_back(throttle);
	throttle->waits = false;
	throttle->bucket_count = count;
	for (size_t i = 0; i < count; i++)
		throttle->buckets[i] = buckets[i];
	throttle->meter = meter;
	/* It asks again; who is told, in the loop's next round. */
	if (waits && throttle->tell != NULL) {
		throttle->waits = true;
		loop_timer_arm(stream_loop(stream), &throttle->timer,
		    loop_now(stream_loop(stream)));
	} else if (waits) {
		stream_read_start(stream);
	}
}

void
throttle_end(struct throttle *throttle)
{
	give_all_back(throttle);
	*throttle = (struct throttle){ .bucket_count = 0 };
}

/* What is left of the amount, or of `wanted`. */
static size_t
metered(const struct throttle_meter *meter, size_t wanted)
{
	uint64_t used =
	    atomic_load_explicit(&meter->used, memory_order_relaxed);
	uint64_t most =
	    atomic_load_explicit(&meter->most, memory_order_relaxed);

	if (used >= most)
		return 0;
	return most - used < wanted ? (size_t)(most - used) : wanted;
}

static size_t
smallest_quantum(const struct throttle *throttle, size_t wanted)
{
	for (size_t i = 0; i < throttle->bucket_count; i++) {
		size_t quantum = quantum_of(throttle->buckets[i]);
		wanted = quantum < wanted ? quantum : wanted;
	}
	return wanted;
}

/* A turn in each of the buckets, and the wait for the last of them. */
static void
take_turns(struct throttle *throttle, struct stream *from, size_t wanted)
{
	/* Not the loop's time, which is that of the round's beginning: what
	 * others have taken since may lie behind it. */
	int64_t now = clock_now(), due = now;

	throttle->granted = smallest_quantum(throttle, wanted);
	for (size_t i = 0; i < throttle->bucket_count; i++) {
		int64_t begin =
		    take_turn(throttle->buckets[i], throttle->granted, now);
		due = begin > due ? begin : due;
	}
	if (due > now)
		wait_until(throttle, from, due);
}

size_t
throttle_ask(struct throttle *throttle, struct stream *from, size_t wanted)
{
	if (throttle == NULL || wanted == 0)
		return wanted;
	if (throttle->waits)
		return 0;
	if (throttle->meter != NULL)
		wanted = metered(throttle->meter, wanted);
	if (wanted == 0)
		wait_until(throttle, from, clock_now() + LOOK_AGAIN);
	if (throttle->bucket_count == 0 || wanted == 0)
		return wanted;
	if (throttle->granted == 0)
		take_turns(throttle, from, wanted);
	if (throttle->waits)
		return 0;
	return throttle->granted < wanted ? throttle->granted : wanted;
}

void
throttle_spend(struct throttle *throttle, size_t count)
{
	if (throttle == NULL)
		return;
	throttle->spent += count;
	if (throttle->meter != NULL)
		(void)atomic_fetch_add_explicit(
		    &throttle->meter->used, count, memory_order_relaxed);
	throttle->granted -=
	    count < throttle->granted ? count : throttle->granted;
}

bool
throttle_waits(const struct throttle *throttle)
{
	return throttle != NULL && throttle->waits;
}

bool
throttle_is_slow(const struct throttle *throttle)
{
	for (size_t i = 0; i < throttle->bucket_count; i++)
		if (throttle->buckets[i]->bytes_per_second <
		    SLOW_BYTES_PER_SECOND)
			return true;
	return false;
}
