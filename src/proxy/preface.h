/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/preface: what a balancer says before the bytes of its client.
 *
 * The header of the PROXY protocol, versions 1 (a line) and 2 (binary), as
 * HAProxy specifies it (proxy-protocol.txt).  Pure functions on bytes.
 */
#ifndef GATEHOUSE_PROXY_PREFACE_H
#define GATEHOUSE_PROXY_PREFACE_H

#include "base/address.h"

enum preface_kind {
	PREFACE_CLIENT,  /* for the client at `source` */
	PREFACE_LOCAL,   /* for the balancer itself: it looks whether we live */
	PREFACE_UNKNOWN, /* for somebody of whom it does not say who */
};

struct preface {
	enum preface_kind kind;
	struct address_port source;      /* of a client; IPv4-mapped unfolded */
	struct address_port destination; /* where the client had connected to */
};

/*
 * Balancers add a few hundred bytes of TLVs, of TLS and of names; a whole
 * header over this is refused as soon as its length is known.
 */
#define PREFACE_BYTES_MAX 4096

/*
 * Reads the header at the beginning of all that has come: how many bytes it
 * takes, -EAGAIN when more are needed, -EBADMSG when it is none.  TLVs are
 * looked at for their lengths only.
 */
int preface_parse(struct str bytes, struct preface *ret);

#endif
