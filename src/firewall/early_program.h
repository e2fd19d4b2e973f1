/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_program: the program of early drop, loaded with its lists.
 *
 * A program and what it goes by are one value: another list is another
 * program, filled before it runs and exchanged on each interface in one step;
 * the old one is freed when its last packet is through.  Two files have this
 * interface: this one's, by libbpf, and early_program_absent.c for a build
 * without clang, bpftool or libbpf.
 *
 * No thread but the caller's; libbpf's words are caught by a global.
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_PROGRAM_H
#define GATEHOUSE_FIREWALL_EARLY_PROGRAM_H

#include "base/text.h"

#include <stdint.h>

struct address_range;
struct early_program;
struct early_sieve;
struct early_table;

/*
 * Loads the program with the table.  `before` (NULL: none) is the one that it
 * will follow and go on counting for.  0, or a negative errno with a sentence
 * in *reterr_why: -ENOSYS when this build has none.
 */
int early_program_load(const struct early_table *table,
    const struct early_program *before, struct early_program **ret,
    struct text *reterr_why);
void early_program_free(struct early_program *program); /* NULL is fine */

/*
 * A prefix is banned, until `ends` (clock_now; 0: for ever); or no more, which
 * is fine where it was not.  At once, also while the program runs.  0 or a
 * negative errno.
 */
int early_program_ban(const struct early_program *program,
    const struct address_range *range, int64_t ends);
int early_program_unban(
    const struct early_program *program, const struct address_range *range);

/* Its own, to be changed while it runs: what has no bit there is not banned. */
struct early_sieve *early_program_sieve(struct early_program *program);

/*
 * Says that an interface is its, and which hardware address is the
 * interface's own: frames for others are let pass.  Before it is attached.
 */
int early_program_serve(struct early_program *program, uint32_t interface,
    const uint8_t hardware[static 6]);

/*
 * Attaches it; `generic`: behind the driver, for one that has no native XDP.
 * A descriptor, with which it stays attached until it is closed, or a negative
 * errno: -EBUSY when another program is there.
 */
int early_program_attach(
    const struct early_program *program, uint32_t interface, bool generic);

/* Exchanges the program on what is attached.  0 or a negative errno. */
int early_program_follow(const struct early_program *program, int fd);

/* What a row of the table has refused; 0 or a negative errno. */
int early_program_count(const struct early_program *program, uint32_t row,
    uint64_t *ret_packets, uint64_t *ret_bytes);

/* Its descriptor, lent: for BPF_PROG_TEST_RUN. */
int early_program_fd(const struct early_program *program);

#endif
