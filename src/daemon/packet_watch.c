/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/packet_watch.h"

#include "base/clock.h"
#include "daemon/caught_keeper.h"
#include "daemon/notice.h"
#include "daemon/tally_kernel.h"

/* Long enough to make one line of a flood, short enough to be news. */
#define SETTLE_AFTER CLOCK_SECOND

static void
settle(struct packet_watch *packets)
{
	if (packet_log_settle(packets->log))
		loop_timer_arm(packets->loop, &packets->settle,
		    loop_now(packets->loop) + SETTLE_AFTER);
}

static void
on_settle(struct loop_timer *timer)
{
	struct packet_watch *packets = timer->context;

	settle(packets);
}

static void
close_log(struct packet_watch *packets)
{
	if (packets->log == NULL)
		return;
	settle(packets);
	loop_timer_cancel(&packets->settle);
	loop_watch_stop(&packets->watch);
	packet_log_close(packets->log);
	packets->log = NULL;
}

static void
on_caught(void *context, struct address source, uint32_t rule_line,
    struct str rule_name)
{
	struct packet_watch *packets = context;

	caught_keeper_see(packets->caught, source, rule_line, rule_name);
}

static void
on_packet(
    void *context, const struct log_prefix *prefix, const struct packet *packet)
{
	struct packet_watch *packets = context;

	tally_kernel_see(packets->tally, prefix, packet);
}

static int
open_log(struct packet_watch *packets, struct text *reterr_why)
{
	int rc = packet_log_open(&packets->log, reterr_why);

	if (rc < 0)
		return rc;
	packet_log_on_caught(packets->log, on_caught, packets);
	packet_log_on_packet(packets->log, on_packet, packets);
	packets->watch.fd = packet_log_fd(packets->log);
	rc = loop_watch_start(packets->loop, &packets->watch);
	if (rc < 0)
		close_log(packets);
	return rc;
}

static int
read_log(struct packet_watch *packets)
{
	return packet_log_read(packets->log);
}

static void
on_packets(struct loop_watch *watch, unsigned ready)
{
	struct packet_watch *packets = watch->context;
	struct text why = TEXT_EMPTY;

	(void)ready;
	if (read_log(packets) >= 0) {
		if (!loop_timer_is_armed(&packets->settle))
			loop_timer_arm(packets->loop, &packets->settle,
			    loop_now(packets->loop) + SETTLE_AFTER);
		return;
	}
	close_log(packets);
	int rc = open_log(packets, &why);
	if (rc < 0)
		notice_say("no packet is logged any more: %s",
		    why.at != NULL ? why.at : strerror(-rc));
	text_fini(&why);
}

int
packet_watch_open(struct packet_watch *packets, struct loop *loop,
    struct caught_keeper *caught, struct tally_kernel *tally,
    struct text *reterr_why)
{
	*packets = (struct packet_watch){
		.loop = loop,
		.caught = caught,
		.tally = tally,
		.watch = {
		    .fd = -1,
		    .wanted = LOOP_READ,
		    .fn = on_packets,
		    .context = packets,
		},
		.settle = { .fn = on_settle, .context = packets },
	};
	return open_log(packets, reterr_why);
}

void
packet_watch_close(struct packet_watch *packets)
{
	if (packets->log != NULL)
		(void)read_log(packets);
	close_log(packets);
}
