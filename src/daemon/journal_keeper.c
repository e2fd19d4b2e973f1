/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/journal_keeper.h"

#include "daemon/child.h"
#include "daemon/notice.h"
#include "daemon/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PLACES POLICY_JOURNAL_OUTPUTS_MAX

static void
clear_place(struct journal_place *place)
{
	if (place->used && place->fd >= 0)
		(void)close(place->fd);
	free(place->path);
	*place = (struct journal_place){ .fd = -1 };
}

/* ---- the proxy ---- */

static int
tell_child(struct journal_keeper *keeper, size_t number)
{
	const struct journal_place *place = &keeper->places[number];
	struct channel_output output = {
		.number = (uint32_t)number,
		.kind = place->used ? place->settings.kind
				    : POLICY_JOURNAL_KIND_COUNT,
		.form = place->settings.form,
		.facility = place->settings.facility,
		.at = place->settings.at,
	};
	int fd = place->used ? journal_dup_fd(&keeper->journal, number) : -1;

	/* A server's connection, the proxy opens itself. */
	if (place->used && policy_journal_is_server(place->settings.kind)) {
		if (fd >= 0)
			(void)close(fd);
		fd = -1;
	}
	int rc = child_tell_output(keeper->child, &output, fd);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

int
journal_keeper_teach(struct journal_keeper *keeper)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < PLACES; i++)
		if (keeper->places[i].used)
			rc = tell_child(keeper, i);
	return rc;
}

/* In the loop's thread. */
static void
on_mail(struct loop *loop, struct loop_message *message)
{
	struct journal_keeper *keeper =
	    (struct journal_keeper *)((char *)message -
				      offsetof(struct journal_keeper, mail));

	(void)loop;
	atomic_store(&keeper->mailed, false);
	if (keeper->child->pid == 0)
		return;
	for (size_t i = 0; i < PLACES; i++)
		if (keeper->places[i].used &&
		    keeper->places[i].settings.kind == POLICY_JOURNAL_FILE)
			(void)tell_child(keeper, i);
}

/* By an output's thread. */
static void
on_moved(void *context)
{
	struct journal_keeper *keeper = context;

	if (!atomic_exchange(&keeper->mailed, true))
		loop_post(keeper->loop, &keeper->mail);
}

/* ---- paths ---- */

/* NULL with *ret_rc 0: there is none. */
static char *
path_of(const struct journal_keeper *keeper,
    const struct policy_journal_output *settings, int *ret_rc)
{
	struct text path = TEXT_EMPTY;
	struct str given = settings->path;

	*ret_rc = 0;
	if (settings->kind == POLICY_JOURNAL_FILE && given.len == 0)
		given = STR(RUNTIME_EVENTS);
	if (settings->kind == POLICY_JOURNAL_SYSTEMD && given.len == 0)
		given = STR(POLICY_JOURNAL_SYSTEMD_SOCKET);
	if (given.len == 0)
		return NULL;
	if (given.at[0] != '/')
		text_addf(&path, "%s/", keeper->dir);
	text_add(&path, given);
	if (path.full) {
		text_fini(&path);
		*ret_rc = -ENOMEM;
	}
	return path.at;
}

static bool
is_same(const struct journal_place *place,
    const struct policy_journal_output *settings, const char *path)
{
	if (!place->used || place->settings.kind != settings->kind ||
	    place->settings.at.port != settings->at.port ||
	    !address_eq(place->settings.at.address, settings->at.address))
		return false;
	return path == NULL || place->path == NULL
		   ? path == place->path
		   : strcmp(path, place->path) == 0;
}

/* ---- a draft ---- */

/* Two that are written in different ways may be one in this folder. */
static bool
is_drafted(const struct journal_keeper *keeper,
    const struct policy_journal_output *settings, const char *path)
{
	for (size_t i = 0; i < PLACES; i++)
		if (is_same(&keeper->draft[i], settings, path))
			return true;
	return false;
}

/* The number that the place has now; or PLACES. */
static size_t
find_place(const struct journal_keeper *keeper,
    const struct policy_journal_output *settings, const char *path)
{
	size_t i = 0;

	while (i < PLACES && !is_same(&keeper->places[i], settings, path))
		i++;
	return i;
}

/* One that no output has, nor will have: of the outputs in force one may still
 * be writing. */
static size_t
find_free(const struct journal_keeper *keeper)
{
	size_t i = 0, any = PLACES;

	for (; i < PLACES; i++) {
		if (keeper->draft[i].used)
			continue;
		if (!keeper->places[i].used)
			return i;
		any = any == PLACES ? i : any;
	}
	return any;
}

/* At boot a gateway is more than its journal: the output tries again. */
static int
open_place(struct journal_place *place, bool booting, struct text *words)
{
	int fd = journal_output_open(&place->settings, place->path, 0640);
	struct text why = TEXT_EMPTY;

	if (fd >= 0 || fd == -EALREADY) {
		place->fd = fd >= 0 ? fd : -1;
		return 0;
	}
	text_addf(&why, "cannot write events to %s: %s",
	    place->path != NULL ? place->path : "standard output",
	    strerror(-fd));
	if (booting && place->path != NULL) {
		notice_say_lines(&why);
		return 0;
	}
	text_add(words, text_str(&why));
	text_fini(&why);
	return -EIO; /* the world's fault, whatever it was */
}

static void
put_place(struct journal_place *place,
    const struct policy_journal_output *settings, char *path)
{
	*place = (struct journal_place){
		.used = true, .fd = -1, .settings = *settings, .path = path
	};
	/* The policy's memory will go. */
	place->settings.path = (struct str){ NULL, 0 };
}

