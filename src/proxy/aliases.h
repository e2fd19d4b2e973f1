/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/aliases: addresses that stand for names.
 *
 * A sandboxed program asks for a name's address and is told one that only the
 * sandbox has: whoever connects to it has said by that which name is meant, in
 * any protocol.  What is allowed is asked when the connection comes, of the
 * name; an alias opens nothing.
 *
 * An alias is given once and stands until the end, so that no address a
 * program has kept ever leads to another name.  There are PROXY_ALIASES_MAX;
 * then no new name is known any more.
 *
 * Any thread.
 */
#ifndef GATEHOUSE_PROXY_ALIASES_H
#define GATEHOUSE_PROXY_ALIASES_H

#include "base/address.h"
#include "base/str.h"

struct aliases;

/* One name's, in both families. */
struct alias {
	struct address four, six;
};

struct aliases *aliases_create(void);          /* NULL: no memory */
void aliases_destroy(struct aliases *aliases); /* NULL is fine */

/* Of a name in canonical form.  0, -ENOSPC or -ENOMEM. */
int aliases_give(struct aliases *aliases, struct str name, struct alias *ret);

/* Whether the address is of the range that stands for names. */
bool alias_is(struct address address);

/* Whoever is in a sandbox: there every address is local, and a program may bear
 * whichever it likes. */
struct address alias_client(enum address_family family);

/* For which one it stands, lent until the end; at == NULL: for none. */
struct str aliases_name(struct aliases *aliases, struct address address);

#endif
