/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm: the sound. See norm.h. */
#include "delivery.h"
#include "dsp/dsp.h"
#include "norm.h"

static double
limiter_row (int id)
{
	return mdyn_class_get (MDYN_LIMIT)->params[id].def;
}

static mdyn_limiter_setup
limiter_setup (const mdyn_proc *p)
{
	return (mdyn_limiter_setup) { .rate = p->format.rate, .channels = p->format.channels, .lookahead = limiter_row (MDYN_LIMIT_lookahead),
		                      .true_peak = true };
}

static bool
limits (const mdyn_proc *p)
{
	return mdyn_norm_is_live (p) || (mdyn_norm_is_linear (p) && p->v[MDYN_NORM_peak_policy] == MDYN_NORM_peak_policy_limit);
}

static size_t
limiter_latency (const mdyn_proc *p)
{
	mdyn_limiter_setup setup = limiter_setup (p);
	return limits (p) ? mdyn_limiter_latency (&setup) : 0;
}

/* The leveller's share of the row. */
static size_t
lookahead (const mdyn_proc *p)
{
	size_t all = mdyn_norm_is_live (p) ? mdyn_frames (p, p->v[MDYN_NORM_lookahead]) : 0, limiter = limiter_latency (p);
	return all > limiter ? all - limiter : 0;
}

static size_t
latency (const mdyn_proc *p)
{
	return lookahead (p) + limiter_latency (p);
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	unsigned channels = p->format.channels;
	bool changes = mdyn_norm_is_live (p) || mdyn_norm_is_linear (p);
	mdyn_limiter_setup setup = limiter_setup (p);
	size_t all = latency (p), behind = all - lookahead (p), line_size = changes ? all + QUANTUM : 0;
	mdyn_norm *s = mdyn_carve (a, 1, sizeof *s);
	float *line = mdyn_carve (a, line_size * channels, sizeof *line);
	float *gains = mdyn_carve (a, behind + QUANTUM, sizeof *gains);
	float *x = mdyn_carve (a, (size_t) QUANTUM * channels, sizeof *x);
	float *factor = mdyn_carve (a, QUANTUM, sizeof *factor);
	mdyn_loudness *in = mdyn_loudness_lay (a, &p->format, all), *out = changes ? mdyn_loudness_lay (a, &p->format, 0) : NULL;
	mdyn_limiter *limiter = limits (p) ? mdyn_limiter_lay (a, &setup) : NULL;
	p->state = s;
	if (!s)
		return;
	*s = (mdyn_norm) { .in = in, .out = out, .limiter = limiter, .lookahead = lookahead (p), .behind = behind, .block = mdyn_loudness_room (in),
		      .line_size = line_size, .line = line, .gains = gains, .x = x, .factor = factor };
	if (out)
		mdyn_loudness_follow (out, in);
}

static int
open (mdyn_proc *p)
{
	mdyn_norm *s = p->state;
	int err = mdyn_loudness_open (s->in, &p->format);
	if (!err && s->out && (err = mdyn_loudness_open (s->out, &p->format)))
		mdyn_loudness_close (s->in);
	return err;
}

static void
close (mdyn_proc *p)
{
	mdyn_norm *s = p->state;
	mdyn_loudness_close (s->in);
	mdyn_loudness_close (s->out);
	mdyn_voice_destroy (&s->voice);
}

static void
reset (mdyn_proc *p)
{
	mdyn_norm *s = p->state;
	mdyn_loudness_reset (s->in);
	if (s->out)
		mdyn_loudness_reset (s->out);
	if (s->limiter)
		mdyn_limiter_reset (s->limiter);
	if (s->line_size)
		memset (s->line, 0, s->line_size * p->format.channels * sizeof *s->line);
	if (s->voice)
		mdyn_voice_reset (s->voice);
	s->line_at = s->gains_at = 0;
	s->finished = false;
	s->reduction = 0;
	s->unreported = 0;
}

/* Of the linear mode, in dB. Without prepare() there is no measurement, and nothing is changed. */
static double
linear_gain (mdyn_norm *s, double target, double ceiling, int policy)
{
	double missed, g = s->prepared ? mdyn_measured_gain (&s->measured, target, &missed) : 0, most = ceiling - s->measured.peak;
	s->wanted = isnan (g) || fabs (g) < 1e-9 ? 0 : g; /* -23 - -22.999999999999996 means 0 */
	return s->prepared && policy != MDYN_NORM_peak_policy_limit && s->wanted > most ? most : s->wanted;
}

