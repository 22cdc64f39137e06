/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Delivery presets: what they set and what they judge, against the published numbers. */
#include "clip.h"

#define ANY INFINITY

/* From the documents named in mdyn/delivery.def; the first true_peak is the required one. */
static const struct {
	const char *preset;
	double target, ceiling, least, most, peak;
	const char *measure;
} published[] = {
	{ "ebu-r128", -23, -1, -23.2, -22.8, -1, "integrated" },
	{ "ebu-r128-s1", -23, -1, -23.2, -22.8, -1, "integrated" },
	{ "ebu-r128-s2", -23, -1, -23.2, -22.8, -1, "integrated" },
	{ "dpp-as11", -23, -1, -23.5, -22.5, -1, "integrated" },
	{ "bbc-radio", -23, -1, -ANY, ANY, -1, NULL },
	{ "atsc-a85-short", -24, -2, -26, -22, -2, "integrated" },
	{ "atsc-a85-long", -24, -2, -26, -22, -2, "dialogue" },
	{ "arib-tr-b32", -24, -1, -25, -23, -1, "integrated" },
	{ "op-59", -24, -2, -25, -23, -2, "integrated" },
	{ "netflix", -27, -2.3, -29, -25, -2, "dialogue" },
	{ "amazon-mgm", -27, -2, -29, -25, -2, "dialogue" },
	{ "aes-td1008-speech", -18, -1, -18.2, -17.8, -1, "integrated" },
	{ "aes-td1008-music", -16, -1, -16.2, -15.8, -1, "integrated" },
	{ "aes-td1008-album", -14, -1, -ANY, -13.8, -1, "integrated" },
	{ "apple-podcasts", -16, -1, -17, -15, -1, "integrated" },
	{ "podcast-mono", -19, -1, -ANY, ANY, -1, NULL },
	{ "spotify", -14, -1, -ANY, ANY, -1, NULL },
	{ "spotify-ads", -16, -2, -17.5, -14.5, -2, "integrated" },
	{ "alexa", -14, -2, -19, -9, -2, "integrated" },
	{ "apple-music-atmos", -18, -1, -ANY, -18, -1, "integrated" },
	{ "prss", -24, -3, -26, -22, -2, "integrated" },
	{ "cbc-radio-ads", -24, -2, -25, -23, -2, "integrated" },
	{ "acx", -20, -3, -23, -18, ANY, "rms" },
	{ "streaming-14", -14, -1, -ANY, ANY, -1, NULL },
};

static const json_t *
criterion (const json_t *o, const char *name)
{
	const json_t *list = json_object_get (json_object_get (o, "verdict"), "criteria");
	for (size_t i = 0; i < json_array_size (list); i++)
		if (!strcmp (json_string_value (json_object_get (json_array_get (list, i), "name")), name))
			return json_array_get (list, i);
	return NULL;
}

static void
is_bound (const json_t *c, const char *name, double want)
{
	const json_t *v = json_object_get (c, name);
	ck_assert_ptr_nonnull (v);
	if (isinf (want))
		ck_assert (json_is_null (v));
	else
		ck_assert (fabs (json_number_value (v) - want) < 1e-9);
}

START_TEST (presets_are_as_published)
{
	clip c = new_clip (48000, 2, 1);
	tone (&c, 997, -30, 0, 1);
	for (size_t i = 0; i < N (published); i++) {
		mdyn_proc *p = make (&c, rows ("preset=%s", published[i].preset), NULL);
		ck_assert (mdyn_get (p, MDYN_NORM_target) == published[i].target && mdyn_get (p, MDYN_NORM_ceiling) == published[i].ceiling);
		mdyn_destroy (&p);
		json_t *o = stats_of (&c, rows ("mode=measure:preset=%s", published[i].preset), NULL, NULL);
		const json_t *peak = criterion (o, "true_peak"), *loudness = published[i].measure ? criterion (o, published[i].measure) : NULL;
		ck_assert_msg ((loudness != NULL) == (published[i].measure != NULL), "%s", published[i].preset);
		if (loudness) {
			is_bound (loudness, "min", published[i].least);
			is_bound (loudness, "max", published[i].most);
		} else {
			ck_assert_ptr_null (criterion (o, "integrated"));
		}
		ck_assert_msg ((peak != NULL) == !isinf (published[i].peak), "%s", published[i].preset);
		if (peak) {
			is_bound (peak, "min", -ANY);
			is_bound (peak, "max", published[i].peak);
			ck_assert (json_is_true (json_object_get (peak, "required")) && json_is_true (json_object_get (peak, "pass")));
		}
		json_decref (o);
	}
	/* What else they set: short-term at most -18, the loudest track at -14. */
	mdyn_proc *p = make (&c, "preset=ebu-r128-s1", NULL);
	ck_assert (mdyn_get (p, MDYN_NORM_target) + mdyn_get (p, MDYN_NORM_max_short_term) == -18);
	mdyn_destroy (&p);
	p = make (&c, "preset=aes-td1008-album", NULL);
	ck_assert (mdyn_get (p, MDYN_NORM_group) == MDYN_NORM_group_loudest);
	mdyn_destroy (&p);

	/* Each delivery of the table is one of the above. */
	const mdyn_class *cls = mdyn_class_get (MDYN_NORM);
	size_t known = 0;
	for (size_t i = 0; i < cls->n_presets; i++)
		known += strstr (cls->presets[i].settings, "target=") == cls->presets[i].settings;
	ck_assert_uint_eq (known, N (published));
	free (c.x);
}
END_TEST

