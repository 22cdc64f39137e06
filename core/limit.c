/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The limiter works when a quantum is complete and plays the factors out during the next.
 *
 *   peaks of groups of frames -> reduction D = log2 (peak / ceiling) -> link -> sliding maximum -> release: R0 >= D that returns from a transient and holds a
 *   level -> the gain 2^-R0 made smooth twice, over the whole lookahead and over its last 6 ms -> a mean of both -> straight lines between the groups
 *
 * D, R0, R, E, M are reductions in log2 units (6.02 dB each). Of each lane (a channel, or all together at link 100):
 *   C   largest D of the last 17 ms: closes the gaps between the half-cycles of a tone, down to 20 Hz.
 *   E   level: the smallest C of 150 ms, what was needed all the time, less what C moved in that time beyond a tolerance. A tone, a chord, a held note have one;
 *       speech, drums and most music have none, and pay no loudness for it.
 *   R   released level, slowly. R0 what is applied, R0 >= R, R0 >= D.
 *   M   mean of R0 over 400 ms. What R0 stands above R is a transient, and returns exponentially: slowly where limiting is rare (it costs no loudness and moves
 *       the gain least), DENSE times as fast where it is dense.
 * Each of the two smooth gains alone holds the ceiling, and so does any mean of them. The wide one moves the least, the narrow one loses the least: the mean
 * leans towards the narrow one as the reduction grows. It is a power mean of exponent -8, which lets the gain stand above the wide one by a dB or two, however
 * deep that is, so that what two peaks close to each other need does not become a flutter.
 *
 * The constants were chosen on some music and reported on other; docs/measurements.md says what else was tried. */
#include "limit.h"

#include <stddef.h>

#include "dsp/dsp.h"
#include "lookahead.h"
#include "truepeak.h"

#define GROUPS_MAX (QUANTUM / 8)
/* What peaks of the output stand above the detector's reading of the input, dB: its error, and what the gain's movement adds, the more the faster it closes
 * (per group of the narrow gain's lookahead). */
#define MARGIN_DB 0.015
#define MARGIN_SLOPE_DB 0.12
#define MARGIN (1 - 1e-5)                         /* mdyn_log2, mdyn_exp2 and the rounding of factor and product */
#define IDLE 2e-5f                                /* log2: reductions below end */
#define NEAR 0.02                                 /* log2: lanes to be joined */

#define LEVEL_SLOWER 3.0                          /* a level's release time over a transient's */
#define LEVEL_STEADY 0.02f                        /* log2: what C may move while it is a level */
#define DENSE 5.0                                 /* a transient's release time where limiting is rare over that where it is dense */
#define DENSITY (1 / MDYN_DB_PER_LOG2)            /* M half-way between rare and dense */
#define DENSITY_MS 400                            /* of M */
#define NARROW_MS 6                               /* the narrow gain's lookahead */
#define ROUND_MS 2                                /* of the second box */
#define LEAN 0.05                                 /* the narrow gain's share in the mean ... */
#define LEAN_SLOPE 0.93                           /* ... and what it gains on the way to silence */

typedef struct lane {
	double r0, r, mean;                       /* R0, R, M */
	double gain;                              /* where the last group ended */
	_Alignas (64) char more[];                /* boxes' state, windows; flat, so that lanes can be copied */
} lane;

/* A sliding maximum: place and phase in every lane. */
typedef struct window {
	size_t w, at, offset;
} window;

typedef struct timing {
	float transient, dense;                   /* share of the way back made in a group, by how dense limiting is */
	float level, mean;                        /* share left after a quantum: of a level, of M */
} timing;

