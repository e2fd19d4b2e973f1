/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/name_list.h"

#include "base/json.h"
#include "daemon/gateway.h"
#include "policy/learning.h"

#include <errno.h>
#include <stdlib.h>

struct name_list {
	const struct learned_names *names;
	struct policy *policy; /* a reference */
	size_t at;
	int64_t now; /* of this piece */
	struct text *out;
};

/* Those that ask for it, and those that leave it out. */
static bool
asks(const struct policy *policy, const struct policy_endpoint *who,
    uint8_t zone, struct str name)
{
	if (who == NULL || who->asked == 0)
		return false;
	const struct policy_asked *asked = &policy->asked[who->asked - 1];
	return (asked->zones & policy_zone_bit(zone)) != 0 &&
	       policy_asked_covers(asked, name);
}

static void
add_rules(const struct name_list *list, uint8_t zone, struct str name,
    struct json *json)
{
	const struct policy *policy = list->policy;

	json_name(json, "rules");
	json_array_begin(json);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (asks(policy, &rule->to, zone, name) ||
		    asks(policy, rule->to.except, zone, name))
			json_put_integer(json, rule->line);
	}
	json_array_end(json);
}

static void
add_line(const struct name_list *list, const struct learned_address *address,
    const struct learned_name *name, uint8_t zone)
{
	struct json json = JSON_ON(list->out);
	char text[ADDRESS_TEXT_BYTES];

	json_object_begin(&json);
	json_name(&json, "zone");
	json_put_stringz(&json, address->zone);
	json_name(&json, "name");
	json_put_string(&json, name->name);
	json_name(&json, "address");
	json_put_stringz(&json, address_format(address->address, text));
	json_name(&json, "left_seconds");
	json_put_integer(&json, (name->ends - list->now) / CLOCK_SECOND);
	add_rules(list, zone, name->name, &json);
	json_object_end(&json);
	text_addc(list->out, '\n');
}

static void
list_one(void *context, struct learned_address *address)
{
	const struct name_list *list = context;
	uint8_t zone;

	if (!policy_zone_find(list->policy, str_of(address->zone), &zone))
		return;
	for (size_t i = 0; i < address->names.count; i++)
		if (address->names.items[i].ends > list->now)
			add_line(list, address, &address->names.items[i], zone);
}

static int
next_piece(void *state, struct text *out)
{
	struct name_list *list = state;

	list->out = out;
	list->now = clock_now();
	return learned_names_some(list->names, &list->at, list_one, list);
}

static void
destroy_list(void *state)
{
	struct name_list *list = state;

	policy_unref(list->policy);
	free(list);
}

int
name_list_begin(struct gateway *gateway, struct control_more *ret_more)
{
	struct name_list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	list->names = &gateway->names.names;
	list->policy = policy_ref(gateway->current->policy);
	*ret_more = (struct control_more){ next_piece, destroy_list, list };
	return 0;
}
