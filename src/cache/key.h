/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/key: under which text a response is kept (RFC 9111, 2).
 *
 * "scheme://host:port/path?query": host in lower case and the port always
 * there, as http/uri understood them.  Path and query are as they came: two
 * spellings of one path are two keys, which costs a miss and never a wrong
 * answer.  The method is no part: only GET is kept, HEAD is answered from it.
 *
 * Where the client dialled an address itself (an intercepted connection), the
 * host is what it claims; "\naddress:port" is added, so that it can only spoil
 * what is kept for those who dial the same address.
 */
#ifndef GATEHOUSE_CACHE_KEY_H
#define GATEHOUSE_CACHE_KEY_H

#include "base/text.h"
#include "http/uri.h"

/* `dialled`: family NONE if we find the address of the host ourselves. */
void cache_key_add(
    const struct http_uri *uri, struct address_port dialled, struct text *out);

#endif
