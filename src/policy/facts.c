/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/facts.h"

static const struct {
	const char *word;
	enum policy_phase direct;
	enum policy_phase to_proxy;
} facts[] = {
#define ROW(id, word, direct, explicit)                                        \
	{ word, POLICY_PHASE_##direct, POLICY_PHASE_##explicit },
	POLICY_FACTS(ROW)
#undef ROW
};

const char *
policy_fact_word(enum policy_fact fact)
{
	return facts[fact].word;
}

enum policy_phase
policy_fact_phase(enum policy_fact fact, bool to_proxy)
{
	return to_proxy ? facts[fact].to_proxy : facts[fact].direct;
}
