/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What looks ahead: a sliding maximum, and the smoothing that closes a gain before a peak without ever standing above it.
 *
 * A required reduction r[j] is first held by a sliding maximum over F+1 values, m[j] = max r[j-F .. j], then averaged by a FIR of F taps that are not
 * negative and sum to 1, y[j] = sum h[k] m[j-k]. Every m that enters y[j] contains r[j-F] and r[j-F+1]: y[j] is at least as large as both, and a straight
 * line from y[j-1] to y[j] covers r[j-F] from its begin to its end. (A moving minimum and a moving average: the classic look-ahead limiter.) */
#ifndef MDYN_LOOKAHEAD_H
#define MDYN_LOOKAHEAD_H

#include <stdbool.h>
#include <stddef.h>

/* x[i] -> the largest of it and the w - 1 values before (zeros before the first), n values in place. s: w + 1 floats, zero at first; at: how many values came
 * before, modulo w. Exact, three comparisons a value on average. For a minimum negate what goes in and comes out.
 * (van Herk, Pattern Recognition Letters 13/7 1992: running maximum of the present block of w, suffix maxima of the one before.) */
void mdyn_slide_max (float *s, size_t w, size_t at, float *x, size_t n);

/* The FIR: two boxes in a row, behind a delay. The longer makes the slope, the shorter rounds its corners, which splatter else. They are running sums,
 * which would drift if they were not exact: values are multiples of MDYN_BOXES_GRAIN, at most 1, and a sum has no more bits than a double. */
typedef struct mdyn_boxes {
	size_t late, first, second;               /* delay, lengths in values; first + second = length + 1 */
} mdyn_boxes;

#define MDYN_BOXES_GRAIN 0x1p-38
#define MDYN_BOXES_SPAN 64 /* values until what is held is moved back */

/* length in values, at least 1; the second box gets `round` of it, but no more than half. */
void mdyn_boxes_setup (mdyn_boxes *b, size_t length, size_t round, size_t late);

/* doubles of state, zero at first. */
size_t mdyn_boxes_state (const mdyn_boxes *b);

/* x[i] -> the average, n values in place. at: 0 at first, then further by n, to MDYN_BOXES_SPAN at most: from there mdyn_boxes_move back to 0. */
void mdyn_boxes_run (const mdyn_boxes *b, double *state, size_t at, double *x, size_t n);
void mdyn_boxes_move (const mdyn_boxes *b, double *state);

/* Whether two will go on alike. */
bool mdyn_boxes_equal (const mdyn_boxes *b, const double *state, const double *other, size_t at);

#endif
