/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/name_servers: those of the host, as resolv.conf(5) lists them.
 *
 * Read here and not by c-ares, because the proxy can open no file: it is handed
 * a descriptor of what the file has, and another in its place when that has
 * changed.  Of the file only `nameserver` counts: names are whole ones, and how
 * long is waited, and how often is asked, is the resolver's own affair.
 */
#ifndef GATEHOUSE_NET_NAME_SERVERS_H
#define GATEHOUSE_NET_NAME_SERVERS_H

#include "base/address.h"

#include <sys/stat.h>

#define NAME_SERVERS_MAX  8
#define NAME_SERVERS_PORT 53

/* A file of this length has room for all of them, and for many comments. */
#define NAME_SERVERS_BYTES_MAX 16384

struct name_servers {
	struct address_port items[NAME_SERVERS_MAX];
	size_t count; /* at least 1 */
};

/* Once, before there is any resolver: the file is what this descriptor leads
 * to, whenever it is asked for.  Without it, /etc/resolv.conf. */
void name_servers_use(int fd);

/* As stat(2); of a file that is not there all is 0. */
void name_servers_look(struct stat *ret);

/*
 * Where there is none, or no file, the host itself is asked (resolver(5)).  0,
 * or the negative errno of a file that is there and could not be read: what it
 * says is not known then, and the host itself would be a wrong guess for ever.
 */
int name_servers_read(struct name_servers *ret);

/* What is read of a text; a pure function. */
void name_servers_parse(struct str text, struct name_servers *ret);

#endif
