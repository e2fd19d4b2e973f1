/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/exec_learn.h"

#include "base/file.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A place, and the services that it needs as a rule says them. */
struct lesson {
	struct str place;
	struct text services;
};

/* Rows of which rules are made, by place and port. */
struct needs {
	struct exec_ledger_row **rows;
	size_t count;
};

struct lessons {
	struct lesson *items;
	size_t count, room;
};

/* ---- places ---- */

static int
by_place(const void *a, const void *b)
{
	const struct exec_ledger_row *const *one = a, *const *other = b;
	int order = str_cmp((*one)->place, (*other)->place);

	return order != 0 ? order : (int)(*one)->port - (int)(*other)->port;
}

/* Rows of the same place, one behind the other: how many. */
static size_t
count_same(struct exec_ledger_row **rows, size_t count)
{
	size_t same = 1;

	while (same < count && str_eq(rows[same]->place, rows[0]->place))
		same++;
	return same;
}

static void
add_services(struct exec_ledger_row **rows, size_t count, struct text *out)
{
	uint16_t last = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i]->port == last)
			continue;
		last = rows[i]->port;
		text_addf(out, "%stcp %u", out->len > 0 ? ", " : "", last);
	}
}

static int
learn_places(struct exec_ledger_row **rows, size_t count, struct lessons *ret)
{
	for (size_t i = 0; i < count;) {
		size_t same = count_same(rows + i, count - i);
		struct lesson lesson = { rows[i]->place, TEXT_EMPTY };
		add_services(rows + i, same, &lesson.services);
		if (lesson.services.full || VEC_ADD(ret, lesson) < 0) {
			text_fini(&lesson.services);
			return -ENOMEM;
		}
		i += same;
	}
	return 0;
}

/* ---- rules ---- */

static int
by_services(const void *a, const void *b)
{
	const struct lesson *one = a, *other = b;
	int order =
	    str_cmp(text_str(&one->services), text_str(&other->services));

	return order != 0 ? order : str_cmp(one->place, other->place);
}

/* What some services need; where there are several, in braces. */
static void
add_rule(const struct lesson *lessons, size_t count, struct text *out)
{
	struct str services = text_str(&lessons[0].services);
	bool several = str_find(services, ',') < services.len;

	text_addz(out, "allow sandbox -> ");
	for (size_t i = 0; i < count; i++)
		text_addf(out, "%s%.*s", i > 0 ? ", " : "",
		    STR_ARG(lessons[i].place));
	text_addf(out, several ? " { %.*s }\n" : " %.*s\n", STR_ARG(services));
}

static void
add_rules(const struct lessons *lessons, struct text *out)
{
	for (size_t i = 0; i < lessons->count;) {
		size_t same = 1;
		while (i + same < lessons->count &&
		       str_eq(text_str(&lessons->items[i].services),
			   text_str(&lessons->items[i + same].services)))
			same++;
		add_rule(lessons->items + i, same, out);
		i += same;
	}
}

static int
add_needs(const struct needs *needs, struct text *out)
{
	struct lessons lessons = { NULL, 0, 0 };
	int rc = learn_places(needs->rows, needs->count, &lessons);

	if (lessons.count > 0)
		qsort(lessons.items, lessons.count, sizeof(*lessons.items),
		    by_services);
	if (rc == 0)
		add_rules(&lessons, out);
	for (size_t i = 0; i < lessons.count; i++)
		text_fini(&lessons.items[i].services);
	free(lessons.items);
	return rc;
}

/* ---- what a person decides ---- */

static int
only_by_place(const void *a, const void *b)
{
	const struct exec_ledger_row *const *one = a, *const *other = b;

	return str_cmp((*one)->place, (*other)->place);
}

static bool
has_rule(const struct needs *needs, struct exec_ledger_row *row)
{
	return needs->count > 0 &&
	       bsearch(&row, needs->rows, needs->count, sizeof(row),
		   row->port > 0 ? by_place : only_by_place) != NULL;
}

/* A row of these, of which there is no rule, is a rule in a comment. */
static void
add_comments(const struct exec_ledger *ledger, const struct needs *needs,
    enum exec_outcome outcome, const char *head, struct text *out)
{
	for (size_t i = 0; i < ledger->rows.count; i++) {
		struct exec_ledger_row *row = ledger->rows.items[i];
		if (row->outcome != outcome || has_rule(needs, row))
			continue;
		text_addf(out, "%s# allow sandbox -> %.*s", head,
		    STR_ARG(row->place));
		head = "";
		if (row->port > 0)
			text_addf(out, " tcp %u", row->port);
		text_addc(out, '\n');
	}
}

static bool
is_needed(const struct exec_ledger_row *row)
{
	return row->port > 0 && row->outcome != EXEC_UNANSWERED;
}

int
exec_learn_add(const struct exec_ledger *ledger, struct text *out)
{
	size_t count = ledger->rows.count;
	struct needs needs = { calloc(count + 1, sizeof(*needs.rows)), 0 };

	if (needs.rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (is_needed(ledger->rows.items[i]))
			needs.rows[needs.count++] = ledger->rows.items[i];
	qsort(needs.rows, needs.count, sizeof(*needs.rows), by_place);
	int rc = add_needs(&needs, out);
	add_comments(ledger, &needs, EXEC_REFUSED,
	    "# Refused by its name, before a port was known: say which.\n",
	    out);
	add_comments(ledger, &needs, EXEC_UNANSWERED,
	    "# Nothing answered there: needed only if something will.\n", out);
	free(needs.rows);
	return rc < 0 || out->full ? -ENOMEM : 0;
}

/* ---- the file ---- */

/* One that mktemp has made holds nothing that could be lost. */
static bool
holds_something(int fd)
{
	struct stat at;

	return fstat(fd, &at) == 0 && S_ISREG(at.st_mode) && at.st_size > 0;
}

int
exec_learn_open(const char *path, struct exec_lesson_file *ret)
{
	int flags = O_WRONLY | O_CLOEXEC;
	int fd = open(path, flags | O_CREAT | O_EXCL, 0666);
	bool is_new = fd >= 0;

	if (fd < 0 && errno == EEXIST)
		fd = open(path, flags);
	if (fd < 0)
		return -errno;
	if (holds_something(fd)) {
		(void)close(fd);
		return -EEXIST;
	}
	*ret = (struct exec_lesson_file){ path, fd, is_new };
	return 0;
}

int
exec_learn_write(
    const struct exec_ledger *ledger, const struct exec_lesson_file *file)
{
	struct text text = TEXT_EMPTY;
	int rc = exec_learn_add(ledger, &text);

	if (rc == 0)
		rc = file_write_all(file->fd, text_str(&text));
	text_fini(&text);
	return rc;
}

void
exec_learn_abort(const struct exec_lesson_file *file)
{
	if (file->fd >= 0 && file->is_new)
		(void)unlink(file->path);
}

void
exec_learn_close(struct exec_lesson_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}
