/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/quic_refusal.h"

#include <errno.h>
#include <openssl/evp.h>

#define TAG_BYTES     16
#define SAMPLE_BYTES  16
#define NUMBER_BYTES  1
#define FRAMES_BYTES  24 /* padded, for there must be a sample behind them */
#define LONG_INITIAL  0xc0
#define TYPE_INITIAL2 0x10 /* of version 2 */
#define FRAME_CLOSE   0x1c
#define REFUSED       0x02

static size_t
put(uint8_t *to, size_t at, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(to + at, bytes, len);
	return at + len;
}

/* RFC 9000, 17.2.2: ours is the id that the client chose for us. */
static size_t
write_head(const struct quic_hello *quic, uint8_t *to)
{
	bool second = quic->version == QUIC_VERSION_2;
	size_t len = 0;

	to[len++] = (uint8_t)(LONG_INITIAL | (second ? TYPE_INITIAL2 : 0));
	for (int shift = 24; shift >= 0; shift -= 8)
		to[len++] = (uint8_t)(quic->version >> shift);
	to[len++] = (uint8_t)quic->source_len;
	len = put(to, len, quic->source, quic->source_len);
	to[len++] = (uint8_t)quic->id_len;
	len = put(to, len, quic->id, quic->id_len);
	to[len++] = 0; /* no token */
	to[len++] = NUMBER_BYTES + FRAMES_BYTES + TAG_BYTES;
	return len;
}

static bool
seal(const struct quic_keys *keys, const uint8_t *head, size_t head_len,
    uint8_t *ret)
{
	static const uint8_t frames[FRAMES_BYTES] = { FRAME_CLOSE, REFUSED };
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int len = 0;
	bool good =
	    cipher != NULL &&
	    EVP_EncryptInit_ex(
		cipher, EVP_aes_128_gcm(), NULL, keys->key, keys->iv) == 1 &&
	    EVP_EncryptUpdate(cipher, NULL, &len, head, (int)head_len) == 1 &&
	    EVP_EncryptUpdate(cipher, ret, &len, frames, FRAMES_BYTES) == 1 &&
	    EVP_EncryptFinal_ex(cipher, ret + len, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
		ret + FRAMES_BYTES) == 1;

	EVP_CIPHER_CTX_free(cipher);
	return good;
}

/* RFC 9001, 5.4.2: the sample stands where a number of four bytes would end. */
static bool
protect(const struct quic_keys *keys, uint8_t *packet, size_t number_at)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t mask[SAMPLE_BYTES];
	int len = 0;
	bool good = cipher != NULL &&
		    EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), NULL,
			keys->protection, NULL) == 1 &&
		    EVP_EncryptUpdate(cipher, mask, &len,
			packet + number_at + 4, SAMPLE_BYTES) == 1;

	EVP_CIPHER_CTX_free(cipher);
	if (!good)
		return false;
	packet[0] ^= mask[0] & 0x0f;
	packet[number_at] ^= mask[1];
	return true;
}

int
quic_refusal_write(
    const struct quic_hello *quic, uint8_t ret[static QUIC_REFUSAL_BYTES_MAX])
{
	struct str id = { (const char *)quic->id, quic->id_len };
	struct quic_keys keys;

	if (quic_keys_derive(quic->version, id, true, &keys) < 0)
		return -EINVAL;
	size_t len = write_head(quic, ret), number_at = len;
	/* The first number is 0, so that the nonce is the one of the keys. */
	ret[len++] = 0;
	if (!seal(&keys, ret, len, ret + len) ||
	    !protect(&keys, ret, number_at))
		return -EINVAL;
	return (int)(len + FRAMES_BYTES + TAG_BYTES);
}
