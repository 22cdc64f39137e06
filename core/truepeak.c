/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "truepeak.h"

#include "dsp/dsp.h"

#define COLUMNS (QUANTUM / 4)                     /* of a quantum, in the rows that frames are dealt to */
#define AHEAD (MDYN_TRUEPEAK_DELAY / 4)           /* columns that are there after those whose peaks a quantum tells */
#define OLD 2                                     /* columns of half-way samples that peaks need from the last quantum */
#define ALTERNATION 10                            /* columns that step 4 looks back */
#define GROUPS_MAX (QUANTUM / 8)

/* How much a peak can exceed the largest sample around it: the L1 norm of the longest interpolator (2.9581), times the fit's bound, times step 4's; and the
 * largest at twice the rate: the L1 norm of the second one. */
#define EDGE_BOUND 0.20f
#define REACH (2.9582f * MDYN_FIT_REACH * (1 + EDGE_BOUND))
#define REACH_2X (1.5655f * MDYN_FIT_REACH * (1 + EDGE_BOUND))

/* Of one channel. */
typedef struct lane {
	float row[4 * MDYN_ROW];                  /* at `place` the columns of two quanta before, then the present */
	float half[4 * MDYN_HALF_ROW];            /* of half-way samples: a quantum before, the present */
	float group[GROUPS_MAX];                  /* peaks, 0 unless told */
	float now, before;                        /* largest |x| in the present quantum, in the one before */
	float half_now, half_before;              /* largest half-way samples */
	float max;
	bool told;                                /* something was not below the floor */
	bool fresh;                               /* what is in half is right (else the last quantum was skipped) */
} lane;

struct mdyn_truepeak {
	unsigned channels;
	size_t group;                             /* frames */
	size_t filled;                            /* frames of the present quantum taken */
	size_t place;                             /* in rows: 0, and on by a quantum each time until they are full */
	bool groups;                              /* will be asked for */
	bool any;                                 /* of them is not 0 */
	bool deaf;                                /* the last quantum was ignored in all channels */
	float now, before;                        /* of all channels, as lane's */
	lane *lanes;
};

size_t
mdyn_truepeak_group (unsigned rate)
{
	return rate < 64000 ? 8 : rate < 128000 ? 16 : 32;
}

mdyn_truepeak *
mdyn_truepeak_lay (mdyn_arena *a, unsigned rate, unsigned channels, bool groups)
{
	mdyn_truepeak *t = mdyn_carve (a, 1, sizeof *t);
	lane *lanes = mdyn_carve (a, channels, sizeof *lanes);
	if (t)
		*t = (mdyn_truepeak) { .channels = channels, .group = mdyn_truepeak_group (rate), .groups = groups, .lanes = lanes };
	return t;
}

void
mdyn_truepeak_reset (mdyn_truepeak *t)
{
	memset (t->lanes, 0, t->channels * sizeof *t->lanes);
	t->filled = t->place = 0;
	t->now = t->before = 0;
	t->any = t->deaf = false;
}

static float
larger (float a, float b)
{
	return a > b ? a : b;
}

/* Of frames that begin where peaks are told. */
static const float *
frames (const mdyn_truepeak *t, const lane *e)
{
	return e->row + t->place + 2 * COLUMNS - AHEAD;
}

/* 1, unless the quantum is below the floor. */
static void
interpolate (const mdyn_truepeak *t, lane *e, float floor)
{
	float *half = e->half + COLUMNS, loudest = larger (e->now, e->before);
	bool skip = loudest == 0 || loudest * REACH < floor, fresh = e->fresh;
	e->fresh = !skip;
	if (skip)
		return;
	if (!fresh)
		e->half_now = mdyn_dsp->half_way (half, frames (t, e) - COLUMNS);
	for (int r = 0; r < 4; r++)
		memcpy (half + r * MDYN_HALF_ROW - OLD, half + r * MDYN_HALF_ROW + COLUMNS - OLD, OLD * sizeof *half);
	e->half_before = e->half_now;
	e->half_now = mdyn_dsp->half_way (half, frames (t, e));
}

