/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Programmes for the limiter's tests, and masterlimit run over them. */
#ifndef AUDIO_H
#define AUDIO_H

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mdyn/mdyn.h"

#define CHANNELS_MAX 64
#define DB(x) (20 * log10 (x))
#define LIN(db) pow (10, (db) / 20.0)

/* A programme: planes of doubles; F32 streams get them rounded. */
typedef struct audio {
	mdyn_format format;
	size_t n;
	double *x[CHANNELS_MAX];
} audio;

static inline audio
audio_new (mdyn_sample sample, unsigned rate, unsigned channels, size_t n)
{
	audio a = { .format = { .sample = sample, .rate = rate, .channels = channels }, .n = n };
	for (unsigned c = 0; c < channels; c++)
		a.x[c] = calloc (n, sizeof *a.x[c]);
	return a;
}

static inline void
audio_free (audio *a)
{
	for (unsigned c = 0; c < a->format.channels; c++)
		free (a->x[c]);
}

static inline mdyn_proc *
make (const mdyn_format *f, double ceiling, double gain, double link)
{
	mdyn_proc *p;
	ck_assert_int_eq (mdyn_create (&p, mdyn_class_get (MDYN_LIMIT), f), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_ceiling, ceiling), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_input_gain, gain), 0);
	ck_assert_int_eq (mdyn_set (p, MDYN_LIMIT_link, link), 0);
	return p;
}

/* n frames from frame `at` of the programme, through p, back to frame `at` of `out`; behind its end there is silence. */
static inline void
feed (mdyn_proc *p, const audio *in, audio *out, size_t at, size_t n)
{
	unsigned channels = in->format.channels;
	size_t size = in->format.sample == MDYN_F64 ? 8 : 4;
	char *buffer = malloc (n * size * channels);
	void *planes[CHANNELS_MAX] = { NULL };
	for (unsigned c = 0; c < channels; c++) {
		planes[c] = buffer + c * n * size;
		for (size_t i = 0; i < n; i++) {
			double v = at + i < in->n ? in->x[c][at + i] : 0;
			if (size == 8)
				((double *) planes[c])[i] = v;
			else
				((float *) planes[c])[i] = (float) v;
		}
	}
	ck_assert_int_eq (mdyn_process (p, planes, (const void *const *) planes, NULL, n), 0);
	for (unsigned c = 0; c < channels; c++)
		for (size_t i = 0; i < n && at + i < out->n; i++)
			out->x[c][at + i] = size == 8 ? ((double *) planes[c])[i] : (double) ((float *) planes[c])[i];
	free (buffer);
}

/* The whole programme in calls of `block` frames, drained: longer than `in` by the latency, which is still in front. */
static inline audio
run (mdyn_proc *p, const audio *in, size_t block)
{
	audio out = audio_new (in->format.sample, in->format.rate, in->format.channels, in->n + mdyn_latency (p));
	for (size_t at = 0; at < out.n; at += block)
		feed (p, in, &out, at, block < out.n - at ? block : out.n - at);
	return out;
}

static uint32_t seed = 1;

static inline double
noise (void)
{
	seed = seed * 1664525u + 1013904223u;
	return (double) (int32_t) seed / 2147483648.0;
}

/* Sums of tones with a drum in between. */
static inline audio
music (mdyn_sample sample, unsigned rate, unsigned channels, size_t n)
{
	audio a = audio_new (sample, rate, channels, n);
	for (unsigned c = 0; c < channels; c++)
		for (size_t i = 0; i < n; i++) {
			double t = (double) i / rate, beat = fmod (t, 0.25), v = 0.25 * sin (2 * M_PI * 55.3 * t) + 0.2 * sin (2 * M_PI * (311.1 + c) * t);
			v += 0.1 * sin (2 * M_PI * 1244.7 * t + c) + 0.05 * sin (2 * M_PI * 5103.3 * t);
			a.x[c][i] = v + exp (-beat * 60) * (0.5 * sin (2 * M_PI * 90 * beat) + 0.3 * noise ());
		}
	return a;
}

static const unsigned rates[] = { 8000, 44100, 48000, 88200, 96000, 192000, 384000 };
#define EACH_RATE(r) for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)

#endif