/* Those that go on first: their numbers are not free. */
static int
draft_outputs(struct journal_keeper *keeper,
    const struct policy_journal *journal, bool goes_on, bool booting,
    struct text *reterr_why)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < journal->count; i++) {
		const struct policy_journal_output *settings =
		    &journal->outputs[i];
		char *path = path_of(keeper, settings, &rc);
		size_t at = find_place(keeper, settings, path);
		if (rc < 0 || goes_on != (at < PLACES)) {
			free(path);
			continue;
		}
		if (is_drafted(keeper, settings, path)) {
			text_addf(reterr_why, "events go to %s twice", path);
			free(path);
			return -EINVAL;
		}
		at = goes_on ? at : find_free(keeper);
		put_place(&keeper->draft[at], settings, path);
		if (!goes_on)
			rc =
			    open_place(&keeper->draft[at], booting, reterr_why);
	}
	return rc;
}

void
journal_keeper_abandon(struct journal_keeper *keeper)
{
	for (size_t i = 0; i < PLACES; i++)
		clear_place(&keeper->draft[i]);
	keeper->drafted = false;
}

int
journal_keeper_prepare(struct journal_keeper *keeper,
    const struct policy *policy, bool booting, struct text *reterr_why)
{
	journal_keeper_abandon(keeper);
	int rc =
	    draft_outputs(keeper, &policy->journal, true, booting, reterr_why);
	if (rc == 0)
		rc = draft_outputs(
		    keeper, &policy->journal, false, booting, reterr_why);
	keeper->drafted = rc == 0;
	if (rc < 0)
		journal_keeper_abandon(keeper);
	return rc;
}

static int
bring(struct journal_keeper *keeper, size_t number)
{
	struct journal_place *draft = &keeper->draft[number];
	int rc = journal_put(
	    &keeper->journal, number, &draft->settings, draft->path, draft->fd);

	if (rc == 0)
		draft->fd = -1;
	return rc;
}

void
journal_keeper_commit(struct journal_keeper *keeper)
{
	if (!keeper->drafted)
		return;
	for (size_t i = 0; i < PLACES; i++) {
		bool was_used = keeper->places[i].used;
		int rc = 0;
		if (keeper->draft[i].used)
			rc = bring(keeper, i);
		else
			journal_drop(&keeper->journal, i);
		if (rc < 0)
			notice_say("an output of the journal could not begin: "
				   "%s",
			    strerror(-rc));
		clear_place(&keeper->places[i]);
		keeper->places[i] = keeper->draft[i];
		keeper->draft[i] = (struct journal_place){ .fd = -1 };
		if (keeper->places[i].used || was_used)
			(void)tell_child(keeper, i);
	}
	keeper->drafted = false;
}

/* ---- life ---- */

int
journal_keeper_open(struct journal_keeper *keeper, struct loop *loop,
    struct child *child, const char *dir)
{
	struct journal_place *place = &keeper->places[0];
	int rc;

	keeper->loop = loop;
	keeper->child = child;
	keeper->dir = dir;
	keeper->mail.fn = on_mail;
	for (size_t i = 0; i < PLACES; i++)
		keeper->places[i].fd = keeper->draft[i].fd = -1;
	journal_init(&keeper->journal);
	journal_hold(&keeper->journal);
	keeper->journal.enforcer = "firewall";
	keeper->journal.moved = on_moved;
	keeper->journal.context = keeper;
	put_place(place, &policy_journal_usual,
	    path_of(keeper, &policy_journal_usual, &rc));
	if (rc == 0)
		rc = journal_open(&keeper->journal, place->path, 0640);
	return rc;
}

int
journal_keeper_start(struct journal_keeper *keeper)
{
	return journal_start(&keeper->journal);
}

void
journal_keeper_reopen(struct journal_keeper *keeper)
{
	journal_reopen(&keeper->journal);
}

void
journal_keeper_close(struct journal_keeper *keeper)
{
	journal_fini(&keeper->journal);
	for (size_t i = 0; i < PLACES; i++) {
		clear_place(&keeper->places[i]);
		clear_place(&keeper->draft[i]);
	}
}

/* ---- status ---- */

static void
put_output(struct json *json, const struct journal_place *place,
    struct journal_output_state state)
{
	struct policy_journal_output settings = place->settings;
	struct text to = TEXT_EMPTY;

	if (place->path != NULL)
		settings.path = str_of(place->path);
	policy_journal_describe(&settings, &to);
	json_object_begin(json);
	json_name(json, "to");
	json_put_string(json, text_str(&to));
	json_name(json, "as");
	json_put_stringz(json, policy_journal_form_word(settings.form));
	json_name(json, "events");
	json_put_integer(json, state.written);
	json_name(json, "lost");
	json_put_integer(json, state.lost);
	json_name(json, "problem");
	json_put_stringz(json, state.error < 0 ? strerror(-state.error) : NULL);
	json_object_end(json);
	text_fini(&to);
}

void
journal_keeper_json(
    struct journal_keeper *keeper, bool answers, struct json *json)
{
	struct channel_outputs its = { 0 };

	if (answers && child_count_outputs(keeper->child, &its) < 0)
		its = (struct channel_outputs){ 0 };
	json_object_begin(json);
	json_name(json, "version");
	json_put_integer(json, JOURNAL_VERSION);
	json_name(json, "outputs");
	json_array_begin(json);
	for (size_t i = 0; i < PLACES; i++) {
		struct journal_output_state ours =
		    journal_look(&keeper->journal, i);
		ours.written += its.states[i].written;
		ours.lost += its.states[i].lost;
		if (ours.error == 0)
			ours.error = its.states[i].error;
		if (keeper->places[i].used)
			put_output(json, &keeper->places[i], ours);
	}
	json_array_end(json);
	json_object_end(json);
}
