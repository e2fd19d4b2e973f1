/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_flow: the flow of an event, as `gatehouse explain` takes it
 * (policy/flow_text), so that it may be asked again.
 *
 * What a peer sent is taken only where it is one word, or one quoted text, of
 * that language.  Pure but for the time zone of the process.
 */
#ifndef GATEHOUSE_CLI_EVENT_FLOW_H
#define GATEHOUSE_CLI_EVENT_FLOW_H

#include "base/text.h"

#include <jansson.h>

/*
 * Adds the flow to out.  0; or -EINVAL with *reterr_why, a sentence part: of
 * this event no flow can be asked.
 */
int event_flow_write(
    const json_t *event, struct text *out, const char **reterr_why);

#endif
