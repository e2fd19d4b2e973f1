/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/iptables: what iptables-save and ip6tables-save write.
 *
 * Tables, chains with their policies, and `-A` lines; ufw's own files of rules
 * are of the same form.  Matches and targets are rows of two tables; what is in
 * neither is said to be not translated.
 */
#ifndef GATEHOUSE_IMPORT_IPTABLES_H
#define GATEHOUSE_IMPORT_IPTABLES_H

#include "import/ruleset.h"

/* `family` holds until a line says which program wrote what follows. */
void import_iptables_read(struct import_ruleset *rules, const char *file,
    struct str text, enum address_family family);

/* Addresses, words that only one family has, or the name of the file (which may
 * be NULL) tell which it is; NONE if nothing does. */
enum address_family import_iptables_family(
    struct arena *arena, const char *name, struct str text);

#endif
