/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/proxy_draft.h"

#include "base/vec.h"
#include "proxy/dns_peers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void
proxy_draft_discard(struct proxy_draft *draft)
{
	for (size_t i = 0; i < draft->listeners.count; i++)
		(void)close(draft->listeners.items[i].fd);
	for (size_t i = 0; i < draft->console_count; i++)
		(void)close(draft->console[i]);
	free(draft->listeners.items);
	free(draft->own.items);
	snapshot_fini(&draft->files);
	proxy_generation_unref(draft->ready);
	*draft = (struct proxy_draft){ 0 };
}

static int
take_file(
    struct proxy_draft *draft, const struct channel_message *message, int *fd)
{
	int rc = snapshot_add(&draft->files, message->file.path, *fd);

	if (rc == 0)
		*fd = -1;
	return rc;
}

static int
take_console(struct proxy_draft *draft, int *fd)
{
	if (draft->console_count == POLICY_CONSOLE_LISTENS_MAX)
		return -EBADMSG;
	draft->console[draft->console_count++] = *fd;
	*fd = -1;
	return 0;
}

static int
take_listener(
    struct proxy_draft *draft, const struct channel_message *message, int *fd)
{
	enum channel_listener_kind kind =
	    (enum channel_listener_kind)message->listener.kind;
	bool sandbox = kind == CHANNEL_LISTENER_SANDBOX;
	struct proxy_listener listener = {
		.intercepts = sandbox || kind == CHANNEL_LISTENER_INTERCEPT ||
			      kind == CHANNEL_LISTENER_INTERCEPT_DATAGRAMS ||
			      kind == CHANNEL_LISTENER_QUIC,
		.datagrams = channel_listener_has_datagrams(kind),
		.quic = kind == CHANNEL_LISTENER_QUIC,
		.sandbox = sandbox || kind == CHANNEL_LISTENER_QUESTIONS,
		.dns = kind == CHANNEL_LISTENER_DNS ||
		       kind == CHANNEL_LISTENER_DNS_DATAGRAMS,
		.at = message->listener.at,
		.fd = *fd,
	};
	int rc = VEC_ADD(&draft->listeners, listener);

	if (rc == 0)
		*fd = -1;
	return rc;
}

int
proxy_own_take(struct proxy_own_list *list, const struct channel_own *own)
{
	int rc = 0;

	if (own->first != 0)
		list->count = 0;
	for (uint32_t i = 0; rc == 0 && i < own->count; i++)
		rc = VEC_ADD(list, (struct proxy_own){ own->items[i].address,
				       own->items[i].zone });
	return rc;
}

int
proxy_own_add(
    struct proxy_generation *generation, const struct proxy_own_list *own)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < own->count; i++)
		rc = proxy_generation_add_own(generation, own->items[i]);
	return rc;
}

int
proxy_draft_take(
    struct proxy_draft *draft, const struct channel_message *message, int *fd)
{
	switch (message->type) {
	case CHANNEL_FILE:
		return take_file(draft, message, fd);
	case CHANNEL_LISTENER:
		return message->listener.kind == CHANNEL_LISTENER_CONSOLE
			   ? take_console(draft, fd)
			   : take_listener(draft, message, fd);
	case CHANNEL_OWN:
		return proxy_own_take(&draft->own, &message->own);
	default:
		return -EBADMSG;
	}
}

/* The listeners go over one by one; what is left stays the draft's. */
static int
add_listeners(struct proxy_generation *generation, struct proxy_draft *draft)
{
	int rc = 0;

	while (rc == 0 && draft->listeners.count > 0) {
		struct proxy_listener *last =
		    &draft->listeners.items[draft->listeners.count - 1];
		rc = proxy_generation_add_listener(generation, *last);
		if (rc == 0)
			draft->listeners.count--;
	}
	return rc;
}

/* Reads the policy from the files that came; the first one is the policy. */
static struct policy *
read_policy(struct proxy_draft *draft, struct text *reterr_why)
{
	struct policy_loader loader = snapshot_player(&draft->files);
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	if (draft->files.count == 0) {
		text_addz(reterr_why, "no policy came");
		return NULL;
	}
	report_init(&report);
	if (policy_load(draft->files.items[0].path, &loader, &report, &policy,
		&kept) < 0)
		report_render(&report, false, reterr_why);
	report_fini(&report);
	policy_unref(kept);
	return policy;
}

int
proxy_draft_build(struct proxy_draft *draft, struct quotas *quotas,
    const struct proxy_generation *before, struct text *reterr_why)
{
	struct policy *policy = read_policy(draft, reterr_why);

	if (policy == NULL)
		return -EINVAL;
	draft->ready = proxy_generation_create(draft->number, policy);
	if (draft->ready == NULL) {
		policy_unref(policy);
		return -ENOMEM;
	}
	proxy_generation_count_in(draft->ready, quotas);
	if (before != NULL)
		proxy_generation_follow(draft->ready, before);
	int rc = parents_secure(
	    draft->ready->parents, draft->ready->policy, reterr_why);
	if (rc == 0)
		rc = proxy_generation_inspect(draft->ready, before, reterr_why);
	if (rc == 0)
		rc = dns_peers_secure(draft->ready, reterr_why);
	if (rc == 0)
		rc = identities_create(draft->ready->policy, draft->number,
		    before != NULL ? before->identities : NULL,
		    &draft->ready->identities, reterr_why);
	if (rc == 0)
		rc = add_listeners(draft->ready, draft);
	return rc < 0 ? rc : proxy_own_add(draft->ready, &draft->own);
}
