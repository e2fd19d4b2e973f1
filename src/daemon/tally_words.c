/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_words.h"

#include "base/utf8.h"

static bool
show_client(struct str key, struct text *out)
{
	char text[ADDRESS_TEXT_BYTES];
	struct address client;

	if (!tally_client_of(key, &client))
		return false;
	text_addz(out, address_format(client, text));
	return true;
}

static const struct policy_rule *
rule_of(const struct rule_hits *hits, struct str key)
{
	uint64_t id;

	if (key.len != sizeof(id))
		return NULL;
	memcpy(&id, key.at, sizeof(id));
	const struct rule_hit *hit = rule_hits_of_id(hits, id);
	return hit != NULL ? &hits->policy->rules[hit - hits->items] : NULL;
}

static bool
show_rule(const struct policy_rule *rule, struct text *out)
{
	if (rule == NULL)
		return false;
	text_add_number(out, rule->line);
	if (rule->nth > 1)
		text_addf(out, "/%u", rule->nth);
	return true;
}

/* False: it is none, or a rule that is not in force any more. */
static bool
show(const struct rule_hits *hits, enum tally_kind kind, struct str key,
    struct text *out, const struct policy_rule **ret_rule)
{
	switch (kind) {
	case TALLY_CLIENTS:
	case TALLY_REFUSED:
		return show_client(key, out);
	case TALLY_RULES:
		*ret_rule = rule_of(hits, key);
		return show_rule(*ret_rule, out);
	case TALLY_NAMES:
	case TALLY_PAIRS:
		utf8_show(out, key);
		return true;
	case TALLY_KIND_COUNT:
		break;
	}
	return false;
}

static void
put_count(struct json *json, const char *name, uint64_t count)
{
	json_name(json, name);
	json_put_integer(json, (int64_t)count);
}

static bool
put_what(struct json *json, const struct rule_hits *hits, enum tally_kind kind,
    struct str key)
{
	struct text text = TEXT_EMPTY;
	const struct policy_rule *rule = NULL;
	bool known = show(hits, kind, key, &text, &rule);

	if (known) {
		json_object_begin(json);
		json_name(json, "what");
		json_put_string(json, text_str(&text));
	}
	if (known && rule != NULL) {
		json_name(json, "name");
		json_put_string(json, rule->label);
		json_name(json, "text");
		json_put_string(json, rule->text);
	}
	text_fini(&text);
	return known;
}

void
tally_words_put(struct json *json, const struct rule_hits *hits,
    enum tally_kind kind, const struct heavy *heavy, size_t max)
{
	const struct heavy_entry *top[TALLY_WORDS_MAX];
	size_t count = heavy_top(heavy, top, max);

	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		const struct heavy_entry *one = top[i];
		if (!put_what(json, hits, kind, heavy_key(heavy, one)))
			continue;
		put_count(json, "flows", one->count.flows);
		put_count(json, "refused", one->count.refused);
		put_count(json, "bytes_in", one->count.bytes_in);
		put_count(json, "bytes_out", one->count.bytes_out);
		put_count(json, "over", one->over);
		json_object_end(json);
	}
	json_array_end(json);
}
