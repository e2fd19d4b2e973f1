/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_doubt: names in a filter that nothing in the policy has.
 *
 * A journal may be older than the policy in force, and what fits a filter there
 * is no mistake.  So this is for a filter that nothing fits.
 */
#ifndef GATEHOUSE_CLI_EVENT_DOUBT_H
#define GATEHOUSE_CLI_EVENT_DOUBT_H

#include "cli/event_filter.h"

/*
 * Complains of each zone and each name of a rule that the filter asks for and
 * the policy in force does not have.  Nothing, where no gateway runs.
 */
void event_doubt_complain(
    const char *runtime, const struct event_filter *filter);

#endif
