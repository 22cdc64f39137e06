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
	float peak;                                                    /* the last level, of the peak detector */
	float level, reduction;                                        /* the last level that stood still, and what the curve made of it; level NAN: none */
	float rest, factor;                                            /* the last reduction at rest, and the factor; rest NAN: none */
	double peak2, rms2;                                            /* of auto-release: squares over CREST_MS */
} lane;

/* Rows that ramp: log2 units; slope = 1 - 1/ratio; up, mix and link 0..1. */
enum { THRESHOLD, SLOPE, KNEE, RANGE, UP, MAKEUP, MIX, LINK, RAMPS };

typedef struct comp {
	mdyn_detector_coef detect;
	mdyn_ballistics_coef times, guarded;                           /* guarded: while guard lasts */
	double guard_k;                                                /* the fastest attack and release of these */
	mdyn_keyfilter filter;
	mdyn_ramp ramp[RAMPS];
	float row[RAMPS][QUANTUM];                                     /* their values in this quantum */
	bool still;                                                    /* in every quantum: no ramp moves */
	double release;                                                /* frames, without the detector's window */
	double crest;                                                  /* share of a new square; 0: auto-release is off */
	size_t guard;                                                  /* frames since the detector changed, downwards */
	mdyn_keyfilter_state *filtered;                                /* [det_channels] */
	mdyn_detector *detector;                                       /* [det_channels] */
	mdyn_window *window;                                           /* [det_channels], of lanes */
	lane *lanes;                                                   /* [det_channels] */
	mdyn_factors factors;
	float *magnitude;                                              /* [det_channels][QUANTUM] */
	mdyn_detector_kind kind;                                       /* what it heard last */
	bool own_crest;                                                /* channels that are apart have crest factors of their own */
} comp;

#define BOOST_MAX ((float) (30.0 / MDYN_DB_PER_LOG2))
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

static size_t
heard (const mdyn_proc *p)
{
	return mdyn_window_quanta (mdyn_frames (p, MDYN_WINDOW_MS));
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	comp *s = mdyn_carve (a, 1, sizeof *s);
	unsigned dets = mdyn_det_channels (p);
	mdyn_keyfilter_state *filtered = mdyn_carve (a, dets, sizeof *filtered);
	mdyn_detector *detector = mdyn_carve (a, dets, sizeof *detector);
	mdyn_window *window = mdyn_window_carve (a, dets, mdyn_frames (p, MDYN_WINDOW_MS) + 1);
	lane *lanes = mdyn_carve (a, dets, sizeof *lanes);
	float *x = mdyn_carve (a, mdyn_span (p) * dets, sizeof *x);
	float *magnitude = mdyn_carve (a, (size_t) QUANTUM * dets, sizeof *magnitude);
	p->state = s;
	if (!s)
		return;
	s->filtered = filtered;
	s->detector = detector;
	s->window = window;
	s->lanes = lanes;
	s->factors.x = x;
	s->factors.span = mdyn_span (p);
	s->magnitude = magnitude;
	mdyn_detector_setup (&s->detect, p->format.rate);
}

static void
reset (mdyn_proc *p)
{
	comp *s = p->state;
	unsigned dets = mdyn_det_channels (p);
	memset (s->filtered, 0, dets * sizeof *s->filtered);
	memset (s->detector, 0, dets * sizeof *s->detector);
	memset (s->lanes, 0, dets * sizeof *s->lanes);
	for (unsigned c = 0; c < dets; c++)
		mdyn_window_clear (&s->window[c], 0);
	s->guard = 0;
	s->kind = DETECT_PEAK;
	s->factors.apart = s->own_crest = false;
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
	mdyn_ramp_to (&s->ramp[THRESHOLD], v[MDYN_COMP_threshold] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[SLOPE], 1 - 1 / v[MDYN_COMP_ratio], frames, jump);
	mdyn_ramp_to (&s->ramp[KNEE], v[MDYN_COMP_knee] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[RANGE], v[MDYN_COMP_range] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[UP], v[MDYN_COMP_direction] == MDYN_COMP_direction_up, frames, jump);
	mdyn_ramp_to (&s->ramp[MAKEUP], (v[MDYN_COMP_makeup] + auto_makeup (p)) / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->ramp[MIX], v[MDYN_COMP_mix] / 100, frames, jump);
	mdyn_ramp_to (&s->ramp[LINK], v[MDYN_COMP_link] / 100, frames, jump);
	s->still = false;
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

	double rise = mdyn_time_constant (v[MDYN_COMP_attack], rate), fall = 1 - exp (-1 / (s->release - (double) s->detect.window));
	s->guard_k = mdyn_time_constant (GUARD_TIME_MS, rate);
	size_t hold = mdyn_frames (p, v[MDYN_COMP_hold]);
	mdyn_ballistics_setup (&s->times, rise, fall, hold);
	mdyn_ballistics_setup (&s->guarded, fmin (rise, s->guard_k), fmin (fall, s->guard_k), hold);
	for (unsigned c = 0; c < mdyn_det_channels (p); c++) {
		mdyn_ballistics_anchor (&s->lanes[c].ballistics);
		s->lanes[c].level = s->lanes[c].rest = NAN;
	}
}

