/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* masternorm's live mode: the leveller by itself, and through the whole processor, loudness read by libebur128. */
#include "clip.h"

#include "leveller.h"

static const mdyn_leveller_rows defaults = { .target = -20, .gate = -60, .initial = -70, .strength = 1, .max_boost = 30, .max_cut = 40,
	                                     .dead_band = 0.3, .memory = 15, .rise = 8, .fall = 30 };

static mdyn_leveller
new_leveller (const mdyn_leveller_rows *rows)
{
	mdyn_leveller l;
	mdyn_leveller_reset (&l);
	mdyn_leveller_update (&l, rows, true);
	return l;
}

/* Blocks of `lufs`, each played four blocks after it was heard. Returns the gain at the end of the last one played. Moves by 3 LU, as what is no
 * noise does. */
static double
ride (mdyn_leveller *l, double lufs, double slope, int blocks)
{
	double start, gain = NAN;
	for (int i = 0; i < blocks; i++) {
		mdyn_leveller_hear (l, pow (10, (lufs + slope * i + (i % 4 - 1.5) + 0.691) / 10));
		if (l->past.heard >= 4)
			gain = mdyn_leveller_play (l, &start);
	}
	return gain;
}

START_TEST (follows_sections)
{
	mdyn_leveller l = new_leveller (&defaults);
	NEAR (ride (&l, -30, 0, 10), 10, 1.5, the seed);
	NEAR (ride (&l, -30, 0, 90), 10, 1);
	NEAR (ride (&l, -12, 0, 4), -8, 2, there when the loud section begins);
	NEAR (ride (&l, -12, 0, 100), -8, 1);
	NEAR (ride (&l, -19, 0, 100), -1, 1, 7 LU down);
	NEAR (ride (&l, -90, 0, 50), -1, 1, a silence);
	NEAR (ride (&l, -30, 0, 60), 10, 1.5, after it);
	ck_assert_double_lt (ride (&l, 7, 0, 8), -15); /* 37 LU up */
}
END_TEST

START_TEST (leaves_fades_dips_and_pauses)
{
	mdyn_leveller l = new_leveller (&defaults);
	double before = ride (&l, -12, 0, 150);
	NEAR (ride (&l, -12, -0.5, 80), before, 1, a fade of 40 LU in 8 s);
	NEAR (ride (&l, -90, 0, 50), before, 1, and the silence after it);

	l = new_leveller (&defaults);
	before = ride (&l, -25, 0, 150);
	for (int i = 0; i < 10; i++) {
		ride (&l, -36, 0, 8);
		NEAR (ride (&l, -25, 0, 30), before, 1, a dip of .8 s);
	}

	l = new_leveller (&defaults);
	before = ride (&l, -25, 0, 150);
	for (int i = 0; i < 300; i++) { /* noise 23 LU under the voice, steady within .1 LU */
		double start;
		mdyn_leveller_hear (&l, pow (10, (-48 + 0.1 * sin (i) + 0.691) / 10));
		ck_assert_double_lt (mdyn_leveller_play (&l, &start), before + 0.2);
	}
}
END_TEST

START_TEST (stays_at_zero_on_target)
{
	mdyn_leveller l = new_leveller (&defaults);
	uint32_t seed = 1;
	double start;
	for (int i = 0; i < 1200; i++) { /* 2 min that swell and sink by 2 LU over 7 s around the target, each block by some LU more */
		seed = seed * 1664525 + 1013904223;
		double jitter = 6 * ((double) (seed >> 8) / (1 << 24) - 0.5);
		mdyn_leveller_hear (&l, pow (10, (-20 + sin (i * 0.09) + jitter + 0.691 - 0.5) / 10));
		if (l.past.heard >= 4)
			ck_assert (mdyn_leveller_play (&l, &start) == 0 && start == 0);
	}
}
END_TEST

