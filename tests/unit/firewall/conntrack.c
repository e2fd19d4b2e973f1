/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conntrack is read to the letter, ended to the letter, or not at all. */
#include "firewall/conntrack.h"

#include "living.h"

#include "base/clock.h"
#include "firewall/names.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct seen {
	struct conntrack_entry items[64];
	size_t count;
	size_t stop_after; /* 0: never */
};

static int
see(void *context, const struct conntrack_entry *entry)
{
	struct seen *seen = context;

	if (seen->count < ROWS(seen->items))
		seen->items[seen->count] = *entry;
	seen->count++;
	return seen->stop_after != 0 && seen->count >= seen->stop_after
		   ? -ECANCELED
		   : 0;
}

static const struct conntrack_entry *
find(const struct seen *seen, const struct living *flow)
{
	struct address from, to;

	assert_int_equal(address_parse(str_of(flow->from), &from), 0);
	assert_int_equal(address_parse(str_of(flow->to), &to), 0);
	for (size_t i = 0; i < seen->count; i++) {
		const struct conntrack_tuple *tuple = &seen->items[i].original;
		if (tuple->protocol == flow->protocol &&
		    address_eq(tuple->source.address, from) &&
		    address_eq(tuple->destination.address, to))
			return &seen->items[i];
	}
	return NULL;
}

static struct seen
read_all(void)
{
	struct seen seen = { .count = 0 };

	assert_int_equal(conntrack_read(see, &seen), 0);
	return seen;
}

static int
begin(void **state)
{
	(void)state;
	if (namespace_is_ours)
		living_forget_all();
	living_break(LIVING_FAULT_NONE, 0, 0, 0);
	return 0;
}

static const struct living flows[] = {
	{ IPPROTO_TCP, "10.0.0.4", 40000, "192.0.2.1", 443, 0x12, 0 },
	{ IPPROTO_UDP, "2001:db8:1::4", 40001, "2001:db8:f::1", 53, 0, 0 },
	{ IPPROTO_ICMP, "10.0.0.5", 77, "192.0.2.2", 8, 0, 0 },
	{ IPPROTO_TCP, "10.0.0.6", 40002, "192.0.2.3", 22, 0,
	    TCP_CONNTRACK_TIME_WAIT },
	{ IPPROTO_SCTP, "10.0.0.7", 40003, "192.0.2.4", 9, 0, 0 },
};

static void
reads_each_flow(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, ROWS(flows));
	struct seen seen = read_all();
	assert_int_equal(seen.count, ROWS(flows));
	for (size_t i = 0; i < ROWS(flows); i++) {
		const struct conntrack_entry *entry = find(&seen, &flows[i]);
		assert_non_null(entry);
		assert_int_equal(entry->mark, flows[i].mark);
		assert_true(address_eq(entry->original.source.address,
		    entry->reply.destination.address));
		assert_true(address_eq(entry->original.destination.address,
		    entry->reply.source.address));
		assert_int_equal(
		    entry->master.source.address.family, ADDRESS_NONE);
	}
	const struct conntrack_entry *tcp = find(&seen, &flows[0]);
	assert_int_equal(tcp->original.source.port, 40000);
	assert_int_equal(tcp->original.destination.port, 443);
	assert_int_equal(tcp->reply.source.port, 443);
	assert_int_equal(tcp->state, CONNTRACK_OPEN);
	assert_true(conntrack_is_living(tcp));
	const struct conntrack_entry *echo = find(&seen, &flows[2]);
	assert_int_equal(echo->original.icmp_type, 8);
	assert_int_equal(echo->original.icmp_id, 77);
	assert_int_equal(echo->original.destination.port, 0);
	const struct conntrack_entry *over = find(&seen, &flows[3]);
	assert_int_equal(over->state, CONNTRACK_OVER);
	assert_false(conntrack_is_living(over));
}

static void
states_have_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONNTRACK_STATE_COUNT; i++)
		assert_true(
		    strlen(conntrack_state_word((enum conntrack_state)i)) > 3);
}

/* Not before it is switched on: then zero is a number and not its absence. */
static void
counts_from_when_it_is_told_to(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, 1);
	struct seen seen = read_all();
	assert_false(seen.items[0].is_counted);
	assert_int_equal(seen.items[0].began, 0);
	int64_t before = clock_wall();
	assert_int_equal(conntrack_count_flows(&why), 0);
	living_make_all(flows + 1, 1);
	seen = read_all();
	const struct conntrack_entry *entry = find(&seen, &flows[1]);
	assert_true(entry->is_counted);
	assert_int_equal(entry->bytes_in, 0);
	assert_in_range(entry->began, before - CLOCK_SECOND, clock_wall());
	assert_false(find(&seen, &flows[0])->is_counted);
	text_fini(&why);
}

static void
end_one(const struct conntrack_entry *entry, int want)
{
	struct conntrack_ender *ender = NULL;

	assert_int_equal(conntrack_ender_open(&ender), 0);
	assert_int_equal(conntrack_end(ender, entry), want);
	conntrack_ender_close(ender);
}

