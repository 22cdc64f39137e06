/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The kernels, and which of their variants runs.
 *
 * kernels.c is their one source, plain C that compilers turn into vectors, compiled once for each instruction set; "c" is the same without vectors. Every
 * operation is one of IEEE 754, in one order: no variant contracts a product and a sum, none reassociates. So all give the same bits, and what the library
 * puts out does not depend on the CPU (tests/core/kernels.c).
 *
 * Each kernel is per sample and stateless unless it says otherwise: any cut of the data gives the same bits. Buffers need no alignment, n may be 0;
 * dst and src do not overlap, unless it says that they may be equal. */
#ifndef MDYN_DSP_H
#define MDYN_DSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

typedef struct mdyn_kernels {
	const char *name;

	/* dst[c][i] = src[i * channels + c], but 0 where it is not finite or its magnitude is 2^60 or more; returns how many those were. */
	size_t (*take_f32) (float *const *dst, const float *src, size_t channels, size_t n);
	size_t (*take_f64) (double *const *dst, const double *src, size_t channels, size_t n);

	/* dst[i * channels + c] = src[c][i] g[c][i]; where g is 1 the bits of src stay, denormal or not. */
	void (*give_f32) (float *dst, const float *const *src, const float *const *g, size_t channels, size_t n);
	void (*give_f64) (double *dst, const double *const *src, const float *const *g, size_t channels, size_t n);

	/* dst[i * channels + c] = src[c][i] */
	void (*weave) (float *dst, const float *const *src, size_t channels, size_t n);
	void (*weave_f64) (double *dst, const double *const *src, size_t channels, size_t n);

	/* dst[i] += src[i]^2 */
	void (*add_squares) (double *dst, const float *src, size_t n);

	/* dst[i] = src[i] g[i], as give. dst and src may be equal. */
	void (*apply) (float *dst, const float *src, const float *g, size_t n);

	void (*narrow) (float *dst, const double *src, size_t n);

	/* dst[i] = max (dst[i], |src[i]|) */
	void (*abs_max) (float *dst, const float *src, size_t n);

	/* The largest of 0 and x[i]; the largest |x[i]|; dst[i] = the largest |src[c][i]| of all channels, and the largest of these. */
	float (*largest) (const float *x, size_t n);
	float (*peak) (const float *x, size_t n);
	float (*magnitude) (float *dst, const float *const *src, size_t channels, size_t n);

	/* dst[i] = log2 (max (src[i], 2^-100)), within 2e-6: 1.2e-5 dB. 1 gives exactly 0. dst and src may be equal. */
	void (*log2) (float *dst, const float *src, size_t n);

	/* dst[i] = log2 (src[i] over), 0 where that is negative. dst and src may be equal. */
	void (*excess) (float *dst, const float *src, float over, size_t n);

	/* dst[i] = 2^src[i] for -126 < src[i] < 126, relative error within 3e-7. 0 gives exactly 1. dst and src may be equal. */
	void (*exp2) (float *dst, const float *src, size_t n);

	/* dst[i] = 1 - 2^-r[i], 0 <= r[i] < 126, rounded up to a multiple of grain, a power of two: a deep gain that rounds must not open. */
	void (*closing) (double *dst, const float *r, double grain, size_t n);

	/* A reduction becomes a factor: d[i] -> 2^(makeup[i] - d[i]), as exp2. Returns the largest of 0 and d[i]. */
	float (*factor) (float *d, const float *makeup, size_t n);

	/* The static curve of a compressor or expander: with over = side (level[i] - threshold[i]), y = 0 for over below -knee/2, over for over above knee/2, a
	 * parabola between, and d[i] = side min (slope y, range). side: 1 or -1. d and level may be equal. */
	void (*curve) (float *d, const float *level, float side, const float *threshold, const float *slope, const float *knee, const float *range, size_t n);

	/* dst[i] = x + off, off = second q[i] + first r[i], and x itself where both off and first p[i] are less than near. */
	void (*glide) (float *dst, double x, double first, double second, const double *p, const double *q, const double *r, double near, size_t n);

	/* dst[i] = x + t p[i], and x itself where |t p[i]| < near. */
	void (*settle) (float *dst, double x, double t, const double *p, double near, size_t n);

	/* Straight lines between nodes: dst[j group + i] = node[j - 1] + i / group (node[j] - node[j - 1]), from in place of node[-1]. group: a power of two, at
	 * least 8. */
	void (*lines) (float *dst, double from, const double *node, size_t group, size_t groups);

	/* The power mean of exponent -8 of two gains w and n, of which wide[j] = 1 - w and narrow[j] = 1 - n, to wide[j]: ((1 - s) w^-8 + s n^-8)^(-1/8), with the
	 * share s = lean + slope (1 - w); 0 where one is not above 0. Of 0 and 0 exactly 1. */
	void (*power_mean) (double *wide, const double *narrow, double lean, double slope, size_t n);

	/* True peak, see truepeak.c. Frames are dealt to four rows: frame 4 m + r goes to row[r * MDYN_ROW + m]. x: frames at .. at + n - 1.
	 * Returns the largest |x[i]|. */
	float (*deal) (float *row, const float *x, size_t at, size_t n);

	/* half: half a frame after frames 2 .. 65 of x, in rows of MDYN_HALF_ROW; returns the largest magnitude. Reads frames -27 .. 95. */
	float (*half_way) (float *half, const float *x);

	/* peak[8]: the peaks of 8 groups of 8 frames 0 .. 63 of x and what lies behind each until the next. half: half_way of x. Reads frames -2 .. 66 of x and
	 * -3 .. 65 of half. False, and peak not written, where all are below floor. */
	bool (*true_peaks) (float *peak, const float *x, const float *half, float floor);

	/* peak[8] of groups of 8 frames: adds the level of what alternates from sample to sample around each, at most bound times itself. x begins 40
	 * frames before the first; reads frames -1 .. 135. */
	void (*alternation) (float *peak, const float *x, float bound);
} mdyn_kernels;