/* Lines 2 LU under and over the target, which the programme meets: none is touched. */
START_TEST (leaves_sections_of_a_programme_on_target)
{
	mdyn_leveller l = new_leveller (&defaults);
	ck_assert (ride (&l, -20.1, 0, 300) == 0);
	for (int i = 0; i < 10; i++)
		ck_assert (ride (&l, -20.1 + (i % 2 ? 2 : -2), 0, 60) == 0);
	ck_assert (ride (&l, -27, 0, 20) == 0); /* nor is what is further under it, unless it lasts 3 s */
}
END_TEST

/* What begins 2.3 LU under its target may be the intro of something on it: it is left alone, but not for long, not where talk breaks off, and not once it
 * has changed. What is missing is then brought without going far over it. */
START_TEST (leaves_alone_what_begins_near_its_target)
{
	mdyn_leveller l = new_leveller (&defaults);
	ck_assert (ride (&l, -22.3, 0, 200) == 0);
	ck_assert (ride (&l, -20, 0, 300) == 0);

	l = new_leveller (&defaults);
	ride (&l, -22.3, 0, 200);
	ck_assert_double_gt (ride (&l, -22.3, 0, 60), 2);
	for (int i = 0; i < 30; i++)
		ck_assert_double_lt (ride (&l, -22.3, 0, 10), 2.3 + 2.5);
	NEAR (ride (&l, -22.3, 0, 200), 2.3, 0.5);

	l = new_leveller (&defaults);
	for (int i = 0; i < 5; i++) {
		ride (&l, -21.8, 0, 12);
		ride (&l, -80, 0, 4);
	}
	ck_assert_double_gt (ride (&l, -21.8, 0, 12), 1.5);

	l = new_leveller (&defaults);
	ck_assert (ride (&l, -22.3, 0, 100) == 0);
	ride (&l, -12, 0, 30);
	ck_assert_double_gt (ride (&l, -22.3, 0, 50), 1.5);
}
END_TEST

/* None of this ends it: silence before it, one gap, what comes in its first seconds, a dip; nor, in what is on target, a quieter section. */
START_TEST (small_things_are_no_changes)
{
	mdyn_leveller l = new_leveller (&defaults);
	ride (&l, -100, 0, 10);
	ck_assert (ride (&l, -22.3, 0, 200) == 0);

	l = new_leveller (&defaults);
	ride (&l, -22.3, 0, 90);
	ride (&l, -80, 0, 1);
	ck_assert (ride (&l, -22.3, 0, 110) == 0);

	l = new_leveller (&defaults);
	ride (&l, -20.5, 0, 10);
	ride (&l, -14, 0, 10);
	ride (&l, -22.3, 0, 40);
	ck_assert (ride (&l, -22.3, 0, 60) == 0);

	l = new_leveller (&defaults);
	ride (&l, -22.3, 0, 90);
	ride (&l, -41, 0, 14);
	ride (&l, -22.3, 0, 30);
	ck_assert (ride (&l, -22.3, 0, 50) == 0);

	l = new_leveller (&defaults);
	ck_assert (ride (&l, -20.1, 0, 140) == 0);
	ck_assert (ride (&l, -22.6, 0, 60) == 0);

	/* But a mean on target is not enough of it. */
	l = new_leveller (&defaults);
	ride (&l, -25, 0, 100);
	ride (&l, -17, 0, 80);
	ride (&l, -23, 0, 50);
	ck_assert_double_gt (ride (&l, -23, 0, 50), 2);
}
END_TEST

/* A loud word is taken for another section, and before much is known of that, the next speaker begins 9 LU under it: what is learned of him does not hide him. */
START_TEST (loud_word_hides_no_speaker)
{
	mdyn_leveller l = new_leveller (&defaults);
	ride (&l, -25.5, 0, 100);
	ride (&l, -20, 0, 7);
	ride (&l, -38, -3, 3);
	ride (&l, -29, 0, 20);
	NEAR (mdyn_level (l.section.level), -29, 1, LUFS after his first 2 s);
}
END_TEST

