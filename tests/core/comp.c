/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastercomp against the formulas of docs/dynamics.md: Giannoulis, Massberg, Reiss 2012 for the curve, 1-1/e for the times. */
#include "dynamics.h"

/* Gain in dB at level x; up = 1: direction up. */
static double
formula (double x, double T, double W, double R, int up)
{
	double over = up ? T - x : x - T, slope = 1 - 1 / R, y;
	if (2 * over < -W)
		y = 0;
	else if (2 * fabs (over) <= W && W > 0)
		y = slope * pow (over + W / 2, 2) / (2 * W);
	else
		y = slope * over;
	return up ? fmin (y, 30) : -y;
}

START_TEST (static_curve)
{
	const double ratios[] = { 1, 1.5, 3, 10, INFINITY }, knees[] = { 0, 6, 24 }, thresholds[] = { -60, -18, -3 };
	for (int r = 0; r < 5; r++)
		for (int k = 0; k < 3; k++)
			for (int t = 0; t < 3; t++)
				for (double x = -100; x <= 12; x += 4) {
					double T = thresholds[t], W = knees[k], R = ratios[r], want = formula (x, T, W, R, _i);
					mdyn_proc *p =
					    MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_threshold, T }, { MDYN_COMP_ratio, R }, { MDYN_COMP_knee, W },
						  { MDYN_COMP_attack, 0.1 }, { MDYN_COMP_release, 1 }, { MDYN_COMP_direction, _i });
					double got = settled (p, x, 2000);
					EXPECT (fabs (got - want) < 0.005, "T %g R %g W %g at %g dB: gain %g, formula %g", T, R, W, x, got, want);
					mdyn_destroy (&p);
				}
}
END_TEST

/* The level of a tone is its peak, at any frequency: the gain stands on the curve, and stands still. */
START_TEST (tones_stand_on_the_curve)
{
	static double x[2 * 96000], in[2 * 96000];
	const double hz[] = { 20, 20.7, 31.1, 50.3, 97.7, 331.3, 997.1, 3313, 7919, 13007, 19997, 20000 };
	const unsigned rate = (unsigned[]){ 44100, 48000, 96000 }[_i % 3];
	for (int f = 0; f < 12; f++)
		for (int up = 0; up < 2; up++) {
			size_t n = 2 * rate;
			double level = up ? -40 : 0, want = formula (level, -20, 6, 4, up);
			tone (in, hz[f], rate, amp (level), n);
			memcpy (x, in, sizeof x);
			mdyn_proc *p = MAKE_AT (MDYN_COMP, rate, 1, 0, { MDYN_COMP_threshold, -20 }, { MDYN_COMP_ratio, 4 },
						{ MDYN_COMP_release, 60 }, { MDYN_COMP_direction, up }, { MDYN_COMP_auto_release, _i >= 3 && !up });
			if (_i >= 3)
				EXPECT (mdyn_set (p, MDYN_COMP_release, 200) == 0, "release");
			through (p, x, n);
			for (size_t i = n - rate / 2; i < n; i++)
				EXPECT (fabs (in[i]) < 0.1 * amp (level) || fabs (decibel (x[i] / in[i]) - want) < 0.02,
					"%g Hz at %u: gain %g, formula %g", hz[f], rate, decibel (x[i] / in[i]), want);
			mdyn_destroy (&p);
		}
}
END_TEST

START_TEST (range_makeup_mix)
{
	mdyn_proc *p =
	    MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_range, 6 }, { MDYN_COMP_makeup, 2 }, { MDYN_COMP_attack, 0.1 });
	ck_assert_double_eq_tol (settled (p, 0, 1000), 2 - 6, 0.001);
	mdyn_destroy (&p);
	p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_knee, 0 }, { MDYN_COMP_mix, 40 }, { MDYN_COMP_attack, 0.1 });
	ck_assert_double_eq_tol (settled (p, 0, 1000), 20 * log10 (0.6 + 0.4 * amp (-18)), 0.001);
	mdyn_destroy (&p);
	p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_direction, MDYN_COMP_direction_up }, { MDYN_COMP_range, 7 }, { MDYN_COMP_release, 5 });
	ck_assert_double_eq_tol (settled (p, -70, 5000), 7, 0.001);
	mdyn_destroy (&p);
	/* range 0: whatever the rest says, nothing changes, to the bit */
	for (int up = 0; up < 2; up++) {
		p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_range, 0 }, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_direction, up });
		ck_assert (settled (p, up ? -70 : 0, 5000) == 0);
		mdyn_destroy (&p);
	}
}
END_TEST

