/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Any text as a row's name and value: taken, or refused by one line and nothing changed. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	bytes b = { data, data + size };
	const mdyn_class *cls = mdyn_class_get (take (&b) % MDYN_KINDS);
	mdyn_format f = { .sample = MDYN_F32, .rate = 8000, .channels = 1 };
	mdyn_proc *p;
	MUST (mdyn_create (&p, cls, &f) == 0);
	char text[4096], why[600], *save = NULL;
	size_t n = (size_t) (b.end - b.at) < sizeof text - 1 ? (size_t) (b.end - b.at) : sizeof text - 1;
	memcpy (text, b.at, n);
	text[n] = 0;
	for (char *line = strtok_r (text, ";", &save); line; line = strtok_r (NULL, ";", &save)) {
		char *value = strchr (line, '=');
		if (value)
			*value++ = 0;
		const mdyn_param *row = mdyn_class_find (cls, line);
		double before = row ? mdyn_get (p, row->id) : 0;
		*why = 0;
		if (mdyn_set_text (p, line, value, why, sizeof why) < 0) {
			one_line (why);
			double after = row ? mdyn_get (p, row->id) : 0;
			MUST (before == after || (isnan (before) && isnan (after)));
		} else if (row) { /* an alias has none */
			double now = mdyn_get (p, row->id);
			MUST (row->type == MDYN_TEXT || (now >= row->min && now <= row->max));
		}
	}
	mdyn_destroy (&p);
	return 0;
}
