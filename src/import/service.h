/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/service: protocols, ports and kinds of ICMP as spans of keys.
 *
 * Each protocol that the policy language has a word for is a stretch of the
 * line; what has none (AH, OSPF) lies behind them all, a key a number.
 */
#ifndef GATEHOUSE_IMPORT_SERVICE_H
#define GATEHOUSE_IMPORT_SERVICE_H

#include "import/span_set.h"

#include "base/text.h"

enum service_line {
	SERVICE_TCP = 0,
	SERVICE_UDP = 1,
	SERVICE_SCTP = 2,
	SERVICE_ICMP4 = 3,
	SERVICE_ICMP6 = 4,
	SERVICE_GRE = 5,
	SERVICE_ESP = 6,
	SERVICE_OTHER = 7,
	SERVICE_LINE_COUNT
};

/* All of the line from number `first` to `last`: ports, or types. */
struct span service_span(enum service_line line, unsigned first, unsigned last);

/* All that belongs to a protocol; of what has no word, its number. */
struct span service_of_protocol(unsigned number);

/* "tcp", "ipv6-icmp", "47"; false if the name is not known. */
bool service_protocol_find(struct str name, unsigned *ret_number);

/* A number or a well known name; false if neither. */
bool service_port_find(struct str name, unsigned *ret);

/* A kind of ICMP message by number or name; false if neither. */
bool service_icmp_find(
    struct str name, enum address_family family, unsigned *ret);

/*
 * The set as a policy says it, of flows of this family (NONE: both): " tcp 22,
 * udp 53", or nothing if it is all that there is.  *ret_part: it has protocols
 * that no word is for, but not everything.  False: no word is for any of it.
 */
bool service_print(struct arena *arena, struct span_set set,
    enum address_family family, struct text *out, bool *ret_part);

/* What has no word is not meant. */
struct span_set service_known(void);

#endif
