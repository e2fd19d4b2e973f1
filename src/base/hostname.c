/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hostname.h"

#include <errno.h>

static bool
is_label(struct str label)
{
	if (label.len == 0 || label.len > HOSTNAME_LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

static bool
is_number(struct str label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!ascii_is_digit(label.at[i]))
			return false;
	return true;
}

int
hostname_parse(
    struct str text, char ret[static HOSTNAME_MAX + 1], struct str *ret_name)
{
	struct str rest = text, label = text;

	/* str_cut() would not show the empty label behind a final dot. */
	if (text.len == 0 || text.len > HOSTNAME_MAX ||
	    text.at[text.len - 1] == '.')
		return -EINVAL;
	while (rest.at != NULL) {
		label = str_cut(&rest, '.');
		if (!is_label(label))
			return -EINVAL;
	}
	if (is_number(label))
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++)
		ret[i] = ascii_lower(text.at[i]);
	ret[text.len] = '\0';
	*ret_name = (struct str){ ret, text.len };
	return 0;
}
