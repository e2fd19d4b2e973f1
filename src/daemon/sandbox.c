/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/sandbox.h"

#include "daemon/call_filter.h"
#include "daemon/capabilities.h"
#include "daemon/landlock.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The first counts: what comes later may be because of it. */
static void
complain(struct sandbox *sandbox, const char *what, int error)
{
	if (sandbox->problem[0] == '\0')
		(void)snprintf(sandbox->problem, sizeof(sandbox->problem),
		    "%s: %s", what, strerror(-error));
}

static int
set(int option, unsigned long value)
{
	return prctl(option, value, 0, 0, 0) < 0 ? -errno : 0;
}

/*
 * Not traced, not read through /proc by others of its user, and no core: what
 * is in its memory are other people's requests.
 */
static void
close_memory(struct sandbox *sandbox)
{
	const struct rlimit none = { 0, 0 };
	int rc = set(PR_SET_DUMPABLE, 0);

	if (rc == 0 && setrlimit(RLIMIT_CORE, &none) < 0)
		rc = -errno;
	if (rc == 0)
		rc = set(PR_SET_NO_NEW_PRIVS, 1);
	if (rc < 0)
		complain(sandbox, "no protection of its memory", rc);
}

static void
filter_calls(
    struct sandbox *sandbox, const struct call_list *lists, size_t count)
{
	int rc = call_filter_load(lists, count);

	sandbox->filter = rc == 0;
	if (rc < 0)
		complain(sandbox, "no filter of system calls", rc);
}

/* Nothing that it could use of these: queues, locked memory, priority. */
static void
limit_resources(struct sandbox *sandbox)
{
	static const int none[] = { RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE,
		RLIMIT_NICE, RLIMIT_RTPRIO };
	const struct rlimit zero = { 0, 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(none) / sizeof(none[0]); i++)
		if (setrlimit((__rlimit_resource_t)none[i], &zero) < 0)
			rc = -errno;
	if (rc < 0)
		complain(sandbox, "no limits of its resources", rc);
}

/* A sanitizer reads /proc/self, traces its process and maps what it likes. */
static bool
is_left_out(struct sandbox *ret)
{
	if (GATEHOUSE_SANDBOX)
		return false;
	(void)snprintf(
	    ret->problem, sizeof(ret->problem), "%s", SANDBOX_LEFT_OUT);
	return true;
}

void
sandbox_enter_proxy(int folder, struct sandbox *ret)
{
	*ret = (struct sandbox){ 0 };
	if (is_left_out(ret))
		return;
	close_memory(ret);
	limit_resources(ret);
	int rc = landlock_confine(folder);
	if (rc < 0)
		complain(ret, "no Landlock", rc);
	else
		ret->landlock = (uint32_t)rc;
	/* Last, for it forbids all of the above. */
	filter_calls(ret, &proxy_calls, 1);
}

void
sandbox_enter_pam(struct sandbox *ret)
{
	const struct call_list lists[] = { host_calls, pam_calls,
		pam_calls_refused };

	*ret = (struct sandbox){ 0 };
	if (is_left_out(ret))
		return;
	close_memory(ret);
	limit_resources(ret);
	int rc = landlock_only_read();
	if (rc < 0)
		complain(ret, "no Landlock", rc);
	else
		ret->landlock = (uint32_t)rc;
	filter_calls(ret, lists, sizeof(lists) / sizeof(lists[0]));
}

void
sandbox_enter_daemon(bool modules, struct sandbox *ret)
{
	const struct call_list lists[] = { host_calls, daemon_calls,
		proxy_calls, pam_calls };

	*ret = (struct sandbox){ 0 };
	if (is_left_out(ret))
		return;
	close_memory(ret);
	int rc = capabilities_keep(modules);
	if (rc < 0)
		complain(ret, "capabilities could not be given up", rc);
	filter_calls(ret, lists, sizeof(lists) / sizeof(lists[0]));
}

static void
write_capabilities(uint64_t capabilities, struct json *json)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
#define ROW(name, number, why) { #name, number },
		CAPABILITIES(ROW)
#undef ROW
		    { "sys_admin", CAPABILITY_FOR_MODULES },
	};

	json_name(json, "capabilities");
	json_array_begin(json);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((capabilities >> known[i].number & 1) != 0)
			json_put_stringz(json, known[i].name);
	json_array_end(json);
}

void
sandbox_json(
    const struct sandbox *sandbox, uint64_t capabilities, struct json *json)
{
	json_object_begin(json);
	json_name(json, "filter");
	json_put_bool(json, sandbox->filter != 0);
	json_name(json, "landlock");
	json_put_integer(json, sandbox->landlock);
	write_capabilities(capabilities, json);
	json_name(json, "problem");
	json_put_stringz(
	    json, sandbox->problem[0] != '\0' ? sandbox->problem : NULL);
	json_object_end(json);
}
