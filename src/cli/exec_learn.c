/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/exec_learn.h"

#include "base/file.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A place, and the services that it needs as a rule says them. */
struct lesson {
	struct str place;
	bool is_name;
	struct text services; /* empty: all */
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

static bool
was_dialled(struct exec_ledger_row **rows, size_t count)
{
	return rows[count - 1]->port > 0;
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
		struct lesson lesson = { rows[i]->place, rows[i]->is_name,
			TEXT_EMPTY };
		if (was_dialled(rows + i, same))
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

/*
 * What is asked for may be called as a word of the language is: `any`, `self`.
 * With the root's dot behind it a name is a name.
 */
static void
add_place(const struct lesson *lesson, struct text *out)
{
	struct str place = lesson->place;
	bool is_word = lesson->is_name && str_find(place, '.') == place.len;

	text_addf(out, "%.*s%s", STR_ARG(place), is_word ? "." : "");
}

/* What some services need; where there are several, in braces. */
static void
add_rule(const struct lesson *lessons, size_t count, struct text *out)
{
	struct str services = text_str(&lessons[0].services);
	bool several = str_find(services, ',') < services.len;

	text_addz(out, "allow sandbox -> ");
	for (size_t i = 0; i < count; i++) {
		text_addz(out, i > 0 ? ", " : "");
		add_place(&lessons[i], out);
	}
	if (services.len > 0)
		text_addf(
		    out, several ? " { %.*s }" : " %.*s", STR_ARG(services));
	text_addc(out, '\n');
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

int
exec_learn_add(const struct exec_ledger *ledger, struct text *out)
{
	size_t count = ledger->rows.count;
	struct exec_ledger_row **rows = calloc(count + 1, sizeof(*rows));
	struct lessons lessons = { NULL, 0, 0 };
	int rc = rows != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rows[i] = ledger->rows.items[i];
	if (rc == 0) {
		qsort(rows, count, sizeof(*rows), by_place);
		rc = learn_places(rows, count, &lessons);
	}
	if (lessons.count > 0)
		qsort(lessons.items, lessons.count, sizeof(*lessons.items),
		    by_services);
	if (rc == 0)
		add_rules(&lessons, out);
	for (size_t i = 0; i < lessons.count; i++)
		text_fini(&lessons.items[i].services);
	free(lessons.items);
	free(rows);
	return rc < 0 || out->full ? -ENOMEM : 0;
}

int
exec_learn_write(const struct exec_ledger *ledger, const char *path)
{
	struct text text = TEXT_EMPTY;
	int rc = exec_learn_add(ledger, &text);
	int fd =
	    rc < 0 ? rc
		   : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (rc == 0)
		rc = fd < 0 ? -errno : file_write_all(fd, text_str(&text));
	if (fd >= 0)
		(void)close(fd);
	text_fini(&text);
	return rc;
}
