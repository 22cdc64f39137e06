/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: mdyn contributors */

/* Runs a suite, printing TAP. */
#ifndef TAP_H
#define TAP_H

#include <check.h>
#include <stdlib.h>

static inline int
run_tap (Suite *suite)
{
	SRunner *runner = srunner_create (suite);
	srunner_set_tap (runner, "-");
	srunner_run_all (runner, CK_SILENT);
	int failed = srunner_ntests_failed (runner);
	srunner_free (runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#endif
