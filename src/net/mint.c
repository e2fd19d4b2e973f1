/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/mint_impl.h"

#include "base/hostname.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#define RSA_BITS     2048
#define DIGEST_BYTES 32
#define BUCKETS      1024 /* a power of two */

/* By what it is known. */
struct entry_key {
	char host[HOSTNAME_MAX + 1];
	size_t host_len;
	unsigned char like[DIGEST_BYTES]; /* zero: like none */
};

struct entry {
	struct entry *next;     /* in its bucket */
	TAILQ_ENTRY(entry) age; /* by when it was asked for */
	struct entry_key key;
	int64_t born;                     /* clock_wall */
	struct tls_identity *ecdsa, *rsa; /* references; rsa may be NULL */
};

struct mint {
	unsigned refs; /* atomic */
	struct authority *authority;
	EVP_PKEY *ecdsa;
	struct mint_stock *stock; /* of that key; NULL: there is none */
	pthread_t maker;          /* of the RSA key */
	bool has_maker;
	pthread_mutex_t lock; /* of the rest */
	EVP_PKEY *rsa;        /* NULL: not made yet */
	struct entry *buckets[BUCKETS];
	TAILQ_HEAD(entries, entry) by_age; /* the newest first */
	size_t count;
	uint64_t made, kept;
};

static void *
make_rsa(void *context)
{
	struct mint *mint = context;
	EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);

	ERR_clear_error();
	(void)pthread_mutex_lock(&mint->lock);
	mint->rsa = key;
	(void)pthread_mutex_unlock(&mint->lock);
	return NULL;
}

struct mint *
mint_create(struct authority *authority)
{
	struct mint *mint = calloc(1, sizeof(*mint));

	if (mint == NULL)
		return NULL;
	mint->refs = 1;
	mint->authority = authority_ref(authority);
	(void)pthread_mutex_init(&mint->lock, NULL);
	TAILQ_INIT(&mint->by_age);
	mint->ecdsa = EVP_EC_gen("P-256");
	mint->has_maker = mint->ecdsa != NULL && pthread_create(&mint->maker,
						     NULL, make_rsa, mint) == 0;
	if (mint->ecdsa == NULL) {
		mint_unref(mint);
		return NULL;
	}
	mint->stock = mint_stock_create(authority, mint->ecdsa);
	return mint;
}

struct mint *
mint_ref(struct mint *mint)
{
	(void)__atomic_add_fetch(&mint->refs, 1, __ATOMIC_RELAXED);
	return mint;
}

static void
free_entry(struct entry *entry)
{
	if (entry == NULL)
		return;
	tls_identity_unref(entry->ecdsa);
	tls_identity_unref(entry->rsa);
	free(entry);
}

