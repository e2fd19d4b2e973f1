/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that rules log become events.
 *
 *	peer 10.0.0.2, 2001:db8::2 --- v1 | v0 --- 10.0.0.1, 2001:db8::1 gateway
 *
 * The gateway is the namespace of this program; the peer's sockets are made
 * in a second one and keep it.
 */
#include "firewall/packet_log.h"

#include "namespace.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "event/counter.h"
#include "event/event.h"
#include "firewall/limits.h"
#include "firewall/names.h"
#include "firewall/packet.h"

#define BURST 20000

#define NUMBER FIREWALL_TEXT(FIREWALL_NUMBER)

/* Longest allowed, so that the way through nft and kernel is shown too. */
#define LONGEST                                                                \
	"reject 999999 abcdefghijklmnopqrst abcdefghijklmnopqrst nozone "      \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define RULES                                                                  \
	"nft -f - <<'EOF'\n"                                                   \
	"table inet gatehouse {\n"                                             \
	"chain main {\n"                                                       \
	"type filter hook prerouting priority mangle\n"                        \
	"udp dport 1111 log prefix \"drop 34 lan wan - ads\" group " NUMBER    \
	" snaplen 128 drop\n"                                                  \
	"udp dport 2222 log prefix \"IN=v0 \" group " NUMBER "\n"              \
	"udp dport 3333 log prefix \"" LONGEST "\" group " NUMBER "\n"         \
	"udp dport 4444 log prefix \"drop 0 lan - spoof\" group " NUMBER "\n"  \
	"tcp dport 5555 log prefix \"reject 7 lan self - a \001name\001\" "    \
	"group " NUMBER "\n"                                                   \
	"udp dport 6666 log prefix \"drop 34 - - caught a name\" group "       \
	NUMBER "\n"                                                            \
	"icmp type echo-request log prefix \"allow 9 lan self -\" "            \
	"group " NUMBER "\n"                                                   \
	"icmpv6 type echo-request log prefix \"allow 9 lan self -\" "          \
	"group " NUMBER "\n"                                                   \
	"drop\n}\n}\nEOF\n"

static int peer;
static struct packet_log *packet_log;

/* What the sink saw last, and how much of it. */
static struct {
	size_t count;
	int64_t suppressed;
	int64_t at;
	struct event event;
	char rule_name[80];
	char zone_from[32];
	char zone_to[32];
	char protocol[16];
	char flags[PACKET_FLAGS_BYTES];
	char reason[80]; /* of what was suppressed */
} seen;

static void
keep(char *room, size_t bytes, struct str s)
{
	(void)snprintf(room, bytes, "%.*s", STR_ARG(s));
}

static void
sink(const struct event *event, void *context)
{
	(void)context;
	seen.suppressed += (int64_t)event->suppressed;
	if (event->suppressed > 0) {
		keep(seen.reason, sizeof(seen.reason), str_of(event->reason));
		assert_int_equal(event->source.address.family, ADDRESS_NONE);
		return;
	}
	seen.count++;
	seen.at = clock_now();
	seen.event = *event;
	keep(seen.rule_name, sizeof(seen.rule_name), event->rule_name);
	keep(seen.zone_from, sizeof(seen.zone_from), event->zone_from);
	keep(seen.zone_to, sizeof(seen.zone_to), event->zone_to);
	keep(seen.protocol, sizeof(seen.protocol), str_of(event->protocol));
	keep(seen.flags, sizeof(seen.flags), str_of(event->flags));
}

