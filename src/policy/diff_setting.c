/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_setting: lines of the blocks `firewall`, `proxy`, `dns` and
 * `console`, of `journal`, and users, that only one of two policies has.
 */
#include "policy/diff_statement_impl.h"

#include "policy/choice.h"
#include "policy/describe.h"
#include "policy/duration.h"
#include "policy/size.h"

/* "helper ftp for lan, guest", of one policy; nothing where it has none. */
struct setting {
	const char *words;
	const char *name;
	uint64_t before, after;
};

static void
tell_setting(struct statement_telling *telling, const struct setting *setting,
    bool is_new)
{
	uint64_t zones = is_new ? setting->after : setting->before;
	struct text words = TEXT_EMPTY;

	if (zones == 0)
		return;
	text_addf(&words, "%s%s", setting->words, setting->name);
	if (zones != POLICY_ZONES_ANY) {
		text_addz(&words, " for ");
		describe_zones(
		    is_new ? telling->after : telling->before, zones, &words);
	}
	statement_tell(telling, &words, is_new);
}

static void
diff_setting(struct statement_telling *telling, const struct setting *setting)
{
	uint64_t self = policy_zone_bit(ZONE_SELF);

	if ((setting->before & self) == (setting->after & self) &&
	    statement_zones_same(telling->before, setting->before,
		telling->after, setting->after))
		return;
	tell_setting(telling, setting, false);
	tell_setting(telling, setting, true);
}

static void
tell_servers(struct statement_telling *telling,
    const struct policy_servers *servers, bool is_new)
{
	struct text words = TEXT_EMPTY;

	if (servers->slots == POLICY_SERVER_SLOTS &&
	    servers->wait == POLICY_SERVER_WAIT)
		return;
	text_addf(&words, "connections %u per server wait ", servers->slots);
	duration_add(servers->wait, &words);
	statement_tell(telling, &words, is_new);
}

static void
tell_source(struct statement_telling *telling,
    const struct policy_servers *servers, bool is_new)
{
	struct text words = TEXT_EMPTY;

	if (servers->source4.family == ADDRESS_NONE &&
	    servers->source6.family == ADDRESS_NONE)
		return;
	text_addz(&words, "source ");
	statement_add_addresses(servers->source4, servers->source6, &words);
	statement_tell(telling, &words, is_new);
}

/* What is usual need not be written, and is not told. */
static void
diff_servers(struct statement_telling *telling)
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
diff_settings(struct statement_telling *telling)
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
tell_change(
    struct statement_telling *telling, struct text *before, struct text *after)
{
	bool same = str_eq(text_str(before), text_str(after));

	if (!same && (before->len > 0 || before->full))
		statement_tell(telling, before, false);
	if (telling->rc == 0 && !same && (after->len > 0 || after->full))
		statement_tell(telling, after, true);
	text_fini(before);
	text_fini(after);
}

static void
diff_choice(struct statement_telling *telling, enum policy_choice choice)
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
	char text[ADDRESS_RANGE_TEXT_BYTES];

	if (console->listen_count == 0)
		return;
	text_addz(out, "console ");
	for (size_t i = 0; i < console->listen_count; i++)
		text_addf(out, "%s%s", i > 0 ? ", " : "",
		    address_port_format(console->listens[i], text));
	text_addz(out, " from ");
	describe_zones(policy, console->zones, out);
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
diff_console(struct statement_telling *telling)
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
tell_ca(
    struct statement_telling *telling, const struct policy_ca *ca, bool is_new)
{
	struct text words = TEXT_EMPTY;
	bool was_so_called =
	    str_eq(telling->before->ca.file, telling->after->ca.file);

	if (ca->file.at == NULL)
		return;
	text_addf(&words, "ca \"%.*s\"%s", STR_ARG(ca->file),
	    is_new && was_so_called ? ", another" : "");
	statement_tell(telling, &words, is_new);
}

/* By what is in the file; who is shown what it signs has to trust it. */
static void
diff_ca(struct statement_telling *telling)
{
	const struct policy_ca *before = &telling->before->ca;
	const struct policy_ca *after = &telling->after->ca;

	if (str_eq(before->pem, after->pem))
		return;
	tell_ca(telling, before, false);
	tell_ca(telling, after, true);
}

static void
tell_trust(struct statement_telling *telling, const struct policy_trust *trust,
    const struct policy_trust *before, bool is_new)
{
	struct text words = TEXT_EMPTY;

	if (trust->file.at == NULL)
		return;
	text_addf(&words, "trust \"%.*s\"%s", STR_ARG(trust->file),
	    is_new && str_eq(trust->file, before->file) ? ", another" : "");
	statement_tell(telling, &words, is_new);
}

/* By what is in the file, as of the CA. */
static void
diff_trust(struct statement_telling *telling)
{
	const struct policy_trust *before = &telling->before->trust;
	const struct policy_trust *after = &telling->after->trust;

	if (str_eq(before->pem, after->pem))
		return;
	tell_trust(telling, before, before, false);
	tell_trust(telling, after, before, true);
}

static void
diff_dns(struct statement_telling *telling)
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
diff_outputs(struct statement_telling *telling,
    const struct policy_journal *journal, const struct policy_journal *other,
    bool is_new)
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
			statement_tell(telling, &words, is_new);
		else
			text_fini(&words);
	}
}

static void
tell_user(struct statement_telling *telling, struct str name, const char *how,
    bool is_new)
{
	struct text words = TEXT_EMPTY;

	text_addf(&words, "user %.*s%s", STR_ARG(name), how);
	statement_tell(telling, &words, is_new);
}

/* Where only one of both has users, its line says so. */
static void
diff_users(struct statement_telling *telling, const struct policy_users *users,
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

void
statement_diff_settings(struct statement_telling *telling)
{
	const struct policy *before = telling->before, *after = telling->after;

	for (unsigned i = 0; i < POLICY_CHOICE_COUNT; i++)
		diff_choice(telling, (enum policy_choice)i);
	diff_users(telling, &before->users, &after->users, false);
	diff_users(telling, &after->users, &before->users, true);
	diff_servers(telling);
	diff_settings(telling);
	diff_console(telling);
	diff_ca(telling);
	diff_trust(telling);
	diff_dns(telling);
	diff_outputs(telling, &before->journal, &after->journal, false);
	diff_outputs(telling, &after->journal, &before->journal, true);
}
