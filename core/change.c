/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "change.h"

#include "loudness.h"

#define SIGMAS 2.7
#define BLAST 16                                  /* LU up in one block */
#define LEAST 0.9                                 /* LU: less is no change */
#define WIDE_SIGMAS 0.3                           /* downwards in windows of MDYN_WIDE and more, and no LEAST: a rise that was none is soon undone */
#define LATE 30                                   /* blocks by which the spread is learned late */
#define SEEN 30.0                                 /* s of memory of it */
#define STILL 10                                  /* blocks */
#define FALL 10                                   /* blocks: the shortest window downwards */
#define LATELY 260                                /* blocks after a fall in which the next must come off the level of the section */
#define SURE 60                                   /* blocks: a window as long is no slope, */
#define FLAT 40                                   /* blocks: and one as long no stair */
#define FLEETING 3.0                              /* s: with as little known of a section, the next one has soon as much part in it, */
#define BRIEF 40                                  /* blocks: if it is no older */
#define LEFT 0.3                                  /* s: and as many are its own, */
#define DISGUISED 3.0                             /* LU: but no more than this */
#define STAYED 0.27                               /* of the fall: what is no further under the section is of it */
#define DIED_AWAY 3                               /* LU */
#define GAP 27                                    /* LU under its section: a source as low has broken off, */
#define GAPS 80                                   /* in the last so many blocks */
#define PHRASE 9                                  /* blocks: the loudest .3 s of as many are those of a phrase, */
#define SAME 2.5                                  /* LU: and of the next if they are no further below */

/* Windows of the search. */
static const size_t window[] = { 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100 };
#define WINDOWS (sizeof window / sizeof *window)

/* Blocks of each scale; what speech and music are like before anything is known, counted as so many s. */
static const size_t scale[MDYN_SCALES] = { 4, 10, 30 };
static const double over_before[MDYN_SCALES] = { 2, 1.3, 0.8 }, under_before[MDYN_SCALES] = { 3.5, 2.2, 1.3 }, seen_before = 2;

typedef struct candidate {
	uint64_t from;
	size_t n;
	double first, second, all;                /* of the halves and of the whole window */
} candidate;

double
mdyn_level (double energy)
{
	return energy > 0 ? fmax (-120, -0.691 + 10 * log10 (energy)) : -120;
}

static double
level_of (const mdyn_past *p, uint64_t from, uint64_t to)
{
	return mdyn_level (mdyn_past_mean (p, from, to));
}

double
mdyn_past_mean (const mdyn_past *p, uint64_t from, uint64_t to)
{
	double sum = 0;
	for (uint64_t k = from; k < to; k++)
		sum += p->energy[mdyn_at (k)];
	return to > from ? sum / (double) (to - from) : 0;
}

double
mdyn_past_gated (const mdyn_past *p, uint64_t from, uint64_t to)
{
	double gate = mdyn_past_mean (p, from, to) / 10, sum = 0;
	size_t n = 0;
	for (uint64_t k = from; k < to; k++)
		if (p->energy[mdyn_at (k)] > gate) {
			sum += p->energy[mdyn_at (k)];
			n++;
		}
	return n ? sum / (double) n : 0;
}

/* Standard deviation of the n blocks before `to`, LU. Noise scatters by .1 to .25, by bandwidth. */
static double
scatter (const mdyn_past *p, uint64_t to, size_t n)
{
	double sum = 0, squares = 0;
	for (uint64_t k = to - n; k < to; k++) {
		double d = p->loudness[mdyn_at (k)] - p->loudness[mdyn_at (to - 1)];
		sum += d;
		squares += d * d;
	}
	sum /= (double) n;
	return sqrt (fmax (0, squares / (double) n - sum * sum));
}

void
mdyn_past_hear (mdyn_past *p, double energy)
{
	p->energy[mdyn_at (p->heard)] = energy;
	p->loudness[mdyn_at (p->heard)] = mdyn_level (energy);
	p->heard++;
	bool still = p->heard >= STILL && scatter (p, p->heard, STILL) < 0.35;
	p->still = !still ? 0 : p->still ? p->still + 1 : STILL;
}

bool
mdyn_past_falls (const mdyn_past *p, const mdyn_section *s)
{
	if (p->heard < 20)
		return false;
	double now = level_of (p, p->heard - 4, p->heard);
	return now < mdyn_level (s->level) - 1.8 || now < level_of (p, p->heard - 19, p->heard - 4) - 1.2;
}

