/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/history_entry.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define HEAD "gatehouse kept policy 1\n"

static const char *const state_words[HISTORY_STATE_COUNT] = {
	[HISTORY_IN_FORCE] = "in-force",
	[HISTORY_WAITING] = "waiting",
	[HISTORY_PAST] = "past",
	[HISTORY_ROLLED_BACK] = "rolled-back",
};

static void
digest_of(struct str s, char ret[static SHA256_TEXT_BYTES])
{
	struct sha256 sha256;

	sha256_init(&sha256);
	sha256_add(&sha256, s);
	sha256_format(&sha256, ret);
}

/* ---- writing ---- */

static void
add_time(const char *word, int64_t time, struct text *out)
{
	char when[CLOCK_TEXT_BYTES] = "-";

	if (time != 0)
		clock_format(time, when);
	text_addf(out, "%s %s\n", word, when);
}

int
history_entry_write(const struct history_entry *entry, struct text *out)
{
	char digest[SHA256_TEXT_BYTES];
	size_t begin = out->len;

	text_addf(out, HEAD "id %u\nstate %s\n", entry->id,
	    state_words[entry->state]);
	add_time("began", entry->began, out);
	add_time("ended", entry->ended, out);
	text_addf(out, "held %lld\nrules %u\nwho %s\nname %s\n",
	    (long long)(entry->held / CLOCK_SECOND), entry->rules,
	    entry->who != NULL ? entry->who : "",
	    entry->name != NULL ? entry->name : "");
	digest_of(str_skip(text_str(out), begin), digest);
	text_addf(out, "head %s\n", digest);
	return last_good_index_rewrite(&entry->files, out);
}

/* ---- reading ---- */

/* What stands behind `word` in the next line; at NULL: another one does. */
static struct str
take_line(struct str *text, const char *word)
{
	struct str line = str_cut(text, '\n');
	size_t len = strlen(word);

	if (!str_starts(line, str_of(word)) || line.len <= len ||
	    line.at[len] != ' ')
		return (struct str){ 0 };
	return (struct str){ line.at + len + 1, line.len - len - 1 };
}

static int
take_number(struct str *text, const char *word, uint64_t max, uint64_t *ret)
{
	return str_number(take_line(text, word), max, ret) < 0 ? -EBADMSG : 0;
}

static int
take_time(struct str *text, const char *word, int64_t *ret)
{
	struct str when = take_line(text, word);

	if (str_is(when, "-")) {
		*ret = 0;
		return 0;
	}
	return clock_parse(when, ret) < 0 ? -EBADMSG : 0;
}

static int
take_words(struct str *text, const char *word, char **ret)
{
	struct str words = take_line(text, word);

	if (words.at == NULL)
		return -EBADMSG;
	if (words.len == 0)
		return 0;
	*ret = strndup(words.at, words.len);
	return *ret == NULL ? -ENOMEM : 0;
}

static int
take_state(struct str *text, enum history_state *ret)
{
	struct str word = take_line(text, "state");

	for (unsigned i = 0; i < HISTORY_STATE_COUNT; i++) {
		*ret = (enum history_state)i;
		if (str_is(word, state_words[i]))
			return 0;
	}
	return -EBADMSG;
}

static int
read_head(struct str *text, struct history_entry *ret)
{
	uint64_t id = 0, held = 0, rules = 0;
	int rc = take_number(text, "id", UINT32_MAX, &id);

	if (rc == 0)
		rc = take_state(text, &ret->state);
	if (rc == 0)
		rc = take_time(text, "began", &ret->began);
	if (rc == 0)
		rc = take_time(text, "ended", &ret->ended);
	if (rc == 0)
		rc = take_number(text, "held", INT64_MAX / CLOCK_SECOND, &held);
	if (rc == 0)
		rc = take_number(text, "rules", UINT32_MAX, &rules);
	if (rc == 0)
		rc = take_words(text, "who", &ret->who);
	if (rc == 0)
		rc = take_words(text, "name", &ret->name);
	ret->id = (uint32_t)id;
	ret->held = (int64_t)held * CLOCK_SECOND;
	ret->rules = (uint32_t)rules;
	return rc;
}

int
history_entry_read(struct str text, struct history_entry *ret)
{
	char digest[SHA256_TEXT_BYTES];
	struct str rest = text;

	*ret = (struct history_entry){ 0 };
	if (!str_starts(rest, STR(HEAD)))
		return -EBADMSG;
	rest = str_skip(rest, sizeof(HEAD) - 1);
	int rc = read_head(&rest, ret);
	if (rc < 0)
		return rc;
	digest_of((struct str){ text.at, (size_t)(rest.at - text.at) }, digest);
	if (!str_is(take_line(&rest, "head"), digest))
		return -EBADMSG;
	return last_good_index_read(rest, &ret->files);
}

void
history_entry_fini(struct history_entry *entry)
{
	free(entry->who);
	free(entry->name);
	last_good_index_fini(&entry->files);
	*entry = (struct history_entry){ 0 };
}

/* ---- telling ---- */

/* A clock that was set back makes no time negative. */
int64_t
history_entry_held(const struct history_entry *entry, int64_t now)
{
	int64_t end = entry->ended != 0 ? entry->ended : now;

	return entry->held + (end > entry->began ? end - entry->began : 0);
}

static void
put_time(struct json *json, const char *name, int64_t time)
{
	char when[CLOCK_TEXT_BYTES];

	clock_format(time, when);
	json_name(json, name);
	json_put_stringz(json, time != 0 ? when : NULL);
}

void
history_entry_json(
    const struct history_entry *entry, int64_t now, struct json *json)
{
	static const char *const words[HISTORY_STATE_COUNT] = {
		[HISTORY_IN_FORCE] = "in force",
		[HISTORY_WAITING] = "waiting",
		[HISTORY_PAST] = "past",
		[HISTORY_ROLLED_BACK] = "rolled back",
	};

	json_object_begin(json);
	json_name(json, "id");
	json_put_integer(json, entry->id);
	json_name(json, "state");
	json_put_stringz(json, words[entry->state]);
	json_name(json, "name");
	json_put_stringz(json, entry->name);
	json_name(json, "who");
	json_put_stringz(json, entry->who);
	json_name(json, "policy");
	json_put_stringz(json, entry->files.path);
	json_name(json, "rules");
	json_put_integer(json, entry->rules);
	json_name(json, "files");
	json_put_integer(json, (int64_t)entry->files.count);
	put_time(json, "began", entry->began);
	put_time(json, "ended", entry->ended);
	json_name(json, "seconds");
	json_put_integer(json, history_entry_held(entry, now) / CLOCK_SECOND);
	json_object_end(json);
}
