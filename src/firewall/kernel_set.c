/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/kernel_set.h"

#include <arpa/inet.h>
#include <endian.h>

#include "firewall/names.h"

/*
 * Ranges in a message: their attribute has 16 bits of length, and one of IPv6
 * takes 64 bytes.
 */
#define RANGES_IN_MESSAGE 1000

/* libnftables' own numbers, by which nft(8) prints what is in a set. */
#define NFT_TYPE_IPV4 7
#define NFT_TYPE_IPV6 8

/* A record of the set's user data: key byte order (0), 4 bytes, big endian. */
static const uint8_t byte_order_record[] = { 0, 4, 2, 0, 0, 0 };

struct kernel_ranges
kernel_ranges_of(const struct address_set *set, uint8_t family)
{
	if (family == ADDRESS_IPV4)
		return (struct kernel_ranges){ set->v4.items, set->v4.count };
	return (struct kernel_ranges){ set->v6.items, set->v6.count };
}

/* ---- tables and sets ---- */

static void
put_table(struct batch *batch, enum nf_tables_msg_types type, uint16_t flags)
{
	struct nlmsghdr *message = batch_message(batch, type, flags);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, FIREWALL_TABLE_NAME);
	batch_add(batch, message);
}

void
kernel_table_create(struct batch *batch)
{
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

void
kernel_table_delete(struct batch *batch)
{
	put_table(batch, NFT_MSG_DELTABLE, 0);
}

static void
put_number(struct nlmsghdr *message, uint16_t type, uint32_t number)
{
	mnl_attr_put_u32(message, type, htonl(number));
}

static void
put_size(struct nlmsghdr *message, const struct kernel_set *set)
{
	if (set->size == 0)
		return;
	struct nlattr *description =
	    mnl_attr_nest_start(message, NFTA_SET_DESC);
	put_number(message, NFTA_SET_DESC_SIZE, set->size);
	mnl_attr_nest_end(message, description);
}

void
kernel_set_create(struct batch *batch, const struct kernel_set *set)
{
	bool is_ipv4 = set->family == ADDRESS_IPV4;
	struct nlmsghdr *message =
	    batch_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_SET_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_SET_NAME, set->name);
	put_number(message, NFTA_SET_FLAGS,
	    (set->has_intervals ? (uint32_t)NFT_SET_INTERVAL : 0) |
		(set->has_timeouts ? (uint32_t)NFT_SET_TIMEOUT : 0) |
		(set->size > 0 ? (uint32_t)NFT_SET_EVAL : 0));
	put_number(message, NFTA_SET_KEY_TYPE,
	    is_ipv4 ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6);
	put_number(message, NFTA_SET_KEY_LEN, is_ipv4 ? 4 : 16);
	put_number(message, NFTA_SET_ID, batch->sequence);
	put_size(message, set);
	mnl_attr_put(message, NFTA_SET_USERDATA, sizeof(byte_order_record),
	    byte_order_record);
	batch_add(batch, message);
}

void
kernel_set_delete(struct batch *batch, const char *name)
{
	struct nlmsghdr *message = batch_message(batch, NFT_MSG_DELSET, 0);

	if (message == NULL)
		return;
	mnl_attr_put_strz(message, NFTA_SET_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_SET_NAME, name);
	batch_add(batch, message);
}

/* ---- elements ---- */

static struct nlmsghdr *
begin_elements(
    struct batch *batch, const char *name, enum kernel_set_change change)
{
	static const struct {
		enum nf_tables_msg_types type;
		uint16_t flags;
	} messages[] = {
		[KERNEL_SET_ADD] = { NFT_MSG_NEWSETELEM,
		    NLM_F_CREATE | NLM_F_EXCL },
		[KERNEL_SET_HAVE] = { NFT_MSG_NEWSETELEM, NLM_F_CREATE },
		[KERNEL_SET_REMOVE] = { NFT_MSG_DELSETELEM, 0 },
	};
	struct nlmsghdr *message =
	    batch_message(batch, messages[change].type, messages[change].flags);

