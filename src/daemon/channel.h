/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/channel: what gatehoused and gatehouse-proxy say to each other.
 *
 * One Unix socket pair of SOCK_SEQPACKET: a message arrives whole or not at
 * all.  Every message is a struct channel_message cut to the length that its
 * type has; one row of the table below says which that is and whether a
 * descriptor comes with it.  What does not fit its row is refused, and the
 * channel with it: neither side trusts the other's lengths.
 *
 * A policy travels as the files it was read from, in sealed memory files, so
 * that the proxy reads with the same code and sees the same bytes although it
 * can open no file:
 *
 *	daemon						proxy
 *	BEGIN n
 *	FILE n path +fd		for each file
 *	LISTENER n address +fd	for each listener
 *	OWN n addresses		(may be repeated)
 *	PREPARE n		->	reads, checks
 *				<-	READY n, or REFUSED n words
 *	COMMIT n, or ABORT n	->	the workers change over
 *
 * Each generation n is prepared and committed or aborted before the next
 * begins.  OWN alone, with the number in force, says that the gateway's
 * addresses have changed.  PURGE throws stored responses away, and is answered
 * with PURGED.  QUOTAS sets what was used of quotas; COLLECT is answered with
 * QUOTAS, what has changed since the last time, until one that is the last.
 * OUTPUT says where events go (daemon/journal_keeper), OUTPUT_FD with what they
 * are written to; COUNT_OUTPUTS is answered with OUTPUTS, what became of them.
 * LIST_PINS is answered with PINS, for whom TLS is not opened, until one that
 * is the last.
 * HOST_FILE puts another in the place of one with which the proxy was started
 * (daemon/host_files).  BAN ends the connections of clients in a prefix, until
 * UNBAN: that they come no more is the kernel's affair, but whom a balancer
 * speaks for only the proxy knows.  A proxy that starts is told of all bans.
 * RECKON brings an empty file for what was decided since the last one
 * (event/tally), and is answered with RECKONED when all of that is in it.
 * HELLO is its first word, and says what it has taken from itself.
 *
 * DRAIN, answered with DRAINED, makes way for another gatehouse-proxy
 * (daemon/handover): this one has left the cache's folder and accepts nobody
 * any more, and ends when the last connection has.
 *
 * A second channel of the same kind is for sockets that bear a client's address
 * (daemon/client_source), so that they need not wait for a policy that is read,
 * nor what waits for an answer there take one that is none:
 *
 *	proxy				daemon
 *	WANT number +connection	->	looks whose it is
 *				<-	SOURCE number +socket, or NO_SOURCE
 *	STAND number client server ->	the same, for what is no connection
 *	CAUGHT source and rule	->	bans it
 *	LEARN number, a name	->	lets it in (daemon/name_keeper)
 *				<-	LEARNED number
 *	ALIVE			->	lets it live (daemon/pulse_keeper)
 *
 * A third is the console's (daemon/console_desk): what it asks is a command of
 * the control socket, and what it is answered comes in a memory file.
 *
 *	ASK number token command ->	answers, if it may
 *				<-	ANSWER number status +file
 */
#ifndef GATEHOUSE_DAEMON_CHANNEL_H
#define GATEHOUSE_DAEMON_CHANNEL_H

#include "base/address.h"
#include "base/hostname.h"
#include "cache/store.h"
#include "console/journal_output.h"
#include "daemon/sandbox.h"
#include "event/decision.h"
#include "policy/limits.h"
#include "policy/quota.h"

/* The descriptors that gatehouse-proxy is started with. */
#define CHANNEL_FD             3
#define CHANNEL_SOURCES_FD     4
#define CHANNEL_FOLDER_FD      5 /* of the cache; no folder: none */
#define CHANNEL_SERVERS_FD     6 /* /etc/resolv.conf; empty: none */
#define CHANNEL_AUTHORITIES_FD 7 /* the system's, PEM; the same */
#define CHANNEL_CONSOLE_FD     8
#define CHANNEL_PAM_FD         9 /* to gatehouse-pam (proxy/pam_question) */
#define CHANNEL_FDS_END        10

#define CHANNEL_PATH_BYTES  4096 /* PATH_MAX */
#define CHANNEL_WORDS_BYTES 2048
#define CHANNEL_TOKEN_BYTES 256
#define CHANNEL_OWN_MAX     64 /* addresses in one message */
#define CHANNEL_QUOTAS_MAX  64 /* counts in one message */
#define CHANNEL_LEARN_MAX   64 /* addresses of one name */
#define CHANNEL_PINS_MAX    15 /* names in one message */

