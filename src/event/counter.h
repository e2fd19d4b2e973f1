/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/counter: how often things happened in this process.
 *
 * One row a counter: name and meaning.  The row makes the enum, the word in
 * `gatehouse status` and its explanation.  Any thread adds; reading gives a
 * sum that is right when nothing runs.
 */
#ifndef GATEHOUSE_EVENT_COUNTER_H
#define GATEHOUSE_EVENT_COUNTER_H

#include <stdint.h>

#define COUNTERS(ROW)                                                          \
	ROW(CONNECTIONS, connections, "client connections accepted")           \
	ROW(CONNECTIONS_OPEN, connections_open, "client connections now")      \
	ROW(CONNECTIONS_SHED, connections_shed,                                \
	    "client connections ended for want of room")                       \
	ROW(TLS_HANDSHAKES, tls_handshakes,                                    \
	    "whole TLS handshakes with clients")                               \
	ROW(TLS_RESUMED, tls_resumed, "TLS sessions that clients resumed")     \
	ROW(TLS_FAILED_TIMEOUT, tls_failed_timeout,                            \
	    "TLS handshakes that took too long")                               \
	ROW(TLS_FAILED_CLOSED, tls_failed_closed,                              \
	    "TLS handshakes in which the client went away")                    \
	ROW(TLS_FAILED_NOT_TLS, tls_failed_not_tls,                            \
	    "TLS handshakes that were none")                                   \
	ROW(TLS_FAILED_VERSION, tls_failed_version,                            \
	    "TLS handshakes without a version or suite in common")             \
	ROW(TLS_FAILED_ALERT, tls_failed_alert,                                \
	    "TLS handshakes that the client broke off by an alert")            \
	ROW(TLS_FAILED_CERTIFICATE, tls_failed_certificate,                    \
	    "TLS handshakes of clients without a good certificate")            \
	ROW(TLS_FAILED_OTHERWISE, tls_failed_otherwise,                        \
	    "TLS handshakes that failed in another way")                       \
	ROW(REQUESTS, requests, "HTTP requests read")                          \
	ROW(TUNNELS, tunnels, "CONNECT and intercepted TLS tunnels opened")    \
	ROW(ALLOWED, allowed, "flows the proxy allowed")                       \
	ROW(REJECTED, rejected, "flows the proxy refused with an answer")      \
	ROW(DROPPED, dropped, "flows the proxy refused in silence")            \
	ROW(BAD_REQUESTS, bad_requests, "heads that were not HTTP")            \
	ROW(FRAME_FLOODS, frame_floods,                                        \
	    "HTTP/2 connections ended for useless frames")                     \
	ROW(UPSTREAM_DIALS, upstream_dials, "connections opened to servers")   \
	ROW(UPSTREAM_REUSED, upstream_reused, "requests on a kept connection") \
	ROW(UPSTREAM_MOVED, upstream_moved,                                    \
	    "kept connections that another thread took")                       \
	ROW(UPSTREAM_SESSIONS, upstream_sessions,                              \
	    "connections of HTTP/2 made to servers")                           \
	ROW(UPSTREAM_FAILED, upstream_failed, "servers that did not answer")   \
	ROW(OPENED, opened, "TLS connections that were opened")                \
	ROW(CERTIFICATES_REFUSED, certificates_refused,                        \
	    "clients that did not take our certificate")                       \
	ROW(PARENTS_DOWN, parents_down, "times a parent was found down")       \
	ROW(DNS_QUERIES, dns_queries, "names asked of the resolver")           \
	ROW(DNS_FAILED, dns_failed, "names that did not resolve")              \
	ROW(DNS_QUESTIONS, dns_questions, "questions of clients")              \
	ROW(DNS_HITS, dns_hits, "answered from what is kept")                  \
	ROW(DNS_STALE, dns_stale, "answered with what is stale")               \
	ROW(DNS_REFUSED, dns_refused, "refused by the policy")                 \
	ROW(DNS_GUARDED, dns_guarded,                                          \
	    "answers that would have led inside, refused")                     \
	ROW(DNS_SHED, dns_shed, "questions beyond what a source may ask")      \
	ROW(DNS_MALFORMED, dns_malformed, "what was no question")              \
	ROW(DNS_ASKS, dns_asks, "questions passed on to name servers")         \
	ROW(DNS_ASKS_FAILED, dns_asks_failed, "that none of them answered")    \
	ROW(DNS_COLLAPSED, dns_collapsed,                                      \
	    "questions that waited for another's answer")                      \
	ROW(DNS_STRANGERS, dns_strangers,                                      \
	    "answers that were not those to the question")                     \
	ROW(DNS_UNLEARNED, dns_unlearned,                                      \
	    "answers that the kernel could not learn in time")                 \
	ROW(CACHE_HITS, cache_hits, "requests answered from the cache")        \
	ROW(CACHE_MISSES, cache_misses,                                        \
	    "requests that the cache asked a server for")                      \
	ROW(CACHE_VALIDATED, cache_validated,                                  \
	    "stored responses that a server said are still right")             \
	ROW(CACHE_COLLAPSED, cache_collapsed,                                  \
	    "requests that waited for another's answer")                       \
	ROW(CACHE_STALE, cache_stale,                                          \
	    "stale responses in the place of an error")                        \
	ROW(CACHE_HIT_BYTES, cache_hit_bytes, "bytes sent from the cache")     \
	ROW(CACHE_OBJECTS, cache_objects, "responses stored now")              \
	ROW(CACHE_BYTES, cache_bytes, "bytes they take")                       \
	ROW(CACHE_STORED, cache_stored, "responses stored")                    \
	ROW(CACHE_EVICTED, cache_evicted, "thrown out for lack of room")       \
	ROW(CACHE_PURGED, cache_purged, "thrown out by a purge")               \
	ROW(CACHE_THOROUGH, cache_thorough,                                    \
	    "popular ones compressed again, and smaller")                      \
	ROW(COMPRESSED_BYTES, compressed_bytes,                                \
	    "bytes of content that was sent compressed, as it was before")     \
	ROW(COMPRESSED_TO_BYTES, compressed_to_bytes,                          \
	    "bytes that it was compressed to")                                 \
	ROW(QUOTAS_FORGOTTEN, quotas_forgotten,                                \
	    "counts of quotas dropped, of too many sources")                   \
	ROW(BYTES_IN, bytes_in, "bytes read from clients")                     \
	ROW(BYTES_OUT, bytes_out, "bytes sent to clients")                     \
	ROW(EVENTS, events, "events written to the journal")                   \
	ROW(EVENTS_LOST, events_lost, "events the journal could not take")     \
	ROW(PACKETS_LOGGED, packets_logged,                                    \
	    "packets read from the kernel log")                                \
	ROW(PACKETS_SUPPRESSED, packets_suppressed,                            \
	    "packets read beyond what a rule may log")                         \
	ROW(PACKETS_LOST, packets_lost, "packets the kernel log lost")         \
	ROW(FLOWS_RECORDED, flows_recorded, "ends of flows in the journal")    \
	ROW(FLOWS_LOST, flows_lost, "overruns of the ends of flows")           \
	ROW(CALLS_REFUSED, calls_refused,                                      \
	    "system calls that a daemon may not make")

enum counter {
#define ROW(id, name, meaning) COUNTER_##id,
	COUNTERS(ROW)
#undef ROW
	COUNTER_COUNT
};

void counter_add(enum counter counter, int64_t amount);
int64_t counter_get(enum counter counter);

/* The same of any cell: those below COUNTER_COUNT are counters, what lies
 * behind them is event/histogram's and event/decision's. */
void counter_add_cell(unsigned cell, int64_t amount);
int64_t counter_get_cell(unsigned cell);

const char *counter_name(enum counter counter);
const char *counter_meaning(enum counter counter);

#endif
