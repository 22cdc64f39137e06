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
	float flat, level, reduction;             /* the last level that stood still, its log2, and what the curve made of it; flat NAN: none */
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
	float row[RAMPS][QUANTUM];                /* their values in this block */
	float steepest[QUANTUM];                  /* the slope, but no steeper than what brings the range at the knee's lower end */
	bool still;                               /* in every block: no ramp moves */
	pace rise, fall;                          /* of the reduction */
	float hysteresis;                         /* log2 units */
	size_t hold, window;                      /* frames; hold without what the window holds already */
	mdyn_keyfilter_state *filtered;           /* [det_channels] */
	mdyn_window *windows;                     /* [det_channels] */
	lane *lanes;                              /* [det_channels] */
	float *reduction;                         /* [det_channels][QUANTUM] */
	bool apart;
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

static void
reset (mdyn_proc *p)
{
	gate *s = p->state;
	unsigned dets = mdyn_det_channels (p);
	memset (s->filtered, 0, dets * sizeof *s->filtered);
	memset (s->lanes, 0, dets * sizeof *s->lanes);
	for (unsigned c = 0; c < dets; c++)
		mdyn_window_clear (&s->windows[c]);
	s->apart = false;
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	gate *s = mdyn_carve (a, 1, sizeof *s);
	unsigned dets = mdyn_det_channels (p);
	mdyn_keyfilter_state *filtered = mdyn_carve (a, dets, sizeof *filtered);
	mdyn_window *windows = mdyn_window_carve (a, dets, mdyn_frames (p, MDYN_WINDOW_MS) + 1);
	lane *lanes = mdyn_carve (a, dets, sizeof *lanes);
	float *reduction = mdyn_carve (a, (size_t) QUANTUM * dets, sizeof *reduction);
	p->state = s;
	if (!s)
		return;
	s->filtered = filtered;
	s->windows = windows;
	s->lanes = lanes;
	s->reduction = reduction;
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
		s->lanes[c].flat = NAN;
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

/* d[i] = level -> reduction of a gate, in place. flat: all n are equal. */
static void
reduce (const gate *s, lane *l, float *d, bool flat, size_t n)
{
	const float (*row)[QUANTUM] = (const float (*)[QUANTUM]) s->row;
	bool whole = flat && s->still;
	size_t step = whole ? n : 1;
	float level[QUANTUM], heard = d[0];
	if (!whole || heard != l->flat) {
		size_t m = whole ? 1 : n;
		mdyn_dsp->log2 (level, d, m);
		mdyn_dsp->curve (d, level, -1, row[THRESHOLD], s->steepest, row[KNEE], row[RANGE], m);
		l->flat = whole ? heard : NAN;
		l->level = level[0];
		l->reduction = d[0];
	}
	level[0] = l->level;
	for (size_t i = 0; i < n; i++)
		d[i] = -(whole ? l->reduction : d[i]);
	for (size_t i = 0; i < n; i += step) {
		float under = row[THRESHOLD][i] - level[i];
		size_t zero = step;
		if (under + row[KNEE][i] / 2 <= 0 || (l->open && under + row[KNEE][i] / 2 <= s->hysteresis)) {
			l->open = s->hold + 1;
		} else {
			zero = l->open > step ? step : l->open ? l->open - 1 : 0;
			l->open -= l->open < step ? l->open : step;
		}
		for (size_t k = 0; k < zero; k++)
			d[i + k] = 0;
	}
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
glide (const gate *s, lane *l, float *d, size_t m)
{
	const pace *way = l->rises ? &s->rise : &s->fall;
	const double *left = way->left + l->since, *second_left = way->second_left + l->since, *passed = way->passed + l->since;
	double x = d[0], first = l->first_from - x, second = l->from - x;
	for (size_t i = 0; i < m; i++) {
		double off = second * second_left[i] + first * passed[i], far = fabs (off) > fabs (first * left[i]) ? off : first * left[i];
		d[i] = (float) (fabs (far) < MDYN_NEAR ? x : x + off);
	}
	double a = first * left[m - 1], b = second * second_left[m - 1] + first * passed[m - 1];
	bool there = fabs (a) < MDYN_NEAR && fabs (b) < MDYN_NEAR;
	l->first = there ? x : x + a;
	l->s = there ? x : x + b;
	l->since += m;
}

/* d[i] -> the reduction after both poles, in place; it settles at exactly what it approaches, once that stands still. Where d stands still, both poles are known
 * in advance and need not wait for each other. n frames from place `at` of the quantum on. */
static void
move (const gate *s, lane *l, float *d, size_t at, size_t n)
{
	if (at == 0)
		anchor (l);
	for (size_t i = 0, m; i < n; i += m) {
		bool there = l->first == d[i] && l->s == d[i], still = d[i] == l->before;
		l->before = d[i];
		bool glides = !there && still && (l->since > 0 || together (s, l, d[i]));
		m = there || glides ? mdyn_run_length (d + i, n - i) : 1;
		if (glides)
			glide (s, l, d + i, m);
		else if (!there)
			d[i] = step (s, l, d[i], still);
	}
}

/* As in comp.c: below link 100 every channel has a gate of its own, which become one again once they have met. */
static void
part_or_join (gate *s, const mdyn_block *b, unsigned channels)
{
	bool linked = s->ramp[LINK].now >= 1 && s->ramp[LINK].step == 0, met = b->at == 0;
	if (b->det_channels != channels || channels == 1 || s->apart == !linked)
		return;
	lane *all = s->lanes;
	for (unsigned c = 1; c < channels; c++) {
		if (!linked)
			all[c] = all[0];
		met &= fabs (all[c].s - all[0].s) < 1e-6 && fabs (all[c].first - all[0].first) < 1e-6;
	}
	s->apart = !linked || !met;
	for (unsigned c = 1; c < channels && !s->apart; c++)
		all[0].open = all[c].open > all[0].open ? all[c].open : all[0].open;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	gate *s = p->state;
	unsigned channels = p->format.channels;
	size_t n = b->n;
	part_or_join (s, b, channels);
	rows (s, n);
	bool own = s->apart;

	float *d[MDYN_CHANNELS_MAX], level[QUANTUM];
	unsigned lanes = own ? channels : 1;
	bool flat = true;
	for (unsigned c = 0; c < lanes; c++)
		d[c] = s->reduction + c * QUANTUM;
	mdyn_keyfilter_next (&s->filter, p->format.rate, n);
	for (unsigned c = 0; c < b->det_channels; c++) {
		mdyn_keyfilter_run (&s->filter, &s->filtered[c], b->det[c], n);
		flat &= mdyn_window_run (&s->windows[c], own || c == 0 ? d[c] : level, b->det[c], s->window, n);
		if (!own && c)
			mdyn_dsp->abs_max (d[0], level, n);
	}
	for (unsigned c = 0; c < lanes; c++)
		reduce (s, &s->lanes[c], d[c], flat, n);
	if (own)
		mdyn_link (d, channels, s->row[LINK], true, n);
	static const float none[QUANTUM];
	float most = 0;
	for (unsigned c = 0; c < lanes; c++) {
		const float *duck = s->row[DUCK], *range = s->row[RANGE];
		for (size_t i = 0; i < n && !(s->still && duck[0] == 0); i++)
			d[c][i] = (1 - duck[i]) * d[c][i] + duck[i] * (range[i] - d[c][i]);
		move (s, &s->lanes[c], d[c], b->at, n);
		float m = mdyn_dsp->factor (d[c], none, n);
		most = m > most ? m : most;
	}
	mdyn_publish_largest (p, MDYN_GATE_gain_reduction, most * MDYN_DB_PER_LOG2);
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = d[own ? c : 0];
}

const mdyn_ops mdyn_gate_ops = { .latency = latency, .lay = lay, .reset = reset, .update = update, .gain = gain };
