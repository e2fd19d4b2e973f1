/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_impl.h"

#include "base/utf8.h"
#include "firewall/compile_aside.h"
#include "firewall/compile_bandwidth.h"
#include "firewall/compile_learned.h"
#include "firewall/compile_map.h"
#include "firewall/compile_refused.h"
#include "firewall/compile_settings.h"
#include "firewall/compile_shared.h"
#include "firewall/names.h"

#include <errno.h>
#include <inttypes.h>

#define SCRATCH_BYTES_MAX ((size_t)64 << 20)

/* What the kernel keeps of a comment, without its NUL. */
#define COMMENT_BYTES_MAX 120

/* One row a counter that belongs to no rule. */
static const struct {
	const char *name;
	const char *meaning;
} own_counters[] = {
	{ "ended", "packets of flows that were ended" },
	{ "ban", "packets from or to what is banned" },
	{ "forwarded.in", "packets from clients that were passed on" },
	{ "forwarded.out", "packets to clients that were passed on" },
	{ "handover", "flows handed to the proxy" },
	{ "handover.lost", "packets dropped because the proxy was not there" },
	{ "invalid", "packets that belong to no connection" },
	{ "limited", "flows beyond a rule's limit" },
	{ "misrouted", "packets that would have left by a foreign interface" },
	{ "needs.proxy", "intercepted flows that the proxy cannot carry" },
	{ "no.zone", "packets of an interface that is in no zone" },
	{ "spoofed", "packets whose source does not live there" },
};

/* Quotes end a comment of nftables and have no escape. */
static void
add_comment(struct text *out, struct str comment)
{
	bool cut = comment.len > COMMENT_BYTES_MAX;

	if (cut) {
		comment.len = COMMENT_BYTES_MAX - 3;
		/* Not within a character: the bytes behind its first. */
		while (comment.len > 0 &&
		       ((uint8_t)comment.at[comment.len] & 0xc0) == 0x80)
			comment.len--;
	}
	text_addz(out, "comment \"");
	for (size_t i = 0; i < comment.len; i++) {
		if (comment.at[i] == '"')
			text_addc(out, '\'');
		else
			text_addc(out, comment.at[i]);
	}
	text_addz(out, cut ? "...\"" : "\"");
}

static void
write_counter(struct compiler *compiler, const char *name, struct str meaning)
{
	const struct firewall_host *host = compiler->host;
	struct text *out = compiler->out;
	uint64_t packets, bytes;

	text_addf(out, "\tcounter %s {\n\t\t", name);
	add_comment(out, meaning);
	if (host->counted != NULL &&
	    host->counted(host->counted_context, name, &packets, &bytes))
		text_addf(out, "\n\t\tpackets %" PRIu64 " bytes %" PRIu64,
		    packets, bytes);
	text_addz(out, "\n\t}\n");
}

static void
write_counters(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	char name[FIREWALL_COUNTER_BYTES];

	text_addc(compiler->out, '\n');
	for (size_t i = 0; i < policy->rule_count; i++) {
		firewall_counter_name(&policy->rules[i], name);
		write_counter(compiler, name, policy->rules[i].text);
	}
	for (size_t i = 0; i < sizeof(own_counters) / sizeof(own_counters[0]);
	     i++)
		write_counter(compiler, own_counters[i].name,
		    str_of(own_counters[i].meaning));
	if (policy->bandwidth_count > 0)
		write_counter(compiler, "bandwidth",
		    STR("packets beyond a rule's bandwidth"));
}

static void
write_families(struct compiler *compiler, const char *kind, struct str name,
    const struct address_set *set)
{
	if (compile_has_family(set, ADDRESS_IPV4))
		compile_set(compiler, kind, name, ADDRESS_IPV4, set);
	if (compiler->host->ipv6 && compile_has_family(set, ADDRESS_IPV6))
		compile_set(compiler, kind, name, ADDRESS_IPV6, set);
}

/* The gateway's own addresses in a zone, both families always. */
static void
write_own(struct compiler *compiler, uint8_t zone)
{
	struct str name = policy_zone_name(compiler->policy, zone);
	struct address_set own = { 0 };

	for (size_t i = 0; i < compiler->host->own_count; i++) {
		const struct firewall_own *one = &compiler->host->own[i];
		struct address_range range = { one->address, one->address };
		if (one->zone == zone && address_set_add(&own, &range) < 0)
			compiler->rc = -ENOMEM;
	}
	address_set_freeze(&own);
	compile_set(compiler, "own", name, ADDRESS_IPV4, &own);
	if (compiler->host->ipv6)
		compile_set(compiler, "own", name, ADDRESS_IPV6, &own);
	address_set_fini(&own);
}

static size_t
count_family(const struct address_set *set, uint8_t family)
{
	return family == ADDRESS_IPV4 ? set->v4.count : set->v6.count;
}

