/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_draft: a rule under way: the words that are still ahead, and those
 * that there is no word for.
 */
#include "import/nft_impl.h"

struct arena *
nft_arena(struct nft_draft *draft)
{
	return draft->nft->rules->arena;
}

const struct nft_token *
nft_token_at(const struct nft_draft *draft, size_t ahead)
{
	static const struct nft_token nothing = { .text = { "", 0 },
		.end = true };

	return draft->at + ahead < draft->to
		   ? &draft->nft->tokens.items[draft->at + ahead]
		   : &nothing;
}

bool
nft_is(const struct nft_draft *draft, size_t ahead, const char *word)
{
	const struct nft_token *token = nft_token_at(draft, ahead);

	return !token->quoted && str_is(token->text, word);
}

void
nft_lose(struct nft_draft *draft, struct str word)
{
	import_rule_inexact(&draft->rule,
	    import_words(nft_arena(draft), "no word for '%.*s'", STR_ARG(word))
		.at);
	draft->lost = true;
}
