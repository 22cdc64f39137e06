/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masterlimit by its promises: the ceiling, time, bits, quality. */
#include <stdint.h>
#include <stdio.h>

#include "mdyn/mdyn.h"
#include "meter.h"
#include "tap.h"
#include "truepeak.h"

#define CHANNELS_MAX 64
#define DB(x) (20 * log10 (x))
#define LIN(db) pow (10, (db) / 20.0)

/* A programme: planes of doubles; F32 streams get them rounded. */
typedef struct audio {
	mdyn_format format;
	size_t n;
	double *x[CHANNELS_MAX];
} audio;

static audio
audio_new (mdyn_sample sample, unsigned rate, unsigned channels, size_t n)
{
	audio a = { .format = { .sample = sample, .rate = rate, .channels = channels }, .n = n };
	for (unsigned c = 0; c < channels; c++)
		a.x[c] = calloc (n, sizeof *a.x[c]);
	return a;
}

static void
audio_free (audio *a)
{
	for (unsigned c = 0; c < a->format.channels; c++)
		free (a->x[c]);
}

static mdyn_proc *
make (const mdyn_format *f, double ceiling, double gain, double link)
{
	mdyn_proc *p;
	ck_assert_int_eq (mdyn_create (&p, mdyn_class_get (MDYN_LIMIT), f), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_ceiling, ceiling), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_input_gain, gain), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_link, link), 0);
	return p;
}

/* n frames from frame `at` of the programme, through p, back to frame `at` of `out`; behind its end there is silence. */
static void
feed (mdyn_proc *p, const audio *in, audio *out, size_t at, size_t n)
{
	unsigned channels = in->format.channels;
	size_t size = in->format.sample == MDYN_F64 ? 8 : 4;
	char *buffer = malloc (n * size * channels);
	void *planes[CHANNELS_MAX] = { NULL };
	for (unsigned c = 0; c < channels; c++) {
		planes[c] = buffer + c * n * size;
		for (size_t i = 0; i < n; i++) {
			double v = at + i < in->n ? in->x[c][at + i] : 0;
			if (size == 8)
				((double *) planes[c])[i] = v;
			else
				((float *) planes[c])[i] = (float) v;
		}
	}
	ck_assert_int_eq (mdyn_process (p, planes, (const void *const *) planes, NULL, n), 0);
	for (unsigned c = 0; c < channels; c++)
		for (size_t i = 0; i < n && at + i < out->n; i++)
			out->x[c][at + i] = size == 8 ? ((double *) planes[c])[i] : (double) ((float *) planes[c])[i];
	free (buffer);
}

/* The whole programme in calls of `block` frames, drained: longer than `in` by the latency, which is still in front. */
static audio
run (mdyn_proc *p, const audio *in, size_t block)
{
	audio out = audio_new (in->format.sample, in->format.rate, in->format.channels, in->n + mdyn_latency (p));
	for (size_t at = 0; at < out.n; at += block)
		feed (p, in, &out, at, block < out.n - at ? block : out.n - at);
	return out;
}

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

static uint32_t seed = 1;

