/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* From a measurement to a gain: masternorm's linear mode and the stats files it reads; loudness checked by libebur128 used directly. */
#include "clip.h"

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
		{ "mode=linear:measured-file=|", "a name is missing" },
		{ "mode=linear:measured-file=a.json||b.json", "a name is missing" },
		{ "mode=linear:measured-file=a.json|", "a name is missing" },
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

#define GOOD "{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23, \"true_peak\": -1"

/* One line that names file and field, at once: a file of 1 GB is not read. */
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
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": \"-23\", \"true_peak\": -1}", "integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": NaN, \"true_peak\": -1}", "field integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": 1e9, \"true_peak\": -1}", "integrated" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23, \"true_peak\": true}", "true_peak" },
		{ "{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23}", "true_peak" },
		{ GOOD ", \"dual_mono\": 1}", "dual_mono" },
		{ GOOD ", \"channels\": \"two\"}", "channels" },
		{ GOOD ", \"channels\": 0}", "channels" },
		{ GOOD ", \"blocks\": [-23, 5]}", "blocks" },
		{ GOOD ", \"blocks\": \"-23000:5 loud:3\"}", "blocks is wrong at character 9" },
		{ GOOD ", \"blocks\": \"-23000:5 -22000:-3\"}", "blocks is wrong at character 16" },
		{ GOOD ", \"blocks\": \"-23000:99999999999999999999\"}", "blocks is wrong" },
		{ GOOD ", \"blocks\": \"-23000:nan\"}", "blocks is wrong" },
		{ GOOD ", \"blocks\": \"-200000:1\"}", "blocks is wrong" },
	};
	clip c = { 48000, 2, 0, NULL };
	mdyn_proc *p = make (&c, rows ("mode=linear:measured-file=%s", stats_path ()), NULL);
	for (size_t i = 0; i <= N (cases); i++) {
		FILE *f = fopen (path, "w");
		if (i < N (cases))
			fputs (cases[i].text, f);
		else
			ck_assert_int_eq (ftruncate (fileno (f), 1 << 30), 0);
		fclose (f);
		*why = 0;
		ck_assert_int_lt (mdyn_prepare (p, why, sizeof why), 0);
		ck_assert_msg (strstr (why, i < N (cases) ? cases[i].name : "bytes") && strstr (why, "measured-file") && !strchr (why, '\n'), "%zu: %s",
		               i, why);
	}
	FILE *f = fopen (path, "w");
	fputs ("\xEF\xBB\xBF{\"schema\": \"mdyn-loudness-1\", \"integrated\": -23, \"true_peak\": null, \"else\": 3}", f); /* as some editors write it */
	fclose (f);
	*why = 0;
	ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0 && !*why, "%s", why);
	f = fopen (path, "w");
	fputs (GOOD ", \"complete\": false}", f); /* good, but of a part only: told */
	fclose (f);
	ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0 && strstr (why, "complete") && strstr (why, path + strlen (path) - 20), "%s", why);
	unlink (path);
	mdyn_destroy (&p);
}
END_TEST

/* A programme of four seconds' steps around the absolute gate, seeded. */
static clip
steps_at_the_gate (unsigned rate, uint32_t seed)
{
	clip c = new_clip (rate, 2, 40);
	for (int i = 0; i < 10; i++) {
		seed = seed * 1664525 + 1013904223;
		tone (&c, 997, i ? -82 + 40 * pow ((seed >> 8) / 16777216.0, 2) : -45, i * 4, 4);
	}
	return c;
}

/* What a gain lifts over the gate counts, and lowers the relative gate as well: only the blocks tell which gain it takes. libebur128 reads the output. */
START_TEST (linear_lands_at_the_gate)
{
	double worst_plain = 0;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		clip c = steps_at_the_gate (8000, seed), y;
		json_t *o = stats_of (&c, "mode=measure", NULL, NULL);
		double plain = -20 - value (o, "integrated");
		char file[160];
		snprintf (file, sizeof file, "%s.in", path);
		ck_assert_int_eq (rename (path, file), 0);
		json_decref (o);
		o = stats_of (&c, rows ("mode=linear:target=-20:peak-policy=lower:ceiling=0:measured-file=%s", file), NULL, &y);
		NEAR (ebur_loudness (&y, 0, y.frames), -20, 0.05);
		worst_plain = fmax (worst_plain, fabs (plain - value (o, "applied_gain")));
		json_decref (o);
		unlink (file);
		free (c.x), free (y.x);
	}
	ck_assert_msg (worst_plain > 0.1, "target less loudness was right: these programmes show nothing");
}
END_TEST

