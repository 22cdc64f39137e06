/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastergate. In log2 units (6.02 dB):
 *   key filters -> level -> open or not (hysteresis, hold) -> reduction wanted (0 open; ratio, knee, range closed) -> link -> duck
 *   -> ballistics -> factor
 * The level is the largest magnitude of the last 25 ms: half-waves down to 20 Hz are bridged, so a tone does not chatter at its zeros. Two poles in
 * series move the reduction: no corner where it starts, and so nothing that splatters. docs/dynamics.md has every formula. With a key of another
 * channel count, or link 100, one gate serves all channels. */
#include "detector.h"
#include "dsp/dsp.h"
#include "keyfilter.h"

typedef struct lane {
	size_t open;                              /* frames for which it stays open, this one too; 0 closed */
	double first, s;                          /* the reduction after one pole and after both */
	double first_from, from;                  /* both where the present target began to stand still, or this quantum began; */
	size_t since;                             /* frames moved since, */
	bool rises;                               /* this way */
	float before;                             /* the last one aimed at */
	float heard, level, reduction;            /* the last level that stood still, its log2, and what the curve made of it; heard NAN: none */
	float rest, factor;                       /* the last reduction at rest, and the factor; rest NAN: none */
} lane;

/* Of a direction of movement: share of the way made in a frame by either pole; what is left after 1, 2 .. frames of either's distance from a target that
 * stands still, and how much of the first's has come into the second's. */
typedef struct pace {
	double first, second;
	double left[QUANTUM], second_left[QUANTUM], passed[QUANTUM];
} pace;

/* Rows that ramp: log2 units; threshold is where it opens; slope = ratio - 1, limited so that it stays finite; duck and link 0..1. */
enum { THRESHOLD, KNEE, SLOPE, RANGE, DUCK, LINK, RAMPS };

typedef struct gate {
	mdyn_keyfilter filter;
	mdyn_ramp ramp[RAMPS];
	float row[RAMPS][QUANTUM];                /* their values in this quantum */
	float steepest[QUANTUM];                  /* the slope, but no steeper than what brings the range at the knee's lower end */
	bool still;                               /* in every quantum: no ramp moves */
	pace rise, fall;                          /* of the reduction */
	float hysteresis;                         /* log2 units */
	size_t hold, window;                      /* frames; hold without what the window holds already */
	mdyn_keyfilter_state *filtered;           /* [det_channels] */
	mdyn_window *windows;                     /* [det_channels], of lanes */
	lane *lanes;                              /* [det_channels] */
	mdyn_factors factors;
} gate;

#define SLOPE_MAX 1e4
/* Two poles, the second 8 times as fast, make 1-1/e of a step after 1.13349 of the first's time: the root of 8/7 e^-x - 1/7 e^-8x = 1/e. */
#define LABEL_TO_FIRST 1.133486616
#define SECOND 8

static size_t
latency (const mdyn_proc *p)
{
	return mdyn_frames (p, p->v[MDYN_GATE_lookahead]);
}

static size_t
heard (const mdyn_proc *p)
{
	return mdyn_window_quanta (mdyn_frames (p, MDYN_WINDOW_MS));
}

static void
reset (mdyn_proc *p)
{
	gate *s = p->state;
	unsigned dets = mdyn_det_channels (p);
	memset (s->filtered, 0, dets * sizeof *s->filtered);
	memset (s->lanes, 0, dets * sizeof *s->lanes);
	for (unsigned c = 0; c < dets; c++)
		mdyn_window_clear (&s->windows[c], 0);
	s->factors.apart = false;
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	gate *s = mdyn_carve (a, 1, sizeof *s);
	unsigned dets = mdyn_det_channels (p);
	mdyn_keyfilter_state *filtered = mdyn_carve (a, dets, sizeof *filtered);
	mdyn_window *windows = mdyn_window_carve (a, dets, mdyn_frames (p, MDYN_WINDOW_MS) + 1);
	lane *lanes = mdyn_carve (a, dets, sizeof *lanes);
	float *x = mdyn_carve (a, mdyn_span (p) * dets, sizeof *x);
	p->state = s;
	if (!s)
		return;
	s->filtered = filtered;
	s->windows = windows;
	s->lanes = lanes;
	s->factors.x = x;
	s->factors.span = mdyn_span (p);
}

