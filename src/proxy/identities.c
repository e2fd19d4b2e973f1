/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/identities.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What is spoken behind the handshake, as the client likes. */
#define PROTOCOLS (TLS_PROTOCOL_HTTP2 | TLS_PROTOCOL_HTTP1)

struct entrance {
	struct address_port at;
	struct tls_identity *items[POLICY_CERTIFICATES_MAX];
	size_t count;
	struct tls_settings *clients; /* NULL: they are asked for none */
	enum tls_demand demand;
};

struct identities {
	unsigned refs; /* atomic */
	uint32_t number;
	struct tls_server *server;
	size_t count;
	struct entrance entrances[];
};

/* ---- making ---- */

static int
complain(struct str file, const char *why, struct text *reterr_why)
{
	text_addf(reterr_why, "%.*s cannot be used: %s", STR_ARG(file), why);
	return -EINVAL;
}

static int
read_clients(const struct policy_clients *clients, struct entrance *entrance,
    struct text *reterr_why)
{
	const char *why;

	if (clients->file.at == NULL)
		return 0;
	entrance->demand =
	    clients->optional ? TLS_DEMAND_OPTIONAL : TLS_DEMAND_ALWAYS;
	entrance->clients = tls_settings_create(clients->pem, &why);
	return entrance->clients != NULL
		   ? 0
		   : complain(clients->file, why, reterr_why);
}

static int
read_entrance(const struct policy_listen *listen, struct entrance *entrance,
    struct text *reterr_why)
{
	const char *why;

	entrance->at = listen->at;
	for (size_t i = 0; i < listen->certificate_count; i++) {
		const struct policy_certificate *one = &listen->certificates[i];
		struct tls_identity *identity =
		    tls_identity_create(one->pem, one->key, &why);
		if (identity == NULL)
			return complain(one->file, why, reterr_why);
		entrance->items[entrance->count++] = identity;
	}
	return read_clients(&listen->clients, entrance, reterr_why);
}

static int
read_entrances(const struct policy *policy, struct identities *identities,
    struct text *reterr_why)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < policy->listen_count; i++)
		if (policy->listens[i].secure)
			rc = read_entrance(&policy->listens[i],
			    &identities->entrances[identities->count++],
			    reterr_why);
	return rc;
}

static size_t
count_secure(const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->listen_count; i++)
		count += policy->listens[i].secure;
	return count;
}

int
identities_create(const struct policy *policy, uint32_t number,
    const struct identities *before, struct identities **ret,
    struct text *reterr_why)
{
	size_t count = count_secure(policy);
	struct identities *identities;

	*ret = NULL;
	if (count == 0)
		return 0;
	identities =
	    calloc(1, sizeof(*identities) + count * sizeof(struct entrance));
	if (identities == NULL)
		return -ENOMEM;
	identities->refs = 1;
	identities->number = number;
	identities->server = before != NULL ? tls_server_ref(before->server)
					    : tls_server_create();
	int rc = identities->server != NULL
		     ? read_entrances(policy, identities, reterr_why)
		     : -ENOMEM;
	if (rc == 0)
		*ret = identities;
	else
		identities_unref(identities);
	return rc;
}

struct identities *
identities_ref(struct identities *identities)
{
	if (identities != NULL)
		(void)__atomic_add_fetch(
		    &identities->refs, 1, __ATOMIC_RELAXED);
	return identities;
}

static void
fini_entrance(struct entrance *entrance)
{
	for (size_t i = 0; i < entrance->count; i++)
		tls_identity_unref(entrance->items[i]);
	tls_settings_unref(entrance->clients);
}

void
identities_unref(struct identities *identities)
{
	if (identities == NULL ||
	    __atomic_sub_fetch(&identities->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < identities->count; i++)
		fini_entrance(&identities->entrances[i]);
	tls_server_unref(identities->server);
	free(identities);
}

struct tls_server *
identities_server(const struct identities *identities)
{
	return identities->server;
}

/* ---- answers ---- */

static const struct entrance *
find(const struct identities *identities, const struct address_port *listener)
{
	size_t count = identities != NULL ? identities->count : 0;

	for (size_t i = 0; i < count; i++)
		if (identities->entrances[i].at.port == listener->port &&
		    address_eq(
			identities->entrances[i].at.address, listener->address))
			return &identities->entrances[i];
	return NULL;
}

bool
identities_are_at(
    const struct identities *identities, const struct address_port *listener)
{
	return find(identities, listener) != NULL;
}

static void
offer(struct tls_answer *answer, struct tls_identity *identity)
{
	if (answer->identity == NULL)
		answer->identity = identity;
	else if (answer->other == NULL &&
		 !tls_identity_is_alike(answer->identity, identity))
		answer->other = identity;
}

/* Those for the name that is asked for; of one alone nothing is asked. */
static void
choose(
    const struct entrance *entrance, struct str name, struct tls_answer *answer)
{
	bool asks = name.at != NULL && entrance->count > 1;

	for (size_t i = 0; asks && i < entrance->count; i++)
		if (tls_identity_is_for(entrance->items[i], name))
			offer(answer, entrance->items[i]);
	if (answer->identity == NULL)
		answer->identity = entrance->items[0];
}

bool
identities_answer(const struct identities *identities,
    const struct address_port *listener, const struct hello *hello,
    char session[static IDENTITIES_SESSION_BYTES], struct tls_answer *ret)
{
	const struct entrance *entrance = find(identities, listener);
	char place[ADDRESS_TEXT_BYTES];

	if (entrance == NULL)
		return false;
	*ret = (struct tls_answer){
		.protocols = PROTOCOLS,
		.demand = entrance->demand,
		.authorities = entrance->clients,
	};
	choose(entrance, hello_server_name(hello), ret);
	(void)snprintf(session, IDENTITIES_SESSION_BYTES, "%u %s",
	    identities->number, address_port_format(entrance->at, place));
	ret->session = str_of(session);
	return true;
}
