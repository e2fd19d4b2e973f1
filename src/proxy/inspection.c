/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/inspection.h"

#include "proxy/limits.h"

#include <assert.h>
#include <errno.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>

#define BUCKETS    256 /* a power of two */
#define NEIGHBOURS 4

/* What a server has shown is taken for what it shows for so long. */
#define SEEN ((int64_t)3600 * CLOCK_SECOND)

struct origin {
	char host[HOSTNAME_MAX + 1];
	size_t host_len; /* 0: a free place */
	int64_t used, seen_at;
	struct tls_peer *peer;       /* NULL: not spoken with yet */
	struct x509_st *certificate; /* NULL: not seen */
};

struct pin {
	char host[HOSTNAME_MAX + 1];
	size_t host_len;
	uint8_t zone;
	int64_t until; /* 0: a free place */
};

struct inspection {
	unsigned refs; /* atomic */
	struct mint *mint;
	struct tls_server *server;
	struct tls_settings *settings;
	uint64_t signs, trusts; /* by which it is known again */
	pthread_mutex_t lock;   /* of the rest */
	struct origin origins[BUCKETS][NEIGHBOURS];
	struct pin pins[BUCKETS][NEIGHBOURS];
};

static const char no_memory[] = "there is no memory to open TLS with";

static const char *
sign_by(struct inspection *inspection, const struct policy *policy)
{
	const char *why;
	struct authority *authority = authority_read(policy->ca.pem, &why);

	if (authority == NULL)
		return why;
	inspection->mint = mint_create(authority);
	authority_unref(authority);
	inspection->server = tls_server_create();
	return inspection->mint == NULL || inspection->server == NULL
		   ? no_memory
		   : NULL;
}

static const char *
trust_whom(struct inspection *inspection, const struct policy *policy)
{
	const struct str system = { NULL, 0 };
	const char *why;

	inspection->settings = tls_settings_create(system, &why);
	if (inspection->settings == NULL || policy->trust.pem.at == NULL)
		return inspection->settings == NULL ? why : NULL;
	return tls_settings_trust(inspection->settings, policy->trust.pem);
}

static int
fill(struct inspection *inspection, const struct policy *policy,
    struct text *reterr_why)
{
	const char *why = sign_by(inspection, policy);

	if (why != NULL) {
		text_addf(reterr_why, "%.*s cannot be the CA: %s",
		    STR_ARG(policy->ca.file), why);
		return -EINVAL;
	}
	why = trust_whom(inspection, policy);
	if (why == NULL)
		return 0;
	text_addf(reterr_why, "%.*s cannot be trusted: %s",
	    STR_ARG(policy->trust.file.at != NULL ? policy->trust.file
						  : STR("the system")),
	    why);
	return -EINVAL;
}

struct inspection *
inspection_create(const struct policy *policy, struct inspection *before,
    struct text *reterr_why)
{
	uint64_t signs = str_hash(policy->ca.pem, 0);
	uint64_t trusts = str_hash(policy->trust.pem, 0);
	struct inspection *inspection;

	if (before != NULL && before->signs == signs &&
	    before->trusts == trusts)
		return inspection_ref(before);
	inspection = calloc(1, sizeof(*inspection));
	if (inspection == NULL) {
		text_addz(reterr_why, no_memory);
		return NULL;
	}
	inspection->refs = 1;
	inspection->signs = signs;
	inspection->trusts = trusts;
	(void)pthread_mutex_init(&inspection->lock, NULL);
	if (fill(inspection, policy, reterr_why) == 0)
		return inspection;
	inspection_unref(inspection);
	return NULL;
}

struct inspection *
inspection_ref(struct inspection *inspection)
{
	(void)__atomic_add_fetch(&inspection->refs, 1, __ATOMIC_RELAXED);
	return inspection;
}

static void
forget(struct origin *origin)
{
	tls_peer_unref(origin->peer);
	X509_free(origin->certificate);
	*origin = (struct origin){ 0 };
}

