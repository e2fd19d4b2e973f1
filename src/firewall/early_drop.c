/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_drop.h"

#include "firewall/early_program.h"
#include "firewall/early_table.h"
#include "firewall/links.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static_assert(EARLY_DROP_PORTS_MAX <= EARLY_DEVICES_MAX,
    "each has a place in the program");

void
early_drop_init(struct early_drop *early, enum early_mode mode)
{
	*early = (struct early_drop){ .mode = mode };
}

/* ---- interfaces ---- */

static void
detach_all(struct early_drop *early)
{
	for (size_t i = 0; i < early->port_count; i++)
		early_port_detach(&early->ports[i]);
}

void
early_drop_fini(struct early_drop *early)
{
	detach_all(early);
	early_program_free(early->program);
	early_drop_init(early, early->mode);
}

void
early_drop_look(struct early_drop *early, struct text *words)
{
	struct host_links links;

	if (early->program == NULL)
		return;
	int rc = links_read(&links);
	for (size_t i = 0; rc == 0 && i < early->port_count; i++) {
		struct early_port *port = &early->ports[i];
		if (early_port_look(
			port, early->program, early->mode, &links, words))
			text_addf(words,
			    "early drop: %s: on%s, %zu ranges of addresses\n",
			    port->name,
			    port->is_generic ? ", behind the driver" : "",
			    early->range_count);
	}
	links_fini(&links);
}

/* ---- another plan ---- */

static void
add_row_counts(const struct early_drop *early, size_t row, uint64_t *packets,
    uint64_t *bytes)
{
	uint64_t now_packets = 0, now_bytes = 0;

	if (early->program != NULL)
		(void)early_program_count(
		    early->program, (uint32_t)row, &now_packets, &now_bytes);
	*packets = early->kept[row].packets + now_packets;
	*bytes = early->kept[row].bytes + now_bytes;
}

/* The program goes, what it counted stays. */
static void
keep_counts(struct early_drop *early)
{
	for (size_t i = 0; i < early->row_count; i++)
		add_row_counts(
		    early, i, &early->kept[i].packets, &early->kept[i].bytes);
}

static bool
has_rows_of(const struct early_drop *early, const struct early_plan *plan)
{
	if (early->row_count != plan->row_count)
		return false;
	for (size_t i = 0; i < plan->row_count; i++)
		if (early->kept[i].rule != plan->rows[i].rule)
			return false;
	return true;
}

static void
begin_rows(struct early_drop *early, const struct early_plan *plan)
{
	early->row_count = plan->row_count;
	for (size_t i = 0; i < plan->row_count; i++)
		early->kept[i] =
		    (struct early_kept){ .rule = plan->rows[i].rule };
}

/* The interfaces of the zone without prefixes; those that stay keep theirs. */
static void
set_ports(struct early_drop *early, const struct policy *policy)
{
	static const struct policy_zone none;
	const struct policy_zone *zone =
	    policy->elsewhere == ZONE_NONE ? &none
					   : &policy->zones[policy->elsewhere];
	struct early_port old[EARLY_DROP_PORTS_MAX];
	size_t old_count = early->port_count;

	memcpy(old, early->ports, sizeof(old));
	early->port_count = 0;
	for (size_t i = 0; i < zone->interface_count &&
			   early->port_count < EARLY_DROP_PORTS_MAX;
	     i++) {
		struct early_port port = { .fd = -1 };
		(void)snprintf(port.name, sizeof(port.name), "%.*s",
		    STR_ARG(zone->interfaces[i]));
		for (size_t j = 0; j < old_count; j++) {
			if (strcmp(old[j].name, port.name) != 0)
				continue;
			port = old[j];
			old[j].fd = -1;
		}
		early->ports[early->port_count++] = port;
	}
	for (size_t i = 0; i < old_count; i++)
		early_port_detach(&old[i]);
}

__attribute__((format(printf, 2, 3))) static void
set_why(struct early_drop *early, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(early->why, sizeof(early->why), format, args);
	va_end(args);
}

