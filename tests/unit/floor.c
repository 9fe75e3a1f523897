/* SPDX-License-Identifier: ISC */
/*
 * floor.c - is linked with every object of one floor and the archives of lower floors. The test is
 * that the link succeeds.
 */
int
main(void)
{
	return 0;
}
