/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm.
 *
 *   input -> loudness meter -> leveller (live) ----.
 *     |                                            | gain, dB
 *     `-> delay: lookahead (live) -> x gain -> limiter (live; linear with peak-policy limit) -> factor = gain x limiter's
 *
 * The frame applies the factor to its own delayed copy at full precision. What the limiter hears and what the output meter reads are float32 copies
 * in `line`. The output is measured only where a stats file or a delivery asks for it, and from the first frame of the programme on; the input up to
 * its last, see `tail` in loudness.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dsp/dsp.h"
#include "leveller.h"
#include "limit.h"
#include "loudness.h"
#include "measured.h"
#include "stats.h"

#define UNKNOWN_LOUDNESS 20.0                     /* the rows' "not given" */
#define UNKNOWN_PEAK 60.0
#define MISSED 0.05                               /* LU: less is not worth a warning */

typedef struct norm {
	mdyn_loudness *in, *out;                  /* out: NULL in mode measure */
	mdyn_limiter *limiter;                    /* NULL: none */
	mdyn_leveller leveller;
	size_t lookahead, behind;                 /* frames: of the leveller, of the limiter */
	size_t block;                             /* frames of 100 ms */
	size_t line_size, line_at, gains_at;
	float *line;                              /* [channels][line_size]: the input, a ring */
	float *gains;                             /* [behind + QUANTUM]: the gain on its way past the limiter, a ring */
	float *x;                                 /* [channels][QUANTUM] in work */
	float *factor;                            /* [channels][QUANTUM] */

	/* live: the gain goes from .. to in `block` frames, `into` of them are done; `wait` frames until the next block is played */
	double from, to;
	size_t into, wait;

	/* linear */
	bool prepared;                            /* measured_* hold; outlives reset */
	mdyn_measured measured;
	mdyn_ramp gain;                           /* dB */
	double wanted;                            /* dB, before the peaks had their say */

	size_t skip;                              /* frames until the programme's first leaves the delay */
	size_t restart;                           /* frames until the place of the last restart leaves it; 0: it has */
	size_t unreported;                        /* frames since the last report */
	bool measure_out, dual_mono, finished;
	double reduction;                         /* the limiter's largest, dB */
} norm;

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
is_live (const mdyn_proc *p)
{
	return p->v[MDYN_NORM_mode] == MDYN_NORM_mode_live;
}

static bool
is_linear (const mdyn_proc *p)
{
	return p->v[MDYN_NORM_mode] == MDYN_NORM_mode_linear;
}

static bool
limits (const mdyn_proc *p)
{
	return is_live (p) || (is_linear (p) && p->v[MDYN_NORM_peak_policy] == MDYN_NORM_peak_policy_limit);
}

static size_t
lookahead (const mdyn_proc *p)
{
	return is_live (p) ? mdyn_frames (p, p->v[MDYN_NORM_lookahead]) : 0;
}

static size_t
latency (const mdyn_proc *p)
{
	mdyn_limiter_setup setup = limiter_setup (p);
	return lookahead (p) + (limits (p) ? mdyn_limiter_latency (&setup) : 0);
}

static void
lay (mdyn_proc *p, mdyn_arena *a)
{
	unsigned channels = p->format.channels;
	bool changes = is_live (p) || is_linear (p);
	mdyn_limiter_setup setup = limiter_setup (p);
	size_t all = latency (p), behind = all - lookahead (p), line_size = changes ? all + QUANTUM : 0;
	norm *s = mdyn_carve (a, 1, sizeof *s);
	float *line = mdyn_carve (a, line_size * channels, sizeof *line);
	float *gains = mdyn_carve (a, behind + QUANTUM, sizeof *gains);
	float *x = mdyn_carve (a, (size_t) QUANTUM * channels, sizeof *x);
	float *factor = mdyn_carve (a, (size_t) QUANTUM * channels, sizeof *factor);
	mdyn_loudness *in = mdyn_loudness_lay (a, &p->format, all), *out = changes ? mdyn_loudness_lay (a, &p->format, 0) : NULL;
	mdyn_limiter *limiter = limits (p) ? mdyn_limiter_lay (a, &setup) : NULL;
	p->state = s;
	if (!s)
		return;
	*s = (norm) { .in = in, .out = out, .limiter = limiter, .lookahead = lookahead (p), .behind = behind, .block = mdyn_loudness_room (in),
		      .line_size = line_size, .line = line, .gains = gains, .x = x, .factor = factor };
}

static int
open (mdyn_proc *p)
{
	norm *s = p->state;
	int err = mdyn_loudness_open (s->in, &p->format);
	if (!err && s->out && (err = mdyn_loudness_open (s->out, &p->format)))
		mdyn_loudness_close (s->in);
	return err;
}

static void
close (mdyn_proc *p)
{
	norm *s = p->state;
	mdyn_loudness_close (s->in);
	mdyn_loudness_close (s->out);
}

static void
reset (mdyn_proc *p)
{
	norm *s = p->state;
	mdyn_loudness_reset (s->in);
	if (s->out)
		mdyn_loudness_reset (s->out);
	if (s->limiter)
		mdyn_limiter_reset (s->limiter);
	if (s->line_size)
		memset (s->line, 0, s->line_size * p->format.channels * sizeof *s->line);
	s->line_at = s->gains_at = 0;
}

/* Of the linear mode, in dB. Without prepare() there is no measurement, and nothing is changed. */
static double
linear_gain (norm *s, double target, double ceiling, int policy)
{
	double missed, g = s->prepared ? mdyn_measured_gain (&s->measured, target, &missed) : 0, most = ceiling - s->measured.peak;
	s->wanted = isnan (g) || fabs (g) < 1e-9 ? 0 : g; /* -23 - -22.999999999999996 means 0 */
	return s->prepared && policy != MDYN_NORM_peak_policy_limit && s->wanted > most ? most : s->wanted;
}

static bool
counts_double (const mdyn_proc *p)
{
	double dual = mdyn_get (p, MDYN_NORM_dual_mono);
	return p->format.channels == 1 && (dual == MDYN_NORM_dual_mono_auto ? mdyn_delivery_dual_mono (p->preset ? p->preset->nick : NULL)
	                                                                    : dual == MDYN_NORM_dual_mono_on);
}

static void
begin (mdyn_proc *p)
{
	norm *s = p->state;
	const char *preset = p->preset ? p->preset->nick : NULL;
	s->dual_mono = counts_double (p);
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
	s->reduction = 0;
	s->finished = false;
	mdyn_leveller_reset (&s->leveller);
	for (size_t i = 0; i < s->behind + QUANTUM; i++)
		s->gains[i] = 1;
	for (size_t i = 0; i < (size_t) QUANTUM * p->format.channels; i++)
		s->factor[i] = 1;
}

static void
update (mdyn_proc *p, bool jump)
{
	norm *s = p->state;
	const double *v = p->v;
	if (jump)
		begin (p);
	if (is_live (p)) {
		mdyn_leveller_rows rows = { .target = v[MDYN_NORM_target], .gate = v[MDYN_NORM_gate], .initial = v[MDYN_NORM_initial_loudness],
			                    .strength = v[MDYN_NORM_strength] / 100, .max_boost = v[MDYN_NORM_max_boost],
			                    .max_cut = v[MDYN_NORM_max_cut], .dead_band = v[MDYN_NORM_dead_band], .memory = v[MDYN_NORM_memory],
			                    .rise = v[MDYN_NORM_rise], .fall = v[MDYN_NORM_fall] };
		mdyn_leveller_update (&s->leveller, &rows, jump);
	}
	if (is_linear (p)) {
		double g = linear_gain (s, v[MDYN_NORM_target], v[MDYN_NORM_ceiling], (int) v[MDYN_NORM_peak_policy]);
		mdyn_ramp_to (&s->gain, g, MDYN_RAMP_MS / 1000 * p->format.rate, jump);
	}
	if (s->limiter)
		mdyn_limiter_update (s->limiter, v[MDYN_NORM_ceiling], limiter_row (MDYN_LIMIT_release), limiter_row (MDYN_LIMIT_auto_release) != 0,
		                     1, jump);
}

/* Copies n values that begin `back` values before ring[at]. */
static void
recall (float *dst, const float *ring, size_t size, size_t at, size_t back, size_t n)
{
	size_t from = (at + size - back) % size, k = size - from < n ? size - from : n;
	memcpy (dst, ring + from, k * sizeof *dst);
	memcpy (dst + k, ring, (n - k) * sizeof *dst);
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
	norm *s = p->state;
	double db[QUANTUM];
	size_t m = n;
	if (is_live (p) ? s->from == s->to : s->gain.step == 0) {
		db[0] = is_live (p) ? s->to : s->gain.now;
		s->into += n;
		m = 1;
	} else if (is_live (p)) {
		double step = (s->to - s->from) / (double) s->block;
		for (size_t i = 0; i < n; i++) /* from and to themselves are met exactly: 0 dB is 0 dB */
			db[i] = s->into + i + 1 == s->block ? s->to : s->from + step * (double) (s->into + i + 1);
		s->into += n;
	} else {
		for (size_t i = 0; i < n; i++)
			db[i] = mdyn_ramp_next (&s->gain);
	}
	for (size_t i = 0; i < m; i++)
		g[i] = (float) (db[i] / MDYN_DB_PER_LOG2);
	mdyn_dsp->exp2 (g, g, m);
	for (size_t i = m; i < n; i++)
		g[i] = g[0];
}

static void
hear_peaks (mdyn_proc *p)
{
	const norm *s = p->state;
	double peak = mdyn_loudness_true_peak (s->in);
	mdyn_publish (p, MDYN_NORM_true_peak, peak);
	mdyn_publish (p, MDYN_NORM_sample_peak, mdyn_loudness_sample_peak (s->in));
	mdyn_publish (p, MDYN_NORM_plr, peak - mdyn_loudness_integrated (s->in));
}

/* A block of 100 ms is whole. */
static void
hear (mdyn_proc *p)
{
	norm *s = p->state;
	if (is_live (p))
		mdyn_leveller_hear (&s->leveller, mdyn_loudness_energy (s->in));
	mdyn_publish (p, MDYN_NORM_momentary, mdyn_loudness_momentary (s->in));
	mdyn_publish (p, MDYN_NORM_short_term, mdyn_loudness_short_term (s->in));
	mdyn_publish (p, MDYN_NORM_integrated, mdyn_loudness_integrated (s->in));
	mdyn_publish (p, MDYN_NORM_loudness_range, mdyn_loudness_range (s->in));
	mdyn_publish (p, MDYN_NORM_gain, is_live (p) ? s->to : is_linear (p) ? s->gain.now : 0);
	mdyn_publish (p, MDYN_NORM_momentary_max, mdyn_loudness_max_momentary (s->in));
	mdyn_publish (p, MDYN_NORM_short_term_max, mdyn_loudness_max_short_term (s->in));
	mdyn_publish (p, MDYN_NORM_psr, mdyn_loudness_psr (s->in));
	hear_peaks (p);
}

/* The output meter hears n frames, factor[c] their factors. */
static void
hear_out (mdyn_proc *p, size_t n, const float *const *factor)
{
	norm *s = p->state;
	const float *part[MDYN_CHANNELS_MAX];
	size_t from = s->skip < n ? s->skip : n;
	s->skip -= from;
	if (from == n)
		return;
	for (unsigned c = 0; c < p->format.channels; c++) {
		float *x = s->x + c * QUANTUM;
		recall (x, s->line + c * s->line_size, s->line_size, s->line_at, n + s->lookahead + s->behind, n);
		mdyn_dsp->apply (x, x, factor[c], n);
	}
	for (size_t k; from < n; from += k) {
		size_t room = mdyn_loudness_room (s->out);
		k = room < n - from ? room : n - from;
		for (unsigned c = 0; c < p->format.channels; c++)
			part[c] = s->x + c * QUANTUM + from;
		mdyn_loudness_run (s->out, part, k);
	}
}

/* The limiter hears n frames at gain g, and g goes on to the frames it has factors for: both to s->factor. Whether all channels have the same. */
static bool
limit (mdyn_proc *p, float *g, size_t at, size_t n)
{
	norm *s = p->state;
	float *x[MDYN_CHANNELS_MAX];
	const float *limited[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < p->format.channels; c++) {
		x[c] = s->x + c * QUANTUM;
		recall (x[c], s->line + c * s->line_size, s->line_size, s->line_at, n + s->lookahead, n);
		mdyn_dsp->apply (x[c], x[c], g, n);
	}
	double reduction = mdyn_limiter_run (s->limiter, x, at, n, limited);
	s->reduction = reduction > s->reduction ? reduction : s->reduction;
	mdyn_publish_largest (p, MDYN_NORM_gain_reduction, reduction);

	size_t size = s->behind + QUANTUM;
	store (s->gains, size, s->gains_at, g, n);
	s->gains_at = (s->gains_at + n) % size;
	recall (g, s->gains, size, s->gains_at, n + s->behind, n);

	bool shared = true;
	for (unsigned c = 0; c < p->format.channels; c++) {
		float *f = s->factor + c * QUANTUM + at;
		for (size_t i = 0; i < n; i++)
			f[i] = g[i] * limited[c][i];
		shared &= limited[c] == limited[0];
	}
	return shared;
}

static void
restart_out (norm *s)
{
	if (s->out)
		mdyn_loudness_restart (s->out);
	s->reduction = 0;
}

/* n frames of in[channel], at .. at + n - 1 of the quantum: their factors to s->factor. Whether all channels have the same. */
static bool
change (mdyn_proc *p, const float *const *in, size_t at, size_t n)
{
	norm *s = p->state;
	unsigned channels = p->format.channels;
	float g[QUANTUM];
	const float *factor[MDYN_CHANNELS_MAX];
	for (unsigned c = 0; c < channels; c++)
		store (s->line + c * s->line_size, s->line_size, s->line_at, in[c], n);
	s->line_at = (s->line_at + n) % s->line_size;

	gains (p, g, n);
	bool shared = true;
	if (s->limiter)
		shared = limit (p, g, at, n);
	else
		for (unsigned c = 0; c < channels; c++)
			memcpy (s->factor + c * QUANTUM + at, g, n * sizeof *g);
	if (s->measure_out) {
		for (unsigned c = 0; c < channels; c++)
			factor[c] = s->factor + c * QUANTUM + at;
		hear_out (p, n, factor);
	}
	return shared;
}

static void
gain (mdyn_proc *p, mdyn_block *b)
{
	norm *s = p->state;
	unsigned channels = p->format.channels;
	const float *part[MDYN_CHANNELS_MAX];
	bool shared = true;
	for (size_t done = 0, n; done < b->n; done += n) {
		if (is_live (p) && s->wait == 0) {
			s->to = mdyn_leveller_play (&s->leveller, &s->from);
			s->into = 0;
			s->wait = s->block;
		}
		size_t room = mdyn_loudness_room (s->in);
		n = room < b->n - done ? room : b->n - done;
		n = s->restart && s->restart < n ? s->restart : n;
		if (is_live (p)) {
			n = s->wait < n ? s->wait : n;
			s->wait -= n;
		}
		for (unsigned c = 0; c < channels; c++)
			part[c] = b->det[c] + done;
		bool whole = mdyn_loudness_run (s->in, part, n);
		if (s->line_size)
			shared &= change (p, part, b->at + done, n);
		if (whole)
			hear (p);
		if (s->restart && (s->restart -= n) == 0)
			restart_out (s);
	}
	s->unreported += b->n;
	for (unsigned c = 0; c < channels; c++)
		b->gain[c] = s->factor + (shared ? 0 : c * QUANTUM) + b->at;
}

static void
event (mdyn_proc *p, int which)
{
	norm *s = p->state;
	if (which == MDYN_NORM_cue_event && is_live (p))
		mdyn_leveller_cue (&s->leveller);
	if (which == MDYN_NORM_restart_event) {
		mdyn_loudness_restart (s->in);
		s->restart = s->lookahead + s->behind;
		if (!s->restart)
			restart_out (s);
	}
}

/* The lines that the user should see: "" for none. */
static void
warn (const mdyn_proc *p, char warning[MDYN_WARNINGS][160])
{
	enum { LENGTH = 160 };
	const norm *s = p->state;
	unsigned unplaced = mdyn_loudness_unplaced (&p->format);
	double missed = 0;
	for (int i = 0; i < MDYN_WARNINGS; i++)
		*warning[i] = 0;
	if (unplaced)
		mdyn_why (warning[0], LENGTH, 0, "masternorm: %u of %u channels have no position: they count with weight 1, as front channels do", unplaced,
		          p->format.channels);
	if (s->finished && isnan (mdyn_loudness_integrated (s->in)))
		mdyn_why (warning[1], LENGTH, 0, "masternorm: the input never rose over the gate: it has no integrated loudness%s",
		          is_live (p) || (is_linear (p) && s->gain.target == 0) ? ", the gain stayed 0 dB" : "");
	if (!is_linear (p) || !s->prepared)
		return;
	if (isnan (mdyn_measured_gain (&s->measured, mdyn_get (p, MDYN_NORM_target), &missed)))
		mdyn_why (warning[2], LENGTH, 0, "masternorm: the measured programme never rises over the gate: the gain is 0 dB");
	if (missed > MISSED)
		mdyn_why (warning[2], LENGTH, 0, "masternorm: no gain meets the target: what it lifts over the gate pulls the loudness %.2f LU away", missed);
}

/* The measurement that the linear mode stands on. */
static int
prepare_linear (mdyn_proc *p, char *why, size_t size)
{
	norm *s = p->state;
	const char *file = p->text[MDYN_NORM_measured_file];
	int policy = (int) mdyn_get (p, MDYN_NORM_peak_policy), err;
	double given = mdyn_get (p, MDYN_NORM_measured_loudness), given_peak = mdyn_get (p, MDYN_NORM_measured_peak);
	mdyn_measured *m = &s->measured;
	s->prepared = false;
	*m = (mdyn_measured) { .loudness = NAN, .peak = NAN };
	if (file && (err = mdyn_measured_read (m, file, mdyn_get (p, MDYN_NORM_group) == MDYN_NORM_group_loudest, p->format.channels, counts_double (p), why, size)))
		return err;
	if (given < UNKNOWN_LOUDNESS) {
		m->loudness = given;
		m->n = 0;
	} else if (!file) {
		return mdyn_why (why, size, -EINVAL, "masternorm: mode=linear needs a measurement: set measured-loudness or measured-file");
	}
	m->peak = given_peak < UNKNOWN_PEAK ? given_peak : m->peak;
	if (isnan (m->peak) && !isnan (m->loudness) && policy != MDYN_NORM_peak_policy_limit)
		return mdyn_why (why, size, -EINVAL, "masternorm: peak-policy=%s needs the peak of the source: set measured-peak or measured-file",
		                 policy == MDYN_NORM_peak_policy_lower ? "lower" : "fail");
	double target = mdyn_get (p, MDYN_NORM_target), ceiling = mdyn_get (p, MDYN_NORM_ceiling), missed;
	double gain = mdyn_measured_gain (m, target, &missed), over = gain + m->peak - ceiling;
	if (policy == MDYN_NORM_peak_policy_fail && over > 1e-9)
		return mdyn_why (why, size, -ERANGE,
		                 "masternorm: peak-policy=fail: %+.2f dB to target=%g lift measured-peak=%.2f by %.2f dB over ceiling=%g", gain, target,
		                 m->peak, over, ceiling);
	s->prepared = true;
	return 0;
}

static int
prepare (mdyn_proc *p, char *why, size_t size)
{
	const char *file = p->text[MDYN_NORM_stats_file];
	int err = file ? mdyn_stats_check (file, why, size) : 0;
	if (!err && is_linear (p))
		err = prepare_linear (p, why, size);
	if (err)
		return err;
	char warning[MDYN_WARNINGS][160];
	warn (p, warning);
	for (int i = MDYN_WARNINGS; i-- > 0;)
		if (*warning[i])
			mdyn_why (why, size, 0, "%s", warning[i]);
	return 0;
}

static void
document (mdyn_proc *p, mdyn_document *t)
{
	static const char *const modes[] = { "live", "linear", "measure" }, *const policies[] = { "limit", "lower", "fail" };
	static const char *const groups[] = { "together", "loudest" };
	const norm *s = p->state;
	*t = (mdyn_document) { .complete = s->finished, .rate = p->format.rate, .channels = p->format.channels,
		               .nonfinite = mdyn_get (p, MDYN_NORM_nonfinite), .dual_mono = s->dual_mono, .mode = modes[(int) p->v[MDYN_NORM_mode]],
		               .preset = p->preset ? p->preset->nick : NULL, .target = mdyn_get (p, MDYN_NORM_target),
		               .ceiling = mdyn_get (p, MDYN_NORM_ceiling), .gain = is_live (p) ? NAN : is_linear (p) ? s->gain.target : 0,
		               .reduction = s->limiter ? s->reduction : NAN, .has_out = s->measure_out, .peak_amount = NAN,
		               .measured_loudness = NAN, .measured_peak = NAN };
	if (is_linear (p)) {
		t->peak_policy = policies[(int) p->v[MDYN_NORM_peak_policy]];
		double lowered = s->wanted - s->gain.target;
		t->peak_action = lowered > 0 ? "lowered" : s->reduction > 0 ? "limited" : "none";
		t->peak_amount = lowered > 0 ? lowered : s->reduction;
		t->measured_files = s->measured.files;
		t->group = s->measured.files > 1 ? groups[(int) p->v[MDYN_NORM_group]] : NULL;
		t->measured_loudness = s->measured.loudness;
		t->measured_peak = s->measured.peak;
	}
	warn (p, t->warning);
	mdyn_loudness_get (s->in, &t->in);
	mdyn_loudness_blocks (s->in, t->bin);
	if (s->out)
		mdyn_loudness_get (s->out, &t->out);
}

static int
stats (mdyn_proc *p, char *text, size_t size)
{
	mdyn_document t;
	document (p, &t);
	char *json = mdyn_stats_compose (&t);
	int n = json ? snprintf (text, size, "%s", json) : -ENOMEM;
	free (json);
	return n;
}

static int
summary (mdyn_proc *p, char *text, size_t size)
{
	int format = (int) p->v[MDYN_NORM_print_format];
	mdyn_document t;
	if (format == MDYN_NORM_print_format_none)
		return 0;
	document (p, &t);
	return mdyn_loudnorm_text (&t, format == MDYN_NORM_print_format_json, text, size);
}

static int
write_stats (mdyn_proc *p, char *why, size_t size)
{
	const char *file = p->text[MDYN_NORM_stats_file];
	mdyn_document t;
	if (!file)
		return 0;
	document (p, &t);
	return mdyn_stats_write (file, &t, why, size);
}

static int
report (mdyn_proc *p, char *why, size_t size)
{
	norm *s = p->state;
	size_t interval = mdyn_frames (p, 1000 * p->v[MDYN_NORM_stats_interval]);
	if (!interval || s->unreported < interval)
		return 0;
	s->unreported %= interval;
	return write_stats (p, why, size);
}

static int
finish (mdyn_proc *p, char *why, size_t size)
{
	norm *s = p->state;
	mdyn_loudness_finish (s->in);
	if (s->out)
		mdyn_loudness_finish (s->out);
	s->finished = true;
	hear_peaks (p);
	return write_stats (p, why, size);
}

const mdyn_ops mdyn_norm_ops = { .prepare = prepare, .latency = latency, .lay = lay, .open = open, .close = close, .reset = reset, .update = update,
	                         .event = event, .gain = gain, .stats = stats, .summary = summary, .report = report, .finish = finish };
