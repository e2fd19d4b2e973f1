/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_file: files that a policy names, beside the one that names
 * them.
 */
#include "policy/resolve.h"

#include "base/file.h"
#include "policy/list_file.h"

#include <errno.h>

static void
report_unreadable(struct resolver *resolver, const struct syntax_word *file,
    const char *what, const char *path, int rc)
{
	if (rc == -ENOENT) {
		report_error(
		    resolver->report, file->place, "there is no file %s", path);
		report_hint(resolver->report,
		    "%s is looked for beside the policy", what);
	} else {
		report_error(resolver->report, file->place,
		    "cannot read %s: %s", path, list_file_fault(rc));
	}
}

static void
beside_its_file(const struct syntax_word *word, struct text *ret)
{
	struct text from = TEXT_EMPTY;

	text_add(&from, word->place.source->name);
	file_beside(from.at != NULL ? from.at : "", word->text, ret);
	ret->full |= from.full;
	text_fini(&from);
}

int
resolve_file(struct resolver *resolver, const struct syntax_word *word,
    const char *what, size_t bytes_max, struct str *ret_path, struct text *ret)
{
	struct text path = TEXT_EMPTY;

	beside_its_file(word, &path);
	*ret_path = arena_str(resolver->arena, text_str(&path));
	int rc = path.full || ret_path->at == NULL
		     ? -ENOMEM
		     : resolver->loader->read(
			   resolver->loader->context, path.at, bytes_max, ret);
	if (rc < 0)
		report_unreadable(resolver, word, what, path.at, rc);
	text_fini(&path);
	return rc;
}
