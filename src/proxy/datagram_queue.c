/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/datagram_queue.h"

#include <stdlib.h>
#include <string.h>

void
datagram_queue_init(struct datagram_queue *queue, size_t *room)
{
	queue->first = NULL;
	queue->last = &queue->first;
	queue->room = room;
}

void
datagram_queue_add(struct datagram_queue *queue, struct str bytes)
{
	struct datagram *one;

	if (bytes.len > *queue->room)
		return;
	one = malloc(sizeof(*one) + bytes.len);
	if (one == NULL)
		return;
	one->next = NULL;
	one->len = bytes.len;
	if (bytes.len > 0)
		memcpy(one->bytes, bytes.at, bytes.len);
	*queue->last = one;
	queue->last = &one->next;
	*queue->room -= bytes.len;
}

struct datagram *
datagram_queue_take(struct datagram_queue *queue)
{
	struct datagram *one = queue->first;

	if (one == NULL)
		return NULL;
	queue->first = one->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	*queue->room += one->len;
	return one;
}

struct datagram *
datagram_queue_take_all(struct datagram_queue *queue)
{
	struct datagram *all = queue->first;

	for (struct datagram *one = all; one != NULL; one = one->next)
		*queue->room += one->len;
	datagram_queue_init(queue, queue->room);
	return all;
}

void
datagram_queue_clear(struct datagram_queue *queue)
{
	struct datagram *one;

	while ((one = datagram_queue_take(queue)) != NULL)
		free(one);
}
