/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/credentials: the name and the password that a client says.
 *
 * From `Proxy-Authorization: Basic` (RFC 7617) or SOCKS 5 (RFC 1929).  They are
 * for the proxy alone: never sent on, never logged, and wiped when they have
 * been looked at.  Readers are pure functions on bytes.
 */
#ifndef GATEHOUSE_PROXY_CREDENTIALS_H
#define GATEHOUSE_PROXY_CREDENTIALS_H

#include "base/str.h"

/* Of either, as SOCKS can say it. */
#define CREDENTIALS_TEXT_MAX 255

struct credentials {
	char name[CREDENTIALS_TEXT_MAX];
	char password[CREDENTIALS_TEXT_MAX + 1]; /* ends with NUL, has none */
	size_t name_len, password_len;
};

/* The value of the field.  0; -ENOTSUP: another scheme; -EBADMSG. */
int credentials_parse_basic(struct str value, struct credentials *ret);

/*
 * VER ULEN UNAME PLEN PASSWD of all bytes that have come: how many of them it
 * takes, -EAGAIN, or -EBADMSG.
 */
int credentials_parse_socks(struct str bytes, struct credentials *ret);

void credentials_wipe(struct credentials *credentials);
void credentials_wipe_password(struct credentials *credentials);

#endif