static double
noise (void)
{
	seed = seed * 1664525u + 1013904223u;
	return (double) (int32_t) seed / 2147483648.0;
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

/* The library's own detector. */
static mdyn_truepeak *
truepeak (mdyn_arena *a, unsigned channels)
{
	*a = (mdyn_arena) { NULL, 0 };
	mdyn_truepeak_lay (a, 48000, channels);
	ck_assert_int_eq (posix_memalign ((void **) &a->base, 64, a->used), 0);
	memset (a->base, 0, a->used);
	a->used = 0;
	return mdyn_truepeak_lay (a, 48000, channels);
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
				float *plane = x + i;
				n = i % 64 == 0 && N - i >= 64 ? 64 : 1;
				mdyn_truepeak_run (t, &plane, i % 64, n, mdyn_truepeak_max_all (t));
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
		float x[2][64], *planes[2] = { x[0], x[1] };
		for (int c = 0; c < 2; c++)
			for (int i = 0; i < 64; i++)
				x[c][i] = (float) (noise () * (1 + sin (q * 0.3 + c)) / 2);
		mdyn_truepeak_run (all, planes, 0, 64, 0);
		mdyn_truepeak_run (some, planes, 0, 64, 0.8f);
		for (unsigned c = 0; c < 2; c++)
			for (int j = 0; j < 8; j++) {
				float u = mdyn_truepeak_groups (all, c)[j], v = mdyn_truepeak_groups (some, c)[j];
				ck_assert (v == u || (u < 0.8f && v < 0.8f));
			}
	}
	ck_assert (mdyn_truepeak_max (all, 0) == mdyn_truepeak_max (some, 0));
	/* the last frame of a programme counts */
	float last[1] = { 5 }, *plane[2] = { last, last };
	mdyn_truepeak_run (all, plane, 0, 1, 0);
	mdyn_truepeak_flush (all);
	ck_assert (mdyn_truepeak_max_all (all) >= 5);
	mdyn_truepeak_reset (all);
	ck_assert (mdyn_truepeak_max_all (all) == 0);
	free (a.base);
	free (b.base);
}
END_TEST

static const unsigned rates[] = { 8000, 44100, 48000, 96000, 192000, 384000 };
#define EACH_RATE(r) for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)

START_TEST (ceiling_on_tones)
{
	const double f[] = { 1.0 / 4, 1.0 / 3, 1.0 / 6, 1.0 / 8, 0.0213, 0.0707, 0.1871, 0.2347, 0.3171, 0.4127, 0.4499, 0.0021 };
	enum { TONES = sizeof f / sizeof *f, PHASES = 4 };
	double worst = -INFINITY;
	EACH_RATE (r)
	{
		audio a = audio_new (r % 2 ? MDYN_F64 : MDYN_F32, rates[r], TONES * PHASES, 4000);
		for (size_t c = 0; c < TONES * PHASES; c++)
			for (size_t i = 0; i < a.n; i++)
				a.x[c][i] = 2 * sin (2 * M_PI * f[c / PHASES] * (double) i + M_PI / 4 * (double) (c % PHASES));
		worst = fmax (worst, held (&a, -1, 0, 0));
		audio_free (&a);
	}
	printf ("# tones: %+.4f dB\n", worst);
	ck_assert_double_le (worst, 0.02);
}
END_TEST

START_TEST (ceiling_on_sweeps)
{
	double worst = -INFINITY;
	EACH_RATE (r)
	{
		audio a = audio_new (MDYN_F32, rates[r], 1, 24000);
		double phase = 0;
		for (size_t i = 0; i < a.n; i++) {
			phase += 2 * M_PI * 0.45 * (double) i / (double) a.n;
			a.x[0][i] = sin (phase);
		}
		for (int gain = 3; gain <= 12; gain += 9)
			worst = fmax (worst, held (&a, -2, gain, 100));
		audio_free (&a);
	}
	printf ("# sweeps: %+.4f dB\n", worst);
	ck_assert_double_le (worst, 0.02);
}
END_TEST

