/* SPDX-License-Identifier: ISC */
/*
 * patience.h - how long a test waits for what must come, on the slowest machine. Nothing is promised by it.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#define PATIENT_MS 600000

#endif
