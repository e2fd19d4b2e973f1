/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/parse_console: the lines in the braces of `console`. */
#include "policy/parse_console.h"

static const char line_what[] = "'listen', 'from', 'host' or 'token'";

static bool
words_once(struct reader *in, struct syntax_word **words, const char *what)
{
	const struct token *head = reader_take(in);

	if (*words == NULL)
		return reader_words(in, words, what);
	report_error(in->report, reader_word_of(head).place,
	    "the console has a line '%.*s' already", STR_ARG(head->text));
	return false;
}

bool
parse_console_line(struct reader *in, struct syntax_console *console)
{
	if (reader_at_word(in, "listen"))
		return words_once(in, &console->listens, "ADDRESS:PORT");
	if (reader_at_word(in, "from"))
		return words_once(in, &console->zones, "a zone");
	if (reader_at_word(in, "host"))
		return words_once(in, &console->hosts, "a host's name");
	if (reader_at_word(in, "token")) {
		(void)reader_take(in);
		return reader_string(
		    in, &console->token, "the file of the tokens in quotes");
	}
	return reader_expected(in, line_what);
}
