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

#define DEFAULT_PORT "3128"

typedef void directive_fn(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line);

static void
take_access(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	struct squid_access access = { .line = line };

	(void)file;
	if (words->count < 2 || words->cut ||
	    (!str_is(words->at[1], "allow") && !str_is(words->at[1], "deny"))) {
		line->why = "it neither allows nor denies";
		return;
	}
	access.allows = str_is(words->at[1], "allow");
	access.count = words->count - 2;
	access.words = arena_array(
	    squid->rules->arena, access.count, sizeof(*access.words));
	if (access.words == NULL || VEC_ADD(&squid->accesses, access) < 0) {
		squid->rules->failed = true;
		return;
	}
	if (access.count > 0)
		memcpy(access.words, words->at + 2,
		    access.count * sizeof(*access.words));
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
	if (words->count < 2) {
		line->why = "it lacks its port";
		return;
	}
	for (size_t i = 2; i < words->count; i++) {
		listen.intercepts |= str_is(words->at[i], "intercept") ||
				     str_is(words->at[i], "transparent") ||
				     str_is(words->at[i], "tproxy");
		listen.keeps_source |= str_is(words->at[i], "tproxy");
		if (str_is(words->at[i], "ssl-bump") ||
		    str_is(words->at[i], "accel"))
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

static bool
read_size(const struct import_wordlist *words, size_t at, uint64_t *ret,
    char *ret_unit)
{
	static const char *const units[] = { "KB", "MB", "GB" };

	if (words->count <= at + 1 ||
	    str_number(words->at[at], UINT32_MAX, ret) < 0 || *ret == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (str_eq_nocase(words->at[at + 1], str_of(units[i]))) {
			*ret_unit = units[i][0];
			return true;
		}
	}
	return false;
}

static void
take_cache_mem(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	uint64_t size;
	char unit;

	(void)file;
	if (!read_size(words, 1, &size, &unit) || unit == 'K' ||
	    squid->cache_memory) {
		line->why = "no word for this size";
		return;
	}
	squid->cache_memory = true;
	text_addf(&squid->cache, "%s memory %llu%c",
	    squid->cache.len > 0 ? "," : "", (unsigned long long)size, unit);
}

/* "ufs /var/spool/squid 10000 16 256": the size is in MB. */
static void
take_cache_dir(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	uint64_t size;

	(void)file;
	if (words->count < 4 ||
	    str_number(words->at[3], UINT32_MAX, &size) < 0 || size < 16 ||
	    (squid->cache.len > 0 &&
		memmem(squid->cache.at, squid->cache.len, "disk", 4) != NULL)) {
		line->why = "there is one folder, of 16M and more";
		return;
	}
	text_addf(&squid->cache, "%s disk \"/var/cache/gatehouse\" %lluM",
	    squid->cache.len > 0 ? "," : "", (unsigned long long)size);
}

static void
take_object(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	uint64_t size;
	char unit;

	(void)file;
	if (!read_size(words, 1, &size, &unit)) {
		line->why = "no word for this size";
		return;
	}
	squid->object_size = size;
	squid->object_unit = unit;
}

static void
take_cache(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	if (words->count == 3 && str_is(words->at[1], "deny") &&
	    str_is(words->at[2], "all"))
		squid->cache_refused = true;
	else
		line->why = "what is kept is not chosen by rules";
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
	if (words->count == 3 && str_is(words->at[1], "allow") &&
	    str_is(words->at[2], "all"))
		squid->only_parents = true;
	else
		line->why = "say `via` at the rules that are meant";
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
	if (!inclusion.any)
		line->why = "it cannot be read";
	text_fini(&path);
}

static const struct {
	const char *name;
	directive_fn *take;
} directives[] = {
	{ "acl", squid_acl_read },
	{ "http_access", take_access },
	{ "http_port", take_port },
	{ "cache_mem", take_cache_mem },
	{ "cache_dir", take_cache_dir },
	{ "maximum_object_size", take_object },
	{ "cache", take_cache },
	{ "cache_peer", take_peer },
	{ "never_direct", take_never_direct },
	{ "forwarded_for", take_forwarded },
	{ "via", take_via },
	{ "include", take_include },
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

static void
read_text(struct squid *squid, const char *file, struct str text)
{
	for (uint32_t number = 1; text.len > 0; number++)
		read_line(squid, file, str_trim(str_cut(&text, '\n')), number);
}

/* Names of zones in which somebody may ask. */
static void
print_zone_names(const struct squid *squid, struct text *out)
{
	const struct import_ruleset *rules = squid->rules;
	size_t count = 0;

	for (size_t i = 0; i < rules->zone_count; i++)
		if (!rules->zones[i].elsewhere || rules->zone_count == 1)
			text_addf(out, "%s %.*s", count++ > 0 ? "," : "",
			    STR_ARG(rules->zones[i].name));
}

static void
print_listeners(struct squid *squid, struct text *out)
{
	for (size_t i = 0; i < squid->listens.count; i++) {
		struct squid_listen *listen = &squid->listens.items[i];
		listen->line->shown = false;
		text_addz(out, "    ");
		import_line_print(listen->line, NULL, out);
		if (listen->intercepts)
			text_addz(out, "    intercept http for");
		else
			text_addf(out, "    listen %.*s for",
			    STR_ARG(listen->address));
		print_zone_names(squid, out);
		text_addz(out, listen->keeps_source ? " keep source\n" : "\n");
	}
	if (squid->listens.count == 0) {
		text_addz(out, "    listen 0.0.0.0:" DEFAULT_PORT " for");
		print_zone_names(squid, out);
		text_addc(out, '\n');
	}
}

static void
print_proxy(struct squid *squid, struct text *out)
{
	text_addz(out, "proxy {\n");
	print_listeners(squid, out);
	if (squid->cache_memory && !squid->cache_refused) {
		text_addf(
		    out, "    cache%.*s", STR_ARG(text_str(&squid->cache)));
		if (squid->object_size > 0)
			text_addf(out, ", object %llu%c",
			    (unsigned long long)squid->object_size,
			    squid->object_unit);
		text_addc(out, '\n');
	}
	text_addf(out, "    tell %s\n}\n",
	    squid->tell_client
		? squid->tell_gateway ? "client, gateway" : "client"
	    : squid->tell_gateway ? "gateway"
				  : "nothing");
	if (squid->parents.len > 0 && squid->only_parents)
		text_addf(out, "\nparent peers =%.*s\n",
		    STR_ARG(text_str(&squid->parents)));
}

/* What stands elsewhere or nowhere, in the order of the file. */
static void
print_lines(struct squid *squid, struct text *out)
{
	for (size_t i = 0; i < squid->rules->lines.count; i++)
		if (!squid->rules->lines.items[i]->shown)
			import_line_print(
			    squid->rules->lines.items[i], NULL, out);
}

static void
print_policy(struct squid *squid, struct text *out)
{
	struct text rules = TEXT_EMPTY;

	/* The rules first: they tell which hours there are. */
	squid_access_print(squid, &rules);
	text_addz(out,
	    "# Written by `gatehouse import`.  Above each rule stands the line "
	    "that it comes\n# from; what has no rule here says why.\n#\n"
	    "# squid says nothing of what is no request to it: nothing else "
	    "passes, ssh to\n# this machine neither.  Add what is to be "
	    "allowed "
	    "before you apply it.\n\n");
	import_zones_print(squid->rules, out);
	text_addc(out, '\n');
	print_lines(squid, out);
	text_addc(out, '\n');
	squid_names_print(squid, out);
	for (size_t i = 0; i < squid->rules->hours_count; i++)
		text_addf(out, "hours %.*s = %.*s\n",
		    STR_ARG(squid->rules->hours[i].name),
		    STR_ARG(squid->rules->hours[i].spans));
	text_addc(out, '\n');
	print_proxy(squid, out);
	text_addz(out, "\n\n# Who may ask for what.\n\n");
	text_add(out, text_str(&rules));
	if (rules.full)
		out->full = true;
	text_fini(&rules);
}

static void
squid_fini(struct squid *squid)
{
	for (size_t i = 0; i < squid->acls.count; i++)
		free(squid->acls.items[i]->words.items);
	free(squid->acls.items);
	free(squid->accesses.items);
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
	print_policy(&squid, out);
	squid_fini(&squid);
	return rules->failed || rules->arena->full || out->full ? -ENOMEM : 0;
}
