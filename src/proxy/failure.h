/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/failure: why a request that the policy did not refuse got no answer.
 *
 * One row a failure: name, status for the client, and the sentence for its page
 * and for the log.
 */
#ifndef GATEHOUSE_PROXY_FAILURE_H
#define GATEHOUSE_PROXY_FAILURE_H

#include <stdbool.h>

#define PROXY_FAILURES(ROW)                                                    \
	ROW(NONE, 0, "")                                                       \
	ROW(NO_NAME, 502, "the name does not exist")                           \
	ROW(NO_ADDRESS, 502, "the name has no address")                        \
	ROW(DNS_TIMEOUT, 504, "the name server does not answer")               \
	ROW(DNS_FAILED, 502, "the name server cannot tell the address")        \
	ROW(REFUSED, 502, "the server refuses the connection")                 \
	ROW(UNREACHABLE, 502, "there is no way to the server")                 \
	ROW(DIAL_TIMEOUT, 504, "the server does not take the connection")      \
	ROW(DIAL_FAILED, 502, "no connection to the server")                   \
	ROW(SERVER_FULL, 503, "too many connections lead to the server")       \
	ROW(NO_SOURCE, 503, "the client's own address could not be kept")      \
	ROW(PARENT_DOWN, 503, "no server of the parent can be reached")        \
	ROW(PARENT_GONE, 502, "the parent ended without an answer")            \
	ROW(PARENT_BAD, 502, "the parent's answer is not understood")          \
	ROW(PARENT_TIMEOUT, 504, "the parent gets no answer from the server")  \
	ROW(PARENT_REFUSED, 502, "the parent refuses it")                      \
	ROW(PARENT_AUTH, 502, "the parent asks for a password")                \
	ROW(PARENT_NO_WAY, 502, "the parent has no way to the server")         \
	ROW(TLS_TIMEOUT, 504, "TLS with the server takes too long")            \
	ROW(SERVER_TLS, 502, "TLS with the server failed")                     \
	ROW(CERTIFICATE, 502, "the server's certificate is not accepted")      \
	ROW(CERTIFICATE_REFUSED, 0, "the client refuses the certificate")      \
	ROW(CLIENT_TLS, 0, "TLS with the client failed")                       \
	ROW(CA_LIMITED, 0, "the CA may not sign for this name")                \
	ROW(MISDIRECTED, 421,                                                  \
	    "the request is for another server than its connection")           \
	ROW(NO_ANSWER, 502, "the server ended without an answer")              \
	ROW(ANSWER_TIMEOUT, 504, "the server does not answer")                 \
	ROW(ANSWER_BAD, 502, "the server's answer is not HTTP")                \
	ROW(ANSWER_CUT, 502, "the server broke off its answer")                \
	ROW(CLIENT_GONE, 0, "the client broke off")                            \
	ROW(CLIENT_GONE_EARLY, 400, "the client ended before its content")     \
	ROW(CLIENT_STALLED, 408, "the client does not go on")                  \
	ROW(CONTENT_BAD, 400, "the request's content is malformed")            \
	ROW(LIMITED, 429, "there are more of these than the policy allows")    \
	ROW(QUOTA, 429, "the quota is used up")                                \
	ROW(USER_MISSING, 407, "the proxy asks for a name and a password")     \
	ROW(USER_WRONG, 407, "name and password do not fit")                   \
	ROW(USER_THROTTLED, 429, "too many wrong passwords came from there")   \
	ROW(USER_BUSY, 503, "too many passwords wait to be checked")           \
	ROW(USER_UNKNOWN, 503, "passwords cannot be checked at the moment")    \
	ROW(POLICY_CHANGED, 0, "the policy has changed")                       \
	ROW(BANNED, 0, "the client was banned")                                \
	ROW(LOOP, 508, "the request has passed this proxy before")             \
	ROW(TRACE, 405, "TRACE is not passed on")                              \
	ROW(CONNECT, 405, "CONNECT is for a proxy, not for a server")          \
	ROW(SCHEME, 501, "https needs a CONNECT")                              \
	ROW(NOT_FOR_PROXY, 400,                                                \
	    "this is a proxy; its requests name a whole URL")                  \
	ROW(PREFACE_BAD, 400, "the balancer's PROXY header is malformed")      \
	ROW(PREFACE_TIMEOUT, 408, "the balancer sends no PROXY header")        \
	ROW(PREFACE_UNKNOWN, 400,                                              \
	    "the balancer does not say for whom it asks")                      \
	ROW(PREFACE_SOURCE, 403,                                               \
	    "the balancer speaks for one who may not ask here")                \
	ROW(TLS_FAILED, 400, "the TLS handshake failed")                       \
	ROW(HELLO_BAD, 400, "the TLS hello is malformed")                      \
	ROW(FLOOD, 0, "the client floods the proxy with useless frames")       \
	ROW(OTHER_NAME, 421, "it names another server than it has dialled")    \
	ROW(IDLE, 0, "nothing moved for too long")                             \
	ROW(NO_MEMORY, 503, "the proxy has no room for it")

enum proxy_failure {
#define ROW(id, status, words) PROXY_FAILURE_##id,
	PROXY_FAILURES(ROW)
#undef ROW
	PROXY_FAILURE_COUNT
};

unsigned proxy_failure_status(enum proxy_failure failure);
const char *proxy_failure_words(enum proxy_failure failure);

/* It is the server, or the way to it, that gives no answer. */
bool proxy_failure_is_server(enum proxy_failure failure);

/* Seconds after which it may be tried again, if that is known; 0: it is not. */
unsigned proxy_failure_retry_after(enum proxy_failure failure);

/* Of a connection that was not made; error is a negative errno. */
enum proxy_failure proxy_failure_of_dial(int error);

#endif
