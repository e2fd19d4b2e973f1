/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/squid_impl.h"

#include "import/line.h"
#include "import/zones.h"
#include "policy/limits.h"

#include "base/file.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Files that include files. */
#define DEPTH_MAX 15

static const char sometimes[] = "its condition is not known";

static void
add_access(struct squid *squid, struct squid_accesses *list,
    const struct import_wordlist *words, struct import_line *line,
    const char *why)
{
	struct squid_access access = { .line = line, .why = why };

	if (words->count < 2 || words->cut ||
	    (!str_is(words->at[1], "allow") && !str_is(words->at[1], "deny"))) {
		line->why = "it neither allows nor denies";
		return;
	}
	access.allows = str_is(words->at[1], "allow");
	access.count = words->count - 2;
	access.words = arena_array(
	    squid->rules->arena, access.count, sizeof(*access.words));
	if (access.words == NULL || VEC_ADD(list, access) < 0) {
		squid->rules->failed = true;
		return;
	}
	if (access.count > 0)
		memcpy(access.words, words->at + 2,
		    access.count * sizeof(*access.words));
	line->shown = true;
}

static void
take_access(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	add_access(squid, &squid->accesses, words, line,
	    squid->conditions > 0 ? sometimes : NULL);
}

/* What refuses besides, by another list: whom it denies is refused. */
static void
take_other(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	add_access(squid, &squid->others, words, line,
	    import_words(
		squid->rules->arena, "no word for %.*s", STR_ARG(words->at[0]))
		.at);
}

/* Of a program nobody knows what it refuses. */
static void
take_program(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	struct squid_access access = { .line = line,
		.why = "what it refuses is not known" };

	(void)file;
	if (words->count < 2 || str_is(words->at[1], "none") ||
	    str_is(words->at[1], "deny") || str_is(words->at[1], "off"))
		return;
	if (VEC_ADD(&squid->others, access) < 0)
		squid->rules->failed = true;
	line->shown = true;
}

/* "3128", "10.0.0.1:3128", "[2001:db8::1]:3128 intercept" */
static void
take_port(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	struct squid_listen listen = { .line = line };
	struct address_port both;
	uint64_t port;

	(void)file;
	squid->has_port = true;
	if (words->count < 2) {
		line->why = "it lacks its port";
		return;
	}
	if (squid->conditions > 0)
		line->why = sometimes;
	for (size_t i = 2; i < words->count; i++) {
		listen.intercepts |= str_is(words->at[i], "intercept") ||
				     str_is(words->at[i], "transparent") ||
				     str_is(words->at[i], "tproxy");
		listen.keeps_source |= str_is(words->at[i], "tproxy");
		if (str_is(words->at[i], "ssl-bump") ||
		    str_is(words->at[i], "accel") ||
		    str_is(words->at[i], "vhost") ||
		    str_is(words->at[i], "vport") ||
		    str_starts(words->at[i], STR("defaultsite=")))
			line->why = "this kind of port has no word";
	}
	if (str_number(words->at[1], UINT16_MAX, &port) == 0 && port > 0)
		listen.address = import_words(squid->rules->arena,
		    "0.0.0.0:%llu", (unsigned long long)port);
	else if (address_port_parse(words->at[1], &both) == 0)
		listen.address = words->at[1];
	else
		line->why = "a listener has an address and a port";
	if (line->why == NULL && VEC_ADD(&squid->listens, listen) < 0)
		squid->rules->failed = true;
	line->shown = line->why == NULL;
}

/* "proxy.example.com parent 3128 0 no-query default" */
static void
take_peer(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	static const char *const known[] = { "default", "no-query", "no-digest",
		"no-netdb-exchange", "round-robin" };
	uint64_t port;

	(void)file;
	if (words->count < 5 || !str_is(words->at[2], "parent") ||
	    str_number(words->at[3], UINT16_MAX, &port) < 0 || port == 0) {
		line->why = "only a parent is asked";
		return;
	}
	for (size_t i = 5; i < words->count; i++) {
		bool fine = str_starts(words->at[i], STR("name="));
		for (size_t j = 0; j < COUNT_OF(known); j++)
			fine |= str_is(words->at[i], known[j]);
		if (!fine)
			line->why = import_words(squid->rules->arena,
			    "no word for %.*s", STR_ARG(words->at[i]))
					.at;
	}
	for (size_t i = 0; i < words->at[1].len; i++) {
		char c = words->at[1].at[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '.' &&
		    c != '-')
			line->why = "no word for this host";
	}
	if (line->why == NULL && ++squid->parent_count > 8)
		line->why = "a parent has eight servers at most";
	if (VEC_ADD(&squid->peers, line) < 0)
		squid->rules->failed = true;
	if (line->why == NULL)
		text_addf(&squid->parents, "%s http %.*s:%llu",
		    squid->parents.len > 0 ? "," : "", STR_ARG(words->at[1]),
		    (unsigned long long)port);
}

static void
take_never_direct(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	squid->only_parents |=
	    words->count > 1 && str_is(words->at[1], "allow");
	if (words->count != 3 || !str_is(words->at[2], "all"))
		line->why = squid->only_parents
				? "all is sent by the parents"
				: "say `via` at the rules that are meant";
}

static void
take_forwarded(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	squid->tell_client = false;
	if (words->count == 2 && str_is(words->at[1], "on"))
		squid->tell_client = true;
	else if (words->count != 2 || !str_is(words->at[1], "delete"))
		line->why = "the client is told, or nothing is";
}

static void
take_via(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	if (words->count != 2)
		line->why = "it is on or off";
	else
		squid->tell_gateway = str_is(words->at[1], "on");
}

static void read_text(struct squid *squid, const char *file, struct str text);

struct inclusion {
	struct squid *squid;
	bool any;
};

