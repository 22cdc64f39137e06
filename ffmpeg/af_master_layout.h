/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* FFmpeg's channels as the core's positions. A channel without a loudspeaker (ambisonic, unknown) is UNKNOWN. */
#ifndef AVFILTER_AF_MASTER_LAYOUT_H
#define AVFILTER_AF_MASTER_LAYOUT_H

#include <mdyn/mdyn.h>

#include "af_master_compat.h"

static mdyn_position
master_position (enum AVChannel channel)
{
	switch (channel) {
	case AV_CHAN_FRONT_LEFT:
	case AV_CHAN_STEREO_LEFT: /* of a downmix: the same loudspeaker */
		return MDYN_POS_FL;
	case AV_CHAN_FRONT_RIGHT:
	case AV_CHAN_STEREO_RIGHT:
		return MDYN_POS_FR;
	case AV_CHAN_FRONT_CENTER:
		return MDYN_POS_FC;
	case AV_CHAN_LOW_FREQUENCY:
		return MDYN_POS_LFE;
	case AV_CHAN_LOW_FREQUENCY_2:
		return MDYN_POS_LFE2;
	case AV_CHAN_BACK_LEFT:
		return MDYN_POS_BL;
	case AV_CHAN_BACK_RIGHT:
		return MDYN_POS_BR;
	case AV_CHAN_BACK_CENTER:
		return MDYN_POS_BC;
	case AV_CHAN_FRONT_LEFT_OF_CENTER:
		return MDYN_POS_FLC;
	case AV_CHAN_FRONT_RIGHT_OF_CENTER:
		return MDYN_POS_FRC;
	case AV_CHAN_SIDE_LEFT:
		return MDYN_POS_SL;
	case AV_CHAN_SIDE_RIGHT:
		return MDYN_POS_SR;
	case AV_CHAN_SURROUND_DIRECT_LEFT:
		return MDYN_POS_LS;
	case AV_CHAN_SURROUND_DIRECT_RIGHT:
		return MDYN_POS_RS;
	case AV_CHAN_WIDE_LEFT:
		return MDYN_POS_WL;
	case AV_CHAN_WIDE_RIGHT:
		return MDYN_POS_WR;
	case AV_CHAN_TOP_CENTER:
		return MDYN_POS_TC;
	case AV_CHAN_TOP_FRONT_LEFT:
		return MDYN_POS_TFL;
	case AV_CHAN_TOP_FRONT_CENTER:
		return MDYN_POS_TFC;
	case AV_CHAN_TOP_FRONT_RIGHT:
		return MDYN_POS_TFR;
	case AV_CHAN_TOP_BACK_LEFT:
		return MDYN_POS_TBL;
	case AV_CHAN_TOP_BACK_CENTER:
		return MDYN_POS_TBC;
	case AV_CHAN_TOP_BACK_RIGHT:
		return MDYN_POS_TBR;
	case AV_CHAN_TOP_SIDE_LEFT:
		return MDYN_POS_TSL;
	case AV_CHAN_TOP_SIDE_RIGHT:
		return MDYN_POS_TSR;
	case AV_CHAN_BOTTOM_FRONT_LEFT:
		return MDYN_POS_BFL;
	case AV_CHAN_BOTTOM_FRONT_RIGHT:
		return MDYN_POS_BFR;
	case AV_CHAN_BOTTOM_FRONT_CENTER:
		return MDYN_POS_BFC;
#if MASTER_HAS_SIDE_SURROUND
	case AV_CHAN_SIDE_SURROUND_LEFT: /* FFmpeg names 90 degrees for it */
		return MDYN_POS_SL;
	case AV_CHAN_SIDE_SURROUND_RIGHT:
		return MDYN_POS_SR;
	case AV_CHAN_TOP_SURROUND_LEFT:
		return MDYN_POS_TSL;
	case AV_CHAN_TOP_SURROUND_RIGHT:
		return MDYN_POS_TSR;
#endif
#if MASTER_HAS_BINAURAL
	case AV_CHAN_BINAURAL_LEFT:
		return MDYN_POS_FL;
	case AV_CHAN_BINAURAL_RIGHT:
		return MDYN_POS_FR;
#endif
	default:
		return MDYN_POS_UNKNOWN;
	}
}

#endif