extern const mdyn_kernels mdyn_kernels_c, mdyn_kernels_sse2, mdyn_kernels_avx2, mdyn_kernels_avx512, mdyn_kernels_neon;

/* In use: "c", until choose found the best that this CPU has. */
extern const mdyn_kernels *mdyn_dsp;

/* Once in a process, by whom is first; the environment's MDYN_CPU (c, sse2, avx2, avx512, neon) sets an upper limit, for tests. Any thread, not in real time. */
void mdyn_dsp_choose (void);

/* All that this build and this CPU have, from "c" to the best; NULL from i = their number on. */
const mdyn_kernels *mdyn_dsp_variant (size_t i);

/* Denormals to zero while a processor works. Returns what mdyn_denormals_restore takes. */
static inline uint64_t
mdyn_denormals_flush (void)
{
#if defined(__SSE__)
	unsigned old = _mm_getcsr ();
	_mm_setcsr (old | 0x8040);
	return old;
#elif defined(__aarch64__)
	uint64_t old;
	__asm__ volatile ("mrs %0, fpcr" : "=r"(old));
	__asm__ volatile ("msr fpcr, %0" : : "r"(old | (1u << 24)));
	return old;
#else
	return 0;
#endif
}

static inline void
mdyn_denormals_restore (uint64_t old)
{
#if defined(__SSE__)
	_mm_setcsr ((unsigned) old);
#elif defined(__aarch64__)
	__asm__ volatile ("msr fpcr, %0" : : "r"(old));
#else
	(void) old;
#endif
}

#define MDYN_ROW 96     /* from row to row of frames dealt ... */
#define MDYN_HALF_ROW 32 /* ... and of what lies half a frame after them */
#define MDYN_FIT_REACH 1.08261f /* what true_peaks makes of the largest sample at four times the rate, at most */

#define MDYN_DB_PER_LOG2 6.020599913279624 /* 20 log10 (2) */

#endif
