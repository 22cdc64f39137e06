/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* What a processor costs in the core itself:
 *   cost PROGRAMME CLASS RATE CHANNELS BLOCK SECONDS f32|f64 [row=value ...]
 * PROGRAMME: raw stereo float32, taken in turns by the channels, each pair a little later than the last, and again from its start where it ends. Prints ns of
 * CPU a frame, bytes an instance and a hash of the last block; after every hour of audio, the same of that hour. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mdyn/mdyn.h"

#define SHIFT 997 /* frames that a pair of channels lies behind the last */

static _Noreturn void
die (const char *what)
{
	fprintf (stderr, "cost: %s\n", what);
	exit (1);
}

static float *
load (const char *path, size_t *frames)
{
	FILE *f = fopen (path, "rb");
	if (!f || fseek (f, 0, SEEK_END))
		die (path);
	*frames = (size_t) ftell (f) / (2 * sizeof (float));
	float *x = malloc (*frames * 2 * sizeof *x);
	rewind (f);
	if (!x || !*frames || fread (x, 2 * sizeof *x, *frames, f) != *frames)
		die (path);
	fclose (f);
	return x;
}

static double
cpu (void)
{
	struct timespec t;
	clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static void
fill (void *block, bool f64, const float *x, size_t frames, size_t from, unsigned channels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned c = 0; c < channels; c++) {
			float v = x[(from + i + frames - c / 2 * SHIFT % frames) % frames * 2 + c % 2];
			if (f64)
				((double *) block)[i * channels + c] = (double) v;
			else
				((float *) block)[i * channels + c] = v;
		}
}

/* FNV-1a by words of 4 bytes. */
static uint64_t
hash (const void *block, size_t bytes)
{
	uint64_t h = 0xcbf29ce484222325u;
	const char *b = block;
	for (size_t i = 0; i < bytes; i += 4) {
		uint32_t u;
		memcpy (&u, b + i, sizeof u);
		h = (h ^ u) * 0x100000001b3u;
	}
	return h;
}

static size_t
claimed (void)
{
	struct mallinfo2 m = mallinfo2 ();
	return m.uordblks + m.hblkhd;
}

int
main (int argc, char **argv)
{
	if (argc < 8)
		die ("usage: cost PROGRAMME CLASS RATE CHANNELS BLOCK SECONDS f32|f64 [row=value ...]");
	size_t have, block = (size_t) atol (argv[5]);
	setvbuf (stdout, NULL, _IONBF, 0); /* its buffer would count as memory */
	const float *x = load (argv[1], &have);
	const mdyn_class *cls = NULL;
	for (int k = 0; k < MDYN_KINDS; k++)
		if (!strcmp (mdyn_class_get (k)->name, argv[2]))
			cls = mdyn_class_get (k);
	bool f64 = !strcmp (argv[7], "f64");
	mdyn_format format = { .sample = f64 ? MDYN_F64 : MDYN_F32, .rate = (unsigned) atoi (argv[3]), .channels = (unsigned) atoi (argv[4]) };
	for (unsigned c = 0; c < format.channels && c < MDYN_CHANNELS_MAX; c++)
		format.position[c] = format.channels == 1 ? MDYN_POS_FC : c % 2 ? MDYN_POS_FR : MDYN_POS_FL;
	size_t before = claimed ();
	mdyn_proc *p;
	char why[256] = "no such class or format";
	if (!cls || !block || mdyn_create (&p, cls, &format) < 0)
		die (why);
	for (int i = 8; i < argc; i++) {
		char *value = strchr (argv[i], '=');
		if (!value)
			die ("row=value expected");
		*value++ = 0;
		if (mdyn_set_text (p, argv[i], value, why, sizeof why) < 0)
			die (why);
	}
	if (mdyn_prepare (p, why, sizeof why) < 0)
		die (why);
	size_t frame = format.channels * (f64 ? sizeof (double) : sizeof (float)), memory = claimed () - before;
	size_t frames = (size_t) (atof (argv[6]) * format.rate), hour = (size_t) 3600 * format.rate, loop = have < frames ? have / block * block : frames;
	char *source = malloc (loop * frame), *buffer = malloc (block * frame);
	if (!source || !buffer || !loop)
		die ("out of memory, or a programme shorter than a block");
	fill (source, f64, x, have, 0, format.channels, loop);
	size_t extra = claimed () - memory;
	double start = cpu (), last = start;
	for (size_t at = 0, n; at < frames; at += n) {
		n = frames - at < block ? frames - at : block;
		n = loop - at % loop < n ? loop - at % loop : n;
		mdyn_process_interleaved (p, buffer, source + at % loop * frame, NULL, n);
		if ((at + n) / hour != at / hour) {
			printf ("hour %zu: %.3f %zu\n", (at + n) / hour, (cpu () - last) / (double) hour, claimed () - extra);
			last = cpu ();
		}
	}
	printf ("%.3f %zu %016llx\n", (cpu () - start) / (double) frames, memory, (unsigned long long) hash (buffer, block * frame));
	mdyn_destroy (&p);
	return 0;
}