static void
draw_network(void)
{
	peer = namespace_create();
	int gateway = namespace_current();
	char command[256];

	(void)fcntl(peer, F_SETFD, 0); /* for `ip` to name it */
	(void)snprintf(command, sizeof(command),
	    "ip link add v0 type veth peer name v1 netns /proc/self/fd/%d",
	    peer);
	shell(command);
	shell("ip addr add 10.0.0.1/24 dev v0 && "
	      "ip addr add 2001:db8::1/64 dev v0 nodad && "
	      "ip link set v0 up");
	namespace_go(peer);
	shell("ip addr add 10.0.0.2/24 dev v1 && "
	      "ip addr add 2001:db8::2/64 dev v1 nodad && "
	      "ip link set v1 up && ip neigh replace 10.0.0.1 dev v1 lladdr "
	      "02:00:00:00:00:01 && "
	      "ip neigh replace 2001:db8::1 dev v1 lladdr 02:00:00:00:00:01");
	namespace_go(gateway);
	shell("ip link set v0 address 02:00:00:00:00:01");
	(void)close(gateway);
}

static int
setup(void **state)
{
	if (namespace_setup(state) < 0)
		return -1;
	if (!namespace_is_ours)
		return 0;
	draw_network();
	shell(RULES);
	event_sink_set(sink, NULL);
	return 0;
}

static int
begin(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	if (!namespace_is_ours)
		return 0;
	int rc = packet_log_open(&packet_log, &why);
	if (rc < 0)
		fail_msg("%d: %s", rc, why.at);
	text_fini(&why);
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	packet_log_close(packet_log);
	packet_log = NULL;
	return 0;
}

/* A socket of the peer's that is connected to the gateway. */
static int
peer_socket(const char *to, uint16_t port, int type, int protocol)
{
	int gateway = namespace_current();
	struct address_port end = { .port = port };
	struct sockaddr_storage name;

	assert_int_equal(address_parse(str_of(to), &end.address), 0);
	socklen_t len = address_to_sockaddr(end, &name);
	namespace_go(peer);
	int fd = socket(name.ss_family, type | SOCK_CLOEXEC, protocol);
	assert_true(fd >= 0);
	int rc = connect(fd, (struct sockaddr *)&name, len);
	assert_true(rc == 0 || errno == EINPROGRESS);
	namespace_go(gateway);
	(void)close(gateway);
	return fd;
}

static uint16_t
local_port(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	return address_from_sockaddr((struct sockaddr *)&name).port;
}

/* Until `count` events were seen, reading as the daemon's loop would. */
static void
await_events(size_t count)
{
	struct pollfd poll_fd = { .fd = packet_log_fd(packet_log),
		.events = POLLIN };

	while (seen.count < count) {
		assert_int_equal(poll(&poll_fd, 1, 5000), 1);
		assert_true(packet_log_read(packet_log) >= 0);
	}
}

static struct str
address_text(struct address address, char room[static ADDRESS_TEXT_BYTES])
{
	return str_of(address_format(address, room));
}

static void
makes_an_event_of_a_packet(void **state)
{
	char room[ADDRESS_TEXT_BYTES];

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(packet_log_read(packet_log), 0);
	int fd = peer_socket("10.0.0.1", 1111, SOCK_DGRAM, 0);
	int64_t logged = counter_get(COUNTER_PACKETS_LOGGED);
	int64_t wall = clock_wall(), start, took = INT64_MAX;
	/* Others use this machine too: the best of a few counts. */
	for (size_t i = 1; i <= 5 && took >= 100 * CLOCK_MS; i++) {
		start = clock_now();
		assert_int_equal(send(fd, "hello", 5, 0), 5);
		await_events(i);
		took = seen.at - start;
	}
	print_message(
	    "  seen after %.1f ms\n", (double)took / (double)CLOCK_MS);
	assert_true(took < 100 * CLOCK_MS);
	assert_true(seen.event.time >= wall - CLOCK_MS);
	assert_true(seen.event.time <= clock_wall());
	assert_string_equal(seen.event.enforcer, "firewall");
	assert_string_equal(seen.event.phase, "packet");
	assert_string_equal(seen.event.verdict, "drop");
	assert_int_equal(seen.event.rule_line, 34);
	assert_string_equal(seen.rule_name, "ads");
	assert_string_equal(seen.zone_from, "lan");
	assert_string_equal(seen.zone_to, "wan");
	assert_null(seen.event.reason);
	assert_string_equal(seen.protocol, "udp");
	assert_true(
	    str_is(address_text(seen.event.source.address, room), "10.0.0.2"));
	assert_int_equal(seen.event.source.port, local_port(fd));
	assert_true(
	    str_is(address_text(seen.event.destination, room), "10.0.0.1"));
	assert_int_equal(seen.event.port, 1111);
	assert_false(seen.event.measured);
	assert_int_equal(seen.event.length, 20 + 8 + 5);
	assert_true(seen.event.flow ==
		    event_flow_id(IPPROTO_UDP, seen.event.source,
			(struct address_port){ seen.event.destination, 1111 }));
	assert_int_equal(
	    counter_get(COUNTER_PACKETS_LOGGED) - logged, (int64_t)seen.count);
	(void)close(fd);
}

