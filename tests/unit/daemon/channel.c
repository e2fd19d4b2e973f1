/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel between the two daemons: what fits a row of the table arrives,
 * everything else is refused, and no descriptor is ever left behind.
 */
#include "daemon/channel.h"

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_BYTES offsetof(struct channel_message, file)

static int ends[2];

static int
setup(void **state)
{
	(void)state;
	return socket_pair(ends);
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

/* The lowest free descriptor: equal before and after means none was kept. */
static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	(void)close(fd);
	return fd;
}

static struct address
loopback(void)
{
	struct address address;

	assert_int_equal(address_parse(STR("127.0.0.1"), &address), 0);
	return address;
}

/* A sound message of each type. */
static struct channel_message
sample(enum channel_type type)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = type;
	message.generation = 7;
	if (type == CHANNEL_FILE)
		(void)strcpy(message.file.path, "office.policy");
	else if (type == CHANNEL_REFUSED)
		(void)strcpy(message.words.words, "no memory");
	else if (type == CHANNEL_LISTENER)
		message.listener.at.address = loopback();
	else if (type == CHANNEL_NO_SOURCE)
		message.source.error = -EPERM;
	else if (type == CHANNEL_CAUGHT)
		message.caught.source = loopback();
	else if (type == CHANNEL_STAND)
		message.stand.client.address = message.stand.server.address =
		    loopback();
	else if (type == CHANNEL_LEARN) {
		(void)strcpy(message.learn.zone, "lan");
		(void)strcpy(message.learn.name, "git.example.com");
		message.learn.seconds = CHANNEL_LEARN_SECONDS_MAX;
		message.learn.count = CHANNEL_LEARN_MAX;
		for (size_t i = 0; i < CHANNEL_LEARN_MAX; i++)
			message.learn.addresses[i] = loopback();
	} else if (type == CHANNEL_HOST_FILE)
		message.host_file = CHANNEL_SERVERS_FD;
	else if (type == CHANNEL_HELLO)
		(void)strcpy(message.sandbox.problem, "no Landlock");
	else if (type == CHANNEL_BAN || type == CHANNEL_UNBAN) {
		message.banned.first = loopback();
		message.banned.last = loopback();
	} else if (type == CHANNEL_QUOTAS) {
		message.quotas.count = CHANNEL_QUOTAS_MAX;
		message.quotas.last = 1;
		for (size_t i = 1; i < CHANNEL_QUOTAS_MAX; i++)
			message.quotas.items[i].source = loopback();
	} else if (type == CHANNEL_PINS) {
		message.pins.count = CHANNEL_PINS_MAX;
		message.pins.last = 1;
		for (size_t i = 0; i < CHANNEL_PINS_MAX; i++)
			(void)strcpy(
			    message.pins.items[i].name, "www.example.com");
	} else if (type == CHANNEL_OWN) {
		message.own.count = CHANNEL_OWN_MAX;
		message.own.first = 1;
		for (size_t i = 0; i < CHANNEL_OWN_MAX; i++)
			message.own.items[i].address = loopback();
	}
	return message;
}

static bool
has_descriptor(enum channel_type type)
{
	return type == CHANNEL_FILE || type == CHANNEL_LISTENER ||
	       type == CHANNEL_HOST_FILE || type == CHANNEL_OUTPUT_FD ||
	       type == CHANNEL_RECKON || type == CHANNEL_WANT ||
	       type == CHANNEL_SOURCE || type == CHANNEL_ANSWER;
}

static void
every_type_arrives_as_it_was_sent(void **state)
{
	(void)state;
	for (unsigned type = 0; type < CHANNEL_TYPE_COUNT; type++) {
		struct channel_message sent = sample(type), got;
		int fd = has_descriptor(type) ? ends[0] : -1, got_fd = -2;

		memset(&got, 0, sizeof(got));
		assert_int_equal(channel_send(ends[0], &sent, fd), 0);
		assert_int_equal(channel_receive(ends[1], &got, &got_fd), 0);
		assert_memory_equal(&sent, &got, sizeof(sent));
		assert_int_equal(got_fd >= 0, has_descriptor(type));
		if (got_fd >= 0)
			(void)close(got_fd);
	}
}

static void
an_empty_channel_and_a_closed_one_differ(void **state)
{
	struct channel_message message;
	int fd, other[2];

	(void)state;
	assert_int_equal(channel_receive(ends[1], &message, &fd), -EAGAIN);
	assert_int_equal(socket_pair(other), 0);
	(void)close(other[0]);
	assert_int_equal(channel_receive(other[1], &message, &fd), -EPIPE);
	(void)close(other[1]);
}

