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
static void
log_2 (float *dst, const float *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x = src[i] > 0x1p-100f ? src[i] : 0x1p-100f;
		int32_t u = bits_of (x), e = (u - 0x3f3504f3) >> 23;
		float m = float_of (u - e * (1 << 23)), t = (m - 1) / (m + 1), s = t * t;
		const float k = 2.8853900817779268f; /* 2 / ln 2 */
		dst[i] = (float) e + k * t * (1 + s * (1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s * (1.0f / 9)))));
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
	for (size_t j = 0; j < groups; j++) {
		double start = 1 - from, step = (node[j] - from) / (double) group;
		for (size_t k = 0; k < group; k += 8)
			for (size_t i = 0; i < 8; i++)
				dst[j * group + k + i] = (float) (start - (double) (int) (k + i) * step);
		from = node[j];
	}
}

/* As many doubles as a register holds: wider vectors go through memory. */
#if defined(__AVX512F__)
#define PLACES 8
#elif defined(__AVX__)
#define PLACES 4
#else
#define PLACES 2
#endif
typedef double places __attribute__ ((vector_size (8 * PLACES), aligned (8), may_alias));

/* Several sums at once, in two parts that need not wait for each other: as arrays, they would not stay in registers. */
static void
box (double *mean, const double *x, size_t length, size_t n)
{
	for (; n >= PLACES; n -= PLACES, x += PLACES, mean += PLACES) {
		places even = { 0 }, odd = { 0 };
		for (size_t k = 0; k + 1 < length; k += 2) {
			even += *(const places *) (x + k);
			odd += *(const places *) (x + k + 1);
		}
		if (length % 2)
			even += *(const places *) (x + length - 1);
		*(places *) mean = (even + odd) / (double) length;
	}
	for (size_t i = 0; i < n; i++) {
		double even = 0, odd = 0;
		for (size_t k = 0; k < length; k += 2)
			even += x[i + k];
		for (size_t k = 1; k < length; k += 2)
			odd += x[i + k];
		mean[i] = (even + odd) / (double) length;
	}
}

static void
power_mean (double *restrict wide, const double *restrict narrow, double lean, double slope, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double w = wide[i], q = w / (narrow[i] > 0 ? narrow[i] : 1), q2 = q * q, q4 = q2 * q2;
		double mean = w / sqrt (sqrt (sqrt (1 + (lean + slope * (1 - w)) * (q4 * q4 - 1))));
		mean = narrow[i] > 0 ? mean : 0;
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

static void
half_way (float *restrict half, const float *restrict x, size_t n)
{
	const float *c = half_band;
#define T(k) c[k] * (x[i - (k)] + x[i + 1 + (k)])
#define T2(k) T (k) + T (k + 1)
#define T4(k) (T2 (k)) + (T2 (k + 2))
	for (ptrdiff_t i = 0; i < (ptrdiff_t) n; i++)
		half[i] = ((T4 (0)) + (T4 (4)) + (T4 (8)) + (T4 (12))) + ((T4 (16)) + (T4 (20)) + (T4 (24)) + (T2 (28)));
#undef T4
#undef T2
#undef T
}

#define FRAMES 64
#define FIT_BOUND 0.1716f /* of s^2: cos^2 (pi/8) of the true square is the least an extreme at 4x shows of a sine up to rate/2 */

/* Between frame and half-way sample, and between that and the next frame. later[-1] is the one before the first frame. */
static void
quarter_way (float *restrict sooner, float *restrict later, const float *restrict x, const float *restrict h)
{
	const float *c = quarter_band;
	for (int i = 0; i < FRAMES; i++)
		sooner[i] = (c[0] * (x[i] + h[i]) + c[1] * (h[i - 1] + x[i + 1])) + (c[2] * (x[i - 1] + h[i + 1]) + c[3] * (h[i - 2] + x[i + 2]));
	for (int i = -1; i < FRAMES; i++)
		later[i] = (c[0] * (h[i] + x[i + 1]) + c[1] * (x[i] + h[i + 1])) + (c[2] * (h[i - 1] + x[i + 2]) + c[3] * (x[i - 1] + h[i + 2]));
}

/* best = max (best, A^2) of the samples s with neighbours l and r; where s is no extreme, A^2 = s^2. The bound below keeps rounding apart from a sine: of a
 * slow signal l, s, r are nearly equal and the divisor nearly 0. */
static void
fit (float *restrict best, const float *restrict l, const float *restrict s, const float *restrict r)
{
	for (int i = 0; i < FRAMES; i++) {
		float s2 = s[i] * s[i], l2 = l[i] * l[i], r2 = r[i] * r[i], d = r[i] - l[i], u = r[i] + l[i];
		float den = 4 * s2 - u * u, least = 1e-6f * s2;
		den = den > least ? den : least;
		float more = s2 * (d * d / den), most = FIT_BOUND * s2;
		more = more < most ? more : most;
		float side = l2 > r2 ? l2 : r2;
		more = s2 >= side ? more : 0;
		float a2 = s2 + more;
		best[i] = a2 > best[i] ? a2 : best[i];
	}
}

static void
square_max (float *restrict best, const float *restrict s)
{
	for (int i = 0; i < FRAMES; i++) {
		float s2 = s[i] * s[i];
		best[i] = s2 > best[i] ? s2 : best[i];
	}
}

static bool
true_peaks (float *restrict peak8, const float *restrict x, const float *restrict half, float floor)
{
	float sooner[FRAMES], later_[FRAMES + 1], *later = later_ + 1, best[FRAMES] = { 0 };
	quarter_way (sooner, later, x, half);
	square_max (best, x);
	square_max (best, sooner);
	square_max (best, half);
	square_max (best, later);
	if (sqrtf (largest (best, FRAMES)) * MDYN_FIT_REACH < floor)
		return false;
	fit (best, later - 1, x, sooner);
	fit (best, x, sooner, half);
	fit (best, sooner, half, later);
	fit (best, half, later, x + 1);
	for (int j = 0; j < FRAMES / 8; j++) {
		float m = 0;
		for (int i = 0; i < 8; i++)
			m = best[8 * j + i] > m ? best[8 * j + i] : m;
		peak8[j] = sqrtf (m);
	}
	return true;
}

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
	.exp2 = exp_2,
	.factor = factor,
	.curve = curve,
	.settle = settle,
	.glide = glide,
	.lines = lines,
	.box = box,
	.power_mean = power_mean,
	.half_way = half_way,
	.true_peaks = true_peaks,
};
