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
#include "cache/disk.h"
#include "cache/key.h"
#include "console/journal.h"
#include "daemon/channel.h"
#include "daemon/console_thread.h"
#include "daemon/heap_keeper.h"
#include "daemon/proxy_draft.h"
#include "daemon/proxy_sandbox.h"
#include "event/event.h"
#include "net/name_servers.h"
#include "net/signals.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include "base/file.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often one that makes way looks whether anybody is still there. */
#define DRAIN_TICK (50 * CLOCK_MS)

enum status {
	STATUS_GOOD = 0,
	STATUS_USAGE = 2,
	STATUS_WORLD = 3,
};

struct proxy {
	struct loop loop;
	struct loop_watch channel, sources;
	struct loop_signal signals;
	struct refusal_watch refusals;
	struct sandbox sandbox;
	struct journal journal;
	struct workers *workers;
	struct console_thread *console; /* NULL: there was none yet */
	struct quotas *quotas;
	struct loop_timer drain;
	struct heap_keeper heap;
	struct proxy_draft draft;
	int folder; /* of the cache's disk; -1: it is in memory alone */
	struct proxy_generation *current; /* NULL until the first commit */
	struct proxy_own_list own;        /* of current, while it is told */
	int rc;                           /* what ended the loop */
};

static int
send_to_daemon(const struct channel_message *message)
{
	return channel_send(CHANNEL_FD, message, -1);
}

static int
send_bare(enum channel_type type, uint32_t generation)
{
	struct channel_message message = { .type = type,
		.generation = generation };

	return send_to_daemon(&message);
}

/* ---- the next generation ---- */

static int
prepare(struct proxy_draft *draft, const struct proxy *proxy)
{
	struct channel_message refusal = { .type = CHANNEL_REFUSED,
		.generation = draft->number };
	struct text why = TEXT_EMPTY;
	int rc = proxy_draft_build(draft, proxy->quotas, proxy->current, &why);

	if (rc == 0)
		return send_bare(CHANNEL_READY, draft->number);
	(void)snprintf(refusal.words.words, sizeof(refusal.words.words), "%s",
	    why.len > 0 ? why.at : strerror(-rc));
	text_fini(&why);
	proxy_draft_discard(draft);
	return send_to_daemon(&refusal);
}

/* ---- the cache's disk ---- */

/* Of any thread; seldom. */
static void
tell_disk(void *context, enum cache_disk_event event, int error)
{
	static const char *const words[] = {
		[CACHE_DISK_EMPTIED] = "what it held cannot be trusted and was "
				       "thrown away",
		[CACHE_DISK_DAMAGED] =
		    "a response is not as it was written and "
		    "was thrown away",
		[CACHE_DISK_FAILED] = "it fails, and the cache is in memory "
				      "alone",
	};
	struct event told = { .kind = EVENT_KIND_FAULT, .enforcer = "proxy" };
	char reason[160];

	(void)context;
	(void)snprintf(reason, sizeof(reason), "the cache's disk: %s%s%s",
	    words[event], error < 0 ? ": " : "",
	    error < 0 ? strerror(-error) : "");
	(void)fprintf(stderr, "gatehouse-proxy: %s\n", reason);
	told.reason = reason;
	event_emit(&told);
}

/*
 * Before any worker has used the cache: so the disk is that of the first policy
 * that this process has seen.
 */
static void
attach_disk(struct proxy *proxy, const struct policy *policy)
{
	struct cache_disk_options options = {
		.bytes_max = policy->cache.disk_bytes,
		.event = tell_disk,
	};

	if (proxy->folder < 0 || proxy->current != NULL ||
	    policy->cache.disk_bytes == 0)
		return;
	int rc = workers_open_cache(proxy->workers, policy);
	if (rc == 0)
		rc = cache_disk_attach(
		    workers_cache(proxy->workers), proxy->folder, &options);
	if (rc < 0)
		tell_disk(NULL, CACHE_DISK_FAILED, rc);
}

/* Takes the reference. */
static int
put_in_force(struct proxy *proxy, struct proxy_generation *generation)
{
	int rc = workers_use(proxy->workers, generation);

	if (rc < 0) {
		proxy_generation_unref(generation);
		return rc;
	}
	proxy_generation_unref(proxy->current);
	proxy->current = generation;
	return 0;
}

static int
commit(struct proxy *proxy)
{
	struct proxy_generation *ready = proxy->draft.ready;
	struct proxy_draft *draft = &proxy->draft;

	if (ready == NULL)
		return -EBADMSG;
	/* A gateway without its console goes on. */
	if (console_thread_use(&proxy->console, ready->policy, draft->console,
		draft->console_count) < 0)
		(void)fprintf(
		    stderr, "gatehouse-proxy: the console cannot start\n");
	draft->console_count = 0;
	proxy->draft.ready = NULL;
	attach_disk(proxy, ready->policy);
	proxy_draft_discard(&proxy->draft);
	return put_in_force(proxy, ready);
}

