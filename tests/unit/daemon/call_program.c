/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that the kernel runs before each call, run here: for every number
 * and for arguments of all kinds it says what the lists say, read row by row.
 */
#include "daemon/call_program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NUMBERS 600
#define TRIES   40

struct world {
	struct call_place places[CALL_PLACES_MAX];
	size_t count;
	struct sock_filter program[CALL_PROGRAM_MAX];
	size_t len;
};

static uint64_t seed = UINT64_C(0x452821e638d01377);

static uint64_t
chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void
add_list(struct world *world, const struct call_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		int number = seccomp_syscall_resolve_name(list->rows[i].name);
		if (number >= 0)
			world->places[world->count++] =
			    (struct call_place){ number, &list->rows[i] };
	}
}

static void
write_program(struct world *world)
{
	int len = call_program_write(
	    seccomp_arch_native(), world->places, world->count, world->program);

	assert_in_range(len, 1, CALL_PROGRAM_MAX);
	world->len = (size_t)len;
}

/* ---- the kernel's part ---- */

static uint32_t
jump(const struct sock_filter *is, uint32_t a, size_t *at)
{
	bool holds = false;

	switch (BPF_OP(is->code)) {
	case BPF_JA:
		*at += is->k;
		return a;
	case BPF_JEQ:
		holds = a == is->k;
		break;
	case BPF_JGE:
		holds = a >= is->k;
		break;
	default:
		fail();
	}
	*at += holds ? is->jt : is->jf;
	return a;
}

static uint32_t
run(const struct world *world, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0;;) {
		assert_in_range(at, 0, world->len - 1);
		const struct sock_filter *is = &world->program[at++];
		switch (BPF_CLASS(is->code)) {
		case BPF_LD:
			assert_in_range(is->k, 0, sizeof(*data) - 4);
			memcpy(&a, (const char *)data + is->k, 4);
			break;
		case BPF_ALU:
			assert_int_equal(is->code, BPF_ALU | BPF_AND | BPF_K);
			a &= is->k;
			break;
		case BPF_JMP:
			a = jump(is, a, &at);
			break;
		case BPF_RET:
			return is->k;
		default:
			fail();
		}
	}
}

/* ---- the twin ---- */

static bool
fits(const struct call_row *row, const struct seccomp_data *data)
{
	for (unsigned i = 0; i < row->count; i++) {
		const struct call_condition *is = &row->conditions[i];
		if ((data->args[is->argument] & is->mask) != is->value)
			return false;
	}
	return true;
}

/* What all rows that fit say: they must be of one mind. */
static uint32_t
expect(const struct world *world, const struct seccomp_data *data)
{
	uint32_t said = SECCOMP_RET_TRAP;

	for (size_t i = 0; i < world->count; i++) {
		const struct call_row *row = world->places[i].row;
		if (world->places[i].number != data->nr || !fits(row, data))
			continue;
		uint32_t action =
		    row->error == 0 ? SECCOMP_RET_ALLOW
				    : SECCOMP_RET_ERRNO | (uint32_t)row->error;
		assert_true(said == SECCOMP_RET_TRAP || said == action);
		said = action;
	}
	return said;
}

/* Arguments that a row of the call wants, but for a bit here and there. */
static void
choose_arguments(const struct world *world, struct seccomp_data *data)
{
	size_t any = (size_t)chance() % world->count;

	for (unsigned i = 0; i < 6; i++)
		data->args[i] = chance() % 4 == 0 ? chance() : chance() % 8;
	for (size_t i = 0; i < world->count; i++) {
		const struct call_place *place =
		    &world->places[(any + i) % world->count];
		if (place->number != data->nr)
			continue;
		for (unsigned j = 0; j < place->row->count; j++) {
			const struct call_condition *is =
			    &place->row->conditions[j];
			__u64 *argument = &data->args[is->argument];
			*argument = (chance() & ~is->mask) | is->value;
		}
		break;
	}
	if (chance() % 2 == 0)
		data->args[chance() % 3] ^= UINT64_C(1) << chance() % 64;
}

static unsigned
compare(struct world *world, int numbers)
{
	unsigned allowed = 0;

	write_program(world);
	for (int number = 0; number < numbers * TRIES; number++) {
		struct seccomp_data data = { .nr = number / TRIES,
			.arch = seccomp_arch_native(),
			.instruction_pointer = chance() };
		choose_arguments(world, &data);
		uint32_t said = expect(world, &data);
		assert_int_equal(run(world, &data), said);
		allowed += said == SECCOMP_RET_ALLOW;
		data.arch ^= 1u << chance() % 32;
		assert_int_equal(run(world, &data), SECCOMP_RET_KILL_PROCESS);
		data.arch = seccomp_arch_native();
		data.nr |= 0x40000000;
		assert_int_equal(run(world, &data), SECCOMP_RET_KILL_PROCESS);
	}
	return allowed;
}

static void
says_what_the_lists_say(void **state)
{
	static struct world proxy, daemon, pam;

	(void)state;
	add_list(&proxy, &proxy_calls);
	assert_in_range(
	    compare(&proxy, NUMBERS), 60 * TRIES, NUMBERS * TRIES / 2);
	add_list(&daemon, &host_calls);
	add_list(&daemon, &daemon_calls);
	add_list(&daemon, &proxy_calls);
	add_list(&daemon, &pam_calls);
	assert_in_range(
	    compare(&daemon, NUMBERS), 120 * TRIES, NUMBERS * TRIES / 2);
	add_list(&pam, &host_calls);
	add_list(&pam, &pam_calls);
	add_list(&pam, &pam_calls_refused);
	assert_in_range(
	    compare(&pam, NUMBERS), 60 * TRIES, NUMBERS * TRIES / 2);
}

/* Few numbers, many rows of each, conditions of every kind. */
static void
says_what_chance_says(void **state)
{
	static struct world world;
	static struct call_row rows[200];

	(void)state;
	for (int round = 0; round < 300; round++) {
		world.count = 1 + (size_t)chance() % 200;
		int numbers = 1 + (int)(chance() % 40);
		for (size_t i = 0; i < world.count; i++) {
			struct call_row *row = &rows[i];
			row->count = (unsigned)(chance() % 4);
			for (unsigned j = 0; j < row->count; j++) {
				uint64_t mask = chance() & chance();
				if (chance() % 2 == 0)
					mask = UINT32_MAX;
				row->conditions[j] = (struct call_condition){
					(unsigned)(chance() % 6), mask,
					chance() & mask & 7
				};
			}
			world.places[i] = (struct call_place){
				(int)(chance() % (uint64_t)numbers), row
			};
		}
		(void)compare(&world, numbers + 2);
	}
}

static void
nothing_is_allowed_by_no_list(void **state)
{
	static struct world world;
	struct seccomp_data data = { .arch = seccomp_arch_native() };

	(void)state;
	write_program(&world);
	assert_int_equal(run(&world, &data), SECCOMP_RET_TRAP);
}

static void
too_long_is_said(void **state)
{
	static struct world world;
	static const struct call_row row = { .count = 3,
		.conditions = { { 0, 1, 1 }, { 1, 1, 1 }, { 2, 1, 1 } } };

	(void)state;
	for (int i = 0; i < CALL_PLACES_MAX; i++)
		world.places[i] = (struct call_place){ i, &row };
	assert_int_equal(call_program_write(seccomp_arch_native(), world.places,
			     CALL_PLACES_MAX, world.program),
	    -E2BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_lists_say),
		cmocka_unit_test(says_what_chance_says),
		cmocka_unit_test(nothing_is_allowed_by_no_list),
		cmocka_unit_test(too_long_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