/* 2 and 3. */
static void
peaks (const mdyn_truepeak *t, lane *e, float floor)
{
	float most = larger (larger (e->now, e->before), larger (e->half_now, e->half_before));
	bool told = e->fresh && most * REACH_2X >= floor && mdyn_dsp->true_peaks (e->group, frames (t, e), e->half + COLUMNS, floor / (1 + EDGE_BOUND));
	if (told)
		e->max = larger (e->max, mdyn_dsp->largest (e->group, GROUPS_MAX));
	else if (e->told)
		memset (e->group, 0, sizeof e->group);
	e->told = told;
}

/* 4. */
static void
edge (const mdyn_truepeak *t, lane *e)
{
	const size_t per = GROUPS_MAX * t->group / QUANTUM;
	mdyn_dsp->alternation (e->group, frames (t, e) - ALTERNATION, EDGE_BOUND);
	for (size_t j = 0; j < GROUPS_MAX && per > 1; j++)
		e->group[j / per] = j % per ? larger (e->group[j / per], e->group[j]) : e->group[j];
}

float
mdyn_truepeak_put (mdyn_truepeak *t, const float *const *x, size_t at, size_t n)
{
	float most = 0;
	for (unsigned c = 0; c < t->channels; c++) {
		lane *e = &t->lanes[c];
		float top = mdyn_dsp->deal (e->row + t->place + 2 * COLUMNS, x[c], at, n);
		e->now = larger (e->now, top);
		most = larger (most, top);
	}
	t->now = larger (t->now, most);
	t->filled = (at + n) % QUANTUM;
	return most;
}

/* Channel after channel in each step: what one has just written, the next step would wait for. */
static void
listen (mdyn_truepeak *t, float floor)
{
	for (unsigned c = 0; c < t->channels; c++)
		interpolate (t, &t->lanes[c], floor);
	for (unsigned c = 0; c < t->channels; c++)
		peaks (t, &t->lanes[c], floor);
	t->any = false;
	for (unsigned c = 0; c < t->channels && t->groups; c++) {
		t->any |= t->lanes[c].told;
		if (t->lanes[c].told)
			edge (t, &t->lanes[c]);
	}
	t->deaf = false;
}

/* No channel comes near the floor. */
static void
ignore (mdyn_truepeak *t)
{
	for (unsigned c = 0; c < t->channels && !t->deaf; c++) {
		lane *e = &t->lanes[c];
		memset (e->group, 0, sizeof e->group);
		e->told = e->fresh = false;
	}
	t->any = false;
	t->deaf = true;
}

void
mdyn_truepeak_tell (mdyn_truepeak *t, float floor)
{
	float loudest = larger (t->now, t->before);
	if (loudest == 0 || loudest * REACH < floor)
		ignore (t);
	else
		listen (t, floor);
	t->before = t->now;
	t->now = 0;
	t->place += COLUMNS;
	bool full = t->place + 3 * COLUMNS > MDYN_ROW;
	for (unsigned c = 0; c < t->channels; c++) {
		lane *e = &t->lanes[c];
		e->before = e->now;
		e->now = 0;
		for (int r = 0; r < 4 && full; r++)
			memcpy (e->row + r * MDYN_ROW, e->row + r * MDYN_ROW + t->place, 2 * COLUMNS * sizeof *e->row);
	}
	t->place = full ? 0 : t->place;
}

const float *
mdyn_truepeak_groups (const mdyn_truepeak *t, unsigned channel)
{
	return t->lanes[channel].group;
}

bool
mdyn_truepeak_any (const mdyn_truepeak *t)
{
	return t->any;
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
	static const float silence[QUANTUM];
	const float *x[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < t->channels; c++)
		x[c] = silence;
	for (int k = 0; k < 2; k++) {
		mdyn_truepeak_put (t, x, t->filled, QUANTUM - t->filled);
		mdyn_truepeak_tell (t, 0);
	}
}
