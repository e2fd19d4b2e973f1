/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/closed.h"

#include "firewall/names.h"
#include "firewall/transaction.h"

/* The names, hooks and priorities of firewall/compile, which replaces them. */
static const char closed[] =
    "table " FIREWALL_TABLE " {\n"
    "	chain prerouting {\n"
    "		type filter hook prerouting priority mangle; policy drop;\n"
    "		iif lo accept\n"
    "		jump essentials\n"
    "		drop\n"
    "	}\n"
    "	chain forward {\n"
    "		type filter hook forward priority filter; policy drop;\n"
    "		drop\n"
    "	}\n"
    "	chain output {\n"
    "		type filter hook output priority mangle; policy drop;\n"
    "		oif lo accept\n"
    "		jump essentials\n"
    "		drop\n"
    "	}\n"
    "	chain essentials {\n"
    "		icmpv6 type { nd-router-solicit, nd-router-advert,\n"
    "		    nd-neighbor-solicit, nd-neighbor-advert }\n"
    "		    ip6 hoplimit 255 accept\n"
    "		icmpv6 type { mld-listener-query, mld-listener-report,\n"
    "		    mld-listener-done, mld2-listener-report }\n"
    "		    ip6 saddr { ::, fe80::/10 } ip6 hoplimit 1 accept\n"
    "	}\n"
    "}\n";

int
firewall_close(struct text *reterr_why)
{
	int rc = transaction_exists();

	if (rc > 0)
		return 0;
	return rc == 0 ? transaction_commit(STR(closed), reterr_why) : rc;
}
