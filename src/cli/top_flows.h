/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_flows: the living flows, and how fast each is.
 *
 * They come line by line while the ones before are still shown; when all have
 * come they take their place, and what a flow has moved since then is its
 * rate.
 */
#ifndef GATEHOUSE_CLI_TOP_FLOWS_H
#define GATEHOUSE_CLI_TOP_FLOWS_H

#include "base/arena.h"
#include "cli/top_table.h"

/* More are counted, and not shown: nobody looks through them. */
#define TOP_FLOWS_MAX 200000

struct top_flow {
	uint64_t id;
	struct str name; /* its id, 16 digits */
	struct str from, to, protocol, rule, by;
	struct str source; /* the address alone */
	struct str asked;  /* as `explain` takes it; len 0: it cannot be */
	int64_t in, out;   /* bytes from and to the client; -1: not known */
	int64_t in_rate, out_rate; /* a second; -1: not known yet */
	int64_t age_ms;            /* -1: older than the gateway */
	bool is_lookup;            /* the gateway itself asks a name server */
};

struct top_flow_list {
	struct arena arena;
	struct {
		struct top_flow *items;
		size_t count, room;
	} flows;
	size_t left_out;
	int64_t begun; /* clock_now */
};

struct top_flows {
	struct top_flow_list now, next;
};

extern const struct top_kind top_flows_kind;

void top_flows_init(struct top_flows *flows);
void top_flows_fini(struct top_flows *flows);

/* The first line is asked for now; what had come of others is thrown away. */
void top_flows_begin(struct top_flows *flows, int64_t now);

/* A line of the gateway's list.  Others are passed over. */
void top_flows_add(struct top_flows *flows, struct str line);

/* That were all of them. */
void top_flows_commit(struct top_flows *flows);

#endif