struct mdyn_limiter {
	mdyn_limiter_setup setup;
	size_t group, groups;                     /* frames in a group (the grid of the gain), groups in a quantum */
	size_t lookahead, narrow;                 /* groups: the whole, the narrow gain's */
	mdyn_truepeak *tp;                        /* NULL: sample peak */
	float *peak;                              /* [channels][GROUPS_MAX] of sample peak, and reductions in work */
	mdyn_boxes wide_boxes, narrow_boxes;
	size_t narrow_state, windows;             /* in a lane's `more`: doubles of the wide boxes, bytes of all */
	size_t at;                                /* of the boxes */
	window hold, reach, c, least, most;       /* sliding maxima: of D, of R0 over the rest of the lookahead; of the level: C, its extremes over 150 ms */
	char *lanes;                              /* [channels] of lane_size bytes */
	size_t lane_size;
	timing timing;
	bool auto_release;
	float link;
	double ceiling, low, low_before;          /* linear, margins taken; the lowest in force in this quantum and the last */
	bool apart;                               /* lanes live by themselves; else lane 0 is for all */
	size_t quiet, quiet_long;                 /* quanta without a peak above the ceiling; how many empty all windows */
	float *play;                              /* [2][channels][QUANTUM] factors: being played, being computed */
	unsigned side;                            /* the one being played */
	struct { bool apart, ones; float least; } playing[2]; /* whether its lanes differ; are all 1; its smallest factor */
	float db;                                 /* of that, being played */
};

static size_t
in_groups (double ms, unsigned rate)
{
	size_t n = (size_t) (ms / 1000 * rate / (double) mdyn_truepeak_group (rate) + 0.5);
	return n < 2 ? 2 : n;
}

size_t
mdyn_limiter_latency (const mdyn_limiter_setup *s)
{
	return QUANTUM + in_groups (s->lookahead, s->rate) * mdyn_truepeak_group (s->rate) + (s->true_peak ? MDYN_TRUEPEAK_DELAY : 0);
}

static lane *
lane_of (const mdyn_limiter *l, unsigned i)
{
	return (lane *) (void *) (l->lanes + i * l->lane_size);
}

/* Claims w values of the lanes for a window. */
static void
add_window (window *win, size_t w, size_t *offset)
{
	*win = (window) { .w = w, .offset = *offset };
	*offset += (w + 1) * sizeof (float);
}

static size_t
quanta (double ms, unsigned rate)
{
	return (size_t) ceil (ms / 1000 * rate / QUANTUM);
}

mdyn_limiter *
mdyn_limiter_lay (mdyn_arena *a, const mdyn_limiter_setup *setup)
{
	unsigned channels = setup->channels, rate = setup->rate;
	mdyn_limiter x = { .setup = *setup, .group = mdyn_truepeak_group (rate), .lookahead = in_groups (setup->lookahead, rate) };
	x.groups = QUANTUM / x.group;
	x.narrow = in_groups (NARROW_MS, rate) < x.lookahead ? in_groups (NARROW_MS, rate) : x.lookahead;
	mdyn_boxes_setup (&x.wide_boxes, x.lookahead, in_groups (ROUND_MS, rate), 0);
	mdyn_boxes_setup (&x.narrow_boxes, x.narrow, in_groups (ROUND_MS, rate), x.lookahead - x.narrow);
	x.narrow_state = mdyn_boxes_state (&x.wide_boxes);
	x.windows = (x.narrow_state + mdyn_boxes_state (&x.narrow_boxes)) * sizeof (double);
	size_t bytes = x.windows;
	add_window (&x.hold, x.narrow + 1, &bytes);
	add_window (&x.reach, x.lookahead - x.narrow + 1, &bytes);
	add_window (&x.c, quanta (17, rate) + 1, &bytes);
	add_window (&x.least, quanta (150, rate), &bytes);
	add_window (&x.most, x.least.w, &bytes);
	x.lane_size = (sizeof (lane) + bytes + 63) & ~(size_t) 63;
	x.quiet_long = 2 * (x.lookahead / x.groups + 1) + x.c.w + x.least.w + 2;

	mdyn_limiter *l = mdyn_carve (a, 1, sizeof *l);
	x.tp = setup->true_peak ? mdyn_truepeak_lay (a, rate, channels, true) : NULL;
	x.peak = mdyn_carve (a, (size_t) GROUPS_MAX * channels, sizeof *x.peak);
	x.lanes = mdyn_carve (a, channels, x.lane_size);
	x.play = mdyn_carve (a, (size_t) 2 * QUANTUM * channels, sizeof *x.play);
	if (!l)
		return NULL;
	*l = x;
	mdyn_limiter_update (l, 0, 18, true, 1, true);
	mdyn_limiter_reset (l);
	return l;
}

