/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/refresh.h"

#include "daemon/gateway.h"
#include "daemon/notice.h"

#include <errno.h>

/* The first thing that is wrong: one line is for a list, no page. */
static void
say_first_error(const struct report *report, struct text *why)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct finding *finding = &report->items[i];
		if (finding->weight != REPORT_ERROR)
			continue;
		text_add(why, finding->message);
		if (finding->hint.at != NULL)
			text_addf(why, " (%.*s)", STR_ARG(finding->hint));
		return;
	}
}

/* The policy in force with this one file instead of its old one. */
static int
bring(struct gateway *gateway, const struct snapshot_fresh *fresh,
    struct text *reterr_why)
{
	struct generation_wish wish = gateway_wish(gateway);
	struct generation *generation = NULL;
	struct policy *kept = NULL;
	struct report report;

	wish.path = gateway->current->path;
	wish.fresh = fresh;
	report_init(&report);
	int rc = generation_create(&wish, &report, &generation, &kept);
	say_first_error(&report, reterr_why);
	report_fini(&report);
	policy_unref(kept);
	if (rc == 0)
		rc = gateway_replace(gateway, &generation, reterr_why);
	if (rc < 0 && reterr_why->len == 0)
		text_addz(reterr_why, strerror(-rc));
	return rc;
}

/* As list_watch_look; after 1, the list in force is another one. */
static int
look(struct gateway *gateway, const struct policy_group *group,
    struct text *reterr_why)
{
	const struct snapshot_file *file =
	    snapshot_find(&gateway->current->snapshot, group->file);
	struct snapshot_fresh fresh;

	int rc = list_watch_look(
	    file->path, &file->stamp, clock_wall(), &fresh, reterr_why);
	if (rc > 0) {
		int brought = bring(gateway, &fresh, reterr_why);
		rc = brought < 0 ? brought : rc;
	}
	text_fini(&fresh.text);
	return rc;
}

/* To everybody: the journal and standard error. */
static void
tell_words(struct text *words)
{
	const struct event event = {
		.kind = EVENT_KIND_LIST,
		.reason = words->at,
	};

	notice_say("%s", words->at != NULL ? words->at : "no memory");
	event_emit(&event);
	text_fini(words);
}

static void
tell_read(const struct flows_tally *ended, const struct policy_group *group)
{
	struct text flows = TEXT_EMPTY, words = TEXT_EMPTY;

	flows_add_words(ended, &flows);
	text_addf(&words, "list '%.*s' was read anew: %zu entries%s%s",
	    STR_ARG(group->name), group->entries, flows.len > 0 ? "; " : "",
	    flows.len > 0 ? flows.at : "");
	tell_words(&words);
	text_fini(&flows);
}

/* Each state once: a list that stays broken is not told of again. */
static void
tell(const struct gateway *gateway, struct watched_list *list, int rc,
    struct text *why)
{
	struct str first = { why->at, str_find(text_str(why), '\n') };
	struct text words = TEXT_EMPTY;

	if (rc < 0 && !str_eq(first, text_str(&list->problem)))
		text_addf(&words, "list '%.*s': %.*s; the old list stays",
		    STR_ARG(list->group->name), STR_ARG(first));
	else if (rc > 0)
		tell_read(&gateway->ended, list->group);
	else if (rc == 0 && list->problem.len > 0)
		text_addf(&words,
		    "list '%.*s': the file is again what is in force",
		    STR_ARG(list->group->name));
	if (words.len > 0)
		tell_words(&words);
	text_clear(&list->problem);
	if (rc < 0)
		text_add(&list->problem, first);
}

static int64_t
next_look(const struct policy_group *group, int rc, int64_t began)
{
	int64_t now = clock_now(), after = group->refresh;

	if (rc == -EAGAIN && after > LIST_WATCH_SETTLE)
		after = LIST_WATCH_SETTLE;
	if (after < (now - began) * REFRESH_REST)
		after = (now - began) * REFRESH_REST;
	return now + after;
}

static void
on_due(struct loop_timer *timer)
{
	struct refresh *refresh = timer->context;
	struct gateway *gateway = refresh->gateway;
	struct list_watch *lists = &gateway->current->lists;
	size_t nth = (size_t)(list_watch_first(lists) - lists->items);
	struct text why = TEXT_EMPTY;
	int64_t began = clock_now();

	int rc = look(gateway, lists->items[nth].group, &why);
	/* There may be a new generation, whose lists are the same ones. */
	struct watched_list *list = &gateway->current->lists.items[nth];
	tell(gateway, list, rc, &why);
	list->due = next_look(list->group, rc, began);
	text_fini(&why);
	refresh_arm(refresh);
}

void
refresh_arm(struct refresh *refresh)
{
	struct gateway *gateway = refresh->gateway;
	const struct watched_list *first =
	    list_watch_first(&gateway->current->lists);

	refresh_stop(refresh);
	refresh->timer.fn = on_due;
	refresh->timer.context = refresh;
	if (first != NULL)
		loop_timer_arm(gateway->loop, &refresh->timer, first->due);
}

void
refresh_stop(struct refresh *refresh)
{
	loop_timer_cancel(&refresh->timer);
}