static bool
is_linked (const comp *s)
{
	return s->ramp[LINK].now >= 1 && s->ramp[LINK].step == 0;
}

/* Below link 100 every channel goes on by itself from where the common reduction stood, with the level it has. Back at 100 they are one again once they
 * have met, which is looked for at a fixed place in the stream, so that the caller's blocks do not matter. */
static void
part_or_join (const mdyn_proc *p, comp *s, size_t from, size_t at)
{
	unsigned channels = p->format.channels;
	bool linked = is_linked (s), met = at == 0;
	if (mdyn_det_channels (p) != channels || channels == 1 || s->factors.apart == !linked)
		return;
	for (unsigned c = 1; c < channels; c++)
		met &= fabs (s->lanes[c].ballistics.s - s->lanes[0].ballistics.s) < 1e-6;
	for (unsigned c = 0; c < channels && !linked; c++) {
		s->lanes[c] = s->lanes[0];
		if (s->kind == DETECT_PEAK)
			mdyn_window_recall (&s->window[c], &s->window[0], p, c, from, heard (p));
	}
	for (unsigned c = 1; c < channels && linked && met; c++)
		mdyn_window_join (&s->window[0], &s->window[c]);
	s->factors.apart = !linked || !met;
}

/* From one kind to another the level goes on where it stood, as far as the new kind can. */
static void
change_kind (comp *s, unsigned dets, size_t at)
{
	for (unsigned c = 0; c < dets && s->kind != s->detect.kind; c++) {
		float level = s->lanes[s->factors.apart ? c : 0].peak;
		if (s->kind == DETECT_PEAK)
			s->detector[c].mean_square = (double) level * level;
		memset (s->detector[c].z, 0, sizeof s->detector[c].z);
		if (s->detect.kind == DETECT_PEAK)
			mdyn_window_clear (&s->window[c], at);
	}
	s->kind = s->detect.kind;
}

