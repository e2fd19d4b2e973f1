/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/partition.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define TABLE_ROOM_FIRST   64
#define EXAMPLES_BYTES_MAX ((size_t)64 << 20)

int
partition_init(struct partition *partition, size_t sets)
{
	*partition = (struct partition){ .sets = sets,
		.words = sets / 64 + 1,
		.table_room = TABLE_ROOM_FIRST };
	arena_init(&partition->arena, EXAMPLES_BYTES_MAX);
	partition->table = calloc(TABLE_ROOM_FIRST, sizeof(uint32_t));
	return partition->table != NULL ? 0 : -ENOMEM;
}

void
partition_fini(struct partition *partition)
{
	free(partition->bits.items);
	free(partition->table);
	free(partition->of.atoms);
	arena_fini(&partition->arena);
	*partition = (struct partition){ 0 };
}

static uint64_t
hash(const uint64_t *members, size_t words)
{
	uint64_t h = 0;

	for (size_t i = 0; i < words; i++) {
		h = (h ^ members[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static size_t
probe(const struct partition *partition, const uint64_t *members)
{
	size_t bytes = partition->words * sizeof(*members);
	size_t mask = partition->table_room - 1;
	size_t at = (size_t)hash(members, partition->words) & mask;

	while (partition->table[at] != 0 &&
	       memcmp(partition->bits.items +
			  (partition->table[at] - 1) * partition->words,
		   members, bytes) != 0)
		at = (at + 1) & mask;
	return at;
}

static int
grow_table(struct partition *partition)
{
	size_t room = partition->table_room * 2;
	uint32_t *table = calloc(room, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	free(partition->table);
	partition->table = table;
	partition->table_room = room;
	for (size_t i = 0; i < partition->count; i++)
		table[probe(
		    partition, partition->bits.items + i * partition->words)] =
		    (uint32_t)i + 1;
	return 0;
}

long
partition_add(struct partition *partition, const uint64_t *members,
    size_t atom_bytes, bool *ret_new)
{
	size_t at = probe(partition, members);

	*ret_new = partition->table[at] == 0;
	if (!*ret_new)
		return (long)partition->table[at] - 1;
	if (partition->count >= partition->table_room / 2) {
		if (grow_table(partition) < 0)
			return -ENOMEM;
		at = probe(partition, members);
	}
	if (atom_bytes > 0 && vec_room(&partition->of.atoms, partition->count,
				  &partition->of_room, atom_bytes) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < partition->words; i++)
		if (VEC_ADD(&partition->bits, members[i]) < 0)
			return -ENOMEM;
	partition->table[at] = (uint32_t)++partition->count;
	return (long)partition->count - 1;
}

/*
 * Where a set begins or ends next.  Behind the last address of a family comes
 * a family of one more, which lies before the next one.
 */
struct cursor {
	struct address next;
	size_t set, range;
	bool inside;
};

struct sweep {
	struct partition *partition;
	const struct partition_set *sets;
	struct cursor *heap; /* the nearest on top */
	size_t heap_count;
	uint64_t *members;
	size_t inside; /* how many sets hold the current address */
};

static void
sift_down(struct sweep *sweep, size_t at)
{
	struct cursor moved = sweep->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= sweep->heap_count)
			break;
		if (child + 1 < sweep->heap_count &&
		    address_cmp(sweep->heap[child + 1].next,
			sweep->heap[child].next) < 0)
			child++;
		if (address_cmp(moved.next, sweep->heap[child].next) <= 0)
			break;
		sweep->heap[at] = sweep->heap[child];
		at = child;
	}
	sweep->heap[at] = moved;
}

static struct address
behind(struct address last)
{
	struct address next = { .family = (uint8_t)(last.family + 1) };

	(void)address_next(last, &next);
	return next;
}

/* The top set begins or ends here; then its next place is found. */
static void
cross(struct sweep *sweep)
{
	struct cursor *top = &sweep->heap[0];
	const struct address_set *set = sweep->sets[top->set].addresses;
	struct address_range range = address_set_range(set, top->range);

	sweep->members[top->set / 64] ^= UINT64_C(1) << top->set % 64;
	top->inside = !top->inside;
	if (top->inside) {
		sweep->inside++;
		top->next = behind(range.last);
	} else {
		sweep->inside--;
		if (++top->range == address_set_count(set))
			*top = sweep->heap[--sweep->heap_count];
		else
			top->next = address_set_range(set, top->range).first;
	}
	if (sweep->heap_count > 0)
		sift_down(sweep, 0);
}

static int
keep_range(struct sweep *sweep, struct address first, struct address next)
{
	struct address_range range = { .first = first };
	struct partition *partition = sweep->partition;
	bool is_new;

	if (next.family != first.family) {
		range.last.family = first.family;
		memset(range.last.bytes, 0xff, address_width(first));
	} else {
		(void)address_prev(next, &range.last);
	}
	long atom = partition_add(
	    partition, sweep->members, sizeof(struct address_atom), &is_new);
	if (atom < 0)
		return -ENOMEM;
	struct address_atom *kept = &partition->of.addresses[atom];
	if (is_new)
		*kept = (struct address_atom){ 0 };
	if (kept->range_count < PARTITION_RANGES_KEPT)
		kept->ranges[kept->range_count] = range;
	kept->range_count++;
	return 0;
}

static int
run_sweep(struct sweep *sweep)
{
	while (sweep->heap_count > 0) {
		struct address here = sweep->heap[0].next;
		while (sweep->heap_count > 0 &&
		       address_cmp(sweep->heap[0].next, here) == 0)
			cross(sweep);
		if (sweep->inside > 0 &&
		    keep_range(sweep, here, sweep->heap[0].next) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void
begin_sweep(struct sweep *sweep, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (address_set_is_empty(sweep->sets[i].addresses))
			continue;
		sweep->heap[sweep->heap_count++] = (struct cursor){
			.next = address_set_range(sweep->sets[i].addresses, 0)
				    .first,
			.set = i
		};
	}
	for (size_t i = sweep->heap_count / 2; i-- > 0;)
		sift_down(sweep, i);
}

int
partition_addresses(
    struct partition *partition, const struct partition_set *sets, size_t count)
{
	struct sweep sweep = { .partition = partition, .sets = sets };
	int rc = partition_init(partition, count);

	sweep.heap = calloc(count + 1, sizeof(*sweep.heap));
	sweep.members = calloc(partition->words, sizeof(*sweep.members));
	if (rc == 0 && (sweep.heap == NULL || sweep.members == NULL))
		rc = -ENOMEM;
	if (rc == 0) {
		begin_sweep(&sweep, count);
		rc = run_sweep(&sweep);
	}
	free(sweep.heap);
	free(sweep.members);
	return rc;
}
