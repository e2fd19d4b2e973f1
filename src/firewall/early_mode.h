/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_mode: whether packets are refused before the ruleset, as the
 * administrator says it.
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_MODE_H
#define GATEHOUSE_FIREWALL_EARLY_MODE_H

#include "base/str.h"

enum early_mode {
	EARLY_AUTO, /* where it pays */
	EARLY_ON,   /* wherever it is possible */
	EARLY_OFF,
	EARLY_MODE_COUNT,
};

/* "auto", "on", "off"; false for anything else. */
bool early_mode_parse(struct str word, enum early_mode *ret);
const char *early_mode_word(enum early_mode mode);

#endif