/* Half the static reduction at 0 dBFS, by the same formula; nothing for direction up. */
START_TEST (auto_makeup)
{
	const double thresholds[] = { -40, -18, -2, 0 }, ratios[] = { 1, 2, 8, INFINITY };
	for (int t = 0; t < 4; t++)
		for (int r = 0; r < 4; r++)
			for (int up = 0; up < 2; up++) {
				mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_auto_makeup, 1 }, { MDYN_COMP_threshold, thresholds[t] },
						     { MDYN_COMP_ratio, ratios[r] }, { MDYN_COMP_knee, 8 }, { MDYN_COMP_makeup, 1.5 },
						     { MDYN_COMP_range, 25 }, { MDYN_COMP_direction, up });
				double at = up ? 6 : -70; /* where the curve itself does nothing */
				double want = 1.5 + (up ? 0 : fmin (-formula (0, thresholds[t], 8, ratios[r], 0), 25) / 2);
				double got = settled (p, at, 3000);
				EXPECT (fabs (got - want) < 0.001, "T %g R %g: %g, formula %g", thresholds[t], ratios[r], got, want);
				mdyn_destroy (&p);
			}
}
END_TEST

/* On a constant and on a 1 kHz tone. A tone's level steps at its next crest and can be read between zeros only: half a millisecond either way. */
START_TEST (times)
{
	const double attacks[] = { 1, 10, 100 }, releases[] = { 20, 150, 800 };
	static double in[RATE * 8], out[RATE * 8];
	for (int i = 0; i < 6; i++) {
		bool is_tone = i >= 3;
		double attack = attacks[i % 3], release = releases[i % 3], slack = is_tone ? 0.5 : 0.03;
		size_t up = RATE / 10, down = up + RATE, n = sizeof in / sizeof *in;
		tone (in, 1000, RATE, 1, n);
		for (size_t k = 0; k < n; k++)
			in[k] = out[k] = (is_tone ? fabs (in[k]) < 1e-3 ? 0 : in[k] : 1) * (k < up || k >= down ? amp (-60) : 1);
		mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_attack, attack }, { MDYN_COMP_release, release });
		through (p, out, n);
		double most = decibel (out[down - 10] / in[down - 10]);
		ck_assert_double_eq_tol (time_ms (out, in, up, n, 0, -12), attack, 0.02 * attack + slack);
		ck_assert_double_eq_tol (time_ms (out, in, down, n, most, 0), release, 0.02 * release + (is_tone ? 0.5 : 0));
		mdyn_destroy (&p);
		/* hold: nothing returns before, all as usual after */
		memcpy (out, in, sizeof out);
		p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_attack, attack }, { MDYN_COMP_release, release }, { MDYN_COMP_hold, 100 });
		through (p, out, n);
		size_t held = down + RATE / 10 - 15;
		ck_assert_double_eq_tol (decibel (out[held] / in[held]), decibel (out[down + 10] / in[down + 10]), 0.001);
		ck_assert_double_eq_tol (time_ms (out, in, down, n, most, 0), 100 + release, 0.02 * release + slack);
		mdyn_destroy (&p);
	}
}
END_TEST

/* Direction up: attack takes the boost away, release brings it. */
START_TEST (times_upwards)
{
	static double in[RATE * 4], out[RATE * 4];
	size_t up = RATE * 2, down = RATE * 3, n = RATE * 4;
	for (size_t k = 0; k < n; k++)
		in[k] = out[k] = k < up || k >= down ? amp (-40) : 1;
	mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_direction, MDYN_COMP_direction_up }, { MDYN_COMP_attack, 20 }, { MDYN_COMP_release, 150 });
	through (p, out, n);
	double boost = formula (-40, -18, 6, 3, 1);
	ck_assert_double_eq_tol (time_ms (out, in, up, n, boost, 0), 20, 0.4);
	ck_assert_double_eq_tol (time_ms (out, in, down, n, 0, boost), 150, 3);
	mdyn_destroy (&p);
}
END_TEST

