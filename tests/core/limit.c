/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masterlimit by its promises but the ceiling (ceiling.c): time, bits, quality. */
#include <stdio.h>

#include "audio.h"
#include "lookahead.h"
#include "meter.h"
#include "tap.h"
#include "truepeak.h"

/* The library's own detector. */
static mdyn_truepeak *
truepeak (mdyn_arena *a, unsigned channels)
{
	*a = (mdyn_arena) { NULL, 0 };
	mdyn_truepeak_lay (a, 48000, channels, true);
	ck_assert_int_eq (posix_memalign ((void **) &a->base, 64, a->used), 0);
	memset (a->base, 0, a->used);
	a->used = 0;
	return mdyn_truepeak_lay (a, 48000, channels, true);
}

static void
detect (mdyn_truepeak *t, const float *const *x, size_t at, size_t n, float floor)
{
	mdyn_truepeak_put (t, x, at, n);
	if (at + n == 64)
		mdyn_truepeak_tell (t, floor);
}

START_TEST (detector_reads_tones)
{
	enum { N = 1500 };
	mdyn_arena a;
	mdyn_truepeak *t = truepeak (&a, 1);
	double worst[2] = { 0 };
	for (int k = 1; k <= 460; k++)
		for (int phase = 0; phase < 3; phase++) {
			float x[N];
			double f = k / 1000.0 + 0.00003;
			for (int i = 0; i < N; i++)
				x[i] = (float) (sin (2 * M_PI * f * i + phase) * fmin (1, fmin (i, N - 1 - i) / 300.0)); /* faded: no edge */
			mdyn_truepeak_reset (t);
			for (size_t i = 0, n; i < N; i += n) {
				const float *plane = x + i;
				n = i % 64 == 0 && N - i >= 64 ? 64 : 1;
				detect (t, &plane, i % 64, n, mdyn_truepeak_max_all (t));
			}
			mdyn_truepeak_flush (t);
			/* a slow tone need not come by its top while it is whole */
			double off = fabs (DB ((double) mdyn_truepeak_max (t, 0)));
			if (k >= 3)
				worst[k > 400] = fmax (worst[k > 400], off);
		}
	printf ("# detector: tones to 0.4 of the rate within %.4f dB, to 0.46 within %.4f dB\n", worst[0], worst[1]);
	ck_assert_double_le (worst[0], 0.02);
	ck_assert_double_le (worst[1], 0.05);
	free (a.base);
}
END_TEST

START_TEST (detector_skips_only_what_is_below_the_floor)
{
	mdyn_arena a, b;
	mdyn_truepeak *all = truepeak (&a, 2), *some = truepeak (&b, 2);
	for (int q = 0; q < 300; q++) {
		float x[2][64];
		const float *planes[2] = { x[0], x[1] };
		for (int c = 0; c < 2; c++)
			for (int i = 0; i < 64; i++)
				x[c][i] = (float) (noise () * (1 + sin (q * 0.3 + c)) / 2);
		detect (all, planes, 0, 64, 0);
		detect (some, planes, 0, 64, 0.8f);
		for (unsigned c = 0; c < 2; c++)
			for (int j = 0; j < 8; j++) {
				float u = mdyn_truepeak_groups (all, c)[j], v = mdyn_truepeak_groups (some, c)[j];
				ck_assert (v == u || (u < 0.8f && v < 0.8f));
			}
	}
	ck_assert (mdyn_truepeak_max (all, 0) == mdyn_truepeak_max (some, 0));
	/* the last frame of a programme counts */
	const float last[1] = { 5 }, *plane[2] = { last, last };
	detect (all, plane, 0, 1, 0);
	mdyn_truepeak_flush (all);
	ck_assert (mdyn_truepeak_max_all (all) >= 5);
	mdyn_truepeak_reset (all);
	ck_assert (mdyn_truepeak_max_all (all) == 0);
	free (a.base);
	free (b.base);
}
END_TEST

