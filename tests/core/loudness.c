/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The meter, read through masternorm: rates, channel weights, what has no value. EBU's own cases: tech3341.c. */
#include "clip.h"

/* BS.1770's anchor at rates of every kind, and a true peak in the last frames. */
START_TEST (any_rate_and_channel_count)
{
	static const unsigned odd[] = { 8000, 11025, 12347, 16000, 22050, 32000, 88200, 176400, 192000, 384000 };
	for (size_t i = 0; i < N (odd); i++) {
		clip c = new_clip (odd[i], 1, 1.5);
		tone (&c, 997, 0, 0, 1.5);
		NEAR (measured (&c, "integrated"), -3.01, 0.1, 1770);
		free (c.x);
	}
	clip c = new_clip (48000, 64, 1);
	tone (&c, 997, -20, 0, 1);
	NEAR (measured (&c, "integrated"), -23.01 + 10 * log10 (64), 0.05, unknown positions weigh 1);
	free (c.x);
	c = new_clip (48000, 1, 0.5);
	c.x[c.frames - 3] = 0.5f;
	NEAR (measured (&c, "true_peak"), -6.02, 0.3, the last frames);
	free (c.x);
}
END_TEST

START_TEST (channels_weigh_by_position)
{
	static const struct {
		mdyn_position position;
		double lu;
	} one[] = { { MDYN_POS_FC, 0 }, { MDYN_POS_SL, 1.492 }, { MDYN_POS_RS, 1.492 }, { MDYN_POS_WL, 1.492 }, { MDYN_POS_BC, 0 },
		    { MDYN_POS_TSL, 0 }, { MDYN_POS_TBR, 0 }, { MDYN_POS_BFL, 0 }, { MDYN_POS_UNKNOWN, 0 } };
	clip c = new_clip (48000, 1, 1);
	tone (&c, 997, -20, 0, 1);
	for (size_t i = 0; i < N (one); i++) {
		json_t *o = stats_of (&c, "mode=measure", &one[i].position, NULL);
		NEAR (value (o, "integrated"), -23.01 + one[i].lu, 0.02);
		json_decref (o);
	}
	json_t *o = stats_of (&c, "mode=measure", (const mdyn_position[]){ MDYN_POS_LFE2 }, NULL);
	ck_assert (json_is_null (json_object_get (o, "integrated")));
	json_decref (o);
	o = stats_of (&c, "mode=measure:dual-mono=on", NULL, NULL);
	NEAR (value (o, "integrated"), -20, 0.02, dual mono);
	ck_assert (json_is_true (json_object_get (o, "dual_mono")));
	json_decref (o);
	free (c.x);
}
END_TEST

/* BS.1770-5, annex 3: 1.41 where |elevation| < 30 and 60 <= |azimuth| <= 120 degrees, else 1; LFE 0. The degrees are those of BS.2051 (systems A, B, D, J,
 * G, H without what they name otherwise). */
