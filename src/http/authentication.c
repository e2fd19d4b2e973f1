/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/authentication.h"

/* What is behind it is a parameter, or the words of the scheme. */
static bool
is_of_connection(struct str challenge)
{
	struct str scheme = str_cut(&challenge, ' ');

	return str_eq_nocase(scheme, STR("NTLM")) ||
	       str_eq_nocase(scheme, STR("Negotiate"));
}

bool
http_authentication_is_of_connection(const struct http_fields *fields)
{
	struct str challenge;

	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		struct str rest = field->value;
		if (field->id != HTTP_NAME_AUTHORIZATION &&
		    field->id != HTTP_NAME_WWW_AUTHENTICATE)
			continue;
		while (http_list_next(&rest, &challenge))
			if (is_of_connection(challenge))
				return true;
	}
	return false;
}
