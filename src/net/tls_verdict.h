/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_verdict: what may be wrong with a certificate.
 *
 *	name, word, what it is
 *
 * REVOKED is what the server itself has brought from its authority (OCSP,
 * RFC 6066, 8): nobody else is asked.  INCOMPLETE is a guess, for UNKNOWN: the
 * server sent its own certificate alone, and that says where the one of its
 * issuer lies.
 */
#ifndef GATEHOUSE_NET_TLS_VERDICT_H
#define GATEHOUSE_NET_TLS_VERDICT_H

#define TLS_VERDICTS(ROW)                                                      \
	ROW(VALID, valid, "nothing is wrong with it")                          \
	ROW(EXPIRED, expired, "it has expired")                                \
	ROW(EARLY, not_yet_valid, "it is not valid yet")                       \
	ROW(NAME, wrong_name, "it is for another name")                        \
	ROW(SELF, self_signed, "it is signed by itself")                       \
	ROW(UNKNOWN, unknown_issuer, "its issuer is not trusted")              \
	ROW(INCOMPLETE, incomplete,                                            \
	    "the certificate of its issuer is missing")                        \
	ROW(REVOKED, revoked, "its issuer has revoked it")                     \
	ROW(WEAK, weak, "its key or a signature is too weak")                  \
	ROW(OTHER, invalid, "it cannot be used for this")

enum tls_verdict {
#define ROW(name, word, text) TLS_VERDICT_##name,
	TLS_VERDICTS(ROW)
#undef ROW
	TLS_VERDICT_COUNT,
};

#define TLS_VERDICT_BIT(verdict) (1u << (verdict))

/* Its word, and what it is. */
const char *tls_verdict_name(enum tls_verdict verdict);
const char *tls_verdict_text(enum tls_verdict verdict);

#endif
