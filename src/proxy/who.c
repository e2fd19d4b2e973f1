/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/who.h"

#include "proxy/who_memory.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The asker's until it is queued, the threads' until it is posted, the loop's
 * until it is told. */
struct who_job {
	struct loop_message message;
	struct who_job *next;
	struct loop *loop;
	struct who_question *question; /* the loop's; NULL: cancelled */
	atomic_bool cancelled;
	struct proxy_generation *generation; /* a reference */
	struct address from;
	struct credentials credentials;
	const struct policy_user *user; /* NULL: nobody is called so */
	struct policy_user claimed;     /* of PAM: who he is if he is */
	char name[CREDENTIALS_TEXT_MAX];
	struct who_digest digest;
	enum who_answer answer;
};

struct who {
	pthread_mutex_t lock; /* of all of it */
	pthread_cond_t work;
	pthread_t threads[WHO_THREADS];
	size_t thread_count;
	bool stopping;
	struct who_job *first, **last;
	size_t queued;
	size_t hashing; /* threads that do */
	int helper;     /* gatehouse-pam; -1: there is none */
	struct who_memory memory;
};

static void
free_job(struct who_job *job)
{
	credentials_wipe(&job->credentials);
	proxy_generation_unref(job->generation);
	free(job);
}

/* ---- one password ---- */

/* The hash that is computed: of somebody else, where nobody is called so. */
static struct str
hash_for(const struct who_job *job)
{
	const struct policy_users *users = &job->generation->policy->users;
	size_t stand_in = job->digest.bytes[2] % users->count;

	return job->user != NULL ? job->user->hash
				 : users->items[stand_in].hash;
}

static bool
is_right(struct who_job *job, struct crypt_data *data)
{
	char setting[POLICY_HASH_MAX + 1];
	struct str hash = hash_for(job);

	if (hash.len > POLICY_HASH_MAX)
		return false;
	memcpy(setting, hash.at, hash.len);
	setting[hash.len] = '\0';
	memset(data, 0, sizeof(*data));
	const char *made = crypt_rn(
	    job->credentials.password, setting, data, (int)sizeof(*data));
	bool same = made != NULL && strlen(made) == hash.len &&
		    CRYPTO_memcmp(made, hash.at, hash.len) == 0;
	explicit_bzero(data, sizeof(*data));
	return same && job->user != NULL;
}

static enum who_answer
check_hash(struct who_job *job, struct crypt_data *data)
{
	if (data == NULL)
		return WHO_BUSY;
	return is_right(job, data) ? WHO_IS : WHO_IS_NOT;
}

static bool
is_of_pam(const struct who_job *job)
{
	return job->user == &job->claimed;
}

static enum who_answer
ask_pam(const struct who *who, const struct who_job *job)
{
	switch (pam_question_ask(who->helper, &job->credentials, job->from)) {
	case PAM_ANSWER_IS:
		return WHO_IS;
	case PAM_ANSWER_IS_NOT:
		return WHO_IS_NOT;
	case PAM_ANSWER_NONE:
		break;
	}
	return WHO_UNKNOWN;
}

/* ---- the threads ---- */

/* What others have found out since it was asked; the lock is held. */
static bool
is_settled(const struct who *who, struct who_job *job)
{
	int64_t now = clock_now();

	if (atomic_load(&job->cancelled))
		job->answer = WHO_IS_NOT;
	else if (job->user != NULL &&
		 who_memory_knows(&who->memory, &job->digest, now))
		job->answer = WHO_IS;
	else if (who_memory_is_throttled(&who->memory, job->from, now))
		job->answer = WHO_THROTTLED;
	else
		return false;
	return true;
}

/* The lock is held, but while the password is hashed, or PAM asked. */
static void
work_on(struct who *who, struct who_job *job, struct crypt_data *data)
{
	bool pam = is_of_pam(job);

	if (is_settled(who, job))
		return;
	who->hashing += !pam;
	(void)pthread_mutex_unlock(&who->lock);
	job->answer = pam ? ask_pam(who, job) : check_hash(job, data);
	(void)pthread_mutex_lock(&who->lock);
	who->hashing -= !pam;
	if (job->answer == WHO_IS)
		who_memory_keep(&who->memory, &job->digest, clock_now());
	else if (job->answer == WHO_IS_NOT)
		who_memory_count_wrong(&who->memory, job->from, clock_now());
}

/* In the order in which they were asked. */
static bool
has_work(const struct who *who)
{
	return who->first != NULL &&
	       (is_of_pam(who->first) || who->hashing < WHO_HASHING_MAX);
}

static struct who_job *
take_first(struct who *who)
{
	struct who_job *job = who->first;

	who->first = job->next;
	if (who->first == NULL)
		who->last = &who->first;
	who->queued--;
	return job;
}

static void *
run(void *context)
{
	struct who *who = context;
	struct crypt_data *data = malloc(sizeof(*data));

	(void)pthread_mutex_lock(&who->lock);
	while (!who->stopping) {
		if (!has_work(who)) {
			(void)pthread_cond_wait(&who->work, &who->lock);
			continue;
		}
		struct who_job *job = take_first(who);
		work_on(who, job, data);
		credentials_wipe(&job->credentials);
		loop_post(job->loop, &job->message);
	}
	(void)pthread_mutex_unlock(&who->lock);
	free(data);
	return NULL;
}

