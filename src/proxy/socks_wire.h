/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/socks_wire: the messages of SOCKS 4, 4a and 5 (RFC 1928).
 *
 * Pure functions on bytes.  A reader is given all that has come so far: it
 * returns how many of them the message takes, -EAGAIN when more are needed, or
 * -EBADMSG.  What is read is lent from the bytes.
 */
#ifndef GATEHOUSE_PROXY_SOCKS_WIRE_H
#define GATEHOUSE_PROXY_SOCKS_WIRE_H

#include "base/address.h"

enum socks_version {
	SOCKS_4 = 4,
	SOCKS_5 = 5,
};

enum socks_command {
	SOCKS_CONNECT = 1,
	SOCKS_BIND = 2,
	SOCKS_UDP_ASSOCIATE = 3,
};

struct socks_request {
	unsigned command; /* enum socks_command, or what the client wrote */
	struct str host;  /* at == NULL: by address */
	struct address to;
	uint16_t port;
};

/* RFC 1928, 6; SOCKS 4 has one word for all but the first. */
enum socks_reply {
	SOCKS_GRANTED = 0,
	SOCKS_FAILURE = 1,
	SOCKS_NOT_ALLOWED = 2,
	SOCKS_NET_UNREACHABLE = 3,
	SOCKS_HOST_UNREACHABLE = 4,
	SOCKS_REFUSED = 5,
	SOCKS_TIMEOUT = 6, /* "TTL expired", as everybody uses it */
	SOCKS_NO_COMMAND = 7,
	SOCKS_NO_ADDRESS_TYPE = 8,
};

/* The longest user of SOCKS 4, and the longest name of both. */
#define SOCKS_TEXT_MAX 255

/* What a SOCKS 5 client offers, of what we know. */
struct socks_methods {
	bool without;  /* a password */
	bool password; /* RFC 1929 */
};

/* The bytes used; -EAGAIN: more is to come; -EBADMSG: it is no greeting. */
int socks_methods_parse(struct str bytes, struct socks_methods *ret);

/* "No authentication", "a password" or "none of these", 2 bytes. */
#define SOCKS_METHOD_NONE     STR("\x05\x00")
#define SOCKS_METHOD_PASSWORD STR("\x05\x02")
#define SOCKS_METHOD_BAD      STR("\x05\xff")

/* RFC 1929, 2: what becomes of the password. */
#define SOCKS_PASSWORD_GOOD STR("\x01\x00")
#define SOCKS_PASSWORD_BAD  STR("\x01\xff")

/*
 * A request of SOCKS 5, behind the methods, or of SOCKS 4.  On -EBADMSG
 * *reterr_reply is what to answer.
 */
int socks5_request_parse(struct str bytes, struct socks_request *ret,
    enum socks_reply *reterr_reply);
int socks4_request_parse(struct str bytes, struct socks_request *ret,
    enum socks_reply *reterr_reply);

/* ---- the other side: what is asked of a parent ---- */

/* We offer to do without a password, and nothing else: 3 bytes. */
#define SOCKS_GREETING STR("\x05\x01\x00")

/* Its answer: whether it is content with that. */
int socks5_method_parse(struct str bytes, bool *ret_without);

#define SOCKS_REQUEST_BYTES_MAX (4 + 1 + SOCKS_TEXT_MAX + 2)

/* The request in buffer, lent; by the name, if there is one. */
struct str socks5_request_write(const struct socks_request *request,
    char buffer[static SOCKS_REQUEST_BYTES_MAX]);

/* The reply; *ret_reply is enum socks_reply, or what the parent wrote. */
int socks5_reply_parse(struct str bytes, unsigned *ret_reply);

/* ---- datagrams (RFC 1928, 7) ---- */

#define SOCKS_DATAGRAM_HEAD_MAX (4 + 16 + 2)

/*
 * One from a client: where it is to go (no command is in it) and what, lent.  0
 * or -EBADMSG, also for a piece of a larger one.
 */
int socks_datagram_parse(
    struct str bytes, struct socks_request *ret, struct str *ret_content);

/* The head of one from there, in buffer, lent. */
struct str socks_datagram_head_write(
    struct address_port from, char buffer[static SOCKS_DATAGRAM_HEAD_MAX]);

/* ---- replies of ours ---- */

#define SOCKS_REPLY_BYTES_MAX (4 + 16 + 2)

/* "Granted", and where datagrams are to be sent to. */
struct str socks5_granted_write(
    struct address_port at, char buffer[static SOCKS_REPLY_BYTES_MAX]);

/* The reply in buffer, lent. */
struct str socks_reply_write(enum socks_version version, enum socks_reply reply,
    char buffer[static SOCKS_REPLY_BYTES_MAX]);

#endif
