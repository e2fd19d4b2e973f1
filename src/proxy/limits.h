/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/limits: how long the proxy waits, and how much it keeps.
 *
 * No peer can hold a connection for longer, or make anything grow further, than
 * these say.
 */
#ifndef GATEHOUSE_PROXY_LIMITS_H
#define GATEHOUSE_PROXY_LIMITS_H

#include "base/clock.h"
#include "http/limits.h"

/* A balancer sends its header at once; a segment may be lost once. */
#define PROXY_PREFACE_TIMEOUT (5 * CLOCK_SECOND)

/* A whole TLS handshake, of two round trips: a bad line needs seconds. */
#define PROXY_HANDSHAKE_TIMEOUT (15 * CLOCK_SECOND)

/* From the first byte of a head to its last: a slow line needs seconds. */
#define PROXY_HEAD_TIMEOUT (30 * CLOCK_SECOND)

/* A client's connection between two requests: what browsers keep one for. */
#define PROXY_KEEP_TIMEOUT (75 * CLOCK_SECOND)

/* The same once another process serves new clients: a request that is on its
 * way is not lost. */
#define PROXY_DRAIN_IDLE (5 * CLOCK_SECOND)

/*
 * An intercepted client that has not spoken by then waits for the server to
 * speak first, so there will be no name (docs/policy.md, "absent").
 */
#define PROXY_GREETING_TIMEOUT (3 * CLOCK_SECOND)

/* All attempts to reach a server together; clients give up at about 30 s. */
#define PROXY_DIAL_TIMEOUT (15 * CLOCK_SECOND)

/* RFC 8305, 5: Connection Attempt Delay. */
#define PROXY_DIAL_STAGGER (250 * CLOCK_MS)

/* Attempts under way at once; further addresses wait for one to fail. */
#define PROXY_DIAL_ATTEMPTS_MAX 4

/*
 * A parent's server is near and runs, or is down: it has so long to take a
 * connection, and a client that waits for three of them has not given up yet.
 * Down, it is passed over for as long, so that it is not missed for longer
 * than a person waits before trying again.
 */
#define PROXY_PARENT_TIMEOUT (5 * CLOCK_SECOND)
#define PROXY_PARENT_BACKOFF (5 * CLOCK_SECOND)

/* Until a parent says whether it opens a way: it dials the server meanwhile,
 * and has its own time-outs. */
#define PROXY_PARENT_ANSWER_TIMEOUT (60 * CLOCK_SECOND)

/* Until a server begins its answer: reports and builds take their time. */
#define PROXY_ANSWER_TIMEOUT (120 * CLOCK_SECOND)

/* For somebody else's answer to the same question; then it is asked again. */
#define PROXY_LEAD_PATIENCE (5 * CLOCK_SECOND)

/* Content that does not move, in either direction. */
#define PROXY_STALL_TIMEOUT (60 * CLOCK_SECOND)

/* A tunnel in which nothing moves; above the 2 h of TCP's own probes nothing
 * would be gained, below 10 min ssh sessions would end. */
#define PROXY_TUNNEL_TIMEOUT (1800 * CLOCK_SECOND)

/* Datagrams to one place that have ended, as routers take it (RFC 4787, 4.3
 * asks for 2 minutes at least). */
#define PROXY_DATAGRAM_TIMEOUT (120 * CLOCK_SECOND)

/* A dropped client hears nothing for so long; then its socket is ours again. */
#define PROXY_SILENCE (20 * CLOCK_SECOND)

/* For a client to take our last words (RFC 9112, 9.6). */
#define PROXY_LINGER (2 * CLOCK_SECOND)

/*
 * Connections kept to servers.  Many servers close after 5 s; a request that
 * meets such an end is sent again on a new connection.  Three clients of HTTP/2
 * may ask one server for 256 things at once: with room for 64, six in ten of
 * their requests dialled anew, and cost twice as much.
 */