/* Energy of the loudest .3 s. */
static double
loudest (const mdyn_past *p, uint64_t from, uint64_t to)
{
	double most = 0;
	for (uint64_t k = from; k + 3 <= to; k++)
		most = fmax (most, mdyn_past_mean (p, k, k + 3));
	return most;
}

bool
mdyn_past_breaks (const mdyn_past *p, const mdyn_section *s)
{
	double gap = mdyn_level (s->level) - GAP;
	bool sounded = false;
	for (uint64_t k = p->heard < GAPS ? 0 : p->heard - GAPS; k < p->heard; k++) {
		if (p->loudness[mdyn_at (k)] >= gap)
			sounded = true;
		else if (sounded)
			return true;
	}
	return false;
}

bool
mdyn_past_talks (const mdyn_past *p, const mdyn_section *s)
{
	uint64_t h = p->heard;
	if (h < 2 * PHRASE || !mdyn_past_breaks (p, s))
		return false;
	return mdyn_level (loudest (p, h - PHRASE, h)) > mdyn_level (loudest (p, h - 2 * PHRASE, h - PHRASE)) - SAME;
}

bool
mdyn_fell_lately (const mdyn_expectation *e, const mdyn_past *p)
{
	return e->fell && p->heard - e->fell < LATELY;
}

void
mdyn_section_begin (mdyn_section *s, uint64_t from, double energy, double evidence)
{
	*s = (mdyn_section) { .since = from, .search = from, .level = energy, .evidence = evidence, .seen = seen_before, .patience = FALL };
	for (int i = 0; i < MDYN_SCALES; i++) {
		s->over[i] = over_before[i];
		s->under[i] = under_before[i];
	}
}

void
mdyn_section_learn (mdyn_section *s, const mdyn_past *p)
{
	if (p->heard < s->since + LATE + scale[1])
		return;
	s->seen = fmin (s->seen + MDYN_BLOCK, SEEN);
	for (int i = 0; i < MDYN_SCALES; i++) {
		if (p->heard < s->since + LATE + scale[i])
			continue;
		double d = level_of (p, p->heard - LATE - scale[i], p->heard - LATE) - mdyn_level (s->level);
		double *side = d > 0 ? &s->over[i] : &s->under[i];
		d = fmin (fabs (d), SIGMAS * *side);
		/* twice: each side is heard half of the time */
		*side = sqrt (*side * *side + 2 * MDYN_BLOCK / s->seen * (d * d - *side * *side));
	}
}

/* The spread of means of n blocks, of the three that are known: in between on a logarithmic line, beyond as of independent blocks. */
static double
spread (const double *known, double n)
{
	if (n <= (double) scale[0])
		return known[0] * sqrt ((double) scale[0] / n);
	for (int i = 1; i < MDYN_SCALES; i++)
		if (n <= (double) scale[i])
			return known[i - 1] + (known[i] - known[i - 1]) * log (n / (double) scale[i - 1]) / log ((double) scale[i] / (double) scale[i - 1]);
	return known[MDYN_SCALES - 1] * sqrt ((double) scale[MDYN_SCALES - 1] / n);
}

/* LU, the standard deviation of how far a window of n blocks is from the level of its own section: its doubt and that of the level. */
static double
doubt (const mdyn_section *s, const double *known, size_t n)
{
	double window_doubt = spread (known, (double) n), level_doubt = spread (known, fmax (s->evidence, 0.3) / MDYN_BLOCK);
	return sqrt (window_doubt * window_doubt + level_doubt * level_doubt);
}

/* LU by which the section is louder than it seems: it has learned from the blocks of the window, as if they were its own, and the less there was of it
 * before, the more. Its level without them; bounded, for what is known of it then is little. */
static double
disguised (const mdyn_section *s, const candidate *w)
{
	double n = MDYN_BLOCK * (double) w->n, left = s->evidence - n;
	if (left < LEFT || s->evidence > FLEETING || w->from + w->n > s->since + BRIEF)
		return 0;
	double without = (s->level * s->evidence - n * mdyn_energy (w->all)) / left;
	return without > 0 ? fmin (fmax (mdyn_level (without) - mdyn_level (s->level), -DISGUISED), DISGUISED) : 0;
}

