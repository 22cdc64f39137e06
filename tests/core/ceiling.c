/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masterlimit's first promise: no sample of the output above the ceiling, no true peak more than 0.02 dB (full-band noise: 0.05 dB) above it, at 44.1 .. 192 kHz
 * and the rates beyond, 1 .. 24 channels, float32 and float64. Read by a meter of our own that shares nothing with the library (meter.h). Real music and speech:
 * tests/programme/ceiling. */
#include <stdio.h>

#include "audio.h"
#include "meter.h"
#include "tap.h"

static const double drives[] = { 6, 12, 20 };

/* Runs `in` and holds it to the ceiling. Returns by how much the true peak stands over it, dB. */
static double
overshoot (mdyn_proc *p, const audio *in, double ceiling)
{
	audio out = run (p, in, 1000);
	double over = -INFINITY;
	for (unsigned c = 0; c < out.format.channels; c++) {
		double sample = meter_sample_peak (out.x[c], out.n), sum = 0;
		for (size_t i = 0; i < out.n; i++)
			sum += out.x[c][i];
		ck_assert (isfinite (sum));
		ck_assert_msg (sample <= LIN (ceiling), "channel %u: a sample stands %g dB over", c, DB (sample) - ceiling);
		over = fmax (over, DB (meter_true_peak (out.x[c], out.n)) - ceiling);
	}
	audio_free (&out);
	return over;
}

static double
held (const audio *in, double ceiling, double gain, double link)
{
	mdyn_proc *p = make (&in->format, ceiling, gain, link);
	double over = overshoot (p, in, ceiling);
	mdyn_destroy (&p);
	return over;
}

START_TEST (meter_is_right)
{
	enum { N = 4000 };
	double x[N];
	const double f[] = { 1.0 / 4, 1.0 / 6, 0.0213, 0.1871, 0.3171, 0.4499, 0.4801 };
	for (size_t j = 0; j < sizeof f / sizeof *f; j++)
		for (int phase = 0; phase < 4; phase++) {
			/* faded, so that the peak is the tone's and not the edge's */
			for (int i = 0; i < N; i++)
				x[i] = sin (2 * M_PI * f[j] * i + M_PI / 4 * phase) * 0.5 * (1 - cos (2 * M_PI * i / N));
			ck_assert_double_lt (fabs (DB (meter_true_peak (x, N))), 0.01);
		}
	/* a pulse limited to 0.4 of the rate, its top half-way between two frames */
	for (int i = 0; i < N; i++) {
		double t = i - N / 2 - 0.5;
		x[i] = sin (0.8 * M_PI * t) / (0.8 * M_PI * t) * exp (-pow (t / 100, 2));
	}
	ck_assert_double_lt (fabs (DB (meter_true_peak (x, N))), 0.01);
	memset (x, 0, sizeof x);
	x[0] = 1;
	ck_assert_double_lt (fabs (DB (meter_true_peak (x, 1))), 1e-6);
}
END_TEST

/* Both sample types: what is fed is made of doubles, float32 streams round it. */
static double
held_as_both (audio *in, double ceiling, double gain, double link)
{
	double worst = -INFINITY;
	for (int k = 0; k < 2; k++) {
		in->format.sample = k ? MDYN_F64 : MDYN_F32;
		worst = fmax (worst, held (in, ceiling, gain, link));
	}
	return worst;
}

static void
promise (const char *what, double worst, double limit)
{
	printf ("# %s: %+.4f dB\n", what, worst);
	ck_assert_msg (worst <= limit, "%s: %+.4f dB over", what, worst);
}

