/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_statement_words: statements as they could be written.
 */
#include "policy/diff_statement_impl.h"

#include "policy/describe.h"

#include <errno.h>

/* Takes the words. */
void
statement_tell(
    struct statement_telling *telling, struct text *words, bool is_new)
{
	if (words->full)
		telling->rc = -ENOMEM;
	else
		telling->each(telling->context, text_str(words), is_new);
	text_fini(words);
}

void
statement_add_addresses(struct address a4, struct address a6, struct text *out)
{
	char text[ADDRESS_TEXT_BYTES];

	if (a4.family != ADDRESS_NONE)
		text_addz(out, address_format(a4, text));
	if (a4.family != ADDRESS_NONE && a6.family != ADDRESS_NONE)
		text_addz(out, ", ");
	if (a6.family != ADDRESS_NONE)
		text_addz(out, address_format(a6, text));
}

void
statement_describe_snat(const struct policy *policy,
    const struct policy_snat *snat, struct text *out)
{
	struct policy_endpoint to = { .zones = snat->to };

	text_addz(out, "snat ");
	describe_endpoint(policy, &snat->from, out);
	text_addz(out, " -> ");
	describe_endpoint(policy, &to, out);
	text_addz(out, " to ");
	statement_add_addresses(snat->to4, snat->to6, out);
}

void
statement_describe_map(
    const struct policy *policy, const struct policy_map *map, struct text *out)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(out, "map %s <-> ", address_range_format(&map->inside, text));
	text_addf(out, "%s at %.*s", address_range_format(&map->outside, text),
	    STR_ARG(policy_zone_name(policy, map->zone)));
}

static void
describe_balancers(const struct address_set *set, struct text *out)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	text_addz(out, " behind ");
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		text_addf(out, "%s%s", i > 0 ? ", " : "",
		    address_range_format(&range, text));
	}
}

static void
describe_certificates(const struct policy_listen *listen, struct text *out)
{
	text_addz(out, " certificate ");
	for (size_t i = 0; i < listen->certificate_count; i++) {
		const struct policy_certificate *one = &listen->certificates[i];
		text_addf(
		    out, "%s\"%.*s\"", i > 0 ? ", " : "", STR_ARG(one->file));
		if (!str_eq(one->file, one->key_file))
			text_addf(out, " key \"%.*s\"", STR_ARG(one->key_file));
	}
	if (listen->clients.file.at != NULL)
		text_addf(out, " clients \"%.*s\"%s",
		    STR_ARG(listen->clients.file),
		    listen->clients.optional ? " optional" : "");
}

void
statement_describe_listen(const struct policy *policy,
    const struct policy_listen *listen, struct text *out)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(out, "listen %s%s for ", listen->secure ? "tls " : "",
	    address_port_format(listen->at, text));
	describe_zones(policy, listen->zones, out);
	if (listen->behind != NULL)
		describe_balancers(&listen->behind->addresses, out);
	if (listen->secure)
		describe_certificates(listen, out);
}

void
statement_describe_keep(const struct policy *policy,
    const struct policy_intercept *intercept, struct text *out)
{
	text_addz(out, "intercept ");
	describe_services(&intercept->services, out);
	text_addz(out, " for ");
	describe_zones(policy, intercept->zones, out);
	text_addz(out, " keep source");
}
