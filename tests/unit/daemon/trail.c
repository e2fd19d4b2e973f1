/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By whose links a file is reached, and whose it is. */
#include "daemon/trail.h"

#include "folder.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KEEPER 65534

/* What there is: a folder of a keeper's, and files of root's and of his. */
static int
setup(void **state)
{
	int rc = folder_setup(state);

	(void)mkdir(folder_path("kept"), 0755);
	(void)mkdir(folder_path("own"), 0755);
	folder_put("own/list", "secret\n");
	folder_put("kept/list", "his\n");
	return rc;
}

static void
link_to(const char *target, const char *name, bool is_keeper_s)
{
	const char *path = folder_path(name);

	(void)unlink(path);
	assert_int_equal(symlink(target, path), 0);
	if (is_keeper_s)
		assert_int_equal(lchown(path, KEEPER, KEEPER), 0);
}

/* Its first byte, or a negative errno. */
static int
open_at(const char *name)
{
	int fd = trail_open(folder_path(name));
	char first = '\0';

	if (fd < 0)
		return fd;
	if (read(fd, &first, 1) < 0)
		first = '\0';
	(void)close(fd);
	return first;
}

static void
paths_of_all_kinds(void **state)
{
	char longest[PATH_MAX];

	(void)state;
	assert_int_equal(open_at("own/list"), 's');
	assert_int_equal(open_at("kept//..///own/./list"), 's');
	assert_int_equal(open_at("own/none"), -ENOENT);
	assert_int_equal(open_at("none/list"), -ENOENT);
	assert_int_equal(open_at("own/list/none"), -ENOTDIR);
	assert_int_equal(open_at("own/list/"), -ENOTDIR);
	link_to("own/list", "relative", false);
	assert_int_equal(open_at("relative"), 's');
	(void)snprintf(longest, sizeof(longest), "%s", folder_path("own"));
	link_to(longest, "whole", false);
	assert_int_equal(open_at("whole/list"), 's');
	link_to("../own", "kept/up", false);
	assert_int_equal(open_at("kept/up/list"), 's');
	link_to("circle", "circle", false);
	assert_int_equal(open_at("circle"), -ELOOP);
	assert_int_equal(open_at("circle/list"), -ELOOP);
	memset(longest, 'x', NAME_MAX + 1);
	longest[NAME_MAX + 1] = '\0';
	assert_int_equal(trail_open(longest), -ENAMETOOLONG);
	assert_int_equal(trail_open(""), -ENOENT);
}

/* Where everybody is root, nothing can be told. */
static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(folder_path("kept/list"), KEEPER, KEEPER), 0);
}

static void
a_link_leads_to_what_its_owner_owns(void **state)
{
	(void)state;
	need_root();
	link_to("../own/list", "kept/now", true);
	assert_int_equal(open_at("kept/now"), -EPERM);
	link_to("list", "kept/now", true);
	assert_int_equal(open_at("kept/now"), 'h');
}

/* Root's link leads to the keeper's, which is his. */
static void
one_behind_root_s(void **state)
{
	(void)state;
	need_root();
	link_to("kept/now", "ours", false);
	link_to("list", "kept/now", true);
	assert_int_equal(open_at("ours"), 'h');
	link_to("../own/list", "kept/now", true);
	assert_int_equal(open_at("ours"), -EPERM);
}

static void
a_folder_on_the_way(void **state)
{
	(void)state;
	need_root();
	link_to("../own", "kept/lists", true);
	assert_int_equal(open_at("kept/lists/list"), -EPERM);
	link_to("../kept", "kept/lists", true);
	assert_int_equal(open_at("kept/lists/list"), 'h');
}

static void
links_of_two(void **state)
{
	(void)state;
	need_root();
	link_to("list", "kept/now", true);
	link_to("kept/now", "other", true);
	assert_int_equal(
	    lchown(folder_path("other"), KEEPER - 1, KEEPER - 1), 0);
	assert_int_equal(open_at("other"), -EPERM);
}

static void
write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(2);
	(void)close(fd);
}

/* The keeper is root there, and root has no number. */
static void
enter_user_namespace(void)
{
	char map[32];

	(void)snprintf(map, sizeof(map), "0 %d 1\n", KEEPER);
	if (setresgid(KEEPER, KEEPER, KEEPER) < 0 ||
	    setresuid(KEEPER, KEEPER, KEEPER) < 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ||
	    unshare(CLONE_NEWUSER) < 0)
		_exit(2);
	write_to("/proc/self/uid_map", map);
}

static void
the_host_s_root_in_a_user_namespace(void **state)
{
	int how = 0;

	(void)state;
	need_root();
	assert_int_equal(chmod(folder, 0755), 0);
	link_to("kept", "home", false);
	pid_t child = fork();
	if (child == 0) {
		enter_user_namespace();
		_exit(open_at("home/list") == 'h' ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how));
	if (WEXITSTATUS(how) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(how), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_all_kinds),
		cmocka_unit_test(a_link_leads_to_what_its_owner_owns),
		cmocka_unit_test(one_behind_root_s),
		cmocka_unit_test(a_folder_on_the_way),
		cmocka_unit_test(links_of_two),
		cmocka_unit_test(the_host_s_root_in_a_user_namespace),
	};

	return cmocka_run_group_tests(tests, setup, folder_teardown);
}
