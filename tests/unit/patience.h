/* SPDX-License-Identifier: ISC */
/*
 * patience.h - how long a test waits for something that must come, on the slowest machine. It
 * promises nothing about speed.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#define PATIENT_MS 600000

#endif
