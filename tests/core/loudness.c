/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The meter, read through masternorm, against EBU Tech 3341 and 3342. */
#include "clip.h"

typedef struct step {
	double db, seconds;
} step;

static clip
steps (unsigned rate, const step *s, size_t n)
{
	double all = 0, at = 0;
	for (size_t i = 0; i < n; i++)
		all += s[i].seconds;
	clip c = new_clip (rate, 2, all);
	for (size_t i = 0; i < n; at += s[i++].seconds)
		tone (&c, 1000, s[i].db, at, s[i].seconds);
	return c;
}

/* Tech 3341, cases 1 to 5, and 3342, cases 1 to 4. The frequency is 1 kHz, the level that of each channel's peak. */
START_TEST (tech_3341_integrated)
{
	static const struct {
		step s[5];
		size_t n;
		double want;
	} cases[] = {
		{ { { -23, 20 } }, 1, -23 },
		{ { { -33, 20 } }, 1, -33 },
		{ { { -36, 10 }, { -23, 60 }, { -36, 10 } }, 3, -23 },
		{ { { -72, 10 }, { -36, 10 }, { -23, 60 }, { -36, 10 }, { -72, 10 } }, 5, -23 },
		{ { { -26, 20 }, { -20, 20.1 }, { -26, 20 } }, 3, -23 },
	};
	for (size_t i = 0; i < N (cases); i++) {
		clip c = steps (rates[_i], cases[i].s, cases[i].n);
		json_t *o = stats_of (&c, "mode=measure", NULL, NULL);
		NEAR (value (o, "integrated"), cases[i].want, 0.1, 3341);
		NEAR (value (o, "integrated"), ebur_loudness (&c, 0, c.frames), 0.002, libebur128);
		if (i < 2) {
			NEAR (value (o, "max_momentary"), cases[i].want, 0.1, 3341);
			NEAR (value (o, "max_short_term"), cases[i].want, 0.1, 3341);
		}
		json_decref (o);
		free (c.x);
	}
}
END_TEST

START_TEST (tech_3342_range)
{
	static const struct {
		step s[5];
		size_t n;
		double want;
	} cases[] = {
		{ { { -20, 20 }, { -30, 20 } }, 2, 10 },
		{ { { -20, 20 }, { -15, 20 } }, 2, 5 },
		{ { { -40, 20 }, { -20, 20 } }, 2, 20 },
		{ { { -50, 20 }, { -35, 20 }, { -20, 20 }, { -35, 20 }, { -50, 20 } }, 5, 15 },
	};
	for (size_t i = 0; i < N (cases); i++) {
		clip c = steps (rates[_i], cases[i].s, cases[i].n);
		NEAR (measured (&c, "range"), cases[i].want, 1, 3342);
		free (c.x);
	}
}
END_TEST

/* Case 6, and what the layout of case 6 is called elsewhere. */
START_TEST (tech_3341_surround)
{
	static const mdyn_position names[][5] = { { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_FC, MDYN_POS_LS, MDYN_POS_RS },
		                                  { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_FC, MDYN_POS_SL, MDYN_POS_SR },
		                                  { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_FC, MDYN_POS_BL, MDYN_POS_BR } };
	static const double db[5] = { -28, -28, -24, -30, -30 };
	clip c = new_clip (rates[_i], 5, 20);
	tone (&c, 1000, 0, 0, 20);
	for (size_t i = 0; i < c.frames * 5; i++)
		c.x[i] *= (float) pow (10, db[i % 5] / 20);
	for (size_t i = 0; i < N (names); i++) {
		json_t *o = stats_of (&c, "mode=measure", names[i], NULL);
		NEAR (value (o, "integrated"), -23, 0.1, 3341);
		json_decref (o);
	}
	free (c.x);
}
END_TEST

