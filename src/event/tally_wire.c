/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/tally_wire: a tally as bytes, between two processes of one host.
 *
 *	figures			64 bits each
 *	for each kind		floor, number of entries
 *		for each entry	flows, refused, bytes in and out, over,
 *				length of the key, its bytes
 */
#include "event/tally.h"

#include <errno.h>

/* No count of some seconds gets there, and a sum of them does not wrap in a
 * day, whatever a process tells every ten seconds. */
#define NUMBER_MAX (UINT64_C(1) << 48)

static void
put(struct text *out, uint64_t number)
{
	text_add(out, (struct str){ (const char *)&number, sizeof(number) });
}

static void
put_entry(struct text *out, const struct heavy *heavy,
    const struct heavy_entry *entry)
{
	put(out, entry->count.flows);
	put(out, entry->count.refused);
	put(out, entry->count.bytes_in);
	put(out, entry->count.bytes_out);
	put(out, entry->over);
	put(out, entry->key_len);
	text_add(out, heavy_key(heavy, entry));
}

void
tally_write(const struct tally *tally, struct text *out)
{
	for (size_t i = 0; i < SERIES_FIGURE_COUNT; i++)
		put(out, tally->point.figures[i]);
	for (size_t kind = 0; kind < TALLY_KIND_COUNT; kind++) {
		const struct heavy *heavy = &tally->kinds[kind];
		put(out, heavy->floor);
		put(out, heavy->count);
		for (size_t i = 0; i < heavy->count; i++)
			put_entry(out, heavy, &heavy->entries[i]);
	}
}

static bool
take(struct str *rest, uint64_t most, uint64_t *ret)
{
	if (rest->len < sizeof(*ret))
		return false;
	memcpy(ret, rest->at, sizeof(*ret));
	*rest = str_skip(*rest, sizeof(*ret));
	return *ret <= most;
}

static bool
take_entry(struct heavy *heavy, struct str *rest)
{
	struct heavy_count count;
	uint64_t over, len;

	if (!take(rest, NUMBER_MAX, &count.flows) ||
	    !take(rest, NUMBER_MAX, &count.refused) ||
	    !take(rest, NUMBER_MAX, &count.bytes_in) ||
	    !take(rest, NUMBER_MAX, &count.bytes_out) ||
	    !take(rest, count.flows, &over) ||
	    !take(rest, HEAVY_KEY_BYTES_MAX, &len) || len > rest->len)
		return false;
	struct str key = { rest->at, (size_t)len };
	*rest = str_skip(*rest, (size_t)len);
	return heavy_put(heavy, key, &count, over);
}

static bool
take_kind(struct heavy *heavy, struct str *rest)
{
	uint64_t count;

	if (!take(rest, NUMBER_MAX, &heavy->floor) ||
	    !take(rest, heavy->room, &count))
		return false;
	while (count > 0 && take_entry(heavy, rest))
		count--;
	return count == 0;
}

int
tally_read(struct tally *ret, struct str bytes)
{
	bool good = true;

	for (size_t i = 0; good && i < SERIES_FIGURE_COUNT; i++)
		good = take(&bytes, NUMBER_MAX, &ret->point.figures[i]);
	for (size_t i = 0; good && i < TALLY_KIND_COUNT; i++)
		good = take_kind(&ret->kinds[i], &bytes);
	return good && bytes.len == 0 ? 0 : -EBADMSG;
}
