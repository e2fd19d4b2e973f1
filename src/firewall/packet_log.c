/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/packet_log.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <libnetfilter_log/libnetfilter_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "event/counter.h"
#include "event/event.h"
#include "firewall/limits.h"
#include "firewall/log_bound.h"
#include "firewall/log_prefix.h"
#include "firewall/names.h"
#include "firewall/netlink.h"
#include "firewall/packet.h"

/*
 * The kernel gathers packets into a message and sends it when one of these is
 * reached.  An event must show within 100 ms of its packet; half of that is
 * the daemon's.
 */
#define FLUSH_CENTISECONDS 5
#define FLUSH_PACKETS      64

/*
 * 20,000 packets, a second of a flood: each message of a dozen takes 8 kB of
 * it, and the kernel doubles what it is asked for.  A burst as long as the
 * daemon may be busy with a commit should fit.
 */
#define QUEUE_BYTES (8 << 20)

/* A message holds up to a few dozen packets; see packet_log_read. */
#define MESSAGES_PER_READ_MAX 256

struct packet_log {
	struct netlink netlink;
	struct log_bound *bound;
	int64_t now;          /* clock_now of this read */
	uint32_t next_number; /* of the packet that is to come; from 0 on */
	uint32_t overflows;   /* counted, their holes not yet seen */
	int taken;            /* packets of ours in this read */
	packet_log_caught_fn caught;
	void *caught_context;
	packet_log_fn seen;
	void *seen_context;
};

/*
 * Opening.
 */

static struct nlmsghdr *
begin_config(struct packet_log *log)
{
	struct nlmsghdr *request = nflog_nlmsg_put_header(
	    log->netlink.buffer, NFULNL_MSG_CONFIG, AF_UNSPEC, FIREWALL_NUMBER);

	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = ++log->netlink.sequence;
	return request;
}

/* All in one request: there is no moment in which the group is half ours. */
static int
take_group(struct packet_log *log)
{
	struct nlmsghdr *request = begin_config(log);

	if (nflog_attr_put_cfg_cmd(request, NFULNL_CFG_CMD_BIND) < 0 ||
	    nflog_attr_put_cfg_mode(
		request, NFULNL_COPY_PACKET, FIREWALL_LOG_SNAPLEN) < 0)
		return -errno;
	mnl_attr_put_u32(request, NFULA_CFG_TIMEOUT, htonl(FLUSH_CENTISECONDS));
	mnl_attr_put_u32(request, NFULA_CFG_QTHRESH, htonl(FLUSH_PACKETS));
	mnl_attr_put_u16(request, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	return netlink_ask(&log->netlink, request, NULL, NULL, NULL);
}

/*
 * The kernel says EPERM both to who may not and to who comes second.  Its
 * list of groups tells them apart: group, and netlink port of the reader.
 */
static bool
find_reader(unsigned long *ret_port)
{
	FILE *groups = fopen("/proc/net/netfilter/nfnetlink_log", "re");
	char line[256], *end;
	bool found = false;

	if (groups == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), groups) != NULL) {
		found = strtoul(line, &end, 10) == FIREWALL_NUMBER;
		if (found)
			*ret_port = strtoul(end, NULL, 10);
	}
	(void)fclose(groups);
	return found;
}

static int
explain_open(int rc, struct text *why)
{
	unsigned long port;

	if ((rc == -EPERM || rc == -EBUSY) && find_reader(&port)) {
		text_addf(why,
		    "another process (netlink port %lu, most often its process "
		    "id) reads log group %d in this network namespace; is "
		    "another Gatehouse running here?",
		    port, FIREWALL_NUMBER);
		return -EBUSY;
	}
	text_addf(why, "the packet log (group %d) could not be opened: %s",
	    FIREWALL_NUMBER, strerror(-rc));
	return rc;
}