/* Marked among other marks, and gone at a time that nothing puts off. */
static void
ends_each_kind(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, ROWS(flows));
	struct seen seen = read_all();
	for (size_t i = 0; i < ROWS(flows); i++)
		end_one(&seen.items[i], 0);
	struct seen after = read_all();
	assert_int_equal(after.count, ROWS(flows));
	for (size_t i = 0; i < ROWS(flows); i++) {
		const struct conntrack_entry *entry = find(&after, &flows[i]);
		assert_int_equal(
		    entry->mark, flows[i].mark | FIREWALL_MARK_ENDED);
		assert_true((entry->status & IPS_FIXED_TIMEOUT) != 0);
		if (flows[i].protocol == IPPROTO_TCP)
			assert_int_equal(entry->state, CONNTRACK_OVER);
		assert_false(conntrack_is_living(entry));
	}
}

static void
ends_what_had_its_first_answer_meanwhile(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, 1);
	struct seen seen = read_all();
	seen.items[0].status &= ~(uint32_t)(IPS_SEEN_REPLY | IPS_ASSURED);
	end_one(&seen.items[0], 0);
	seen = read_all();
	assert_false(conntrack_is_living(&seen.items[0]));
}

static void
what_is_gone_is_gone(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, 1);
	struct seen seen = read_all();
	living_forget(&flows[0]);
	end_one(&seen.items[0], -ENOENT);
	assert_int_equal(read_all().count, 0);
}

/* One that does not want more is not given more. */
static void
stops_when_told(void **state)
{
	struct seen seen = { .stop_after = 2 };

	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, ROWS(flows));
	assert_int_equal(conntrack_read(see, &seen), -ECANCELED);
	assert_int_equal(seen.count, 2);
}

#define MANY 1000

static void
make_many(void)
{
	struct mnl_socket *socket = living_open();
	struct living flow = flows[0];

	for (int i = 0; i < MANY; i++) {
		flow.from_port = (uint16_t)(1024 + i);
		living_make(socket, &flow);
	}
	(void)mnl_socket_close(socket);
}

/* Whatever becomes of the wire, a part is never taken for the whole. */
static void
a_part_is_not_the_whole(void **state)
{
	static const struct {
		enum living_fault fault;
		int error;
	} rows[] = {
		{ LIVING_FAULT_RECEIVE, ENOBUFS },
		{ LIVING_FAULT_RECEIVE, EAGAIN },
		{ LIVING_FAULT_CUT, 0 },
		{ LIVING_FAULT_SEND, ENOBUFS },
	};

	(void)state;
	NEED_NAMESPACE();
	make_many();
	for (size_t i = 0; i < ROWS(rows); i++)
		for (long n = 0; n < (i < 3 ? 3 : 1); n++) {
			struct seen seen = { .count = 0 };
			living_break(rows[i].fault, rows[i].error, n, 1);
			assert_true(conntrack_read(see, &seen) < 0);
			assert_true(seen.count < MANY);
		}
	/* An interruption is none. */
	struct seen seen = { .count = 0 };
	living_break(LIVING_FAULT_RECEIVE, EINTR, 1, 3);
	assert_int_equal(conntrack_read(see, &seen), 0);
	assert_int_equal(seen.count, MANY);
}

/* Messages that lie about their lengths are read no further than they are. */
static void
reads_no_byte_that_is_not_there(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	make_many();
	for (long n = 0; n < 3; n++) {
		struct seen seen = { .count = 0 };
		living_break(LIVING_FAULT_NOISE, 0, n, 1);
		(void)conntrack_read(see, &seen);
		assert_in_range(seen.count, 0, MANY);
		living_break(LIVING_FAULT_SHORT, 0, n, 1);
		seen.count = 0;
		(void)conntrack_read(see, &seen);
		assert_in_range(seen.count, 0, MANY);
	}
}

static void
parses_nothing_but_flows(void **state)
{
	char buffer[256] = { 0 };
	struct conntrack_entry entry;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	(void)state;
	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8;
	assert_int_equal(conntrack_parse(message, &entry), -EBADMSG);
	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8;
	assert_int_equal(conntrack_parse(message, &entry), -EBADMSG);
	(void)mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_ORIG);
	mnl_attr_nest_end(message, nest);
	assert_int_equal(conntrack_parse(message, &entry), -EBADMSG);
}

static void
takes_nothing_for_none(void **state)
{
	(void)state;
	conntrack_dump_close(NULL);
	conntrack_ender_close(NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(reads_each_flow),
		TEST(states_have_words),
		TEST(counts_from_when_it_is_told_to),
		TEST(ends_each_kind),
		TEST(ends_what_had_its_first_answer_meanwhile),
		TEST(what_is_gone_is_gone),
		TEST(stops_when_told),
		TEST(a_part_is_not_the_whole),
		TEST(reads_no_byte_that_is_not_there),
		TEST(parses_nothing_but_flows),
		TEST(takes_nothing_for_none),
	};
#undef TEST

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
