/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region, for its own files: region.c cuts regions, region_words.c says
 * them, with what region_wording.c can call many cells at once and what
 * region_cell.c calls one.
 */
#ifndef GATEHOUSE_POLICY_REGION_IMPL_H
#define GATEHOUSE_POLICY_REGION_IMPL_H

#include "policy/region.h"

/* One dimension of a region, cell by cell. */
struct side {
	const struct space *space;
	enum space_dimension dimension;
	size_t count;
	uint8_t *least, *most; /* a byte a cell */
	struct text *out;
	size_t start; /* of out, where this side begins */
};

/* What cells of a dimension can be called together. */
enum wording_kind {
	WORDING_ZONE,
	WORDING_SELF,
	WORDING_SELF_IN, /* the gateway's own addresses in a zone */
	WORDING_GROUP,
	WORDING_FAMILY,
	WORDING_HOURS,
	WORDING_SCHEME,
	WORDING_METHOD,
	WORDING_PATH,
	WORDING_USER,
	WORDING_HEADER,
	WORDING_TYPE,
	WORDING_KIND_COUNT
};

struct wording {
	enum wording_kind kind;
	struct str name;
	size_t number;
	/* Of zones: in each policy; NONE: it has none of this name. */
	uint8_t zone[SPACE_POLICIES_MAX];
};

/*
 * The k-th wording, broad ones first; false behind the last.  Its name is lent
 * by the space or lives for ever.
 */
bool region_wording_at(
    const struct space *space, size_t k, struct wording *ret);

/* The cell of the side's dimension is one of those that the wording means. */
bool region_wording_covers(
    const struct side *side, const struct wording *wording, size_t cell);

/* Adds it to the side's text, as a policy would write it. */
void region_wording_add(const struct side *side, const struct wording *wording);

/* Requests of the cell meet the condition on header fields of this number. */
bool region_header_meets(const struct space *space, size_t cell, size_t header);

/* Adds that condition to the side's text. */
void region_header_add(const struct side *side, size_t number);

/* Adds a cell that no wording fits; services and modes are not said so. */
void region_cell_say(const struct side *side, size_t cell);

/* Adds minutes of the week: "mon-fri 08:00-18:00, sat". */
void region_times_say(const struct side *side, const struct hours *minutes);

#endif
