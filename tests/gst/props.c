/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The core's rows and the elements' properties, side by side. */
#include <stdio.h>

#include "common.h"

#define EACH_ROW(cls, row) \
	for (int kind_ = 0; kind_ < MDYN_KINDS; kind_++) \
		for (const mdyn_class *cls = mdyn_class_get (kind_); cls; cls = NULL) \
			for (const mdyn_param *row = cls->params; row < cls->params + cls->n_params; row++)

static GParamSpec *
spec_of (const mdyn_class *cls, const char *name)
{
	GstElement *e = gst_element_factory_make (cls->name, NULL);
	ck_assert_ptr_nonnull (e);
	GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (e), name);
	gst_object_unref (e);
	return spec;
}

static void
check_choices (const mdyn_class *cls, const mdyn_param *row, GParamSpec *spec)
{
	size_t n;
	const mdyn_choice *choice = mdyn_class_choices (cls, row, &n);
	GEnumClass *e = G_PARAM_SPEC_ENUM (spec)->enum_class;
	ck_assert_int_eq (G_PARAM_SPEC_ENUM (spec)->default_value, (int) row->def);
	ck_assert_int_eq (e->n_values, n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq (e->values[i].value, choice[i].value);
		ck_assert_str_eq (e->values[i].value_nick, choice[i].nick);
		ck_assert_str_eq (e->values[i].value_name, choice[i].help);
	}
}

START_TEST (each_row_is_a_property)
{
	EACH_ROW (cls, row)
	{
		GParamSpec *spec = spec_of (cls, row->name);
		ck_assert_msg (spec != NULL, "%s has no property %s", cls->name, row->name);
		ck_assert_ptr_eq (strstr (g_param_spec_get_blurb (spec), row->help), g_param_spec_get_blurb (spec));
		if (row->unit != MDYN_NONE)
			ck_assert_ptr_nonnull (strstr (g_param_spec_get_blurb (spec), mdyn_unit_name (row->unit)));
		ck_assert_int_eq (!!(spec->flags & G_PARAM_READABLE), 1);
		ck_assert_int_eq (!!(spec->flags & G_PARAM_WRITABLE), !(row->flags & MDYN_READOUT));
		ck_assert_int_eq (!!(spec->flags & GST_PARAM_CONTROLLABLE), !!(row->flags & MDYN_LIVE));
		ck_assert_int_eq (!!(spec->flags & GST_PARAM_MUTABLE_PLAYING), !!(row->flags & MDYN_LIVE));
		ck_assert_int_eq (!!(spec->flags & GST_PARAM_MUTABLE_READY), !!(row->flags & MDYN_SETUP));
		if (row->type == MDYN_REAL) {
			ck_assert (G_IS_PARAM_SPEC_DOUBLE (spec));
			ck_assert (G_PARAM_SPEC_DOUBLE (spec)->minimum == row->min && G_PARAM_SPEC_DOUBLE (spec)->maximum == row->max);
			ck_assert (G_PARAM_SPEC_DOUBLE (spec)->default_value == row->def);
		} else if (row->type == MDYN_BOOL) {
			ck_assert (G_IS_PARAM_SPEC_BOOLEAN (spec));
			ck_assert_int_eq (G_PARAM_SPEC_BOOLEAN (spec)->default_value, row->def != 0);
		} else if (row->type == MDYN_CHOICE) {
			ck_assert (G_IS_PARAM_SPEC_ENUM (spec));
			check_choices (cls, row, spec);
		} else {
			ck_assert (G_IS_PARAM_SPEC_STRING (spec));
		}
	}
}
END_TEST

START_TEST (nothing_else_is_a_property)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		GstElement *e = gst_element_factory_make (cls->name, NULL);
		guint n, own = 0;
		GParamSpec **specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (e), &n);
		for (guint i = 0; i < n; i++) {
			if (specs[i]->owner_type != G_OBJECT_TYPE (e))
				continue;
			own++;
			ck_assert_msg (mdyn_class_find (cls, specs[i]->name) || !strcmp (specs[i]->name, "post-messages") || !strcmp (specs[i]->name, "interval") ||
			                       (k == MDYN_NORM && !strcmp (specs[i]->name, "stats")),
			               "%s is no row", specs[i]->name);
		}
		ck_assert_int_eq (own, cls->n_params + 2 + (k == MDYN_NORM));
		ck_assert_str_eq (gst_element_get_metadata (e, GST_ELEMENT_METADATA_LONGNAME), cls->long_name);
		ck_assert_str_eq (gst_element_get_metadata (e, GST_ELEMENT_METADATA_DESCRIPTION), cls->description);
		ck_assert_str_eq (gst_element_get_metadata (e, GST_ELEMENT_METADATA_KLASS), "Filter/Effect/Audio");
		g_free (specs);
		gst_object_unref (e);
	}
}
END_TEST