static bool
goes_up (const mdyn_section *s, const candidate *w, double ease)
{
	if (w->n == 1)
		return s->evidence > 1 && w->all - mdyn_level (s->level) > BLAST; /* to wait for a second block would be to play the first */
	double level = mdyn_level (s->level), need = LEAST + SIGMAS * ease * doubt (s, s->over, w->n);
	return (w->first + w->second) / 2 - level > need && w->first > level + need / 2 && w->second > level + need / 2;
}

/* Whether more than .4 s of the last 3 s before the window lie between the section's level and the window's, since the level was last there. */
static bool
is_slope (const mdyn_past *p, const candidate *w, double level)
{
	double top = level - fmin (fmax ((level - w->all) / 2, 2), 3);
	size_t between = 0;
	for (uint64_t k = w->from; k > 4 && w->from - k < 30; k--) {
		double m = level_of (p, k - 4, k);
		if (m >= top)
			break;
		between += m > w->all + 2;
	}
	return between > 4;
}

/* Whether the window itself goes down; in a wide one phrases may die away, if the loudest of them is nearly as loud as before. */
static bool
is_falling (const mdyn_past *p, const candidate *w)
{
	if (w->second >= w->first - 0.2)
		return false;
	uint64_t middle = w->from + w->n / 2;
	return w->n < MDYN_WIDE || mdyn_level (loudest (p, middle, p->heard)) < mdyn_level (loudest (p, w->from, middle)) - DIED_AWAY;
}

static bool
is_pause (const mdyn_past *p, const candidate *w, double drop)
{
	if (drop <= 4)
		return false;
	return scatter (p, p->heard, 5) < 0.5 || scatter (p, p->heard - 1, 5) < 0.5 || (p->still && (w->all < -50 || drop > 15 || p->still < 15 / MDYN_BLOCK));
}

static bool
goes_down (const mdyn_past *p, const mdyn_section *s, const mdyn_expectation *e, const candidate *w, double ease)
{
	double level = mdyn_level (s->level) + disguised (s, w), drop = level - w->all;
	bool wide = w->n >= MDYN_WIDE;
	double need = (wide ? 0 : LEAST) + (wide ? WIDE_SIGMAS : SIGMAS) * ease * doubt (s, s->under, w->n);
	if (w->n < (drop < s->dip + 3 ? s->patience : FALL) || (e->on_target && !wide) || drop <= need)
		return false;
	for (uint64_t k = w->from; k + FALL <= p->heard; k++)
		if (level_of (p, k, k + FALL) > level - STAYED * drop)
			return false; /* the section goes on */
	if (level_of (p, p->heard - 4, p->heard) > level - STAYED * drop)
		return false; /* or has just come back */
	if (is_falling (p, w))
		return false; /* a fade */
	if (p->loudness[mdyn_at (p->heard - 1)] < w->all - 3.5 || level_of (p, p->heard - 3, p->heard) > level_of (p, w->from, p->heard - 3) + 4)
		return false; /* a dip, or its end */
	if (is_pause (p, w, drop))
		return false;
	if (w->n >= SURE || w->from < 10)
		return true;
	bool stair = w->n < FLAT && mdyn_fell_lately (e, p) && level_of (p, w->from - 10, w->from) < level - 1.4;
	return !stair && !is_slope (p, w, level);
}

bool
mdyn_change_find (const mdyn_past *p, const mdyn_section *s, const mdyn_expectation *e, mdyn_change *found)
{
	for (size_t i = 0; i < WINDOWS && window[i] <= p->heard - s->search; i++) {
		candidate w = { .from = p->heard - window[i], .n = window[i] };
		w.all = level_of (p, w.from, p->heard);
		w.first = level_of (p, w.from, w.from + w.n / 2);
		w.second = level_of (p, w.from + w.n / 2, p->heard);
		*found = (mdyn_change) { .from = w.from, .n = w.n, .level = w.all, .recalled = -1 };
		for (int k = 0; k < MDYN_RECALLED; k++)
			if (fabs (e->recalled[k] - w.all) < 2.5)
				found->recalled = k;
		double ease = (e->cue ? 0.7 : 1) * (found->recalled >= 0 ? 0.82 : 1);
		if (goes_up (s, &w, ease) || goes_down (p, s, e, &w, ease))
			return true;
	}
	return false;
}
