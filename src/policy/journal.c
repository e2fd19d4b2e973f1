/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/journal.h"

#include "base/text.h"

const struct policy_journal_output policy_journal_usual = {
	.kind = POLICY_JOURNAL_FILE,
	.form = POLICY_JOURNAL_JSON,
	.bytes_max = POLICY_JOURNAL_BYTES,
	.keep = POLICY_JOURNAL_KEEP,
};

static const char *const forms[POLICY_JOURNAL_FORM_COUNT] = {
	[POLICY_JOURNAL_JSON] = "json",
	[POLICY_JOURNAL_LOGFMT] = "logfmt",
	[POLICY_JOURNAL_TEXT] = "text",
};

/* RFC 5424, table 1; those that the kernel and cron have are not ours. */
static const struct {
	const char *word;
	unsigned number;
} facilities[] = {
	{ "user", 1 },
	{ "daemon", 3 },
	{ "auth", 4 },
	{ "authpriv", 10 },
	{ "local0", 16 },
	{ "local1", 17 },
	{ "local2", 18 },
	{ "local3", 19 },
	{ "local4", 20 },
	{ "local5", 21 },
	{ "local6", 22 },
	{ "local7", 23 },
};

#define FACILITIES (sizeof(facilities) / sizeof(facilities[0]))

bool
policy_journal_same_place(const struct policy_journal_output *one,
    const struct policy_journal_output *other)
{
	return one->kind == other->kind && one->at.port == other->at.port &&
	       address_eq(one->at.address, other->at.address) &&
	       str_eq(one->path, other->path);
}

bool
policy_journal_is_server(enum policy_journal_kind kind)
{
	return kind == POLICY_JOURNAL_SYSLOG_UDP ||
	       kind == POLICY_JOURNAL_SYSLOG_TCP;
}

const char *
policy_journal_form_word(enum policy_journal_form form)
{
	return forms[form];
}

const char *
policy_journal_facility_word(unsigned facility)
{
	for (size_t i = 0; i < FACILITIES; i++)
		if (facilities[i].number == facility)
			return facilities[i].word;
	return NULL;
}

bool
policy_journal_facility_parse(struct str word, unsigned *ret)
{
	for (size_t i = 0; i < FACILITIES; i++) {
		if (!str_is(word, facilities[i].word))
			continue;
		*ret = facilities[i].number;
		return true;
	}
	return false;
}

void
policy_journal_describe(
    const struct policy_journal_output *output, struct text *out)
{
	static const char *const words[POLICY_JOURNAL_KIND_COUNT] = {
		[POLICY_JOURNAL_FILE] = "file",
		[POLICY_JOURNAL_STDOUT] = "stdout",
		[POLICY_JOURNAL_SYSTEMD] = "systemd",
		[POLICY_JOURNAL_SYSLOG_UNIX] = "syslog",
		[POLICY_JOURNAL_SYSLOG_UDP] = "syslog udp",
		[POLICY_JOURNAL_SYSLOG_TCP] = "syslog tcp",
	};
	char at[ADDRESS_TEXT_BYTES];

	text_addz(out, words[output->kind]);
	if (output->at.address.family != ADDRESS_NONE)
		text_addf(out, " %s", address_port_format(output->at, at));
	if (output->path.len > 0)
		text_addf(out, " \"%.*s\"", STR_ARG(output->path));
}