void
mdyn_limiter_reset (mdyn_limiter *l)
{
	unsigned channels = l->setup.channels;
	if (l->tp)
		mdyn_truepeak_reset (l->tp);
	memset (l->peak, 0, GROUPS_MAX * channels * sizeof *l->peak);
	memset (l->lanes, 0, channels * l->lane_size);
	for (unsigned c = 0; c < channels; c++)
		lane_of (l, c)->gain = 1;
	l->hold.at = l->reach.at = l->c.at = l->least.at = l->most.at = l->at = 0;
	l->apart = false;
	l->quiet = l->quiet_long;
	l->side = 0;
	l->db = 0;
	for (size_t i = 0; i < (size_t) 2 * QUANTUM * channels; i++)
		l->play[i] = 1;
	for (int i = 0; i < 2; i++) {
		l->playing[i].apart = false;
		l->playing[i].ones = true;
		l->playing[i].least = 1;
	}
}

static double
share (double frames, double ms, unsigned rate)
{
	return 1 - exp (-frames * 1000 / (ms * rate));
}

/* A lower ceiling holds from the frame that is next to come in, a higher one from the next quantum on: the lookahead and the release make both smooth, a
 * ramp would only let peaks through. */
void
mdyn_limiter_update (mdyn_limiter *l, double ceiling, double release, bool auto_release, double link, bool jump)
{
	unsigned rate = l->setup.rate;
	l->ceiling = pow (10, (ceiling - (l->setup.true_peak ? MARGIN_DB + MARGIN_SLOPE_DB / (double) l->narrow : 0)) / 20) * MARGIN;
	l->low = jump || l->ceiling < l->low ? l->ceiling : l->low;
	l->low_before = jump ? l->ceiling : l->low_before;
	l->link = (float) link;
	l->auto_release = auto_release;
	l->timing.transient = (float) share ((double) l->group, release, rate);
	l->timing.dense = (float) share ((double) l->group, release / DENSE, rate);
	l->timing.mean = (float) (1 - share (QUANTUM, DENSITY_MS, rate));
	l->timing.level = (float) (1 - share (QUANTUM, release * LEVEL_SLOWER, rate));
}

static void
slide (lane *e, const window *win, float *x, size_t n)
{
	mdyn_slide_max ((float *) (void *) (e->more + win->offset), win->w, win->at, x, n);
}

static void
advance (window *win, size_t n)
{
	for (win->at += n; win->at >= win->w; win->at -= win->w) {}
}

/* The level, once a quantum: largest = largest D of its groups. */
static void
level (mdyn_limiter *l, lane *e, float largest)
{
	float c = largest;
	slide (e, &l->c, &c, 1);
	float most = c, least = -c;
	slide (e, &l->most, &most, 1);
	slide (e, &l->least, &least, 1);
	least = -least;
	float moved = most - least;
	if (!l->auto_release) {
		e->r = 0;
		return;
	}
	double now = (double) (least - (moved > LEVEL_STEADY ? moved - LEVEL_STEADY : 0));
	now = now > 0 ? now : 0;
	/* R stands a little above the level and stays where it is as long as it does: else the detector's ripple on a steady tone would move the gain. */
	double above = 0.02 * now < 0.008 ? 0.02 * now : 0.008, fallen = e->r * l->timing.level;
	if (fallen > now + 1.5 * above)
		e->r = fallen;
	else if (e->r < now + 0.3 * above || e->r > now + 1.5 * above)
		e->r = now + above;
}

