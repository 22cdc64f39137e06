/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The kernels: "c" against formulas in double, every other variant against "c" to the bit, in lengths 0 .. 65 and some more, at every place in a vector, between
 * guard bytes. `kernels --bench` prints ns a frame for each variant, `--digest` a hash of all that "c" gives, which is the same on every CPU. Compiled with
 * -DWITHOUT_CHECK it compares the variants only: see tests/core/neon. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dsp/dsp.h"
#ifdef WITHOUT_CHECK
#include <stdlib.h>
#define ck_abort_msg(...) (fprintf (stderr, __VA_ARGS__), exit (1))
#else
#include "tap.h"
#endif

#define SEED 20261121u
#define LONGEST 200
#define ROOM (8 * LONGEST)

static uint32_t state;

static uint32_t
next (void)
{
	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

static float
uniform (float low, float high)
{
	return low + (high - low) * (float) (next () >> 8) / (1 << 24);
}

/* What goes in, anew for every run: rough has all that a caller may bring, the others what they bring in the library. */
static struct input {
	float rough[ROOM], wild[ROOM], mild[ROOM], factor[ROOM], factor2[ROOM], log[ROOM], positive[ROOM], knee[ROOM];
	double rough64[ROOM], wild64[ROOM], unit64[ROOM];
} in;

static const float extremes[] = { 0, -0.0f, 1, -1, 0x1p-149f, -0x1p-130f, 0x1p-126f, 0x1.fffffep59f, -0x1.fffffep59f, 0x1p-100f, 0x1p-24f, 0.70710677f, 1.4142135f };
static const float refused[] = { NAN, -NAN, INFINITY, -INFINITY, 0x1p60f, -0x1.8p100f };

static void
fill (uint32_t seed)
{
	state = seed;
	for (size_t i = 0; i < ROOM; i++) {
		int exponent = (int) (next () % 60) - 30;
		in.wild[i] = next () % 4 ? ldexpf (uniform (-1, 1), exponent) : extremes[next () % (sizeof extremes / sizeof *extremes)];
		in.rough[i] = next () % 8 ? in.wild[i] : refused[next () % (sizeof refused / sizeof *refused)];
		in.wild64[i] = next () % 8 ? (double) in.wild[i] * (1 + 0x1p-40) : 0x1p-1060;
		in.rough64[i] = next () % 8 ? in.wild64[i] : (double) refused[next () % (sizeof refused / sizeof *refused)];
		in.unit64[i] = next () % 8 ? uniform (0, 1) : next () % 2;
		in.mild[i] = uniform (-1, 1) * 0x1p-24f;
		in.factor[i] = next () % 3 ? uniform (0, 2) : 1;
		in.factor2[i] = next () % 3 ? uniform (0, 2) : 1;
		in.log[i] = next () % 8 ? uniform (-125.9f, 125.9f) : rintf (uniform (-125, 125));
		in.positive[i] = uniform (0, 20);
		in.knee[i] = next () % 2 ? uniform (0, 5) : 0;
	}
}

/* Runs one kernel on what begins at `at`, n frames, into out + at; returns how many bytes it may have written from there, 4 a value besides. */
typedef size_t run (const mdyn_kernels *k, float *out, size_t at, size_t n);

static size_t
take (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	float *dst[3] = { out + at, out + at + n, out + at + 2 * n };
	out[at + channels * n] = (float) k->take_f32 (dst, in.rough + at, channels, n);
	return (channels * n + 1) * sizeof (float);
}

static size_t
take_wide (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	double *to = (double *) (void *) out + at / 2, *dst[3] = { to, to + n, to + 2 * n };
	to[channels * n] = (double) k->take_f64 (dst, in.rough64 + at, channels, n);
	return (channels * n + 1) * sizeof (double);
}

static size_t
give (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	const float *src[3] = { in.wild + at, in.wild + at + n, in.wild + at + 5 };
	const float *g[3] = { in.factor + at, in.factor2 + at, in.factor + at };
	k->give_f32 (out + at, src, g, channels, n);
	return channels * n * sizeof (float);
}

static size_t
give_wide (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	const double *src[3] = { in.wild64 + at, in.wild64 + at + n, in.wild64 + at + 5 };
	const float *g[3] = { in.factor + at, in.factor2 + at, in.factor + at };
	k->give_f64 ((double *) (void *) out + at / 2, src, g, channels, n);
	return channels * n * sizeof (double);
}

#define OF_CHANNELS(name, of, channels) \
	static size_t name##_##channels (const mdyn_kernels *k, float *out, size_t at, size_t n) \
	{ \
		return of (k, out, at, n, channels); \
	}
#define CHANNELS(name, of) OF_CHANNELS (name, of, 1) OF_CHANNELS (name, of, 2) OF_CHANNELS (name, of, 3)
CHANNELS (take_f32, take)
CHANNELS (take_f64, take_wide)
CHANNELS (give_f32, give)
CHANNELS (give_f64, give_wide)

static size_t
apply (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->apply (out + at, in.wild + at, in.factor + at, n);
	return n * sizeof (float);
}

static size_t
apply_in_place (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	memcpy (out + at, in.wild + at, n * sizeof *out);
	k->apply (out + at, out + at, in.factor + at, n);
	return n * sizeof (float);
}

static size_t
weave (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	const float *src[3] = { in.wild + at, in.wild + at + n, in.wild + at + 5 };
	k->weave (out + at, src, channels, n);
	return channels * n * sizeof (float);
}
CHANNELS (weave, weave)

static size_t
weave_wide (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	const double *src[3] = { in.wild64 + at, in.wild64 + at + n, in.wild64 + at + 5 };
	k->weave_f64 ((double *) (void *) out + at / 2, src, channels, n);
	return channels * n * sizeof (double);
}
CHANNELS (weave_f64, weave_wide)

static size_t
add_squares (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	double *to = (double *) (void *) out + at / 2;
	memcpy (to, in.wild64 + at, n * sizeof *to);
	k->add_squares (to, in.wild + at, n);
	return n * sizeof *to;
}

static size_t
narrow (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->narrow (out + at, in.wild64 + at, n);
	return n * sizeof (float);
}

static size_t
abs_max (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	memcpy (out + at, in.positive + at, n * sizeof *out);
	k->abs_max (out + at, in.wild + at, n);
	return n * sizeof (float);
}

static size_t
largest (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	out[at] = k->largest (in.wild + at, n);
	return sizeof (float);
}

static size_t
peak (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	out[at] = k->peak (in.wild + at, n);
	return sizeof (float);
}

static size_t
magnitudes (const mdyn_kernels *k, float *out, size_t at, size_t n, size_t channels)
{
	const float *src[3] = { in.wild + at, in.wild + at + n, in.wild + at + 5 };
	out[at + n] = k->magnitude (out + at, src, channels, n);
	return (n + 1) * sizeof (float);
}
OF_CHANNELS (magnitude, magnitudes, 1) OF_CHANNELS (magnitude, magnitudes, 3)

static size_t
magnitude (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	return magnitudes (k, out, at, n, 2);
}

static size_t
log_2 (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->log2 (out + at, in.wild + at, n);
	return n * sizeof (float);
}

static size_t
excess (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->excess (out + at, in.wild + at, 3, n);
	return n * sizeof (float);
}

static size_t
exp_2 (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	memcpy (out + at, in.log + at, n * sizeof *out);
	k->exp2 (out + at, out + at, n);
	return n * sizeof (float);
}

static size_t
closing (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->closing ((double *) (void *) out + at / 2, in.positive + at, 0x1p-38, n);
	return n * sizeof (double);
}

static size_t
factor (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	memcpy (out + at, in.log + at, n * sizeof *out);
	out[at + n] = k->factor (out + at, in.factor + at, n);
	return (n + 1) * sizeof (float);
}

static size_t
curve (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	memcpy (out + at, in.log + at, n * sizeof *out);
	k->curve (out + at, out + at, n % 2 ? 1 : -1, in.log + at + 7, in.factor + at, in.knee + at, in.positive + at, n);
	return n * sizeof (float);
}

static size_t
settle (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->settle (out + at, in.wild64[at], 1, in.wild64 + at + 3, 1e-7, n);
	return n * sizeof (float);
}

static size_t
glide (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->glide (out + at, in.wild64[at], in.unit64[at], in.mild[at], in.unit64 + at, in.wild64 + at + 3, in.unit64 + at + 1, 1e-7, n);
	return n * sizeof (float);
}

static size_t
lines (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	k->lines (out + at, 0.25, in.unit64 + at, n % 2 ? 8 : 16, n / 16);
	return n / 16 * (n % 2 ? 8 : 16) * sizeof (float);
}

static size_t
power_mean (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	double *to = (double *) (void *) out + at / 2;
	memcpy (to, in.unit64 + at, n * sizeof *to);
	k->power_mean (to, in.unit64 + at + 3, 0.08, 0.9, n);
	return n * sizeof *to;
}

static size_t
deal (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	out[at + 4 * MDYN_ROW] = k->deal (out + at, in.wild + at, at % 5 * 4 + n % 4, n % (4 * MDYN_ROW - 20));
	return (4 * MDYN_ROW + 1) * sizeof (float);
}

static size_t
half_way (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	out[at + 4 * MDYN_HALF_ROW] = k->half_way (out + at, (n % 3 ? in.mild : in.wild) + at + 10);
	return (4 * MDYN_HALF_ROW + 1) * sizeof (float);
}

static size_t
true_peaks (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	const float *x = n % 3 ? in.mild : in.wild;
	out[at] = k->true_peaks (out + at + 1, x + at + 8, x + at + 300, n % 2 ? 0x1p-23f : 0);
	return 9 * sizeof (float);
}

static size_t
alternation (const mdyn_kernels *k, float *out, size_t at, size_t n)
{
	memcpy (out + at, in.positive + at, 8 * sizeof *out);
	k->alternation (out + at, (n % 3 ? in.factor : in.wild) + at + 1, 0.2f);
	return 8 * sizeof (float);
}

#define KERNEL(name) { #name, name }
static const struct kernel {
	const char *name;
	run *run;
} kernels[] = {
	KERNEL (take_f32_1), KERNEL (take_f32_2), KERNEL (take_f32_3), KERNEL (take_f64_1), KERNEL (take_f64_2), KERNEL (take_f64_3),
	KERNEL (give_f32_1), KERNEL (give_f32_2), KERNEL (give_f32_3), KERNEL (give_f64_1), KERNEL (give_f64_2), KERNEL (give_f64_3),
	KERNEL (magnitude_1), KERNEL (magnitude_3), KERNEL (glide), KERNEL (weave_f64_1), KERNEL (weave_f64_2), KERNEL (weave_f64_3),
	KERNEL (apply), KERNEL (apply_in_place), KERNEL (narrow), KERNEL (abs_max), KERNEL (largest), KERNEL (peak), KERNEL (magnitude),
	KERNEL (closing), KERNEL (factor), KERNEL (weave_1), KERNEL (weave_2), KERNEL (weave_3), KERNEL (add_squares), KERNEL (log_2), KERNEL (excess), KERNEL (exp_2),
	KERNEL (curve), KERNEL (settle), KERNEL (lines), KERNEL (power_mean), KERNEL (deal), KERNEL (half_way), KERNEL (true_peaks),
	KERNEL (alternation),
};
#define KERNELS (sizeof kernels / sizeof *kernels)

static _Alignas (64) float out[ROOM], reference[ROOM];

static void
check (const struct kernel *t, const mdyn_kernels *k, size_t at, size_t n)
{
	const unsigned char *bytes = (const unsigned char *) out;
	memset (out, 0xa5, sizeof out);
	memset (reference, 0xa5, sizeof reference);
	t->run (&mdyn_kernels_c, reference, at, n);
	size_t from = at / 2 * 2 * sizeof (float), written = t->run (k, out, at, n);
	if (memcmp (out, reference, sizeof out))
		ck_abort_msg ("%s, %s: %zu from place %zu on differ from c", k->name, t->name, n, at);
	for (size_t i = 0; i < sizeof out; i++)
		if ((i < from || i >= from + written + sizeof (float)) && bytes[i] != 0xa5)
			ck_abort_msg ("%s, %s: %zu from place %zu on write byte %zu", k->name, t->name, n, at, i);
}

static void
compare (const struct kernel *t)
{
	static const size_t more[] = { 100, 127, LONGEST };
	for (int flushed = 0; flushed < 2; flushed++) {
		uint64_t mode = flushed ? mdyn_denormals_flush () : 0;
		const mdyn_kernels *k;
		for (size_t v = 0; (k = mdyn_dsp_variant (v)); v++)
			for (size_t i = 0; i < 66 + sizeof more / sizeof *more; i++)
				for (size_t at = 0; at < 17; at++) {
					if (at == 0)
						fill (SEED + (uint32_t) i);
					check (t, k, at, i < 66 ? i : more[i - 66]);
				}
		if (flushed)
			mdyn_denormals_restore (mode);
	}
}

static int
digest (void)
{
	uint64_t h = 0xcbf29ce484222325u;
	fill (SEED);
	for (size_t i = 0; i < KERNELS; i++) {
		memset (reference, 0, sizeof reference);
		kernels[i].run (&mdyn_kernels_c, reference, 0, LONGEST);
		for (size_t k = 0; k < sizeof reference; k++)
			h = (h ^ ((const unsigned char *) reference)[k]) * 0x100000001b3u;
	}
	printf ("%016llx\n", (unsigned long long) h);
	return 0;
}

#ifdef WITHOUT_CHECK
int
main (void)
{
	for (size_t i = 0; i < KERNELS; i++)
		compare (&kernels[i]);
	return digest ();
}
#else
START_TEST (as_c)
{
	compare (&kernels[_i]);
}
END_TEST

/* Expected values from here on: the formulas of dsp.h, in double by the C library. */
START_TEST (log2_by_formula)
{
	fill (SEED);
	float y[ROOM];
	mdyn_kernels_c.log2 (y, in.wild, ROOM);
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol (y[i], log2 (fmax (in.wild[i], 0x1p-100)), 2e-6 + 6e-8 * fabs ((double) y[i]));
	mdyn_kernels_c.log2 (y, (const float[]) { 1 }, 1);
	ck_assert (y[0] == 0);
}
END_TEST

START_TEST (excess_by_formula)
{
	fill (SEED);
	float y[ROOM];
	mdyn_kernels_c.excess (y, in.wild, 3, ROOM);
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol (y[i], fmax (0, log2 (fmax (3 * (double) in.wild[i], 0x1p-100))), 2e-6 + 6e-8 * fabs ((double) y[i]));
}
END_TEST

START_TEST (exp2_by_formula)
{
	fill (SEED);
	float y[ROOM];
	mdyn_kernels_c.exp2 (y, in.log, ROOM);
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol (y[i] / exp2 (in.log[i]), 1, 3e-7);
	mdyn_kernels_c.exp2 (y, (const float[]) { 0 }, 1);
	ck_assert (y[0] == 1);
}
END_TEST

START_TEST (closing_by_formula)
{
	fill (SEED);
	double y[ROOM];
	mdyn_kernels_c.closing (y, in.positive, 0x1p-38, ROOM);
	for (size_t i = 0; i < ROOM; i++) {
		ck_assert_double_eq_tol (y[i], 1 - exp2 (-(double) in.positive[i]), 3e-7);
		ck_assert (y[i] * 0x1p38 == rint (y[i] * 0x1p38));
	}
	mdyn_kernels_c.closing (y, (const float[]) { 0 }, 0x1p-38, 1);
	ck_assert (y[0] == 0);
}
END_TEST

START_TEST (curve_by_formula)
{
	fill (SEED);
	const float *level = in.log, *threshold = in.log + 7;
	float y[LONGEST];
	for (int side = -1; side < 2; side += 2) {
		mdyn_kernels_c.curve (y, level, (float) side, threshold, in.factor, in.knee, in.positive, LONGEST);
		for (size_t i = 0; i < LONGEST; i++) {
			double over = side * ((double) level[i] - threshold[i]), knee = in.knee[i];
			double bent = over <= -knee / 2 ? 0 : over >= knee / 2 ? over : (over + knee / 2) * (over + knee / 2) / (2 * knee);
			ck_assert_double_eq_tol (y[i], side * fmin (in.factor[i] * bent, in.positive[i]), 1e-4);
		}
	}
}
END_TEST

/* Two poles on their way to a constant, frame after frame. */
START_TEST (glide_by_recursion)
{
	const double fast = 0.1, slow = 0.02, x = 3, from = -1, first_from = 0.5;
	double p[LONGEST], q[LONGEST], r[LONGEST], left = 1, second_left = 1, passed = 0, first = first_from, second = from;
	float y[LONGEST];
	for (int i = 0; i < LONGEST; i++) {
		p[i] = left *= 1 - slow;
		q[i] = second_left *= 1 - fast;
		r[i] = passed += fast * (left - passed);
	}
	mdyn_kernels_c.glide (y, x, first_from - x, from - x, p, q, r, 0.1, LONGEST);
	for (int i = 0; i < LONGEST; i++) {
		first += slow * (x - first);
		second += fast * (first - second);
		bool there = fabs (x - first) < 0.1 && fabs (x - second) < 0.1;
		if (fabs (fmax (x - first, x - second) - 0.1) > 1e-6)
			ck_assert_double_eq_tol (y[i], there ? x : second, 1e-6);
	}
	ck_assert (y[LONGEST - 1] == 3);
}
END_TEST

START_TEST (take_by_definition)
{
	fill (SEED);
	float plane[3][64], *dst[3] = { plane[0], plane[1], plane[2] };
	for (size_t channels = 1; channels <= 3; channels++) {
		size_t refusals = 0, bad = mdyn_kernels_c.take_f32 (dst, in.rough, channels, 64);
		for (size_t i = 0; i < 64 * channels; i++) {
			bool ok = fabsf (in.rough[i]) < 0x1p60f;
			float want = ok ? in.rough[i] : 0;
			refusals += !ok;
			ck_assert (!memcmp (&plane[i % channels][i / channels], &want, sizeof want));
		}
		ck_assert_uint_eq (bad, refusals);
	}
}
END_TEST

START_TEST (extremes_by_definition)
{
	fill (SEED);
	float most = 0, loudest = 0;
	for (size_t i = 0; i < LONGEST; i++) {
		most = fmaxf (most, in.wild[i]);
		loudest = fmaxf (loudest, fabsf (in.wild[i]));
	}
	ck_assert (mdyn_kernels_c.largest (in.wild, LONGEST) == most);
	ck_assert (mdyn_kernels_c.peak (in.wild, LONGEST) == loudest);
	const float *channel[5];
	for (size_t c = 0; c < 5; c++)
		channel[c] = in.wild + c * LONGEST;
	for (size_t channels = 1; channels <= 5; channels++) {
		float y[LONGEST], of_all = 0;
		float found = mdyn_kernels_c.magnitude (y, channel, channels, LONGEST);
		for (size_t i = 0; i < LONGEST; i++) {
			float want = 0;
			for (size_t c = 0; c < channels; c++)
				want = fmaxf (want, fabsf (channel[c][i]));
			ck_assert (y[i] == want);
			of_all = fmaxf (of_all, want);
		}
		ck_assert (found == of_all);
	}
}
END_TEST

START_TEST (power_mean_by_formula)
{
	fill (SEED);
	double y[LONGEST];
	memcpy (y, in.unit64, sizeof y);
	mdyn_kernels_c.power_mean (y, in.unit64 + 3, 0.08, 0.9, LONGEST);
	for (size_t i = 0; i < LONGEST; i++) {
		double w = 1 - in.unit64[i], n = 1 - in.unit64[i + 3], s = 0.08 + 0.9 * (1 - w);
		ck_assert_double_eq_tol (y[i], w > 0 && n > 0 ? pow ((1 - s) * pow (w, -8) + s * pow (n, -8), -1.0 / 8) : 0, 1e-12);
	}
}
END_TEST

START_TEST (deal_by_definition)
{
	fill (SEED);
	float row[4 * MDYN_ROW];
	for (size_t n = 0; n <= LONGEST; n++)
		for (size_t at = 0; at < 9; at++) {
			float top = mdyn_kernels_c.deal (row, in.wild, at, n), most = 0;
			for (size_t i = 0; i < n; i++) {
				ck_assert (row[(at + i) % 4 * MDYN_ROW + (at + i) / 4] == in.wild[i]);
				most = fmaxf (most, fabsf (in.wild[i]));
			}
			ck_assert (top == most);
		}
}
END_TEST

/* A tone half a frame on: within the 3e-4 that the filter promises up to a fifth of the rate. */
START_TEST (half_way_of_a_tone)
{
	float x[4 * MDYN_ROW], row[4 * MDYN_ROW], y[4 * MDYN_HALF_ROW];
	for (double f = 0.01; f < 0.2; f += 0.0137) {
		float most = 0;
		for (int i = 0; i < 4 * MDYN_ROW; i++)
			x[i] = (float) sin (2 * M_PI * f * i);
		mdyn_kernels_c.deal (row, x, 0, 4 * MDYN_ROW);
		float top = mdyn_kernels_c.half_way (y, row + 10);
		for (int i = 0; i < 64; i++) {
			float h = y[i % 4 * MDYN_HALF_ROW + i / 4];
			ck_assert_double_eq_tol (h, sin (2 * M_PI * f * (i + 42.5)), 4e-4);
			most = fmaxf (most, fabsf (h));
		}
		ck_assert (top == most);
	}
}
END_TEST

static double
now (void)
{
	struct timespec t;
	clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static int
bench (void)
{
	const mdyn_kernels *k;
	fill (SEED);
	printf ("%-16s", "ns a frame");
	for (size_t v = 0; (k = mdyn_dsp_variant (v)); v++)
		printf ("%10s", k->name);
	for (size_t i = 0; i < KERNELS; i++) {
		printf ("\n%-16s", kernels[i].name);
		for (size_t v = 0; (k = mdyn_dsp_variant (v)); v++) {
			double best = 1e9;
			for (int round = 0; round < 9; round++) {
				double from = now ();
				for (int times = 0; times < 2000; times++)
					kernels[i].run (k, out, 0, 64);
				best = fmin (best, (now () - from) / 2000 / 64);
			}
			printf ("%10.3f", best);
		}
	}
	printf ("\n");
	return 0;
}

int
main (int argc, char **argv)
{
	if (argc == 2 && !strcmp (argv[1], "--bench"))
		return bench ();
	if (argc == 2 && !strcmp (argv[1], "--digest"))
		return digest ();
	printf ("# seed %u\n", SEED);
	Suite *suite = suite_create ("kernels");
	TCase *variants = tcase_create ("variants"), *formulas = tcase_create ("formulas");
	tcase_set_timeout (variants, 60);
	tcase_add_loop_test (variants, as_c, 0, (int) KERNELS);
	tcase_add_test (formulas, log2_by_formula);
	tcase_add_test (formulas, excess_by_formula);
	tcase_add_test (formulas, exp2_by_formula);
	tcase_add_test (formulas, closing_by_formula);
	tcase_add_test (formulas, curve_by_formula);
	tcase_add_test (formulas, glide_by_recursion);
	tcase_add_test (formulas, take_by_definition);
	tcase_add_test (formulas, extremes_by_definition);
	tcase_add_test (formulas, power_mean_by_formula);
	tcase_add_test (formulas, deal_by_definition);
	tcase_add_test (formulas, half_way_of_a_tone);
	suite_add_tcase (suite, variants);
	suite_add_tcase (suite, formulas);
	return run_tap (suite);
}
#endif