/* Bursts, clipped squares, impulses, clicks on silence, one-sided peaks; a channel each. */
START_TEST (ceiling_on_transients)
{
	enum { KINDS = 10 };
	double worst[KINDS];
	for (int k = 0; k < KINDS; k++)
		worst[k] = -INFINITY;
	EACH_RATE (r)
	{
		size_t n = 12000;
		audio one = audio_new (r % 2 ? MDYN_F32 : MDYN_F64, rates[r], 1, n);
		for (int k = 0; k < KINDS; k++) {
			double *x = one.x[0], low = 0;
			memset (x, 0, n * sizeof *x);
			for (size_t i = 0; i < n; i++) {
				double t = (double) i, s = sin (0.0731 * t + 0.3);
				switch (k) {
				case 0: x[i] = i / 1000 % 3 == 1 ? 3 * sin (2 * M_PI / 4 * t + M_PI / 4) : 0.1 * s; break;
				case 1: x[i] = i / 700 % 4 == 1 ? 4 * sin (0.413 * t) : 0; break;
				case 2: x[i] = fmax (-1, fmin (1, 8 * s)); break;
				case 3: x[i] = i / 37 % 2 ? 1.2 : -1.2; break;
				case 4: x[i] = i % 977 == 500 ? 4 : 0; break;
				case 5: x[i] = i % 977 == 500 ? 2 : i % 977 == 501 ? 2 : i % 977 == 502 ? -2 : 0; break;
				case 6: x[i] = i % 2001 < 3 ? 1.5 : 0.3 * s; break;
				case 7: x[i] = fmax (0, 3 * s) - 0.2; break;
				case 8: x[i] = i % 1500 < 60 ? 3 * exp (-(t - 1500 * (double) (i / 1500)) / 10) * cos (t) : 0; break;
				case 9: x[i] = 2 * (low = 0.7 * low + noise ()) * (i / 500 % 2 ? 1 : 0.2); break;
				}
			}
			worst[k] = fmax (worst[k], held (&one, -1, 6, 100));
		}
		audio_free (&one);
	}
	static const char *const name[KINDS] = { "burst fs/4", "burst", "clipped sine", "square", "impulse", "click", "step", "one-sided", "drum", "red noise" };
	for (int k = 0; k < KINDS; k++)
		printf ("# %s: %+.4f dB\n", name[k], worst[k]);
	for (int k = 0; k < KINDS; k++)
		ck_assert_msg (worst[k] <= 0.02, "%s: %+.4f dB over", name[k], worst[k]);
}
END_TEST

START_TEST (ceiling_on_noise)
{
	double worst = -INFINITY;
	const unsigned channels[] = { 1, 2, 6 };
	for (int k = 0; k < 3; k++)
		for (int gain = 6; gain <= 20; gain += 7) {
			audio a = audio_new (k % 2 ? MDYN_F64 : MDYN_F32, 48000, channels[k], 12000);
			for (unsigned c = 0; c < channels[k]; c++)
				for (size_t i = 0; i < a.n; i++)
					a.x[c][i] = noise ();
			worst = fmax (worst, held (&a, -1, gain, k == 2 ? 50 : 100));
			audio_free (&a);
		}
	printf ("# white noise: %+.4f dB\n", worst);
	ck_assert_double_le (worst, 0.05);
}
END_TEST

/* Sums of tones with a drum in between, and a saw that nearly fills the band. */
static audio
music (mdyn_sample sample, unsigned rate, unsigned channels, size_t n)
{
	audio a = audio_new (sample, rate, channels, n);
	for (unsigned c = 0; c < channels; c++)
		for (size_t i = 0; i < n; i++) {
			double t = (double) i / rate, beat = fmod (t, 0.25), v = 0.25 * sin (2 * M_PI * 55.3 * t) + 0.2 * sin (2 * M_PI * (311.1 + c) * t);
			v += 0.1 * sin (2 * M_PI * 1244.7 * t + c) + 0.05 * sin (2 * M_PI * 5103.3 * t);
			a.x[c][i] = v + exp (-beat * 60) * (0.5 * sin (2 * M_PI * 90 * beat) + 0.3 * noise ());
		}
	return a;
}

START_TEST (ceiling_on_music)
{
	double worst = -INFINITY;
	for (size_t r = 1; r < 4; r++)
		for (int gain = 0; gain <= 20; gain += 10) {
			audio a = music (MDYN_F32, rates[r], 2, rates[r] / 3);
			worst = fmax (worst, held (&a, -1, gain, 100));
			audio_free (&a);
		}
	printf ("# music: %+.4f dB\n", worst);
	ck_assert_double_le (worst, 0.02);
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
	tcase_add_test (t, meter_is_right);
	tcase_add_test (t, detector_reads_tones);
	tcase_add_test (t, detector_skips_only_what_is_below_the_floor);
	tcase_add_test (t, ceiling_on_tones);
	tcase_add_test (t, ceiling_on_sweeps);
	tcase_add_test (t, ceiling_on_transients);
	tcase_add_test (t, ceiling_on_noise);
	tcase_add_test (t, ceiling_on_music);
	tcase_add_test (t, sample_peak_mode_and_absurd_levels);
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
