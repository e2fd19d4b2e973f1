/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/dns_records: what c-ares says of a look-up, as addresses and their time.
 *
 * net/dns is its only user.
 */
#ifndef GATEHOUSE_NET_DNS_RECORDS_H
#define GATEHOUSE_NET_DNS_RECORDS_H

#include "net/dns.h"

/* The status is c-ares' own; the message is read where that is a success. */
void dns_records_read(int ares_status, enum address_family family,
    const unsigned char *bytes, int len, struct dns_reply *ret);

#endif
