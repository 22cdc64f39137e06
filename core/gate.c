/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastergate. In log2 units (6.02 dB):
 *   magnitude -> open or not (hysteresis, hold) -> reduction wanted (0 open; ratio and range closed) -> link -> ballistics -> factor
 * A gate opens at the threshold and counts its hold anew at every sample above the closing level, so a tone does not chatter at its zeros.
 * With a key of another channel count, or link 100, one gate serves all channels. */
#include "detector.h"
#include "dsp/dsp.h"

typedef struct lane {
	size_t open;                              /* frames for which it stays open; 0 closed */
	double envelope;                          /* magnitude with an exponential fall, at most `opens`: what the expander's slope goes by */
	mdyn_ballistics ballistics;
} lane;

typedef struct gate {
	mdyn_ballistics_coef times;
	mdyn_ramp slope, range, link;             /* slope = ratio - 1, limited so that it stays finite */
	float opens, closes;                      /* magnitude */
	double opens_log2, decay;                 /* of the envelope, a frame */
	size_t hold;                              /* frames, at least one half-wave of 50 Hz */
	lane *lanes;                              /* [det_channels] */
	float *reduction;                         /* [det_channels][QUANTUM] */
	bool apart;
} gate;

#define SLOPE_MAX 1e4
#define HOLD_MIN_MS 10.0
#define ENVELOPE_MS 20.0

static size_t
latency (const mdyn_proc *p)
{
	return mdyn_frames (p, p->v[MDYN_GATE_lookahead]);
}

static unsigned
det_channels (const mdyn_proc *p)
{
	return p->format.key_channels ? p->format.key_channels : p->format.channels;
}

/* A stream starts with the gate open: what it begins with is not faded in. */
static void
reset (mdyn_proc *p)
{
	gate *s = p->state;
	memset (s->lanes, 0, det_channels (p) * sizeof *s->lanes);
	s->apart = false;
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	gate *s = mdyn_carve (a, 1, sizeof *s);
	lane *lanes = mdyn_carve (a, det_channels (p), sizeof *lanes);
	float *reduction = mdyn_carve (a, (size_t) QUANTUM * det_channels (p), sizeof *reduction);
	p->state = s;
	if (!s)
		return;
	s->lanes = lanes;
	s->reduction = reduction;
}

static void
update (mdyn_proc *p, bool jump)
{
	gate *s = p->state;
	double rate = p->format.rate, frames = MDYN_RAMP_MS / 1000 * rate;
	double slope = p->v[MDYN_GATE_ratio] - 1, hold = p->v[MDYN_GATE_hold];
	mdyn_ramp_to (&s->slope, slope < SLOPE_MAX ? slope : SLOPE_MAX, frames, jump);
	mdyn_ramp_to (&s->range, p->v[MDYN_GATE_range] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->link, p->v[MDYN_GATE_link] / 100, frames, jump);
	double opens = p->v[MDYN_GATE_threshold];
	s->opens = (float) pow (10, opens / 20);
	s->closes = (float) pow (10, (opens - p->v[MDYN_GATE_hysteresis]) / 20);
	s->opens_log2 = opens / MDYN_DB_PER_LOG2;
	s->decay = exp (-1000 / (ENVELOPE_MS * rate));
	s->hold = mdyn_frames (p, hold > HOLD_MIN_MS ? hold : HOLD_MIN_MS);
	s->times.rise = mdyn_time_constant (p->v[MDYN_GATE_release], rate); /* a reduction rises as the gate closes */
	s->times.fall = mdyn_time_constant (p->v[MDYN_GATE_attack], rate);
	s->times.hold = 0;
	if (jump)
		for (unsigned c = 0; c < det_channels (p); c++)
			s->lanes[c].open = s->hold;
}

/* level[i] magnitude -> envelope where the lane is closed, infinity where it is open. */
static void
watch (const gate *s, lane *l, float *level, size_t n)
{
	size_t open = l->open;
	double e = l->envelope;
	for (size_t i = 0; i < n; i++) {
		float x = level[i];
		e *= s->decay;
		e = x > e ? x : e;
		e = e < s->opens ? e : s->opens;
		if (x >= s->opens || (open && x >= s->closes))
			open = s->hold;
		else if (open)
			open--;
		level[i] = open ? INFINITY : (float) e;
	}
	l->open = open;
	l->envelope = e;
}

/* As in comp.c: below link 100 every channel has a gate of its own, which become one again once they have met. */
static void
part_or_join (gate *s, const mdyn_block *b, unsigned channels)
{
	bool linked = s->link.now >= 1 && s->link.step == 0;
	if (b->det_channels != channels || channels == 1 || s->apart == !linked)
		return;
	bool met = b->at == 0;
	lane *all = s->lanes;
	for (unsigned c = 1; c < channels; c++) {
		if (!linked)
			all[c] = all[0];
		met &= fabs (all[c].ballistics.s - all[0].ballistics.s) < 1e-6;
	}
	s->apart = !linked || !met;
	for (unsigned c = 1; c < channels && !s->apart; c++) {
		all[0].open = all[c].open > all[0].open ? all[c].open : all[0].open;
		all[0].envelope = all[c].envelope > all[0].envelope ? all[c].envelope : all[0].envelope;
	}
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	gate *s = p->state;
	unsigned channels = p->format.channels, dets = b->det_channels;
	size_t n = b->n;
	float slope[QUANTUM], range[QUANTUM], link[QUANTUM];
	part_or_join (s, b, channels);
	bool own = s->apart;
	for (size_t i = 0; i < n; i++) {
		slope[i] = (float) mdyn_ramp_next (&s->slope);
		range[i] = (float) mdyn_ramp_next (&s->range);
		link[i] = (float) mdyn_ramp_next (&s->link);
	}

	float *d[MDYN_CHANNELS_MAX] = { NULL };
	unsigned lanes = own ? channels : 1;
	for (unsigned c = 0; c < lanes; c++) {
		d[c] = s->reduction + c * QUANTUM;
		memset (d[c], 0, n * sizeof *d[c]);
	}
	for (unsigned c = 0; c < dets; c++)
		mdyn_abs_max (d[own ? c : 0], b->det[c], n);

	float most = 0;
	for (unsigned c = 0; c < lanes; c++) {
		watch (s, &s->lanes[c], d[c], n);
		float below[QUANTUM];
		for (size_t i = 0; i < n; i++)
			below[i] = d[c][i] == INFINITY ? 1 : d[c][i];
		mdyn_log2 (below, below, n);
		for (size_t i = 0; i < n; i++) {
			float under = (float) s->opens_log2 - below[i], y = under > 0 ? under * slope[i] : 0;
			d[c][i] = d[c][i] == INFINITY ? 0 : y < range[i] ? y : range[i];
		}
	}
	if (own)
		mdyn_link (d, channels, link, true, n);
	for (unsigned c = 0; c < lanes; c++) {
		mdyn_ballistics_run (&s->times, &s->lanes[c].ballistics, d[c], n);
		for (size_t i = 0; i < n; i++) {
			most = d[c][i] > most ? d[c][i] : most;
			d[c][i] = -d[c][i];
		}
		mdyn_exp2 (d[c], d[c], n);
	}
	mdyn_publish_largest (p, MDYN_GATE_gain_reduction, most * MDYN_DB_PER_LOG2);
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = d[own ? c : 0];
}

const mdyn_ops mdyn_gate_ops = { .latency = latency, .lay = lay, .reset = reset, .update = update, .gain = gain };
