/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "voice.h"

#include <errno.h>
#include <speex/speex_preprocess.h>
#include <stdlib.h>

#define FRAMES_PER_S 50
#define PERCENT 90                                /* 80 lets 1 % of pauses in, and hears no more of the speech */

struct mdyn_voice {
	SpeexPreprocessState *detector;
	unsigned n;
	unsigned channel[MDYN_CHANNELS_MAX];      /* those that are heard */
	size_t size, at;                          /* frames */
	unsigned speech, frames;                  /* since the last take */
	mdyn_dialogue_state last;
	spx_int16_t frame[];
};

int
mdyn_voice_create (mdyn_voice **out, const mdyn_format *f)
{
	size_t size = f->rate / FRAMES_PER_S;
	mdyn_voice *v = calloc (1, sizeof *v + size * sizeof *v->frame);
	*out = NULL;
	if (!v)
		return -ENOMEM;
	v->size = size;
	v->last = MDYN_DIALOGUE_NO;
	for (unsigned c = 0; c < f->channels; c++)
		if (f->position[c] == MDYN_POS_FC) {
			v->n = 1;
			v->channel[0] = c;
		}
	for (unsigned c = 0; c < f->channels && (v->n != 1 || f->position[v->channel[0]] != MDYN_POS_FC); c++)
		if (f->position[c] != MDYN_POS_LFE && f->position[c] != MDYN_POS_LFE2)
			v->channel[v->n++] = c;
	v->detector = speex_preprocess_state_init ((int) size, (int) f->rate);
	if (!v->detector) {
		free (v);
		return -ENOMEM;
	}
	int off = 0;
	speex_preprocess_ctl (v->detector, SPEEX_PREPROCESS_SET_DENOISE, &off); /* SET_VAD would print a warning, and the probability is known without */
	*out = v;
	return 0;
}

void
mdyn_voice_destroy (mdyn_voice **v)
{
	if (*v)
		speex_preprocess_state_destroy ((*v)->detector);
	free (*v);
	*v = NULL;
}

void
mdyn_voice_reset (mdyn_voice *v)
{
	v->at = 0;
	v->speech = v->frames = 0;
	v->last = MDYN_DIALOGUE_NO;
}

void
mdyn_voice_hear (mdyn_voice *v, const float *const *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float sum = 0;
		for (unsigned c = 0; c < v->n; c++)
			sum += x[v->channel[c]][i];
		sum *= 32767 / (float) (v->n ? v->n : 1);
		v->frame[v->at++] = (spx_int16_t) (sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
		if (v->at < v->size)
			continue;
		v->at = 0;
		v->frames++;
		spx_int32_t percent = 0;
		speex_preprocess_run (v->detector, v->frame);
		speex_preprocess_ctl (v->detector, SPEEX_PREPROCESS_GET_PROB, &percent);
		v->speech += percent >= PERCENT;
	}
}

mdyn_dialogue_state
mdyn_voice_take (mdyn_voice *v)
{
	if (v->frames)
		v->last = 2 * v->speech > v->frames ? MDYN_DIALOGUE_YES : MDYN_DIALOGUE_NO;
	v->speech = v->frames = 0;
	return v->last;
}
