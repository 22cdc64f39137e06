/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Every `interval` of output time the READOUT rows are read: the properties show the newest reading, and with post-messages each goes to the bus.
 * All of it belongs to the streaming thread. */
#ifndef MDYNGST_METER_H
#define MDYNGST_METER_H

#include "element.h"

/* How many of n frames may be processed before a reading is due; at least 1. */
gsize mdyngst_meter_until (MdynElement *self, gsize n);

/* After each stretch of frames: reads if due. */
void mdyngst_meter_advance (MdynElement *self);

/* The time of the stream ends: reads what the last interval has, then starts anew. */
void mdyngst_meter_end (MdynElement *self);
#endif
