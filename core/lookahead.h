/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What looks ahead: a sliding maximum, and the smoothing that closes a gain before a peak without ever standing above it.
 *
 * A required reduction r[j] is first held by a sliding maximum over F+1 values, m[j] = max r[j-F .. j], then averaged by a FIR of F taps that are not
 * negative and sum to 1, y[j] = sum h[k] m[j-k]. Every m that enters y[j] contains r[j-F] and r[j-F+1]: y[j] is at least as large as both, and a straight
 * line from y[j-1] to y[j] covers r[j-F] from its begin to its end. (A moving minimum and a moving average: the classic look-ahead limiter.) */
#ifndef MDYN_LOOKAHEAD_H
#define MDYN_LOOKAHEAD_H

#include <stddef.h>

/* Adds x to s and returns the largest of the last w values (zeros before the first). s: w + 1 floats, zero at first; at: counts 0 .. w - 1 from value to
 * value, 0 at first. Exact, three comparisons a value on average. For a minimum negate what goes in and comes out.
 * (van Herk, Pattern Recognition Letters 13/7 1992: running maximum of the present block of w, suffix maxima of the one before.) */
float mdyn_slide_max (float *s, size_t w, size_t at, float x);

/* The FIR: two boxes in a row. The longer makes the slope, the shorter rounds its corners, which splatter else. */
typedef struct mdyn_boxes {
	size_t first, second;                     /* lengths in values; first + second = length + 1 */
} mdyn_boxes;

/* length in values, at least 1; the second box gets `round` of it, but no more than half. */
void mdyn_boxes_setup (mdyn_boxes *b, size_t length, size_t round);

/* doubles of state for blocks of up to n values. */
size_t mdyn_boxes_state (const mdyn_boxes *b, size_t n);

/* x[i] -> the average, n <= 8 values in place; n is always the same. state: zero at first. Direct sums: no drift, the same bits from any start. */
void mdyn_boxes_run (const mdyn_boxes *b, double *state, double *x, size_t n);

/* Delays x by `frames` values, n in place. line: frames + n values, zero at first. */
void mdyn_delay_run (double *line, size_t frames, double *x, size_t n);

#endif
