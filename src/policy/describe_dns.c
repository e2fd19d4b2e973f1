/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/describe_dns: `dns` in words, in one line.
 */
#include "policy/describe.h"
#include "policy/duration.h"
#include "policy/size.h"

static void
add_listens(const struct policy *policy, struct text *out)
{
	const struct policy_dns *dns = &policy->dns;
	char text[ADDRESS_TEXT_BYTES];

	for (size_t i = 0; i < dns->listen_count; i++) {
		text_addf(out, " listen %s for ",
		    address_port_format(dns->listens[i].at, text));
		describe_zones(policy, dns->listens[i].zones, out);
	}
	if (dns->intercepts != 0) {
		text_addz(out, " intercept ");
		describe_zones(policy, dns->intercepts, out);
	}
}

static void
add_upstreams(const struct policy_dns *dns, struct text *out)
{
	char text[ADDRESS_TEXT_BYTES];

	for (size_t i = 0; i < dns->upstream_count; i++) {
		const struct policy_dns_upstream *one = &dns->upstreams[i];
		text_addf(out, "%s%s%s", i > 0 ? ", " : " upstream ",
		    one->name.at != NULL ? "tls " : "",
		    address_port_format(one->at, text));
		if (one->name.at != NULL)
			text_addf(out, " name %.*s", STR_ARG(one->name));
		if (one->authorities.at != NULL)
			text_addf(out, " ca %016llx",
			    (unsigned long long)str_hash(one->authorities, 0));
	}
}

static void
add_amounts(const struct policy *policy, struct text *out)
{
	const struct policy_dns *dns = &policy->dns;

	text_addz(out, " cache ");
	size_add(dns->cache_bytes, out);
	text_addz(out, " ttl ");
	duration_add(dns->ttl_min * CLOCK_SECOND, out);
	text_addc(out, '-');
	duration_add(dns->ttl_max * CLOCK_SECOND, out);
	text_addz(out, " grace ");
	duration_add(policy->grace, out);
	if (dns->limit_count > 0)
		text_addf(out, " limit %u in %us burst %u", dns->limit_count,
		    dns->limit_seconds, dns->limit_burst);
}

void
describe_dns(const struct policy *policy, struct text *out)
{
	const struct policy_dns *dns = &policy->dns;

	if (!dns->is_there)
		return;
	text_addz(out, "dns");
	add_listens(policy, out);
	add_upstreams(dns, out);
	if (dns->local != NULL) {
		struct policy_group *local[] = { dns->local };
		struct policy_endpoint endpoint = { .groups = local,
			.group_count = 1 };
		text_addz(out, " local ");
		describe_endpoint(policy, &endpoint, out);
	}
	add_amounts(policy, out);
}
