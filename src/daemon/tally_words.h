/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_words: the keys of the keeper's tallies, as people read them.
 *
 * The proxy tells names as clients have written them: what is no name is shown
 * byte by byte (base/utf8), and what makes no sense is left out.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_WORDS_H
#define GATEHOUSE_DAEMON_TALLY_WORDS_H

#include "base/json.h"
#include "daemon/rule_hits.h"

#define TALLY_WORDS_MAX 200

/*
 * The `max` of them with the most flows as an array of {"what", "flows",
 * "refused", "bytes_in", "bytes_out", "over"}; of rules also "name" and "text".
 */
void tally_words_put(struct json *json, const struct rule_hits *hits,
    enum tally_kind kind, const struct heavy *heavy, size_t max);

#endif
