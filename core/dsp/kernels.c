/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Compiled once for each instruction set, MDYN_ISA is its name. What lets a compiler make vectors of a loop: it runs over time, it has no branch, and what is
 * reduced is reduced as integers, which may be reordered. Magnitudes of floats are ordered as their bits. */
#include "dsp.h"

#include <math.h>
#include <string.h>

#define PASTE(a, b) a##b
#define KERNELS(isa) PASTE (mdyn_kernels_, isa)
#define QUOTE(isa) #isa
#define NAME(isa) QUOTE (isa)

static inline int32_t
bits_of (float f)
{
	int32_t u;
	memcpy (&u, &f, sizeof u);
	return u;
}

static inline float
float_of (int32_t u)
{
	float f;
	memcpy (&f, &u, sizeof f);
	return f;
}

/* By the exponent's bits: a comparison of floats would be undone for NaN, and costs more. 2^60 has the biased exponents 187 and 1083. */
static inline uint32_t
clean_f32 (float *dst, const float *src)
{
	uint32_t u;
	memcpy (&u, src, sizeof u);
	uint32_t ok = (u & 0x7f800000u) < (187u << 23);
	u &= 0u - ok;
	memcpy (dst, &u, sizeof u);
	return 1 - ok;
}

static inline uint64_t
clean_f64 (double *dst, const double *src)
{
	uint64_t u;
	memcpy (&u, src, sizeof u);
	uint64_t ok = (u & 0x7ff0000000000000u) < ((uint64_t) 1083 << 52);
	u &= 0u - ok;
	memcpy (dst, &u, sizeof u);
	return 1 - ok;
}

static size_t
take_f32 (float *const *dst, const float *restrict src, size_t channels, size_t n)
{
	uint32_t bad = 0;
	float *restrict l = dst[0];
	if (channels == 1) {
		for (size_t i = 0; i < n; i++)
			bad += clean_f32 (l + i, src + i);
	} else if (channels == 2) {
		float *restrict r = dst[1];
		for (size_t i = 0; i < n; i++) {
			bad += clean_f32 (l + i, src + 2 * i);
			bad += clean_f32 (r + i, src + 2 * i + 1);
		}
	} else {
		for (size_t c = 0; c < channels; c++) {
			float *restrict to = dst[c];
			for (size_t i = 0; i < n; i++)
				bad += clean_f32 (to + i, src + i * channels + c);
		}
	}
	return bad;
}

static size_t
take_f64 (double *const *dst, const double *restrict src, size_t channels, size_t n)
{
	uint64_t bad = 0;
	double *restrict l = dst[0];
	if (channels == 1) {
		for (size_t i = 0; i < n; i++)
			bad += clean_f64 (l + i, src + i);
	} else if (channels == 2) {
		double *restrict r = dst[1];
		for (size_t i = 0; i < n; i++) {
			bad += clean_f64 (l + i, src + 2 * i);
			bad += clean_f64 (r + i, src + 2 * i + 1);
		}
	} else {
		for (size_t c = 0; c < channels; c++) {
			double *restrict to = dst[c];
			for (size_t i = 0; i < n; i++)
				bad += clean_f64 (to + i, src + i * channels + c);
		}
	}
	return bad;
}

static inline float
times_f32 (float x, float g)
{
	return g == 1.0f ? x : x * g;
}

static inline double
times_f64 (double x, float g)
{
	return g == 1.0f ? x : x * (double) g;
}

static void
apply (float *dst, const float *src, const float *g, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = times_f32 (src[i], g[i]);
}

static void
give_f32 (float *restrict dst, const float *const *src, const float *const *g, size_t channels, size_t n)
{
	const float *l = src[0], *gl = g[0];
	if (channels == 1) {
		for (size_t i = 0; i < n; i++)
			dst[i] = times_f32 (l[i], gl[i]);
	} else if (channels == 2) {
		const float *r = src[1], *gr = g[1];
		for (size_t i = 0; i < n; i++) {
			dst[2 * i] = times_f32 (l[i], gl[i]);
			dst[2 * i + 1] = times_f32 (r[i], gr[i]);
		}
	} else {
		for (size_t c = 0; c < channels; c++) {
			const float *from = src[c];
			const float *by = g[c];
			for (size_t i = 0; i < n; i++)
				dst[i * channels + c] = times_f32 (from[i], by[i]);
		}
	}
}

