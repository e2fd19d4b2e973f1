/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diff_statement.h"

#include "policy/choice.h"
#include "policy/describe.h"
#include "policy/duration.h"
#include "policy/size.h"

#include <errno.h>

/* ---- in words ---- */

static void
add_addresses(struct address a4, struct address a6, struct text *out)
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
	add_addresses(snat->to4, snat->to6, out);
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
	struct policy_endpoint zones = { .zones = listen->zones };
	char text[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(out, "listen %s%s for ", listen->secure ? "tls " : "",
	    address_port_format(listen->at, text));
	describe_endpoint(policy, &zones, out);
	if (listen->behind != NULL)
		describe_balancers(&listen->behind->addresses, out);
	if (listen->secure)
		describe_certificates(listen, out);
}

void
statement_describe_keep(const struct policy *policy,
    const struct policy_intercept *intercept, struct text *out)
{
	struct policy_endpoint zones = { .zones = intercept->zones };

	text_addz(out, "intercept ");
	describe_services(&intercept->services, out);
	text_addz(out, " for ");
	describe_endpoint(policy, &zones, out);
	text_addz(out, " keep source");
}

/* ---- the same ---- */

/* 0 or -ENOMEM. */
static int
addresses_of(const struct policy_endpoint *endpoint, struct address_set *ret)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < endpoint->group_count; i++)
		rc = address_set_add_all(ret, &endpoint->groups[i]->addresses);
	address_set_freeze(ret);
	return rc;
}

static bool
are_sets_same(const struct address_set *a, const struct address_set *b)
{
	size_t count = address_set_count(a);

	if (count != address_set_count(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct address_range x = address_set_range(a, i);
		struct address_range y = address_set_range(b, i);
		if (!address_eq(x.first, y.first) ||
		    !address_eq(x.last, y.last))
			return false;
	}
	return true;
}

/* Zones of two policies are the same if the same lives in them, whatever they
 * are called; by which interfaces is told of those. */
static bool
has_zone_like(
    const struct policy_zone *zone, const struct policy *other, uint64_t others)
{
	for (uint8_t i = 0; i < other->zone_count; i++)
		if ((others & policy_zone_bit(i)) != 0 &&
		    are_sets_same(&zone->prefixes, &other->zones[i].prefixes))
			return true;
	return false;
}

static bool
are_zones_within(const struct policy *policy, uint64_t zones,
    const struct policy *other, uint64_t others)
{
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((zones & policy_zone_bit(zone)) != 0 &&
		    !has_zone_like(&policy->zones[zone], other, others))
			return false;
	return true;
}

static bool
are_zones_same(const struct policy *policy, uint64_t zones,
    const struct policy *other, uint64_t others)
{
	return are_zones_within(policy, zones, other, others) &&
	       are_zones_within(other, others, policy, zones);
}

/* 1, 0 or -ENOMEM. */
static int
are_members_same(const struct policy *before, const struct policy_endpoint *a,
    const struct policy *after, const struct policy_endpoint *b)
{
	static const struct policy_endpoint none;
	struct address_set x = { 0 }, y = { 0 };

	a = a != NULL ? a : &none;
	b = b != NULL ? b : &none;
	int rc = addresses_of(a, &x);
	if (rc == 0)
		rc = addresses_of(b, &y);
	if (rc == 0)
		rc = are_zones_same(before, a->zones, after, b->zones) &&
		     are_sets_same(&x, &y);
	address_set_fini(&x);
	address_set_fini(&y);
	return rc;
}

static int
are_snats_same(const struct policy *before, const struct policy_snat *a,
    const struct policy *after, const struct policy_snat *b)
{
	if (!address_eq(a->to4, b->to4) || !address_eq(a->to6, b->to6) ||
	    !are_zones_same(before, a->to, after, b->to))
		return 0;
	int rc = are_members_same(before, &a->from, after, &b->from);
	return rc <= 0 ? rc
		       : are_members_same(
			     before, a->from.except, after, b->from.except);
}

static bool
are_maps_same(const struct policy *before, const struct policy_map *a,
    const struct policy *after, const struct policy_map *b)
{
	return address_eq(a->inside.first, b->inside.first) &&
	       address_eq(a->inside.last, b->inside.last) &&
	       address_eq(a->outside.first, b->outside.first) &&
	       are_zones_same(before, policy_zone_bit(a->zone), after,
		   policy_zone_bit(b->zone));
}

/* By what is in the files: they may be called as they like. */
static bool
are_certificates_same(
    const struct policy_listen *a, const struct policy_listen *b)
{
	if (a->secure != b->secure ||
	    a->certificate_count != b->certificate_count ||
	    a->clients.optional != b->clients.optional ||
	    !str_eq(a->clients.pem, b->clients.pem))
		return false;
	for (size_t i = 0; i < a->certificate_count; i++)
		if (!str_eq(a->certificates[i].pem, b->certificates[i].pem) ||
		    !str_eq(a->certificates[i].key, b->certificates[i].key))
			return false;
	return true;
}

static bool
are_listens_same(const struct policy *before, const struct policy_listen *a,
    const struct policy *after, const struct policy_listen *b)
{
	return a->at.port == b->at.port &&
	       address_eq(a->at.address, b->at.address) &&
	       (a->behind != NULL) == (b->behind != NULL) &&
	       (a->behind == NULL || are_sets_same(&a->behind->addresses,
					 &b->behind->addresses)) &&
	       are_zones_same(before, a->zones, after, b->zones) &&
	       are_certificates_same(a, b);
}

static bool
are_services_same(
    const struct policy_services *a, const struct policy_services *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].protocol != b->items[i].protocol ||
		    a->items[i].first != b->items[i].first ||
		    a->items[i].last != b->items[i].last)
			return false;
	return true;
}

