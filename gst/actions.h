/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* The events of a class as action signals without arguments. */
#ifndef MDYNGST_ACTIONS_H
#define MDYNGST_ACTIONS_H

#include "element.h"

void mdyngst_actions_install (GObjectClass *klass, const mdyn_class *cls);

/* Another programme begins with the next frame: the event `cue`, for a class that has one. Streaming thread. */
void mdyngst_actions_cue (MdynElement *self);
#endif
