/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/words: the vocabulary of policies, as tables.
 *
 * One row a word.  The row makes the enum, the word that is read and written,
 * and what both enforcers need to know of it.
 */
#ifndef GATEHOUSE_POLICY_WORDS_H
#define GATEHOUSE_POLICY_WORDS_H

#include "base/str.h"

/* What can be said of a flow.  UNDECIDED is an answer, never a rule's word. */
#define POLICY_VERDICTS(ROW)                                                   \
	ROW(ALLOW, allow)                                                      \
	ROW(REJECT, reject)                                                    \
	ROW(DROP, drop)                                                        \
	ROW(UNDECIDED, undecided)

enum policy_verdict {
#define ROW(id, word) POLICY_VERDICT_##id,
	POLICY_VERDICTS(ROW)
#undef ROW
	POLICY_VERDICT_COUNT
};

/* What is known of a flow grows from phase to phase. */
#define POLICY_PHASES(ROW)                                                     \
	ROW(PACKET, packet)                                                    \
	ROW(NAME, name)                                                        \
	ROW(REQUEST, request)                                                  \
	ROW(RESPONSE, response)

enum policy_phase {
#define ROW(id, word) POLICY_PHASE_##id,
	POLICY_PHASES(ROW)
#undef ROW
	POLICY_PHASE_COUNT
};

/*
 * Protocols that a rule can name: word, IP protocol number (ICMP stands for
 * number 58 as well), and what its number in a rule means.
 */
#define POLICY_PROTOCOLS(ROW)                                                  \
	ROW(TCP, tcp, 6, PORTS)                                                \
	ROW(UDP, udp, 17, PORTS)                                               \
	ROW(ICMP, icmp, 1, KINDS)                                              \
	ROW(SCTP, sctp, 132, PORTS)                                            \
	ROW(GRE, gre, 47, NOTHING)                                             \
	ROW(ESP, esp, 50, NOTHING)

enum policy_protocol {
#define ROW(id, word, number, has) POLICY_PROTOCOL_##id,
	POLICY_PROTOCOLS(ROW)
#undef ROW
	POLICY_PROTOCOL_COUNT
};

enum policy_protocol_has {
	POLICY_PROTOCOL_HAS_NOTHING,
	POLICY_PROTOCOL_HAS_PORTS,
	POLICY_PROTOCOL_HAS_KINDS,
};

/*
 * Helpers of the kernel's connection tracking, which read in one flow which
 * other one is to come: word, protocol and port of the flow that they read.
 */
#define POLICY_HELPERS(ROW)                                                    \
	ROW(FTP, ftp, TCP, 21)                                                 \
	ROW(IRC, irc, TCP, 6667)                                               \
	ROW(PPTP, pptp, TCP, 1723)                                             \
	ROW(SIP, sip, UDP, 5060)                                               \
	ROW(TFTP, tftp, UDP, 69)

enum policy_helper {
#define ROW(id, word, protocol, port) POLICY_HELPER_##id,
	POLICY_HELPERS(ROW)
#undef ROW
	POLICY_HELPER_COUNT
};

struct policy_helper_row {
	const char *word;
	enum policy_protocol protocol;
	uint16_t port;
};

/*
 * Content codings that the proxy may use: word and its last level (the first
 * is 1).  In this order if none is named.
 */
#define POLICY_CODINGS(ROW)                                                    \
	ROW(BR, br, 11)                                                        \
	ROW(ZSTD, zstd, 19)                                                    \
	ROW(GZIP, gzip, 9)

enum policy_coding {
#define ROW(id, word, level_max) POLICY_CODING_##id,
	POLICY_CODINGS(ROW)
#undef ROW
	POLICY_CODING_COUNT
};

struct policy_coding_row {
	const char *word;
	uint8_t level_max;
};

/* Schemes that a rule can name. */
#define POLICY_SCHEMES(ROW)                                                    \
	ROW(HTTP, http)                                                        \
	ROW(HTTPS, https)

enum policy_scheme {
#define ROW(id, word) POLICY_SCHEME_##id,
	POLICY_SCHEMES(ROW)
#undef ROW
	POLICY_SCHEME_COUNT
};

/*
 * Refusals that no rule made: the word in the kernel's log prefix (at most
 * POLICY_REASON_WORD_MAX bytes) and the words in events and explanations.
 */
