// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: mdyn contributors
#include "header.c"
