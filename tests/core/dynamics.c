/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* mastercomp and mastergate against the formulas of their rows' help: Giannoulis, Massberg, Reiss 2012 for the curve, 1-1/e for the times. The
 * gain is read as output over input. */
#include <math.h>
#include <string.h>

#include "mdyn/mdyn.h"
#include "tap.h"

#define RATE 48000
#define PI 3.14159265358979323846

typedef struct row {
	int id;
	double value;
} row;

static mdyn_proc *
make (mdyn_kind kind, unsigned channels, unsigned key_channels, const row *rows, size_t n)
{
	mdyn_proc *p;
	mdyn_format f = { .sample = MDYN_F64, .rate = RATE, .channels = channels, .key_channels = key_channels };
	ck_assert_int_eq (mdyn_create (&p, mdyn_class_get (kind), &f), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq (mdyn_set (p, rows[i].id, rows[i].value), 0);
	return p;
}
#define MAKE(kind, channels, key, ...) make (kind, channels, key, (const row[]){ __VA_ARGS__ }, sizeof ((const row[]){ __VA_ARGS__ }) / sizeof (row))

static double
amp (double db)
{
	return pow (10, db / 20);
}

/* Mono through p in place; x becomes the output. */
static void
through (mdyn_proc *p, double *x, size_t n)
{
	void *io[1] = { x };
	ck_assert_int_eq (mdyn_process (p, io, (const void *const *) io, NULL, n), 0);
}

/* Gain in dB after `frames` frames of a constant. */
static double
settled (mdyn_proc *p, double db, size_t frames)
{
	static double x[RATE * 4];
	for (size_t i = 0; i < frames; i++)
		x[i] = amp (db);
	through (p, x, frames);
	return 20 * log10 (x[frames - 1] / amp (db));
}

START_TEST (comp_static_curve)
{
	const double ratios[] = { 1, 1.5, 3, 10, INFINITY }, knees[] = { 0, 6, 24 }, thresholds[] = { -60, -18, -3 };
	for (int r = 0; r < 5; r++)
		for (int k = 0; k < 3; k++)
			for (int t = 0; t < 3; t++)
				for (double x = -100; x <= 12; x += 4) {
					double T = thresholds[t], W = knees[k], R = ratios[r], y;
					if (2 * (x - T) < -W)
						y = x;
					else if (2 * fabs (x - T) <= W && W > 0)
						y = x + (1 / R - 1) * pow (x - T + W / 2, 2) / (2 * W);
					else
						y = T + (x - T) / R;
					mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_threshold, T }, { MDYN_COMP_ratio, R }, { MDYN_COMP_knee, W },
					                     { MDYN_COMP_attack, 0.1 });
					double got = settled (p, x, 400);
					ck_assert_msg (fabs (got - (y - x)) < 0.005, "T %g R %g W %g at %g dB: gain %g, formula %g", T, R, W, x, got, y - x);
					mdyn_destroy (&p);
				}
}
END_TEST

START_TEST (comp_range_makeup_mix)
{
	mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_range, 6 }, { MDYN_COMP_makeup, 2 }, { MDYN_COMP_attack, 0.1 });
	ck_assert_double_eq_tol (settled (p, 0, 1000), 2 - 6, 0.001);
	mdyn_destroy (&p);
	p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_knee, 0 }, { MDYN_COMP_mix, 40 }, { MDYN_COMP_attack, 0.1 });
	ck_assert_double_eq_tol (settled (p, 0, 1000), 20 * log10 (0.6 + 0.4 * amp (-18)), 0.001);
	mdyn_destroy (&p);
}
END_TEST

/* First frame where the gain has made 1-1/e of the way from one settled dB value to another. */
static double
time_ms (const double *out, const double *in, size_t from, size_t n, double before, double after)
{
	for (size_t i = from; i < n; i++) {
		double g = 20 * log10 (out[i] / in[i]), way = (g - before) / (after - before);
		if (way >= 1 - exp (-1))
			return (double) (i + 1 - from) * 1000 / RATE;
	}
	return -1;
}

START_TEST (comp_times)
{
	const double attacks[] = { 1, 10, 100 }, releases[] = { 20, 150, 800 };
	static double in[RATE * 8], out[RATE * 8];
	for (int i = 0; i < 3; i++) {
		size_t up = RATE / 10, down = up + RATE, n = sizeof in / sizeof *in;
		for (size_t k = 0; k < n; k++)
			in[k] = out[k] = k < up || k >= down ? amp (-60) : 1;
		mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_attack, attacks[i] }, { MDYN_COMP_release, releases[i] });
		through (p, out, n);
		double most = 20 * log10 (out[down - 1]);
		ck_assert_double_eq_tol (time_ms (out, in, up, n, 0, -12), attacks[i], 0.02 * attacks[i] + 0.03);
		ck_assert_double_eq_tol (time_ms (out, in, down, n, most, 0), releases[i], 0.02 * releases[i]);
		mdyn_destroy (&p);
		/* hold: nothing returns before, all as usual after */
		memcpy (out, in, sizeof out);
		p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_attack, attacks[i] }, { MDYN_COMP_release, releases[i] }, { MDYN_COMP_hold, 100 });
		through (p, out, n);
		ck_assert_double_eq_tol (20 * log10 (out[down + RATE / 10 - 1] / in[down]), 20 * log10 (out[down] / in[down]), 0.001);
		ck_assert_double_eq_tol (time_ms (out, in, down, n, most, 0), 100 + releases[i], 0.02 * releases[i] + 0.03);
		mdyn_destroy (&p);
	}
}
END_TEST

