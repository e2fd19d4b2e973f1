/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/quic_hello: from datagrams to packets to frames to the message.
 *
 *	datagram  packets behind each other (RFC 9000, 12.2)
 *	packet	  a long head, of which the number and four bits of the first
 *		  byte are masked (RFC 9001, 5.4), and a sealed payload (5.3)
 *	frames	  of Initial packets CRYPTO, PING, PADDING, ACK and
 *		  CONNECTION_CLOSE (RFC 9000, 12.4)
 */
#include "net/quic_hello.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define LONG_HEAD     0x80 /* and the bit that is always set */
#define FIXED_BIT     0x40
#define TAG_BYTES     16
#define SAMPLE_BYTES  16
#define NUMBER_BYTES  4 /* at most */
#define SECRET_BYTES  32
#define PACKETS_MAX   8 /* behind each other: nobody sends more than four */
#define PAYLOAD_BYTES 65536

enum frame {
	FRAME_PADDING = 0x00,
	FRAME_PING = 0x01,
	FRAME_ACK = 0x02,
	FRAME_ACK_ECN = 0x03,
	FRAME_CRYPTO = 0x06,
	FRAME_CLOSE = 0x1c,
};

/* What the versions have of their own. */
static const struct version {
	uint32_t number;
	uint8_t initial; /* the type of an Initial packet, in two bits */
	uint8_t salt[20];
	const char *key, *iv, *protection;
} versions[] = {
	/* RFC 9001, 5.2 */
	{ QUIC_VERSION_1, 0,
	    { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a,
		0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	    "quic key", "quic iv", "quic hp" },
	/* RFC 9369, 3.2 and 3.3 */
	{ QUIC_VERSION_2, 1,
	    { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81,
		0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	    "quicv2 key", "quicv2 iv", "quicv2 hp" },
};

static const struct version *
find_version(uint32_t number)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].number == number)
			return &versions[i];
	return NULL;
}

/* ---- a reader over bytes ---- */

struct reader {
	const uint8_t *at;
	size_t len;
	bool bad; /* something was read that is not there */
};

static const uint8_t *
read_bytes(struct reader *r, uint64_t count)
{
	const uint8_t *at = r->at;

	if (r->bad || count > r->len) {
		r->bad = true;
		return NULL;
	}
	r->at += count;
	r->len -= (size_t)count;
	return at;
}

static uint64_t
read_number(struct reader *r, size_t width)
{
	const uint8_t *at = read_bytes(r, width);
	uint64_t value = 0;

	for (size_t i = 0; at != NULL && i < width; i++)
		value = value << 8 | at[i];
	return value;
}

/* RFC 9000, 16: the first two bits say how long it is. */
static uint64_t
read_varint(struct reader *r)
{
	size_t width = r->len > 0 ? (size_t)1 << (r->at[0] >> 6) : 1;

	return read_number(r, width) & (UINT64_MAX >> (64 - 8 * width + 2));
}

static struct reader
read_vector(struct reader *r, uint64_t len)
{
	const uint8_t *at = read_bytes(r, len);

	return (struct reader){ at, at != NULL ? (size_t)len : 0, r->bad };
}

/* ---- keys ---- */

static bool
hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
    uint8_t ret[static SECRET_BYTES])
{
	unsigned made = 0;

	return HMAC(EVP_sha256(), key, (int)key_len, data, len, ret, &made) !=
		   NULL &&
	       made == SECRET_BYTES;
}

/* HKDF-Expand-Label (RFC 8446, 7.1) without a context, of one block. */
static bool
expand(const uint8_t secret[static SECRET_BYTES], const char *label,
    uint8_t *ret, size_t len)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[64], made[SECRET_BYTES];
	size_t label_len = strlen(label), at = 0;

	info[at++] = 0;
	info[at++] = (uint8_t)len;
	info[at++] = (uint8_t)(sizeof(prefix) - 1 + label_len);
	memcpy(&info[at], prefix, sizeof(prefix) - 1);
	at += sizeof(prefix) - 1;
	memcpy(&info[at], label, label_len);
	at += label_len;
	info[at++] = 0;
	info[at++] = 1; /* the number of the block */
	if (!hmac(secret, SECRET_BYTES, info, at, made))
		return false;
	memcpy(ret, made, len);
	return true;
}

