/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "truepeak.h"

#include "dsp/dsp.h"

#define LAG 3                                     /* frames that the interpolated signal begins before the peaks */
#define OLD 5                                     /* half-way samples kept from the last quantum */
#define GROUPS_MAX (QUANTUM / 8)

/* Everything is held 2^-24 smaller: an exact factor, and squares of 2^72 fit into float. */
#define SCALE 0x1p-24f

/* How much a peak can exceed the largest sample around it: the L1 norm of the longest interpolator (2.741), times the fit's bound, times step 4's. */
#define FIT_BOUND 0.1716f                         /* of s^2: cos^2 (pi/8) of the true square is the least an extreme at 4x shows of a sine up to rate/2 */
#define EDGE_BOUND 0.10f
#define REACH_FIT (1.0825f * (1 + EDGE_BOUND) * 1.0001f)
#define REACH (2.9582f * REACH_FIT)

#define NOW (8 + QUANTUM)                         /* in past: the first frame of the quantum just complete; QUANTUM/2 earlier the first whose peak it tells */

/* Of one channel. */
typedef struct lane {
	float past[8 + QUANTUM + QUANTUM];        /* the last two quanta and 8 frames, scaled */
	float half[QUANTUM + OLD];                /* half[i]: the signal half a frame after past[NOW - QUANTUM/2 - LAG + i] */
	float group[GROUPS_MAX];                  /* peaks, unscaled */
	int32_t loudest;                          /* bits of the largest |x| in the older quantum of past */
	float max;
	bool fresh;                               /* the first OLD of half are right (else the last quantum was skipped) */
} lane;

struct mdyn_truepeak {
	unsigned channels;
	size_t group;                             /* frames */
	size_t filled;                            /* frames of the present quantum taken */
	lane *lanes;
};

/* Half a frame after x[0], and (below) a quarter: of all symmetric interpolators of their length those with the least largest error against a tolerance
 * that grows with the frequency, found by reweighted least squares (Lawson). Half: .05 + (f/.475)^8 up to .475 of the rate: error 3e-4 to .2, 6e-3 at the
 * edge. A steeper filter would be longer, and latency. */
static const float half_band[30] = {
	6.362505664e-01f, -2.111010268e-01f, 1.254881391e-01f, -8.838970083e-02f, 6.747337075e-02f, -5.392392214e-02f,
	4.435302280e-02f, -3.718115003e-02f, 3.157342677e-02f, -2.704760576e-02f, 2.330594571e-02f, -2.015481170e-02f,
	1.746296307e-02f, -1.513827304e-02f, 1.311415873e-02f, -1.134125852e-02f, 9.781990009e-03f, -8.407201869e-03f,
	7.193851251e-03f, -6.123240977e-03f, 5.180000573e-03f, -4.351137025e-03f, 3.625118624e-03f, -2.990892010e-03f,
	2.436401155e-03f, -1.947573655e-03f, 1.507409718e-03f, -1.095835100e-03f, 7.008965782e-04f, -3.988446541e-04f,
};

/* Tolerance .01 + (f/.475)^4, f of the rate: error 2e-5 to .1, 1.6e-3 at the edge. */
static const float quarter_band[4] = { 6.069669004e-01f, -1.364172814e-01f, 3.436210005e-02f, -4.919743201e-03f };

size_t
mdyn_truepeak_group (unsigned rate)
{
	return rate < 64000 ? 8 : rate < 128000 ? 16 : 32;
}

mdyn_truepeak *
mdyn_truepeak_lay (mdyn_arena *a, unsigned rate, unsigned channels)
{
	mdyn_truepeak *t = mdyn_carve (a, 1, sizeof *t);
	lane *lanes = mdyn_carve (a, channels, sizeof *lanes);
	if (t)
		*t = (mdyn_truepeak) { .channels = channels, .group = mdyn_truepeak_group (rate), .lanes = lanes };
	return t;
}

void
mdyn_truepeak_reset (mdyn_truepeak *t)
{
	memset (t->lanes, 0, t->channels * sizeof *t->lanes);
	t->filled = 0;
}

