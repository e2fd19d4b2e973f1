/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/iptables_draft: a rule under way, and what there is no word for.
 */
#include "import/iptables_impl.h"

#include <stdarg.h>
#include <stdio.h>

void
iptables_inexact(struct iptables_draft *draft, const char *format, ...)
{
	char words[160];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	import_rule_inexact(
	    &draft->rule, import_words(draft->rules->arena, "%s", words).at);
}
