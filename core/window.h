/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The largest of the last so many magnitudes, exactly, as compressor and gate hear a level.
 *
 * It is a staircase, and mostly of one step: while the largest lies in a quantum that the window covers whole, nothing that comes or goes is looked at. Else
 * only what is larger than all before it (coming) or behind it (going) makes a step. */
#ifndef MDYN_WINDOW_H
#define MDYN_WINDOW_H

#include "proc.h"

/* Steps of a quantum or less: value[k] from frame from[k] on, from[0] = 0, as far as from[k + 1]; from[n] is the end. Neighbours differ. */
typedef struct mdyn_steps {
	size_t n;
	uint32_t from[QUANTUM + 1];
	float value[QUANTUM];
} mdyn_steps;

/* A step from frame `at` on, if it is one. */
static inline void
mdyn_steps_add (mdyn_steps *s, uint32_t at, float value)
{
	if (s->n && s->value[s->n - 1] == value)
		return;
	s->from[s->n] = at;
	s->value[s->n++] = value;
}

/* The same as an array. */
void mdyn_steps_spread (const mdyn_steps *s, float *level);

/* Those larger than all behind them in a quantum, from its end on. */
typedef struct mdyn_records {
	uint32_t of, n;                           /* the quantum; UINT32_MAX: none */
	uint32_t at[QUANTUM];
	float value[QUANTUM];
} mdyn_records;

/* A window is the end of an old quantum, whole quanta, and the beginning of the present one. Its quanta are those of the stream. */
typedef struct mdyn_window {
	float *x, *most;                          /* rings of magnitudes, of the largest of each quantum */
	uint32_t mask, now;
	float prefix;                             /* largest of the present quantum so far */
	struct {                                  /* the largest of the quanta from .. here - 1, and where it is */
		uint32_t from, here, at;
		float most;
	} whole;
	mdyn_records old;
} mdyn_window;

/* 25 ms: a half-wave of 20 Hz. */
#define MDYN_WINDOW_MS 25.0

/* Claims `windows` of up to `frames`; NULL while counting. */
mdyn_window *mdyn_window_carve (mdyn_arena *a, unsigned windows, size_t frames);

/* Silence, up to place `at` of a quantum. */
void mdyn_window_clear (mdyn_window *w, size_t at);

/* Quanta before the present one that windows of up to `frames` look back to. */
size_t mdyn_window_quanta (size_t frames);

/* As if w had heard one channel of the detector signal all along, up to frame `from` of the block and back to so many quanta. `other` is as long and as far. */
void mdyn_window_recall (mdyn_window *w, const mdyn_window *other, const mdyn_proc *p, unsigned channel, size_t from, size_t quanta);

/* As if w had heard all that `other` has, too. They are as long and as far. */
void mdyn_window_join (mdyn_window *w, const mdyn_window *other);

/* level of frame i = the largest |x[c][j]| of all channels c with i - frames <= j <= i; frames may differ from call to call. n frames, that end with the quantum
 * or before. */
void mdyn_window_run (mdyn_window *w, mdyn_steps *level, const float *const *x, unsigned channels, size_t frames, size_t n);

#endif
