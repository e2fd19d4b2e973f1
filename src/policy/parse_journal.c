/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_journal: the lines in the braces of `journal`.
 *
 *	file ["PATH"] | stdout | systemd ["PATH"] |
 *	syslog udp ADDRESS:PORT | syslog tcp ADDRESS:PORT | syslog "PATH"
 *
 * and options behind it, in any order, each once: `size 64M`, `keep 5`,
 * `every 1d`, `as json`, `facility local3`.  Which of them an output has, the
 * resolver knows.
 */
#include "policy/parse_journal.h"

static const char line_what[] = "'file', 'stdout', 'systemd' or 'syslog'";

/* Where the word of an option goes, by its word. */
static struct syntax_word *
option_of(struct syntax_output *output, struct str word, const char **ret_what)
{
	static const struct {
		const char *word;
		size_t at;
		const char *what;
	} options[] = {
		{ "size", offsetof(struct syntax_output, size),
		    "a size, like 64M" },
		{ "keep", offsetof(struct syntax_output, keep),
		    "how many older files are kept" },
		{ "every", offsetof(struct syntax_output, every),
		    "a time, like 1d" },
		{ "as", offsetof(struct syntax_output, form),
		    "'json', 'logfmt' or 'text'" },
		{ "facility", offsetof(struct syntax_output, facility),
		    "a facility, like local3" },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!str_is(word, options[i].word))
			continue;
		*ret_what = options[i].what;
		return (struct syntax_word *)(void *)((char *)output +
						      options[i].at);
	}
	return NULL;
}

static bool
parse_option(struct reader *in, struct syntax_output *output)
{
	const struct token *head = reader_peek(in);
	const char *what = NULL;
	struct syntax_word *option = head->kind == TOKEN_WORD
					 ? option_of(output, head->text, &what)
					 : NULL;

	if (option == NULL)
		return reader_expected(in,
		    "'size', 'keep', 'every', 'as', 'facility' or the end of "
		    "the line");
	(void)reader_take(in);
	if (option->text.at == NULL)
		return reader_word(in, option, what);
	report_error(in->report, reader_word_of(head).place,
	    "this output has '%.*s' already", STR_ARG(head->text));
	return false;
}

static bool
parse_syslog(struct reader *in, struct syntax_output *output)
{
	if (reader_peek(in)->kind == TOKEN_STRING)
		return reader_string(in, &output->path, "a socket in quotes");
	if (!reader_at_word(in, "udp") && !reader_at_word(in, "tcp"))
		return reader_expected(in,
		    "'udp', 'tcp' or a socket in quotes, like \"/dev/log\"");
	return reader_word(in, &output->way, "'udp' or 'tcp'") &&
	       reader_word(in, &output->server, "ADDRESS:PORT of a server");
}

static bool
parse_place(struct reader *in, struct syntax_output *output)
{
	if (str_is(output->head.text, "syslog"))
		return parse_syslog(in, output);
	if (str_is(output->head.text, "stdout") ||
	    reader_peek(in)->kind != TOKEN_STRING)
		return true;
	return reader_string(in, &output->path, "a path in quotes");
}

static bool
is_at_end(const struct reader *in)
{
	enum token_kind kind = reader_peek(in)->kind;

	return kind == TOKEN_NEWLINE || kind == TOKEN_CLOSE;
}

bool
parse_journal_line(struct reader *in, struct syntax_journal *journal)
{
	struct syntax_output *output;
	struct syntax_output **tail = &journal->outputs;

	if (!reader_at_word(in, "file") && !reader_at_word(in, "stdout") &&
	    !reader_at_word(in, "systemd") && !reader_at_word(in, "syslog"))
		return reader_expected(in, line_what);
	output = arena_new(in->arena, struct syntax_output);
	if (output == NULL)
		return false;
	output->head = reader_word_of(reader_take(in));
	if (!parse_place(in, output))
		return false;
	while (!is_at_end(in))
		if (!parse_option(in, output))
			return false;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = output;
	return true;
}