int
quic_keys_derive(
    uint32_t version, struct str id, bool of_server, struct quic_keys *ret)
{
	const struct version *v = find_version(version);
	uint8_t initial[SECRET_BYTES], secret[SECRET_BYTES];

	if (v == NULL || id.len > QUIC_ID_BYTES_MAX)
		return -EINVAL;
	return hmac(v->salt, sizeof(v->salt), (const uint8_t *)id.at, id.len,
		   initial) &&
		       expand(initial, of_server ? "server in" : "client in",
			   secret, sizeof(secret)) &&
		       expand(secret, v->key, ret->key, sizeof(ret->key)) &&
		       expand(secret, v->iv, ret->iv, sizeof(ret->iv)) &&
		       expand(secret, v->protection, ret->protection,
			   sizeof(ret->protection))
		   ? 0
		   : -EINVAL;
}

/* ---- packets ---- */

/* As far as it can be read without a key. */
struct packet {
	const struct version *version;
	bool initial;
	struct reader id, source;
	const uint8_t *at;  /* its first byte */
	size_t head_len;    /* without the number */
	struct reader rest; /* the number and the sealed payload */
};

/* RFC 9000, 17.2: all long heads of a version are alike up to their type. */
static int
read_packet(struct reader *r, struct packet *ret)
{
	*ret = (struct packet){ .at = r->at };
	uint8_t first = (uint8_t)read_number(r, 1);
	uint32_t version = (uint32_t)read_number(r, 4);

	if (r->bad || (first & LONG_HEAD) == 0)
		return -EBADMSG;
	ret->version = find_version(version);
	if (ret->version == NULL)
		return -ENOTSUP;
	ret->initial = (first >> 4 & 3) == ret->version->initial;
	ret->id = read_vector(r, read_number(r, 1));
	ret->source = read_vector(r, read_number(r, 1));
	if (r->bad || (first & FIXED_BIT) == 0 ||
	    ret->id.len > QUIC_ID_BYTES_MAX ||
	    ret->source.len > QUIC_ID_BYTES_MAX)
		return -EBADMSG;
	if (ret->initial)
		(void)read_vector(r, read_varint(r)); /* a token */
	uint64_t len = read_varint(r);
	ret->head_len = (size_t)(r->at - ret->at);
	ret->rest = read_vector(r, len);
	return r->bad ? -EBADMSG : 0;
}

/* RFC 9001, 5.4.3: a block of AES over some of the sealed bytes. */
static bool
make_mask(const struct quic_keys *keys, const uint8_t *sample,
    uint8_t ret[static SAMPLE_BYTES])
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int len = 0;
	bool good =
	    cipher != NULL &&
	    EVP_EncryptInit_ex(
		cipher, EVP_aes_128_ecb(), NULL, keys->protection, NULL) == 1 &&
	    EVP_EncryptUpdate(cipher, ret, &len, sample, SAMPLE_BYTES) == 1;

	EVP_CIPHER_CTX_free(cipher);
	return good;
}

/* The payload of an AEAD whose nonce is made (RFC 9001, 5.3); its length, or a
 * negative number. */
