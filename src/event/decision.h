/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/decision: how often this process decided what, and how much it knew.
 *
 * Cells of event/counter, one for each phase and verdict.
 */
#ifndef GATEHOUSE_EVENT_DECISION_H
#define GATEHOUSE_EVENT_DECISION_H

#include "event/histogram.h"

#define DECISION_PHASES   4 /* packet, name, request, response */
#define DECISION_VERDICTS 3 /* allow, reject, drop */

#define DECISION_CELL(phase, verdict)                                          \
	(HISTOGRAM_CELL(HISTOGRAM_COUNT, 0) + (phase)*DECISION_VERDICTS +      \
	    (verdict))

/* All that is counted: of counters, histograms and decisions. */
#define COUNTER_CELLS DECISION_CELL(DECISION_PHASES, 0u)

void decision_count(unsigned phase, unsigned verdict);

const char *decision_phase(unsigned phase);
const char *decision_verdict(unsigned verdict);

#endif
