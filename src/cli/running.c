/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/running.h"

#include "cli/control_client.h"

#include <stdlib.h>

void
running_fini(struct running *running)
{
	snapshot_fini(&running->snapshot);
	free(running->path);
	*running = RUNNING_EMPTY;
}

/* One name a descriptor, in the same order. */
static bool
take_files(struct str names, struct control_fds *fds, struct snapshot *ret)
{
	size_t taken = 0;
	bool good = true;

	while (good && names.len > 0 && taken < fds->count) {
		struct str name = str_cut(&names, '\0');
		good = snapshot_add(ret, name.at, fds->items[taken]) == 0;
		taken += good;
	}
	good = good && names.len == 0 && taken == fds->count;
	memmove(fds->items, fds->items + taken,
	    (fds->count - taken) * sizeof(*fds->items));
	fds->count -= taken;
	return good;
}

static bool
get(const char *runtime, const char *question, struct text *names,
    struct running *ret)
{
	struct control_fds fds = { 0 };
	enum status status;

	*ret = RUNNING_EMPTY;
	bool good = control_ask_fds(runtime, question, &status, names, &fds) &&
		    status == STATUS_GOOD && fds.count > 0;
	if (good) {
		struct str rest = text_str(names);
		ret->path = strdup(rest.at);
		(void)str_cut(&rest, '\0');
		good =
		    ret->path != NULL && take_files(rest, &fds, &ret->snapshot);
	}
	control_fds_fini(&fds);
	return good;
}

bool
running_get(const char *runtime, struct running *ret)
{
	struct text names = TEXT_EMPTY;
	bool good = get(runtime, "files", &names, ret);

	text_fini(&names);
	return good;
}

bool
running_get_kept(const char *runtime, const char *id, struct running *ret)
{
	struct text question = TEXT_EMPTY, names = TEXT_EMPTY;

	*ret = RUNNING_EMPTY;
	text_addf(&question, "kept %s", id);
	bool good =
	    strchr(id, '\n') == NULL && get(runtime, question.at, &names, ret);
	if (!good)
		complain("%.*s",
		    names.len > 0 ? (int)str_find(text_str(&names), '\n') : 27,
		    names.len > 0 ? names.at : "the gateway does not say it");
	text_fini(&question);
	text_fini(&names);
	return good;
}

struct policy *
running_read(struct running *running)
{
	struct policy_loader loader = snapshot_player(&running->snapshot);
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	(void)policy_load(running->path, &loader, &report, &policy, &kept);
	report_fini(&report);
	policy_unref(kept);
	return policy;
}