/* No answer is kept for longer than a week; and the rest of a second. */
#define CHANNEL_LEARN_SECONDS_MAX 604801

/*	id, bytes behind the head, descriptors, who sends it */
#define CHANNEL_TYPES(ROW)                                                     \
	ROW(BEGIN, 0, 0)                                                       \
	ROW(FILE, sizeof(struct channel_file), 1)                              \
	ROW(LISTENER, sizeof(struct channel_listener), 1)                      \
	ROW(OWN, sizeof(struct channel_own), 0)                                \
	ROW(PREPARE, 0, 0)                                                     \
	ROW(COMMIT, 0, 0)                                                      \
	ROW(ABORT, 0, 0)                                                       \
	ROW(OUTPUT, sizeof(struct channel_output), 0)                          \
	ROW(OUTPUT_FD, sizeof(struct channel_output), 1)                       \
	ROW(HOST_FILE, sizeof(uint32_t), 1)                                    \
	ROW(BAN, sizeof(struct address_range), 0)                              \
	ROW(PURGE, sizeof(struct channel_purge), 0)                            \
	ROW(QUOTAS, sizeof(struct channel_quotas), 0)                          \
	ROW(COLLECT, 0, 0)                                                     \
	ROW(UNBAN, sizeof(struct address_range), 0)                            \
	ROW(RECKON, 0, 1)                                                      \
	ROW(COUNT, 0, 0)                                                       \
	ROW(DRAIN, 0, 0)                                                       \
	ROW(COUNT_OUTPUTS, 0, 0)                                               \
	ROW(LIST_PINS, 0, 0)                                                   \
	ROW(HELLO, sizeof(struct sandbox), 0)                                  \
	ROW(READY, 0, 0)                                                       \
	ROW(REFUSED, sizeof(struct channel_words), 0)                          \
	ROW(PURGED, sizeof(int64_t), 0)                                        \
	ROW(COUNTERS, sizeof(struct channel_counters), 0)                      \
	ROW(DRAINED, 0, 0)                                                     \
	ROW(RECKONED, 0, 0)                                                    \
	ROW(OUTPUTS, sizeof(struct channel_outputs), 0)                        \
	ROW(PINS, sizeof(struct channel_pins), 0)                              \
	ROW(WANT, sizeof(struct channel_source), 1)                            \
	ROW(STAND, sizeof(struct channel_stand), 0)                            \
	ROW(SOURCE, sizeof(struct channel_source), 1)                          \
	ROW(NO_SOURCE, sizeof(struct channel_source), 0)                       \
	ROW(CAUGHT, sizeof(struct channel_caught), 0)                          \
	ROW(LEARN, sizeof(struct channel_learn), 0)                            \
	ROW(LEARNED, sizeof(struct channel_source), 0)                         \
	ROW(ALIVE, 0, 0)                                                       \
	ROW(ASK, sizeof(struct channel_ask), 0)                                \
	ROW(ANSWER, sizeof(struct channel_answer), 1)

enum channel_type {
#define ROW(id, bytes, fds) CHANNEL_##id,
	CHANNEL_TYPES(ROW)
#undef ROW
	CHANNEL_TYPE_COUNT
};

struct channel_file {
	char path[CHANNEL_PATH_BYTES]; /* NUL-terminated */
};

enum channel_listener_kind {
	CHANNEL_LISTENER_EXPLICIT,
	CHANNEL_LISTENER_INTERCEPT,
	CHANNEL_LISTENER_DATAGRAMS, /* of the explicit one at the same place */
	CHANNEL_LISTENER_CONSOLE,
	CHANNEL_LISTENER_SANDBOX,   /* of `gatehouse exec` */
	CHANNEL_LISTENER_QUESTIONS, /* its UDP port 53 */
	CHANNEL_LISTENER_DNS,
	CHANNEL_LISTENER_DNS_DATAGRAMS, /* at the same place */
	/* Of whatever is handed over to this port. */
	CHANNEL_LISTENER_INTERCEPT_DATAGRAMS,
	CHANNEL_LISTENER_QUIC, /* of all other UDP that is handed over */
	CHANNEL_LISTENER_KIND_COUNT
};

static inline bool
channel_listener_has_datagrams(enum channel_listener_kind kind)
{
	return kind == CHANNEL_LISTENER_DATAGRAMS ||
	       kind == CHANNEL_LISTENER_QUESTIONS ||
	       kind == CHANNEL_LISTENER_DNS_DATAGRAMS ||
	       kind == CHANNEL_LISTENER_INTERCEPT_DATAGRAMS ||
	       kind == CHANNEL_LISTENER_QUIC;
}

