/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "window.h"

#include "dsp/dsp.h"

mdyn_window *
mdyn_window_carve (mdyn_arena *a, unsigned windows, size_t frames)
{
	uint32_t size = 4 * QUANTUM;
	while (size < frames + 2 * QUANTUM)
		size *= 2;
	mdyn_window *w = mdyn_carve (a, windows, sizeof *w);
	for (unsigned i = 0; i < windows; i++) {
		float *x = mdyn_carve (a, size, sizeof *x), *most = mdyn_carve (a, size / QUANTUM, sizeof *most);
		if (w)
			w[i] = (mdyn_window) { .x = x, .most = most, .mask = size - 1, .old.of = UINT32_MAX };
	}
	return w;
}

static size_t
frames_of (const mdyn_window *w)
{
	return w->mask + (size_t) 1;
}

/* What was found of x and most is found anew. */
static void
forget (mdyn_window *w)
{
	w->whole.here = w->whole.from = w->now / QUANTUM;
	w->old.of = UINT32_MAX;
}

void
mdyn_window_clear (mdyn_window *w, size_t at)
{
	memset (w->x, 0, frames_of (w) * sizeof *w->x);
	memset (w->most, 0, frames_of (w) / QUANTUM * sizeof *w->most);
	w->now = (uint32_t) at;
	w->prefix = 0;
	forget (w);
}

size_t
mdyn_window_quanta (size_t frames)
{
	return (frames + QUANTUM - 1) / QUANTUM + 1;
}

void
mdyn_window_recall (mdyn_window *w, const mdyn_window *other, const mdyn_proc *p, unsigned channel, size_t from, size_t quanta)
{
	mdyn_window_clear (w, other->now);
	uint32_t here = w->now / QUANTUM;
	for (uint32_t ago = 0; ago <= quanta; ago++) {
		const float *x = mdyn_heard (p, channel, from, ago);
		uint32_t q = here - ago;
		float most = mdyn_dsp->magnitude (w->x + (q * QUANTUM & w->mask), &x, 1, ago ? QUANTUM : w->now % QUANTUM);
		if (ago)
			w->most[q & w->mask / QUANTUM] = most;
		else
			w->prefix = most;
	}
}

static inline float
larger (float a, float b)
{
	return a > b ? a : b;
}

void
mdyn_window_join (mdyn_window *w, const mdyn_window *other)
{
	mdyn_dsp->abs_max (w->x, other->x, frames_of (w));
	mdyn_dsp->abs_max (w->most, other->most, frames_of (w) / QUANTUM);
	w->prefix = larger (w->prefix, other->prefix);
	forget (w);
}

/* The largest of the quanta from .. here - 1, `here` the present one. Mostly that of the call before, as long as it is covered. */
static float
whole_max (mdyn_window *w, uint32_t from, uint32_t here)
{
	uint32_t quanta = w->mask / QUANTUM, wide = (here - from) & quanta, since = (here - w->whole.here) & quanta;
	bool known = since <= 1 && w->whole.from != w->whole.here && wide <= ((w->whole.here - w->whole.from) & quanta) + since;
	if (known && since && w->most[w->whole.here & quanta] >= w->whole.most) {
		w->whole.most = w->most[w->whole.here & quanta];
		w->whole.at = w->whole.here;
	}
	if (!known || ((here - w->whole.at) & quanta) > wide || w->whole.at == here) {
		w->whole.most = 0;
		w->whole.at = from;
		for (uint32_t k = 0; k < wide; k++)
			if (w->most[(from + k) & quanta] >= w->whole.most) {
				w->whole.most = w->most[(from + k) & quanta];
				w->whole.at = from + k;
			}
	}
	w->whole.from = from;
	w->whole.here = here;
	return w->whole.most;
}

