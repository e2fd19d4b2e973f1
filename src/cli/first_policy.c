/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/first_policy.h"

#define SSH_PORT   22
#define PROXY_PORT 3128

/* Containers are the machine's own affair, unless it is itself shut in. */
static bool
is_within(const struct surroundings *around,
    const struct first_answers *answers, size_t interface)
{
	return answers->kind != FIRST_SANDBOX &&
	       around->interfaces[interface].is_within;
}

bool
first_policy_is_inside(const struct surroundings *around,
    const struct first_answers *answers, size_t interface)
{
	return (answers->kind == FIRST_GATEWAY ||
		   answers->kind == FIRST_PROXY) &&
	       interface != answers->outside &&
	       !is_within(around, answers, interface);
}

static bool
share_a_network(const struct surroundings_interface *one,
    const struct surroundings_interface *other)
{
	for (size_t i = 0; i < one->count; i++)
		for (size_t j = 0; j < other->count; j++)
			if (one->networks[i].first.family ==
				other->networks[j].first.family &&
			    address_cmp(one->networks[i].first,
				other->networks[j].last) <= 0 &&
			    address_cmp(other->networks[j].first,
				one->networks[i].last) <= 0)
				return true;
	return false;
}

/* The first interface inside that has a network of this one: an address lives
 * in one zone, so both are of the same. */
static size_t
first_with(const struct surroundings *around,
    const struct first_answers *answers, size_t interface)
{
	bool inside = first_policy_is_inside(around, answers, interface);

	for (size_t i = 0; i < around->count; i++)
		if (i != interface && (i < interface || !inside) &&
		    first_policy_is_inside(around, answers, i) &&
		    interface != answers->outside &&
		    share_a_network(
			&around->interfaces[i], &around->interfaces[interface]))
			return first_with(around, answers, i);
	return interface;
}

static bool
begins_zone(const struct surroundings *around,
    const struct first_answers *answers, size_t interface)
{
	return first_policy_is_inside(around, answers, interface) &&
	       first_with(around, answers, interface) == interface;
}

/* "lan", "lan2": in the order of the host's interfaces. */
static void
print_zone_name(const struct surroundings *around,
    const struct first_answers *answers, size_t interface, struct text *out)
{
	size_t first = first_with(around, answers, interface), number = 1;

	for (size_t i = 0; i < first; i++)
		number += begins_zone(around, answers, i);
	text_addz(out, "lan");
	if (number > 1)
		text_add_number(out, number);
}

static void
print_inside(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	bool any = false;

	for (size_t i = 0; i < around->count; i++) {
		if (!begins_zone(around, answers, i))
			continue;
		text_addz(out, any ? ", " : "");
		print_zone_name(around, answers, i, out);
		any = true;
	}
}

static const char *
outer_zone(const struct first_answers *answers)
{
	return answers->kind == FIRST_HOST || answers->kind == FIRST_SANDBOX
		   ? "net"
		   : "wan";
}

static void
print_networks(const struct surroundings_interface *interface, struct text *out)
{
	char word[ADDRESS_RANGE_TEXT_BYTES + 2];

	for (size_t i = 0; i < interface->count; i++) {
		size_t len;
		word[0] = ' ';
		(void)address_range_format(&interface->networks[i], word + 1);
		len = strlen(word);
		word[len] = ' ';
		if (out->len == 0 ||
		    memmem(out->at, out->len, word, len + 1) == NULL)
			text_add(out, (struct str){ word, len + 1 });
	}
}

/* One of containers and guests that is in no network of those inside. */
static bool
is_inner(const struct surroundings *around, const struct first_answers *answers,
    size_t i)
{
	return is_within(around, answers, i) &&
	       first_with(around, answers, i) == i;
}

static bool
has_inner(
    const struct surroundings *around, const struct first_answers *answers)
{
	for (size_t i = 0; i < around->count; i++)
		if (is_inner(around, answers, i))
			return true;
	return false;
}

/* Containers and guests, with all of their networks. */
static void
print_inner_zone(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	struct text networks = TEXT_EMPTY;

	if (!has_inner(around, answers))
		return;
	text_addz(out, "zone inner =");
	for (size_t i = 0; i < around->count; i++) {
		if (!is_inner(around, answers, i))
			continue;
		text_addf(out, " %s", around->interfaces[i].name);
		print_networks(&around->interfaces[i], &networks);
	}
	text_add(out, text_str(&networks));
	text_addc(out, '\n');
	text_fini(&networks);
}

