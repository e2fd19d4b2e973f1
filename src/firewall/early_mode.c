/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_mode.h"

static const char *const words[EARLY_MODE_COUNT] = {
	[EARLY_AUTO] = "auto",
	[EARLY_ON] = "on",
	[EARLY_OFF] = "off",
};

bool
early_mode_parse(struct str word, enum early_mode *ret)
{
	for (unsigned i = 0; i < EARLY_MODE_COUNT; i++) {
		if (!str_is(word, words[i]))
			continue;
		*ret = (enum early_mode)i;
		return true;
	}
	return false;
}

const char *
early_mode_word(enum early_mode mode)
{
	return words[mode];
}
