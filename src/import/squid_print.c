/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid_print: the policy that a squid.conf comes to.
 */
#include "import/squid_impl.h"

#include "import/line.h"
#include "import/zones.h"

#define DEFAULT_PORT "3128"

/* What squid has without a word of it. */
#define SQUID_MEMORY       " memory 256M"
#define SQUID_MEMORY_BYTES ((uint64_t)256 << 20)

/* Names of zones in which somebody may ask. */
static void
print_zone_names(const struct squid *squid, struct text *out)
{
	const struct import_ruleset *rules = squid->rules;
	size_t count = 0;

	for (size_t i = 0; i < rules->zone_count; i++)
		if (!rules->zones[i].elsewhere || rules->zone_count == 1)
			text_addf(out, "%s %.*s", count++ > 0 ? "," : "",
			    STR_ARG(rules->zones[i].name));
}

static void
print_listeners(struct squid *squid, struct text *out)
{
	for (size_t i = 0; i < squid->listens.count; i++) {
		struct squid_listen *listen = &squid->listens.items[i];
		listen->line->shown = false;
		text_addz(out, "    ");
		import_line_print(listen->line, NULL, out);
		if (listen->intercepts)
			text_addz(out, "    intercept http for");
		else
			text_addf(out, "    listen %.*s for",
			    STR_ARG(listen->address));
		print_zone_names(squid, out);
		text_addz(out, listen->keeps_source ? " keep source\n" : "\n");
	}
	/* Of a port that has no word, nobody is heard anywhere else. */
	if (squid->listens.count == 0 && !squid->has_port) {
		text_addz(out, "    listen 0.0.0.0:" DEFAULT_PORT " for");
		print_zone_names(squid, out);
		text_addc(out, '\n');
	}
}

static void
print_proxy(struct squid *squid, struct text *out)
{
	text_addz(out, "proxy {\n");
	print_listeners(squid, out);
	if (squid->cache.len > 0 && !squid->cache_refused) {
		text_addf(out, "    cache%s%.*s",
		    squid->cache_memory ? "" : SQUID_MEMORY ",",
		    STR_ARG(text_str(&squid->cache)));
		if (squid->object_size > 0)
			text_addf(out, ", object %llu%c",
			    (unsigned long long)squid->object_size,
			    squid->object_unit);
		text_addc(out, '\n');
	}
	text_addf(out, "    tell %s\n}\n",
	    squid->tell_client
		? squid->tell_gateway ? "client, gateway" : "client"
	    : squid->tell_gateway ? "gateway"
				  : "nothing");
	if (squid->parents.len > 0 && squid->only_parents)
		text_addf(out, "\nparent peers =%.*s\n",
		    STR_ARG(text_str(&squid->parents)));
}

/* What stands elsewhere or nowhere, in the order of the file. */
static void
print_lines(struct squid *squid, struct text *out)
{
	for (size_t i = 0; i < squid->rules->lines.count; i++)
		if (!squid->rules->lines.items[i]->shown)
			import_line_print(
			    squid->rules->lines.items[i], NULL, out);
}

/* What several lines say together. */
static void
settle(struct squid *squid)
{
	uint64_t most =
	    squid->cache_memory ? squid->memory_bytes : SQUID_MEMORY_BYTES;

	if (most < squid->disk_bytes)
		most = squid->disk_bytes;
	if (squid->object_size > 0 && squid->object_bytes > most) {
		squid->object_line->why =
		    "no object is larger than what holds it";
		squid->object_size = 0;
	}
	for (size_t i = 0; i < squid->peers.count && !squid->only_parents; i++)
		if (squid->peers.items[i]->why == NULL)
			squid->peers.items[i]->why =
			    "a parent is asked for all (never_direct), or say "
			    "`via`";
}

void
squid_print(struct squid *squid, struct text *out)
{
	struct text rules = TEXT_EMPTY;

	settle(squid);
	/* The rules first: they tell which hours there are. */
	squid_access_print(squid, &rules);
	text_addz(out,
	    "# Written by `gatehouse import`.  Above each rule stands the line "
	    "that it comes\n# from; what has no rule here says why.\n#\n"
	    "# squid says nothing of what is no request to it: nothing else "
	    "passes, ssh to\n# this machine neither.  Add what is to be "
	    "allowed "
	    "before you apply it.\n\n");
	import_zones_print(squid->rules, out);
	text_addc(out, '\n');
	print_lines(squid, out);
	text_addc(out, '\n');
	squid_names_print(squid, out);
	for (size_t i = 0; i < squid->rules->hours_count; i++)
		text_addf(out, "hours %.*s = %.*s\n",
		    STR_ARG(squid->rules->hours[i].name),
		    STR_ARG(squid->rules->hours[i].spans));
	text_addc(out, '\n');
	print_proxy(squid, out);
	text_addz(out, "\n\n# Who may ask for what.\n\n");
	text_add(out, text_str(&rules));
	if (rules.full)
		out->full = true;
	text_fini(&rules);
}
