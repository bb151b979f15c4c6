#!/bin/sh
# The prober and a real JVM with Apache's client, which API Gateway's texts come from, on the same servers: they must agree.
# The servers are those of the tests, OpenSSL's for what rustls can neither serve nor finish, and those of nginx, HAProxy,
# OpenSSH and Redis, where they are there.
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
cargo build --quiet --locked --example probe_zoo

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
    echo "openssl-$name $port https" >>"$work/also"
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

# of NAME SCHEME: the next port, of a server that others wrote.
of() {
    port=$((port + 1))
    echo "$1 $port $2" >>"$work/also"
}
# has PROGRAM
has() {
    PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null || { echo "no $1: its servers were not compared" >&2; false; }
}
if has nginx; then
    of nginx-http http && plain=$port
    of nginx-https https && tls=$port
    of nginx-https-needs-client https && mutual=$port
    of nginx-https-port-called-by-http http && wrong=$port
    of nginx-http-port-called-by-https https && reverse=$port
    of nginx-wants-proxy-header http && wants=$port
    cat >"$work/nginx.conf" <<EOF
daemon off; pid $work/nginx.pid; error_log $work/nginx.log;
events {}
http {
    access_log off; client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
    ssl_certificate $work/rsa.pem; ssl_certificate_key $work/rsa.key;
    server { listen 127.0.0.1:$plain; listen 127.0.0.1:$reverse; return 200 ok; }
    server { listen 127.0.0.1:$tls ssl; listen 127.0.0.1:$wrong ssl; return 200 ok; }
    server { listen 127.0.0.1:$mutual ssl; ssl_client_certificate $work/root.pem; ssl_verify_client on; return 200 ok; }
    server { listen 127.0.0.1:$wants proxy_protocol; return 200 ok; }
}
EOF
    PATH="$PATH:/usr/sbin" nginx -c "$work/nginx.conf" 2>/dev/null &
    servers="$servers $!"
fi
if has haproxy; then
    of haproxy-http http && plain=$port
    of haproxy-https https && tls=$port
    of haproxy-wants-proxy-header http && wants=$port
    of haproxy-https-wants-proxy-header https && both=$port
    cat "$work/rsa.pem" "$work/rsa.key" >"$work/both.pem"
    cat >"$work/haproxy.cfg" <<EOF
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend all
    bind 127.0.0.1:$plain
    bind 127.0.0.1:$tls ssl crt $work/both.pem
    bind 127.0.0.1:$wants accept-proxy
    bind 127.0.0.1:$both accept-proxy ssl crt $work/both.pem
    http-request return status 200 content-type text/plain string ok
EOF
    PATH="$PATH:/usr/sbin" haproxy -db -q -f "$work/haproxy.cfg" 2>/dev/null &
    servers="$servers $!"
fi
if has sshd; then
    of openssh http && plain=$port
    of openssh-called-by-https https && tls=$port
    ssh-keygen -q -t ed25519 -N '' -f "$work/host"
    mkdir -p /run/sshd 2>/dev/null || true
    for own in $plain $tls; do
        /usr/sbin/sshd -D -e -f /dev/null -h "$work/host" -o "ListenAddress=127.0.0.1:$own" -o PidFile=none 2>/dev/null &
        servers="$servers $!"
    done
fi
if has redis-server; then
    of redis http && plain=$port
    of redis-called-by-https https && tls=$port
    for own in $plain $tls; do
        redis-server --port "$own" --bind 127.0.0.1 --save '' --dir "$work" >/dev/null 2>&1 &
        servers="$servers $!"
    done
fi
sleep 1
target/debug/examples/probe_zoo --also "$work/also" "$work/root.pem" \
    --jvm java -Dorg.apache.commons.logging.Log=org.apache.commons.logging.impl.NoOpLog -cp "$path:$work/classes" Client
