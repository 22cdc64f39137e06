/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "leveller.h"

#include <string.h>

#include "loudness.h"

#define DRIFT 95                                  /* blocks */
#define SILENCE 6                                 /* blocks that make a break */
#define EXPECT 15                                 /* blocks after a break in which a change is likely */
#define OFTEN 310                                 /* blocks: a source that broke off within as many says nothing by it */
#define DIP 30                                    /* blocks */
#define AS_BEFORE 3.1                             /* LU within which what comes after a dip is the section before it */
#define GONE 12                                   /* LU: so far under its section the source pauses */
#define AHEAD 4                                   /* blocks in which a fall that begins holds the gain already */
#define STEADY 9                                  /* blocks in which a source must not fall until its fall is sure to be no fade, */
#define STEADY_STAIR 10                           /* and as many more for each such fall before it */
#define DOUBTED 1.5                               /* dB by which the gain may rise until then */
#define SHEER 12                                  /* LU: what fell as deep in one step is no fade, */
#define SHEER_FROM 9                              /* LU: if the .5 s before it were no further under its section */
#define ALIKE 5                                   /* LU within which a noise is that of the section */
#define TALK 5                                    /* a steady block of talk counts for as many */
#define YOUNG 22                                  /* s: the start of a stream, which need not be at the level of the whole */
#define ADJUSTS 8                                 /* s: until then changes may be those of an intro, and whether it is talk is told */
#define YOUNG_TALK 2                              /* LU that a young programme on target may be off, if it breaks off as talk does */
#define YOUNG_OTHER 3.6                           /* LU, if not */
#define RESTED 7                                  /* s at 0 dB after which an older one */
#define ON_TARGET 1                               /* LU off at most is on target, of `initial` */
#define NEAR 0.4                                  /* LU off at most is on target, of the mean of the last minute */
#define NEAR_YOUNG 1                              /* LU more after YOUNG, less and less of them */
#define SETTLES 28                                /* s: the time constant of that */
#define TRUSTED_FROM 30                           /* s at 0 dB from which a programme is trusted more and more, */
#define TRUSTED 120                               /* s: until then, */
#define NEAR_TRUSTED 1                            /* LU: and may be as many further off */
#define LEFT_ALONE 2.5                            /* LU: in a programme on target a section as near is left alone, */
#define LEFT_TRUSTED 4.25                         /* LU: if the programme is trusted, */
#define LEFT_FIRST 6.6                            /* LU: and while its level stands on no more than */
#define FIRST 3                                   /* s */
#define DOUBT 0.2                                 /* of the level, in LU, and in standard deviations of it */
#define MAKEUP 0.3                                /* of what a section came out short of; MAKEUP_WHOLE of the last half minute */
#define MAKEUP_MOST 1.1                           /* LU */
#define MAKEUP_WHOLE 3
#define MAKEUP_WHOLE_MOST 1.3                     /* dB */
#define HALF_MINUTE 30                            /* s */
#define NOISE 13                                  /* LU under the target is as much as the noise of pauses may be lifted to */