/* Where channels are linked but have not met yet, one crest factor serves all. */
static void
choose_crest (comp *s, size_t at)
{
	s->own_crest = s->factors.apart && !(is_linked (s) && (at == 0 || !s->own_crest));
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

/* s->magnitude = magnitudes of the lane or of all, after the key filters. */
static void
hear (comp *s, float *const *x, unsigned dets, size_t n)
{
	for (unsigned c = 0; c < dets; c++) {
		mdyn_keyfilter_run (&s->filter, &s->filtered[c], x[c], n);
		float *most = s->magnitude + (s->own_crest ? c : 0) * QUANTUM;
		if (s->crest > 0 && (s->own_crest || c == 0))
			memset (most, 0, n * sizeof *most);
		if (s->crest > 0)
			mdyn_dsp->abs_max (most, x[c], n);
	}
}

/* The peak of a lane, which hears x. */
static void
peak (comp *s, unsigned c, mdyn_steps *level, float *const *x, unsigned channels, size_t n)
{
	mdyn_window_run (&s->window[c], level, (const float *const *) x, channels, s->detect.window, n);
	s->lanes[c].peak = level->value[level->n - 1];
}

/* d[lane] = level. */
static void
level (comp *s, float *const *d, float *const *x, unsigned dets, size_t n)
{
	float one[QUANTUM];
	for (unsigned c = 0; c < dets && s->kind != DETECT_PEAK; c++) {
		mdyn_detector_run (&s->detect, &s->detector[c], s->factors.apart || c == 0 ? d[c] : one, x[c], n);
		if (!s->factors.apart && c)
			mdyn_dsp->abs_max (d[0], one, n);
	}
	mdyn_steps steps;
	for (unsigned c = 0; c < (s->factors.apart ? dets : 1) && s->kind == DETECT_PEAK; c++) {
		peak (s, c, &steps, x + c, s->factors.apart ? 1 : dets, n);
		mdyn_steps_spread (&steps, d[c]);
	}
}

/* Level -> reduction, in place, after the static curve. */
static void
reduce (const comp *s, float *d, bool both, bool upwards, size_t n)
{
	const float (*row)[QUANTUM] = (const float (*)[QUANTUM]) s->row;
	float level[QUANTUM], most_up[QUANTUM], boost[QUANTUM];
	mdyn_dsp->log2 (level, d, n);
	if (!upwards || both)
		mdyn_dsp->curve (d, level, 1, row[THRESHOLD], row[SLOPE], row[KNEE], row[RANGE], n);
	if (!upwards && !both)
		return;
	for (size_t i = 0; i < n; i++)
		most_up[i] = row[RANGE][i] < BOOST_MAX ? row[RANGE][i] : BOOST_MAX;
	mdyn_dsp->curve (boost, level, -1, row[THRESHOLD], row[SLOPE], row[KNEE], most_up, n);
	for (size_t i = 0; i < n; i++)
		d[i] = both ? (1 - row[UP][i]) * d[i] + row[UP][i] * boost[i] : boost[i];
}

/* The same of a staircase; mostly one step, of the level that was before. */
static void
reduce_steps (const comp *s, lane *l, mdyn_steps *d, bool upwards)
{
	float last = d->value[d->n - 1];
	if (d->n == 1 && last == l->level) {
		d->value[0] = l->reduction;
		return;
	}
	reduce (s, d->value, false, upwards, d->n);
	l->level = last;
	l->reduction = d->value[d->n - 1];
}

/* Released reduction -> factor, in place. Returns the largest reduction. */
static float
factor (const comp *s, float *d, size_t n)
{
	float most = mdyn_dsp->factor (d, s->row[MAKEUP], n);
	if (!s->still || s->row[MIX][0] != 1)
		for (size_t i = 0; i < n; i++)
			d[i] = s->row[MIX][i] == 1.0f ? d[i] : 1 + s->row[MIX][i] * (d[i] - 1);
	return most;
}

/* The same of a reduction at rest. */
static float
stay (const comp *s, lane *l, float *d, size_t n)
{
	if (d[0] != l->rest) {
		l->rest = l->factor = d[0];
		factor (s, &l->factor, 1);
	}
	for (size_t i = 0; i < n; i++)
		d[i] = l->factor;
	return l->rest > 0 ? l->rest : 0;
}

/* Reduction -> factor, in place. x: the lane's magnitudes. Returns the largest reduction. */
static float
move (const comp *s, lane *l, float *d, const float *x, const mdyn_ballistics_coef *times, size_t at, size_t n)
{
	double fall[QUANTUM];
	if (s->crest > 0) {
		adapt (s, l, fall, x, n);
		for (size_t i = 0; i < n && times == &s->guarded; i++)
			fall[i] = fmin (fall[i], s->guard_k);
	} else {
		l->peak2 = l->rms2 = 0;
	}
	mdyn_ballistics_run (times, &l->ballistics, d, s->crest > 0 ? fall : NULL, at, n);
	return factor (s, d, n);
}

/* The factors of n frames of the block from `from` on, place `at` of their quantum. Returns the largest reduction. */
static float
run (const mdyn_proc *p, const mdyn_block *b, size_t from, size_t at, size_t n)
{
	comp *s = p->state;
	unsigned channels = p->format.channels;
	part_or_join (p, s, from, at);
	choose_crest (s, at);
	change_kind (s, b->det_channels, at);
	bool own = s->factors.apart, both = s->ramp[UP].step != 0, upwards = s->ramp[UP].now == 1;
	s->still = s->still || mdyn_ramp_rows (s->ramp, RAMPS, s->row, n);
	if (at == 0)
		s->guard -= s->guard < QUANTUM ? s->guard : QUANTUM;
	const mdyn_ballistics_coef *times = s->guard ? &s->guarded : &s->times;

	float *d[MDYN_CHANNELS_MAX], *x[MDYN_CHANNELS_MAX], most = 0;
	unsigned lanes = own ? channels : 1;
	for (unsigned c = 0; c < lanes; c++)
		d[c] = s->factors.x + c * s->factors.span + from;
	for (unsigned c = 0; c < b->det_channels; c++)
		x[c] = b->det[c] + from;
	mdyn_keyfilter_next (&s->filter, p->format.rate, n);
	hear (s, x, b->det_channels, n);
	if (s->kind == DETECT_PEAK && s->still && !own && s->crest == 0) {
		mdyn_steps steps;
		peak (s, 0, &steps, x, b->det_channels, n);
		lane *l = s->lanes;
		reduce_steps (s, l, &steps, upwards);
		bool rests = steps.n == 1 && l->ballistics.s == steps.value[0];
		mdyn_ballistics_climb (times, &l->ballistics, d[0], &steps, at);
		l->peak2 = l->rms2 = 0;
		return rests ? stay (s, l, d[0], n) : factor (s, d[0], n);
	}
	level (s, d, x, b->det_channels, n);
	for (unsigned c = 0; c < lanes; c++)
		reduce (s, d[c], both, upwards, n);
	if (own)
		mdyn_link (d, channels, s->row[LINK], false, n);
	for (unsigned c = 0; c < lanes; c++) {
		float m = move (s, &s->lanes[c], d[c], s->magnitude + (s->own_crest ? c : 0) * QUANTUM, times, at, n);
		most = m > most ? m : most;
	}
	return most;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	mdyn_gain_by_quanta (p, b, &((comp *) p->state)->factors, run);
}

const mdyn_ops mdyn_comp_ops = { .spans = true, .latency = latency, .heard = heard, .lay = lay, .reset = reset, .update = update, .gain = gain };