static void
give_f64 (double *restrict dst, const double *const *src, const float *const *g, size_t channels, size_t n)
{
	const double *l = src[0];
	const float *gl = g[0];
	if (channels == 1) {
		for (size_t i = 0; i < n; i++)
			dst[i] = times_f64 (l[i], gl[i]);
	} else if (channels == 2) {
		const double *r = src[1];
		const float *gr = g[1];
		for (size_t i = 0; i < n; i++) {
			dst[2 * i] = times_f64 (l[i], gl[i]);
			dst[2 * i + 1] = times_f64 (r[i], gr[i]);
		}
	} else {
		for (size_t c = 0; c < channels; c++) {
			const double *from = src[c];
			const float *by = g[c];
			for (size_t i = 0; i < n; i++)
				dst[i * channels + c] = times_f64 (from[i], by[i]);
		}
	}
}

static void
weave (float *restrict dst, const float *const *src, size_t channels, size_t n)
{
	const float *l = src[0], *r = src[channels > 1];
	for (size_t i = 0; i < n && channels == 2; i++) {
		dst[2 * i] = l[i];
		dst[2 * i + 1] = r[i];
	}
	for (size_t c = 0; c < channels && channels != 2; c++) {
		const float *from = src[c];
		for (size_t i = 0; i < n; i++)
			dst[i * channels + c] = from[i];
	}
}

static void
weave_f64 (double *restrict dst, const double *const *src, size_t channels, size_t n)
{
	const double *l = src[0], *r = src[channels > 1];
	for (size_t i = 0; i < n && channels == 2; i++) {
		dst[2 * i] = l[i];
		dst[2 * i + 1] = r[i];
	}
	for (size_t c = 0; c < channels && channels != 2; c++) {
		const double *from = src[c];
		for (size_t i = 0; i < n; i++)
			dst[i * channels + c] = from[i];
	}
}

static void
add_squares (double *restrict dst, const float *restrict src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] += (double) src[i] * (double) src[i];
}

static void
narrow (float *dst, const double *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (float) src[i];
}

static void
abs_max (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float a = fabsf (src[i]);
		dst[i] = a > dst[i] ? a : dst[i];
	}
}

static float
largest (const float *x, size_t n)
{
	int32_t m = 0;
	for (size_t i = 0; i < n; i++)
		m = bits_of (x[i]) > m ? bits_of (x[i]) : m;
	return float_of (m);
}

static float
peak (const float *x, size_t n)
{
	int32_t m = 0;
	for (size_t i = 0; i < n; i++) {
		int32_t u = bits_of (x[i]) & 0x7fffffff;
		m = u > m ? u : m;
	}
	return float_of (m);
}

static inline int32_t
larger_magnitude (float x, int32_t m)
{
	int32_t u = bits_of (x) & 0x7fffffff;
	return u > m ? u : m;
}

static float
magnitude (float *restrict dst, const float *const *src, size_t channels, size_t n)
{
	int32_t m = 0;
	const float *l = src[0], *r = src[channels > 1];
	for (size_t i = 0; i < n; i++) {
		int32_t u = larger_magnitude (r[i], larger_magnitude (l[i], 0));
		m = u > m ? u : m;
		dst[i] = float_of (u);
	}
	for (size_t c = 2; c < channels; c++) {
		const float *x = src[c];
		for (size_t i = 0; i < n; i++) {
			int32_t u = larger_magnitude (x[i], bits_of (dst[i]));
			m = u > m ? u : m;
			dst[i] = float_of (u);
		}
	}
	return float_of (m);
}

