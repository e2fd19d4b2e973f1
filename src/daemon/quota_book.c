/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/quota_book.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD STR("gatehouse quotas 1")

/* Those that go at once when it is full, so that not each new one is dear. */
#define GO_AT_ONCE (QUOTA_BOOK_MAX / 16)

void
quota_book_fini(struct quota_book *book)
{
	free(book->items);
	free(book->slots);
	*book = (struct quota_book){ .items = NULL };
}

/* ---- the table ---- */

/* The slot of the count, or the free one where it would be. */
static uint32_t *
slot_of(const struct quota_book *book, uint64_t id, struct address source)
{
	struct str bytes = { (const char *)source.bytes, sizeof(source.bytes) };
	size_t at = str_hash(bytes, id) % book->slot_count;

	for (;; at = (at + 1) % book->slot_count) {
		uint32_t place = book->slots[at];
		if (place == 0)
			return &book->slots[at];
		const struct policy_quota_count *one = &book->items[place - 1];
		if (one->id == id && address_eq(one->source, source))
			return &book->slots[at];
	}
}

static void
fill_slots(struct quota_book *book)
{
	memset(book->slots, 0, book->slot_count * sizeof(*book->slots));
	for (size_t i = 0; i < book->count; i++)
		*slot_of(book, book->items[i].id, book->items[i].source) =
		    (uint32_t)i + 1;
}

/* Half of the slots at least are free. */
static int
make_slots(struct quota_book *book)
{
	size_t count = book->slot_count > 0 ? book->slot_count * 2 : 64;

	if ((book->count + 1) * 2 <= book->slot_count)
		return 0;
	uint32_t *slots = calloc(count, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	free(book->slots);
	book->slots = slots;
	book->slot_count = count;
	fill_slots(book);
	return 0;
}

static void
drop_first(struct quota_book *book, size_t count)
{
	book->count -= count;
	memmove(book->items, book->items + count,
	    book->count * sizeof(*book->items));
	fill_slots(book);
}

int
quota_book_put(struct quota_book *book, const struct policy_quota_count *count)
{
	bool full = book->count == QUOTA_BOOK_MAX;

	if (make_slots(book) < 0)
		return -ENOMEM;
	uint32_t *slot = slot_of(book, count->id, count->source);
	if (*slot != 0) {
		book->items[*slot - 1] = *count;
		book->changed = true;
		return 0;
	}
	if (full) {
		drop_first(book, GO_AT_ONCE);
		slot = slot_of(book, count->id, count->source);
	}
	if (VEC_ADD(book, *count) < 0)
		return -ENOMEM;
	*slot = (uint32_t)book->count;
	book->changed = true;
	return full ? 1 : 0;
}

const struct policy_quota_count *
quota_book_find(
    const struct quota_book *book, uint64_t id, struct address source)
{
	uint32_t place = book->slot_count > 0 ? *slot_of(book, id, source) : 0;

	return place > 0 ? &book->items[place - 1] : NULL;
}

void
quota_book_clean(struct quota_book *book, int64_t wall)
{
	int64_t begins[POLICY_PERIOD_COUNT], end;
	size_t kept = 0;

	for (unsigned i = 0; i < POLICY_PERIOD_COUNT; i++)
		policy_period_of((enum policy_period)i, wall, &begins[i], &end);
	for (size_t i = 0; i < book->count; i++)
		if (book->items[i].begin >= begins[book->items[i].period])
			book->items[kept++] = book->items[i];
	if (kept == book->count)
		return;
	book->count = kept;
	book->changed = true;
	fill_slots(book);
}

/* ---- the file ---- */

static void
add_line(const struct policy_quota_count *count, struct text *out)
{
	char begin[CLOCK_TEXT_BYTES], source[ADDRESS_TEXT_BYTES] = "-";

	clock_format(count->begin, begin);
	if (count->source.family != ADDRESS_NONE)
		(void)address_format(count->source, source);
	text_addf(out, "%016" PRIx64 " %s %s %s %" PRIu64 "\n", count->id,
	    policy_period_word((enum policy_period)count->period), begin,
	    source, count->used);
}

static int
write_beside(const char *path, struct str all)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -errno : file_write_all(fd, all);

	/* A rename must not reach the disk before what it names. */
	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

int
quota_book_write(struct quota_book *book, const char *path)
{
	struct text all = TEXT_EMPTY, beside = TEXT_EMPTY;

	text_addf(&all, "%.*s\n", STR_ARG(HEAD));
	for (size_t i = 0; i < book->count; i++)
		add_line(&book->items[i], &all);
	text_addf(&beside, "%s.new", path);
	int rc = all.full || beside.full
		     ? -ENOMEM
		     : write_beside(beside.at, text_str(&all));
	if (rc == 0 && rename(beside.at, path) < 0)
		rc = -errno;
	if (rc == 0)
		book->changed = false;
	text_fini(&all);
	text_fini(&beside);
	return rc;
}

static bool
parse_id(struct str word, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";

	*ret = 0;
	for (size_t i = 0; i < word.len; i++) {
		const char *digit = strchr(digits, word.at[i]);
		if (digit == NULL || word.at[i] == '\0')
			return false;
		*ret = *ret << 4 | (uint64_t)(digit - digits);
	}
	return word.len == 16;
}

static bool
parse_source(struct str word, struct address *ret)
{
	*ret = (struct address){ .family = ADDRESS_NONE };
	return str_is(word, "-") || address_parse(word, ret) == 0;
}

static bool
parse_line(struct str line, struct policy_quota_count *ret)
{
	enum policy_period period;

	*ret = (struct policy_quota_count){ .id = 0 };
	if (!parse_id(str_cut(&line, ' '), &ret->id) ||
	    !policy_period_find(str_cut(&line, ' '), &period) ||
	    clock_parse(str_cut(&line, ' '), &ret->begin) < 0 ||
	    !parse_source(str_cut(&line, ' '), &ret->source))
		return false;
	ret->period = (uint8_t)period;
	return str_number(line, UINT64_MAX, &ret->used) == 0;
}

/* Whoever can write the file is root: a line that is torn is left out. */
static int
take_lines(struct quota_book *book, struct str rest)
{
	struct policy_quota_count count;
	int rc = 0;

	if (!str_eq(str_cut(&rest, '\n'), HEAD))
		return -EINVAL;
	while (rc >= 0 && rest.len > 0)
		if (parse_line(str_cut(&rest, '\n'), &count))
			rc = quota_book_put(book, &count);
	return rc < 0 ? rc : 0;
}

int
quota_book_read(struct quota_book *book, const char *path, int64_t wall)
{
	struct text all = TEXT_EMPTY;
	int rc = file_read(path, QUOTA_BOOK_FILE_BYTES_MAX, &all);

	if (rc == 0)
		rc = take_lines(book, text_str(&all));
	text_fini(&all);
	if (rc == 0)
		quota_book_clean(book, wall);
	book->changed = false;
	return rc == -ENOENT ? 0 : rc;
}
