/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm's measurement while it runs: mdyn_stats, mdyn_report, the event restart. */
#include "clip.h"

#include <glob.h>
#include <sys/stat.h>

static json_t *
stats_now (mdyn_proc *p)
{
	int n = mdyn_stats (p, NULL, 0);
	ck_assert_int_gt (n, 100);
	char *text = malloc ((size_t) n + 1), begun[10];
	ck_assert_int_eq (mdyn_stats (p, text, (size_t) n + 1), n);
	ck_assert_int_eq ((int) strlen (text), n);
	ck_assert_int_eq (mdyn_stats (p, begun, sizeof begun), n);
	ck_assert (!strncmp (text, begun, sizeof begun - 1) && begun[sizeof begun - 1] == 0);
	json_t *o = json_loads (text, 0, NULL);
	ck_assert (json_is_object (o));
	free (text);
	return o;
}

/* Two programmes in one stream, the second from frame `seam`, which lies within a slice and a quantum. What is read at the end is that of the second alone,
 * read by libebur128 and, for peaks, known from how it was made; nothing of the louder first shows. */
START_TEST (restart_begins_anew)
{
	static const char *const modes[] = { "mode=measure", "mode=linear:measured-loudness=-20:target=-20", "mode=live:target=-20:max-boost=0:max-cut=0" };
	clip c = new_clip (48000, 2, 12);
	const size_t seam = 5 * 48000 + 123 + (size_t) _i * 40;
	tone (&c, 12000, -6, 0, 6);
	memset (c.x + seam * 2, 0, (c.frames - seam) * 2 * sizeof (float));
	tone (&c, 997, -30, (double) seam / 48000, 3);
	tone (&c, 997, -20, (double) seam / 48000 + 3, 4);
	double want = ebur_loudness (&c, seam, c.frames), duration = (double) (c.frames - seam) / 48000;
	for (size_t k = 0; k < N (modes); k++) {
		mdyn_proc *p = make (&c, rows ("%s:stats-file=%s", modes[k], stats_path ()), NULL);
		ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
		clip first = c, second = { 48000, 2, c.frames - seam, c.x + seam * 2 };
		float *y = calloc (c.frames * 2, sizeof *y);
		first.frames = seam;
		ck_assert_int_eq (mdyn_process_interleaved (p, y, first.x, NULL, seam), 0);
		ck_assert_int_eq (mdyn_trigger (p, MDYN_NORM_restart_event), 0);
		clip z = run (p, &second, 777);
		ck_assert_int_eq (mdyn_finish (p, why, sizeof why), 0);
		json_t *o = stats_now (p), *out = json_object_get (o, "output");
		ck_assert (json_is_true (json_object_get (o, "complete")));
		for (int side = 0; side < (k ? 2 : 1); side++) {
			const json_t *r = side ? out : o;
			NEAR (value (r, "integrated"), want, 0.02);
			NEAR (value (r, "duration"), duration, 1e-3);
			NEAR (value (r, "max_short_term"), -20, 0.03);
			NEAR (value (r, "max_momentary"), -20, 0.03);
			NEAR (value (r, "sample_peak"), -20, 0.03);
			NEAR (value (r, "true_peak"), -20, 0.03);
			NEAR (value (r, "plr"), -20 - want, 0.05);
			NEAR (value (r, "psr"), 0, 0.1, a tone in both channels reads its peak as its loudness);
		}
		json_decref (o);
		mdyn_destroy (&p);
		free (z.x);
		free (y);
	}
	free (c.x);
}
END_TEST

/* The sound does not notice. */
START_TEST (restart_changes_no_bit)
{
	clip c = new_clip (16000, 1, 6);
	tone (&c, 300, -30, 0, 3);
	tone (&c, 300, -12, 3, 3);
	clip y[2];
	for (int k = 0; k < 2; k++) {
		mdyn_proc *p = make (&c, "mode=live:target=-16", NULL);
		y[k] = c;
		y[k].x = malloc (c.frames * sizeof (float));
		for (size_t at = 0; at < c.frames; at += 100) {
			if (k && at % 7000 == 0)
				ck_assert_int_eq (mdyn_trigger (p, MDYN_NORM_restart_event), 0);
			ck_assert_int_eq (mdyn_process_interleaved (p, y[k].x + at, c.x + at, NULL, 100), 0);
		}
		mdyn_destroy (&p);
	}
	ck_assert (!memcmp (y[0].x, y[1].x, c.frames * sizeof (float)));
	free (y[0].x), free (y[1].x), free (c.x);
}
END_TEST