static pace
pace_of (double ms, double rate)
{
	double first = ms / LABEL_TO_FIRST, left = 1, second_left = 1, passed = 0;
	pace w = { .first = mdyn_time_constant (first, rate), .second = mdyn_time_constant (first / SECOND, rate) };
	for (int i = 0; i < QUANTUM; i++) {
		w.left[i] = left *= 1 - w.first;
		w.second_left[i] = second_left *= 1 - w.second;
		w.passed[i] = passed += w.second * (left - passed);
	}
	return w;
}

static void
anchor (lane *l)
{
	l->first_from = l->first;
	l->from = l->s;
	l->since = 0;
}

/* A stream starts with the gate open: what it begins with is not faded in. Nor does a ducker start by ducking. */
static void
update (mdyn_proc *p, bool jump)
{
	gate *s = p->state;
	const double *v = p->v;
	double rate = p->format.rate, frames = MDYN_RAMP_MS / 1000 * rate;
	bool duck = v[MDYN_GATE_duck] != 0;
	mdyn_ramp_to (&s->ramp[THRESHOLD], v[MDYN_GATE_threshold] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[KNEE], v[MDYN_GATE_knee] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[SLOPE], fmin (v[MDYN_GATE_ratio] - 1, SLOPE_MAX), frames, jump);
	mdyn_ramp_to (&s->ramp[RANGE], v[MDYN_GATE_range] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[DUCK], duck, frames, jump);
	mdyn_ramp_to (&s->ramp[LINK], v[MDYN_GATE_link] / 100, frames, jump);
	s->still = false;
	mdyn_keyfilter_update (&s->filter, v[MDYN_GATE_key_highpass], v[MDYN_GATE_key_lowpass], rate, jump);
	s->hysteresis = (float) (v[MDYN_GATE_hysteresis] / MDYN_DB_PER_LOG2);
	s->window = mdyn_frames (p, MDYN_WINDOW_MS);
	size_t hold = mdyn_frames (p, v[MDYN_GATE_hold]);
	s->hold = hold > s->window ? hold - s->window : 0;
	pace attack = pace_of (v[MDYN_GATE_attack], rate), release = pace_of (v[MDYN_GATE_release], rate);
	s->rise = duck ? attack : release;
	s->fall = duck ? release : attack;
	for (unsigned c = 0; c < mdyn_det_channels (p); c++) {
		s->lanes[c].heard = s->lanes[c].rest = NAN;
		anchor (&s->lanes[c]);
		if (jump)
			s->lanes[c].open = duck ? 0 : s->hold + s->window + 1;
	}
}

static void
rows (gate *s, size_t n)
{
	if (s->still)
		return;
	s->still = mdyn_ramp_rows (s->ramp, RAMPS, s->row, n);
	for (size_t i = 0; i < (s->still ? QUANTUM : n); i++) {
		float knee = s->row[KNEE][i], slope = s->row[SLOPE][i], range = s->row[RANGE][i];
		s->steepest[i] = slope * knee > 2 * range ? 2 * range / knee : slope;
	}
}

/* Whether it is open at a frame of the quantum, and how far below the threshold it is heard. */
static bool
opens (const gate *s, const lane *l, float level, size_t i)
{
	float under = s->row[THRESHOLD][i] - level + s->row[KNEE][i] / 2;
	return under <= 0 || (l->open && under <= s->hysteresis);
}

/* d[i] = level -> reduction of a gate, in place. */
static void
reduce (const gate *s, lane *l, float *d, size_t n)
{
	float level[QUANTUM];
	mdyn_dsp->log2 (level, d, n);
	mdyn_dsp->curve (d, level, -1, s->row[THRESHOLD], s->steepest, s->row[KNEE], s->row[RANGE], n);
	for (size_t i = 0; i < n; i++) {
		if (opens (s, l, level[i], i))
			l->open = s->hold + 1;
		else
			l->open -= l->open > 0;
		d[i] = l->open ? 0 : -d[i];
	}
}

