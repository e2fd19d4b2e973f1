/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is the same for all codings: pool, bounds, promises, ends.
 */
#include "http/coder.h"

#include <errno.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/coder_impl.h"

/* Of each kind: as many contents as one loop mostly has in work at one time. */
#define IDLE_MAX 4

/* What a sink gets at once: a piece of a body. */
#define ROOM_BYTES ((size_t)32 << 10)

/* Of one coding and direction; the last one used is the first. */
struct idle {
	struct http_coder *first;
	unsigned count;
	unsigned fewest; /* since the pool has rested */
};

struct http_coder_pool {
	struct idle idle[HTTP_CODING_COUNT][2];
	size_t idle_bytes;
	char room[ROOM_BYTES]; /* of http_coder_pass */
};

/*
 * A text of 1 GiB may come out.  Pages of zeros and logs of one line shrink by
 * some hundred; nothing larger than a MiB that people read shrinks by more
 * than 256.
 */
const struct http_coder_bounds http_coder_bounds_usual = {
	.bytes_max = (uint64_t)1 << 30,
	.bytes_free = (uint64_t)1 << 20,
	.ratio_max = 256,
};

size_t
http_coder_memory(const struct http_coder *coder)
{
	return coder->ops->memory != NULL ? coder->ops->memory(coder)
					  : coder->memory;
}

/* ---- pool ---- */

static const struct coder_ops *
ops_of(enum http_coding coding, bool decodes)
{
	static const struct coder_ops *const all[HTTP_CODING_COUNT] = {
		[HTTP_CODING_GZIP] = coder_gzip,
		[HTTP_CODING_BR] = coder_brotli,
		[HTTP_CODING_ZSTD] = coder_zstd,
	};

	must(coding < HTTP_CODING_COUNT && all[coding] != NULL);
	return &all[coding][decodes];
}

static void
destroy_coder(struct http_coder *coder)
{
	if (coder == NULL)
		return;
	coder->ops->destroy(coder);
	must(coder->memory == 0);
	free(coder);
}

static struct http_coder *
create_coder(
    struct http_coder_pool *pool, enum http_coding coding, bool decodes)
{
	struct http_coder *coder = calloc(1, sizeof(*coder));

	if (coder == NULL)
		return NULL;
	coder->pool = pool;
	coder->ops = ops_of(coding, decodes);
	coder->coding = (uint8_t)coding;
	coder->decodes = decodes;
	if (coder->ops->create(coder) < 0) {
		destroy_coder(coder);
		return NULL;
	}
	return coder;
}

/* NULL: there is none. */
static struct http_coder *
take_idle(struct http_coder_pool *pool, struct idle *idle)
{
	struct http_coder *coder = idle->first;

	if (coder == NULL)
		return NULL;
	idle->first = coder->next;
	idle->count--;
	if (idle->count < idle->fewest)
		idle->fewest = idle->count;
	pool->idle_bytes -= http_coder_memory(coder);
	return coder;
}

struct http_coder_pool *
http_coder_pool_create(void)
{
	return calloc(1, sizeof(struct http_coder_pool));
}

/* Of each kind those that nobody has needed, or all. */
static void
let_go(struct http_coder_pool *pool, bool all)
{
	for (size_t i = 0; i < 2 * (size_t)HTTP_CODING_COUNT; i++) {
		struct idle *idle = &pool->idle[i / 2][i % 2];
		unsigned left = all ? idle->count : idle->fewest;
		while (left-- > 0)
			destroy_coder(take_idle(pool, idle));
		idle->fewest = idle->count;
	}
}

void
http_coder_pool_rest(struct http_coder_pool *pool)
{
	let_go(pool, false);
}

void
http_coder_pool_destroy(struct http_coder_pool **pool)
{
	if (*pool == NULL)
		return;
	let_go(*pool, true);
	free(*pool);
	*pool = NULL;
}

size_t
http_coder_pool_memory(const struct http_coder_pool *pool)
{
	return pool->idle_bytes;
}

