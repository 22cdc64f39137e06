/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Between the frame (proc.c the handle, frame.c the blocks) and the four processors.
 *
 * A processor is a gain computer: it hears the detector signal and says by what each channel's delayed input is multiplied. The frame does all
 * else: sample types, non-finite samples, delay, applying the gain, bypass, key-listen, rows, meters. So a new processor is one .def, one .c with a `const
 * mdyn_ops`, and one line in params.c.
 *
 * Blocks. The frame cuts the stream where the absolute frame number is a multiple of QUANTUM and where the caller's buffers end; a processor
 * gets 1 .. QUANTUM frames that never cross such a multiple, or, if it `spans`, several quanta at once, up to mdyn_span. Its gain for a frame may depend
 * on what it has heard up to that frame, not on where the blocks end: a processor that works by quanta computes when the 64th frame arrives and plays out
 * one quantum later. */
#ifndef MDYN_CORE_PROC_H
#define MDYN_CORE_PROC_H

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "dsp/dsp.h"
#include "mdyn/mdyn.h"

#define QUANTUM 64
#define SPAN 512 /* frames of several quanta at most */
#define ROWS_MAX 64

enum { ROW_BYPASS = 0, ROW_PRESET = 1 }; /* of every class */

/* One allocation, laid out twice by the same code: first with base NULL to count, then to place. */
typedef struct mdyn_arena {
	char *base;
	size_t used;
} mdyn_arena;

/* n zeroed objects of `size` bytes, aligned to 64 bytes; NULL while counting. */
void *mdyn_carve (mdyn_arena *a, size_t n, size_t size);

typedef struct mdyn_block {
	size_t n;                                 /* frames, 1 .. QUANTUM; 1 .. mdyn_span if the processor spans */
	size_t at;                                /* place of the first in its quantum, 0 .. QUANTUM - 1; at + n <= QUANTUM if it does not span */
	unsigned det_channels;
	float *const *det;                        /* [det_channels][n]: the key if there is one, else the input; finite; left as key-listen is to hear it */
	const float *gain[MDYN_CHANNELS_MAX];     /* out, [channels] -> n factors each, alive until the next block; channels may share one; NULL, of all: 1 */
} mdyn_block;

typedef struct mdyn_ops {
	/* Takes blocks of several quanta. */
	bool spans;
	/* Refuses combinations of rows, reads files; not in real time. NULL: nothing to check. */
	int (*prepare) (mdyn_proc *p, char *why, size_t why_size);
	/* Frames of delay under the present SETUP rows. */
	size_t (*latency) (const mdyn_proc *p);
	/* Whole quanta of the detector signal before the present one that stay as they were left, see mdyn_heard. NULL: none. */
	size_t (*heard) (const mdyn_proc *p);
	/* Carves the state and stores it with p->state; the memory is zero. Called twice, see mdyn_arena. */
	void (*lay) (mdyn_proc *p, mdyn_arena *a);
	/* Claims (open) or gives back (close) what does not lie in the arena. open follows lay and may fail with a negative errno. NULL: nothing. */
	int (*open) (mdyn_proc *p);
	void (*close) (mdyn_proc *p);
	/* Back to the state after lay and open, without an allocation. The next update has `jump`. */
	void (*reset) (mdyn_proc *p);
	/* LIVE rows changed: derive coefficients from p->v. jump: the stream starts, take the values at once instead of ramping to them. */
	void (*update) (mdyn_proc *p, bool jump);
	/* An event of the class, before the next frame. NULL: the class has none. */
	void (*event) (mdyn_proc *p, int event);
	void (*gain) (mdyn_proc *p, mdyn_block *b);
	/* mdyn_stats, mdyn_summary, mdyn_report and mdyn_finish: not in real time. NULL: nothing. */
	int (*stats) (mdyn_proc *p, char *text, size_t size);
	int (*summary) (mdyn_proc *p, char *text, size_t size);
	int (*report) (mdyn_proc *p, char *why, size_t why_size);
	int (*finish) (mdyn_proc *p, char *why, size_t why_size);
} mdyn_ops;

