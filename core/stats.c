/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "masternorm"

/* A number to the thousandth, finer than any meter; null where there is none. */
static json_t *
number (double v)
{
	double rounded = round (v * 1000) / 1000;
	return isfinite (v) ? json_real (rounded == 0 ? 0 : rounded) : json_null ();
}

static json_t *
text (const char *t)
{
	return t ? json_string (t) : json_null ();
}

/* *ok becomes false where memory is out; the document then lacks a field. */
static void
put (json_t *o, const char *name, json_t *value, bool *ok)
{
	*ok &= json_object_set_new (o, name, value) == 0;
}

static void
measurements (json_t *o, const mdyn_loudness_result *r, bool *ok)
{
	put (o, "duration", number (r->duration), ok);
	put (o, "integrated", number (r->integrated), ok);
	put (o, "threshold", number (r->threshold), ok);
	put (o, "range", number (r->range), ok);
	put (o, "max_momentary", number (r->max_momentary), ok);
	put (o, "max_short_term", number (r->max_short_term), ok);
	put (o, "true_peak", number (r->true_peak), ok);
	put (o, "sample_peak", number (r->sample_peak), ok);
	put (o, "plr", number (r->true_peak - r->integrated), ok);
	put (o, "psr", number (r->psr), ok);
	put (o, "rms", number (r->rms), ok);
	put (o, "noise_floor", number (r->noise_floor), ok);
	put (o, "dialogue", number (r->dialogue), ok);
	put (o, "dialogue_share", number (r->dialogue_share), ok);
	put (o, "dialogue_range", number (r->dialogue_range), ok);
	put (o, "programme_minus_dialogue", number (r->integrated - r->dialogue), ok);
}

static json_t *
criteria (const mdyn_criterion *c, size_t n, bool *ok)
{
	json_t *list = json_array ();
	for (size_t i = 0; i < n; i++, c++) {
		json_t *o = json_object ();
		put (o, "name", json_string (c->name), ok);
		put (o, "measured", number (c->measured), ok);
		put (o, "limit", number (c->limit), ok);
		put (o, "tolerance", number (isfinite (c->above) ? c->above : c->below), ok);
		put (o, "min", number (c->limit - c->below), ok);
		put (o, "max", number (c->limit + c->above), ok);
		put (o, "required", json_boolean (c->required), ok);
		put (o, "pass", c->pass == MDYN_UNJUDGED ? json_null () : json_boolean (c->pass), ok);
		put (o, "source", json_string (c->source), ok);
		*ok &= json_array_append_new (list, o) == 0;
	}
	return list;
}

static json_t *
verdict (const mdyn_document *s, bool *ok)
{
	mdyn_criterion c[MDYN_CRITERIA_MAX];
	mdyn_judgement pass;
	size_t n = mdyn_delivery_judge (s->preset, !strcmp (s->mode, "live"), s->has_out ? &s->out : &s->in, c, &pass);
	json_t *o = json_object ();
	put (o, "of", json_string (s->has_out ? "output" : "input"), ok);
	put (o, "source", json_string (mdyn_delivery_source (s->preset)), ok);
	put (o, "approximate", json_boolean (s->dialogue_found && mdyn_delivery_needs_dialogue (s->preset)), ok);
	put (o, "pass", pass == MDYN_UNJUDGED ? json_null () : json_boolean (pass), ok);
	put (o, "criteria", criteria (c, n, ok), ok);
	return o;
}

/* "loudness:count ..." in thousandths of a LU. */
static json_t *
blocks (const mdyn_loudness_bin *bin)
{
	char *t = NULL;
	size_t length = 0;
	FILE *f = open_memstream (&t, &length);
	if (!f)
		return NULL;
	for (size_t i = 0; i < MDYN_LOUDNESS_BINS; i++)
		if (bin[i].n)
			fprintf (f, "%s%ld:%llu", ftell (f) ? " " : "", lround (1000 * mdyn_lufs (bin[i].sum / (double) bin[i].n)), (unsigned long long) bin[i].n);
	json_t *o = fclose (f) == 0 ? json_string (t) : NULL;
	free (t);
	return o;
}

