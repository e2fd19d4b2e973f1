/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/decision.h"

void
decision_count(unsigned phase, unsigned verdict)
{
	counter_add_cell(DECISION_CELL(phase, verdict), 1);
}

const char *
decision_phase(unsigned phase)
{
	static const char *const words[DECISION_PHASES] = { "packet", "name",
		"request", "response" };

	return words[phase];
}

const char *
decision_verdict(unsigned verdict)
{
	static const char *const words[DECISION_VERDICTS] = { "allow", "reject",
		"drop" };

	return words[verdict];
}
