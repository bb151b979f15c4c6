"""An AWS on this machine: ministack, an emulator that runs functions as processes of its own, and SAM pointed at it."""
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent
SAM = Path(sys.executable).parent
MINISTACK = ROOT / ".venv/ministack/bin/ministack"
REGION = "eu-west-1"
STARTED = time.monotonic()


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f}s {text}", flush=True)


def check(true, failure):
    if not true:
        raise AssertionError(failure)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def local_aws(port=None, **environment):
    """Runs ministack on loopback with a clean environment, in a folder that goes with it; yields its URL.

    Functions inherit that environment. Its AWS_ENDPOINT_URL is how they find the emulator, so that the template needs no
    variable for tests.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ministack-") as home:
        environment |= {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "AWS_ENDPOINT_URL": url,
                        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
        log = open(Path(home) / "ministack.log", "w+")
        server = subprocess.Popen([MINISTACK], env=environment, cwd=home, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, start_new_session=True)
        try:
            deadline = time.monotonic() + 60
            while not answers(f"{url}/_ministack/ready"):
                check(server.poll() is None and time.monotonic() < deadline, "ministack did not start")
                time.sleep(0.1)
            yield url
        except BaseException:
            log.seek(0)
            print("--- the end of ministack's log", log.read()[-6000:], sep="\n", flush=True)
            raise
        finally:
            # Its session, so that no function outlives it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=2).status == 200
    except OSError:
        return False


def client(service, url):
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test")


def sam(*arguments, **environment):
    """Runs SAM without the user's AWS settings. RUSTUP names no program: cargo-lambda then takes the toolchain as it is,
    where it would ask rustup for `stable` and fetch it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_CLI_"))}
    command = [SAM / "sam", *arguments]
    say("sam " + shlex.join(arguments))
    done = subprocess.run(command, cwd=ROOT, text=True, timeout=2400, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=kept | environment | {
        "PATH": f"{SAM}:{os.environ['PATH']}", "RUSTUP": "none", "SAM_CLI_TELEMETRY": "0",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    if done.returncode:  # what it says is of interest only then
        print(done.stdout, flush=True)
    check(done.returncode == 0, f"sam {arguments[0]} failed")
    return done.stdout
