/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "loudness.h"

#include <ebur128.h>
#include <errno.h>
#include <pthread.h>

#include "dsp/dsp.h"
#include "truepeak.h"

#define TICKS 30                                  /* blocks of 100 ms in a short-term window */
#define QUIET_TICKS 5                             /* of the noise floor */
#define SILENCE_TICKS 10                          /* the slowest pole of the K weighting decays by 2000 dB in this second */

struct mdyn_loudness {
	ebur128_state *ebur;
	mdyn_truepeak *between;
	mdyn_gating *momentary, *short_term;      /* for integrated loudness and range */
	mdyn_dialogue *dialogue;
	float *woven;                             /* [QUANTUM][channels] */
	double *slice;                            /* energies, a ring; slice k at k % ring */
	size_t ring;
	unsigned rate, channels;
	unsigned slices, slice_ms;                /* slices of slice_ms in a block of 100 ms */
	size_t slice_frames;
	size_t at;                                /* frames into the slice */
	size_t tail;
	uint64_t fed;                             /* frames */
	uint64_t heard, counted;                  /* slices */
	float *tick_peak;                         /* peaks of blocks of 100 ms, a ring as `slice`: block k at k % tick_ring */
	double *tick_square;                      /* their mean squares, unweighted, as well */
	double square[QUANTUM];                   /* sums of the present one, by place in the quantum */
	uint8_t *tick_dialogue;                   /* whether they are dialogue */
	size_t tick_ring;
	mdyn_dialogue_state told;                 /* of what comes in now */
	const struct mdyn_loudness *teller;       /* the meter whose tick_dialogue counts: this one, or the one whose audio this one hears later */
	float tick_sample_peak;                   /* of the present one */

	/* since the restart */
	uint64_t frames;
	uint64_t base;                            /* the first slice */
	double max_momentary, max_short_term;     /* energies */
	double psr;                               /* least energy ratio; 0: none yet */
	mdyn_loudness_bin squares;                /* of blocks */
	double quietest;                          /* mean square */
	float sample_peak, peak;                  /* peak: of whole blocks */
	bool due;                                 /* a quantum is complete, its true peak not told yet */
	unsigned stale;                           /* quanta to come whose true peak is from before */
	bool finished;
};

static bool
has (const mdyn_format *f, mdyn_position left, mdyn_position right)
{
	for (unsigned i = 0; i < f->channels; i++)
		if (f->position[i] == left || f->position[i] == right)
			return true;
	return false;
}

/* libebur128 has no word for most places; what counts is the weight that it gives to the one chosen here. */
static int
place (const mdyn_format *f, unsigned c)
{
	switch (f->position[c]) {
	case MDYN_POS_LFE:
	case MDYN_POS_LFE2:
		return EBUR128_UNUSED;
	case MDYN_POS_FL:
	case MDYN_POS_FR: /* 22.2 alone has a bottom layer; its front pair stands at 60 degrees, the pair between it and the centre at 30 */
		return has (f, MDYN_POS_BFL, MDYN_POS_BFR) && has (f, MDYN_POS_FLC, MDYN_POS_FRC) ? EBUR128_Mp060 : EBUR128_LEFT;
	case MDYN_POS_WL:
	case MDYN_POS_WR:
		return EBUR128_Mp060;
	case MDYN_POS_SL:
	case MDYN_POS_SR:
		return EBUR128_Mp090;
	case MDYN_POS_LS:
	case MDYN_POS_RS:
		return EBUR128_Mp110;
	case MDYN_POS_BL:
	case MDYN_POS_BR:
		return has (f, MDYN_POS_SL, MDYN_POS_SR) || has (f, MDYN_POS_LS, MDYN_POS_RS) ? EBUR128_Mp135 : EBUR128_Mp110;
	default:
		return EBUR128_LEFT;
	}
}

unsigned
mdyn_loudness_unplaced (const mdyn_format *f)
{
	unsigned n = 0;
	for (unsigned i = 0; i < f->channels; i++)
		n += f->position[i] == MDYN_POS_UNKNOWN;
	return n == f->channels && n <= 2 ? 0 : n;
}

