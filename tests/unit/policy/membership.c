/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/membership: the same answers as asking group by group. */
#include "policy/membership.h"

#include "name_walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GROUPS 9
#define ROUNDS 300
#define ASKS   1000 /* a round, of each group: 2,700,000 */

static struct policy_group groups[GROUPS];
static const struct policy_group *pointers[GROUPS];

static void
begin(void)
{
	for (size_t i = 0; i < GROUPS; i++)
		pointers[i] = &groups[i];
}

static void
end(struct membership *membership)
{
	membership_fini(membership);
	for (size_t i = 0; i < GROUPS; i++) {
		domain_set_fini(&groups[i].domains);
		address_set_fini(&groups[i].addresses);
	}
}

static void
build(struct membership *membership)
{
	for (size_t i = 0; i < GROUPS; i++) {
		assert_int_equal(domain_set_freeze(&groups[i].domains), 0);
		address_set_freeze(&groups[i].addresses);
	}
	assert_int_equal(membership_init(membership, pointers, GROUPS), 0);
}

static void
empty(void **state)
{
	struct membership membership;
	struct address address;

	(void)state;
	begin();
	assert_int_equal(membership_init(&membership, pointers, 0), 0);
	assert_int_equal(
	    membership_of_name(&membership, STR("a.example"))->count, 0);
	assert_int_equal(address_parse(STR("192.0.2.1"), &address), 0);
	assert_int_equal(membership_of_address(&membership, address)->count, 0);
	end(&membership);
	build(&membership);
	assert_int_equal(
	    membership_of_name(&membership, STR("a.example"))->count, 0);
	end(&membership);
	membership_fini(&membership);
}

static void
is_in(const struct membership_set *set, uint32_t a, uint32_t b)
{
	assert_int_equal(set->count, 2);
	assert_int_equal(set->groups[0], a);
	assert_int_equal(set->groups[1], b);
	assert_true(membership_set_has(set, a));
	assert_false(membership_set_has(set, a + 1));
	assert_false(membership_set_has(set, UINT32_MAX));
}

static void
combinations(void **state)
{
	struct membership membership;

	(void)state;
	begin();
	(void)domain_set_add(&groups[1].domains, STR("test"), DOMAIN_BOTH);
	(void)domain_set_add(&groups[4].domains, STR("a.test"), DOMAIN_BOTH);
	(void)domain_set_except(
	    &groups[1].domains, STR("b.a.test"), DOMAIN_BOTH);
	(void)domain_set_add(
	    &groups[7].domains, STR("b.a.test"), DOMAIN_ITSELF);
	build(&membership);
	is_in(membership_of_name(&membership, STR("a.test")), 1, 4);
	is_in(membership_of_name(&membership, STR("c.a.test")), 1, 4);
	/* The same combination is the same set. */
	assert_ptr_equal(membership_of_name(&membership, STR("a.test")),
	    membership_of_name(&membership, STR("d.c.a.test")));
	is_in(membership_of_name(&membership, STR("b.a.test")), 4, 7);
	assert_int_equal(
	    membership_of_name(&membership, STR("c.b.a.test"))->count, 1);
	end(&membership);
}

/* An address that nothing holds is in what holds everything. */
static void
nowhere(void **state)
{
	static const struct address none = { .family = ADDRESS_NONE };
	struct membership membership;
	struct address_range all;
	const char *why;

	(void)state;
	begin();
	assert_int_equal(address_range_parse(STR("0.0.0.0/0"), &all, &why), 0);
	assert_int_equal(address_set_add(&groups[2].addresses, &all), 0);
	assert_int_equal(address_range_parse(STR("::/1"), &all, &why), 0);
	assert_int_equal(address_set_add(&groups[3].addresses, &all), 0);
	build(&membership);
	const struct membership_set *set =
	    membership_of_address(&membership, none);
	assert_int_equal(set->count, 1);
	assert_true(membership_set_has(set, 2));
	end(&membership);
}

static void
fill_names(uint32_t *x, struct domain_set *set)
{
	for (unsigned i = random_next(x) % 12; i > 0; i--) {
		struct random_name name;
		random_name(x, &name);
		enum domain_cover cover =
		    (enum domain_cover)(1 + random_next(x) % 3);
		int rc = random_next(x) % 4 == 0
			     ? domain_set_except(set, name.name, cover)
			     : domain_set_add(set, name.name, cover);
		assert_int_equal(rc, 0);
	}
}

static struct address
random_address(uint32_t *x)
{
	struct address address = { 0 };
	bool v6 = random_next(x) % 2 == 0;

	address.family = v6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
	memset(address.bytes, random_next(x) % 2 == 0 ? 0xff : 0, v6 ? 16 : 4);
	address.bytes[v6 ? 15 : 3] = (uint8_t)random_next(x);
	return address;
}

static void
fill_addresses(uint32_t *x, struct address_set *set)
{
	for (unsigned i = random_next(x) % 12; i > 0; i--) {
		struct address_range range;
		range.first = range.last = random_address(x);
		unsigned low = range.first.family == ADDRESS_IPV6 ? 15 : 3;
		range.last.bytes[low] |= (uint8_t)(random_next(x) % 32);
		assert_int_equal(address_set_add(set, &range), 0);
	}
}

static void
check_set(const struct membership_set *set, uint32_t group, bool expected)
{
	assert_int_equal(membership_set_has(set, group), expected);
}

static void
ask(uint32_t *x, const struct membership *membership)
{
	struct random_name asked;
	struct address address = random_address(x);

	random_name(x, &asked);
	const struct membership_set *of_name =
	    membership_of_name(membership, asked.name);
	const struct membership_set *of_address =
	    membership_of_address(membership, address);
	for (uint32_t i = 0; i < GROUPS; i++) {
		check_set(of_name, i,
		    domain_set_covers(&groups[i].domains, asked.name));
		check_set(of_address, i,
		    address_set_has(&groups[i].addresses, address));
	}
}

static void
twin(void **state)
{
	uint32_t x = 1;

	(void)state;
	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct membership membership;
		for (size_t i = 0; i < GROUPS; i++) {
			fill_names(&x, &groups[i].domains);
			fill_addresses(&x, &groups[i].addresses);
		}
		build(&membership);
		for (unsigned i = 0; i < ASKS; i++)
			ask(&x, &membership);
		end(&membership);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(combinations),
		cmocka_unit_test(nowhere),
		cmocka_unit_test(twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
