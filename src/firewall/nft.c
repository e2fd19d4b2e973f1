/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/nft.h"

#include <errno.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/clock.h"
#include "base/file.h"
#include "firewall/limits.h"

/*
 * The child.  Nothing here returns to the daemon's code.
 */

/* Nobody is there to tell it to; apart from the library's own 1, 2 and 3. */
#define ORPHANED 64

/* Of all that the daemon may, to change nftables takes one. */
static void
give_up_the_rest(void)
{
	uint64_t effective, permitted;

	if (capability_get(&effective, &permitted) < 0 ||
	    capability_set(permitted & CAPABILITY_BIT(CAP_NET_ADMIN)) < 0)
		_exit(ORPHANED);
}

/*
 * What the daemon prepared for itself must not act here: its handlers, its
 * blocked signals, its descriptors (the channel to the proxy would not be seen
 * to close as long as we hold it).  The library's last words on standard error
 * go to the pipe as well.
 */
static void
leave_the_daemon(pid_t parent, int words_fd)
{
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(ORPHANED);
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL); /* some refuse: no matter */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(words_fd, STDERR_FILENO) < 0 ||
	    dup2(words_fd, STDOUT_FILENO) < 0)
		_exit(ORPHANED);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	give_up_the_rest();
}

static struct nft_ctx *
new_context(enum nft_mode mode)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

	if (nft == NULL)
		return NULL;
	nft_ctx_set_dry_run(nft, mode == NFT_DRY_RUN);
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_NUMERIC_ALL);
	nft_ctx_clear_include_paths(nft);
	if (nft_ctx_buffer_error(nft) != 0 || nft_ctx_buffer_output(nft) != 0)
		return NULL;
	return nft;
}

static void
say(const char *words)
{
	(void)file_write_all(STDERR_FILENO, str_of(words));
}

/*
 * As standard input: given a buffer, the library shows the first line of the
 * whole text beside every error, given a file the line that is meant.
 */
static int
put_on_stdin(const struct nft_job *job)
{
	int fd = memfd_create("ruleset", 0);

	if (fd < 0 || file_write_all(fd, job->head) < 0 ||
	    file_write_all(fd, job->body) < 0 ||
	    file_write_all(fd, STR("\n")) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    dup2(fd, STDIN_FILENO) < 0)
		return -errno;
	return 0;
}

static _Noreturn void
run_in_child(const struct nft_job *job)
{
	/* Else the library would move hours by the local time, and not days. */
	(void)setenv("TZ", "UTC", 1);
	struct nft_ctx *nft = new_context(job->mode);

	if (nft == NULL || put_on_stdin(job) < 0) {
		say("there is no memory for nftables");
		_exit(EXIT_FAILURE);
	}
	if (nft_run_cmd_from_filename(nft, "/dev/stdin") != 0) {
		say(nft_ctx_get_error_buffer(nft));
		_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

/*
 * The parent.
 */

struct child {
	pid_t pid;
	int words_fd;
	bool was_late;
};

/*
 * Standard streams are flushed first: libnftables may call exit() for want of
 * memory, which would write their contents a second time.
 */
static int
start(const struct nft_job *job, struct child *ret)
{
	int pipe_fds[2];
	pid_t parent = getpid();

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		leave_the_daemon(parent, pipe_fds[1]);
		run_in_child(job);
	}
	int rc = pid < 0 ? -errno : 0;
	(void)close(pipe_fds[1]);
	if (rc < 0)
		(void)close(pipe_fds[0]);
	else
		*ret = (struct child){ .pid = pid, .words_fd = pipe_fds[0] };
	return rc;
}

/* True when there is something to read, false when the time is over. */
static bool
wait_for_words(int fd, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left = deadline - clock_now();
		if (left <= 0)
			return false;
		int n = poll(&poll_fd, 1, (int)(left / CLOCK_MS) + 1);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static void
add_bounded(struct text *words, const char *bytes, size_t len)
{
	size_t left = FIREWALL_WORDS_BYTES_MAX - words->len;

	text_add(words, (struct str){ bytes, len < left ? len : left });
}

/* Until the child closes its end; what is over the limit is thrown away. */
static void
read_words(struct child *child, int64_t deadline, struct text *words)
{
	char bytes[4096];

	while (!child->was_late) {
		if (!wait_for_words(child->words_fd, deadline)) {
			child->was_late = true;
			break;
		}
		ssize_t n = read(child->words_fd, bytes, sizeof(bytes));
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n > 0)
			add_bounded(words, bytes, (size_t)n);
	}
	(void)close(child->words_fd);
}

/*
 * A child that is late is killed and still waited for: only when it is gone
 * can the kernel be asked whether its transaction took place.
 */
static int
reap(const struct child *child, int *ret_status)
{
	if (child->was_late)
		(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void
add_trimmed(struct text *why, const struct text *words)
{
	struct str s = text_str(words);

	while (s.len > 0 && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == ' '))
		s.len--;
	text_add(why, s);
}

/* An end that is none of ours: killed, or the library called exit(). */
static void
explain_end(const struct child *child, const struct nft_job *job, int status,
    struct text *why)
{
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (child->was_late)
		text_addf(why, "nftables took more than %u seconds.",
		    job->seconds_max);
	else if (signo != 0)
		text_addf(why, "The child that runs nftables died: %s%s.",
		    strsignal(signo),
		    signo == SIGKILL ? " (out of memory?)" : "");
	else
		text_addf(why,
		    "The child that runs nftables ended with status %d.",
		    WEXITSTATUS(status));
}

/* REFUSED is what the child itself says; the rest only the kernel knows. */
static enum nft_outcome
judge(const struct child *child, const struct nft_job *job, int status,
    const struct text *words, struct text *why)
{
	enum nft_outcome outcome = NFT_UNKNOWN;

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return NFT_DONE;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE)
		outcome = NFT_REFUSED;
	else
		explain_end(child, job, status, why);
	if (outcome == NFT_UNKNOWN && words->len > 0)
		text_addc(why, ' ');
	add_trimmed(why, words);
	return outcome;
}

enum nft_outcome
nft_run(const struct nft_job *job, struct text *reterr_why)
{
	struct text words = TEXT_EMPTY;
	struct child child = { 0 };
	int status = 0;
	int64_t deadline =
	    clock_now() + (int64_t)job->seconds_max * CLOCK_SECOND;
	int rc = start(job, &child);

	if (rc < 0) {
		text_addf(reterr_why, "no child could be made for nftables: %s",
		    strerror(-rc));
		return NFT_NOT_RUN;
	}
	read_words(&child, deadline, &words);
	rc = reap(&child, &status);
	enum nft_outcome outcome = NFT_UNKNOWN;
	if (rc < 0)
		text_addf(reterr_why,
		    "the child that runs nftables is lost: %s.", strerror(-rc));
	else
		outcome = judge(&child, job, status, &words, reterr_why);
	text_fini(&words);
	return outcome;
}
