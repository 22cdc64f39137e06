/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The kernels. Each is per sample and stateless unless it says otherwise: any cut of the data gives the same bits. Buffers need no alignment and
 * n may be 0; dst and src may be equal, else do not overlap. */
#ifndef MDYN_DSP_H
#define MDYN_DSP_H

#include <stddef.h>
#include <stdint.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* dst[i] = src[i * stride], but 0 where it is not finite or its magnitude is 2^60 or more; returns how many those were. */
size_t mdyn_take_f32 (float *dst, const float *src, size_t stride, size_t n);
size_t mdyn_take_f64 (double *dst, const double *src, size_t stride, size_t n);

/* dst[i * stride] = src[i] */
void mdyn_give_f32 (float *dst, const float *src, size_t stride, size_t n);
void mdyn_give_f64 (double *dst, const double *src, size_t stride, size_t n);

/* x[i] *= g[i]; where g[i] is 1 the bits of x[i] stay, denormal or not. */
void mdyn_apply_f32 (float *x, const float *g, size_t n);
void mdyn_apply_f64 (double *x, const float *g, size_t n);

void mdyn_narrow (float *dst, const double *src, size_t n);

/* dst[i] = max (dst[i], |src[i]|) */
void mdyn_abs_max (float *dst, const float *src, size_t n);

/* dst[i] = log2 (max (src[i], 2^-100)), within 2e-6: 1.2e-5 dB. 1 gives exactly 0. */
void mdyn_log2 (float *dst, const float *src, size_t n);

/* dst[i] = 2^src[i] for -126 < src[i] < 126, relative error within 3e-7. 0 gives exactly 1. */
void mdyn_exp2 (float *dst, const float *src, size_t n);

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

#define MDYN_DB_PER_LOG2 6.020599913279624 /* 20 log10 (2) */

#endif