/* Written out, the terms of a sample stay in one expression and the loop runs over time: that is what compilers turn into vectors. */
static void
to_half (float *restrict half, const float *restrict x, size_t n)
{
	const float *c = half_band;
#define T(k) c[k] * (x[i - (k)] + x[i + 1 + (k)])
#define T2(k) T (k) + T (k + 1)
#define T4(k) (T2 (k)) + (T2 (k + 2))
	for (ptrdiff_t i = 0; i < (ptrdiff_t) n; i++)
		half[i] = ((T4 (0)) + (T4 (4)) + (T4 (8)) + (T4 (12))) + ((T4 (16)) + (T4 (20)) + (T4 (24)) + (T2 (28)));
#undef T4
#undef T2
#undef T
}

/* Between frame and half-way sample, and between that and the next frame. later[-1] is the one before the first frame. */
static void
to_quarter (float *restrict sooner, float *restrict later, const float *restrict x, const float *restrict h)
{
	const float *c = quarter_band;
	for (int i = 0; i < QUANTUM; i++)
		sooner[i] = (c[0] * (x[i] + h[i]) + c[1] * (h[i - 1] + x[i + 1])) + (c[2] * (x[i - 1] + h[i + 1]) + c[3] * (h[i - 2] + x[i + 2]));
	for (int i = -1; i < QUANTUM; i++)
		later[i] = (c[0] * (h[i] + x[i + 1]) + c[1] * (x[i] + h[i + 1])) + (c[2] * (h[i - 1] + x[i + 2]) + c[3] * (x[i - 1] + h[i + 2]));
}

/* best = max (best, A^2) of the samples s with neighbours l and r; where s is no extreme, A^2 = s^2. The bound below keeps rounding apart from a sine: of a
 * slow signal l, s, r are nearly equal and the divisor nearly 0. */
static void
fit (float *restrict best, const float *l, const float *s, const float *r)
{
	for (int i = 0; i < QUANTUM; i++) {
		float s2 = s[i] * s[i], l2 = l[i] * l[i], r2 = r[i] * r[i], d = r[i] - l[i], u = r[i] + l[i];
		float den = 4 * s2 - u * u, least = 1e-6f * s2;
		den = den > least ? den : least;
		float more = s2 * (d * d / den), most = FIT_BOUND * s2;
		more = more < most ? more : most;
		float side = l2 > r2 ? l2 : r2;
		more = s2 >= side ? more : 0;
		float a2 = s2 + more;
		best[i] = a2 > best[i] ? a2 : best[i];
	}
}

static void
square_max (float *restrict best, const float *s)
{
	for (int i = 0; i < QUANTUM; i++) {
		float s2 = s[i] * s[i];
		best[i] = s2 > best[i] ? s2 : best[i];
	}
}

/* As integers: magnitudes of floats are ordered as their bits, and only integers are reduced by vectors. */
static int32_t
largest (const float *x)
{
	int32_t m = 0;
	for (int i = 0; i < QUANTUM; i++) {
		int32_t u;
		memcpy (&u, x + i, sizeof u);
		u &= 0x7fffffff;
		m = u > m ? u : m;
	}
	return m;
}

static float
as_float (int32_t u)
{
	float f;
	memcpy (&f, &u, sizeof f);
	return f;
}

/* Step 4: v = level of the alternation (-1)^n around each 8 frames: means of 8, smoothed by a triangle over 7 of them. The largest v from 2 before to 1 after
 * counts: where the alternation is out of step with the frames, v itself is small. */
static void
add_alternation (float *peak8, const float *past)
{
	float b[GROUPS_MAX * 2 + 1], v[GROUPS_MAX + 3];
	for (int j = 0; j < GROUPS_MAX * 2 + 1; j++, past += 8)
		b[j] = ((past[0] - past[1]) + (past[2] - past[3])) + ((past[4] - past[5]) + (past[6] - past[7]));
	for (int j = 0; j < GROUPS_MAX + 3; j++) {
		const float *m = b + 3 + j;
		v[j] = fabsf ((4 * m[0] + 3 * (m[-1] + m[1])) + (2 * (m[-2] + m[2]) + (m[-3] + m[3]))) * (1.2f / 128);
	}
	for (int j = 0; j < GROUPS_MAX; j++) {
		float before = v[j] > v[j + 1] ? v[j] : v[j + 1], after = v[j + 2] > v[j + 3] ? v[j + 2] : v[j + 3];
		float more = before > after ? before : after, most = EDGE_BOUND * peak8[j];
		peak8[j] += more < most ? more : most;
	}
}