	if (message == NULL)
		return NULL;
	mnl_attr_put_strz(
	    message, NFTA_SET_ELEM_LIST_TABLE, FIREWALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
	return message;
}

/* Without elements a deletion is of them all. */
void
kernel_set_flush(struct batch *batch, const char *name)
{
	struct nlmsghdr *message =
	    begin_elements(batch, name, KERNEL_SET_REMOVE);

	if (message != NULL)
		batch_add(batch, message);
}

struct element {
	const void *key; /* in network order */
	size_t bytes;
	bool is_end;
	uint64_t timeout_ms;
};

static void
put_element(struct nlmsghdr *message, const struct element *element)
{
	struct nlattr *outer = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	struct nlattr *key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);

	mnl_attr_put(message, NFTA_DATA_VALUE, element->bytes, element->key);
	mnl_attr_nest_end(message, key);
	if (element->is_end)
		put_number(
		    message, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if (element->timeout_ms > 0)
		mnl_attr_put_u64(message, NFTA_SET_ELEM_TIMEOUT,
		    htobe64(element->timeout_ms));
	mnl_attr_nest_end(message, outer);
}

/* The end of what reaches the last address there is stays open. */
static void
put_range4(
    struct nlmsghdr *message, const struct range4 *range, uint64_t timeout_ms)
{
	uint32_t first = htonl(range->first), behind = htonl(range->last + 1);

	put_element(message,
	    &(struct element){ &first, sizeof(first), false, timeout_ms });
	if (behind != 0)
		put_element(message,
		    &(struct element){ &behind, sizeof(behind), true, 0 });
}

static void
put_range6(
    struct nlmsghdr *message, const struct range6 *range, uint64_t timeout_ms)
{
	uint64_t first[2] = { htobe64(range->first[0]),
		htobe64(range->first[1]) };
	uint64_t low = range->last[1] + 1;
	uint64_t high = range->last[0] + (low == 0);
	uint64_t behind[2] = { htobe64(high), htobe64(low) };

	put_element(message,
	    &(struct element){ first, sizeof(first), false, timeout_ms });
	if (high != 0 || low != 0)
		put_element(message,
		    &(struct element){ behind, sizeof(behind), true, 0 });
}

static size_t
put_message(struct batch *batch, const struct kernel_set *set,
    enum kernel_set_change change, struct kernel_ranges ranges, size_t at)
{
	struct nlmsghdr *message = begin_elements(batch, set->name, change);
	size_t end = at + RANGES_IN_MESSAGE;

	if (end > ranges.count)
		end = ranges.count;
	if (message == NULL)
		return ranges.count; /* the commit will say it */
	struct nlattr *list =
	    mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; at < end; at++) {
		if (set->family == ADDRESS_IPV4)
			put_range4(message,
			    &((const struct range4 *)ranges.items)[at], 0);
		else
			put_range6(message,
			    &((const struct range6 *)ranges.items)[at], 0);
	}
	mnl_attr_nest_end(message, list);
	batch_add(batch, message);
	return at;
}

size_t
kernel_set_put(struct batch *batch, const struct kernel_set *set,
    enum kernel_set_change change, struct kernel_ranges ranges, size_t at)
{
	while (at < ranges.count && batch->len < BATCH_BYTES_WANTED)
		at = put_message(batch, set, change, ranges, at);
	return at;
}

static void
put_bounds(struct nlmsghdr *message, const struct kernel_set *set,
    const struct address_range *range, uint64_t timeout_ms)
{
	struct element first = { range->first.bytes,
		set->family == ADDRESS_IPV4 ? 4 : 16, false, timeout_ms };
	struct address behind;

	put_element(message, &first);
	if (!set->has_intervals || !address_next(range->last, &behind))
		return;
	put_element(
	    message, &(struct element){ behind.bytes, first.bytes, true, 0 });
}

void
kernel_set_put_one(struct batch *batch, const struct kernel_set *set,
    enum kernel_set_change change, const struct address_range *range,
    uint64_t timeout_ms)
{
	struct nlmsghdr *message = begin_elements(batch, set->name, change);

	if (message == NULL)
		return;
	struct nlattr *list =
	    mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_bounds(message, set, range, timeout_ms);
	mnl_attr_nest_end(message, list);
	batch_add(batch, message);
}
