/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/weights.h"

#include "http/fields.h"
#include "http/octet.h"

/* qvalue: "0" or "1" and up to three decimals, 1 not exceeded. */
static bool
parse_qvalue(struct str text, unsigned *ret)
{
	unsigned value = 0, scale = 1000;

	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (i == 1) {
			if (text.at[i] != '.')
				return false;
			continue;
		}
		if (!ascii_is_digit(text.at[i]))
			return false;
		value += (unsigned)(text.at[i] - '0') * scale;
		scale /= 10;
	}
	*ret = value;
	return value <= 1000;
}

/* token [ OWS ";" OWS "q=" qvalue ] */
static bool
parse_weight(struct str member, struct cache_weight *ret)
{
	struct str parameter = member;
	struct cache_weight weight = { .thousands = 1000 };

	weight.token = http_octet_trim(str_cut(&parameter, ';'));
	if (!http_octet_all(weight.token, HTTP_OCTET_TOKEN))
		return false;
	if (parameter.at != NULL) {
		parameter = http_octet_trim(parameter);
		if (parameter.len < 2 || ascii_lower(parameter.at[0]) != 'q' ||
		    parameter.at[1] != '=' ||
		    !parse_qvalue(str_skip(parameter, 2), &weight.thousands))
			return false;
	}
	*ret = weight;
	return true;
}

static int
compare(const struct cache_weight *a, const struct cache_weight *b)
{
	for (size_t i = 0; i < a->token.len && i < b->token.len; i++) {
		int difference =
		    ascii_lower(a->token.at[i]) - ascii_lower(b->token.at[i]);
		if (difference != 0)
			return difference;
	}
	if (a->token.len != b->token.len)
		return a->token.len < b->token.len ? -1 : 1;
	return (int)a->thousands - (int)b->thousands;
}

bool
cache_weights_add(struct cache_weights *weights, struct str value)
{
	struct str member;

	while (http_list_next(&value, &member)) {
		struct cache_weight weight;
		size_t at = weights->count;
		if (at == CACHE_WEIGHTS_MAX || !parse_weight(member, &weight))
			return false;
		for (; at > 0 && compare(&weights->items[at - 1], &weight) > 0;
		     at--)
			weights->items[at] = weights->items[at - 1];
		weights->items[at] = weight;
		weights->count++;
	}
	return true;
}

struct str
cache_weight_text(
    const struct cache_weight *weight, char ret[static CACHE_WEIGHT_BYTES])
{
	unsigned rest = weight->thousands;
	size_t len = 4;

	if (rest == 1000)
		return (struct str){ "", 0 };
	memcpy(ret, ";q=0", sizeof(";q=0"));
	if (rest > 0)
		ret[len++] = '.';
	for (unsigned scale = 100; rest > 0; scale /= 10) {
		ret[len++] = (char)('0' + rest / scale);
		rest %= scale;
	}
	ret[len] = '\0';
	return (struct str){ ret, len };
}