#define POLICY_REASONS(ROW)                                                    \
	ROW(NONE, "-", NULL)                                                   \
	ROW(SPOOFED, "spoof", "spoofed")                                       \
	ROW(NO_ZONE, "nozone", "no zone")                                      \
	ROW(NEEDS_PROXY, "proxy", "needs the proxy")                           \
	ROW(REPORT, "report", "reported, not enforced")                        \
	ROW(TWO_PARENTS, "ways",                                               \
	    "its path may be read in two ways, which go by different parents") \
	ROW(MANY_PATHS, "paths",                                               \
	    "a rule asks for its path, which may be read in too many ways")    \
	ROW(OTHER_PARENT, "late",                                              \
	    "its type would have had to come by another parent")               \
	ROW(NO_TYPE, "type", "a rule asks for its type, and it says several")  \
	ROW(BAN, "ban", "banned")                                              \
	ROW(CAUGHT, "caught", NULL)                                            \
	ROW(CONSOLE, "co", "the console, open to this zone")                   \
	ROW(DNS, "dns", "the DNS, open to this zone")                          \
	ROW(INSIDE, "inside", "its answer leads inside")                       \
	ROW(BALANCER, "lb", "a balancer, which says whom it speaks for")       \
	ROW(OWN_LISTENER, "own",                                               \
	    "the proxy does not call the gateway's own listeners")             \
	ROW(LOCAL, "local",                                                    \
	    "the proxy calls what is local only where a rule names it")        \
	ROW(LOOPBACK, "lo", "the gateway's own loopback")                      \
	ROW(NEIGHBOURS, "nd", "what neighbours say to each other")             \
	ROW(INVALID, "inval", "it belongs to no connection, and begins none")

enum policy_reason {
#define ROW(id, word, sentence) POLICY_REASON_##id,
	POLICY_REASONS(ROW)
#undef ROW
	POLICY_REASON_COUNT
};

#define POLICY_REASON_WORD_MAX 6

struct policy_protocol_row {
	const char *word;
	uint8_t number;
	enum policy_protocol_has has;
};

/*
 * Kinds of ICMP message, one name for both families: the type in ICMP and in
 * ICMPv6, -1 where the family has none.
 */
#define POLICY_ICMP_KINDS(ROW)                                                 \
	ROW("echo-request", 8, 128)                                            \
	ROW("echo-reply", 0, 129)                                              \
	ROW("destination-unreachable", 3, 1)                                   \
	ROW("packet-too-big", -1, 2)                                           \
	ROW("time-exceeded", 11, 3)                                            \
	ROW("parameter-problem", 12, 4)                                        \
	ROW("redirect", 5, 137)                                                \
	ROW("timestamp-request", 13, -1)                                       \
	ROW("timestamp-reply", 14, -1)                                         \
	ROW("router-solicitation", 10, 133)                                    \
	ROW("router-advertisement", 9, 134)                                    \
	ROW("neighbour-solicitation", -1, 135)                                 \
	ROW("neighbour-advertisement", -1, 136)                                \
	ROW("mld-query", -1, 130)                                              \
	ROW("mld-report", -1, 131)                                             \
	ROW("mld-done", -1, 132)                                               \
	ROW("mld2-report", -1, 143)

struct policy_icmp_kind {
	const char *word;
	int16_t type4;
	int16_t type6;
};

extern const struct policy_icmp_kind policy_icmp_kinds[];
extern const size_t policy_icmp_kind_count;

const char *policy_verdict_word(enum policy_verdict verdict);
const char *policy_phase_word(enum policy_phase phase);
const struct policy_protocol_row *policy_protocol_row(enum policy_protocol p);
const struct policy_helper_row *policy_helper_row(enum policy_helper helper);
const struct policy_coding_row *policy_coding_row(enum policy_coding coding);
const char *policy_scheme_word(enum policy_scheme scheme);
const char *policy_reason_word(enum policy_reason reason);
/* NULL of NONE, and of CAUGHT, which never becomes an event of its own. */
const char *policy_reason_sentence(enum policy_reason reason);

/* True and *ret when the word is one; the names are case-sensitive. */
bool policy_verdict_find(struct str word, enum policy_verdict *ret);
bool policy_protocol_find(struct str word, enum policy_protocol *ret);
bool policy_scheme_find(struct str word, enum policy_scheme *ret);
bool policy_icmp_kind_find(struct str word, uint16_t *ret);
bool policy_reason_find(struct str word, enum policy_reason *ret);

/* The row of an ICMP (family 4) or ICMPv6 (family 6) type; false if none. */
bool policy_icmp_kind_of(uint8_t family, uint8_t type, uint16_t *ret);

/* Words that mean something in the language and so can name nothing. */
bool policy_word_is_reserved(struct str word);

/* The name of an interface as the kernel has it, or the beginning of one, with
 * `*` for what follows. */
bool policy_word_is_interface(struct str word);

#endif