/* Expected values: the definitions, of every window anew. Long after the start, where a sum that was not exact would have drifted. */
START_TEST (windows_by_definition)
{
	enum { N = 20000, W = 85, LENGTH = 90, LATE = 7, BLOCK = 8 };
	static double x[N], y[N], first[N];
	static float z[N], top[N];
	mdyn_boxes b;
	mdyn_boxes_setup (&b, LENGTH, 12, LATE);
	ck_assert_uint_eq (b.first + b.second, LENGTH + 1);
	double *state = calloc (mdyn_boxes_state (&b), sizeof *state), *other = calloc (mdyn_boxes_state (&b), sizeof *other);
	float window[W + 1] = { 0 };
	for (size_t i = 0; i < N; i++) {
		x[i] = i < N - 300 ? rint (fabs (noise ()) / MDYN_BOXES_GRAIN) * MDYN_BOXES_GRAIN : 0;
		y[i] = x[i];
		z[i] = top[i] = (float) x[i];
	}
	for (size_t i = 0, at = 0; i < N; i += BLOCK) {
		mdyn_boxes_run (&b, state, at, y + i, BLOCK);
		mdyn_slide_max (window, W, i % W, top + i, BLOCK);
		at += BLOCK;
		if (at == MDYN_BOXES_SPAN) {
			mdyn_boxes_move (&b, state);
			at = 0;
		}
	}
	ck_assert (mdyn_boxes_equal (&b, state, other, N % MDYN_BOXES_SPAN)); /* of zeros nothing is left */
	state[2 + b.late + N % MDYN_BOXES_SPAN] = 1;
	ck_assert (!mdyn_boxes_equal (&b, state, other, N % MDYN_BOXES_SPAN));
	for (size_t i = 300; i < N; i++) {
		double sum = 0;
		for (size_t k = 0; k < b.first; k++)
			sum += x[i - LATE - k];
		first[i] = sum / (double) b.first;
	}
	for (size_t i = 600; i < N; i++) {
		double sum = 0;
		float most = 0;
		for (size_t k = 0; k < b.second; k++)
			sum += first[i - k];
		for (size_t k = 0; k < W; k++)
			most = fmaxf (most, z[i - k]);
		ck_assert_double_eq_tol (y[i], sum / (double) b.second, 1e-14);
		ck_assert (top[i] == most);
	}
	free (state);
	free (other);
}
END_TEST

START_TEST (idle_keeps_bits_and_latency_is_exact)
{
	EACH_RATE (r)
		for (int tp = 0; tp < 2; tp++) {
			audio a = audio_new (r % 2 ? MDYN_F64 : MDYN_F32, rates[r], 3, 5000);
			for (unsigned c = 0; c < 3; c++)
				for (size_t i = 0; i < a.n; i++)
					a.x[c][i] = r % 2 ? noise () / 3 : (double) (float) (noise () / 3);
			for (int i = -100; i < 100; i++)
				a.x[2][200 + i] = i ? 0 : 0.75;
			mdyn_proc *p = make (&a.format, -1, 0, 70);
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_true_peak, tp), 0);
			audio out = run (p, &a, 333);
			size_t latency = mdyn_latency (p);
			for (unsigned c = 0; c < 3; c++)
				ck_assert_msg (!memcmp (out.x[c] + latency, a.x[c], a.n * sizeof (double)), "%u Hz: bits changed", rates[r]);
			mdyn_meters m;
			mdyn_read_meters (p, &m);
			ck_assert (m.v[0] == 0 && m.v[1] == 0);
			mdyn_destroy (&p);
			audio_free (&out);
			audio_free (&a);
		}
}
END_TEST