static void
begin (mdyn_proc *p)
{
	mdyn_norm *s = p->state;
	const char *preset = p->preset ? p->preset->nick : NULL;
	s->dual_mono = mdyn_norm_counts_double (p);
	mdyn_loudness_dual_mono (s->in, &p->format, s->dual_mono);
	if (s->out)
		mdyn_loudness_dual_mono (s->out, &p->format, s->dual_mono);
	bool printed = p->v[MDYN_NORM_print_format] != MDYN_NORM_print_format_none;
	s->measure_out = s->out && (p->text[MDYN_NORM_stats_file] || printed || mdyn_delivery_known (preset));
	s->skip = latency (p);
	s->wait = s->lookahead;
	s->into = 0;
	s->from = s->to = 0;
	s->restart = s->unreported = 0;
	unsigned ms;
	size_t slice = mdyn_loudness_slice_frames (s->in, &ms);
	mdyn_budget_setup (&s->budget, p->format.rate, ms, slice, s->behind);
	s->slice = s->lookahead + slice;
	s->slices = 0;
	s->top = -INFINITY;
	s->reduction = 0;
	s->finished = false;
	mdyn_leveller_reset (&s->leveller);
	for (size_t i = 0; i < s->behind + QUANTUM; i++)
		s->gains[i] = 1;
	for (size_t i = 0; i < QUANTUM; i++)
		s->factor[i] = 1;
}

/* LUFS, of a row of LU over the target whose maximum means none. */
static double
limit_of (const mdyn_proc *p, int id)
{
	return p->v[id] < p->cls->params[id].max ? p->v[MDYN_NORM_target] + p->v[id] : INFINITY;
}

static void
update (mdyn_proc *p, bool jump)
{
	mdyn_norm *s = p->state;
	const double *v = p->v;
	if (jump)
		begin (p);
	s->detects = v[MDYN_NORM_dialogue] == MDYN_NORM_dialogue_auto && s->voice;
	if (v[MDYN_NORM_dialogue] != MDYN_NORM_dialogue_auto)
		mdyn_loudness_tell (s->in, (mdyn_dialogue_state) v[MDYN_NORM_dialogue]);
	else if (!s->voice)
		mdyn_loudness_tell (s->in, MDYN_DIALOGUE_UNKNOWN);
	if (mdyn_norm_is_live (p)) {
		mdyn_leveller_rows rows = { .target = v[MDYN_NORM_target], .gate = v[MDYN_NORM_gate], .initial = v[MDYN_NORM_initial_loudness],
			                    .strength = v[MDYN_NORM_strength] / 100, .max_boost = v[MDYN_NORM_max_boost],
			                    .max_cut = v[MDYN_NORM_max_cut], .dead_band = v[MDYN_NORM_dead_band], .memory = v[MDYN_NORM_memory],
			                    .rise = v[MDYN_NORM_rise], .fall = v[MDYN_NORM_fall] };
		mdyn_leveller_update (&s->leveller, &rows, jump);
		mdyn_budget_update (&s->budget, limit_of (p, MDYN_NORM_max_momentary), limit_of (p, MDYN_NORM_max_short_term),
		                    jump);
	}
	if (mdyn_norm_is_linear (p)) {
		if (jump || v[MDYN_NORM_target] != s->for_target || v[MDYN_NORM_ceiling] != s->for_ceiling) {
			s->for_target = v[MDYN_NORM_target];
			s->for_ceiling = v[MDYN_NORM_ceiling];
			double g = linear_gain (s, s->for_target, s->for_ceiling, (int) v[MDYN_NORM_peak_policy]);
			mdyn_ramp_to (&s->gain, g, MDYN_RAMP_MS / 1000 * p->format.rate, jump);
		}
	}
	if (s->limiter)
		mdyn_limiter_update (s->limiter, v[MDYN_NORM_ceiling], limiter_row (MDYN_LIMIT_release), limiter_row (MDYN_LIMIT_auto_release) != 0,
		                     1, jump);
}

/* Copies n values that begin `back` values before ring[at]. */
static void
recall (float *dst, const float *ring, size_t size, size_t at, size_t back, size_t n)
{
	size_t from = at < back ? at + size - back : at - back, k = size - from < n ? size - from : n;
	memcpy (dst, ring + from, k * sizeof *dst);
	memcpy (dst + k, ring, (n - k) * sizeof *dst);
}

/* The same of a channel's line, times g. */
static void
recall_times (float *dst, const mdyn_norm *s, unsigned c, size_t back, const float *g, size_t n)
{
	const float *line = s->line + c * s->line_size;
	size_t size = s->line_size, at = s->line_at, from = at < back ? at + size - back : at - back, k = size - from < n ? size - from : n;
	mdyn_dsp->apply (dst, line + from, g, k);
	if (k < n)
		mdyn_dsp->apply (dst + k, line, g + k, n - k);
}

