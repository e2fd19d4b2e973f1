/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_drop.h"

#include "firewall/early_bans.h"
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

/* With what the program has counted since. */
static struct early_kept
count_row(const struct early_drop *early, size_t row)
{
	struct early_kept kept =
	    row == EARLY_ROW_BANS ? early->kept_of_bans : early->kept[row];
	uint64_t packets = 0, bytes = 0;

	if (early->program != NULL)
		(void)early_program_count(
		    early->program, (uint32_t)row, &packets, &bytes);
	kept.packets += packets;
	kept.bytes += bytes;
	return kept;
}

/* The program goes, what it counted stays. */
static void
keep_counts(struct early_drop *early)
{
	for (size_t i = 0; i < early->row_count; i++)
		early->kept[i] = count_row(early, i);
	early->kept_of_bans = count_row(early, EARLY_ROW_BANS);
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

/* `of_bans`: what these are counted from; the rows begin at nothing. */
static void
begin_rows(struct early_drop *early, const struct early_plan *plan,
    struct early_kept of_bans)
{
	early->kept_of_bans = of_bans;
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

static bool
is_enough(enum early_mode mode, size_t count)
{
	return count >= (mode == EARLY_AUTO ? EARLY_DROP_RANGES_MIN : 1);
}

static void
say_short(struct early_drop *early, const struct early_plan *plan,
    const struct bans *bans)
{
	early->is_short = true;
	if (plan->row_count == 0 && bans->count == 0)
		set_why(early, "the list does not begin with a drop of "
			       "addresses without a condition or a log, and "
			       "nobody is banned");
	else if (plan->range_count + bans->count == 0)
		set_why(early, "its lists hold no address from elsewhere, and "
			       "nobody is banned");
	else
		set_why(early,
		    "its lists and the bans have %zu ranges; it pays from %d "
		    "on",
		    plan->range_count + bans->count, EARLY_DROP_RANGES_MIN);
}

/* Whether there is anything for a program to do; else `why` says it. */
static bool
is_wanted(struct early_drop *early, const struct policy *policy,
    const struct early_plan *plan, const struct bans *bans)
{
	early->is_short = false;
	if (early->mode == EARLY_OFF)
		set_why(early, "it is told to be off");
	else if (policy->elsewhere == ZONE_NONE || early->port_count == 0)
		set_why(early, "no zone without prefixes has an interface");
	else if (is_enough(early->mode, plan->range_count + bans->count))
		set_why(early, "%s", "");
	else
		say_short(early, plan, bans);
	return early->why[0] == '\0';
}

static struct early_program *
load(struct early_drop *early, const struct early_plan *plan,
    const struct bans *bans, bool again, struct text *words)
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
	if (rc == 0)
		rc = early_bans_fill(program, bans);
	if (rc < 0) {
		set_why(early, "%s", why.len > 0 ? why.at : strerror(-rc));
		/* A build without it is one only where it was asked for. */
		if (rc != -ENOSYS || early->mode == EARLY_ON)
			text_addf(words,
			    "early drop: %s; nftables refuses alone\n",
			    early->why);
	}
	if (rc < 0) {
		early_program_free(program);
		program = NULL;
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
    const struct early_plan *plan, const struct bans *bans, bool again,
    struct text *words)
{
	struct early_kept of_bans = { .packets = 0 };
	struct early_program *program = NULL;

	if (again && !has_rows_of(early, plan))
		of_bans = count_row(early, EARLY_ROW_BANS);
	again = again && has_rows_of(early, plan);
	set_ports(early, policy);
	if (is_wanted(early, policy, plan, bans))
		program = load(early, plan, bans, again, words);
	early->range_count = plan->range_count;
	early->ban_count = bans->count;
	if (program == NULL) {
		detach_all(early);
		keep_counts(early);
		early_program_free(early->program);
		early->program = NULL;
	}
	if (!again)
		begin_rows(early, plan, of_bans);
	if (program != NULL)
		exchange(early, program);
	early_drop_look(early, words);
}

/* Where the program cannot follow, the ruleset goes on alone. */
static void
give_up(struct early_drop *early, int rc, struct text *words)
{
	set_why(early, "it does not take the bans: %s", strerror(-rc));
	text_addf(
	    words, "early drop: %s; nftables refuses alone\n", early->why);
	detach_all(early);
	keep_counts(early);
	early_program_free(early->program);
	early->program = NULL;
}

bool
early_drop_see_ban(struct early_drop *early, const struct bans *bans,
    const struct address_range *range, struct text *words)
{
	early->ban_count = bans->count;
	if (early->program == NULL)
		return early->is_short &&
		       is_enough(early->mode, early->range_count + bans->count);
	int rc = early_bans_follow(early->program, bans, range);
	if (rc < 0)
		give_up(early, rc, words);
	return false;
}

/* ---- telling ---- */

void
early_drop_counted(const struct early_drop *early, size_t rule,
    uint64_t *ret_packets, uint64_t *ret_bytes)
{
	*ret_packets = *ret_bytes = 0;
	for (size_t i = 0; i < early->row_count; i++) {
		if (early->kept[i].rule != rule)
			continue;
		struct early_kept counted = count_row(early, i);
		*ret_packets = counted.packets;
		*ret_bytes = counted.bytes;
	}
}

uint64_t
early_drop_banned(const struct early_drop *early)
{
	return count_row(early, EARLY_ROW_BANS).packets;
}

void
early_drop_json(const struct early_drop *early, struct json *json)
{
	uint64_t packets = early_drop_banned(early);

	for (size_t i = 0; i < early->row_count; i++)
		packets += count_row(early, i).packets;
	json_object_begin(json);
	json_name(json, "mode");
	json_put_stringz(json, early_mode_word(early->mode));
	json_name(json, "active");
	json_put_bool(json, early->program != NULL);
	json_name(json, "why");
	json_put_stringz(json, early->why[0] != '\0' ? early->why : NULL);
	json_name(json, "ranges");
	json_put_integer(json, (int64_t)early->range_count);
	json_name(json, "bans");
	json_put_integer(json, (int64_t)early->ban_count);
	json_name(json, "packets");
	json_put_integer(json, (int64_t)packets);
	json_name(json, "interfaces");
	json_array_begin(json);
	for (size_t i = 0; early->program != NULL && i < early->port_count; i++)
		early_port_json(&early->ports[i], json);
	json_array_end(json);
	json_object_end(json);
}