START_TEST (layouts_weigh_by_formula)
{
	enum { LFE = 999 };
	static const struct {
		const char *name;
		struct {
			mdyn_position position;
			int azimuth, elevation;
		} c[24];
	} layouts[] = {
		{ "mono", { { MDYN_POS_FC, 0, 0 } } },
		{ "stereo", { { MDYN_POS_FL, 30, 0 }, { MDYN_POS_FR, -30, 0 } } },
		{ "3.0", { { MDYN_POS_FL, 30, 0 }, { MDYN_POS_FR, -30, 0 }, { MDYN_POS_FC, 0, 0 } } },
		{ "4.0", { { MDYN_POS_FL, 30, 0 }, { MDYN_POS_FR, -30, 0 }, { MDYN_POS_FC, 0, 0 }, { MDYN_POS_BC, 180, 0 } } },
		{ "5.0", { { MDYN_POS_FL, 30, 0 }, { MDYN_POS_FR, -30, 0 }, { MDYN_POS_FC, 0, 0 }, { MDYN_POS_LS, 110, 0 }, { MDYN_POS_RS, -110, 0 } } },
		{ "5.1",
		  { { MDYN_POS_FL, 30, 0 },
		    { MDYN_POS_FR, -30, 0 },
		    { MDYN_POS_FC, 0, 0 },
		    { MDYN_POS_LFE, 0, LFE },
		    { MDYN_POS_BL, 110, 0 },
		    { MDYN_POS_BR, -110, 0 } } },
		{ "7.1",
		  { { MDYN_POS_FL, 30, 0 },
		    { MDYN_POS_FR, -30, 0 },
		    { MDYN_POS_FC, 0, 0 },
		    { MDYN_POS_LFE, 0, LFE },
		    { MDYN_POS_BL, 135, 0 },
		    { MDYN_POS_BR, -135, 0 },
		    { MDYN_POS_SL, 90, 0 },
		    { MDYN_POS_SR, -90, 0 } } },
		{ "7.1.4",
		  { { MDYN_POS_FL, 30, 0 },
		    { MDYN_POS_FR, -30, 0 },
		    { MDYN_POS_FC, 0, 0 },
		    { MDYN_POS_LFE, 0, LFE },
		    { MDYN_POS_BL, 135, 0 },
		    { MDYN_POS_BR, -135, 0 },
		    { MDYN_POS_SL, 90, 0 },
		    { MDYN_POS_SR, -90, 0 },
		    { MDYN_POS_TFL, 45, 30 },
		    { MDYN_POS_TFR, -45, 30 },
		    { MDYN_POS_TBL, 135, 30 },
		    { MDYN_POS_TBR, -135, 30 } } },
		{ "22.2",
		  { { MDYN_POS_FL, 60, 0 },    { MDYN_POS_FR, -60, 0 },   { MDYN_POS_FC, 0, 0 },     { MDYN_POS_LFE, 0, LFE },  { MDYN_POS_BL, 135, 0 },
		    { MDYN_POS_BR, -135, 0 },  { MDYN_POS_FLC, 30, 0 },   { MDYN_POS_FRC, -30, 0 },  { MDYN_POS_BC, 180, 0 },   { MDYN_POS_LFE2, 0, LFE },
		    { MDYN_POS_SL, 90, 0 },    { MDYN_POS_SR, -90, 0 },   { MDYN_POS_TFL, 45, 30 },  { MDYN_POS_TFR, -45, 30 }, { MDYN_POS_TFC, 0, 30 },
		    { MDYN_POS_TC, 0, 90 },    { MDYN_POS_TBL, 135, 30 }, { MDYN_POS_TBR, -135, 30 }, { MDYN_POS_TSL, 90, 30 }, { MDYN_POS_TSR, -90, 30 },
		    { MDYN_POS_TBC, 180, 30 }, { MDYN_POS_BFC, 0, -30 },  { MDYN_POS_BFL, 45, -30 }, { MDYN_POS_BFR, -45, -30 } } },
	};
	for (size_t i = 0; i < N (layouts); i++) {
		mdyn_position positions[24];
		unsigned n = 0;
		for (; n < 24 && layouts[i].c[n].position; n++)
			positions[n] = layouts[i].c[n].position;
		for (unsigned alone = 0; alone < n; alone++) {
			clip c = new_clip (48000, n, 0.6);
			tone (&c, 997, -20, 0, 1);
			for (size_t k = 0; k < c.frames * n; k++)
				c.x[k] *= k % n == alone;
			int azimuth = abs (layouts[i].c[alone].azimuth), elevation = abs (layouts[i].c[alone].elevation);
			double weight = elevation == LFE ? 0 : elevation < 30 && azimuth >= 60 && azimuth <= 120 ? 1.41 : 1;
			json_t *o = stats_of (&c, "mode=measure", positions, NULL);
			double got = value (o, "integrated"), want = -23.01 + 10 * log10 (weight);
			ck_assert_msg (weight ? fabs (got - want) < 0.02 : isnan (got), "%s, channel %u: %.3f, not %.3f", layouts[i].name, alone, got, want);
			json_decref (o);
			free (c.x);
		}
	}
}
END_TEST

