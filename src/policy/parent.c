/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parent.h"

static const char *const words[] = {
#define ROW(id, word) #word,
	POLICY_PARENT_PROTOCOLS(ROW)
#undef ROW
};

const char *
policy_parent_protocol_word(enum policy_parent_protocol protocol)
{
	return words[protocol];
}

bool
policy_parent_protocol_find(struct str word, enum policy_parent_protocol *ret)
{
	for (unsigned i = 0; i < POLICY_PARENT_PROTOCOL_COUNT; i++) {
		if (str_is(word, words[i])) {
			*ret = (enum policy_parent_protocol)i;
			return true;
		}
	}
	return false;
}

bool
policy_parent_speaks_http(enum policy_parent_protocol protocol)
{
	return protocol == POLICY_PARENT_PROTOCOL_HTTP ||
	       protocol == POLICY_PARENT_PROTOCOL_HTTPS;
}

bool
policy_parent_server_same(
    const struct policy_parent_server *a, const struct policy_parent_server *b)
{
	return str_eq(a->text, b->text) &&
	       (a->authorities.at == NULL) == (b->authorities.at == NULL) &&
	       str_eq(a->authorities, b->authorities);
}

bool
policy_parent_same(const struct policy_parent *a, const struct policy_parent *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL || a->server_count != b->server_count)
		return false;
	for (size_t i = 0; i < a->server_count; i++)
		if (!policy_parent_server_same(&a->servers[i], &b->servers[i]))
			return false;
	return true;
}
