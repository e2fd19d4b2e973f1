/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include "daemon/control.h"
#include "policy/explain_print.h"
#include "policy/flow_text.h"

#include "base/vec.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * On the gateway itself the host knows which addresses are its own.  Elsewhere
 * (a laptop, CI) its addresses mean nothing, so they count only if one of the
 * policy's interfaces is here.
 */
struct own_addresses {
	struct address *items;
	size_t count, room;
};

static bool
is_policy_interface(const struct policy *policy, const char *name)
{
	for (uint8_t i = 0; i < policy->zone_count; i++)
		if (policy_zone_has_interface(&policy->zones[i], str_of(name)))
			return true;
	return false;
}

static bool
is_gateway(const struct policy *policy, const struct ifaddrs *one)
{
	while (one != NULL && !is_policy_interface(policy, one->ifa_name))
		one = one->ifa_next;
	return one != NULL;
}

/* Those of interfaces in no zone end at the gateway as well. */
static void
read_own_addresses(const struct policy *policy, struct own_addresses *own)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	const struct ifaddrs *one = is_gateway(policy, all) ? all : NULL;
	for (; one != NULL; one = one->ifa_next) {
		if (one->ifa_addr == NULL)
			continue;
		struct address_port at = address_from_sockaddr(one->ifa_addr);
		if (at.address.family != ADDRESS_NONE)
			(void)VEC_ADD(own, at.address);
	}
	freeifaddrs(all);
}

static void
print(const struct explanation *explanation, bool as_json)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);

	if (as_json) {
		json_object_begin(&json);
		explain_json(explanation, &json);
		json_object_end(&json);
		text_addc(&out, '\n');
	} else {
		explain_verdict(
		    explanation, colour_wanted(STDOUT_FILENO), &out);
		explain_steps(explanation, &out);
	}
	print_text(&out);
	text_fini(&out);
}

static enum status
explain_text(const struct policy *policy, const char *text, bool json)
{
	struct source source = { .name = STR("flow"), .text = str_of(text) };
	struct own_addresses own = { 0 };
	struct explanation explanation;
	struct report report;
	struct arena arena;
	struct flow flow;

	report_init(&report);
	arena_init(&arena, (size_t)1 << 20);
	read_own_addresses(policy, &own);
	struct policy_own known = { own.items, own.count };
	int rc = flow_parse(&source, policy, &known, &arena, &report, &flow);
	if (rc < 0) {
		print_report(&report);
	} else if (explain_flow(policy, &flow, &explanation) == 0) {
		print(&explanation, json);
		explain_fini(&explanation);
	}
	free(own.items);
	arena_fini(&arena);
	report_fini(&report);
	return rc < 0 ? STATUS_USAGE : STATUS_GOOD;
}

static enum status
explain_file(const struct options *options)
{
	struct policy *policy = NULL, *kept = NULL;
	enum status status = STATUS_NO;
	struct report report;

	report_init(&report);
	if (policy_load(
		options->words[0], &policy_files, &report, &policy, &kept) == 0)
		status = explain_text(policy, options->words[1], options->json);
	else
		print_report(&report);
	if (kept != NULL && kept->source.text.at == NULL)
		status = STATUS_WORLD;
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}

/* What is put before it fits, too. */
#define FLOW_BYTES_MAX (CONTROL_LINE_BYTES_MAX - 64)

/* The line: "explain", how the answer is to look, the flow. */
static enum status
explain_running(const struct options *options)
{
	struct text line = TEXT_EMPTY, answer = TEXT_EMPTY;
	const char *flow = options->words[0];

	if (strchr(flow, '\n') != NULL || strlen(flow) > FLOW_BYTES_MAX) {
		complain(
		    "a flow is one line of at most %d bytes", FLOW_BYTES_MAX);
		return STATUS_USAGE;
	}
	text_addf(&line, "explain %s %s",
	    options->json                  ? "json"
	    : colour_wanted(STDOUT_FILENO) ? "colour"
					   : "text",
	    flow);
	enum status status = control_ask(options->runtime, line.at, &answer);
	if (status == STATUS_GOOD)
		print_text(&answer);
	else
		complain_text(&answer);
	text_fini(&line);
	text_fini(&answer);
	return status;
}

static enum status
explain(const struct options *options)
{
	if (options->count == (options->running ? 1 : 2))
		return options->running ? explain_running(options)
					: explain_file(options);
	complain(options->running
		     ? "--running asks the gateway: it takes a flow, no file"
		     : "it takes a file and a flow; with --running the flow "
		       "alone");
	complain("'gatehouse explain --help' tells more");
	return STATUS_USAGE;
}

const struct command command_explain = {
	.name = "explain",
	.usage = "[--json] {FILE | --running [--runtime DIR]} 'FLOW'",
	.summary = "say what becomes of a flow, and why",
	.help =
	    "Gives the verdict, who enforces it (firewall or proxy), in which\n"
	    "phase and by which rule, and for every rule above that one why "
	    "it\n"
	    "did not match. Nothing is sent and nothing asked of the network.\n"
	    "\n"
	    "With --running the gateway answers: by the policy in force and "
	    "its\n"
	    "lists, its own addresses, and its local time where no `at` is "
	    "given.\n"
	    "For what the policy allows it also names the base chains of "
	    "other\n"
	    "nftables tables that can still refuse it. That needs root.\n"
	    "\n"
	    "FLOW is\n"
	    "\n"
	    "  [ZONE] SOURCE -> [ZONE] DESTINATION [PROTOCOL [PORT]] [FACT "
	    "...]\n"
	    "\n"
	    "where DESTINATION is an address, self, a domain or a URL, and "
	    "FACT\n"
	    "is `address A` (what the name resolves to), `method M`, "
	    "`user U`,\n"
	    "`header NAME VALUE`, `type T` (of the answer), `at mon 09:30`, "
	    "or\n"
	    "`explicit` (asked of the explicit proxy); or a question to the "
	    "DNS:\n"
	    "\n"
	    "  [ZONE] SOURCE asks NAME [address A] [at mon 09:30]\n"
	    "\n"
	    "  gatehouse explain office.policy "
	    "'lan 10.0.0.4 -> https://example.com/'\n"
	    "  gatehouse explain office.policy "
	    "'guest 10.0.9.4 -> 10.0.0.200 tcp 9100'\n"
	    "  gatehouse explain office.policy "
	    "'lan 10.0.0.4 -> example.com tcp 25 explicit'\n"
	    "  gatehouse explain --running 'guest 10.0.9.4 -> self tcp 22'\n"
	    "  gatehouse explain --running "
	    "'lan 10.0.0.4 asks www.example.com'\n"
	    "\n"
	    "Status 0: answered, whatever the verdict. 1: the policy is "
	    "refused.\n"
	    "2: the flow is not understood. 3: FILE cannot be read, or no "
	    "gateway\n"
	    "runs.\n",
	.takes = OPTION_JSON | OPTION_RUNNING | OPTION_RUNTIME,
	.words_min = 1,
	.words_max = 2,
	.run = explain,
};
