/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The measurement in the words of FFmpeg's loudnorm, for the scripts that read them: its fields, their order, decimals and signs, and what it says of
 * silence (-inf, a threshold of -70, a range of 0). */
#include <errno.h>
#include <locale.h>
#include <stdio.h>

#include "stats.h"

static double
or_else (double v, double none)
{
	return isnan (v) ? none : v;
}

int
mdyn_loudnorm_text (const mdyn_document *t, bool json, char *text, size_t size)
{
	static const char as_json[] = "{\n"
	                              "\t\"input_i\" : \"%.2f\",\n\t\"input_tp\" : \"%.2f\",\n\t\"input_lra\" : \"%.2f\",\n\t\"input_thresh\" : \"%.2f\",\n"
	                              "\t\"output_i\" : \"%.2f\",\n\t\"output_tp\" : \"%+.2f\",\n\t\"output_lra\" : \"%.2f\",\n\t\"output_thresh\" : \"%.2f\",\n"
	                              "\t\"normalization_type\" : \"%s\",\n\t\"target_offset\" : \"%.2f\"\n"
	                              "}\n";
	static const char as_summary[] = "Input Integrated:   %+6.1f LUFS\nInput True Peak:    %+6.1f dBTP\n"
	                                 "Input LRA:          %6.1f LU\nInput Threshold:    %+6.1f LUFS\n\n"
	                                 "Output Integrated:  %+6.1f LUFS\nOutput True Peak:   %+6.1f dBTP\n"
	                                 "Output LRA:         %6.1f LU\nOutput Threshold:   %+6.1f LUFS\n\n"
	                                 "Normalization Type:   %s\nTarget Offset:      %+6.1f LU\n";
	static const char *const types[][2] = { { "None", "none" }, { "Linear", "linear" }, { "Dynamic", "dynamic" } };
	const mdyn_loudness_result *side[] = { &t->in, t->has_out ? &t->out : &t->in };
	const char *type = types[!strcmp (t->mode, "live") ? 2 : !strcmp (t->mode, "linear") ? 1 : 0][json];
	double v[8];
	for (int i = 0; i < 2; i++) {
		v[4 * i] = or_else (side[i]->integrated, -INFINITY);
		v[4 * i + 1] = or_else (side[i]->true_peak, -INFINITY);
		v[4 * i + 2] = or_else (side[i]->range, 0);
		v[4 * i + 3] = or_else (side[i]->threshold, -70);
	}
	locale_t c = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
	if (!c)
		return -ENOMEM;
	locale_t old = uselocale (c);
	int n = snprintf (text, size, json ? as_json : as_summary, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], type, t->target - v[4]);
	uselocale (old);
	freelocale (c);
	return n;
}