/* An album of three: the gain is the same for all, by the loudness of all blocks together as libebur128 gates them over several states, or by the loudest. */
START_TEST (a_group_has_one_gain)
{
	clip c[3], y[3];
	char file[3][160], list[500];
	double loudness[3], gain = NAN, peak = -HUGE_VAL;
	ebur128_state *st[3];
	for (int i = 0; i < 3; i++) {
		c[i] = new_clip (48000, 2, 5 + 3 * i);
		talk (&c[i], (double[]){ -10, 0, -24 }[i], 0, 20);
		json_t *o = stats_of (&c[i], "mode=measure", NULL, NULL);
		loudness[i] = value (o, "integrated");
		peak = fmax (peak, value (o, "true_peak"));
		json_decref (o);
		snprintf (file[i], sizeof file[i], "%s.%d", path, i);
		ck_assert_int_eq (rename (path, file[i]), 0);
	}
	snprintf (list, sizeof list, "%s|%s|%s", file[0], file[1], file[2]);
	for (int loudest = 0; loudest < 2; loudest++) {
		for (int i = 0; i < 3; i++) {
			json_t *o = stats_of (&c[i], rows ("mode=linear:target=-30:group=%s:measured-file=%s", loudest ? "loudest" : "together", list), NULL, &y[i]);
			gain = i ? gain : value (o, "applied_gain");
			ck_assert (value (o, "applied_gain") == gain);
			ck_assert_int_eq ((int) value (o, "measured_files"), 3);
			ck_assert_str_eq (json_string_value (json_object_get (o, "group")), loudest ? "loudest" : "together");
			NEAR (value (o, "measured_peak"), peak, 1e-9);
			NEAR (ebur_loudness (&y[i], 0, y[i].frames), loudness[i] + gain, 0.02, the level to each other is kept);
			st[i] = ebur128_init (2, 48000, EBUR128_MODE_I);
			ebur128_add_frames_float (st[i], y[i].x, y[i].frames);
			json_decref (o);
			free (y[i].x);
		}
		double together;
		ebur128_loudness_global_multiple (st, 3, &together);
		for (int i = 0; i < 3; i++)
			ebur128_destroy (&st[i]);
		NEAR (loudest ? loudness[1] + gain : together, -30, 0.05);
	}
	/* The peaks of all of them count: the first is not the one that meets the ceiling. */
	json_t *o = stats_of (&c[0], rows ("mode=linear:target=-5:peak-policy=lower:measured-file=%s", list), NULL, NULL);
	NEAR (value (o, "applied_gain"), -1 - peak, 0.002);
	ck_assert_double_gt (value (o, "peak_amount"), 1);
	json_decref (o);
	/* A member named twice would count twice. */
	mdyn_proc *p = make (&c[0], rows ("mode=linear:measured-file=%s|%s", list, file[0]), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), -EINVAL);
	ck_assert_msg (strstr (why, file[0]) && strstr (why, "named twice") && !strchr (why, '\n'), "%s", why);
	mdyn_destroy (&p);
	/* A member that tells no blocks cannot be part of it. */
	FILE *f = fopen (file[1], "w");
	fputs (GOOD "}", f);
	fclose (f);
	p = make (&c[0], rows ("mode=linear:measured-file=%s", list), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), -EINVAL);
	ck_assert_msg (strstr (why, file[1]) && strstr (why, "blocks"), "%s", why);
	mdyn_destroy (&p);
	for (int i = 0; i < 3; i++) {
		unlink (file[i]);
		free (c[i].x);
	}
}
END_TEST