extern const mdyn_ops mdyn_comp_ops, mdyn_limit_ops, mdyn_gate_ops, mdyn_norm_ops;

/* A value that moves to its target in a straight line with rounded corners, per sample, so that nothing clicks. */
typedef struct mdyn_ramp {
	double now, target, step; /* step is 0 exactly while nothing moves */
	double line, k;           /* the line itself; now follows it by one pole */
} mdyn_ramp;

#define MDYN_RAMP_MS 20.0
#define MDYN_RAMP_ROUND 0.15 /* the pole's time over the line's */
#define MDYN_RAMP_NEAR 1e-6  /* where it has arrived */

static inline void
mdyn_ramp_to (mdyn_ramp *r, double target, double frames, bool jump)
{
	if (!jump && target == r->target)
		return; /* another row was set: this one keeps its way */
	r->target = target;
	if (jump || frames < 1) {
		r->now = r->line = target;
		r->step = 0;
		return;
	}
	r->step = target == r->line ? 1 : (target - r->line) / frames;
	r->k = 1 - exp (-1 / (MDYN_RAMP_ROUND * frames));
}

/* The value for the next sample. */
static inline double
mdyn_ramp_next (mdyn_ramp *r)
{
	if (r->step != 0) {
		if (r->line != r->target) {
			r->line += r->step;
			if ((r->step > 0) == (r->line >= r->target))
				r->line = r->target;
		}
		r->now += r->k * (r->line - r->now);
		if (r->line == r->target && fabs (r->now - r->target) < MDYN_RAMP_NEAR) {
			r->now = r->target;
			r->step = 0;
		}
	}
	return r->now;
}

/* x[k][i] = the value of ramp k in frame i of n. Where none moves all QUANTUM are written and the answer is true: they hold until one is set anew. */
static inline bool
mdyn_ramp_rows (mdyn_ramp *ramp, size_t ramps, float (*x)[QUANTUM], size_t n)
{
	bool still = true;
	for (size_t k = 0; k < ramps; k++)
		still &= ramp[k].step == 0;
	n = still ? QUANTUM : n;
	for (size_t k = 0; k < ramps; k++)
		for (size_t i = 0; i < n; i++)
			x[k][i] = (float) mdyn_ramp_next (&ramp[k]);
	return still;
}

struct mdyn_proc {
	const mdyn_class *cls;
	const mdyn_ops *ops;
	mdyn_format format;
	void *state;                              /* the processor's own, in the arena */
	double v[ROWS_MAX];                       /* the rows' values as the audio thread sees them, in their units */
	char *text[ROWS_MAX];                     /* TEXT rows, NULL unset */
	const mdyn_preset *preset;                /* the last one set, or NULL */

	/* proc.c's and frame.c's own */
	struct mdyn_memory {                      /* what a SETUP row changes, besides state */
		void *arena;
		size_t latency, ring_size, span;  /* frames */
		char *ring;                       /* delay line, [channels][ring_size] samples */
		char *raw_key;                    /* [key_channels][span] samples; NULL without a key */
		float *det;                       /* the detector signal, [det_channels][det_size]: this block, and what key-listen and mdyn_heard look back to */
		size_t det_size;
		float *mixed;                     /* [channels][QUANTUM] factors while bypass or key-listen fade */
	} m;
	bool running;
	_Atomic double set[ROWS_MAX];             /* as set, by any thread */
	_Atomic unsigned generation;              /* counts sets */
	unsigned seen;                            /* the generation that v holds */
	_Atomic unsigned triggered;               /* events that wait for the next block, a bit each */
	_Atomic double readout[ROWS_MAX];
	_Atomic unsigned readings;                /* counts mdyn_read_meters, so that largest-since-last-reading rows start anew */
	unsigned readings_seen;
	int row_gain_reduction, row_nonfinite, row_listen; /* -1: the class has none */
	double nonfinite;
	size_t at;                                /* absolute frame number modulo QUANTUM */
	size_t ring_at, det_at;
	float *det_of[MDYN_CHANNELS_MAX];
	mdyn_ramp active, listen;                 /* 0 bypassed .. 1; 1 the key is heard */
};

