/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Clips of sound, masternorm run over them, and what it wrote, for loudness.c and norm.c. */
#ifndef CLIP_H
#define CLIP_H

#include <ebur128.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leveller.h"
#include "mdyn/mdyn.h"
#include "tap.h"

#define PI 3.14159265358979323846
#define N(a) (sizeof (a) / sizeof (a)[0])

static char why[600], path[128]; /* path: see stats_path */

/* A file of this test's own, gone before the test begins. */
static inline const char *
stats_path (void)
{
	snprintf (path, sizeof path, "/tmp/mdyn-test-norm-%ld.json", (long) getpid ());
	unlink (path);
	return path;
}

static inline void
clean_up (void)
{
	if (*path)
		unlink (path);
}

typedef struct clip {
	unsigned rate, channels;
	size_t frames;
	float *x;                                 /* interleaved */
} clip;

static inline clip
new_clip (unsigned rate, unsigned channels, double seconds)
{
	clip c = { rate, channels, (size_t) (seconds * rate + 0.5), NULL };
	c.x = calloc (c.frames * channels + 1, sizeof *c.x);
	ck_assert_ptr_nonnull (c.x);
	return c;
}

/* A tone of hz at db (peak, dBFS) in all channels, from second `from` for `length` seconds, its phase running through the clip. */
static inline void
tone (clip *c, double hz, double db, double from, double length)
{
	size_t a = (size_t) (from * c->rate + 0.5), b = (size_t) ((from + length) * c->rate + 0.5);
	double amplitude = pow (10, db / 20);
	for (size_t i = a; i < b && i < c->frames; i++) {
		float x = (float) (amplitude * sin (2 * PI * fmod (hz * (double) i / c->rate, 1)));
		for (unsigned k = 0; k < c->channels; k++)
			c->x[i * c->channels + k] = x;
	}
}

/* Talk, more or less: a buzz of 140 Hz in syllables of 4 Hz, with a breath every two seconds, about -23 LUFS at 0 dB in two channels. */
static inline void
talk (clip *c, double db, double from, double length)
{
	uint32_t seed = 12345;
	double gain = pow (10, (db - 14.4) / 20), low = 0;
	size_t a = (size_t) (from * c->rate), b = (size_t) ((from + length) * c->rate);
	for (size_t i = a; i < b && i < c->frames; i++) {
		double t = (double) (i - a) / c->rate, breath = fmod (t, 2) < 1.7, syllable = pow (sin (PI * 4 * t), 2);
		seed = seed * 1664525 + 1013904223;
		low += 0.3 * ((double) (int32_t) seed / 2147483648.0 - low);
		double buzz = sin (2 * PI * 140 * t) + 0.7 * sin (2 * PI * 420 * t) + 0.4 * sin (2 * PI * 1260 * t) + 0.3 * low;
		for (unsigned k = 0; k < c->channels; k++)
			c->x[i * c->channels + k] += (float) (gain * buzz * syllable * breath);
	}
}

static inline void
noise (clip *c, double db)
{
	uint32_t seed = 99;
	for (size_t i = 0; i < c->frames * c->channels; i++) {
		seed = seed * 1664525 + 1013904223;
		c->x[i] += (float) (pow (10, db / 20) * (double) (int32_t) seed / 2147483648.0);
	}
}

/* "row=value:row=value", composed. */
static inline const char *
rows (const char *format, ...)
{
	static char text[400];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	return text;
}

static inline mdyn_proc *
make (const clip *c, const char *set, const mdyn_position *position)
{
	mdyn_proc *p;
	mdyn_format f = { .sample = MDYN_F32, .rate = c->rate, .channels = c->channels };
	if (position)
		memcpy (f.position, position, c->channels * sizeof *position);
	ck_assert_int_eq (mdyn_create (&p, mdyn_class_get (MDYN_NORM), &f), 0);
	char all[400], *save = NULL;
	snprintf (all, sizeof all, "%s", set);
	for (char *row = strtok_r (all, ":", &save); row; row = strtok_r (NULL, ":", &save)) {
		char *is = strchr (row, '=');
		*is = 0;
		ck_assert_msg (mdyn_set_text (p, row, is + 1, why, sizeof why) == 0, "%s", why);
	}
	return p;
}

/* Runs a clip through in calls of `split` frames, with the zeros that bring out its end; the output lies as the input lay. */
static inline clip
run (mdyn_proc *p, const clip *c, size_t split)
{
	size_t latency = mdyn_latency (p), all = c->frames + latency;
	clip in = *c, out = *c;
	in.x = calloc (all * c->channels + 1, sizeof (float));
	out.x = calloc (all * c->channels + 1, sizeof (float));
	memcpy (in.x, c->x, c->frames * c->channels * sizeof (float));
	for (size_t at = 0, n; at < all; at += n) {
		n = split < all - at ? split : all - at;
		ck_assert_int_eq (mdyn_process_interleaved (p, out.x + at * c->channels, in.x + at * c->channels, NULL, n), 0);
	}
	memmove (out.x, out.x + latency * c->channels, c->frames * c->channels * sizeof (float));
	free (in.x);
	return out;
}

/* The stats of a clip, and its output if wanted. */
static inline json_t *
stats_of (const clip *c, const char *set, const mdyn_position *position, clip *out)
{
	mdyn_proc *p = make (c, set, position);
	ck_assert_int_eq (mdyn_set_text (p, "stats-file", stats_path (), why, sizeof why), 0);
	ck_assert_msg (mdyn_prepare (p, why, sizeof why) == 0, "%s", why);
	clip y = run (p, c, 4096);
	ck_assert_msg (mdyn_finish (p, why, sizeof why) == 0, "%s", why);
	mdyn_destroy (&p);
	json_t *o = json_load_file (path, 0, NULL);
	ck_assert (json_is_object (o));
	if (out)
		*out = y;
	else
		free (y.x);
	return o;
}

static inline double
value (const json_t *o, const char *name)
{
	const json_t *v = json_object_get (o, name);
	ck_assert_msg (v != NULL, "%s is missing", name);
	return json_is_null (v) ? NAN : json_number_value (v);
}

static inline double
measured (const clip *c, const char *name)
{
	json_t *o = stats_of (c, "mode=measure", NULL, NULL);
	double v = value (o, name);
	json_decref (o);
	return v;
}

#define NEAR(a, b, tolerance, ...) \
	do { \
		double a_ = (a), b_ = (b); \
		ck_assert_msg (fabs (a_ - b_) <= (tolerance), "%s is %.4f, not %.4f: " #__VA_ARGS__, #a, a_, b_); \
	} while (0)

/* An independent reading: libebur128 from its own blocks. */
static inline double
ebur_loudness (const clip *c, size_t from, size_t to)
{
	ebur128_state *st = ebur128_init (c->channels, c->rate, EBUR128_MODE_I);
	double l;
	ebur128_add_frames_float (st, c->x + from * c->channels, to - from);
	ebur128_loudness_global (st, &l);
	ebur128_destroy (&st);
	return l;
}

static const unsigned rates[] = { 44100, 48000, 96000 };
#endif
