/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/name_file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hostname.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void
forget_fd(struct name_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

/* ---- writing ---- */

/* Times are kept by the clock that never goes back. */
static void
add_head(struct text *out, int64_t ends, struct str zone, struct str name)
{
	char noted[CLOCK_TEXT_BYTES], until[CLOCK_TEXT_BYTES];
	int64_t now = clock_wall();

	clock_format(now, noted);
	clock_format(now + (ends - clock_now()), until);
	text_addf(
	    out, "%s %s %.*s %.*s", noted, until, STR_ARG(zone), STR_ARG(name));
}

static void
add_address(struct text *out, struct address address)
{
	char text[ADDRESS_TEXT_BYTES];

	text_addf(out, " %s", address_format(address, text));
}

struct writing {
	struct text *out;
	size_t lines;
	int64_t now;
};

static void
write_one(void *context, struct learned_address *address)
{
	struct writing *writing = context;

	for (size_t i = 0; i < address->names.count; i++) {
		const struct learned_name *one = &address->names.items[i];
		if (one->ends <= writing->now)
			continue;
		add_head(
		    writing->out, one->ends, str_of(address->zone), one->name);
		add_address(writing->out, address->address);
		text_addc(writing->out, '\n');
		writing->lines++;
	}
}

static int
write_anew(struct name_file *file, const struct learned_names *names)
{
	struct text all = TEXT_EMPTY;
	struct writing writing = { &all, 0, clock_now() };
	int fd;

	learned_names_each(names, write_one, &writing);
	int rc = all.full ? -ENOMEM
			  : file_write_anew(file->path, text_str(&all), &fd);
	if (rc == 0) {
		forget_fd(file);
		file->fd = fd;
		file->lines = writing.lines;
	}
	text_fini(&all);
	return rc;
}

void
name_file_note(struct name_file *file, struct str zone,
    const struct learned_answer *answer)
{
	if (file->path == NULL)
		return;
	add_head(&file->next, answer->ends, zone, answer->name);
	for (size_t i = 0; i < answer->count; i++)
		add_address(&file->next, answer->addresses[i]);
	text_addc(&file->next, '\n');
	file->next_lines++;
}

int
name_file_write(struct name_file *file, const struct learned_names *names)
{
	int rc = 0;

	if (file->path == NULL || file->next_lines == 0)
		return 0;
	if (file->fd < 0 || file->next.full ||
	    file->lines > 2 * names->count + NAME_FILE_OLD_LINES_MAX) {
		rc = write_anew(file, names);
	} else {
		rc = file_write_all(file->fd, text_str(&file->next));
		file->lines += file->next_lines;
		/* Half a line must not become the head of the next one. */
		if (rc < 0)
			forget_fd(file);
	}
	text_fini(&file->next);
	file->next_lines = 0;
	return rc;
}

/* ---- reading ---- */

static int
take_address(struct learned_names *names, struct str zone, struct str name,
    struct str word, int64_t ends)
{
	struct address address;

	if (address_parse(word, &address) < 0)
		return -EINVAL;
	struct learned_address *one =
	    learned_names_address(names, zone, address);
	if (one == NULL)
		return -ENOMEM;
	int rc = learned_names_put(names, one, name, ends);
	return rc < 0 ? rc : 0;
}

/* A clock that was set back since makes it last no longer.  An older version
 * did not write when it was noted. */
static bool
take_times(struct str *line, int64_t now, int64_t *ret_left)
{
	int64_t noted, until;

	if (clock_parse(str_cut(line, ' '), &noted) < 0)
		return false;
	struct str rest = *line;
	if (clock_parse(str_cut(&rest, ' '), &until) < 0) {
		*ret_left = noted - now;
		return true;
	}
	*line = rest;
	*ret_left = until - (noted > now ? noted : now);
	return true;
}

/* 0, -EINVAL for what is no line of ours, or -ENOMEM. */
static int
take_line(struct learned_names *names, struct str line, int64_t now)
{
	char name[HOSTNAME_MAX + 1];
	struct str parsed;
	int64_t left;
	int rc = 0;

	if (!take_times(&line, now, &left))
		return -EINVAL;
	struct str zone = str_cut(&line, ' ');
	if (zone.len == 0 || zone.len > POLICY_ZONE_NAME_MAX ||
	    hostname_parse(str_cut(&line, ' '), name, &parsed) < 0 ||
	    line.len == 0)
		return -EINVAL;
	while (rc == 0 && left > 0 && line.len > 0 &&
	       !learned_names_are_full(names))
		rc = take_address(names, zone, parsed, str_cut(&line, ' '),
		    clock_now() + left);
	return rc;
}

static int
take_lines(struct learned_names *names, const char *path, struct str rest,
    int64_t now, struct text *words)
{
	size_t bad = 0;
	int rc = 0;

	while (rc == 0 && rest.len > 0) {
		/* Half an address may be another one. */
		bool whole = str_find(rest, '\n') < rest.len;
		struct str line = str_cut(&rest, '\n');
		rc = whole ? take_line(names, line, now) : -EINVAL;
		if (rc == -EINVAL) {
			bad++;
			rc = 0;
		}
	}
	if (bad > 0)
		text_addf(words,
		    "%s: %zu lines make no sense and are left "
		    "out\n",
		    path, bad);
	return rc;
}

static int
read_old(struct learned_names *names, const char *path, int64_t now,
    struct text *words)
{
	struct text old = TEXT_EMPTY;
	int rc = file_read(path, NAME_FILE_BYTES_MAX, &old);

	if (rc == 0)
		rc = take_lines(names, path, text_str(&old), now, words);
	text_fini(&old);
	return rc == -ENOENT ? 0 : rc;
}

int
name_file_open(struct name_file *file, const char *path,
    struct learned_names *names, int64_t now, struct text *words)
{
	*file = NAME_FILE_CLOSED;
	int rc = read_old(names, path, now, words);

	if (rc == 0) {
		file->path = strdup(path);
		rc = file->path != NULL ? write_anew(file, names) : -ENOMEM;
	}
	if (rc < 0) {
		text_addf(words,
		    "%s: %s; a restart will not know the names that are "
		    "learned\n",
		    path, strerror(-rc));
		name_file_close(file);
	}
	return rc;
}

void
name_file_close(struct name_file *file)
{
	forget_fd(file);
	free(file->path);
	text_fini(&file->next);
	*file = NAME_FILE_CLOSED;
}