static int
unseal(const struct quic_keys *keys, const uint8_t nonce[static 12],
    const uint8_t *head, size_t head_len, struct reader sealed, uint8_t *ret)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	size_t len = sealed.len - TAG_BYTES;
	uint8_t tag[TAG_BYTES];
	int made = 0, more = 0;

	memcpy(tag, sealed.at + len, sizeof(tag));
	bool good =
	    cipher != NULL &&
	    EVP_DecryptInit_ex(
		cipher, EVP_aes_128_gcm(), NULL, keys->key, nonce) == 1 &&
	    EVP_DecryptUpdate(cipher, NULL, &more, head, (int)head_len) == 1 &&
	    EVP_DecryptUpdate(cipher, ret, &made, sealed.at, (int)len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(
		cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
	    EVP_DecryptFinal_ex(cipher, ret + made, &more) == 1;
	EVP_CIPHER_CTX_free(cipher);
	return good ? made : -1;
}

#define HEAD_BYTES_MAX 2048

/*
 * Takes the mask off and opens the payload.  Numbers of a first flight are
 * small, so that what is sent of one is all of it.
 */
static int
open_packet(const struct quic_keys *keys, const struct packet *packet,
    const uint8_t **ret)
{
	static _Thread_local uint8_t payload[PAYLOAD_BYTES];
	uint8_t head[HEAD_BYTES_MAX], mask[SAMPLE_BYTES], nonce[12];
	struct reader rest = packet->rest;

	if (rest.len < NUMBER_BYTES + SAMPLE_BYTES ||
	    packet->head_len + NUMBER_BYTES > sizeof(head) ||
	    !make_mask(keys, rest.at + NUMBER_BYTES, mask))
		return -EBADMSG;
	memcpy(head, packet->at, packet->head_len);
	head[0] ^= mask[0] & 0x0f;
	size_t width = (size_t)(head[0] & 3) + 1;
	memcpy(nonce, keys->iv, sizeof(nonce));
	for (size_t i = 0; i < width; i++) {
		uint8_t byte = rest.at[i] ^ mask[1 + i];
		head[packet->head_len + i] = byte;
		nonce[sizeof(nonce) - width + i] ^= byte;
	}
	(void)read_bytes(&rest, width);
	int len = rest.len < TAG_BYTES
		      ? -1
		      : unseal(keys, nonce, head, packet->head_len + width,
			    rest, payload);
	*ret = payload;
	/* RFC 9000, 17.2: these bits are sealed, too, and say nothing. */
	return len < 0 || (head[0] & 0x0c) != 0 ? -EBADMSG : len;
}

/* ---- frames ---- */

static bool
has(const struct quic_hello *quic, size_t at)
{
	return (quic->have[at / 8] >> at % 8 & 1) != 0;
}

/* Bytes that come again must be the same. */
static int
put(struct quic_hello *quic, uint64_t offset, struct reader data)
{
	if (offset > HELLO_BYTES_MAX || data.len > HELLO_BYTES_MAX - offset)
		return -EBADMSG;
	for (size_t i = 0; i < data.len; i++) {
		size_t at = (size_t)offset + i;
		if (has(quic, at) && quic->bytes[at] != data.at[i])
			return -EBADMSG;
		quic->bytes[at] = data.at[i];
		quic->have[at / 8] |= (uint8_t)(1u << at % 8);
	}
	return 0;
}

/* RFC 9000, 19.3 */
static void
pass_ack(struct reader *r, bool has_ecn)
{
	(void)read_varint(r);
	(void)read_varint(r);
	uint64_t ranges = read_varint(r);
	(void)read_varint(r);
	for (uint64_t i = 0; i < ranges && !r->bad; i++) {
		(void)read_varint(r);
		(void)read_varint(r);
	}
	for (int i = 0; has_ecn && i < 3; i++)
		(void)read_varint(r);
}

static int
take_crypto(struct quic_hello *quic, struct reader *r)
{
	uint64_t offset = read_varint(r);
	struct reader data = read_vector(r, read_varint(r));

	return r->bad ? -EBADMSG : put(quic, offset, data);
}

static int
take_frame(struct quic_hello *quic, struct reader *r)
{
	switch (read_varint(r)) {
	case FRAME_PADDING:
	case FRAME_PING:
		return 0;
	case FRAME_ACK:
		pass_ack(r, false);
		return 0;
	case FRAME_ACK_ECN:
		pass_ack(r, true);
		return 0;
	case FRAME_CRYPTO:
		return take_crypto(quic, r);
	case FRAME_CLOSE:
		/* It goes before it has come; what is behind is of no use. */
		r->len = 0;
		return 0;
	default:
		return -EBADMSG;
	}
}

static int
take_payload(struct quic_hello *quic, const uint8_t *payload, size_t len)
{
	struct reader r = { payload, len, false };
	int rc = len > 0 ? 0 : -EBADMSG;

	while (rc == 0 && !r.bad && r.len > 0)
		rc = take_frame(quic, &r);
	return r.bad ? -EBADMSG : rc;
}

/* ---- the flight ---- */

/* The keys stay those of the first packet: a server that wants others says so
 * first, and then it has the hello. */
static int
begin(struct quic_hello *quic, const struct packet *packet)
{
	struct str id = { (const char *)packet->id.at, packet->id.len };

	if (quic->version == 0) {
		quic->version = packet->version->number;
		quic->id_len = id.len;
		if (id.len > 0)
			memcpy(quic->id, id.at, id.len);
		quic->source_len = packet->source.len;
		if (quic->source_len > 0)
			memcpy(
			    quic->source, packet->source.at, quic->source_len);
		return quic_keys_derive(quic->version, id, false, &quic->keys) <
			       0
			   ? -EBADMSG
			   : 0;
	}
	return quic->version == packet->version->number &&
		       quic->id_len == id.len &&
		       (id.len == 0 || memcmp(quic->id, id.at, id.len) == 0)
		   ? 0
		   : -EBADMSG;
}

static int
take_packet(struct quic_hello *quic, const struct packet *packet)
{
	const uint8_t *payload;

	/* 0-RTT, which goes with a hello. */
	if (!packet->initial)
		return 0;
	int rc = begin(quic, packet);
	if (rc == 0)
		rc = open_packet(&quic->keys, packet, &payload);
	return rc < 0 ? rc : take_payload(quic, payload, (size_t)rc);
}

static int
take_datagram(struct quic_hello *quic, struct str datagram)
{
	struct reader r = { (const uint8_t *)datagram.at, datagram.len, false };
	int rc = 0;

	for (int i = 0; rc == 0 && r.len > 0; i++) {
		struct packet packet;
		/* What a client adds to fill a datagram is no packet. */
		if (i > 0 && ((r.at[0] & LONG_HEAD) == 0 || i == PACKETS_MAX))
			return 0;
		rc = read_packet(&r, &packet);
		if (rc == 0)
			rc = take_packet(quic, &packet);
	}
	return rc;
}

/* As far as it has come without a gap. */
static size_t
whole_len(const struct quic_hello *quic)
{
	size_t len = 0;

	while (len < HELLO_BYTES_MAX && has(quic, len))
		len++;
	return len;
}

bool
quic_looks_like_initial(struct str datagram)
{
	struct reader r = { (const uint8_t *)datagram.at, datagram.len, false };
	struct packet packet;

	return datagram.len >= QUIC_DATAGRAM_BYTES_MIN &&
	       read_packet(&r, &packet) == 0 && packet.initial;
}

static bool
has_own_keys(const struct packet *packet)
{
	const uint8_t *payload;
	struct str id = { (const char *)packet->id.at, packet->id.len };
	struct quic_keys keys;

	return quic_keys_derive(packet->version->number, id, false, &keys) ==
		   0 &&
	       open_packet(&keys, packet, &payload) >= 0;
}

bool
quic_begins_another(struct str datagram, struct str id)
{
	struct reader r = { (const uint8_t *)datagram.at, datagram.len, false };

	/* A short head goes to the end of its datagram. */
	for (int i = 0; r.len > 0 && (r.at[0] & LONG_HEAD) != 0; i++) {
		struct packet packet;
		int rc = read_packet(&r, &packet);
		if (rc == -ENOTSUP || i == PACKETS_MAX)
			return true;
		if (rc < 0)
			return false;
		struct str its = { (const char *)packet.id.at, packet.id.len };
		if (packet.initial && !str_eq(its, id) && has_own_keys(&packet))
			return true;
	}
	return false;
}

int
quic_hello_add(struct quic_hello *quic, struct str datagram, struct hello *ret)
{
	if (quic->datagrams == QUIC_HELLO_DATAGRAMS_MAX)
		return -EBADMSG;
	quic->datagrams++;
	/* 0-RTT alone may be shorter; an Initial packet in it is passed over by
	 * every server. */
	if (datagram.len < QUIC_DATAGRAM_BYTES_MIN)
		return quic->version == 0 ? -EBADMSG : -EAGAIN;
	int rc = take_datagram(quic, datagram);
	if (rc < 0)
		return rc;
	return hello_parse_message(
	    (struct str){ (const char *)quic->bytes, whole_len(quic) }, ret);
}
