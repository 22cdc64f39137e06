/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastercomp. Feed-forward, in log2 units (6.02 dB) from the detector to the factor:
 *   key filters -> level -> over = level - threshold -> reduction (static curve, range) -> link -> ballistics -> gain = makeup - reduction -> mix
 * after Giannoulis, Massberg, Reiss 2012; the release of auto-release after theirs of 2013. docs/dynamics.md has every formula. With a key of
 * another channel count, or link 100, one lane serves all channels. */
#include "detector.h"
#include "dsp/dsp.h"
#include "keyfilter.h"

/* What a gain of its own needs. */
typedef struct lane {
	mdyn_ballistics ballistics;
	double peak2, rms2;                                            /* of auto-release: squares over CREST_MS */
} lane;

typedef struct comp {
	mdyn_detector_coef detect;
	mdyn_ballistics_coef times;
	mdyn_keyfilter filter;
	mdyn_ramp threshold, slope, knee, range, up, makeup, mix, link; /* log2 units; slope = 1 - 1/ratio; up, mix and link 0..1 */
	double release;                                                /* frames, without the detector's window */
	double crest;                                                  /* share of a new square; 0: auto-release is off */
	double guard_k;                                                /* the fastest attack and release while guard lasts */
	size_t guard;                                                  /* frames since the detector changed, downwards */
	mdyn_keyfilter_state *filtered;                                /* [det_channels] */
	mdyn_detector *detector;                                       /* [det_channels] */
	mdyn_window *window;                                           /* [det_channels] */
	lane *lanes;                                                   /* [det_channels] */
	float *reduction, *magnitude;                                  /* [det_channels][QUANTUM] */
	bool apart;                                                    /* channels have reductions of their own, since link was below 100 */
} comp;

#define BOOST_MAX_DB 30.0
#define CREST_MS 200.0
#define CREST_NEUTRAL 8.0 /* the squared crest factor at which auto-release takes the label, 9 dB */
#define CREST_SPAN 4.0    /* at most so much longer or shorter */
#define GUARD_MS 100.0
#define GUARD_TIME_MS 10.0

static size_t
latency (const mdyn_proc *p)
{
	return mdyn_frames (p, p->v[MDYN_COMP_lookahead]);
}

static unsigned
det_channels (const mdyn_proc *p)
{
	return p->format.key_channels ? p->format.key_channels : p->format.channels;
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	comp *s = mdyn_carve (a, 1, sizeof *s);
	unsigned dets = det_channels (p);
	mdyn_keyfilter_state *filtered = mdyn_carve (a, dets, sizeof *filtered);
	mdyn_detector *detector = mdyn_carve (a, dets, sizeof *detector);
	mdyn_window *window = mdyn_window_carve (a, dets, mdyn_frames (p, MDYN_WINDOW_MS) + 1);
	lane *lanes = mdyn_carve (a, dets, sizeof *lanes);
	float *reduction = mdyn_carve (a, (size_t) QUANTUM * dets, sizeof *reduction);
	float *magnitude = mdyn_carve (a, (size_t) QUANTUM * dets, sizeof *magnitude);
	p->state = s;
	if (!s)
		return;
	s->filtered = filtered;
	s->detector = detector;
	s->window = window;
	s->lanes = lanes;
	s->reduction = reduction;
	s->magnitude = magnitude;
	mdyn_detector_setup (&s->detect, p->format.rate);
}

static void
reset (mdyn_proc *p)
{
	comp *s = p->state;
	unsigned dets = det_channels (p);
	memset (s->filtered, 0, dets * sizeof *s->filtered);
	memset (s->detector, 0, dets * sizeof *s->detector);
	memset (s->lanes, 0, dets * sizeof *s->lanes);
	for (unsigned c = 0; c < dets; c++)
		mdyn_window_clear (&s->window[c]);
	s->guard = 0;
	s->apart = false;
}

/* d[i] = log2 level -> reduction. Half the knee on this side of the threshold nothing happens, half beyond the slope is whole, a parabola between.
 * up: the other side of the threshold, and a boost (a negative reduction). */
static void
curve (float *d, const float *level, float side, const float *threshold, const float *slope, const float *knee, const float *range, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float over = side * (level[i] - threshold[i]), into = over + knee[i] / 2;
		float soft = into * into / (2 * knee[i] + 1e-30f);
		float y = into <= 0 ? 0 : into < knee[i] ? soft : over;
		y *= slope[i];
		d[i] = side * (y < range[i] ? y : range[i]);
	}
}

