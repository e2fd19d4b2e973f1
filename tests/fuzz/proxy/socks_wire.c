/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readers of SOCKS on any bytes, those of clients and those of parents.
 * Besides not crashing:
 * - a reader takes no more than there is, and at least a byte;
 * - how the bytes arrive makes no difference: what is read of a prefix is read
 *   of all, but for a parent's refusal, of which any length is enough;
 * - a request that was read is read again from what is written of it.
 */
#include "proxy/socks_wire.h"

#include "base/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
read_methods(struct str bytes)
{
	struct socks_methods methods;

	return socks_methods_parse(bytes, &methods);
}

static int
read_method(struct str bytes)
{
	bool without = false;

	return socks5_method_parse(bytes, &without);
}

/* What was refused is done with, however much has come. */
static int
read_reply(struct str bytes)
{
	unsigned reply = SOCKS_GRANTED;
	int used = socks5_reply_parse(bytes, &reply);

	must(used < 0 || (size_t)used <= bytes.len);
	return used > 0 && reply != SOCKS_GRANTED ? 5 : used;
}

static int
read_socks4(struct str bytes)
{
	struct socks_request request;
	enum socks_reply reply;

	return socks4_request_parse(bytes, &request, &reply);
}

/* An IPv4 address may have come as IPv6 has it, and goes as it is. */
static void
check_written(const struct socks_request *request)
{
	char buffer[SOCKS_REQUEST_BYTES_MAX];
	struct str bytes = socks5_request_write(request, buffer);
	struct socks_request again;
	enum socks_reply reply;

	must(socks5_request_parse(bytes, &again, &reply) == (int)bytes.len);
	must(again.command == request->command);
	must(again.port == request->port);
	must((again.host.at != NULL) == (request->host.at != NULL));
	must(str_eq(again.host, request->host));
	must(request->host.at != NULL || address_eq(again.to, request->to));
}

/* What is written of it is read again; a name is not written. */
static void
check_datagram(struct str bytes)
{
	char buffer[SOCKS_DATAGRAM_HEAD_MAX];
	struct socks_request request, again;
	struct str content;

	if (socks_datagram_parse(bytes, &request, &content) < 0)
		return;
	must(content.len == 0 ||
	     content.at + content.len == bytes.at + bytes.len);
	if (request.host.at != NULL)
		return;
	struct address_port at = { request.to, request.port };
	struct str head = socks_datagram_head_write(at, buffer);
	must(socks_datagram_parse(head, &again, &content) == 0);
	must(content.len == 0 && again.port == request.port);
	must(address_eq(again.to, request.to));
}

static int
read_socks5(struct str bytes)
{
	struct socks_request request;
	enum socks_reply reply;
	int used = socks5_request_parse(bytes, &request, &reply);

	if (used > 0)
		check_written(&request);
	return used;
}

static void
check(struct str all, int (*read)(struct str bytes))
{
	int wanted = -EAGAIN;

	for (size_t len = 0; len <= all.len && len < 600; len++) {
		int used = read((struct str){ all.at, len });
		must(used == -EAGAIN || used == -EBADMSG || used > 0);
		must(used < 0 || (size_t)used <= len);
		must(wanted == -EAGAIN || used == wanted);
		wanted = used;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };

	check(all, read_methods);
	check(all, read_method);
	check(all, read_reply);
	check(all, read_socks4);
	check(all, read_socks5);
	check_datagram(all);
	return 0;
}
