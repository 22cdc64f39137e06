/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The tables and their text, walked. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mdyn/mdyn.h"
#include "tap.h"

#define EACH_ROW(cls, row) \
	for (int kind_ = 0; kind_ < MDYN_KINDS; kind_++) \
		for (const mdyn_class *cls = mdyn_class_get (kind_); cls; cls = NULL) \
			for (const mdyn_param *row = cls->params; row < cls->params + cls->n_params; row++)

static mdyn_proc *
make (const mdyn_class *cls)
{
	mdyn_proc *p;
	mdyn_format f = { .sample = MDYN_F32, .rate = 48000, .channels = 2 };
	ck_assert_int_eq (mdyn_create (&p, cls, &f), 0);
	return p;
}

START_TEST (rows_are_sound)
{
	EACH_ROW (cls, row)
	{
		ck_assert_int_eq (row->id, (int) (row - cls->params));
		ck_assert_ptr_eq (mdyn_class_find (cls, row->name), row);
		ck_assert_int_gt ((int) strlen (row->help), 10);
		ck_assert (row->flags == MDYN_LIVE || row->flags == MDYN_SETUP || row->flags == MDYN_READOUT);
		if (row->type != MDYN_TEXT)
			ck_assert (row->min < row->max && row->def >= row->min && row->def <= row->max);
		size_t n;
		const mdyn_choice *c = mdyn_class_choices (cls, row, &n);
		ck_assert_int_eq (row->type == MDYN_CHOICE, n > 0);
		for (size_t i = 0; i < n; i++)
			ck_assert (c[i].row == row->id && c[i].value == (int) i && row->max == (double) n - 1);
	}
}
END_TEST

START_TEST (text_round_trip)
{
	EACH_ROW (cls, row)
	{
		if (row->type == MDYN_TEXT || row->flags & MDYN_READOUT)
			continue;
		double third = row->type == MDYN_REAL && isfinite (row->max) ? row->min + (row->max - row->min) / 3 : row->max;
		const double values[] = { row->min, row->max, row->def, third };
		for (size_t i = 0; i < 4; i++) {
			char text[64], why[256];
			double back = -12345;
			mdyn_param_format (row, values[i], text, sizeof text);
			ck_assert_int_eq (mdyn_param_parse (cls, row, text, &back, why, sizeof why), 0);
			ck_assert (back == values[i]);
			if (row->type == MDYN_REAL) {
				strcat (text, " ");
				strcat (text, mdyn_unit_name (row->unit));
				ck_assert_int_eq (mdyn_param_parse (cls, row, text, &back, why, sizeof why), 0);
				ck_assert (back == values[i]);
			}
		}
	}
}
END_TEST

/* An alias sets what its row and the settings beside it set, a switch one of two values, one without a row nothing. */
START_TEST (aliases_set_their_rows)
{
	for (int kind = 0; kind < MDYN_KINDS; kind++) {
		const mdyn_class *cls = mdyn_class_get (kind);
		for (size_t i = 0; i < cls->n_aliases; i++) {
			const mdyn_alias *alias = &cls->aliases[i];
			mdyn_proc *p = make (cls), *plain = make (cls);
			char why[600] = "";
			ck_assert_ptr_eq (mdyn_class_alias (cls, alias->name), alias);
			ck_assert_ptr_null (mdyn_class_find (cls, alias->name));
			ck_assert_int_lt (mdyn_set_text (p, alias->name, "twelve parsecs", why, sizeof why), 0);
			ck_assert_ptr_nonnull (strstr (why, alias->name));
			const mdyn_param *row = alias->row < 0 ? NULL : &cls->params[alias->row];
			char text[64] = "1", *also, copy[64];
			if (row && !alias->is_switch) {
				mdyn_param_format (row, row->min, text, sizeof text);
				ck_assert_int_eq (mdyn_set (plain, row->id, row->min), 0);
				snprintf (copy, sizeof copy, "%s", alias->also);
				if ((also = strchr (copy, '='))) { /* one, in the tables of today */
					*also = 0;
					ck_assert_int_eq (mdyn_set_text (plain, copy, also + 1, why, sizeof why), 0);
				}
			} else if (row && *alias->off) {
				strcpy (text, "no");
				ck_assert_int_eq (mdyn_set_text (plain, row->name, alias->off, why, sizeof why), 0);
			}
			ck_assert_int_eq (mdyn_set_text (p, alias->name, text, why, sizeof why), 0);
			for (size_t r = 0; r < cls->n_params; r++)
				if (!(cls->params[r].flags & MDYN_READOUT) && cls->params[r].type != MDYN_TEXT)
					ck_assert (mdyn_get (p, (int) r) == mdyn_get (plain, (int) r));
			mdyn_destroy (&p);
			mdyn_destroy (&plain);
		}
	}
	ck_assert_ptr_nonnull (mdyn_class_alias (mdyn_class_get (MDYN_NORM), "measured_I"));
}
END_TEST

