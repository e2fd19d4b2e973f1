/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid_acl: acls as the sets that they are.
 */
#include "import/squid_impl.h"

#include "import/range.h"

#include "policy/domain_name.h"
#include "policy/limits.h"
#include "policy/words.h"

#include "base/file.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define DAY_MINUTES 1440U

/* In the order of the bits; others no rule allows. */
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE",
	"OPTIONS", "TRACE", "PATCH", "CONNECT" };

static const struct {
	const char *type;
	enum squid_kind kind;
} types[] = {
	{ "src", SQUID_SRC },
	{ "dst", SQUID_DST },
	{ "dstdomain", SQUID_DOMAIN },
	{ "dstdom_regex", SQUID_DOMAIN },
	{ "port", SQUID_PORT },
	{ "method", SQUID_METHOD },
	{ "proto", SQUID_SCHEME },
	{ "time", SQUID_TIME },
	{ "proxy_auth", SQUID_USER },
};

/* What no line need define. */
static const char *const builtin[][4] = {
	{ "all", "src", "all", NULL },
	{ "localhost", "src", "127.0.0.1/32", "::1" },
	{ "to_localhost", "dst", "127.0.0.0/8", "::1" },
	{ "to_linklocal", "dst", "169.254.0.0/16", "fe80::/10" },
	{ "CONNECT", "method", "CONNECT", NULL },
	{ "manager", "proto", "cache_object", NULL },
};

unsigned
squid_method_bit(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (str_eq_nocase(name, str_of(methods[i])))
			return 1U << i;
	return 0;
}

void
squid_methods_print(unsigned bits, struct text *out)
{
	const char *before = " method";

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		if ((bits & 1U << i) == 0)
			continue;
		text_addf(out, "%s %s", before, methods[i]);
		before = ",";
	}
}

struct squid_acl *
squid_acl_find(struct squid *squid, struct str name)
{
	for (size_t i = 0; i < squid->acls.count; i++)
		if (str_eq(squid->acls.items[i]->name, name))
			return squid->acls.items[i];
	return NULL;
}

static void
add_span(struct squid *squid, struct squid_acl *acl, struct span span)
{
	acl->set = span_set_or(squid->rules->arena, acl->set,
	    span_set_one(squid->rules->arena, span));
}

/* "192.0.2.1-192.0.2.9/255.255.255.0" and names are not taken. */
static bool
add_address(struct squid *squid, struct squid_acl *acl, struct str value)
{
	struct address_range range;

	if (str_is(value, "all")) {
		acl->set = span_set_all();
		return true;
	}
	if (!import_range_parse(value, &range))
		return false;
	add_span(squid, acl, span_of_range(&range));
	return true;
}

static bool
add_port(struct squid *squid, struct squid_acl *acl, struct str value)
{
	struct str last = value, first = str_cut(&last, '-');
	uint64_t low, high;

	if (str_number(first, UINT16_MAX, &low) < 0)
		return false;
	high = low;
	if (last.at != NULL && str_number(last, UINT16_MAX, &high) < 0)
		return false;
	if (low <= high)
		add_span(squid, acl, (struct span){ { 0, low }, { 0, high } });
	return true;
}

/*
 * A pattern that asks for the end of a name: "\.example\.com$" are the names
 * under it, "(^|\.)example\.com$" it too, "^example\.com$" it alone.
 */
static struct str
plain_domain(struct squid *squid, struct str pattern)
{
	const char *head = "*.";
	struct text plain = TEXT_EMPTY;

	if (!str_ends(pattern, STR("$")))
		return (struct str){ 0 };
	pattern.len--;
	if (str_starts(pattern, STR("(^|\\."))) {
		head = ".";
		pattern = str_skip(pattern, strlen("(^|\\.)"));
	} else if (str_starts(pattern, STR("^"))) {
		head = "";
		pattern = str_skip(pattern, 1);
	} else if (str_starts(pattern, STR("\\."))) {
		pattern = str_skip(pattern, 2);
	} else {
		return (struct str){ 0 };
	}
	/* No name begins with a dot. */
	if (str_starts(pattern, STR("\\.")))
		return (struct str){ 0 };
	text_addz(&plain, head);
	for (size_t i = 0; i < pattern.len; i++) {
		char c = pattern.at[i];
		bool dot = c == '\\' && i + 1 < pattern.len &&
			   pattern.at[i + 1] == '.';
		if (!dot && !ascii_is_alpha(c) && !ascii_is_digit(c) &&
		    c != '-') {
			text_clear(&plain);
			break;
		}
		text_addc(&plain, dot ? '.' : c);
		i += dot;
	}
	struct str made = arena_str(squid->rules->arena, text_str(&plain));
	text_fini(&plain);
	return made;
}