static void
store (float *ring, size_t size, size_t at, const float *src, size_t n)
{
	size_t k = size - at < n ? size - at : n;
	memcpy (ring + at, src, k * sizeof *src);
	memcpy (ring, src + k, (n - k) * sizeof *src);
}

/* g[i] = the gain before the limiter, linear. */
static void
gains (mdyn_proc *p, float *g, size_t n)
{
	mdyn_norm *s = p->state;
	bool live = mdyn_norm_is_live (p), still = live ? s->from == s->to : s->gain.step == 0;
	double first, last = live ? s->to : s->gain.now, step = (s->to - s->from) / (double) s->block;
	size_t m = still ? 1 : n, into = s->into;
	s->into += n;
	if (still) {
		first = last;
		g[0] = (float) (last / MDYN_DB_PER_LOG2);
	} else if (live) { /* from and to themselves are met exactly: 0 dB is 0 dB */
		for (size_t i = 0; i < n; i++)
			g[i] = (float) ((s->from + step * (double) (int) (into + i + 1)) / MDYN_DB_PER_LOG2);
		first = s->from + step * (double) (into + 1);
		last = s->into == s->block ? s->to : s->from + step * (double) s->into;
		g[n - 1] = (float) (last / MDYN_DB_PER_LOG2);
	} else {
		first = s->gain.now;
		for (size_t i = 0; i < n; i++)
			g[i] = (float) (mdyn_ramp_next (&s->gain) / MDYN_DB_PER_LOG2);
		last = s->gain.now;
	}
	s->top = fmax (s->top, fmax (first, last));
	mdyn_dsp->exp2 (g, g, m);
	for (size_t i = m; i < n; i++)
		g[i] = g[0];
}

/* A block of 100 ms is whole. */
static void
hear (mdyn_proc *p)
{
	mdyn_norm *s = p->state;
	if (mdyn_norm_is_live (p))
		mdyn_leveller_hear (&s->leveller, mdyn_loudness_energy (s->in));
	mdyn_publish (p, MDYN_NORM_momentary, mdyn_loudness_momentary (s->in));
	mdyn_publish (p, MDYN_NORM_short_term, mdyn_loudness_short_term (s->in));
	mdyn_publish (p, MDYN_NORM_integrated, mdyn_loudness_integrated (s->in));
	mdyn_publish (p, MDYN_NORM_loudness_range, mdyn_loudness_range (s->in));
	mdyn_publish (p, MDYN_NORM_gain, mdyn_norm_is_live (p) ? s->to + s->budget.now : mdyn_norm_is_linear (p) ? s->gain.now : 0);
	mdyn_publish (p, MDYN_NORM_momentary_max, mdyn_loudness_max_momentary (s->in));
	mdyn_publish (p, MDYN_NORM_short_term_max, mdyn_loudness_max_short_term (s->in));
	mdyn_publish (p, MDYN_NORM_psr, mdyn_loudness_psr (s->in));
	mdyn_publish (p, MDYN_NORM_dialogue_loudness, mdyn_dialogue_loudness (mdyn_loudness_dialogue (s->in)));
	mdyn_publish (p, MDYN_NORM_dialogue_share, mdyn_dialogue_share (mdyn_loudness_dialogue (s->in)));
	mdyn_norm_hear_peaks (p);
}

/* The output meter hears n frames. */
static void
hear_out (mdyn_proc *p, size_t n, const float *factor)
{
	mdyn_norm *s = p->state;
	const float *part[MDYN_CHANNELS_MAX];
	size_t from = s->skip < n ? s->skip : n;
	s->skip -= from;
	if (from == n)
		return;
	for (unsigned c = 0; c < p->format.channels; c++)
		recall_times (s->x + c * QUANTUM, s, c, n + s->lookahead + s->behind, factor, n);
	for (size_t k; from < n; from += k) {
		size_t room = mdyn_loudness_room (s->out);
		k = room < n - from ? room : n - from;
		for (unsigned c = 0; c < p->format.channels; c++)
			part[c] = s->x + c * QUANTUM + from;
		mdyn_loudness_run (s->out, part, k);
	}
}

