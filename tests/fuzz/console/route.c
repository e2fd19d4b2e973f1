/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a browser asks of the console: "METHOD PATH?QUERY".  A command that is
 * made of it is one line, of words as gatehoused takes them.
 */
#include "console/route.h"
#include "base/must.h"
#include "console/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		must((unsigned char)line.at[i] >= ' ' || line.at[i] == '\t');
	must(line.len <= 4000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str method = str_cut(&rest, ' ');
	struct str path = str_cut(&rest, '?');
	struct console_feed feed = { .fd = -1 };
	struct console_route route = { 0 };
	struct text line = TEXT_EMPTY, why = TEXT_EMPTY;

	if (rest.at == NULL)
		rest = STR("");
	unsigned status = console_route_find(method, path, rest, &route, &line);
	must(status == 200 || status == 400 || status == 404 || status == 405 ||
	     status == 414);
	if (status == 200 && route.kind == CONSOLE_COMMAND)
		check_line(text_str(&line));
	if (status == 200 && route.kind == CONSOLE_PAGE)
		must(route.page != NULL);
	if (status != 200)
		must(line.len > 0);
	if (console_feed_read(&feed, rest, &why))
		must(feed.filter_count <= CONSOLE_FEED_FILTERS_MAX &&
		     feed.limit <= CONSOLE_PAST_COUNT_MAX);
	else
		must(why.len > 0);
	text_fini(&line);
	text_fini(&why);
	return 0;
}
