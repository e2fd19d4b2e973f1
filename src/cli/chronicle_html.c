/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/chronicle_html: a chronicle as one page.
 *
 * It is read from a disk or a mail: no script, nothing from elsewhere, and a
 * policy (CSP) that forbids both should a name ever get out of its text.  Light
 * and dark as the reader has it, and readable on paper.
 */
#include "cli/chronicle.h"

#include "base/html.h"
#include "base/utf8.h"

#include <inttypes.h>

#define BARS        120
#define PLOT_WIDTH  720
#define PLOT_HEIGHT 120

static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>Gatehouse report</title>\n"
    "<style>\n"
    ":root { --fg: #1c2430; --soft: #566072; --bg: #ffffff;\n"
    "\t--line: #d5dae2; --good: #1f6f5c; --bad: #a8322d; --flow: #2b5fa8; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "\t:root { --fg: #e6eaf0; --soft: #a3adbd; --bg: #14181f;\n"
    "\t\t--line: #343c49; --good: #5fc3a8; --bad: #f08a83; --flow: #86b4f5; "
    "}\n"
    "}\n"
    "body { font: 16px/1.5 system-ui, sans-serif; color: var(--fg);\n"
    "\tbackground: var(--bg); max-width: 60rem; margin: 2rem auto;\n"
    "\tpadding: 0 1rem; }\n"
    "h1 { font-size: 1.5rem; margin: 0; }\n"
    "h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }\n"
    "p, figcaption { color: var(--soft); margin: .25rem 0 1rem; }\n"
    "figure { margin: 0; }\n"
    "svg { width: 100%; height: auto; display: block; }\n"
    "dl { display: grid; gap: .75rem; margin: 1.5rem 0;\n"
    "\tgrid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }\n"
    "dl div { border: 1px solid var(--line); border-radius: 6px;\n"
    "\tpadding: .5rem .75rem; }\n"
    "dt { color: var(--soft); font-size: .85rem; }\n"
    "dd { margin: 0; font-size: 1.25rem; font-variant-numeric: "
    "tabular-nums; }\n"
    ".scroll { overflow-x: auto; }\n"
    "table { border-collapse: collapse; width: 100%; }\n"
    "th, td { text-align: right; padding: .3rem .5rem;\n"
    "\tborder-bottom: 1px solid var(--line);\n"
    "\tfont-variant-numeric: tabular-nums; }\n"
    "th:first-child, td:first-child { text-align: left;\n"
    "\toverflow-wrap: anywhere; }\n"
    "tbody th { font-weight: normal; }\n"
    "thead th { color: var(--soft); font-weight: normal; font-size: .85rem; "
    "}\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<main>\n";

static const char tail[] = "</main>\n</body>\n</html>\n";

/* ---- text in a page ---- */

/* Control characters and broken UTF-8 do not get that far (base/utf8). */
static void
add_escaped(struct text *out, struct str key)
{
	struct text shown = TEXT_EMPTY;

	utf8_show(&shown, key);
	html_add(out, text_str(&shown));
	text_fini(&shown);
}

static void
add_minute(struct text *out, int64_t wall)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(wall, text);
	text[10] = ' ';
	text_addf(out, "%.16s", text);
}

/* ---- totals ---- */

static void
add_totals(const struct chronicle *chronicle, struct text *out)
{
	static const struct {
		const char *what;
		enum series_figure figure;
		bool bytes;
	} cards[] = {
		{ "Flows allowed", SERIES_ALLOWED, false },
		{ "Flows refused", SERIES_REFUSED, false },
		{ "Requests", SERIES_REQUESTS, false },
		{ "Answered by the cache", SERIES_HITS, false },
		{ "Bytes from clients", SERIES_BYTES_IN, true },
		{ "Bytes to clients", SERIES_BYTES_OUT, true },
		{ "Saved by cache and compression", SERIES_SAVED, true },
	};
	char room[CHRONICLE_NUMBER_BYTES];

	text_addz(out, "<dl>\n");
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		uint64_t value = chronicle->total.figures[cards[i].figure];
		text_addf(out, "<div><dt>%s</dt><dd>%s</dd></div>\n",
		    cards[i].what,
		    cards[i].bytes ? chronicle_bytes(value, room)
				   : chronicle_number(value, room));
	}
	text_addz(out, "</dl>\n");
}

/* ---- plots ---- */

struct plot {
	const char *title;
	const char *colour;
	enum series_figure figure;
	bool bytes;
};

static const char *
value_of(
    const struct plot *plot, uint64_t value, char room[CHRONICLE_NUMBER_BYTES])
{
	return plot->bytes ? chronicle_bytes(value, room)
			   : chronicle_number(value, room);
}

/* In thousandths of the picture's units, so that no locale has a say. */
static void
add_units(struct text *out, const char *name, uint64_t thousandths)
{
	text_addf(out, " %s=\"%" PRIu64 ".%03" PRIu64 "\"", name,
	    thousandths / 1000, thousandths % 1000);
}

