/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The key pad in pipelines: who waits for whom, and that nobody waits for ever. What hangs fails by its timeout. */
#include "pipeline.h"

#define COMP "mastercomp name=c threshold=-60 ratio=8 attack=1 release=20 ! "
#define MONO(rate) "audio/x-raw,format=" GST_AUDIO_NE (F32) ",channels=1,layout=interleaved,rate=" #rate
#define SINK "fakesink name=sink signal-handoffs=true"
#define TONE "audiotestsrc wave=square " /* of one magnitude, so that each sample tells whether it was ducked */
#define AUDIO TONE "volume=0.1 samplesperbuffer=480 num-buffers=200 ! " MONO (48000) " ! "
#define KEY TONE "volume=0.9 samplesperbuffer=480 "

/* What came out. */
typedef struct Seen {
	guint64 frames, ducked; /* in all; those that are no longer of the magnitude 0.1 that went in */
	gint64 first;           /* of the ducked, -1: none */
	GstClockTime next;
	gboolean holes;
} Seen;

static void
look (GstElement *sink, GstBuffer *b, GstPad *pad, gpointer data)
{
	Seen *s = data;
	GstMapInfo m;
	(void) sink, (void) pad;
	gst_buffer_map (b, &m, GST_MAP_READ);
	for (gsize i = 0; i < m.size / sizeof (float); i++)
		if (fabsf (((float *) m.data)[i]) != 0.1f) {
			if (s->first < 0)
				s->first = (gint64) (s->frames + i);
			s->ducked++;
		}
	s->holes |= s->frames && s->next != GST_BUFFER_PTS (b);
	s->next = GST_BUFFER_PTS (b) + GST_BUFFER_DURATION (b);
	s->frames += m.size / sizeof (float);
	gst_buffer_unmap (b, &m);
}

static Outcome
watch (const char *line, Seen *seen)
{
	GstElement *p = parse (line), *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
	*seen = (Seen){ .first = -1 };
	g_signal_connect (sink, "handoff", G_CALLBACK (look), seen);
	gst_object_unref (sink);
	return play (p, NULL);
}