char *
mdyn_stats_compose (const mdyn_document *s)
{
	bool good = true, *ok = &good;
	json_t *o = json_object (), *out = s->has_out ? json_object () : json_null ();
	json_t *warnings = json_array ();
	for (int i = 0; i < MDYN_WARNINGS; i++)
		if (*s->warning[i])
			*ok &= json_array_append_new (warnings, json_string (s->warning[i])) == 0;
	put (o, "schema", json_string (MDYN_STATS_SCHEMA), ok);
	put (o, "complete", json_boolean (s->complete), ok);
	put (o, "rate", json_integer (s->rate), ok);
	put (o, "channels", json_integer (s->channels), ok);
	put (o, "dual_mono", json_boolean (s->dual_mono), ok);
	put (o, "nonfinite", json_integer ((json_int_t) s->nonfinite), ok);
	measurements (o, &s->in, ok);
	put (o, "mode", text (s->mode), ok);
	put (o, "preset", text (s->preset), ok);
	put (o, "target", number (s->target), ok);
	put (o, "ceiling", number (s->ceiling), ok);
	put (o, "applied_gain", number (s->gain), ok);
	put (o, "limiter_reduction", number (s->reduction), ok);
	put (o, "peak_policy", text (s->peak_policy), ok);
	put (o, "peak_action", text (s->peak_action), ok);
	put (o, "peak_amount", number (s->peak_amount), ok);
	put (o, "measured_files", s->measured_files ? json_integer (s->measured_files) : json_null (), ok);
	put (o, "group", text (s->group), ok);
	put (o, "measured_loudness", number (s->measured_loudness), ok);
	put (o, "measured_peak", number (s->measured_peak), ok);
	if (s->has_out)
		measurements (out, &s->out, ok);
	put (o, "dialogue_by", text (s->dialogue_by), ok);
	put (o, "output", out, ok);
	put (o, "warnings", warnings, ok);
	put (o, "blocks", blocks (s->bin), ok);
	put (o, "verdict", mdyn_delivery_known (s->preset) ? verdict (s, ok) : json_null (), ok);
	char *t = good ? json_dumps (o, JSON_INDENT (2) | JSON_REAL_PRECISION (10)) : NULL;
	json_decref (o);
	return t;
}

static int
write_all (int fd, const char *t)
{
	for (size_t left = strlen (t); left;) {
		ssize_t n = write (fd, t, left);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			t += n;
			left -= (size_t) n;
		}
	}
	return 0;
}

/* The file that path means, links followed, to be freed; *mode its permissions, 0 where there is none yet. NULL with *err: a rename would replace what stands
 * there, and only a regular file may be. */
static char *
place_of (const char *path, mode_t *mode, int *err)
{
	struct stat st;
	*err = 0;
	*mode = 0;
	if (lstat (path, &st) < 0) { /* nothing there yet */
		char *copy = strdup (path);
		*err = copy ? 0 : -ENOMEM;
		return copy;
	}
	char *place = realpath (path, NULL);
	if (!place) {
		*err = -errno;
		return NULL;
	}
	*err = stat (place, &st) < 0 ? -errno : S_ISDIR (st.st_mode) ? -EISDIR : S_ISREG (st.st_mode) ? 0 : -EINVAL;
	*mode = st.st_mode & 0777;
	if (*err) {
		free (place);
		return NULL;
	}
	return place;
}

static int
cannot_write (const char *path, int err, char *why, size_t size)
{
	return mdyn_why (why, size, err, NAME ": stats-file=%s: cannot be written: %s", path, err == -EINVAL ? "it is not a regular file" : strerror (-err));
}

int
mdyn_stats_check (const char *path, char *why, size_t size)
{
	int err;
	mode_t mode;
	char *place = place_of (path, &mode, &err), *slash = place ? strrchr (place, '/') : NULL;
	if (slash)
		slash[slash == place] = 0;
	if (place && access (slash ? place : ".", W_OK | X_OK) < 0)
		err = -errno;
	free (place);
	return err ? cannot_write (path, err, why, size) : 0;
}

/* A new file beside `place`, with the permissions that any new file gets: mkstemp's would be private. *beside is its name, to be freed. A descriptor or -errno. */
static int
open_beside (const char *place, char **beside)
{
	int fd = -EEXIST;
	*beside = NULL;
	for (unsigned i = 0; fd == -EEXIST && i < 1000; i++) { /* other processors of this process may write there, and a dead one may have left its own */
		free (*beside);
		if (asprintf (beside, "%s.%ld-%u", place, (long) getpid (), i) < 0) {
			*beside = NULL;
			return -ENOMEM;
		}
		fd = open (*beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		fd = fd < 0 ? -errno : fd;
	}
	return fd;
}

int
mdyn_stats_write (const char *path, const mdyn_document *s, char *why, size_t size)
{
	int err;
	mode_t mode;
	char *t = mdyn_stats_compose (s), *place = place_of (path, &mode, &err), *beside = NULL;
	int fd = place && t ? open_beside (place, &beside) : place ? -ENOMEM : err;
	err = fd < 0 ? fd : 0;
	if (!err && mode && fchmod (fd, mode) < 0) /* what was kept from others stays so */
		err = -errno;
	if (!err)
		err = write_all (fd, t);
	if (!err)
		err = write_all (fd, "\n");
	if (!err && s->complete && fsync (fd) < 0 && errno != EINVAL)
		err = -errno;
	if (fd >= 0 && close (fd) < 0 && !err)
		err = -errno;
	if (!err && rename (beside, place) < 0)
		err = -errno;
	if (err && fd >= 0)
		unlink (beside);
	free (t);
	free (place);
	free (beside);
	return err ? cannot_write (path, err, why, size) : 0;
}