/* A stereo tone reads its level as its loudness (997 Hz) and its peak. -1: not judged. */
START_TEST (deliveries_are_judged)
{
	static const struct {
		const char *preset;
		double db;
		const char *mode;
		int loudness, peak, pass;
	} cases[] = {
		{ "ebu-r128", -23, "measure", 1, 1, 1 },     { "ebu-r128", -23.22, "measure", 1, 1, 1 }, { "ebu-r128", -23.3, "measure", 0, 1, 0 },
		{ "ebu-r128", -22.7, "measure", 0, 1, 0 },   { "ebu-r128", -22.5, "live", 1, 1, 1 },     { "ebu-r128", -21.8, "live", 0, 1, 0 },
		{ "spotify", -40, "measure", -1, 1, 1 },     { "spotify", -1, "measure", -1, 1, 1 },     { "spotify", -0.9, "measure", -1, 0, 0 },
		{ "alexa", -9, "measure", 1, 1, 1 },         { "alexa", -1.5, "measure", 0, 0, 0 },      { "apple-music-atmos", -40, "measure", 1, 1, 1 },
		{ "apple-music-atmos", -17, "measure", 0, 1, 0 },
	};
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (48000, 2, 3);
		tone (&c, 997, cases[i].db, 0, 3);
		/* live with no room to move and no silence is no different */
		const char *set = !strcmp (cases[i].mode, "live") ? "mode=live:max-boost=0:max-cut=0" : "mode=measure";
		json_t *o = stats_of (&c, rows ("preset=%s:%s", cases[i].preset, set), NULL, NULL), *v = json_object_get (o, "verdict");
		const json_t *got[3] = { json_object_get (criterion (o, "integrated"), "pass"), json_object_get (criterion (o, "true_peak"), "pass"),
			                 json_object_get (v, "pass") };
		const int want[3] = { cases[i].loudness, cases[i].peak, cases[i].pass };
		for (int k = 0; k < 3; k++)
			ck_assert_msg (want[k] < 0 ? !got[k] || json_is_null (got[k]) : want[k] ? json_is_true (got[k]) : json_is_false (got[k]), "%s at %g: %d",
			               cases[i].preset, cases[i].db, k);
		ck_assert_str_eq (json_string_value (json_object_get (v, "of")), *cases[i].mode == 'l' ? "output" : "input");
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

/* Short form: at -23 LUFS, and yet three seconds of it are too loud. */
START_TEST (short_form_limits_short_term)
{
	for (int loud = 0; loud < 2; loud++) {
		clip c = new_clip (48000, 2, 30);
		double part = loud ? -16.5 : -18.5, rest = 10 * log10 ((30 * pow (10, -2.3) - 6 * pow (10, part / 10)) / 24); /* their mean is -23 */
		tone (&c, 997, part, 0, 6);
		tone (&c, 997, rest, 6, 24);
		json_t *o = stats_of (&c, "mode=measure:preset=ebu-r128-s1", NULL, NULL);
		const json_t *s = criterion (o, "max_short_term");
		NEAR (value (o, "integrated"), -23, 0.1);
		NEAR (value (s, "measured"), part, 0.02);
		is_bound (s, "max", -17.8);
		ck_assert (json_is_boolean (json_object_get (s, "pass")) && json_is_true (json_object_get (s, "pass")) == !loud);
		ck_assert (json_is_true (json_object_get (json_object_get (o, "verdict"), "pass")) == !loud);
		json_decref (o);
		free (c.x);
	}
}
END_TEST

/* Advice is told, and does not fail. */
START_TEST (advice_does_not_fail)
{
	clip c = new_clip (48000, 2, 5);
	tone (&c, 997, -23, 0, 5);
	tone (&c, 997, -2, 2, 0.004);
	json_t *o = stats_of (&c, "mode=measure:preset=dpp-as11", NULL, NULL), *v = json_object_get (o, "verdict"), *list = json_object_get (v, "criteria");
	ck_assert (json_is_true (json_object_get (v, "pass")));
	const json_t *last = json_array_get (list, json_array_size (list) - 1);
	is_bound (last, "max", -3);
	ck_assert (json_is_false (json_object_get (last, "pass")) && json_is_false (json_object_get (last, "required")));
	json_decref (o);
	free (c.x);
}
END_TEST

/* ACX: the root mean square of a tone is its peak less 3.01 dB, of noise from -1 to 1 its peak less 4.77 dB. */
START_TEST (audio_books_are_judged_by_rms)
{
	static const struct {
		double speech, room;
		int rms, floor, peak;
	} cases[] = { { -17, -70, 1, 1, 1 }, { -17, -50, 1, 0, 1 }, { -21, -70, 0, 1, 1 }, { -2.5, -200, 0, 1, 0 } };
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (44100, 1, 10);
		tone (&c, 300, cases[i].speech, 0, 9);
		if (cases[i].room > -200)
			noise (&c, cases[i].room);
		json_t *o = stats_of (&c, "mode=measure:preset=acx", NULL, NULL);
		NEAR (value (o, "rms"), cases[i].speech - 3.01 + 10 * log10 (0.9), 0.02);
		if (cases[i].room > -200)
			NEAR (value (o, "noise_floor"), cases[i].room - 4.77, 0.1);
		else
			ck_assert (isnan (value (o, "noise_floor")));
		const int want[3] = { cases[i].rms, cases[i].floor, cases[i].peak };
		const char *const names[3] = { "rms", "noise_floor", "sample_peak" };
		for (int k = 0; k < 3; k++)
			ck_assert_msg (json_is_true (json_object_get (criterion (o, names[k]), "pass")) == want[k], "%zu: %s", i, names[k]);
		json_decref (o);
		free (c.x);
	}
}
END_TEST

