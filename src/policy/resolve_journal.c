/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_journal: where events go.
 */
#include "policy/duration.h"
#include "policy/manual.h"
#include "policy/resolve.h"
#include "policy/size.h"

static bool
is_written(const struct syntax_word *word)
{
	return word->text.at != NULL;
}

static void
refuse(struct resolver *resolver, const struct syntax_word *word,
    const char *what, const char *hint)
{
	report_error(resolver->report, word->place, "%s", what);
	report_hint(resolver->report, "%s", hint);
}

/* ---- where to ---- */

static enum policy_journal_kind
kind_of(const struct syntax_output *syntax)
{
	if (str_is(syntax->head.text, "file"))
		return POLICY_JOURNAL_FILE;
	if (str_is(syntax->head.text, "stdout"))
		return POLICY_JOURNAL_STDOUT;
	if (str_is(syntax->head.text, "systemd"))
		return POLICY_JOURNAL_SYSTEMD;
	if (is_written(&syntax->path))
		return POLICY_JOURNAL_SYSLOG_UNIX;
	return str_is(syntax->way.text, "udp") ? POLICY_JOURNAL_SYSLOG_UDP
					       : POLICY_JOURNAL_SYSLOG_TCP;
}

static void
resolve_server(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	if (address_port_parse(word->text, &ret->at) < 0)
		refuse(resolver, word, "expected ADDRESS:PORT",
		    "like 10.0.0.5:514 or [2001:db8::5]:6514");
}

static bool
has_nul(struct str s)
{
	return str_find(s, '\0') < s.len;
}

static void
resolve_path(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	bool is_socket = ret->kind != POLICY_JOURNAL_FILE;
	size_t bytes_max = is_socket ? POLICY_JOURNAL_SOCKET_BYTES_MAX
				     : POLICY_JOURNAL_PATH_BYTES_MAX;

	if (!is_written(word))
		return;
	if (word->text.len == 0 || has_nul(word->text))
		report_error(resolver->report, word->place, "this is no path");
	else if (word->text.len > bytes_max)
		report_error(resolver->report, word->place,
		    "a path here has at most %zu bytes", bytes_max);
	else if (is_socket && word->text.at[0] != '/')
		refuse(resolver, word, "a socket is named by its whole path",
		    "like \"/dev/log\"");
	else
		ret->path = arena_str(resolver->arena, word->text);
}

/* ---- options ---- */

static void
resolve_form(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	if (!is_written(word))
		return;
	for (int i = 0; i < POLICY_JOURNAL_FORM_COUNT; i++) {
		ret->form = (enum policy_journal_form)i;
		if (str_is(word->text, policy_journal_form_word(ret->form)))
			return;
	}
	report_error(resolver->report, word->place,
	    "expected 'json', 'logfmt' or 'text'");
}

static void
resolve_size(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	const char *why = NULL;
	uint64_t bytes = 0;

	if (!is_written(word))
		return;
	if (size_parse(word->text, &bytes, &why) < 0)
		report_error(resolver->report, word->place, "%s", why);
	else if (bytes < (uint64_t)POLICY_JOURNAL_BYTES_MIN)
		report_error(resolver->report, word->place,
		    "a file of the journal has at least 64K");
	else
		ret->bytes_max = (int64_t)bytes;
}

static void
resolve_every(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	const char *why = NULL;
	int64_t every = 0;

	if (!is_written(word))
		return;
	if (duration_parse(word->text, &every, &why) < 0)
		report_error(resolver->report, word->place, "%s", why);
	else if (every < POLICY_JOURNAL_EVERY_MIN_S * CLOCK_SECOND)
		report_error(resolver->report, word->place,
		    "a new file is begun every minute at most");
	else
		ret->every = every;
}