/* x = 2^e m with m in [sqrt(1/2), sqrt 2): log2 x = e + 2/ln 2 artanh ((m-1)/(m+1)), by the series to the 9th power. */
static inline float
logarithm (float x)
{
	x = x > 0x1p-100f ? x : 0x1p-100f;
	int32_t u = bits_of (x), e = (u - 0x3f3504f3) >> 23;
	float m = float_of (u - e * (1 << 23)), t = (m - 1) / (m + 1), s = t * t;
	const float k = 2.8853900817779268f; /* 2 / ln 2 */
	return (float) e + k * t * (1 + s * (1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s * (1.0f / 9)))));
}

static void
log_2 (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = logarithm (src[i]);
}

static void
excess (float *dst, const float *src, float over, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float d = logarithm (src[i] * over);
		dst[i] = d > 0 ? d : 0;
	}
}

/* 2^x = 2^round(x) e^(f ln 2), |f| <= 1/2, by Taylor to the 7th power. */
static inline float
power (float x)
{
	float r = x + 12582912.0f; /* 1.5 x 2^23: rounds to an integer in the low bits */
	float f = (x - (r - 12582912.0f)) * 0.69314718056f;
	float y = 1 + f * (1 + f * (1.0f / 2 + f * (1.0f / 6 + f * (1.0f / 24 + f * (1.0f / 120 + f * (1.0f / 720 + f * (1.0f / 5040)))))));
	return float_of (bits_of (y) + (bits_of (r) - 0x4b400000) * (1 << 23));
}

static void
exp_2 (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = power (src[i]);
}

static void
closing (double *restrict dst, const float *restrict r, double grain, size_t n)
{
	const double to_grain = grain * 0x1.8p52, up = grain / 2; /* rounds what is added to it and taken off again */
	for (size_t i = 0; i < n; i++) {
		double x = 1 - (double) power (-r[i]);
		x = (x + up + to_grain) - to_grain; /* 0 and 1 are even, and stay */
		dst[i] = x > 0 ? x : 0;
	}
}

static float
factor (float *restrict d, const float *restrict makeup, size_t n)
{
	int32_t m = 0;
	for (size_t i = 0; i < n; i++) {
		m = bits_of (d[i]) > m ? bits_of (d[i]) : m;
		d[i] = power (makeup[i] - d[i]);
	}
	return float_of (m);
}

static void
curve (float *d, const float *level, float side, const float *threshold, const float *slope, const float *knee, const float *range, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float over = side * (level[i] - threshold[i]), into = over + knee[i] / 2;
		float soft = into * into / (2 * knee[i] + 1e-30f);
		float y = into <= 0 ? 0 : into < knee[i] ? soft : over;
		y *= slope[i];
		d[i] = side * (y < range[i] ? y : range[i]);
	}
}

static void
settle (float *restrict dst, double x, double t, const double *restrict p, double near, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double off = t * p[i];
		dst[i] = (float) (fabs (off) < near ? x : x + off);
	}
}

static void
glide (float *restrict dst, double x, double first, double second, const double *restrict p, const double *restrict q, const double *restrict r, double near, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double off = second * q[i] + first * r[i], lag = first * p[i], far = fabs (off) > fabs (lag) ? off : lag;
		dst[i] = (float) (fabs (far) < near ? x : x + off);
	}
}

/* Eight by eight: a group is a multiple of that, and a vector of the largest kind. */
static void
lines (float *restrict dst, double from, const double *restrict node, size_t group, size_t groups)
{
	static const double eight[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	double share = 1 / (double) group;
	for (size_t j = 0; j < groups; j++) {
		double step = (node[j] - from) * share;
		for (size_t k = 0; k < group; k += 8)
			for (size_t i = 0; i < 8; i++)
				dst[j * group + k + i] = (float) (from + (eight[i] + (double) k) * step);
		from = node[j];
	}
}

/* As many doubles and floats as a register holds: wider vectors go through memory. */
#if defined(__AVX512F__)
#define PLACES 8
#elif defined(__AVX__)
#define PLACES 4
#else
#define PLACES 2
#endif
typedef double places __attribute__ ((vector_size (8 * PLACES), aligned (8), may_alias));
typedef float floats __attribute__ ((vector_size (8 * PLACES), aligned (4), may_alias));

static void
power_mean (double *restrict wide, const double *restrict narrow, double lean, double slope, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double down = wide[i], w = 1 - down, quick = 1 - narrow[i], q = w / (quick > 0 ? quick : 1), q2 = q * q, q4 = q2 * q2;
		double mean = w / sqrt (sqrt (sqrt (1 + (lean + slope * down) * (q4 * q4 - 1))));
		mean = quick > 0 ? mean : 0;
		wide[i] = w > 0 ? mean : 0;
	}
}