/* All interfaces of the zone that begins with this one. */
static void
print_inside_zone(const struct surroundings *around,
    const struct first_answers *answers, size_t first, struct text *out)
{
	struct text networks = TEXT_EMPTY;

	text_addz(out, "zone ");
	print_zone_name(around, answers, first, out);
	text_addz(out, " =");
	for (size_t i = 0; i < around->count; i++) {
		if (first_with(around, answers, i) != first)
			continue;
		text_addf(out, " %s", around->interfaces[i].name);
		print_networks(&around->interfaces[i], &networks);
	}
	text_add(out, text_str(&networks));
	text_addc(out, '\n');
	text_fini(&networks);
}

static void
print_zones(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	bool known = false;

	text_addz(out,
	    "# Who is there.  A zone is a side of this machine: interfaces, "
	    "and the addresses\n# that live behind them.  In the one without "
	    "addresses lives everybody else.\n\n");
	for (size_t i = 0; i < around->count; i++)
		if (begins_zone(around, answers, i))
			print_inside_zone(around, answers, i, out);
	text_addf(out, "zone %s =", outer_zone(answers));
	for (size_t i = 0; i < around->count; i++)
		if (!first_policy_is_inside(around, answers, i) &&
		    !is_within(around, answers, i)) {
			text_addf(out, " %s", around->interfaces[i].name);
			known = true;
		}
	if (!known)
		text_addz(out, " eth* en* wl*");
	text_addc(out, '\n');
	print_inner_zone(around, answers, out);
	if (!str_is(answers->admins, "any"))
		text_addf(out,
		    "\n# Who looks after this machine, and from where: a "
		    "network, "
		    "if addresses change.\n\nname admins = %.*s\n",
		    STR_ARG(answers->admins));
}

void
first_policy_ssh(const struct surroundings *around, struct text *out)
{
	uint16_t port = around->has_session ? around->session.server.port : 0;
	bool usual = surroundings_port_is(&around->tcp, SSH_PORT) ||
		     port == 0 || port == SSH_PORT;

	text_addz(out, "tcp ");
	if (usual)
		text_add_number(out, SSH_PORT);
	if (port != 0 && port != SSH_PORT)
		text_addf(out, "%s%u", usual ? ", " : "", port);
}

static void
print_proxy(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	char word[ADDRESS_TEXT_BYTES];
	struct address_port listen = { .port = PROXY_PORT };

	while (surroundings_port_is(&around->tcp, listen.port))
		listen.port++;
	text_addz(out,
	    "\n\n# The proxy.  Programs that know of it ask it there; "
	    "everybody else's web goes\n# through it all the same, so that "
	    "rules may name names.\n\nproxy {\n");
	for (size_t i = 0; i < around->count; i++) {
		if (!first_policy_is_inside(around, answers, i) ||
		    around->interfaces[i].count == 0)
			continue;
		listen.address = around->interfaces[i].own[0];
		text_addf(out, "    listen %s for ",
		    address_port_format(listen, word));
		print_zone_name(around, answers, i, out);
		text_addc(out, '\n');
	}
	if (answers->intercept) {
		text_addz(out, "    intercept web for ");
		print_inside(around, answers, out);
		text_addc(out, '\n');
	}
	text_addz(out, "    private\n}\n");
}

static void
print_masquerade(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	text_addz(out, "\n\n# Towards the outside, all inside have this "
		       "machine's address.\n\nmasquerade ");
	print_inside(around, answers, out);
	text_addz(out, " -> wan\n");
}

static void
print_access(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	bool gateway =
	    answers->kind == FIRST_PROXY || answers->kind == FIRST_GATEWAY;
	const char *everybody = gateway ? "any" : "net";
	struct text inside = TEXT_EMPTY, ssh = TEXT_EMPTY;

	print_inside(around, answers, &inside);
	struct str who = gateway ? text_str(&inside) : str_of(everybody);
	first_policy_ssh(around, &ssh);
	text_addz(out,
	    "\n\n# The rules.  Of every flow, the first one that matches "
	    "decides; what no rule\n# allows is not allowed.  `self` is this "
	    "machine.  Replies need no rule.\n\n"
	    "# ssh, for those who look after it: this stands first, so that "
	    "nothing below\n# can lock you out.\n");
	text_addf(out, "allow %s -> self %.*s log as \"ssh\"\n",
	    str_is(answers->admins, "any") ? everybody : "admins",
	    STR_ARG(text_str(&ssh)));
	if (answers->services.len > 0)
		text_addf(out,
		    "\n# What runs here for others.\nallow %.*s -> self%.*s as "
		    "\"services\"\n",
		    STR_ARG(who), STR_ARG(answers->services));
	if (answers->kind != FIRST_SANDBOX)
		text_addf(out,
		    "\n# Is it there?\nallow any -> self ping limit 5/s per "
		    "source as \"ping\"\n");
	text_fini(&inside);
	text_fini(&ssh);
}

