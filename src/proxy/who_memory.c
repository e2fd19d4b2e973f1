/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/who_memory.h"

#include "proxy/who.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

int
who_memory_init(struct who_memory *memory)
{
	memset(memory, 0, sizeof(*memory));
	return RAND_bytes(memory->key, sizeof(memory->key)) == 1 ? 0 : -EIO;
}

void
who_memory_fini(struct who_memory *memory)
{
	explicit_bzero(memory, sizeof(*memory));
}

/* Each with its length, so that no two questions have the same bytes. */
static size_t
add(char *to, size_t at, struct str text)
{
	to[at] = (char)(text.len >> 8);
	to[at + 1] = (char)(text.len & 0xff);
	if (text.len > 0)
		memcpy(to + at + 2, text.at, text.len);
	return at + 2 + text.len;
}

void
who_memory_digest(const struct who_memory *memory,
    const struct credentials *credentials, struct str hash,
    struct who_digest *ret)
{
	struct str name = { credentials->name, credentials->name_len };
	struct str password = { credentials->password,
		credentials->password_len };
	char bytes[2 * (CREDENTIALS_TEXT_MAX + 2) + 2 + POLICY_HASH_MAX];
	unsigned len = 0;
	size_t count = add(bytes, 0, name);

	count = add(bytes, count, password);
	if (hash.len > POLICY_HASH_MAX)
		hash.len = POLICY_HASH_MAX;
	count = add(bytes, count, hash);
	memset(ret, 0, sizeof(*ret));
	(void)HMAC(EVP_sha256(), memory->key, WHO_KEY_BYTES,
	    (const unsigned char *)bytes, count, ret->bytes, &len);
	explicit_bzero(bytes, sizeof(bytes));
}

/* ---- who was right ---- */

static size_t
set_of_digest(const struct who_digest *digest)
{
	return (size_t)(digest->bytes[0] | digest->bytes[1] << 8) %
	       WHO_RIGHT_SETS;
}

bool
who_memory_knows(const struct who_memory *memory,
    const struct who_digest *digest, int64_t now)
{
	const struct who_right *set = memory->right[set_of_digest(digest)];
	bool found = false;

	for (size_t i = 0; i < WHO_WAYS; i++)
		found |= CRYPTO_memcmp(set[i].digest.bytes, digest->bytes,
			     WHO_DIGEST_BYTES) == 0 &&
			 now < set[i].until;
	return found;
}

void
who_memory_keep(
    struct who_memory *memory, const struct who_digest *digest, int64_t now)
{
	struct who_right *set = memory->right[set_of_digest(digest)];
	struct who_right *oldest = set;

	for (size_t i = 1; i < WHO_WAYS; i++)
		if (set[i].until < oldest->until)
			oldest = &set[i];
	*oldest = (struct who_right){ *digest, now + WHO_REMEMBERED };
}

void
who_memory_forget(struct who_memory *memory)
{
	explicit_bzero(memory->right, sizeof(memory->right));
}

/* ---- who is wrong ---- */

static size_t
set_of_address(const struct who_memory *memory, struct address from)
{
	struct str bytes = { (const char *)from.bytes, sizeof(from.bytes) };
	uint64_t seed;

	memcpy(&seed, memory->key, sizeof(seed));
	return str_hash(bytes, seed) % WHO_WRONG_SETS;
}

static bool
is_about(const struct who_wrong *wrong, struct address from, int64_t now)
{
	return now < wrong->until && address_eq(wrong->from, from);
}

bool
who_memory_is_throttled(
    const struct who_memory *memory, struct address from, int64_t now)
{
	from = address_source(from);
	const struct who_wrong *set =
	    memory->wrong[set_of_address(memory, from)];

	for (size_t i = 0; i < WHO_WAYS; i++)
		if (is_about(&set[i], from, now))
			return set[i].count >= WHO_WRONG_MAX;
	return false;
}

void
who_memory_count_wrong(
    struct who_memory *memory, struct address from, int64_t now)
{
	from = address_source(from);
	struct who_wrong *set = memory->wrong[set_of_address(memory, from)];
	struct who_wrong *oldest = set;

	for (size_t i = 0; i < WHO_WAYS; i++) {
		if (is_about(&set[i], from, now)) {
			set[i].count++;
			return;
		}
		if (set[i].until < oldest->until)
			oldest = &set[i];
	}
	*oldest = (struct who_wrong){ from, 1, now + WHO_WRONG_TIME };
}
