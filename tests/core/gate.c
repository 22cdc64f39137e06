/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastergate against the formulas of docs/dynamics.md. */
#include "dynamics.h"

/* Threshold -40, hysteresis 6, hold 50: what level is needed to open, what to stay open, when it closes, how far. */
START_TEST (hysteresis_and_hold)
{
	static double x[RATE * 2], in[RATE * 2];
	const double level[] = { -80, -40.5, -39.5, -45.5, -46.5 };
	const size_t len[] = { RATE / 2, RATE / 4, RATE / 4, RATE / 4, RATE / 2 };
	size_t at = 0, edge[6] = { 0 };
	for (int s = 0; s < 5; s++) {
		for (size_t i = 0; i < len[s]; i++)
			x[at + i] = in[at + i] = amp (level[s]);
		edge[s + 1] = at += len[s];
	}
	mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, -40 }, { MDYN_GATE_hysteresis, 6 }, { MDYN_GATE_hold, 50 },
			     { MDYN_GATE_range, 30 }, { MDYN_GATE_release, 10 });
	through (p, x, at);
#define GAIN(i) (20 * log10 (x[i] / in[i]))
	ck_assert_double_eq_tol (GAIN (edge[1] - 1), -30, 0.001);      /* closed after the opening grace */
	ck_assert_double_eq_tol (GAIN (edge[2] - 1), -30, 0.001);      /* -40.5 does not open */
	ck_assert (x[edge[3] - 1] == in[edge[3] - 1]);                 /* -39.5 does, to the bit */
	ck_assert (x[edge[4] - 1] == in[edge[4] - 1]);                 /* -45.5 keeps it open */
	ck_assert (x[edge[4] + RATE / 20 - 2] == in[edge[4]]);         /* so does the hold */
	ck_assert_double_lt (GAIN (edge[4] + RATE / 20 + 480), -18.9); /* one release later 1-1/e of 30 dB */
	ck_assert_double_eq_tol (GAIN (edge[5] - 1), -30, 0.001);
	mdyn_destroy (&p);
}
END_TEST

/* Opening, closing; and ducking and giving back, where attack and release swap. Two values of the range, for the shape depends on none. */
START_TEST (times)
{
	static double in[RATE * 4], out[RATE * 4];
	const double attacks[] = { 1, 5, 40 }, releases[] = { 20, 80, 300 };
	size_t n = RATE * 4, up = RATE * 2, down = up + RATE;
	for (int i = 0; i < 12; i++) {
		double attack = attacks[i % 3], release = releases[i % 3], range = i < 6 ? 60 : 12;
		bool duck = i / 3 % 2;
		for (size_t k = 0; k < n; k++)
			in[k] = out[k] = k < up || k >= down ? amp (-80) : amp (-20);
		mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_attack, attack }, { MDYN_GATE_release, release }, { MDYN_GATE_hold, 30 },
				     { MDYN_GATE_duck, duck }, { MDYN_GATE_range, range });
		through (p, out, n);
		double closed = duck ? 0 : -range, open = duck ? -range : 0;
		ck_assert_double_eq_tol (time_ms (out, in, up, n, closed, open), attack, 0.02 * attack + 0.03);
		ck_assert_double_eq_tol (time_ms (out, in, down, n, open, closed), release + 30, 0.02 * release + 0.03);
		mdyn_destroy (&p);
	}
}
END_TEST

/* Closed, below the threshold T: the gain is (R - 1)(x - T), with the knee's parabola around T, no lower than -range; never steeper than what takes
 * the whole range within the knee. Never opened before, so that hysteresis has no say. */