mdyn_loudness *
mdyn_loudness_lay (mdyn_arena *a, const mdyn_format *f, size_t tail)
{
	/* The shortest slice that is whole frames: libebur128's windows are whole ms, its blocks of 100 ms are rounded to whole frames. */
	unsigned ms = f->rate % 100 == 0 ? 10 : f->rate % 50 == 0 ? 20 : f->rate % 20 == 0 ? 50 : 100;
	size_t frames = ms == 100 ? (f->rate + 5) / 10 : f->rate / 1000.0 * ms + 0.5;
	size_t ring = 3000 / ms + tail / frames + 2;
	mdyn_loudness *l = mdyn_carve (a, 1, sizeof *l);
	mdyn_gating *momentary = mdyn_gating_lay (a), *short_term = mdyn_gating_lay (a);
	float *woven = mdyn_carve (a, (size_t) QUANTUM * f->channels, sizeof *woven);
	double *slice = mdyn_carve (a, ring, sizeof *slice);
	size_t tick_ring = ring * ms / 100 + 2;
	float *tick_peak = mdyn_carve (a, tick_ring, sizeof *tick_peak);
	double *tick_square = mdyn_carve (a, tick_ring, sizeof *tick_square);
	uint8_t *tick_dialogue = mdyn_carve (a, tick_ring, sizeof *tick_dialogue);
	mdyn_dialogue *dialogue = mdyn_dialogue_lay (a);
	mdyn_truepeak *between = mdyn_truepeak_lay (a, f->rate, f->channels, false);
	if (!l)
		return NULL;
	*l = (mdyn_loudness) { .between = between, .momentary = momentary, .short_term = short_term, .dialogue = dialogue, .woven = woven, .slice = slice,
		               .ring = ring, .tick_peak = tick_peak, .tick_square = tick_square, .tick_dialogue = tick_dialogue, .tick_ring = tick_ring,
		               .teller = l, .rate = f->rate, .channels = f->channels, .slices = 100 / ms, .slice_ms = ms, .slice_frames = frames,
		               .tail = tail, .quietest = HUGE_VAL };
	return l;
}

int
mdyn_loudness_open (mdyn_loudness *l, const mdyn_format *f)
{
	static pthread_mutex_t tables = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock (&tables);
	l->ebur = ebur128_init (l->channels, l->rate, EBUR128_MODE_M);
	pthread_mutex_unlock (&tables);
	if (!l->ebur)
		return -ENOMEM;
	for (unsigned c = 0; c < l->channels; c++)
		ebur128_set_channel (l->ebur, c, place (f, c));
	return 0;
}

void
mdyn_loudness_close (mdyn_loudness *l)
{
	if (l && l->ebur)
		ebur128_destroy (&l->ebur);
}

void
mdyn_loudness_tell (mdyn_loudness *l, mdyn_dialogue_state state)
{
	l->told = state;
}

void
mdyn_loudness_follow (mdyn_loudness *l, const mdyn_loudness *input)
{
	l->teller = input;
}

const mdyn_dialogue *
mdyn_loudness_dialogue (const mdyn_loudness *l)
{
	return l->dialogue;
}

void
mdyn_loudness_dual_mono (mdyn_loudness *l, const mdyn_format *f, bool on)
{
	if (l->channels == 1)
		ebur128_set_channel (l->ebur, 0, on ? EBUR128_DUAL_MONO : place (f, 0));
}

void
mdyn_loudness_reset (mdyn_loudness *l)
{
	if (l->fed) {
		size_t tick = l->slice_frames * l->slices, into = l->fed % tick, silence = tick - into + SILENCE_TICKS * tick;
		memset (l->woven, 0, (size_t) QUANTUM * l->channels * sizeof *l->woven);
		for (size_t n; silence; silence -= n) {
			n = silence < QUANTUM ? silence : QUANTUM;
			ebur128_add_frames_float (l->ebur, l->woven, n);
		}
	}
	mdyn_truepeak_reset (l->between);
	memset (l->tick_peak, 0, l->tick_ring * sizeof *l->tick_peak);
	memset (l->tick_square, 0, l->tick_ring * sizeof *l->tick_square);
	memset (l->square, 0, sizeof l->square);
	l->tick_sample_peak = 0;
	l->at = 0;
	l->fed = l->heard = l->counted = 0;
	mdyn_loudness_restart (l);
	l->stale = 0;
	l->finished = false;
}

void
mdyn_loudness_restart (mdyn_loudness *l)
{
	size_t into = l->fed % QUANTUM;
	mdyn_gating_clear (l->momentary);
	mdyn_gating_clear (l->short_term);
	mdyn_dialogue_clear (l->dialogue);
	mdyn_truepeak_clear (l->between);
	l->frames = 0;
	l->base = l->counted = l->heard + (l->at > 0);
	l->max_momentary = l->max_short_term = l->psr = 0;
	l->squares = (mdyn_loudness_bin) { 0, 0 };
	l->quietest = HUGE_VAL;
	l->sample_peak = l->peak = l->tick_sample_peak = 0;
	l->stale = into < MDYN_TRUEPEAK_DELAY ? 1 : 2; /* the quantum that ends next tells of frames up to MDYN_TRUEPEAK_DELAY before its end */
}

size_t
mdyn_loudness_room (const mdyn_loudness *l)
{
	return l->slice_frames * (l->slices - l->heard % l->slices) - l->at;
}

