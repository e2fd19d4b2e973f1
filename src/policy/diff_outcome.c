/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_outcome: how a class of flows fares, in the words that tell it
 * from how it fares under the other policy.
 */
#include "policy/diff_impl.h"

static void
say_target(const struct meaning_outcome *outcome, struct text *out)
{
	const struct policy_rule *rule = outcome->rule;
	const struct policy_service *ports = &rule->services.items[0];
	char text[ADDRESS_TEXT_BYTES];
	struct address_port at = {
		outcome->ipv6 ? rule->target6 : rule->target4, rule->target_port
	};

	if (rule->target_shift != 0)
		at.port = policy_target_port(rule, ports->first);
	text_addf(out, " to %s",
	    at.port != 0 ? address_port_format(at, text)
			 : address_format(at.address, text));
	if (rule->target_shift != 0 && ports->first != ports->last)
		text_addf(out, "-%u", policy_target_port(rule, ports->last));
}

static void
say_source(bool per_source, struct text *out)
{
	text_addz(out, per_source ? " per source" : "");
}

static char
unit_of(uint32_t seconds)
{
	if (seconds == 1)
		return 's';
	if (seconds == 60)
		return 'm';
	if (seconds == 3600)
		return 'h';
	return 'd';
}

static void
say_bandwidth(const struct policy_bandwidth *bandwidth, struct text *out)
{
	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++) {
		for (unsigned j = 0; j < POLICY_SCOPE_COUNT; j++) {
			if (bandwidth->rates[i][j] == 0)
				continue;
			text_addz(out, " bandwidth ");
			policy_bandwidth_add(bandwidth->rates[i][j], out);
			text_addf(out, " %s",
			    policy_direction_word((enum policy_direction)i));
			say_source(j == POLICY_SCOPE_SOURCE, out);
		}
	}
}

static void
say_quota(const struct policy_quota *quota, struct text *out)
{
	if (quota->bytes == 0)
		return;
	text_addz(out, " quota ");
	policy_quota_add(quota->bytes, out);
	text_addf(out, " per %s", policy_period_word(quota->period));
	say_source(quota->per_source, out);
}

static void
say_limits(const struct policy_rule *rule, struct text *out)
{
	if (rule->limit.count > 0) {
		text_addf(out, " limit %u/%c burst %u", rule->limit.count,
		    unit_of(rule->limit.seconds), rule->limit.burst);
		text_addz(out, policy_each_words(rule->limit.each));
	}
	if (rule->connections > 0) {
		text_addf(out, " connections %u", rule->connections);
		text_addz(out, policy_each_words(rule->connections_each));
	}
	say_bandwidth(&rule->bandwidth, out);
	say_quota(&rule->quota, out);
	if (rule->ban.count > 0) {
		text_addc(out, ' ');
		policy_ban_describe(&rule->ban, out);
	}
	if (!meaning_is_limited(rule))
		text_addz(out, rule->verdict == POLICY_VERDICT_ALLOW
				   ? " without limit"
				   : " without ban");
}

struct said_reports {
	struct text *out;
	bool any;
};

static void
say_report(void *context, const struct policy_rule *rule)
{
	struct said_reports *said = context;

	text_addf(
	    said->out, said->any ? ", %u" : " reported by %u", rule->line);
	said->any = true;
}

static void
say_reports(const struct meaning *meaning,
    const struct meaning_outcome *outcome, struct text *out)
{
	struct said_reports said = { out, false };

	meaning_outcome_reports(meaning, outcome, say_report, &said);
	if (!said.any)
		text_addz(out, " not reported");
}

/* With its servers where the other one has the same name. */
static void
say_parent(const struct policy_parent *parent,
    const struct policy_parent *other, struct text *out)
{
	if (parent == NULL) {
		text_addz(out, " without a parent");
		return;
	}
	text_addf(out, " via %.*s", STR_ARG(parent->name));
	if (other == NULL || !str_eq(parent->name, other->name))
		return;
	for (size_t i = 0; i < parent->server_count; i++)
		text_addf(out, "%s%.*s", i > 0 ? ", " : " = ",
		    STR_ARG(parent->servers[i].text));
}

/* What one outcome has that the other one has not. */
static void
say_rest(const struct meaning_outcome *outcome,
    const struct meaning_outcome *other, struct text *out)
{
	bool proxy = meaning_is_by_proxy(outcome);
	bool opened = outcome->carriage == MEANING_OPENED;
	bool hidden = outcome->carriage == MEANING_MASQUERADED;

	if (outcome->rule->publish)
		say_target(outcome, out);
	if (other->rule == NULL ||
	    outcome->rule->verdict != other->rule->verdict) {
		if (outcome->rule->parent != NULL)
			say_parent(outcome->rule->parent, NULL, out);
		return;
	}
	if (proxy != meaning_is_by_proxy(other))
		text_addz(out, proxy ? " by the proxy" : " by the firewall");
	if (opened != (other->carriage == MEANING_OPENED))
		text_addz(out, opened ? " opened" : " not opened");
	if (hidden != (other->carriage == MEANING_MASQUERADED))
		text_addz(out, hidden ? " masqueraded" : "");
	if (!policy_parent_same(outcome->rule->parent, other->rule->parent))
		say_parent(outcome->rule->parent, other->rule->parent, out);
	if (outcome->rule->log != other->rule->log)
		text_addz(out, outcome->rule->log ? " logged" : " not logged");
	/* Limits that are the same and differ in who shares them, too. */
	if (meaning_is_limited(outcome->rule) ||
	    meaning_is_limited(other->rule))
		say_limits(outcome->rule, out);
}

/* A rule of another file than the policy's own says which. */
static void
say_place(const struct policy *policy, const struct policy_rule *rule,
    struct text *out)
{
	const struct source *source = rule->place.source;

	if (rule->line == 0)
		text_addz(out, " (built in)");
	else if (source == NULL || source == &policy->source)
		text_addf(out, " (line %u)", rule->line);
	else
		text_addf(
		    out, " (%.*s line %u)", STR_ARG(source->name), rule->line);
}

void
diff_say_outcome(const struct meaning *meaning,
    const struct meaning_outcome *outcome, const struct meaning_outcome *other,
    struct text *out)
{
	static const char *const unruled[MEANING_CARRIAGE_COUNT] = {
		[MEANING_NEEDS_PROXY] = "needs the proxy",
		[MEANING_LISTENER] = "the proxy listens",
		[MEANING_UNSERVED] = "the proxy does not serve it",
		[MEANING_NO_ZONE] = "no zone",
	};

	text_addz(out, policy_verdict_word(meaning_verdict(outcome)));
	if (outcome->rule == NULL) {
		text_addf(out, " (%s)", unruled[outcome->carriage]);
	} else {
		say_rest(outcome, other, out);
		say_place(meaning->policy, outcome->rule, out);
	}
	if (memcmp(outcome->reports, other->reports,
		sizeof(outcome->reports)) != 0)
		say_reports(meaning, outcome, out);
}
