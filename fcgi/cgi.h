/* SPDX-License-Identifier: ISC */
/*
 * cgi.h - plain CGI (RFC 3875): one request from environment and descriptor 0, one answer to
 * descriptor 1.
 */
#ifndef FCGI_CGI_H
#define FCGI_CGI_H

#include "fcgi/routes.h"

/* Answers the request in env. A rest without a store answers 503 where it needs one. False: the answer is not whole. */
bool cgi_answer(struct rest *, char *const *env);

/* The answer when not even the configuration is good: 503, without a word about why. */
void cgi_unavailable(void);

#endif