static void
print_sandbox(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	char word[ADDRESS_TEXT_BYTES];

	text_addz(out, "\n# What this machine may ask for, and no more; what "
		       "is refused is told to the log.\n");
	if (around->resolver_count > 0)
		text_addz(out, "allow self -> ");
	for (size_t i = 0; i < around->resolver_count; i++)
		text_addf(out, "%s%s", i > 0 ? ", " : "",
		    address_format(around->resolvers[i], word));
	if (around->resolver_count > 0)
		text_addz(out, " dns as \"names\"\n");
	text_addf(out, "allow self -> %.*s tcp 80, 443 as \"web\"\n",
	    STR_ARG(answers->destinations));
	text_addz(out, "reject self -> any log as \"not on the list\"\n");
}

static void
print_going(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	if (answers->kind == FIRST_SANDBOX) {
		print_sandbox(around, answers, out);
	} else {
		text_addz(out, "\n# What this machine asks for itself.\n"
			       "allow self -> any as \"own\"\n");
	}
	text_addz(out,
	    "\n# Answers of DHCPv6, whose question went to a group.\n"
	    "allow fe80::/10 -> self udp 546 as \"dhcpv6\"\n");
	if (has_inner(around, answers))
		text_addz(out,
		    "\n# Containers and guests of this machine.  Their ports "
		    "that it has for others\n# count as its own.\n"
		    "allow inner -> any as \"inner\"\n");
	if (answers->kind == FIRST_GATEWAY || answers->kind == FIRST_PROXY) {
		text_addz(out, "\n# Who is inside may go out, and is told no "
			       "where he may not go.\nallow ");
		print_inside(around, answers, out);
		text_addz(out, " -> wan as \"out\"\nreject ");
		print_inside(around, answers, out);
		text_addz(out, " -> any log as \"inside\"\n");
	}
	text_addz(out, "\n# Strangers hear nothing.\n"
		       "drop any -> any log as \"strangers\"\n");
}

/* A test that fails here would be a policy that locks somebody out. */
static void
print_tests(const struct surroundings *around, struct text *out)
{
	char client[ADDRESS_TEXT_BYTES], server[ADDRESS_TEXT_BYTES];

	if (!around->has_session ||
	    address_is_local_scope(around->session.client.address))
		return;
	text_addf(out,
	    "\n\n# What must stay true, whoever edits this file: a policy "
	    "whose own tests fail is\n# not brought into force.\n\n"
	    "test \"this session goes on\" {\n"
	    "    %s -> self %s tcp %u allow by \"ssh\"\n}\n",
	    address_format(around->session.client.address, client),
	    address_format(around->session.server.address, server),
	    around->session.server.port);
}

void
first_policy_write(const struct surroundings *around,
    const struct first_answers *answers, struct text *out)
{
	static const char *const what[] = {
		[FIRST_HOST] = "a machine that guards itself",
		[FIRST_GATEWAY] = "a gateway",
		[FIRST_PROXY] = "a gateway with a proxy",
		[FIRST_SANDBOX] = "a machine that reaches little",
	};

	text_addf(out,
	    "# A first policy, of `gatehouse setup`: %s.\n#\n"
	    "# Try it without touching anything, and then so that it goes "
	    "away by itself if\n# you are cut off:\n#\n"
	    "#     gatehouse check   FILE\n"
	    "#     gatehouse explain FILE '203.0.113.9 -> self tcp 22'\n"
	    "#     gatehouse run     FILE\n"
	    "#     gatehouse apply --confirm 60s FILE\n#\n"
	    "# man gatehouse.policy has the language.\n\n\n",
	    what[answers->kind]);
	print_zones(around, answers, out);
	if (answers->kind == FIRST_PROXY)
		print_proxy(around, answers, out);
	if (answers->kind == FIRST_GATEWAY || answers->kind == FIRST_PROXY)
		print_masquerade(around, answers, out);
	print_access(around, answers, out);
	print_going(around, answers, out);
	print_tests(around, out);
}
