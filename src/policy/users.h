/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/users: who may say who he is to the proxy, and how that is proved.
 *
 *	alice:$2y$10$...
 *
 * A file of names and hashes as htpasswd(1) and mkpasswd(1) write them, one a
 * line; `#` begins a comment.  Taken are the hashes of crypt(3) that cost a
 * guesser something: yescrypt, bcrypt, SHA-512 and SHA-256.  What is weaker is
 * refused, and so is what would cost this gateway more than a second.  No error
 * shows what stands behind a name: it may be a password.
 *
 * Only the form of a hash is looked at here; who computes one is the proxy.
 *
 * Or they are the host's, and PAM says who is who: then nobody is known by his
 * name here, and what he has proved is that the service knows him.
 */
#ifndef GATEHOUSE_POLICY_USERS_H
#define GATEHOUSE_POLICY_USERS_H

#include "policy/ban.h"

#include "base/arena.h"
#include "base/report.h"

/* Names are what SOCKS (RFC 1929) can say, and no longer. */
#define POLICY_USER_NAME_MAX 255

/* yescrypt with the longest salt has 140 bytes. */
#define POLICY_HASH_MAX 192

/* What a file in /etc/pam.d may be called here. */
#define POLICY_SERVICE_NAME_MAX 32

struct policy_user {
	struct str name; /* at == NULL: nobody */
	struct str hash; /* as crypt(3) has it; of PAM its service */
};

struct policy_users {
	struct policy_user *items; /* by name */
	size_t count;
	struct policy_ban ban; /* of whoever is not who he says */
	struct str file; /* as the loader knows it; at == NULL: there is none */
	struct str service; /* of PAM, instead of the file; so too */
	struct place place;
};

/*
 * Reads the text into *users, whose file and place are set; its texts lie in
 * the arena.  0, -EINVAL (reported), or -ENOMEM.
 */
int policy_users_read(struct policy_users *users, struct str text,
    struct arena *arena, struct report *report);

/* NULL: nobody is called so. */
const struct policy_user *policy_users_find(
    const struct policy_users *users, struct str name);

/* Whether anybody can say who he is. */
bool policy_users_are_asked(const struct policy_users *users);

/* Whether he who has proved that is one of them still. */
bool policy_users_have(
    const struct policy_users *users, const struct policy_user *user);

/* ASCII letters, digits, '-', '_' and '.', and no folder. */
bool policy_service_is_name(struct str service);

/* Why the hash is not taken; NULL: it is. */
const char *policy_hash_objection(struct str hash);

#endif