/* After work, too, the bits come back. */
START_TEST (idle_again)
{
	audio a = audio_new (MDYN_F32, 48000, 2, 96000);
	for (unsigned c = 0; c < 2; c++)
		for (size_t i = 0; i < a.n; i++)
			a.x[c][i] = (double) (float) (noise () * (i < 20000 ? 3 : 0.3));
	mdyn_proc *p = make (&a.format, -1, 0, 0);
	audio out = run (p, &a, 4096);
	ck_assert (!memcmp (out.x[1] + 90000 + mdyn_latency (p), a.x[1] + 90000, 6000 * sizeof (double)));
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&a);
}
END_TEST

START_TEST (any_split_gives_the_same_bits)
{
	const size_t blocks[] = { 1, 7, 64, 1000 };
	for (int k = 0; k < 4; k++) { /* four settings */
		audio a = music (k & 1 ? MDYN_F64 : MDYN_F32, k & 2 ? 96000 : 44100, 2, 12000), first = { .n = 0 };
		for (size_t j = 0; j < 4; j++) {
			mdyn_proc *p = make (&a.format, -3, 9, k & 2 ? 40 : 100);
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_true_peak, k != 3), 0);
			audio out = audio_new (a.format.sample, a.format.rate, 2, a.n);
			for (size_t at = 0; at < a.n; at += blocks[j]) {
				size_t n = blocks[j] < a.n - at ? blocks[j] : a.n - at;
				/* rows change at frame 7000, whatever the blocks */
				size_t before = at < 7000 && at + n > 7000 ? 7000 - at : 0;
				if (before)
					feed (p, &a, &out, at, before);
				if (before || at == 7000) {
					ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_input_gain, 3), 0);
					ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_ceiling, -6), 0);
					ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_link, k & 2 ? 100 : 20), 0);
				}
				feed (p, &a, &out, at + before, n - before);
			}
			if (j)
				for (unsigned c = 0; c < 2; c++)
					ck_assert_msg (!memcmp (first.x[c], out.x[c], a.n * sizeof (double)), "setting %d, blocks of %zu", k, blocks[j]);
			else
				first = out;
			if (j)
				audio_free (&out);
			mdyn_destroy (&p);
		}
		audio_free (&first);
		audio_free (&a);
	}
}
END_TEST

START_TEST (gain_is_never_above_the_input_gain)
{
	audio a = music (MDYN_F64, 48000, 2, 48000);
	mdyn_proc *p = make (&a.format, -3, 6, 50);
	audio out = run (p, &a, 512);
	size_t latency = mdyn_latency (p);
	for (unsigned c = 0; c < 2; c++)
		for (size_t i = 0; i < a.n; i++)
			ck_assert (fabs (out.x[c][i + latency]) <= fabs (a.x[c][i]) * LIN (6) * (1 + 1e-6));
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&a);
}
END_TEST

/* A loud left and a quiet right channel: what the right one loses. */
START_TEST (link_shares_the_reduction)
{
	const double link[] = { 100, 50, 0 }, expected[] = { -12, -6, 0 };
	for (int k = 0; k < 3; k++) {
		audio a = audio_new (MDYN_F64, 48000, 2, 48000);
		for (size_t i = 0; i < a.n; i++) {
			a.x[0][i] = LIN (12 - 1 - 0.03) * sin (0.13 * (double) i);
			a.x[1][i] = 0.01 * cos (0.021 * (double) i);
		}
		mdyn_proc *p = make (&a.format, -1, 0, link[k]);
		audio out = run (p, &a, 480);
		double loss = DB (meter_sample_peak (out.x[1] + 40000, 7000) / 0.01);
		ck_assert_msg (fabs (loss - expected[k]) < 0.3, "link %g: %g dB", link[k], loss);
		mdyn_destroy (&p);
		audio_free (&out);
		audio_free (&a);
	}
}
END_TEST