/* Cases 9 and 12: short-term, momentary loudness stand still. */
START_TEST (tech_3341_constant)
{
	for (int k = 0; k < 2; k++) {
		clip c = new_clip (rates[_i], 2, k ? 10 : 15);
		for (int i = 0; i < (k ? 25 : 5); i++) {
			double length = k ? 0.4 : 3, loud = k ? 0.18 : 1.34;
			tone (&c, 1000, -20, i * length, loud);
			tone (&c, 1000, -30, i * length + loud, length - loud);
		}
		mdyn_proc *p = make (&c, "mode=measure", NULL);
		size_t tick = c.rate / 10;
		for (size_t i = 0; (i + 1) * tick <= c.frames; i++) {
			float *at = c.x + i * tick * 2;
			ck_assert_int_eq (mdyn_process_interleaved (p, at, at, NULL, tick), 0);
			double v = mdyn_get (p, k ? MDYN_NORM_momentary : MDYN_NORM_short_term);
			if (i + 1 >= (k ? 10 : 30))
				NEAR (v, -23, 0.1, 3341);
		}
		mdyn_destroy (&p);
		free (c.x);
	}
}
END_TEST

/* Cases 10 and 13: wherever the tone begins. */
START_TEST (tech_3341_maxima)
{
	for (int i = 0; i < 20; i += _i == 1 ? 1 : 5) {
		clip c = new_clip (rates[_i], 2, i * 0.15 + 4), d = new_clip (rates[_i], 2, i * 0.02 + 1.4);
		tone (&c, 1000, -23, i * 0.15, 3);
		tone (&d, 1000, -23, i * 0.02, 0.4);
		NEAR (measured (&c, "max_short_term"), -23, 0.1, 3341);
		NEAR (measured (&d, "max_momentary"), -23, 0.1, 3341);
		free (c.x);
		free (d.x);
	}
}
END_TEST

/* Cases 15 to 19: tones at fs / of, of a phase that hides their peak. */
START_TEST (tech_3341_true_peak)
{
	static const struct {
		double of, degrees, amplitude, want;
	} cases[] = { { 4, 0, 0.5, -6 }, { 4, 45, 0.5, -6 }, { 6, 60, 0.5, -6 }, { 8, 67.5, 0.5, -6 }, { 4, 45, 1.41, 3 } };
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (rates[_i], 2, 1);
		size_t fade = c.rate / 100;
		for (size_t k = 0; k < c.frames; k++) {
			double edge = k < fade ? (double) k / (double) fade : c.frames - k < fade ? (double) (c.frames - k) / (double) fade : 1;
			c.x[2 * k] = c.x[2 * k + 1] =
			        (float) (edge * cases[i].amplitude * sin (2 * PI * (double) k / cases[i].of + cases[i].degrees * PI / 180));
		}
		double v = measured (&c, "true_peak");
		ck_assert_msg (v <= cases[i].want + 0.2 && v >= cases[i].want - 0.4, "case %zu: %.3f dBTP", i + 15, v);
		free (c.x);
	}
}
END_TEST

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

	/* 7.1: the sides are the surrounds, the back is the back. */
	static const mdyn_position wide[] = { MDYN_POS_FL, MDYN_POS_FR, MDYN_POS_BL, MDYN_POS_BR, MDYN_POS_SL, MDYN_POS_SR };
	c = new_clip (48000, 6, 1);
	tone (&c, 997, -20, 0, 1);
	for (size_t i = 0; i < c.frames * 6; i++)
		c.x[i] *= i % 6 == 2;
	o = stats_of (&c, "mode=measure", wide, NULL);
	NEAR (value (o, "integrated"), -23.01, 0.02);
	json_decref (o);
	free (c.x);
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
	tcase_add_loop_test (t, tech_3341_integrated, 0, N (rates));
	tcase_add_loop_test (t, tech_3342_range, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_surround, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_constant, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_maxima, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_true_peak, 0, N (rates));
	tcase_add_test (t, any_rate_and_channel_count);
	tcase_add_test (t, channels_weigh_by_position);
	tcase_add_test (t, silence_and_short_clips_have_no_value);
	suite_add_tcase (s, t);
	return run_tap (s);
}
