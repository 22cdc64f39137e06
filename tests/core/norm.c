/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm: its modes, its stats file; loudness checked by libebur128 used directly. */
#include "clip.h"

/* A programme in which every part of every mode has something to do. */
static clip
programme (unsigned rate)
{
	clip c = new_clip (rate, 2, 9);
	talk (&c, -10, 0.25, 3);
	talk (&c, 12, 3.5, 2.5);
	talk (&c, -8, 6.5, 2.5);
	noise (&c, -75);
	for (size_t i = 0; i < c.frames; i++)
		c.x[2 * i + 1] *= 0.8f;
	return c;
}

static const char *const modes[] = {
	"mode=live:target=-14",
	"mode=live:target=-14:lookahead=0",
	"mode=live:target=-14:lookahead=251.3:strength=50:initial-loudness=-30",
	"mode=linear:target=-14:measured-loudness=-23",
	"mode=linear:target=-14:measured-loudness=-23:measured-peak=-6:peak-policy=lower",
	"mode=measure",
};

START_TEST (any_split_gives_the_same_bits)
{
	static const size_t splits[] = { 1, 7, 64, 1000 };
	clip c = programme (_i % 2 ? 22050 : 16000), first = { 0 };
	double readouts[MDYN_NORM_PARAMS];
	for (size_t i = 0; i < N (splits); i++) {
		mdyn_proc *p = make (&c, modes[_i], NULL);
		ck_assert_int_eq (mdyn_set_text (p, "stats-file", stats_path (), why, sizeof why), 0);
		ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
		clip y = run (p, &c, splits[i]);
		for (int row = MDYN_NORM_momentary; row < MDYN_NORM_PARAMS; row++) {
			double v = mdyn_get (p, row);
			if (i)
				ck_assert_msg (v == readouts[row] || (isnan (v) && isnan (readouts[row])), "row %d: %g, %g", row, v, readouts[row]);
			readouts[row] = v;
		}
		if (i) {
			ck_assert_msg (!memcmp (first.x, y.x, c.frames * 2 * sizeof (float)), "mode %d, %zu frames", _i, splits[i]);
			free (y.x);
		} else {
			first = y;
		}
		mdyn_destroy (&p);
	}
	free (first.x);
	free (c.x);
}
END_TEST

START_TEST (reset_forgets_all)
{
	clip c = programme (16000);
	mdyn_proc *p = make (&c, modes[_i], NULL);
	ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
	clip a = run (p, &c, 500);
	double integrated = mdyn_get (p, MDYN_NORM_integrated), peak = mdyn_get (p, MDYN_NORM_true_peak);
	clip loud = new_clip (16000, 2, 0.777);
	tone (&loud, 50, 200, 0, 1);
	mdyn_reset (p);
	clip other = run (p, &loud, 500);
	mdyn_reset (p);
	ck_assert (isnan (mdyn_get (p, MDYN_NORM_integrated)) && isnan (mdyn_get (p, MDYN_NORM_gain)));
	clip b = run (p, &c, 500);
	ck_assert (!memcmp (a.x, b.x, c.frames * 2 * sizeof (float)));
	ck_assert (mdyn_get (p, MDYN_NORM_integrated) == integrated && mdyn_get (p, MDYN_NORM_true_peak) == peak);
	mdyn_destroy (&p);
	free (a.x), free (b.x), free (other.x), free (loud.x), free (c.x);
}
END_TEST

START_TEST (nothing_to_do_changes_no_bit)
{
	static const char *const idle[] = {
		"mode=measure",
		"mode=linear:target=-23:measured-loudness=-23",
		"mode=linear:target=-23:measured-loudness=-20:bypass=on",
		"mode=linear:target=-23:measured-loudness=-23:measured-peak=-9:peak-policy=fail",
		"mode=live:target=-23",
	};
	clip c = new_clip (48000, 2, 6);
	tone (&c, 400, -22.5, 0, 6);
	mdyn_proc *p = make (&c, idle[_i], NULL);
	ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
	clip y = run (p, &c, 300);
	ck_assert (!memcmp (c.x, y.x, c.frames * 2 * sizeof (float)));
	mdyn_destroy (&p);
	free (y.x), free (c.x);

	/* And without prepare() linear is 0 dB. */
	if (_i == 2)
		return;
	c = new_clip (48000, 2, 1);
	tone (&c, 500, -12, 0, 1);
	p = make (&c, "mode=linear:measured-loudness=-50", NULL);
	y = run (p, &c, 300);
	ck_assert (!memcmp (c.x, y.x, c.frames * 2 * sizeof (float)));
	mdyn_destroy (&p);
	free (y.x), free (c.x);
}
END_TEST