/* Sends bytes as they are and wants them refused. */
static void
assert_refused(const void *bytes, size_t len, const int *fds, size_t count)
{
	struct channel_message message;
	int fd = -1, before = lowest_free();

	assert_int_equal(
	    socket_send(ends[0], (struct str){ bytes, len }, fds, count), 0);
	assert_int_equal(channel_receive(ends[1], &message, &fd), -EBADMSG);
	assert_int_equal(lowest_free(), before);
}

static size_t
length_of(enum channel_type type)
{
	static const size_t bytes[] = {
#define ROW(id, size, fds) size,
		CHANNEL_TYPES(ROW)
#undef ROW
	};

	return HEAD_BYTES + bytes[type];
}

static void
a_length_that_is_not_its_row_is_refused(void **state)
{
	(void)state;
	for (unsigned type = 0; type < CHANNEL_TYPE_COUNT; type++) {
		struct {
			struct channel_message message;
			char more[8];
		} sent = { .message = sample(type) };
		const int *fds = has_descriptor(type) ? ends : NULL;
		size_t count = has_descriptor(type), len = length_of(type);

		for (size_t less = 1; less < len; less += 1 + less / 8)
			assert_refused(&sent, len - less, fds, count);
		assert_refused(&sent, len + 1, fds, count);
	}
}

static void
descriptors_too_many_or_too_few_are_refused(void **state)
{
	(void)state;
	for (unsigned type = 0; type < CHANNEL_TYPE_COUNT; type++) {
		struct channel_message sent = sample(type);
		size_t len = length_of(type);

		if (has_descriptor(type)) {
			assert_refused(&sent, len, NULL, 0);
			assert_refused(&sent, len, ends, 2);
		} else {
			assert_refused(&sent, len, ends, 1);
		}
	}
}

static void
types_that_are_none_are_refused(void **state)
{
	static const uint32_t types[] = { CHANNEL_TYPE_COUNT, 255, UINT32_MAX };
	struct channel_message sent = sample(CHANNEL_HELLO);

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		sent.type = types[i];
		assert_refused(&sent, HEAD_BYTES, NULL, 0);
	}
}

/* Of a name that is learned nothing is believed but one of hosts. */
static void
refuse_lessons(void)
{
	static const char *const names[] = { "", "a..example", "A.example",
		"a.example.", "a b.example", "a\n.example", "192.0.2.1",
		"*.example" };
	struct channel_message sent;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sent = sample(CHANNEL_LEARN);
		(void)strcpy(sent.learn.name, names[i]);
		assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	}
	sent = sample(CHANNEL_LEARN);
	memset(sent.learn.name, 'a', sizeof(sent.learn.name));
	assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	sent = sample(CHANNEL_LEARN);
	memset(sent.learn.zone, 'a', sizeof(sent.learn.zone));
	assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	sent = sample(CHANNEL_LEARN);
	sent.learn.count = 0;
	assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	sent.learn.count = CHANNEL_LEARN_MAX + 1;
	assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	sent = sample(CHANNEL_LEARN);
	sent.learn.seconds = CHANNEL_LEARN_SECONDS_MAX + 1;
	assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	sent = sample(CHANNEL_LEARN);
	sent.learn.addresses[CHANNEL_LEARN_MAX - 1].family = 0;
	assert_refused(&sent, length_of(CHANNEL_LEARN), NULL, 0);
	sent = sample(CHANNEL_LEARNED);
	sent.source.error = 1;
	assert_refused(&sent, length_of(CHANNEL_LEARNED), NULL, 0);
}

/* No figure overflows a sum, and what is negated or looked up is an errno. */
static void
figures_that_nobody_counts_are_refused(void **state)
{
	struct channel_message sent;

	(void)state;
	sent = sample(CHANNEL_PURGED);
	sent.purged = INT64_MIN;
	assert_refused(&sent, length_of(CHANNEL_PURGED), NULL, 0);
	sent.purged = INT64_MAX;
	assert_refused(&sent, length_of(CHANNEL_PURGED), NULL, 0);
	sent = sample(CHANNEL_COUNTERS);
	sent.counters.values[COUNTER_CELLS - 1] = INT64_MAX;
	assert_refused(&sent, length_of(CHANNEL_COUNTERS), NULL, 0);
	sent.counters.values[COUNTER_CELLS - 1] = INT64_MIN;
	assert_refused(&sent, length_of(CHANNEL_COUNTERS), NULL, 0);
	sent = sample(CHANNEL_OUTPUTS);
	sent.outputs.states[0].error = INT_MIN;
	assert_refused(&sent, length_of(CHANNEL_OUTPUTS), NULL, 0);
	sent.outputs.states[0].error = 1;
	assert_refused(&sent, length_of(CHANNEL_OUTPUTS), NULL, 0);
	sent = sample(CHANNEL_OUTPUTS);
	sent.outputs.states[POLICY_JOURNAL_OUTPUTS_MAX - 1].lost = INT64_MAX;
	assert_refused(&sent, length_of(CHANNEL_OUTPUTS), NULL, 0);
	sent = sample(CHANNEL_NO_SOURCE);
	sent.source.error = INT_MIN;
	assert_refused(&sent, length_of(CHANNEL_NO_SOURCE), NULL, 0);
}

