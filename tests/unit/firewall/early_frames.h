/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames for the program of early drop, and the program, which is run on them
 * by BPF_PROG_TEST_RUN.
 */
#ifndef GATEHOUSE_TESTS_FIREWALL_EARLY_FRAMES_H
#define GATEHOUSE_TESTS_FIREWALL_EARLY_FRAMES_H

#include "firewall/early_program.h"
#include "firewall/early_table.h"

#include "namespace.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

#define LOOPBACK        1 /* BPF_PROG_TEST_RUN's interface */
#define FRAME_BYTES_MAX 160
static const uint8_t ours[6] = { 2, 0, 0, 0, 1, 1 };

/* NULL: there is no such program here, which was said. */
static inline struct early_program *
load(const struct early_plan *plan, const struct early_program *before)
{
	struct early_program *program = NULL;
	struct early_table table;
	struct text why = TEXT_EMPTY;

	assert_int_equal(early_table_fill(plan, &table), 0);
	int rc = early_program_load(&table, before, &program, &why);
	early_table_fini(&table);
	if (rc == -ENOSYS || rc == -EPERM) {
		print_message("skipped: %.*s\n", STR_ARG(text_str(&why)));
		text_fini(&why);
		return NULL;
	}
	if (rc < 0)
		fail_msg("%.*s", STR_ARG(text_str(&why)));
	text_fini(&why);
	assert_int_equal(early_program_serve(program, LOOPBACK, ours), 0);
	return program;
}

static inline bool
is_refused(
    const struct early_program *program, const uint8_t *frame, size_t len)
{
	union bpf_attr attr = { .test = { .repeat = 1 } };

	attr.test.prog_fd = (uint32_t)early_program_fd(program);
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = (uint32_t)len;
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
		fail_msg("BPF_PROG_TEST_RUN: %s", strerror(errno));
	assert_in_range(attr.test.retval, XDP_DROP, XDP_PASS);
	return attr.test.retval == XDP_DROP;
}

/* ---- frames ---- */

struct frame {
	uint8_t bytes[FRAME_BYTES_MAX];
	size_t len;
};

static inline void
put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Plain: for us, whole, UDP or TCP, to a port that means nothing. */
static inline struct frame
plain_frame(unsigned type, uint8_t protocol)
{
	struct frame frame = { .len = type == 0x0800 ? 14 + 48 : 14 + 68 };
	uint8_t *ip = frame.bytes + 14;

	memcpy(frame.bytes, ours, sizeof(ours));
	frame.bytes[6] = 2;
	put16(frame.bytes + 12, type);
	if (type == 0x0800) {
		ip[0] = 0x45;
		put16(ip + 2, 48);
		ip[8] = 64;
		ip[9] = protocol;
		put16(ip + 20, 4000);
		put16(ip + 22, 5000);
	} else {
		ip[0] = 0x60;
		put16(ip + 4, 28);
		ip[6] = protocol;
		ip[7] = 64;
		put16(ip + 40, 4000);
		put16(ip + 42, 5000);
	}
	return frame;
}

static inline void
set_source4(struct frame *frame, uint32_t address)
{
	put16(frame->bytes + 26, address >> 16);
	put16(frame->bytes + 28, address & 0xffff);
}

static inline void
set_source6(struct frame *frame, const uint64_t address[static 2])
{
	for (unsigned i = 0; i < 16; i++)
		frame->bytes[22 + i] =
		    (uint8_t)(address[i / 8] >> (56 - i % 8 * 8));
}

#endif
