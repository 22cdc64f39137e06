/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include <math.h>
#include <string.h>

#include "lookahead.h"

/* s[0 .. at-1] is the present block as it came, s[at .. w-1] the suffix maxima of the one before, s[w] the maximum of the present one. */
void
mdyn_slide_max (float *s, size_t w, size_t at, float *x, size_t n)
{
	float m = at ? s[w] : -HUGE_VALF;
	for (size_t i = 0; i < n; i++) {
		m = x[i] > m ? x[i] : m;
		s[at] = x[i];
		x[i] = m;
		if (++at < w) {
			x[i] = s[at] > m ? s[at] : m;
			continue;
		}
		at = 0;
		float suffix = s[w - 1];
		for (size_t k = w - 1; k-- > 0;)
			s[k] = suffix = s[k] > suffix ? s[k] : suffix;
		m = -HUGE_VALF;
	}
	s[w] = m;
}

void
mdyn_boxes_setup (mdyn_boxes *b, size_t length, size_t round, size_t late)
{
	b->second = round < (length + 1) / 2 ? round : (length + 1) / 2;
	b->second = b->second ? b->second : 1;
	b->first = length + 1 - b->second;
	b->late = late;
}

/* Two sums, the values as they came, the sums of the first box. */
size_t
mdyn_boxes_state (const mdyn_boxes *b)
{
	return 2 + b->late + b->first + MDYN_BOXES_SPAN + b->second + MDYN_BOXES_SPAN;
}

void
mdyn_boxes_run (const mdyn_boxes *b, double *state, size_t at, double *x, size_t n)
{
	double *in = state + 2 + b->late + b->first + at, *firsts = state + 2 + b->late + b->first + MDYN_BOXES_SPAN + b->second + at;
	double first = state[0], second = state[1], scale = (1 + 0x1p-52) / (double) (b->first * b->second); /* the mean of ones is not below 1 */
	const double *newest = in - b->late, *oldest = newest - b->first, *out = firsts - b->second;
	for (size_t i = 0; i < n; i++) {
		in[i] = x[i];
		first += newest[i] - oldest[i];
		firsts[i] = first;
		second += first - out[i];
		x[i] = second * scale;
	}
	state[0] = first;
	state[1] = second;
}

void
mdyn_boxes_move (const mdyn_boxes *b, double *state)
{
	double *in = state + 2, *firsts = in + b->late + b->first + MDYN_BOXES_SPAN;
	memmove (in, in + MDYN_BOXES_SPAN, (b->late + b->first) * sizeof *in);
	memmove (firsts, firsts + MDYN_BOXES_SPAN, b->second * sizeof *firsts);
}

bool
mdyn_boxes_equal (const mdyn_boxes *b, const double *state, const double *other, size_t at)
{
	size_t in = 2 + at, firsts = 2 + b->late + b->first + MDYN_BOXES_SPAN + at;
	return !memcmp (state, other, 2 * sizeof *state) && !memcmp (state + in, other + in, (b->late + b->first) * sizeof *state) &&
	       !memcmp (state + firsts, other + firsts, b->second * sizeof *state);
}
