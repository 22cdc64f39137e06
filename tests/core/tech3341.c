/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* EBU Tech 3341, cases 1 to 6 and 9 to 23 (7 and 8 are EBU's own recordings), and Tech 3342, cases 1 to 4, read through masternorm. What is
 * expected stands in those documents: +-0.1 LU, +0.2 / -0.4 dB true peak, +-1 LU of range. */
#include "clip.h"
#include "meter.h"

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

/* Cases 10 and 13: twenty files each; the tone begins somewhere else in each. */
START_TEST (tech_3341_maxima_of_files)
{
	for (int i = 0; i < 20; i++) {
		clip c = new_clip (rates[_i], 2, i * 0.15 + 4), d = new_clip (rates[_i], 2, i * 0.02 + 1.4);
		tone (&c, 1000, -23, i * 0.15, 3);
		tone (&d, 1000, -23, i * 0.02, 0.4);
		NEAR (measured (&c, "max_short_term"), -23, 0.1, case 10);
		NEAR (measured (&d, "max_momentary"), -23, 0.1, case 13);
		free (c.x);
		free (d.x);
	}
}
END_TEST

/* Cases 11 and 14: the same in one file, each tone a decibel louder; the maximum follows. */
START_TEST (tech_3341_maxima_in_turn)
{
	for (int k = 0; k < 2; k++) {
		double length = k ? 0.8 : 6, sounds = k ? 0.4 : 3, step = k ? 0.02 : 0.15;
		clip c = new_clip (rates[_i], 2, 20 * length);
		for (int i = 0; i < 20; i++)
			tone (&c, 1000, -38 + i, i * length + i * step, sounds);
		mdyn_proc *p = make (&c, "mode=measure", NULL);
		size_t part = c.frames / 20;
		for (int i = 0; i < 20; i++) {
			float *at = c.x + (size_t) i * part * 2;
			ck_assert_int_eq (mdyn_process_interleaved (p, at, at, NULL, part), 0);
			NEAR (mdyn_get (p, k ? MDYN_NORM_momentary_max : MDYN_NORM_short_term_max), -38 + i, 0.1, 3341);
		}
		mdyn_destroy (&p);
		free (c.x);
	}
}
END_TEST

static double
peak_of (clip *c)
{
	size_t fade = c->rate / 100;
	for (size_t k = 0; k < c->frames; k++) {
		size_t end = k < c->frames - 1 - k ? k : c->frames - 1 - k;
		if (end < fade)
			c->x[2 * k] *= (float) end / (float) fade;
		c->x[2 * k + 1] = c->x[2 * k];
	}
	return measured (c, "true_peak");
}

/* Cases 15 to 19: tones at fs / of, of a phase that hides their peak. */
START_TEST (tech_3341_true_peak)
{
	static const struct {
		double of, degrees, amplitude, want;
	} cases[] = { { 4, 0, 0.5, -6 }, { 4, 45, 0.5, -6 }, { 6, 60, 0.5, -6 }, { 8, 67.5, 0.5, -6 }, { 4, 45, 1.41, 3 } };
	for (size_t i = 0; i < N (cases); i++) {
		clip c = new_clip (rates[_i], 2, 1);
		for (size_t k = 0; k < c.frames; k++)
			c.x[2 * k] = (float) (cases[i].amplitude * sin (2 * PI * (double) k / cases[i].of + cases[i].degrees * PI / 180));
		double v = peak_of (&c);
		ck_assert_msg (v <= cases[i].want + 0.2 && v >= cases[i].want - 0.4, "case %zu: %.3f dBTP", i + 15, v);
		free (c.x);
	}
}
END_TEST

/* Cases 20 to 23: at four times the rate a tone of fs / 6 and amplitude .5 that holds one period of fs / 4 and amplitude 1, all continuous; low-passed at
 * fs / 2 (255 taps, Kaiser window) and decimated at four offsets. The peak is -0.1 dBTP by any ideal meter: the filter takes the rest. */
START_TEST (tech_3341_true_peak_between)
{
	enum { TAPS = 255, LENGTH = 4 * 9600, BURST = LENGTH / 2 / 24 * 24 };
	static double x[LENGTH + TAPS], h[TAPS];
	double sum = 0;
	for (int i = 0; i < LENGTH; i++)
		x[i + TAPS / 2] = i >= BURST && i < BURST + 16 ? sin (2 * PI * (i - BURST) / 16) : 0.5 * sin (2 * PI * (i - BURST + (i < BURST ? 0 : 8)) / 24);
	for (int k = 0; k < TAPS; k++) {
		double t = k - TAPS / 2, w = 2 * t / (TAPS - 1);
		h[k] = (t == 0 ? 0.25 : sin (PI * t / 4) / (PI * t)) * meter_bessel (8 * sqrt (1 - w * w));
		sum += h[k];
	}
	for (int offset = 0; offset < 4; offset++) {
		clip c = new_clip (rates[_i], 2, LENGTH / 4.0 / rates[_i]);
		for (size_t i = 0; i < c.frames && i * 4 + (size_t) offset < LENGTH; i++) {
			double y = 0;
			for (size_t k = 0; k < TAPS; k++)
				y += h[k] * x[i * 4 + (size_t) offset + k];
			c.x[2 * i] = (float) (y / sum);
		}
		double v = peak_of (&c);
		ck_assert_msg (v <= 0.2 && v >= -0.4, "case %d: %.3f dBTP", offset + 20, v);
		free (c.x);
	}
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("tech3341");
	TCase *t = tcase_create ("tech3341");
	tcase_set_timeout (t, 120);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_loop_test (t, tech_3341_integrated, 0, N (rates));
	tcase_add_loop_test (t, tech_3342_range, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_surround, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_constant, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_maxima_of_files, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_maxima_in_turn, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_true_peak, 0, N (rates));
	tcase_add_loop_test (t, tech_3341_true_peak_between, 0, N (rates));
	suite_add_tcase (s, t);
	return run_tap (s);
}
