/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy spread over files by chance: some of its statements, one behind the
 * other, stand in a file that is included in their place, and some of those in
 * one that is included there.
 */
#ifndef GATEHOUSE_TESTS_POLICY_RANDOM_FILES_H
#define GATEHOUSE_TESTS_POLICY_RANDOM_FILES_H

#include "random_policy.h"

#include <limits.h>

struct files {
	struct text main;
	struct text parts[COUNT_OF(part_texts)]; /* as part_texts */
	size_t count;
};

/* The statement at the front, with its line end: braces go over lines. */
static inline struct str
cut_statement(const char **rest)
{
	const char *at = *rest;
	int depth = 0;

	do {
		depth += (*at == '{') - (*at == '}');
	} while (*at != '\0' && (*at++ != '\n' || depth > 0));
	struct str statement = { *rest, (size_t)(at - *rest) };
	*rest = at;
	return statement;
}

/* At most so many statements, or all. */
static inline void
spread(struct files *files, const char **rest, unsigned most, struct text *out)
{
	for (unsigned n = 0; n < most && **rest != '\0'; n++) {
		if (chance(5) > 0 || files->count == COUNT_OF(files->parts)) {
			text_add(out, cut_statement(rest));
			continue;
		}
		size_t part = files->count++;
		text_addf(out, "include \"part%zu.policy\"\n", part);
		text_addz(&files->parts[part], ""); /* perhaps it is empty */
		spread(files, rest, chance(6), &files->parts[part]);
		part_texts[part] = files->parts[part].at;
	}
}

static inline void
split_into_files(const char *text, struct files *ret)
{
	*ret = (struct files){ .count = 0 };
	memset(part_texts, 0, sizeof(part_texts));
	spread(ret, &text, UINT_MAX, &ret->main);
}

static inline void
files_fini(struct files *files)
{
	for (size_t i = 0; i < COUNT_OF(files->parts); i++)
		text_fini(&files->parts[i]);
	text_fini(&files->main);
	memset(part_texts, 0, sizeof(part_texts));
}

#endif