/* A loud speaker and one 7 LU under him take turns, 3 s and 6 s: the whole is on target. */
START_TEST (whole_programme_is_on_target)
{
	mdyn_leveller l = new_leveller (&defaults);
	double energy[1800], sum = 0, start;
	int played = 0;
	for (int i = 0; i < 1800; i++) {
		double lufs = i % 90 < 60 ? -30 : -23;
		energy[i] = pow (10, (lufs + (i % 4 - 1.5) + 2 * sin (i * 0.7) + 0.691) / 10);
		mdyn_leveller_hear (&l, energy[i]);
		if (i >= 3) {
			double to = mdyn_leveller_play (&l, &start);
			sum += energy[played++] * pow (10, (start + to) / 20);
		}
	}
	NEAR (-0.691 + 10 * log10 (sum / played), -20, 0.5, LUFS of the whole); /* what the live mode aims at for any programme */
}
END_TEST

/* A hall dies away by 45 LU/s into noise that stands still: what lies between the two is no section. */
START_TEST (noise_after_a_decay_is_a_pause)
{
	mdyn_leveller l = new_leveller (&defaults);
	double before = ride (&l, -20, 0, 150);
	ride (&l, -20, -4.5, 13);
	for (int i = 0; i < 60; i++) {
		double start;
		mdyn_leveller_hear (&l, pow (10, (-54 + 0.1 * sin (i) + 0.691) / 10));
		ck_assert_double_lt (mdyn_leveller_play (&l, &start), before + 0.5);
	}
}
END_TEST

/* Music 20 LU under what was before, where a fall was found not long ago: it might be a step of a fade, but it stays as it is. */
START_TEST (what_stays_is_no_fade)
{
	mdyn_leveller l = new_leveller (&defaults);
	ride (&l, -9, 0, 100);
	ride (&l, -15, 0, 100);
	ck_assert_uint_gt (l.expected.fell, 0);
	ride (&l, -15, -3, 6);
	ride (&l, -35, 0, 50);
	NEAR (mdyn_level (l.section.level), -35, 1, LUFS after 5 s);
	NEAR (ride (&l, -35, 0, 30), 15, 2, after 8 s);

	/* Nor is it lifted by more than 1.5 dB while that is in doubt. */
	l = new_leveller (&defaults);
	double before = ride (&l, -12, 0, 150), start;
	int doubted = 0;
	for (int i = 0; i < 40; i++) {
		mdyn_leveller_hear (&l, pow (10, (-18 + (i % 4 - 1.5) + 0.691) / 10));
		double gain = mdyn_leveller_play (&l, &start);
		if (l.fall.stairs) {
			doubted++;
			ck_assert_double_le (gain, before + 1.5 + 1e-9);
		}
	}
	ck_assert_int_gt (doubted, 3);
	NEAR (ride (&l, -18, 0, 20), -2, 1.5);
}
END_TEST

/* In talk a gain on its way up stops a block before each gap, and does not rise in it. */
START_TEST (rise_ends_with_the_phrase)
{
	mdyn_leveller l = new_leveller (&defaults);
	double start;
	int rising = 0;
	for (int i = 0; i < 400; i++) { /* words of 1.2 s, .4 s of noise after each; another speaker from the 14th on */
		bool word[2];
		for (int k = 0; k < 2; k++) /* of the block played now and of the one after it */
			word[k] = (i - 3 + k) % 16 < 12;
		double lufs = i % 16 < 12 ? (i < 208 ? -25 : -34) + (i % 4 - 1.5) : -62;
		mdyn_leveller_hear (&l, pow (10, (lufs + 0.691) / 10));
		if (i < 3)
			continue;
		double gain = mdyn_leveller_play (&l, &start);
		rising += i >= 208 && gain > start;
		if (i >= 208 && !(word[0] && word[1]))
			ck_assert_double_le (gain, start);
	}
	ck_assert_int_gt (rising, 8);
}
END_TEST

