/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Where voices are, by the voice activity detector of speexdsp; voice.c alone knows it, novoice.c stands in where the library is not.
 *
 * It tells speech from pauses, room tone and noise. It does not tell speech from music, which it takes for speech: docs/loudness.md has figures. So of a film
 * with a centre channel only that is heard, where the dialogue is; of all else the mean of the channels without LFE.
 *
 * It works on frames of 20 ms at the stream's own rate, and counts one as speech from a probability of 90 % on. */
#ifndef MDYN_CORE_VOICE_H
#define MDYN_CORE_VOICE_H

#include "dialogue.h"

typedef struct mdyn_voice mdyn_voice;

/* 0, -ENOMEM, or -ENOTSUP: not in this build. destroy takes NULL in it, too. Neither in real time. */
int mdyn_voice_create (mdyn_voice **out, const mdyn_format *format);
void mdyn_voice_destroy (mdyn_voice **v);

/* Forgets the audio; what the library learned of the noise it keeps. */
void mdyn_voice_reset (mdyn_voice *v);

/* Hears n frames of x[channel]. No allocation (speexdsp 1.2.1: its run function has none). */
void mdyn_voice_hear (mdyn_voice *v, const float *const *x, size_t n);

/* Whether most of the 20 ms since the last call were speech; as last time if none was whole. */
mdyn_dialogue_state mdyn_voice_take (mdyn_voice *v);

#endif
