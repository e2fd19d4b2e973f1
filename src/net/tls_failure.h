/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_failure: why a handshake came to nothing.
 *
 *	name, word (of logs and metrics), meaning
 */
#ifndef GATEHOUSE_NET_TLS_FAILURE_H
#define GATEHOUSE_NET_TLS_FAILURE_H

#define TLS_FAILURES(ROW)                                                      \
	ROW(NONE, none, "it did not")                                          \
	ROW(TIME, timeout, "it took too long")                                 \
	ROW(CLOSED, closed, "the peer went away")                              \
	ROW(NOT_TLS, not_tls, "what came was no TLS")                          \
	ROW(VERSION, version, "the peer has no version that we speak")         \
	ROW(SUITE, suite, "the peer has no suite, or group, that we have")     \
	ROW(ALERT, alert, "the peer sent an alert")                            \
	ROW(CERTIFICATE, certificate, "the certificate is not accepted")       \
	ROW(NO_CERTIFICATE, no_certificate, "the client has no certificate")   \
	ROW(REFUSED, refused, "it was refused")                                \
	ROW(PROTOCOL, protocol, "what came was against the rules of TLS")      \
	ROW(MEMORY, memory, "there was no memory")

enum tls_failure {
#define ROW(name, word, meaning) TLS_FAILURE_##name,
	TLS_FAILURES(ROW)
#undef ROW
	TLS_FAILURE_COUNT,
};

/* Its word, and what it means. */
const char *tls_failure_name(enum tls_failure failure);
const char *tls_failure_text(enum tls_failure failure);

#endif