/* Half of what the rows take from 0 dBFS. */
static double
auto_makeup (const mdyn_proc *p)
{
	if (!p->v[MDYN_COMP_auto_makeup] || p->v[MDYN_COMP_direction] == MDYN_COMP_direction_up)
		return 0;
	double over = -p->v[MDYN_COMP_threshold], knee = p->v[MDYN_COMP_knee], into = over + knee / 2;
	double y = into <= 0 ? 0 : into < knee ? into * into / (2 * knee) : over;
	return fmin ((1 - 1 / p->v[MDYN_COMP_ratio]) * y, p->v[MDYN_COMP_range]) / 2;
}

static void
update (mdyn_proc *p, bool jump)
{
	comp *s = p->state;
	const double *v = p->v;
	double rate = p->format.rate, frames = MDYN_RAMP_MS / 1000 * rate;
	mdyn_ramp_to (&s->threshold, v[MDYN_COMP_threshold] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->slope, 1 - 1 / v[MDYN_COMP_ratio], frames, jump);
	mdyn_ramp_to (&s->knee, v[MDYN_COMP_knee] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->range, v[MDYN_COMP_range] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->up, v[MDYN_COMP_direction] == MDYN_COMP_direction_up, frames, jump);
	mdyn_ramp_to (&s->makeup, (v[MDYN_COMP_makeup] + auto_makeup (p)) / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->mix, v[MDYN_COMP_mix] / 100, frames, jump);
	mdyn_ramp_to (&s->link, v[MDYN_COMP_link] / 100, frames, jump);
	mdyn_keyfilter_update (&s->filter, v[MDYN_COMP_key_highpass], v[MDYN_COMP_key_lowpass], rate, jump);

	/* The window that carries the peak's level over a half-wave delays a release: by so much it is shortened. */
	mdyn_detector_kind kind = (mdyn_detector_kind) v[MDYN_COMP_detector];
	bool adapts = v[MDYN_COMP_auto_release] != 0;
	double window = fmin (MDYN_WINDOW_MS, v[MDYN_COMP_release] / (adapts ? 2 * CREST_SPAN : 2));
	if (!jump && kind != s->detect.kind)
		s->guard = mdyn_frames (p, GUARD_MS);
	s->detect.kind = kind;
	s->detect.window = kind == DETECT_PEAK ? (size_t) (window * rate / 1000) : 0;
	s->detect.k = mdyn_time_constant (v[MDYN_COMP_rms_window], rate);
	s->release = v[MDYN_COMP_release] * rate / 1000;
	s->crest = adapts ? mdyn_time_constant (CREST_MS, rate) : 0;
	s->guard_k = mdyn_time_constant (GUARD_TIME_MS, rate);
	s->times.rise = mdyn_time_constant (v[MDYN_COMP_attack], rate);
	s->times.fall = 1 - exp (-1 / (s->release - (double) s->detect.window));
	s->times.hold = mdyn_frames (p, v[MDYN_COMP_hold]);
}

/* Below link 100 every channel goes on by itself from where the common reduction stood. Back at 100 they are one again once they have met, which is
 * looked for at a fixed place in the stream, so that the caller's blocks do not matter. */
static void
part_or_join (comp *s, const mdyn_block *b, unsigned channels)
{
	bool linked = s->link.now >= 1 && s->link.step == 0;
	if (b->det_channels != channels || channels == 1 || s->apart == !linked)
		return;
	bool met = b->at == 0;
	for (unsigned c = 1; c < channels; c++) {
		if (!linked)
			s->lanes[c] = s->lanes[0];
		met &= fabs (s->lanes[c].ballistics.s - s->lanes[0].ballistics.s) < 1e-6;
	}
	s->apart = !linked || !met;
}

