/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/fallback.h"

#include "base/clock.h"
#include "daemon/notice.h"
#include "event/event.h"

static void
add_what(const struct fallback *fallback, struct text *out)
{
	char since[CLOCK_TEXT_BYTES];

	if (fallback->kind == FALLBACK_LAST_GOOD) {
		clock_format(fallback->since, since);
		text_addf(out, "the last good policy of %s is in force", since);
	} else {
		text_addz(out, "all is blocked, for there is no policy");
	}
}

void
fallback_tell(const struct fallback *fallback)
{
	struct text reason = TEXT_EMPTY;
	struct event event = { .kind = EVENT_KIND_POLICY };

	add_what(fallback, &reason);
	text_addf(
	    &reason, ", because %.*s", STR_ARG(text_str(&fallback->because)));
	notice_say("%s", reason.at != NULL ? reason.at : "no memory");
	event.reason = reason.at;
	event_emit(&event);
	text_fini(&reason);
}

void
fallback_end(struct fallback *fallback)
{
	fallback->kind = FALLBACK_NONE;
	text_clear(&fallback->because);
}

void
fallback_fini(struct fallback *fallback)
{
	text_fini(&fallback->because);
	*fallback = (struct fallback){ 0 };
}

void
fallback_json(const struct fallback *fallback, struct json *json)
{
	static const char *const kinds[] = {
		[FALLBACK_LAST_GOOD] = "last good",
		[FALLBACK_CLOSED] = "closed",
	};
	struct text what = TEXT_EMPTY;

	if (fallback->kind == FALLBACK_NONE) {
		json_put_null(json);
		return;
	}
	add_what(fallback, &what);
	json_object_begin(json);
	json_name(json, "kind");
	json_put_stringz(json, kinds[fallback->kind]);
	json_name(json, "words");
	json_put_string(json, text_str(&what));
	json_name(json, "because");
	json_put_string(json, text_str(&fallback->because));
	json_object_end(json);
	text_fini(&what);
}
