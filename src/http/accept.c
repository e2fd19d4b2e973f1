/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accept-Encoding = #( codings [ weight ] ), codings being a coding, identity
 * or "*" (RFC 9110, 12.5.3 and 12.4.2).
 */
#include "http/accept.h"

#include "base/must.h"
#include "http/octet.h"

#define WEIGHT_ONE    1000
#define WEIGHT_UNSAID UINT16_MAX

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
static bool
parse_weight(struct str text, uint16_t *ret)
{
	unsigned weight = 0, scale = WEIGHT_ONE;

	if (text.len == 0 || text.len > 5 ||
	    (text.at[0] != '0' && text.at[0] != '1') ||
	    (text.len > 1 && text.at[1] != '.'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (i == 1)
			continue;
		if (!ascii_is_digit(text.at[i]))
			return false;
		weight += scale * (unsigned)(text.at[i] - '0');
		scale /= 10;
	}
	*ret = (uint16_t)weight;
	return weight <= WEIGHT_ONE;
}

/*
 * weight = OWS ";" OWS "q=" qvalue.  Anything else behind the coding, and a
 * weight that is none, refuses the coding.
 */
static uint16_t
weight_of(struct str parameters)
{
	uint16_t weight;

	if (parameters.at == NULL)
		return WEIGHT_ONE;
	parameters = http_octet_trim(parameters);
	if (parameters.len < 2 || ascii_lower(parameters.at[0]) != 'q' ||
	    parameters.at[1] != '=' ||
	    !parse_weight(str_skip(parameters, 2), &weight))
		return 0;
	return weight;
}

static void
note(uint16_t *weight, uint16_t said)
{
	if (*weight == WEIGHT_UNSAID || said < *weight)
		*weight = said;
}

/* What nothing was said of is as "*" says; identity is taken even without. */
static void
fill(struct http_accept *accept, uint16_t others)
{
	for (unsigned i = 0; i < HTTP_CODING_COUNT; i++) {
		if (accept->weight[i] != WEIGHT_UNSAID)
			continue;
		if (others != WEIGHT_UNSAID)
			accept->weight[i] = others;
		else
			accept->weight[i] = i == HTTP_CODING_IDENTITY;
	}
}

struct http_accept
http_accept_of(const struct http_fields *fields)
{
	struct http_members members =
	    HTTP_MEMBERS(fields, HTTP_NAME_ACCEPT_ENCODING);
	struct http_accept accept = { 0 };
	uint16_t others = WEIGHT_UNSAID;
	struct str member;

	for (unsigned i = 0; i < HTTP_CODING_COUNT; i++)
		accept.weight[i] = WEIGHT_UNSAID;
	while (http_members_next(&members, &member)) {
		struct str coding = http_octet_trim(str_cut(&member, ';'));
		uint16_t weight = weight_of(member);
		enum http_coding known = http_coding_find(coding);
		if (str_is(coding, "*"))
			note(&others, weight);
		else if (known != HTTP_CODING_OTHER)
			note(&accept.weight[known], weight);
	}
	accept.is_said =
	    http_fields_get(fields, HTTP_NAME_ACCEPT_ENCODING) != NULL;
	fill(&accept, others);
	return accept;
}

enum http_coding
http_accept_choose(const struct http_accept *accept,
    const enum http_coding *ours, size_t count)
{
	enum http_coding best = HTTP_CODING_IDENTITY;
	uint16_t weight = 0;

	for (size_t i = 0; i < count; i++) {
		must(ours[i] < HTTP_CODING_COUNT);
		if (accept->weight[ours[i]] <= weight)
			continue;
		best = ours[i];
		weight = accept->weight[best];
	}
	return accept->weight[HTTP_CODING_IDENTITY] > weight
		   ? HTTP_CODING_IDENTITY
		   : best;
}

bool
http_accept_has(const struct http_accept *accept, enum http_coding coding)
{
	return !accept->is_said ||
	       (coding < HTTP_CODING_COUNT && accept->weight[coding] > 0);
}

/* The first of `ours` with the greatest weight below `bound`, or `count`. */
static size_t
next_liked(const struct http_accept *accept, const enum http_coding *ours,
    size_t count, unsigned done)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		if ((done >> i & 1) != 0 || accept->weight[ours[i]] == 0)
			continue;
		if (best == count ||
		    accept->weight[ours[i]] > accept->weight[ours[best]])
			best = i;
	}
	return best;
}

void
http_accept_add(const struct http_accept *accept, const enum http_coding *ours,
    size_t count, struct text *out)
{
	uint16_t identity = accept->weight[HTTP_CODING_IDENTITY];
	const char *separator = "";
	unsigned done = 0;
	size_t next;

	must(count < HTTP_CODING_COUNT);
	while ((next = next_liked(accept, ours, count, done)) < count) {
		if (accept->weight[ours[next]] < identity)
			break;
		text_addf(
		    out, "%s%s", separator, http_coding_row(ours[next])->word);
		separator = ", ";
		done |= 1u << next;
	}
	if (identity == 0)
		text_addf(out, "%sidentity;q=0", separator);
}