static bool
are_keeps_same(const struct policy *before, const struct policy_intercept *a,
    const struct policy *after, const struct policy_intercept *b)
{
	return a->keeps_source == b->keeps_source &&
	       are_services_same(&a->services, &b->services) &&
	       are_zones_same(before, a->zones, after, b->zones);
}

/* ---- what differs ---- */

struct telling {
	const struct policy *before, *after;
	void (*each)(void *context, struct str statement, bool is_new);
	void *context;
	int rc;
};

/* Takes the words. */
static void
tell(struct telling *telling, struct text *words, bool is_new)
{
	if (words->full)
		telling->rc = -ENOMEM;
	else
		telling->each(telling->context, text_str(words), is_new);
	text_fini(words);
}

static void
tell_snat(struct telling *telling, const struct policy_snat *snat, bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_snat(
	    is_new ? telling->after : telling->before, snat, &words);
	tell(telling, &words, is_new);
}

static void
tell_map(struct telling *telling, const struct policy_map *map, bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_map(
	    is_new ? telling->after : telling->before, map, &words);
	tell(telling, &words, is_new);
}

/* Their order counts: up to the first and from the last that differ, they are
 * the same. */
static void
diff_snats(struct telling *telling)
{
	const struct policy *before = telling->before, *after = telling->after;
	size_t first = 0, end = before->snat_count, end2 = after->snat_count;
	int same = 1;

	while (first < end && first < end2 &&
	       (same = are_snats_same(before, &before->snats[first], after,
		    &after->snats[first])) > 0)
		first++;
	while (same >= 0 && end > first && end2 > first &&
	       (same = are_snats_same(before, &before->snats[end - 1], after,
		    &after->snats[end2 - 1])) > 0) {
		end--;
		end2--;
	}
	if (same < 0)
		telling->rc = same;
	for (size_t i = first; same >= 0 && i < end; i++)
		tell_snat(telling, &before->snats[i], false);
	for (size_t i = first; same >= 0 && i < end2; i++)
		tell_snat(telling, &after->snats[i], true);
}

