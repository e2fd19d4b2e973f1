/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/sha256: the digest of FIPS 180-4, for telling whether a file is whole.
 *
 * Our own, because gatehoused shares no process with a library of ciphers.
 * Plain code, some 200 MB a second: a list of a million lines in 0.1 s.
 */
#ifndef GATEHOUSE_BASE_SHA256_H
#define GATEHOUSE_BASE_SHA256_H

#include "base/str.h"

#define SHA256_BYTES      32
#define SHA256_TEXT_BYTES (2 * SHA256_BYTES + 1)

struct sha256 {
	uint32_t state[8];
	uint64_t bytes; /* so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, struct str s);

/* In hexadecimal, of all that was added; only sha256_init may follow. */
void sha256_format(struct sha256 *sha256, char ret[static SHA256_TEXT_BYTES]);

/* Whether it has the form of one: 64 digits, the letters small. */
bool sha256_is_text(struct str s);

#endif