static double
clamp (double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

void
mdyn_leveller_reset (mdyn_leveller *l)
{
	memset (l, 0, sizeof *l);
	for (int i = 0; i < MDYN_RECALLED; i++)
		l->expected.recalled[i] = NAN;
	l->boost_cap = INFINITY;
	l->changed = INFINITY;
}

/* By `initial`. */
static bool
said_on_target (const mdyn_leveller_rows *r)
{
	return fabs (r->target - r->initial) <= ON_TARGET;
}

/* In a programme that has rested long, 0 to 1. */
static double
trust (const mdyn_leveller *l)
{
	return clamp ((l->rested - TRUSTED_FROM) / (TRUSTED - TRUSTED_FROM), 0, 1);
}

/* Whether the programme is, whatever the section. Much of what is begins 2 or 3 LU under it, music more than talk; what stays there is heard to after YOUNG. */
static bool
on_target (const mdyn_leveller *l)
{
	double off = fabs (l->rows.target - mdyn_level (l->average));
	if (l->rested > RESTED && off < NEAR + NEAR_YOUNG * exp (-fmax (0, l->age - YOUNG) / SETTLES) + NEAR_TRUSTED * trust (l))
		return true;
	return l->age < YOUNG && !l->restless && off < (l->talk && !said_on_target (&l->rows) ? YOUNG_TALK : YOUNG_OTHER);
}

/* 6. */
static double
wanted (const mdyn_leveller *l)
{
	const mdyn_leveller_rows *r = &l->rows;
	const mdyn_section *s = &l->section;
	double level = mdyn_level (s->level), aim = r->target + (1 - r->strength) * (level - mdyn_level (l->average)), g = aim - level;
	double makeup = (1 + 2 * r->strength) / 3; /* less where differences are to stay: they are nothing to make up for */
	double doubt = DOUBT * (1 + s->over[1] / sqrt (fmax (s->evidence, 0.3)));
	if (on_target (l))
		doubt = s->evidence > FIRST ? LEFT_ALONE + (LEFT_TRUSTED - LEFT_ALONE) * trust (l) : LEFT_FIRST;
	if (!l->told && fabs (g) < doubt)
		return 0;
	if (s->played > 1)
		g += MAKEUP * clamp (aim - mdyn_level (s->out), -MAKEUP_MOST, MAKEUP_MOST);
	if (l->out_age > 8)
		g += makeup * clamp (MAKEUP_WHOLE * (r->target - mdyn_level (l->out)), -MAKEUP_WHOLE_MOST, MAKEUP_WHOLE_MOST);
	if (l->age < 2)
		g = fmin (g, 15); /* a first word in the distance is no reason to shout the second */
	g = clamp (fmin (g, l->boost_cap), -r->max_cut, r->max_boost);
	return l->age >= 3 && fabs (g) < 0.5 && !l->told ? 0 : g;
}

/* 5. From block `from` on, as far as it is not played yet, the gain is g. A rise begins no sooner than there is something to hear. */
static void
redate (mdyn_leveller *l, uint64_t from, double g)
{
	const mdyn_past *p = &l->past;
	if (from < l->played)
		from = l->played;
	double low = mdyn_level (l->section.level) - 10;
	while (g > l->gain && from + 1 < p->heard && (!l->on[mdyn_at (from)] || p->loudness[mdyn_at (from)] < low))
		from++;
	for (uint64_t k = from; k < p->heard; k++)
		l->plan[mdyn_at (k)] = g;
	l->gain = g;
}

static void
begin_section (mdyn_leveller *l, uint64_t from, double energy, double evidence)
{
	mdyn_section_begin (&l->section, from, energy, evidence);
	l->changed = 0;
	l->following = true;
	l->told = false;
}

/* 2. */
static void
seed (mdyn_leveller *l)
{
	const mdyn_past *p = &l->past;
	size_t found = 0;
	double sum = 0;
	uint64_t first = 0;
	for (uint64_t k = p->heard; k > l->item && p->heard - k < 20 && found < 3; k--)
		if (p->loudness[mdyn_at (k - 1)] > l->rows.gate) {
			sum += p->energy[mdyn_at (k - 1)];
			found++;
			first = k - 1;
		}
	if (found < 3)
		return;
	l->seeded = true;
	begin_section (l, first, sum / 3, 0.15);
	bool starts = l->item == 0 || l->average == 0;
	if (starts)
		l->average = l->section.level;
	l->age = 0;
	l->talk = false;
	l->restless = !starts || (l->rows.initial > -70 && !said_on_target (&l->rows)); /* an item of several is one that differs */
	double missing = fabs (l->rows.target - mdyn_level (l->section.level));
	l->following = missing >= 2;
	l->gain = l->following ? wanted (l) : 0;
	for (uint64_t k = l->played > l->item ? l->played : l->item; k < p->heard; k++)
		l->plan[mdyn_at (k)] = l->gain;
}

void
mdyn_leveller_update (mdyn_leveller *l, const mdyn_leveller_rows *rows, bool first)
{
	double by = rows->target - l->rows.target;
	l->rows = *rows;
	if (first && rows->initial > -70) {
		l->seeded = true;
		begin_section (l, 0, mdyn_energy (rows->initial), 2);
		l->average = l->section.level;
		l->age = 2;
		l->restless = !said_on_target (rows);
		l->gain = wanted (l);
	} else if (!first && l->seeded) {
		for (uint64_t k = l->played; k < l->past.heard; k++)
			l->plan[mdyn_at (k)] = clamp (l->plan[mdyn_at (k)] + by, -rows->max_cut, rows->max_boost);
		l->gain = clamp (l->gain + by, -rows->max_cut, rows->max_boost);
		l->fall.gain += by;
		l->boost_cap = fmax (0, l->boost_cap + by);
		if (by != 0) {
			l->section.played = l->before.played = l->out_age = l->rested = 0; /* what came out and what was left alone was so for the old target */
			l->told = l->restless = true;
		}
	}
}

/* 4. True if a new section was found. */
static bool
turn (mdyn_leveller *l)
{
	mdyn_section *s = &l->section;
	mdyn_expectation *e = &l->expected;
	mdyn_change found;
	if (!mdyn_change_find (&l->past, s, e, &found))
		return false;
	double was = mdyn_level (s->level);
	bool down = found.level < was;
	uint64_t length = found.from - s->since;
	if (!down && l->before.level > 0 && length < DIP && fabs (mdyn_level (l->before.level) - found.level) < AS_BEFORE) {
		double dip = mdyn_level (l->before.level) - was;
		*s = l->before;
		s->dip = fmax (s->dip, dip);
		s->search = found.from;
		s->patience = (size_t) clamp (2 * (double) length + 5, (double) s->patience, 40);
		l->before.level = 0;
		l->changed = 0;
		l->following = true;
	} else {
		int slot = found.recalled;
		if (slot < 0) {
			slot = (int) l->next_recalled;
			l->next_recalled = (l->next_recalled + 1) % MDYN_RECALLED;
		}
		e->recalled[slot] = was;
		l->before = *s;
		if (!down)
			l->before.level = 0;
		l->restless |= l->age > ADJUSTS && !said_on_target (&l->rows);
		begin_section (l, found.from, mdyn_energy (found.level), 0.5 * MDYN_BLOCK * (double) found.n);
	}
	bool known = found.recalled >= 0 && found.n >= MDYN_WIDE;
	bool sheer = was - found.level > SHEER && found.n < MDYN_WIDE && !mdyn_fell_lately (e, &l->past)
		&& mdyn_level (mdyn_past_mean (&l->past, found.from < 5 ? 0 : found.from - 5, found.from)) > was - SHEER_FROM;
	e->fell = down ? l->past.heard : 0;
	if (!l->fall.stairs)
		l->fall.gain = l->now;
	l->fall.stairs = down && !known && !sheer ? l->fall.stairs + 1 : 0;
	l->fall.steady = 0;
	redate (l, found.from, wanted (l));
	return true;
}

/* 7. */
static void
follow (mdyn_leveller *l)
{
	bool fresh = l->changed < 16;
	double want = wanted (l), error = want - l->gain;
	if (fabs (error) > l->rows.dead_band)
		l->following = true;
	if (fabs (error) < 0.1)
		l->following = false;
	if (want == 0 && fabs (error) < 0.1)
		l->gain = 0;
	if (!l->following)
		return;
	double step = error * (1 - exp (-MDYN_BLOCK / (fresh ? 0.06 : 0.1)));
	double up = fmin (l->rows.rise, fresh ? 8 : 1.2) * MDYN_BLOCK, down = fmin (l->rows.fall, fresh ? 30 : 5) * MDYN_BLOCK;
	l->gain += clamp (step, -down, up);
}

/* Block k was heard and played, at the gain that stands now. */
static void
account (mdyn_leveller *l, uint64_t k)
{
	mdyn_section *s = &l->section;
	uint64_t from = k < 3 ? 0 : k - 3; /* but not of the section before: what was heard there was not played at this gain */
	if (k >= s->since && from < s->since)
		from = s->since;
	double energy = mdyn_past_mean (&l->past, from, k + 1);
	if (!l->seeded || k < l->item || !l->on[mdyn_at (k)] || energy < s->level / 10)
		return;
	energy *= pow (10, l->now / 10);
	l->out_age = fmin (l->out_age + MDYN_BLOCK, HALF_MINUTE);
	l->out += MDYN_BLOCK / l->out_age * (energy - l->out);
	if (k < s->since)
		return;
	s->played += MDYN_BLOCK;
	s->out += MDYN_BLOCK / s->played * (energy - s->out);
}

void
mdyn_leveller_cue (mdyn_leveller *l)
{
	l->item = l->past.heard;
	l->seeded = false;
	l->before.level = 0;
	l->boost_cap = INFINITY;
	l->expected.fell = 0;
	l->fall.stairs = 0;
	l->holding = false;
	l->out_age = l->rested = 0; /* the item before is not made up for in this one, nor does it say that this one is on target */
}

/* A break in the sound: what comes after it may be anything, unless the source breaks off often. */
static void
expect (mdyn_leveller *l, double loudness)
{
	if (l->expected.cue)
		l->expected.cue--;
	l->quiet = loudness < -65 ? l->quiet + 1 : 0;
	if (l->quiet < SILENCE)
		return;
	if (l->quiet == SILENCE) {
		l->often = l->past.heard - l->broke < OFTEN;
		l->broke = l->past.heard;
	}
	if (!l->often)
		l->expected.cue = EXPECT;
	l->boost_cap = INFINITY;
	l->section.evidence = fmin (l->section.evidence, 1);
}

/* 4. The noise of a pause that was taken for a section, having begun with the end of the sound. */
static void
leave_pause (mdyn_leveller *l, double loudness)
{
	mdyn_section *s = &l->section;
	if (!l->past.still || l->past.heard - s->since > DIP || s->level > 0.4 * l->before.level || fabs (loudness - mdyn_level (s->level)) > ALIKE)
		return;
	*s = l->before;
	s->search = l->past.heard - 1;
	l->before.level = 0;
	l->expected.fell = 0;
	l->fall.stairs = 0;
	redate (l, l->played, wanted (l));
}

/* 3. m: energy of the last 400 ms. */
static void
learn (mdyn_leveller *l, double m)
{
	mdyn_section *s = &l->section;
	const mdyn_past *p = &l->past;
	mdyn_section_learn (s, p);
	l->age += MDYN_BLOCK;
	l->rested = clamp (l->rested + (l->gain == 0 ? MDYN_BLOCK : -MDYN_BLOCK / 2), 0, TRUSTED);
	if (p->heard - s->since >= DRIFT && fabs (mdyn_level (mdyn_past_gated (p, p->heard - DRIFT, p->heard)) - mdyn_level (s->level)) > 1)
		s->evidence = fmin (s->evidence, 2.5); /* a drift too slow for 4 */
	s->evidence = fmin (s->evidence + MDYN_BLOCK, l->rows.memory);
	s->level += MDYN_BLOCK / s->evidence * (m - s->level);
	l->average += MDYN_BLOCK / clamp (l->age, 0.15, 60) * (m - l->average);
}

void
mdyn_leveller_hear (mdyn_leveller *l, double energy)
{
	mdyn_past *p = &l->past;
	const mdyn_section *s = &l->section;
	uint64_t k = p->heard;
	mdyn_past_hear (p, energy);
	double loudness = p->loudness[mdyn_at (k)];
	l->plan[mdyn_at (k)] = l->gain;
	l->hold[mdyn_at (k)] = l->holding;
	expect (l, loudness);

	/* 1. */
	size_t back = k + 1 - s->since < 4 ? (size_t) (k + 1 - s->since) : 4;
	double m = mdyn_past_mean (p, k + 1 - back, k + 1);
	bool on = l->on[mdyn_at (k)] = mdyn_level (m) > l->rows.gate && loudness > -70;
	if (k < l->played) { /* with no look-ahead it was played before it was known */
		l->audible |= loudness > l->rows.gate;
		account (l, k);
	}
	if (!l->seeded) {
		seed (l);
		return;
	}
	l->changed += MDYN_BLOCK;
	if (p->still && loudness > -70 && loudness < -50)
		l->boost_cap = fmax (0, l->rows.target - NOISE - loudness);
	if (!on)
		return;
	leave_pause (l, loudness);
	bool pausing = p->still && p->still < 15 / MDYN_BLOCK && loudness < mdyn_level (s->level) - 4, talks = mdyn_past_talks (p, s);
	bool falls = p->heard >= l->item + 20 && mdyn_past_falls (p, s); /* and not from one item to the next */
	l->hold[mdyn_at (k)] = l->holding = pausing || (falls && !talks);
	if (!l->holding && l->fall.stairs && (l->fall.steady += talks ? TALK : 1) >= STEADY + STEADY_STAIR * (l->fall.stairs - 1))
		l->fall.stairs = 0;
	l->talk |= l->age < ADJUSTS && mdyn_past_breaks (p, s);
	l->expected.on_target = on_target (l);
	if (turn (l) || m <= s->level / 10 || pausing)
		return;
	learn (l, m);
	if (l->audible)
		follow (l);
	else if (fabs (l->rows.target - mdyn_level (s->level)) >= 2) /* not one word played yet: the seed may still be bettered */
		redate (l, l->played, wanted (l));
	l->plan[mdyn_at (k)] = l->gain;
}

/* dB/s by which the gain may rise into block p. */
static double
rise (const mdyn_leveller *l, uint64_t p)
{
	double fastest = l->rows.rise;
	uint64_t newest = l->past.heard - 1, ahead = p + AHEAD < newest ? p + AHEAD : newest;
	if (l->past.heard && l->hold[mdyn_at (ahead)])
		return 0;
	if (p >= l->past.heard)
		return fastest;
	if (l->past.loudness[mdyn_at (p)] < -75)
		return fmax (60, fastest);
	for (uint64_t k = p; k <= p + 1 && k <= newest; k++) /* the rise ends with the phrase, not in the noise after it */
		if (l->past.loudness[mdyn_at (k)] < mdyn_level (l->section.level) - GONE)
			return 0;
	return fastest;
}

/* 8. */
double
mdyn_leveller_play (mdyn_leveller *l, double *start)
{
	uint64_t p = l->played++;
	bool known = p < l->past.heard;
	double want = known ? l->plan[mdyn_at (p)] : l->gain, late = want;
	for (uint64_t k = p + 1; k < l->past.heard; k++)
		want = fmin (want, l->plan[mdyn_at (k)] + l->rows.fall * MDYN_BLOCK * (double) (k - p - 1));
	if (p == l->item)
		l->audible = false;
	if (!l->seeded && p >= l->item)
		want = l->now; /* nothing is known of it yet */
	if (p == 0)
		l->now = want;
	*start = l->now;
	if (l->fall.stairs)
		want = fmin (want, fmax (l->fall.gain + DOUBTED, l->now));
	if (l->audible) {
		/* Before the loud block 60 dB/s are as much as the end of the quiet one bears; once it has begun, less time is better. */
		double fall = fmax (late < l->now ? 120 : 60, l->rows.fall);
		want = clamp (want, l->now - fall * MDYN_BLOCK, l->now + rise (l, p) * MDYN_BLOCK);
	}
	l->now = want;
	if (known) {
		l->audible |= p >= l->item && l->past.loudness[mdyn_at (p)] > l->rows.gate;
		account (l, p);
	}
	return want;
}