/* A tone of peak 0 dB: rms -3.01; K-weighted at 997 Hz BS.1770 reads -3.01 LUFS = -0.691 + 10 log10 (mean square). */
START_TEST (detectors)
{
	static double x[RATE * 2];
	const double level[] = { -3.0103, -3.01 + 0.691, -3.0103 }, hz[] = { 997, 997, 100.7 };
	for (int d = 0; d < 3; d++) {
		mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_detector, d == 1 ? MDYN_COMP_detector_loudness : MDYN_COMP_detector_rms },
				     { MDYN_COMP_rms_window, 100 }, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_knee, 0 });
		tone (x, hz[d], RATE, 1, RATE * 2);
		through (p, x, RATE * 2);
		double peak = 0;
		for (size_t i = RATE; i < RATE * 2; i++)
			peak = fmax (peak, fabs (x[i]));
		ck_assert_double_eq_tol (decibel (peak), -18 - level[d], 0.1);
		mdyn_destroy (&p);
	}
}
END_TEST

/* The mean square's step response: after one rms-window 1-1/e of the square, read through a compressor that follows at once. */
START_TEST (rms_window)
{
	static double x[RATE];
	for (size_t i = 0; i < RATE; i++)
		x[i] = 1;
	mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_detector, MDYN_COMP_detector_rms }, { MDYN_COMP_rms_window, 50 },
			     { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_knee, 0 }, { MDYN_COMP_threshold, -40 }, { MDYN_COMP_attack, 0.05 });
	through (p, x, RATE);
	ck_assert_double_eq_tol (decibel (x[RATE / 20 - 1]), -40 - 10 * log10 (1 - exp (-1)), 0.02);
	mdyn_destroy (&p);
}
END_TEST

/* Channel 0 at 0 dB (12 dB of reduction), channel 1 at -60 (none). */
START_TEST (link_by_formula)
{
	static double x[2][RATE];
	const double links[] = { 0, 50, 100 };
	for (int l = 0; l < 3; l++) {
		for (size_t i = 0; i < RATE; i++) {
			x[0][i] = 1;
			x[1][i] = amp (-60);
		}
		void *io[2] = { x[0], x[1] };
		mdyn_proc *p = MAKE (MDYN_COMP, 2, 0, { MDYN_COMP_link, links[l] });
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *)io, NULL, RATE), 0);
		ck_assert_double_eq_tol (decibel (x[0][RATE - 1]), -12, 0.001);
		ck_assert_double_eq_tol (decibel (x[1][RATE - 1]) + 60, -12 * links[l] / 100, 0.001);
		mdyn_destroy (&p);
	}
}
END_TEST

/* The detector hears 5 ms ahead: the output's first loud sample already has the reduction that 5 ms of attack made. */
START_TEST (lookahead_leads)
{
	static double out[4800];
	for (size_t i = 0; i < 4800; i++)
		out[i] = i < 2400 ? amp (-60) : 1;
	mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_lookahead, 5 }, { MDYN_COMP_attack, 5 });
	ck_assert_int_eq (mdyn_latency (p), 240);
	through (p, out, 4800);
	double first = 20 * log10 (out[2400 + 240]);
	ck_assert_double_eq_tol (first, -12 * (1 - exp (-1)), 0.05);
	mdyn_destroy (&p);
}
END_TEST

/* The two shares of mix are in phase, lookahead or not: what is left of out - factor x in is under -80 dB of it at every frequency, for it is under
 * that sample by sample. */
START_TEST (mix_does_not_comb)
{
	static double in[RATE], x[RATE];
	unsigned seed = 4;
	for (int ms = 0; ms <= 20; ms += 10) {
		for (size_t i = 0; i < RATE; i++)
			in[i] = x[i] = 2 * random_of (&seed) - 1;
		mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_lookahead, ms }, { MDYN_COMP_mix, 50 }, { MDYN_COMP_ratio, INFINITY },
				     { MDYN_COMP_range, 6 }, { MDYN_COMP_threshold, -60 }, { MDYN_COMP_attack, 1 });
		through (p, x, RATE);
		size_t behind = mdyn_latency (p);
		for (size_t i = RATE / 2; i < RATE; i++)
			EXPECT (fabs (x[i] - (0.5 + 0.5 * amp (-6)) * in[i - behind]) < 1e-5, "at %zu: %g", i, x[i]);
		mdyn_destroy (&p);
	}
}
END_TEST