static bool
add_domain(struct squid *squid, struct squid_acl *acl, struct str value)
{
	char name[DOMAIN_NAME_MAX + 1];
	enum domain_cover cover;
	struct str spelled;
	const char *why;

	if (str_is(acl->type, "dstdom_regex"))
		value = plain_domain(squid, value);
	if (value.len == 0 ||
	    domain_name_parse(value, name, &spelled, &cover, &why) < 0)
		return false;
	/* One label alone would be a name of the policy's own. */
	if (policy_word_is_reserved(spelled) ||
	    (cover == DOMAIN_ITSELF &&
		memchr(spelled.at, '.', spelled.len) == NULL))
		return false;
	spelled = import_words(squid->rules->arena, "%s%.*s",
	    cover == DOMAIN_ITSELF  ? ""
	    : cover == DOMAIN_UNDER ? "*."
				    : ".",
	    STR_ARG(spelled));
	if (VEC_ADD(&acl->words, spelled) < 0)
		squid->rules->failed = true;
	return true;
}

static bool
read_clock(struct str text, unsigned *ret)
{
	struct str minute = text, hour = str_cut(&minute, ':');
	uint64_t h, m;

	/* "08" has a zero that no number has. */
	if (hour.len == 2 && hour.at[0] == '0')
		hour = str_skip(hour, 1);
	if (minute.len == 2 && minute.at[0] == '0')
		minute = str_skip(minute, 1);
	if (str_number(hour, 24, &h) < 0 || str_number(minute, 59, &m) < 0)
		return false;
	*ret = (unsigned)(h * 60 + m);
	return *ret <= DAY_MINUTES;
}

static bool
read_days(struct str text, unsigned *ret)
{
	static const char letters[] = "MTWHFAS"; /* from Monday on */

	for (size_t i = 0; i < text.len; i++) {
		const char *at =
		    text.at[i] != '\0' ? strchr(letters, text.at[i]) : NULL;
		if (text.at[i] == 'D')
			*ret |= 0x1f;
		else if (at != NULL)
			*ret |= 1U << (at - letters);
		else
			return false;
	}
	return text.len > 0;
}

/* "MTWHF 08:00-18:00": the last minute belongs to it. */
static bool
add_times(struct squid *squid, struct squid_acl *acl, const struct str *values,
    size_t count)
{
	unsigned days = 0, first = 0, last = DAY_MINUTES - 1;

	for (size_t i = 0; i < count; i++) {
		struct str to = values[i], from = str_cut(&to, '-');
		if (to.at == NULL) {
			if (!read_days(values[i], &days))
				return false;
		} else if (!read_clock(from, &first) ||
			   !read_clock(to, &last) || first >= last) {
			return false;
		}
	}
	if (last > DAY_MINUTES - 1)
		last = DAY_MINUTES - 1;
	for (unsigned day = 0; day < 7; day++)
		if (days == 0 || (days & 1U << day) != 0)
			add_span(squid, acl,
			    (struct span){ { 0, day * DAY_MINUTES + first },
				{ 0, day * DAY_MINUTES + last } });
	return true;
}

static bool
add_user(struct squid *squid, struct squid_acl *acl, struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_alpha(value.at[i]) &&
		    !ascii_is_digit(value.at[i]) && value.at[i] != '-' &&
		    value.at[i] != '_' && value.at[i] != '.')
			return false;
	if (value.len == 0 || str_is(value, "REQUIRED") ||
	    policy_word_is_reserved(value))
		return false;
	struct str user =
	    import_words(squid->rules->arena, "%.*s", STR_ARG(value));
	if (VEC_ADD(&acl->words, user) < 0)
		squid->rules->failed = true;
	return true;
}

static bool
add_scheme(struct squid_acl *acl, struct str value)
{
	if (str_eq_nocase(value, STR("http")))
		acl->bits |= SQUID_SCHEME_HTTP;
	else if (str_eq_nocase(value, STR("https")))
		acl->bits |= SQUID_SCHEME_HTTPS;
	/* FTP and the like no request of ours has: nothing is added. */
	return true;
}

