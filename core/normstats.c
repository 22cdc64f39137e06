/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm before its first sample and beside the sound: what it is given, what it reports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "norm.h"
#include "stats.h"

#define UNKNOWN_LOUDNESS 20.0                     /* the rows' "not given" */
#define UNKNOWN_PEAK 60.0
#define MISSED 0.05                               /* LU: less is not worth a warning */

bool
mdyn_norm_counts_double (const mdyn_proc *p)
{
	double dual = mdyn_get (p, MDYN_NORM_dual_mono);
	return p->format.channels == 1 && (dual == MDYN_NORM_dual_mono_auto ? mdyn_delivery_dual_mono (p->preset ? p->preset->nick : NULL)
	                                                                    : dual == MDYN_NORM_dual_mono_on);
}

void
mdyn_norm_hear_peaks (mdyn_proc *p)
{
	const mdyn_norm *s = p->state;
	double peak = mdyn_loudness_true_peak (s->in);
	mdyn_publish (p, MDYN_NORM_true_peak, peak);
	mdyn_publish (p, MDYN_NORM_sample_peak, mdyn_loudness_sample_peak (s->in));
	mdyn_publish (p, MDYN_NORM_plr, peak - mdyn_loudness_integrated (s->in));
}

/* The lines that the user should see: "" for none. */
static void
warn (const mdyn_proc *p, char warning[MDYN_WARNINGS][160])
{
	enum { LENGTH = 160 };
	const mdyn_norm *s = p->state;
	unsigned unplaced = mdyn_loudness_unplaced (&p->format);
	double missed = 0;
	for (int i = 0; i < MDYN_WARNINGS; i++)
		*warning[i] = 0;
	if (unplaced)
		mdyn_why (warning[0], LENGTH, 0, "masternorm: %u of %u channels have no position: they count with weight 1, as front channels do", unplaced,
		          p->format.channels);
	if (s->finished && isnan (mdyn_loudness_integrated (s->in)))
		mdyn_why (warning[1], LENGTH, 0, "masternorm: the input never rose over the gate: it has no integrated loudness%s",
		          mdyn_norm_is_live (p) || (mdyn_norm_is_linear (p) && s->gain.target == 0) ? ", the gain stayed 0 dB" : "");
	if (mdyn_get (p, MDYN_NORM_dialogue) == MDYN_NORM_dialogue_auto && !s->voice)
		mdyn_why (warning[4], LENGTH, 0, "masternorm: dialogue=auto was set too late: it is chosen before the start");
	unsigned ms;
	if (mdyn_norm_is_live (p) && mdyn_loudness_slice_frames (s->in, &ms) > s->behind &&
	    (mdyn_get (p, MDYN_NORM_max_momentary) < p->cls->params[MDYN_NORM_max_momentary].max ||
	     mdyn_get (p, MDYN_NORM_max_short_term) < p->cls->params[MDYN_NORM_max_short_term].max))
		mdyn_why (warning[5], LENGTH, 0, "masternorm: max-momentary and max-short-term are not held exactly at %u Hz, no multiple of 20", p->format.rate);
	if (p->text[MDYN_NORM_measured_file] && !mdyn_norm_is_linear (p))
		mdyn_why (warning[2], LENGTH, 0, "masternorm: measured-file is not read: that does mode=linear alone");
	if (!mdyn_norm_is_linear (p) || !s->prepared)
		return;
	if (*s->measured.partial)
		mdyn_why (warning[3], LENGTH, 0, "masternorm: measured-file=%s: field complete is false: the measurement stopped before its programme ended", s->measured.partial);
	if (*s->measured.silent && !isnan (s->measured.loudness))
		mdyn_why (warning[6], LENGTH, 0, "masternorm: measured-file=%s never rises over the gate: it does not count in the group", s->measured.silent);
	if (isnan (mdyn_measured_gain (&s->measured, mdyn_get (p, MDYN_NORM_target), &missed)))
		mdyn_why (warning[2], LENGTH, 0, "masternorm: the measured programme never rises over the gate: the gain is 0 dB");
	if (missed > MISSED)
		mdyn_why (warning[2], LENGTH, 0, "masternorm: no gain meets the target: what it lifts over the gate pulls the loudness %.2f LU away", missed);
}

