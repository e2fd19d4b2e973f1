/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/meeting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Along which most rules are narrow in at least one. */
static const enum space_dimension dimensions[MEETING_AXES] = {
	SPACE_SOURCE,
	SPACE_DESTINATION,
	SPACE_SERVICE,
};

/* What is done with the row of a cell. */
typedef void (*row_fn)(void *context, uint64_t *row);

struct spreading {
	const struct meeting *meeting;
	const struct meeting_axis *axis;
	row_fn each;
	void *context;
};

/* Calls for each row that the set reaches, which asks of nothing else. */
static void
spread(
    const struct spreading *spreading, uint32_t set, unsigned depth, size_t row)
{
	const struct meeting *meeting = spreading->meeting;
	const struct meeting_axis *axis = spreading->axis;
	uint32_t first = meeting->space->axes[axis->dimension].first;

	if (set == DIAGRAM_EMPTY)
		return;
	if (depth == axis->bits) {
		spreading->each(
		    spreading->context, axis->rows + row * meeting->words);
		return;
	}
	for (unsigned high = 0; high < 2; high++)
		spread(spreading,
		    diagram_at(
			&meeting->space->diagram, set, first + depth, 1, high),
		    depth + 1, row * 2 + high);
}

static void
mark(void *context, uint64_t *row)
{
	size_t set = *(const size_t *)context;

	row[set / 64] |= UINT64_C(1) << set % 64;
}

/* How many rows the set reaches, or `enough` if there are as many. */
static size_t
count_rows(const struct meeting *meeting, const struct meeting_axis *axis,
    uint32_t set, unsigned depth, size_t enough)
{
	uint32_t first = meeting->space->axes[axis->dimension].first;
	size_t count = 0;

	if (set == DIAGRAM_EMPTY)
		return 0;
	if (depth == axis->bits)
		return 1;
	for (unsigned high = 0; high < 2 && count < enough; high++)
		count += count_rows(meeting, axis,
		    diagram_at(
			&meeting->space->diagram, set, first + depth, 1, high),
		    depth + 1, enough - count);
	return count;
}

static void
enter(const struct meeting *meeting, const struct meeting_axis *axis, size_t i)
{
	struct spreading spreading = { meeting, axis, mark, &i };
	size_t half =
	    meeting->space->axes[axis->dimension].count >>
	    (meeting->space->axes[axis->dimension].bits - axis->bits + 1);

	if (half > 1 &&
	    count_rows(meeting, axis, axis->reaching[i], 0, half) >= half)
		mark(&i, axis->wide);
	else
		spread(&spreading, axis->reaching[i], 0, 0);
}

static uint32_t
reach(struct space *space, uint32_t set, enum space_dimension dimension)
{
	const struct space_axis *axis = &space->axes[dimension];
	uint32_t end = axis->first + axis->bits;

	set = diagram_forget(&space->diagram, set, end, UINT32_MAX);
	return diagram_forget(&space->diagram, set, 0, axis->first);
}

static int
make_axis(struct meeting *meeting, struct meeting_axis *axis,
    enum space_dimension dimension, const uint32_t *sets)
{
	size_t row_bytes = meeting->words * sizeof(uint64_t);

	axis->dimension = dimension;
	axis->bits = meeting->space->axes[dimension].bits;
	while (axis->bits > 0 && row_bytes << axis->bits > MEETING_BYTES_MAX)
		axis->bits--;
	axis->rows = calloc((size_t)1 << axis->bits, row_bytes);
	axis->reaching = calloc(meeting->count + 1, sizeof(*axis->reaching));
	axis->wide = calloc(1, row_bytes);
	if (axis->rows == NULL || axis->reaching == NULL || axis->wide == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < meeting->count; i++) {
		axis->reaching[i] =
		    i > 0 && sets[i] == sets[i - 1]
			? axis->reaching[i - 1]
			: reach(meeting->space, sets[i], dimension);
		enter(meeting, axis, i);
	}
	return space_rc(meeting->space);
}

int
meeting_init(struct meeting *meeting, struct space *space, const uint32_t *sets,
    size_t count)
{
	int rc = 0;

	*meeting = (struct meeting){
		.space = space, .count = count, .words = count / 64 + 1
	};
	for (size_t i = 0; i < MEETING_AXES && rc == 0; i++)
		rc = make_axis(meeting, &meeting->axes[i], dimensions[i], sets);
	return rc;
}

void
meeting_fini(struct meeting *meeting)
{
	for (size_t i = 0; i < MEETING_AXES; i++) {
		free(meeting->axes[i].rows);
		free(meeting->axes[i].wide);
		free(meeting->axes[i].reaching);
	}
	*meeting = (struct meeting){ 0 };
}

struct meeting_flow
meeting_flow(const struct meeting *meeting, const uint8_t *values)
{
	struct meeting_flow flow;

	for (size_t i = 0; i < MEETING_AXES; i++) {
		const struct meeting_axis *axis = &meeting->axes[i];
		uint32_t first = meeting->space->axes[axis->dimension].first;
		size_t row = 0;
		for (unsigned bit = 0; bit < axis->bits; bit++)
			row = row * 2 + values[first + bit];
		flow.rows[i] = axis->rows + row * meeting->words;
		flow.wide[i] = axis->wide;
	}
	return flow;
}

/* Of this word, the bits from `from` on; it lies in the word or before it. */
static uint64_t
from_on(uint64_t word, size_t at, size_t from)
{
	return at == from / 64 ? word & UINT64_MAX << from % 64 : word;
}

static size_t
lowest(uint64_t word, size_t at)
{
	return at * 64 + (size_t)__builtin_ctzll(word);
}

size_t
meeting_next(
    const struct meeting *meeting, const struct meeting_flow *flow, size_t from)
{
	for (size_t at = from / 64; at < meeting->words; at++) {
		uint64_t word = UINT64_MAX;
		for (size_t i = 0; i < MEETING_AXES; i++)
			word &= flow->rows[i][at] | flow->wide[i][at];
		word = from_on(word, at, from);
		if (word != 0)
			return lowest(word, at);
	}
	return meeting->count;
}

size_t
meeting_next_bit(
    const struct meeting *meeting, const uint64_t *bits, size_t from)
{
	for (size_t at = from / 64; at < meeting->words; at++) {
		uint64_t word = from_on(bits[at], at, from);
		if (word != 0)
			return lowest(word, at);
	}
	return meeting->count;
}

/* Sets that some row has. */
struct gathering {
	uint64_t *bits;
	size_t words;
};

static void
gather(void *context, uint64_t *row)
{
	struct gathering *gathering = context;

	for (size_t i = 0; i < gathering->words; i++)
		gathering->bits[i] |= row[i];
}

/* One axis after the other; the second half of `ret` is room to gather in. */
void
meeting_of(const struct meeting *meeting, size_t i, uint64_t *ret)
{
	struct gathering gathering = { ret + meeting->words, meeting->words };

	memset(ret, 0xff, meeting->words * sizeof(*ret));
	for (size_t a = 0; a < MEETING_AXES; a++) {
		const struct meeting_axis *axis = &meeting->axes[a];
		struct spreading spreading = { meeting, axis, gather,
			&gathering };
		if ((axis->wide[i / 64] >> i % 64 & 1) != 0)
			continue; /* it would leave out little */
		memcpy(
		    gathering.bits, axis->wide, meeting->words * sizeof(*ret));
		spread(&spreading, axis->reaching[i], 0, 0);
		for (size_t at = 0; at < meeting->words; at++)
			ret[at] &= gathering.bits[at];
	}
}