/* A key of one channel rules three; no key is silence. */
START_TEST (external_key)
{
	static double x[3][RATE], key[RATE];
	for (int given = 0; given < 2; given++) {
		mdyn_proc *p = MAKE (MDYN_COMP, 3, 1, { MDYN_COMP_attack, 1 });
		for (size_t i = 0; i < RATE; i++) {
			key[i] = 1;
			for (int c = 0; c < 3; c++)
				x[c][i] = amp (-30 - 10 * c);
		}
		void *io[3] = { x[0], x[1], x[2] };
		const void *k[1] = { key };
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *)io, given ? k : NULL, RATE), 0);
		for (int c = 0; c < 3; c++)
			ck_assert_double_eq_tol (20 * log10 (x[c][RATE - 1]), -30 - 10 * c - (given ? 12 : 0), 0.001);
		mdyn_destroy (&p);
	}
}
END_TEST

/* |H| of the two filters, from the Butterworth formula through the bilinear transform. 0: off */
static double
filtered (double hz, double high, double low)
{
	double w = tan (PI * hz / RATE), h = high ? tan (PI * high / RATE) / w : 0, l = low ? w / tan (PI * low / RATE) : 0;
	return 1 / sqrt (1 + pow (h, 4)) / sqrt (1 + pow (l, 4));
}

/* Heard through key-listen, and by the reduction they leave. The last setting has the low-pass below the high-pass. */
START_TEST (key_filters)
{
	static double in[RATE], x[RATE];
	const double set[][2] = { { 1000, 0 }, { 0, 1000 }, { 300, 3000 }, { 3000, 300 } }, hz[] = { 62.5, 300, 1000, 3000, 7919 };
	ck_assert_double_eq_tol (decibel (filtered (62.5, 1000, 0) / filtered (125, 1000, 0)), -12, 0.1); /* dB per octave */
	for (int s = 0; s < 4; s++)
		for (int f = 0; f < 5; f++) {
			double want = filtered (hz[f], set[s][0], set[s][1]), peak = 0;
			mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_key_highpass, set[s][0] }, { MDYN_COMP_key_lowpass, set[s][1] },
					     { MDYN_COMP_key_listen, 1 });
			tone (x, hz[f], RATE, 1, RATE);
			through (p, x, RATE);
			for (size_t i = RATE / 2; i < RATE; i++)
				peak = fmax (peak, fabs (x[i]));
			EXPECT (fabs (decibel (peak / want)) < 0.1, "%g Hz through %g..%g: %g dB, formula %g", hz[f], set[s][0], set[s][1],
				decibel (peak), decibel (want));
			mdyn_destroy (&p);
			p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_key_highpass, set[s][0] }, { MDYN_COMP_key_lowpass, set[s][1] },
				  { MDYN_COMP_threshold, -70 }, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_knee, 0 });
			tone (in, hz[f], RATE, 1, RATE);
			memcpy (x, in, sizeof x);
			through (p, x, RATE);
			size_t at = RATE - 1;
			while (fabs (in[at]) < 0.5)
				at--;
			double gain = fmin (0, -70 - decibel (want));
			EXPECT (fabs (decibel (x[at] / in[at]) - gain) < 0.1, "%g Hz through %g..%g: gain %g, formula %g", hz[f], set[s][0],
				set[s][1], decibel (x[at] / in[at]), gain);
			mdyn_destroy (&p);
		}
}
END_TEST

/* Filters off: the key as it came, rounded to float32, at the latency. Two key channels over one audio channel: their mean. Bypass goes first. */
START_TEST (key_listen)
{
	static double in[4000], x[4000], a[4000], b[4000];
	unsigned seed = 8;
	for (size_t i = 0; i < 4000; i++) {
		in[i] = random_of (&seed) - 0.5;
		a[i] = random_of (&seed) - 0.5;
		b[i] = random_of (&seed) - 0.5;
	}
	for (int mode = 0; mode < 3; mode++) {
		mdyn_proc *p = MAKE (MDYN_COMP, 1, mode ? 2 : 0, { MDYN_COMP_lookahead, 3 }, { MDYN_COMP_key_listen, 1 },
				     { MDYN_COMP_bypass, mode == 2 }, { MDYN_COMP_makeup, 12 });
		void *out[1] = { x };
		const void *src[1] = { in }, *key[2] = { a, b };
		ck_assert_int_eq (mdyn_process (p, out, src, mode ? key : NULL, 4000), 0);
		size_t behind = mdyn_latency (p);
		for (size_t i = behind; i < 4000; i++) {
			double want = mode == 0 ? in[i - behind] : mode == 1 ? (a[i - behind] + b[i - behind]) / 2 : in[i - behind];
			EXPECT (fabs (x[i] - want) < 1e-7, "mode %d at %zu: %g, not %g", mode, i, x[i], want);
		}
		mdyn_destroy (&p);
	}
}
END_TEST