/* The measurement that the linear mode stands on. */
static int
prepare_linear (mdyn_proc *p, char *why, size_t size)
{
	mdyn_norm *s = p->state;
	const char *file = p->text[MDYN_NORM_measured_file];
	int policy = (int) mdyn_get (p, MDYN_NORM_peak_policy), err;
	double given = mdyn_get (p, MDYN_NORM_measured_loudness), given_peak = mdyn_get (p, MDYN_NORM_measured_peak);
	mdyn_measured *m = &s->measured;
	s->prepared = false;
	*m = (mdyn_measured) { .loudness = NAN, .peak = NAN };
	if (file && (err = mdyn_measured_read (m, file, mdyn_get (p, MDYN_NORM_group) == MDYN_NORM_group_loudest, p->format.channels, mdyn_norm_counts_double (p), why, size)))
		return err;
	if (given < UNKNOWN_LOUDNESS) {
		m->loudness = given;
		m->n = m->files = 0;
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

int
mdyn_norm_prepare (mdyn_proc *p, char *why, size_t size)
{
	mdyn_norm *s = p->state;
	const char *file = p->text[MDYN_NORM_stats_file];
	int err = file ? mdyn_stats_check (file, why, size) : 0;
	if (!err && mdyn_norm_is_linear (p))
		err = prepare_linear (p, why, size);
	mdyn_voice_destroy (&s->voice); /* its noise estimate cannot be reset */
	if (!err && mdyn_get (p, MDYN_NORM_dialogue) == MDYN_NORM_dialogue_auto && (err = mdyn_voice_create (&s->voice, &p->format)))
		mdyn_why (why, size, err, "masternorm: dialogue=auto: %s: unknown, no, yes are allowed",
		          err == -ENOTSUP ? "this build has no voice activity detector (meson option speech)" : "no memory for the voice activity detector");
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
	const mdyn_norm *s = p->state;
	*t = (mdyn_document) { .complete = s->finished, .rate = p->format.rate, .channels = p->format.channels,
		               .nonfinite = mdyn_get (p, MDYN_NORM_nonfinite), .dual_mono = s->dual_mono, .mode = modes[(int) p->v[MDYN_NORM_mode]],
		               .preset = p->preset ? p->preset->nick : NULL, .target = mdyn_get (p, MDYN_NORM_target),
		               .ceiling = mdyn_get (p, MDYN_NORM_ceiling), .gain = mdyn_norm_is_live (p) ? NAN : mdyn_norm_is_linear (p) ? s->gain.target : 0,
		               .reduction = s->limiter ? s->reduction : NAN, .has_out = s->measure_out, .peak_amount = NAN,
		               .measured_loudness = NAN, .measured_peak = NAN };
	if (mdyn_norm_is_linear (p)) {
		t->peak_policy = policies[(int) p->v[MDYN_NORM_peak_policy]];
		double lowered = s->wanted - s->gain.target;
		t->peak_action = lowered > 0 ? "lowered" : s->reduction > 0 ? "limited" : "none";
		t->peak_amount = lowered > 0 ? lowered : s->reduction;
		t->measured_files = s->measured.files;
		t->group = s->measured.files > 1 ? groups[(int) p->v[MDYN_NORM_group]] : NULL;
		t->measured_loudness = s->measured.loudness;
		t->measured_peak = s->measured.peak;
	}
	t->dialogue_found = s->detects;
	if (!isnan (mdyn_dialogue_share (mdyn_loudness_dialogue (s->in))))
		t->dialogue_by = s->detects ? "voice activity (speexdsp): speech from pauses and noise, not from music" : "told by the row dialogue";
	warn (p, t->warning);
	mdyn_loudness_get (s->in, &t->in);
	mdyn_loudness_blocks (s->in, t->bin);
	if (s->out)
		mdyn_loudness_get (s->out, &t->out);
}

int
mdyn_norm_stats (mdyn_proc *p, char *text, size_t size)
{
	mdyn_document t;
	document (p, &t);
	char *json = mdyn_stats_compose (&t);
	int n = json ? snprintf (text, size, "%s", json) : -ENOMEM;
	free (json);
	return n;
}

int
mdyn_norm_summary (mdyn_proc *p, char *text, size_t size)
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

int
mdyn_norm_report (mdyn_proc *p, char *why, size_t size)
{
	mdyn_norm *s = p->state;
	size_t interval = mdyn_frames (p, 1000 * p->v[MDYN_NORM_stats_interval]);
	if (!interval || s->unreported < interval)
		return 0;
	s->unreported %= interval;
	return write_stats (p, why, size);
}

int
mdyn_norm_finish (mdyn_proc *p, char *why, size_t size)
{
	mdyn_norm *s = p->state;
	mdyn_loudness_finish (s->in);
	if (s->out)
		mdyn_loudness_finish (s->out);
	s->finished = true;
	mdyn_norm_hear_peaks (p);
	return write_stats (p, why, size);
}
