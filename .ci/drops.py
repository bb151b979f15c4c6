#!/usr/bin/env python3
"""The prober among packets that get lost, which no test on loopback can bring about.

Two network namespaces, joined by a cable: one is the prober's, the other a router with a server on it. The router drops
packets for one network without a word, refuses those for another, and loses the answers from one address of the server.
usage: .ci/drops.py      (as root, on Linux, with iproute2)
"""
import contextlib
import json
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEAR, FAR = f"prober-{os.getpid()}", f"router-{os.getpid()}"
SERVER = """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("", 8080), Answer)
print("ready", flush=True)
server.serve_forever()
"""
# Where the prober connects, what TCP has to come to, and HTTP.
EXPECTED = {
    "10.99.0.2:8080": ("connected", "valid"),
    "10.99.0.2:8081": ("refused", "not-tried"),
    # No answer at all, as behind a security group.
    "10.98.1.10:8080": ("timeout", "not-tried"),
    # The router says that there is no way, as a missing route does.
    "10.98.2.10:8080": ("unreachable", "not-tried"),
    # The packet arrives and its answer is lost, as behind a network ACL.
    "10.97.0.1:8080": ("timeout", "not-tried"),
}


def run(command):
    subprocess.run(command.split(), check=True)


@contextlib.contextmanager
def cabled():
    made = []
    try:
        for name in [NEAR, FAR]:
            run(f"ip netns add {name}")
            made.append(name)
            run(f"ip -n {name} link set lo up")
        run(f"ip -n {NEAR} link add near type veth peer name far netns {FAR}")
        for name, link, address in [(NEAR, "near", "10.99.0.1/24"), (FAR, "far", "10.99.0.2/24")]:
            run(f"ip -n {name} address add {address} dev {link}")
            run(f"ip -n {name} link set {link} up")
        run(f"ip -n {NEAR} route add default via 10.99.0.2")
        run(f"ip netns exec {FAR} sysctl --quiet --write net.ipv4.ip_forward=1")
        run(f"ip -n {FAR} route add blackhole 10.98.1.0/24")
        run(f"ip -n {FAR} route add unreachable 10.98.2.0/24")
        run(f"ip -n {FAR} address add 10.97.0.1/32 dev lo")
        run(f"ip -n {FAR} rule add from 10.97.0.1 lookup 100")
        run(f"ip -n {FAR} route add blackhole default table 100")
        yield
    finally:
        for name in made:
            run(f"ip netns delete {name}")


def main():
    # As the tests build it: `cargo build` would compile AWS's SDK once more, without their features.
    subprocess.run(["cargo", "test", "--quiet", "--locked", "--no-run", "--test", "it"], cwd=ROOT, check=True)
    with cabled():
        served = ["ip", "netns", "exec", FAR, sys.executable, "-c", SERVER]
        server = subprocess.Popen(served, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout.readline() == "ready\n", "the server did not start"
            began = time.monotonic()
            probe = ["ip", "netns", "exec", NEAR, f"{ROOT}/target/debug/vpclink", "probe", *EXPECTED]
            probed = subprocess.run([*probe, "--http", "/", "--format", "json"], capture_output=True, text=True)
            took = time.monotonic() - began
        finally:
            server.kill()
            server.wait()
    facts = [json.loads(line) for line in probed.stdout.splitlines()]
    found = {fact["address"]: (fact["tcp"], fact["http"]["result"]) for fact in facts}
    if found != EXPECTED:
        sys.exit(f"expected {EXPECTED}\nfound {found}\n{probed.stderr}")
    accepted = {fact["address"]: fact["accepted"]["strict"] for fact in facts}
    wrong = {address: said for address, said in accepted.items() if said is not (address == "10.99.0.2:8080")}
    if wrong:
        sys.exit(f"accepted: {wrong}")
    print(f"{len(found)} addresses as expected in {took:.1f} s")


main()
