/* SPDX-License-Identifier: ISC */
/*
 * test_why.c - what base/why.h promises.
 */
#include "base/why.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { OTHER_USER = 12345 };

static char directory[64], path[96], spec[104];

static int
make_directory(void **state)
{
	strcpy(directory, "/tmp/escrowchat-test-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/it", directory);
	snprintf(spec, sizeof(spec), "unix:%s", path);
	return 0;
}

static int
remove_directory(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static void
assert_says(
    void (*why)(struct buf *, const char *, int), const char *about, int err, const char *want)
{
	struct buf b = {0};

	why(&b, about, err);
	if (strstr(buf_cstr(&b), want) == NULL)
		fail_msg("%s (wanted %s)", b.p, want);
	buf_clear(&b);
}

static void
touch(mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
a_missing_directory_is_named(void **state)
{
	assert_says(
	    why_no_file, "/nonexistent/it", ENOENT, "the directory /nonexistent does not exist");
	assert_says(
	    why_no_listen, "unix:/nonexistent/it", ENOENT, "the directory /nonexistent does");
}

static void
writing_creating_and_looking_are_told_apart(void **state)
{
	bool is_root = geteuid() == 0;

	assert_says(why_no_file, path, EACCES, "may not create files in /tmp/");
	touch(0600);
	assert_says(why_no_file, path, EACCES, "may not read and write it");
	assert_int_equal(chmod(directory, 0), 0);
	if (is_root)
		assert_int_equal(seteuid(OTHER_USER), 0);
	assert_says(why_no_file, path, EACCES, "may not look into /tmp/");
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(directory, 0700), 0);
}

static void
whoever_listens_on_a_unix_socket_is_named(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char want[64];

	strcpy(un.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_says(why_no_listen, spec, EADDRINUSE, "another program holds this socket");
	assert_int_equal(listen(fd, 1), 0);
	snprintf(want, sizeof(want), "another program listens there (process %ld)", (long)getpid());
	assert_says(why_no_listen, spec, EADDRINUSE, want);
	close(fd);
}

static void
whoever_listens_on_a_port_is_named(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char want[80], address[32];

	assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
	assert_int_equal(listen(fd, 1), 0);
	snprintf(want, sizeof(want), "listens on this port (process %ld)", (long)getpid());
	assert_says(why_no_listen, address, EADDRINUSE, want);
	close(fd);
}

static void
a_file_in_the_way_of_a_socket_is_called_one(void **state)
{
	touch(0600);
	assert_says(why_no_listen, spec, EADDRINUSE, "a file that is no socket has this name");
}

static void
an_address_that_cannot_be_taken_has_its_reason(void **state)
{
	assert_says(why_no_listen, "127.0.0.1:1", EADDRINUSE, "another program listens there; ss");
	assert_says(why_no_listen, "192.0.2.1:1", EADDRNOTAVAIL, "no interface of this machine");
	assert_says(why_no_listen, "127.0.0.1:1", EACCES, "a port below 1024");
	assert_says(why_no_listen, "127.0.0.1:1", ENOBUFS, strerror(ENOBUFS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_missing_directory_is_named, make_directory, remove_directory),
	    cmocka_unit_test_setup_teardown(
		writing_creating_and_looking_are_told_apart, make_directory, remove_directory),
	    cmocka_unit_test_setup_teardown(
		whoever_listens_on_a_unix_socket_is_named, make_directory, remove_directory),
	    cmocka_unit_test_setup_teardown(
		a_file_in_the_way_of_a_socket_is_called_one, make_directory, remove_directory),
	    cmocka_unit_test(whoever_listens_on_a_port_is_named),
	    cmocka_unit_test(an_address_that_cannot_be_taken_has_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
