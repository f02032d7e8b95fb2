#!/usr/bin/env bash
# Signs requests with OpenSSL, as a client would, and writes them down: ./sign.sh >requests.jsonl
set -euo pipefail

date='Sun, 06 Nov 1994 08:49:37 GMT'
secret='the secret of ada'

sign() { # ALGORITHM METHOD TARGET BODY NAMES TEXT
    local signature digest=
    signature=$(printf '%b' "$6" | openssl dgst -"${1#hmac-}" -hmac "$secret" -binary | openssl base64 -A)
    [ -z "$4" ] || digest="SHA-256=$(printf '%s' "$4" | openssl dgst -sha256 -binary | openssl base64 -A)"
    printf '{"algorithm":"%s","method":"%s","target":"%s","body":"%s","digest":"%s","names":"%s","signature":"%s"}\n' \
        "$1" "$2" "$3" "$4" "$digest" "$5" "$signature"
}

for algorithm in hmac-sha256 hmac-sha384 hmac-sha512; do
    sign $algorithm GET '/orders?id=7&x=%20' '' 'date request-line' "date: $date\nGET /orders?id=7&x=%20 HTTP/1.1"
    sign $algorithm GET '/orders' '' 'Date @request-target x-missing host' \
        "Date: $date\n@request-target: get /orders\nx-missing:\nhost: example.com"
    sign $algorithm GET '/orders' '' 'date x-tag' "date: $date\nx-tag: one, two \xe9"
    body='{id: 7}'
    digest="SHA-256=$(printf '%s' "$body" | openssl dgst -sha256 -binary | openssl base64 -A)"
    sign $algorithm POST '/orders' "$body" 'date digest' "date: $date\ndigest: $digest"
done
