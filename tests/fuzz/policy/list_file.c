/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readers of lists on any bytes, as names and as addresses.  Besides not
 * crashing:
 * - what is said stays small, whatever the file;
 * - each name that the set holds has its one spelling, and is covered, or the
 *   names under it are; an exception's is not;
 * - ranges ascend and do not touch, and their ends are in the set;
 * - the index over both says the same.
 */
#include "policy/list_file.h"
#include "policy/membership.h"

#include "base/must.h"

#include <errno.h>

#define REPORT_BYTES_MAX 8192 /* three lines, and as many sentences */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_spelling(struct str name)
{
	char again[DOMAIN_NAME_MAX + 1];
	struct str spelled;
	enum domain_cover cover;
	const char *why;

	must(domain_name_parse(name, again, &spelled, &cover, &why) == 0);
	must(str_eq(name, spelled) && cover == DOMAIN_ITSELF);
}

static void
check_names(const struct domain_set *set, const struct membership *index)
{
	size_t entries = 0, exceptions = 0;

	for (size_t i = 0; i < set->room; i++) {
		struct str name;
		enum domain_cover cover;
		if (domain_set_entry(set, i, &name, &cover)) {
			check_spelling(name);
			must((cover & DOMAIN_ITSELF) == 0 ||
			     domain_set_covers(set, name));
			must((cover & DOMAIN_UNDER) == 0 ||
			     domain_set_covers_under(set, name));
			must(membership_set_has(membership_of_name(index, name),
				 0) == domain_set_covers(set, name));
			entries++;
		}
		if (domain_set_exception(set, i, &name, &cover)) {
			check_spelling(name);
			must((cover & DOMAIN_ITSELF) == 0 ||
			     !domain_set_covers(set, name));
			exceptions++;
		}
	}
	must(entries == set->count && exceptions == set->exceptions);
}

static void
check_ranges(const struct address_set *set, const struct membership *index)
{
	struct address last = { 0 }, next;

	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		must(address_cmp(range.first, range.last) <= 0);
		must(address_cmp(last, range.first) < 0);
		must(last.family != range.first.family ||
		     (address_next(last, &next) &&
			 address_cmp(next, range.first) < 0));
		must(address_set_has(set, range.first));
		must(address_set_has(set, range.last));
		must(membership_of_address(index, range.last)->count == 1);
		last = range.last;
	}
}

static void
read_as(struct str text, bool domains)
{
	struct policy_group group = { 0 };
	const struct policy_group *groups[] = { &group };
	struct membership index;
	struct report report;

	report_init(&report);
	int rc = list_file_read(
	    text, "list", domains, (struct place){ 0 }, &report, &group);
	must(rc == 0 || rc == -EINVAL);
	must(rc == 0 || report.errors == 1);
	must(report.count <= 5);
	must(report.arena.bytes < REPORT_BYTES_MAX);
	must(membership_init(&index, groups, 1) == 0);
	check_names(&group.domains, &index);
	check_ranges(&group.addresses, &index);
	membership_fini(&index);
	domain_set_fini(&group.domains);
	address_set_fini(&group.addresses);
	report_fini(&report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };

	read_as(text, true);
	read_as(text, false);
	return 0;
}
