/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bans come and go under the program of early drop: what it makes of packets
 * that are made here, against the list of bans read naively.
 *
 * Skipped where there is no namespace of our own, or the kernel or this build
 * has no such program.
 */
#include "firewall/early_bans.h"

#include "namespace.h"

#include <sched.h>

#include "early_frames.h"
#include "early_world.h"

#define CHANGES 400
#define PACKETS 60 /* after each */

static struct address_range
range_of(const char *word)
{
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(word), &range, &why), 0);
	return range;
}

static void
follow(struct early_program *program, const struct bans *bans,
    const struct address_range *range)
{
	assert_int_equal(early_bans_follow(program, bans, range), 0);
}

static void
ban(struct early_program *program, struct bans *bans, const char *word,
    int64_t ends)
{
	struct ban one = { .range = range_of(word), .ends = ends };

	assert_true(bans_put(bans, &one) >= 0);
	follow(program, bans, &one.range);
}

static void
unban(struct early_program *program, struct bans *bans, const char *word)
{
	struct address_range range = range_of(word);

	assert_true(bans_remove(bans, &range));
	follow(program, bans, &range);
}

/* So many of its packets go up at once to be logged, and one in 50 ms later. */
static void
use_up_what_is_told(
    const struct early_program *program, const struct frame *frame)
{
	int64_t began = clock_now();
	int64_t told = 0;

	while (!is_refused(program, frame->bytes, frame->len))
		told++;
	int64_t later = (clock_now() - began) / (50 * CLOCK_MS);
	assert_in_range(told, 50, 51 + later);
}

/* However often the test has to wait for its processor. */
static bool
is_banned(const struct early_program *program, const struct frame *frame)
{
	bool refused = false;

	for (int i = 0; i < 60 && !refused; i++)
		refused = is_refused(program, frame->bytes, frame->len);
	return refused;
}

static void
set_address(struct frame *frame, struct address address, bool is_source)
{
	if (address.family == ADDRESS_IPV4)
		memcpy(frame->bytes + (is_source ? 26 : 30), address.bytes, 4);
	else
		memcpy(frame->bytes + (is_source ? 22 : 38), address.bytes, 16);
}

static struct frame
frame_of(const char *source, uint8_t protocol)
{
	struct address address = range_of(source).first;
	struct frame frame = plain_frame(
	    address.family == ADDRESS_IPV4 ? 0x0800 : 0x86dd, protocol);

	set_address(&frame, address, true);
	return frame;
}

/* Bucket and counters are of one processor. */
static struct early_program *
begin(const struct early_plan *plan)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	return load(plan, NULL);
}

#define BEGIN(plan)                                                            \
	begin(plan);                                                           \
	if (program == NULL)                                                   \
	skip()

/* ---- by chance ---- */

/* In a small world, of prefixes that lie in one another. */
static struct address
chance_address(uint64_t *seed)
{
	struct address address = { .family = ADDRESS_IPV4 };

	if (chance_below(seed, 2) == 0) {
		memcpy(address.bytes, "\xc0\x00", 2);
		address.bytes[2] = (uint8_t)chance_below(seed, 2);
		address.bytes[3] = (uint8_t)chance_below(seed, 32);
		return address;
	}
	address.family = ADDRESS_IPV6;
	memcpy(address.bytes, "\x20\x01\x0d\xb8", 4);
	address.bytes[3] ^= (uint8_t)chance_below(seed, 2);
	address.bytes[15] = (uint8_t)chance_below(seed, 32);
	return address;
}

static struct address_range
chance_range(uint64_t *seed)
{
	static const unsigned lengths4[] = { 32, 32, 31, 29, 24, 23, 12 };
	static const unsigned lengths6[] = { 128, 128, 127, 124, 64, 32, 31 };
	struct address address = chance_address(seed);
	bool is4 = address.family == ADDRESS_IPV4;
	unsigned bits = (is4 ? lengths4 : lengths6)[chance_below(seed, 7)];
	struct address_range range = { address, address };

	for (unsigned i = bits; i < (is4 ? 32U : 128U); i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);
		range.first.bytes[i / 8] &= (uint8_t)~bit;
		range.last.bytes[i / 8] |= bit;
	}
	return range;
}

static void
change_something(
    struct early_program *program, struct bans *bans, uint64_t *seed)
{
	if (bans->count > 0 && chance_below(seed, 5) < 2) {
		struct address_range range =
		    bans->items[chance_below(seed, (uint32_t)bans->count)]
			.range;
		assert_true(bans_remove(bans, &range));
		follow(program, bans, &range);
		return;
	}
	struct ban one = { .range = chance_range(seed) };
	assert_true(bans_put(bans, &one) >= 0);
	follow(program, bans, &one.range);
}

static bool
try_one(const struct early_program *program, const struct bans *bans,
    uint64_t *seed)
{
	struct address source = chance_address(seed);
	struct address destination = chance_address(seed);
	bool is4 = source.family == ADDRESS_IPV4;
	struct frame frame = plain_frame(is4 ? 0x0800 : 0x86dd, 17);

	while (destination.family != source.family)
		destination = chance_address(seed);
	set_address(&frame, source, true);
	set_address(&frame, destination, false);
	bool expected = bans_cover(bans, source) != NULL ||
			bans_cover(bans, destination) != NULL;
	assert_int_equal(is_banned(program, &frame), expected);
	return expected;
}

