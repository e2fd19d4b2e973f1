/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/first_policy: a policy for a host, that teaches whoever reads it.
 */
#ifndef GATEHOUSE_CLI_FIRST_POLICY_H
#define GATEHOUSE_CLI_FIRST_POLICY_H

#include "base/text.h"
#include "cli/surroundings.h"

enum first_kind {
	FIRST_HOST,    /* guards itself */
	FIRST_GATEWAY, /* between an inside and an outside */
	FIRST_PROXY,   /* a gateway with a proxy */
	FIRST_SANDBOX, /* reaches a few services, and nobody reaches it */
	FIRST_KIND_COUNT
};

struct first_answers {
	enum first_kind kind;
	size_t outside;          /* an interface */
	struct str admins;       /* "any", or addresses as a policy has them */
	struct str services;     /* " tcp 80, 443"; empty: none */
	struct str destinations; /* "any", or addresses; of a sandbox */
	bool intercept;
};

/* Whether those are inside who live behind it. */
bool first_policy_is_inside(const struct surroundings *around,
    const struct first_answers *answers, size_t interface);

void first_policy_write(const struct surroundings *around,
    const struct first_answers *answers, struct text *out);

/* The ports that ssh is reached by: 22, and that of this session. */
void first_policy_ssh(const struct surroundings *around, struct text *out);

#endif