START_TEST (tones_at_bad_phases)
{
	const double f[] = { 1.0 / 4, 1.0 / 3, 1.0 / 6, 1.0 / 8, 0.0213, 0.0707, 0.1871, 0.2347, 0.3171, 0.4127, 0.4499, 0.0021 };
	enum { TONES = sizeof f / sizeof *f, PHASES = 4 };
	double worst = -INFINITY;
	EACH_RATE (r)
	{
		audio a = audio_new (MDYN_F32, rates[r], TONES * PHASES, 3000);
		for (size_t c = 0; c < TONES * PHASES; c++)
			for (size_t i = 0; i < a.n; i++)
				a.x[c][i] = 2 * sin (2 * M_PI * f[c / PHASES] * (double) i + M_PI / 4 * (double) (c % PHASES));
		worst = fmax (worst, held_as_both (&a, -1, 0, 0));
		audio_free (&a);
	}
	promise ("tones", worst, 0.02);
}
END_TEST

START_TEST (slow_tones)
{
	double worst = -INFINITY;
	EACH_RATE (r)
	{
		audio a = audio_new (r % 2 ? MDYN_F32 : MDYN_F64, rates[r], 2, rates[r] / 6);
		for (size_t i = 0; i < a.n; i++) {
			a.x[0][i] = 2 * sin (2 * M_PI * 20 * (double) i / rates[r]);
			a.x[1][i] = 2 * sin (2 * M_PI * 41.2 * (double) i / rates[r] + 1);
		}
		worst = fmax (worst, held (&a, -1, 0, 0));
		audio_free (&a);
	}
	promise ("20 and 41.2 Hz", worst, 0.02);
}
END_TEST

START_TEST (sweeps)
{
	double worst = -INFINITY;
	EACH_RATE (r)
	{
		audio a = audio_new (MDYN_F32, rates[r], 1, 20000);
		double phase = 0;
		for (size_t i = 0; i < a.n; i++) {
			phase += 2 * M_PI * 0.45 * (double) i / (double) a.n;
			a.x[0][i] = sin (phase);
		}
		for (int gain = 3; gain <= 12; gain += 9)
			worst = fmax (worst, held_as_both (&a, -2, gain, 100));
		audio_free (&a);
	}
	promise ("sweeps", worst, 0.02);
}
END_TEST

/* A value of one of the kinds, at frame i. */
enum { KINDS = 13 };
static const char *const kind_name[KINDS] = { "burst fs/4", "burst", "clipped sine", "square", "impulse", "click on silence", "step", "one-sided", "drum", "bursts 3/8 fs", "burst 1/4 fs", "clipped fs/6", "red noise" };

static double
transient (int kind, size_t i)
{
	static double low;
	double t = (double) i, s = sin (0.0731 * t + 0.3);
	switch (kind) {
	case 0: return i / 1000 % 3 == 1 ? 3 * sin (2 * M_PI / 4 * t + M_PI / 4) : 0.1 * s;
	case 1: return i / 700 % 4 == 1 ? 4 * sin (0.413 * t) : 0;
	case 2: return fmax (-1, fmin (1, 8 * s));
	case 3: return i / 37 % 2 ? 1.2 : -1.2;
	case 4: return i % 977 == 500 ? 4 : 0;
	case 5: return i % 977 == 500 || i % 977 == 501 ? 2 : i % 977 == 502 ? -2 : 0;
	case 6: return i % 2001 < 3 ? 1.5 : 0.3 * s;
	case 7: return fmax (0, 3 * s) - 0.2;
	case 8: return i % 1500 < 60 ? 3 * exp (-(t - 1500 * (double) (i / 1500)) / 10) * cos (t) : 0;
	/* Bursts of a whole number of groups of 8 frames, whose tone has whole periods in them; their edges reach half the rate. Each one is displaced by a frame. */
	case 9: return i % 521 < 24 ? 3 * sin (2 * M_PI * 3 / 8 * (double) (i % 521) + 5.265) : 0;
	case 10: return i % 521 < 20 ? 3 * sin (2 * M_PI / 4 * (double) (i % 521) + 1.25) : 0;
	case 11: return fmax (-1, fmin (1, 8 * sin (2 * M_PI * 0.1682 * t))); /* the third harmonic lies at 0.495 of the rate */
	default: return 2 * (low = 0.7 * low + noise ()) * (i / 500 % 2 ? 1 : 0.2);
	}
}

