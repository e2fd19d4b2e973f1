/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http2/guard.h"

#include "base/clock.h"
#include "http2/limits.h"

#define ONE 1000

static int64_t
at_most(int64_t value, int64_t most)
{
	return value < most ? value : most;
}

void
http2_guard_init(struct http2_guard *guard, int64_t now)
{
	*guard = (struct http2_guard){
		.filled_at = now,
		.frames = (int64_t)HTTP2_IDLE_FRAMES_MAX * ONE,
		.resets = (int64_t)HTTP2_RESETS_MAX * ONE,
	};
}

/* After this long both are full, whatever was taken out. */
static int64_t
passed_ms(struct http2_guard *guard, int64_t now)
{
	int64_t passed = (now - guard->filled_at) / CLOCK_MS;

	guard->filled_at += passed * CLOCK_MS;
	return at_most(passed, (int64_t)60 * 1000);
}

static void
fill(struct http2_guard *guard, int64_t now)
{
	int64_t ms = passed_ms(guard, now);

	guard->frames =
	    at_most(guard->frames + ms * HTTP2_IDLE_FRAMES_PER_SECOND,
		(int64_t)HTTP2_IDLE_FRAMES_MAX * ONE);
	guard->resets = at_most(guard->resets + ms * HTTP2_RESETS_PER_SECOND,
	    (int64_t)HTTP2_RESETS_MAX * ONE);
}

void
http2_guard_useful(struct http2_guard *guard)
{
	guard->frames =
	    at_most(guard->frames + (int64_t)HTTP2_IDLE_FRAMES_PER_USEFUL * ONE,
		(int64_t)HTTP2_IDLE_FRAMES_MAX * ONE);
}

static bool
take(int64_t *bucket)
{
	if (*bucket < ONE)
		return false;
	*bucket -= ONE;
	return true;
}

bool
http2_guard_idle_frame(struct http2_guard *guard, int64_t now)
{
	fill(guard, now);
	return take(&guard->frames);
}

bool
http2_guard_reset(struct http2_guard *guard, int64_t now)
{
	fill(guard, now);
	return take(&guard->resets);
}