/* What needs dialogue is not judged by something else: neither passed nor, where nothing else fails, failed. */
START_TEST (without_dialogue_no_verdict)
{
	static const char *const presets[] = { "netflix", "amazon-mgm", "atsc-a85-long" };
	for (size_t i = 0; i < N (presets); i++)
		for (int loud = 0; loud < 2; loud++) {
			clip c = new_clip (48000, 2, 3);
			tone (&c, 997, loud ? -1 : -27, 0, 3);
			json_t *o = stats_of (&c, rows ("mode=measure:preset=%s", presets[i]), NULL, NULL), *v = json_object_get (o, "verdict");
			ck_assert (json_is_null (json_object_get (criterion (o, "dialogue"), "pass")));
			ck_assert (json_is_false (json_object_get (v, "approximate")));
			const json_t *pass = json_object_get (v, "pass");
			ck_assert (loud ? json_is_false (pass) : json_is_null (pass));
			json_decref (o);
			free (c.x);
		}
}
END_TEST

/* A detector in place of what is told makes the verdict approximate, of deliveries that ask for dialogue; without one in the build it is refused. */
START_TEST (detected_dialogue_is_approximate)
{
	static const char *const presets[] = { "netflix", "ebu-r128" };
	clip c = new_clip (48000, 2, 4);
	talk (&c, 0, 0, 3);
	for (int i = 0; i < 2; i++) {
		mdyn_proc *p = make (&c, rows ("mode=measure:dialogue=auto:preset=%s:stats-file=%s", presets[i], stats_path ()), NULL);
		int err = mdyn_prepare (p, why, sizeof why);
		if (err == 0) {
			clip y = run (p, &c, 1000);
			ck_assert_int_eq (mdyn_finish (p, why, sizeof why), 0);
			json_t *o = json_load_file (path, 0, NULL), *v = json_object_get (o, "verdict");
			ck_assert (json_is_boolean (json_object_get (v, "approximate")) && json_is_true (json_object_get (v, "approximate")) == !i);
			ck_assert_ptr_nonnull (strstr (json_string_value (json_object_get (o, "dialogue_by")), "speexdsp"));
			ck_assert (isfinite (value (o, "dialogue_share")));
			json_decref (o);
			free (y.x);
		} else {
			ck_assert_int_eq (err, -ENOTSUP);
			ck_assert_msg (strstr (why, "dialogue=auto") && !strchr (why, '\n'), "%s", why);
		}
		mdyn_destroy (&p);
	}
	free (c.x);
}
END_TEST

