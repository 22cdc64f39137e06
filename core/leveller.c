/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "leveller.h"

#include <math.h>
#include <string.h>

#include "loudness.h"

#define BLOCK 0.1                                 /* s */
#define STILL 10                                  /* blocks */
#define DRIFT 80
#define AT(k) ((size_t) ((k) % LEVELLER_PAST))

/* Windows of the search for a change, in blocks. */
static const size_t window[] = { 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100 };
#define WINDOWS (sizeof window / sizeof *window)

static double
lufs (double energy)
{
	return energy > 0 ? fmax (-120, -0.691 + 10 * log10 (energy)) : -120;
}

static double
clamp (double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* Mean energy of the blocks from .. to - 1. */
static double
mean (const mdyn_leveller *l, uint64_t from, uint64_t to)
{
	double sum = 0;
	for (uint64_t k = from; k < to; k++)
		sum += l->energy[AT (k)];
	return to > from ? sum / (double) (to - from) : 0;
}

/* The same without the blocks 10 LU and more below that. */
static double
gated_mean (const mdyn_leveller *l, uint64_t from, uint64_t to)
{
	double gate = mean (l, from, to) / 10, sum = 0;
	size_t n = 0;
	for (uint64_t k = from; k < to; k++)
		if (l->energy[AT (k)] > gate) {
			sum += l->energy[AT (k)];
			n++;
		}
	return n ? sum / (double) n : 0;
}

void
mdyn_leveller_reset (mdyn_leveller *l)
{
	memset (l, 0, sizeof *l);
	for (int i = 0; i < LEVELLER_RECALL; i++)
		l->recalled[i] = NAN;
	l->boost_cap = INFINITY;
	l->changed = INFINITY;
}

/* 6. Of a section of this level. */
static double
wanted (const mdyn_leveller *l)
{
	const mdyn_leveller_rows *r = &l->rows;
	double level = lufs (l->level), g = r->target - level + (1 - r->strength) * (level - lufs (l->average));
	if (l->age < 2)
		g = fmin (g, 15); /* a first word in the distance is no reason to shout the second */
	g = fmin (g, l->boost_cap);
	g = clamp (g, -r->max_cut, r->max_boost);
	return (l->age >= 3 || l->gain == 0) && fabs (g) < 0.5 ? 0 : g;
}

/* 5. From block `from` on, as far as it is not played yet, the gain is g. A rise begins no sooner than there is something to hear. */
static void
redate (mdyn_leveller *l, uint64_t from, double g)
{
	if (from < l->played)
		from = l->played;
	while (g > l->gain && from + 1 < l->heard && (!l->on[AT (from)] || l->loudness[AT (from)] < lufs (l->level) - 10))
		from++;
	for (uint64_t k = from; k < l->heard; k++)
		l->plan[AT (k)] = g;
	l->gain = g;
}

static void
start_section (mdyn_leveller *l, uint64_t from, double level, double evidence)
{
	l->since = from;
	l->level = level;
	l->evidence = evidence;
	l->changed = 0;
	l->following = true;
}

static void
seed (mdyn_leveller *l)
{
	size_t found = 0;
	double sum = 0;
	uint64_t first = 0;
	for (uint64_t k = l->heard; k > 0 && l->heard - k < 20 && found < 3; k--)
		if (l->loudness[AT (k - 1)] > l->rows.gate) {
			sum += l->energy[AT (k - 1)];
			found++;
			first = k - 1;
		}
	if (found < 3)
		return;
	l->seeded = true;
	start_section (l, first, sum / 3, 0.15);
	l->average = l->level;
	double g = wanted (l);
	l->following = fabs (l->rows.target - lufs (l->level)) >= 2;
	l->gain = l->following ? g : 0;
	for (uint64_t k = l->played; k < l->heard; k++)
		l->plan[AT (k)] = l->gain;
}

void
mdyn_leveller_update (mdyn_leveller *l, const mdyn_leveller_rows *rows, bool first)
{
	double by = rows->target - l->rows.target;
	l->rows = *rows;
	if (first && rows->initial > -70) {
		l->seeded = true;
		start_section (l, 0, mdyn_energy (rows->initial), 2);
		l->average = l->level;
		l->age = 2;
		l->gain = wanted (l);
	} else if (!first && l->seeded && by != 0) {
		double g = clamp (l->gain + by, -rows->max_cut, rows->max_boost);
		for (uint64_t k = l->played; k < l->heard; k++)
			l->plan[AT (k)] = clamp (l->plan[AT (k)] + by, -rows->max_cut, rows->max_boost);
		l->gain = g;
	}
}

/* Whether the last second stood still, as noise does and neither speech nor music: blocks of noise scatter by .1 to .25 dB, by bandwidth. */
static bool
stands_still (const mdyn_leveller *l)
{
	double sum = 0, squares = 0;
	if (l->heard < STILL)
		return false;
	for (uint64_t k = l->heard - STILL; k < l->heard; k++) {
		double d = l->loudness[AT (k)] - l->loudness[AT (l->heard - 1)];
		sum += d;
		squares += d * d;
	}
	return squares / STILL - sum / STILL * (sum / STILL) < 0.35 * 0.35;
}

static bool
is_recalled (const mdyn_leveller *l, double level, int *which)
{
	for (int i = 0; i < LEVELLER_RECALL; i++)
		if (fabs (l->recalled[i] - level) < 2.5) {
			*which = i;
			return true;
		}
	return false;
}

typedef struct candidate {
	uint64_t from;
	size_t n;
	double first, second, all;                /* LUFS of the halves and of the whole window */
} candidate;

static bool
goes_up (const mdyn_leveller *l, const candidate *w, double ease)
{
	double level = lufs (l->level), excess = fmin ((w->first + w->second) / 2 - level, 14) - 3;
	return (double) w->n * BLOCK * excess > 2.5 * ease && w->first > level + 1.5 && w->second > level + 1.5;
}

static bool
goes_down (const mdyn_leveller *l, const candidate *w, double ease)
{
	/* The longer the window, the less of a difference will do, and the less a loud word in it speaks against it. */
	double level = lufs (l->level), length = (double) w->n * BLOCK, sure = clamp ((length - 3) / 3, 0, 1);
	double excess = fmin (level - w->all, 14) - (5 - 2.5 * sure), loud = level - 2 + 2.5 * sure;
	if (w->n < (l->cue > 0 ? 4 : 10) || length * excess <= 12 * ease)
		return false;
	for (uint64_t k = w->from; k + 4 <= l->heard; k++)
		if (lufs (mean (l, k, k + 4)) > loud)
			return false; /* the section goes on */
	if (w->second < w->first - 1)
		return false; /* still falling: a fade */
	if (l->loudness[AT (l->heard - 1)] < w->all - 8)
		return false; /* in a dip */
	if (lufs (mean (l, l->heard - 3, l->heard)) > lufs (mean (l, w->from, l->heard - 3)) + 4)
		return false; /* something louder begins */
	if (l->still > 0 && level - w->all > 6 && (w->all < -50 || level - w->all > 15 || l->still < 15))
		return false; /* a pause with its noise */
	if (w->n < 40 && w->from >= l->since + 5) {
		double before = lufs (mean (l, w->from - 5, w->from));
		if (before > w->all + 1 && before < (level + w->all) / 2)
			return false; /* a slope: wait where it ends */
	}
	return true;
}

/* 4. True if a new section was found. */
static bool
look_for_change (mdyn_leveller *l)
{
	double ease = l->cue > 0 ? 0.5 : 1;
	for (size_t i = 0; i < WINDOWS && window[i] <= l->heard - l->since; i++) {
		candidate w = { .from = l->heard - window[i], .n = window[i] };
		w.all = lufs (mean (l, w.from, l->heard));
		w.first = lufs (mean (l, w.from, w.from + w.n / 2));
		w.second = lufs (mean (l, w.from + w.n / 2, l->heard));
		int which = -1;
		double known = is_recalled (l, w.all, &which) ? 0.3 : 1;
		if (!goes_up (l, &w, ease * known) && !goes_down (l, &w, ease * known))
			continue;
		double was = lufs (l->level);
		if (which < 0) {
			which = (int) l->next_recall;
			l->next_recall = (l->next_recall + 1) % LEVELLER_RECALL;
		}
		l->recalled[which] = was;
		start_section (l, w.from, mdyn_energy (w.all), 0.7 * (double) w.n * BLOCK);
		redate (l, w.from, wanted (l));
		return true;
	}
	return false;
}

/* 7. */
static void
follow (mdyn_leveller *l)
{
	bool fresh = l->changed < 5;
	double want = wanted (l), error = want - l->gain;
	if (fabs (error) > l->rows.dead_band)
		l->following = true;
	if (fabs (error) < 0.1)
		l->following = false;
	if (want == 0 && fabs (error) < 0.1)
		l->gain = 0;
	if (!l->following)
		return;
	double step = error * (1 - exp (-BLOCK / (fresh ? 0.3 : 0.5)));
	double up = fmin (l->rows.rise, fresh ? 8 : 1) * BLOCK, down = fmin (l->rows.fall, fresh ? 30 : 2) * BLOCK;
	l->gain += clamp (step, -down, up);
}

void
mdyn_leveller_cue (mdyn_leveller *l)
{
	l->cue = 1.5;
	l->boost_cap = INFINITY;
	l->evidence = fmin (l->evidence, 2);
}

void
mdyn_leveller_hear (mdyn_leveller *l, double energy)
{
	uint64_t k = l->heard++;
	double loudness = lufs (energy);
	l->energy[AT (k)] = energy;
	l->loudness[AT (k)] = loudness;
	l->plan[AT (k)] = l->gain;

	l->cue = fmax (0, l->cue - BLOCK);
	l->quiet = loudness < -65 ? l->quiet + BLOCK : 0;
	if (l->quiet > 0.6 - BLOCK / 2)
		mdyn_leveller_cue (l);

	l->still = !stands_still (l) ? 0 : l->still > 0 ? l->still + BLOCK : STILL * BLOCK;

	/* 1. */
	size_t back = k + 1 - l->since < 4 ? (size_t) (k + 1 - l->since) : 4;
	double m = mean (l, k + 1 - back, k + 1);
	bool on = lufs (m) > l->rows.gate && loudness > -70;
	l->on[AT (k)] = on;
	l->audible |= k < l->played && loudness > l->rows.gate; /* with no look-ahead it was played before it was known */
	if (!l->seeded) {
		seed (l);
		return;
	}
	l->changed += BLOCK;
	if (l->still > 0 && loudness > -70 && loudness < -50)
		l->boost_cap = fmax (0, -40 - loudness);
	if (!on)
		return;
	if (look_for_change (l))
		return;
	if (lufs (m) <= lufs (l->level) - 10)
		return;

	/* 3. What the last seconds agree on, and the level does not, is a drift too slow for 4: it is followed faster. */
	l->age += BLOCK;
	if (k + 1 - l->since >= DRIFT && fabs (lufs (gated_mean (l, k + 1 - DRIFT, k + 1)) - lufs (l->level)) > 1.5)
		l->evidence = fmin (l->evidence, 2.5);
	l->evidence = fmin (l->evidence + BLOCK, l->rows.memory);
	l->level += BLOCK / l->evidence * (m - l->level);
	l->average += BLOCK / clamp (l->age, 0.15, 60) * (m - l->average);
	if (l->audible)
		follow (l);
	else if (fabs (l->rows.target - lufs (l->level)) >= 2) /* not one word played yet: the seed may still be bettered */
		redate (l, l->played, wanted (l));
	l->plan[AT (k)] = l->gain;
}

/* 8. */
double
mdyn_leveller_play (mdyn_leveller *l, double *start)
{
	const mdyn_leveller_rows *r = &l->rows;
	uint64_t p = l->played++;
	bool known = p < l->heard;
	double want = known ? l->plan[AT (p)] : l->gain, late = want;
	for (uint64_t k = p + 1; k < l->heard; k++)
		want = fmin (want, l->plan[AT (k)] + r->fall * BLOCK * (double) (k - p - 1));
	if (p == 0)
		l->now = want;
	*start = l->now;
	if (l->audible) {
		/* Before the loud block 60 dB/s are as much as the end of the quiet one bears; once it has begun, less time is better. */
		double fall = fmax (late < l->now ? 120 : 60, r->fall), rise = known && l->loudness[AT (p)] < -75 ? fmax (60, r->rise) : r->rise;
		want = clamp (want, l->now - fall * BLOCK, l->now + rise * BLOCK);
	}
	if (known && l->loudness[AT (p)] > r->gate)
		l->audible = true;
	l->now = want;
	return want;
}