/* Of quantum q, which is complete. */
static const mdyn_records *
records_of (mdyn_window *w, uint32_t q)
{
	mdyn_records *r = &w->old;
	if (r->of == q)
		return r;
	const float *x = w->x + (q * QUANTUM & w->mask);
	float most = 0, end = w->most[q & w->mask / QUANTUM];
	r->of = q;
	r->n = 0;
	for (uint32_t i = QUANTUM; most < end && i-- > 0;)
		if (x[i] > most) {
			r->at[r->n] = i;
			r->value[r->n++] = most = x[i];
		}
	return r;
}

/* Frames at .. end - 1 of magnitudes a, none of which is above `newest`: `least`, or the largest that has come in this quantum. */
static void
rise (const mdyn_window *w, mdyn_steps *s, const float *a, float newest, float least, uint32_t at, uint32_t end)
{
	if (newest > least)
		least = larger (least, larger (w->prefix, mdyn_dsp->largest (a, at + 1)));
	mdyn_steps_add (s, at, least);
	for (uint32_t i = at + 1; i < end && least < newest; i++)
		if (a[i] > least)
			mdyn_steps_add (s, i, least = a[i]);
}

/* The n frames where the largest comes or goes. between: the largest of what is covered from the first frame to the last. */
static void
search (mdyn_window *w, mdyn_steps *s, const float *a, float newest, float between, uint32_t frames, uint32_t n)
{
	uint32_t oldest = w->now - frames, last = (oldest + n - 1) / QUANTUM, quanta = w->mask / QUANTUM;
	for (uint32_t i = 0, end; i < n; i = end) {
		uint32_t q = (oldest + i) / QUANTUM, at = (oldest + i) % QUANTUM;
		float least = q == last ? between : larger (between, w->most[last & quanta]);
		end = q == last ? n : QUANTUM - at;
		if (w->most[q & quanta] > least) {
			const mdyn_records *r = records_of (w, q);
			for (uint32_t k = r->n; k-- > 0 && i < end && r->value[k] > least;)
				if (r->at[k] >= at) {
					uint32_t gone = i + r->at[k] + 1 - at;
					gone = gone < end ? gone : end;
					rise (w, s, a, newest, r->value[k], i, gone);
					i = gone;
					at = r->at[k] + 1;
				}
		}
		if (i < end)
			rise (w, s, a, newest, least, i, end);
	}
}

void
mdyn_window_run (mdyn_window *w, mdyn_steps *level, const float *const *x, unsigned channels, size_t window, size_t block)
{
	uint32_t here = w->now / QUANTUM, mask = w->mask, quanta = mask / QUANTUM, frames = (uint32_t) window, n = (uint32_t) block;
	float *a = w->x + (w->now & mask), newest = larger (w->prefix, mdyn_dsp->magnitude (a, x, channels, n));
	level->n = 0;
	if (frames >= QUANTUM) {
		uint32_t first = (w->now - frames) / QUANTUM, last = (w->now + n - 1 - frames) / QUANTUM;
		float covered = whole_max (w, last + 1, here);
		if (covered >= newest && covered >= w->most[first & quanta] && covered >= w->most[last & quanta])
			mdyn_steps_add (level, 0, covered);
		else
			search (w, level, a, newest, covered, frames, n);
	}
	if (frames < QUANTUM)
		forget (w);
	for (uint32_t i = 0; i < n && frames < QUANTUM; i++) {
		float most = 0;
		for (uint32_t k = 0; k <= frames; k++)
			most = larger (most, w->x[(w->now + i - k) & mask]);
		mdyn_steps_add (level, i, most);
	}
	level->from[level->n] = n;
	w->prefix = newest;
	w->now += n;
	if (w->now % QUANTUM == 0) {
		w->most[here & quanta] = newest;
		w->prefix = 0;
	}
}

void
mdyn_steps_spread (const mdyn_steps *s, float *level)
{
	for (size_t k = 0; k < s->n; k++)
		for (size_t i = s->from[k]; i < s->from[k + 1]; i++)
			level[i] = s->value[k];
}
