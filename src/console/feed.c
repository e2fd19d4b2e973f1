/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/feed.h"

#include "console/json_member.h"
#include "console/route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of one look: less than what a client's queue holds. */
#define PIECE_BYTES ((size_t)64 << 10)

static bool
take_parameter(struct console_feed *feed, struct str name, struct str value)
{
	uint64_t number;

	if (str_is(name, "limit")) {
		if (str_number(value, CONSOLE_PAST_COUNT_MAX, &number) < 0)
			return false;
		feed->limit = (unsigned)number;
		return true;
	}
	if (feed->filter_count == CONSOLE_FEED_FILTERS_MAX ||
	    name.len >= CONSOLE_FEED_FILTER_BYTES ||
	    value.len >= CONSOLE_FEED_FILTER_BYTES)
		return false;
	struct console_filter *filter = &feed->filters[feed->filter_count++];
	(void)snprintf(
	    filter->name, sizeof(filter->name), "%.*s", STR_ARG(name));
	(void)snprintf(
	    filter->value, sizeof(filter->value), "%.*s", STR_ARG(value));
	return true;
}

bool
console_feed_read(
    struct console_feed *feed, struct str query, struct text *reterr_why)
{
	struct text value = TEXT_EMPTY;
	struct str name;
	bool bad = false;

	*feed = (struct console_feed){ .fd = -1, .limit = CONSOLE_PAST_COUNT };
	while (!bad && console_query_next(&query, &name, &value, &bad))
		bad |= !take_parameter(feed, name, text_str(&value));
	text_fini(&value);
	if (bad)
		text_addf(reterr_why,
		    "limit is 0 to %d, and there are at most %d filters of "
		    "%d bytes",
		    CONSOLE_PAST_COUNT_MAX, CONSOLE_FEED_FILTERS_MAX,
		    CONSOLE_FEED_FILTER_BYTES - 1);
	return !bad;
}

static bool
fits(const struct console_feed *feed, struct str line)
{
	struct str value;

	for (size_t i = 0; i < feed->filter_count; i++)
		if (!json_member_find(
			line, str_of(feed->filters[i].name), &value) ||
		    !str_is(value, feed->filters[i].value))
			return false;
	return line.len > 0 && line.at[0] == '{';
}

/* The last line of the text, without its end, which is cut off it. */
static struct str
cut_last(struct str *rest)
{
	size_t end = rest->len;

	if (end > 0 && rest->at[end - 1] == '\n')
		end--;
	size_t begin = end;
	while (begin > 0 && rest->at[begin - 1] != '\n')
		begin--;
	rest->len = begin;
	return (struct str){ rest->at + begin, end - begin };
}

int
console_feed_past(const struct console_feed *feed, int fd, struct text *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	off_t from = st.st_size > CONSOLE_PAST_BYTES_MAX
			 ? st.st_size - CONSOLE_PAST_BYTES_MAX
			 : 0;
	size_t size = (size_t)(st.st_size - from);
	char *bytes = malloc(size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	ssize_t n = pread(fd, bytes, size, from);
	int rc = n < 0 ? -errno : 0;
	struct str rest = { bytes, n > 0 ? (size_t)n : 0 };
	/* What has no end yet is still being written. */
	while (rest.len > 0 && rest.at[rest.len - 1] != '\n')
		rest.len--;
	for (unsigned count = 0; rest.len > 0 && count < feed->limit;) {
		struct str line = cut_last(&rest);
		if (!fits(feed, line) || (rest.len == 0 && from > 0))
			continue;
		text_add(out, line);
		text_addc(out, '\n');
		count++;
	}
	free(bytes);
	return out->full ? -ENOMEM : rc;
}

/* How far the whole lines go; those that fit are added. */
static size_t
add_lines(const struct console_feed *feed, struct str bytes, struct text *out)
{
	size_t used = 0;

	for (;;) {
		struct str rest = str_skip(bytes, used);
		size_t len = str_find(rest, '\n');
		if (len == rest.len)
			return used;
		struct str line = { rest.at, len };
		used += len + 1;
		if (!fits(feed, line))
			continue;
		text_addz(out, "data: ");
		text_add(out, line);
		text_addz(out, "\n\n");
	}
}

int
console_feed_more(struct console_feed *feed, struct text *out)
{
	static _Thread_local char bytes[PIECE_BYTES];
	struct stat st;

	if (fstat(feed->fd, &st) < 0)
		return -errno;
	if (st.st_size - feed->at > CONSOLE_FEED_BEHIND_MAX) {
		text_addf(out, "event: skipped\ndata: {\"bytes\":%lld}\n\n",
		    (long long)(st.st_size - feed->at));
		feed->at = st.st_size;
	}
	ssize_t n = pread(feed->fd, bytes, sizeof(bytes), feed->at);
	if (n < 0)
		return -errno;
	size_t used = add_lines(feed, (struct str){ bytes, (size_t)n }, out);
	/* No line of ours is as long: what this is, is passed over. */
	feed->at +=
	    (off_t)(used == 0 && n == (ssize_t)sizeof(bytes) ? sizeof(bytes)
							     : used);
	return out->full ? -ENOMEM : 0;
}
