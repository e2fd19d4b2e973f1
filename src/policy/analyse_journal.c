/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_journal.h"

#include "policy/evaluate.h"

static bool
is_loopback(struct address address)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return address.family == ADDRESS_IPV4
		   ? address.bytes[0] == 127
		   : memcmp(address.bytes, loopback6, sizeof(loopback6)) == 0;
}

/* Which of the gateway's addresses it comes from is not known here, nor when:
 * what hangs on that is not warned of. */
static bool
is_refused(
    const struct policy *policy, const struct policy_journal_output *output)
{
	struct flow flow = {
		.way = FLOW_PLAIN,
		.last = POLICY_PHASE_PACKET,
		.from_zone = ZONE_SELF,
		.to_zone = policy_zone_of(policy, output->at.address),
		.own_zone = ZONE_NONE,
		.destination = output->at.address,
		.protocol = output->kind == POLICY_JOURNAL_SYSLOG_UDP
				? POLICY_PROTOCOL_UDP
				: POLICY_PROTOCOL_TCP,
		.port = output->at.port,
	};

	flow.known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
	flow.known[POLICY_FACT_SERVICE] = FLOW_KNOWN;
	enum policy_verdict verdict = policy_decide(policy, &flow).verdict;
	return verdict == POLICY_VERDICT_REJECT ||
	       verdict == POLICY_VERDICT_DROP;
}

static void
warn(const struct policy_journal_output *output, struct report *report)
{
	char server[ADDRESS_TEXT_BYTES], at[ADDRESS_TEXT_BYTES];
	bool udp = output->kind == POLICY_JOURNAL_SYSLOG_UDP;

	report_warning(report, "unsent", output->place,
	    "what the firewall tells does not reach %s: no rule allows it",
	    address_port_format(output->at, server));
	report_hint(report, "allow self -> %s %s %u",
	    address_format(output->at.address, at), udp ? "udp" : "tcp",
	    output->at.port);
}

void
analyse_journal(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->journal.count; i++) {
		const struct policy_journal_output *output =
		    &policy->journal.outputs[i];
		if (policy_journal_is_server(output->kind) &&
		    !is_loopback(output->at.address) &&
		    is_refused(policy, output))
			warn(output, report);
	}
}
