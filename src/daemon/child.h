/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/child: gatehouse-proxy, as gatehoused keeps it.
 *
 * Started as its own user without any capability, with nothing open but the
 * channels, the cache's folder and two files of the host; killed by the kernel
 * if gatehoused dies; started again by the owner if it ends.  All calls block
 * for a bounded time at most: the daemon has nothing more important to do than
 * to bring its proxy up.
 */
#ifndef GATEHOUSE_DAEMON_CHILD_H
#define GATEHOUSE_DAEMON_CHILD_H

#include "daemon/generation.h"
#include "daemon/host_files.h"
#include "daemon/sandbox.h"
#include "event/tally.h"

#include <sys/types.h>

/* A million-line list is read in about a second; this is for slow machines. */
#define CHILD_PREPARE_SECONDS 60

/* For the answers that need no work.  A proxy that does not keep to these is
 * ended. */
#define CHILD_ANSWER_SECONDS 5

/* For what nobody waits for: a proxy that is busy is asked another time. */
#define CHILD_RECKON_PATIENCE CLOCK_SECOND

/* A million responses are looked at in a second, and a disk is waited for. */
#define CHILD_PURGE_SECONDS 20

/* But for one that has begun not so long ago, and reads the disk of a large
 * cache before it listens to us. */
#define CHILD_YOUNG_SECONDS 600

struct child {
	pid_t pid;   /* 0: not running */
	int channel; /* -1: none */
	int sources; /* the second one, until it is taken; -1: none */
	int console; /* the third, likewise */
	int pam;     /* what it asks gatehouse-pam by; lent; -1: nothing */
	uid_t uid;
	gid_t gid;
	bool stays_user; /* both are our own already */
	unsigned starts;
	int64_t started;  /* clock_now */
	bool owes_answer; /* one that was waited for in vain */
	bool is_behind;   /* that has not come yet (daemon/child_talk) */
	int64_t asked, behind_since;
	bool takes_none;           /* the last policy that it was handed */
	int64_t waited, waited_at; /* of our patience; clock_now */
	struct host_files files;
	struct sandbox sandbox; /* as it said itself */
};

void child_init(struct child *child, uid_t uid, gid_t gid);

/*
 * Starts it, with the folder of the generation's cache, which is all that it
 * will ever have, and waits for its first word.  Errors as below.
 */
int child_start(struct child *child, const struct generation *generation,
    struct text *reterr_why);

/* Ends it: asks by closing the channel, then kills.  Waits for the end. */
void child_stop(struct child *child);

/*
 * Hands the generation over; the proxy reads it meanwhile.  0, or a negative
 * errno with a sentence in *reterr_why: -EPIPE when the proxy ended.
 */
int child_prepare(struct child *child, const struct generation *generation,
    struct text *reterr_why);

/*
 * Waits until the proxy has read what was handed over: after each
 * child_prepare that returned 0, once.  Errors as there, and -EINVAL when the
 * proxy refused it, -ETIMEDOUT when it said nothing.
 */
int child_await(struct child *child, const struct generation *generation,
    struct text *reterr_why);

/* The workers change over, or keep what they had. */
int child_commit(struct child *child, uint32_t generation);
int child_abort(struct child *child, uint32_t generation);

/* The gateway's addresses, for the generation in force. */
int child_tell_own(struct child *child, const struct generation *generation);

/* Hands it what has changed of the host's files. */
void child_tell_host_files(struct child *child);

/* An output of the journal, and its descriptor, which stays open here; -1: it
 * has none. */
int child_tell_output(
    struct child *child, const struct channel_output *output, int fd);

/* Asks for whom TLS is not opened, and waits for the answers. */
int child_list_pins(struct child *child,
    void (*take)(void *context, const struct channel_pins *pins),
    void *context);

/* Asks what has become of the events, and waits for the answer. */
int child_count_outputs(struct child *child, struct channel_outputs *ret);

/* Whether clients in the prefix are banned; their connections end. */
int child_tell_ban(
    struct child *child, const struct address_range *range, bool is_banned);

/* How many stored responses were thrown away, or a negative errno.  All may
 * have to be looked at. */
int64_t child_purge(struct child *child, const struct channel_purge *purge);
/* What is used of quotas: sets it, or gives what has changed since the last
 * time and has flows ended whose quota has run out. */
int child_tell_quotas(
    struct child *child, const struct policy_quota_count *counts, size_t count);
int child_collect(struct child *child,
    void (*take)(void *context, const struct policy_quota_count *count),
    void *context);

/* It is to make way for another one: waits until it has left the cache's folder
 * and accepts nobody any more.  It ends by itself then, some time. */
int child_drain(struct child *child);

/* Adds what the proxy has decided since the last time.  0 or a negative errno;
 * -EBADMSG as well for what makes no sense. */
int child_reckon(struct child *child, struct tally *sum);

/* Asks for the proxy's counters and waits for them. */
int child_count(struct child *child, int64_t ret[static COUNTER_CELLS]);

/*
 * After SIGCHLD: true if it was the proxy that ended, which then is not
 * running any more; *ret_how says how ("exit status 3", "signal 9 (Killed)"),
 * and *ret_refused whether it was ended by daemon/refusal.
 */
bool child_reap(struct child *child, struct text *ret_how, bool *ret_refused);

#endif
