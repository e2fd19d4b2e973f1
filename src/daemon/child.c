/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/child_impl.h"

#include "base/clock.h"
#include "daemon/cache_folder.h"
#include "daemon/child_begin.h"
#include "daemon/child_talk.h"
#include "daemon/refusal.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void
child_init(struct child *child, uid_t uid, gid_t gid)
{
	*child = (struct child){
		.channel = -1,
		.sources = -1,
		.console = -1,
		.pam = -1,
		.uid = uid,
		.gid = gid,
	};
}

int
child_say_failure(int rc, struct text *reterr_why)
{
	if (rc == -ETIMEDOUT)
		text_addz(reterr_why, "gatehouse-proxy does not answer");
	else if (rc == -EPIPE || rc == -ECONNRESET)
		text_addz(reterr_why, "gatehouse-proxy ended");
	else
		text_addf(reterr_why,
		    "no understanding with gatehouse-proxy: %s", strerror(-rc));
	return rc;
}

/* Its first word. */
static int
await_hello(struct child *child, struct text *reterr_why)
{
	struct channel_message message;
	int rc =
	    child_await_answer(child, CHANNEL_HELLO, &message, child_soon());

	if (rc == 0) {
		child->sandbox = message.sandbox;
		return 0;
	}
	child_stop(child);
	return child_say_failure(rc, reterr_why);
}

/* The descriptor; -1 if the cache is in memory alone. */
int
child_open_folder(const struct child *child,
    const struct generation *generation, int *ret_fd, struct text *reterr_why)
{
	const struct policy_cache *cache = &generation->policy->cache;

	*ret_fd = -1;
	if (cache->disk_bytes == 0)
		return 0;
	int fd =
	    cache_folder_open(cache->disk, child->uid, child->gid, reterr_why);
	if (fd >= 0)
		*ret_fd = fd;
	return fd < 0 ? fd : 0;
}

int
child_start(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int folder;
	int rc = child_open_folder(child, generation, &folder, reterr_why);

	if (rc < 0)
		return rc;
	rc = child_begin(child, folder, reterr_why);
	if (rc == 0)
		rc = await_hello(child, reterr_why);
	if (folder >= 0)
		(void)close(folder);
	return rc;
}

static void
close_channel(struct child *child)
{
	if (child->channel >= 0)
		(void)close(child->channel);
	if (child->sources >= 0)
		(void)close(child->sources);
	child->channel = -1;
	child->sources = -1;
	if (child->console >= 0)
		(void)close(child->console);
	child->console = -1;
}

void
child_stop(struct child *child)
{
	int64_t deadline = clock_now() + CLOCK_SECOND;
	struct timespec moment = { 0, 5 * CLOCK_MS };
	bool killed = false;

	close_channel(child); /* its end is the proxy's word to end */
	while (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) == 0) {
		if (!killed && clock_now() > deadline) {
			(void)kill(child->pid, SIGKILL);
			killed = true;
		}
		(void)nanosleep(&moment, NULL);
	}
	child->pid = 0;
}

bool
child_reap(struct child *child, struct text *ret_how, bool *ret_refused)
{
	int status;

	if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) <= 0)
		return false;
	child->pid = 0;
	close_channel(child);
	*ret_refused =
	    WIFEXITED(status) && WEXITSTATUS(status) == REFUSAL_STATUS;
	if (WIFSIGNALED(status))
		text_addf(ret_how, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		text_addf(ret_how, "exit status %d", WEXITSTATUS(status));
	return true;
}