/* One block 22 LU up, as the first sound of a word, and a gap: the gain comes down before the block is heard, as far as 60 dB/s bring it in the .3 s that it is known. */
START_TEST (first_loud_block_is_enough)
{
	mdyn_leveller l = new_leveller (&defaults);
	double start, gain = NAN;
	ride (&l, -35, 0, 202);
	static const double lufs[] = { -13, -45, -45, -45 };
	for (size_t i = 0; i < 4; i++) { /* the fourth call plays the first */
		mdyn_leveller_hear (&l, pow (10, (lufs[i] + 0.691) / 10));
		gain = mdyn_leveller_play (&l, &start);
	}
	ck_assert_double_lt (start, 15 - 11);
	ck_assert_double_lt (gain, 15 - 17);
}
END_TEST

/* What is 1.2 LU off after the first 22 s is given some seconds more to come nearer, not a minute. */
START_TEST (near_is_nearer_later)
{
	mdyn_leveller l = new_leveller (&defaults);
	ck_assert (ride (&l, -21.2, 0, 240) == 0);
	NEAR (ride (&l, -21.2, 0, 360), 1.2, 0.5);

	l = new_leveller (&defaults); /* unless it comes after 5 min on target */
	ck_assert (ride (&l, -20.1, 0, 3000) == 0);
	ck_assert (ride (&l, -21.2, 0, 600) == 0);
}
END_TEST

/* A section a little off: left alone for half a minute and more once the programme has been on target for minutes, for 3 s where it is young. */
START_TEST (trust_comes_with_time)
{
	for (int s = 30; s <= 300; s += 270) {
		mdyn_leveller l = new_leveller (&defaults);
		ck_assert (ride (&l, -20.1, 0, 10 * s) == 0);
		ck_assert (ride (&l, -17.2, 0, 25) == 0);
		double gain = ride (&l, -17.2, 0, 25);
		ck_assert_msg (s == 300 ? gain == 0 : gain < -1.5, "%g dB after %d s", gain, s);
	}
}
END_TEST

/* Noise 15 LU under a quiet voice does not keep it down; noise 8 LU under it does: it is lifted to 13 LU under the target, not further. */
START_TEST (noise_of_pauses_bounds_the_boost)
{
	static const struct { double voice, noise, gain; } of[] = { { -37, -52.5, 17 }, { -43, -51, -20 - 13 + 51 } };
	for (size_t k = 0; k < N (of); k++) {
		mdyn_leveller l = new_leveller (&defaults);
		double start, gain = NAN;
		for (int i = 0; i < 900; i++) { /* 6 s of the voice, 3 s of noise */
			bool voice = i % 90 < 60;
			mdyn_leveller_hear (&l, pow (10, ((voice ? of[k].voice + (i % 4 - 1.5) : of[k].noise + 0.1 * sin (i)) + 0.691) / 10));
			if (i >= 3)
				gain = mdyn_leveller_play (&l, &start);
		}
		NEAR (gain, of[k].gain, 1);
		mdyn_leveller_rows r = defaults;
		r.target += 4; /* the bound goes with the target */
		mdyn_leveller_update (&l, &r, false);
		NEAR (ride (&l, of[k].voice, 0, 40), of[k].gain + 4, 1);
	}
	mdyn_leveller_rows r = defaults; /* noise that is over it already takes away the boost, no more */
	r.target = -30;
	mdyn_leveller l = new_leveller (&r);
	double start;
	ride (&l, -55, 0, 60);
	for (int i = 0; i < 30; i++) {
		mdyn_leveller_hear (&l, pow (10, (-60 + 0.1 * sin (i) + 0.691) / 10));
		mdyn_leveller_play (&l, &start);
	}
	r.target = -58;
	mdyn_leveller_update (&l, &r, false);
	NEAR (ride (&l, -55, 0, 60), -3, 1.5);
}
END_TEST

/* n phrases of 1.5 s that die away by 20 LU, with .5 s of nothing after each. */
static double
phrases (mdyn_leveller *l, double lufs, int n)
{
	double gain = NAN;
	for (int i = 0; i < n; i++) {
		ride (l, lufs, 0, 5);
		ride (l, lufs, -2, 10);
		gain = ride (l, -80, 0, 5);
	}
	return gain;
}

