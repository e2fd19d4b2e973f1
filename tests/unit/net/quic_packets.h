/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Initial packets of a QUIC client, made as RFC 9001 makes them, for tests.
 */
#ifndef GATEHOUSE_TESTS_NET_QUIC_PACKETS_H
#define GATEHOUSE_TESTS_NET_QUIC_PACKETS_H

#include "net/quic_hello.h"

#include <openssl/evp.h>
#include <string.h>

#define QUIC_PACKET_ROOM 4096

/* What stands in it. */
struct quic_packet {
	uint32_t version;
	struct str id, token;
	uint32_t number;
	unsigned number_bytes;
	struct str frames; /* padded to `fill` */
	size_t fill;
};

static inline size_t
quic_put_number(uint8_t *at, uint64_t number, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(number >> 8 * (width - 1 - i));
	return width;
}

/* In two bytes. */
static inline size_t
quic_put_varint(uint8_t *at, uint64_t number)
{
	return quic_put_number(at, 0x4000 | number, 2);
}

/* A CRYPTO frame; how many bytes. */
static inline size_t
quic_put_crypto(uint8_t *at, uint64_t offset, struct str data)
{
	size_t len = 0;

	at[len++] = 0x06;
	len += quic_put_varint(&at[len], offset);
	len += quic_put_varint(&at[len], data.len);
	memcpy(&at[len], data.at, data.len);
	return len + data.len;
}

static inline void
quic_seal(const struct quic_keys *keys, const uint8_t nonce[static 12],
    const uint8_t *head, size_t head_len, const uint8_t *plain, size_t len,
    uint8_t *ret)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int made = 0;

	(void)EVP_EncryptInit_ex(
	    cipher, EVP_aes_128_gcm(), NULL, keys->key, nonce);
	(void)EVP_EncryptUpdate(cipher, NULL, &made, head, (int)head_len);
	(void)EVP_EncryptUpdate(cipher, ret, &made, plain, (int)len);
	(void)EVP_EncryptFinal_ex(cipher, ret + len, &made);
	(void)EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, ret + len);
	EVP_CIPHER_CTX_free(cipher);
}

static inline void
quic_mask(const struct quic_keys *keys, uint8_t *first, uint8_t *number,
    unsigned number_bytes)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t mask[16];
	int made = 0;

	(void)EVP_EncryptInit_ex(
	    cipher, EVP_aes_128_ecb(), NULL, keys->protection, NULL);
	(void)EVP_EncryptUpdate(cipher, mask, &made, number + 4, 16);
	EVP_CIPHER_CTX_free(cipher);
	*first ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < number_bytes; i++)
		number[i] ^= mask[1 + i];
}

/* Into ret, of QUIC_PACKET_ROOM; its length. */
static inline size_t
quic_packet_make(const struct quic_packet *packet, uint8_t *ret)
{
	size_t plain_len = packet->frames.len > packet->fill
			       ? packet->frames.len
			       : packet->fill;
	uint8_t plain[QUIC_PACKET_ROOM] = { 0 }, nonce[12];
	unsigned width = packet->number_bytes;
	struct quic_keys keys = { 0 };
	size_t len = 0;

	(void)quic_keys_derive(packet->version, packet->id, false, &keys);
	if (packet->frames.len > 0)
		memcpy(plain, packet->frames.at, packet->frames.len);
	ret[len++] = (uint8_t)(0xc0 | (width - 1) |
			       (packet->version == QUIC_VERSION_2 ? 0x10 : 0));
	len += quic_put_number(&ret[len], packet->version, 4);
	ret[len++] = (uint8_t)packet->id.len;
	memcpy(&ret[len], packet->id.at, packet->id.len);
	len += packet->id.len;
	ret[len++] = 0;
	if (packet->token.len == 0) {
		ret[len++] = 0;
	} else {
		len += quic_put_varint(&ret[len], packet->token.len);
		memcpy(&ret[len], packet->token.at, packet->token.len);
		len += packet->token.len;
	}
	len += quic_put_varint(&ret[len], width + plain_len + 16);
	size_t number_at = len;
	len += quic_put_number(&ret[len], packet->number, width);
	memcpy(nonce, keys.iv, sizeof(nonce));
	for (unsigned i = 0; i < width; i++)
		nonce[11 - i] ^= (uint8_t)(packet->number >> 8 * i);
	quic_seal(&keys, nonce, ret, len, plain, plain_len, &ret[len]);
	quic_mask(&keys, ret, &ret[number_at], width);
	return len + plain_len + 16;
}

#endif
