/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_console: where the console listens and who may change.
 */
#include "base/sha256.h"
#include "policy/manual.h"
#include "policy/resolve.h"

#include <errno.h>

static void
resolve_listens(struct resolver *resolver, const struct syntax_console *syntax)
{
	struct policy_console *console = &resolver->policy->console;
	struct address_port at;

	for (const struct syntax_word *word = syntax->listens; word != NULL;
	     word = word->next) {
		if (address_port_parse(word->text, &at) < 0) {
			report_error(resolver->report, word->place,
			    "expected ADDRESS:PORT");
			report_hint(resolver->report,
			    "like 10.0.0.1:8080 or [2001:db8::1]:8080");
		} else if (policy_listen_at(resolver->policy, at) != NULL) {
			report_error(resolver->report, word->place,
			    "the proxy already listens there");
		} else if (policy_console_listens(console, at)) {
			report_error(resolver->report, word->place,
			    "the console already listens there");
		} else if (console->listen_count ==
			   POLICY_CONSOLE_LISTENS_MAX) {
			report_error(resolver->report, word->place,
			    "the console listens on at most %d addresses",
			    POLICY_CONSOLE_LISTENS_MAX);
			return;
		} else {
			console->listens[console->listen_count++] = at;
		}
	}
}

static void
resolve_hosts(struct resolver *resolver, const struct syntax_console *syntax)
{
	struct policy_console *console = &resolver->policy->console;

	for (const struct syntax_word *word = syntax->hosts; word != NULL;
	     word = word->next) {
		if (console->host_count == POLICY_CONSOLE_HOSTS_MAX) {
			report_error(resolver->report, word->place,
			    "the console has at most %d hosts",
			    POLICY_CONSOLE_HOSTS_MAX);
			return;
		}
		console->hosts[console->host_count++] =
		    arena_str(resolver->arena, word->text);
	}
}

/* A blank line, a comment, or a hash and a name. */
static bool
take_line(struct resolver *resolver, struct str line)
{
	struct policy_console *console = &resolver->policy->console;

	line = str_trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return true;
	struct str hash = str_cut(&line, ' ');
	if (!sha256_is_text(hash) ||
	    console->token_count == POLICY_CONSOLE_TOKENS_MAX)
		return false;
	console->tokens[console->token_count++] =
	    arena_str(resolver->arena, hash);
	return true;
}

static void
resolve_tokens(struct resolver *resolver, const struct syntax_word *file)
{
	struct policy_console *console = &resolver->policy->console;
	struct text text = TEXT_EMPTY;
	unsigned number = 0;

	if (file->text.at == NULL)
		return;
	int rc = resolve_file(resolver, file, "the file of 'token'",
	    POLICY_CONSOLE_FILE_BYTES_MAX, &console->file, &text);
	struct str rest = text_str(&text);
	while (rc == 0 && rest.len > 0) {
		number++;
		if (take_line(resolver, str_cut(&rest, '\n')))
			continue;
		report_error(resolver->report, file->place,
		    "line %u of %.*s is no token", number,
		    STR_ARG(console->file));
		report_hint(resolver->report,
		    "a line is the SHA-256 of a token, 64 hexadecimal digits, "
		    "and a name; there are at most %d",
		    POLICY_CONSOLE_TOKENS_MAX);
		break;
	}
	text_fini(&text);
}

void
resolve_console(struct resolver *resolver, const struct syntax *syntax)
{
	const struct syntax_console *console = syntax->consoles;

	if (console == NULL)
		return;
	(void)report_topic(resolver->report, MANUAL_CONSOLE);
	if (console->next != NULL)
		report_error(resolver->report, console->next->head.place,
		    "there is a console already");
	if (console->listens == NULL || console->zones == NULL) {
		report_error(resolver->report, console->head.place,
		    "a console needs 'listen' and 'from'");
		return;
	}
	resolver->policy->console.place = console->head.place;
	resolve_listens(resolver, console);
	(void)resolve_zones(
	    resolver, console->zones, &resolver->policy->console.zones);
	resolve_hosts(resolver, console);
	resolve_tokens(resolver, &console->token);
}
