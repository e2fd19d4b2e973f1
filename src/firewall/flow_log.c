/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/flow_log.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "event/counter.h"
#include "event/event.h"
#include "firewall/names.h"
#include "firewall/netlink.h"
#include "firewall/packet.h"

/* About 8,000 ends, each of which takes a kilobyte of it. */
#define QUEUE_BYTES (8 << 20)

/* A message is one end; see flow_log_read. */
#define MESSAGES_PER_READ_MAX 10000

#define REASON_ENDED "the flow has ended"

struct flow_log {
	struct netlink netlink;
	const struct flows_court *court; /* of this read */
	int told;                        /* in this read */
	bool lost;
};

bool
flow_log_is_wanted(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->verdict == POLICY_VERDICT_ALLOW && rule->log &&
		    !rule->report)
			return true;
	}
	return false;
}

int
flow_log_open(struct flow_log **ret, struct text *reterr_why)
{
	struct flow_log *log = calloc(1, sizeof(*log));
	int group = NFNLGRP_CONNTRACK_DESTROY;
	int rc = log == NULL ? -ENOMEM
			     : netlink_open(&log->netlink, NETLINK_NETFILTER);

	if (rc == 0) {
		netlink_enlarge_queue(&log->netlink, QUEUE_BYTES);
		if (mnl_socket_setsockopt(log->netlink.socket,
			NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			rc = -errno;
	}
	if (rc < 0) {
		text_addf(reterr_why, "the ends of flows cannot be read: %s",
		    strerror(-rc));
		flow_log_close(log);
		return rc;
	}
	*ret = log;
	return 0;
}

void
flow_log_close(struct flow_log *log)
{
	if (log == NULL)
		return;
	netlink_close(&log->netlink);
	free(log);
}

int
flow_log_fd(const struct flow_log *log)
{
	return mnl_socket_get_fd(log->netlink.socket);
}

static void
measure(const struct conntrack_entry *entry, struct event *event)
{
	int64_t end = entry->ended != 0 ? entry->ended : clock_wall();

	event->counted = entry->is_counted;
	event->packets_in = entry->packets_in;
	event->packets_out = entry->packets_out;
	event->measured = entry->is_counted && entry->began != 0;
	event->bytes_in = entry->bytes_in;
	event->bytes_out = entry->bytes_out;
	event->duration = end > entry->began ? end - entry->began : 0;
}

/* What may not go on though its rule allows it gets an answer. */
static const char *
verdict_word(const struct flow_judgement *judgement)
{
	enum policy_verdict verdict = judgement->answer.verdict;

	if (judgement->forbidden && verdict != POLICY_VERDICT_DROP)
		verdict = POLICY_VERDICT_REJECT;
	return policy_verdict_word(verdict);
}

void
flow_log_tell(const struct flows_court *court,
    const struct conntrack_entry *entry, const struct flow_judgement *judgement,
    const char *reason)
{
	const struct policy_rule *rule = judgement->answer.rule;
	char room[PACKET_PROTOCOL_BYTES];
	struct event event = {
		.kind = EVENT_KIND_FLOW,
		.flow = flows_id(entry),
		.enforcer = "firewall",
		.phase = policy_phase_word(POLICY_PHASE_PACKET),
		.verdict = verdict_word(judgement),
		.rule_line = rule != NULL ? rule->line : 0,
		.rule_name =
		    rule != NULL ? rule->label : (struct str){ NULL, 0 },
		.zone_from =
		    policy_zone_told(court->policy, judgement->flow.from_zone),
		.zone_to =
		    policy_zone_told(court->policy, judgement->flow.to_zone),
		.source = entry->original.source,
		.destination = entry->original.destination.address,
		.port = flows_port(entry),
		.name = judgement->flow.name,
		.protocol =
		    packet_protocol_word(entry->original.protocol, room),
		.reason = reason,
	};

	measure(entry, &event);
	event_emit(&event);
	counter_add(COUNTER_FLOWS_RECORDED, 1);
}

/* Of one that was ended by a policy it was told then. */
static bool
is_told(const struct flow_judgement *judgement)
{
	const struct policy_rule *rule = judgement->answer.rule;

	return judgement->owner == FLOW_OWNER_FIREWALL &&
	       !judgement->forbidden && rule != NULL && rule->log;
}

static int
take_end(const struct nlmsghdr *message, void *context)
{
	struct flow_log *log = context;
	struct flows_court court = *log->court;
	struct conntrack_entry entry;
	struct flow_judgement judgement;

	if (conntrack_parse(message, &entry) < 0 ||
	    NFNL_MSG_TYPE(message->nlmsg_type) != IPCTNL_MSG_CT_DELETE ||
	    (entry.mark & FIREWALL_MARK_ENDED) != 0)
		return MNL_CB_OK;
	if (entry.began != 0 && policy_asks(court.policy, POLICY_FACT_TIME))
		court.minute = hours_minute_of(entry.began);
	flows_judge(&court, &entry, &judgement);
	if (!is_told(&judgement))
		return MNL_CB_OK;
	log->told++;
	flow_log_tell(&court, &entry, &judgement, REASON_ENDED);
	return MNL_CB_OK;
}

/* 1: a message was taken; 0: none is there; a negative errno. */
static int
take_message(struct flow_log *log)
{
	int rc = netlink_take(&log->netlink, take_end, log);

	if (rc != -ENOBUFS)
		return rc;
	counter_add(COUNTER_FLOWS_LOST, 1);
	log->lost = true;
	return 1;
}

int
flow_log_read(
    struct flow_log *log, const struct flows_court *court, bool *ret_lost)
{
	int rc = 1;

	log->told = 0;
	log->lost = false;
	log->court = court;
	for (int i = 0; i < MESSAGES_PER_READ_MAX && rc > 0; i++)
		rc = take_message(log);
	*ret_lost = log->lost;
	return rc < 0 ? rc : log->told;
}
