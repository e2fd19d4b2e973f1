/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a proxy that was taken over says, in any order and beside any question:
 * gatehoused asks on, believes what its row allows, and is never asked to wait
 * for one that has gone.
 *
 *	for each question:
 *		which, how many messages before it, how many behind it
 *		for each: type, length (2 bytes), bytes
 *
 * What is behind it is said when gatehoused waits for it.
 */
#undef _FORTIFY_SOURCE /* which has a poll of its own */

#include "base/must.h"
#include "daemon/child_talk.h"
#include "net/socket.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const size_t lengths[] = {
#define ROW(id, bytes, fds) (bytes),
	CHANNEL_TYPES(ROW)
#undef ROW
};

struct input {
	const uint8_t *at;
	size_t left;
};

static unsigned
take_byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* What lacks of its length is zero: so most are sound, and not all. */
static void
say_one(struct input *input, int channel)
{
	static union {
		struct channel_message message;
		char bytes[sizeof(struct channel_message)];
	} said;
	unsigned type = take_byte(input) % (CHANNEL_TYPE_COUNT + 1);
	size_t len = take_byte(input) | take_byte(input) << 8;
	size_t head = offsetof(struct channel_message, file);
	size_t bytes = head + (type < CHANNEL_TYPE_COUNT ? lengths[type] : 0);

	memset(&said, 0, sizeof(said));
	said.message.type = type;
	said.message.generation = 1;
	len = len < input->left ? len : input->left;
	len = len < bytes - head ? len : bytes - head;
	memcpy(said.bytes + head, input->at, len);
	input->at += len;
	input->left -= len;
	(void)socket_send(channel, (struct str){ said.bytes, bytes }, NULL, 0);
}

static void
check_count(void *context, const struct policy_quota_count *count)
{
	(void)context;
	must(policy_quota_count_is_good(count));
}

static void
check_pins(void *context, const struct channel_pins *pins)
{
	(void)context;
	must(pins->count <= CHANNEL_PINS_MAX);
	for (uint32_t i = 0; i < pins->count; i++)
		must(memchr(pins->items[i].name, '\0',
			 sizeof(pins->items[i].name)) != NULL);
}

static void
check_words(struct text *words)
{
	for (size_t i = 0; i < words->len; i++)
		must((uint8_t)words->at[i] >= ' ' || words->at[i] == '\n');
	text_fini(words);
}

static void
ask(struct child *child, unsigned question)
{
	static int64_t values[COUNTER_CELLS];
	const struct generation generation = { .number = 1 };
	struct channel_purge purge = { .kind = CACHE_PURGE_ALL };
	struct channel_outputs outputs;
	struct text words = TEXT_EMPTY;
	struct tally sum = { 0 };

	switch (question % 8) {
	case 0:
		(void)child_count(child, values);
		break;
	case 1:
		(void)child_list_pins(child, check_pins, NULL);
		break;
	case 2:
		(void)child_collect(child, check_count, NULL);
		break;
	case 3:
		must(child_purge(child, &purge) >= -4095);
		break;
	case 4:
		(void)child_count_outputs(child, &outputs);
		break;
	case 5:
		(void)child_drain(child);
		break;
	case 6:
		must(child_reckon(child, &sum) < 0); /* it lies */
		break;
	default:
		(void)child_await(child, &generation, &words);
		break;
	}
	check_words(&words);
}

/* ---- the proxy ---- */

static struct {
	struct input *input; /* NULL: it has said all */
	unsigned count;
	int channel;
} job;

/* Then it has gone: nothing waits for more. */
static void
answer(void)
{
	for (unsigned i = 0; i < job.count; i++)
		say_one(job.input, job.channel);
	(void)shutdown(job.channel, SHUT_WR);
	job.input = NULL;
}

/* What gatehoused waits with. */
int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	if (job.input != NULL && (fds->events & POLLIN) != 0)
		answer();
	return (int)syscall(SYS_poll, fds, count, timeout);
}

static void
talk(struct child *child, struct input *input)
{
	unsigned question = take_byte(input);
	unsigned before = take_byte(input) % 8;
	int ends[2];

	must(socket_pair(ends) == 0);
	child->channel = ends[0];
	job.channel = ends[1];
	job.count = take_byte(input) % 32;
	for (unsigned i = 0; i < before; i++)
		say_one(input, ends[1]);
	job.input = input;
	/* Nothing is asked of one that owes: it hears the end. */
	if (child->is_behind)
		(void)child_say_bare(child, CHANNEL_ABORT, 1);
	if (question % 8 == 7)
		(void)child_say_bare(child, CHANNEL_PREPARE, 1);
	ask(child, question);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct child child;

	child_init(&child, 0, 0);
	child.is_behind = (take_byte(&input) & 1) != 0;
	for (int i = 0; i < 8 && input.left > 0; i++)
		talk(&child, &input);
	return 0;
}