/* Theirs does not: no two of them meet. */
static void
diff_maps(struct telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->map_count; i++) {
		bool found = false;
		for (size_t j = 0; !found && j < other->map_count; j++)
			found = are_maps_same(
			    policy, &policy->maps[i], other, &other->maps[j]);
		if (!found)
			tell_map(telling, &policy->maps[i], is_new);
	}
}

static void
tell_listen(
    struct telling *telling, const struct policy_listen *listen, bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_listen(
	    is_new ? telling->after : telling->before, listen, &words);
	tell(telling, &words, is_new);
}

/* Those behind balancers, and by TLS; of others the flows tell. */
static void
diff_listens(struct telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *listen = &policy->listens[i];
		bool found = listen->behind == NULL && !listen->secure;
		for (size_t j = 0; !found && j < other->listen_count; j++)
			found = are_listens_same(
			    policy, listen, other, &other->listens[j]);
		if (!found)
			tell_listen(telling, listen, is_new);
	}
}

static void
tell_keep(struct telling *telling, const struct policy_intercept *intercept,
    bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_keep(
	    is_new ? telling->after : telling->before, intercept, &words);
	tell(telling, &words, is_new);
}

/* What is intercepted the flows tell; whom the server sees is in no flow. */
static void
diff_keeps(struct telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		bool found = !one->keeps_source;
		for (size_t j = 0; !found && j < other->intercept_count; j++)
			found = are_keeps_same(
			    policy, one, other, &other->intercepts[j]);
		if (!found)
			tell_keep(telling, one, is_new);
	}
}

static void
tell_never(
    struct telling *telling, const struct policy_never *never, bool is_new)
{
	struct text words = TEXT_EMPTY;

	text_addz(&words, "never ban ");
	describe_endpoint(
	    is_new ? telling->after : telling->before, &never->who, &words);
	tell(telling, &words, is_new);
}

/* Those of one policy that the other one does not have. */
static void
diff_nevers(struct telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->never_count; i++) {
		int same = 0;
		for (size_t j = 0; same == 0 && j < other->never_count; j++)
			same = are_members_same(policy, &policy->nevers[i].who,
			    other, &other->nevers[j].who);
		if (same < 0)
			telling->rc = same;
		else if (same == 0)
			tell_never(telling, &policy->nevers[i], is_new);
	}
}

/* "helper ftp for lan, guest", of one policy; nothing where it has none. */
struct setting {
	const char *words;
	const char *name;
	uint64_t before, after;
};

static void
tell_setting(
    struct telling *telling, const struct setting *setting, bool is_new)
{
	uint64_t zones = is_new ? setting->after : setting->before;
	struct policy_endpoint where = { .zones = zones };
	struct text words = TEXT_EMPTY;

	if (zones == 0)
		return;
	text_addf(&words, "%s%s", setting->words, setting->name);
	if (zones != POLICY_ZONES_ANY) {
		text_addz(&words, " for ");
		describe_endpoint(
		    is_new ? telling->after : telling->before, &where, &words);
	}
	tell(telling, &words, is_new);
}

static void
diff_setting(struct telling *telling, const struct setting *setting)
{
	uint64_t self = policy_zone_bit(ZONE_SELF);

	if ((setting->before & self) == (setting->after & self) &&
	    are_zones_same(telling->before, setting->before, telling->after,
		setting->after))
		return;
	tell_setting(telling, setting, false);
	tell_setting(telling, setting, true);
}

static void
tell_servers(
    struct telling *telling, const struct policy_servers *servers, bool is_new)
{
	struct text words = TEXT_EMPTY;

	if (servers->slots == POLICY_SERVER_SLOTS &&
	    servers->wait == POLICY_SERVER_WAIT)
		return;
	text_addf(&words, "connections %u per server wait ", servers->slots);
	duration_add(servers->wait, &words);
	tell(telling, &words, is_new);
}

static void
tell_source(
    struct telling *telling, const struct policy_servers *servers, bool is_new)
{
	struct text words = TEXT_EMPTY;

	if (servers->source4.family == ADDRESS_NONE &&
	    servers->source6.family == ADDRESS_NONE)
		return;
	text_addz(&words, "source ");
	add_addresses(servers->source4, servers->source6, &words);
	tell(telling, &words, is_new);
}