/* Sets a row to its largest value, by its text as gst-launch does, before and after the core exists. */
START_TEST (values_are_kept)
{
	EACH_ROW (cls, row)
	{
		if (row->type == MDYN_TEXT || row->flags & MDYN_READOUT)
			continue;
		for (int running = 0; running < 2; running++) {
			if (running && (row->flags & MDYN_SETUP || !strcmp (row->name, "bypass")))
				continue;
			Test t = open_test (cls->name, NULL, running ? &STEREO : NULL);
			GValue v = G_VALUE_INIT;
			char text[64];
			double got;
			mdyn_param_format (row, row->max, text, sizeof text);
			gst_util_set_object_arg (G_OBJECT (t.e), row->name, text);
			g_value_init (&v, spec_of (cls, row->name)->value_type);
			g_object_get_property (G_OBJECT (t.e), row->name, &v);
			got = G_VALUE_HOLDS_DOUBLE (&v) ? g_value_get_double (&v) : G_VALUE_HOLDS_BOOLEAN (&v) ? g_value_get_boolean (&v) : g_value_get_enum (&v);
			ck_assert_msg (got == row->max, "%s.%s: %g", cls->name, row->name, got);
			g_value_unset (&v);
			close_test (&t);
		}
	}
}
END_TEST

static double
number (GstElement *e, const char *name)
{
	double v;
	g_object_get (e, name, &v, NULL);
	return v;
}

START_TEST (nan_is_no_value)
{
	GstElement *e = gst_element_factory_make ("mastercomp", NULL);
	g_object_set (e, "threshold", -33.0, NULL);
	g_object_set (e, "threshold", NAN, NULL);
	ck_assert (number (e, "threshold") == -33);
	gst_object_unref (e);
}
END_TEST

START_TEST (presets_give_their_values)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		for (size_t i = 0; i < cls->n_presets; i++) {
			GstElement *e = gst_element_factory_make (cls->name, NULL);
			char why[256];
			g_object_set (e, "preset", cls->presets[i].nick, NULL);
			gchar **settings = g_strsplit (cls->presets[i].settings, ":", -1);
			for (gchar **s = settings; *s; s++) {
				gchar **pair = g_strsplit (*s, "=", 2);
				const mdyn_param *row = mdyn_class_find (cls, pair[0]);
				double wanted = 0;
				ck_assert_int_eq (mdyn_param_parse (cls, row, pair[1], &wanted, why, sizeof why), 0);
				if (row->type == MDYN_REAL)
					ck_assert_msg (number (e, row->name) == wanted, "%s: %s", cls->presets[i].nick, row->name);
				g_strfreev (pair);
			}
			g_strfreev (settings);
			gst_object_unref (e);
		}
	}
}
END_TEST

/* A preset after another is that preset: nothing is left of the one before. */
START_TEST (presets_leave_nothing_behind)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		GstElement *e = gst_element_factory_make (cls->name, NULL);
		for (size_t i = 0; i <= cls->n_presets; i++) {
			const char *nick = i < cls->n_presets ? cls->presets[i].nick : "none";
			GstElement *fresh = gst_element_factory_make (cls->name, NULL);
			g_object_set (e, "preset", nick, NULL);
			g_object_set (fresh, "preset", nick, NULL);
			for (const mdyn_param *row = cls->params; row < cls->params + cls->n_params; row++)
				if (row->type == MDYN_REAL && !(row->flags & MDYN_READOUT))
					ck_assert_msg (number (e, row->name) == number (fresh, row->name), "%s, %s: %s", cls->name, nick, row->name);
			gst_object_unref (fresh);
		}
		gst_object_unref (e);
	}
}
END_TEST

