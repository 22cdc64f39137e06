/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dsp.h"

const mdyn_kernels *mdyn_dsp = &mdyn_kernels_c;

/* Each implies the ones before it. */
static const mdyn_kernels *const variants[] = {
	&mdyn_kernels_c,
#if defined(__x86_64__)
	&mdyn_kernels_sse2,
	&mdyn_kernels_avx2,
	&mdyn_kernels_avx512,
#elif defined(__aarch64__)
	&mdyn_kernels_neon,
#endif
};

static bool
runs_here (const mdyn_kernels *k)
{
#if defined(__x86_64__)
	if (k == &mdyn_kernels_avx2)
		return __builtin_cpu_supports ("avx2");
	if (k == &mdyn_kernels_avx512)
		return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512dq") &&
		       __builtin_cpu_supports ("avx512vl");
#endif
	return k != NULL;
}

const mdyn_kernels *
mdyn_dsp_variant (size_t i)
{
	return i < sizeof variants / sizeof *variants && runs_here (variants[i]) ? variants[i] : NULL;
}

static void
choose (void)
{
	const char *most = getenv ("MDYN_CPU");
	const mdyn_kernels *k;
	for (size_t i = 0; (k = mdyn_dsp_variant (i)); i++) {
		mdyn_dsp = k;
		if (most && !strcmp (k->name, most))
			break;
	}
}

void
mdyn_dsp_choose (void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once (&once, choose);
}