/* Whether there is anything for a program to do; else `why` says it. */
static bool
is_wanted(struct early_drop *early, const struct policy *policy,
    const struct early_plan *plan)
{
	if (early->mode == EARLY_OFF)
		set_why(early, "it is told to be off");
	else if (policy->elsewhere == ZONE_NONE || early->port_count == 0)
		set_why(early, "no zone without prefixes has an interface");
	else if (plan->row_count == 0)
		set_why(early, "the list does not begin with a drop of "
			       "addresses without a condition or a log");
	else if (plan->range_count == 0)
		set_why(early, "its lists hold no address from elsewhere");
	else if (early->mode == EARLY_AUTO &&
		 plan->range_count < EARLY_DROP_RANGES_MIN)
		set_why(early, "its lists have %zu ranges; it pays from %d on",
		    plan->range_count, EARLY_DROP_RANGES_MIN);
	else
		set_why(early, "%s", "");
	return early->why[0] == '\0';
}

static struct early_program *
load(struct early_drop *early, const struct early_plan *plan, bool again,
    struct text *words)
{
	struct early_program *program = NULL;
	struct early_table table;
	struct text why = TEXT_EMPTY;
	int rc = early_table_fill(plan, &table);

	if (rc == -E2BIG)
		text_addz(&why, "the lists are longer than it can hold");
	if (rc == 0)
		rc = early_program_load(
		    &table, again ? early->program : NULL, &program, &why);
	if (rc < 0) {
		set_why(early, "%s", why.len > 0 ? why.at : strerror(-rc));
		/* A build without it is one only where it was asked for. */
		if (rc != -ENOSYS || early->mode == EARLY_ON)
			text_addf(words,
			    "early drop: %s; nftables refuses alone\n",
			    early->why);
	}
	text_fini(&why);
	early_table_fini(&table);
	return program;
}

/* Who cannot follow is attached anew. */
static void
exchange(struct early_drop *early, struct early_program *program)
{
	for (size_t i = 0; i < early->port_count; i++)
		early_port_follow(&early->ports[i], program);
	early_program_free(early->program);
	early->program = program;
}

void
early_drop_set(struct early_drop *early, const struct policy *policy,
    const struct early_plan *plan, bool again, struct text *words)
{
	struct early_program *program = NULL;

	again = again && has_rows_of(early, plan);
	set_ports(early, policy);
	if (is_wanted(early, policy, plan))
		program = load(early, plan, again, words);
	early->range_count = plan->range_count;
	if (program == NULL) {
		detach_all(early);
		keep_counts(early);
		early_program_free(early->program);
		early->program = NULL;
	}
	if (!again)
		begin_rows(early, plan);
	if (program != NULL)
		exchange(early, program);
	early_drop_look(early, words);
}

/* ---- telling ---- */

void
early_drop_counted(const struct early_drop *early, size_t rule,
    uint64_t *ret_packets, uint64_t *ret_bytes)
{
	*ret_packets = *ret_bytes = 0;
	for (size_t i = 0; i < early->row_count; i++)
		if (early->kept[i].rule == rule)
			add_row_counts(early, i, ret_packets, ret_bytes);
}

void
early_drop_json(const struct early_drop *early, struct json *json)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < early->row_count; i++) {
		uint64_t row_packets, bytes;
		add_row_counts(early, i, &row_packets, &bytes);
		packets += row_packets;
	}
	json_object_begin(json);
	json_name(json, "mode");
	json_put_stringz(json, early_mode_word(early->mode));
	json_name(json, "active");
	json_put_bool(json, early->program != NULL);
	json_name(json, "why");
	json_put_stringz(json, early->why[0] != '\0' ? early->why : NULL);
	json_name(json, "ranges");
	json_put_integer(json, (int64_t)early->range_count);
	json_name(json, "packets");
	json_put_integer(json, (int64_t)packets);
	json_name(json, "interfaces");
	json_array_begin(json);
	for (size_t i = 0; early->program != NULL && i < early->port_count; i++)
		early_port_json(&early->ports[i], json);
	json_array_end(json);
	json_object_end(json);
}
