#!/bin/sh
# SPDX-License-Identifier: ISC
# signin.sh - signs in from a shell: sh signin.sh URL KEYFILE prints 'walletAddress token', where auth = wallet. KEYFILE is an
# ed25519 key in PEM; it is made if it is not there. Needs curl, awk, and openssl 3 for the key and the signature.
set -eu

[ $# = 2 ] || { echo "usage: $0 URL KEYFILE" >&2; exit 2; }
url=$1 key=$2

work=$(mktemp -d "${TMPDIR:-/tmp}/escrowchat-signin.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM HUP
umask 077

# Hex digits in, base58 out: the number divided by 58 until nothing is left; each leading zero byte is a '1'.
base58() {
	awk '{
		alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
		n = length($0) / 2
		for (i = 1; i <= n; i++)
			byte[i] = 16 * (index("0123456789abcdef", substr($0, 2 * i - 1, 1)) - 1) + index("0123456789abcdef", substr($0, 2 * i, 1)) - 1
		for (zeros = 0; zeros < n && byte[zeros + 1] == 0; zeros++)
			;
		for (first = zeros + 1; first <= n;) {
			rest = 0
			for (i = first; i <= n; i++) {
				rest = rest * 256 + byte[i]
				byte[i] = int(rest / 58)
				rest %= 58
			}
			text = substr(alphabet, rest + 1, 1) text
			while (first <= n && byte[first] == 0)
				first++
		}
		while (zeros-- > 0)
			text = "1" text
		print text
	}'
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
	echo
}

post() {
	curl -fsS "$url/api/auth/$1" -H 'Content-Type: application/json' -d "$2"
}

# The string of a member, as it stands in the JSON.
member() {
	sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

[ -e "$key" ] || openssl genpkey -algorithm ed25519 -out "$key"
wallet=$(openssl pkey -in "$key" -pubout -outform DER | tail -c 32 | hex | base58)
message=$(post challenge "{\"walletAddress\":\"$wallet\"}" | member message)
[ -n "$message" ] || { echo 'there is no challenge' >&2; exit 1; }
printf '%b' "$message" >"$work/text"
openssl pkeyutl -sign -rawin -inkey "$key" -in "$work/text" -out "$work/signature"
signature=$(hex <"$work/signature" | base58)
token=$(post verify "{\"walletAddress\":\"$wallet\",\"message\":\"$message\",\"signature\":\"$signature\"}" | member token)
[ -n "$token" ] || { echo 'there is no token' >&2; exit 1; }
echo "$wallet $token"