START_TEST (pipelines_duck)
{
	static const struct {
		const char *what, *line;
		gint64 first; /* ducked frame */
		guint64 most; /* that may be ducked; after the key the release goes on */
	} lines[] = {
		{ "a key from 1.0 to 1.5 s", AUDIO COMP SINK " " KEY "num-buffers=50 timestamp-offset=1000000000 ! " MONO (48000) " ! c.key", 48000,
		  40000 },
		{ "a key that ends", AUDIO COMP SINK " " KEY "num-buffers=50 ! " MONO (48000) " ! c.key", 0, 40000 },
		{ "an endless key", AUDIO COMP SINK " " KEY "! " MONO (48000) " ! c.key", 0, 96000 },
		{ "an endless key in F64 planes",
		  AUDIO COMP SINK " " KEY "! audioconvert ! audio/x-raw,format=" GST_AUDIO_NE (F64) ",layout=non-interleaved,channels=2 ! c.key", 0,
		  96000 },
		{ "a key in large buffers", AUDIO COMP SINK " audiotestsrc wave=square samplesperbuffer=200000 ! " MONO (48000) " ! c.key", 0,
		  96000 },
		{ "audio in large buffers", TONE "volume=0.1 samplesperbuffer=96000 num-buffers=1 ! " MONO (48000) " ! " COMP SINK " " KEY "! c.key",
		  0, 96000 },
		{ "a resampled key", AUDIO COMP SINK " " KEY "! audio/x-raw,rate=44100,format=S16LE ! audioconvert ! audioresample ! c.key", 0,
		  96000 },
		{ "a key of any rate", AUDIO COMP SINK " " KEY "! c.key", 0, 96000 },
		{ "a key behind a queue", AUDIO COMP SINK " " KEY "! queue ! " MONO (48000) " ! c.key", 0, 96000 },
		{ "a tee, a queue before the audio", AUDIO "tee name=t ! queue ! " COMP SINK " t. ! c.key", 0, 96000 },
		{ "a tee, both with queues", AUDIO "tee name=t ! queue ! " COMP SINK " t. ! queue ! c.key", 0, 96000 },
		{ "live",
		  TONE "is-live=true volume=0.1 samplesperbuffer=4800 num-buffers=10 ! " MONO (
		      48000) " ! " COMP SINK " sync=true " TONE "is-live=true samplesperbuffer=4800 ! " MONO (48000) " ! c.key",
		  0, 48000 },
		{ "a live key for a file", AUDIO COMP SINK " sync=true " TONE "is-live=true samplesperbuffer=4800 ! " MONO (48000) " ! c.key", 0,
		  96000 },
		{ "a file as key of live audio",
		  TONE "is-live=true volume=0.1 samplesperbuffer=4800 num-buffers=10 ! " MONO (48000) " ! " COMP SINK " sync=true " KEY "! c.key", 0,
		  48000 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
		Seen s;
		Outcome o = watch (lines[i].line, &s);
		ck_assert_msg (!o.error && !o.warning, "%s: %s", lines[i].what, o.error ? o.error : o.warning);
		ck_assert_msg (s.frames == (strstr (lines[i].line, "num-buffers=10 ") ? 48000 : 96000) && !s.holes, "%s: %d frames", lines[i].what,
		               (int) s.frames);
		gint64 slack = strstr (lines[i].line, "is-live") ? 9600 : 0; /* where a live source begins is its own affair */
		ck_assert_msg (s.first >= lines[i].first && s.first <= lines[i].first + slack, "%s: ducked from %d on", lines[i].what, (int) s.first);
		ck_assert_msg (s.ducked > 24000 && s.ducked <= lines[i].most, "%s: %d ducked", lines[i].what, (int) s.ducked);
		forget (&o);
	}
}
END_TEST

/* A tee without queues: in the order that gives the key first all is exact, in the other it cannot be, and that is said once. */
START_TEST (a_tee_without_queues_does_not_hang)
{
	Seen s;
	Outcome o = watch (AUDIO "tee name=t ! c.key t. ! " COMP SINK, &s);
	ck_assert_msg (!o.error && !o.warning, "%s", o.error ? o.error : o.warning);
	ck_assert_int_eq (s.frames, 96000);
	ck_assert_int_eq (s.first, 0);
	forget (&o);
	o = watch (AUDIO "tee name=t ! " COMP SINK " t. ! c.key", &s);
	ck_assert (!o.error && o.warnings == 1 && strstr (o.warning, "queue"));
	ck_assert_int_eq (s.frames, 96000);
	ck_assert_int_eq (s.ducked, 0);
	forget (&o);
}
END_TEST

/* It waits, and says so. */
START_TEST (a_queue_before_the_key_alone_is_told)
{
	GstElement *p = parse (AUDIO "tee name=t ! " COMP SINK " t. ! queue ! c.key");
	GstBus *bus = gst_element_get_bus (p);
	gst_element_set_state (p, GST_STATE_PLAYING);
	GstMessage *m = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
	GError *error = NULL;
	ck_assert (m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_WARNING);
	gst_message_parse_warning (m, &error, NULL);
	ck_assert_msg (strstr (error->message, "key") && strstr (error->message, "queue"), "%s", error->message);
	g_clear_error (&error);
	gst_message_unref (m);
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (bus);
	gst_object_unref (p);
}
END_TEST

/* Another branch makes the source ask its tee, which waits for the audio's queue, in which the audio waits for what a lookahead holds of the key. It is told and
 * gone on, whichever branch it is that meets this. */
START_TEST (a_branch_may_join_the_tee)
{
	GstElement *p = parse (TONE "volume=0.1 samplesperbuffer=480 num-buffers=3000 ! " MONO (48000) " ! tee name=t ! queue ! " COMP SINK
	                       " t. ! queue ! mastergate lookahead=20 threshold=-90 ! c.key"),
	           *tee = gst_bin_get_by_name (GST_BIN (p), "t"), *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
	GstBus *bus = gst_element_get_bus (p);
	Seen s = { .first = -1 };
	gboolean told = FALSE, ended = FALSE;
	g_signal_connect (sink, "handoff", G_CALLBACK (look), &s);
	gst_element_set_state (p, GST_STATE_PLAYING);
	for (int branches = 0; !ended;) {
		GstMessage *m = gst_bus_timed_pop_filtered (bus, told ? 20 * GST_SECOND : 10 * GST_MSECOND, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
		ck_assert_msg (m || !told, "it hangs");
		ended = m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_EOS;
		told |= m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_WARNING;
		ck_assert (!m || GST_MESSAGE_TYPE (m) != GST_MESSAGE_ERROR);
		if (m)
			gst_message_unref (m);
		else if (branches++ < 2) {
			GstElement *branch = gst_parse_bin_from_description ("queue ! fakesink async=false", TRUE, NULL);
			gst_bin_add (GST_BIN (p), branch);
			gst_element_sync_state_with_parent (branch);
			ck_assert (gst_element_link (tee, branch));
		}
	}
	ck_assert_int_eq (s.frames, 3000 * 480);
	ck_assert_int_ge (s.ducked, s.frames - 48000);
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (bus);
	gst_object_unref (sink);
	gst_object_unref (tee);
	gst_object_unref (p);
}
END_TEST

START_TEST (a_key_of_another_rate_is_an_error_that_says_what_is_allowed)
{
	static const char *const lines[] = {
		AUDIO COMP SINK " " KEY "! " MONO (44100) " ! c.key",
		AUDIO COMP SINK " " KEY "! " MONO (44100) " ! identity sleep-time=50000 ! c.key", /* negotiates after the audio, as a rule */
		AUDIO "identity sleep-time=50000 ! " COMP SINK " " KEY "! " MONO (44100) " ! queue ! c.key", /* before it */
		AUDIO COMP SINK " " KEY "! audio/x-raw,rate=32000 ! audioconvert ! c.key",
	};
	for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
		Outcome o = play (parse (lines[i]), NULL);
		ck_assert_msg (o.error && strstr (o.error, "mastercomp: key pad: rate") && strstr (o.error, i == 3 ? "32000" : "44100") &&
		                   strstr (o.error, "48000 is allowed"),
		               "%s: %s", lines[i], o.error);
		forget (&o);
	}
}
END_TEST

/* The key's source breaks down (by then all plays: GStreamer itself does not get over an error before). The audio and what else its tee feeds come to
 * their ends. */
START_TEST (a_failing_key_leaves_the_audio_alone)
{
	GstElement *p = parse (AUDIO "tee name=t ! queue ! " COMP SINK " t. ! queue ! fakesink " KEY "! identity error-after=150 ! " MONO (48000) " ! c.key");
	GstElement *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
	GstBus *bus = gst_element_get_bus (p);
	Seen s = { .first = -1 };
	int errors = 0;
	g_signal_connect (sink, "handoff", G_CALLBACK (look), &s);
	gst_element_set_state (p, GST_STATE_PLAYING);
	for (gboolean more = TRUE; more;) { /* an error on the bus is the application's to judge; this one goes on until all sinks are at their end */
		GstMessage *m = gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
		ck_assert_msg (m != NULL, "it hangs");
		more = GST_MESSAGE_TYPE (m) == GST_MESSAGE_ERROR;
		errors += more;
		gst_message_unref (m);
	}
	ck_assert_int_ge (errors, 1);
	ck_assert (s.frames == 96000 && !s.holes && s.first == 0);
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (bus);
	gst_object_unref (sink);
	gst_object_unref (p);
}
END_TEST

/* Ten buffers of live audio beside a key that never comes: none is dropped, and the end is there soon after the audio's own. */
START_TEST (a_live_key_that_never_comes_holds_nothing_up)
{
	GstElement *p = parse (TONE "is-live=true volume=0.1 samplesperbuffer=4800 num-buffers=10 ! " MONO (
	    48000) " ! " COMP
	           "fakesink name=sink sync=true qos=true max-lateness=500000000 appsrc is-live=true format=time ! " MONO (48000) " ! c.key");
	GstElement *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
	GstBus *bus = gst_element_get_bus (p);
	guint64 rendered = 0, dropped = 0;
	gst_element_set_state (p, GST_STATE_PLAYING);
	for (int i = 0; rendered < 10 && i < 1000; i++) { /* EOS waits for the source that never ends */
		GstStructure *stats;
		g_usleep (10000);
		g_object_get (sink, "stats", &stats, NULL);
		ck_assert (gst_structure_get (stats, "rendered", G_TYPE_UINT64, &rendered, "dropped", G_TYPE_UINT64, &dropped, NULL));
		gst_structure_free (stats);
	}
	GstMessage *m = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
	ck_assert_ptr_null (m);
	ck_assert_int_eq (rendered, 10);
	ck_assert_int_eq (dropped, 0);
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (sink);
	gst_object_unref (bus);
	gst_object_unref (p);
}
END_TEST

/* Square waves of constant magnitude: what comes first after a flush depends on nothing but the key being there from the first frame on. */
START_TEST (flushing_seeks_keep_the_key_beside_the_audio)
{
	GstElement *p = parse (TONE "volume=0.1 samplesperbuffer=4800 ! " MONO (48000) " ! " COMP "appsink name=sink max-buffers=1 " TONE
	                                                                               "volume=0.9 samplesperbuffer=700 ! " MONO (48000) " ! c.key");
	GstElement *sink = gst_bin_get_by_name (GST_BIN (p), "sink");
	float first[4800];
	guint32 seed = 1;
	gst_element_set_state (p, GST_STATE_PAUSED);
	for (int i = 0; i < 50; i++) {
		GstClockTime to = i ? (GstClockTime) (seed = seed * 1664525u + 1013904223u) * 20 : 0; /* up to 85 s */
		GstSample *sample = NULL;
		GstMapInfo m;
		ck_assert (!i || gst_element_seek_simple (p, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, (gint64) to));
		ck_assert_int_eq (gst_element_get_state (p, NULL, NULL, 10 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
		g_signal_emit_by_name (sink, "pull-preroll", &sample);
		ck_assert_ptr_nonnull (sample);
		GstBuffer *b = gst_sample_get_buffer (sample);
		ck_assert (ABS (GST_CLOCK_DIFF (to, GST_BUFFER_PTS (b))) <= 20834);
		gst_buffer_map (b, &m, GST_MAP_READ);
		ck_assert (m.size == sizeof first);
		for (int k = 0; k < 4800; k++) {
			float x = fabsf (((float *) m.data)[k]);
			if (i == 0)
				first[k] = x;
			ck_assert_msg (x == first[k], "seek %d, frame %d: %g instead of %g", i, k, x, first[k]);
		}
		ck_assert (first[4799] < 0.05f && first[4799] > 0);
		gst_buffer_unmap (b, &m);
		gst_sample_unref (sample);
		if (i % 10 == 9) { /* some while playing */
			gst_element_set_state (p, GST_STATE_PLAYING);
			g_signal_emit_by_name (sink, "pull-sample", &sample);
			gst_sample_unref (sample);
			gst_element_set_state (p, GST_STATE_PAUSED);
		}
	}
	gst_element_set_state (p, GST_STATE_NULL);
	gst_object_unref (sink);
	gst_object_unref (p);
}
END_TEST

typedef struct Push {
	Test *t;
	const double *x;
	gsize frames, size;
	GstFlowReturn ret;
	gint pushed, done;       /* atomic: frames that were begun to push */
} Push;

static gpointer
push_in_thread (gpointer data)
{
	Push *p = data;
	for (gsize i = 0; i < p->frames && p->ret == GST_FLOW_OK; i += p->size) {
		g_atomic_int_add (&p->pushed, (gint) p->size);
		p->ret = push (p->t, p->x, p->size);
	}
	g_atomic_int_set (&p->done, 1);
	return NULL;
}

static Test
open_key (const Test *t)
{
	Test k = { .e = t->e };
	k.h = gst_harness_new_with_element (t->e, "key", NULL);
	gst_harness_set_live (k.h, FALSE);
	gst_harness_set_live (t->h, FALSE);
	shape_test (&k, &STEREO);
	return k;
}

/* The audio waits for a key that is late, or is sent on by whatever ends the wait. */
START_TEST (a_waiting_audio_can_be_woken)
{
	enum { BY_KEY, BY_EOS, BY_GAP, BY_RELEASE, BY_FLUSH, BY_STATE, WAYS };
	const gsize frames = 4800;
	double *x = noise (&STEREO, 3 * 48000, 0.5, 3);
	for (int way = 0; way < WAYS; way++) {
		Test t = open_test ("mastercomp", "threshold=-60:ratio=8", &STEREO), k = open_key (&t);
		Push p = { .t = &t, .x = x, .frames = frames, .size = 480 };
		push_all (&k, x, 480, 480);
		GThread *thread = g_thread_new ("audio", push_in_thread, &p);
		while (gst_harness_buffers_received (t.h) < 1)
			g_usleep (1000);
		g_usleep (50000);
		ck_assert_int_eq (gst_harness_buffers_received (t.h), 1); /* what there is a key for, and no more */
		ck_assert (!g_atomic_int_get (&p.done));
		if (way == BY_KEY) {
			for (gsize i = 480; i < frames; i += 480)
				push (&k, x, 480);
		} else if (way == BY_EOS) {
			gst_harness_push_event (k.h, gst_event_new_eos ());
		} else if (way == BY_GAP) {
			gst_harness_push_event (k.h, gst_event_new_gap (10 * GST_MSECOND, 90 * GST_MSECOND));
		} else if (way == BY_RELEASE) {
			gst_harness_teardown (k.h);
		} else if (way == BY_FLUSH) {
			gst_harness_push_event (k.h, gst_event_new_flush_start ());
			g_usleep (20000);
			gst_harness_push_event (k.h, gst_event_new_flush_stop (TRUE)); /* of the key: the audio goes on waiting */
			g_usleep (20000);
			ck_assert (!g_atomic_int_get (&p.done));
			gst_harness_push_event (t.h, gst_event_new_flush_start ());
		} else {
			gst_element_set_state (t.e, GST_STATE_NULL);
		}
		g_thread_join (thread);
		ck_assert_int_eq (p.ret, way < BY_FLUSH ? GST_FLOW_OK : GST_FLOW_FLUSHING);
		if (way < BY_FLUSH)
			ck_assert_int_eq (gst_harness_buffers_received (t.h), 10);
		if (way != BY_RELEASE)
			gst_harness_teardown (k.h);
		close_test (&t);
	}
	g_free (x);
}
END_TEST

/* A key more than a second ahead waits for the audio. */
START_TEST (a_waiting_key_can_be_woken)
{
	enum { BY_AUDIO, BY_AUDIO_EOS, BY_FLUSH, BY_STATE, BY_RELEASE, WAYS };
	double *x = noise (&STEREO, 3 * 48000, 0.5, 3);
	for (int way = 0; way < WAYS; way++) {
		Test t = open_test ("mastercomp", "threshold=-60:ratio=8", &STEREO), k = open_key (&t);
		Push p = { .t = &k, .x = x, .frames = 3 * 48000, .size = 4800 };
		GThread *thread = g_thread_new ("key", push_in_thread, &p);
		while (g_atomic_int_get (&p.pushed) <= 48000)
			g_usleep (1000);
		g_usleep (50000);
		ck_assert (!g_atomic_int_get (&p.done));
		if (way == BY_AUDIO)
			push_all (&t, x, 3 * 48000, 480);
		else if (way == BY_AUDIO_EOS)
			eos (&t);
		else if (way == BY_FLUSH)
			gst_harness_push_event (k.h, gst_event_new_flush_start ());
		else if (way == BY_STATE)
			gst_element_set_state (t.e, GST_STATE_NULL);
		else
			gst_harness_teardown (k.h);
		g_thread_join (thread);
		ck_assert_int_eq (p.ret, way == BY_AUDIO || way == BY_AUDIO_EOS ? GST_FLOW_OK : GST_FLOW_FLUSHING);
		if (way != BY_RELEASE)
			gst_harness_teardown (k.h);
		close_test (&t);
	}
	g_free (x);
}
END_TEST

/* By a clock that stands still: a live audio waits for its key until it is due and the time beyond that the latency contains, then goes on without. */
START_TEST (a_live_key_has_time_to_come)
{
	double *x = noise (&STEREO, 960, 0.5, 3);
	Test t = open_test ("mastercomp", "threshold=-60:ratio=8:attack=0.1:release=5", &STEREO), k = open_key (&t);
	gst_harness_set_live (t.h, TRUE);
	gst_harness_set_live (k.h, TRUE);
	gst_harness_set_upstream_latency (t.h, 10 * GST_MSECOND);
	gst_harness_set_upstream_latency (k.h, 10 * GST_MSECOND);
	gst_harness_use_testclock (t.h);
	for (int i = 0; i < 2; i++) {
		GstClockTime due = (GstClockTime) i * 10 * GST_MSECOND + gst_harness_query_latency (t.h);
		Push p = { .t = &t, .x = x, .frames = 480, .size = 480 };
		gst_harness_set_time (t.h, due - GST_MSECOND);
		GThread *thread = g_thread_new ("audio", push_in_thread, &p);
		g_usleep (100000);
		ck_assert (!g_atomic_int_get (&p.done));
		if (i == 0)
			push (&k, x, 480);
		else
			gst_harness_set_time (t.h, due + GST_MSECOND);
		g_thread_join (thread);
		ck_assert_int_eq (p.ret, GST_FLOW_OK);
	}
	Got g = pull (&t);
	ck_assert_int_eq (g.frames, 960);
	ck_assert (fabs (at (&g, 900)) < 0.1 * fabs (x[900])); /* ducked, and then on its way back */
	ck_assert (fabs (at (&g, 1900)) > 1.05 * fabs (x[1900] * at (&g, 900) / x[900]));
	drop (&g);
	gst_harness_teardown (k.h);
	close_test (&t);
	g_free (x);
}
END_TEST

START_TEST (latency_is_that_of_the_later_peer)
{
	Test t = open_test ("mastercomp", "lookahead=5", &STEREO), k = open_key (&t);
	gst_harness_set_live (k.h, TRUE);
	gst_harness_set_upstream_latency (t.h, 30 * GST_MSECOND);
	gst_harness_set_upstream_latency (k.h, 70 * GST_MSECOND);
	ck_assert (gst_harness_query_latency (t.h) == 85 * GST_MSECOND); /* with the time in which a live key may come */
	gst_harness_teardown (k.h);
	ck_assert (gst_harness_query_latency (t.h) == 35 * GST_MSECOND);
	close_test (&t);
}
END_TEST

int
main (int argc, char **argv)
{
	gst_init (&argc, &argv);
	Suite *s = suite_create ("gst-keylife");
	TCase *t = tcase_create ("keylife");
	tcase_set_timeout (t, 60);
	tcase_add_test (t, pipelines_duck);
	tcase_add_test (t, a_tee_without_queues_does_not_hang);
	tcase_add_test (t, a_queue_before_the_key_alone_is_told);
	tcase_add_test (t, a_branch_may_join_the_tee);
	tcase_add_test (t, a_key_of_another_rate_is_an_error_that_says_what_is_allowed);
	tcase_add_test (t, a_failing_key_leaves_the_audio_alone);
	tcase_add_test (t, a_live_key_that_never_comes_holds_nothing_up);
	tcase_add_test (t, flushing_seeks_keep_the_key_beside_the_audio);
	tcase_add_test (t, a_waiting_audio_can_be_woken);
	tcase_add_test (t, a_waiting_key_can_be_woken);
	tcase_add_test (t, a_live_key_has_time_to_come);
	tcase_add_test (t, latency_is_that_of_the_later_peer);
	suite_add_tcase (s, t);
	return run_tap (s);
}