START_TEST (expander)
{
	const double ratios[] = { 1, 1.5, 2, 8, INFINITY }, knees[] = { 0, 6, 20 };
	for (int r = 0; r < 5; r++)
		for (int k = 0; k < 3; k++)
			for (double x = -20.25; x >= -75; x -= 2.5) {
				double T = -40, W = knees[k], range = 25, under = T - x, slope = fmin (ratios[r] - 1, W > 0 ? 2 * range / W : 1e4), y;
				y = under <= -W / 2 ? 0 : under < W / 2 ? slope * pow (under + W / 2, 2) / (2 * W) : slope * under;
				mdyn_proc *p =
				    MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, T }, { MDYN_GATE_hysteresis, 0 }, { MDYN_GATE_ratio, ratios[r] },
					  { MDYN_GATE_range, range }, { MDYN_GATE_knee, W }, { MDYN_GATE_hold, 0 }, { MDYN_GATE_release, 5 });
				double got = settled (p, x, RATE / 4), want = -fmin (y, range);
				EXPECT (fabs (got - want) < 0.002, "R %g W %g at %g dB: gain %g, formula %g", ratios[r], W, x, got, want);
				mdyn_destroy (&p);
			}
}
END_TEST

/* Also on tones, over their whole range: a closed expander's gain stands still on its curve. */
START_TEST (tones_stand_on_the_curve)
{
	static double in[RATE], x[RATE];
	const double hz[] = { 20, 20.7, 50.3, 331.3, 997.1, 7919, 19997 };
	for (int f = 0; f < 7; f++) {
		tone (in, hz[f], RATE, amp (-50), RATE);
		memcpy (x, in, sizeof x);
		mdyn_proc *p =
		    MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, -40 }, { MDYN_GATE_ratio, 2 }, { MDYN_GATE_range, 30 }, { MDYN_GATE_release, 20 });
		through (p, x, RATE);
		for (size_t i = RATE * 3 / 4; i < RATE; i++)
			EXPECT (fabs (in[i]) < 0.1 * amp (-50) || fabs (decibel (x[i] / in[i]) + 10) < 0.02, "%g Hz: %g", hz[f],
				decibel (x[i] / in[i]));
		mdyn_destroy (&p);
	}
}
END_TEST

START_TEST (full_close_is_the_range)
{
	const double ranges[] = { 0, 6, 12, 60, 120 };
	for (int i = 0; i < 10; i++) {
		mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_range, ranges[i / 2] }, { MDYN_GATE_duck, i % 2 }, { MDYN_GATE_release, 20 });
		double got = settled (p, i % 2 ? -10 : -90, RATE * 2);
		ck_assert_msg (fabs (got + ranges[i / 2]) < 1e-5 && (ranges[i / 2] || got == 0), "range %g: %.9g", ranges[i / 2], got);
		mdyn_destroy (&p);
	}
}
END_TEST

/* Open, from the first sample, and ducking nothing: to the bit. */
START_TEST (idle_is_exact)
{
	static double in[RATE], x[RATE];
	for (int duck = 0; duck < 2; duck++) {
		tone (in, 31, RATE, duck ? amp (-60) : 0.1, RATE);
		memcpy (x, in, sizeof x);
		mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_duck, duck }, { MDYN_GATE_hold, 0 }, { MDYN_GATE_release, 1 });
		through (p, x, RATE);
		ck_assert (!memcmp (x, in, sizeof x));
		mdyn_destroy (&p);
	}
}
END_TEST

/* A 1 kHz tone opens and shuts the gate through a key, so that it sounds through all of both. Three octaves away all stays under -80 dB of it. */
START_TEST (opens_and_closes_smoothly)
{
	enum { N = RATE * 4 };
	static double x[N], key[N];
	for (int step = 0; step < 2; step++) {
		double range = step ? 90 : 60;
		tone (x, 1000, RATE, 1, N);
		for (size_t i = 0; i < N; i++)
			key[i] = i / 12345 % 5 == 2 ? 1 : 0;
		void *io[1] = { x };
		const void *keys[1] = { key };
		mdyn_proc *p = MAKE (MDYN_GATE, 1, 1, { MDYN_GATE_attack, 1 }, { MDYN_GATE_range, range });
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *)io, keys, N), 0);
		double low = decibel (beyond (x, RATE / 2, N, 125, false)), high = decibel (beyond (x, RATE / 2, N, 8000, true));
		ck_assert_msg (low < -80 && high < -80, "range %g: %.1f dB below 125 Hz, %.1f dB above 8 kHz", range, low, high);
		mdyn_destroy (&p);
	}
}
END_TEST