/* What a rename would replace is left alone: a device, a pipe, a dangling link; a link to a file is followed. */
START_TEST (only_regular_files_are_replaced)
{
	clip c = new_clip (48000, 1, 1);
	char link[160], fifo[160];
	snprintf (link, sizeof link, "%s.link", stats_path ());
	snprintf (fifo, sizeof fifo, "%s.fifo", path);
	ck_assert_int_eq (mkfifo (fifo, 0600), 0);
	const char *refused[] = { "/dev/null", fifo, link };
	ck_assert_int_eq (symlink (path, link), 0);
	for (int i = 0; i < 3; i++) {
		mdyn_proc *p = make (&c, rows ("mode=measure:stats-file=%s", refused[i]), NULL);
		ck_assert_int_lt (mdyn_prepare (p, why, sizeof why), 0);
		ck_assert_int_lt (mdyn_finish (p, why, sizeof why), 0);
		ck_assert_ptr_nonnull (strstr (why, "stats-file"));
		mdyn_destroy (&p);
	}
	struct stat st;
	ck_assert (lstat (fifo, &st) == 0 && S_ISFIFO (st.st_mode));
	ck_assert (lstat (link, &st) == 0 && S_ISLNK (st.st_mode));
	FILE *f = fopen (path, "w"); /* no longer dangling */
	ck_assert_ptr_nonnull (f);
	fclose (f);
	mdyn_proc *p = make (&c, rows ("mode=measure:stats-file=%s", link), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	ck_assert_int_eq (mdyn_finish (p, why, sizeof why), 0);
	mdyn_destroy (&p);
	ck_assert (lstat (link, &st) == 0 && S_ISLNK (st.st_mode));
	ck_assert (stat (path, &st) == 0 && st.st_size > 100);
	unlink (link);
	unlink (fifo);
	free (c.x);
}
END_TEST

START_TEST (stats_are_whole_or_absent)
{
	clip c = new_clip (48000, 2, 1);
	mdyn_proc *p = make (&c, "mode=measure:stats-file=/nonexistent/x.json", NULL);
	clip y = run (p, &c, 1000);
	ck_assert_int_eq (mdyn_finish (p, why, sizeof why), -ENOENT);
	ck_assert_msg (strstr (why, "stats-file=/nonexistent/x.json") && !strchr (why, '\n'), "%s", why);
	ck_assert_int_eq (mdyn_set_text (p, "stats-file", NULL, why, sizeof why), -EBUSY);
	mdyn_destroy (&p);
	free (y.x);

	/* A folder in the way: rename fails, and nothing stays beside it. */
	char folder[100], target[120], command[300];
	snprintf (folder, sizeof folder, "/tmp/mdyn-test-norm-%ld.d", (long) getpid ());
	snprintf (target, sizeof target, "%s/s.json", folder);
	snprintf (command, sizeof command, "mkdir -p %s/x", target);
	ck_assert_int_eq (system (command), 0);
	p = make (&c, rows ("mode=measure:stats-file=%s", target), NULL);
	ck_assert_int_lt (mdyn_prepare (p, why, sizeof why), 0);
	ck_assert_int_lt (mdyn_finish (p, why, sizeof why), 0);
	ck_assert_ptr_nonnull (strstr (why, "stats-file"));
	mdyn_destroy (&p);
	snprintf (command, sizeof command, "test \"$(ls %s)\" = s.json && rm -r %s", folder, folder);
	ck_assert_int_eq (system (command), 0);
	free (c.x);
}
END_TEST

/* The factor shows on a constant: its steps are those of a ramp. */
START_TEST (live_rows_do_not_click)
{
	clip c = new_clip (48000, 1, 4);
	for (size_t i = 0; i < c.frames; i++)
		c.x[i] = 0.1f * (i % 64 < 32 ? 1 : -1);
	for (int mode = 0; mode < 2; mode++) {
		mdyn_proc *p = make (&c, mode ? "mode=linear:measured-loudness=-23:target=-23" : "mode=live:target=-23", NULL);
		ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
		float *y = calloc (c.frames, sizeof *y), most = 0, top = 0;
		for (size_t at = 0; at < c.frames; at += 100) {
			ck_assert_int_eq (mdyn_set (p, MDYN_NORM_target, at < 48000 ? -23 : at < 96000 ? -17 : -30), 0);
			ck_assert_int_eq (mdyn_process_interleaved (p, y + at, c.x + at, NULL, 100), 0);
		}
		for (size_t i = mdyn_latency (p) + 9600; i + 1 < c.frames; i++) {
			float d = fabsf (fabsf (y[i + 1]) - fabsf (y[i]));
			most = d > most ? d : most;
			top = fabsf (y[i]) > top ? fabsf (y[i]) : top;
		}
		ck_assert_msg (most < 0.001f && top > (mode ? 0.19f : 0), "mode %d: a step of %g", mode, (double) most);
		mdyn_destroy (&p);
		free (y);
	}
	free (c.x);
}
END_TEST

START_TEST (a_mode_keeps_its_latency)
{
	clip c = { 48000, 2, 0, NULL };
	static const struct {
		const char *rows;
		double seconds;
		bool limiter;                     /* as much as the limiter's alone */
	} cases[] = { { "mode=measure", 0, false },
		      { "mode=linear", 0, true },
		      { "mode=linear:peak-policy=lower", 0, false },
		      { "mode=live", 0.4, false },
		      { "mode=live:lookahead=3000", 3, false },
		      { "mode=live:lookahead=10", 0, true },
		      { "mode=live:lookahead=0", 0, true } };
	mdyn_proc *l;
	mdyn_format f = { .sample = MDYN_F32, .rate = 48000, .channels = 2 };
	ck_assert_int_eq (mdyn_create (&l, mdyn_class_get (MDYN_LIMIT), &f), 0);
	for (size_t i = 0; i < N (cases); i++) {
		mdyn_proc *p = make (&c, cases[i].rows, NULL);
		ck_assert_int_eq ((int) mdyn_latency (p), cases[i].limiter ? (int) mdyn_latency (l) : (int) (cases[i].seconds * 48000));
		mdyn_destroy (&p);
	}
	mdyn_destroy (&l);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("norm");
	TCase *t = tcase_create ("norm");
	tcase_set_timeout (t, 120);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_loop_test (t, any_split_gives_the_same_bits, 0, N (modes));
	tcase_add_loop_test (t, reset_forgets_all, 0, N (modes));
	tcase_add_loop_test (t, nothing_to_do_changes_no_bit, 0, 5);
	tcase_add_test (t, only_regular_files_are_replaced);
	tcase_add_test (t, stats_are_whole_or_absent);
	tcase_add_test (t, live_rows_do_not_click);
	tcase_add_test (t, a_mode_keeps_its_latency);
	suite_add_tcase (s, t);
	return run_tap (s);
}