/* Mean energy of the n slices that end with slice `end` (not included). Where fewer were heard, silence was before. */
static double
mean (const mdyn_loudness *l, uint64_t end, size_t n)
{
	size_t have = end < n ? (size_t) end : n, at = (size_t) ((end - have) % l->ring);
	double sum = 0;
	for (size_t i = 0; i < have; i++) {
		sum += l->slice[at];
		at = at + 1 == l->ring ? 0 : at + 1;
	}
	return sum / (double) n;
}

static float
larger (float a, float b)
{
	return a > b ? a : b;
}

/* Peak of the short-term window that ends with slice `end` (not included), from the whole blocks of 100 ms that end in it. */
static float
short_term_peak (const mdyn_loudness *l, uint64_t end)
{
	float peak = 0;
	for (uint64_t last = end / l->slices, i = last < TICKS ? 0 : last - TICKS; i < last; i++)
		peak = larger (peak, l->tick_peak[i % l->tick_ring]);
	return peak;
}

/* The block of 100 ms that ended last before slice `end`, if it is of the programme. */
static void
count_tick (mdyn_loudness *l, uint64_t end)
{
	uint64_t last = end / l->slices;
	if ((last - 1) * l->slices < l->base)
		return;
	mdyn_dialogue_enter (l->dialogue, l->teller->tick_dialogue[(last - 1) % l->teller->tick_ring], mean (l, last * l->slices, l->slices));
	l->squares.sum += l->tick_square[(last - 1) % l->tick_ring];
	if (++l->squares.n < QUIET_TICKS)
		return;
	double sum = 0;
	for (uint64_t i = last - QUIET_TICKS; i < last; i++)
		sum += l->tick_square[i % l->tick_ring];
	l->quietest = sum / QUIET_TICKS < l->quietest ? sum / QUIET_TICKS : l->quietest;
}

/* A slice becomes part of the result. */
static void
count (mdyn_loudness *l)
{
	uint64_t end = ++l->counted, n = end - l->base;
	size_t momentary = 4 * l->slices, short_term = TICKS * l->slices;
	if (n % l->slices == 0)
		count_tick (l, end);
	if (n < momentary)
		return;
	double m = mean (l, end, momentary);
	l->max_momentary = m > l->max_momentary ? m : l->max_momentary;
	if (n % l->slices)
		return;
	mdyn_gating_enter (l->momentary, m);
	if (n < short_term)
		return;
	double s = mean (l, end, short_term), psr = pow (short_term_peak (l, end), 2) / s;
	l->max_short_term = s > l->max_short_term ? s : l->max_short_term;
	if (s >= mdyn_energy (MDYN_LOUDNESS_GATE) && (l->psr == 0 || psr < l->psr))
		l->psr = psr;
	mdyn_gating_enter (l->short_term, s);
}

/* A quantum is complete. */
static void
tell (mdyn_loudness *l)
{
	mdyn_truepeak_tell (l->between, larger (mdyn_truepeak_max_all (l->between), l->tick_sample_peak)); /* what is below does not show */
	l->due = false;
	if (!l->stale)
		return;
	l->stale--;
	mdyn_truepeak_clear (l->between);
}

/* Peaks, and the weave that libebur128 wants. */
static void
take (mdyn_loudness *l, const float *const *x, size_t n)
{
	mdyn_dsp->weave (l->woven, x, l->channels, n);
	const float *part[MDYN_CHANNELS_MAX];
	for (size_t done = 0, k; done < n; done += k) {
		size_t at = (size_t) (l->fed % QUANTUM);
		k = QUANTUM - at < n - done ? QUANTUM - at : n - done;
		if (l->due)
			tell (l);
		for (unsigned c = 0; c < l->channels; c++) {
			part[c] = x[c] + done;
			mdyn_dsp->add_squares (l->square + at, part[c], k);
		}
		float top = mdyn_truepeak_put (l->between, part, at, k);
		l->tick_sample_peak = larger (l->tick_sample_peak, top);
		l->sample_peak = larger (l->sample_peak, top);
		l->due = at + k == QUANTUM;
		l->fed += k;
	}
	l->frames += n;
}

/* A block of 100 ms is whole. Its true peak is known but for the last quantum and a half: that counts in the next. */
static void
tick (mdyn_loudness *l)
{
	float between = mdyn_truepeak_max_all (l->between);
	size_t last = (l->heard / l->slices - 1) % l->tick_ring;
	double sum = 0;
	for (int i = 0; i < QUANTUM; i++)
		sum += l->square[i];
	memset (l->square, 0, sizeof l->square);
	l->tick_square[last] = sum / (double) (l->slice_frames * l->slices * l->channels);
	l->tick_dialogue[last] = (uint8_t) l->told;
	l->tick_peak[last] = larger (between, l->tick_sample_peak);
	l->peak = larger (l->peak, between);
	l->tick_sample_peak = 0;
	mdyn_truepeak_clear (l->between);
}

