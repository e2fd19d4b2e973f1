/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_file.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void
forget_fd(struct ban_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

/* ---- writing ---- */

static void
add_time(struct text *out, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	text_addf(out, " %s", text);
}

static void
add_ban(struct text *out, const struct ban *ban)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(out, "ban %s", address_range_format(&ban->range, range));
	add_time(out, ban->since);
	if (ban->until != 0)
		add_time(out, ban->until);
	else
		text_addz(out, " -");
	text_addf(
	    out, "%s%s\n", ban->because[0] != '\0' ? " " : "", ban->because);
}

static int
write_anew(struct ban_file *file, const struct bans *bans)
{
	struct text all = TEXT_EMPTY;
	int fd;

	for (size_t i = 0; i < bans->count; i++)
		add_ban(&all, &bans->items[i]);
	int rc = all.full ? -ENOMEM
			  : file_write_anew(file->path, text_str(&all), &fd);
	if (rc == 0) {
		forget_fd(file);
		file->fd = fd;
		file->lines = bans->count;
	}
	text_fini(&all);
	return rc;
}

int
ban_file_note(struct ban_file *file, const struct bans *bans,
    const struct address_range *range)
{
	const struct ban *ban = bans_find(bans, range);
	char range_text[ADDRESS_RANGE_TEXT_BYTES];
	struct text line = TEXT_EMPTY;

	if (file->path == NULL)
		return -EBADF;
	if (file->fd < 0 ||
	    file->lines > 2 * bans->count + BAN_FILE_OLD_LINES_MAX)
		return write_anew(file, bans);
	if (ban != NULL)
		add_ban(&line, ban);
	else
		text_addf(&line, "unban %s\n",
		    address_range_format(range, range_text));
	int rc =
	    line.full ? -ENOMEM : file_write_all(file->fd, text_str(&line));
	file->lines++;
	/* Half a line must not become the head of the next one. */
	if (rc < 0)
		forget_fd(file);
	text_fini(&line);
	return rc;
}

/* ---- reading ---- */

static bool
parse_range(struct str word, struct address_range *ret)
{
	const char *why;

	return address_range_parse(word, ret, &why) == 0 &&
	       address_range_prefix(ret) >= 0;
}

static bool
parse_until(struct str word, int64_t *ret)
{
	*ret = 0;
	return str_is(word, "-") || clock_parse(word, ret) == 0;
}

static bool
parse_ban(struct str rest, struct ban *ret)
{
	*ret = (struct ban){ 0 };
	if (!parse_range(str_cut(&rest, ' '), &ret->range) ||
	    clock_parse(str_cut(&rest, ' '), &ret->since) < 0 ||
	    !parse_until(str_cut(&rest, ' '), &ret->until) ||
	    rest.len > BAN_BECAUSE_BYTES_MAX)
		return false;
	if (rest.len > 0)
		memcpy(ret->because, rest.at, rest.len);
	return true;
}

/* A clock that was set back since would have it last so much longer. */
static void
set_back(struct ban *ban, int64_t now)
{
	if (ban->since <= now)
		return;
	if (ban->until != 0)
		ban->until -= ban->since - now;
	ban->since = now;
}

/*
 * 0, -EINVAL for what is no line of ours, or what bans_put answers.  An unban
 * that was cut off might be another one's.
 */
static int
take_line(struct bans *bans, struct str line, bool whole, int64_t now)
{
	struct address_range range;
	struct ban ban;

	if (str_starts(line, STR("unban "))) {
		if (!whole || !parse_range(str_skip(line, 6), &range))
			return -EINVAL;
		(void)bans_remove(bans, &range);
		return 0;
	}
	if (!str_starts(line, STR("ban ")) ||
	    !parse_ban(str_skip(line, 4), &ban))
		return -EINVAL;
	set_back(&ban, now);
	/* A later line counts, and this one has been over for some time. */
	if (ban.until != 0 && ban.until <= now) {
		(void)bans_remove(bans, &ban.range);
		return 0;
	}
	if (ban.until != 0)
		ban.ends = clock_now() + (ban.until - now);
	int rc = bans_put(bans, &ban);
	return rc < 0 ? rc : 0;
}

static void
take_lines(struct bans *bans, const char *path, struct str rest, int64_t now,
    struct text *words)
{
	for (unsigned number = 1; rest.len > 0; number++) {
		bool whole = str_find(rest, '\n') < rest.len;
		struct str line = str_cut(&rest, '\n');
		int rc = take_line(bans, line, whole, now);
		if (rc < 0)
			text_addf(words, "%s:%u: this ban is left out: %s\n",
			    path, number,
			    rc == -EINVAL ? "it makes no sense"
					  : strerror(-rc));
	}
}

static int
read_old(struct bans *bans, const char *path, int64_t now, struct text *words)
{
	struct text old = TEXT_EMPTY;
	int rc = file_read(path, BAN_FILE_BYTES_MAX, &old);

	if (rc == 0)
		take_lines(bans, path, text_str(&old), now, words);
	text_fini(&old);
	return rc == -ENOENT ? 0 : rc;
}

int
ban_file_open(struct ban_file *file, const char *path, struct bans *bans,
    int64_t now, struct text *words)
{
	*file = BAN_FILE_CLOSED;
	int rc = read_old(bans, path, now, words);
	if (rc == 0) {
		file->path = strdup(path);
		rc = file->path == NULL ? -ENOMEM : write_anew(file, bans);
	}
	if (rc < 0)
		text_addf(words, "bans are not kept in %s: %s\n", path,
		    strerror(-rc));
	return rc;
}

void
ban_file_close(struct ban_file *file)
{
	forget_fd(file);
	free(file->path);
	*file = BAN_FILE_CLOSED;
}