int
packet_log_open(struct packet_log **ret, struct text *reterr_why)
{
	struct packet_log *log = calloc(1, sizeof(*log));
	int rc = -ENOMEM;

	if (log == NULL)
		return explain_open(rc, reterr_why);
	log->bound = log_bound_create();
	if (log->bound != NULL)
		rc = netlink_open(&log->netlink, NETLINK_NETFILTER);
	if (rc < 0)
		goto fail;
	netlink_enlarge_queue(&log->netlink, QUEUE_BYTES);
	rc = take_group(log);
	if (rc < 0)
		goto fail;
	*ret = log;
	return 0;
fail:
	rc = explain_open(rc, reterr_why);
	packet_log_close(log);
	return rc;
}

void
packet_log_close(struct packet_log *log)
{
	if (log == NULL)
		return;
	netlink_close(&log->netlink); /* frees the group as well */
	log_bound_destroy(log->bound);
	free(log);
}

void
packet_log_on_caught(
    struct packet_log *log, packet_log_caught_fn fn, void *context)
{
	log->caught = fn;
	log->caught_context = context;
}

void
packet_log_on_packet(struct packet_log *log, packet_log_fn fn, void *context)
{
	log->seen = fn;
	log->seen_context = context;
}

int
packet_log_fd(const struct packet_log *log)
{
	return mnl_socket_get_fd(log->netlink.socket);
}

/*
 * Reading: one packet.
 */

static struct str
payload(const struct nlattr *attribute)
{
	if (attribute == NULL)
		return (struct str){ NULL, 0 };
	return (struct str){ mnl_attr_get_payload(attribute),
		mnl_attr_get_payload_len(attribute) };
}

/* Without the NUL that ends it. */
static struct str
prefix_text(const struct nlattr *attribute)
{
	struct str bytes = payload(attribute);

	return (struct str){ bytes.at, str_find(bytes, '\0') };
}

/* The kernel stamps by the wall clock, where it stamps at all. */
static int64_t
packet_time(const struct nlattr *attribute)
{
	struct nfulnl_msg_packet_timestamp stamp;
	struct str bytes = payload(attribute);

	if (bytes.len < sizeof(stamp))
		return clock_wall();
	memcpy(&stamp, bytes.at, sizeof(stamp));
	return (int64_t)be64toh(stamp.sec) * CLOCK_SECOND +
	       (int64_t)be64toh(stamp.usec) * (CLOCK_SECOND / 1000000);
}

static void
emit_packet(
    const struct log_prefix *prefix, const struct packet *packet, int64_t time)
{
	char room[PACKET_PROTOCOL_BYTES], flags[PACKET_FLAGS_BYTES];
	struct address_port source = { packet->source, packet->source_port };
	struct address_port destination = { packet->destination,
		packet->has_type ? packet->type : packet->destination_port };
	struct event event = {
		.time = time,
		.kind = EVENT_KIND_PACKET,
		.flow = event_flow_id(packet->protocol, source, destination),
		.enforcer = "firewall",
		.phase = "packet",
		.verdict = policy_verdict_word(prefix->verdict),
		.rule_line = prefix->rule_line,
		.rule_name = prefix->rule_name,
		.zone_from = prefix->zone_from,
		.zone_to = prefix->zone_to,
		.source = source,
		.destination = destination.address,
		.port = destination.port,
		.length = packet->bytes,
		.reason = policy_reason_sentence(prefix->reason),
	};

	if (packet->has_protocol)
		event.protocol = packet_protocol_word(packet->protocol, room);
	if (packet->has_flags)
		event.flags = packet_flag_words(packet->flags, flags);
	event_emit(&event);
}

/*
 * An overflow is counted as one packet when it is met; the hole in the numbers
 * that shows behind it says how many there were in truth.
 */
static void
count_overflow(struct packet_log *log)
{
	counter_add(COUNTER_PACKETS_LOST, 1);
	log->overflows++;
}