/* What is usual need not be written, and is not told. */
static void
diff_servers(struct telling *telling)
{
	const struct policy_servers *before = &telling->before->servers;
	const struct policy_servers *after = &telling->after->servers;

	if (!address_eq(before->source4, after->source4) ||
	    !address_eq(before->source6, after->source6)) {
		tell_source(telling, before, false);
		tell_source(telling, after, true);
	}
	if (before->slots == after->slots && before->wait == after->wait)
		return;
	tell_servers(telling, before, false);
	tell_servers(telling, after, true);
}

static void
diff_settings(struct telling *telling)
{
	const struct policy *before = telling->before, *after = telling->after;
	const struct setting settings[] = {
		{ "invalid allow", "", before->invalid, after->invalid },
		{ "clamp mss", "", before->clamped, after->clamped },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		diff_setting(telling, &settings[i]);
	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++) {
		enum policy_helper helper = (enum policy_helper)i;
		struct setting setting = { "helper ",
			policy_helper_row(helper)->word, before->helpers[i],
			after->helpers[i] };
		diff_setting(telling, &setting);
	}
}

/* What each has in words, if they differ; takes both. */
static void
tell_change(struct telling *telling, struct text *before, struct text *after)
{
	bool same = str_eq(text_str(before), text_str(after));

	if (!same && (before->len > 0 || before->full))
		tell(telling, before, false);
	if (telling->rc == 0 && !same && (after->len > 0 || after->full))
		tell(telling, after, true);
	text_fini(before);
	text_fini(after);
}

static void
diff_choice(struct telling *telling, enum policy_choice choice)
{
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	choice_describe(telling->before, choice, &before);
	choice_describe(telling->after, choice, &after);
	tell_change(telling, &before, &after);
}

/* Empty: there is none. */
static void
describe_console(const struct policy *policy, struct text *out)
{
	const struct policy_console *console = &policy->console;
	struct policy_endpoint zones = { .zones = console->zones };
	char text[ADDRESS_RANGE_TEXT_BYTES];

	if (console->listen_count == 0)
		return;
	text_addz(out, "console ");
	for (size_t i = 0; i < console->listen_count; i++)
		text_addf(out, "%s%s", i > 0 ? ", " : "",
		    address_port_format(console->listens[i], text));
	text_addz(out, " from ");
	describe_endpoint(policy, &zones, out);
	for (size_t i = 0; i < console->host_count; i++)
		text_addf(out, "%s%.*s", i > 0 ? ", " : " host ",
		    STR_ARG(console->hosts[i]));
	if (console->token_count > 0)
		text_addf(out, " with %zu token%s", console->token_count,
		    console->token_count > 1 ? "s" : "");
}

static bool
are_tokens_same(
    const struct policy_console *before, const struct policy_console *after)
{
	bool same = before->token_count == after->token_count;

	for (size_t i = 0; same && i < before->token_count; i++)
		same = str_eq(before->tokens[i], after->tokens[i]);
	return same;
}

static void
diff_console(struct telling *telling)
{
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	describe_console(telling->before, &before);
	describe_console(telling->after, &after);
	if (str_eq(text_str(&before), text_str(&after)) &&
	    !are_tokens_same(
		&telling->before->console, &telling->after->console))
		text_addz(&after, ", another");
	tell_change(telling, &before, &after);
}

static void
tell_ca(struct telling *telling, const struct policy_ca *ca, bool is_new)
{
	struct text words = TEXT_EMPTY;
	bool was_so_called =
	    str_eq(telling->before->ca.file, telling->after->ca.file);

	if (ca->file.at == NULL)
		return;
	text_addf(&words, "ca \"%.*s\"%s", STR_ARG(ca->file),
	    is_new && was_so_called ? ", another" : "");
	tell(telling, &words, is_new);
}

