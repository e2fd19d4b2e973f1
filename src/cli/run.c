/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/first_read.h"
#include "cli/netns.h"
#include "cli/ssh_origin.h"

#include "daemon/runtime.h"
#include "firewall/early_mode.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What gatehoused would refuse too, but before the policy is read. */
static enum status
check_options(const struct options *options, enum early_mode *ret_early)
{
	if (!early_mode_parse(str_of(options->early_drop), ret_early)) {
		complain("--early-drop is auto, on or off, not '%s'",
		    options->early_drop);
		return STATUS_USAGE;
	}
	return STATUS_GOOD;
}

static bool
enter(const char *netns)
{
	struct text why = TEXT_EMPTY;
	bool entered = netns == NULL || netns_enter(netns, &why) == 0;

	if (!entered)
		complain("%s", why.at != NULL ? why.at : "out of memory");
	text_fini(&why);
	return entered;
}

/* What is said to gatehoused, in its own words. */
struct call {
	char *words[16]; /* ends with NULL */
	size_t count;
	struct text room; /* of all words, each behind the other's NUL */
};

static void
add_word(struct call *call, const char *word)
{
	/* Only when all are there they lie still. */
	call->words[call->count++] = (char *)(uintptr_t)call->room.len;
	text_add(&call->room, (struct str){ word, strlen(word) + 1 });
}

static void
add_option(struct call *call, const char *name, const char *value)
{
	add_word(call, name);
	add_word(call, value);
}

/* In another namespace the connection is none of the policy's. */
static void
add_session(struct call *call, const struct options *options)
{
	char client[ADDRESS_TEXT_BYTES], server[ADDRESS_TEXT_BYTES];
	char ends[2 * ADDRESS_TEXT_BYTES + 16];
	struct ssh_session session;

	if (options->force || options->netns != NULL ||
	    !ssh_session_find(&session))
		return;
	(void)snprintf(ends, sizeof(ends), "%s %u %s %u",
	    address_format(session.client.address, client), session.client.port,
	    address_format(session.server.address, server),
	    session.server.port);
	add_option(call, "--session", ends);
}

static bool
make_call(
    struct call *call, const struct options *options, enum early_mode early)
{
	/* As `apply` names it, so that the history knows it again. */
	char *path = realpath(options->words[0], NULL);

	add_word(call, "gatehoused");
	add_word(call, "--foreground");
	add_option(call, "--runtime", options->runtime);
	add_option(call, "--early-drop", early_mode_word(early));
	if (options->state != NULL)
		add_option(call, "--state", options->state);
	add_session(call, options);
	add_option(call, "--", path != NULL ? path : options->words[0]);
	free(path);
	for (size_t i = 0; i < call->count; i++)
		call->words[i] = call->room.at + (uintptr_t)call->words[i];
	return !call->room.full;
}

static enum status
become_daemon(const struct options *options, enum early_mode early)
{
	struct text program = TEXT_EMPTY;
	struct call call = { .room = TEXT_EMPTY };

	runtime_program("gatehoused", GATEHOUSE_DAEMON_PATH, &program);
	if (make_call(&call, options, early) && !program.full)
		(void)execv(program.at, call.words);
	complain("cannot start gatehoused: %s", strerror(errno));
	text_fini(&program);
	text_fini(&call.room);
	return STATUS_WORLD;
}

static enum status
run(const struct options *options)
{
	enum early_mode early = EARLY_AUTO;
	enum status status = check_options(options, &early);

	if (status != STATUS_GOOD)
		return status;
	/* First of all, so that nothing is read or opened elsewhere. */
	if (!enter(options->netns))
		return STATUS_WORLD;
	/* With a last good policy the gateway starts all the same. */
	if (options->state == NULL)
		status = first_read(options->words[0]);
	if (status != STATUS_GOOD)
		return status;
	if (geteuid() != 0) {
		complain("it takes root to change the firewall: try 'sudo "
			 "gatehouse run %s'",
		    options->words[0]);
		return STATUS_WORLD;
	}
	if (strlen(options->runtime) > RUNTIME_DIR_BYTES_MAX) {
		complain("the name of the runtime folder is too long");
		return STATUS_USAGE;
	}
	return become_daemon(options, early);
}

const struct command command_run = {
	.name = "run",
	.usage = "[--early-drop MODE] [--force] [--runtime DIR]\n"
		 "                     [--netns NAME] [--state DIR] FILE",
	.summary = "start the gateway in the foreground",
	.help =
	    "Brings the policy into force in the network namespace that it is\n"
	    "called in: the firewall's rules in the kernel, and the proxy as "
	    "a\n"
	    "user of its own. Prints `ready` once all rules stand and all\n"
	    "listeners listen. Ctrl-C (or SIGTERM) takes everything away\n"
	    "again; SIGHUP reads the policy anew. Needs root.\n"
	    "\n"
	    "  gatehouse run office.policy\n"
	    "  gatehouse run --netns gw --runtime /run/gw office.policy\n"
	    "  gatehouse run --netns 4711 --runtime /run/box "
	    "container.policy\n"
	    "\n"
	    "Early drop takes the first rules of the list, `drop LIST -> "
	    "any`, to\n"
	    "the network driver (XDP): `auto` where that pays, `on` wherever "
	    "it is\n"
	    "possible. Verdicts are the same.\n"
	    "\n"
	    "A policy that would end the ssh connection that you come by "
	    "takes\n"
	    "--force.\n"
	    "\n"
	    "With --state policies that were in force are kept in that folder "
	    "(see\n"
	    "`gatehouse help history`); if FILE is refused at the start, the "
	    "last\n"
	    "one comes into force instead, or, if there is none, nothing "
	    "passes.\n"
	    "\n"
	    "As a service, systemd starts gatehoused instead, whose rules "
	    "stay\n"
	    "when it ends.\n"
	    "\n"
	    "Status 0: it ended as it was told to. 1: the policy is refused. "
	    "3: no\n"
	    "privilege, a kernel that lacks something, a port in use.\n",
	.takes = OPTION_EARLY_DROP | OPTION_FORCE | OPTION_RUNTIME |
		 OPTION_STATE | OPTION_NETNS,
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
