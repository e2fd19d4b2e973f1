/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/limits: how large a policy may be.
 */
#ifndef GATEHOUSE_POLICY_LIMITS_H
#define GATEHOUSE_POLICY_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* A text is addressed by 32-bit offsets; a million-line list is 20 MiB. */
#define POLICY_FILE_BYTES_MAX ((size_t)16 << 20)
#define POLICY_LIST_BYTES_MAX ((size_t)512 << 20)
#define POLICY_BYTES_MAX      ((size_t)4 << 30)

/* A zone is a bit in a 64-bit mask; the two highest bits are SELF and NONE. */
#define POLICY_ZONES_MAX 62

/*
 * Zones, lines and rules' names travel in the kernel's log prefix, which holds
 * 127 bytes; firewall/log_prefix asserts that these fill it and no more.
 */
#define POLICY_ZONE_NAME_MAX 20
#define POLICY_RULE_NAME_MAX 64
#define POLICY_LINES_MAX     999999
#define POLICY_NAME_MAX      31 /* of names, lists and services */
#define POLICY_INTERFACE_MAX 15 /* IFNAMSIZ - 1 */

#define POLICY_RULES_MAX 100000

/* Of a list: a look is one system call, but who writes a file more often than
 * this writes it while it is read. */
#define POLICY_REFRESH_SECONDS_MIN 1

/* Of a rate, a burst, and of connections at once: what the kernel's limits
 * take with room to spare. */
#define POLICY_RATE_MAX 1000000

/* Rules with a bandwidth: the kernel knows their flows by four bits of the
 * connection mark, which belongs to other programs too. */
#define POLICY_BANDWIDTHS_MAX 15

/* Before a ban: the kernel counts them by a bucket, whose nanoseconds are a
 * week for each and have to fit 64 bits; so they count for less than a week. */
#define POLICY_BAN_COUNT_MAX 10000
#define POLICY_BAN_DAYS_MAX  1

/* In which a burst that was used up must have come back.  Longer is as good as
 * never, and neither the kernel's nor nft's numbers go much further. */
#define POLICY_REFILL_SECONDS_MAX ((uint64_t)366 * 86400)

/* Of a cache's folder: what is made in it has its own name behind. */
#define POLICY_FOLDER_MAX 1024

/* Less than these is a slip of the unit, or keeps nothing. */
#define POLICY_CACHE_MEMORY_MIN ((uint64_t)1 << 20)
#define POLICY_CACHE_DISK_MIN   ((uint64_t)16 << 20)
#define POLICY_CACHE_OBJECT_MIN ((uint64_t)1 << 10)

/* The largest object is this part of the largest store, if nothing is said: a
 * few of them at once leave room for all others. */
#define POLICY_CACHE_OBJECT_SHARE 8
/* Of one listener: each is a line of the kernel's rules. */
#define POLICY_BALANCERS_MAX 64

/* Of one parent: each that is down may cost a client a time-out. */
#define POLICY_PARENT_SERVERS_MAX 8

/* Of the proxy: a look is a binary search, and names must fit the policy. */
#define POLICY_USERS_MAX       100000
#define POLICY_USERS_BYTES_MAX ((size_t)16 << 20)

/* A key, a certificate and those above it. */
#define POLICY_CA_BYTES_MAX ((size_t)1 << 20)

/* Authorities of a parent: all of the world's are a fifth of a megabyte. */
#define POLICY_AUTHORITIES_BYTES_MAX ((size_t)1 << 20)

/* A certificate, those above it, its key; the authorities of clients. */
#define POLICY_CERTIFICATE_BYTES_MAX ((size_t)1 << 20)

/* Of one listener: a hello is compared with each. */
#define POLICY_CERTIFICATES_MAX 32

/* Of one service, those that it names counted in: each may double the last. */
#define POLICY_SERVICE_ITEMS_MAX 4096

/* By one publish rule, to other ports: each is an element of a kernel's map. */
#define POLICY_SHIFTED_PORTS_MAX 4096

#endif
