/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readers of names and passwords on any bytes.  Besides not crashing:
 * - a password has no NUL but its end, and both are within their limits;
 * - Basic has one spelling: what was read, written again, is the same bytes;
 * - how the bytes of SOCKS arrive makes no difference.
 */
#include "proxy/credentials.h"

#include "base/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct credentials *read)
{
	must(read->name_len <= CREDENTIALS_TEXT_MAX);
	must(read->password_len <= CREDENTIALS_TEXT_MAX);
	must(strlen(read->password) == read->password_len);
}

static size_t
encode(const char *from, size_t len, char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t at = 0;

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)(uint8_t)from[i] << 16;
		bits |= i + 1 < len ? (unsigned)(uint8_t)from[i + 1] << 8 : 0;
		bits |= i + 2 < len ? (unsigned)(uint8_t)from[i + 2] : 0;
		to[at++] = digits[bits >> 18];
		to[at++] = digits[bits >> 12 & 63];
		to[at++] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		to[at++] = i + 2 < len ? digits[bits & 63] : '=';
	}
	return at;
}

static void
check_basic(struct str value)
{
	char pair[2 * CREDENTIALS_TEXT_MAX + 1];
	char again[4 * (sizeof(pair) + 2) / 3];
	struct credentials read;
	int rc = credentials_parse_basic(value, &read);

	must(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP);
	if (rc < 0)
		return;
	check(&read);
	memcpy(pair, read.name, read.name_len);
	pair[read.name_len] = ':';
	memcpy(pair + read.name_len + 1, read.password, read.password_len);
	size_t len = encode(pair, read.name_len + 1 + read.password_len, again);
	must(str_eq(str_trim(str_skip(value, strlen("Basic"))),
	    (struct str){ again, len }));
}

static void
check_socks(struct str all)
{
	int wanted = -EAGAIN;

	for (size_t len = 0; len <= all.len && len < 600; len++) {
		struct credentials read;
		int used =
		    credentials_parse_socks((struct str){ all.at, len }, &read);
		must(used == -EAGAIN || used == -EBADMSG || used > 0);
		must(used < 0 || (size_t)used <= len);
		must(wanted == -EAGAIN || used == wanted);
		wanted = used;
		if (used > 0)
			check(&read);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };

	check_basic(all);
	check_socks(all);
	return 0;
}