static bool
add_value(struct squid *squid, struct squid_acl *acl, struct str value)
{
	switch (acl->kind) {
	case SQUID_SRC:
	case SQUID_DST:
		return add_address(squid, acl, value);
	case SQUID_DOMAIN:
		return add_domain(squid, acl, value);
	case SQUID_PORT:
		return add_port(squid, acl, value);
	case SQUID_METHOD:
		acl->bits |= squid_method_bit(value);
		return true;
	case SQUID_SCHEME:
		return add_scheme(acl, value);
	case SQUID_USER:
		return add_user(squid, acl, value);
	case SQUID_ALL:
	case SQUID_TIME:
	case SQUID_STRANGE:
	case SQUID_KIND_COUNT:
		break;
	}
	return false;
}

static void
doubt(struct squid *squid, struct squid_acl *acl, struct import_line *line,
    struct str value)
{
	const char *why = acl->kind == SQUID_STRANGE
			      ? import_words(squid->rules->arena,
				    "no word for %.*s", STR_ARG(acl->type))
				    .at
			      : import_words(squid->rules->arena,
				    "no word for '%.*s'", STR_ARG(value))
				    .at;

	if (acl->why == NULL)
		acl->why = why;
	if (line != NULL && line->why == NULL)
		line->why = why;
}

/* A file that another one names; file == NULL: nothing is read.  0 or less. */
static int
read_beside(const char *file, struct str name, struct text *ret)
{
	struct text path = TEXT_EMPTY;
	int rc = -ENOENT;

	if (file == NULL || memchr(name.at, '\0', name.len) != NULL)
		return rc;
	file_beside(file, name, &path);
	text_addc(&path, '\0');
	if (!path.full)
		rc = file_read(path.at, POLICY_FILE_BYTES_MAX, ret);
	text_fini(&path);
	return rc;
}

/* A file of values: one a line. */
static void
add_from_file(struct squid *squid, struct squid_acl *acl, const char *file,
    struct str name, struct import_line *line)
{
	struct text text = TEXT_EMPTY;
	struct str rest;

	if (read_beside(file, name, &text) < 0)
		doubt(squid, acl, line, name);
	rest = arena_str(squid->rules->arena, text_str(&text));
	while (rest.len > 0) {
		struct str value = str_cut(&rest, '\n');
		value.len = str_find(value, '#');
		value = str_trim(value);
		if (value.len > 0 && !add_value(squid, acl, value))
			doubt(squid, acl, line, value);
	}
	text_fini(&text);
}

static struct squid_acl *
get_acl(struct squid *squid, struct str name, struct str type)
{
	struct squid_acl *acl = squid_acl_find(squid, name);

	if (acl != NULL)
		return acl;
	acl = arena_new(squid->rules->arena, struct squid_acl);
	if (acl == NULL || VEC_ADD(&squid->acls, acl) < 0) {
		squid->rules->failed = true;
		return NULL;
	}
	*acl = (struct squid_acl){
		.name = name, .type = type, .kind = SQUID_STRANGE
	};
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_is(type, types[i].type))
			acl->kind = types[i].kind;
	return acl;
}

void
squid_acl_read(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	struct squid_acl *acl;

	if (words->count < 4) {
		line->why = "it is no acl";
		return;
	}
	acl = get_acl(squid, words->at[1], words->at[2]);
	if (acl == NULL)
		return;
	if (squid->conditions > 0)
		doubt(squid, acl, line, words->at[1]);
	if (words->cut || !str_eq(acl->type, words->at[2])) {
		doubt(squid, acl, line, words->at[2]);
		return;
	}
	if (acl->kind == SQUID_TIME) {
		if (!add_times(squid, acl, words->at + 3, words->count - 3))
			doubt(squid, acl, line, words->at[3]);
		return;
	}
	for (size_t i = 3; i < words->count; i++) {
		struct str value = words->at[i];
		if (str_is(value, "-i") || str_is(value, "-n") ||
		    str_is(value, "--"))
			continue;
		if (words->quoted[i])
			add_from_file(squid, acl, file, value, line);
		else if (!add_value(squid, acl, value))
			doubt(squid, acl, line, value);
	}
}

void
squid_acls_begin(struct squid *squid)
{
	for (size_t i = 0; i < COUNT_OF(builtin); i++) {
		struct squid_acl *acl = get_acl(
		    squid, str_of(builtin[i][0]), str_of(builtin[i][1]));
		for (size_t j = 2; acl != NULL && j < 4; j++)
			if (builtin[i][j] != NULL)
				(void)add_value(
				    squid, acl, str_of(builtin[i][j]));
	}
}
