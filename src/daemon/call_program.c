/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/call_program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>

/* From here on they are those of x32, by which one gets past a list. */
#define X32_FIRST 0x40000000u

#define OFFSET(member) ((uint32_t)offsetof(struct seccomp_data, member))

struct program {
	struct sock_filter *at;
	size_t len;
	bool full;
};

/* ---- instructions ---- */

/* Where it stands. */
static size_t
put(struct program *program, uint16_t code, uint32_t k)
{
	if (program->len == CALL_PROGRAM_MAX) {
		program->full = true;
		return 0;
	}
	program->at[program->len] =
	    (struct sock_filter){ .code = code, .k = k };
	return program->len++;
}

static void
put_return(struct program *program, uint32_t action)
{
	(void)put(program, BPF_RET | BPF_K, action);
}

/* A jump that is to be taken unless the test holds; to where land() says. */
static size_t
put_unless(struct program *program, uint16_t test, uint32_t k)
{
	size_t at = put(program, BPF_JMP | test | BPF_K, k);

	program->at[at].jt = 1;
	return put(program, BPF_JMP | BPF_JA, 0);
}

static void
land(struct program *program, size_t jump)
{
	program->at[jump].k = (uint32_t)(program->len - jump - 1);
}

/* ---- rows ---- */

static uint32_t
action_of(const struct call_row *row)
{
	return row->error == 0 ? SECCOMP_RET_ALLOW
			       : SECCOMP_RET_ERRNO | (uint32_t)row->error;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_AT  0
#define HIGH_AT 4
#else
#define LOW_AT  4
#define HIGH_AT 0
#endif

#define JUMPS_MAX ((size_t)2 * CALL_CONDITIONS_MAX)

struct jumps {
	size_t items[JUMPS_MAX];
	size_t count;
};

/* An argument is looked at by halves; of a half that does not matter, not. */
static void
put_half(struct program *program, uint32_t offset, uint32_t mask,
    uint32_t value, struct jumps *fails)
{
	if (mask == 0)
		return;
	(void)put(program, BPF_LD | BPF_W | BPF_ABS, offset);
	if (mask != UINT32_MAX)
		(void)put(program, BPF_ALU | BPF_AND | BPF_K, mask);
	fails->items[fails->count++] = put_unless(program, BPF_JEQ, value);
}

static void
put_row(struct program *program, const struct call_row *row)
{
	struct jumps fails = { .count = 0 };

	for (unsigned i = 0; i < row->count; i++) {
		const struct call_condition *is = &row->conditions[i];
		uint32_t offset = OFFSET(args) + 8 * is->argument;
		put_half(program, offset + LOW_AT, (uint32_t)is->mask,
		    (uint32_t)is->value, &fails);
		put_half(program, offset + HIGH_AT, (uint32_t)(is->mask >> 32),
		    (uint32_t)(is->value >> 32), &fails);
	}
	put_return(program, action_of(row));
	for (size_t i = 0; i < fails.count; i++)
		land(program, fails.items[i]);
}

/* ---- calls ---- */

static bool
is_before(const struct call_place *a, const struct call_place *b)
{
	if (a->number != b->number)
		return a->number < b->number;
	return a->row->count == 0 && b->row->count > 0;
}

/* qsort(3) takes memory. */
static void
sort(struct call_place *places, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct call_place one = places[i];
		size_t at = i;
		for (; at > 0 && is_before(&one, &places[at - 1]); at--)
			places[at] = places[at - 1];
		places[at] = one;
	}
}

/* All of one number. */
static void
put_call(struct program *program, const struct call_place *places, size_t count)
{
	size_t other = put_unless(program, BPF_JEQ, (uint32_t)places[0].number);

	for (size_t i = 0; i < count; i++) {
		put_row(program, places[i].row);
		if (places[i].row->count == 0)
			break;
	}
	land(program, other);
	put_return(program, SECCOMP_RET_TRAP);
}

/* Begins of a number nearest to the middle, or 0: there is one alone. */
static size_t
middle(const struct call_place *places, size_t count)
{
	size_t up = count / 2, down = count / 2;

	while (up < count && places[up].number == places[up - 1].number)
		up++;
	while (down > 0 && places[down].number == places[down - 1].number)
		down--;
	if (up == count)
		return down;
	return down == 0 || up - count / 2 < count / 2 - down ? up : down;
}

static void
put_calls(
    struct program *program, const struct call_place *places, size_t count)
{
	size_t half = count > 1 ? middle(places, count) : 0;

	if (half == 0) {
		put_call(program, places, count);
		return;
	}
	size_t lower =
	    put_unless(program, BPF_JGE, (uint32_t)places[half].number);
	put_calls(program, places + half, count - half);
	land(program, lower);
	put_calls(program, places, half);
}

static void
put_machine(struct program *program, uint32_t arch)
{
	(void)put(program, BPF_LD | BPF_W | BPF_ABS, OFFSET(arch));
	size_t other = put_unless(program, BPF_JEQ, arch);
	(void)put(program, BPF_LD | BPF_W | BPF_ABS, OFFSET(nr));
	size_t ours = put_unless(program, BPF_JGE, X32_FIRST);
	land(program, other);
	put_return(program, SECCOMP_RET_KILL_PROCESS);
	land(program, ours);
}

int
call_program_write(uint32_t arch, struct call_place *places, size_t count,
    struct sock_filter ret[static CALL_PROGRAM_MAX])
{
	struct program program = { .at = ret };

	sort(places, count);
	put_machine(&program, arch);
	if (count > 0)
		put_calls(&program, places, count);
	else
		put_return(&program, SECCOMP_RET_TRAP);
	return program.full ? -E2BIG : (int)program.len;
}