/* What nobody could read is not printed either. */
static void
write_long_set(
    struct compiler *compiler, const struct policy_group *group, uint8_t family)
{
	size_t count = count_family(&group->addresses, family);
	size_t shown_max = compiler->host->shown_ranges_max;
	char name[FIREWALL_SET_NAME_BYTES];

	if (shown_max == 0 || count <= shown_max) {
		compile_set(compiler, group->is_list ? "list" : "name",
		    group->name, family, &group->addresses);
		return;
	}
	firewall_group_set_name(group, family, name);
	compile_set_begin(compiler->out, name, family);
	text_addf(
	    compiler->out, "\t\t# %zu ranges, not shown here\n\t}\n", count);
}

static void
write_group(struct compiler *compiler, const struct policy_group *group)
{
	const struct address_set *set = &group->addresses;

	if (!firewall_group_is_long(group)) {
		write_families(compiler, "name", group->name, set);
		return;
	}
	if (compiler->host->loaded_set != NULL)
		return;
	if (compile_has_family(set, ADDRESS_IPV4))
		write_long_set(compiler, group, ADDRESS_IPV4);
	if (compiler->host->ipv6 && compile_has_family(set, ADDRESS_IPV6))
		write_long_set(compiler, group, ADDRESS_IPV6);
}

static uint64_t
published_zones(const struct policy *policy)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		zones |= policy->rules[i].to.own;
	return zones;
}

static void
write_sets(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	uint64_t published = published_zones(policy);

	text_addc(compiler->out, '\n');
	write_families(compiler, "local", STR(""), &compiler->local_scope);
	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		write_families(compiler, "zone", policy->zones[zone].name,
		    &policy->zones[zone].prefixes);
		if ((published & policy_zone_bit(zone)) != 0)
			write_own(compiler, zone);
	}
	compile_map_sets(compiler);
	for (size_t i = 0; i < policy->group_count; i++)
		if (policy->groups[i]->used)
			write_group(compiler, policy->groups[i]);
	compile_learned_sets(compiler);
}

/* What base/address calls local scope, as a set. */
static int
fill_local_scope(struct address_set *set)
{
	static const char *const ranges[] = { "0.0.0.0/8", "127.0.0.0/8",
		"169.254.0.0/16", "224.0.0.0/4", "255.255.255.255", "::/127",
		"fe80::/10", "ff00::/8" };
	struct address_range range;
	const char *why;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(ranges) / sizeof(ranges[0]);
	     i++) {
		rc = address_range_parse(str_of(ranges[i]), &range, &why);
		if (rc == 0)
			rc = address_set_add(set, &range);
	}
	address_set_freeze(set);
	return rc;
}

static int
fill_zoned(const struct policy *policy, struct address_set *set)
{
	int rc = 0;

	for (uint8_t zone = 0; rc == 0 && zone < policy->zone_count; zone++)
		rc = address_set_add_all(set, &policy->zones[zone].prefixes);
	address_set_freeze(set);
	return rc;
}

static void
write_head(struct compiler *compiler)
{
	struct text *out = compiler->out;

	text_addz(out, "# The packet phase of ");
	/* A file's name may hold anything, a line's end too. */
	utf8_show(out, compiler->policy->source.name);
	text_addz(out,
	    ", written by gatehouse.\n"
	    "# Nothing is lost by reading it; everything by editing it: the "
	    "next apply\n# replaces the whole table.\n");
	if (policy_asks(compiler->policy, POLICY_FACT_TIME))
		text_addz(out,
		    "# Days and hours are UTC: list it with TZ=UTC nft.\n");
	text_addz(out, "\ntable " FIREWALL_TABLE " {\n");
}

int
firewall_compile(const struct policy *policy, const struct firewall_host *host,
    struct text *ret)
{
	struct compiler compiler = {
		.policy = policy,
		.host = host,
		.out = ret,
	};

	compiler.shared = compile_shared_create(policy);
	if (compiler.shared == NULL)
		return -ENOMEM;
	arena_init(&compiler.scratch, SCRATCH_BYTES_MAX);
	compiler.rc = fill_local_scope(&compiler.local_scope);
	if (fill_zoned(policy, &compiler.zoned) < 0)
		compiler.rc = -ENOMEM;
	write_head(&compiler);
	write_counters(&compiler);
	write_sets(&compiler);
	compile_ban_sets(&compiler);
	compile_refused_objects(&compiler);
	compile_helper_objects(&compiler);
	compile_limit_objects(&compiler);
	compile_bandwidth_objects(&compiler);
	compile_base(&compiler);
	compile_nat(&compiler);
	compile_entry(&compiler);
	compile_shared_write(&compiler);
	text_addz(ret, "}\n");
	if (compiler.scratch.full || ret->full)
		compiler.rc = -ENOMEM;
	address_set_fini(&compiler.local_scope);
	address_set_fini(&compiler.zoned);
	arena_fini(&compiler.scratch);
	compile_shared_destroy(compiler.shared);
	return compiler.rc;
}