/* The shipped files have the table's presets, no more and no fewer, and loading one sets its rows. */
START_TEST (shipped_presets_are_those_of_the_table)
{
	for (int k = 0; k < MDYN_KINDS; k++) {
		const mdyn_class *cls = mdyn_class_get (k);
		GstElement *e = gst_element_factory_make (cls->name, NULL), *same = gst_element_factory_make (cls->name, NULL);
		gchar **names = gst_preset_get_preset_names (GST_PRESET (e));
		ck_assert_int_eq (g_strv_length (names), cls->n_presets);
		ck_assert (!gst_preset_load_preset (GST_PRESET (e), "nosuch"));
		for (size_t i = 0; i < cls->n_presets; i++) {
			gchar *comment = NULL;
			ck_assert_msg (gst_preset_load_preset (GST_PRESET (e), cls->presets[i].nick), "%s: %s", cls->name, cls->presets[i].nick);
			ck_assert (gst_preset_get_meta (GST_PRESET (e), cls->presets[i].nick, "comment", &comment));
			ck_assert_str_eq (comment, cls->presets[i].help);
			g_object_set (same, "preset", cls->presets[i].nick, NULL);
			for (const mdyn_param *row = cls->params; row < cls->params + cls->n_params; row++)
				if (row->type == MDYN_REAL && !(row->flags & MDYN_READOUT))
					ck_assert_msg (number (e, row->name) == number (same, row->name), "%s: %s", cls->presets[i].nick, row->name);
			g_free (comment);
		}
		g_strfreev (names);
		gst_object_unref (e);
		gst_object_unref (same);
	}
}
END_TEST

START_TEST (a_preset_of_ones_own_is_kept)
{
	GstElement *e = gst_element_factory_make ("mastercomp", NULL), *other = gst_element_factory_make ("mastercomp", NULL);
	gchar *preset;
	set_rows (e, "preset=drums:ratio=inf:detector=rms:lookahead=2.5");
	ck_assert (gst_preset_save_preset (GST_PRESET (e), "mine"));
	ck_assert (gst_preset_load_preset (GST_PRESET (other), "mine"));
	g_object_get (other, "preset", &preset, NULL);
	ck_assert_str_eq (preset, "drums");
	const mdyn_class *cls = mdyn_class_get (MDYN_COMP);
	for (const mdyn_param *row = cls->params; row < cls->params + cls->n_params; row++)
		if (row->type == MDYN_REAL && !(row->flags & MDYN_READOUT))
			ck_assert_msg (number (e, row->name) == number (other, row->name), "%s", row->name);
	ck_assert (isinf (number (other, "ratio")) && number (other, "lookahead") == 2.5);
	ck_assert (gst_preset_delete_preset (GST_PRESET (e), "mine"));
	g_free (preset);
	gst_object_unref (e);
	gst_object_unref (other);
}
END_TEST

START_TEST (what_is_set_after_a_preset_wins)
{
	GstElement *e = gst_element_factory_make ("mastercomp", NULL);
	const mdyn_preset *drums = mdyn_class_get (MDYN_COMP)->presets + 2; /* one without lookahead: all comes out at once */
	gchar *preset, *by_hand = g_strconcat (drums->settings, ":ratio=inf", NULL);
	double threshold = 0;
	ck_assert_str_eq (drums->nick, "drums");
	ck_assert_int_eq (sscanf (drums->settings, "threshold=%lf", &threshold), 1);
	set_rows (e, "preset=drums:ratio=inf");
	g_object_get (e, "preset", &preset, NULL);
	ck_assert_str_eq (preset, "drums");
	ck_assert (number (e, "threshold") == threshold && isinf (number (e, "ratio")));
	g_free (preset);
	gst_object_unref (e);

	/* and in the sound: twice the same settings, once by preset */
	double *x = noise (&STEREO, 4800, 0.9, 1);
	Test a = open_test ("mastercomp", "preset=drums:ratio=inf", &STEREO);
	Test b = open_test ("mastercomp", by_hand, &STEREO);
	g_free (by_hand);
	push_all (&a, x, 4800, 480);
	push_all (&b, x, 4800, 480);
	Got ga = pull (&a), gb = pull (&b);
	assert_same (&ga, (double *) gb.x->data, 4800, 2, "preset");
	ck_assert (memcmp (ga.x->data, x, 4800 * 2 * sizeof *x));
	drop (&ga);
	drop (&gb);
	close_test (&a);
	close_test (&b);
	g_free (x);
}
END_TEST

