/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/learned.h"

bool
learned_may_wait(
    const struct proxy_generation *generation, uint8_t zone, struct str name)
{
	(void)generation;
	(void)zone;
	(void)name;
	return false;
}

/* No rule asks the kernel for a name yet, so nobody has to be told first. */
bool
learned_tell(struct worker *worker, const struct learned *learned,
    struct learned_ticket *ticket)
{
	(void)worker;
	(void)learned;
	(void)ticket;
	return true;
}

void
learned_cancel(struct learned_ticket *ticket)
{
	if (ticket->at == NULL)
		return;
	*ticket->at = ticket->next;
	if (ticket->next != NULL)
		ticket->next->at = ticket->at;
	ticket->at = NULL;
}