/* The share of the way back that a transient makes in a group. */
static double
pace (const mdyn_limiter *l, const lane *e)
{
	double m = e->mean / DENSITY;
	return l->auto_release ? l->timing.dense + (l->timing.transient - l->timing.dense) / (1 + m * m) : l->timing.transient;
}

/* d[groups]: required reductions, overwritten -> gain at the end of each group; room for twice as many. */
static void
respond (mdyn_limiter *l, lane *e, float *d, double *gain)
{
	float r[2 * GROUPS_MAX], *wide = r, *narrow = r + l->groups, largest = 0;
	double *more = (double *) (void *) e->more, most = 0;
	slide (e, &l->hold, d, l->groups);
	for (size_t j = 0; j < l->groups; j++)
		largest = d[j] > largest ? d[j] : largest;
	level (l, e, largest);
	double above = e->r0 > e->r ? e->r0 - e->r : 0, left = 1 - pace (l, e);
	for (size_t j = 0; j < l->groups; j++) {
		double needed = (double) d[j] - e->r;
		above *= left;
		above = needed > above ? needed : above;
		most = above > most ? above : most;
		wide[j] = (float) (e->r + above);
		narrow[j] = wide[j];
	}
	most += e->r;
	e->r0 = e->r + above;
	if (e->r0 < IDLE && d[l->groups - 1] == 0)
		e->r0 = e->r = 0;
	e->mean = most + (e->mean - most) * l->timing.mean;
	slide (e, &l->reach, wide, l->groups);
	mdyn_dsp->closing (gain, r, MDYN_BOXES_GRAIN, 2 * l->groups);
	mdyn_boxes_run (&l->wide_boxes, more, l->at, gain, l->groups);
	mdyn_boxes_run (&l->narrow_boxes, more + l->narrow_state, l->at, gain + l->groups, l->groups);
	mdyn_dsp->power_mean (gain, gain + l->groups, LEAN, LEAN_SLOPE, l->groups);
}

/* Factors between the ends of groups. Returns the smallest. */
static double
draw (mdyn_limiter *l, lane *e, const double *gain, float *play)
{
	double least = e->gain;
	for (size_t j = 0; j < l->groups; j++)
		least = gain[j] < least ? gain[j] : least;
	mdyn_dsp->lines (play, e->gain, gain, l->group, l->groups);
	e->gain = gain[l->groups - 1];
	return least;
}

static float
lowest (const mdyn_limiter *l)
{
	return (float) (l->low < l->low_before ? l->low : l->low_before);
}

static const float *
peaks_of (const mdyn_limiter *l, unsigned channel)
{
	return l->tp ? mdyn_truepeak_groups (l->tp, channel) : l->peak + channel * GROUPS_MAX;
}

/* Peaks -> required reductions, l->peak[lane][group]. False: none anywhere. */
static bool
require (mdyn_limiter *l, unsigned lanes)
{
	unsigned channels = l->setup.channels;
	float low = lowest (l), over = 1 / low, most[GROUPS_MAX] = { 0 };
	l->low_before = l->low;
	l->low = l->ceiling;
	if (l->tp && !mdyn_truepeak_any (l->tp))
		return false;
	for (unsigned c = 0; c < channels; c++)
		mdyn_dsp->abs_max (most, peaks_of (l, c), GROUPS_MAX);
	if (mdyn_dsp->largest (most, GROUPS_MAX) <= low)
		return false;
	if (lanes == 1) {
		mdyn_dsp->excess (l->peak, most, over, GROUPS_MAX);
		return true;
	}
	mdyn_dsp->excess (most, most, over, GROUPS_MAX);
	for (size_t j = 0; j < GROUPS_MAX; j++)
		most[j] *= l->link;
	for (unsigned c = 0; c < lanes; c++) {
		float *d = l->peak + c * GROUPS_MAX;
		mdyn_dsp->excess (d, peaks_of (l, c), over, GROUPS_MAX);
		mdyn_dsp->abs_max (d, most, GROUPS_MAX);
	}
	return true;
}

