/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/hello: from records to the handshake message to its extensions.
 *
 *	record	type 22, version, length (RFC 8446, 5.1)
 *	message	type 1, length of 24 bits (RFC 8446, 4)
 *	hello	version, random, legacy id, cipher suites, compression,
 *		extensions (RFC 8446, 4.1.2)
 *
 * The message is first gathered from its records into one span, then read
 * once with a reader that sticks when it runs over the end.
 */
#include "net/hello.h"

#include <errno.h>

#define RECORD_HANDSHAKE    22
#define RECORD_BYTES_MAX    16384 /* RFC 8446, 5.1: of plaintext */
#define HANDSHAKE_HELLO     1
#define HANDSHAKE_HEADER    4
#define RANDOM_BYTES        32
#define LEGACY_ID_MAX       32
#define EXTENSION_NAME      0      /* RFC 6066, 3 */
#define EXTENSION_SIGNATURE 13     /* RFC 8446, 4.2.3 */
#define EXTENSION_ALPN      16     /* RFC 7301, 3.1 */
#define EXTENSION_VERSIONS  43     /* RFC 8446, 4.2.1 */
#define EXTENSION_ECH       0xfe0d /* encrypted_client_hello */
#define NAME_TYPE_HOST_NAME 0
#define VERSION_13          0x0304

/* ---- a reader over bytes ---- */

struct reader {
	const uint8_t *at;
	size_t len;
	bool bad; /* something was read that is not there */
};

static const uint8_t *
read_bytes(struct reader *r, size_t count)
{
	const uint8_t *at = r->at;

	if (r->bad || count > r->len) {
		r->bad = true;
		return NULL;
	}
	if (count > 0) {
		r->at += count;
		r->len -= count;
	}
	return at;
}

/* A number in network order, of 1 to 3 bytes; 0 when it is not there. */
static size_t
read_number(struct reader *r, size_t width)
{
	const uint8_t *at = read_bytes(r, width);
	size_t value = 0;

	for (size_t i = 0; at != NULL && i < width; i++)
		value = value << 8 | at[i];
	return value;
}

/* A vector whose length stands before it in `width` bytes. */
static struct reader
read_vector(struct reader *r, size_t width)
{
	size_t len = read_number(r, width);
	const uint8_t *at = read_bytes(r, len);

	return (struct reader){ at, at != NULL ? len : 0, r->bad };
}

static bool
at_end(const struct reader *r)
{
	return !r->bad && r->len == 0;
}

/* ---- extensions ---- */

/*
 * One host_name and nothing else.  RFC 6066 leaves room for lists and types,
 * but every server in use reads the first entry only, if at all; a list whose
 * readers could differ must not decide anything.
 */
static int
parse_server_name(struct reader extension, struct hello *hello)
{
	struct reader list = read_vector(&extension, 2);
	size_t type = read_number(&list, 1);
	struct reader name = read_vector(&list, 2);
	struct str parsed;

	if (name.bad || !at_end(&list) || !at_end(&extension) ||
	    type != NAME_TYPE_HOST_NAME || hello->server_name_len > 0)
		return -EBADMSG;
	if (hostname_parse((struct str){ (const char *)name.at, name.len },
		hello->server_name, &parsed) < 0)
		return -EBADMSG;
	hello->server_name_len = parsed.len;
	return 0;
}

static int
parse_alpn(struct reader extension, struct hello *hello)
{
	struct reader list = read_vector(&extension, 2);

	if (list.bad || list.len == 0 || !at_end(&extension) ||
	    hello->alpn_len > 0)
		return -EBADMSG;
	while (list.len > 0) {
		const uint8_t *at = list.at;
		struct reader name = read_vector(&list, 1);
		if (name.bad || name.len == 0)
			return -EBADMSG;
		if (name.len + 1 > HELLO_ALPN_BYTES_MAX - hello->alpn_len)
			continue;
		memcpy(&hello->alpn[hello->alpn_len], at, name.len + 1);
		hello->alpn_len += name.len + 1;
	}
	return 0;
}

