/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

#include "measured.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stats.h"

#define NAME "masternorm: measured-file=%s"
#define ALIKE 0.005                               /* dB: bins and rounding in the file make no other gain */
#define DUAL_MONO 3.0103                          /* LU */

/* *t becomes the text, to be freed, of *length bytes. */
static int
load (const char *path, char **t, size_t *length, char *why, size_t size)
{
	int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer would hold us up for ever */
	struct stat st;
	if (fd < 0 || fstat (fd, &st) < 0) {
		int err = -errno;
		if (fd >= 0)
			close (fd);
		return mdyn_why (why, size, err, NAME ": cannot be read: %s", path, strerror (-err));
	}
	int err = 0;
	*t = NULL;
	if (!S_ISREG (st.st_mode))
		err = mdyn_why (why, size, -EINVAL, NAME ": is not a regular file", path);
	else if (st.st_size > MDYN_MEASURED_FILE_MAX)
		err = mdyn_why (why, size, -EFBIG, NAME ": has %lld bytes, at most %d are read", path, (long long) st.st_size, MDYN_MEASURED_FILE_MAX);
	else if (!(*t = malloc (MDYN_MEASURED_FILE_MAX)))
		err = mdyn_why (why, size, -ENOMEM, NAME ": no memory", path);
	size_t used = 0;
	while (!err && used < MDYN_MEASURED_FILE_MAX) {
		ssize_t n = read (fd, *t + used, MDYN_MEASURED_FILE_MAX - used);
		if (n == 0)
			break;
		if (n > 0)
			used += (size_t) n;
		else if (errno != EINTR)
			err = mdyn_why (why, size, -errno, NAME ": cannot be read: %s", path, strerror (errno));
	}
	close (fd);
	if (err) {
		free (*t);
		*t = NULL;
	} else {
		*length = used;
	}
	return err;
}

/* A number within low .. high, or NaN for null. */
static int
number (const json_t *o, const char *name, double low, double high, double *v, const char *path, char *why, size_t size)
{
	const json_t *f = json_object_get (o, name);
	*v = NAN;
	if (!f)
		return mdyn_why (why, size, -EINVAL, NAME ": field %s is missing", path, name);
	if (json_is_null (f))
		return 0;
	if (!json_is_number (f))
		return mdyn_why (why, size, -EINVAL, NAME ": field %s is not a number", path, name);
	*v = json_number_value (f);
	if (!(*v >= low && *v <= high))
		return mdyn_why (why, size, -ERANGE, NAME ": field %s is %g, %g .. %g is allowed", path, name, *v, low, high);
	return 0;
}

static size_t
bin_of (double lufs)
{
	double i = (lufs - MDYN_LOUDNESS_FLOOR) * 10;
	return i <= 0 ? 0 : i >= MDYN_LOUDNESS_BINS - 1 ? MDYN_LOUDNESS_BINS - 1 : (size_t) i;
}

/* "loudness:count loudness:count ...", loudness in thousandths of a LU; added to m->bin by place, each `shift` LU louder. */
static int
blocks (mdyn_measured *m, const char *t, double shift, const char *path, char *why, size_t size)
{
	const char *at = t;
	while (*at) {
		char *end;
		long lufs = strtol (at, &end, 10), n = 0;
		bool good = end > at && *end == ':' && lufs >= -120000 && lufs <= 100000;
		if (good) {
			at = end + 1;
			n = strtol (at, &end, 10);
			good = end > at && n > 0 && n < INT_MAX && (*end == 0 || *end == ' ');
		}
		if (!good)
			return mdyn_why (why, size, -EINVAL, NAME ": field blocks is wrong at character %td: loudness:count is allowed", path, at - t);
		double moved = (double) lufs / 1000 + shift;
		mdyn_loudness_bin *b = &m->bin[bin_of (moved)];
		b->sum += (double) n * mdyn_energy (moved);
		b->n += (uint64_t) n;
		at = end + (*end == ' ');
	}
	return 0;
}

/* The name, or the end of a long one. */
static void
end_of (char *to, size_t size, const char *path)
{
	size_t length = strlen (path), skip = length < size ? 0 : length - size + 1;
	memcpy (to, path + skip, length - skip + 1);
}

