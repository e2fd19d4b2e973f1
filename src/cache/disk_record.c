/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/disk_record.h"

#include "cache/body_impl.h"
#include "cache/head.h"

#include <stdlib.h>
#include <xxhash.h>

uint64_t
cache_bytes_sum(const void *bytes, size_t count, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, count, seed);
}

uint64_t
cache_block_sum(struct str block)
{
	return cache_bytes_sum(block.at, block.len, block.len);
}

/* All but the magic and the check itself. */
uint64_t
cache_record_check(
    const void *head, size_t bytes, uint64_t number, uint64_t offset)
{
	size_t from = offsetof(struct cache_record, hash);

	return cache_bytes_sum((const char *)head + from, bytes - from,
	    number * 0x9e3779b97f4a7c15u ^ offset);
}

uint32_t
cache_record_variant(
    const struct cache_hash_key *hash_key, struct str key, struct str vary)
{
	struct str dialled = str_skip(key, str_find(key, '\n'));
	uint64_t hash = cache_hash(hash_key, dialled) * 0x9e3779b97f4a7c15u ^
			cache_hash(hash_key, vary);

	return (uint32_t)(hash >> 44); /* 20 bits, see cache/disk_index */
}

/* ---- reading ---- */

static size_t
head_bytes_of(const struct cache_record *record)
{
	return sizeof(*record) + record->key_len + record->vary_len +
	       record->head_len + record->tags_len +
	       cache_record_blocks(record->body_bytes) * sizeof(uint64_t);
}

bool
cache_record_is_likely(const void *bytes, size_t count)
{
	struct cache_record record;

	if (count < sizeof(record))
		return false;
	memcpy(&record, bytes, sizeof(record));
	return record.magic == CACHE_RECORD_MAGIC && record.kind > 0 &&
	       record.kind < CACHE_RECORD_KIND_COUNT &&
	       record.body_bytes < (uint64_t)256 << 20 &&
	       record.head_bytes == head_bytes_of(&record);
}

bool
cache_record_is_good(
    const struct cache_record *record, uint64_t number, uint64_t offset)
{
	return record->check ==
	       cache_record_check(record, record->head_bytes, number, offset);
}

static struct str
cut(const char **at, size_t len)
{
	struct str text = { *at, len };

	*at += len;
	return text;
}

struct cache_record_texts
cache_record_texts(const struct cache_record *record)
{
	const char *at = (const char *)(record + 1);
	struct cache_record_texts texts;

	texts.key = cut(&at, record->key_len);
	texts.vary = cut(&at, record->vary_len);
	texts.head = cut(&at, record->head_len);
	texts.tags = cut(&at, record->tags_len);
	return texts;
}

static bool
is_range_sound(const struct cache_meta *meta)
{
	if ((meta->flags & CACHE_META_PARTIAL) == 0)
		return meta->range_first == 0 && meta->range_last == 0;
	return meta->range_first >= 0 && meta->range_first <= meta->range_last;
}

bool
cache_record_is_sound(const struct cache_record *record)
{
	const struct cache_meta *meta = &record->meta;

	return (meta->flags & CACHE_OBJECT_FLAGS) == 0 &&
	       meta->content_length >= HTTP_UNSAID && is_range_sound(meta) &&
	       (uint64_t)meta->etag_at + meta->etag_len <= record->head_len &&
	       cache_head_is_sound(cache_record_texts(record).head);
}

uint64_t
cache_record_sum(const struct cache_record *record, size_t block)
{
	struct str tags = cache_record_texts(record).tags;
	uint64_t sum;

	memcpy(&sum, tags.at + tags.len + block * sizeof(sum), sizeof(sum));
	return sum;
}

/* ---- writing ---- */

static char *
put_text(char *at, struct str text, uint16_t *ret_len)
{
	if (text.len > 0)
		memcpy(at, text.at, text.len);
	*ret_len = (uint16_t)text.len;
	return at + text.len;
}

/* A block of the body: in one piece or in several, but never long. */
static uint64_t
sum_of_block(const struct cache_body *body, uint64_t at, char *room)
{
	struct iovec spans[8];
	size_t count = cache_body_spans(body, at, CACHE_DISK_BLOCK, spans, 8);
	size_t len = 0;

	if (count == 1)
		return cache_block_sum(
		    (struct str){ spans[0].iov_base, spans[0].iov_len });
	for (size_t i = 0; i < count; i++) {
		memcpy(room + len, spans[i].iov_base, spans[i].iov_len);
		len += spans[i].iov_len;
	}
	return cache_block_sum((struct str){ room, len });
}

static bool
put_sums(char *at, const struct cache_body *body)
{
	size_t blocks = cache_record_blocks(cache_body_bytes(body));
	char *room = malloc(CACHE_DISK_BLOCK);

	if (room == NULL)
		return false;
	for (size_t i = 0; i < blocks; i++) {
		uint64_t sum = sum_of_block(body, i * CACHE_DISK_BLOCK, room);
		memcpy(at + i * sizeof(sum), &sum, sizeof(sum));
	}
	free(room);
	return true;
}

struct cache_record *
cache_record_of_object(const struct cache_object *object, uint64_t hash,
    const struct cache_hash_key *hash_key)
{
	const struct cache_body *body = cache_object_body(object);
	struct cache_record record = {
		.magic = CACHE_RECORD_MAGIC,
		.hash = hash,
		.body_bytes = cache_body_bytes(body),
		.variant = cache_record_variant(hash_key,
		    cache_object_key(object), cache_object_vary(object)),
		.kind = CACHE_RECORD_OBJECT,
		.key_len = object->key_len,
		.vary_len = object->vary_len,
		.head_len = object->head_len,
		.tags_len = object->tags_len,
		.meta = cache_object_meta(object),
	};
	size_t bytes = head_bytes_of(&record);
	struct cache_record *head = calloc(1, bytes);

	if (head == NULL)
		return NULL;
	record.head_bytes = (uint32_t)bytes;
	*head = record;
	char *at = (char *)(head + 1);
	at = put_text(at, cache_object_key(object), &head->key_len);
	at = put_text(at, cache_object_vary(object), &head->vary_len);
	at = put_text(at, cache_object_head(object), &head->head_len);
	at = put_text(at, cache_object_tags(object), &head->tags_len);
	if (!put_sums(at, body)) {
		free(head);
		return NULL;
	}
	return head;
}

struct cache_record *
cache_record_of_purge(enum cache_record_kind kind, uint64_t hash,
    uint32_t variant, unsigned purge, struct str what)
{
	struct cache_record record = {
		.magic = CACHE_RECORD_MAGIC,
		.hash = hash,
		.variant = variant,
		.kind = (uint16_t)kind,
		.purge = (uint16_t)purge,
		.head_bytes = (uint32_t)(sizeof(record) + what.len),
	};
	struct cache_record *head = calloc(1, sizeof(record) + what.len);

	if (head == NULL)
		return NULL;
	*head = record;
	(void)put_text((char *)(head + 1), what, &head->key_len);
	return head;
}
