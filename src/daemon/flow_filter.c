/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/flow_filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

struct reading {
	const struct policy *policy;
	struct flow_filter *filter;
	struct text *why;
};

static bool
fail(struct reading *reading, const char *what, struct str word)
{
	text_addf(reading->why, "'%.*s' is no %s", STR_ARG(word), what);
	return false;
}

static bool
read_side(
    struct reading *reading, struct str word, struct flow_filter_side *ret)
{
	const char *why;

	if (policy_zone_find(reading->policy, word, &ret->zone))
		return true;
	ret->zone = ZONE_NONE;
	if (address_range_parse(word, &ret->range, &why) == 0)
		return true;
	return fail(reading, "zone, address, prefix or range", word);
}

static bool
read_from(struct reading *reading, struct str word)
{
	return read_side(reading, word, &reading->filter->from);
}

static bool
read_to(struct reading *reading, struct str word)
{
	return read_side(reading, word, &reading->filter->to);
}

static bool
read_port(struct reading *reading, struct str word)
{
	uint64_t port;

	if (str_number(word, UINT16_MAX, &port) < 0)
		return fail(reading, "port", word);
	reading->filter->has_port = true;
	reading->filter->port = (uint16_t)port;
	return true;
}

static bool
read_rule(struct reading *reading, struct str word)
{
	struct flow_filter *filter = reading->filter;
	uint64_t line;

	if (str_number(word, UINT32_MAX, &line) == 0 && line > 0) {
		filter->rule_line = (uint32_t)line;
		return true;
	}
	if (word.len == 0 || word.len > POLICY_RULE_NAME_MAX)
		return fail(reading, "line and no name of a rule", word);
	(void)snprintf(filter->rule_name, sizeof(filter->rule_name), "%.*s",
	    STR_ARG(word));
	return true;
}

static bool
read_by(struct reading *reading, struct str word)
{
	if (str_is(word, "firewall"))
		reading->filter->owner = FLOW_OWNER_FIREWALL;
	else if (str_is(word, "proxy"))
		reading->filter->owner = FLOW_OWNER_PROXY;
	else
		return fail(reading, "enforcer: firewall or proxy", word);
	return true;
}

static const struct {
	const char *word;
	bool (*read)(struct reading *, struct str);
} rows[] = {
	{ "from", read_from },
	{ "to", read_to },
	{ "port", read_port },
	{ "rule", read_rule },
	{ "by", read_by },
};

static bool
read_bare(struct reading *reading, struct str word)
{
	struct flow_filter *filter = reading->filter;
	enum policy_protocol protocol;

	if (policy_protocol_find(word, &protocol)) {
		filter->has_protocol = true;
		filter->protocol = policy_protocol_row(protocol)->number;
		return true;
	}
	filter->has_id = str_hex64(word, &filter->id) == 0;
	if (filter->has_id)
		return true;
	text_addf(reading->why,
	    "'%.*s' is not understood; a flow's 16 digits, a protocol, 'from', "
	    "'to', 'port', 'rule' or 'by' is",
	    STR_ARG(word));
	return false;
}

static bool
read_word(struct reading *reading, struct str *rest)
{
	struct str word = str_cut(rest, FLOW_FILTER_MARK);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_is(word, rows[i].word))
			continue;
		if (rest->at != NULL)
			return rows[i].read(
			    reading, str_cut(rest, FLOW_FILTER_MARK));
		text_addf(
		    reading->why, "nothing stands behind '%s'", rows[i].word);
		return false;
	}
	return read_bare(reading, word);
}

int
flow_filter_parse(struct str words, const struct policy *policy,
    struct flow_filter *ret, struct text *reterr_why)
{
	struct reading reading = { policy, ret, reterr_why };

	*ret = (struct flow_filter){ .is_any = words.len == 0,
		.from.zone = ZONE_NONE,
		.to.zone = ZONE_NONE };
	while (words.len > 0)
		if (!read_word(&reading, &words))
			return -EINVAL;
	return 0;
}

static bool
is_within(const struct flow_filter_side *side, struct address address)
{
	return side->range.first.family == ADDRESS_NONE ||
	       address_range_has(&side->range, address);
}

/* A published flow goes to both: to whom the client wrote, and to whom it
 * was sent. */
static bool
fits_sides(const struct flow_filter *filter,
    const struct conntrack_entry *entry, const struct flow *flow)
{
	return (filter->from.zone == ZONE_NONE ||
		   filter->from.zone == flow->from_zone) &&
	       (filter->to.zone == ZONE_NONE ||
		   filter->to.zone == flow->to_zone) &&
	       is_within(&filter->from, entry->original.source.address) &&
	       (is_within(&filter->to, entry->original.destination.address) ||
		   is_within(&filter->to, entry->reply.source.address));
}

static bool
fits_rule(
    const struct flow_filter *filter, const struct flow_judgement *judgement)
{
	const struct policy_rule *rule = judgement->answer.rule;

	if (filter->rule_line == 0 && filter->rule_name[0] == '\0')
		return true;
	if (rule == NULL)
		return false;
	return filter->rule_line != 0 ? rule->line == filter->rule_line
				      : str_is(rule->label, filter->rule_name);
}

static bool
fits_service(
    const struct flow_filter *filter, const struct conntrack_entry *entry)
{
	uint8_t protocol = entry->original.protocol;

	if (protocol == IPPROTO_ICMPV6)
		protocol = IPPROTO_ICMP;
	return (!filter->has_protocol || filter->protocol == protocol) &&
	       (!filter->has_port ||
		   filter->port == entry->original.destination.port);
}

bool
flow_filter_fits(const struct flow_filter *filter,
    const struct conntrack_entry *entry, const struct flow_judgement *judgement)
{
	return (!filter->has_id || filter->id == flows_id(entry)) &&
	       (filter->owner == FLOW_OWNER_NONE ||
		   filter->owner == judgement->owner) &&
	       fits_service(filter, entry) &&
	       fits_sides(filter, entry, &judgement->flow) &&
	       fits_rule(filter, judgement);
}
