/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_program.h"

#include "base/address.h"
#include "bpf/early_drop.h"
#include "firewall/early_table.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <early_drop.skel.h>

struct early_program {
	struct early_drop_bpf *skeleton;
};

/* ---- the library's words ---- */

/* Where they go meanwhile; NULL: nowhere. */
static struct text *words_of_libbpf;

/* Its first warning names the cause, the others what failed for it. */
__attribute__((format(printf, 2, 0))) static int
catch_words(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[256];

	if (level != LIBBPF_WARN || words_of_libbpf == NULL ||
	    words_of_libbpf->len > 0)
		return 0;
	(void)vsnprintf(line, sizeof(line), format, args);
	struct str all = str_of(line);
	text_add(words_of_libbpf, (struct str){ line, str_find(all, '\n') });
	return 0;
}

/* ---- filling ---- */

/* An array of the kernel's, by its memory: one copy instead of many calls. */
static int
fill_array(struct bpf_map *map, const void *items, size_t count, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (count * size + page - 1) / page * page;

	if (count == 0)
		return 0;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
	    bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, items, count * size);
	(void)munmap(at, bytes);
	return 0;
}

static int
fill_trie(struct bpf_map *map, const struct early_table *table)
{
	struct bpf_map_batch_opts options = { .sz = sizeof(options) };
	uint32_t count = (uint32_t)table->prefixes.count;

	if (count == 0)
		return 0;
	return bpf_map_update_batch(bpf_map__fd(map), table->prefixes.items,
	    table->prefix_rows.items, &count, &options);
}

static int
fill(struct early_drop_bpf *skeleton, const struct early_table *table)
{
	int rc = fill_array(skeleton->maps.words, table->words.items,
	    table->words.count, sizeof(*table->words.items));

	if (rc == 0)
		rc = fill_array(skeleton->maps.lines, table->spans.items,
		    table->spans.count, sizeof(*table->spans.items));
	if (rc == 0)
		rc = fill_array(skeleton->maps.blocks, table->blocks.items,
		    table->blocks.count, sizeof(*table->blocks.items));
	if (rc == 0)
		rc = fill_trie(skeleton->maps.prefixes, table);
	return rc;
}

/* ---- loading ---- */

static uint32_t
room_for(size_t count)
{
	return count > 0 ? (uint32_t)count : 1;
}

static size_t
line_count(const struct early_table *table)
{
	return (table->spans.count + EARLY_LINE_SPANS - 1) / EARLY_LINE_SPANS;
}

static int
set_sizes(struct early_drop_bpf *skeleton, const struct early_table *table)
{
	int rc = bpf_map__set_max_entries(
	    skeleton->maps.words, room_for(table->words.count));

	if (rc == 0)
		rc = bpf_map__set_max_entries(
		    skeleton->maps.lines, room_for(line_count(table)));
	if (rc == 0)
		rc = bpf_map__set_max_entries(
		    skeleton->maps.blocks, room_for(table->blocks.count));
	if (rc == 0)
		rc = bpf_map__set_max_entries(
		    skeleton->maps.prefixes, room_for(table->prefixes.count));
	static_assert(sizeof(skeleton->bss->devices) ==
			  EARLY_DEVICES_MAX * sizeof(struct early_device),
	    "both sides mean the same devices");
	static_assert(sizeof(skeleton->bss->stems) == sizeof(table->stems),
	    "both sides mean the same stems");
	memcpy(skeleton->bss->stems, table->stems, sizeof(table->stems));
	return rc;
}

static int
load(struct early_drop_bpf *skeleton, const struct early_table *table,
    const struct early_program *before)
{
	int rc = set_sizes(skeleton, table);

	if (rc == 0 && before != NULL)
		rc = bpf_map__reuse_fd(skeleton->maps.counts,
		    bpf_map__fd(before->skeleton->maps.counts));
	if (rc == 0)
		rc = early_drop_bpf__load(skeleton);
	if (rc == 0)
		rc = fill(skeleton, table);
	return rc;
}

int
early_program_load(const struct early_table *table,
    const struct early_program *before, struct early_program **ret,
    struct text *reterr_why)
{
	struct early_program *program = malloc(sizeof(*program));
	struct text words = TEXT_EMPTY;
	int rc = -ENOMEM;

