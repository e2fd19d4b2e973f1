/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region, for its own files: region.c cuts regions, region_words.c says
 * them, with region_endpoint.c for addresses and region_service.c for ports.
 * Both are made of parts (region_part.c): what region_wording.c can call many
 * cells at once, or what region_cell.c calls one.
 */
#ifndef GATEHOUSE_POLICY_REGION_IMPL_H
#define GATEHOUSE_POLICY_REGION_IMPL_H

#include "policy/region.h"

/* One dimension of a region. */
struct side {
	struct space *space;
	enum space_dimension dimension;
	const struct space_axis *axis;
	uint32_t least, most; /* cells, and no other numbers */
	size_t parts_max;     /* REGION_PARTS or REGION_ALL */
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
	uint32_t cells; /* that it means */
};

/*
 * The next wording that means the cell, from place *at on, which moves behind
 * it; broad ones come first, names in no order.  False behind the last.  The
 * name is lent by the space or lives for ever.
 */
bool region_wording_next(
    const struct side *side, size_t cell, size_t *at, struct wording *ret);

/* Adds it to the side's text, as a policy would write it. */
void region_wording_add(const struct side *side, const struct wording *wording);

/* Requests of the cell meet the condition on header fields of this number. */
bool region_header_meets(const struct space *space, size_t cell, size_t header);

/* Adds that condition to the side's text. */
void region_header_add(const struct side *side, size_t number);

/* The first cell of the set from `from` on, or of what it leaves out. */
size_t region_next(const struct side *side, uint32_t set, size_t from);
size_t region_next_gap(const struct side *side, uint32_t set, size_t from);

/* How many parts were said of which kind, and how many may be. */
struct region_said {
	size_t words, cells, max;
	size_t len_max; /* of the side's text; 0: any */
	bool vague;     /* a cell was not said to its end */
};

/*
 * The wording that says most of `left`, the cell with it, and nothing beyond
 * `most`; false if there is none.
 */
bool region_best_wording(const struct side *side, size_t cell, uint32_t left,
    uint32_t most, struct wording *ret);

/* An address is said once for itself and for itself as the gateway's own. */
uint32_t region_without_cell(
    const struct side *side, size_t cell, uint32_t left);

/* How many addresses, or other things, are left to say. */
size_t region_count_left(const struct side *side, uint32_t left);

/*
 * Says `left`, and at most `most`, in words; what no word fits is said cell by
 * cell.  Returns what is left behind said->max parts or said->len_max bytes.
 */
uint32_t region_say_parts(const struct side *side, uint32_t left, uint32_t most,
    struct region_said *said);

/* The same in side->parts_max parts, and then how much is not said. */
void region_say_bounded(const struct side *side, uint32_t left, uint32_t most);

/* Cells of `whole` that may not be said, and all that need not be excluded. */
uint32_t region_excluded(
    const struct side *side, uint32_t whole, uint32_t *ret_excludable);

/* All cells of the dimension lie in the set. */
bool region_is_all(const struct side *side, uint32_t set);

/* A comma, unless the side begins here. */
void region_comma(const struct side *side);

/* "and 2,990 more", where not all parts are said. */
void region_more(const struct side *side, size_t count);

/* A cell of more ranges than are kept to show it. */
bool region_cell_is_vague(const struct side *side, size_t cell);

/* Adds a cell that no wording fits; services and modes are not said so. */
void region_cell_say(const struct side *side, size_t cell);

/* Adds sources or destinations. */
void region_endpoint_say(const struct side *side);

/* Adds services, or those that are left out. */
void region_services_say(struct side *side);

/* Adds minutes of the week: "mon-fri 08:00-18:00, sat". */
void region_times_say(const struct side *side, const struct hours *minutes);

#endif
