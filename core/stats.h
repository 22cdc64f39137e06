/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The stats file of masternorm: JSON, written whole or not at all, and read back for the linear mode.
 *
 *   schema            "mdyn-loudness-1"; another number is another meaning, and is refused
 *   complete          whether the programme has ended: false in what is written or asked for while it runs. To FFmpeg -t, Ctrl-C and a closed output are ends
 *   rate, channels, duration (s), nonfinite (samples silenced), dual_mono
 *   integrated, threshold, max_momentary, max_short_term (LUFS), range (LU), true_peak (dBTP), sample_peak (dBFS),
 *   plr (dB: true peak less integrated), psr (dB: the least that the true peak of 3 s stands over their loudness), rms, noise_floor (dBFS, unweighted; of the
 *                     quietest 500 ms; null for digital silence), dialogue (LUFS), dialogue_share (%), dialogue_range, programme_minus_dialogue (LU)
 *                     of the input; null where there is no value, as for silence
 *   mode, preset (null: none), target (LUFS), ceiling (dBTP), applied_gain (dB; live: null), limiter_reduction (largest, dB; no limiter: null),
 *   peak_policy, peak_action (none, limited, lowered), peak_amount (dB: the limiter's largest reduction; by how much the gain was lowered),
 *   measured_files, group (together, loudest; null: not several), measured_loudness, measured_peak       linear only, else null: what the gain came from
 *   dialogue_by       who found the dialogue, null where none was looked for: whatever it is, it is not Dolby's Dialogue Intelligence
 *   output            the same measurements of the output, or null: mode measure passes its input on
 *   blocks            the momentary loudness of the input's blocks of 400 ms, one every 100 ms, from -120 LUFS up: "loudness:count ...", in bins of .1 LU with
 *                     their mean in thousandths of a LU; from it a gain or a group is exact (core/measured.h)
 *   warnings          list of lines: channels without a position; a programme that never rises over the gate
 *   verdict           null, or with a delivery preset: of ("input" or "output"), source, approximate (dialogue counts, and a detector found it), pass, and
 *                     criteria, a list of what is asked, each with name (the measurement's field), measured, limit, tolerance, min, max, required (false:
 *                     advised), pass, source. min or max are null where nothing is asked; pass is null where it cannot be judged. The programme passes if
 *                     all that is required passes; silence fails.
 *
 * See core/delivery.h for how it is judged. */
#ifndef MDYN_CORE_STATS_H
#define MDYN_CORE_STATS_H

#include "delivery.h"

#define MDYN_STATS_SCHEMA "mdyn-loudness-1"
#define MDYN_WARNINGS 7

typedef struct mdyn_document {
	bool complete;
	unsigned rate, channels;
	double nonfinite;
	bool dual_mono;
	const char *mode, *preset;                /* preset NULL: none */
	const char *dialogue_by;                  /* who found it; NULL: nobody */
	bool dialogue_found;                      /* by a detector, not told */
	double target, ceiling, gain, reduction;  /* NaN: none to tell; reduction: the limiter's largest, dB */

	/* linear; else NULL, NaN, 0 */
	const char *peak_policy, *peak_action;
	double peak_amount;                       /* dB */
	unsigned measured_files;
	const char *group;
	double measured_loudness, measured_peak;

	mdyn_loudness_result in, out;
	bool has_out;
	mdyn_loudness_bin bin[MDYN_LOUDNESS_BINS]; /* of the input */
	char warning[MDYN_WARNINGS][160];         /* "": none */
} mdyn_document;

/* Whether a file can be made beside `path`: what is known at the start need not fail at the end. 0, or a negative errno and one line. */
int mdyn_stats_check (const char *path, char *why, size_t why_size);

/* The JSON text, to be freed; NULL without memory. */
char *mdyn_stats_compose (const mdyn_document *s);

/* 0, or a negative errno and one line. Beside `path` a file path.XXXXXX exists meanwhile; it is gone afterwards, whatever happens. Of a complete document it
 * waits until the disk has it. */
int mdyn_stats_write (const char *path, const mdyn_document *s, char *why, size_t why_size);

/* The same in the words of FFmpeg's loudnorm, its JSON or its summary. Takes size and returns as snprintf does; -ENOMEM. */
int mdyn_loudnorm_text (const mdyn_document *s, bool json, char *text, size_t size);

#endif