#define PROXY_POOL_TIMEOUT        (20 * CLOCK_SECOND)
#define PROXY_POOL_MAX            1024
#define PROXY_POOL_PER_SERVER_MAX 256

/* Those of HTTP/2, of each thread: no more than this once some are idle. */
#define PROXY_SESSIONS_MAX 256

/*
 * A server of HTTP/2 whose host answers nothing (TCP's own probes), which many
 * wait for; and one that says nothing itself, until it is asked whether it is
 * there: servers of gRPC end the connection of who asks more often than every
 * five minutes.
 */
#define PROXY_GONE_SERVER_S 20
#define PROXY_SILENT_SERVER (310 * CLOCK_SECOND)
#define PROXY_PONG_TIMEOUT  (20 * CLOCK_SECOND)

/* How often one without requests is asked for the slot that it holds: those who
 * wait for it are of other threads. */
#define PROXY_SESSIONS_LOOK (250 * CLOCK_MS)

/*
 * Who waits for a slot at a server, if as many connections lead to it as may:
 * more than this would not be served before their clients give up.
 */
#define PROXY_SLOT_LINE_MAX 1024

/* What those are told who waited in vain: long enough for a line to become
 * shorter, and short enough for a person to see it through. */
#define PROXY_RETRY_AFTER_S 10

/* And those who guessed passwords: the time in which they are counted. */
#define PROXY_RETRY_USER_S 60

/*
 * Connections of clients, of all workers together; fewer where there are fewer
 * descriptors.  How they are shared is proxy/crowd's affair.  Each takes one
 * descriptor and another for its server; a third stands for what is nobody's
 * own: kept connections, pipes, segments of the disk, questions to name
 * servers.
 */
#define PROXY_CLIENTS_MAX        65536
#define PROXY_CLIENT_DESCRIPTORS 3

/*
 * Heads of which a part has come and the rest is waited for, shared likewise.
 * Each holds its bytes and an arena, up to HTTP_HEAD_BYTES_MAX; one that comes
 * in one piece, as nearly all do, is not among them.
 */
#define PROXY_SLOW_HEADS_MAX 1024

/* Names, each of a zone, that TLS is not opened for because our certificate was
 * refused; one more takes the place of the one that would end first among a
 * few. */
#define PROXY_PINS_MAX 1024

/* Connections taken from a listener in one go. */
#define PROXY_ACCEPTS_MAX 16

/* One thread for each core, up to this. */
#define PROXY_WORKERS_MAX 64

/* Sockets that gatehoused is asked for at once.  Making one takes it
 * microseconds, so more than these are waited for only while it is busy. */
#define PROXY_SOURCES_MAX 128

/*
 * Names that a sandboxed command is told addresses for; a large build needs
 * hundreds.  Each is kept until the end, in at most 256 bytes and what is
 * reckoned with it.
 */
#define PROXY_ALIASES_MAX       65536
#define PROXY_ALIASES_BYTES_MAX ((size_t)PROXY_ALIASES_MAX * 512)

/* Questions for names that wait for the DNS, of each worker; more are lost, and
 * whoever asks asks again. */
#define PROXY_QUESTIONS_MAX 512

/* How long a program may remember an alias, which never changes. */
#define PROXY_ALIAS_TTL_S 300

/*
 * One that has asked for a name need not speak for it to be known: what is
 * waited for is a request that could be judged and kept as such.
 */
#define PROXY_ALIAS_GREETING_TIMEOUT (150 * CLOCK_MS)

/*
 * What is kept of one request: the parser's share of two heads, the URL for the
 * log, the path for the policy in its readings and what they are made of, the
 * fields where a rule asks for them, the Via of a CONNECT, an exchange.
 */
#define PROXY_ARENA_BYTES_MAX                                                  \
	(2 * HTTP_HEAD_ARENA_BYTES_MAX + 12 * HTTP_START_LINE_BYTES_MAX +      \
	    2 * HTTP_HEAD_BYTES_MAX + (size_t)16 * 1024)

#endif