/* The same of a staircase; mostly one step, of the level that was before. */
static void
reduce_steps (const gate *s, lane *l, mdyn_steps *d, const mdyn_steps *levels)
{
	float level[QUANTUM], closed[QUANTUM], last = levels->value[levels->n - 1];
	level[0] = l->level;
	closed[0] = l->reduction;
	if (levels->n > 1 || last != l->heard) {
		mdyn_dsp->log2 (level, levels->value, levels->n);
		mdyn_dsp->curve (closed, level, -1, s->row[THRESHOLD], s->steepest, s->row[KNEE], s->row[RANGE], levels->n);
		l->heard = last;
		l->level = level[levels->n - 1];
		l->reduction = closed[levels->n - 1];
	}
	d->n = 0;
	for (size_t k = 0; k < levels->n; k++) {
		size_t length = levels->from[k + 1] - levels->from[k], zero = length;
		if (opens (s, l, level[k], 0)) {
			l->open = s->hold + 1;
		} else {
			zero = l->open > length ? length : l->open ? l->open - 1 : 0;
			l->open -= l->open < length ? l->open : length;
		}
		if (zero)
			mdyn_steps_add (d, levels->from[k], 0);
		if (zero < length)
			mdyn_steps_add (d, levels->from[k] + (uint32_t) zero, -closed[k]);
	}
	d->from[d->n] = levels->from[levels->n];
}

/* One frame, either pole in its own direction. */
static float
step (const gate *s, lane *l, double x, bool still)
{
	double e = x - l->first;
	l->first = still && fabs (e) < MDYN_NEAR ? x : l->first + (e >= 0 ? s->rise.first : s->fall.first) * e;
	e = l->first - l->s;
	l->s = still && l->first == x && fabs (e) < MDYN_NEAR ? x : l->s + (e >= 0 ? s->rise.second : s->fall.second) * e;
	anchor (l);
	return (float) l->s;
}

/* Whether both poles move towards x in one direction, as they then do until x changes. */
static bool
together (const gate *s, lane *l, double x)
{
	double e = x - l->first;
	l->rises = e > 0 || (e == 0 && x >= l->s);
	double next = l->first + (l->rises ? s->rise.first : s->fall.first) * e;
	return l->rises ? next >= l->s : next <= l->s;
}

/* m frames of that. */
static void
glide (const gate *s, lane *l, float *d, double x, size_t m)
{
	const pace *way = l->rises ? &s->rise : &s->fall;
	const double *left = way->left + l->since, *second_left = way->second_left + l->since, *passed = way->passed + l->since;
	double first = l->first_from - x, second = l->from - x;
	mdyn_dsp->glide (d, x, first, second, left, second_left, passed, MDYN_NEAR, m);
	double a = first * left[m - 1], b = second * second_left[m - 1] + first * passed[m - 1];
	bool there = fabs (a) < MDYN_NEAR && fabs (b) < MDYN_NEAR;
	l->first = there ? x : x + a;
	l->s = there ? x : x + b;
	l->since += m;
}

/* d[0 .. n - 1] = the reduction after both poles on its way to x, at which it settles exactly, once that stands still. Where it stands still, both poles are known
 * in advance and need not wait for each other. Returns how many of them were made. */
static size_t
approach (const gate *s, lane *l, float *d, float x, size_t n)
{
	bool there = l->first == x && l->s == x, still = x == l->before;
	l->before = x;
	if (there) {
		for (size_t i = 0; i < n; i++)
			d[i] = x;
		return n;
	}
	if (still && (l->since > 0 || together (s, l, x))) {
		glide (s, l, d, x, n);
		return n;
	}
	d[0] = step (s, l, x, still);
	return 1;
}

/* In place; n frames from place `at` of the quantum on. */
static void
move (const gate *s, lane *l, float *d, size_t at, size_t n)
{
	if (at == 0)
		anchor (l);
	for (size_t i = 0; i < n;)
		i += approach (s, l, d + i, d[i], mdyn_run_length (d + i, n - i));
}

/* The same of a staircase. */
static void
climb (const gate *s, lane *l, float *d, const mdyn_steps *steps, size_t at)
{
	if (at == 0)
		anchor (l);
	for (size_t k = 0; k < steps->n; k++)
		for (size_t i = steps->from[k], end = steps->from[k + 1]; i < end;)
			i += approach (s, l, d + i, steps->value[k], end - i);
}

