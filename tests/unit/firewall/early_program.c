/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program in the kernel, run on packets that are made here
 * (BPF_PROG_TEST_RUN), against a naive reading of each.
 *
 * Skipped where there is no namespace of our own, or the kernel or this build
 * has no such program.
 */
#include "firewall/early_program.h"

#include "namespace.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "early_frames.h"
#include "early_world.h"

#define PACKETS 60000

#define PASS EARLY_ROWS_MAX /* a row that no rule has */

/* ---- the naive reading ---- */

static uint32_t
read4(const struct early_plan *plan, const struct frame *frame, unsigned *bytes)
{
	const uint8_t *ip = frame->bytes + 14;

	if (frame->len < 14 + 24 || ip[0] != 0x45 ||
	    (get16(ip + 6) & 0x3fff) != 0 || (ip[9] != 6 && ip[9] != 17))
		return PASS;
	*bytes = get16(ip + 2);
	if (*bytes < 28 || 14 + *bytes > frame->len)
		return PASS;
	if (ip[9] == 17 && get16(ip + 20) == 67 && get16(ip + 22) == 68)
		return PASS;
	return naive_row4(plan, get16(ip + 12) << 16 | get16(ip + 14));
}

static uint32_t
read6(const struct early_plan *plan, const struct frame *frame, unsigned *bytes)
{
	const uint8_t *ip = frame->bytes + 14;
	uint64_t source[2] = { 0, 0 };

	if (frame->len < 14 + 44 || ip[0] >> 4 != 6 ||
	    (ip[6] != 6 && ip[6] != 17))
		return PASS;
	*bytes = 40 + get16(ip + 4);
	if (*bytes < 48 || 14 + *bytes > frame->len)
		return PASS;
	for (unsigned i = 0; i < 16; i++)
		source[i / 8] = source[i / 8] << 8 | ip[8 + i];
	return naive_row6(plan, source);
}

static uint32_t
naive_row(
    const struct early_plan *plan, const struct frame *frame, unsigned *bytes)
{
	if (memcmp(frame->bytes, ours, sizeof(ours)) != 0)
		return PASS;
	if (get16(frame->bytes + 12) == 0x0800)
		return read4(plan, frame, bytes);
	if (get16(frame->bytes + 12) == 0x86dd)
		return read6(plan, frame, bytes);
	return PASS;
}

/* ---- packets by chance ---- */

static const uint64_t top6[2] = { 0x20010db800010000, 1 };

/* Each thing that may be wrong with a packet, in turn. */
static void
spoil(struct frame *frame, uint64_t *seed)
{
	uint8_t *ip = frame->bytes + 14;
	bool is4 = get16(frame->bytes + 12) == 0x0800;
	static const uint8_t protocols[] = { 0, 1, 2, 43, 44, 47, 50, 51, 58,
		60, 132 };

	switch (chance_below(seed, 13)) {
	case 0: /* another's, or everybody's */
		frame->bytes[chance_below(seed, 6)] ^=
		    (uint8_t)(1 + chance_below(seed, 255));
		break;
	case 1: /* a tag in front of it, or something else */
		memmove(frame->bytes + 16, frame->bytes + 12, frame->len - 12);
		put16(frame->bytes + 12, 0x8100);
		frame->len += 4;
		break;
	case 2:
		put16(frame->bytes + 12, chance_below(seed, 65536));
		break;
	case 3: /* cut off */
		frame->len = 14 + chance_below(seed, (uint32_t)frame->len - 13);
		break;
	case 4: /* fragments; of IPv6 a payload's length */
		put16(ip + (is4 ? 6 : 4), chance_below(seed, 65536));
		break;
	case 5: /* only "do not fragment" */
		put16(ip + (is4 ? 6 : 4), is4 ? 0x4000 : 28);
		break;
	case 6:
		ip[is4 ? 9 : 6] =
		    protocols[chance_below(seed, sizeof(protocols))];
		break;
	case 7: /* options, or another version */
		ip[0] = (uint8_t)chance(seed);
		break;
	case 8: /* lengths about the least */
		put16(ip + (is4 ? 2 : 4), chance_below(seed, 60));
		break;
	case 9: /* DHCP, or half of it */
		put16(ip + (is4 ? 20 : 40), 67 - chance_below(seed, 2));
		put16(ip + (is4 ? 22 : 42), 68 + chance_below(seed, 2));
		break;
	case 10: /* bytes behind it */
		frame->len += chance_below(seed, 40);
		break;
	case 11: /* any byte */
		frame->bytes[chance_below(seed, (uint32_t)frame->len)] ^=
		    (uint8_t)(1U << chance_below(seed, 8));
		break;
	default:
		break;
	}
}