static void
reads_ipv6_and_the_longest_record(void **state)
{
	char room[ADDRESS_TEXT_BYTES], large[1200] = { 0 };

	(void)state;
	NEED_NAMESPACE();
	int fd = peer_socket("2001:db8::1", 3333, SOCK_DGRAM, 0);
	assert_int_equal(send(fd, large, sizeof(large), 0), sizeof(large));
	await_events(1);
	assert_string_equal(seen.event.verdict, "reject");
	assert_int_equal(seen.event.rule_line, 999999);
	assert_int_equal(strlen(seen.rule_name), 64);
	assert_string_equal(seen.zone_from, "abcdefghijklmnopqrst");
	assert_string_equal(seen.event.reason, "no zone");
	assert_true(str_is(
	    address_text(seen.event.source.address, room), "2001:db8::2"));
	/* Its length, not that of what the kernel copied. */
	assert_int_equal(seen.event.length, 40 + 8 + 1200);
	(void)close(fd);
}

static void
tells_absence_and_reason(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	int fd = peer_socket("10.0.0.1", 4444, SOCK_DGRAM, 0);
	assert_int_equal(send(fd, "", 0, 0), 0);
	await_events(1);
	assert_int_equal(seen.event.rule_line, 0);
	assert_null(seen.event.rule_name.at);
	assert_null(seen.event.zone_to.at);
	assert_string_equal(seen.event.reason, "spoofed");
	(void)close(fd);
}

static void
reads_tcp(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	int fd = peer_socket("10.0.0.1", 5555, SOCK_STREAM | SOCK_NONBLOCK, 0);
	await_events(1);
	assert_string_equal(seen.protocol, "tcp");
	assert_string_equal(seen.rule_name, "a \"name\"");
	assert_int_equal(seen.event.source.port, local_port(fd));
	assert_int_equal(seen.event.port, 5555);
	assert_string_equal(seen.flags, "syn");
	assert_int_equal(seen.event.length, 20 + 40);
	(void)close(fd);
}

static void
gives_the_type_of_icmp_for_a_port(void **state)
{
	struct icmphdr echo = { .type = ICMP_ECHO };
	struct icmp6_hdr echo6 = { .icmp6_type = ICMP6_ECHO_REQUEST };

	(void)state;
	NEED_NAMESPACE();
	/* The raw socket does not fill in a checksum; none is looked at. */
	int fd = peer_socket("10.0.0.1", 0, SOCK_RAW, IPPROTO_ICMP);
	assert_int_equal(send(fd, &echo, sizeof(echo), 0), sizeof(echo));
	await_events(1);
	assert_string_equal(seen.protocol, "icmp");
	assert_int_equal(seen.event.port, ICMP_ECHO);
	assert_int_equal(seen.event.source.port, 0);
	(void)close(fd);
	fd = peer_socket("2001:db8::1", 0, SOCK_RAW, IPPROTO_ICMPV6);
	assert_int_equal(send(fd, &echo6, sizeof(echo6), 0), sizeof(echo6));
	await_events(2);
	assert_string_equal(seen.protocol, "icmp");
	assert_int_equal(seen.event.port, ICMP6_ECHO_REQUEST);
	(void)close(fd);
}