static void
resolve_keep(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	uint64_t count = 0;

	if (!is_written(word))
		return;
	if (str_number(word->text, POLICY_JOURNAL_KEEP_MAX, &count) < 0)
		report_error(resolver->report, word->place,
		    "expected how many older files are kept, 0 to %d",
		    POLICY_JOURNAL_KEEP_MAX);
	else
		ret->keep = (unsigned)count;
}

static void
resolve_facility(struct resolver *resolver, const struct syntax_word *word,
    struct policy_journal_output *ret)
{
	if (!is_written(word) ||
	    policy_journal_facility_parse(word->text, &ret->facility))
		return;
	refuse(resolver, word, "expected a facility of syslog",
	    "user, daemon, auth, authpriv, local0 to local7");
}

/* What its kind does not have. */
static void
refuse_options(
    struct resolver *resolver, const struct syntax_output *syntax, bool is_file)
{
	const struct syntax_word *of_files[] = { &syntax->size, &syntax->keep,
		&syntax->every };

	for (size_t i = 0; i < sizeof(of_files) / sizeof(of_files[0]); i++)
		if (!is_file && is_written(of_files[i]))
			report_error(resolver->report, of_files[i]->place,
			    "only a file has a size, a time and older ones");
	if (is_written(&syntax->facility) &&
	    !str_is(syntax->head.text, "syslog") &&
	    !str_is(syntax->head.text, "systemd"))
		report_error(resolver->report, syntax->facility.place,
		    "only syslog and systemd have facilities");
}

/* ---- outputs ---- */

static void
resolve_output(struct resolver *resolver, const struct syntax_output *syntax,
    struct policy_journal_output *ret)
{
	bool is_file = kind_of(syntax) == POLICY_JOURNAL_FILE;

	*ret = is_file ? policy_journal_usual
		       : (struct policy_journal_output){ 0 };
	ret->kind = kind_of(syntax);
	ret->place = syntax->head.place;
	if (!is_file)
		ret->facility = POLICY_JOURNAL_FACILITY;
	if (ret->kind == POLICY_JOURNAL_SYSTEMD)
		ret->form = POLICY_JOURNAL_TEXT;
	if (policy_journal_is_server(ret->kind))
		resolve_server(resolver, &syntax->server, ret);
	refuse_options(resolver, syntax, is_file);
	resolve_path(resolver, &syntax->path, ret);
	resolve_form(resolver, &syntax->form, ret);
	resolve_size(resolver, &syntax->size, ret);
	resolve_every(resolver, &syntax->every, ret);
	resolve_keep(resolver, &syntax->keep, ret);
	resolve_facility(resolver, &syntax->facility, ret);
}

static void
add_output(struct resolver *resolver, const struct syntax_output *syntax)
{
	struct policy_journal *journal = &resolver->policy->journal;
	struct policy_journal_output output;

	resolve_output(resolver, syntax, &output);
	for (size_t i = 0; i < journal->count; i++)
		if (policy_journal_same_place(&journal->outputs[i], &output)) {
			report_error(resolver->report, output.place,
			    "events go there already");
			return;
		}
	if (journal->count == POLICY_JOURNAL_OUTPUTS_MAX)
		report_error(resolver->report, output.place,
		    "the journal has at most %d outputs",
		    POLICY_JOURNAL_OUTPUTS_MAX);
	else
		journal->outputs[journal->count++] = output;
}

void
resolve_journal(struct resolver *resolver, const struct syntax *syntax)
{
	const struct syntax_journal *written = syntax->journals;
	struct policy_journal *journal = &resolver->policy->journal;

	(void)report_topic(resolver->report, MANUAL_JOURNAL);
	if (written == NULL) {
		journal->outputs[journal->count++] = policy_journal_usual;
		return;
	}
	if (written->next != NULL)
		report_error(resolver->report, written->next->head.place,
		    "there is a journal already");
	if (written->outputs == NULL)
		report_error(resolver->report, written->head.place,
		    "a journal says where events go");
	for (const struct syntax_output *output = written->outputs;
	     output != NULL; output = output->next)
		add_output(resolver, output);
}
