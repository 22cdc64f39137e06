/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* In place of voice.c in a build without speexdsp. */
#include <errno.h>

#include "voice.h"

int
mdyn_voice_create (mdyn_voice **out, const mdyn_format *format)
{
	(void) format;
	*out = NULL;
	return -ENOTSUP;
}

void
mdyn_voice_destroy (mdyn_voice **v)
{
	(void) v;
}

void
mdyn_voice_reset (mdyn_voice *v)
{
	(void) v;
}

void
mdyn_voice_hear (mdyn_voice *v, const float *const *x, size_t n)
{
	(void) v, (void) x, (void) n;
}

mdyn_dialogue_state
mdyn_voice_take (mdyn_voice *v)
{
	(void) v;
	return MDYN_DIALOGUE_UNKNOWN;
}