/* Speech at -27, music at -12 between: told when it is dialogue, the deliveries that ask for it judge it, at 15 % and more. Ungated mean of the dialogue: its
 * own level. */
START_TEST (dialogue_is_judged_where_it_is_told)
{
	static const struct {
		const char *preset, *mode;
		double music, speech;             /* s of each in 10 s */
		int pass;
	} cases[] = {
		{ "netflix", "mode=measure", 8, 2, 1 },     { "netflix", "mode=measure", 9, 1, 0 }, /* 10 %: the full mix counts */
		{ "amazon-mgm", "mode=measure", 8, 2, 1 },  { "amazon-mgm", "mode=measure", 9, 1, 1 },
		{ "atsc-a85-long", "mode=measure", 8, 2, 0 }, { "netflix", "mode=live:max-boost=0:max-cut=0", 8, 2, 1 },
	};
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (48000, 2, 40);
		for (int k = 0; k < 4; k++) {
			tone (&c, 997, -12, k * 10, cases[i].music);
			tone (&c, 997, -27, k * 10 + cases[i].music, cases[i].speech);
		}
		mdyn_proc *p = make (&c, rows ("preset=%s:%s:stats-file=%s", cases[i].preset, cases[i].mode, stats_path ()), NULL);
		ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
		size_t latency = mdyn_latency (p);
		float *y = calloc ((c.frames + latency + 4800) * 2, sizeof *y);
		memcpy (y, c.x, c.frames * 2 * sizeof *y);
		for (size_t at = 0, n; at < c.frames + latency; at += n) {
			n = c.frames + latency - at < 4800 ? c.frames + latency - at : 4800;
			ck_assert_int_eq (mdyn_set (p, MDYN_NORM_dialogue, fmod ((double) at / 48000, 10) < cases[i].music - 1e-6 ? 1 : 2), 0);
			ck_assert_int_eq (mdyn_process_interleaved (p, y + at * 2, y + at * 2, NULL, n), 0);
		}
		double share = mdyn_get (p, MDYN_NORM_dialogue_share), heard = mdyn_get (p, MDYN_NORM_dialogue_loudness);
		ck_assert_int_eq (mdyn_finish (p, why, sizeof why), 0);
		mdyn_destroy (&p);
		free (y);
		json_t *o = json_load_file (path, 0, NULL), *of = *cases[i].mode && strstr (cases[i].mode, "live") ? json_object_get (o, "output") : o;
		NEAR (share, 10 * cases[i].speech, 0.3, read at the last whole block);
		NEAR (heard, -27, 0.1);
		NEAR (value (of, "dialogue"), -27, 0.1);
		NEAR (value (of, "dialogue_share"), 10 * cases[i].speech, 0.01);
		NEAR (value (of, "dialogue_range"), 0, 0.2);
		NEAR (value (of, "programme_minus_dialogue"), value (of, "integrated") - value (of, "dialogue"), 0.002);
		const json_t *pass = json_object_get (json_object_get (o, "verdict"), "pass");
		ck_assert_msg (json_is_boolean (pass) && json_is_true (pass) == cases[i].pass, "%s, %g s", cases[i].preset, cases[i].speech);
		json_decref (o);
		free (c.x);
	}
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("delivery");
	TCase *t = tcase_create ("delivery");
	tcase_set_timeout (t, 60);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_test (t, presets_are_as_published);
	tcase_add_test (t, deliveries_are_judged);
	tcase_add_test (t, short_form_limits_short_term);
	tcase_add_test (t, advice_does_not_fail);
	tcase_add_test (t, audio_books_are_judged_by_rms);
	tcase_add_test (t, without_dialogue_no_verdict);
	tcase_add_test (t, dialogue_is_judged_where_it_is_told);
	tcase_add_test (t, detected_dialogue_is_approximate);
	suite_add_tcase (s, t);
	return run_tap (s);
}