/* A tone of peak 0 dB: rms -3.01; K-weighted at 997 Hz BS.1770 reads -3.01 LUFS = -0.691 + 10 log10 (mean square). */
START_TEST (comp_detectors)
{
	static double x[RATE * 2];
	const double level[] = { -3.0103, -3.01 + 0.691 };
	for (int d = 0; d < 2; d++) {
		mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_detector, d ? MDYN_COMP_detector_loudness : MDYN_COMP_detector_rms }, { MDYN_COMP_rms_window, 100 },
		                     { MDYN_COMP_ratio, INFINITY }, { MDYN_COMP_knee, 0 });
		for (size_t i = 0; i < RATE * 2; i++)
			x[i] = sin (2 * PI * 997 * (double) i / RATE);
		through (p, x, RATE * 2);
		double peak = 0;
		for (size_t i = RATE; i < RATE * 2; i++)
			peak = fmax (peak, fabs (x[i]));
		ck_assert_double_eq_tol (20 * log10 (peak), -18 - level[d], 0.1);
		mdyn_destroy (&p);
	}
}
END_TEST

/* Channel 0 at 0 dB (12 dB of reduction), channel 1 at -60 (none). */
START_TEST (link_by_formula)
{
	static double x[2][RATE];
	const double links[] = { 0, 50, 100 };
	for (int l = 0; l < 3; l++) {
		for (size_t i = 0; i < RATE; i++) {
			x[0][i] = 1;
			x[1][i] = amp (-60);
		}
		void *io[2] = { x[0], x[1] };
		mdyn_proc *p = MAKE (MDYN_COMP, 2, 0, { MDYN_COMP_link, links[l] });
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *) io, NULL, RATE), 0);
		ck_assert_double_eq_tol (20 * log10 (x[0][RATE - 1]), -12, 0.001);
		ck_assert_double_eq_tol (20 * log10 (x[1][RATE - 1]) + 60, -12 * links[l] / 100, 0.001);
		mdyn_destroy (&p);
		/* the gate's smallest: -60 is closed by range 60 alone, open with its neighbour */
		for (size_t i = 0; i < RATE; i++) {
			x[0][i] = 1;
			x[1][i] = amp (-60);
		}
		p = MAKE (MDYN_GATE, 2, 0, { MDYN_GATE_link, links[l] }, { MDYN_GATE_release, 20 });
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *) io, NULL, RATE), 0);
		ck_assert (x[0][RATE - 1] == 1);
		ck_assert_double_eq_tol (20 * log10 (x[1][RATE - 1]) + 60, -60 * (1 - links[l] / 100), 0.001);
		mdyn_destroy (&p);
	}
}
END_TEST

/* The detector hears 5 ms ahead: the output's first loud sample already has the reduction that 5 ms of attack made. */
START_TEST (lookahead_leads)
{
	static double out[4800];
	for (size_t i = 0; i < 4800; i++)
		out[i] = i < 2400 ? amp (-60) : 1;
	mdyn_proc *p = MAKE (MDYN_COMP, 1, 0, { MDYN_COMP_lookahead, 5 }, { MDYN_COMP_attack, 5 });
	ck_assert_int_eq (mdyn_latency (p), 240);
	through (p, out, 4800);
	double first = 20 * log10 (out[2400 + 240]);
	ck_assert_double_eq_tol (first, -12 * (1 - exp (-1)), 0.05);
	mdyn_destroy (&p);
}
END_TEST

/* A key of one channel rules three; no key is silence. */
START_TEST (external_key)
{
	static double x[3][RATE], key[RATE];
	for (int given = 0; given < 2; given++) {
		mdyn_proc *p = MAKE (MDYN_COMP, 3, 1, { MDYN_COMP_attack, 1 });
		for (size_t i = 0; i < RATE; i++) {
			key[i] = 1;
			for (int c = 0; c < 3; c++)
				x[c][i] = amp (-30 - 10 * c);
		}
		void *io[3] = { x[0], x[1], x[2] };
		const void *k[1] = { key };
		ck_assert_int_eq (mdyn_process (p, io, (const void *const *) io, given ? k : NULL, RATE), 0);
		for (int c = 0; c < 3; c++)
			ck_assert_double_eq_tol (20 * log10 (x[c][RATE - 1]), -30 - 10 * c - (given ? 12 : 0), 0.001);
		mdyn_destroy (&p);
	}
}
END_TEST

