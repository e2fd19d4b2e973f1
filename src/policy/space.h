/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space: sets of flows, exactly.
 *
 * One or two policies can tell only so many flows apart.  Along each dimension
 * the space has one cell for each class of values that they tell apart; a flow
 * is a cell of each dimension, a set of flows is a decision diagram over the
 * cells' numbers (policy/diagram).  Nothing is sampled and nothing is listed:
 *
 *	mode         on its own way, asked of the explicit proxy, or dialled
 *	             by the proxy for an intercepted connection
 *	source       an address, or the gateway itself
 *	destination  an address, and whether it is the gateway's own
 *	service      protocol and ports, or kind of ICMP message
 *	time         minutes of the week
 *	name         asked for; none is as good as one that no rule mentions
 *	scheme, method, path, user, type
 *	             the same
 *	headers      a bit for each condition on a field, whether the request
 *	             meets it: a request may have any number of fields, of one
 *	             name too, so that it meets any conditions that are not at
 *	             odds with each other
 *
 * Paths and types that patterns tell apart in too many ways are bits as well,
 * one for each pattern.
 *
 * The source's zone follows from its address, except for what lives behind
 * every interface.  `universe` holds the flows that can be: a packet has one
 * family, a tunnel through the proxy has no path, and so on.  What a flow
 * cannot show is left free in its cells, so that a class is not cut where
 * nothing differs.
 *
 * The policies are lent.  One thread at a time.
 */
#ifndef GATEHOUSE_POLICY_SPACE_H
#define GATEHOUSE_POLICY_SPACE_H

#include "policy/diagram.h"
#include "policy/partition.h"
#include "policy/policy.h"

#include "base/map.h"

enum space_dimension {
	SPACE_MODE,
	SPACE_SOURCE,
	SPACE_DESTINATION,
	SPACE_SERVICE,
	SPACE_TIME,
	SPACE_NAME,
	SPACE_SCHEME,
	SPACE_METHOD,
	SPACE_PATH,
	SPACE_USER,
	SPACE_HEADER,
	SPACE_TYPE,
	SPACE_DIMENSION_COUNT
};

/*
 * A class of flows of two policies is said in words, cell by cell: there, more
 * conditions on header fields than this are not told apart: -E2BIG.
 */
#define SPACE_HEADERS_MAX 10

/*
 * The proxy dials what a name stands for, and so meets addresses to which no
 * packet of the client went: the gateway's own, and those of another family.
 */
enum space_mode {
	SPACE_DIRECT,
	SPACE_EXPLICIT,
	SPACE_DIALLED,
	SPACE_MODE_COUNT
};

#define SPACE_POLICIES_MAX 2
#define SPACE_ZONES        64 /* bits of a mask of zones */

/* Sets of addresses that every space tells apart, before its policies' own. */
enum space_base {
	SPACE_IPV4,
	SPACE_IPV6,
	SPACE_LOCAL,        /* address_is_local_scope */
	SPACE_UNPREFIXED,   /* lives behind every interface */
	SPACE_UNIQUE_LOCAL, /* fc00::/7 */
	SPACE_BASE_COUNT
};

struct space_source {
	size_t atom;
	bool self;
	bool unprefixed; /* an atom for each zone; else the zone follows */
	uint8_t zone[SPACE_POLICIES_MAX];
};

struct space_destination {
	size_t atom;
	bool own;
	uint8_t zone[SPACE_POLICIES_MAX];     /* SELF if own */
	uint8_t own_zone[SPACE_POLICIES_MAX]; /* where the address lives */
};

struct space_service {
	enum policy_protocol protocol; /* COUNT: none that a rule can name */
	uint16_t first, last;
};

/* The sets of addresses of one side, and what they tell apart. */
struct space_side {
	struct {
		struct partition_set *items;
		size_t count, room;
	} sets;
	size_t zones[SPACE_POLICIES_MAX]; /* the first zone's set */
	struct map groups;                /* a group's address: its set + 1 */
	struct partition atoms;
};

/* A name or list, and the set + 1 that it is in each policy; 0: it is none. */
struct space_name {
	struct str name;
	size_t from[SPACE_POLICIES_MAX];
	size_t to[SPACE_POLICIES_MAX];
	size_t names[SPACE_POLICIES_MAX];
};

/* `hours` of one name, and the set + 1 that they are in each policy; 0: none.
 */
struct space_hours {
	struct str name;
	size_t set[SPACE_POLICIES_MAX];
};

/* A set of strings that rules ask for, each once. */
struct space_words {
	struct str *items;
	size_t count, room;
};

struct space_axis {
	uint32_t first; /* variable */
	unsigned bits;
	size_t count; /* cells; SIZE_MAX: more than can be counted */
	uint32_t all; /* numbers that stand for a cell */
	/* What each set covers: of a partition, or each condition that is a
	 * variable. */
	uint32_t *sets;
	/* Of each set of a partition: the index in space.named + 1, or 0. */
	uint32_t *named;
};

/* What each zone of one policy covers. */
struct space_zone_cells {
	uint32_t from[SPACE_ZONES], to[SPACE_ZONES];
	uint32_t own[SPACE_ZONES]; /* the gateway's own addresses in it */
};

