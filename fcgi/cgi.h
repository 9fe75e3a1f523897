/* SPDX-License-Identifier: ISC */
/*
 * cgi.h - plain CGI (RFC 3875): reads one request from the environment and descriptor 0, and writes
 * one answer to descriptor 1.
 */
#ifndef FCGI_CGI_H
#define FCGI_CGI_H

#include "fcgi/routes.h"

/* Answers the request in env. Without a store, a route that needs one answers 503. False: the
 * answer was not written completely. */
bool cgi_answer(struct rest_worker *, char *const *env);

/* Answers 503 without a reason: for when the configuration is bad. */
void cgi_unavailable(void);

#endif