/* ms in frames, rounded. */
static inline size_t
mdyn_frames (const mdyn_proc *p, double ms)
{
	return (size_t) (ms * p->format.rate / 1000 + 0.5);
}

static inline size_t
mdyn_sample_size (const mdyn_proc *p)
{
	return p->format.sample == MDYN_F64 ? sizeof (double) : sizeof (float);
}

/* Of what the detector hears: the key if there is one, else the input. */
static inline unsigned
mdyn_det_channels (const mdyn_proc *p)
{
	return p->format.key_channels ? p->format.key_channels : p->format.channels;
}

/* Frames of a block at most: as many quanta as stay in the cache for all channels, one if the processor does not span. */
static inline size_t
mdyn_span (const mdyn_proc *p)
{
	unsigned dets = mdyn_det_channels (p), channels = p->format.channels > dets ? p->format.channels : dets;
	size_t quanta = SPAN / QUANTUM * 2 / channels;
	return !p->ops->spans || quanta < 1 ? QUANTUM : quanta * QUANTUM < SPAN ? quanta * QUANTUM : SPAN;
}

/* The factors of a processor that spans, of a block. */
typedef struct mdyn_factors {
	float *x;                                 /* [det_channels][span], the first for all channels while they are linked */
	size_t span;
	bool apart;                               /* channels have factors of their own, since their link was below 100 */
} mdyn_factors;

/* The detector signal in the quantum that began so many quanta before that of the block's frame `from`; 0: its own, as far as it has come. */
static inline const float *
mdyn_heard (const mdyn_proc *p, unsigned channel, size_t from, size_t quanta)
{
	size_t at = (p->det_at + from) / QUANTUM * QUANTUM, ago = quanta * QUANTUM;
	return p->m.det + channel * p->m.det_size + (at >= ago ? at - ago : at + p->m.det_size - ago);
}

/* What the audio thread sees becomes what was set. */
void mdyn_take_values (mdyn_proc *p);

/* Publishes a READOUT row. A `largest` one keeps the largest value since the last reading. */
void mdyn_publish (mdyn_proc *p, int id, double value);
void mdyn_publish_largest (mdyn_proc *p, int id, double value);

/* A processor's gain, quantum by quantum. run writes the factors of n frames of the block from `from` on, place `at` of their quantum, and returns the
 * largest reduction in log2 units. */
static inline void
mdyn_gain_by_quanta (mdyn_proc *p, mdyn_block *b, mdyn_factors *f, float (*run) (const mdyn_proc *p, const mdyn_block *b, size_t from, size_t at, size_t n))
{
	bool own = false; /* channels part at a block's start, but join in its midst */
	float most = 0;
	for (size_t done = 0, n; done < b->n; done += n) {
		size_t at = (b->at + done) % QUANTUM;
		n = QUANTUM - at < b->n - done ? QUANTUM - at : b->n - done;
		most = fmaxf (most, run (p, b, done, at, n));
		own |= f->apart;
		for (unsigned c = 1; c < p->format.channels && own && !f->apart; c++)
			memcpy (f->x + c * f->span + done, f->x + done, n * sizeof *f->x);
	}
	mdyn_publish_largest (p, p->row_gain_reduction, MDYN_DB_PER_LOG2 * most);
	for (unsigned c = 0; c < p->format.channels; c++)
		b->gain[c] = f->x + (own ? c * f->span : 0);
}

/* The value of an alias that is a switch (0, 1) or has no row (a number); of others none. As mdyn_param_parse. */
int mdyn_alias_parse (const mdyn_class *cls, const mdyn_alias *alias, const char *text, double *value, char *why, size_t why_size);

/* One line for `why`; returns err. */
int mdyn_why (char *why, size_t size, int err, const char *format, ...) __attribute__ ((format (printf, 4, 5)));

#endif
