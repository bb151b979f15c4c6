#!/bin/sh
# The prober and a real JVM with Apache's client, which API Gateway's texts come from, on the same servers: they must agree.
# Needs a JDK from 17 on and Debian's libhttpasyncclient-java; without them it says so and succeeds.
# usage: .ci/jvm.sh [> table.md]
set -eu
cd "$(dirname "$0")/.."
jars=/usr/share/java
if ! command -v javac >/dev/null || [ ! -e "$jars/httpasyncclient.jar" ]; then
    echo "no JDK with httpasyncclient: the prober was not compared" >&2
    exit 0
fi
path="$jars/httpasyncclient.jar:$jars/httpclient.jar:$jars/httpcore.jar:$jars/httpcore-nio.jar:$jars/commons-logging.jar"
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac -cp "$path" -d "$classes" tests/jvm/Client.java
cargo run --quiet --locked --no-default-features --features probe --example probe_zoo -- \
    --jvm java -Dorg.apache.commons.logging.Log=org.apache.commons.logging.impl.NoOpLog -cp "$path:$classes" Client