/* Each phrase of a speaker falls as a fade does; the next begins as loud again. */
START_TEST (talk_is_no_fade)
{
	mdyn_leveller l = new_leveller (&defaults);
	double mean = 10 * log10 ((5 + (1 - pow (10, -2)) / (1 - pow (10, -0.2))) / 15); /* of a phrase, less its begin */
	phrases (&l, -18, 10);
	ck_assert_double_gt (phrases (&l, -27, 2), 5); /* another speaker is lifted in his second phrase, */
	NEAR (phrases (&l, -27, 6), 7 - mean, 1.5, for good);
	double start = phrases (&l, -27, 10);
	for (int i = 1; i < 6; i++)
		NEAR (phrases (&l, -27 - 5 * i, 1), start, 3, a voice that fades by 5 LU a phrase);
}
END_TEST

/* Where the pause of a talk ends on something that is neither its noise nor yet the voice, it was no section. */
START_TEST (pause_ends_as_one)
{
	for (int last = -60; last <= -48; last += 2) {
		mdyn_leveller l = new_leveller (&defaults);
		double before = phrases (&l, -25, 10), start;
		for (int i = 0; i < 44; i++) {
			mdyn_leveller_hear (&l, pow (10, ((i < 40 ? -51 + 0.1 * sin (i) : i == 40 ? last : -25) + 0.691) / 10));
			double gain = mdyn_leveller_play (&l, &start);
			if (i < 43)
				ck_assert_double_le (gain, before + 0.01);
		}
	}
}
END_TEST

START_TEST (rows_do_what_they_say)
{
	mdyn_leveller_rows r = defaults;
	r.initial = -30;
	mdyn_leveller l = new_leveller (&r);
	NEAR (ride (&l, -90, 0, 10), 10, 1e-9, the level given before anything is heard);
	NEAR (ride (&l, -30, 0, 5), 10, 1, right from the first word);
	r.initial = -22.5;
	l = new_leveller (&r);
	NEAR (ride (&l, -22.5, 0, 10), 2.5, 1, told that this is no intro);
	r.initial = -20;
	l = new_leveller (&r);
	ck_assert (ride (&l, -22.3, 0, 100) == 0);
	ride (&l, -12, 0, 30);
	ck_assert (ride (&l, -22.3, 0, 50) == 0); /* told that it is one, where leaves_alone_what_begins_near_its_target is not, */
	l = new_leveller (&r);
	for (int i = 0; i < 10; i++) {
		ck_assert (ride (&l, -21.98, 0, 12) == 0); /* nor what breaks off: 2 LU off and more, less than 2.5 */
		ride (&l, -80, 0, 4);
	}

	r = defaults;
	r.max_boost = 6;
	r.max_cut = 3;
	l = new_leveller (&r);
	NEAR (ride (&l, -40, 0, 100), 6, 1e-9, the most boost);
	NEAR (ride (&l, -5, 0, 100), -3, 1e-9, the most cut);

	/* A section of -30 and one of -14 that lasts as long as the average: half of the way to the target, and half to the average. */
	r = defaults;
	r.strength = 0;
	l = new_leveller (&r);
	double quiet = ride (&l, -30, 0, 600), loud = ride (&l, -20, 0, 20);
	NEAR (quiet, 10, 1, one level is brought to the target at any strength);
	NEAR (loud, quiet, 3, strength 0 leaves the difference);
	r.strength = 0.5;
	l = new_leveller (&r);
	quiet = ride (&l, -30, 0, 600), loud = ride (&l, -20, 0, 20);
	NEAR (quiet - loud, 5, 2.5, half of 10 LU);

	r = defaults;
	r.rise = 2;
	l = new_leveller (&r);
	ride (&l, -10, 0, 100);
	double before = ride (&l, -30, 0, 20), after = ride (&l, -30, 0, 10);
	ck_assert_msg (after - before <= 2 + 1e-9, "rises by %g dB a second", after - before);

	/* A new target moves the gain by as much. */
	l = new_leveller (&defaults);
	before = ride (&l, -30, 0, 100);
	r = defaults;
	r.target = -26;
	mdyn_leveller_update (&l, &r, false);
	NEAR (ride (&l, -30, 0, 10), before - 6, 0.5);

	/* Even where a fall was just found that may be a fade, and the source alone lifts it by 1.5 dB only. */
	l = new_leveller (&defaults);
	ride (&l, -12, 0, 152);
	for (int i = 0; i < 10 && !l.fall.stairs; i++)
		ride (&l, -19, 0, 4);
	ck_assert_uint_gt (l.fall.stairs, 0);
	before = l.now;
	r = defaults;
	r.target = -10;
	mdyn_leveller_update (&l, &r, false);
	after = before;
	for (int i = 0; i < 10 && l.fall.stairs; i++) {
		after = l.now;
		ride (&l, -19, 0, 4);
	}
	ck_assert_msg (after - before > 2.5, "%g dB up", after - before);
}
END_TEST