/* Of all symmetric interpolators of their length those with the least largest error against a tolerance that grows with the frequency, found by reweighted
 * least squares (Lawson). Half: .05 + (f/.475)^8 up to .475 of the rate: error 3e-4 to .2, 6e-3 at the edge. A steeper filter would be longer, and latency. */
static const float half_band[30] = {
	6.362505664e-01f, -2.111010268e-01f, 1.254881391e-01f, -8.838970083e-02f, 6.747337075e-02f, -5.392392214e-02f,
	4.435302280e-02f, -3.718115003e-02f, 3.157342677e-02f, -2.704760576e-02f, 2.330594571e-02f, -2.015481170e-02f,
	1.746296307e-02f, -1.513827304e-02f, 1.311415873e-02f, -1.134125852e-02f, 9.781990009e-03f, -8.407201869e-03f,
	7.193851251e-03f, -6.123240977e-03f, 5.180000573e-03f, -4.351137025e-03f, 3.625118624e-03f, -2.990892010e-03f,
	2.436401155e-03f, -1.947573655e-03f, 1.507409718e-03f, -1.095835100e-03f, 7.008965782e-04f, -3.988446541e-04f,
};

/* Tolerance .01 + (f/.475)^4, f of the rate: error 2e-5 to .1, 1.6e-3 at the edge. */
static const float quarter_band[4] = { 6.069669004e-01f, -1.364172814e-01f, 3.436210005e-02f, -4.919743201e-03f };

/* Dealt to four rows, what is around four frames next to each other is loaded once for all of them. */
#define ROW(x, size, f) x[((f) & 3) * (size) + ((f) >> 2) + m]
#define COLUMNS 16

static float
deal (float *restrict row, const float *restrict x, size_t at, size_t n)
{
	int32_t top = 0;
	if ((at | n) % 4 == 0) {
		float *restrict to = row + at / 4;
		for (size_t m = 0; m < n / 4; m++)
			for (int r = 0; r < 4; r++) {
				int32_t t = bits_of (x[4 * m + r]) & 0x7fffffff;
				top = t > top ? t : top;
				to[r * MDYN_ROW + m] = x[4 * m + r];
			}
		return float_of (top);
	}
	for (size_t i = 0; i < n; i++) {
		int32_t t = bits_of (x[i]) & 0x7fffffff;
		top = t > top ? t : top;
		row[(at + i) % 4 * MDYN_ROW + (at + i) / 4] = x[i];
	}
	return float_of (top);
}

static inline float
larger (float a, float b)
{
	return a > b ? a : b;
}

/* In the order that keeps in registers what is needed again; a compiler's own vectors would have all of it loaded first. */
static float
half_way (float *restrict half, const float *restrict x)
{
#define AT(f) *(const floats *) &ROW (x, MDYN_ROW, f)
#define PAIR(f, k) half_band[k] * (AT (f - (k)) + AT (f + 1 + (k)))
#define T(k) \
	h0 += PAIR (2, k); \
	h1 += PAIR (3, k); \
	h2 += PAIR (4, k); \
	h3 += PAIR (5, k);
#define T5(k) T (k + 4) T (k + 3) T (k + 2) T (k + 1) T (k)
	for (ptrdiff_t m = 0; m < COLUMNS; m += 2 * PLACES) {
		floats h0 = { 0 }, h1 = { 0 }, h2 = { 0 }, h3 = { 0 };
		T5 (25) T5 (20) T5 (15) T5 (10) T5 (5) T5 (0)
		*(floats *) &half[m] = h0;
		*(floats *) &half[MDYN_HALF_ROW + m] = h1;
		*(floats *) &half[2 * MDYN_HALF_ROW + m] = h2;
		*(floats *) &half[3 * MDYN_HALF_ROW + m] = h3;
	}
#undef T5
#undef T
#undef PAIR
#undef AT
	int32_t top = 0;
	for (int m = 0; m < COLUMNS; m++) {
		const float *h = half + m;
		float t = larger (larger (fabsf (h[0]), fabsf (h[MDYN_HALF_ROW])), larger (fabsf (h[2 * MDYN_HALF_ROW]), fabsf (h[3 * MDYN_HALF_ROW])));
		top = bits_of (t) > top ? bits_of (t) : top;
	}
	return float_of (top);
}