/* The gateway's addresses have changed under the policy in force. */
static int
see_own(struct proxy *proxy, const struct channel_own *own)
{
	int rc = proxy_own_take(&proxy->own, own);

	if (rc < 0 || own->last == 0)
		return rc;
	struct proxy_generation *again = proxy_generation_again(proxy->current);
	if (again == NULL)
		return -ENOMEM;
	rc = proxy_own_add(again, &proxy->own);
	if (rc < 0) {
		proxy_generation_unref(again);
		return rc;
	}
	return put_in_force(proxy, again);
}

/* ---- the channel ---- */

/* What the cache counts itself. */
static void
count_cache(struct proxy *proxy, int64_t values[static COUNTER_CELLS])
{
	struct cache_stats stats;

	if (workers_cache(proxy->workers) == NULL)
		return;
	cache_stats(workers_cache(proxy->workers), &stats);
	values[COUNTER_CACHE_OBJECTS] = (int64_t)stats.objects;
	values[COUNTER_CACHE_BYTES] = (int64_t)stats.bytes;
	values[COUNTER_CACHE_STORED] = (int64_t)stats.puts;
	values[COUNTER_CACHE_EVICTED] = (int64_t)stats.evicted;
	values[COUNTER_CACHE_PURGED] = (int64_t)stats.purged;
}

static int
answer_count(struct proxy *proxy)
{
	struct channel_message message = { .type = CHANNEL_COUNTERS };

	for (unsigned i = 0; i < COUNTER_CELLS; i++)
		message.counters.values[i] = counter_get_cell(i);
	count_cache(proxy, message.counters.values);
	return send_to_daemon(&message);
}

/*
 * A URL as people write it, to the key as the cache has it; of a prefix so far
 * as it goes.
 */
static int
read_url(const char *url, struct text *ret)
{
	struct http_uri uri;
	struct arena arena;
	enum http_fault fault;

	arena_init(&arena, CHANNEL_PATH_BYTES * 2);
	int rc = http_uri_parse(str_of(url), &arena, &uri, &fault);
	if (rc == 0)
		cache_key_add(&uri, (struct address_port){ 0 }, ret);
	arena_fini(&arena);
	return rc < 0 ? -EINVAL : ret->full ? -ENOMEM : 0;
}

/* Also what is kept for those who dialled the server themselves (cache/key). */
static int64_t
purge_url(struct cache *cache, const char *url)
{
	struct text key = TEXT_EMPTY;
	int64_t count = read_url(url, &key), more;

	if (count == 0)
		count = cache_purge(cache, CACHE_PURGE_KEY, text_str(&key));
	text_addc(&key, '\n');
	if (count >= 0) {
		more = cache_purge(cache, CACHE_PURGE_PREFIX, text_str(&key));
		count = more < 0 ? more : count + more;
	}
	text_fini(&key);
	return count;
}

static int64_t
purge_prefix(struct cache *cache, const char *url)
{
	struct text key = TEXT_EMPTY;
	int64_t count = read_url(url, &key);

	if (count == 0)
		count = cache_purge(cache, CACHE_PURGE_PREFIX, text_str(&key));
	text_fini(&key);
	return count;
}

/* In this thread, since it may take a while and the workers go on. */
static int
purge(struct proxy *proxy, const struct channel_purge *wish)
{
	struct channel_message answer = { .type = CHANNEL_PURGED };
	struct cache *cache = workers_cache(proxy->workers);

	if (cache == NULL)
		return send_to_daemon(&answer);
	if (wish->kind == CACHE_PURGE_KEY)
		answer.purged = purge_url(cache, wish->what);
	else if (wish->kind == CACHE_PURGE_PREFIX)
		answer.purged = purge_prefix(cache, wish->what);
	else
		answer.purged = cache_purge(cache,
		    (enum cache_purge_kind)wish->kind, str_of(wish->what));
	/* What was purged stays so if the power fails now. */
	cache_disk_flush(cache);
	return send_to_daemon(&answer);
}

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
	return send_bare(CHANNEL_DRAINED, 0);
}

static int
take_quotas(struct proxy *proxy, const struct channel_quotas *quotas)
{
	int64_t wall = clock_wall();
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < quotas->count; i++)
		rc = quotas_put(proxy->quotas, &quotas->items[i], wall);
	return rc;
}

