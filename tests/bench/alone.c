/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What audio costs without a processor: alone PROGRAMME ebur128|memcpy. libebur128 with integrated loudness and range, of which it can tell both at the end; a copy
 * of the whole through memory. Prints ns of CPU a frame. PROGRAMME: raw stereo float32, 48 kHz. */
#include <ebur128.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK 1024

static double
cpu (void)
{
	struct timespec t;
	clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static double
meter (const float *x, size_t frames)
{
	ebur128_state *s = ebur128_init (2, 48000, EBUR128_MODE_I | EBUR128_MODE_LRA);
	double from = cpu (), loudness, range;
	for (size_t at = 0, n; at < frames; at += n) {
		n = frames - at < BLOCK ? frames - at : BLOCK;
		ebur128_add_frames_float (s, x + 2 * at, n);
	}
	ebur128_loudness_global (s, &loudness);
	ebur128_loudness_range (s, &range);
	double ns = cpu () - from;
	ebur128_destroy (&s);
	return ns;
}

static double
copy (const float *x, size_t frames)
{
	float *y = malloc (frames * 2 * sizeof *y);
	memset (y, 1, frames * 2 * sizeof *y); /* the pages are there */
	double from = cpu ();
	memcpy (y, x, frames * 2 * sizeof *y);
	double ns = cpu () - from;
	volatile float seen = y[frames];
	(void) seen;
	free (y);
	return ns;
}

int
main (int argc, char **argv)
{
	FILE *f = argc == 3 ? fopen (argv[1], "rb") : NULL;
	if (!f || fseek (f, 0, SEEK_END)) {
		fprintf (stderr, "alone: usage: alone PROGRAMME ebur128|memcpy\n");
		return 1;
	}
	size_t frames = (size_t) ftell (f) / (2 * sizeof (float));
	float *x = malloc (frames * 2 * sizeof *x);
	rewind (f);
	if (!x || fread (x, 2 * sizeof *x, frames, f) != frames)
		return 1;
	fclose (f);
	printf ("%.3f\n", (strcmp (argv[2], "memcpy") ? meter (x, frames) : copy (x, frames)) / (double) frames);
	free (x);
	return 0;
}