/* Written when the interval has passed, and not before; whole each time. */
START_TEST (report_follows_the_interval)
{
	clip c = new_clip (48000, 1, 7);
	tone (&c, 997, -20, 0, 7);
	mdyn_proc *p = make (&c, rows ("mode=measure:stats-interval=1.5:stats-file=%s", stats_path ()), NULL);
	int written = 0;
	for (size_t at = 0; at + 4800 <= c.frames; at += 4800) {
		ck_assert_int_eq (mdyn_process_interleaved (p, c.x + at, c.x + at, NULL, 4800), 0);
		ck_assert_int_eq (mdyn_report (p, why, sizeof why), 0);
		json_t *o = json_load_file (path, 0, NULL);
		ck_assert_int_eq (o != NULL, (at + 4800) % 72000 == 0);
		if (!o)
			continue;
		written++;
		ck_assert (json_is_false (json_object_get (o, "complete")));
		NEAR (value (o, "duration"), (double) (at + 4800) / 48000, 1e-3);
		NEAR (value (o, "integrated"), -23.01, 0.02);
		json_decref (o);
		unlink (path);
	}
	ck_assert_int_eq (written, 4);
	ck_assert_int_eq (mdyn_finish (p, why, sizeof why), 0);
	json_t *file = json_load_file (path, 0, NULL), *asked = stats_now (p);
	ck_assert (json_equal (file, asked) && json_is_true (json_object_get (file, "complete")));
	json_decref (file);
	json_decref (asked);
	mdyn_destroy (&p);
	free (c.x);

	/* Without a file, without an interval, and of a class that has none. */
	clip none = { 48000, 1, 0, NULL };
	for (int k = 0; k < 2; k++) {
		p = make (&none, k ? "stats-interval=1" : rows ("stats-file=%s", stats_path ()), NULL);
		float x[4800] = { 0 };
		for (int i = 0; i < 30; i++) {
			ck_assert_int_eq (mdyn_process_interleaved (p, x, x, NULL, 4800), 0);
			ck_assert_int_eq (mdyn_report (p, why, sizeof why), 0);
		}
		ck_assert_int_ne (access (path, F_OK), 0);
		mdyn_destroy (&p);
	}
	mdyn_format f = { .sample = MDYN_F32, .rate = 48000, .channels = 2 };
	ck_assert_int_eq (mdyn_create (&p, mdyn_class_get (MDYN_LIMIT), &f), 0);
	ck_assert_int_eq (mdyn_stats (p, NULL, 0), -ENOTSUP);
	ck_assert_int_eq (mdyn_report (p, why, sizeof why), 0);
	mdyn_destroy (&p);
}
END_TEST

/* A new file is as open as the umask lets files be; one that was kept private stays private. Nothing is left beside it. */
START_TEST (permissions_are_kept)
{
	static const struct {
		mode_t before, umask, after;
	} cases[] = { { 0, 022, 0644 }, { 0, 077, 0600 }, { 0600, 022, 0600 }, { 0664, 077, 0664 } };
	clip c = new_clip (48000, 1, 1);
	for (size_t k = 0; k < N (cases); k++) {
		mdyn_proc *p = make (&c, rows ("mode=measure:stats-file=%s", stats_path ()), NULL);
		mode_t old = umask (cases[k].umask);
		if (cases[k].before) {
			fclose (fopen (path, "w"));
			ck_assert_int_eq (chmod (path, cases[k].before), 0);
		}
		ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
		clip y = run (p, &c, 4800);
		ck_assert_int_eq (mdyn_finish (p, why, sizeof why), 0);
		umask (old);
		struct stat st;
		ck_assert_int_eq (stat (path, &st), 0);
		ck_assert_int_eq (st.st_mode & 0777, cases[k].after);
		ck_assert_int_gt (st.st_size, 100);
		glob_t g;
		ck_assert_int_eq (glob (rows ("%s*", path), 0, NULL, &g), 0);
		ck_assert_uint_eq (g.gl_pathc, 1);
		globfree (&g);
		mdyn_destroy (&p);
		free (y.x);
	}
	free (c.x);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("stats");
	TCase *t = tcase_create ("stats");
	tcase_set_timeout (t, 60);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_loop_test (t, restart_begins_anew, 0, 2);
	tcase_add_test (t, restart_changes_no_bit);
	tcase_add_test (t, report_follows_the_interval);
	tcase_add_test (t, permissions_are_kept);
	suite_add_tcase (s, t);
	return run_tap (s);
}