/* The peaks of one channel; the quantum just complete lies in e->past from NOW on. */
static void
quantum (lane *e, size_t group, float floor)
{
	const size_t groups = QUANTUM / group;
	const float *x = e->past + NOW - QUANTUM / 2, *half = e->half + LAG;
	int32_t now = largest (e->past + NOW), loudest = now > e->loudest ? now : e->loudest;
	e->loudest = now;
	memset (e->group, 0, sizeof e->group);
	if (loudest == 0 || as_float (loudest) * REACH < floor) {
		e->fresh = false;
		return;
	}
	if (!e->fresh)
		to_half (e->half, x - LAG, OLD);
	to_half (e->half + OLD, x - LAG + OLD, QUANTUM);
	e->fresh = true;

	float sooner[QUANTUM], later_[QUANTUM + 1], *later = later_ + 1, best[QUANTUM] = { 0 };
	to_quarter (sooner, later, x, half);
	square_max (best, x);
	square_max (best, sooner);
	square_max (best, half);
	square_max (best, later);
	if (sqrtf (as_float (largest (best))) * REACH_FIT < floor)
		return;
	fit (best, later - 1, x, sooner);
	fit (best, x, sooner, half);
	fit (best, sooner, half, later);
	fit (best, half, later, x + 1);

	float peak8[GROUPS_MAX];
	for (int j = 0; j < GROUPS_MAX; j++) {
		float m = 0;
		for (int i = 0; i < 8; i++)
			m = best[8 * j + i] > m ? best[8 * j + i] : m;
		peak8[j] = sqrtf (m);
		e->max = peak8[j] / SCALE > e->max ? peak8[j] / SCALE : e->max;
	}
	add_alternation (peak8, e->past);
	for (size_t j = 0; j < GROUPS_MAX; j++) {
		float *g = &e->group[j * groups / GROUPS_MAX], p = peak8[j] / SCALE;
		*g = p > *g ? p : *g;
	}
}

bool
mdyn_truepeak_run (mdyn_truepeak *t, float *const *x, size_t at, size_t n, float floor)
{
	for (unsigned c = 0; c < t->channels; c++) {
		float *to = t->lanes[c].past + NOW + at;
		for (size_t i = 0; i < n; i++)
			to[i] = x[c][i] * SCALE;
	}
	t->filled = (at + n) % QUANTUM;
	if (t->filled)
		return false;
	for (unsigned c = 0; c < t->channels; c++) {
		lane *e = &t->lanes[c];
		quantum (e, t->group, floor * SCALE);
		memmove (e->past, e->past + QUANTUM, NOW * sizeof *e->past);
		memcpy (e->half, e->half + QUANTUM, OLD * sizeof *e->half);
	}
	return true;
}

const float *
mdyn_truepeak_groups (const mdyn_truepeak *t, unsigned channel)
{
	return t->lanes[channel].group;
}

float
mdyn_truepeak_max (const mdyn_truepeak *t, unsigned channel)
{
	return t->lanes[channel].max;
}

float
mdyn_truepeak_max_all (const mdyn_truepeak *t)
{
	float m = 0;
	for (unsigned c = 0; c < t->channels; c++)
		m = t->lanes[c].max > m ? t->lanes[c].max : m;
	return m;
}

void
mdyn_truepeak_clear (mdyn_truepeak *t)
{
	for (unsigned c = 0; c < t->channels; c++)
		t->lanes[c].max = 0;
}

void
mdyn_truepeak_flush (mdyn_truepeak *t)
{
	float silence[QUANTUM] = { 0 }, *x[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < t->channels; c++)
		x[c] = silence;
	for (int k = 0; k < 2; k++)
		mdyn_truepeak_run (t, x, t->filled, QUANTUM - t->filled, 0);
}
