#!/bin/sh
# The prober and a real JVM with Apache's client, which API Gateway's texts come from, on the same servers: they must agree.
# The servers are those of the tests, and OpenSSL's for what rustls can neither serve nor finish.
# Needs a JDK from 17 on, Debian's libhttpasyncclient-java and OpenSSL 3; without a JDK it says so and succeeds.
# usage: .ci/jvm.sh > table.md
set -eu
cd "$(dirname "$0")/.."
jars=/usr/share/java
if ! command -v javac >/dev/null || [ ! -e "$jars/httpasyncclient.jar" ]; then
    echo "no JDK with httpasyncclient: the prober was not compared" >&2
    exit 0
fi
path="$jars/httpasyncclient.jar:$jars/httpclient.jar:$jars/httpcore.jar:$jars/httpcore-nio.jar:$jars/commons-logging.jar"
work=$(mktemp -d)
servers=
trap 'kill $servers 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/classes"
javac -cp "$path" -d "$work/classes" tests/jvm/Client.java
cargo build --quiet --locked --no-default-features --features probe --example probe_zoo

days="-days 30"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/root.key" -out "$work/root.pem" -subj "/CN=Zoo OpenSSL Root" $days \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
# key NAME ARGUMENTS-OF-GENPKEY…: a key, and its certificate.
key() {
    name=$1
    shift
    openssl genpkey "$@" -out "$work/$name.key" 2>/dev/null
    openssl req -new -key "$work/$name.key" -subj /CN=orders.zoo.test -out "$work/$name.csr"
    printf 'subjectAltName=DNS:orders.zoo.test\nbasicConstraints=CA:FALSE\n' >"$work/ext"
    openssl x509 -req -in "$work/$name.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial $days \
        -extfile "$work/ext" -out "$work/$name.pem" 2>/dev/null
}
port=24430
# serve NAME KEY ARGUMENTS-OF-S_SERVER…
serve() {
    name=$1 key=$2
    shift 2
    port=$((port + 1))
    openssl s_server -accept "127.0.0.1:$port" -cert "$work/$key.pem" -key "$work/$key.key" -www -quiet "$@" \
        >/dev/null 2>&1 &
    servers="$servers $!"
    echo "openssl-$name $port" >>"$work/also"
}
key rsa -algorithm RSA
key rsa1024 -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key pss -algorithm RSA-PSS
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
key secp256k1 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
key ed25519 -algorithm ED25519
key ed448 -algorithm ED448
serve healthy rsa
serve cbc rsa -tls1_2 -cipher ECDHE-RSA-AES128-SHA
serve rsa-exchange rsa -tls1_2 -cipher AES128-GCM-SHA256
serve dhe rsa -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
serve rc4-like rsa -tls1_2 -cipher CAMELLIA128-SHA
serve rsa-1024 rsa1024 -cipher DEFAULT:@SECLEVEL=0
serve pss pss
serve p521 p521
serve p521-exchange rsa -groups P-521
serve secp256k1 secp256k1 -tls1_2
serve ed25519 ed25519
serve ed448 ed448
serve tls1.1 rsa -tls1_1 -cipher DEFAULT:@SECLEVEL=0
serve tls1.0 rsa -tls1 -cipher DEFAULT:@SECLEVEL=0
serve wants-client-1.2 rsa -tls1_2 -verify 1
serve wants-client-1.3 rsa -tls1_3 -verify 1
serve needs-client-1.2 rsa -tls1_2 -Verify 1
serve needs-client-1.3 rsa -tls1_3 -Verify 1
serve refuses-name p256 -servername other.zoo.test -servername_fatal -cert2 "$work/rsa.pem" -key2 "$work/rsa.key"
serve cbc-needs-client rsa -tls1_2 -cipher ECDHE-RSA-AES128-SHA -Verify 1
sleep 1
target/debug/examples/probe_zoo --also "$work/also" "$work/root.pem" \
    --jvm java -Dorg.apache.commons.logging.Log=org.apache.commons.logging.impl.NoOpLog -cp "$path:$work/classes" Client