struct space {
	struct diagram diagram;
	const struct policy *policies[SPACE_POLICIES_MAX];
	unsigned policy_count;
	struct space_axis axes[SPACE_DIMENSION_COUNT];
	struct address_set base[SPACE_BASE_COUNT];
	struct {
		struct address_set *items;
		size_t count, room;
	} listeners; /* of all policies, in their order, each one place */
	size_t listener_sets[SPACE_POLICIES_MAX]; /* where each begins */
	size_t named_local_set; /* of the first policy */
	struct space_side from, to;
	struct {
		struct space_source *items;
		size_t count, room;
	} sources;
	struct {
		struct space_destination *items;
		size_t count, room;
	} destinations;
	struct {
		struct space_service *items;
		size_t count, room;
	} services;
	struct {
		struct partition_set *items;
		size_t count, room;
	} name_sets;
	struct map name_index; /* a group's address: its set + 1 */
	struct {
		struct space_name *items;
		size_t count, room;
	} named; /* that some rule uses, to say sets in words */
	struct space_zone_cells zone_cells[SPACE_POLICIES_MAX];
	struct partition names;
	struct {
		struct partition_set *items;
		size_t count, room;
	} hour_sets;
	struct {
		struct space_hours *items;
		size_t count, room;
	} hours;
	struct partition times;
	struct space_words methods, users; /* cell 0 is none of them */
	struct space_words path_patterns, type_patterns;
	struct partition paths, types;
	/* There are too many combinations: each pattern is a variable. */
	bool paths_are_free, types_are_free;
	struct {
		const struct policy_header **items;
		size_t count, room;
	} headers;
	bool has_schemes;   /* cell 0: none; then those of policy_scheme */
	struct arena arena; /* numbers that the maps lead to */
	uint32_t universe;
	int rc; /* while it is made */
};

/* 0, -ENOMEM, or -E2BIG: too much to tell apart.  fini in any case. */
int space_init(
    struct space *space, const struct policy *const *policies, unsigned count);
void space_fini(struct space *space);

/* After a sequence of operations: 0, -ENOMEM, -E2BIG or -ETIME (where the
 * diagram has a deadline). */
static inline int
space_rc(const struct space *space)
{
	return space->rc < 0 ? space->rc : space->diagram.rc;
}

/* How many variables a flow has. */
static inline size_t
space_variables(const struct space *space)
{
	const struct space_axis *last = &space->axes[SPACE_DIMENSION_COUNT - 1];

	return last->first + last->bits;
}

/* Whether each bit is a condition of its own, and not a cell's number. */
static inline bool
space_is_free(const struct space *space, enum space_dimension dimension)
{
	return dimension == SPACE_HEADER ||
	       (dimension == SPACE_PATH && space->paths_are_free) ||
	       (dimension == SPACE_TYPE && space->types_are_free);
}

/* The set of the cells of one dimension that `has` says. */
uint32_t space_cells(struct space *space, enum space_dimension dimension,
    diagram_has_fn has, const void *context);

/* The set of one cell. */
uint32_t space_one_cell(
    struct space *space, enum space_dimension dimension, size_t cell);

/*
 * What one side of a rule of policy `which` covers, without regard to what is
 * behind its `except`.  Names are what its domains cover; without domains,
 * nothing.
 */
uint32_t space_sources(
    struct space *space, unsigned which, const struct policy_endpoint *from);
uint32_t space_addresses(struct space *space, unsigned which,
    const struct policy_rule *rule, const struct policy_endpoint *to);
uint32_t space_names(struct space *space, const struct policy_endpoint *to);

uint32_t space_services(
    struct space *space, const struct policy_services *services);
uint32_t space_rule_times(struct space *space, const struct policy_rule *rule);

/* All that a rule asks for of a request: scheme, method, path and so on. */
uint32_t space_rule_head(struct space *space, const struct policy_rule *rule);

/* Parts of it: what a CONNECT shows as well. */
uint32_t space_rule_users(struct space *space, const struct policy_rule *rule);
uint32_t space_rule_headers(
    struct space *space, const struct policy_rule *rule);

/* Requests of scheme https, if the space tells schemes apart. */
uint32_t space_https(struct space *space);

/* The partition that made the axis, or NULL; and the atom of a cell. */
const struct partition *space_partition(
    const struct space *space, enum space_dimension dimension);
size_t space_atom(
    const struct space *space, enum space_dimension dimension, size_t cell);

/* Sources and destinations by their zones in policy `which`. */
uint32_t space_from_zones(struct space *space, unsigned which, uint64_t zones);
uint32_t space_to_zones(struct space *space, unsigned which, uint64_t zones);

/* The gateway's own addresses in these zones; all of them. */
uint32_t space_own(struct space *space, unsigned which, uint64_t zones);
uint32_t space_self(struct space *space, enum space_dimension dimension);

/* The last cells of an axis are an atom each of the gateway's own. */
size_t space_self_first(
    const struct space *space, enum space_dimension dimension);

/* Cells of the services of one protocol: from *ret_first to before *ret_end. */
void space_protocol(const struct space *space, enum policy_protocol protocol,
    size_t *ret_first, size_t *ret_end);

uint32_t space_mode(struct space *space, enum space_mode mode);

/* What policy `which` intercepts and the proxy carries, or cannot carry. */
uint32_t space_intercepted(
    struct space *space, unsigned which, bool is_carried);

/* Packets to this listener of policy `which`, from the zones it serves. */
uint32_t space_listener(struct space *space, unsigned which, size_t listen);

/* What the proxy does not call, all of it (policy/own_listener). */
uint32_t space_own_listeners(struct space *space, unsigned which);

/* Nor that (policy/local). */
uint32_t space_unnamed_local(struct space *space, unsigned which);

/* Sources in base set, destinations in base set. */
uint32_t space_from_base(struct space *space, enum space_base base);
uint32_t space_to_base(struct space *space, enum space_base base);

/* A flow of the space; space_pick finds one of a set that is not empty. */
struct space_cell {
	size_t at[SPACE_DIMENSION_COUNT];
};
bool space_pick(
    const struct space *space, uint32_t set, struct space_cell *ret);
bool space_has(
    const struct space *space, uint32_t set, const struct space_cell *cell);

#endif