static int
read_object (mdyn_measured *m, const json_t *o, unsigned channels, bool dual_mono, bool wants_blocks, const char *path, char *why, size_t size)
{
	const json_t *schema = json_object_get (o, "schema"), *dual = json_object_get (o, "dual_mono"), *list = json_object_get (o, "blocks");
	double of_channels = NAN;
	if (!json_is_string (schema))
		return mdyn_why (why, size, -EINVAL, NAME ": field schema is %s: not a stats file of masternorm", path, schema ? "not text" : "missing");
	if (strcmp (json_string_value (schema), MDYN_STATS_SCHEMA))
		return mdyn_why (why, size, -EINVAL, NAME ": field schema is %.40s, " MDYN_STATS_SCHEMA " is read", path, json_string_value (schema));
	if (dual && !json_is_boolean (dual))
		return mdyn_why (why, size, -EINVAL, NAME ": field dual_mono is not true or false", path);
	if (list && !json_is_string (list))
		return mdyn_why (why, size, -EINVAL, NAME ": field blocks is not text", path);
	if (!list && wants_blocks)
		return mdyn_why (why, size, -EINVAL, NAME ": field blocks is missing: a group needs it", path);
	int err = number (o, "integrated", -120, 100, &m->loudness, path, why, size);
	if (!err)
		err = number (o, "true_peak", -300, 400, &m->peak, path, why, size);
	if (!err && json_object_get (o, "channels"))
		err = number (o, "channels", 1, MDYN_CHANNELS_MAX, &of_channels, path, why, size);
	double shift = channels == 1 && of_channels == 1 ? DUAL_MONO * (dual_mono - json_is_true (dual)) : 0;
	m->loudness += shift;
	if (json_is_false (json_object_get (o, "complete")))
		end_of (m->partial, sizeof m->partial, path);
	return err || !list ? err : blocks (m, json_string_value (list), shift, path, why, size);
}

/* The last name before a colon in the first `length` characters of a JSON text: the field in which it went wrong. *n: its length, 0 if there is none. */
static const char *
last_field (const char *t, size_t length, int *n)
{
	*n = 0;
	for (size_t colon = length; colon-- > 0;) {
		size_t end = colon;
		while (end > 0 && strchr (" \t\r\n", t[end - 1]))
			end--;
		if (t[colon] != ':' || !end || t[end - 1] != '"')
			continue;
		size_t from = --end;
		while (from > 0 && t[from - 1] != '"')
			from--;
		*n = end - from < 40 ? (int) (end - from) : 40;
		return t + from;
	}
	return t;
}

static int
read_file (mdyn_measured *m, unsigned channels, bool dual_mono, bool wants_blocks, const char *path, char *why, size_t size)
{
	char *t = NULL;
	size_t length = 0;
	json_error_t where;
	int err = load (path, &t, &length, why, size);
	if (err)
		return err;
	size_t mark = length >= 3 && !memcmp (t, "\xEF\xBB\xBF", 3) ? 3 : 0; /* of UTF-8, which editors write and RFC 8259 lets a reader skip */
	length -= mark;
	json_t *o = json_loadb (t + mark, length, JSON_REJECT_DUPLICATES, &where);
	int n = 0;
	const char *field = o ? t : last_field (t + mark, (size_t) where.position < length ? (size_t) where.position : length, &n);
	if (json_is_object (o))
		err = read_object (m, o, channels, dual_mono, wants_blocks, path, why, size);
	else
		err = o ? mdyn_why (why, size, -EINVAL, NAME ": is not a JSON object", path)
		        : mdyn_why (why, size, -EINVAL, NAME ": is not JSON: line %d%s%.*s: %s", path, where.line, n ? ", field " : "", n, field, where.text);
	json_decref (o);
	free (t);
	return err;
}

/* The larger; NaN is nothing. */
static double
higher (double a, double b)
{
	return isnan (a) || b > a ? b : a;
}

static void
join (mdyn_measured *m, const mdyn_measured *one, bool loudest)
{
	bool louder = isnan (m->loudness) || one->loudness > m->loudness;
	for (size_t i = 0; i < MDYN_LOUDNESS_BINS; i++) {
		mdyn_loudness_bin *b = &m->bin[i];
		if (loudest && louder) {
			*b = one->bin[i];
		} else if (!loudest) {
			b->sum += one->bin[i].sum;
			b->n += one->bin[i].n;
		}
	}
	m->loudness = higher (m->loudness, one->loudness);
	m->peak = higher (m->peak, one->peak);
	if (*one->partial)
		memcpy (m->partial, one->partial, sizeof m->partial);
	if (*one->silent)
		memcpy (m->silent, one->silent, sizeof m->silent);
	m->files++;
}