static void
include_one(void *context, const char *path)
{
	struct inclusion *inclusion = context;
	struct squid *squid = inclusion->squid;
	struct text text = TEXT_EMPTY;
	char *name = arena_alloc(squid->rules->arena, strlen(path) + 1);

	if (name != NULL &&
	    file_read(path, POLICY_FILE_BYTES_MAX, &text) == 0) {
		memcpy(name, path, strlen(path) + 1);
		inclusion->any = true;
		squid->depth++;
		read_text(squid, name,
		    arena_str(squid->rules->arena, text_str(&text)));
		squid->depth--;
	}
	text_fini(&text);
}

/* It may have refused anything. */
static void
take_unread(struct squid *squid, struct import_line *line)
{
	struct squid_access access = { .line = line,
		.why = "it cannot be read" };

	if (VEC_ADD(&squid->accesses, access) < 0)
		squid->rules->failed = true;
	line->shown = true;
}

static void
take_include(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	struct inclusion inclusion = { .squid = squid };
	struct text path = TEXT_EMPTY;

	if (file != NULL && words->count == 2 && squid->depth < DEPTH_MAX &&
	    memchr(words->at[1].at, '\0', words->at[1].len) == NULL) {
		file_beside(file, words->at[1], &path);
		text_addc(&path, '\0');
		if (!path.full)
			(void)file_list(path.at, include_one, &inclusion);
	}
	/* A pattern may fit nothing. */
	if (!inclusion.any &&
	    (file == NULL || words->count != 2 ||
		memchr(words->at[1].at, '*', words->at[1].len) == NULL))
		take_unread(squid, line);
	text_fini(&path);
}

static void
take_if(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file, (void)words;
	squid->conditions++;
	line->why = sometimes;
}

static void
take_else(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)squid, (void)file, (void)words;
	line->shown = true;
}

static void
take_endif(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file, (void)words;
	squid->conditions -= squid->conditions > 0;
	line->shown = true;
}

static const struct {
	const char *name;
	squid_directive_fn *take;
} directives[] = {
	{ "acl", squid_acl_read },
	{ "http_access", take_access },
	{ "http_port", take_port },
	{ "cache_mem", squid_take_cache_mem },
	{ "cache_dir", squid_take_cache_dir },
	{ "maximum_object_size", squid_take_object },
	{ "cache", squid_take_cache },
	{ "cache_peer", take_peer },
	{ "never_direct", take_never_direct },
	{ "forwarded_for", take_forwarded },
	{ "via", take_via },
	{ "include", take_include },
	{ "if", take_if },
	{ "else", take_else },
	{ "endif", take_endif },
	{ "http_reply_access", take_other },
	{ "adapted_http_access", take_other },
	{ "http_access2", take_other },
	{ "miss_access", take_other },
	{ "url_rewrite_program", take_program },
	{ "redirect_program", take_program },
	{ "redirector", take_program },
	{ "adaptation_access", take_program },
	{ "icap_access", take_program },
};

static void
read_line(
    struct squid *squid, const char *file, struct str text, uint32_t number)
{
	struct import_wordlist words;
	struct import_line *line;

	if (text.len == 0 || text.at[0] == '#')
		return;
	import_wordlist_read(&words, squid->rules->arena, text);
	line = import_line_add(squid->rules, file, number, text);
	if (line == NULL || words.count == 0)
		return;
	/* "acl x src 10.0.0.1 # the printer" */
	for (size_t i = 1; i < words.count; i++)
		if (words.at[i].len > 0 && words.at[i].at[0] == '#' &&
		    !words.quoted[i])
			words.count = i;
	for (size_t i = 0; i < COUNT_OF(directives); i++) {
		if (str_is(words.at[0], directives[i].name)) {
			directives[i].take(squid, file, &words, line);
			return;
		}
	}
	line->why = import_words(
	    squid->rules->arena, "no word for %.*s", STR_ARG(words.at[0]))
			.at;
}

/* A '\' at the end of a line goes on with the next one. */
static struct str
take_line(struct squid *squid, struct str *text, uint32_t *ret_lines)
{
	struct text whole = TEXT_EMPTY;
	struct str line;

	*ret_lines = 0;
	do {
		line = str_cut(text, '\n');
		(*ret_lines)++;
		if (str_ends(line, STR("\r")))
			line.len--;
		if (!str_ends(line, STR("\\")) || text->len == 0)
			break;
		line.len--;
		text_add(&whole, line);
		text_addc(&whole, ' ');
	} while (true);
	if (whole.len > 0) {
		text_add(&whole, line);
		line = arena_str(squid->rules->arena, text_str(&whole));
	}
	text_fini(&whole);
	return line;
}

static void
read_text(struct squid *squid, const char *file, struct str text)
{
	uint32_t number = 1, lines;

	for (; text.len > 0; number += lines) {
		struct str line = take_line(squid, &text, &lines);
		read_line(squid, file, str_trim(line), number);
	}
}

static void
squid_fini(struct squid *squid)
{
	for (size_t i = 0; i < squid->acls.count; i++)
		free(squid->acls.items[i]->words.items);
	free(squid->acls.items);
	free(squid->accesses.items);
	free(squid->others.items);
	free(squid->peers.items);
	free(squid->listens.items);
	text_fini(&squid->cache);
	text_fini(&squid->parents);
}

int
import_squid(struct import_ruleset *rules, const char *file, struct str text,
    struct text *out)
{
	struct squid squid = {
		.rules = rules, .tell_client = true, .tell_gateway = true
	};

	import_zones_settle(rules);
	squid_acls_begin(&squid);
	read_text(&squid, file, text);
	squid_print(&squid, out);
	squid_fini(&squid);
	return rules->failed || rules->arena->full || out->full ? -ENOMEM : 0;
}