static struct frame
chance_frame(uint64_t *seed, uint32_t world4)
{
	static const uint8_t protocols[] = { 6, 17 };
	bool is4 = chance_below(seed, 2) == 0;
	struct frame frame = plain_frame(
	    is4 ? 0x0800 : 0x86dd, protocols[chance_below(seed, 2)]);

	if (is4) {
		set_source4(&frame, world4 + chance_below(seed, 70000));
	} else {
		uint64_t address[2] = { top6[0],
			top6[1] + chance_below(seed, 20000) };
		set_source6(&frame, address);
	}
	if (chance_below(seed, 4) != 0)
		spoil(&frame, seed);
	return frame;
}

static struct early_plan
chance_plan(uint64_t *seed, size_t rows, uint32_t world4)
{
	struct early_plan plan = { .row_count = rows };

	deal4(&plan, seed, world4, world4 + 70000, 1200);
	deal6(&plan, seed, top6, 60, 300);
	return plan;
}

static void
check_counts(const struct early_program *program, size_t rows,
    const struct early_count *expected)
{
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t packets, bytes;
		assert_int_equal(
		    early_program_count(program, i, &packets, &bytes), 0);
		assert_int_equal(packets, expected[i].packets);
		assert_int_equal(bytes, expected[i].bytes);
	}
}

static void
every_packet_is_read_as_it_is(void **state)
{
	const uint32_t world4 = 0xc0000200;
	struct early_count expected[EARLY_ROWS_MAX + 1] = { { 0, 0 } };
	uint64_t seed = 3;

	(void)state;
	NEED_NAMESPACE();
	struct early_plan plan = chance_plan(&seed, 3, world4);
	struct early_program *program = load(&plan, NULL);
	if (program == NULL) {
		early_plan_fini(&plan);
		skip();
	}
	for (int i = 0; i < PACKETS; i++) {
		struct frame frame = chance_frame(&seed, world4);
		unsigned bytes = 0;
		uint32_t row = naive_row(&plan, &frame, &bytes);
		bool refused = is_refused(program, frame.bytes, frame.len);
		if (refused != (row != PASS))
			fail_msg("packet %d of row %u: %d", i, row, refused);
		expected[row].packets++;
		expected[row].bytes += bytes;
	}
	for (size_t i = 0; i <= plan.row_count; i++)
		assert_in_range(
		    expected[i == plan.row_count ? PASS : i].packets,
		    PACKETS / 50, PACKETS);
	check_counts(program, plan.row_count, expected);
	early_program_free(program);
	early_plan_fini(&plan);
}

/* Every address of a world over several words, of eight rows. */
static void
every_source_of_a_small_world(void **state)
{
	const uint32_t world4 = 0xc6330000;
	uint64_t seed = 4;

	(void)state;
	NEED_NAMESPACE();
	struct early_plan plan = chance_plan(&seed, EARLY_ROWS_MAX, world4);
	struct early_program *program = load(&plan, NULL);
	if (program == NULL) {
		early_plan_fini(&plan);
		skip();
	}
	struct frame frame4 = plain_frame(0x0800, 17);
	for (uint32_t at = 0; at < 70100; at++) {
		set_source4(&frame4, world4 + at);
		assert_int_equal(is_refused(program, frame4.bytes, frame4.len),
		    naive_row4(&plan, world4 + at) != PASS);
	}
	struct frame frame6 = plain_frame(0x86dd, 6);
	for (uint32_t at = 0; at < 20000; at++) {
		uint64_t address[2] = { top6[0], top6[1] + at };
		set_source6(&frame6, address);
		assert_int_equal(is_refused(program, frame6.bytes, frame6.len),
		    naive_row6(&plan, address) != PASS);
	}
	early_program_free(program);
	early_plan_fini(&plan);
}

