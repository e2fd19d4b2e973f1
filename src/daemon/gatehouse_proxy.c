/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gatehouse-proxy: the unprivileged half.
 *
 * Started by gatehoused, as its own user and without a capability, with one end
 * of each channel at CHANNEL_FD and CHANNEL_SOURCES_FD and what else it needs
 * of the host behind them; it opens nothing by itself but what lies in the
 * cache's folder (daemon/sandbox).  The first thread listens to the channels
 * and builds generations; the workers serve.  It ends when the first channel
 * does.
 */
#include "daemon/proxy_impl.h"

#include "cache/disk.h"
#include "daemon/exit_status.h"
#include "event/counter.h"
#include "event/event.h"
#include "net/name_servers.h"
#include "proxy/limits.h"

#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often one that makes way looks whether anybody is still there. */
#define DRAIN_TICK (50 * CLOCK_MS)

/* ---- making way ---- */

static void
on_drain_tick(struct loop_timer *timer)
{
	struct proxy *proxy = timer->context;

	if (counter_get(COUNTER_CONNECTIONS_OPEN) == 0)
		loop_stop(&proxy->loop);
	else
		loop_timer_arm(&proxy->loop, timer, clock_now() + DRAIN_TICK);
}

/* Another process is to have the folder, the listeners and the console. */
static int
drain(struct proxy *proxy)
{
	int rc = workers_drain(proxy->workers);

	if (rc < 0)
		return rc;
	console_thread_stop(&proxy->console);
	if (workers_cache(proxy->workers) != NULL)
		cache_disk_leave(workers_cache(proxy->workers));
	proxy->drain =
	    (struct loop_timer){ .fn = on_drain_tick, .context = proxy };
	loop_timer_arm(&proxy->loop, &proxy->drain, clock_now() + DRAIN_TICK);
	return proxy_send_bare(CHANNEL_DRAINED, 0);
}

/* ---- from gatehoused ---- */

static int
take_output(struct proxy *proxy, const struct channel_output *output, int *fd)
{
	const struct policy_journal_output settings = {
		.kind = (enum policy_journal_kind)output->kind,
		.form = (enum policy_journal_form)output->form,
		.facility = output->facility,
		.at = output->at,
	};

	if (settings.kind == POLICY_JOURNAL_KIND_COUNT) {
		journal_drop(&proxy->journal, output->number);
		return 0;
	}
	int rc =
	    journal_put(&proxy->journal, output->number, &settings, NULL, *fd);
	if (rc == 0)
		*fd = -1;
	return rc;
}

/* Whoever looks at it next, in any thread, sees the one or the other. */
static int
take_host_file(int place, int fd)
{
	return dup3(fd, place, O_CLOEXEC) < 0 ? -errno : 0;
}

/* What fd holds after it is nobody's and will be closed. */
static int
take(struct proxy *proxy, const struct channel_message *message, int *fd)
{
	const struct proxy_generation *current = proxy->current;

	switch ((enum channel_type)message->type) {
	case CHANNEL_BEGIN:
		return proxy_begin(proxy, message->generation);
	case CHANNEL_OWN:
		if (proxy->draft.number == 0 && current != NULL &&
		    current->number == message->generation)
			return proxy_see_own(proxy, &message->own);
		return proxy_take_for_draft(proxy, message, fd);
	case CHANNEL_FILE:
	case CHANNEL_LISTENER:
	case CHANNEL_PREPARE:
		return proxy_take_for_draft(proxy, message, fd);
	case CHANNEL_COMMIT:
		return proxy_commit(proxy);
	case CHANNEL_ABORT:
		proxy_draft_discard(&proxy->draft);
		return 0;
	case CHANNEL_OUTPUT:
	case CHANNEL_OUTPUT_FD:
		return take_output(proxy, &message->output, fd);
	case CHANNEL_COUNT_OUTPUTS:
		return proxy_answer_count_outputs(proxy);
	case CHANNEL_LIST_PINS:
		return proxy_answer_list_pins(proxy);
	case CHANNEL_HOST_FILE:
		return take_host_file((int)message->host_file, *fd);
	case CHANNEL_BAN:
		return workers_ban(proxy->workers, &message->banned);
	case CHANNEL_PURGE:
		return proxy_purge(proxy, &message->purge);
	case CHANNEL_UNBAN:
		return workers_unban(proxy->workers, &message->banned);
	case CHANNEL_COUNT:
		return proxy_answer_count(proxy);
	case CHANNEL_DRAIN:
		return drain(proxy);
	case CHANNEL_RECKON:
		return proxy_answer_reckon(proxy, *fd);
	case CHANNEL_QUOTAS:
		return proxy_take_quotas(proxy, &message->quotas);
	case CHANNEL_COLLECT:
		return proxy_answer_collect(proxy);
	case CHANNEL_HELLO:
	case CHANNEL_READY:
	case CHANNEL_REFUSED:
	case CHANNEL_PURGED:
	case CHANNEL_COUNTERS:
	case CHANNEL_DRAINED:
	case CHANNEL_RECKONED:
	case CHANNEL_OUTPUTS:
	case CHANNEL_PINS:
	case CHANNEL_WANT:
	case CHANNEL_STAND:
	case CHANNEL_SOURCE:
	case CHANNEL_NO_SOURCE:
	case CHANNEL_CAUGHT:
	case CHANNEL_LEARN:
	case CHANNEL_LEARNED:
	case CHANNEL_ALIVE:
	case CHANNEL_ASK:
	case CHANNEL_ANSWER:
	case CHANNEL_TYPE_COUNT:
		break;
	}
	return -EBADMSG;
}

