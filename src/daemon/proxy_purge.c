/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_purge: what is thrown out of the cache, as an administrator says
 * it.
 */
#include "daemon/proxy_impl.h"

#include "cache/disk.h"
#include "cache/key.h"

#include <errno.h>

/*
 * A URL as people write it, to the key as the cache has it; of a prefix so far
 * as it goes.
 */
static int
read_url(const char *url, struct text *ret)
{
	struct http_uri uri;
	struct arena arena;
	enum http_fault fault;

	arena_init(&arena, CHANNEL_PATH_BYTES * 2);
	int rc = http_uri_parse(str_of(url), &arena, &uri, &fault);
	if (rc == 0)
		cache_key_add(&uri, (struct address_port){ 0 }, ret);
	arena_fini(&arena);
	return rc < 0 ? -EINVAL : ret->full ? -ENOMEM : 0;
}

/* Also what is kept for those who dialled the server themselves (cache/key). */
static int64_t
purge_url(struct cache *cache, const char *url)
{
	struct text key = TEXT_EMPTY;
	int64_t count = read_url(url, &key), more;

	if (count == 0)
		count = cache_purge(cache, CACHE_PURGE_KEY, text_str(&key));
	text_addc(&key, '\n');
	if (count >= 0) {
		more = cache_purge(cache, CACHE_PURGE_PREFIX, text_str(&key));
		count = more < 0 ? more : count + more;
	}
	text_fini(&key);
	return count;
}

static int64_t
purge_prefix(struct cache *cache, const char *url)
{
	struct text key = TEXT_EMPTY;
	int64_t count = read_url(url, &key);

	if (count == 0)
		count = cache_purge(cache, CACHE_PURGE_PREFIX, text_str(&key));
	text_fini(&key);
	return count;
}

int
proxy_purge(struct proxy *proxy, const struct channel_purge *wish)
{
	struct channel_message answer = { .type = CHANNEL_PURGED };
	struct cache *cache = workers_cache(proxy->workers);

	if (cache == NULL)
		return proxy_send(&answer);
	if (wish->kind == CACHE_PURGE_KEY)
		answer.purged = purge_url(cache, wish->what);
	else if (wish->kind == CACHE_PURGE_PREFIX)
		answer.purged = purge_prefix(cache, wish->what);
	else
		answer.purged = cache_purge(cache,
		    (enum cache_purge_kind)wish->kind, str_of(wish->what));
	/* What was purged stays so if the power fails now. */
	cache_disk_flush(cache);
	return proxy_send(&answer);
}
