/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/chronicle.h"
#include "cli/control_client.h"

#include "base/file.h"
#include "policy/duration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SINCE "7d"

static void
take(void *context, struct str line)
{
	chronicle_take(context, line);
}

static bool
make_question(const struct options *options, struct text *question)
{
	const char *since = options->since != NULL ? options->since : SINCE;
	const char *why = NULL;
	int64_t span = 0;

	if (duration_parse(str_of(since), &span, &why) < 0) {
		complain("--since %s: %s", since, why);
		return false;
	}
	if (span < CLOCK_SECOND) {
		complain("--since %s: that is no time at all", since);
		return false;
	}
	text_addf(question, "report %lld", (long long)(span / CLOCK_SECOND));
	return true;
}

/* What stood there before is replaced only by a whole page. */
static enum status
write_page(const char *path, struct str page)
{
	struct text beside = TEXT_EMPTY;
	int rc = -ENOMEM, fd = -1;

	text_addf(&beside, "%s.new", path);
	if (!beside.full) {
		fd = open(beside.at,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0644);
		rc = fd < 0 ? -errno : file_write_all(fd, page);
	}
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(beside.at, path) < 0)
		rc = -errno;
	if (rc < 0)
		complain("%s: %s", path, strerror(-rc));
	if (rc < 0 && fd >= 0)
		(void)unlink(beside.at);
	text_fini(&beside);
	return rc < 0 ? STATUS_WORLD : STATUS_GOOD;
}

static enum status
tell(const struct options *options, const struct chronicle *chronicle)
{
	struct text out = TEXT_EMPTY;
	enum status status = STATUS_GOOD;

	if (options->html != NULL)
		chronicle_html(chronicle, &out);
	else
		chronicle_text(chronicle, &out);
	if (out.full || chronicle->full) {
		complain("there is not enough memory");
		status = STATUS_WORLD;
	} else if (options->html != NULL) {
		status = write_page(options->html, text_str(&out));
	} else {
		print_text(&out);
	}
	if (chronicle->strange > 0)
		complain("%zu lines made no sense and were left out",
		    chronicle->strange);
	text_fini(&out);
	return status;
}

static enum status
report(const struct options *options)
{
	struct text question = TEXT_EMPTY, refusal = TEXT_EMPTY;
	struct chronicle chronicle;
	enum status status = STATUS_USAGE;

	if (!make_question(options, &question))
		return status;
	status = STATUS_WORLD;
	if (chronicle_init(&chronicle) < 0)
		complain("there is not enough memory");
	else
		status = control_read_lines(
		    options->runtime, question.at, take, &chronicle, &refusal);
	if (refusal.len > 0)
		complain("%.*s", (int)(refusal.len - 1), refusal.at);
	if (status == STATUS_GOOD && chronicle.to == 0) {
		complain("the gateway's answer makes no sense");
		status = STATUS_WORLD;
	}
	if (status == STATUS_GOOD)
		status = tell(options, &chronicle);
	chronicle_fini(&chronicle);
	text_fini(&question);
	text_fini(&refusal);
	return status;
}

const struct command command_report = {
	.name = "report",
	.usage = "[--html FILE] [--runtime DIR] [--since TIME]",
	.summary = "tell what happened over time",
	.help =
	    "The flows that were allowed and refused, requests and bytes, hour "
	    "by hour\n"
	    "in bars; what cache and compression saved; and the names, "
	    "clients, "
	    "rules\n"
	    "and pairs of zones that were met most often. With '--html' it is "
	    "one page\n"
	    "that needs nothing else and has no script.\n"
	    "\n"
	    "A gateway with a folder of the state keeps 400 days; one without, "
	    "what\n"
	    "happened since it was started, 35 days at most.\n"
	    "\n"
	    "  gatehouse report\n"
	    "  gatehouse report --since 24h\n"
	    "  gatehouse report --since 30d --html november.html\n"
	    "\n"
	    "Needs root. Status 3: no gateway runs, or FILE cannot be "
	    "written.\n",
	.takes = OPTION_RUNTIME | OPTION_SINCE | OPTION_HTML,
	.words_min = 0,
	.words_max = 0,
	.run = report,
};