static int
parse_signatures(struct reader extension, struct hello *hello)
{
	struct reader list = read_vector(&extension, 2);

	if (list.bad || list.len == 0 || list.len % 2 != 0 ||
	    !at_end(&extension) || hello->signature_count > 0)
		return -EBADMSG;
	while (list.len > 0 && hello->signature_count < HELLO_SIGNATURES_MAX)
		hello->signatures[hello->signature_count++] =
		    (uint16_t)read_number(&list, 2);
	return 0;
}

/* Nothing is decided by it, and so nobody is refused for it. */
static void
parse_versions(struct reader extension, struct hello *hello)
{
	struct reader list = read_vector(&extension, 1);

	while (list.len > 1)
		hello->offers_13 |= read_number(&list, 2) == VERSION_13;
}

/*
 * Of each extension there is one at most (RFC 8446, 4.2); that is checked for
 * those that are read, grease and the unknown are passed over.
 */
static int
parse_extension(size_t type, struct reader data, struct hello *hello)
{
	switch (type) {
	case EXTENSION_NAME:
		return parse_server_name(data, hello);
	case EXTENSION_SIGNATURE:
		return parse_signatures(data, hello);
	case EXTENSION_ALPN:
		return parse_alpn(data, hello);
	case EXTENSION_VERSIONS:
		parse_versions(data, hello);
		return 0;
	case EXTENSION_ECH:
		if (hello->has_ech)
			return -EBADMSG;
		hello->has_ech = true;
		return 0;
	default:
		return 0;
	}
}

static int
parse_extensions(struct reader list, struct hello *hello)
{
	while (list.len > 0) {
		size_t type = read_number(&list, 2);
		struct reader data = read_vector(&list, 2);
		int error;

		if (data.bad)
			return -EBADMSG;
		error = parse_extension(type, data, hello);
		if (error < 0)
			return error;
	}
	return 0;
}

static int
parse_body(struct reader r, struct hello *hello)
{
	struct reader id, suites, compression, extensions;

	hello->legacy_version = (uint16_t)read_number(&r, 2);
	(void)read_bytes(&r, RANDOM_BYTES);
	id = read_vector(&r, 1);
	suites = read_vector(&r, 2);
	compression = read_vector(&r, 1);
	if (r.bad || hello->legacy_version >> 8 != 3 ||
	    id.len > LEGACY_ID_MAX || suites.len == 0 || suites.len % 2 != 0 ||
	    compression.len == 0)
		return -EBADMSG;
	/* Before TLS 1.3 a hello may end here (RFC 5246, 7.4.1.2). */
	if (at_end(&r))
		return 0;
	extensions = read_vector(&r, 2);
	if (!at_end(&r))
		return -EBADMSG;
	return parse_extensions(extensions, hello);
}

/* ---- records ---- */

/* A record, of which the beginning may have come only. */
struct record {
	const uint8_t *at;
	size_t len;      /* as its header says */
	size_t have_len; /* of these have come */
};

/*
 * Takes the next record off the wire.  Its version means nothing but that it
 * is TLS (RFC 8446, 5.1).
 */
static int
next_record(struct reader *wire, struct record *ret)
{
	if (wire->len == 0)
		return -EAGAIN;
	if (wire->at[0] != RECORD_HANDSHAKE ||
	    (wire->len > 1 && wire->at[1] != 3))
		return -EBADMSG;
	if (wire->len < HELLO_RECORD_HEADER_BYTES)
		return -EAGAIN;
	(void)read_bytes(wire, 3);
	ret->len = read_number(wire, 2);
	ret->have_len = ret->len < wire->len ? ret->len : wire->len;
	ret->at = read_bytes(wire, ret->have_len);
	/* An empty one is forbidden for handshakes (RFC 8446, 5.1). */
	return ret->len == 0 || ret->len > RECORD_BYTES_MAX ? -EBADMSG : 0;
}

/* A message as it comes together; size is known from its fourth byte on. */
struct message {
	size_t len;
	size_t size; /* 0: not known */
	/* Last, so that ASan would see a byte too many. */
	uint8_t bytes[HELLO_BYTES_MAX];
};

