/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose frames come in by an interface, told from real ones.  What this kernel
 * cannot make is passed over.
 */
#include "firewall/links.h"

#include "namespace.h"

static bool
has_made(const char *command)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s 2>/dev/null", command);
	return system(line) == 0; /* NOLINT(cert-env33-c) */
}

static struct host_links
links_now(void)
{
	struct host_links links;

	assert_int_equal(links_read(&links), 0);
	return links;
}

static void
a_pair_and_what_it_is_part_of(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	if (!has_made("ip link add a0 address 02:00:00:00:00:0a type veth peer "
		      "name b0 address 02:00:00:00:00:0b"))
		skip();
	struct host_links links = links_now();
	const struct host_link *a = links_find(&links, "a0");
	const struct host_link *b = links_find(&links, "b0");
	const struct host_link *lo = links_find(&links, "lo");

	assert_non_null(a);
	assert_non_null(b);
	assert_string_equal(a->kind, "veth");
	assert_true(a->is_ethernet && !lo->is_ethernet);
	assert_memory_equal(a->hardware, "\2\0\0\0\0\12", 6);
	/* Each end names the other, and neither stands on it. */
	assert_true(a->under == 0 && b->under == 0 && a->master == 0);
	assert_null(links_find_twin(&links, a));
	assert_ptr_equal(links_find_index(&links, b->index), b);
	assert_null(links_find(&links, "c0"));
	assert_null(links_find_index(&links, 9999));
	links_fini(&links);
	if (has_made("ip link add br0 type bridge && ip link set a0 master "
		     "br0")) {
		links = links_now();
		a = links_find(&links, "a0");
		assert_string_equal(
		    links_find_index(&links, a->master)->name, "br0");
		links_fini(&links);
	}
	shell("ip link del a0");
}

/* Each kind that cannot be told from what it stands on, and one that can. */
static void
what_stands_on_it(void **state)
{
	static const struct {
		const char *rest;
		bool is_twin;
	} rows[] = {
		{ "type vlan id 5", true },
		{ "type ipvlan mode l2", true },
		{ "type macvlan mode passthru", true },
		{ "type macvlan mode bridge", false },
	};
	char line[128];

	(void)state;
	NEED_NAMESPACE();
	if (!has_made("ip link add a0 type veth peer name b0"))
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(line, sizeof(line),
		    "ip link add link a0 name on0 %s", rows[i].rest);
		if (!has_made(line))
			continue;
		struct host_links links = links_now();
		const struct host_link *a = links_find(&links, "a0");
		const struct host_link *on = links_find(&links, "on0");
		assert_int_equal(on->under, a->index);
		assert_ptr_equal(
		    links_find_twin(&links, a), rows[i].is_twin ? on : NULL);
		links_fini(&links);
		shell("ip link del on0");
	}
	shell("ip link del a0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_and_what_it_is_part_of),
		cmocka_unit_test(what_stands_on_it),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
