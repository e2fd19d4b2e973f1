/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_record: the bytes of the log.
 *
 * A segment:
 *
 *	| segment head | record | record | ...         | entries | seal |
 *	 64 bytes       each begins at a multiple of 64            64
 *
 * entries and seal only when it is full: an entry for each record.  A record:
 *
 *	| struct cache_record | key vary head tags | sums | body |
 *	 ------------- covered by `check` ---------------   covered by sums
 *
 * sums: of each 64 KiB of the body.  `check` is seeded with the number of the
 * segment and the offset, so a record is only good where it was written.
 * Checksums are XXH3-64.  Numbers are in the machine's order; a log of another
 * one is taken for damaged.
 */
#ifndef GATEHOUSE_CACHE_DISK_RECORD_H
#define GATEHOUSE_CACHE_DISK_RECORD_H

#include "cache/hash.h"
#include "cache/object_impl.h"

#define CACHE_RECORD_MAGIC  0x31646365526548a7u
#define CACHE_SEGMENT_MAGIC 0x31676553656848a7u
#define CACHE_SEAL_MAGIC    0x316c61655365485fu
#define CACHE_LOG_MAGIC     0x31676f4c65684757u

#define CACHE_DISK_BLOCK ((size_t)64 << 10)

enum cache_record_kind {
	CACHE_RECORD_OBJECT = 1,
	CACHE_RECORD_KEY,   /* all of the hash was purged */
	CACHE_RECORD_DROP,  /* all of the hash and variant was */
	CACHE_RECORD_PURGE, /* `purge` and the text in place of the key */
	CACHE_RECORD_KIND_COUNT
};

struct cache_record {
	uint64_t magic;
	uint64_t check;
	uint64_t hash;
	uint64_t body_bytes;
	uint32_t variant;
	uint32_t head_bytes; /* from here to the body */
	uint16_t kind;
	uint16_t purge; /* enum cache_purge_kind */
	uint16_t key_len, vary_len, head_len, tags_len;
	uint32_t unused;
	struct cache_meta meta;
};

/* The longest head: texts of 64 KiB each, and the sums of a segment. */
#define CACHE_RECORD_HEAD_MAX                                                  \
	(sizeof(struct cache_record) + 4 * CACHE_TEXT_BYTES_MAX +              \
	    ((size_t)256 << 20) / CACHE_DISK_BLOCK * sizeof(uint64_t))

struct cache_segment_head {
	uint64_t magic, number, check;
	uint64_t unused[5];
};

struct cache_segment_entry {
	uint64_t hash;
	uint32_t variant;
	uint32_t unit;  /* where the record begins, in 64 bytes */
	uint32_t units; /* its length */
	uint32_t kind;
};

struct cache_seal {
	uint64_t magic, number, count; /* of entries, which end here */
	uint64_t check;                /* of them */
	uint64_t unused[4];
};

/* The file `log`: which hash it is by, and the last purge that it holds. */
struct cache_log_head {
	uint64_t magic;
	uint64_t hash_key[2];
	uint64_t purge_number, purge_offset; /* 0: none yet */
	uint64_t check;
	uint64_t unused[2];
};

/* Texts of a record, lent from its bytes. */
struct cache_record_texts {
	struct str key, vary, head, tags;
};

/* Of one URL: what tells its objects apart. */
uint32_t cache_record_variant(
    const struct cache_hash_key *hash_key, struct str key, struct str vary);

static inline size_t
cache_record_blocks(uint64_t body_bytes)
{
	return (size_t)((body_bytes + CACHE_DISK_BLOCK - 1) / CACHE_DISK_BLOCK);
}

/* Seals the head for its place. */
uint64_t cache_record_check(
    const void *head, size_t bytes, uint64_t number, uint64_t offset);

uint64_t cache_block_sum(struct str block);
uint64_t cache_bytes_sum(const void *bytes, size_t count, uint64_t seed);

/*
 * Whether the bytes begin with the head of a record that could be one: then
 * its head_bytes are to be read, and cache_record_is_good says the rest.
 */
bool cache_record_is_likely(const void *bytes, size_t count);

/* With all of its head. */
bool cache_record_is_good(
    const struct cache_record *record, uint64_t number, uint64_t offset);

struct cache_record_texts cache_record_texts(const struct cache_record *record);

/*
 * Whether what an object's record says of it can be: sums tell that it is as it
 * was written, and not that we were it who wrote.
 */
bool cache_record_is_sound(const struct cache_record *record);

uint64_t cache_record_sum(const struct cache_record *record, size_t block);

/*
 * The head of a record, all but its check, for free(); NULL: no memory, or it
 * cannot be one.
 */
struct cache_record *cache_record_of_object(const struct cache_object *object,
    uint64_t hash, const struct cache_hash_key *hash_key);
struct cache_record *cache_record_of_purge(enum cache_record_kind kind,
    uint64_t hash, uint32_t variant, unsigned purge, struct str what);

static_assert(sizeof(struct cache_record) == 136, "part of the format");
static_assert(sizeof(struct cache_segment_head) == 64, "part of the format");
static_assert(sizeof(struct cache_segment_entry) == 24, "part of the format");
static_assert(sizeof(struct cache_seal) == 64, "part of the format");
static_assert(sizeof(struct cache_log_head) == 64, "part of the format");

#endif
