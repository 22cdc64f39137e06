/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* meters FILE: compresses a file, prints what the compressor does every 100 ms, and the measured loudness at the end.
 *
 *   cc meters.c -o meters $(pkg-config --cflags --libs gstreamer-1.0) */
#include <gst/gst.h>
#include <stdio.h>

static void
show (const GstStructure *s)
{
	GstClockTime from, to;
	double reduction;
	/* a value that does not exist, as the loudness of silence, is not in the message */
	if (gst_structure_get (s, "stream-time", G_TYPE_UINT64, &from, "endtime", G_TYPE_UINT64, &to, "gain-reduction", G_TYPE_DOUBLE, &reduction, NULL))
		printf ("%.3f s to %.3f s: up to %.1f dB\n", (double) from / GST_SECOND, (double) to / GST_SECOND, reduction);
}

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	if (argc != 2) {
		fprintf (stderr, "usage: meters FILE\n");
		return 2;
	}
	GError *error = NULL;
	GstElement *pipeline = gst_parse_launch ("filesrc name=src ! decodebin ! audioconvert ! mastercomp name=comp ! masternorm name=norm ! fakesink", &error);
	if (!pipeline || error) {
		fprintf (stderr, "meters: %s\n", error->message);
		return 1;
	}
	GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src"), *comp = gst_bin_get_by_name (GST_BIN (pipeline), "comp");
	GstElement *norm = gst_bin_get_by_name (GST_BIN (pipeline), "norm");
	g_object_set (src, "location", argv[1], NULL);
	g_object_set (comp, "preset", "voice", "threshold", -30.0, "post-messages", TRUE, "interval", 100 * GST_MSECOND, NULL);
	gst_util_set_object_arg (G_OBJECT (norm), "mode", "measure");

	GstBus *bus = gst_element_get_bus (pipeline);
	int status = -1;
	gst_element_set_state (pipeline, GST_STATE_PLAYING);
	while (status < 0) {
		GstMessage *m = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
		if (gst_message_has_name (m, "mastercomp")) {
			show (gst_message_get_structure (m));
		} else if (GST_MESSAGE_TYPE (m) == GST_MESSAGE_ERROR) {
			gst_message_parse_error (m, &error, NULL);
			fprintf (stderr, "meters: %s\n", error->message);
			g_error_free (error);
			status = 1;
		} else if (GST_MESSAGE_TYPE (m) == GST_MESSAGE_EOS) {
			double loudness, peak;
			g_object_get (norm, "integrated", &loudness, "true-peak", &peak, NULL); /* NaN: no value */
			printf ("%.1f LUFS, %.1f dBTP\n", loudness, peak);
			status = 0;
		}
		gst_message_unref (m);
	}
	gst_element_set_state (pipeline, GST_STATE_NULL);
	gst_object_unref (bus);
	gst_object_unref (src);
	gst_object_unref (comp);
	gst_object_unref (norm);
	gst_object_unref (pipeline);
	return status;
}