	if (program == NULL)
		return rc;
	words_of_libbpf = &words;
	(void)libbpf_set_print(catch_words);
	program->skeleton = early_drop_bpf__open();
	if (program->skeleton != NULL)
		rc = load(program->skeleton, table, before);
	words_of_libbpf = NULL;
	if (rc < 0) {
		text_addf(reterr_why, "the kernel does not take it: %s%s%s",
		    strerror(-rc), words.len > 0 ? "; " : "",
		    words.len > 0 ? words.at : "");
		early_program_free(program);
	} else {
		*ret = program;
	}
	text_fini(&words);
	return rc;
}

void
early_program_free(struct early_program *program)
{
	if (program == NULL)
		return;
	early_drop_bpf__destroy(program->skeleton);
	free(program);
}

int
early_program_fd(const struct early_program *program)
{
	return bpf_program__fd(program->skeleton->progs.early_drop);
}

/* ---- bans ---- */

union ban_key {
	struct early_prefix4 v4;
	struct early_prefix v6;
};

/* The trie of its family; *ret is its key there. */
static int
find_trie(const struct early_program *program,
    const struct address_range *range, union ban_key *ret)
{
	uint32_t bits = (uint32_t)address_range_prefix(range);
	const uint8_t *bytes = range->first.bytes;

	*ret = (union ban_key){ .v6 = { .bits = bits } };
	if (range->first.family == ADDRESS_IPV4) {
		memcpy(ret->v4.address, bytes, sizeof(ret->v4.address));
		return bpf_map__fd(program->skeleton->maps.bans4);
	}
	memcpy(ret->v6.address, bytes, sizeof(ret->v6.address));
	return bpf_map__fd(program->skeleton->maps.bans6);
}

int
early_program_ban(const struct early_program *program,
    const struct address_range *range, int64_t ends)
{
	uint64_t value = (uint64_t)ends;
	union ban_key key;
	int fd = find_trie(program, range, &key);

	return bpf_map_update_elem(fd, &key, &value, BPF_ANY);
}

int
early_program_unban(
    const struct early_program *program, const struct address_range *range)
{
	union ban_key key;
	int fd = find_trie(program, range, &key);
	int rc = bpf_map_delete_elem(fd, &key);

	return rc == -ENOENT ? 0 : rc;
}

struct early_sieve *
early_program_sieve(struct early_program *program)
{
	return &program->skeleton->bss->sieve;
}

/* ---- on interfaces ---- */

int
early_program_serve(struct early_program *program, uint32_t interface,
    const uint8_t hardware[static 6])
{
	struct early_device *device =
	    &program->skeleton->bss->devices[interface % EARLY_DEVICES_MAX];

	if (device->index != 0 && device->index != interface)
		return -ENOSPC;
	/* Until it is whole again it fits no frame, and all go up. */
	__atomic_store_n(&device->index, 0, __ATOMIC_SEQ_CST);
	memcpy(device->address, hardware, sizeof(device->address));
	__atomic_store_n(&device->index, interface, __ATOMIC_SEQ_CST);
	return 0;
}

int
early_program_attach(
    const struct early_program *program, uint32_t interface, bool generic)
{
	struct bpf_link_create_opts options = {
		.sz = sizeof(options),
		.flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE,
	};

	return bpf_link_create(
	    early_program_fd(program), (int)interface, BPF_XDP, &options);
}

int
early_program_follow(const struct early_program *program, int fd)
{
	return bpf_link_update(fd, early_program_fd(program), NULL);
}

int
early_program_count(const struct early_program *program, uint32_t row,
    uint64_t *ret_packets, uint64_t *ret_bytes)
{
	int processors = libbpf_num_possible_cpus();
	int fd = bpf_map__fd(program->skeleton->maps.counts);

	*ret_packets = *ret_bytes = 0;
	if (processors < 0)
		return processors;
	struct early_count *each = calloc((size_t)processors, sizeof(*each));
	if (each == NULL)
		return -ENOMEM;
	int rc = bpf_map_lookup_elem(fd, &row, each);
	for (int i = 0; rc == 0 && i < processors; i++) {
		*ret_packets += each[i].packets;
		*ret_bytes += each[i].bytes;
	}
	free(each);
	return rc;
}