/* Channels that had gains of their own share one again after link has come back to 100. */
START_TEST (link_joins_again)
{
	audio a = audio_new (MDYN_F64, 48000, 3, 96000), out = audio_new (MDYN_F64, 48000, 3, 96000);
	for (size_t i = 0; i < a.n; i++)
		for (unsigned c = 0; c < 3; c++)
			a.x[c][i] = (c + 0.5) * (sin (0.01 * (double) i) + sin (0.13 * (double) i + c));
	mdyn_proc *p = make (&a.format, -1, 0, 0);
	feed (p, &a, &out, 0, 24000);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_link, 100), 0);
	feed (p, &a, &out, 24000, 72000);
	size_t latency = mdyn_latency (p);
	for (size_t i = 10000; i < a.n - latency; i++) {
		double g[3];
		for (unsigned c = 0; c < 3; c++)
			g[c] = out.x[c][i + latency] / a.x[c][i];
		if (i < 23000 && i % 1000 == 0)
			ck_assert (fabs (g[2] / g[0]) < 0.5);
		if (i > 72000)
			ck_assert (fabs (g[2] / g[0] - 1) < 1e-9 && fabs (g[1] / g[0] - 1) < 1e-9);
	}
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&a);
}
END_TEST

START_TEST (rows_change_while_playing)
{
	static const double ceilings[] = { -1, -12, -3, -20, 0, -6 }, gains[] = { 12, 0, 20, -60, 6, 60 };
	for (int k = 0; k < 2; k++) {
		audio a = audio_new (MDYN_F32, 48000, 2, 30000);
		for (size_t i = 0; i < a.n; i++) {
			a.x[0][i] = sin (0.0611 * (double) i);
			a.x[1][i] = sin (0.7 * (double) i);
		}
		mdyn_proc *p = make (&a.format, -1, 12, 100);
		audio out = audio_new (MDYN_F32, 48000, 2, a.n);
		size_t latency = mdyn_latency (p), at = 0, starts[6];
		for (int j = 0; j < 6; j++) {
			starts[j] = at;
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_ceiling, k ? ceilings[j] : -1), 0);
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_input_gain, k ? 12 : gains[j]), 0);
			ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_link, j % 2 ? 30 : 100), 0);
			feed (p, &a, &out, at, 4999);
			at += 4999;
		}
		for (int j = 0; j < 6; j++) {
			double ceiling = k ? ceilings[j] : -1;
			for (unsigned c = 0; c < 2; c++) {
				size_t from = starts[j] + latency, n = 4999 < at - from ? 4999 : at - from;
				double peak = meter_sample_peak (out.x[c] + from, n);
				ck_assert_msg (peak <= LIN (ceiling), "step %d: %g dB over the ceiling in force", j, DB (peak) - ceiling);
			}
		}
		/* no click: the slow sine alone moves by 0.061 of its level a sample, a gain that closes over 8 ms adds less than a third to that */
		for (size_t i = 1; i < at; i++) {
			ck_assert (isfinite (out.x[0][i]) && isfinite (out.x[1][i]));
			ck_assert_msg (fabs (out.x[0][i] - out.x[0][i - 1]) < 0.08, "a step of %g at %zu", out.x[0][i] - out.x[0][i - 1], i);
		}
		mdyn_destroy (&p);
		audio_free (&out);
		audio_free (&a);
	}
}
END_TEST

START_TEST (bad_samples_leave_nothing)
{
	audio a = audio_new (MDYN_F32, 48000, 2, 40000);
	for (size_t i = 0; i < a.n; i++)
		a.x[0][i] = a.x[1][i] = (double) (float) (0.5 * sin (0.05 * (double) i));
	audio b = audio_new (MDYN_F32, 48000, 2, 40000);
	memcpy (b.x[0], a.x[0], a.n * sizeof (double));
	memcpy (b.x[1], a.x[1], a.n * sizeof (double));
	const double bad[] = { NAN, INFINITY, -INFINITY, 1e30, -NAN };
	for (size_t i = 0; i < 50; i++)
		b.x[i % 2][1000 + 17 * i] = bad[i % 5];
	mdyn_proc *p = make (&a.format, -1, 0, 100);
	audio out = run (p, &b, 100);
	for (size_t i = 0; i < out.n; i++)
		ck_assert (isfinite (out.x[0][i]) && fabs (out.x[0][i]) <= LIN (-1));
	ck_assert (!memcmp (out.x[0] + 3000 + mdyn_latency (p), a.x[0] + 3000, 37000 * sizeof (double)));
	ck_assert (mdyn_get (p, MDYN_LIMIT_nonfinite) == 50);
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&b);
	audio_free (&a);
}
END_TEST

