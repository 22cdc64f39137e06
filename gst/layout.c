/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */
#include "layout.h"

#define FORMATS GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (F64)

static const struct {
	GstAudioChannelPosition theirs;
	mdyn_position ours;
} positions[] = {
	{ GST_AUDIO_CHANNEL_POSITION_MONO, MDYN_POS_FC },
	{ GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT, MDYN_POS_FL },
	{ GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT, MDYN_POS_FR },
	{ GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER, MDYN_POS_FC },
	{ GST_AUDIO_CHANNEL_POSITION_LFE1, MDYN_POS_LFE },
	{ GST_AUDIO_CHANNEL_POSITION_LFE2, MDYN_POS_LFE2 },
	{ GST_AUDIO_CHANNEL_POSITION_REAR_LEFT, MDYN_POS_BL },
	{ GST_AUDIO_CHANNEL_POSITION_REAR_RIGHT, MDYN_POS_BR },
	{ GST_AUDIO_CHANNEL_POSITION_REAR_CENTER, MDYN_POS_BC },
	{ GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT_OF_CENTER, MDYN_POS_FLC },
	{ GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT_OF_CENTER, MDYN_POS_FRC },
	{ GST_AUDIO_CHANNEL_POSITION_SIDE_LEFT, MDYN_POS_SL },
	{ GST_AUDIO_CHANNEL_POSITION_SIDE_RIGHT, MDYN_POS_SR },
	{ GST_AUDIO_CHANNEL_POSITION_WIDE_LEFT, MDYN_POS_WL },
	{ GST_AUDIO_CHANNEL_POSITION_WIDE_RIGHT, MDYN_POS_WR },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_FRONT_LEFT, MDYN_POS_TFL },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_FRONT_RIGHT, MDYN_POS_TFR },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_FRONT_CENTER, MDYN_POS_TFC },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_CENTER, MDYN_POS_TC },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_REAR_LEFT, MDYN_POS_TBL },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_REAR_RIGHT, MDYN_POS_TBR },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_REAR_CENTER, MDYN_POS_TBC },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_SIDE_LEFT, MDYN_POS_TSL },
	{ GST_AUDIO_CHANNEL_POSITION_TOP_SIDE_RIGHT, MDYN_POS_TSR },
	{ GST_AUDIO_CHANNEL_POSITION_BOTTOM_FRONT_LEFT, MDYN_POS_BFL },
	{ GST_AUDIO_CHANNEL_POSITION_BOTTOM_FRONT_RIGHT, MDYN_POS_BFR },
	{ GST_AUDIO_CHANNEL_POSITION_BOTTOM_FRONT_CENTER, MDYN_POS_BFC },
	{ GST_AUDIO_CHANNEL_POSITION_SURROUND_LEFT, MDYN_POS_LS },
	{ GST_AUDIO_CHANNEL_POSITION_SURROUND_RIGHT, MDYN_POS_RS },
};

GstCaps *
mdyngst_layout_caps (void)
{
	gchar *text = g_strdup_printf ("audio/x-raw, format = (string) { " FORMATS " }, rate = (int) [ %d, %d ], channels = (int) [ 1, %d ], "
	                               "layout = (string) { interleaved, non-interleaved }",
	                               MDYN_RATE_MIN, MDYN_RATE_MAX, MDYN_CHANNELS_MAX);
	GstCaps *caps = gst_caps_from_string (text);
	g_free (text);
	return caps;
}

mdyn_format
mdyngst_layout_format (const GstAudioInfo *info)
{
	mdyn_format f = {
		.sample = GST_AUDIO_INFO_WIDTH (info) == 64 ? MDYN_F64 : MDYN_F32,
		.rate = (unsigned) GST_AUDIO_INFO_RATE (info),
		.channels = (unsigned) GST_AUDIO_INFO_CHANNELS (info),
	};
	for (unsigned c = 0; c < f.channels && c < MDYN_CHANNELS_MAX && !GST_AUDIO_INFO_IS_UNPOSITIONED (info); c++)
		for (gsize i = 0; i < G_N_ELEMENTS (positions); i++)
			if (positions[i].theirs == GST_AUDIO_INFO_POSITION (info, c))
				f.position[c] = positions[i].ours;
	return f;
}

gboolean
mdyngst_layout_why (const mdyn_class *cls, const GstCaps *caps, gchar *why, gsize size)
{
	GstAudioInfo info;
	if (!gst_caps_is_fixed (caps) || !gst_audio_info_from_caps (&info, caps)) {
		g_snprintf (why, size, "%s: no complete raw audio format", cls->name);
	} else if (GST_AUDIO_INFO_FORMAT (&info) != GST_AUDIO_FORMAT_F32 && GST_AUDIO_INFO_FORMAT (&info) != GST_AUDIO_FORMAT_F64) {
		g_snprintf (why, size, "%s: format %s: " FORMATS " are allowed, audioconvert makes them", cls->name,
		            gst_audio_format_to_string (GST_AUDIO_INFO_FORMAT (&info)));
	} else {
		mdyn_format f = mdyngst_layout_format (&info);
		if (mdyn_format_check (cls, &f, why, size) < 0)
			return TRUE;
		g_snprintf (why, size, "%s: the format is allowed, but not by what follows", cls->name);
	}
	return FALSE;
}