static void
on_channel(struct loop_watch *watch, unsigned ready)
{
	static struct channel_message message; /* 4 KiB; one thread */
	struct proxy *proxy = watch->context;
	int fd = -1;

	(void)ready;
	int rc = channel_receive(CHANNEL_FD, &message, &fd);
	if (rc == 0)
		rc = take(proxy, &message, &fd);
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0 || rc == -EAGAIN)
		return;
	proxy->rc = rc == -EPIPE ? 0 : rc;
	loop_stop(&proxy->loop);
}

/* ---- life ---- */

static void
on_signal(struct loop_signal *signal, int number)
{
	struct proxy *proxy = signal->context;

	/* Ctrl-C reaches the whole group; the daemon decides what it means. */
	if (number == SIGTERM)
		loop_stop(&proxy->loop);
}

static int
watch_signals(struct proxy *proxy)
{
	struct loop_signal *signals = &proxy->signals;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigemptyset(&signals->set);
	(void)sigaddset(&signals->set, SIGTERM);
	(void)sigaddset(&signals->set, SIGINT);
	(void)sigaddset(&signals->set, SIGHUP);
	signals->fn = on_signal;
	signals->context = proxy;
	return loop_signal_start(&proxy->loop, signals);
}

static int
watch_channel(struct proxy *proxy)
{
	proxy->channel = (struct loop_watch){ .fd = CHANNEL_FD,
		.wanted = LOOP_READ,
		.fn = on_channel,
		.context = proxy };
	return loop_watch_start(&proxy->loop, &proxy->channel);
}

static size_t
count_cores(void)
{
	cpu_set_t set;
	size_t count = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		count = (size_t)CPU_COUNT(&set);
	return count < PROXY_WORKERS_MAX ? count : PROXY_WORKERS_MAX;
}

static int
say_hello(const struct proxy *proxy)
{
	const struct channel_message message = { .type = CHANNEL_HELLO,
		.sandbox = proxy->sandbox };

	return proxy_send(&message);
}

/* Until it has said that it is there. */
static int
begin(struct proxy *proxy)
{
	int rc = watch_signals(proxy);

	if (rc == 0)
		rc = watch_channel(proxy);
	if (rc == 0) {
		proxy->quotas = quotas_create();
		rc = proxy->quotas != NULL ? 0 : -ENOMEM;
	}
	name_servers_use(CHANNEL_SERVERS_FD);
	if (rc == 0)
		rc = workers_create(count_cores(), &proxy->workers);
	if (rc == 0)
		rc = proxy_wishes_open(proxy);
	if (rc == 0)
		workers_ask_pam_at(proxy->workers, CHANNEL_PAM_FD);
	/* All that is opened by its path is open, and no thread runs yet. */
	if (rc == 0)
		rc = proxy_sandbox_enter(&proxy->loop, &proxy->refusals,
		    proxy->folder, &proxy->sandbox);
	if (rc == 0)
		rc = journal_start(&proxy->journal);
	if (rc == 0)
		rc = workers_start(proxy->workers);
	if (rc == 0)
		rc = say_hello(proxy);
	return rc;
}

static void
end(struct proxy *proxy)
{
	heap_keeper_stop(&proxy->heap);
	console_thread_stop(&proxy->console);
	workers_destroy(&proxy->workers);
	proxy_draft_discard(&proxy->draft);
	free(proxy->own.items);
	proxy_generation_unref(proxy->current);
	quotas_unref(proxy->quotas);
	loop_timer_cancel(&proxy->drain);
	loop_watch_stop(&proxy->channel);
	loop_watch_stop(&proxy->sources);
	loop_signal_stop(&proxy->signals);
	refusal_close(&proxy->refusals);
}

static int
serve(struct proxy *proxy)
{
	int rc = begin(proxy);

	if (rc == 0) {
		heap_keeper_start(&proxy->heap, &proxy->loop);
		rc = loop_run(&proxy->loop);
	}
	end(proxy);
	return rc < 0 ? rc : proxy->rc;
}

static int
run(struct proxy *proxy)
{
	int rc = loop_init(&proxy->loop);

	if (rc < 0)
		return rc;
	journal_init(&proxy->journal);
	journal_hold(&proxy->journal);
	proxy->journal.enforcer = "proxy";
	event_sink_set(journal_sink, &proxy->journal);
	rc = serve(proxy);
	event_sink_set(NULL, NULL);
	journal_fini(&proxy->journal);
	loop_fini(&proxy->loop);
	return rc;
}

static bool
is_channel(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

/* All that is not a folder stands in the place of none. */
static int
find_folder(void)
{
	struct stat st;

	return fstat(CHANNEL_FOLDER_FD, &st) == 0 && S_ISDIR(st.st_mode)
		   ? CHANNEL_FOLDER_FD
		   : -1;
}

static const char usage[] =
    "usage: gatehouse-proxy [--version | --help]\n"
    "\n"
    "The proxy half of Gatehouse. It is started by gatehoused, which hands it\n"
    "what it needs; there is nothing to call by hand. See gatehouse(1).\n";

int
main(int argc, char **argv)
{
	static struct proxy proxy;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("gatehouse-proxy " GATEHOUSE_VERSION);
		return STATUS_GOOD;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		(void)fputs(usage, stdout);
		return STATUS_GOOD;
	}
	if (argc != 1 || !is_channel(CHANNEL_FD) ||
	    !is_channel(CHANNEL_SOURCES_FD) ||
	    !is_channel(CHANNEL_CONSOLE_FD)) {
		(void)fputs(usage, stderr);
		return STATUS_USAGE;
	}
	proxy.folder = find_folder();
	int rc = run(&proxy);
	if (rc < 0)
		(void)fprintf(stderr, "gatehouse-proxy: %s\n", strerror(-rc));
	return rc < 0 ? STATUS_WORLD : STATUS_GOOD;
}