static int
read_size(struct message *m)
{
	struct reader r = { m->bytes, m->len, false };

	if (m->len > 0 && read_number(&r, 1) != HANDSHAKE_HELLO)
		return -EBADMSG;
	if (m->len >= HANDSHAKE_HEADER)
		m->size = HANDSHAKE_HEADER + read_number(&r, 3);
	return m->size > HELLO_BYTES_MAX ? -EBADMSG : 0;
}

/*
 * Nothing may follow the message in its last record: the client has nothing
 * to say before the server's answer, and what follows could only be there for
 * a parser that reads otherwise.
 */
static int
add_record(struct message *m, const struct record *record)
{
	size_t end = m->len + record->len;

	if (end > HELLO_BYTES_MAX)
		return -EBADMSG;
	if (record->have_len > 0)
		memcpy(m->bytes + m->len, record->at, record->have_len);
	m->len += record->have_len;
	if (m->size == 0 && read_size(m) < 0)
		return -EBADMSG;
	if (m->size > 0 && end > m->size)
		return -EBADMSG;
	return record->have_len < record->len ? -EAGAIN : 0;
}

/* Records behind the message are not looked at: they may be early data. */
static int
gather(struct reader wire, struct message *m)
{
	m->len = 0;
	m->size = 0;
	for (size_t i = 0; i < HELLO_RECORDS_MAX; i++) {
		struct record record;
		int error = next_record(&wire, &record);

		if (error == 0)
			error = add_record(m, &record);
		if (error < 0)
			return error;
		if (m->size > 0 && m->len == m->size)
			return 0;
	}
	return -EBADMSG;
}

int
hello_parse(struct str bytes, struct hello *ret)
{
	struct reader wire = { (const uint8_t *)bytes.at, bytes.len, false };
	struct hello hello = { .server_name_len = 0 };
	struct message message;
	int error = gather(wire, &message);

	if (error == 0)
		error = parse_body(
		    (struct reader){ message.bytes + HANDSHAKE_HEADER,
			message.size - HANDSHAKE_HEADER, false },
		    &hello);
	if (error == 0)
		*ret = hello;
	return error;
}

int
hello_parse_message(struct str message, struct hello *ret)
{
	struct reader r = { (const uint8_t *)message.at, message.len, false };
	struct hello hello = { .server_name_len = 0 };

	if (message.len == 0)
		return -EAGAIN;
	if (read_number(&r, 1) != HANDSHAKE_HELLO)
		return -EBADMSG;
	size_t size = read_number(&r, 3);
	if (!r.bad && size > HELLO_BYTES_MAX - HANDSHAKE_HEADER)
		return -EBADMSG;
	if (r.bad || r.len < size)
		return -EAGAIN;
	/* Nothing may follow, as in add_record. */
	if (r.len > size)
		return -EBADMSG;
	int error = parse_body(r, &hello);
	if (error == 0)
		*ret = hello;
	return error;
}

int
hello_add_extension(struct hello *hello, unsigned type, struct str data)
{
	return parse_extension(type,
	    (struct reader){ (const uint8_t *)data.at, data.len, false },
	    hello);
}

/* ---- questions ---- */

struct str
hello_server_name(const struct hello *hello)
{
	if (hello->server_name_len == 0)
		return (struct str){ NULL, 0 };
	return (struct str){ hello->server_name, hello->server_name_len };
}

bool
hello_offers(const struct hello *hello, struct str protocol)
{
	struct reader list = { hello->alpn, hello->alpn_len, false };

	while (list.len > 0) {
		struct reader name = read_vector(&list, 1);
		struct str offered = { (const char *)name.at, name.len };
		if (str_eq(offered, protocol))
			return true;
	}
	return false;
}

bool
hello_verifies(const struct hello *hello, uint16_t scheme)
{
	for (size_t i = 0; i < hello->signature_count; i++)
		if (hello->signatures[i] == scheme)
			return true;
	return false;
}

bool
hello_looks_like_tls(struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at;

	return bytes.len > 0 && at[0] == RECORD_HANDSHAKE &&
	       (bytes.len < 2 || at[1] == 3) &&
	       (bytes.len < 6 || at[5] == HANDSHAKE_HELLO);
}