static void
passes_over_the_logs_of_others(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	int foreign = peer_socket("10.0.0.1", 2222, SOCK_DGRAM, 0);
	int ours = peer_socket("10.0.0.1", 1111, SOCK_DGRAM, 0);
	int64_t lost = counter_get(COUNTER_PACKETS_LOST);
	assert_int_equal(send(foreign, "x", 1, 0), 1);
	assert_int_equal(send(ours, "x", 1, 0), 1);
	await_events(1);
	assert_int_equal(seen.event.port, 1111);
	assert_int_equal(seen.count, 1);
	assert_int_equal(counter_get(COUNTER_PACKETS_LOST), lost);
	(void)close(foreign);
	(void)close(ours);
}

static void
burst(int fd, int count)
{
	for (int i = 0; i < count; i++)
		while (send(fd, "x", 1, 0) != 1)
			assert_true(errno == ENOBUFS || errno == EAGAIN);
}

/* Until as many were read, whether they became events or not. */
static void
await_packets(int count)
{
	struct pollfd poll_fd = { .fd = packet_log_fd(packet_log),
		.events = POLLIN };

	while (count > 0) {
		assert_int_equal(poll(&poll_fd, 1, 5000), 1);
		int n = packet_log_read(packet_log);
		assert_in_range(n, 0, count);
		count -= n;
	}
}

/*
 * The queue holds what a commit of the daemon's may leave unread; and of a
 * flood of one rule a thousand packets are told, and how many more there were.
 */
static void
holds_a_burst_and_tells_its_first(void **state)
{
	char want[80];

	(void)state;
	NEED_NAMESPACE();
	int fd = peer_socket("10.0.0.1", 1111, SOCK_DGRAM, 0);
	int64_t lost = counter_get(COUNTER_PACKETS_LOST);
	int64_t suppressed = counter_get(COUNTER_PACKETS_SUPPRESSED);
	burst(fd, BURST);
	int64_t start = clock_now();
	await_packets(BURST);
	print_message("  %d packets in %.1f ms, %zu events\n", BURST,
	    (double)(clock_now() - start) / (double)CLOCK_MS, seen.count);
	assert_int_equal(counter_get(COUNTER_PACKETS_LOST), lost);
	assert_in_range(seen.count, 1000, 1100);
	assert_int_equal(seen.suppressed, 0);
	assert_true(packet_log_settle(packet_log));
	assert_int_equal(seen.suppressed, BURST - (int64_t)seen.count);
	assert_int_equal(counter_get(COUNTER_PACKETS_SUPPRESSED) - suppressed,
	    seen.suppressed);
	(void)snprintf(want, sizeof(want),
	    "and %lld more of these were not logged",
	    (long long)seen.suppressed);
	assert_string_equal(seen.reason, want);
	(void)close(fd);
}

struct caught {
	unsigned count;
	uint32_t line;
	char source[ADDRESS_TEXT_BYTES], name[80];
};

static void
on_caught(void *context, struct address source, uint32_t rule_line,
    struct str rule_name)
{
	struct caught *caught = context;

	caught->count++;
	caught->line = rule_line;
	(void)address_format(source, caught->source);
	keep(caught->name, sizeof(caught->name), rule_name);
}

