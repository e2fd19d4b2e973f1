/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "base/clock.h"
#include "firewall/compile.h"
#include "version.h"

#include <pwd.h>
#include <string.h>

/* The user that the proxy runs as; the ruleset names it by number. */
static uint32_t
proxy_uid(void)
{
	const struct passwd *user = getpwnam(GATEHOUSE_USER);

	if (user != NULL)
		return user->pw_uid;
	complain(
	    "there is no user '" GATEHOUSE_USER "' here; 65534 stands for it");
	return 65534;
}

/* A list of more ranges is shown by its length. */
#define SHOWN_RANGES_MAX 1000

static enum status
show_nft(const struct policy *policy, bool lists)
{
	struct firewall_host host = { .proxy_uid = proxy_uid(),
		.ipv6 = true,
		.shown_ranges_max = lists ? 0 : SHOWN_RANGES_MAX,
		.utc_offset_minutes = hours_utc_offset_minutes(clock_wall()) };
	struct text ruleset = TEXT_EMPTY;
	int rc = firewall_compile(policy, &host, &ruleset);

	if (rc == 0)
		print_text(&ruleset);
	else
		complain("cannot compile: %s", strerror(-rc));
	text_fini(&ruleset);
	return rc == 0 ? STATUS_GOOD : STATUS_WORLD;
}

static enum status
show(const struct options *options)
{
	struct policy *policy = NULL, *kept = NULL;
	enum status status = STATUS_NO;
	struct report report;

	if (strcmp(options->words[0], "nft") != 0) {
		complain("'%s' cannot be shown; 'nft' can", options->words[0]);
		return STATUS_USAGE;
	}
	report_init(&report);
	if (policy_load(
		options->words[1], &policy_files, &report, &policy, &kept) == 0)
		status = show_nft(policy, options->lists);
	else
		print_report(&report);
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}

const struct command command_show = {
	.name = "show",
	.usage = "[--lists] nft FILE",
	.summary = "print what the kernel is given",
	.help =
	    "Prints the nftables table that the policy's packet phase "
	    "becomes,\n"
	    "each line with the rule that it comes from, and what is allowed\n"
	    "without a rule (chain essentials). The gateway's own addresses\n"
	    "are filled in when it runs, and the sets of who is banned. A list "
	    "of\n"
	    "more than 1,000 ranges is shown by its length.\n"
	    "\n"
	    "  gatehouse show nft office.policy\n"
	    "\n"
	    "Status 1: the policy is refused.\n",
	.takes = OPTION_LISTS,
	.words_min = 2,
	.words_max = 2,
	.run = show,
};
