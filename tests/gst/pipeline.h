/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Whole pipelines by their launch line. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "common.h"

typedef struct Outcome {
	gchar *error, *warning; /* the first of each, NULL: none */
	guint warnings;
	GPtrArray *messages; /* element messages of the name asked for */
} Outcome;

static inline GstElement *
parse (const char *line)
{
	GError *error = NULL;
	GstElement *p = gst_parse_launch (line, &error);
	ck_assert_msg (p && !error, "%s: %s", line, error ? error->message : "");
	return p;
}

/* Plays until EOS or an error, then stops and frees the pipeline. name: NULL keeps no messages. */
static inline Outcome
play (GstElement *p, const char *name)
{
	Outcome o = { .messages = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_message_unref) };
	GstBus *bus = gst_element_get_bus (p);
	gst_element_set_state (p, GST_STATE_PLAYING);
	for (gboolean more = TRUE; more;) {
		GError *error = NULL;
		GstMessage *m = gst_bus_timed_pop (bus, 20 * GST_SECOND);
		ck_assert_msg (m != NULL, "nothing more comes");
		if (GST_MESSAGE_TYPE (m) == GST_MESSAGE_ERROR) {
			gst_message_parse_error (m, &error, NULL);
			o.error = g_strdup (error->message);
		} else if (GST_MESSAGE_TYPE (m) == GST_MESSAGE_WARNING && o.warnings++ == 0) {
			gst_message_parse_warning (m, &error, NULL);
			o.warning = g_strdup (error->message);
		} else if (name && gst_message_has_name (m, name)) {
			g_ptr_array_add (o.messages, gst_message_ref (m));
		}
		more = GST_MESSAGE_TYPE (m) != GST_MESSAGE_EOS && !o.error;
		g_clear_error (&error);
		gst_message_unref (m);
	}
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (bus);
	gst_object_unref (p);
	return o;
}

static inline void
forget (Outcome *o)
{
	g_free (o->error);
	g_free (o->warning);
	g_ptr_array_unref (o->messages);
}

/* A line that must end well; the messages of a name, to be unreferenced. */
static inline GPtrArray *
run_pipeline (const char *line, const char *name)
{
	Outcome o = play (parse (line), name);
	ck_assert_msg (!o.error, "%s: %s", line, o.error);
	GPtrArray *messages = g_ptr_array_ref (o.messages);
	forget (&o);
	return messages;
}
#endif
