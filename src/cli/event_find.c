/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_find.h"

#include "base/clock.h"
#include "cli/log_files.h"
#include "cli/member.h"

#include <errno.h>

#define FLOW_DIGITS 16

struct search {
	struct str head;                   /* of an id; at == NULL: any */
	struct str flow;                   /* at == NULL: any */
	const struct event_filter *filter; /* NULL: all fit */
	json_t *found, *before;            /* the last, and the one before */
};

bool
event_id_span(struct str head, int64_t *ret_since, int64_t *ret_until)
{
	uint64_t first = 0, last = 0;

	if (head.len == 0 || head.len > EVENT_ID_DIGITS)
		return false;
	for (size_t i = 0; i < head.len; i++)
		if (ascii_hex_digit(head.at[i]) < 0)
			return false;
	for (size_t i = 0; i < EVENT_TIME_DIGITS; i++) {
		bool is_said = i < head.len;
		unsigned digit =
		    is_said ? (unsigned)ascii_hex_digit(head.at[i]) : 0;
		first = first << 4 | digit;
		last = last << 4 | (is_said ? digit : 0xf);
	}
	/* Times end in the year 2262. */
	uint64_t most = INT64_MAX / (uint64_t)CLOCK_MS - 1;
	*ret_since = (int64_t)(first < most ? first : most) * CLOCK_MS;
	*ret_until = (int64_t)(last < most ? last + 1 : most) * CLOCK_MS;
	return true;
}

/* That a policy or a ban came into force is told of as well. */
static bool
is_of_flow(const json_t *event)
{
	return member_string(event, "source").at != NULL &&
	       member_string(event, "protocol").at != NULL;
}

static json_t *
read_wanted(const struct search *search, struct str line)
{
	json_t *event = json_loadb(
	    line.at != NULL ? line.at : "", line.len, JSON_ALLOW_NUL, NULL);

	if (json_is_object(event) &&
	    str_starts(member_string(event, "id"), search->head) &&
	    (search->flow.at == NULL ||
		str_eq(member_string(event, "flow"), search->flow)) &&
	    (search->filter == NULL ||
		(is_of_flow(event) &&
		    event_filter_fits(search->filter, event))))
		return event;
	json_decref(event);
	return NULL;
}

static bool
is_wanted(struct str line, void *context)
{
	json_t *event = read_wanted(context, line);

	json_decref(event);
	return event != NULL;
}

static int
keep(struct str line, void *context)
{
	struct search *search = context;
	json_t *event = read_wanted(search, line);

	if (event == NULL)
		return 0;
	json_decref(search->before);
	search->before = search->found;
	search->found = event;
	return 0;
}

static int
look(const char *path, struct search *search, struct log_wish wish)
{
	struct log_files files;

	wish.wanted = is_wanted;
	wish.context = search;
	int rc = log_files_open(path, &wish, &files);
	if (rc == 0)
		rc = log_files_give(&files, 0, keep, search);
	log_files_close(&files);
	return rc;
}

int
event_find(const char *path, struct str head, json_t **ret, json_t **ret_other)
{
	struct search search = { .head = head };
	struct log_wish wish = { .last = 2 };
	int rc = 0;

	if (event_id_span(head, &wish.since, &wish.until))
		rc = look(path, &search, wish);
	if (rc == 0 && search.found == NULL && head.len == FLOW_DIGITS) {
		search = (struct search){ .flow = head };
		wish = (struct log_wish){ INT64_MIN, INT64_MAX, 1, NULL, NULL };
		rc = look(path, &search, wish);
		json_decref(search.before);
		search.before = NULL;
	}
	*ret = search.found;
	*ret_other = search.before;
	return rc;
}

int
event_find_last(
    const char *path, const struct event_filter *filter, json_t **ret)
{
	struct search search = { .filter = filter };
	struct log_wish wish = { filter->since, filter->until, 1, NULL, NULL };
	int rc = look(path, &search, wish);

	json_decref(search.before);
	*ret = search.found;
	return rc;
}
