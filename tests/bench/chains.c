/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Live chains of gate, compressor, normaliser and limiter, stereo at 48 kHz: chains PROGRAMME N THREADS SECONDS. Every 20 ms each of the N takes a
 * buffer of 20 ms; all have their results within the 20 ms, or a deadline is missed. The N are shared out among threads, each of which meets deadlines of its
 * own. Prints how many were missed by the clock, how many by the CPU time that the threads took (what they would miss with the machine to themselves),
 * how many there were, and the CPU time of the slowest period as a share of 20 ms. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mdyn/mdyn.h"

#define RATE 48000
#define BUFFER (RATE / 50)
#define PERIOD 0.02
#define WARM 50 /* periods before the first that counts */

static const float *programme;
static size_t frames;
static double seconds;

typedef struct worker {
	pthread_t thread;
	mdyn_proc *(*chain)[MDYN_KINDS];
	size_t chains, missed, missed_cpu, periods;
	double slowest;                           /* s of CPU */
} worker;

static double
now (clockid_t clock)
{
	struct timespec t;
	clock_gettime (clock, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

/* One buffer through every chain. */
static void
period (worker *w, size_t k)
{
	static const int order[] = { MDYN_GATE, MDYN_COMP, MDYN_NORM, MDYN_LIMIT };
	float x[2 * BUFFER];
	for (size_t i = 0; i < w->chains; i++) {
		memcpy (x, programme + 2 * ((k * BUFFER + i * 7919) % (frames - BUFFER)), sizeof x);
		for (size_t j = 0; j < sizeof order / sizeof *order; j++)
			mdyn_process_interleaved (w->chain[i][order[j]], x, x, NULL, BUFFER);
	}
}

static void *
work (void *data)
{
	worker *w = data;
	for (size_t k = 0; k < WARM; k++)
		period (w, k);
	double due = now (CLOCK_MONOTONIC);
	for (w->periods = 0; w->periods < (size_t) (seconds / PERIOD); w->periods++) {
		double from = now (CLOCK_THREAD_CPUTIME_ID);
		period (w, WARM + w->periods);
		double took = now (CLOCK_THREAD_CPUTIME_ID) - from, late = now (CLOCK_MONOTONIC) - due - PERIOD;
		w->slowest = took > w->slowest ? took : w->slowest;
		w->missed_cpu += took > PERIOD;
		w->missed += late > 0;
		due += late > 0 ? PERIOD + late : PERIOD;
		struct timespec t = { (time_t) due, (long) ((due - (double) (time_t) due) * 1e9) };
		clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
	return NULL;
}

int
main (int argc, char **argv)
{
	FILE *f = argc == 5 ? fopen (argv[1], "rb") : NULL;
	if (!f || fseek (f, 0, SEEK_END)) {
		fprintf (stderr, "chains: usage: chains PROGRAMME N THREADS SECONDS\n");
		return 1;
	}
	frames = (size_t) ftell (f) / (2 * sizeof (float));
	float *x = malloc (frames * 2 * sizeof *x);
	rewind (f);
	if (!x || frames <= BUFFER || fread (x, 2 * sizeof *x, frames, f) != frames)
		return 1;
	programme = x;
	seconds = atof (argv[4]);
	size_t n = (size_t) atol (argv[2]), threads = (size_t) atol (argv[3]);
	mdyn_format format = { .sample = MDYN_F32, .rate = RATE, .channels = 2, .position = { MDYN_POS_FL, MDYN_POS_FR } };
	mdyn_proc *(*chain)[MDYN_KINDS] = calloc (n, sizeof *chain);
	worker *workers = calloc (threads, sizeof *workers);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < MDYN_KINDS; k++)
			if (mdyn_create (&chain[i][k], mdyn_class_get (k), &format) < 0)
				return 1;
	size_t missed = 0, missed_cpu = 0, periods = 0;
	double slowest = 0;
	for (size_t t = 0; t < threads; t++) {
		size_t from = n * t / threads;
		workers[t].chain = chain + from;
		workers[t].chains = n * (t + 1) / threads - from;
		if (pthread_create (&workers[t].thread, NULL, work, &workers[t]))
			return 1;
	}
	for (size_t t = 0; t < threads; t++) {
		pthread_join (workers[t].thread, NULL);
		missed += workers[t].missed;
		missed_cpu += workers[t].missed_cpu;
		periods += workers[t].periods;
		slowest = workers[t].slowest > slowest ? workers[t].slowest : slowest;
	}
	printf ("%zu %zu %zu %.3f\n", missed, missed_cpu, periods, slowest / PERIOD);
	return 0;
}