#define X(f) ROW (x, MDYN_ROW, f)
#define H(f) ROW (half, MDYN_HALF_ROW, (f) - 2)
#define S(f) sooner[(f) * COLUMNS + m]
#define L(f) later[((f) + 1) * COLUMNS + m]
#define FIT_BOUND 0.1716f /* of s^2: cos^2 (pi/8) of the true square is the least an extreme at 4x shows of a sine up to rate/2 */

/* sooner: between frame and half-way sample; later: between that and the next frame, from the one before the first on; tops: the largest magnitude of each
 * column. Returns the largest of all. */
static float
quarter_way (float *restrict sooner, float *restrict later, float *restrict tops, const float *restrict x, const float *restrict half)
{
	const float *c = quarter_band;
	int32_t top = 0;
	for (ptrdiff_t m = 0; m < COLUMNS; m++) {
		float t = 0;
#define SOONER(f) S (f) = (c[0] * (X (f) + H (f)) + c[1] * (H (f - 1) + X (f + 1))) + (c[2] * (X (f - 1) + H (f + 1)) + c[3] * (H (f - 2) + X (f + 2)));
#define LATER(f) L (f) = (c[0] * (H (f) + X (f + 1)) + c[1] * (X (f) + H (f + 1))) + (c[2] * (H (f - 1) + X (f + 2)) + c[3] * (X (f - 1) + H (f + 2)));
#define FRAME(f) \
	SOONER (f) \
	LATER (f) \
	t = larger (t, larger (larger (fabsf (X (f)), fabsf (S (f))), larger (fabsf (H (f)), fabsf (L (f)))));
		LATER (-1)
		FRAME (0) FRAME (1) FRAME (2) FRAME (3)
#undef FRAME
#undef LATER
#undef SOONER
		tops[m] = t;
		top = bits_of (t) > top ? bits_of (t) : top;
	}
	return float_of (top);
}

/* A^2 = n / d at the larger of two neighbours a and b, if it is an extreme: its square at least that of its other neighbour, s^2 if not. before and after: the
 * neighbours of both. The bound below keeps rounding apart from a sine: of a slow signal all are nearly equal and the divisor nearly 0. */
static inline void
fit (float *n, float *d, float before, float a, float b, float after)
{
	float a2 = a * a, b2 = b * b;
	float s2 = a2 > b2 ? a2 : b2, in = a2 > b2 ? b : a, out = a2 > b2 ? before : after;
	float apart = in - out, both = in + out, den = 4 * s2 - both * both, least = 1e-6f * s2;
	den = den > least ? den : least;
	float more = apart * apart, most = FIT_BOUND * den;
	more = more < most ? more : most;
	more = s2 >= out * out ? more : 0;
	float num = s2 * (den + more);
	bool best = num * *d > *n * den;
	*n = best ? num : *n;
	*d = best ? den : *d;
}

/* tops: the largest magnitude of each column -> its A. Every column is scaled by itself to be near 1, so that no product of six leaves the range of float:
 * beside a click of 120 dBFS the next column's peak still counts. */
