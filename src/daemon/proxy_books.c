/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_books: what gatehouse-proxy has counted, told when it is asked.
 */
#include "daemon/proxy_impl.h"

#include "base/file.h"
#include "event/counter.h"
#include "proxy/generation.h"
#include "proxy/inspection.h"

#include <errno.h>
#include <poll.h>

/* What the cache counts itself. */
static void
count_cache(struct proxy *proxy, int64_t values[static COUNTER_CELLS])
{
	struct cache_stats stats;

	if (workers_cache(proxy->workers) == NULL)
		return;
	cache_stats(workers_cache(proxy->workers), &stats);
	values[COUNTER_CACHE_OBJECTS] = (int64_t)stats.objects;
	values[COUNTER_CACHE_BYTES] = (int64_t)stats.bytes;
	values[COUNTER_CACHE_STORED] = (int64_t)stats.puts;
	values[COUNTER_CACHE_EVICTED] = (int64_t)stats.evicted;
	values[COUNTER_CACHE_PURGED] = (int64_t)stats.purged;
}

int
proxy_answer_count(struct proxy *proxy)
{
	struct channel_message message = { .type = CHANNEL_COUNTERS };

	for (unsigned i = 0; i < COUNTER_CELLS; i++)
		message.counters.values[i] = counter_get_cell(i);
	count_cache(proxy, message.counters.values);
	return proxy_send(&message);
}

/* gatehoused reads them while we send; when it does not we are lost anyway. */
static int
send_patiently(const struct channel_message *message)
{
	struct pollfd fd = { .fd = CHANNEL_FD, .events = POLLOUT };
	int rc;

	while ((rc = proxy_send(message)) == -EAGAIN)
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return rc;
}

int
proxy_answer_collect(struct proxy *proxy)
{
	static struct channel_message message; /* 4 KiB; one thread */
	size_t sent = 0;
	int rc = 0;

	if (quotas_tick(proxy->quotas, clock_wall()))
		rc = workers_end_used_up(proxy->workers);
	message.type = CHANNEL_QUOTAS;
	do {
		message.quotas.count = (uint32_t)quotas_collect(
		    proxy->quotas, message.quotas.items, CHANNEL_QUOTAS_MAX);
		sent += message.quotas.count;
		/* What goes on changing meanwhile is for the next time. */
		message.quotas.last =
		    message.quotas.count < CHANNEL_QUOTAS_MAX ||
		    sent >= QUOTAS_MAX;
		if (rc == 0)
			rc = send_patiently(&message);
	} while (rc == 0 && message.quotas.last == 0);
	return rc;
}

static int
write_tally(struct proxy *proxy, int file)
{
	struct text bytes = TEXT_EMPTY;
	struct tally sum;
	int rc = tally_init(&sum);

	if (rc < 0)
		return rc;
	workers_reckon(proxy->workers, &sum);
	tally_write(&sum, &bytes);
	tally_fini(&sum);
	rc = bytes.full ? -ENOMEM : file_write_all(file, text_str(&bytes));
	text_fini(&bytes);
	return rc;
}

/* What could not be written is lost: a file that ends too soon says so. */
int
proxy_answer_reckon(struct proxy *proxy, int file)
{
	(void)write_tally(proxy, file);
	return proxy_send_bare(CHANNEL_RECKONED, 0);
}

int
proxy_answer_count_outputs(struct proxy *proxy)
{
	struct channel_message message = { .type = CHANNEL_OUTPUTS };

	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		message.outputs.states[i] = journal_look(&proxy->journal, i);
	return proxy_send(&message);
}

static void
list_pins(
    struct inspection *inspection, size_t *place, struct channel_pins *ret)
{
	struct inspection_pin pins[CHANNEL_PINS_MAX];
	size_t count =
	    inspection_pins(inspection, place, pins, CHANNEL_PINS_MAX);

	*ret = (struct channel_pins){ .count = (uint32_t)count,
		.last = count < CHANNEL_PINS_MAX };
	for (size_t i = 0; i < count; i++) {
		ret->items[i].seconds = (uint32_t)(pins[i].left / CLOCK_SECOND);
		ret->items[i].zone = pins[i].zone;
		memcpy(ret->items[i].name, pins[i].host, sizeof(pins[i].host));
	}
}

int
proxy_answer_list_pins(struct proxy *proxy)
{
	static struct channel_message message; /* 4 KiB; one thread */
	struct inspection *inspection =
	    proxy->current != NULL ? proxy->current->inspection : NULL;
	size_t place = 0;
	int rc;

	message.type = CHANNEL_PINS;
	do {
		if (inspection != NULL)
			list_pins(inspection, &place, &message.pins);
		else
			message.pins = (struct channel_pins){ .last = 1 };
		rc = send_patiently(&message);
	} while (rc == 0 && message.pins.last == 0);
	return rc;
}

int
proxy_take_quotas(struct proxy *proxy, const struct channel_quotas *quotas)
{
	int64_t wall = clock_wall();
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < quotas->count; i++)
		rc = quotas_put(proxy->quotas, &quotas->items[i], wall);
	return rc;
}
