/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of http/method.h as a table.  Read-only; any thread.
 */
#include "http/method.h"

#include "base/must.h"

static const struct {
	struct str text;
	bool safe;
	bool idempotent;
} rows[HTTP_METHOD_COUNT] = {
#define ROW(name, safe, idempotent)                                            \
	[HTTP_METHOD_##name] = { STR_INIT(#name), safe, idempotent },
	HTTP_METHODS(ROW)
#undef ROW
};

enum http_method
http_method_find(struct str text)
{
	for (unsigned i = HTTP_METHOD_OTHER + 1; i < HTTP_METHOD_COUNT; i++)
		if (str_eq(text, rows[i].text))
			return (enum http_method)i;
	return HTTP_METHOD_OTHER;
}

struct str
http_method_text(enum http_method method)
{
	must((unsigned)method < HTTP_METHOD_COUNT);
	return rows[method].text;
}

bool
http_method_is_safe(enum http_method method)
{
	must((unsigned)method < HTTP_METHOD_COUNT);
	return rows[method].safe;
}

bool
http_method_is_idempotent(enum http_method method)
{
	must((unsigned)method < HTTP_METHOD_COUNT);
	return rows[method].idempotent;
}
