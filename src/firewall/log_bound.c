/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/log_bound.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "firewall/limits.h"

/* A power of two; a chain is one entry long, or two. */
#define HEADS 4096
#define NONE  UINT16_MAX

static_assert(LOG_BOUND_RECORDS_MAX < NONE, "an index names an entry or none");

struct allowance {
	int64_t interval; /* between two events of a flood */
	int64_t burst;    /* how far ahead of them a bucket may be emptied */
};

#define ALLOWANCE(at_once, a_second)                                           \
	{                                                                      \
		CLOCK_SECOND / (a_second),                                     \
		    ((at_once)-1) * (CLOCK_SECOND / (a_second))                \
	}

static const struct allowance refused = ALLOWANCE(1000, 20);
static const struct allowance allowed = ALLOWANCE(10000, 1000);

struct entry {
	int64_t full_at; /* when the bucket will be full: emptier is later */
	uint64_t suppressed;
	uint16_t next; /* of the same head */
	uint8_t len;
	char record[FIREWALL_LOG_PREFIX_BYTES_MAX];
};

struct log_bound {
	uint16_t heads[HEADS];
	uint16_t count;
	struct entry entries[LOG_BOUND_RECORDS_MAX];
};

static void
clear_heads(struct log_bound *bound)
{
	for (size_t i = 0; i < HEADS; i++)
		bound->heads[i] = NONE;
}

struct log_bound *
log_bound_create(void)
{
	struct log_bound *bound = calloc(1, sizeof(*bound));

	if (bound != NULL)
		clear_heads(bound);
	return bound;
}

void
log_bound_destroy(struct log_bound *bound)
{
	free(bound);
}

static struct str
record_of(const struct entry *entry)
{
	return (struct str){ entry->record, entry->len };
}

static uint16_t *
head_of(struct log_bound *bound, struct str record)
{
	return &bound->heads[str_hash(record, 0) % HEADS];
}

static struct entry *
find(struct log_bound *bound, struct str record)
{
	uint16_t at = *head_of(bound, record);

	while (at != NONE && !str_eq(record_of(&bound->entries[at]), record))
		at = bound->entries[at].next;
	return at != NONE ? &bound->entries[at] : NULL;
}

static void
link_entry(struct log_bound *bound, uint16_t at)
{
	struct entry *entry = &bound->entries[at];
	uint16_t *head = head_of(bound, record_of(entry));

	entry->next = *head;
	*head = at;
}

/* NULL: no room. */
static struct entry *
add(struct log_bound *bound, struct str record, int64_t now)
{
	must(record.len <= FIREWALL_LOG_PREFIX_BYTES_MAX);
	if (bound->count == LOG_BOUND_RECORDS_MAX)
		return NULL;
	uint16_t at = bound->count++;
	struct entry *entry = &bound->entries[at];

	*entry = (struct entry){ .full_at = now, .len = (uint8_t)record.len };
	if (record.len > 0)
		memcpy(entry->record, record.at, record.len);
	link_entry(bound, at);
	return entry;
}

bool
log_bound_admit(struct log_bound *bound, struct str record,
    enum policy_verdict verdict, int64_t now)
{
	const struct allowance *allowance =
	    verdict == POLICY_VERDICT_ALLOW ? &allowed : &refused;
	struct entry *entry = find(bound, record);

	if (entry == NULL)
		entry = add(bound, record, now);
	if (entry == NULL)
		return true;
	if (entry->full_at < now)
		entry->full_at = now;
	if (entry->full_at - now > allowance->burst) {
		entry->suppressed++;
		return false;
	}
	entry->full_at += allowance->interval;
	return true;
}

/* Those that are not yet full move together and are linked anew. */
static void
forget_full(struct log_bound *bound, int64_t now)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < bound->count; i++)
		if (bound->entries[i].full_at > now)
			bound->entries[kept++] = bound->entries[i];
	bound->count = kept;
	clear_heads(bound);
	for (uint16_t i = 0; i < kept; i++)
		link_entry(bound, i);
}

bool
log_bound_settle(
    struct log_bound *bound, int64_t now, log_bound_fn fn, void *context)
{
	for (uint16_t i = 0; i < bound->count; i++) {
		struct entry *entry = &bound->entries[i];
		uint64_t suppressed = entry->suppressed;

		entry->suppressed = 0;
		if (suppressed > 0)
			fn(record_of(entry), suppressed, context);
	}
	forget_full(bound, now);
	return bound->count > 0;
}