/* A programme on target, for which another target is set: it is gone to, and stays. */
START_TEST (new_target_is_gone_to)
{
	for (int by = -3; by <= 3; by++)
		for (int at = 60; at <= 300; at += 120) {
			mdyn_leveller_rows r = defaults;
			mdyn_leveller l = new_leveller (&r);
			NEAR (ride (&l, -20.1, 0, at), 0, 0.01);
			r.target += by;
			mdyn_leveller_update (&l, &r, false);
			NEAR (ride (&l, -20.1, 0, 20), by, 0.5, 2 s after);
			NEAR (ride (&l, -20.1, 0, 200), by, 0.7, and for good);
		}
	mdyn_leveller_rows near = defaults; /* half a dB too, which would be left alone otherwise */
	mdyn_leveller told = new_leveller (&near);
	ride (&told, -20.4, 0, 180);
	near.target = -20.5;
	mdyn_leveller_update (&told, &near, false);
	ck_assert_double_lt (ride (&told, -20.4, 0, 200), -0.1);
	mdyn_leveller_rows r = defaults; /* in what may be an intro, whatever comes then */
	mdyn_leveller l = new_leveller (&r);
	ride (&l, -20.1, 0, 10);
	r.target = -18;
	mdyn_leveller_update (&l, &r, false);
	ride (&l, -20.1, 0, 10);
	ride (&l, -12, 0, 6);
	ride (&l, -20.1, 0, 120);
	for (int i = 0; i < 40; i++)
		NEAR (ride (&l, -20.1, 0, 5), 2, 1);
}
END_TEST

/* A lower max-boost holds from the next block on, whatever dead-band says. */
START_TEST (max_boost_is_obeyed)
{
	mdyn_leveller_rows r = defaults;
	r.dead_band = 6;
	mdyn_leveller l = new_leveller (&r);
	ck_assert_double_gt (ride (&l, -36, 0, 200), 14);
	r.max_boost = 10;
	mdyn_leveller_update (&l, &r, false);
	ck_assert_double_le (ride (&l, -36, 0, 5), 10);
	ck_assert_double_le (ride (&l, -36, 0, 100), 10);
}
END_TEST