/* A burst of noise out of silence, with lookahead: its first 5 ms come out within 1 dB, for the default and the presets that look ahead. */
START_TEST (no_lost_consonant)
{
	static double in[RATE], x[RATE];
	const mdyn_class *cls = mdyn_class_get (MDYN_GATE);
	for (size_t k = 0; k <= cls->n_presets; k++) {
		unsigned seed = 6;
		for (size_t i = 0; i < RATE; i++)
			in[i] = x[i] = i < RATE / 2 ? 0 : 0.1 * (2 * random_of (&seed) - 1);
		mdyn_proc *p = make_at (MDYN_GATE, RATE, 1, 0, NULL, 0);
		ck_assert_int_eq (mdyn_set (p, MDYN_GATE_lookahead, 5), 0);
		if (k)
			ck_assert_int_eq (mdyn_set_text (p, "preset", cls->presets[k - 1].nick, NULL, 0), 0);
		size_t behind = mdyn_latency (p);
		through (p, x, RATE);
		if (behind >= RATE / 200 && !mdyn_get (p, MDYN_GATE_duck))
			for (size_t i = RATE / 2; i < RATE / 2 + RATE / 200; i++)
				EXPECT (decibel (x[i + behind] / in[i]) > -1, "%zu samples into the burst: %g dB", i - RATE / 2,
					decibel (x[i + behind] / in[i]));
		mdyn_destroy (&p);
	}
}
END_TEST

/* A decaying tone crosses the closing level once: the gate closes once, whatever the frequency, without any hold. */
START_TEST (does_not_chatter)
{
	static double in[RATE * 3], out[RATE * 3];
	size_t n = RATE * 3;
	const double hz[] = { 20.5, 50, 100, 1000.3, 7919 };
	for (int f = 0; f < 5; f++)
		for (int release = 1; release < 200; release += 149) {
			for (size_t k = 0; k < n; k++)
				in[k] = out[k] = amp (-20 - 15.0 * (double)k / RATE) * sin (2 * PI * hz[f] * (double)k / RATE + 0.1);
			mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, -35 }, { MDYN_GATE_hold, 0 }, { MDYN_GATE_release, release });
			through (p, out, n);
			int turns = 0;
			bool closing = false;
			for (size_t k = 1; k < n; k++) {
				if (fabs (in[k]) < 1e-6)
					continue;
				bool now = out[k] / in[k] < 0.9;
				turns += now != closing;
				closing = now;
			}
			ck_assert_msg (turns == 1, "%g Hz: %d turns", hz[f], turns);
			mdyn_destroy (&p);
		}
}
END_TEST

/* The smallest reduction rules: -60 is closed by range 60 alone, open with its loud neighbour. Ducking, the loud channel ducks its neighbour. */
START_TEST (link_by_formula)
{
	static double x[2][RATE];
	const double links[] = { 0, 50, 100 };
	for (int l = 0; l < 6; l++) {
		double link = links[l % 3];
		bool duck = l >= 3;
		for (size_t i = 0; i < RATE; i++) {
			x[0][i] = 1;
			x[1][i] = amp (-60);
		}
		void *io[2] = { x[0], x[1] };
		mdyn_proc *p = MAKE (MDYN_GATE, 2, 0, { MDYN_GATE_link, link }, { MDYN_GATE_release, 20 }, { MDYN_GATE_duck, duck });
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *)io, NULL, RATE), 0);
		ck_assert_double_eq_tol (decibel (x[0][RATE - 1]), duck ? -60 : 0, 0.001);
		ck_assert_double_eq_tol (decibel (x[1][RATE - 1]) + 60, -60 * (duck ? link / 100 : 1 - link / 100), 0.001);
		mdyn_destroy (&p);
	}
}
END_TEST

