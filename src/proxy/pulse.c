/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/pulse.h"

#include <stdatomic.h>
#include <stdlib.h>

struct member {
	struct pulse *pulse;
	struct loop *loop;
	struct loop_timer timer;
	_Atomic int64_t beat; /* clock_now; 0: it has not begun */
};

struct pulse {
	void (*tell)(void); /* NULL: nobody listens */
	size_t count;
	int64_t every;
	struct member members[];
};

struct pulse *
pulse_create(size_t count, int64_t every)
{
	struct pulse *pulse =
	    calloc(1, sizeof(*pulse) + count * sizeof(pulse->members[0]));

	if (pulse == NULL)
		return NULL;
	pulse->count = count;
	pulse->every = every;
	return pulse;
}

void
pulse_destroy(struct pulse *pulse)
{
	free(pulse);
}

void
pulse_tell(struct pulse *pulse, void (*tell)(void))
{
	pulse->tell = tell;
}

/* One that has not begun yet hangs no more than one that waits. */
static bool
all_turn(struct pulse *pulse, int64_t now)
{
	for (size_t i = 0; i < pulse->count; i++) {
		int64_t beat = atomic_load(&pulse->members[i].beat);
		if (beat != 0 && now - beat > PULSE_STALE * pulse->every)
			return false;
	}
	return true;
}

static void
on_beat(struct loop_timer *timer)
{
	struct member *member = timer->context;
	struct pulse *pulse = member->pulse;
	int64_t now = clock_now();

	atomic_store(&member->beat, now);
	loop_timer_arm(member->loop, timer, now + pulse->every);
	if (member == &pulse->members[0] && pulse->tell != NULL &&
	    all_turn(pulse, now))
		pulse->tell();
}

void
pulse_begin(struct pulse *pulse, size_t worker, struct loop *loop)
{
	struct member *member = &pulse->members[worker];

	member->pulse = pulse;
	member->loop = loop;
	member->timer = (struct loop_timer){ .fn = on_beat, .context = member };
	on_beat(&member->timer);
}

void
pulse_end(struct pulse *pulse, size_t worker)
{
	loop_timer_cancel(&pulse->members[worker].timer);
}
