/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's name servers: what resolv.conf(5) says of them, and a file that is
 * another one by now.
 */
#include "net/name_servers.h"
#include "harness.h"

#include <fcntl.h>
#include <sys/mman.h>

static void
lists(const char *text, const char *expected)
{
	struct name_servers servers;
	char all[1024] = "", one[ADDRESS_TEXT_BYTES];

	name_servers_parse(str_of(text), &servers);
	for (size_t i = 0; i < servers.count; i++) {
		if (i > 0)
			(void)strcat(all, " ");
		(void)strcat(all, address_port_format(servers.items[i], one));
	}
	assert_string_equal(all, expected);
}

static void
only_whole_addresses_of_name_servers_count(void **state)
{
	(void)state;
	lists("nameserver 192.0.2.53\n", "192.0.2.53:53");
	lists("# of the office\nsearch example.com\nnameserver\t2001:db8::53 \n"
	      "options timeout:1\n  nameserver 192.0.2.1",
	    "[2001:db8::53]:53 192.0.2.1:53");
	lists("nameserver 192.0.2.1 # the first\nnameserver 192.0.2.2;x\n",
	    "192.0.2.1:53");
	lists("#nameserver 192.0.2.1\nnameservers 192.0.2.2\n"
	      "nameserver 192.0.2\nnameserver\n",
	    "127.0.0.1:53");
	lists("", "127.0.0.1:53");
}

static void
there_is_a_limit(void **state)
{
	char text[NAME_SERVERS_MAX * 4 * 32] = "";
	struct name_servers servers;

	(void)state;
	for (int i = 0; i < NAME_SERVERS_MAX * 4; i++)
		(void)strcat(text, "nameserver 192.0.2.9\n");
	name_servers_parse(str_of(text), &servers);
	assert_int_equal(servers.count, NAME_SERVERS_MAX);
}

static int
file_of(const char *text)
{
	int fd = memfd_create("resolv.conf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* It is the descriptor that stays, as in gatehouse-proxy. */
static void
another_file_takes_its_place(void **state)
{
	int host = file_of("nameserver 192.0.2.1\n");
	int next = file_of("nameserver 192.0.2.2\nnameserver 192.0.2.3\n");
	struct name_servers servers;
	struct stat before, after;

	(void)state;
	name_servers_use(host);
	name_servers_look(&before);
	assert_int_equal(name_servers_read(&servers), 0);
	assert_int_equal(servers.count, 1);
	assert_int_equal(dup2(next, host), host);
	name_servers_look(&after);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(name_servers_read(&servers), 0);
	assert_int_equal(servers.count, 2);
	name_servers_use(-1);
	(void)close(host);
	(void)close(next);
}

/* Whose servers they are is not known: the host itself would be asked for ever,
 * since the file does not change. */
static void
what_cannot_be_read_is_no_guess(void **state)
{
	struct name_servers servers;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	name_servers_use(fd);
	assert_int_equal(name_servers_read(&servers), -EBADF);
	name_servers_use(-1);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_addresses_of_name_servers_count),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(another_file_takes_its_place),
		cmocka_unit_test(what_cannot_be_read_is_no_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