/* A key of another channel count: opens both channels; none given is silence. */
START_TEST (external_key)
{
	static double x[2][RATE], key[RATE];
	for (int given = 0; given < 2; given++) {
		mdyn_proc *p = MAKE (MDYN_GATE, 2, 1, { MDYN_GATE_range, 20 }, { MDYN_GATE_release, 50 });
		for (size_t i = 0; i < RATE; i++)
			x[0][i] = x[1][i] = key[i] = amp (-30);
		void *io[2] = { x[0], x[1] };
		const void *k[1] = { key };
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *)io, given ? k : NULL, RATE), 0);
		for (int c = 0; c < 2; c++)
			ck_assert_double_eq_tol (decibel (x[c][RATE - 1]), -30 - (given ? 0 : 20), 0.001);
		mdyn_destroy (&p);
	}
}
END_TEST

/* A high-pass at 1 kHz is 24 dB down two octaves below, less the 0.02 dB of the formula: a tone at -20 dB there reads -44 and opens at -45, not at
 * -43. */
START_TEST (key_filters)
{
	static double x[RATE], in[RATE];
	for (int low = 0; low < 2; low++)
		for (int t = -45; t <= -43; t += 2) {
			tone (in, low ? 4000.3 : 250.1, RATE, amp (-20), RATE);
			memcpy (x, in, sizeof x);
			mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, t }, { MDYN_GATE_hysteresis, 0 }, { MDYN_GATE_release, 50 },
					     { low ? MDYN_GATE_key_lowpass : MDYN_GATE_key_highpass, low ? 1012 : 1000 });
			through (p, x, RATE);
			ck_assert (t == -45 ? x[RATE - 1] == in[RATE - 1] : fabs (x[RATE - 1]) < 0.01 * fabs (in[RATE - 1]));
			mdyn_destroy (&p);
		}
}
END_TEST

/* _i: a row; the limits stand in docs/dynamics.md. Threshold, the key's filters and duck make the gate itself move. */
START_TEST (no_click)
{
	const mdyn_param *r = &mdyn_class_get (MDYN_GATE)->params[_i];
	bool moves = _i == MDYN_GATE_threshold || _i == MDYN_GATE_duck || _i == MDYN_GATE_key_highpass || _i == MDYN_GATE_key_lowpass;
	if (r->flags & MDYN_LIVE) {
		double worst = worst_click (MDYN_GATE, r, 40u + (unsigned)_i);
		ck_assert_msg (worst < (moves ? -50 : -70), "%s: %.1f dB", r->name, worst);
	}
}
END_TEST

START_TEST (corners_stay_sane)
{
	corners (MDYN_GATE, _i ? 384000 : 8000, 5, 14); /* the key's two filters heard: a Butterworth's impulse response sums to less than 2.2 */
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("gate");
	TCase *t = tcase_create ("gate");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, hysteresis_and_hold);
	tcase_add_test (t, times);
	tcase_add_test (t, expander);
	tcase_add_test (t, tones_stand_on_the_curve);
	tcase_add_test (t, full_close_is_the_range);
	tcase_add_test (t, idle_is_exact);
	tcase_add_test (t, opens_and_closes_smoothly);
	tcase_add_test (t, no_lost_consonant);
	tcase_add_test (t, does_not_chatter);
	tcase_add_test (t, link_by_formula);
	tcase_add_test (t, external_key);
	tcase_add_test (t, key_filters);
	tcase_add_loop_test (t, no_click, 0, MDYN_GATE_PARAMS);
	tcase_add_loop_test (t, corners_stay_sane, 0, 2);
	suite_add_tcase (s, t);
	return run_tap (s);
}
