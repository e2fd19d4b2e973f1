/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_line: lines and chains as nftables reads them.
 */
#include "firewall/compile_impl.h"
#include "firewall/names.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
compile_line(struct compiler *compiler, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_addz(compiler->out, "\t\t");
	if (len >= 0 && (size_t)len < sizeof(line)) {
		text_addz(compiler->out, line);
	} else {
		char *longer = NULL;
		va_start(args, format);
		len = vasprintf(&longer, format, args);
		va_end(args);
		if (len < 0)
			compiler->rc = -ENOMEM;
		else
			text_addz(compiler->out, longer);
		free(len < 0 ? NULL : longer);
	}
	text_addc(compiler->out, '\n');
}

void
compile_text_fini(struct compiler *compiler, struct text *text)
{
	if (text->full)
		compiler->rc = -ENOMEM;
	text_fini(text);
}

void
compile_chain_begin(struct compiler *compiler, const char *name)
{
	text_addf(compiler->out, "\n\tchain %s {\n", name);
}

void
compile_chain_end(struct compiler *compiler)
{
	text_addz(compiler->out, "\t}\n");
}

void
compile_log_prefix(struct compiler *compiler, const struct log_prefix *prefix)
{
	struct text text = TEXT_EMPTY;

	if (log_prefix_write(prefix, &text) < 0)
		compiler->rc = -EINVAL;
	compile_line(compiler, "log prefix \"%.*s\" group %d snaplen %d",
	    STR_ARG(text_str(&text)), FIREWALL_NUMBER, FIREWALL_LOG_SNAPLEN);
	compile_text_fini(compiler, &text);
}

void
compile_log_reason(struct compiler *compiler, enum policy_verdict verdict,
    enum policy_reason reason, uint8_t from, uint8_t to)
{
	struct log_prefix prefix = { .verdict = verdict, .reason = reason };

	if (from != ZONE_NONE)
		prefix.zone_from = policy_zone_name(compiler->policy, from);
	if (to != ZONE_NONE)
		prefix.zone_to = policy_zone_name(compiler->policy, to);
	compile_log_prefix(compiler, &prefix);
}

void
compile_interface_name(
    char ret[static COMPILE_NAME_BYTES], const char *before, struct str name)
{
	const char *rest = "";

	if (name.len > 0 && name.at[name.len - 1] == '*') {
		name.len--;
		rest = "/all";
	}
	(void)snprintf(
	    ret, COMPILE_NAME_BYTES, "%s%.*s%s", before, STR_ARG(name), rest);
}

void
compile_interfaces(struct text *out, const struct policy_zone *zone)
{
	for (size_t i = 0; i < zone->interface_count; i++)
		text_addf(out, "%s\"%.*s\"", i > 0 ? ", " : "{ ",
		    STR_ARG(zone->interfaces[i]));
	text_addz(out, zone->interface_count > 0 ? " }" : "");
}