static void
what_a_length_cannot_tell_is_looked_at(void **state)
{
	struct channel_message sent;

	(void)state;
	sent = sample(CHANNEL_FILE);
	memset(sent.file.path, 'x', sizeof(sent.file.path));
	assert_refused(&sent, length_of(CHANNEL_FILE), ends, 1);
	sent = sample(CHANNEL_REFUSED);
	memset(sent.words.words, 'x', sizeof(sent.words.words));
	assert_refused(&sent, length_of(CHANNEL_REFUSED), NULL, 0);
	sent = sample(CHANNEL_LISTENER);
	sent.listener.kind = CHANNEL_LISTENER_KIND_COUNT;
	assert_refused(&sent, length_of(CHANNEL_LISTENER), ends, 1);
	sent = sample(CHANNEL_LISTENER);
	sent.listener.at.address.family = 5;
	assert_refused(&sent, length_of(CHANNEL_LISTENER), ends, 1);
	sent = sample(CHANNEL_OWN);
	sent.own.count = CHANNEL_OWN_MAX + 1;
	assert_refused(&sent, length_of(CHANNEL_OWN), NULL, 0);
	sent = sample(CHANNEL_OWN);
	sent.own.last = 2;
	assert_refused(&sent, length_of(CHANNEL_OWN), NULL, 0);
	sent = sample(CHANNEL_OWN);
	sent.own.items[3].address.family = 0;
	assert_refused(&sent, length_of(CHANNEL_OWN), NULL, 0);
	sent = sample(CHANNEL_STAND);
	sent.stand.server.address.family = ADDRESS_IPV6;
	assert_refused(&sent, length_of(CHANNEL_STAND), NULL, 0);
	sent.stand.server.address.family = ADDRESS_NONE;
	assert_refused(&sent, length_of(CHANNEL_STAND), NULL, 0);
	sent = sample(CHANNEL_CAUGHT);
	sent.caught.source.family = 5;
	assert_refused(&sent, length_of(CHANNEL_CAUGHT), NULL, 0);
	refuse_lessons();
	sent = sample(CHANNEL_QUOTAS);
	sent.quotas.count = CHANNEL_QUOTAS_MAX + 1;
	assert_refused(&sent, length_of(CHANNEL_QUOTAS), NULL, 0);
	sent = sample(CHANNEL_QUOTAS);
	sent.quotas.last = 2;
	assert_refused(&sent, length_of(CHANNEL_QUOTAS), NULL, 0);
	sent = sample(CHANNEL_QUOTAS);
	sent.quotas.items[63].period = POLICY_PERIOD_COUNT;
	assert_refused(&sent, length_of(CHANNEL_QUOTAS), NULL, 0);
	sent = sample(CHANNEL_QUOTAS);
	sent.quotas.items[0].source.family = 5;
	assert_refused(&sent, length_of(CHANNEL_QUOTAS), NULL, 0);
	sent = sample(CHANNEL_PINS);
	sent.pins.count = CHANNEL_PINS_MAX + 1;
	assert_refused(&sent, length_of(CHANNEL_PINS), NULL, 0);
	sent = sample(CHANNEL_PINS);
	sent.pins.last = 2;
	assert_refused(&sent, length_of(CHANNEL_PINS), NULL, 0);
	sent = sample(CHANNEL_PINS);
	memset(sent.pins.items[CHANNEL_PINS_MAX - 1].name, 'x',
	    sizeof(sent.pins.items[0].name));
	assert_refused(&sent, length_of(CHANNEL_PINS), NULL, 0);
	sent = sample(CHANNEL_BAN);
	sent.banned.first.family = 0;
	assert_refused(&sent, length_of(CHANNEL_BAN), NULL, 0);
	sent = sample(CHANNEL_BAN);
	sent.banned.last.family = ADDRESS_IPV6;
	assert_refused(&sent, length_of(CHANNEL_BAN), NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_arrives_as_it_was_sent),
		cmocka_unit_test(an_empty_channel_and_a_closed_one_differ),
		cmocka_unit_test(a_length_that_is_not_its_row_is_refused),
		cmocka_unit_test(descriptors_too_many_or_too_few_are_refused),
		cmocka_unit_test(types_that_are_none_are_refused),
		cmocka_unit_test(what_a_length_cannot_tell_is_looked_at),
		cmocka_unit_test(figures_that_nobody_counts_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