/* gatehoused reads them while we send; when it does not we are lost anyway. */
static int
send_patiently(const struct channel_message *message)
{
	struct pollfd fd = { .fd = CHANNEL_FD, .events = POLLOUT };
	int rc;

	while ((rc = send_to_daemon(message)) == -EAGAIN)
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return rc;
}

static int
answer_collect(struct proxy *proxy)
{
	static struct channel_message message; /* 4 KiB; one thread */
	size_t sent = 0;
	int rc = 0;

	if (quotas_tick(proxy->quotas, clock_wall()))
		rc = workers_end_used_up(proxy->workers);
	message.type = CHANNEL_QUOTAS;
	do {
		message.quotas.count = (uint32_t)quotas_collect(
		    proxy->quotas, message.quotas.items, CHANNEL_QUOTAS_MAX);
		sent += message.quotas.count;
		/* What goes on changing meanwhile is for the next time. */
		message.quotas.last =
		    message.quotas.count < CHANNEL_QUOTAS_MAX ||
		    sent >= QUOTAS_MAX;
		if (rc == 0)
			rc = send_patiently(&message);
	} while (rc == 0 && message.quotas.last == 0);
	return rc;
}

static int
write_tally(struct proxy *proxy, int file)
{
	struct text bytes = TEXT_EMPTY;
	struct tally sum;
	int rc = tally_init(&sum);

	if (rc < 0)
		return rc;
	workers_reckon(proxy->workers, &sum);
	tally_write(&sum, &bytes);
	tally_fini(&sum);
	rc = bytes.full ? -ENOMEM : file_write_all(file, text_str(&bytes));
	text_fini(&bytes);
	return rc;
}

/* What could not be written is lost: a file that ends too soon says so. */
static int
answer_reckon(struct proxy *proxy, int file)
{
	(void)write_tally(proxy, file);
	return send_bare(CHANNEL_RECKONED, 0);
}

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

static int
answer_count_outputs(struct proxy *proxy)
{
	struct channel_message message = { .type = CHANNEL_OUTPUTS };

	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		message.outputs.states[i] = journal_look(&proxy->journal, i);
	return send_to_daemon(&message);
}

/* Whoever looks at it next, in any thread, sees the one or the other. */
static int
take_host_file(int place, int fd)
{
	return dup3(fd, place, O_CLOEXEC) < 0 ? -errno : 0;
}

static int
begin(struct proxy *proxy, uint32_t number)
{
	proxy_draft_discard(&proxy->draft);
	proxy->draft.number = number;
	return number == 0 ? -EBADMSG : 0;
}

/* Those of the next generation, which must have begun. */
static int
take_for_draft(
    struct proxy *proxy, const struct channel_message *message, int *fd)
{
	struct proxy_draft *draft = &proxy->draft;

	if (draft->number == 0 || draft->number != message->generation)
		return -EBADMSG;
	if (message->type == CHANNEL_PREPARE)
		return prepare(draft, proxy);
	return proxy_draft_take(draft, message, fd);
}

