/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/hello: what a TLS ClientHello says before anything is encrypted.
 *
 * The proxy decides about a tunnel by the name in it (RFC 6066, 3), so what
 * is not certain is refused: a hello that one server would read in one way
 * and another in another is malformed here.  Pure functions on the first
 * bytes of a connection; nothing is kept between calls, the caller calls again
 * with all bytes when there are more.  Any thread.
 *
 * Limits: a handshake message of HELLO_BYTES_MAX in HELLO_RECORDS_MAX records.
 * A caller that can hold HELLO_WIRE_BYTES_MAX never waits in vain.
 */
#ifndef GATEHOUSE_NET_HELLO_H
#define GATEHOUSE_NET_HELLO_H

#include "base/hostname.h"

/* Browsers send 500 to 2,000 bytes, the larger with post-quantum key shares
 * and resumption. */
#define HELLO_BYTES_MAX ((size_t)16 << 10)

/*
 * Clients that hide from middleboxes cut their hello in a few records.  More
 * than this has no use but to keep a parser busy.
 */
#define HELLO_RECORDS_MAX ((size_t)64)

#define HELLO_RECORD_HEADER_BYTES 5
#define HELLO_WIRE_BYTES_MAX                                                   \
	(HELLO_BYTES_MAX + HELLO_RECORDS_MAX * HELLO_RECORD_HEADER_BYTES)

/* The protocols offered, as on the wire with a length byte before each; what
 * a browser offers (h2, http/1.1) takes 12. */
#define HELLO_ALPN_BYTES_MAX 256

/* SignatureScheme (RFC 8446, 4.2.3); nobody has half as many. */
#define HELLO_SIGNATURES_MAX 64

struct hello {
	/* As hostname_parse gives it, lower case and NUL; empty: absent. */
	char server_name[HOSTNAME_MAX + 1];
	size_t server_name_len;
	uint16_t legacy_version; /* 0x0303 from everything that is in use */
	/*
	 * encrypted_client_hello was there.  Then server_name is the public
	 * one and the true name may be another; or it is grease, which cannot
	 * be told from the outside.
	 */
	bool has_ech;
	uint8_t alpn[HELLO_ALPN_BYTES_MAX]; /* whole names, as many as fit */
	size_t alpn_len;
	uint16_t signatures[HELLO_SIGNATURES_MAX]; /* as many as fit */
	size_t signature_count;
	bool offers_13; /* TLS 1.3, all of whose suites go with any key */
};

/* Schemes (RFC 8446, 4.2.3). */
#define HELLO_ECDSA_P256 0x0403

/*
 * 0 with *ret; -EAGAIN when these bytes may be the beginning of a hello and
 * more are needed; -EBADMSG when they are not, or when it is malformed: in
 * its form, beyond the limits, or in its server name (several, of another
 * type than host_name, empty, not a host's name, an address).
 */
int hello_parse(struct str bytes, struct hello *ret);

/* The same of a handshake message that came without records
 * (net/quic_hello). */
int hello_parse_message(struct str message, struct hello *ret);

/*
 * What one extension says, for who has a hello that somebody else has taken
 * apart.  0, also if nothing is read from such ones, or -EBADMSG.
 */
int hello_add_extension(struct hello *hello, unsigned type, struct str data);

/* at == NULL when the hello named none. */
struct str hello_server_name(const struct hello *hello);

bool hello_offers(const struct hello *hello, struct str protocol);

/* Whether the client can check signatures of this scheme. */
bool hello_verifies(const struct hello *hello, uint16_t scheme);

/*
 * Whether bytes may be the first of a hello; for one byte or more.  Of six
 * bytes or more nothing else in use looks like it.
 */
bool hello_looks_like_tls(struct str bytes);

#endif
