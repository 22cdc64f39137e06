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
#define EDGE_BOUND 0.20f
#define REACH (2.9582f * MDYN_FIT_REACH * (1 + EDGE_BOUND))

#define NOW (8 + QUANTUM)                         /* in past: the first frame of the quantum just complete; QUANTUM/2 earlier the first whose peak it tells */

/* Of one channel. */
typedef struct lane {
	float past[8 + QUANTUM + QUANTUM];        /* the last two quanta and 8 frames, scaled */
	float half[QUANTUM + OLD];                /* half[i]: the signal half a frame after past[NOW - QUANTUM/2 - LAG + i] */
	float group[GROUPS_MAX];                  /* peaks, unscaled */
	float loudest;                            /* largest |x| in the older quantum of past */
	float max;
	bool fresh;                               /* the first OLD of half are right (else the last quantum was skipped) */
} lane;

struct mdyn_truepeak {
	unsigned channels;
	size_t group;                             /* frames */
	size_t filled;                            /* frames of the present quantum taken */
	lane *lanes;
};

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

/* Step 4: v = level of the alternation (-1)^n around each 8 frames: means of 8, one every 4, smoothed by a triangle over 7 that do not overlap. The largest v from 2
 * means before to 1 after counts: where the alternation is out of step with the frames, v itself is small. The means overlap for bursts whose tone just fits them
 * (3/8 of the rate, 8 frames): only those in between hear where it begins and ends. A quarter of what follows less what leads lets a slope, as every tone low in
 * the band is one, sum to nothing. */
static void
add_alternation (float *peak8, const float *past)
{
	enum { FOURS = 2 * (2 * GROUPS_MAX + 1), MEANS = FOURS - 1, LEVELS = MEANS - 12 };
	float four[FOURS], edge[FOURS + 1], b[MEANS], v[LEVELS];
	for (int k = 0; k < FOURS; k++) {
		const float *x = past + 4 * k;
		four[k] = (x[0] - x[1]) + (x[2] - x[3]);
		edge[k] = k ? x[-1] + x[0] : x[0] + x[1]; /* nearly: the frame before is gone */
	}
	edge[FOURS] = past[4 * FOURS - 1] + past[4 * FOURS - 2];
	for (int k = 0; k < MEANS; k++)
		b[k] = (four[k] + four[k + 1]) + 0.25f * (edge[k + 2] - edge[k]);
	for (int k = 0; k < LEVELS; k++) {
		const float *m = b + k + 6;
		v[k] = fabsf ((4 * m[0] + 3 * (m[-2] + m[2])) + (2 * (m[-4] + m[4]) + (m[-6] + m[6]))) * (1.2f / 128);
	}
	for (int j = 0; j < GROUPS_MAX; j++) {
		float more = mdyn_dsp->largest (v + 2 * j, 7), most = EDGE_BOUND * peak8[j];
		peak8[j] += more < most ? more : most;
	}
}

/* The peaks of one channel; the quantum just complete lies in e->past from NOW on. */
static void
quantum (lane *e, size_t group, float floor)
{
	const size_t groups = QUANTUM / group;
	const float *x = e->past + NOW - QUANTUM / 2, *half = e->half + LAG;
	float now = mdyn_dsp->peak (e->past + NOW, QUANTUM), loudest = now > e->loudest ? now : e->loudest;
	e->loudest = now;
	memset (e->group, 0, sizeof e->group);
	if (loudest == 0 || loudest * REACH < floor) {
		e->fresh = false;
		return;
	}
	if (!e->fresh)
		mdyn_dsp->half_way (e->half, x - LAG, OLD);
	mdyn_dsp->half_way (e->half + OLD, x - LAG + OLD, QUANTUM);
	e->fresh = true;

	float peak8[GROUPS_MAX];
	if (!mdyn_dsp->true_peaks (peak8, x, half, floor / (1 + EDGE_BOUND)))
		return;
	float max = mdyn_dsp->largest (peak8, GROUPS_MAX) / SCALE;
	e->max = max > e->max ? max : e->max;
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