START_TEST (tones_stay_tones)
{
	const double f[] = { 41.2, 50.3, 83.1, 203.7, 997.3 }, limit[] = { -105, -105, -90, -90, -90 };
	const unsigned at[] = { 44100, 48000, 96000 };
	double worst = -INFINITY;
	for (int r = 0; r < 3; r++)
		for (int k = 0; k < 5; k++) {
			audio a = audio_new (MDYN_F64, at[r], 1, 2 * at[r]);
			double w = 2 * M_PI * f[k] / at[r];
			for (size_t i = 0; i < a.n; i++)
				a.x[0][i] = LIN (5) * sin (w * (double) i);
			mdyn_proc *p = make (&a.format, -1, 0, 100);
			audio out = run (p, &a, 2048);
			double thdn = meter_thdn (out.x[0] + at[r], at[r], w);
			printf ("# %g Hz at %u: THD+N %.1f dB\n", f[k], at[r], thdn);
			worst = fmax (worst, thdn - limit[k]);
			mdyn_destroy (&p);
			audio_free (&out);
			audio_free (&a);
		}
	ck_assert_double_le (worst, 0);
}
END_TEST

/* SMPTE: 60.3 Hz and 7 kHz, 4:1, 6 dB over. What is left when both are taken away stands in for the side bands: it holds them all. */
START_TEST (no_intermodulation)
{
	enum { RATE = 48000 };
	audio a = audio_new (MDYN_F64, RATE, 1, 3 * RATE);
	double low = 2 * M_PI * 60.3 / RATE, high = 2 * M_PI * 7000.7 / RATE;
	for (size_t i = 0; i < a.n; i++)
		a.x[0][i] = LIN (5) * (0.8 * sin (low * (double) i) + 0.2 * sin (high * (double) i));
	mdyn_proc *p = make (&a.format, -1, 0, 100);
	audio out = run (p, &a, 2048);
	double g = 0, xx = 0, rest = 0, *y = out.x[0] + mdyn_latency (p);
	for (size_t i = RATE; i < 2 * RATE; i++) {
		g += a.x[0][i] * y[i];
		xx += a.x[0][i] * a.x[0][i];
	}
	g /= xx;
	for (size_t i = RATE; i < 2 * RATE; i++)
		rest += pow (y[i] - g * a.x[0][i], 2);
	double db = 10 * log10 (rest / (g * g * xx / 17)); /* against the high tone, 1/17 of the power */
	printf ("# SMPTE: %.1f dB\n", db);
	ck_assert_double_le (db, -100);
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&a);
}
END_TEST

/* ms until the gain on a tone of -10 dBFS is back within 1 dB for good after a click at frame `at`. */
static double
recovery (size_t at, bool automatic)
{
	audio a = audio_new (MDYN_F64, 48000, 1, 30000);
	for (size_t i = 0; i < a.n; i++)
		a.x[0][i] = LIN (-10) * sin (0.1 * (double) i);
	a.x[0][at] = LIN (12);
	mdyn_proc *p = make (&a.format, -1, 0, 100);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_auto_release, automatic), 0);
	audio out = run (p, &a, 2048);
	size_t latency = mdyn_latency (p), back = 0;
	for (size_t i = at + 10; i < a.n; i++)
		if (fabs (a.x[0][i]) > LIN (-10) / 2 && DB (out.x[0][i + latency] / a.x[0][i]) < -1)
			back = i - at;
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&a);
	return (double) back / 48;
}

