/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_part: the parts of which a line about an event or a flow is made.
 *
 * Nothing of what a peer sent reaches the text as it is: words stand without
 * blanks and in printable ASCII, quoted texts and reasons in UTF-8 that a
 * terminal does not obey; everything else is written as \xNN.
 *
 * Each adds what the event knows of it, and a blank before it.
 */
#ifndef GATEHOUSE_CLI_LOG_PART_H
#define GATEHOUSE_CLI_LOG_PART_H

#include "base/text.h"

#include <jansson.h>

/* Between quotes, with those of its own told apart. */
void log_part_quoted(struct text *out, struct str s);

/* zone, address, user, balancer */
void log_part_source(struct text *out, const json_t *event);

/* zone, address and port: of a flow, that it be found in `ss`. */
void log_part_client(struct text *out, const json_t *flow);

/* -> zone, URL or name or address and port in at most so many columns,
 * protocol, flags */
void log_part_destination(struct text *out, const json_t *event, size_t most);

/* asks NAME, of a question to the DNS, in at most so many columns */
void log_part_question(struct text *out, const json_t *event, size_t most);

/* The name or address that was asked for, and the port; without a blank. */
void log_part_host_port(struct text *out, const json_t *event);

/* from -> to, of what has no ends */
void log_part_zones(struct text *out, const json_t *event);

/* "name" (line 12) */
void log_part_rule(struct text *out, const json_t *event);

/* enforcer/phase */
void log_part_decider(struct text *out, const json_t *event);

/* via parent */
void log_part_parent(struct text *out, const json_t *event);

/* status, bytes in/out, duration */
void log_part_measures(struct text *out, const json_t *event);

#endif
