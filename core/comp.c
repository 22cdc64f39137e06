/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastercomp. Feed-forward, in log2 units (6.02 dB) from the detector to the factor:
 *   level -> over = level - threshold -> reduction (static curve, range) -> link -> ballistics -> gain = makeup - reduction -> mix
 * after Giannoulis, Massberg, Reiss 2012. With a key of another channel count, or link 100, one reduction serves all channels. */
#include "detector.h"
#include "dsp/dsp.h"

typedef struct comp {
	mdyn_detector_coef detect;
	mdyn_ballistics_coef times;
	mdyn_ramp threshold, slope, knee, range, makeup, mix, link;    /* log2 units; slope = 1 - 1/ratio; mix and link 0..1 */
	mdyn_detector *detector;                                       /* [det_channels] */
	mdyn_ballistics *ballistics;                                   /* [channels] */
	float *reduction;                                              /* [det_channels or channels][QUANTUM] */
	bool apart;                                                    /* channels have reductions of their own, since link was below 100 */
} comp;

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
	mdyn_detector *detector = mdyn_carve (a, det_channels (p), sizeof *detector);
	mdyn_ballistics *ballistics = mdyn_carve (a, det_channels (p), sizeof *ballistics);
	float *reduction = mdyn_carve (a, (size_t) QUANTUM * det_channels (p), sizeof *reduction);
	p->state = s;
	if (!s)
		return;
	s->detector = detector;
	s->ballistics = ballistics;
	s->reduction = reduction;
	mdyn_detector_setup (&s->detect, p->format.rate);
}

static void
reset (mdyn_proc *p)
{
	comp *s = p->state;
	memset (s->detector, 0, det_channels (p) * sizeof *s->detector);
	memset (s->ballistics, 0, det_channels (p) * sizeof *s->ballistics);
	s->apart = false;
}

static void
update (mdyn_proc *p, bool jump)
{
	comp *s = p->state;
	double rate = p->format.rate, frames = MDYN_RAMP_MS / 1000 * rate;
	mdyn_ramp_to (&s->threshold, p->v[MDYN_COMP_threshold] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->slope, 1 - 1 / p->v[MDYN_COMP_ratio], frames, jump);
	mdyn_ramp_to (&s->knee, p->v[MDYN_COMP_knee] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->range, p->v[MDYN_COMP_range] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->makeup, p->v[MDYN_COMP_makeup] / MDYN_DB_PER_LOG2, frames, jump);
	mdyn_ramp_to (&s->mix, p->v[MDYN_COMP_mix] / 100, frames, jump);
	mdyn_ramp_to (&s->link, p->v[MDYN_COMP_link] / 100, frames, jump);
	s->times.rise = mdyn_time_constant (p->v[MDYN_COMP_attack], rate);
	s->times.fall = mdyn_time_constant (p->v[MDYN_COMP_release], rate);
	s->times.hold = mdyn_frames (p, p->v[MDYN_COMP_hold]);
	s->detect.kind = (mdyn_detector_kind) p->v[MDYN_COMP_detector];
	s->detect.k = mdyn_time_constant (p->v[MDYN_COMP_rms_window], rate);
}

/* d[i] = log2 level -> reduction. Half the knee below the threshold nothing happens, half above the slope is whole, a parabola between. */
static void
curve (float *d, const float *threshold, const float *slope, const float *knee, const float *range, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float over = d[i] - threshold[i], into = over + knee[i] / 2;
		float soft = into * into / (2 * knee[i] + 1e-30f);
		float y = into <= 0 ? 0 : into < knee[i] ? soft : over;
		y *= slope[i];
		d[i] = y < range[i] ? y : range[i];
	}
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
			s->ballistics[c] = s->ballistics[0];
		met &= fabs (s->ballistics[c].s - s->ballistics[0].s) < 1e-6;
	}
	s->apart = !linked || !met;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	comp *s = p->state;
	unsigned channels = p->format.channels, dets = b->det_channels;
	float threshold[QUANTUM], slope[QUANTUM], knee[QUANTUM], range[QUANTUM], makeup[QUANTUM], mix[QUANTUM], link[QUANTUM];
	size_t n = b->n;
	part_or_join (s, b, channels);
	bool own = s->apart;
	for (size_t i = 0; i < n; i++) {
		threshold[i] = (float) mdyn_ramp_next (&s->threshold);
		slope[i] = (float) mdyn_ramp_next (&s->slope);
		knee[i] = (float) mdyn_ramp_next (&s->knee);
		range[i] = (float) mdyn_ramp_next (&s->range);
		makeup[i] = (float) mdyn_ramp_next (&s->makeup);
		mix[i] = (float) mdyn_ramp_next (&s->mix);
		link[i] = (float) mdyn_ramp_next (&s->link);
	}

	/* level */
	float *d[MDYN_CHANNELS_MAX] = { NULL }, level[QUANTUM];
	unsigned lanes = own ? channels : 1;
	for (unsigned c = 0; c < lanes; c++)
		d[c] = s->reduction + c * QUANTUM;
	memset (s->reduction, 0, n * sizeof *s->reduction);
	for (unsigned c = 0; c < dets; c++) {
		mdyn_detector_run (&s->detect, &s->detector[c], own ? d[c] : level, b->det[c], n);
		if (!own)
			mdyn_abs_max (d[0], level, n);
	}

	/* reduction */
	for (unsigned c = 0; c < lanes; c++) {
		mdyn_log2 (d[c], d[c], n);
		curve (d[c], threshold, slope, knee, range, n);
	}
	if (own)
		mdyn_link (d, channels, link, false, n);
	float most = 0;
	for (unsigned c = 0; c < lanes; c++) {
		mdyn_ballistics_run (&s->times, &s->ballistics[c], d[c], n);
		for (size_t i = 0; i < n; i++) {
			most = d[c][i] > most ? d[c][i] : most;
			d[c][i] = makeup[i] - d[c][i];
		}
		mdyn_exp2 (d[c], d[c], n);
		for (size_t i = 0; i < n; i++)
			d[c][i] = mix[i] == 1.0f ? d[c][i] : 1 + mix[i] * (d[c][i] - 1);
	}
	mdyn_publish_largest (p, MDYN_COMP_gain_reduction, most * MDYN_DB_PER_LOG2);
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = d[own ? c : 0];
}

const mdyn_ops mdyn_comp_ops = { .latency = latency, .lay = lay, .reset = reset, .update = update, .gain = gain };
