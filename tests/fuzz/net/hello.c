/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ClientHello parser on any bytes.  Besides not crashing:
 * - how the bytes arrive makes no difference: on every prefix the answer is
 *   "more", or it is the final one already;
 * - a name that comes out is a host's name in its one spelling;
 * - with HELLO_WIRE_BYTES_MAX bytes nobody is told to wait for more;
 * - what is a hello looked like one from its first byte on.
 */
#include "net/hello.h"
#include "base/must.h"

#include <errno.h>

/* Every prefix of a longer input would take too long; those near the end and
 * a few on the way are tried then. */
#define EVERY_PREFIX_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(const struct hello *a, const struct hello *b)
{
	return str_eq(hello_server_name(a), hello_server_name(b)) &&
	       a->legacy_version == b->legacy_version &&
	       a->has_ech == b->has_ech && a->alpn_len == b->alpn_len &&
	       memcmp(a->alpn, b->alpn, a->alpn_len) == 0;
}

static void
check_prefixes(struct str all, int answer, const struct hello *hello)
{
	size_t step = all.len > EVERY_PREFIX_MAX ? all.len / 64 : 1;
	bool decided = false;

	for (size_t len = 0; len <= all.len; len += step) {
		struct hello part;
		int error = hello_parse((struct str){ all.at, len }, &part);
		must(!decided || error != -EAGAIN);
		decided = error != -EAGAIN;
		must(!decided || error == answer);
		must(error != 0 || same(&part, hello));
	}
}

static void
check_hello(struct str all, const struct hello *hello)
{
	char again[HOSTNAME_MAX + 1];
	struct str name = hello_server_name(hello), spelled;

	for (size_t len = 1; len <= 6; len++)
		must(hello_looks_like_tls((struct str){ all.at, len }));
	if (name.at != NULL) {
		must(hostname_parse(name, again, &spelled) == 0);
		must(str_eq(name, spelled));
	}
	must(hello->alpn_len <= HELLO_ALPN_BYTES_MAX);
	(void)hello_offers(hello, STR("h2"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };
	struct hello hello;
	int answer = hello_parse(all, &hello);

	must(answer == 0 || answer == -EAGAIN || answer == -EBADMSG);
	must(answer != -EAGAIN || size < HELLO_WIRE_BYTES_MAX);
	if (answer == 0)
		check_hello(all, &hello);
	check_prefixes(all, answer, &hello);
	return 0;
}