static void
add_bar(struct text *out, const struct plot *plot, size_t at, size_t count,
    uint64_t value, uint64_t most, int64_t begin)
{
	uint64_t width = (uint64_t)PLOT_WIDTH * 1000 / count;
	uint64_t height =
	    (uint64_t)((double)value / (double)most * (PLOT_HEIGHT * 1000.0));
	char room[CHRONICLE_NUMBER_BYTES];

	text_addz(out, "<rect");
	add_units(out, "x", (uint64_t)at * width);
	add_units(out, "y", (uint64_t)PLOT_HEIGHT * 1000 - height);
	add_units(out, "width", width > 2000 ? width - 1000 : width);
	add_units(out, "height", height);
	text_addf(out, " fill=\"var(--%s)\"><title>", plot->colour);
	add_minute(out, begin);
	text_addf(out, ": %s</title></rect>\n", value_of(plot, value, room));
}

static void
add_plot(const struct chronicle *chronicle, const struct plot *plot,
    struct text *out)
{
	uint64_t bars[BARS];
	char room[CHRONICLE_NUMBER_BYTES];
	int64_t hours;
	size_t count = chronicle_bar_count(chronicle, BARS, &hours);
	uint64_t most = chronicle_bars(chronicle, plot->figure, bars, count);
	int64_t end = (chronicle->to / CHRONICLE_HOUR + 1) * CHRONICLE_HOUR;
	int64_t length = hours * CHRONICLE_HOUR;

	text_addf(out, "<h2>%s</h2>\n<figure>\n", plot->title);
	text_addf(out,
	    "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over "
	    "time, at most %s\">\n",
	    PLOT_WIDTH, PLOT_HEIGHT + 1, plot->title,
	    value_of(plot, most, room));
	text_addf(out,
	    "<line x1=\"0\" x2=\"%d\" y1=\"%d.5\" y2=\"%d.5\" "
	    "stroke=\"var(--line)\"/>\n",
	    PLOT_WIDTH, PLOT_HEIGHT, PLOT_HEIGHT);
	for (size_t i = 0; i < count; i++)
		if (bars[i] > 0)
			add_bar(out, plot, i, count, bars[i], most,
			    end - (int64_t)(count - i) * length);
	text_addz(out, "</svg>\n<figcaption>");
	add_minute(out, end - (int64_t)count * length);
	text_addz(out, " to ");
	add_minute(out, end);
	text_addf(out,
	    "; a bar is %lld hour%s, the highest %s</figcaption>\n"
	    "</figure>\n",
	    (long long)hours, hours == 1 ? "" : "s",
	    value_of(plot, most, room));
}

/* ---- tables ---- */

static void
add_table(
    const struct chronicle *chronicle, enum tally_kind kind, struct text *out)
{
	const struct heavy *heavy = &chronicle->kinds[kind];
	const struct heavy_entry *top[CHRONICLE_TOP];
	size_t count = heavy_top(heavy, top, CHRONICLE_TOP);
	char a[CHRONICLE_NUMBER_BYTES], b[CHRONICLE_NUMBER_BYTES];

	if (count == 0)
		return;
	text_addf(out,
	    "<h2>%s</h2>\n<div class=\"scroll\">\n<table>\n<thead><tr>"
	    "<th scope=\"col\">What</th><th scope=\"col\">Flows</th>"
	    "<th scope=\"col\">Refused</th><th scope=\"col\">In</th>"
	    "<th scope=\"col\">Out</th></tr></thead>\n<tbody>\n",
	    chronicle_title(kind));
	for (size_t i = 0; i < count; i++) {
		const struct heavy_count *one = &top[i]->count;
		text_addz(out, "<tr><th scope=\"row\">");
		add_escaped(out, heavy_key(heavy, top[i]));
		text_addf(out, "</th><td>%s</td><td>%s</td>",
		    chronicle_number(one->flows, a),
		    chronicle_number(one->refused, b));
		text_addf(out, "<td>%s</td><td>%s</td></tr>\n",
		    chronicle_bytes(one->bytes_in, a),
		    chronicle_bytes(one->bytes_out, b));
	}
	text_addz(out, "</tbody>\n</table>\n</div>\n");
}

void
chronicle_html(const struct chronicle *chronicle, struct text *out)
{
	static const struct plot plots[] = {
		{ "Flows allowed", "good", SERIES_ALLOWED, false },
		{ "Flows refused", "bad", SERIES_REFUSED, false },
		{ "Bytes to clients", "flow", SERIES_BYTES_OUT, true },
		{ "Bytes saved", "good", SERIES_SAVED, true },
	};

	text_addz(out, head);
	text_addz(out, "<h1>What happened</h1>\n<p>From ");
	add_minute(out, chronicle->from);
	text_addz(out, " to ");
	add_minute(out, chronicle->to);
	text_addz(out, " (UTC)</p>\n");
	add_totals(chronicle, out);
	for (size_t i = 0; i < sizeof(plots) / sizeof(plots[0]); i++)
		add_plot(chronicle, &plots[i], out);
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		add_table(chronicle, (enum tally_kind)i, out);
	text_addz(out,
	    "<p>Of each hour the tables know those that were met most "
	    "often.</p>\n");
	text_addz(out, tail);
}
