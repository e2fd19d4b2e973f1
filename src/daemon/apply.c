/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/apply.h"

#include "daemon/apply_order.h"
#include "daemon/gateway.h"
#include "daemon/notice.h"
#include "daemon/policies.h"
#include "event/event.h"

#include <errno.h>

/* Reads the policy; what there is to say of it is added to words. */
static int
read_generation(struct gateway *gateway, const char *path, bool colour,
    struct generation **ret, struct text *words)
{
	struct generation_wish wish = gateway_wish(gateway);
	struct policy *kept = NULL;
	struct report report;

	wish.path = path;
	report_init(&report);
	int rc = generation_create(&wish, &report, ret, &kept);
	report_sort(&report);
	report_render(&report, colour, words);
	report_fini(&report);
	policy_unref(kept);
	return rc;
}

/* At boot nobody is there to say that it is meant this time. */
static int
refuse_undone(struct policies *policies, struct generation *generation,
    struct text *words)
{
	const struct history_entry *undone =
	    policies->gateway->booting
		? history_find_undone(&policies->history, generation->policy,
		      &generation->snapshot)
		: NULL;
	char when[CLOCK_TEXT_BYTES];

	if (undone == NULL)
		return 0;
	clock_format(undone->ended, when);
	text_addf(words,
	    "%s is policy %u, which was rolled back at %s; apply it by hand if "
	    "it is meant\n",
	    generation->path, undone->id, when);
	return -EPERM;
}

/* Who applies by the connection that ends cannot mend it. */
static int
refuse_cutting_off(const struct generation *generation,
    const struct apply_order *order, struct text *words)
{
	char client[ADDRESS_TEXT_BYTES];

	if (order->client.address.family == ADDRESS_NONE ||
	    !flows_would_end(generation, order->client, order->server))
		return 0;
	address_port_format(order->client, client);
	if (order->confirm > 0) {
		text_addf(words,
		    "the policy ends the connection that you come by, from "
		    "%s\n",
		    client);
		return 0;
	}
	text_addf(words,
	    "the policy would end the connection that you come by, from %s: "
	    "%s\n",
	    client,
	    order->first
		? "with --force it comes into force all the same"
		: "with --confirm 60s it comes into force and goes again "
		  "unless you confirm it, with --force it comes into force "
		  "for good");
	return -EPERM;
}

/* Where nothing is kept, what is in force is until the next is confirmed. */
static int
keep_meanwhile(struct policies *policies, struct text *words)
{
	struct last_good *good = &policies->last_good;
	struct text why = TEXT_EMPTY;

	if (good->dir != NULL || policies->gateway->current == NULL)
		return 0;
	int rc = interim_open(&policies->interim, &why);
	if (rc == 0) {
		policies_keep(policies);
		if (good->problem.len > 0) {
			text_add(&why, text_str(&good->problem));
			rc = -EIO;
		}
	}
	if (rc < 0) {
		text_addf(words,
		    "that the policy comes back unless the new one is "
		    "confirmed cannot be promised: %s\n",
		    why.at != NULL ? why.at : strerror(-rc));
		interim_end(&policies->interim);
	}
	text_fini(&why);
	return rc;
}

static int
replace(struct policies *policies, struct generation **generation,
    const struct apply_order *order, struct text *words)
{
	struct confirmation *confirmation = &policies->confirmation;
	int rc = 0;

	if (order->confirm > 0)
		rc = keep_meanwhile(policies, words);
	if (rc == 0 && order->confirm > 0)
		rc = confirmation_prepare(
		    confirmation, *generation, order, words);
	if (rc < 0) {
		generation_destroy(*generation);
		return rc;
	}
	policies->order = order;
	rc = gateway_replace(policies->gateway, generation, words);
	policies->order = NULL;
	if (order->confirm > 0 && rc < 0)
		confirmation_abandon(confirmation);
	else if (order->confirm > 0)
		confirmation_begin(confirmation, order->confirm);
	else if (rc == 0)
		fallback_end(&policies->fallback);
	return rc;
}

/* Of one that is to be confirmed it is told what comes of it, too. */
static void
tell(const struct gateway *gateway, const struct apply_order *order)
{
	struct text reason = TEXT_EMPTY;
	struct event event = { .kind = EVENT_KIND_POLICY };

	text_addf(&reason, "the policy %s is in force", gateway->current->path);
	if (order->confirm > 0)
		text_addf(&reason, ", for %lld s unless it is confirmed",
		    (long long)(order->confirm / CLOCK_SECOND));
	event.reason = reason.at;
	event_emit(&event);
	text_fini(&reason);
}

int
apply_policy(struct policies *policies, const struct apply_order *order,
    struct text *words)
{
	struct gateway *gateway = policies->gateway;
	struct generation *generation = NULL;
	int rc = confirmation_refuse_another(&policies->confirmation, words);

	if (rc == 0)
		rc = read_generation(
		    gateway, order->path, order->colour, &generation, words);
	if (rc == 0)
		rc = refuse_undone(policies, generation, words);
	if (rc == 0)
		rc = refuse_cutting_off(generation, order, words);
	if (rc < 0) {
		generation_destroy(generation);
		return rc;
	}
	rc = replace(policies, &generation, order, words);
	if (rc < 0)
		return rc;
	tell(gateway, order);
	size_t len = words->len;
	flows_add_words(&gateway->ended, words);
	text_addz(words, words->len > len ? "\n" : "");
	return 0;
}

int
apply_count_flows(struct gateway *gateway, const char *path,
    struct flows_tally *ret, struct text *words)
{
	struct generation *generation = NULL;
	int rc = read_generation(gateway, path, false, &generation, words);

	if (rc == 0)
		*ret = flows_count(generation, gateway->current);
	generation_destroy(generation);
	return rc;
}
