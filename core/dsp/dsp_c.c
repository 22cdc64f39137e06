/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include <string.h>

#include "dsp.h"

/* By the exponent's bits: a comparison of floats would be undone for NaN, and costs more. 2^60 has the biased exponents 187 and 1083. */
size_t
mdyn_take_f32 (float *dst, const float *src, size_t stride, size_t n)
{
	size_t bad = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t u;
		memcpy (&u, src + i * stride, sizeof u);
		uint32_t ok = (u & 0x7f800000u) < (187u << 23);
		bad += 1 - ok;
		u &= 0u - ok;
		memcpy (dst + i, &u, sizeof u);
	}
	return bad;
}

size_t
mdyn_take_f64 (double *dst, const double *src, size_t stride, size_t n)
{
	size_t bad = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t u;
		memcpy (&u, src + i * stride, sizeof u);
		uint64_t ok = (u & 0x7ff0000000000000u) < ((uint64_t) 1083 << 52);
		bad += 1 - ok;
		u &= 0u - ok;
		memcpy (dst + i, &u, sizeof u);
	}
	return bad;
}

void
mdyn_give_f32 (float *dst, const float *src, size_t stride, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy (dst + i * stride, src + i, sizeof *src);
}

void
mdyn_give_f64 (double *dst, const double *src, size_t stride, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy (dst + i * stride, src + i, sizeof *src);
}

void
mdyn_apply_f32 (float *x, const float *g, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = g[i] == 1.0f ? x[i] : x[i] * g[i];
}

void
mdyn_apply_f64 (double *x, const float *g, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = g[i] == 1.0f ? x[i] : x[i] * (double) g[i];
}

void
mdyn_narrow (float *dst, const double *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (float) src[i];
}

void
mdyn_abs_max (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float a = src[i] < 0 ? -src[i] : src[i];
		dst[i] = a > dst[i] ? a : dst[i];
	}
}

/* x = 2^e m with m in [sqrt(1/2), sqrt 2): log2 x = e + 2/ln 2 artanh ((m-1)/(m+1)), by the series to the 9th power. */
void
mdyn_log2 (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x = src[i] > 0x1p-100f ? src[i] : 0x1p-100f;
		int32_t u;
		memcpy (&u, &x, sizeof u);
		int32_t e = (u - 0x3f3504f3) >> 23;
		u -= e * (1 << 23);
		float m;
		memcpy (&m, &u, sizeof m);
		float t = (m - 1) / (m + 1), s = t * t;
		const float k = 2.8853900817779268f; /* 2 / ln 2 */
		dst[i] = (float) e + k * t * (1 + s * (1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s * (1.0f / 9)))));
	}
}

/* 2^x = 2^round(x) e^(f ln 2), |f| <= 1/2, by Taylor to the 7th power. */
void
mdyn_exp2 (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float r = src[i] + 12582912.0f; /* 1.5 x 2^23: rounds to an integer in the low bits */
		int32_t u;
		memcpy (&u, &r, sizeof u);
		float f = (src[i] - (r - 12582912.0f)) * 0.69314718056f;
		float y = 1 + f * (1 + f * (1.0f / 2 + f * (1.0f / 6 + f * (1.0f / 24 + f * (1.0f / 120 + f * (1.0f / 720 + f * (1.0f / 5040)))))));
		int32_t e = (u - 0x4b400000) * (1 << 23);
		int32_t v;
		memcpy (&v, &y, sizeof v);
		v += e;
		memcpy (dst + i, &v, sizeof v);
	}
}
