/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_program_absent: what a build without libbpf has instead.
 */
#include "firewall/early_program.h"

#include <errno.h>

int
early_program_load(const struct early_table *table,
    const struct early_program *before, struct early_program **ret,
    struct text *reterr_why)
{
	(void)table;
	(void)before;
	(void)ret;
	text_addz(reterr_why, "it was left out of this build, which found no "
			      "clang, bpftool or libbpf");
	return -ENOSYS;
}

void
early_program_free(struct early_program *program)
{
	(void)program;
}

int
early_program_ban(const struct early_program *program,
    const struct address_range *range, int64_t ends)
{
	(void)program;
	(void)range;
	(void)ends;
	return -ENOSYS;
}

int
early_program_unban(
    const struct early_program *program, const struct address_range *range)
{
	(void)program;
	(void)range;
	return -ENOSYS;
}

/* Of no program. */
struct early_sieve *
early_program_sieve(struct early_program *program)
{
	(void)program;
	return NULL;
}

int
early_program_serve(struct early_program *program, uint32_t interface,
    const uint8_t hardware[static 6])
{
	(void)program;
	(void)interface;
	(void)hardware;
	return -ENOSYS;
}

int
early_program_attach(
    const struct early_program *program, uint32_t interface, bool generic)
{
	(void)program;
	(void)interface;
	(void)generic;
	return -ENOSYS;
}

int
early_program_follow(const struct early_program *program, int fd)
{
	(void)program;
	(void)fd;
	return -ENOSYS;
}

int
early_program_count(const struct early_program *program, uint32_t row,
    uint64_t *ret_packets, uint64_t *ret_bytes)
{
	(void)program;
	(void)row;
	*ret_packets = *ret_bytes = 0;
	return -ENOSYS;
}

int
early_program_fd(const struct early_program *program)
{
	(void)program;
	return -ENOSYS;
}
