/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sha256.h"

/* FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf,
	0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
	0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2 };

static uint32_t
turn(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

static uint32_t
big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

/* 6.2.2, 1: the block's words, and 48 more made of them. */
static void
schedule(const uint8_t *block, uint32_t ret[static 64])
{
	for (unsigned i = 0; i < 16; i++)
		ret[i] = big_endian(block + 4 * (size_t)i);
	for (unsigned i = 16; i < 64; i++) {
		uint32_t a = ret[i - 15], b = ret[i - 2];
		uint32_t low = turn(a, 7) ^ turn(a, 18) ^ a >> 3;
		uint32_t high = turn(b, 17) ^ turn(b, 19) ^ b >> 10;
		ret[i] = high + ret[i - 7] + low + ret[i - 16];
	}
}

/* 6.2.2, 2 to 4; the letters are the standard's. */
static void
take_block(struct sha256 *sha256, const uint8_t *block)
{
	uint32_t words[64], s[8];

	schedule(block, words);
	memcpy(s, sha256->state, sizeof(s));
	for (unsigned i = 0; i < 64; i++) {
		uint32_t a = s[0], b = s[1], c = s[2];
		uint32_t e = s[4], f = s[5], g = s[6];
		uint32_t t1 = s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
			      ((e & f) ^ (~e & g)) + constants[i] + words[i];
		uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
			      ((a & b) ^ (a & c) ^ (b & c));
		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		sha256->state[i] += s[i];
}

void
sha256_init(struct sha256 *sha256)
{
	*sha256 = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85,
				       0x3c6ef372, 0xa54ff53a, 0x510e527f,
				       0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void
sha256_add(struct sha256 *sha256, struct str s)
{
	size_t held = sha256->bytes % sizeof(sha256->block);

	sha256->bytes += s.len;
	while (s.len > 0) {
		size_t len = sizeof(sha256->block) - held;
		len = s.len < len ? s.len : len;
		memcpy(sha256->block + held, s.at, len);
		s = str_skip(s, len);
		held += len;
		if (held < sizeof(sha256->block))
			return;
		take_block(sha256, sha256->block);
		held = 0;
	}
}

/* 5.1.1: a one, zeros up to the last eight bytes of a block, the bits. */
static void
pad(struct sha256 *sha256)
{
	static const char padding[64] = "\x80";
	uint64_t bits = sha256->bytes * 8;
	size_t held = sha256->bytes % 64;
	char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (char)(bits >> (56 - 8 * i));
	sha256_add(sha256, (struct str){ padding, (119 - held) % 64 + 1 });
	sha256_add(sha256, (struct str){ length, sizeof(length) });
}

void
sha256_format(struct sha256 *sha256, char ret[static SHA256_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	pad(sha256);
	for (unsigned i = 0; i < SHA256_TEXT_BYTES - 1; i++)
		ret[i] =
		    digits[sha256->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
	ret[SHA256_TEXT_BYTES - 1] = '\0';
}

bool
sha256_is_text(struct str s)
{
	if (s.len != SHA256_TEXT_BYTES - 1)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.at[i]) &&
		    (s.at[i] < 'a' || s.at[i] > 'f'))
			return false;
	return true;
}
