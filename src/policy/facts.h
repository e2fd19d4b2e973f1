/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/facts: what a condition can ask of a flow, and when it is known.
 *
 * One row a fact: its word, the first phase in which a flow on its way to a
 * server tells it, and the first in which a request to the explicit proxy
 * does.  Whoever handles facts one by one asserts POLICY_FACT_COUNT, so that
 * a new row stops the build until evaluator, compiler and explanation have
 * each found an answer.
 */
#ifndef GATEHOUSE_POLICY_FACTS_H
#define GATEHOUSE_POLICY_FACTS_H

#include "policy/words.h"

#define POLICY_FACTS(ROW)                                                      \
	ROW(SOURCE, "source", PACKET, PACKET)                                  \
	ROW(TIME, "time", PACKET, PACKET)                                      \
	ROW(DESTINATION, "address", PACKET, NAME)                              \
	ROW(SERVICE, "service", PACKET, NAME)                                  \
	ROW(NAME, "name", NAME, NAME)                                          \
	ROW(SCHEME, "scheme", REQUEST, REQUEST)                                \
	ROW(METHOD, "method", REQUEST, REQUEST)                                \
	ROW(PATH, "path", REQUEST, REQUEST)                                    \
	ROW(USER, "user", REQUEST, REQUEST)                                    \
	ROW(HEADER, "header", REQUEST, REQUEST)                                \
	ROW(TYPE, "type", RESPONSE, RESPONSE)

enum policy_fact {
#define ROW(id, word, direct, explicit) POLICY_FACT_##id,
	POLICY_FACTS(ROW)
#undef ROW
	POLICY_FACT_COUNT
};

const char *policy_fact_word(enum policy_fact fact);

/* `to_proxy`: the flow is a request to the explicit proxy. */
enum policy_phase policy_fact_phase(enum policy_fact fact, bool to_proxy);

#endif
