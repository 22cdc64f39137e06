/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm: its modes, its stats file, its leveller; loudness checked by libebur128 used directly. */
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

START_TEST (live_brings_two_levels_to_the_target)
{
	clip c = new_clip (48000, 2, 40), y;
	talk (&c, -10, 0.5, 19.5);
	talk (&c, 2, 20, 20);
	noise (&c, -80);
	json_t *o = stats_of (&c, "mode=live:target=-16:preset=apple-podcasts", NULL, &y);
	NEAR (ebur_loudness (&y, 48000, 20 * 48000), -16, 1);
	NEAR (ebur_loudness (&y, 20 * 48000, 40 * 48000), -16, 1);
	NEAR (ebur_loudness (&y, 20 * 48000, 22 * 48000), -16, 1.5, from the first word);
	NEAR (ebur_loudness (&y, 24000, 3 * 48000), -16, 1.5, from the first word);
	ck_assert_double_le (value (json_object_get (o, "output"), "true_peak"), -1 + 0.05);
	ck_assert (json_is_true (json_object_get (json_object_get (o, "verdict"), "pass")));
	ck_assert_str_eq (json_string_value (json_object_get (json_object_get (o, "verdict"), "of")), "output");
	json_decref (o);
	free (y.x), free (c.x);
}
END_TEST

START_TEST (pauses_are_not_lifted)
{
	static const double floors[] = { -75, -62, -50 };
	for (size_t i = 0; i < N (floors); i++) {
		clip c = new_clip (48000, 2, 34), y;
		talk (&c, -8, 0, 12);
		talk (&c, -8, 24, 10);
		noise (&c, floors[i]);
		mdyn_proc *p = make (&c, "mode=live:target=-20", NULL);
		y = run (p, &c, 4800);
		double early = 0, late = 0;
		for (size_t k = 0; k < 48000; k++) {
			early += pow (y.x[2 * (k + 12 * 48000 + 9600)], 2);
			late += pow (y.x[2 * (k + 22 * 48000 + 38400)], 2);
		}
		ck_assert_msg (10 * log10 (late / early) < 0.5, "noise at %g dB is lifted by %.1f dB", floors[i], 10 * log10 (late / early));
		mdyn_destroy (&p);
		free (y.x), free (c.x);
	}
}
END_TEST

/* The leveller without audio: blocks of `lufs`, each played four blocks after it was heard. Returns the gain at the end of the last one played. */
static double
ride (mdyn_leveller *l, double lufs, double slope, int blocks)
{
	double start, gain = NAN;
	for (int i = 0; i < blocks; i++) {
		mdyn_leveller_hear (l, pow (10, (lufs + slope * i + (i % 4 - 1.5) + 0.691) / 10)); /* moves by 3 LU, as what is no noise does */
		if (l->heard >= 4)
			gain = mdyn_leveller_play (l, &start);
	}
	return gain;
}

START_TEST (leveller_by_itself)
{
	const mdyn_leveller_rows r = { .target = -20, .gate = -60, .initial = -70, .strength = 1, .max_boost = 30, .max_cut = 40, .dead_band = 0.8,
		                       .memory = 15, .rise = 8, .fall = 30 };
	mdyn_leveller l;
	mdyn_leveller_reset (&l);
	mdyn_leveller_update (&l, &r, true);
	NEAR (ride (&l, -30, 0, 10), 10, 1.5, the seed);
	NEAR (ride (&l, -30, 0, 90), 10, 1);
	NEAR (ride (&l, -12, 0, 4), -8, 2, there when the loud section begins);
	NEAR (ride (&l, -12, 0, 100), -8, 1);
	ck_assert_double_lt (ride (&l, -12, -0.5, 80), -7); /* a fade of 40 LU in 8 s */
	ck_assert_double_lt (ride (&l, -90, 0, 50), -7);
	NEAR (ride (&l, -30, 0, 60), 10, 1.5, after a silence);
	NEAR (ride (&l, -37, 0, 150), 17, 1.5, 7 LU down);
	NEAR (ride (&l, -75, 0, 30), 17, 1.5, a pause);
	ck_assert_double_lt (ride (&l, 0, 0, 8), -15); /* 37 LU up */
	mdyn_leveller_reset (&l);
	mdyn_leveller_update (&l, &(mdyn_leveller_rows){ .target = -20, .gate = -60, .initial = -30, .strength = 1, .max_boost = 6, .max_cut = 40 },
	                      true);
	NEAR (ride (&l, -90, 0, 10), 6, 1e-9, the level given and the most boost);
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
		double lookahead, limiter;
	} cases[] = { { "mode=measure", 0, 0 },
		      { "mode=linear", 0, 1 },
		      { "mode=linear:peak-policy=lower", 0, 0 },
		      { "mode=live", 0.4, 1 },
		      { "mode=live:lookahead=0", 0, 1 } };
	mdyn_proc *l;
	mdyn_format f = { .sample = MDYN_F32, .rate = 48000, .channels = 2 };
	ck_assert_int_eq (mdyn_create (&l, mdyn_class_get (MDYN_LIMIT), &f), 0);
	for (size_t i = 0; i < N (cases); i++) {
		mdyn_proc *p = make (&c, cases[i].rows, NULL);
		ck_assert_int_eq ((int) mdyn_latency (p), (int) (cases[i].lookahead * 48000 + cases[i].limiter * (double) mdyn_latency (l)));
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
	tcase_add_test (t, live_brings_two_levels_to_the_target);
	tcase_add_test (t, pauses_are_not_lifted);
	tcase_add_test (t, leveller_by_itself);
	tcase_add_test (t, live_rows_do_not_click);
	tcase_add_test (t, a_mode_keeps_its_latency);
	suite_add_tcase (s, t);
	return run_tap (s);
}