void
inspection_unref(struct inspection *inspection)
{
	if (inspection == NULL ||
	    __atomic_sub_fetch(&inspection->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (size_t j = 0; j < NEIGHBOURS; j++)
			forget(&inspection->origins[i][j]);
	mint_unref(inspection->mint);
	tls_server_unref(inspection->server);
	tls_settings_unref(inspection->settings);
	(void)pthread_mutex_destroy(&inspection->lock);
	free(inspection);
}

struct mint *
inspection_mint(struct inspection *inspection)
{
	return inspection->mint;
}

struct tls_server *
inspection_server(struct inspection *inspection)
{
	return inspection->server;
}

uint64_t
inspection_trust(const struct inspection *inspection)
{
	return inspection->trusts;
}

/* ---- origins, under the lock ---- */

static bool
is_host(const char *at, size_t len, struct str host)
{
	return len == host.len && memcmp(at, host.at, len) == 0;
}

/* Its place, made if there is none yet. */
static struct origin *
place_of(struct inspection *inspection, struct str host)
{
	struct origin *bucket =
	    inspection->origins[str_hash(host, 0) & (BUCKETS - 1)];
	struct origin *oldest = bucket;

	for (size_t i = 0; i < NEIGHBOURS; i++) {
		if (is_host(bucket[i].host, bucket[i].host_len, host))
			return &bucket[i];
		if (bucket[i].used < oldest->used)
			oldest = &bucket[i];
	}
	forget(oldest);
	memcpy(oldest->host, host.at, host.len);
	oldest->host_len = host.len;
	return oldest;
}

static struct origin *
use(struct inspection *inspection, struct str host)
{
	struct origin *origin = place_of(inspection, host);

	origin->used = clock_now();
	return origin;
}

struct tls_peer *
inspection_peer(
    struct inspection *inspection, struct str host, struct address address)
{
	char text[ADDRESS_TEXT_BYTES];
	struct str key = host;
	struct tls_peer *peer;

	if (host.at == NULL)
		key = str_of(address_format(address, text));
	if (key.len > HOSTNAME_MAX)
		return NULL;
	(void)pthread_mutex_lock(&inspection->lock);
	struct origin *origin = use(inspection, key);
	if (origin->peer == NULL)
		origin->peer =
		    tls_peer_create(inspection->settings, host, address);
	peer = origin->peer != NULL ? tls_peer_ref(origin->peer) : NULL;
	(void)pthread_mutex_unlock(&inspection->lock);
	return peer;
}

struct x509_st *
inspection_seen(struct inspection *inspection, struct str host)
{
	struct x509_st *certificate = NULL;

	if (host.len > HOSTNAME_MAX)
		return NULL;
	(void)pthread_mutex_lock(&inspection->lock);
	struct origin *origin = use(inspection, host);
	if (origin->certificate != NULL &&
	    origin->used < origin->seen_at + SEEN &&
	    X509_up_ref(origin->certificate) == 1)
		certificate = origin->certificate;
	(void)pthread_mutex_unlock(&inspection->lock);
	return certificate;
}

void
inspection_note_seen(
    struct inspection *inspection, struct str host, struct x509_st *certificate)
{
	if (host.len > HOSTNAME_MAX || X509_up_ref(certificate) != 1)
		return;
	(void)pthread_mutex_lock(&inspection->lock);
	struct origin *origin = use(inspection, host);
	X509_free(origin->certificate);
	origin->certificate = certificate;
	origin->seen_at = origin->used;
	(void)pthread_mutex_unlock(&inspection->lock);
}

/* ---- pins ---- */

static_assert(BUCKETS * NEIGHBOURS == PROXY_PINS_MAX, "as it says");

static struct pin *
pins_of(struct inspection *inspection, uint8_t zone, struct str host)
{
	return inspection->pins[str_hash(host, zone) & (BUCKETS - 1)];
}

static bool
is_pin(const struct pin *pin, uint8_t zone, struct str host)
{
	return pin->zone == zone && is_host(pin->host, pin->host_len, host);
}

void
inspection_note_pinned(
    struct inspection *inspection, uint8_t zone, struct str host)
{
	struct pin *bucket = pins_of(inspection, zone, host), *place = bucket;

	if (host.len > HOSTNAME_MAX)
		return;
	(void)pthread_mutex_lock(&inspection->lock);
	for (size_t i = 0; i < NEIGHBOURS; i++) {
		if (is_pin(&bucket[i], zone, host)) {
			place = &bucket[i];
			break;
		}
		if (bucket[i].until < place->until)
			place = &bucket[i];
	}
	*place = (struct pin){ .host_len = host.len,
		.zone = zone,
		.until = clock_now() + INSPECTION_PINNED };
	memcpy(place->host, host.at, host.len);
	(void)pthread_mutex_unlock(&inspection->lock);
}

bool
inspection_is_pinned(
    struct inspection *inspection, uint8_t zone, struct str host)
{
	const struct pin *bucket = pins_of(inspection, zone, host);
	int64_t now = clock_now();
	bool found = false;

	(void)pthread_mutex_lock(&inspection->lock);
	for (size_t i = 0; i < NEIGHBOURS; i++)
		found |=
		    now < bucket[i].until && is_pin(&bucket[i], zone, host);
	(void)pthread_mutex_unlock(&inspection->lock);
	return found;
}

static void
tell(const struct pin *pin, int64_t now, struct inspection_pin *ret)
{
	*ret = (struct inspection_pin){ .zone = pin->zone,
		.left = pin->until - now };
	memcpy(ret->host, pin->host, pin->host_len);
}

size_t
inspection_pins(struct inspection *inspection, size_t *place,
    struct inspection_pin *to, size_t room)
{
	const struct pin *pins = &inspection->pins[0][0];
	int64_t now = clock_now();
	size_t count = 0;

	(void)pthread_mutex_lock(&inspection->lock);
	for (; count < room && *place < PROXY_PINS_MAX; ++*place)
		if (now < pins[*place].until)
			tell(&pins[*place], now, &to[count++]);
	(void)pthread_mutex_unlock(&inspection->lock);
	return count;
}

void
inspection_age_pins(struct inspection *inspection, int64_t by)
{
	struct pin *pins = &inspection->pins[0][0];

	(void)pthread_mutex_lock(&inspection->lock);
	for (size_t i = 0; i < PROXY_PINS_MAX; i++)
		pins[i].until -= by;
	(void)pthread_mutex_unlock(&inspection->lock);
}