static void
fits (float *restrict tops, const float *restrict x, const float *restrict half, const float *restrict sooner, const float *restrict later)
{
	for (ptrdiff_t m = 0; m < COLUMNS; m++) {
		int32_t exponent = bits_of (tops[m]) & 0x7f800000;
		exponent = exponent > 27 << 23 ? exponent : 27 << 23;
		float n = 0, d = 1, scale = float_of ((254 << 23) - exponent);
#define FRAME(f) \
	fit (&n, &d, scale * L (f - 1), scale * X (f), scale * S (f), scale * H (f)); \
	fit (&n, &d, scale * S (f), scale * H (f), scale * L (f), scale * X (f + 1));
		FRAME (0) FRAME (1) FRAME (2) FRAME (3)
#undef FRAME
		tops[m] = sqrtf (n / d) * float_of (exponent);
	}
}

static bool
true_peaks (float *restrict peak8, const float *restrict x, const float *restrict half, float floor)
{
	float sooner[4 * COLUMNS], later[5 * COLUMNS], tops[COLUMNS];
	if (quarter_way (sooner, later, tops, x, half) * MDYN_FIT_REACH < floor)
		return false;
	fits (tops, x, half, sooner, later);
	for (int j = 0; j < COLUMNS / 2; j++)
		peak8[j] = larger (tops[2 * j], tops[2 * j + 1]);
	return true;
}

/* Means of 8 frames of the alternation (-1)^n, one every 4, smoothed by a triangle over 7 that do not overlap; the largest from 2 means before to 1 after
 * counts: where the alternation is out of step with the frames, they are small themselves. There is one in between for bursts whose tone just fits the
 * others (3/8 of the rate, 8 frames): only those tell where it begins and ends. A quarter of what follows less what leads lets a slope, as every tone low
 * in the band is one, sum to nothing. */
static void
alternation (float *restrict peak8, const float *restrict x, float bound)
{
	enum { MEANS = 2 * COLUMNS + 1, LEVELS = 24 }; /* the last three for whole vectors */
	float b[LEVELS + 12] = { 0 }, v[LEVELS];
	const float *x1 = x + MDYN_ROW, *x2 = x + 2 * MDYN_ROW, *x3 = x + 3 * MDYN_ROW;
#define FOUR(k) ((x[k] - x1[k]) + (x2[k] - x3[k]))
#define MEAN(k, next) b[k] = (FOUR (k) + FOUR ((k) + 1)) + 0.25f * ((x3[(k) + 1] + (next)) - (x3[(k) - 1] + x[k]))
	for (int k = 0; k < MEANS - 1; k++)
		MEAN (k, x[k + 2]);
	MEAN (MEANS - 1, x2[MEANS]); /* nearly: what comes next is not there yet */
#undef MEAN
#undef FOUR
	for (int i = 0; i < LEVELS; i += 8) /* eight by eight: wider vectors would wait for what was just written */
		for (int k = i; k < i + 8; k++)
			v[k] = fabsf ((4 * b[k + 6] + 3 * (b[k + 4] + b[k + 8])) + (2 * (b[k + 2] + b[k + 10]) + (b[k] + b[k + 12]))) * (1.2f / 128);
	for (int j = 0; j < 8; j++) {
		const float *m = v + 2 * j;
		float level = larger (larger (larger (m[0], m[1]), larger (m[2], m[3])), larger (larger (m[4], m[5]), m[6])), most = bound * peak8[j];
		peak8[j] += level < most ? level : most;
	}
}

#undef L
#undef S
#undef H
#undef X
#undef ROW

const mdyn_kernels KERNELS (MDYN_ISA) = {
	.name = NAME (MDYN_ISA),
	.take_f32 = take_f32,
	.take_f64 = take_f64,
	.give_f32 = give_f32,
	.give_f64 = give_f64,
	.apply = apply,
	.narrow = narrow,
	.weave = weave,
	.weave_f64 = weave_f64,
	.add_squares = add_squares,
	.abs_max = abs_max,
	.largest = largest,
	.peak = peak,
	.magnitude = magnitude,
	.log2 = log_2,
	.excess = excess,
	.exp2 = exp_2,
	.closing = closing,
	.factor = factor,
	.curve = curve,
	.settle = settle,
	.glide = glide,
	.lines = lines,
	.power_mean = power_mean,
	.deal = deal,
	.half_way = half_way,
	.true_peaks = true_peaks,
	.alternation = alternation,
};