START_TEST (click_is_forgotten)
{
	for (int automatic = 0; automatic < 2; automatic++) {
		double worst = 0;
		for (size_t at = 10000; at < 10064; at += 7) /* wherever it falls in a quantum */
			worst = fmax (worst, recovery (at, automatic));
		printf ("# click +13 dB, auto-release %d: within 1 dB after %.1f ms\n", automatic, worst);
		ck_assert_double_le (worst, 60);
	}
}
END_TEST

/* A click of +13 dB every 500 ms: the programme 100 .. 480 ms after each. */
START_TEST (clicks_do_not_pull_the_programme_down)
{
	audio a = music (MDYN_F64, 48000, 1, 192000);
	for (size_t i = 0; i < a.n; i++)
		a.x[0][i] *= 0.5;
	audio plain = audio_new (MDYN_F64, 48000, 1, a.n);
	memcpy (plain.x[0], a.x[0], a.n * sizeof (double));
	for (size_t i = 24000; i < a.n; i += 24000)
		a.x[0][i] = LIN (12);
	mdyn_proc *p = make (&a.format, -1, 0, 100);
	audio out = run (p, &a, 2048);
	double in = 0, left = 0, *y = out.x[0] + mdyn_latency (p);
	for (size_t i = 24000; i < a.n; i++)
		if (i % 24000 >= 4800 && i % 24000 < 23040) {
			in += plain.x[0][i] * plain.x[0][i];
			left += y[i] * y[i];
		}
	printf ("# between clicks: %.3f dB\n", 10 * log10 (left / in));
	ck_assert_double_ge (10 * log10 (left / in), -0.2);
	mdyn_destroy (&p);
	audio_free (&out);
	audio_free (&plain);
	audio_free (&a);
}
END_TEST

/* A reset processor is a new one; and bypass passes the bits on. */
START_TEST (reset_and_bypass)
{
	audio a = music (MDYN_F32, 48000, 2, 9000);
	for (unsigned c = 0; c < 2; c++)
		for (size_t i = 0; i < a.n; i++)
			a.x[c][i] = (double) (float) a.x[c][i];
	mdyn_proc *p = make (&a.format, -6, 12, 30);
	audio one = run (p, &a, 700);
	mdyn_reset (p);
	audio two = run (p, &a, 700);
	ck_assert (!memcmp (one.x[1], two.x[1], one.n * sizeof (double)));
	mdyn_reset (p);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_bypass, 1), 0);
	audio three = run (p, &a, 700);
	ck_assert (!memcmp (three.x[1] + mdyn_latency (p), a.x[1], a.n * sizeof (double)));
	mdyn_destroy (&p);
	audio_free (&one);
	audio_free (&two);
	audio_free (&three);
	audio_free (&a);
}
END_TEST

int
main (void)
{
	setvbuf (stdout, NULL, _IOLBF, 0); /* comments of a case that fails come out, too */
	Suite *s = suite_create ("limit");
	TCase *t = tcase_create ("limit");
	tcase_set_timeout (t, 120);
	tcase_add_test (t, detector_reads_tones);
	tcase_add_test (t, detector_skips_only_what_is_below_the_floor);
	tcase_add_test (t, windows_by_definition);
	tcase_add_test (t, idle_keeps_bits_and_latency_is_exact);
	tcase_add_test (t, idle_again);
	tcase_add_test (t, any_split_gives_the_same_bits);
	tcase_add_test (t, gain_is_never_above_the_input_gain);
	tcase_add_test (t, link_shares_the_reduction);
	tcase_add_test (t, link_joins_again);
	tcase_add_test (t, rows_change_while_playing);
	tcase_add_test (t, bad_samples_leave_nothing);
	tcase_add_test (t, tones_stay_tones);
	tcase_add_test (t, no_intermodulation);
	tcase_add_test (t, click_is_forgotten);
	tcase_add_test (t, clicks_do_not_pull_the_programme_down);
	tcase_add_test (t, reset_and_bypass);
	suite_add_tcase (s, t);
	return run_tap (s);
}
