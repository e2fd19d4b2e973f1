/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A refusal, opened as the client opens it; a true client reads it in
 * tests/story/test_0230_quic.py.
 */
#include "net/quic_refusal.h"

#include "harness.h"
#include "quic_packets.h"

/* Where the number stands: behind both ids, the token and the length. */
static size_t
number_at(const struct quic_hello *quic)
{
	return 1 + 4 + 1 + quic->source_len + 1 + quic->id_len + 1 + 1;
}

static void
open_it(const struct quic_hello *quic, uint8_t *packet, size_t len,
    uint8_t *ret_frames)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	struct quic_keys keys;
	size_t at = number_at(quic);
	int made = 0;

	assert_int_equal(
	    quic_keys_derive(quic->version,
		(struct str){ (const char *)quic->id, quic->id_len }, true,
		&keys),
	    0);
	quic_mask(&keys, packet, packet + at, 1);
	assert_int_equal(packet[0] & 0x0f, 0);
	assert_int_equal(packet[at], 0);
	size_t frames_len = len - at - 1 - 16;
	assert_int_equal(packet[at - 1], len - at);
	assert_int_equal(EVP_DecryptInit_ex(cipher, EVP_aes_128_gcm(), NULL,
			     keys.key, keys.iv),
	    1);
	assert_int_equal(
	    EVP_DecryptUpdate(cipher, NULL, &made, packet, (int)at + 1), 1);
	assert_int_equal(EVP_DecryptUpdate(cipher, ret_frames, &made,
			     packet + at + 1, (int)frames_len),
	    1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, 16,
			     packet + len - 16),
	    1);
	assert_int_equal(
	    EVP_DecryptFinal_ex(cipher, ret_frames + made, &made), 1);
	EVP_CIPHER_CTX_free(cipher);
}

static void
what_the_client_reads(void **state)
{
	static const struct {
		uint32_t version;
		size_t id_len, source_len;
		uint8_t type;
	} rows[] = {
		{ QUIC_VERSION_1, 8, 8, 0xc0 },
		{ QUIC_VERSION_1, 20, 0, 0xc0 },
		{ QUIC_VERSION_1, 0, 20, 0xc0 },
		{ QUIC_VERSION_2, 20, 20, 0xd0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct quic_hello quic = { .version = rows[i].version,
			.id_len = rows[i].id_len,
			.source_len = rows[i].source_len };
		uint8_t packet[QUIC_REFUSAL_BYTES_MAX], frames[64];
		memset(quic.id, 'i', sizeof(quic.id));
		memset(quic.source, 's', sizeof(quic.source));
		int len = quic_refusal_write(&quic, packet);
		assert_in_range(len, 40, QUIC_REFUSAL_BYTES_MAX);
		open_it(&quic, packet, (size_t)len, frames);
		assert_int_equal(packet[0], rows[i].type);
		/* Addressed by the client's own id. */
		assert_int_equal(packet[5], rows[i].source_len);
		assert_memory_equal(
		    &packet[6], quic.source, rows[i].source_len);
		assert_memory_equal(frames, "\x1c\x02\0\0", 4);
	}
}

static void
of_nobody(void **state)
{
	uint8_t packet[QUIC_REFUSAL_BYTES_MAX];
	struct quic_hello nothing = { .version = 0 };

	(void)state;
	assert_int_equal(quic_refusal_write(&nothing, packet), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_client_reads),
		cmocka_unit_test(of_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
