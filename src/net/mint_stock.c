/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/mint_stock: certificates that lack only whose they are.
 *
 * To put a key into one is what takes long: OpenSSL 3.0 writes and reads it
 * again, by a search among all that it can read, for half a millisecond.  So a
 * thread of its own keeps a few ready, and goes on whenever one is taken; in a
 * burst of more, who finds none makes his own.
 */
#include "net/mint_impl.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>

/* Those of a page that a browser opens for the first time; 4 KiB each. */
#define BLANKS_MAX 32

struct mint_stock {
	const struct authority *authority;
	EVP_PKEY *key;
	pthread_t thread;
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t taken;
	X509 *blanks[BLANKS_MAX];
	size_t count;
	bool ends;
};

/* Whether there is room for one more; false: it is the end. */
static bool
await_room(struct mint_stock *stock)
{
	(void)pthread_mutex_lock(&stock->lock);
	while (!stock->ends && stock->count == BLANKS_MAX)
		(void)pthread_cond_wait(&stock->taken, &stock->lock);
	bool goes_on = !stock->ends;
	(void)pthread_mutex_unlock(&stock->lock);
	return goes_on;
}

/* Without memory it gives up, for it would try without end. */
static void *
run(void *context)
{
	struct mint_stock *stock = context;

	while (await_room(stock)) {
		X509 *blank = mint_blank(stock->authority, stock->key);
		ERR_clear_error();
		if (blank == NULL)
			break;
		(void)pthread_mutex_lock(&stock->lock);
		stock->blanks[stock->count++] = blank;
		(void)pthread_mutex_unlock(&stock->lock);
	}
	return NULL;
}

struct mint_stock *
mint_stock_create(const struct authority *authority, EVP_PKEY *key)
{
	struct mint_stock *stock = calloc(1, sizeof(*stock));

	if (stock == NULL)
		return NULL;
	stock->authority = authority;
	stock->key = key;
	(void)pthread_mutex_init(&stock->lock, NULL);
	(void)pthread_cond_init(&stock->taken, NULL);
	if (pthread_create(&stock->thread, NULL, run, stock) == 0)
		return stock;
	(void)pthread_cond_destroy(&stock->taken);
	(void)pthread_mutex_destroy(&stock->lock);
	free(stock);
	return NULL;
}

void
mint_stock_destroy(struct mint_stock *stock)
{
	if (stock == NULL)
		return;
	(void)pthread_mutex_lock(&stock->lock);
	stock->ends = true;
	(void)pthread_cond_signal(&stock->taken);
	(void)pthread_mutex_unlock(&stock->lock);
	(void)pthread_join(stock->thread, NULL);
	while (stock->count > 0)
		X509_free(stock->blanks[--stock->count]);
	(void)pthread_cond_destroy(&stock->taken);
	(void)pthread_mutex_destroy(&stock->lock);
	free(stock);
}

X509 *
mint_stock_take(struct mint_stock *stock)
{
	X509 *blank = NULL;

	if (stock == NULL)
		return NULL;
	(void)pthread_mutex_lock(&stock->lock);
	if (stock->count > 0)
		blank = stock->blanks[--stock->count];
	(void)pthread_cond_signal(&stock->taken);
	(void)pthread_mutex_unlock(&stock->lock);
	return blank;
}
