/* SPDX-License-Identifier: ISC */
/*
 * floor.c - linked with every object of one floor and the archives of lower floors: that it links is the test.
 */
int
main(void)
{
	return 0;
}