START_TEST (bad_text_names_row_and_range)
{
	EACH_ROW (cls, row)
	{
		const char *bad[] = { "", "loud", "nan", "1e999x", "--3", "12 parsecs" };
		mdyn_proc *p = make (cls);
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			if (row->type == MDYN_TEXT && (strcmp (row->name, "preset") || !*bad[i]))
				continue;
			char why[600] = "";
			double before = mdyn_get (p, row->id);
			ck_assert_msg (mdyn_set_text (p, row->name, bad[i], why, sizeof why) < 0, "%s=%s was taken", row->name, bad[i]);
			ck_assert_msg (strstr (why, row->name) != NULL, "'%s' does not name %s", why, row->name);
			ck_assert_msg (strstr (why, "allowed") || strstr (why, "measured"), "'%s' does not say what is allowed", why);
			ck_assert (!strchr (why, '\n'));
			double after = mdyn_get (p, row->id);
			ck_assert (before == after || (isnan (before) && isnan (after)));
		}
		mdyn_destroy (&p);
	}
}
END_TEST

START_TEST (set_keeps_ranges)
{
	EACH_ROW (cls, row)
	{
		mdyn_proc *p = make (cls);
		if (row->type == MDYN_TEXT || row->flags & MDYN_READOUT) {
			ck_assert_int_eq (mdyn_set (p, row->id, 0), -EINVAL);
		} else {
			ck_assert_int_eq (mdyn_set (p, row->id, nextafter (row->min, -INFINITY)), -ERANGE);
			ck_assert_int_eq (mdyn_set (p, row->id, NAN), -ERANGE);
			if (isfinite (row->max))
				ck_assert_int_eq (mdyn_set (p, row->id, nextafter (row->max, INFINITY)), -ERANGE);
			ck_assert (mdyn_get (p, row->id) == row->def);
			ck_assert_int_eq (mdyn_set (p, row->id, row->max), 0);
			ck_assert (mdyn_get (p, row->id) == row->max);
			if (row->type != MDYN_REAL)
				ck_assert_int_eq (mdyn_set (p, row->id, row->min + 0.5), -ERANGE);
		}
		mdyn_destroy (&p);
	}
}
END_TEST

START_TEST (setup_rows_wait_for_the_start)
{
	EACH_ROW (cls, row)
	{
		if (row->type == MDYN_TEXT || row->flags & MDYN_READOUT)
			continue;
		mdyn_proc *p = make (cls);
		float x[2][8] = { { 0 } };
		void *planes[2] = { x[0], x[1] };
		ck_assert_int_eq (mdyn_process (p, planes, (const void *const *) planes, NULL, 8), 0);
		ck_assert_int_eq (mdyn_set (p, row->id, row->max), row->flags & MDYN_SETUP ? -EBUSY : 0);
		mdyn_reset (p);
		ck_assert_int_eq (mdyn_set (p, row->id, row->max), 0);
		mdyn_destroy (&p);
	}
}
END_TEST