START_TEST (transients)
{
	double worst[KINDS];
	for (int k = 0; k < KINDS; k++)
		worst[k] = -INFINITY;
	EACH_RATE (r)
	{
		audio one = audio_new (MDYN_F32, rates[r], 1, 8000);
		for (int k = 0; k < KINDS; k++) {
			for (size_t i = 0; i < one.n; i++)
				one.x[0][i] = transient (k, i);
			worst[k] = fmax (worst[k], held_as_both (&one, -1, 6, 100));
		}
		audio_free (&one);
	}
	for (int k = 0; k < KINDS; k++)
		promise (kind_name[k], worst[k], 0.02);
}
END_TEST

/* 1 .. 24 channels, each with peaks of its own: bursts that go from channel to channel, a click where no other channel has one, and every other kind. */
START_TEST (channels_with_peaks_of_their_own)
{
	const double links[] = { 100, 0, 50 };
	double worst = -INFINITY;
	for (unsigned n = 1; n <= 24; n++) {
		audio a = audio_new (MDYN_F32, rates[1 + n % 5], n, 2500);
		for (unsigned c = 0; c < n; c++)
			for (size_t i = 0; i < a.n; i++) {
				double burst = (i / 100) % n == c ? 1.5 * sin ((0.2 + 0.11 * c) * (double) i) : 0;
				a.x[c][i] = burst + (i == 600 + 70 * c ? 2 : 0) + (c % 4 == 3 ? 0.5 * transient ((int) c % KINDS, i) : 0);
			}
		worst = fmax (worst, held_as_both (&a, -1, 9, links[n % 3]));
		audio_free (&a);
	}
	promise ("1 .. 24 channels", worst, 0.02);
}
END_TEST

START_TEST (white_noise)
{
	double worst = -INFINITY;
	const unsigned channels[] = { 1, 2, 6 };
	EACH_RATE (r)
	{
		unsigned n = channels[r % 3];
		audio a = audio_new (r % 2 ? MDYN_F64 : MDYN_F32, rates[r], n, 30000 / n);
		for (unsigned c = 0; c < n; c++)
			for (size_t i = 0; i < a.n; i++)
				a.x[c][i] = noise ();
		for (int k = 0; k < 3; k++)
			worst = fmax (worst, held (&a, -1, drives[k], n == 6 ? 50 : 100));
		audio_free (&a);
	}
	promise ("white noise", worst, 0.05);
}
END_TEST

/* Pulses of a voice through three formants, and every .3 s a plosive and a sibilant. */
static audio
voice (mdyn_sample sample, unsigned rate, size_t n)
{
	const double formant[] = { 620, 1180, 2550 }, width[] = { 60, 90, 140 };
	audio a = audio_new (sample, rate, 1, n);
	double y[3][2] = { { 0 } }, top = 0, phase = 0, hiss = 0;
	for (size_t i = 0; i < n; i++) {
		double t = (double) i / rate, cycle = fmod (t, 0.3), in = 0, last = hiss;
		phase += (110 + 30 * sin (7 * t)) / rate;
		if (phase >= 1 && cycle > 0.08) {
			phase -= 1;
			in = 1;
		}
		hiss = noise ();
		for (int k = 0; k < 3; k++) {
			double radius = exp (-M_PI * width[k] / rate), out = in + 2 * radius * cos (2 * M_PI * formant[k] / rate) * y[k][0] - radius * radius * y[k][1];
			y[k][1] = y[k][0];
			y[k][0] = out;
			a.x[0][i] += out / rate * 300 * (k + 1);
		}
		a.x[0][i] += cycle < 0.01 ? 2 * hiss * exp (-cycle * 600) : cycle < 0.06 ? 0.3 * (hiss - last) : 0;
		top = fmax (top, fabs (a.x[0][i]));
	}
	for (size_t i = 0; i < n; i++)
		a.x[0][i] /= top;
	return a;
}