int
http_coder_open(struct http_coder_pool *pool,
    const struct http_coder_want *want, struct http_coder **ret)
{
	const struct http_coder_bounds *bounds = want->bounds;
	struct idle *idle = &pool->idle[want->coding][want->decode];
	struct http_coder *coder = take_idle(pool, idle);

	if (coder == NULL)
		coder = create_coder(pool, want->coding, want->decode);
	if (coder == NULL)
		return -ENOMEM;
	coder->bounds = bounds != NULL ? *bounds : http_coder_bounds_usual;
	coder->taken = coder->made = 0;
	coder->promised = want->decode ? -1 : want->length;
	coder->is_pending = coder->is_done = coder->has_failed = false;
	struct http_coder_want known = *want;
	if (known.level == 0)
		known.level = http_coding_row(want->coding)->level_swift;
	if (coder->ops->begin(coder, &known) < 0) {
		destroy_coder(coder);
		return -ENOMEM;
	}
	*ret = coder;
	return 0;
}

void
http_coder_close(struct http_coder **coder)
{
	struct http_coder *closed = *coder;

	*coder = NULL;
	if (closed == NULL)
		return;
	struct http_coder_pool *pool = closed->pool;
	struct idle *idle = &pool->idle[closed->coding][closed->decodes];
	closed->ops->end(closed);
	size_t bytes = pool->idle_bytes + http_coder_memory(closed);
	if (closed->has_failed || idle->count >= IDLE_MAX ||
	    bytes > HTTP_CODER_IDLE_BYTES_MAX) {
		destroy_coder(closed);
		return;
	}
	pool->idle_bytes = bytes;
	closed->next = idle->first;
	idle->first = closed;
	idle->count++;
}

/* ---- content ---- */

/* What was promised to the library and to whoever reads Content-Length. */
static int
check_promise(const struct http_coder *coder)
{
	if (coder->promised < 0)
		return 0;
	uint64_t promised = (uint64_t)coder->promised;
	return coder->taken > promised ||
		       (coder->is_done && coder->taken < promised)
		   ? -EBADMSG
		   : 0;
}

static int
check_bounds(const struct http_coder *coder)
{
	const struct http_coder_bounds *bounds = &coder->bounds;

	if (coder->made > bounds->bytes_max)
		return -EFBIG;
	return coder->made > bounds->bytes_free &&
		       coder->made / bounds->ratio_max > coder->taken
		   ? -EFBIG
		   : 0;
}

/* The input has ended: the coding must have, too. */
static int
check_end(struct http_coder *coder, struct str input)
{
	if (coder->taken == 0)
		coder->is_done = true;
	return input.len == 0 && !coder->is_pending && !coder->is_done
		   ? -EBADMSG
		   : 0;
}

static int
check(struct http_coder *coder, struct str input, enum http_coder_flow flow)
{
	if (!coder->decodes)
		return check_promise(coder);
	int rc = check_bounds(coder);
	return rc == 0 && flow == HTTP_CODER_END ? check_end(coder, input) : rc;
}

/* A decoder without input that owes nothing has nothing to do. */
static bool
is_idle(const struct http_coder *coder, struct str input)
{
	return input.len == 0 &&
	       (coder->is_done || (coder->decodes && !coder->is_pending));
}

ssize_t
http_coder_code(struct http_coder *coder, struct str *input,
    enum http_coder_flow flow, char *room, size_t room_bytes)
{
	size_t before = input->len;
	ssize_t made = 0;

	must(!coder->has_failed && room_bytes > 0);
	if (!is_idle(coder, *input))
		made = coder->ops->step(coder, input, flow, room, room_bytes);
	if (made >= 0) {
		coder->taken += before - input->len;
		coder->made += (uint64_t)made;
		int rc = check(coder, *input, flow);
		made = rc < 0 ? rc : made;
	}
	coder->has_failed = made < 0;
	return made;
}

int
http_coder_pass(struct http_coder *coder, struct str input,
    enum http_coder_flow flow, http_coder_sink_fn sink, void *context)
{
	char *room = coder->pool->room;
	int rc = 0;

	do {
		ssize_t made =
		    http_coder_code(coder, &input, flow, room, ROOM_BYTES);
		if (made < 0)
			return (int)made;
		if (made > 0)
			rc = sink(context, (struct str){ room, (size_t)made });
	} while (rc >= 0 && (input.len > 0 || http_coder_is_pending(coder)));
	return rc < 0 ? rc : 0;
}

bool
http_coder_is_pending(const struct http_coder *coder)
{
	return coder->is_pending;
}

bool
http_coder_is_done(const struct http_coder *coder)
{
	return coder->is_done;
}