/* fall[i] = share of the way of a release in that frame, longer for a steady level and shorter for transients. x: magnitudes. */
static void
adapt (const comp *s, lane *l, double *fall, const float *x, size_t n)
{
	double peak = l->peak2, rms = l->rms2, k = s->crest;
	for (size_t i = 0; i < n; i++) {
		double square = (double) x[i] * x[i];
		peak += k * (square - peak);
		peak = square > peak ? square : peak;
		rms += k * (square - rms);
		double factor = rms < 1e-20 ? 1 : CREST_NEUTRAL * rms / peak;
		factor = factor > CREST_SPAN ? CREST_SPAN : factor < 1 / CREST_SPAN ? 1 / CREST_SPAN : factor;
		fall[i] = 1 / (0.5 + s->release * factor - (double) s->detect.window);
	}
	l->peak2 = peak;
	l->rms2 = rms;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	comp *s = p->state;
	unsigned channels = p->format.channels, dets = b->det_channels;
	float threshold[QUANTUM], slope[QUANTUM], knee[QUANTUM], range[QUANTUM], most_up[QUANTUM];
	float makeup[QUANTUM], mix[QUANTUM], link[QUANTUM], up[QUANTUM];
	size_t n = b->n;
	part_or_join (s, b, channels);
	bool own = s->apart, both = s->up.step != 0, upwards = s->up.now == 1;
	for (size_t i = 0; i < n; i++) {
		threshold[i] = (float) mdyn_ramp_next (&s->threshold);
		slope[i] = (float) mdyn_ramp_next (&s->slope);
		knee[i] = (float) mdyn_ramp_next (&s->knee);
		range[i] = (float) mdyn_ramp_next (&s->range);
		most_up[i] = range[i] < (float) (BOOST_MAX_DB / MDYN_DB_PER_LOG2) ? range[i] : (float) (BOOST_MAX_DB / MDYN_DB_PER_LOG2);
		up[i] = (float) mdyn_ramp_next (&s->up);
		makeup[i] = (float) mdyn_ramp_next (&s->makeup);
		mix[i] = (float) mdyn_ramp_next (&s->mix);
		link[i] = (float) mdyn_ramp_next (&s->link);
	}

	/* level; where channels are linked but have not met yet, one crest factor serves all */
	float *d[MDYN_CHANNELS_MAX] = { NULL }, level[QUANTUM];
	unsigned lanes = own ? channels : 1;
	bool own_crest = own && !(s->link.now >= 1 && s->link.step == 0);
	for (unsigned c = 0; c < lanes; c++) {
		d[c] = s->reduction + c * QUANTUM;
		memset (d[c], 0, n * sizeof *d[c]);
		memset (s->magnitude + c * QUANTUM, 0, n * sizeof *s->magnitude);
	}
	mdyn_keyfilter_next (&s->filter, p->format.rate, n);
	for (unsigned c = 0; c < dets; c++) {
		mdyn_keyfilter_run (&s->filter, &s->filtered[c], b->det[c], n);
		if (s->crest > 0)
			mdyn_dsp->abs_max (s->magnitude + (own_crest ? c : 0) * QUANTUM, b->det[c], n);
		mdyn_detector_run (&s->detect, &s->detector[c], &s->window[c], level, b->det[c], n);
		mdyn_dsp->abs_max (d[own ? c : 0], level, n);
	}

	/* reduction */
	for (unsigned c = 0; c < lanes; c++) {
		mdyn_dsp->log2 (level, d[c], n);
		if (!upwards || both)
			curve (d[c], level, 1, threshold, slope, knee, range, n);
		if (upwards && !both)
			curve (d[c], level, -1, threshold, slope, knee, most_up, n);
		if (both) {
			float boost[QUANTUM];
			curve (boost, level, -1, threshold, slope, knee, most_up, n);
			for (size_t i = 0; i < n; i++)
				d[c][i] = (1 - up[i]) * d[c][i] + up[i] * boost[i];
		}
	}
	if (own)
		mdyn_link (d, channels, link, false, n);

	/* gain */
	mdyn_ballistics_coef times = s->times;
	bool guarded = s->guard > 0;
	if (guarded) {
		times.rise = fmin (times.rise, s->guard_k);
		times.fall = fmin (times.fall, s->guard_k);
		if (b->at == 0)
			s->guard -= s->guard < QUANTUM ? s->guard : QUANTUM;
	}
	float most = 0;
	for (unsigned c = 0; c < lanes; c++) {
		double fall[QUANTUM];
		lane *l = &s->lanes[c];
		if (s->crest > 0)
			adapt (s, l, fall, s->magnitude + (own_crest ? c : 0) * QUANTUM, n);
		else
			l->peak2 = l->rms2 = 0;
		for (size_t i = 0; i < n && s->crest > 0 && guarded; i++)
			fall[i] = fmin (fall[i], s->guard_k);
		mdyn_ballistics_run (&times, &l->ballistics, d[c], s->crest > 0 ? fall : NULL, n);
		for (size_t i = 0; i < n; i++) {
			most = d[c][i] > most ? d[c][i] : most;
			d[c][i] = makeup[i] - d[c][i];
		}
		mdyn_dsp->exp2 (d[c], d[c], n);
		for (size_t i = 0; i < n; i++)
			d[c][i] = mix[i] == 1.0f ? d[c][i] : 1 + mix[i] * (d[c][i] - 1);
	}
	mdyn_publish_largest (p, MDYN_COMP_gain_reduction, most * MDYN_DB_PER_LOG2);
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = d[own ? c : 0];
}

const mdyn_ops mdyn_comp_ops = { .latency = latency, .lay = lay, .reset = reset, .update = update, .gain = gain };