bool
mdyn_loudness_run (mdyn_loudness *l, const float *const *x, size_t n)
{
	take (l, x, n);
	bool whole = false;
	for (size_t done = 0, k; done < n; done += k) {
		k = l->slice_frames - l->at < n - done ? l->slice_frames - l->at : n - done;
		ebur128_add_frames_float (l->ebur, l->woven + done * l->channels, k);
		l->at += k;
		if (l->at < l->slice_frames)
			break;
		double lufs = -HUGE_VAL;
		ebur128_loudness_window (l->ebur, l->slice_ms, &lufs);
		l->slice[l->heard++ % l->ring] = mdyn_energy (lufs);
		l->at = 0;
		whole = l->heard % l->slices == 0;
	}
	if (l->due)
		tell (l);
	if (whole)
		tick (l);
	while (l->counted < l->heard && (l->counted + 1) * l->slice_frames + l->tail <= l->fed)
		count (l);
	return whole;
}

double
mdyn_loudness_energy (const mdyn_loudness *l)
{
	return mean (l, l->heard - l->heard % l->slices, l->slices);
}

size_t
mdyn_loudness_slice_frames (const mdyn_loudness *l, unsigned *ms)
{
	*ms = l->slice_ms;
	return l->slice_frames;
}

double
mdyn_loudness_slice (const mdyn_loudness *l, uint64_t k)
{
	return l->slice[k % l->ring];
}

double
mdyn_loudness_momentary (const mdyn_loudness *l)
{
	return l->heard < 4 * l->slices ? NAN : mdyn_lufs (mean (l, l->heard - l->heard % l->slices, 4 * l->slices));
}

double
mdyn_loudness_short_term (const mdyn_loudness *l)
{
	return l->heard < TICKS * l->slices ? NAN : mdyn_lufs (mean (l, l->heard - l->heard % l->slices, TICKS * l->slices));
}

double
mdyn_loudness_integrated (const mdyn_loudness *l)
{
	return mdyn_gating_integrated (l->momentary);
}

double
mdyn_loudness_range (const mdyn_loudness *l)
{
	return mdyn_gating_range (l->short_term);
}

void
mdyn_loudness_blocks (const mdyn_loudness *l, mdyn_loudness_bin *bin)
{
	mdyn_gating_blocks (l->momentary, bin);
}

/* dB of an amplitude, NaN below -300. */
static double
decibels (double amplitude)
{
	return amplitude > 1e-15 ? 20 * log10 (amplitude) : NAN;
}

double
mdyn_loudness_max_momentary (const mdyn_loudness *l)
{
	return mdyn_lufs (l->max_momentary);
}

double
mdyn_loudness_max_short_term (const mdyn_loudness *l)
{
	return mdyn_lufs (l->max_short_term);
}

double
mdyn_loudness_sample_peak (const mdyn_loudness *l)
{
	return decibels (l->sample_peak);
}

double
mdyn_loudness_true_peak (const mdyn_loudness *l)
{
	return decibels (larger (larger (l->peak, mdyn_truepeak_max_all (l->between)), l->sample_peak));
}

double
mdyn_loudness_psr (const mdyn_loudness *l)
{
	return decibels (short_term_peak (l, l->heard)) - mdyn_loudness_short_term (l);
}

void
mdyn_loudness_finish (mdyn_loudness *l)
{
	if (!l->finished)
		mdyn_truepeak_flush (l->between);
	l->finished = true;
}

void
mdyn_loudness_get (const mdyn_loudness *l, mdyn_loudness_result *r)
{
	r->duration = l->frames > l->tail ? (double) (l->frames - l->tail) / l->rate : 0;
	r->integrated = mdyn_loudness_integrated (l);
	r->threshold = mdyn_gating_threshold (l->momentary);
	r->range = mdyn_loudness_range (l);
	r->max_momentary = mdyn_loudness_max_momentary (l);
	r->max_short_term = mdyn_loudness_max_short_term (l);
	r->psr = l->psr > 0 ? 10 * log10 (l->psr) + 0.691 : NAN;
	r->true_peak = mdyn_loudness_true_peak (l);
	r->sample_peak = decibels (l->sample_peak);
	r->rms = l->squares.n ? 10 * log10 (l->squares.sum / (double) l->squares.n) : NAN;
	r->noise_floor = l->squares.n >= QUIET_TICKS ? 10 * log10 (l->quietest) : NAN;
	r->dialogue = mdyn_dialogue_loudness (l->dialogue);
	r->dialogue_share = mdyn_dialogue_share (l->dialogue);
	r->dialogue_range = mdyn_dialogue_range (l->dialogue);
}
