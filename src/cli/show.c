/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"
#include "cli/running.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "firewall/compile.h"
#include "policy/pac.h"
#include "version.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
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

static void
print_file(void *context, const char *path, struct str text)
{
	(void)context;
	(void)printf("# %s\n%.*s", path, STR_ARG(text));
}

static void
put_file(void *context, const char *path, struct str text)
{
	struct json *json = context;

	json_object_begin(json);
	json_name(json, "file");
	json_put_stringz(json, path);
	json_name(json, "text");
	json_put_string(json, text);
	json_object_end(json);
}

/* The policy itself comes first, for it was read first. */
static enum status
each_file(struct running *kept,
    void (*each)(void *context, const char *path, struct str text),
    void *context)
{
	enum status status = STATUS_GOOD;

	for (size_t i = 0; i < kept->snapshot.count; i++) {
		struct text text = TEXT_EMPTY;
		int rc = file_read_fd(
		    kept->snapshot.items[i].fd, POLICY_LIST_BYTES_MAX, &text);
		if (rc == 0)
			each(context, kept->snapshot.items[i].path,
			    text_str(&text));
		else
			status = STATUS_WORLD;
		text_fini(&text);
	}
	return status;
}

static enum status
show_kept(const struct options *options)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);
	enum status status = STATUS_NO;
	struct running kept;

	if (running_get_kept(options->runtime, options->words[1], &kept)) {
		if (!options->json) {
			status = each_file(&kept, print_file, NULL);
		} else {
			json_array_begin(&json);
			status = each_file(&kept, put_file, &json);
			json_array_end(&json);
			text_addc(&out, '\n');
			print_text(&out);
		}
	}
	running_fini(&kept);
	text_fini(&out);
	return status;
}

/* `pac FILE` of all zones that have a listener would be many scripts: one that
 * is alone need not be named. */
static bool
find_zone(
    const struct policy *policy, const struct options *options, uint8_t *ret)
{
	uint64_t zones = policy_listen_zones(policy);
	size_t count = 0;

	if (options->count == 4)
		return policy_zone_find(policy, str_of(options->words[3]), ret);
	for (uint8_t i = 0; i < policy->zone_count; i++)
		if ((zones & policy_zone_bit(i)) != 0) {
			*ret = i;
			count++;
		}
	return count == 1;
}

static enum status
show_pac(const struct policy *policy, const struct options *options)
{
	const struct address nobody = { .family = ADDRESS_NONE };
	struct text script = TEXT_EMPTY;
	uint8_t zone;

	if (!find_zone(policy, options, &zone)) {
		complain(options->count == 4
			     ? "the policy has no zone '%s'"
			     : "say for which zone: %s 'for ZONE'",
		    options->words[options->count == 4 ? 3 : 1]);
		return STATUS_NO;
	}
	int rc = policy_pac_write(policy, zone, nobody, &script);
	if (rc == 0)
		print_text(&script);
	else if (rc == -ENOENT)
		complain("no listener of the proxy is for this zone");
	else
		complain("%s", strerror(-rc));
	text_fini(&script);
	return rc == 0 ? STATUS_GOOD : rc == -ENOENT ? STATUS_NO : STATUS_WORLD;
}

/* `for ZONE` stands behind `pac FILE` alone. */
static bool
is_call(const struct options *options)
{
	if (strcmp(options->words[0], "pac") != 0)
		return options->count == 2;
	return options->count == 2 ||
	       (options->count == 4 && strcmp(options->words[2], "for") == 0);
}

static enum status
show_policy(const struct options *options)
{
	struct policy *policy = NULL, *kept = NULL;
	enum status status = STATUS_NO;
	struct report report;

	report_init(&report);
	if (policy_load(
		options->words[1], &policy_files, &report, &policy, &kept) < 0)
		print_report(&report);
	else if (strcmp(options->words[0], "pac") == 0)
		status = show_pac(policy, options);
	else
		status = show_nft(policy, options->lists);
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}

static enum status
show(const struct options *options)
{
	const char *what = options->words[0];

	if (strcmp(what, "nft") != 0 && strcmp(what, "pac") != 0 &&
	    strcmp(what, "policy") != 0) {
		complain("'%s' cannot be shown; 'nft', 'pac' and 'policy' can",
		    what);
		return STATUS_USAGE;
	}
	if (!is_call(options)) {
		complain("show %s takes %s", what,
		    strcmp(what, "pac") == 0   ? "FILE [for ZONE]"
		    : strcmp(what, "nft") == 0 ? "FILE"
					       : "ID");
		return STATUS_USAGE;
	}
	return strcmp(what, "policy") == 0 ? show_kept(options)
					   : show_policy(options);
}

const struct command command_show = {
	.name = "show",
	.usage = "[--lists] nft FILE\n"
		 "       gatehouse show pac FILE [for ZONE]\n"
		 "       gatehouse show [--json] [--runtime DIR] policy ID",
	.summary =
	    "print what the kernel or a browser is given, or a kept policy",
	.help =
	    "Prints the nftables table that the policy's packet phase "
	    "becomes,\n"
	    "each line with the rule that it comes from, and what is allowed\n"
	    "without a rule (chain essentials). The gateway's own addresses\n"
	    "are filled in when it runs, and the sets of who is banned. A list "
	    "of\n"
	    "more than 1,000 ranges is shown by its length.\n"
	    "\n"
	    "With 'pac', the script by which browsers of a zone know what goes "
	    "by\n"
	    "the proxy, as its listener gives it at /proxy.pac.\n"
	    "\n"
	    "With 'policy', the files of a policy that the running gateway "
	    "has kept,\n"
	    "by its id in 'gatehouse history'.\n"
	    "\n"
	    "  gatehouse show nft office.policy\n"
	    "  gatehouse show pac office.policy for lan\n"
	    "  gatehouse show policy 7\n"
	    "\n"
	    "Status 1: the policy is refused, the zone has no listener, or no "
	    "policy\n"
	    "of that id is kept.\n",
	.takes = OPTION_LISTS | OPTION_JSON | OPTION_RUNTIME,
	.words_min = 2,
	.words_max = 4,
	.run = show,
};
