/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm: its modes, its stats file, its leveller; loudness checked by libebur128 used directly. */
#include "clip.h"

/* Talk, more or less: a buzz of 140 Hz in syllables of 4 Hz, with a breath every two seconds, about -23 LUFS at 0 dB in two channels. */
static void
talk (clip *c, double db, double from, double length)
{
	uint32_t seed = 12345;
	double gain = pow (10, (db - 14.4) / 20), low = 0;
	size_t a = (size_t) (from * c->rate), b = (size_t) ((from + length) * c->rate);
	for (size_t i = a; i < b && i < c->frames; i++) {
		double t = (double) (i - a) / c->rate, breath = fmod (t, 2) < 1.7, syllable = pow (sin (PI * 4 * t), 2);
		seed = seed * 1664525 + 1013904223;
		low += 0.3 * ((double) (int32_t) seed / 2147483648.0 - low);
		double buzz = sin (2 * PI * 140 * t) + 0.7 * sin (2 * PI * 420 * t) + 0.4 * sin (2 * PI * 1260 * t) + 0.3 * low;
		for (unsigned k = 0; k < c->channels; k++)
			c->x[i * c->channels + k] += (float) (gain * buzz * syllable * breath);
	}
}

static void
noise (clip *c, double db)
{
	uint32_t seed = 99;
	for (size_t i = 0; i < c->frames * c->channels; i++) {
		seed = seed * 1664525 + 1013904223;
		c->x[i] += (float) (pow (10, db / 20) * (double) (int32_t) seed / 2147483648.0);
	}
}

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

/* measure -> stats file -> linear, read by libebur128 at the other end. */
START_TEST (linear_lands)
{
	static const char *const targets[] = { "-35", "-23", "-16" };
	static char file[160];
	clip c = new_clip (rates[_i], 2, 12), y;
	talk (&c, -12, 0, 5);
	talk (&c, -2, 5, 4);
	talk (&c, -25, 9, 3);
	json_t *o = stats_of (&c, "mode=measure", NULL, NULL);
	double loudness = value (o, "integrated"), peak = value (o, "true_peak");
	json_decref (o);
	snprintf (file, sizeof file, "%s.in", path);
	ck_assert_int_eq (rename (path, file), 0);
	for (size_t i = 0; i < N (targets); i++) {
		double target = atof (targets[i]);
		o = stats_of (&c, rows ("mode=linear:measured-file=%s:target=%s", file, targets[i]), NULL, &y);
		NEAR (ebur_loudness (&y, 0, y.frames), target, 0.05);
		NEAR (value (o, "applied_gain"), target - loudness, 0.002);
		NEAR (value (o, "integrated"), loudness, 1e-9, the delay does not count);
		NEAR (value (o, "duration"), 12, 1e-9);
		NEAR (value (json_object_get (o, "output"), "integrated"), target, 0.05);
		ck_assert_str_eq (json_string_value (json_object_get (o, "mode")), "linear");
		json_decref (o);
		free (y.x);
	}
	/* Far over the ceiling: each policy does what it says. */
	o = stats_of (&c, rows ("mode=linear:measured-file=%s:target=-6", file), NULL, &y);
	ck_assert_str_eq (json_string_value (json_object_get (o, "peak_action")), "limited");
	ck_assert_double_gt (value (o, "limiter_reduction"), 0.5);
	ck_assert_double_le (value (json_object_get (o, "output"), "true_peak"), -1 + 0.05);
	json_decref (o);
	free (y.x);
	o = stats_of (&c, rows ("mode=linear:measured-file=%s:target=-6:peak-policy=lower", file), NULL, &y);
	ck_assert_str_eq (json_string_value (json_object_get (o, "peak_action")), "lowered");
	NEAR (value (o, "applied_gain"), -1 - peak, 0.002);
	NEAR (value (json_object_get (o, "output"), "true_peak"), -1, 0.01);
	json_decref (o);
	free (y.x);
	mdyn_proc *p = make (&c, rows ("mode=linear:measured-file=%s:target=-6:peak-policy=fail", file), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), -ERANGE);
	ck_assert_ptr_nonnull (strstr (why, "peak-policy=fail"));
	mdyn_destroy (&p);
	/* A row wins over the file. */
	p = make (&c, rows ("mode=linear:measured-file=%s:target=-20:measured-loudness=-23", file), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	y = run (p, &c, 1000);
	NEAR (mdyn_get (p, MDYN_NORM_gain), 3, 1e-9);
	mdyn_destroy (&p);
	unlink (file);
	free (y.x), free (c.x);
}
END_TEST