/* An item 12 LU quieter: with a cue its gain is there from its first words on, though nothing stops in between. */
START_TEST (cue_begins_anew)
{
	for (int by = -12; by <= 12; by += 24) {
		mdyn_leveller l = new_leveller (&defaults);
		double before = ride (&l, -22, 0, 200);
		mdyn_leveller_cue (&l);
		double start, gain = NAN;
		for (int i = 0; i < 4; i++) { /* what is played yet is of the item before */
			mdyn_leveller_hear (&l, pow (10, (-22 + by + (i % 4 - 1.5) + 0.691) / 10));
			gain = mdyn_leveller_play (&l, &start);
			if (i < 3 && by < 0)
				NEAR (gain, before, 0.5);
		}
		NEAR (ride (&l, -22 + by, 0, 2), 2 - by, 2, by the second block);
		NEAR (ride (&l, -22 + by, 0, 100), 2 - by, 1);
	}
	/* Nor does it matter that the item before was on target. */
	for (int by = -4; by <= 4; by++) {
		mdyn_leveller on = new_leveller (&defaults), off = new_leveller (&defaults);
		ride (&on, -20.1, 0, 600);
		ride (&off, -29, 0, 600);
		mdyn_leveller_cue (&on);
		mdyn_leveller_cue (&off);
		NEAR (ride (&on, -20 + by, 0, 20), ride (&off, -20 + by, 0, 20), 1, after 2 s of an item);
	}
	/* Nor that it came out 8 LU over it, also where what is played is 3 s behind the cue. */
	mdyn_leveller_rows r = defaults;
	r.max_cut = 2;
	mdyn_leveller behind = new_leveller (&r);
	double start, gain = NAN;
	for (int i = 0; i < 330; i++) {
		if (i == 200)
			mdyn_leveller_cue (&behind);
		mdyn_leveller_hear (&behind, pow (10, ((i < 200 ? -10 : -30) + (i % 4 - 1.5) + 0.691) / 10));
		if (i >= 30)
			gain = mdyn_leveller_play (&behind, &start);
		if (i >= 320)
			NEAR (gain, 10, 0.7, 9 s after the cue);
	}
	/* It is no intro: the item before is over. */
	mdyn_leveller next = new_leveller (&defaults);
	ride (&next, -29, 0, 200);
	mdyn_leveller_cue (&next);
	ck_assert_double_gt (ride (&next, -22.5, 0, 20), 2);
	/* Cues without sound change nothing. */
	mdyn_leveller l = new_leveller (&defaults);
	double before = ride (&l, -30, 0, 100);
	for (int i = 0; i < 3; i++) {
		mdyn_leveller_cue (&l);
		NEAR (ride (&l, -90, 0, 30), before, 1e-9);
	}
}
END_TEST

/* A cue before anything was heard, as at a stream that begins in silence, changes nothing: strength has no former level to hold on to. */
START_TEST (cue_in_silence_is_none)
{
	mdyn_leveller_rows rows = defaults;
	rows.strength = 0.7;
	double most[2] = { 0 }, start;
	for (int cued = 0; cued < 2; cued++) {
		mdyn_leveller l = new_leveller (&rows);
		for (int i = 0; i < 60; i++) {
			if (i == 28 && cued)
				mdyn_leveller_cue (&l);
			mdyn_leveller_hear (&l, i < 30 ? 0 : pow (10, (-26 + 0.691) / 10));
			if (i >= 2) /* played three blocks after it was heard */
				most[cued] = fmax (most[cued], mdyn_leveller_play (&l, &start));
		}
	}
	ck_assert_msg (most[1] < most[0] + 0.5, "%g dB without, %g with", most[0], most[1]);
	mdyn_leveller l = new_leveller (&defaults); /* and what comes may be an intro still */
	ride (&l, -100, 0, 28);
	mdyn_leveller_cue (&l);
	ride (&l, -100, 0, 2);
	ck_assert (ride (&l, -22.3, 0, 200) == 0);
}
END_TEST

START_TEST (live_brings_two_levels_to_the_target)
{
	clip c = new_clip (48000, 2, 40), y;
	talk (&c, -10, 0.5, 19.5);
	talk (&c, 2, 20, 20);
	noise (&c, -80);
	json_t *o = stats_of (&c, "mode=live:target=-16:preset=apple-podcasts", NULL, &y);
	NEAR (ebur_loudness (&y, 48000, 20 * 48000), -16, 1);
	NEAR (ebur_loudness (&y, 20 * 48000, 40 * 48000), -16, 1);
	NEAR (ebur_loudness (&y, 20 * 48000, 22 * 48000), -16, 2, from the first word); /* 1.5 LU over it at 0 dB, which is near enough for so short a time */
	NEAR (ebur_loudness (&y, 24000, 3 * 48000), -16, 1.5, from the first word);
	ck_assert_double_le (value (json_object_get (o, "output"), "true_peak"), -1 + 0.05);
	ck_assert (json_is_true (json_object_get (json_object_get (o, "verdict"), "pass")));
	ck_assert_str_eq (json_string_value (json_object_get (json_object_get (o, "verdict"), "of")), "output");
	json_decref (o);
	free (y.x), free (c.x);
}
END_TEST