struct channel_listener {
	uint32_t kind; /* enum channel_listener_kind */
	struct address_port at;
};

struct channel_own {
	uint32_t count;
	uint8_t first; /* forget what was said before */
	uint8_t last;  /* that is all */
	struct {
		struct address address;
		uint8_t zone;
	} items[CHANNEL_OWN_MAX];
};

struct channel_quotas {
	uint32_t count;
	uint8_t last; /* of an answer: that is all */
	struct policy_quota_count items[CHANNEL_QUOTAS_MAX];
};

struct channel_words {
	char words[CHANNEL_WORDS_BYTES]; /* NUL-terminated */
};

/* kind: enum cache_purge_kind; of ALL the text is empty. */
struct channel_purge {
	uint32_t kind;
	char what[CHANNEL_PATH_BYTES]; /* NUL-terminated */
};

struct channel_counters {
	int64_t values[COUNTER_CELLS];
};

/* Of the journal; both sides have it under this number. */
struct channel_output {
	uint32_t number;
	uint32_t kind; /* enum policy_journal_kind; its COUNT: none any more */
	uint32_t form; /* enum policy_journal_form */
	uint32_t facility;
	struct address_port at; /* of a server */
};

struct channel_outputs {
	struct journal_output_state states[POLICY_JOURNAL_OUTPUTS_MAX];
};

struct channel_source {
	uint32_t number; /* the proxy's own, given back */
	int32_t error;   /* of NO_SOURCE: a negative errno; else 0 */
};

/* A socket that stands for the server to the client (daemon/client_source). */
struct channel_stand {
	uint32_t number;
	struct address_port client, server;
};

/* A rule of the generation, or one too many: the line of users. */
struct channel_caught {
	struct address source;
	uint32_t generation;
	uint32_t rule;
};

/*
 * What a zone's DNS was answered.  Both texts are NUL-terminated; the name is
 * one of hosts, in lower case (base/hostname).
 */
struct channel_learn {
	uint32_t
	    number; /* the proxy's own, given back; 0: no answer is wanted */
	uint32_t seconds; /* for which it is to be believed */
	uint32_t count;
	char zone[POLICY_ZONE_NAME_MAX + 1];
	char name[HOSTNAME_MAX + 1];
	struct address addresses[CHANNEL_LEARN_MAX];
};

/* Of names, NUL-terminated, and zones of the policy in force. */
struct channel_pins {
	uint32_t count;
	uint8_t last; /* that is all */
	struct {
		uint32_t seconds; /* of its time are left */
		uint8_t zone;
		char name[HOSTNAME_MAX + 1];
	} items[CHANNEL_PINS_MAX];
};

/* Both texts are NUL-terminated; the token of who has none is empty. */
struct channel_ask {
	uint32_t number; /* the proxy's own, given back */
	char token[CHANNEL_TOKEN_BYTES];
	char line[CHANNEL_PATH_BYTES];
};

struct channel_answer {
	uint32_t number;
	uint32_t status; /* of HTTP */
};

struct channel_message {
	uint32_t type; /* enum channel_type */
	uint32_t generation;
	union {
		struct channel_file file;
		struct channel_listener listener;
		struct channel_own own;
		struct channel_words words;
		struct channel_purge purge;
		struct channel_counters counters;
		struct channel_output output;
		struct channel_outputs outputs;
		int64_t purged; /* how many, or a negative errno */
		struct address_range banned;
		struct channel_quotas quotas;
		struct channel_source source;
		struct channel_stand stand;
		struct channel_caught caught;
		struct channel_learn learn;
		struct channel_pins pins;
		struct channel_ask ask;
		struct channel_answer answer;
		struct sandbox sandbox;
		uint32_t host_file; /* the descriptor that it takes */
	};
};

/*
 * Sends a message of the length that its type has; fd goes with it if the type
 * has one (it stays open here), else it is -1.  0, -EAGAIN, or the channel's
 * end (-EPIPE and others).
 */
int channel_send(int channel, const struct channel_message *message, int fd);

/*
 * Receives one.  0 with *ret_fd (the caller's; -1: none); -EAGAIN; -EPIPE at
 * the end; -EBADMSG for anything that is not of its row: texts without an end,
 * counts beyond their array, descriptors too many or too few.  What came with
 * a refused message has been closed.
 */
int channel_receive(int channel, struct channel_message *ret, int *ret_fd);

/* The name of a type, for logs. */
const char *channel_type_word(enum channel_type type);

#endif
