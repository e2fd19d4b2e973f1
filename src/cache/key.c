/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/key.h"

void
cache_key_add(
    const struct http_uri *uri, struct address_port dialled, struct text *out)
{
	char text[ADDRESS_TEXT_BYTES];

	text_add(out, http_scheme_text(uri->scheme));
	text_add(out, STR("://"));
	http_uri_add_authority(uri, out);
	text_add(out, uri->path.len > 0 ? uri->path : STR("/"));
	if (dialled.address.family == ADDRESS_NONE)
		return;
	text_addc(out, '\n');
	address_port_format(dialled, text);
	text_addz(out, text);
}
