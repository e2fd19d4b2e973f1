/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow from any bytes, of one policy that has a bit of everything.  Besides
 * not crashing:
 * - a flow comes out exactly if nothing is reported;
 * - what is known of it has a value, and it can reach the phases of its way;
 * - it is decided, or hangs on a fact that was not given in full;
 * - its explanation gives the same answer, and a step for each rule down to the
 *   one that decided.
 */
#include "policy/flow_text.h"
#include "policy/explain.h"

#include "base/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
    "zone guest = int1 10.0.9.0/24\nzone wan = ext0\n"
    "name mail = { 10.0.0.25, 2001:db8:1::25 }\n"
    "name good = { .example.com, updates.example.net, 192.0.2.7 }\n"
    "hours office = mon-fri 08:00-18:00\nhours night = 22:00-06:00\n"
    "proxy {\nlisten 10.0.0.1:3128 for lan\nintercept web for lan, guest\n}\n"
    "dns {\nlisten 10.0.0.1 for lan\nlocal .corp.example.com\n}\n"
    "publish wan tcp 25 -> mail tcp 2525\n"
    "allow mail -> wan tcp 25, 443 direct\n"
    "reject lan -> any tcp 1-79 method CONNECT\n"
    "reject lan, guest -> ads.example.com log\n"
    "reject lan -> shop.example.com tcp 80 path \"/admin/*\"\n"
    "report reject lan -> any except good tcp 80 user eve\n"
    "reject lan except mail -> any during night scheme http\n"
    "reject any -> any user alice, bob header X-A \"*a*\", \"b\" header B "
    "\"*\"\n"
    "reject guest -> any type image/*, video/mp4 during office, night\n"
    "allow guest -> good web limit 5/s per source connections 3\n"
    "allow lan -> wan except ads.example.com web\n"
    "allow lan -> self ping\nreject lan -> any\n";

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)context;
	(void)path;
	(void)bytes_max;
	text_clear(ret);
	text_addz(ret, policy_text);
	return 0;
}

static const struct policy *
the_policy(void)
{
	static const struct policy_loader loader = { .read = read_text };
	static struct policy *policy;
	struct policy *kept;
	struct report report;

	if (policy != NULL)
		return policy;
	report_init(&report);
	must(policy_load("p", &loader, &report, &policy, &kept) == 0);
	report_fini(&report);
	return policy;
}

static void
check_flow(const struct flow *flow)
{
	must(flow->known[POLICY_FACT_SOURCE] == FLOW_KNOWN);
	must(flow->known[POLICY_FACT_NAME] != FLOW_KNOWN || flow->name.len > 0);
	must(flow->known[POLICY_FACT_METHOD] != FLOW_KNOWN ||
	     flow->method.len > 0);
	must(flow->known[POLICY_FACT_TIME] != FLOW_KNOWN ||
	     flow->minute < HOURS_WEEK_MINUTES);
	must(flow->known[POLICY_FACT_HEADER] == FLOW_KNOWN ||
	     flow->header_count == 0);
	must(flow->known[POLICY_FACT_PATH] != FLOW_KNOWN ||
	     (flow->path.len > 0 && flow->path.at[0] == '/'));
	must(flow->way != FLOW_PLAIN || flow->last == POLICY_PHASE_PACKET);
	must(flow->way != FLOW_UNCARRIED || flow->last == POLICY_PHASE_PACKET);
}

static void
check_answer(const struct flow *flow)
{
	struct policy_answer answer = policy_decide(the_policy(), flow);
	bool whole =
	    flow->known[answer.hangs_on] == FLOW_KNOWN &&
	    !(answer.hangs_on == POLICY_FACT_SERVICE && flow->any_port);
	struct explanation explanation;

	must(answer.verdict != POLICY_VERDICT_UNDECIDED || !whole);
	must(explain_flow(the_policy(), flow, &explanation) == 0);
	must(explanation.answer.verdict == answer.verdict);
	must(explanation.answer.rule == answer.rule);
	if (answer.rule != NULL) {
		size_t count = explanation.steps.count;
		must(count == (size_t)(answer.rule - the_policy()->rules) + 1);
		must(flow->question.at != NULL ||
		     explanation.steps.items[count - 1].match ==
			 POLICY_MATCH_YES);
	}
	explain_fini(&explanation);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = { .name = STR("flow"),
		.text = { (const char *)data, size } };
	struct address own_address = { 0 };
	struct policy_own own = { &own_address, 1 };
	struct text out = TEXT_EMPTY;
	struct report report;
	struct arena arena;
	struct flow flow;

	must(address_parse(STR("203.0.113.1"), &own_address) == 0);
	report_init(&report);
	arena_init(&arena, 1 << 20);
	int rc =
	    flow_parse(&source, the_policy(), &own, &arena, &report, &flow);
	must(rc == 0 || rc == -EINVAL || (rc == -ENOMEM && arena.full));
	must((rc == 0) == (report.errors == 0) || rc == -ENOMEM);
	if (rc == 0) {
		check_flow(&flow);
		check_answer(&flow);
	}
	report_render(&report, false, &out);
	text_fini(&out);
	arena_fini(&arena);
	report_fini(&report);
	return 0;
}
