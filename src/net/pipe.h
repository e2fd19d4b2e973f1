/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/pipe: the pipes through which bulk goes from socket to socket.
 *
 * splice(2) moves the pages of a socket's queue into a pipe and from there to
 * another socket, and no byte is copied to user space and back.  A pipe is
 * taken when bytes are there to be moved, and given back as soon as it is
 * empty again, most often within the same call of the loop.  So a few pipes
 * serve all tunnels of a loop; for long they are held only by those whose
 * receiver is slower than their sender.
 *
 * What is not empty is never given back: its bytes would come out of another
 * connection.  It is emptied, or discarded, which closes it.
 *
 * Limits.  Pipes are dear: two descriptors, up to PIPE_BYTES of pages while
 * one is full, and an unprivileged user has fs.pipe-user-pages-soft (64 MiB)
 * for the rooms of all of them.  So a loop lends PIPE_LENT_MAX at once, and
 * whoever gets none copies.
 *
 * One thread, that of the loop whose pool it is.  With -Dpiecewise=true the
 * pool keeps nothing, so that ASan sees a late use.
 */
#ifndef GATEHOUSE_NET_PIPE_H
#define GATEHOUSE_NET_PIPE_H

#include <stdbool.h>
#include <stddef.h>

/* fs.pipe-max-size: more is for the privileged. */
#define PIPE_BYTES ((size_t)1 << 20)
/* One that the kernel makes smaller is not worth its system calls. */
#define PIPE_BYTES_MIN ((size_t)128 << 10)
/* Two loops may lend all that the user can have. */
#define PIPE_LENT_MAX 32
/* Enough for the turns of a round; the user's share is for all loops. */
#define PIPE_KEPT_MAX 4
/* Times that nothing is tried after no pipe could be opened. */
#define PIPE_PAUSE 256

struct pipe {
	int in;  /* where to write */
	int out; /* where to read */
	size_t room;
	struct pipe *next; /* the pool's */
};

struct pipe_pool {
	struct pipe *kept;
	unsigned kept_count;
	unsigned lent_count;
	unsigned pause;
	bool no_memory; /* none that is lent can be put into a pipe here */
};

/*
 * For the life of the process, and while it may still open files: what is left
 * in a pipe can be thrown away, and the pipe need not be closed for it.
 */
void pipe_begin(void);

void pipe_pool_init(struct pipe_pool *pool);

/* All that was lent has been given back or discarded. */
void pipe_pool_fini(struct pipe_pool *pool);

/*
 * An empty pipe, non-blocking at both ends; NULL if there is none: too many
 * are lent, no descriptors, no memory.  Nor is there one in a process that
 * would die of SIGPIPE, for splice(2) knows no MSG_NOSIGNAL.
 */
struct pipe *pipe_pool_take(struct pipe_pool *pool);

/* All that was written to it has been read; *pipe becomes NULL. */
void pipe_pool_give(struct pipe_pool *pool, struct pipe **pipe);

/* The same with so many bytes in it, which are lost. */
void pipe_pool_give_filled(
    struct pipe_pool *pool, struct pipe **pipe, size_t bytes);

/* Whatever is in it is lost; *pipe becomes NULL, and NULL is fine. */
void pipe_pool_discard(struct pipe_pool *pool, struct pipe **pipe);

#endif