/* The settings text of each preset, read here by sscanf, against the rows after setting it. */
START_TEST (presets_apply)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		for (size_t i = 0; i < cls->n_presets; i++) {
			mdyn_proc *p = make (cls);
			char why[600] = "", row[64], value[64];
			ck_assert_msg (mdyn_set_text (p, "preset", cls->presets[i].nick, why, sizeof why) == 0, "%s", why);
			ck_assert_str_eq (mdyn_get_text (p, 1), cls->presets[i].nick);
			int used = 0, rows = 0;
			for (const char *s = cls->presets[i].settings; sscanf (s, "%63[^=]=%63[^:]%n", row, value, &used) == 2; s += used + (s[used] == ':')) {
				const mdyn_param *r = mdyn_class_find (cls, row);
				ck_assert_ptr_nonnull (r);
				double want = atof (value);
				if (r->type == MDYN_CHOICE)
					ck_assert_int_eq (mdyn_param_parse (cls, r, value, &want, why, sizeof why), 0);
				ck_assert_msg (mdyn_get (p, r->id) == want, "%s: %s is %g", cls->presets[i].nick, row, mdyn_get (p, r->id));
				rows++;
			}
			ck_assert_int_gt (rows, 0);
			mdyn_destroy (&p);
		}
	}
}
END_TEST

/* A name or value with control characters in it cannot break the line. */
START_TEST (one_line_stays_one_line)
{
	mdyn_proc *p = make (mdyn_class_get (MDYN_COMP));
	char why[2000];
	ck_assert_int_lt (mdyn_set_text (p, "thresh\nold", "1", why, sizeof why), 0);
	ck_assert (!strpbrk (why, "\n\r\a") && strstr (why, "threshold, ratio"));
	ck_assert_int_lt (mdyn_set_text (p, "threshold", "a\nb\a", why, sizeof why), 0);
	ck_assert (!strpbrk (why, "\n\r\a") && strstr (why, "a?b?"));
	mdyn_destroy (&p);
}
END_TEST

/* What an event does is its processor's test. */
START_TEST (events_are_known_by_number)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		mdyn_proc *p = make (cls);
		float x[64] = { 0 };
		for (size_t i = 0; i < cls->n_events; i++) {
			ck_assert_int_eq (cls->events[i].id, (int) i);
			ck_assert (*cls->events[i].name && *cls->events[i].help);
			ck_assert_int_eq (mdyn_trigger (p, (int) i), 0);
			ck_assert_int_eq (mdyn_process_interleaved (p, x, x, NULL, 16), 0);
		}
		ck_assert_int_eq (mdyn_trigger (p, -1), -EINVAL);
		ck_assert_int_eq (mdyn_trigger (p, (int) cls->n_events), -EINVAL);
		mdyn_destroy (&p);
	}
}
END_TEST

START_TEST (bad_formats_are_refused)
{
	const mdyn_class *cls = mdyn_class_get (MDYN_LIMIT);
	const mdyn_format good = { .sample = MDYN_F64, .rate = 44100, .channels = 2 };
	mdyn_format f[5] = { good, good, good, good, good };
	f[0].rate = 7999;
	f[1].rate = 384001;
	f[2].channels = 0;
	f[3].channels = 65;
	f[4].key_channels = 1; /* the limiter takes none */
	for (int i = 0; i < 5; i++) {
		mdyn_proc *p = (mdyn_proc *) 1;
		char why[256] = "";
		ck_assert_int_eq (mdyn_create (&p, cls, &f[i]), -EINVAL);
		ck_assert_ptr_null (p);
		ck_assert_int_eq (mdyn_format_check (cls, &f[i], why, sizeof why), -EINVAL);
		ck_assert_ptr_nonnull (strstr (why, "masterlimit"));
	}
	ck_assert_ptr_null (mdyn_class_get (MDYN_KINDS));
}
END_TEST

int
main (void)
{
	Suite *s = suite_create ("params");
	TCase *t = tcase_create ("params");
	tcase_add_test (t, rows_are_sound);
	tcase_add_test (t, text_round_trip);
	tcase_add_test (t, aliases_set_their_rows);
	tcase_add_test (t, bad_text_names_row_and_range);
	tcase_add_test (t, set_keeps_ranges);
	tcase_add_test (t, setup_rows_wait_for_the_start);
	tcase_add_test (t, presets_apply);
	tcase_add_test (t, one_line_stays_one_line);
	tcase_add_test (t, events_are_known_by_number);
	tcase_add_test (t, bad_formats_are_refused);
	suite_add_tcase (s, t);
	return run_tap (s);
}
