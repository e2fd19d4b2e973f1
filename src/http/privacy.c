/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/privacy.h"

#include <errno.h>

#include "base/text.h"

#define NETWORK "an address or a name of the inside"
#define DEVICE  "marks one device or one subscriber"
#define BROWSER "tells one browser from all others"

/*
 * What is not here stays: User-Agent, Accept-Language and cookies, without
 * which sites do not work; DNT and Sec-GPC, which ask for what is done here.
 */
const struct http_privacy_row http_privacy_rows[] = {
	/* Who passed it on, for whom. */
	{ "Via", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "Forwarded", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "Forwarded-For", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Forwarded*", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Original-*", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Originating-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Real-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Cluster-Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Remote-*", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-Host", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-ProxyUser-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "X-BlueCoat-Via", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "True-Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "CF-Connecting-IP*", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "Fastly-Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "Proxy-Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "WL-Proxy-Client-IP", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "Z-Forwarded-For", HTTP_PRIVACY_REMOVE, NETWORK },
	{ "CDN-Loop", HTTP_PRIVACY_REMOVE, NETWORK },
	/* Who asked, and from where. */
	{ "From", HTTP_PRIVACY_REMOVE, "a mail address" },
	{ "Referer", HTTP_PRIVACY_ORIGIN, "the page of another site" },
	/* What carriers and makers of telephones add. */
	{ "MSISDN", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-MSISDN", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-Nokia-*", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-Up-*", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-H3G-*", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-UIDH", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-ACR", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-WAP-*", HTTP_PRIVACY_REMOVE, DEVICE },
	{ "X-Device-ID", HTTP_PRIVACY_REMOVE, DEVICE },
	/* What a browser adds where it is asked for, or for its maker. */
	{ "X-Client-Data", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-Arch", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-Bitness", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-Form-Factors", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-Full-Version*", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-Model", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-Platform-Version", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-UA-WoW64", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Sec-CH-Device-Memory", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Device-Memory", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "Downlink", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "ECT", HTTP_PRIVACY_REMOVE, BROWSER },
	{ "RTT", HTTP_PRIVACY_REMOVE, BROWSER },
};

#define ROWS (sizeof(http_privacy_rows) / sizeof(http_privacy_rows[0]))

const size_t http_privacy_row_count = ROWS;

static bool
fits(const char *pattern, struct str name)
{
	struct str wanted = str_of(pattern);

	if (wanted.at[wanted.len - 1] != '*')
		return str_eq_nocase(name, wanted);
	wanted.len--;
	return name.len >= wanted.len &&
	       str_eq_nocase((struct str){ name.at, wanted.len }, wanted);
}

static const struct http_privacy_row *
find_row(struct str name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (fits(http_privacy_rows[i].field, name))
			return &http_privacy_rows[i];
	return NULL;
}

/* "scheme://host[:port]/", spelled anew, so that nothing odd goes along. */
static int
origin_of(const struct http_uri *uri, struct arena *arena, struct str *ret)
{
	struct http_uri origin = *uri;
	struct text text = TEXT_EMPTY;

	origin.path = STR("/");
	http_uri_add(&origin, &text);
	*ret = arena_str(arena, text_str(&text));
	int rc = text.full || ret->at == NULL ? -ENOMEM : 0;
	text_fini(&text);
	return rc;
}

/*
 * 1: keep the value, which may have become another; 0: what is no URL of a
 * page says nothing that a server could need; -ENOMEM.
 */
static int
cut_to_origin(
    const struct http_request *request, struct arena *arena, struct str *value)
{
	struct str page = { value->at, str_find(*value, '#') };
	enum http_fault fault;
	struct http_uri uri;

	int rc = http_uri_parse(page, arena, &uri, &fault);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		return 0;
	if (http_uri_same_origin(&uri, &request->uri))
		return 1;
	rc = origin_of(&uri, arena, value);
	return rc < 0 ? rc : 1;
}

int
http_privacy_apply(struct http_request *request, struct arena *arena)
{
	struct http_fields *fields = &request->fields;
	size_t kept = 0;

	for (size_t i = 0; i < fields->count; i++) {
		struct http_field field = fields->items[i];
		const struct http_privacy_row *row = find_row(field.name);
		int keeps = row == NULL;
		if (row != NULL && row->act == HTTP_PRIVACY_ORIGIN)
			keeps = cut_to_origin(request, arena, &field.value);
		if (keeps < 0)
			return keeps;
		if (keeps > 0)
			fields->items[kept++] = field;
	}
	fields->count = kept;
	return 0;
}