void
mint_unref(struct mint *mint)
{
	struct entry *entry;

	if (mint == NULL ||
	    __atomic_sub_fetch(&mint->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (mint->has_maker)
		(void)pthread_join(mint->maker, NULL);
	while ((entry = TAILQ_FIRST(&mint->by_age)) != NULL) {
		TAILQ_REMOVE(&mint->by_age, entry, age);
		free_entry(entry);
	}
	mint_stock_destroy(mint->stock);
	EVP_PKEY_free(mint->ecdsa);
	EVP_PKEY_free(mint->rsa);
	authority_unref(mint->authority);
	(void)pthread_mutex_destroy(&mint->lock);
	free(mint);
}

const struct authority *
mint_authority(const struct mint *mint)
{
	return mint->authority;
}

void
mint_count(struct mint *mint, uint64_t *ret_made, uint64_t *ret_kept)
{
	(void)pthread_mutex_lock(&mint->lock);
	*ret_made = mint->made;
	*ret_kept = mint->kept;
	(void)pthread_mutex_unlock(&mint->lock);
}

/* ---- what was made, under the lock ---- */

static size_t
bucket_of(const struct entry_key *key)
{
	struct str host = { key->host, key->host_len };

	return (size_t)(str_hash(host, 0) & (BUCKETS - 1));
}

static bool
is_key(const struct entry_key *a, const struct entry_key *b)
{
	return a->host_len == b->host_len &&
	       memcmp(a->host, b->host, a->host_len) == 0 &&
	       memcmp(a->like, b->like, DIGEST_BYTES) == 0;
}

static void
take_out(struct mint *mint, struct entry *entry)
{
	struct entry **link = &mint->buckets[bucket_of(&entry->key)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	TAILQ_REMOVE(&mint->by_age, entry, age);
	mint->count--;
	free_entry(entry);
}

static struct entry *
find(struct mint *mint, const struct entry_key *key)
{
	struct entry *entry = mint->buckets[bucket_of(key)];

	while (entry != NULL && !is_key(&entry->key, key))
		entry = entry->next;
	return entry;
}

/* Until when clients may be shown it: then it is made anew, by what the CA and
 * the server have then. */
#define FRESH ((int64_t)3600 * CLOCK_SECOND)

/* One that was made without the key for others is made again, and so is one of
 * a time that was wrong, and is still to come. */
static bool
is_usable(const struct mint *mint, const struct entry *entry,
    const struct mint_order *order, int64_t now)
{
	return now >= entry->born && now - entry->born < FRESH &&
	       (!order->rsa_too || entry->rsa != NULL || mint->rsa == NULL);
}

static bool
take_kept(struct mint *mint, const struct entry_key *key,
    const struct mint_order *order, int64_t now, struct tls_identity **ret,
    struct tls_identity **ret_other)
{
	(void)pthread_mutex_lock(&mint->lock);
	struct entry *entry = find(mint, key);
	bool usable = entry != NULL && is_usable(mint, entry, order, now);
	if (usable) {
		TAILQ_REMOVE(&mint->by_age, entry, age);
		TAILQ_INSERT_HEAD(&mint->by_age, entry, age);
		*ret = tls_identity_ref(entry->ecdsa);
		*ret_other =
		    entry->rsa != NULL ? tls_identity_ref(entry->rsa) : NULL;
		mint->kept++;
	}
	(void)pthread_mutex_unlock(&mint->lock);
	return usable;
}

static void
keep(struct mint *mint, struct entry *entry)
{
	(void)pthread_mutex_lock(&mint->lock);
	struct entry *before = find(mint, &entry->key);
	if (before != NULL)
		take_out(mint, before);
	if (mint->count == MINT_KEPT_MAX)
		take_out(mint, TAILQ_LAST(&mint->by_age, entries));
	struct entry **bucket = &mint->buckets[bucket_of(&entry->key)];
	entry->next = *bucket;
	*bucket = entry;
	TAILQ_INSERT_HEAD(&mint->by_age, entry, age);
	mint->count++;
	mint->made++;
	(void)pthread_mutex_unlock(&mint->lock);
}

/* ---- making ---- */

static int
make_one(struct mint *mint, EVP_PKEY *key, const struct mint_order *order,
    struct tls_identity **ret)
{
	X509 *made = key == mint->ecdsa ? mint_stock_take(mint->stock) : NULL;

	if (made == NULL)
		made = mint_blank(mint->authority, key);
	if (made == NULL)
		return -ENOMEM;
	int rc = mint_sign(mint->authority, made, order);
	if (rc == 0)
		*ret = tls_identity_of(made, NULL, key);
	X509_free(made);
	return rc == 0 && *ret == NULL ? -ENOMEM : rc;
}

static EVP_PKEY *
rsa_of(struct mint *mint)
{
	(void)pthread_mutex_lock(&mint->lock);
	EVP_PKEY *key = mint->rsa;
	(void)pthread_mutex_unlock(&mint->lock);
	return key;
}

static int
make_entry(struct mint *mint, const struct entry_key *key,
    const struct mint_order *order, int64_t now, struct entry **ret)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	EVP_PKEY *rsa = order->rsa_too ? rsa_of(mint) : NULL;

	if (entry == NULL)
		return -ENOMEM;
	entry->key = *key;
	entry->born = now;
	int rc = make_one(mint, mint->ecdsa, order, &entry->ecdsa);
	if (rc == 0 && rsa != NULL)
		rc = make_one(mint, rsa, order, &entry->rsa);
	if (rc < 0) {
		free_entry(entry);
		return rc;
	}
	*ret = entry;
	return 0;
}

static bool
make_key(const struct mint_order *order, struct entry_key *ret)
{
	unsigned len = 0;

	*ret = (struct entry_key){ 0 };
	if (order->host.len > HOSTNAME_MAX)
		return false;
	memcpy(ret->host, order->host.at, order->host.len);
	ret->host_len = order->host.len;
	return order->like == NULL ||
	       X509_digest(order->like, EVP_sha256(), ret->like, &len) == 1;
}

int
mint_make(struct mint *mint, const struct mint_order *order,
    struct tls_identity **ret, struct tls_identity **ret_other)
{
	int64_t now = clock_wall();
	struct entry_key key;
	struct entry *entry;

	if (!make_key(order, &key))
		return -EINVAL;
	if (take_kept(mint, &key, order, now, ret, ret_other))
		return 0;
	int rc = make_entry(mint, &key, order, now, &entry);
	if (rc < 0)
		return rc;
	*ret = tls_identity_ref(entry->ecdsa);
	*ret_other = entry->rsa != NULL ? tls_identity_ref(entry->rsa) : NULL;
	keep(mint, entry);
	return 0;
}