/* What fd holds after it is nobody's and will be closed. */
static int
take(struct proxy *proxy, const struct channel_message *message, int *fd)
{
	const struct proxy_generation *current = proxy->current;

	switch ((enum channel_type)message->type) {
	case CHANNEL_BEGIN:
		return begin(proxy, message->generation);
	case CHANNEL_OWN:
		if (proxy->draft.number == 0 && current != NULL &&
		    current->number == message->generation)
			return see_own(proxy, &message->own);
		return take_for_draft(proxy, message, fd);
	case CHANNEL_FILE:
	case CHANNEL_LISTENER:
	case CHANNEL_PREPARE:
		return take_for_draft(proxy, message, fd);
	case CHANNEL_COMMIT:
		return commit(proxy);
	case CHANNEL_ABORT:
		proxy_draft_discard(&proxy->draft);
		return 0;
	case CHANNEL_OUTPUT:
	case CHANNEL_OUTPUT_FD:
		return take_output(proxy, &message->output, fd);
	case CHANNEL_COUNT_OUTPUTS:
		return answer_count_outputs(proxy);
	case CHANNEL_HOST_FILE:
		return take_host_file((int)message->host_file, *fd);
	case CHANNEL_BAN:
		return workers_ban(proxy->workers, &message->banned);
	case CHANNEL_PURGE:
		return purge(proxy, &message->purge);
	case CHANNEL_UNBAN:
		return workers_unban(proxy->workers, &message->banned);
	case CHANNEL_COUNT:
		return answer_count(proxy);
	case CHANNEL_DRAIN:
		return drain(proxy);
	case CHANNEL_RECKON:
		return answer_reckon(proxy, *fd);
	case CHANNEL_QUOTAS:
		return take_quotas(proxy, &message->quotas);
	case CHANNEL_COLLECT:
		return answer_collect(proxy);
	case CHANNEL_HELLO:
	case CHANNEL_READY:
	case CHANNEL_REFUSED:
	case CHANNEL_PURGED:
	case CHANNEL_COUNTERS:
	case CHANNEL_DRAINED:
	case CHANNEL_RECKONED:
	case CHANNEL_OUTPUTS:
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

/* ---- sockets that bear a client's address ---- */

/* Of any thread. */
static int
want_source(uint32_t number, int client)
{
	struct channel_message message = { .type = CHANNEL_WANT,
		.source.number = number };

	return channel_send(CHANNEL_SOURCES_FD, &message, client);
}

/* So too. */
static int
want_stand(uint32_t number, const struct address_port *client,
    const struct address_port *server)
{
	struct channel_message message = { .type = CHANNEL_STAND,
		.stand = { number, *client, *server } };

	return channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

/* So too; what does not get through is told of at the next refusals. */
static void
tell_caught(struct address source, uint32_t generation, uint32_t rule)
{
	struct channel_message message = { .type = CHANNEL_CAUGHT,
		.caught = { source, generation, rule } };

	(void)channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

/* So too; one that does not get through is one of several. */
static void
tell_alive(void)
{
	const struct channel_message message = { .type = CHANNEL_ALIVE };

	(void)channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

_Static_assert(LEARNING_ADDRESSES_MAX == CHANNEL_LEARN_MAX,
    "as many addresses as a message has room for");

/* So too. */
static int
tell_name(uint32_t number, const struct learning_wish *wish)
{
	struct channel_message message = { .type = CHANNEL_LEARN };
	struct channel_learn *learn = &message.learn;

	learn->number = number;
	learn->seconds = wish->seconds;
	learn->count = wish->count;
	memcpy(learn->zone, wish->zone, sizeof(learn->zone));
	memcpy(learn->name, wish->name, sizeof(learn->name));
	memcpy(learn->addresses, wish->addresses,
	    wish->count * sizeof(*learn->addresses));
	return channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

static int
take_source(struct proxy *proxy, const struct channel_message *message, int *fd)
{
	if (message->type == CHANNEL_NO_SOURCE) {
		workers_take_source(proxy->workers, message->source.number,
		    message->source.error);
		return 0;
	}
	if (message->type == CHANNEL_LEARNED) {
		workers_take_learned(proxy->workers, message->source.number,
		    message->source.error);
		return 0;
	}
	if (message->type != CHANNEL_SOURCE)
		return -EBADMSG;
	workers_take_source(proxy->workers, message->source.number, *fd);
	*fd = -1;
	return 0;
}

static void
on_sources(struct loop_watch *watch, unsigned ready)
{
	static struct channel_message message; /* 4 KiB; one thread */
	struct proxy *proxy = watch->context;
	int fd = -1;

	(void)ready;
	int rc = channel_receive(CHANNEL_SOURCES_FD, &message, &fd);
	if (rc == 0)
		rc = take_source(proxy, &message, &fd);
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0 || rc == -EAGAIN)
		return;
	/* The other channel says whether that is the end of all. */
	loop_watch_stop(watch);
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
watch_channels(struct proxy *proxy)
{
	proxy->channel = (struct loop_watch){ .fd = CHANNEL_FD,
		.wanted = LOOP_READ,
		.fn = on_channel,
		.context = proxy };
	proxy->sources = (struct loop_watch){ .fd = CHANNEL_SOURCES_FD,
		.wanted = LOOP_READ,
		.fn = on_sources,
		.context = proxy };
	int rc = loop_watch_start(&proxy->loop, &proxy->channel);
	return rc < 0 ? rc : loop_watch_start(&proxy->loop, &proxy->sources);
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

	return send_to_daemon(&message);
}

static int
serve(struct proxy *proxy)
{
	int rc = watch_signals(proxy);

	if (rc == 0)
		rc = watch_channels(proxy);
	if (rc == 0) {
		proxy->quotas = quotas_create();
		rc = proxy->quotas != NULL ? 0 : -ENOMEM;
	}
	name_servers_use(CHANNEL_SERVERS_FD);
	if (rc == 0)
		rc = workers_create(count_cores(), &proxy->workers);
	if (rc == 0)
		rc = workers_open_sources(
		    proxy->workers, want_source, want_stand);
	if (rc == 0)
		rc = workers_open_learning(proxy->workers, tell_name);
	if (rc == 0)
		workers_tell_refused(proxy->workers, tell_caught);
	if (rc == 0)
		workers_tell_alive(proxy->workers, tell_alive);
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
	if (rc == 0) {
		heap_keeper_start(&proxy->heap, &proxy->loop);
		rc = loop_run(&proxy->loop);
	}
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