/* All lanes hear the same now; where their releases stand close to the slowest they take its place, and the FIR makes the step smooth. */
static void
approach (mdyn_limiter *l)
{
	unsigned channels = l->setup.channels;
	double r0 = 0, r = 0, mean = 0;
	for (unsigned c = 0; c < channels; c++) {
		const lane *e = lane_of (l, c);
		r0 = e->r0 > r0 ? e->r0 : r0;
		r = e->r > r ? e->r : r;
		mean = e->mean > mean ? e->mean : mean;
	}
	for (unsigned c = 0; c < channels; c++) {
		lane *e = lane_of (l, c);
		if (r0 - e->r0 < NEAR && r - e->r < NEAR) {
			e->r0 = r0;
			e->r = r;
			e->mean = mean;
		}
	}
}

static bool
equal (const mdyn_limiter *l, const lane *a, const lane *b)
{
	const double *x = (const double *) (const void *) a->more, *y = (const double *) (const void *) b->more;
	return !memcmp (a, b, offsetof (lane, more)) && mdyn_boxes_equal (&l->wide_boxes, x, y, l->at) &&
	       mdyn_boxes_equal (&l->narrow_boxes, x + l->narrow_state, y + l->narrow_state, l->at) &&
	       !memcmp (a->more + l->windows, b->more + l->windows, l->lane_size - offsetof (lane, more) - l->windows);
}

/* Below link 100 each lane goes on by itself from where the common one stood; back at 100 they are one again once they have become equal to the bit. */
static void
part_or_join (mdyn_limiter *l)
{
	unsigned channels = l->setup.channels;
	bool linked = l->link >= 1;
	if (channels == 1 || l->apart == !linked)
		return;
	if (linked)
		approach (l);
	for (unsigned c = 1; c < channels; c++) {
		if (!linked)
			memcpy (lane_of (l, c), lane_of (l, 0), l->lane_size);
		else if (!equal (l, lane_of (l, c), lane_of (l, 0)))
			return;
	}
	l->apart = !linked;
}

static void
proceed (mdyn_limiter *l, unsigned lanes)
{
	advance (&l->hold, l->groups);
	advance (&l->reach, l->groups);
	advance (&l->c, 1);
	advance (&l->least, 1);
	advance (&l->most, 1);
	l->at += l->groups;
	if (l->at < MDYN_BOXES_SPAN)
		return;
	l->at = 0;
	for (unsigned c = 0; c < lanes; c++) {
		double *more = (double *) (void *) lane_of (l, c)->more;
		mdyn_boxes_move (&l->wide_boxes, more);
		mdyn_boxes_move (&l->narrow_boxes, more + l->narrow_state);
	}
}

/* A quantum is complete: the factors of the next. */
static void
quantum (mdyn_limiter *l)
{
	unsigned side = !l->side, channels = l->setup.channels;
	part_or_join (l);
	unsigned lanes = l->apart ? channels : 1;
	bool busy = require (l, lanes);
	l->quiet = busy ? 0 : l->quiet < l->quiet_long ? l->quiet + 1 : l->quiet;
	bool idle = l->quiet >= l->quiet_long;
	for (unsigned c = 0; c < lanes && idle; c++)
		idle = lane_of (l, c)->r0 == 0 && lane_of (l, c)->gain == 1;
	float *play = l->play + (size_t) side * channels * QUANTUM;
	bool ones = l->playing[side].ones && l->playing[side].apart == l->apart;
	l->playing[side].apart = l->apart;
	l->playing[side].ones = idle;
	l->playing[side].least = 1;
	if (idle) { /* all else that a lane holds is zero and stays so */
		for (unsigned c = 0; c < lanes; c++)
			lane_of (l, c)->mean *= l->timing.mean;
		for (unsigned i = 0; i < lanes * QUANTUM && !ones; i++)
			play[i] = 1;
	} else {
		if (!busy)
			memset (l->peak, 0, GROUPS_MAX * lanes * sizeof *l->peak);
		double least = 1;
		for (unsigned c = 0; c < lanes; c++) {
			double gain[2 * GROUPS_MAX];
			lane *e = lane_of (l, c);
			respond (l, e, l->peak + c * GROUPS_MAX, gain);
			double g = draw (l, e, gain, play + c * QUANTUM);
			least = g < least ? g : least;
		}
		proceed (l, lanes);
		l->playing[side].least = (float) least;
	}
	if (!l->tp)
		memset (l->peak, 0, GROUPS_MAX * channels * sizeof *l->peak);
	l->side = side;
}

