/* SPDX-License-Identifier: MIT */
/*
 * caprig.c - a capture whose worker and main thread the test is
 */

#include "caprig.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct caprig caprig;

static void on_wake(struct ev_loop *l, struct ev_async *a, int revents)
{
	(void)l;
	(void)a;
	(void)revents;
}

void caprig_setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	rig_init(&caprig.rig);
	memset(&caprig.cap, 0, sizeof(caprig.cap));
	memset(&caprig.file, 0, sizeof(caprig.file));
	caprig.loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(caprig.loop);
	ev_async_init(&caprig.wake, on_wake);
	ev_async_start(caprig.loop, &caprig.wake);
	caprig.file.tap.loop = caprig.loop;
	caprig.file.tap.wake = &caprig.wake;
	caprig.file.tap.snaplen = CAPTURE_SNAPLEN_DEF;
	caprig.file.tap.filter.sides = 1u << CAPTURE_WIRE | 1u << CAPTURE_STACK;
}

void caprig_teardown(void)
{
	if (caprig.cap.ntaps)
		capture_remove(&caprig.cap, &caprig.file.tap);
	capfile_fini(&caprig.file);
	ev_async_stop(caprig.loop, &caprig.wake);
	ev_loop_destroy(caprig.loop);
	rig_fini(&caprig.rig);
}

/* Capture into @fd, which is taken. */
void caprig_begin(int fd)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(capfile_init(&caprig.file, &fd, 1), 0);
	ck_assert(capture_add(&caprig.cap, &caprig.file.tap));
	capfile_begin(&caprig.file);
}

int caprig_temp_file(void)
{
	char name[] = "/tmp/ustack-capture-XXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(name), 0);
	return fd;
}

/* A super-packet of CAPRIG_PIECES. */
struct ustack_pkt *caprig_super(enum impair_dir dir)
{
	return rig_make(&caprig.rig,
			&(struct rig_pkt){ .dir = dir,
					   .tcp_opts = 12,
					   .data_len = (CAPRIG_PIECES - 1) *
							       CAPRIG_MSS +
						       CAPRIG_LAST,
					   .gso_size = CAPRIG_MSS,
					   .nslices = 3 });
}