/* ---- known flows ---- */

static int
udp_socket(const char *address, struct sockaddr_in *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr(address) };
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(*ret)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

static struct frame
frame_between(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	struct frame frame = plain_frame(0x0800, 17);

	memcpy(frame.bytes + 26, &from->sin_addr, 4);
	memcpy(frame.bytes + 30, &to->sin_addr, 4);
	memcpy(frame.bytes + 34, &from->sin_port, 2);
	memcpy(frame.bytes + 36, &to->sin_port, 2);
	return frame;
}

/* Both directions of it, and nothing else between the two. */
static void
known_flows_go_up(void **state)
{
	struct early_plan plan = { .row_count = 1 };
	struct sockaddr_in here, there;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(VEC_ADD(&plan.rows[0].v4,
			     (struct range4){ 0x7f000000, 0x7fffffff }),
	    0);
	struct early_program *program = load(&plan, NULL);
	early_plan_fini(&plan);
	if (program == NULL)
		skip();
	shell("nft 'table ip t { chain c { type filter hook output priority 0; "
	      "ct state new accept; }; }'");
	int a = udp_socket("127.0.0.1", &here);
	int b = udp_socket("127.0.0.2", &there);
	struct frame there_to_here = frame_between(&there, &here);
	struct frame here_to_there = frame_between(&here, &there);
	assert_true(is_refused(program, here_to_there.bytes, 62));
	assert_true(is_refused(program, there_to_here.bytes, 62));
	assert_int_equal(
	    sendto(a, "x", 1, 0, (struct sockaddr *)&there, sizeof(there)), 1);
	assert_false(is_refused(program, here_to_there.bytes, 62));
	assert_false(is_refused(program, there_to_here.bytes, 62));
	there_to_here.bytes[35] ^= 1;
	assert_true(is_refused(program, there_to_here.bytes, 62));
	here_to_there.bytes[23] = 6; /* TCP between the same ports */
	assert_true(is_refused(program, here_to_there.bytes, 62));
	(void)close(a);
	(void)close(b);
	early_program_free(program);
}

/* Another program goes on counting where the one before was. */
static void
counters_go_on(void **state)
{
	struct early_plan plan = { .row_count = 2 };
	struct frame frame = plain_frame(0x0800, 17);
	struct early_count expected[] = { { 0, 0 }, { 2, 96 } };
	struct early_count fresh[] = { { 0, 0 }, { 0, 0 } };

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(VEC_ADD(&plan.rows[1].v4,
			     (struct range4){ 0xc0000200, 0xc00002ff }),
	    0);
	set_source4(&frame, 0xc0000207);
	struct early_program *first = load(&plan, NULL);
	if (first == NULL) {
		early_plan_fini(&plan);
		skip();
	}
	assert_true(is_refused(first, frame.bytes, frame.len));
	struct early_program *second = load(&plan, first);
	early_program_free(first);
	assert_true(is_refused(second, frame.bytes, frame.len));
	check_counts(second, 2, expected);
	struct early_program *other = load(&plan, NULL);
	check_counts(other, 2, fresh);
	early_program_free(other);
	early_program_free(second);
	early_plan_fini(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_read_as_it_is),
		cmocka_unit_test(every_source_of_a_small_world),
		cmocka_unit_test(known_flows_go_up),
		cmocka_unit_test(counters_go_on),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