START_TEST (speech_and_music)
{
	double worst[2] = { -INFINITY, -INFINITY };
	for (size_t r = 1; r < 6; r++)
		for (int k = 0; k < 3; k++) {
			mdyn_sample sample = (r + (size_t) k) % 2 ? MDYN_F32 : MDYN_F64;
			audio a = voice (sample, rates[r], rates[r] / 2), b = music (sample, rates[r], 2, rates[r] / 4);
			worst[0] = fmax (worst[0], held (&a, -1, drives[k], 100));
			worst[1] = fmax (worst[1], held (&b, -1, drives[k], 100));
			audio_free (&a);
			audio_free (&b);
		}
	promise ("speech-like", worst[0], 0.02);
	promise ("music-like", worst[1], 0.02);
}
END_TEST

START_TEST (sample_peak_mode_and_absurd_levels)
{
	for (int tp = 0; tp < 2; tp++)
		for (int lookahead = 0; lookahead < 3; lookahead++) {
			audio a = music (MDYN_F32, 44100, 2, 8000);
			a.x[0][3000] = 0x1p59;
			a.x[1][6000] = -1000;
			const double ms[] = { 0.5, 8, 20 };
			mdyn_proc *p = make (&a.format, -3, 60, 100);
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_true_peak, tp), 0);
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_lookahead, ms[lookahead]), 0);
			double over = overshoot (p, &a, -3);
			ck_assert (!tp || over <= 0.02);
			mdyn_destroy (&p);
			audio_free (&a);
		}
}
END_TEST

/* A click so loud that squares of what stands beside it leave the range of float, and the fastest way back from it. */
START_TEST (peaks_beside_absurd_clicks)
{
	for (int loud = 10; loud < 60; loud += 7)
		for (size_t gap = 34; gap < 64; gap += 3)
			for (size_t phase = 0; phase < 64; phase += 8) {
				audio a = audio_new (MDYN_F32, 8000, 1, 2000);
				a.x[0][640 + phase] = ldexp (1, loud);
				a.x[0][640 + phase + gap] = 4;
				mdyn_proc *p = make (&a.format, -1, 0, 100);
				ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_lookahead, 0.5), 0);
				ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_release, 1), 0);
				overshoot (p, &a, -1);
				mdyn_destroy (&p);
				audio_free (&a);
			}
}
END_TEST

/* A gain as small as the grain of the running sums is rounded, but not up. */
START_TEST (absurd_tones)
{
	for (int loud = 20; loud < 42; loud++) {
		audio a = audio_new (MDYN_F32, 48000, 1, 24000);
		for (size_t i = 0; i < a.n; i++)
			a.x[0][i] = ldexp (sin (0.13055 * (double) i) * (1 + 0.3 * sin (0.0013 * (double) i)), loud);
		ck_assert_double_le (held (&a, -1, 0, 100), 0.02);
		audio_free (&a);
	}
}
END_TEST

int
main (void)
{
	setvbuf (stdout, NULL, _IOLBF, 0); /* comments of a case that fails come out, too */
	Suite *s = suite_create ("ceiling");
	TCase *t = tcase_create ("ceiling");
	tcase_set_timeout (t, 120);
	tcase_add_test (t, meter_is_right);
	tcase_add_test (t, tones_at_bad_phases);
	tcase_add_test (t, slow_tones);
	tcase_add_test (t, sweeps);
	tcase_add_test (t, transients);
	tcase_add_test (t, channels_with_peaks_of_their_own);
	tcase_add_test (t, white_noise);
	tcase_add_test (t, speech_and_music);
	tcase_add_test (t, sample_peak_mode_and_absurd_levels);
	tcase_add_test (t, peaks_beside_absurd_clicks);
	tcase_add_test (t, absurd_tones);
	suite_add_tcase (s, t);
	return run_tap (s);
}