/* Each is told of, however many they are, and none is an event. */
static void
tells_who_is_caught(void **state)
{
	int64_t deadline = clock_now() + 5 * CLOCK_SECOND;
	struct caught caught = { 0 };

	(void)state;
	NEED_NAMESPACE();
	packet_log_on_caught(packet_log, on_caught, &caught);
	int fd = peer_socket("10.0.0.1", 6666, SOCK_DGRAM, 0);
	burst(fd, 3000);
	while (caught.count < 3000 && clock_now() < deadline)
		assert_true(packet_log_read(packet_log) >= 0);
	assert_int_equal(caught.count, 3000);
	assert_int_equal(caught.line, 34);
	assert_string_equal(caught.source, "10.0.0.2");
	assert_string_equal(caught.name, "a name");
	assert_int_equal(seen.count, 0);
	assert_false(packet_log_settle(packet_log));
	(void)close(fd);
}

/* A reason that the rule has is not lost over the number. */
static void
tells_reason_and_number(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	int fd = peer_socket("10.0.0.1", 4444, SOCK_DGRAM, 0);
	burst(fd, 2000);
	await_packets(2000);
	assert_true(packet_log_settle(packet_log));
	assert_int_equal(
	    strncmp(seen.reason, "spoofed; and ", strlen("spoofed; and ")), 0);
	assert_int_equal(seen.suppressed + (int64_t)seen.count, 2000);
	(void)close(fd);
}

/* Everything sent is an event, suppressed or lost, to the packet. */
static void
counts_what_a_flood_loses(void **state)
{
	int small = 65536;

	(void)state;
	NEED_NAMESPACE();
	int fd = peer_socket("10.0.0.1", 1111, SOCK_DGRAM, 0);
	int64_t lost = counter_get(COUNTER_PACKETS_LOST);
	assert_int_equal(setsockopt(packet_log_fd(packet_log), SOL_SOCKET,
			     SO_RCVBUF, &small, sizeof(small)),
	    0);
	for (int round = 1; round <= 3; round++) {
		burst(fd, 10000);
		while (packet_log_read(packet_log) > 0)
			;
	}
	assert_true(counter_get(COUNTER_PACKETS_LOST) > lost);
	/* Holes show by the number of a packet behind them. */
	int last = peer_socket("10.0.0.1", 4444, SOCK_DGRAM, 0);
	assert_int_equal(send(last, "x", 1, 0), 1);
	while (seen.event.port != 4444)
		await_events(seen.count + 1);
	lost = counter_get(COUNTER_PACKETS_LOST) - lost;
	print_message("  30001 packets: %zu events, %lld lost\n", seen.count,
	    (long long)lost);
	assert_true(packet_log_settle(packet_log));
	assert_int_equal((int64_t)seen.count + seen.suppressed + lost, 30001);
	assert_true(lost > 1000);
	(void)close(last);
	(void)close(fd);
}

static void
says_that_another_reads_the_group(void **state)
{
	struct packet_log *second = NULL;
	struct text why = TEXT_EMPTY;
	int status;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(packet_log_open(&second, &why), -EBUSY);
	assert_null(second);
	assert_true(text_has(&why, "another process"));
	assert_true(text_has(&why, NUMBER));
	pid_t pid = fork();
	if (pid == 0)
		_exit(packet_log_open(&second, &why) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Ours goes on, and when it is closed the group is free. */
	int fd = peer_socket("10.0.0.1", 1111, SOCK_DGRAM, 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	await_events(1);
	(void)close(fd);
	packet_log_close(packet_log);
	packet_log = NULL;
	text_clear(&why);
	assert_int_equal(packet_log_open(&second, &why), 0);
	packet_log_close(second);
	text_fini(&why);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(makes_an_event_of_a_packet),
		TEST(reads_ipv6_and_the_longest_record),
		TEST(tells_absence_and_reason),
		TEST(tells_who_is_caught),
		TEST(reads_tcp),
		TEST(gives_the_type_of_icmp_for_a_port),
		TEST(passes_over_the_logs_of_others),
		TEST(holds_a_burst_and_tells_its_first),
		TEST(tells_reason_and_number),
		TEST(counts_what_a_flood_loses),
		TEST(says_that_another_reads_the_group),
	};
#undef TEST

	return cmocka_run_group_tests(tests, setup, NULL);
}
