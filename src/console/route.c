/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/route.h"

#include <stddef.h>

#define LINE_BYTES_MAX 4000 /* what a question to gatehoused holds */
#define PARAMETERS_MAX 3

#define JSON        "application/json"
#define LINES       "application/jsonl"
#define PLAIN       "text/plain; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct parameter {
	const char *name;
	const char *otherwise; /* NULL: it must be there, and say something */
	bool blanks;           /* it may have some */
};

static const struct row {
	const char *method, *path, *command;
	enum console_kind kind;
	bool changes;
	const char *type;
	/* Each word behind the command. */
	struct parameter parameters[PARAMETERS_MAX];
	const char *many; /* any number of it, with a TAB between them */
} rows[] = {
	{ "GET", "/metrics", "metrics", CONSOLE_COMMAND, false, OPENMETRICS,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/status", "status", CONSOLE_COMMAND, false, JSON,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/policy", "policy", CONSOLE_COMMAND, false, PLAIN,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/explain", "explain json", CONSOLE_COMMAND, false,
	    JSON, { { "flow", NULL, true } }, NULL },
	{ "GET", "/api/v1/flows", "flows ", CONSOLE_COMMAND, false, LINES,
	    { { 0 } }, "match" },
	{ "DELETE", "/api/v1/flows", "end ", CONSOLE_COMMAND, true, JSON,
	    { { 0 } }, "match" },
	{ "GET", "/api/v1/bans", "bans", CONSOLE_COMMAND, false, JSON,
	    { { 0 } }, NULL },
	{ "POST", "/api/v1/bans", "ban", CONSOLE_COMMAND, true, JSON,
	    { { "range", NULL, false }, { "seconds", "0", false },
		{ "because", "", true } },
	    NULL },
	{ "DELETE", "/api/v1/bans", "unban", CONSOLE_COMMAND, true, JSON,
	    { { "range", NULL, false } }, NULL },
	{ "GET", "/api/v1/quotas", "quotas", CONSOLE_COMMAND, false, JSON,
	    { { 0 } }, NULL },
	{ "DELETE", "/api/v1/quotas", "reset", CONSOLE_COMMAND, true, JSON,
	    { { "rule", NULL, true }, { "source", NULL, false } }, NULL },
	{ "GET", "/api/v1/rules", "rules", CONSOLE_COMMAND, false, JSON,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/series", "series", CONSOLE_COMMAND, false, JSON,
	    { { "step", "60", false }, { "count", "60", false } }, NULL },
	{ "GET", "/api/v1/top", "top", CONSOLE_COMMAND, false, JSON,
	    { { "of", "names", false }, { "seconds", "3600", false },
		{ "count", "10", false } },
	    NULL },
	{ "GET", "/api/v1/history", "history", CONSOLE_COMMAND, false, JSON,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/diff", "diff", CONSOLE_COMMAND, false, JSON,
	    { { "from", NULL, false }, { "to", NULL, false } }, NULL },
	{ "POST", "/api/v1/rollback", "rollback", CONSOLE_COMMAND, true, JSON,
	    { { "id", NULL, false } }, NULL },
	{ "POST", "/api/v1/confirm", "confirm", CONSOLE_COMMAND, true, JSON,
	    { { 0 } }, NULL },
	{ "POST", "/api/v1/purge", "purge", CONSOLE_COMMAND, true, JSON,
	    { { "kind", NULL, false }, { "what", NULL, true } }, NULL },
	{ "DELETE", "/api/v1/cache", "purge all", CONSOLE_COMMAND, true, JSON,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/events", "events", CONSOLE_EVENTS, false, LINES,
	    { { 0 } }, NULL },
	{ "GET", "/api/v1/session", "", CONSOLE_SESSION, false, JSON, { { 0 } },
	    NULL },
	{ "POST", "/api/v1/session", "token", CONSOLE_LOGIN, true, JSON,
	    { { 0 } }, NULL },
	{ "DELETE", "/api/v1/session", "", CONSOLE_LOGOUT, false, JSON,
	    { { 0 } }, NULL },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A form's encoding; what decodes to a control character is bad. */
static bool
decode(struct str text, struct text *ret)
{
	for (size_t i = 0; i < text.len; i++) {
		int c = (unsigned char)text.at[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (text.len - i < 3)
				return false;
			int high = ascii_hex_digit(ascii_lower(text.at[i + 1]));
			int low = ascii_hex_digit(ascii_lower(text.at[i + 2]));
			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		if (c < ' ' || c == 0x7f)
			return false;
		text_addc(ret, (char)c);
	}
	return true;
}

bool
console_query_next(struct str *rest, struct str *ret_name,
    struct text *ret_value, bool *ret_bad)
{
	text_clear(ret_value);
	if (rest->len == 0)
		return false;
	struct str value = str_cut(rest, '&');
	*ret_name = str_cut(&value, '=');
	*ret_bad |= !decode(value, ret_value);
	return true;
}

/* How often it is there; the last value is left in *ret. */
static unsigned
count_parameter(
    struct str query, const char *name, struct text *ret, bool *ret_bad)
{
	struct text value = TEXT_EMPTY;
	struct str found;
	unsigned count = 0;

	while (console_query_next(&query, &found, &value, ret_bad)) {
		if (!str_is(found, name))
			continue;
		count++;
		text_clear(ret);
		text_add(ret, text_str(&value));
	}
	text_fini(&value);
	return count;
}

static const char *
add_parameters(const struct row *row, struct str query, struct text *line)
{
	struct text value = TEXT_EMPTY;
	const char *wrong = NULL;
	bool bad = false;

	for (size_t i = 0; wrong == NULL && i < PARAMETERS_MAX; i++) {
		const struct parameter *one = &row->parameters[i];
		if (one->name == NULL)
			break;
		text_clear(&value);
		unsigned count =
		    count_parameter(query, one->name, &value, &bad);
		if (count > 1 || (value.len == 0 && one->otherwise == NULL))
			wrong = "a parameter is missing, or there twice";
		else if (!one->blanks &&
			 str_find(text_str(&value), ' ') < value.len)
			wrong = "a parameter has a blank";
		if (count == 0 && one->otherwise != NULL)
			text_addz(&value, one->otherwise);
		text_addc(line, ' ');
		text_add(line, text_str(&value));
	}
	text_fini(&value);
	return bad ? "a parameter is malformed, or has a control character"
		   : wrong;
}

static const char *
add_many(const struct row *row, struct str query, struct text *line)
{
	struct text value = TEXT_EMPTY;
	struct str name;
	bool bad = false, later = false;

	if (row->many == NULL)
		return NULL;
	while (console_query_next(&query, &name, &value, &bad)) {
		if (!str_is(name, row->many))
			continue;
		if (later)
			text_addc(line, '\t');
		text_add(line, text_str(&value));
		later = true;
	}
	text_fini(&value);
	return bad ? "a parameter is malformed, or has a control character"
		   : NULL;
}

static bool
has_parameter(const struct row *row, struct str name)
{
	for (size_t i = 0; i < PARAMETERS_MAX; i++)
		if (row->parameters[i].name != NULL &&
		    str_is(name, row->parameters[i].name))
			return true;
	return row->many != NULL && str_is(name, row->many);
}

/* Of a change: `second=60` would be a ban for ever. */
static const char *
look_for_others(const struct row *row, struct str query)
{
	struct text value = TEXT_EMPTY;
	const char *wrong = NULL;
	struct str name;
	bool bad = false;

	while (row->changes && console_query_next(&query, &name, &value, &bad))
		if (!has_parameter(row, name))
			wrong = "a parameter is none of these";
	text_fini(&value);
	return wrong;
}

static unsigned
make_line(const struct row *row, struct str query, struct text *ret_line)
{
	text_addz(ret_line, row->command);
	const char *wrong = add_parameters(row, query, ret_line);
	if (wrong == NULL)
		wrong = add_many(row, query, ret_line);
	if (wrong == NULL)
		wrong = look_for_others(row, query);
	if (wrong == NULL && ret_line->len <= LINE_BYTES_MAX)
		return 200;
	text_clear(ret_line);
	text_addz(ret_line, wrong != NULL ? wrong : "the query is too long");
	return wrong != NULL ? 400 : 414;
}

static unsigned
find_page(struct str method, struct str path, struct console_route *ret)
{
	const struct console_page *page = console_page_find(path);

	if (page == NULL)
		return 404;
	*ret = (struct console_route){ .kind = CONSOLE_PAGE,
		.type = page->type,
		.page = page,
		.allow = "GET, HEAD" };
	return str_is(method, "GET") || str_is(method, "HEAD") ? 200 : 405;
}

unsigned
console_route_find(struct str method, struct str path, struct str query,
    struct console_route *ret, struct text *ret_line)
{
	unsigned status = find_page(method, path, ret);

	if (str_is(method, "HEAD"))
		method = STR("GET");
	for (size_t i = 0; status != 200 && i < COUNT_OF(rows); i++) {
		if (!str_is(path, rows[i].path))
			continue;
		status = 405;
		ret->allow = "GET, HEAD, POST, DELETE";
		if (!str_is(method, rows[i].method))
			continue;
		*ret = (struct console_route){ .kind = rows[i].kind,
			.changes = rows[i].changes,
			.type = rows[i].type };
		return make_line(&rows[i], query, ret_line);
	}
	if (status != 200)
		text_addz(ret_line, status == 404 ? "there is nothing here"
						  : "this cannot be done here");
	return status;
}
