/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/hash.h"

#include "base/clock.h"

#include <endian.h>
#include <sys/random.h>

struct state {
	uint64_t a, b, c, d;
};

static uint64_t
turn(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void
mix(struct state *s)
{
	s->a += s->b;
	s->b = turn(s->b, 13) ^ s->a;
	s->a = turn(s->a, 32);
	s->c += s->d;
	s->d = turn(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = turn(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = turn(s->b, 17) ^ s->c;
	s->c = turn(s->c, 32);
}

static void
take(struct state *s, uint64_t word)
{
	s->d ^= word;
	mix(s);
	s->a ^= word;
}

static uint64_t
word_at(const char *at, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, at, len);
	return le64toh(word);
}

struct cache_hash_key
cache_hash_key_random(void)
{
	struct cache_hash_key key;

	/* Early at boot there may be none yet; a guess is better than a wait,
	 * and the next start has a better one. */
	if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != (ssize_t)sizeof(key))
		key = (struct cache_hash_key){ { (uint64_t)clock_wall(),
		    (uint64_t)clock_now() } };
	return key;
}

/* https://www.aumasson.jp/siphash/siphash.pdf, with 1 and 3 rounds. */
uint64_t
cache_hash(const struct cache_hash_key *key, struct str bytes)
{
	struct state s = {
		.a = key->words[0] ^ 0x736f6d6570736575u,
		.b = key->words[1] ^ 0x646f72616e646f6du,
		.c = key->words[0] ^ 0x6c7967656e657261u,
		.d = key->words[1] ^ 0x7465646279746573u,
	};
	size_t at = 0;

	for (; bytes.len - at >= 8; at += 8)
		take(&s, word_at(bytes.at + at, 8));
	uint64_t last =
	    bytes.len == at ? 0 : word_at(bytes.at + at, bytes.len - at);
	take(&s, last | (uint64_t)bytes.len << 56);
	s.c ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