/* Settings that do not go together are refused before there is data, by one error with the core's line. */
START_TEST (bad_settings_are_an_error_before_the_start)
{
	const struct {
		const char *element, *row, *value, *named, *allowed;
	} bad[] = {
		{ "mastercomp", "preset", "nosuch", "nosuch", "mix-bus" },
		{ "masternorm", "mode", "linear", "measured-loudness", "measured-file" },
		{ "masternorm", "stats-file", "/nowhere/at/all.json", "stats-file", "/nowhere/at/all.json" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
		GstElement *e = gst_element_factory_make (bad[i].element, NULL);
		GstBus *bus = gst_bus_new ();
		gst_element_set_bus (e, bus);
		gst_util_set_object_arg (G_OBJECT (e), bad[i].row, bad[i].value);
		ck_assert_int_eq (gst_element_set_state (e, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
		GstMessage *m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
		GError *error = NULL;
		ck_assert_ptr_nonnull (m);
		gst_message_parse_error (m, &error, NULL);
		ck_assert_msg (strstr (error->message, bad[i].named) && strstr (error->message, bad[i].allowed), "%s", error->message);
		ck_assert_ptr_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
		g_clear_error (&error);
		gst_message_unref (m);
		gst_element_set_state (e, GST_STATE_NULL);
		gst_element_set_bus (e, NULL);
		gst_object_unref (bus);
		gst_object_unref (e);
	}
}
END_TEST

static char warned[600];

static void
keep_warning (const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data)
{
	(void) domain, (void) level, (void) data;
	g_strlcpy (warned, text, sizeof warned);
}

/* Before the start the element does not start; while running the value stays. Either way one line says what is allowed. */
START_TEST (out_of_range_is_an_error_that_names_the_range)
{
	g_log_set_handler (NULL, G_LOG_LEVEL_WARNING, keep_warning, NULL);
	EACH_ROW (cls, row)
	{
		if (row->type != MDYN_REAL || row->flags & MDYN_READOUT)
			continue;
		/* not by nextafter: some plugin that a fresh registry loads turns denormals off, and then the number next to 0 is 0 */
		const double bad[] = { row->min - 1e-6, isinf (row->max) ? NAN : row->max + 1e-6 };
		for (int i = 0; i < 2; i++) {
			GstElement *e = gst_element_factory_make (cls->name, NULL);
			GstBus *bus = gst_bus_new ();
			gst_element_set_bus (e, bus);
			g_object_set (e, row->name, bad[i], NULL);
			ck_assert_msg (number (e, row->name) == row->def, "%s.%s: %g is taken as %g", cls->name, row->name, bad[i], number (e, row->name));
			ck_assert_int_eq (gst_element_set_state (e, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
			GstMessage *m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
			GError *error = NULL;
			ck_assert_ptr_nonnull (m);
			gst_message_parse_error (m, &error, NULL);
			ck_assert_msg (strstr (error->message, row->name) && strstr (error->message, "allowed"), "%s", error->message);
			g_clear_error (&error);
			gst_message_unref (m);
			g_object_set (e, row->name, row->max, NULL); /* made good */
			ck_assert_int_ne (gst_element_set_state (e, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
			gst_element_set_state (e, GST_STATE_NULL);
			gst_element_set_bus (e, NULL);
			gst_object_unref (bus);
			gst_object_unref (e);

			Test t = open_test (cls->name, NULL, &STEREO);
			warned[0] = 0;
			g_object_set (t.e, row->name, bad[i], NULL);
			ck_assert_msg (number (t.e, row->name) == row->def, "%s.%s: %g is taken as %g while running", cls->name, row->name, bad[i], number (t.e, row->name));
			ck_assert_msg (strstr (warned, row->name) && strstr (warned, "allowed"), "%s", warned);
			close_test (&t);
		}
	}
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-props");
	TCase *t = tcase_create ("props");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, each_row_is_a_property);
	tcase_add_test (t, nothing_else_is_a_property);
	tcase_add_test (t, values_are_kept);
	tcase_add_test (t, nan_is_no_value);
	tcase_add_test (t, presets_give_their_values);
	tcase_add_test (t, presets_leave_nothing_behind);
	tcase_add_test (t, shipped_presets_are_those_of_the_table);
	tcase_add_test (t, a_preset_of_ones_own_is_kept);
	tcase_add_test (t, what_is_set_after_a_preset_wins);
	tcase_add_test (t, bad_settings_are_an_error_before_the_start);
	tcase_add_test (t, out_of_range_is_an_error_that_names_the_range);
	suite_add_tcase (s, t);
	return run_tap (s);
}