static void
count_hole(struct packet_log *log, const struct nlattr *attribute)
{
	if (attribute == NULL || mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
		return;
	uint32_t number = ntohl(mnl_attr_get_u32(attribute));
	uint32_t hole = number - log->next_number;
	uint32_t counted = hole < log->overflows ? hole : log->overflows;

	log->next_number = number + 1;
	log->overflows -= counted;
	counter_add(COUNTER_PACKETS_LOST, (int64_t)(hole - counted));
}

static void
tell_caught(const struct packet_log *log, const struct log_prefix *prefix,
    const struct packet *packet)
{
	if (log->caught != NULL)
		log->caught(log->caught_context, packet->source,
		    prefix->rule_line, prefix->rule_name);
}

static int
take_packet(const struct nlmsghdr *message, void *context)
{
	struct packet_log *log = context;
	struct nlattr *attributes[NFULA_MAX + 1] = { 0 };
	struct str record;
	struct log_prefix prefix;
	struct packet packet;

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_ULOG ||
	    NFNL_MSG_TYPE(message->nlmsg_type) != NFULNL_MSG_PACKET ||
	    nflog_nlmsg_parse(message, attributes) < 0)
		return MNL_CB_OK;
	count_hole(log, attributes[NFULA_SEQ]);
	record = prefix_text(attributes[NFULA_PREFIX]);
	if (log_prefix_parse(record, &prefix) < 0 ||
	    packet_parse(payload(attributes[NFULA_PAYLOAD]), &packet) < 0)
		return MNL_CB_OK;
	if (prefix.reason == POLICY_REASON_CAUGHT) {
		tell_caught(log, &prefix, &packet);
		return MNL_CB_OK;
	}
	counter_add(COUNTER_PACKETS_LOGGED, 1);
	log->taken++;
	if (log->seen != NULL)
		log->seen(log->seen_context, &prefix, &packet);
	if (!log_bound_admit(log->bound, record, prefix.verdict, log->now)) {
		counter_add(COUNTER_PACKETS_SUPPRESSED, 1);
		return MNL_CB_OK;
	}
	emit_packet(&prefix, &packet, packet_time(attributes[NFULA_TIMESTAMP]));
	return MNL_CB_OK;
}

/* 1: a message was taken; 0: none is there; a negative errno. */
static int
take_message(struct packet_log *log)
{
	int rc = netlink_take(&log->netlink, take_packet, log);

	if (rc != -ENOBUFS)
		return rc;
	count_overflow(log);
	return 1;
}

int
packet_log_read(struct packet_log *log)
{
	int rc = 1;

	log->taken = 0;
	log->now = clock_now();
	for (int i = 0; i < MESSAGES_PER_READ_MAX && rc > 0; i++)
		rc = take_message(log);
	return rc < 0 ? rc : log->taken;
}

/*
 * What a rule held back.
 */

static void
emit_suppressed(struct str record, uint64_t suppressed, void *context)
{
	struct log_prefix prefix;
	struct text reason = TEXT_EMPTY;
	const char *why;

	(void)context;
	if (log_prefix_parse(record, &prefix) < 0)
		return;
	why = policy_reason_sentence(prefix.reason);
	if (why != NULL)
		text_addf(&reason, "%s; ", why);
	text_addf(&reason, "and %" PRIu64 " more of these were not logged",
	    suppressed);
	struct event event = {
		.kind = EVENT_KIND_PACKET,
		.enforcer = "firewall",
		.phase = "packet",
		.verdict = policy_verdict_word(prefix.verdict),
		.rule_line = prefix.rule_line,
		.rule_name = prefix.rule_name,
		.zone_from = prefix.zone_from,
		.zone_to = prefix.zone_to,
		.reason = reason.at,
		.suppressed = suppressed,
	};

	event_emit(&event);
	text_fini(&reason);
}

bool
packet_log_settle(struct packet_log *log)
{
	return log_bound_settle(log->bound, clock_now(), emit_suppressed, NULL);
}
