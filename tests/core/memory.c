/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Memory: nothing is claimed in the real-time calls, and every claim elsewhere may fail. The C library's allocator is replaced for the whole
 * process, libraries included, by one that counts and fails on demand. A sanitizer brings its own allocator: there the tests only run the paths. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mdyn/mdyn.h"
#include "tap.h"

static long claims, fail_at = -1;

#if !defined(__SANITIZE_ADDRESS__)
#define COUNTING 1
extern void *__libc_malloc (size_t), *__libc_calloc (size_t, size_t), *__libc_realloc (void *, size_t), *__libc_memalign (size_t, size_t);

static int
fails (void)
{
	return claims++ == fail_at;
}

void *
malloc (size_t n)
{
	return fails () ? NULL : __libc_malloc (n);
}

void *
calloc (size_t n, size_t size)
{
	return fails () ? NULL : __libc_calloc (n, size);
}

void *
realloc (void *p, size_t n)
{
	return fails () ? NULL : __libc_realloc (p, n);
}

int
posix_memalign (void **out, size_t alignment, size_t n)
{
	if (fails ())
		return ENOMEM;
	*out = __libc_memalign (alignment, n);
	return *out ? 0 : ENOMEM;
}
#else
#define COUNTING 0
#endif

static const mdyn_format stereo = { .sample = MDYN_F32, .rate = 48000, .channels = 2 };

START_TEST (real_time_calls_claim_nothing)
{
	const mdyn_class *cls = mdyn_class_get (_i);
	static float x[2][4801];
	for (int mode = 0; mode < 3; mode++) {
		mdyn_proc *p;
		mdyn_meters meters;
		ck_assert_int_eq (mdyn_create (&p, cls, &stereo), 0);
		if (_i == MDYN_NORM) {
			char why[300];
			ck_assert_int_eq (mdyn_set (p, MDYN_NORM_mode, mode), 0);
			ck_assert_int_eq (mdyn_set (p, MDYN_NORM_measured_loudness, -23), 0);
			ck_assert_int_eq (mdyn_set (p, MDYN_NORM_dialogue, MDYN_NORM_dialogue_auto), 0);
			int err = mdyn_prepare (p, why, sizeof why);
			ck_assert_msg (err == 0 || (err == -ENOTSUP && strstr (why, "dialogue=auto")), "%s", why);
		}
		claims = 0;
		long seen = 0;
		for (int round = 0; round < 200; round++) {
			for (int i = 0; i < 4801; i++)
				x[0][i] = x[1][i] = (float) (0.3 * sin (i * 0.05) * (round % 7));
			void *io[2] = { x[0], x[1] };
			int err = mdyn_process (p, io, (const void *const *) io, NULL, 4801);
			for (size_t r = 0; r < cls->n_params; r++)
				if (cls->params[r].flags & MDYN_LIVE && strcmp (cls->params[r].name, "dialogue"))
					err |= mdyn_set (p, (int) r, cls->params[r].def);
			err |= mdyn_read_meters (p, &meters);
			for (size_t e = 0; e < cls->n_events; e++)
				err |= mdyn_trigger (p, (int) e);
			err |= mdyn_report (p, NULL, 0); /* nothing is due */
			(void) mdyn_get (p, 2);
			if (round % 50 == 49)
				mdyn_reset (p);
			seen = claims;
			ck_assert_int_eq (err, 0);
			claims = seen;
		}
		ck_assert_msg (!COUNTING || seen == 0, "%s: %ld claims", cls->name, seen);
		mdyn_destroy (&p);
	}
}
END_TEST

START_TEST (every_claim_may_fail)
{
	const mdyn_class *cls = mdyn_class_get (_i);
	for (long k = 0; COUNTING && k < 200; k++) {
		mdyn_proc *p = (mdyn_proc *) 1;
		claims = 0;
		fail_at = k;
		int err = mdyn_create (&p, cls, &stereo);
		fail_at = -1;
		if (!err) {
			ck_assert_int_gt (k, 0);
			mdyn_destroy (&p);
			break;
		}
		ck_assert_int_eq (err, -ENOMEM);
		ck_assert_ptr_null (p);
	}
	/* SETUP rows and text: refused, and the processor is as it was */
	mdyn_proc *p;
	ck_assert_int_eq (mdyn_create (&p, cls, &stereo), 0);
	const mdyn_param *lookahead = mdyn_class_find (cls, "lookahead");
	size_t latency = mdyn_latency (p);
	claims = 0;
	fail_at = 0;
	int err = mdyn_set (p, lookahead->id, lookahead->def < lookahead->max ? lookahead->max : lookahead->min);
	fail_at = -1;
	if (COUNTING) {
		ck_assert_int_eq (err, -ENOMEM);
		ck_assert (mdyn_get (p, lookahead->id) == lookahead->def);
		ck_assert_uint_eq (mdyn_latency (p), latency);
	}
	float x[64] = { 0 };
	ck_assert_int_eq (mdyn_process_interleaved (p, x, x, NULL, 32), 0);
	mdyn_destroy (&p);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("memory");
	TCase *t = tcase_create ("memory");
	tcase_set_timeout (t, 60);
	tcase_add_loop_test (t, real_time_calls_claim_nothing, 0, MDYN_KINDS);
	tcase_add_loop_test (t, every_claim_may_fail, 0, MDYN_KINDS);
	suite_add_tcase (s, t);
	return run_tap (s);
}
