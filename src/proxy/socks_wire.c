/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/socks_wire.h"

#include "base/must.h"

#include <errno.h>

#define METHOD_WITHOUT  0x00
#define METHOD_PASSWORD 0x02

/* RFC 1928, 5 */
#define TYPE_IPV4 1
#define TYPE_NAME 3
#define TYPE_IPV6 4

static unsigned
byte_at(struct str bytes, size_t at)
{
	return (uint8_t)bytes.at[at];
}

static uint16_t
port_at(struct str bytes, size_t at)
{
	return (uint16_t)(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

/* VER NMETHODS METHODS */
int
socks_methods_parse(struct str bytes, struct socks_methods *ret)
{
	if (bytes.len > 0 && byte_at(bytes, 0) != SOCKS_5)
		return -EBADMSG;
	if (bytes.len < 2)
		return -EAGAIN;
	size_t count = byte_at(bytes, 1);
	if (count == 0)
		return -EBADMSG;
	if (bytes.len < 2 + count)
		return -EAGAIN;
	*ret = (struct socks_methods){ 0 };
	for (size_t i = 0; i < count; i++) {
		unsigned method = byte_at(bytes, 2 + i);
		ret->without |= method == METHOD_WITHOUT;
		ret->password |= method == METHOD_PASSWORD;
	}
	return (int)(2 + count);
}

/* How many bytes DST.ADDR takes, its length byte included; 0: not a type. */
static size_t
address_bytes(struct str bytes)
{
	switch (byte_at(bytes, 3)) {
	case TYPE_IPV4:
		return 4;
	case TYPE_IPV6:
		return 16;
	case TYPE_NAME:
		return 1 + byte_at(bytes, 4);
	default:
		return 0;
	}
}

static void
read_address(struct str bytes, struct socks_request *ret)
{
	if (byte_at(bytes, 3) == TYPE_NAME)
		ret->host = (struct str){ bytes.at + 5, byte_at(bytes, 4) };
	else
		ret->to = address_from_bytes(byte_at(bytes, 3) == TYPE_IPV4
						 ? ADDRESS_IPV4
						 : ADDRESS_IPV6,
		    bytes.at + 4);
}

/* VER METHOD */
int
socks5_method_parse(struct str bytes, bool *ret_without)
{
	if (bytes.len > 0 && byte_at(bytes, 0) != SOCKS_5)
		return -EBADMSG;
	if (bytes.len < 2)
		return -EAGAIN;
	*ret_without = byte_at(bytes, 1) == METHOD_WITHOUT;
	return 2;
}

/* VER CMD RSV ATYP DST.ADDR DST.PORT */
struct str
socks5_request_write(const struct socks_request *request,
    char buffer[static SOCKS_REQUEST_BYTES_MAX])
{
	struct str address = { (const char *)request->to.bytes,
		address_width(request->to) };
	bool by_name = request->host.at != NULL;
	struct str target = by_name ? request->host : address;
	size_t at = 4;

	must(target.len <= SOCKS_TEXT_MAX);
	buffer[0] = SOCKS_5;
	buffer[1] = (char)request->command;
	buffer[2] = 0;
	buffer[3] = request->to.family == ADDRESS_IPV4 ? TYPE_IPV4 : TYPE_IPV6;
	if (by_name) {
		buffer[3] = TYPE_NAME;
		buffer[at++] = (char)target.len;
	}
	memcpy(buffer + at, target.at, target.len);
	at += target.len;
	buffer[at++] = (char)(request->port >> 8);
	buffer[at++] = (char)(request->port & 0xff);
	return (struct str){ buffer, at };
}

/* VER REP RSV ATYP BND.ADDR BND.PORT; where it is bound is not our affair. */
int
socks5_reply_parse(struct str bytes, unsigned *ret_reply)
{
	if (bytes.len > 0 && byte_at(bytes, 0) != SOCKS_5)
		return -EBADMSG;
	if (bytes.len < 5)
		return -EAGAIN;
	/* Some that refuse leave out the rest, or write nonsense there. */
	*ret_reply = byte_at(bytes, 1);
	size_t address = address_bytes(bytes);
	if (*ret_reply != SOCKS_GRANTED)
		return (int)bytes.len;
	if (address == 0)
		return -EBADMSG;
	return bytes.len < 4 + address + 2 ? -EAGAIN : (int)(4 + address + 2);
}

/* VER CMD RSV ATYP DST.ADDR DST.PORT */
int
socks5_request_parse(
    struct str bytes, struct socks_request *ret, enum socks_reply *reterr_reply)
{
	*reterr_reply = SOCKS_FAILURE;
	if ((bytes.len > 0 && byte_at(bytes, 0) != SOCKS_5) ||
	    (bytes.len > 2 && byte_at(bytes, 2) != 0))
		return -EBADMSG;
	if (bytes.len < 5)
		return -EAGAIN;
	size_t address = address_bytes(bytes);
	if (address == 0) {
		*reterr_reply = SOCKS_NO_ADDRESS_TYPE;
		return -EBADMSG;
	}
	if (bytes.len < 4 + address + 2)
		return -EAGAIN;
	*ret = (struct socks_request){ .command = byte_at(bytes, 1),
		.port = port_at(bytes, 4 + address) };
	read_address(bytes, ret);
	return (int)(4 + address + 2);
}

/* The text up to its NUL; -EAGAIN, -EBADMSG when it is too long. */
static int
read_text(struct str bytes, size_t at, struct str *ret)
{
	struct str rest = str_skip(bytes, at);
	size_t len = str_find(rest, '\0');

	if (len > SOCKS_TEXT_MAX)
		return -EBADMSG;
	if (len == rest.len)
		return -EAGAIN;
	*ret = (struct str){ rest.at, len };
	return 0;
}

/* 4a: an address 0.0.0.x, which nobody has, says that a name follows. */
static bool
says_name(struct str bytes)
{
	return byte_at(bytes, 4) == 0 && byte_at(bytes, 5) == 0 &&
	       byte_at(bytes, 6) == 0 && byte_at(bytes, 7) != 0;
}

/* VN CD DSTPORT DSTIP USERID NUL [ NAME NUL ] */
int
socks4_request_parse(
    struct str bytes, struct socks_request *ret, enum socks_reply *reterr_reply)
{
	struct str user, host = { NULL, 0 };

	*reterr_reply = SOCKS_FAILURE;
	if (bytes.len > 0 && byte_at(bytes, 0) != SOCKS_4)
		return -EBADMSG;
	if (bytes.len < 9)
		return -EAGAIN;
	int rc = read_text(bytes, 8, &user);
	if (rc < 0)
		return rc;
	size_t used = 8 + user.len + 1;
	if (says_name(bytes)) {
		rc = read_text(bytes, used, &host);
		used += host.len + 1;
	}
	if (rc < 0)
		return rc;
	*ret = (struct socks_request){ .command = byte_at(bytes, 1),
		.host = host,
		.port = port_at(bytes, 2) };
	if (host.at == NULL)
		ret->to = address_from_bytes(ADDRESS_IPV4, bytes.at + 4);
	return (int)used;
}

struct str
socks_reply_write(enum socks_version version, enum socks_reply reply,
    char buffer[static SOCKS_REPLY_BYTES_MAX])
{
	memset(buffer, 0, SOCKS_REPLY_BYTES_MAX);
	if (version == SOCKS_4) {
		buffer[1] = reply == SOCKS_GRANTED ? 90 : 91;
		return (struct str){ buffer, 8 };
	}
	/* The address that was bound is our affair: 0.0.0.0, port 0. */
	buffer[0] = SOCKS_5;
	buffer[1] = (char)reply;
	buffer[3] = TYPE_IPV4;
	return (struct str){ buffer, 10 };
}

/* ATYP ADDR PORT behind three bytes, the last of which is 0 in all of them. */
static struct str
write_end(struct address_port end, char *buffer)
{
	size_t width = address_width(end.address);

	buffer[2] = 0;
	buffer[3] = end.address.family == ADDRESS_IPV4 ? TYPE_IPV4 : TYPE_IPV6;
	memcpy(buffer + 4, end.address.bytes, width);
	buffer[4 + width] = (char)(end.port >> 8);
	buffer[5 + width] = (char)(end.port & 0xff);
	return (struct str){ buffer, 4 + width + 2 };
}

struct str
socks5_granted_write(
    struct address_port at, char buffer[static SOCKS_REPLY_BYTES_MAX])
{
	buffer[0] = SOCKS_5;
	buffer[1] = SOCKS_GRANTED;
	return write_end(at, buffer);
}

/* RSV RSV FRAG ATYP ADDR PORT */
struct str
socks_datagram_head_write(
    struct address_port from, char buffer[static SOCKS_DATAGRAM_HEAD_MAX])
{
	buffer[0] = 0;
	buffer[1] = 0;
	return write_end(from, buffer);
}

int
socks_datagram_parse(
    struct str bytes, struct socks_request *ret, struct str *ret_content)
{
	if (bytes.len < 5 || byte_at(bytes, 0) != 0 || byte_at(bytes, 1) != 0 ||
	    byte_at(bytes, 2) != 0)
		return -EBADMSG;
	size_t address = address_bytes(bytes);
	if (address == 0 || bytes.len < 4 + address + 2)
		return -EBADMSG;
	*ret = (struct socks_request){ .port = port_at(bytes, 4 + address) };
	read_address(bytes, ret);
	*ret_content = str_skip(bytes, 4 + address + 2);
	return 0;
}