/* Measured as one loudspeaker, played as two: the file says which. */
START_TEST (dual_mono_is_reckoned)
{
	clip c = new_clip (48000, 1, 4);
	tone (&c, 997, -20, 0, 4);
	for (int measured = 0; measured < 2; measured++)
		for (int played = 0; played < 2; played++) {
			json_t *o = stats_of (&c, rows ("mode=measure:dual-mono=%s", measured ? "on" : "off"), NULL, NULL);
			json_decref (o);
			char file[160];
			snprintf (file, sizeof file, "%s.in", path);
			ck_assert_int_eq (rename (path, file), 0);
			o = stats_of (&c, rows ("mode=linear:target=-30:dual-mono=%s:measured-file=%s", played ? "on" : "off", file), NULL, NULL);
			NEAR (value (json_object_get (o, "output"), "integrated"), -30, 0.02);
			NEAR (value (o, "applied_gain"), -30 - (played ? -20 : -23.01), 0.02);
			json_decref (o);
			unlink (file);
		}
	free (c.x);
}
END_TEST

/* Nothing to go by: 0 dB, bit for bit, and the user is told. */
START_TEST (silence_is_left_alone)
{
	clip c = new_clip (48000, 2, 4), y;
	tone (&c, 997, -80, 0, 4);
	json_t *o = stats_of (&c, "mode=measure", NULL, NULL);
	ck_assert_ptr_nonnull (strstr (json_string_value (json_array_get (json_object_get (o, "warnings"), 0)), "never rose over the gate"));
	json_decref (o);
	char file[160];
	snprintf (file, sizeof file, "%s.in", path);
	ck_assert_int_eq (rename (path, file), 0);
	static const char *const modes[] = { "mode=linear:measured-file=%s", "mode=linear:peak-policy=fail:measured-file=%s", "mode=live" };
	for (size_t i = 0; i < N (modes); i++) {
		o = stats_of (&c, rows (modes[i], file), NULL, &y);
		ck_assert (!memcmp (y.x, c.x, c.frames * 2 * sizeof (float)));
		ck_assert_ptr_nonnull (strstr (json_string_value (json_array_get (json_object_get (o, "warnings"), 0)), "gain stayed 0 dB"));
		ck_assert (i == 2 || value (o, "applied_gain") == 0);
		json_decref (o);
		free (y.x);
	}
	mdyn_proc *p = make (&c, rows (modes[0], file), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	ck_assert_msg (strstr (why, "never rises over the gate"), "%s", why);
	mdyn_destroy (&p);

	/* Beside others it does not count, which the user is told by name. */
	tone (&c, 997, -20, 0, 4);
	json_decref (stats_of (&c, "mode=measure", NULL, NULL));
	char both[400], loud[160];
	snprintf (loud, sizeof loud, "%s.loud", path);
	ck_assert_int_eq (rename (path, loud), 0);
	snprintf (both, sizeof both, "mode=linear:measured-file=%s|%s", loud, file);
	p = make (&c, both, NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	ck_assert_msg (strstr (why, file + strlen (file) - 20) && strstr (why, "does not count"), "%s", why);
	mdyn_destroy (&p);

	/* Where it is not read at all, that is told, too. */
	p = make (&c, rows ("measured-file=%s", loud), NULL);
	ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
	ck_assert_msg (strstr (why, "is not read"), "%s", why);
	mdyn_destroy (&p);
	unlink (file);
	unlink (loud);
	free (c.x);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("measured");
	TCase *t = tcase_create ("measured");
	tcase_set_timeout (t, 60);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_loop_test (t, linear_lands, 0, N (rates));
	tcase_add_test (t, linear_lands_at_the_gate);
	tcase_add_test (t, a_group_has_one_gain);
	tcase_add_test (t, dual_mono_is_reckoned);
	tcase_add_test (t, silence_is_left_alone);
	tcase_add_test (t, missing_measurement_is_refused);
	tcase_add_test (t, broken_stats_are_refused);
	suite_add_tcase (s, t);
	return run_tap (s);
}
