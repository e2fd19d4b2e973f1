/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a library has taken for a coder.
 */
#include "http/coder_impl.h"

#include <stdalign.h>
#include <stdlib.h>

/* What stands before each piece, a whole number of alignments. */
struct coder_piece {
	alignas(max_align_t) struct coder_piece *next;
	struct coder_piece **link; /* what points to it */
	size_t bytes;
};

void *
coder_alloc(void *opaque, size_t bytes)
{
	struct http_coder *coder = opaque;

	if (bytes > CODER_MEMORY_MAX - coder->memory)
		return NULL;
	struct coder_piece *head = malloc(sizeof(*head) + bytes);
	if (head == NULL)
		return NULL;
	*head = (struct coder_piece){ coder->pieces, &coder->pieces, bytes };
	if (head->next != NULL)
		head->next->link = &head->next;
	coder->pieces = head;
	coder->memory += bytes;
	return head + 1;
}

void
coder_free(void *opaque, void *piece)
{
	struct http_coder *coder = opaque;

	if (piece == NULL)
		return;
	struct coder_piece *head = (struct coder_piece *)piece - 1;
	*head->link = head->next;
	if (head->next != NULL)
		head->next->link = head->link;
	coder->memory -= head->bytes;
	free(head);
}

void
coder_free_all(struct http_coder *coder)
{
	struct coder_piece *piece = coder->pieces, *next;

	coder->pieces = NULL;
	coder->memory = 0;
	for (; piece != NULL; piece = next) {
		next = piece->next;
		free(piece);
	}
}