/* As in comp.c: below link 100 every channel has a gate of its own, which become one again once they have met. */
static void
part_or_join (const mdyn_proc *p, gate *s, size_t from, size_t at)
{
	unsigned channels = p->format.channels;
	bool linked = s->ramp[LINK].now >= 1 && s->ramp[LINK].step == 0, met = at == 0;
	if (mdyn_det_channels (p) != channels || channels == 1 || s->factors.apart == !linked)
		return;
	lane *all = s->lanes;
	for (unsigned c = 1; c < channels; c++)
		met &= fabs (all[c].s - all[0].s) < 1e-6 && fabs (all[c].first - all[0].first) < 1e-6;
	for (unsigned c = 0; c < channels && !linked; c++) {
		all[c] = all[0];
		mdyn_window_recall (&s->windows[c], &s->windows[0], p, c, from, heard (p));
	}
	for (unsigned c = 1; c < channels && linked && met; c++) {
		all[0].open = all[c].open > all[0].open ? all[c].open : all[0].open;
		mdyn_window_join (&s->windows[0], &s->windows[c]);
	}
	s->factors.apart = !linked || !met;
}

static const float none[QUANTUM];

/* A reduction at rest -> factor, in place. Returns the reduction. */
static float
stay (lane *l, float *d, size_t n)
{
	if (d[0] != l->rest) {
		l->rest = l->factor = d[0];
		mdyn_dsp->factor (&l->factor, none, 1);
	}
	for (size_t i = 0; i < n; i++)
		d[i] = l->factor;
	return l->rest;
}

/* The factors of n frames of the block from `from` on, place `at` of their quantum. Returns the largest reduction. */
static float
run (const mdyn_proc *p, const mdyn_block *b, size_t from, size_t at, size_t n)
{
	gate *s = p->state;
	unsigned channels = p->format.channels;
	part_or_join (p, s, from, at);
	rows (s, n);
	bool own = s->factors.apart;
	float *d[MDYN_CHANNELS_MAX], *x[MDYN_CHANNELS_MAX], most = 0;
	const float *const *keys = (const float *const *) x, *duck = s->row[DUCK], *range = s->row[RANGE];
	unsigned lanes = own ? channels : 1;
	for (unsigned c = 0; c < lanes; c++)
		d[c] = s->factors.x + c * s->factors.span + from;
	mdyn_keyfilter_next (&s->filter, p->format.rate, n);
	for (unsigned c = 0; c < b->det_channels; c++) {
		x[c] = b->det[c] + from;
		mdyn_keyfilter_run (&s->filter, &s->filtered[c], x[c], n);
	}
	mdyn_steps level, steps;
	if (s->still && !own) {
		mdyn_window_run (&s->windows[0], &level, keys, b->det_channels, s->window, n);
		reduce_steps (s, &s->lanes[0], &steps, &level);
		for (size_t k = 0; k < steps.n && duck[0] != 0; k++)
			steps.value[k] = (1 - duck[0]) * steps.value[k] + duck[0] * (range[0] - steps.value[k]);
		lane *l = s->lanes;
		bool rests = steps.n == 1 && l->first == steps.value[0] && l->s == steps.value[0];
		climb (s, l, d[0], &steps, at);
		return rests ? stay (l, d[0], n) : mdyn_dsp->factor (d[0], none, n);
	}
	for (unsigned c = 0; c < lanes; c++) {
		mdyn_window_run (&s->windows[c], &level, keys + c, own ? 1 : b->det_channels, s->window, n);
		mdyn_steps_spread (&level, d[c]);
		reduce (s, &s->lanes[c], d[c], n);
	}
	if (own)
		mdyn_link (d, channels, s->row[LINK], true, n);
	for (unsigned c = 0; c < lanes; c++) {
		for (size_t i = 0; i < n; i++)
			d[c][i] = (1 - duck[i]) * d[c][i] + duck[i] * (range[i] - d[c][i]);
		move (s, &s->lanes[c], d[c], at, n);
		float m = mdyn_dsp->factor (d[c], none, n);
		most = m > most ? m : most;
	}
	return most;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	mdyn_gain_by_quanta (p, b, &((gate *) p->state)->factors, run);
}

const mdyn_ops mdyn_gate_ops = { .spans = true, .latency = latency, .heard = heard, .lay = lay, .reset = reset, .update = update, .gain = gain };
