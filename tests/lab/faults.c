/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab/faults: the n-th allocation or system call of a daemon fails, once.
 *
 * Preloaded into gatehoused, from which the proxy gets it although it is
 * started without an environment.  The file that GATEHOUSE_LAB_FAULTS names is
 * an array of struct plan, one for each of the two, which may be written at any
 * time: `left` calls of its kind go well, and the next one fails.
 *
 * A call fails as the kernel might let it fail, with the error of its row; what
 * cannot fail (to write to an eventfd, to watch a descriptor no more) does not.
 * What the C library calls itself goes well.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NAME  "GATEHOUSE_LAB_FAULTS"
#define PROXY_NAME "GATEHOUSE_LAB_FAULTS_PROXY"

enum kind {
	KIND_NONE,
	KIND_MEMORY,
	KIND_CALL
};

struct plan {
	_Atomic int64_t kind;
	_Atomic int64_t left;  /* below 0: all go well */
	_Atomic int64_t count; /* of that kind, since somebody set it to 0 */
	_Atomic int64_t met;   /* it has failed */
	char what[32];         /* its name */
};

static struct plan nothing;
static struct plan *plan = &nothing;

/* Before all else, also before the program's own constructors. */
__attribute__((constructor)) static void
look(void)
{
	const char *path = getenv(FILE_NAME);
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page = fd >= 0 ? mmap(NULL, 2 * sizeof(*plan),
				   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			     : MAP_FAILED;

	if (fd >= 0)
		(void)close(fd);
	if (page != MAP_FAILED)
		plan = (struct plan *)page + (getenv(PROXY_NAME) != NULL);
}

static bool
fails(enum kind kind, const char *what)
{
	if (atomic_load(&plan->kind) != kind)
		return false;
	(void)atomic_fetch_add(&plan->count, 1);
	if (atomic_load(&plan->left) < 0 ||
	    atomic_fetch_sub(&plan->left, 1) != 0)
		return false;
	(void)snprintf(plan->what, sizeof(plan->what), "%s", what);
	atomic_store(&plan->met, 1);
	return true;
}

/* ---- memory ---- */

/* The C library's own, by the names it gives them for this. */
void *libc_malloc(size_t size) __asm__("__libc_malloc");
void *libc_calloc(size_t count, size_t size) __asm__("__libc_calloc");
void *libc_realloc(void *old, size_t size) __asm__("__libc_realloc");

static bool
lacks_memory(const char *what)
{
	if (!fails(KIND_MEMORY, what))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return lacks_memory("malloc") ? NULL : libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return lacks_memory("calloc") ? NULL : libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return lacks_memory("realloc") ? NULL : libc_realloc(old, size);
}

/* ---- system calls ---- */

static bool
refuses(const char *what, int error)
{
	if (!fails(KIND_CALL, what))
		return false;
	errno = error;
	return true;
}

/*
 * The call by the same name in the next library: type, name, its error, its
 * parameters in a row and their names.
 */
#define CALL(type, name, error, parameters, names)                             \
	type name parameters                                                   \
	{                                                                      \
		static type(*real) parameters;                                 \
		if (real == NULL)                                              \
			*(void **)&real = dlsym(RTLD_NEXT, #name);             \
		return refuses(#name, error) ? (type)-1 : real names;          \
	}

/* The C library declares addresses of sockets as a union of all kinds. */
#pragma GCC diagnostic ignored "-Wpedantic"

CALL(int, socket, EMFILE, (int family, int kind, int protocol),
    (family, kind, protocol))
CALL(int, accept4, EMFILE,
    (int fd, struct sockaddr *address, socklen_t *len, int flags),
    (fd, address, len, flags))
CALL(int, connect, ENETUNREACH,
    (int fd, const struct sockaddr *address, socklen_t len), (fd, address, len))
CALL(int, bind, EADDRINUSE,
    (int fd, const struct sockaddr *address, socklen_t len), (fd, address, len))
CALL(int, listen, EADDRINUSE, (int fd, int backlog), (fd, backlog))
CALL(int, setsockopt, ENOBUFS,
    (int fd, int level, int option, const void *value, socklen_t len),
    (fd, level, option, value, len))
CALL(ssize_t, sendto, ENOBUFS,
    (int fd, const void *bytes, size_t len, int flags,
	const struct sockaddr *to, socklen_t to_len),
    (fd, bytes, len, flags, to, to_len))
CALL(ssize_t, send, ENOBUFS, (int fd, const void *bytes, size_t len, int flags),
    (fd, bytes, len, flags))
CALL(ssize_t, sendmsg, ENOBUFS,
    (int fd, const struct msghdr *message, int flags), (fd, message, flags))
CALL(ssize_t, recvfrom, ENOMEM,
    (int fd, void *bytes, size_t len, int flags, struct sockaddr *from,
	socklen_t *from_len),
    (fd, bytes, len, flags, from, from_len))
CALL(ssize_t, recv, ENOMEM, (int fd, void *bytes, size_t len, int flags),
    (fd, bytes, len, flags))
CALL(ssize_t, recvmsg, ENOMEM, (int fd, struct msghdr *message, int flags),
    (fd, message, flags))
CALL(ssize_t, writev, ENOBUFS, (int fd, const struct iovec *spans, int count),
    (fd, spans, count))
CALL(ssize_t, readv, ENOMEM, (int fd, const struct iovec *spans, int count),
    (fd, spans, count))
CALL(ssize_t, pread, EIO, (int fd, void *bytes, size_t len, off_t at),
    (fd, bytes, len, at))
CALL(ssize_t, pwrite, ENOSPC, (int fd, const void *bytes, size_t len, off_t at),
    (fd, bytes, len, at))
CALL(ssize_t, pwritev, ENOSPC,
    (int fd, const struct iovec *spans, int count, off_t at),
    (fd, spans, count, at))
CALL(ssize_t, splice, ENOMEM,
    (int from, off_t *from_at, int to, off_t *to_at, size_t len,
	unsigned flags),
    (from, from_at, to, to_at, len, flags))
CALL(ssize_t, vmsplice, ENOMEM,
    (int fd, const struct iovec *spans, size_t count, unsigned flags),
    (fd, spans, count, flags))
CALL(int, pipe2, EMFILE, (int ret[2], int flags), (ret, flags))
CALL(int, epoll_create1, EMFILE, (int flags), (flags))
CALL(int, eventfd, EMFILE, (unsigned count, int flags), (count, flags))
CALL(int, ftruncate, EIO, (int fd, off_t size), (fd, size))
CALL(int, fdatasync, EIO, (int fd), (fd))
CALL(int, fsync, EIO, (int fd), (fd))
CALL(int, rename, EIO, (const char *from, const char *to), (from, to))
CALL(int, mkdir, ENOSPC, (const char *path, mode_t mode), (path, mode))
CALL(int, memfd_create, EMFILE, (const char *name, unsigned flags),
    (name, flags))
CALL(int, socketpair, EMFILE, (int family, int kind, int protocol, int ret[2]),
    (family, kind, protocol, ret))
CALL(pid_t, fork, EAGAIN, (void), ())
CALL(void *, mmap, ENOMEM,
    (void *at, size_t len, int protection, int flags, int fd, off_t from),
    (at, len, protection, flags, fd, from))

/* What is taken away is never refused, nor is what is only changed. */
int
epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	static int (*real)(int, int, int, struct epoll_event *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_ctl");
	if (operation == EPOLL_CTL_ADD && refuses("epoll_ctl", ENOSPC))
		return -1;
	return real(epoll, operation, fd, event);
}

static mode_t
mode_of(int flags, va_list list)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(list, mode_t)
						      : 0;
}

int
open(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	va_list list;

	va_start(list, flags);
	mode_t mode = mode_of(flags, list);
	va_end(list);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "open");
	return refuses("open", EMFILE) ? -1 : real(path, flags, mode);
}

int
openat(int folder, const char *path, int flags, ...)
{
	static int (*real)(int, const char *, int, ...);
	va_list list;

	va_start(list, flags);
	mode_t mode = mode_of(flags, list);
	va_end(list);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "openat");
	return refuses("openat", EMFILE) ? -1 : real(folder, path, flags, mode);
}

int
pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*run)(void *),
    void *context)
{
	static int (*real)(
	    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return refuses("pthread_create", EAGAIN) ? EAGAIN
						 : real(ret, how, run, context);
}

/* ---- the proxy is to have it too ---- */

int
fexecve(int fd, char *const argv[], char *const envp[])
{
	int (*execute)(int, char *const[], char *const[]);
	static char file[4096], own[4096], proxy[] = PROXY_NAME "=1";
	char *with[] = { own, file, proxy, NULL };

	(void)envp;
	*(void **)&execute = dlsym(RTLD_NEXT, "fexecve");
	(void)snprintf(own, sizeof(own), "LD_PRELOAD=%s", getenv("LD_PRELOAD"));
	(void)snprintf(file, sizeof(file), FILE_NAME "=%s", getenv(FILE_NAME));
	return execute(fd, argv, with);
}
