/* SPDX-License-Identifier: ISC */
/* fuzz_wallet.c - any bytes as an address, and as a signature of both kinds of keys. */
#include "identity/wallet.h"
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct span text = {(const char *)in, n}, rest = text, first = span_cut(&rest, '\n');
	struct recover *r = recover_new();
	struct wallet w;
	wallet_read(&w, first);
	wallet_check(&w, r, SPAN("text"), rest.p ? rest : first);
	wallet_read(&w, SPAN("0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"));
	wallet_check(&w, r, SPAN("text"), text);
	wallet_read(&w, SPAN("FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z"));
	wallet_check(&w, r, text, text);
	recover_free(r);
	return 0;
}