/* No guess: what stands nowhere counts with weight 1, and both the caller and the stats are told. */
START_TEST (unknown_positions_are_told)
{
	static const struct {
		unsigned channels;
		mdyn_position position[3];
		const char *told;
	} cases[] = {
		{ 1, { 0 }, NULL },
		{ 2, { 0 }, NULL },
		{ 3, { 0 }, "3 of 3" },
		{ 2, { MDYN_POS_FL, MDYN_POS_UNKNOWN }, "1 of 2" },
		{ 3, { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_UNKNOWN }, "1 of 3" },
		{ 3, { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_FC }, NULL },
	};
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (48000, cases[i].channels, 1);
		tone (&c, 997, -20, 0, 1);
		mdyn_proc *p = make (&c, "mode=live", cases[i].position);
		snprintf (why, sizeof why, "left over");
		ck_assert_int_eq (mdyn_prepare (p, why, sizeof why), 0);
		ck_assert_msg (cases[i].told ? strstr (why, cases[i].told) && strstr (why, "position") && !strchr (why, '\n') : !*why, "%s", why);
		mdyn_destroy (&p);
		json_t *o = stats_of (&c, "mode=measure", cases[i].position, NULL);
		const json_t *warnings = json_object_get (o, "warnings");
		ck_assert_int_eq ((int) json_array_size (warnings), cases[i].told != NULL);
		if (cases[i].told)
			ck_assert_ptr_nonnull (strstr (json_string_value (json_array_get (warnings, 0)), cases[i].told));
		NEAR (value (o, "integrated"), -23.01 + 10 * log10 (cases[i].channels), 0.02);
		json_decref (o);
		free (c.x);
	}
}
END_TEST

START_TEST (silence_and_short_clips_have_no_value)
{
	static const char *const names[] = { "integrated", "threshold", "range", "max_momentary", "max_short_term", "plr" };
	clip silence = new_clip (48000, 2, 10), brief = new_clip (48000, 2, 0.399), enough = new_clip (48000, 2, 0.4);
	tone (&brief, 1000, -20, 0, 1);
	tone (&enough, 1000, -20, 0, 1);
	for (int mode = 0; mode < 3; mode += 2) {
		const char *set = rows ("mode=%s:preset=ebu-r128", mode ? "measure" : "live");
		json_t *o = stats_of (&silence, set, NULL, NULL), *b = stats_of (&brief, set, NULL, NULL), *e = stats_of (&enough, set, NULL, NULL);
		for (size_t i = 0; i < N (names); i++) {
			ck_assert_msg (json_is_null (json_object_get (o, names[i])), "%s", names[i]);
			ck_assert_msg (json_is_null (json_object_get (b, names[i])), "%s", names[i]);
		}
		ck_assert (json_is_null (json_object_get (o, "true_peak")) && json_is_null (json_object_get (o, "sample_peak")));
		ck_assert (json_is_false (json_object_get (json_object_get (o, "verdict"), "pass")));
		NEAR (value (b, "true_peak"), -20, 0.1);
		NEAR (value (b, "duration"), 0.399, 1e-9);
		NEAR (value (e, "integrated"), -20, 0.1);
		json_decref (o), json_decref (b), json_decref (e);
	}
	free (silence.x), free (brief.x), free (enough.x);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("loudness");
	TCase *t = tcase_create ("loudness");
	tcase_set_timeout (t, 120);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_test (t, any_rate_and_channel_count);
	tcase_add_test (t, channels_weigh_by_position);
	tcase_add_test (t, layouts_weigh_by_formula);
	tcase_add_test (t, unknown_positions_are_told);
	tcase_add_test (t, silence_and_short_clips_have_no_value);
	suite_add_tcase (s, t);
	return run_tap (s);
}