/* Threshold -40, hysteresis 6, hold 50: what level is needed to open, what to stay open, when it closes, how far. */
START_TEST (gate_hysteresis_and_hold)
{
	static double x[RATE * 2], in[RATE * 2];
	const double level[] = { -80, -40.5, -39.5, -45.5, -46.5 };
	const size_t len[] = { RATE / 2, RATE / 4, RATE / 4, RATE / 4, RATE / 2 };
	size_t at = 0, edge[6] = { 0 };
	for (int s = 0; s < 5; s++) {
		for (size_t i = 0; i < len[s]; i++)
			x[at + i] = in[at + i] = amp (level[s]);
		edge[s + 1] = at += len[s];
	}
	mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, -40 }, { MDYN_GATE_hysteresis, 6 }, { MDYN_GATE_hold, 50 }, { MDYN_GATE_range, 30 },
	                     { MDYN_GATE_release, 10 });
	through (p, x, at);
#define GAIN(i) (20 * log10 (x[i] / in[i]))
	ck_assert_double_eq_tol (GAIN (edge[1] - 1), -30, 0.001); /* closed after the opening grace */
	ck_assert_double_eq_tol (GAIN (edge[2] - 1), -30, 0.001); /* -40.5 does not open */
	ck_assert (x[edge[3] - 1] == in[edge[3] - 1]);            /* -39.5 does, to the bit */
	ck_assert (x[edge[4] - 1] == in[edge[4] - 1]);            /* -45.5 keeps it open */
	ck_assert (x[edge[4] + RATE / 20 - 2] == in[edge[4]]);    /* so does the hold */
	ck_assert_double_lt (GAIN (edge[4] + RATE / 20 + 480), -18.9); /* one release later 1-1/e of 30 dB */
	ck_assert_double_eq_tol (GAIN (edge[5] - 1), -30, 0.001);
	mdyn_destroy (&p);
}
END_TEST

START_TEST (gate_times)
{
	static double in[RATE * 4], out[RATE * 4];
	size_t n = RATE * 4, up = RATE * 2, down = up + RATE;
	for (size_t k = 0; k < n; k++)
		in[k] = out[k] = k < up || k >= down ? amp (-80) : amp (-20);
	mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_attack, 5 }, { MDYN_GATE_release, 80 }, { MDYN_GATE_hold, 30 });
	through (p, out, n);
	ck_assert_double_eq_tol (time_ms (out, in, up, n, -60, 0), 5, 0.12);
	ck_assert_double_eq_tol (time_ms (out, in, down, n, 0, -60), 80 + 30, 1.6);
	mdyn_destroy (&p);
}
END_TEST

/* ratio R below the threshold T: output falls R dB a dB, the gain is (R - 1)(x - T), no lower than -range. */
START_TEST (gate_expander)
{
	for (double x = -50; x >= -75; x -= 5) {
		mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, -40 }, { MDYN_GATE_hysteresis, 4 }, { MDYN_GATE_ratio, 2 }, { MDYN_GATE_range, 25 },
		                     { MDYN_GATE_hold, 0 }, { MDYN_GATE_release, 10 });
		ck_assert_double_eq_tol (settled (p, x, RATE), fmax (x + 40, -25), 0.002);
		mdyn_destroy (&p);
	}
}
END_TEST

/* A decaying 100 Hz tone crosses the closing level once: the gate closes once. */
START_TEST (gate_does_not_chatter)
{
	static double in[RATE * 3], out[RATE * 3];
	size_t n = RATE * 3;
	for (size_t k = 0; k < n; k++)
		in[k] = out[k] = amp (-20 - 15.0 * (double) k / RATE) * sin (2 * PI * 100 * (double) k / RATE + 0.1);
	mdyn_proc *p = MAKE (MDYN_GATE, 1, 0, { MDYN_GATE_threshold, -35 }, { MDYN_GATE_hold, 0 });
	through (p, out, n);
	int turns = 0;
	bool closing = false;
	for (size_t k = 1; k < n; k++) {
		bool now = fabs (in[k]) > 1e-6 && out[k] / in[k] < 0.9;
		turns += fabs (in[k]) > 1e-6 && now != closing;
		closing = fabs (in[k]) > 1e-6 ? now : closing;
	}
	ck_assert_int_eq (turns, 1);
	mdyn_destroy (&p);
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("dynamics");
	TCase *t = tcase_create ("dynamics");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, comp_static_curve);
	tcase_add_test (t, comp_range_makeup_mix);
	tcase_add_test (t, comp_times);
	tcase_add_test (t, comp_detectors);
	tcase_add_test (t, link_by_formula);
	tcase_add_test (t, lookahead_leads);
	tcase_add_test (t, external_key);
	tcase_add_test (t, gate_hysteresis_and_hold);
	tcase_add_test (t, gate_times);
	tcase_add_test (t, gate_expander);
	tcase_add_test (t, gate_does_not_chatter);
	suite_add_tcase (s, t);
	return run_tap (s);
}
