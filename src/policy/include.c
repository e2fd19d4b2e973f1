/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/include.h"

#include "base/file.h"

#include <errno.h>

/* One include while its files are read. */
struct inclusion {
	struct includer *includer;
	const struct syntax_word *word;
	include_fn fn;
	void *context;
	bool good;
};

static bool
is_pattern(struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '*' || path.at[i] == '?' || path.at[i] == '[')
			return true;
	return false;
}

static bool
is_open(const struct includer *includer, const char *path)
{
	for (size_t i = 0; i < includer->depth; i++)
		if (str_is(includer->open[i]->name, path))
			return true;
	return false;
}

static bool
may_include(const struct inclusion *inclusion, const char *path)
{
	const struct includer *includer = inclusion->includer;
	struct report *report = includer->report;
	struct place place = inclusion->word->place;

	if (is_open(includer, path))
		report_error(report, place, "%s includes itself", path);
	else if (includer->depth == INCLUDE_DEPTH_MAX)
		report_error(report, place,
		    "files include files more than %d deep",
		    INCLUDE_DEPTH_MAX - 1);
	else if (includer->count == INCLUDE_FILES_MAX)
		report_error(report, place,
		    "a policy is made of at most %d files", INCLUDE_FILES_MAX);
	else
		return true;
	return false;
}

static void
report_unreadable(const struct inclusion *inclusion, const char *path, int rc)
{
	struct report *report = inclusion->includer->report;
	struct place place = inclusion->word->place;

	if (rc == -ENOENT) {
		report_error(report, place, "there is no file %s", path);
		report_hint(report,
		    "it is looked for beside the file that includes it");
	} else {
		report_error(report, place, "cannot read %s: %s", path,
		    rc == -EFBIG    ? "it is too large"
		    : rc == -EISDIR ? "it is a folder"
				    : strerror(-rc));
	}
}

/* The text and its name, in the policy's arena; NULL: reported. */
static const struct source *
read_source(struct inclusion *inclusion, const char *path)
{
	struct includer *includer = inclusion->includer;
	struct arena *arena = &includer->policy->arena;
	struct source *source = arena_new(arena, struct source);
	struct text text = TEXT_EMPTY;
	int rc = includer->loader->read(
	    includer->loader->context, path, POLICY_FILE_BYTES_MAX, &text);

	if (rc == 0 && source != NULL) {
		source->name = arena_str(arena, str_of(path));
		source->text = arena_str(arena, text_str(&text));
		/* The mark of UTF-8 is no part of the text. */
		if (str_starts(source->text, STR("\xef\xbb\xbf")))
			source->text = str_skip(source->text, 3);
	}
	text_fini(&text);
	if (rc < 0)
		report_unreadable(inclusion, path, rc);
	if (rc == 0 && arena->full)
		includer->rc = -ENOMEM;
	return rc == 0 && !arena->full ? source : NULL;
}

static void
include_one(void *context, const char *path)
{
	struct inclusion *inclusion = context;
	struct includer *includer = inclusion->includer;
	const struct source *source = NULL;

	if (inclusion->good && may_include(inclusion, path))
		source = read_source(inclusion, path);
	if (source == NULL) {
		inclusion->good = false;
		return;
	}
	includer->count++;
	includer->open[includer->depth++] = source;
	inclusion->good = inclusion->fn(inclusion->context, source);
	includer->depth--;
}

static void
include_pattern(struct inclusion *inclusion, const char *pattern)
{
	const struct policy_loader *loader = inclusion->includer->loader;
	int rc = loader->list == NULL ? -ENOTSUP
				      : loader->list(loader->context, pattern,
					    include_one, inclusion);

	if (rc < 0) {
		report_unreadable(inclusion, pattern, rc);
		inclusion->good = false;
	}
}

bool
include_each(struct includer *includer, const struct syntax_word *word,
    include_fn fn, void *context)
{
	struct inclusion inclusion = { includer, word, fn, context, true };
	struct text path = TEXT_EMPTY;
	struct text from = TEXT_EMPTY;

	if (word->text.len == 0) {
		report_error(includer->report, word->place,
		    "an include needs the name of its file");
		return false;
	}
	text_add(&from, word->place.source->name);
	file_beside(from.at != NULL ? from.at : "", word->text, &path);
	if (path.full || from.full) {
		includer->rc = -ENOMEM;
		inclusion.good = false;
	} else if (is_pattern(word->text)) {
		include_pattern(&inclusion, path.at);
	} else {
		include_one(&inclusion, path.at);
	}
	text_fini(&path);
	text_fini(&from);
	return inclusion.good;
}