/* level[k] = the gated loudness of bins k .. n - 1 alone, by the relative gate. */
static void
gate (const mdyn_measured *m, double *level)
{
	double sum = 0, n = 0, over = 0, count = 0;
	for (size_t k = m->n, from = m->n; k-- > 0; level[k] = mdyn_lufs (over / count)) {
		sum += m->bin[k].sum;
		n += (double) m->bin[k].n;
		for (; from > k && m->bin[from - 1].sum / (double) m->bin[from - 1].n >= 0.1 * sum / n; from--) { /* the more quiet ones, the lower the gate */
			over += m->bin[from - 1].sum;
			count += (double) m->bin[from - 1].n;
		}
	}
}

/* Whether the name at `path` of a list joined by | stands in it before, too. */
static bool
named_before (const char *names, const char *path, size_t length)
{
	for (const char *at = names; at < path; at += strcspn (at, "|") + 1)
		if (strcspn (at, "|") == length && !strncmp (at, path, length))
			return true;
	return false;
}

int
mdyn_measured_read (mdyn_measured *m, const char *names, bool loudest, unsigned channels, bool dual_mono, char *why, size_t size)
{
	mdyn_measured *one = malloc (sizeof *one);
	char *list = strdup (names), *save = NULL;
	bool several = strchr (names, '|') != NULL;
	int err = one && list ? 0 : mdyn_why (why, size, -ENOMEM, NAME ": no memory", names);
	if (!err && (*names == '|' || strstr (names, "||") || names[strlen (names) - 1] == '|'))
		err = mdyn_why (why, size, -EINVAL, NAME ": a name is missing beside a |", names);
	*m = (mdyn_measured) { .loudness = NAN, .peak = NAN };
	for (char *path = err ? NULL : strtok_r (list, "|", &save); path && !err; path = strtok_r (NULL, "|", &save)) {
		*one = (mdyn_measured) { .files = 1 };
		if (named_before (names, names + (path - list), strlen (path)))
			err = mdyn_why (why, size, -EINVAL, NAME ": is named twice, and would count twice", path);
		else
			err = read_file (one, channels, dual_mono, several && !loudest, path, why, size);
		if (!err && isnan (one->loudness))
			end_of (one->silent, sizeof one->silent, path);
		if (!err)
			join (m, one, loudest);
	}
	free (list);
	free (one);
	double level[MDYN_LOUDNESS_BINS];
	size_t under = 0;
	for (size_t i = 0; i < MDYN_LOUDNESS_BINS; i++)
		if (m->bin[i].n) {
			under += m->bin[i].sum < mdyn_energy (MDYN_LOUDNESS_GATE) * (double) m->bin[i].n;
			m->bin[m->n++] = m->bin[i];
		}
	gate (m, level);
	if (several && !loudest)
		m->loudness = under < m->n ? level[under] : NAN;
	return err;
}

double
mdyn_measured_gain (const mdyn_measured *m, double target, double *missed)
{
	double level[MDYN_LOUDNESS_BINS], plain = target - m->loudness, best = plain;
	*missed = 0;
	if (!m->n || isnan (plain))
		return plain;
	*missed = INFINITY;
	gate (m, level);
	for (size_t k = 0; k < m->n; k++) {
		/* bins from k on are above the gate from `lowest` up, to where bin k - 1 is */
		double lowest = MDYN_LOUDNESS_GATE - mdyn_lufs (m->bin[k].sum / (double) m->bin[k].n), g = target - level[k];
		double highest = k ? MDYN_LOUDNESS_GATE - mdyn_lufs (m->bin[k - 1].sum / (double) m->bin[k - 1].n) - 1e-6 : INFINITY;
		g = g < lowest ? lowest : g > highest ? highest : g;
		double miss = fabs (g + level[k] - target);
		miss = miss < 1e-9 ? 0 : miss;
		if (miss < *missed || (miss == *missed && fabs (g - plain) < fabs (best - plain))) {
			*missed = miss;
			best = g;
		}
	}
	return fabs (best - plain) < ALIKE ? plain : best;
}