float
mdyn_limiter_run (mdyn_limiter *l, const float *const *x, size_t at, size_t n, const float **gain)
{
	unsigned channels = l->setup.channels, side = l->side;
	for (unsigned c = 0; c < channels; c++)
		gain[c] = l->play + ((size_t) side * channels + (l->playing[side].apart ? c : 0)) * QUANTUM + at;
	bool complete = at + n == QUANTUM;
	if (at == 0 && l->playing[side].least < 1)
		mdyn_dsp->log2 (&l->db, &l->playing[side].least, 1);
	if (at == 0)
		l->db = l->playing[side].least < 1 ? -(float) MDYN_DB_PER_LOG2 * l->db : 0;
	if (l->tp) {
		mdyn_truepeak_put (l->tp, x, at, n);
		if (complete)
			mdyn_truepeak_tell (l->tp, lowest (l));
	} else {
		for (unsigned c = 0; c < channels; c++)
			for (size_t i = 0, k; i < n; i += k) {
				size_t j = (at + i) / l->group, rest = (j + 1) * l->group - at - i;
				k = rest < n - i ? rest : n - i;
				float a = mdyn_dsp->peak (x[c] + i, k), *p = &l->peak[c * GROUPS_MAX + j];
				*p = a > *p ? a : *p;
			}
	}
	if (complete)
		quantum (l);
	return l->db;
}

/* masterlimit: the limiter behind a gain. */
typedef struct limit {
	mdyn_limiter *limiter;
	mdyn_ramp drive;                          /* the input gain, log2 */
	float *line;                              /* [size] factors of the input gain, until their frame comes out */
	size_t size, at, latency;
	size_t steady;                            /* for how many frames the factor has not changed, up to size */
	float last;                               /* the newest factor */
	double gain;                              /* and the gain it was made of, log2 */
	float *factor;                            /* [channels][span] */
	size_t span;
} limit;

static mdyn_limiter_setup
setup_of (const mdyn_proc *p)
{
	return (mdyn_limiter_setup) { .rate = p->format.rate,
	                              .channels = p->format.channels,
	                              .lookahead = p->v[MDYN_LIMIT_lookahead],
	                              .true_peak = p->v[MDYN_LIMIT_true_peak] != 0 };
}

static size_t
latency (const mdyn_proc *p)
{
	mdyn_limiter_setup setup = setup_of (p);
	return mdyn_limiter_latency (&setup);
}

static void
reset (mdyn_proc *p)
{
	limit *s = p->state;
	mdyn_limiter_reset (s->limiter);
	s->at = 0;
	s->steady = s->size;
	s->last = 1;
	s->gain = 0;
	for (size_t i = 0; i < s->size; i++)
		s->line[i] = 1;
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	mdyn_limiter_setup setup = setup_of (p);
	size_t frames = mdyn_limiter_latency (&setup), size = frames + QUANTUM;
	limit *s = mdyn_carve (a, 1, sizeof *s);
	float *line = mdyn_carve (a, size, sizeof *line);
	float *factor = mdyn_carve (a, mdyn_span (p) * setup.channels, sizeof *factor);
	mdyn_limiter *limiter = mdyn_limiter_lay (a, &setup);
	p->state = s;
	if (!s)
		return;
	*s = (limit) { .limiter = limiter, .line = line, .size = size, .latency = frames, .factor = factor, .span = mdyn_span (p) };
	reset (p);
}