/* Drum-like: 120 strokes a minute of noise that falls by 60 dB in 250 ms. Pad: three tones whose beats move its level by some dB every second. */
static void
drums (double *x, size_t n)
{
	unsigned seed = 12;
	for (size_t i = 0; i < n; i++)
		x[i] = (2 * random_of (&seed) - 1) * amp (-60 * (double)(i % (RATE / 2)) / (RATE / 4));
}

static void
pad (double *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double t = 2 * PI * (double)i / RATE;
		x[i] = 0.6 * sin (220 * t) + 0.2 * sin (221.5 * t) + 0.2 * sin (331 * t);
	}
}

static double
crest_db (const double *x, size_t from, size_t n)
{
	double peak = 0, sum = 0;
	for (size_t i = from; i < n; i++) {
		peak = fmax (peak, fabs (x[i]));
		sum += x[i] * x[i];
	}
	return decibel (peak / sqrt (sum / (double)(n - from)));
}

/* How far the gain moves, in dB. */
static double
swing_db (const double *out, const double *in, size_t from, size_t n)
{
	double least = INFINITY, most = -INFINITY;
	for (size_t i = from; i < n; i++)
		if (fabs (in[i]) > 0.05) {
			least = fmin (least, decibel (out[i] / in[i]));
			most = fmax (most, decibel (out[i] / in[i]));
		}
	return most - least;
}

/* With the same rows, auto-release gives the drums back in full before the next stroke, where the fixed release does not, and lets the gain on the
 * pad move less. */
START_TEST (auto_release)
{
	enum { N = RATE * 6 };
	static double in[N], out[2][N];
	double least[2] = { 0, 0 }, swing[2], crest[2];
	for (int on = 0; on < 2; on++) {
		drums (in, N);
		memcpy (out[on], in, sizeof in);
		mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_auto_release, on }, { MDYN_COMP_threshold, -24 }, { MDYN_COMP_ratio, 4 },
				     { MDYN_COMP_release, 300 });
		through (p, out[on], N);
		crest[on] = crest_db (out[on], RATE * 2, N);
		for (size_t beat = RATE * 2; beat < N; beat += RATE / 2) /* what is left of the last stroke's reduction at the next */
			least[on] = fmin (least[on], decibel (out[on][beat] / in[beat]));
		mdyn_destroy (&p);
		pad (in, N);
		memcpy (out[on], in, sizeof in);
		p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_auto_release, on }, { MDYN_COMP_threshold, -24 }, { MDYN_COMP_ratio, 4 },
			  { MDYN_COMP_release, 300 });
		through (p, out[on], N);
		swing[on] = swing_db (out[on], in, RATE * 3, N);
		mdyn_destroy (&p);
	}
	ck_assert_msg (least[1] > -1 && least[0] < -2, "left of the last stroke: %.2f fixed, %.2f auto", least[0], least[1]);
	ck_assert_msg (crest[1] > crest[0] + 0.3, "crest factor of the drums: %.2f fixed, %.2f auto", crest[0], crest[1]);
	ck_assert_msg (swing[1] < 0.6 * swing[0], "the pad's gain moves %.2f dB fixed, %.2f auto", swing[0], swing[1]);
}
END_TEST

/* On a steady tone, C2 = 2, the release is four times its label. */
START_TEST (auto_release_by_formula)
{
	static double in[RATE * 6], out[RATE * 6];
	size_t n = RATE * 6, down = RATE * 3;
	tone (in, 1000, RATE, 1, n);
	for (size_t i = 0; i < n; i++)
		in[i] = out[i] = (fabs (in[i]) < 1e-3 ? 0 : in[i]) * (i < down ? 1 : amp (-14));
	mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_auto_release, 1 }, { MDYN_COMP_release, 30 }, { MDYN_COMP_ratio, INFINITY });
	through (p, out, n);
	/* while both squares fall together C2 stays 2 */
	ck_assert_double_eq_tol (time_ms (out, in, down, n, -18, -4), 4 * 30, 0.02 * 120 + 0.5);
	mdyn_destroy (&p);
}
END_TEST

