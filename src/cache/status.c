/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/status.h"

#include "http/octet.h"

struct str
cache_forward_text(enum cache_forward forward)
{
	switch (forward) {
#define ROW(id, text)                                                          \
	case CACHE_FORWARD_##id:                                               \
		return STR(text);
		CACHE_FORWARDS(ROW)
#undef ROW
	case CACHE_FORWARD_NOT:
	case CACHE_FORWARD_COUNT:
		break;
	}
	return (struct str){ "", 0 };
}

/* sf-token: begins with a letter. */
static bool
is_token(struct str s)
{
	return s.len > 0 && ascii_is_alpha(s.at[0]) &&
	       http_octet_all(s, HTTP_OCTET_TOKEN);
}

/* A token, or else a string; what a string cannot hold becomes '?'. */
static void
add_word(struct text *out, struct str word)
{
	if (is_token(word)) {
		text_add(out, word);
		return;
	}
	text_addc(out, '"');
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];
		if (c == '"' || c == '\\')
			text_addc(out, '\\');
		text_addc(out, (char)(c >= 0x20 && c <= 0x7e ? c : '?'));
	}
	text_addc(out, '"');
}

static void
add_string(struct text *out, struct str name, struct str value)
{
	if (value.len == 0)
		return;
	text_addz(out, "; ");
	text_add(out, name);
	text_addc(out, '=');
	add_word(out, value);
}

static void
add_forward(const struct cache_status *status, struct text *out)
{
	text_addz(out, "; fwd=");
	text_add(out, cache_forward_text(status->forward));
	if (status->forward_status != 0) {
		text_addz(out, "; fwd-status=");
		text_add_number(out, status->forward_status);
	}
	if (status->stored)
		text_addz(out, "; stored");
	if (status->collapsed)
		text_addz(out, "; collapsed");
}

void
cache_status_add(const struct cache_status *status, struct text *out)
{
	add_word(out, status->name);
	if (status->forward == CACHE_FORWARD_NOT)
		text_addz(out, "; hit");
	else
		add_forward(status, out);
	if (status->ttl_said) {
		text_addz(out, "; ttl=");
		if (status->ttl < 0)
			text_addc(out, '-');
		text_add_number(out,
		    (uint64_t)(status->ttl < 0 ? -status->ttl : status->ttl));
	}
	add_string(out, STR("key"), status->key);
	add_string(out, STR("detail"), status->detail);
}
