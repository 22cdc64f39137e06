/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Any bytes as a stats file: a measurement, or refused by one line that names the file's row. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	mdyn_format f = { .sample = MDYN_F32, .rate = 8000, .channels = 1 };
	mdyn_proc *p;
	char path[64], why[600] = "";
	int fd = memfd_create ("stats", 0);
	MUST (fd >= 0 && write (fd, data, size) == (ssize_t) size);
	snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
	MUST (mdyn_create (&p, mdyn_class_get (MDYN_NORM), &f) == 0);
	MUST (mdyn_set (p, MDYN_NORM_mode, MDYN_NORM_mode_linear) == 0);
	MUST (mdyn_set_text (p, "measured-file", path, why, sizeof why) == 0);
	if (mdyn_prepare (p, why, sizeof why) < 0) {
		one_line (why);
		MUST (strstr (why, "masternorm"));
	} else {
		float x[100] = { 1 };
		MUST (mdyn_process_interleaved (p, x, x, NULL, 100) == 0);
		for (int i = 0; i < 100; i++)
			MUST (isfinite (x[i]));
	}
	mdyn_destroy (&p);
	close (fd);
	return 0;
}
