/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/channel.h"

#include "net/socket.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define HEAD_BYTES offsetof(struct channel_message, file)

static const struct {
	size_t bytes;
	size_t fds;
	const char *word;
} types[] = {
#define ROW(id, bytes, fds) { bytes, fds, #id },
	CHANNEL_TYPES(ROW)
#undef ROW
};

const char *
channel_type_word(enum channel_type type)
{
	return type < CHANNEL_TYPE_COUNT ? types[type].word : "?";
}

int
channel_send(int channel, const struct channel_message *message, int fd)
{
	size_t bytes = HEAD_BYTES + types[message->type].bytes;

	return socket_send(channel,
	    (struct str){ (const char *)message, bytes }, &fd,
	    types[message->type].fds);
}

static bool
is_text(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static bool
is_address(const struct address *address)
{
	return address->family == ADDRESS_IPV4 ||
	       address->family == ADDRESS_IPV6;
}

static bool
is_own(const struct channel_own *own)
{
	if (own->count > CHANNEL_OWN_MAX || own->first > 1 || own->last > 1)
		return false;
	for (uint32_t i = 0; i < own->count; i++)
		if (!is_address(&own->items[i].address))
			return false;
	return true;
}

static bool
are_quotas(const struct channel_quotas *quotas)
{
	if (quotas->count > CHANNEL_QUOTAS_MAX || quotas->last > 1)
		return false;
	for (uint32_t i = 0; i < quotas->count; i++)
		if (!policy_quota_count_is_good(&quotas->items[i]))
			return false;
	return true;
}

static bool
is_output(const struct channel_output *output)
{
	if (output->number >= POLICY_JOURNAL_OUTPUTS_MAX ||
	    output->kind > POLICY_JOURNAL_KIND_COUNT ||
	    output->form >= POLICY_JOURNAL_FORM_COUNT)
		return false;
	return !policy_journal_is_server(
		   (enum policy_journal_kind)output->kind) ||
	       is_address(&output->at.address);
}

static bool
is_learn(const struct channel_learn *learn)
{
	char name[HOSTNAME_MAX + 1];
	struct str parsed;

	if (learn->count == 0 || learn->count > CHANNEL_LEARN_MAX ||
	    learn->seconds > CHANNEL_LEARN_SECONDS_MAX ||
	    !is_text(learn->zone, sizeof(learn->zone)) ||
	    !is_text(learn->name, sizeof(learn->name)) ||
	    hostname_parse(str_of(learn->name), name, &parsed) < 0 ||
	    !str_is(parsed, learn->name))
		return false;
	for (uint32_t i = 0; i < learn->count; i++)
		if (!is_address(&learn->addresses[i]))
			return false;
	return true;
}

static bool
are_pins(const struct channel_pins *pins)
{
	if (pins->count > CHANNEL_PINS_MAX || pins->last > 1)
		return false;
	for (uint32_t i = 0; i < pins->count; i++)
		if (!is_text(pins->items[i].name, sizeof(pins->items[i].name)))
			return false;
	return true;
}

/* What the kernel gives as one (MAX_ERRNO), or none. */
static bool
is_error(int64_t error)
{
	return error <= 0 && error >= -4095;
}

/* So large that no sum of two overflows, and no machine counts so far. */
static bool
is_count(int64_t count)
{
	return count <= INT64_MAX / 4 && count >= -INT64_MAX / 4;
}

static bool
are_counters(const struct channel_counters *counters)
{
	for (size_t i = 0; i < COUNTER_CELLS; i++)
		if (!is_count(counters->values[i]))
			return false;
	return true;
}

static bool
are_outputs(const struct channel_outputs *outputs)
{
	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		if (!is_count(outputs->states[i].written) ||
		    !is_count(outputs->states[i].lost) ||
		    !is_error(outputs->states[i].error))
			return false;
	return true;
}

/* What the length alone does not say. */
static bool
is_sound(const struct channel_message *message)
{
	switch ((enum channel_type)message->type) {
	case CHANNEL_FILE:
		return is_text(message->file.path, sizeof(message->file.path));
	case CHANNEL_REFUSED:
		return is_text(
		    message->words.words, sizeof(message->words.words));
	case CHANNEL_LISTENER:
		return message->listener.kind < CHANNEL_LISTENER_KIND_COUNT &&
		       is_address(&message->listener.at.address);
	case CHANNEL_OWN:
		return is_own(&message->own);
	case CHANNEL_PURGE:
		return message->purge.kind <= CACHE_PURGE_ALL &&
		       is_text(
			   message->purge.what, sizeof(message->purge.what));
	case CHANNEL_BAN:
	case CHANNEL_UNBAN:
		return is_address(&message->banned.first) &&
		       message->banned.first.family ==
			   message->banned.last.family;
	case CHANNEL_QUOTAS:
		return are_quotas(&message->quotas);
	case CHANNEL_NO_SOURCE:
		return message->source.error < 0 &&
		       is_error(message->source.error);
	case CHANNEL_STAND:
		return is_address(&message->stand.client.address) &&
		       is_address(&message->stand.server.address) &&
		       message->stand.client.address.family ==
			   message->stand.server.address.family;
	case CHANNEL_CAUGHT:
		return is_address(&message->caught.source);
	case CHANNEL_LEARN:
		return is_learn(&message->learn);
	case CHANNEL_PINS:
		return are_pins(&message->pins);
	case CHANNEL_LEARNED:
		return is_error(message->source.error);
	case CHANNEL_HOST_FILE:
		return message->host_file == CHANNEL_SERVERS_FD ||
		       message->host_file == CHANNEL_AUTHORITIES_FD;
	case CHANNEL_HELLO:
		return is_text(
		    message->sandbox.problem, sizeof(message->sandbox.problem));
	case CHANNEL_PURGED:
		return message->purged > 0 ? is_count(message->purged)
					   : is_error(message->purged);
	case CHANNEL_COUNTERS:
		return are_counters(&message->counters);
	case CHANNEL_OUTPUTS:
		return are_outputs(&message->outputs);
	case CHANNEL_OUTPUT:
	case CHANNEL_OUTPUT_FD:
		return is_output(&message->output);
	case CHANNEL_ASK:
		return is_text(
			   message->ask.token, sizeof(message->ask.token)) &&
		       is_text(message->ask.line, sizeof(message->ask.line));
	case CHANNEL_ALIVE:
	case CHANNEL_ANSWER:
	case CHANNEL_WANT:
	case CHANNEL_SOURCE:
	case CHANNEL_BEGIN:
	case CHANNEL_COLLECT:
	case CHANNEL_RECKON:
	case CHANNEL_RECKONED:
	case CHANNEL_PREPARE:
	case CHANNEL_COMMIT:
	case CHANNEL_ABORT:
	case CHANNEL_COUNT_OUTPUTS:
	case CHANNEL_LIST_PINS:
	case CHANNEL_COUNT:
	case CHANNEL_DRAIN:
	case CHANNEL_DRAINED:
	case CHANNEL_READY:
	case CHANNEL_TYPE_COUNT:
		break;
	}
	return true;
}

int
channel_receive(int channel, struct channel_message *ret, int *ret_fd)
{
	struct socket_message received = { .bytes = ret, .room = sizeof(*ret) };
	int rc = socket_receive(channel, &received);

	if (rc < 0)
		return rc == -EMSGSIZE ? -EBADMSG : rc;
	if (received.len == 0)
		return -EPIPE;
	if (received.len < HEAD_BYTES || ret->type >= CHANNEL_TYPE_COUNT ||
	    received.len != HEAD_BYTES + types[ret->type].bytes ||
	    received.fds_count != types[ret->type].fds || !is_sound(ret)) {
		while (received.fds_count > 0)
			(void)close(received.fds[--received.fds_count]);
		return -EBADMSG;
	}
	*ret_fd = received.fds_count == 1 ? received.fds[0] : -1;
	return 0;
}