START_TEST (missing_measurement_is_refused)
{
	static const struct {
		const char *rows, *name;
	} cases[] = {
		{ "mode=linear", "measured-loudness" },
		{ "mode=linear:measured-peak=-3", "measured-loudness" },
		{ "mode=linear:measured-loudness=-23:peak-policy=lower", "measured-peak" },
		{ "mode=linear:measured-loudness=-23:peak-policy=fail", "measured-peak" },
		{ "mode=linear:measured-file=/nonexistent/x.json", "measured-file" },
		{ "mode=linear:measured-file=/tmp", "measured-file" },
		{ "mode=live:stats-file=/nonexistent/x.json", "stats-file" },
	};
	clip c = { 48000, 2, 0, NULL };
	for (size_t i = 0; i < N (cases); i++) {
		mdyn_proc *p = make (&c, cases[i].rows, NULL);
		*why = 0;
		ck_assert_int_lt (mdyn_prepare (p, why, sizeof why), 0);
		ck_assert_msg (strstr (why, cases[i].name) && !strchr (why, '\n'), "%s", why);
		mdyn_destroy (&p);
	}
}
END_TEST

START_TEST (broken_stats_are_refused)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "", "JSON" },
		{ "loud", "JSON" },
		{ "[1]", "object" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23", "JSON" },
		{ "{\"integrated\": -23, \"true_peak\": -1}", "schema" },
		{ "{\"input_i\": \"-23.0\", \"input_tp\": \"-1\"}", "schema" },
		{ "{\"schema\": 1, \"integrated\": -23, \"true_peak\": -1}", "schema" },
		{ "{\"schema\": \"mdyn-loudness-2\", \"integrated\": -23, \"true_peak\": -1}", "schema" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"true_peak\": -1}", "integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": null, \"true_peak\": null}", "integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": \"-23\", \"true_peak\": -1}", "integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": NaN, \"true_peak\": -1}", "JSON" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": 1e9, \"true_peak\": -1}", "integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23, \"true_peak\": true}", "true_peak" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23}", "true_peak" },
	};
	clip c = { 48000, 2, 0, NULL };
	mdyn_proc *p = make (&c, rows ("mode=linear:measured-file=%s", stats_path ()), NULL);
	for (size_t i = 0; i <= N (cases); i++) {
		FILE *f = fopen (path, "w");
		if (i < N (cases))
			fputs (cases[i].text, f);
		else
			for (int k = 0; k < 70000; k++)
				fputc (' ', f);
		fclose (f);
		*why = 0;
		ck_assert_int_lt (mdyn_prepare (p, why, sizeof why), 0);
		ck_assert_msg (strstr (why, i < N (cases) ? cases[i].name : "bytes") && strstr (why, "measured-file") && !strchr (why, '\n'), "%zu: %s",
		               i, why);
	}
	FILE *f = fopen (path, "w");
	fputs ("{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23, \"true_peak\": null, \"else\": 3}", f);
	fclose (f);
	ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
	unlink (path);
	mdyn_destroy (&p);
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

START_TEST (deliveries_are_judged)
{
	static const struct {
		const char *preset;
		double db;
		int integrated, peak, pass;       /* -1: not judged */
	} cases[] = {
		{ "ebu-r128", -23, 1, 1, 1 },     { "ebu-r128", -23.22, 1, 1, 1 }, { "ebu-r128", -23.3, 0, 1, 0 },
		{ "ebu-r128", -22.7, 0, 1, 0 },   { "spotify", -40, -1, 1, 1 },    { "spotify", -1, -1, 1, 1 },
		{ "spotify", -0.9, -1, 0, 0 },    { "alexa", -9, 1, 1, 1 },        { "alexa", -1.5, 0, 0, 0 },
	};
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (48000, 2, 3);
		tone (&c, 997, cases[i].db, 0, 3);
		json_t *o = stats_of (&c, rows ("mode=measure:preset=%s", cases[i].preset), NULL, NULL), *v = json_object_get (o, "verdict");
		const json_t *got[3] = { json_object_get (json_object_get (v, "integrated"), "pass"),
			                 json_object_get (json_object_get (v, "true_peak"), "pass"), json_object_get (v, "pass") };
		const int want[3] = { cases[i].integrated, cases[i].peak, cases[i].pass };
		for (int k = 0; k < 3; k++)
			ck_assert_msg (want[k] < 0 ? json_is_null (got[k]) : want[k] ? json_is_true (got[k]) : json_is_false (got[k]), "%s at %g: %d",
			               cases[i].preset, cases[i].db, k);
		ck_assert_str_eq (json_string_value (json_object_get (v, "of")), "input");
		json_decref (o);
		free (c.x);
	}
	clip c = new_clip (48000, 2, 3);
	json_t *o = stats_of (&c, "mode=measure:preset=speech", NULL, NULL);
	ck_assert (json_is_null (json_object_get (o, "verdict")));
	json_decref (o);
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
	tcase_add_loop_test (t, linear_lands, 0, N (rates));
	tcase_add_test (t, missing_measurement_is_refused);
	tcase_add_test (t, broken_stats_are_refused);
	tcase_add_test (t, only_regular_files_are_replaced);
	tcase_add_test (t, stats_are_whole_or_absent);
	tcase_add_test (t, deliveries_are_judged);
	tcase_add_test (t, live_brings_two_levels_to_the_target);
	tcase_add_test (t, pauses_are_not_lifted);
	tcase_add_test (t, leveller_by_itself);
	tcase_add_test (t, live_rows_do_not_click);
	tcase_add_test (t, a_mode_keeps_its_latency);
	suite_add_tcase (s, t);
	return run_tap (s);
}