/* With a key of its own, filtered and heard, rows changing: however the stream is cut, the bits are the same. _i: comp, gate */
START_TEST (blocks_do_not_matter_with_a_key)
{
	enum { N = 12000 };
	static double in[3][N], key[2][N], out[2][3][N];
	const mdyn_class *cls = mdyn_class_get (_i ? MDYN_GATE : MDYN_COMP);
	unsigned seed = 21;
	for (size_t i = 0; i < N; i++)
		for (int c = 0; c < 3; c++) {
			in[c][i] = random_of (&seed) - 0.5;
			key[c % 2][i] = (random_of (&seed) - 0.5) * amp (-60.0 * (double) (i % 3000) / 3000);
		}
	for (int cut = 0; cut < 2; cut++) {
		unsigned changes = 5, cuts = 6;
		mdyn_proc *p = make_at (cls->kind, RATE, 3, 2, NULL, 0);
		EXPECT (mdyn_set (p, mdyn_class_find (cls, "lookahead")->id, 2) == 0, "lookahead");
		for (size_t at = 0, n; at < N; at += n) {
			if (at % 600 == 0)
				for (const char *const *r = (const char *const[]){ "key-highpass", "key-lowpass", "key-listen", "release", NULL }; *r; r++) {
					const mdyn_param *row = mdyn_class_find (cls, *r);
					EXPECT (mdyn_set (p, row->id, random_value (row, &changes)) == 0, "%s", *r);
				}
			n = cut ? 1 + (size_t) (random_of (&cuts) * 90) : 600;
			n = n < 600 - at % 600 ? n : 600 - at % 600;
			void *o[3] = { out[cut][0] + at, out[cut][1] + at, out[cut][2] + at };
			const void *x[3] = { in[0] + at, in[1] + at, in[2] + at }, *k[2] = { key[0] + at, key[1] + at };
			EXPECT (mdyn_process (p, o, x, k, n) == 0, "process failed");
		}
		mdyn_destroy (&p);
	}
	ck_assert (!memcmp (out[0], out[1], sizeof out[0]));
}
END_TEST

/* _i: a row. The limit stands in docs/dynamics.md. */
START_TEST (no_click)
{
	const mdyn_param *r = &mdyn_class_get (MDYN_COMP)->params[_i];
	if (r->flags & MDYN_LIVE) {
		double worst = worst_click (MDYN_COMP, r, 40u + (unsigned)_i);
		ck_assert_msg (worst < -70, "%s: %.1f dB", r->name, worst);
	}
}
END_TEST

START_TEST (corners_stay_sane)
{
	/* makeup 48, auto-makeup at most 40 (threshold -80), or a boost of 30 */
	corners (MDYN_COMP, _i ? 384000 : 8000, 5, 48 + 40.01);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("comp");
	TCase *t = tcase_create ("comp");
	tcase_set_timeout (t, 60);
	tcase_add_loop_test (t, static_curve, 0, 2);
	tcase_add_loop_test (t, tones_stand_on_the_curve, 0, 6);
	tcase_add_test (t, range_makeup_mix);
	tcase_add_test (t, auto_makeup);
	tcase_add_test (t, times);
	tcase_add_test (t, times_upwards);
	tcase_add_test (t, detectors);
	tcase_add_test (t, rms_window);
	tcase_add_test (t, link_by_formula);
	tcase_add_test (t, lookahead_leads);
	tcase_add_test (t, mix_does_not_comb);
	tcase_add_test (t, external_key);
	tcase_add_test (t, key_filters);
	tcase_add_test (t, key_listen);
	tcase_add_test (t, auto_release);
	tcase_add_test (t, auto_release_by_formula);
	tcase_add_loop_test (t, blocks_do_not_matter_with_a_key, 0, 2);
	tcase_add_loop_test (t, no_click, 0, MDYN_COMP_PARAMS);
	tcase_add_loop_test (t, corners_stay_sane, 0, 2);
	suite_add_tcase (s, t);
	return run_tap (s);
}