/* By what is in the file; who is shown what it signs has to trust it. */
static void
diff_ca(struct telling *telling)
{
	const struct policy_ca *before = &telling->before->ca;
	const struct policy_ca *after = &telling->after->ca;

	if (str_eq(before->pem, after->pem))
		return;
	tell_ca(telling, before, false);
	tell_ca(telling, after, true);
}

static void
diff_dns(struct telling *telling)
{
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	describe_dns(telling->before, &before);
	describe_dns(telling->after, &after);
	tell_change(telling, &before, &after);
}

/* As its line would be written with all that it has. */
static void
describe_output(const struct policy_journal_output *output, struct text *out)
{
	const char *facility = policy_journal_facility_word(output->facility);

	text_addz(out, "journal ");
	policy_journal_describe(output, out);
	text_addf(out, " as %s", policy_journal_form_word(output->form));
	if (output->kind != POLICY_JOURNAL_FILE) {
		if (output->kind != POLICY_JOURNAL_STDOUT && facility != NULL)
			text_addf(out, " facility %s", facility);
		return;
	}
	text_addz(out, " size ");
	size_add((uint64_t)output->bytes_max, out);
	text_addf(out, " keep %u", output->keep);
	if (output->every == 0)
		return;
	text_addz(out, " every ");
	duration_add(output->every, out);
}

/* Both have one at least; what does not change is not told. */
static void
diff_outputs(struct telling *telling, const struct policy_journal *journal,
    const struct policy_journal *other, bool is_new)
{
	for (size_t i = 0; i < journal->count; i++) {
		struct text words = TEXT_EMPTY;
		bool same = false;
		describe_output(&journal->outputs[i], &words);
		for (size_t j = 0; !same && j < other->count; j++) {
			struct text others = TEXT_EMPTY;
			describe_output(&other->outputs[j], &others);
			same = str_eq(text_str(&words), text_str(&others));
			text_fini(&others);
		}
		if (!same)
			tell(telling, &words, is_new);
		else
			text_fini(&words);
	}
}

static void
tell_user(
    struct telling *telling, struct str name, const char *how, bool is_new)
{
	struct text words = TEXT_EMPTY;

	text_addf(&words, "user %.*s%s", STR_ARG(name), how);
	tell(telling, &words, is_new);
}

/* Where only one of both has users, its line says so. */
static void
diff_users(struct telling *telling, const struct policy_users *users,
    const struct policy_users *others, bool is_new)
{
	if (users->file.at == NULL || others->file.at == NULL)
		return;
	for (size_t i = 0; i < users->count; i++) {
		const struct policy_user *user = &users->items[i];
		const struct policy_user *other =
		    policy_users_find(others, user->name);
		if (other == NULL)
			tell_user(telling, user->name, "", is_new);
		else if (is_new && !str_eq(other->hash, user->hash))
			tell_user(telling, user->name, " by another password",
			    is_new);
	}
}

int
statement_diff(const struct policy *before, const struct policy *after,
    void (*each)(void *context, struct str statement, bool is_new),
    void *context)
{
	struct telling telling = {
		.before = before,
		.after = after,
		.each = each,
		.context = context,
	};

	for (unsigned i = 0; i < POLICY_CHOICE_COUNT; i++)
		diff_choice(&telling, (enum policy_choice)i);
	diff_users(&telling, &before->users, &after->users, false);
	diff_users(&telling, &after->users, &before->users, true);
	diff_servers(&telling);
	diff_settings(&telling);
	diff_console(&telling);
	diff_ca(&telling);
	diff_dns(&telling);
	diff_outputs(&telling, &before->journal, &after->journal, false);
	diff_outputs(&telling, &after->journal, &before->journal, true);
	diff_nevers(&telling, before, after, false);
	diff_nevers(&telling, after, before, true);
	diff_snats(&telling);
	diff_maps(&telling, before, after, false);
	diff_maps(&telling, after, before, true);
	diff_listens(&telling, before, after, false);
	diff_listens(&telling, after, before, true);
	diff_keeps(&telling, before, after, false);
	diff_keeps(&telling, after, before, true);
	return telling.rc;
}
