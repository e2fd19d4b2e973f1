/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_exempt.h"

#include "base/file.h"
#include "daemon/generation.h"

#include <errno.h>

#define RESOLV_CONF           "/etc/resolv.conf"
#define RESOLV_CONF_BYTES_MAX 65536

/* ---- nobody can ---- */

const struct host_address *
ban_exempt_own(
    const struct ban_exempt *exempt, const struct address_range *range)
{
	const struct host_addresses *all = &exempt->addresses->addresses;

	for (size_t i = 0; i < all->count; i++)
		if (!all->items[i].is_broadcast &&
		    address_range_has(range, all->items[i].address))
			return &all->items[i];
	return NULL;
}

struct address_range
ban_exempt_source(const struct ban_exempt *exempt, struct address address)
{
	const struct host_addresses *all = &exempt->addresses->addresses;
	bool is_near = false;

	for (size_t i = 0; !is_near && i < all->count; i++)
		is_near = policy_ban_is_near(address, all->items[i].address);
	return policy_ban_source(address, is_near);
}

static int
refuse_own(const struct ban_exempt *exempt, const struct address_range *range,
    struct text *why)
{
	const struct host_address *own = ban_exempt_own(exempt, range);
	char text[ADDRESS_TEXT_BYTES];

	if (own == NULL)
		return 0;
	text_addf(why, "%s is an address of the gateway itself (%s)",
	    address_format(own->address, text), own->interface_name);
	return -EPERM;
}

/* What ends at each host itself would ban the neighbours, or nobody. */
static bool
has_local_scope(const struct address_range *range)
{
	return address_is_local_scope(range->first) ||
	       address_is_local_scope(range->last);
}

static int
refuse_always(const struct ban_exempt *exempt,
    const struct address_range *range, struct text *why)
{
	bool is_ipv4 = range->first.family == ADDRESS_IPV4;
	int bits_min = is_ipv4 ? BAN_BITS_MIN_4 : BAN_BITS_MIN_6;

	if (address_range_prefix(range) < bits_min) {
		text_addf(why,
		    "a ban of more than a /%d is most likely a "
		    "mistake; the policy is the place for it",
		    bits_min);
		return -EPERM;
	}
	if (has_local_scope(range)) {
		text_addz(why, "loopback, link-local and multicast addresses "
			       "are nobody's in particular and are not banned");
		return -EPERM;
	}
	return refuse_own(exempt, range, why);
}

/* ---- not without force ---- */

static int
say_address(struct address address, const char *what, struct text *why)
{
	char text[ADDRESS_TEXT_BYTES];

	text_addf(why, "%s %s", address_format(address, text), what);
	return -EPERM;
}

static int
refuse_sessions(const struct ban_exempt *exempt,
    const struct address_range *range, struct text *why)
{
	int64_t now = clock_now();

	for (size_t i = 0; i < BAN_SESSIONS_MAX; i++)
		if (exempt->sessions[i].until > now &&
		    address_range_has(range, exempt->sessions[i].address))
			return say_address(exempt->sessions[i].address,
			    "is where an administrator is connected from", why);
	return 0;
}

static int
refuse_nevers(const struct ban_exempt *exempt,
    const struct address_range *range, struct text *why)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];
	const struct policy_never *never;

	if (*exempt->current == NULL)
		return 0;
	never = policy_never_of((*exempt->current)->policy, range);
	if (never == NULL)
		return 0;
	text_addf(why, "%s is never banned: line %u of the policy says so",
	    address_range_format(range, text), place_line(never->place).line);
	return -EPERM;
}

/* ---- not for what he does ---- */

/* "nameserver ADDRESS", as the proxy reads it too. */
static int
refuse_name_servers(const struct address_range *range, struct text *why)
{
	struct text all = TEXT_EMPTY;
	struct address address;
	int rc = 0;

	(void)file_read(RESOLV_CONF, RESOLV_CONF_BYTES_MAX, &all);
	struct str rest = text_str(&all);
	while (rc == 0 && rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		struct str word = str_cut(&line, ' ');
		line = str_trim(line);
		if (str_is(word, "nameserver") &&
		    address_parse(str_cut(&line, '%'), &address) == 0 &&
		    address_range_has(range, address))
			rc = say_address(address, "is a name server", why);
	}
	text_fini(&all);
	return rc;
}

/* Those that are known by a name are the proxy's to find. */
static int
refuse_parents(const struct policy *policy, const struct address_range *range,
    struct text *why)
{
	for (size_t i = 0; i < policy->parent_count; i++) {
		const struct policy_parent *parent = &policy->parents[i];
		for (size_t j = 0; j < parent->server_count; j++) {
			struct address one = parent->servers[j].address;
			if (one.family != ADDRESS_NONE &&
			    address_range_has(range, one))
				return say_address(one, "is a parent", why);
		}
	}
	return 0;
}

/* Prefixes: one of them lies in the other, or they have nothing in common. */
static bool
touches(const struct address_set *set, const struct address_range *range)
{
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range one = address_set_range(set, i);
		if (address_range_has(range, one.first) ||
		    address_range_has(&one, range->first))
			return true;
	}
	return false;
}

static int
refuse_balancers(const struct policy *policy, const struct address_range *range,
    struct text *why)
{
	for (size_t i = 0; i < policy->listen_count; i++)
		if (policy->listens[i].behind != NULL &&
		    touches(&policy->listens[i].behind->addresses, range))
			return say_address(
			    range->first, "is a balancer's", why);
	return 0;
}

int
ban_exempt_refuse(const struct ban_exempt *exempt,
    const struct address_range *range, enum ban_for why,
    struct text *reterr_why)
{
	const struct policy *policy =
	    *exempt->current != NULL ? (*exempt->current)->policy : NULL;
	int rc = refuse_always(exempt, range, reterr_why);

	if (rc == 0 && why != BAN_FOR_FORCE)
		rc = refuse_sessions(exempt, range, reterr_why);
	if (rc == 0 && why != BAN_FOR_FORCE)
		rc = refuse_nevers(exempt, range, reterr_why);
	if (rc < 0 || why != BAN_FOR_WRONGS || policy == NULL)
		return rc;
	rc = refuse_name_servers(range, reterr_why);
	if (rc == 0)
		rc = refuse_parents(policy, range, reterr_why);
	return rc < 0 ? rc : refuse_balancers(policy, range, reterr_why);
}

/* ---- sessions ---- */

bool
ban_exempt_note(struct ban_exempt *exempt, struct str word)
{
	struct address address;
	size_t place = 0;

	if (address_parse(word, &address) < 0)
		return false;
	for (size_t i = 0; i < BAN_SESSIONS_MAX; i++) {
		if (address_eq(exempt->sessions[i].address, address)) {
			place = i;
			break;
		}
		if (exempt->sessions[i].until < exempt->sessions[place].until)
			place = i;
	}
	exempt->sessions[place].address = address;
	exempt->sessions[place].until = clock_now() + BAN_SESSIONS_KEPT;
	return true;
}