START_TEST (pauses_are_not_lifted)
{
	static const double floors[] = { -75, -62, -50 };
	for (size_t i = 0; i < N (floors); i++) {
		clip c = new_clip (48000, 2, 34), y;
		talk (&c, -8, 0, 12);
		talk (&c, -8, 24, 10);
		noise (&c, floors[i]);
		mdyn_proc *p = make (&c, "mode=live:target=-20", NULL);
		y = run (p, &c, 4800);
		double early = 0, late = 0;
		for (size_t k = 0; k < 48000; k++) {
			early += pow (y.x[2 * (k + 12 * 48000 + 9600)], 2);
			late += pow (y.x[2 * (k + 22 * 48000 + 38400)], 2);
		}
		ck_assert_msg (10 * log10 (late / early) < 0.5, "noise at %g dB is lifted by %.1f dB", floors[i], 10 * log10 (late / early));
		mdyn_destroy (&p);
		free (y.x), free (c.x);
	}
}
END_TEST

/* The event through the processor: two items of 16 LU apart, no pause between them. Read from the first second of the second. */
START_TEST (cue_through_the_processor)
{
	double onset[2];
	for (int cued = 0; cued < 2; cued++) {
		clip c = new_clip (48000, 2, 16), y = new_clip (48000, 2, 16);
		talk (&c, 4, 0, 8);
		talk (&c, -12, 8, 8);
		mdyn_proc *p = make (&c, "mode=live:target=-20", NULL);
		size_t latency = mdyn_latency (p);
		for (size_t at = 0; at < c.frames; at += 480) {
			if (cued && at == 8 * 48000)
				ck_assert_int_eq (mdyn_trigger (p, MDYN_NORM_cue_event), 0);
			ck_assert_int_eq (mdyn_process_interleaved (p, y.x + 2 * at, c.x + 2 * at, NULL, 480), 0);
		}
		onset[cued] = ebur_loudness (&y, 8 * 48000 + latency + 4800, 8 * 48000 + latency + 48000);
		mdyn_destroy (&p);
		free (y.x), free (c.x);
	}
	NEAR (onset[1], -20, 1.5);
	ck_assert_double_lt (onset[0], onset[1] - 10); /* found without it too, but later */
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("leveller");
	TCase *t = tcase_create ("leveller");
	tcase_set_timeout (t, 120);
	tcase_add_checked_fixture (t, NULL, clean_up);
	tcase_add_test (t, follows_sections);
	tcase_add_test (t, leaves_fades_dips_and_pauses);
	tcase_add_test (t, stays_at_zero_on_target);
	tcase_add_test (t, leaves_sections_of_a_programme_on_target);
	tcase_add_test (t, leaves_alone_what_begins_near_its_target);
	tcase_add_test (t, small_things_are_no_changes);
	tcase_add_test (t, loud_word_hides_no_speaker);
	tcase_add_test (t, whole_programme_is_on_target);
	tcase_add_test (t, noise_after_a_decay_is_a_pause);
	tcase_add_test (t, what_stays_is_no_fade);
	tcase_add_test (t, first_loud_block_is_enough);
	tcase_add_test (t, rise_ends_with_the_phrase);
	tcase_add_test (t, near_is_nearer_later);
	tcase_add_test (t, trust_comes_with_time);
	tcase_add_test (t, noise_of_pauses_bounds_the_boost);
	tcase_add_test (t, talk_is_no_fade);
	tcase_add_test (t, pause_ends_as_one);
	tcase_add_test (t, rows_do_what_they_say);
	tcase_add_test (t, new_target_is_gone_to);
	tcase_add_test (t, max_boost_is_obeyed);
	tcase_add_test (t, cue_begins_anew);
	tcase_add_test (t, cue_in_silence_is_none);
	tcase_add_test (t, live_brings_two_levels_to_the_target);
	tcase_add_test (t, pauses_are_not_lifted);
	tcase_add_test (t, cue_through_the_processor);
	suite_add_tcase (s, t);
	return run_tap (s);
}
