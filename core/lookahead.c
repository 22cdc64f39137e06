/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include <string.h>

#include "dsp/dsp.h"
#include "lookahead.h"

/* s[0 .. at-1] is the present block as it came, s[at .. w-1] the suffix maxima of the one before, s[w] the maximum of the present one. */
float
mdyn_slide_max (float *s, size_t w, size_t at, float x)
{
	float m = at && s[w] > x ? s[w] : x;
	s[w] = m;
	s[at] = x;
	if (at + 1 < w)
		return s[at + 1] > m ? s[at + 1] : m;
	for (size_t i = w - 1; i-- > 0;)
		s[i] = s[i] > s[i + 1] ? s[i] : s[i + 1];
	return m;
}

void
mdyn_boxes_setup (mdyn_boxes *b, size_t length, size_t round)
{
	b->second = round < (length + 1) / 2 ? round : (length + 1) / 2;
	b->second = b->second ? b->second : 1;
	b->first = length + 1 - b->second;
}

size_t
mdyn_boxes_state (const mdyn_boxes *b, size_t n)
{
	return b->first - 1 + n + b->second - 1 + n;
}

/* One box over x, n values in place; history: the `length` - 1 values before and room for n. */
static void
box (double *history, size_t length, double *x, size_t n)
{
	memcpy (history + length - 1, x, n * sizeof *x);
	mdyn_dsp->box (x, history, length, n);
	memmove (history, history + n, (length - 1) * sizeof *history);
}

void
mdyn_boxes_run (const mdyn_boxes *b, double *state, double *x, size_t n)
{
	box (state, b->first, x, n);
	box (state + b->first - 1 + n, b->second, x, n);
}

void
mdyn_delay_run (double *line, size_t frames, double *x, size_t n)
{
	memcpy (line + frames, x, n * sizeof *x);
	memcpy (x, line, n * sizeof *x);
	memmove (line, line + n, frames * sizeof *x);
}