/* The budget's reduction to g[n], and what goes into it. */
static void
spend (mdyn_norm *s, float *g, size_t n)
{
	float reduction[QUANTUM];
	if (mdyn_budget_active (&s->budget) && mdyn_budget_play (&s->budget, reduction, n)) {
		for (size_t i = 0; i < n; i++)
			reduction[i] /= (float) MDYN_DB_PER_LOG2;
		mdyn_dsp->exp2 (reduction, reduction, n);
		for (size_t i = 0; i < n; i++)
			g[i] *= reduction[i];
	}
	if ((s->slice -= n) > 0)
		return;
	mdyn_budget_hear (&s->budget, mdyn_loudness_slice (s->in, s->slices), s->top);
	s->slices++;
	s->slice = s->budget.slice;
	s->top = -INFINITY;
}

/* The limiter, which has all channels at one gain, hears n frames at gain g, and g goes on to the frames it has factors for: both to s->factor. */
static void
limit (mdyn_proc *p, float *g, size_t at, size_t n)
{
	mdyn_norm *s = p->state;
	const float *x[MDYN_CHANNELS_MAX], *limited[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < p->format.channels; c++) {
		recall_times (s->x + c * QUANTUM, s, c, n + s->lookahead, g, n);
		x[c] = s->x + c * QUANTUM;
	}
	double reduction = mdyn_limiter_run (s->limiter, x, at, n, limited);
	s->reduction = reduction > s->reduction ? reduction : s->reduction;
	mdyn_publish_largest (p, MDYN_NORM_gain_reduction, reduction);

	size_t size = s->behind + QUANTUM;
	store (s->gains, size, s->gains_at, g, n);
	s->gains_at = (s->gains_at + n) % size;
	recall (g, s->gains, size, s->gains_at, n + s->behind, n);

	if (mdyn_norm_is_live (p))
		spend (s, g, n);
	for (size_t i = 0; i < n; i++)
		s->factor[at + i] = g[i] * limited[0][i];
}

static void
restart_out (mdyn_norm *s)
{
	if (s->out)
		mdyn_loudness_restart (s->out);
	s->reduction = 0;
}

/* n frames of in[channel], at .. at + n - 1 of the quantum: their factors to s->factor. */
static void
change (mdyn_proc *p, const float *const *in, size_t at, size_t n)
{
	mdyn_norm *s = p->state;
	float g[QUANTUM];
	for (unsigned c = 0; c < p->format.channels; c++)
		store (s->line + c * s->line_size, s->line_size, s->line_at, in[c], n);
	s->line_at = (s->line_at + n) % s->line_size;

	gains (p, g, n);
	if (s->limiter)
		limit (p, g, at, n);
	else
		memcpy (s->factor + at, g, n * sizeof *g);
	if (s->measure_out)
		hear_out (p, n, s->factor + at);
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	mdyn_norm *s = p->state;
	unsigned channels = p->format.channels;
	const float *part[MDYN_CHANNELS_MAX];
	for (size_t done = 0, n; done < b->n; done += n) {
		if (mdyn_norm_is_live (p) && s->wait == 0) {
			s->to = mdyn_leveller_play (&s->leveller, &s->from);
			s->into = 0;
			s->wait = s->block;
		}
		size_t room = mdyn_loudness_room (s->in);
		n = room < b->n - done ? room : b->n - done;
		n = s->restart && s->restart < n ? s->restart : n;
		if (mdyn_norm_is_live (p)) {
			n = s->wait < n ? s->wait : n;
			n = s->slice < n ? s->slice : n;
			s->wait -= n;
		}
		for (unsigned c = 0; c < channels; c++)
			part[c] = b->det[c] + done;
		if (s->detects)
			mdyn_voice_hear (s->voice, part, n);
		if (s->detects && n == room)
			mdyn_loudness_tell (s->in, mdyn_voice_take (s->voice));
		bool whole = mdyn_loudness_run (s->in, part, n);
		if (s->line_size)
			change (p, part, b->at + done, n);
		if (whole)
			hear (p);
		if (s->restart && (s->restart -= n) == 0)
			restart_out (s);
	}
	s->unreported += b->n;
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = s->factor + b->at;
}

static void
event (mdyn_proc *p, int which)
{
	mdyn_norm *s = p->state;
	if (which == MDYN_NORM_cue_event && mdyn_norm_is_live (p))
		mdyn_leveller_cue (&s->leveller);
	if (which == MDYN_NORM_restart_event) {
		mdyn_loudness_restart (s->in);
		s->restart = s->lookahead + s->behind;
		if (!s->restart)
			restart_out (s);
	}
}

const mdyn_ops mdyn_norm_ops = { .prepare = mdyn_norm_prepare, .latency = latency, .lay = lay, .open = open, .close = close, .reset = reset, .update = update,
	                         .event = event, .gain = gain, .stats = mdyn_norm_stats, .summary = mdyn_norm_summary, .report = mdyn_norm_report, .finish = mdyn_norm_finish };
