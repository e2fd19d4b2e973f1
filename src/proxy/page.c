/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/page.h"

#include "base/arena.h"
#include "base/html.h"
#include "http/status.h"
#include "http/write.h"
#include "proxy/proxy_status.h"

#include <errno.h>
#include <stdio.h>

/* A URL longer than this tells a reader nothing more. */
#define TARGET_BYTES_MAX 300

#define ARENA_BYTES_MAX 8192

/* RFC 7617, 2.1.  The realm says that the password is not the server's. */
#define CHALLENGE "Basic realm=\"Gatehouse\", charset=\"UTF-8\""

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:38em;margin:12vh auto;"
    "padding:0 1.2em;color:#1b1f24;background:#fff}"
    "h1{font-size:1.4em;margin:0 0 .6em}"
    "code{font:.95em ui-monospace,monospace;overflow-wrap:anywhere}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em}"
    "dt{color:#656d76}dd{margin:0}"
    "footer{margin-top:2.5em;color:#656d76;font-size:.85em}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}"
    "dt,footer{color:#8b949e}}";

static void
add_row(struct text *out, const char *term, struct str value)
{
	text_addf(out, "<dt>%s</dt><dd><code>", term);
	html_add(out, value);
	text_addz(out, "</code></dd>\n");
}

static void
add_target(struct text *out, struct str target)
{
	struct str head = target;

	if (target.len == 0)
		return;
	if (target.len > TARGET_BYTES_MAX)
		head.len = TARGET_BYTES_MAX;
	add_row(out, "Asked for", head);
}

static void
add_rule(struct text *out, const struct policy_rule *rule)
{
	char line[32];

	if (rule == NULL)
		return;
	if (rule->label.at != NULL)
		add_row(out, "Rule", rule->label);
	if (rule->line > 0) {
		(void)snprintf(line, sizeof(line), "line %u", rule->line);
		add_row(out, rule->label.at != NULL ? "Where" : "Rule",
		    str_of(line));
	} else {
		add_row(out, "Rule", STR("none allows it"));
	}
}

void
page_write(const struct page *page, struct text *out)
{
	struct str reason = http_status_reason(page->status);
	bool refused = page->sentence == NULL;

	text_addz(out,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	text_addf(out, "%u %.*s", page->status, STR_ARG(reason));
	text_addf(out, "</title><style>%s</style></head>\n<body>", style);
	text_addz(out, "<h1>");
	text_addz(out, refused ? "The policy of this network does not allow it"
			       : page->sentence);
	text_addz(out, "</h1>\n<dl>");
	add_target(out, page->target);
	if (refused)
		add_rule(out, page->rule);
	text_addz(out, "</dl>\n<footer>Gatehouse &middot; ");
	text_addf(out, "%u %.*s</footer></body></html>\n", page->status,
	    STR_ARG(reason));
}

static int
add_fields(struct http_response *response, struct arena *arena)
{
	static const struct http_field_text fields[] = {
		{ STR_INIT("Content-Type"),
		    STR_INIT("text/html; charset=utf-8") },
		{ STR_INIT("Cache-Control"), STR_INIT("no-store") },
		{ STR_INIT("Content-Security-Policy"),
		    STR_INIT("default-src 'none'; style-src 'unsafe-inline'") },
		{ STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
	};

	return http_fields_add_all(&response->fields, arena, fields,
	    sizeof(fields) / sizeof(fields[0]));
}

/* A refusal is told by its rule, as in the content. */
static int
add_proxy_status(const struct page *page, struct http_response *response,
    struct text *words, struct arena *arena)
{
	struct text rule = TEXT_EMPTY;
	const char *details = page->sentence;

	if (details == NULL && page->rule != NULL &&
	    page->rule->label.at != NULL) {
		text_addf(&rule, "rule %.*s", STR_ARG(page->rule->label));
		details = rule.at;
	}
	proxy_status_add(page->by, page->error, details, words);
	bool full = words->full || rule.full;
	text_fini(&rule);
	return full ? -ENOMEM
		    : http_fields_add(&response->fields, arena,
			  STR("Proxy-Status"), text_str(words));
}

/* RFC 9110, 10.2.3 */
static int
add_retry_after(
    unsigned seconds, struct http_response *response, struct arena *arena)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", seconds);
	struct str value = arena_str(arena, (struct str){ text, (size_t)len });

	if (seconds == 0)
		return 0;
	if (value.at == NULL)
		return -ENOMEM;
	return http_fields_add(
	    &response->fields, arena, STR("Retry-After"), value);
}

static int
write_head(const struct page *page, struct str content, struct text *out)
{
	struct http_response response =
	    http_response_own(page->status, page->method, (int64_t)content.len);
	struct http_response_options options = {
		.client_minor = page->client_minor,
		.keep_alive = page->keep_alive,
		.proxy_authenticate =
		    page->status == 407 ? STR(CHALLENGE) : STR(""),
	};
	struct text words = TEXT_EMPTY;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES_MAX);
	int rc = add_fields(&response, &arena);
	if (rc == 0 && page->error != NULL)
		rc = add_proxy_status(page, &response, &words, &arena);
	if (rc == 0)
		rc = add_retry_after(page->retry_after, &response, &arena);
	if (rc == 0)
		rc = http_response_write(&response, &options, out);
	text_fini(&words);
	arena_fini(&arena);
	return rc;
}

int
page_send(const struct page *page, struct stream *stream)
{
	struct text content = TEXT_EMPTY, out = TEXT_EMPTY;

	page_write(page, &content);
	int rc =
	    content.full ? -ENOMEM : write_head(page, text_str(&content), &out);
	if (rc == 0 && page->method != HTTP_METHOD_HEAD)
		text_add(&out, text_str(&content));
	if (rc == 0 && out.full)
		rc = -ENOMEM;
	if (rc == 0)
		rc = stream_write(stream, text_str(&out));
	if (rc == 0)
		rc = (int)out.len;
	text_fini(&content);
	text_fini(&out);
	return rc;
}