static void
update (mdyn_proc *p, bool jump)
{
	limit *s = p->state;
	mdyn_ramp_to (&s->drive, p->v[MDYN_LIMIT_input_gain] / MDYN_DB_PER_LOG2, MDYN_RAMP_MS / 1000 * p->format.rate, jump);
	mdyn_limiter_update (s->limiter, p->v[MDYN_LIMIT_ceiling], p->v[MDYN_LIMIT_release], p->v[MDYN_LIMIT_auto_release] != 0,
	                     p->v[MDYN_LIMIT_link] / 100, jump);
}

/* The factors of the input gain for the n frames that come in go to `in`, and into the line; those for the n frames that go out to `out`. */
static void
drive (limit *s, float *in, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		in[i] = (float) mdyn_ramp_next (&s->drive);
	s->gain = s->drive.now;
	mdyn_dsp->exp2 (in, in, n);
	for (size_t i = 0; i < n; i++) {
		s->steady = in[i] != s->last ? 0 : s->steady < s->size ? s->steady + 1 : s->size;
		s->last = in[i];
		s->line[s->at] = in[i];
		size_t from = s->at >= s->latency ? s->at - s->latency : s->at + s->size - s->latency;
		out[i] = s->line[from];
		s->at = s->at + 1 < s->size ? s->at + 1 : 0;
	}
}

/* What is known of a block's factors so far. */
typedef struct factors {
	size_t ones;                              /* as many were 1 before the first that was not, and were not written */
	bool own;                                 /* channels have their own */
} factors;

/* The factors of n frames of the block from `from` on, place `at` of their quantum. Returns the largest reduction in dB. */
static float
run (limit *s, const mdyn_block *b, unsigned channels, factors *k, size_t from, size_t at, size_t n)
{
	float in[QUANTUM], out[QUANTUM], *x[MDYN_CHANNELS_MAX];
	const float *gain[MDYN_CHANNELS_MAX];
	/* A gain that was there when every frame still inside came in needs no line, and one of 0 dB no work. */
	bool still = s->steady == s->size && s->drive.step == 0 && s->drive.now == s->gain, none = still && s->gain == 0;
	if (!still)
		drive (s, in, out, n);
	for (size_t i = 0; i < n && still && !none; i++)
		in[i] = out[i] = s->last;
	for (unsigned c = 0; c < channels; c++) {
		x[c] = b->det[c] + from;
		for (size_t i = 0; i < n && !none; i++)
			x[c][i] *= in[i];
	}
	float db = mdyn_limiter_run (s->limiter, (const float *const *) x, at, n, gain);
	if (k->ones == from && none && db == 0) {
		k->ones += n;
		return 0;
	}
	for (size_t i = 0; i < from && k->ones == from; i++)
		s->factor[i] = 1;
	if (!k->own && gain[channels - 1] != gain[0]) {
		k->own = true;
		for (unsigned c = 1; c < channels; c++)
			memcpy (s->factor + c * s->span, s->factor, from * sizeof *s->factor);
	}
	for (unsigned c = 0; c < (k->own ? channels : 1); c++) {
		float *f = s->factor + c * s->span + from;
		memcpy (f, gain[c], n * sizeof *f);
		for (size_t i = 0; i < n && !none; i++)
			f[i] *= out[i];
	}
	return db;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	limit *s = p->state;
	unsigned channels = p->format.channels;
	factors k = { 0 };
	float most = 0;
	for (size_t done = 0, n; done < b->n; done += n) {
		size_t at = (b->at + done) % QUANTUM;
		n = QUANTUM - at < b->n - done ? QUANTUM - at : b->n - done;
		float db = run (s, b, channels, &k, done, at, n);
		most = db > most ? db : most;
	}
	mdyn_publish_largest (p, MDYN_LIMIT_gain_reduction, most);
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = k.ones == b->n ? NULL : s->factor + (k.own ? c * s->span : 0);
}

const mdyn_ops mdyn_limit_ops = { .spans = true, .latency = latency, .lay = lay, .reset = reset, .update = update, .gain = gain };