static void
it_refuses_who_is_banned_and_nobody_else(void **state)
{
	const struct early_plan plan = EARLY_PLAN_EMPTY;
	struct bans bans = BANS_EMPTY;
	uint64_t seed = 5;
	int banned = 0;

	(void)state;
	NEED_NAMESPACE();
	struct early_program *program = BEGIN(&plan);
	struct frame frame = frame_of("198.51.100.1", 17);
	ban(program, &bans, "198.51.100.1", 0);
	use_up_what_is_told(program, &frame);
	unban(program, &bans, "198.51.100.1");
	assert_false(is_banned(program, &frame));
	for (int i = 0; i < CHANGES; i++) {
		change_something(program, &bans, &seed);
		for (int j = 0; j < PACKETS; j++)
			banned += try_one(program, &bans, &seed);
		if (bans.count > 6)
			while (bans.count > 0) {
				struct address_range range = bans.items->range;
				assert_true(bans_remove(&bans, &range));
				follow(program, &bans, &range);
			}
	}
	assert_in_range(
	    banned, CHANGES * PACKETS / 4, CHANGES * PACKETS * 3 / 4);
	early_program_free(program);
	bans_fini(&bans);
}

/* ---- one thing at a time ---- */

static void
all_of_them_go_into_a_new_program(void **state)
{
	const struct early_plan plan = EARLY_PLAN_EMPTY;
	static const char *const words[] = { "192.0.2.7", "198.51.100.0/24",
		"2001:db8:bad::/48", "2001:db8::9" };
	struct frame inside = frame_of("198.51.100.77", 17);
	struct frame outside = frame_of("198.51.101.77", 17);
	struct frame inside6 = frame_of("2001:db8:bad:7::1", 6);
	struct bans bans = BANS_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	struct early_program *program = BEGIN(&plan);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct ban one = { .range = range_of(words[i]) };
		assert_int_equal(bans_put(&bans, &one), 0);
	}
	assert_int_equal(early_bans_fill(program, &bans), 0);
	use_up_what_is_told(program, &inside);
	assert_true(is_banned(program, &inside6));
	assert_false(is_banned(program, &outside));
	early_program_free(program);
	bans_fini(&bans);
}

/* Before its rule, and for what no rule is asked of here. */
static void
a_ban_comes_before_the_rules(void **state)
{
	static const uint8_t protocols4[] = { 1, 2, 6, 17, 47, 50, 132 };
	static const uint8_t protocols6[] = { 6, 17, 58 };
	static const uint8_t extensions[] = { 0, 43, 44, 50, 51, 60, 135 };
	struct early_plan plan = { .row_count = 1 };
	struct bans bans = BANS_EMPTY;
	uint64_t packets, bytes;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(VEC_ADD(&plan.rows[0].v4,
			     (struct range4){ 0xc0000200, 0xc00002ff }),
	    0);
	struct early_program *program = begin(&plan);
	early_plan_fini(&plan);
	if (program == NULL)
		skip();
	ban(program, &bans, "192.0.2.7", 0);
	ban(program, &bans, "2001:db8::7", 0);
	struct frame frame = frame_of("192.0.2.7", 17);
	use_up_what_is_told(program, &frame);
	for (size_t i = 0; i < sizeof(protocols4); i++) {
		frame = frame_of("192.0.2.7", protocols4[i]);
		assert_true(is_banned(program, &frame));
		put16(frame.bytes + 16, 20); /* a head alone */
		assert_true(is_banned(program, &frame));
		put16(frame.bytes + 20, 0x2000); /* a fragment */
		assert_false(is_banned(program, &frame));
	}
	for (size_t i = 0; i < sizeof(protocols6); i++) {
		frame = frame_of("2001:db8::7", protocols6[i]);
		assert_true(is_banned(program, &frame));
	}
	for (size_t i = 0; i < sizeof(extensions); i++) {
		frame = frame_of("2001:db8::7", extensions[i]);
		assert_false(is_banned(program, &frame));
	}
	assert_int_equal(early_program_count(program, 0, &packets, &bytes), 0);
	assert_int_equal(packets, 0);
	assert_int_equal(
	    early_program_count(program, EARLY_ROW_BANS, &packets, &bytes), 0);
	assert_int_equal(
	    packets, 1 + 2 * sizeof(protocols4) + sizeof(protocols6));
	unban(program, &bans, "192.0.2.7");
	frame = frame_of("192.0.2.7", 17);
	assert_true(is_refused(program, frame.bytes, frame.len));
	assert_int_equal(early_program_count(program, 0, &packets, &bytes), 0);
	assert_int_equal(packets, 1);
	early_program_free(program);
	bans_fini(&bans);
}

/* What is over goes up: another that stands may be around it. */
static void
a_ban_ends_in_time(void **state)
{
	const struct early_plan plan = EARLY_PLAN_EMPTY;
	struct frame frame = frame_of("192.0.2.7", 17);
	struct frame neighbour = frame_of("192.0.2.8", 17);
	struct bans bans = BANS_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	struct early_program *program = BEGIN(&plan);
	int64_t ends = clock_now() + CLOCK_SECOND / 2;
	ban(program, &bans, "192.0.2.0/24", 0);
	ban(program, &bans, "192.0.2.7", ends);
	use_up_what_is_told(program, &frame);
	while (is_banned(program, &frame))
		assert_true(clock_now() < ends + CLOCK_SECOND);
	assert_true(clock_now() >= ends);
	assert_true(is_banned(program, &neighbour));
	unban(program, &bans, "192.0.2.7");
	assert_true(is_banned(program, &frame));
	early_program_free(program);
	bans_fini(&bans);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_refuses_who_is_banned_and_nobody_else),
		cmocka_unit_test(all_of_them_go_into_a_new_program),
		cmocka_unit_test(a_ban_comes_before_the_rules),
		cmocka_unit_test(a_ban_ends_in_time),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
