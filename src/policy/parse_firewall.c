/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_firewall.h"

#include "base/nearest.h"

static const struct {
	const char *word;
	const char *wanted; /* behind it */
} settings[] = {
	{ "invalid", "'drop' or 'allow'" },
	{ "clamp", "'mss'" },
	{ "helper", "a helper, like ftp" },
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static const char setting_what[] = "'invalid', 'clamp' or 'helper'";

bool
syntax_is_setting(struct str word)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (str_is(word, settings[i].word))
			return true;
	return false;
}

static bool
parse_rest(
    struct reader *in, struct syntax_setting *setting, const char *wanted)
{
	setting->head = reader_word_of(reader_take(in));
	if (!reader_words(in, &setting->values, wanted))
		return false;
	if (!reader_at_word(in, "for"))
		return true;
	(void)reader_take(in);
	return reader_words(in, &setting->zones, "a zone");
}

struct syntax_setting *
parse_setting(struct reader *in)
{
	struct syntax_setting *setting =
	    arena_new(in->arena, struct syntax_setting);
	const struct token *head = reader_peek(in);
	struct nearest nearest;

	if (setting == NULL)
		return NULL;
	nearest_begin(&nearest, head->text);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (reader_at_word(in, settings[i].word))
			return parse_rest(in, setting, settings[i].wanted)
				   ? setting
				   : NULL;
		nearest_offer(&nearest, str_of(settings[i].word));
	}
	(void)reader_expected(in, setting_what);
	if (head->kind == TOKEN_WORD && nearest.best.at != NULL)
		report_hint(
		    in->report, "did you mean '%.*s'?", STR_ARG(nearest.best));
	return NULL;
}