/* Signals are for the thread that creates the workers. */
static void
start_thread(struct who *who)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGSYS); /* daemon/refusal's */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&who->threads[who->thread_count], NULL, run, who) ==
	    0)
		who->thread_count++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- life ---- */

struct who *
who_create(void)
{
	struct who *who = calloc(1, sizeof(*who));

	if (who == NULL || who_memory_init(&who->memory) < 0) {
		free(who);
		return NULL;
	}
	(void)pthread_mutex_init(&who->lock, NULL);
	(void)pthread_cond_init(&who->work, NULL);
	who->last = &who->first;
	who->helper = -1;
	return who;
}

void
who_ask_pam_at(struct who *who, int helper)
{
	who->helper = helper;
}

void
who_destroy(struct who **who)
{
	struct who *w = *who;

	*who = NULL;
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_broadcast(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->thread_count; i++)
		(void)pthread_join(w->threads[i], NULL);
	while (w->first != NULL)
		free_job(take_first(w));
	who_memory_fini(&w->memory);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

void
who_forget(struct who *who)
{
	(void)pthread_mutex_lock(&who->lock);
	who_memory_forget(&who->memory);
	(void)pthread_mutex_unlock(&who->lock);
}

/* ---- questions ---- */

static void
on_answer(struct loop *loop, struct loop_message *message)
{
	struct who_job *job = (struct who_job *)message;
	struct who_question *question = job->question;

	(void)loop;
	if (question != NULL) {
		question->job = NULL;
		question->fn(question, job->answer,
		    job->answer == WHO_IS ? job->user : NULL);
	}
	free_job(job);
}

static struct who_job *
make_job(struct loop *loop, struct proxy_generation *generation,
    struct address from, const struct credentials *credentials)
{
	struct who_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->message.fn = on_answer;
	job->loop = loop;
	job->generation = proxy_generation_ref(generation);
	job->from = from;
	job->credentials = *credentials;
	return job;
}

/* The threads begin with the first who asks: where nobody has a password there
 * are none.  The lock is held. */
static void
start_threads(struct who *who, size_t count)
{
	while (who->thread_count < count && !who->stopping) {
		size_t before = who->thread_count;
		start_thread(who);
		if (who->thread_count == before)
			break;
	}
}

/* Likewise. */
static enum who_answer
queue(struct who *who, struct who_job *job)
{
	start_threads(who, is_of_pam(job) ? WHO_THREADS : WHO_HASHING_MAX);
	if (who->queued == WHO_QUEUE_MAX || who->thread_count == 0)
		return WHO_BUSY;
	*who->last = job;
	who->last = &job->next;
	who->queued++;
	(void)pthread_cond_signal(&who->work);
	return WHO_WAITS;
}

/* Answers what can be at once, or queues it. */
static enum who_answer
settle(struct who *who, struct who_job *job)
{
	(void)pthread_mutex_lock(&who->lock);
	enum who_answer answer =
	    is_settled(who, job) ? job->answer : queue(who, job);
	(void)pthread_mutex_unlock(&who->lock);
	return answer;
}

/* The host may know him by any name. */
static void
claim(struct who_job *job, struct str service)
{
	memcpy(job->name, job->credentials.name, job->credentials.name_len);
	job->claimed.name =
	    (struct str){ job->name, job->credentials.name_len };
	job->claimed.hash = service;
	job->user = &job->claimed;
}

/* Who is to be asked about, and what he would have to know. */
static void
find_user(struct who_job *job)
{
	const struct policy_users *users = &job->generation->policy->users;
	const struct credentials *credentials = &job->credentials;
	struct str name = { credentials->name, credentials->name_len };

	if (users->service.at != NULL)
		claim(job, users->service);
	else
		job->user = policy_users_find(users, name);
}

/* A file of nobody has no hash that could stand in for one. */
static bool
has_anybody(const struct policy_users *users)
{
	return users->count > 0 || users->service.at != NULL;
}

enum who_answer
who_ask(struct who *who, struct loop *loop, struct proxy_generation *generation,
    struct address from, const struct credentials *credentials,
    struct who_question *question, struct policy_user *ret_user)
{
	struct str none = { NULL, 0 };

	if (!has_anybody(&generation->policy->users))
		return WHO_IS_NOT;
	struct who_job *job = make_job(loop, generation, from, credentials);
	if (job == NULL)
		return WHO_BUSY;
	find_user(job);
	job->question = question;
	question->job = job;
	who_memory_digest(&who->memory, credentials,
	    job->user != NULL ? job->user->hash : none, &job->digest);
	enum who_answer answer = settle(who, job);
	if (answer == WHO_WAITS)
		return answer;
	if (answer == WHO_IS) {
		ret_user->name =
		    (struct str){ credentials->name, credentials->name_len };
		ret_user->hash = job->user->hash;
	}
	question->job = NULL;
	free_job(job);
	return answer;
}

void
who_cancel(struct who_question *question)
{
	if (question->job == NULL)
		return;
	question->job->question = NULL;
	atomic_store(&question->job->cancelled, true);
	question->job = NULL;
}
