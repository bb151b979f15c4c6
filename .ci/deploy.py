#!/usr/bin/env python3
"""Deploy the real stack into a local AWS, break a request, and see that exactly one alert comes out.

usage: .venv/sam/bin/python .ci/deploy.py      (`.ci/run` makes the environments)

`sam build` compiles the function as it is deployed, `sam deploy` puts template.yaml into ministack, an AWS emulator
that starts the function as a process of its own. Then the failing request's log lines are written twice.
"""
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent
SAM = Path(sys.executable).parent
MINISTACK = ROOT / ".venv/ministack/bin/ministack"

REGION = "eu-west-1"
STACK = "vpclink-responder"
API, STAGE = "a1b2c3d4e5", "prod"
LOG_GROUP = f"API-Gateway-Execution-Logs_{API}/{STAGE}"
ANOTHER_LOG_GROUP = f"API-Gateway-Execution-Logs_{API}/dev"
NEWEST_GLIBC = (2, 34)  # what Amazon Linux 2023 has
STARTED = time.monotonic()

FAILING_REQUEST = """\
Starting execution for request: {id}
HTTP Method: GET, Resource Path: /orders
Endpoint request URI: https://orders.internal.example:8443/orders
Sending request to https://orders.internal.example:8443/orders
Execution failed due to configuration error: There was an internal error while executing your request
Method completed with status: 500"""


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f}s {text}", flush=True)


def check(true, failure):
    if not true:
        raise AssertionError(failure)


@contextlib.contextmanager
def local_aws():
    """Runs ministack on loopback with a clean environment, in a folder that goes with it; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ministack-") as home:
        # Functions inherit this environment; its AWS_ENDPOINT_URL is how they find the emulator, so that the template
        # needs no variable for tests.
        environment = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "AWS_ENDPOINT_URL": url,
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
            print("--- the end of ministack's log", log.read()[-4000:], sep="\n", flush=True)
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


def sam(*arguments, **environment):
    """Runs SAM with nobody's AWS settings. RUSTUP names no program: cargo-lambda then takes the toolchain as it is,
    where it would ask rustup for `stable` and fetch it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_CLI_"))}
    command = [SAM / "sam", *arguments]
    say("sam " + shlex.join(arguments))
    subprocess.run(command, cwd=ROOT, check=True, timeout=1800, stdin=subprocess.DEVNULL, env=kept | environment | {
        "PATH": f"{SAM}:{os.environ['PATH']}", "RUSTUP": "none", "SAM_CLI_TELEMETRY": "0",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})


def build():
    sam("build", "--parameter-overrides", "Architecture=x86_64")
    bootstrap = (ROOT / ".aws-sam/build/Responder/bootstrap").read_bytes()
    asked = max(tuple(map(int, version.split(b"."))) for version in re.findall(rb"GLIBC_(\d+\.\d+)", bootstrap))
    check(asked <= NEWEST_GLIBC, f"the bootstrap asks for glibc {asked}, Lambda has {NEWEST_GLIBC}")
    say(f"bootstrap: {len(bootstrap) / 1e6:.1f} MB, glibc {asked[0]}.{asked[1]}")


def write_failure(logs, group):
    """Writes the failing request's lines as API Gateway does."""
    now, request, stream = int(time.time() * 1000), str(uuid.uuid4()), uuid.uuid4().hex
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
        {"timestamp": now + at, "message": f"({request}) {line}"}
        for at, line in enumerate(FAILING_REQUEST.format(id=request).splitlines())])


def received(sqs, queue, seconds, enough=None):
    """The messages that come in the given time, or as soon as there are enough of them."""
    messages, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline and (enough is None or len(messages) < enough):
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            messages.append(json.loads(message["Body"]))
    return messages


def inbox(sqs, sns, topic):
    """A queue subscribed to the topic, as an alert's reader would have it."""
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return queue


def check_alert(envelope, stage):
    alert = json.loads(envelope["Message"])
    got = {"schema": alert["schema"], "cause": alert["cause"]["slug"], "api": alert["api"]["id"],
           "stage": alert["api"]["stage"]}
    want = {"schema": "vpclink-responder/alert/1", "cause": "integration-unreachable", "api": API, "stage": stage}
    check(got == want, f"the alert says {got}, not {want}:\n{json.dumps(alert, indent=2)}")


def drive(aws):
    client = {name: boto3.client(name, endpoint_url=aws, region_name=REGION, aws_access_key_id="test",
                                 aws_secret_access_key="test")
              for name in ("cloudformation", "lambda", "logs", "sns", "sqs")}
    logs, sqs = client["logs"], client["sqs"]
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_group(logGroupName=ANOTHER_LOG_GROUP)

    sam("deploy", "--no-confirm-changeset", "--no-progressbar", "--parameter-overrides",
        f"ExecutionLogGroup={LOG_GROUP} Architecture=x86_64 AlertEmail=oncall@example.com", AWS_ENDPOINT_URL=aws)
    stack = client["cloudformation"].describe_stacks(StackName=STACK)["Stacks"][0]
    out = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    say(json.dumps(out, indent=2))
    queue = inbox(sqs, client["sns"], out["AlertTopicArn"])

    try:
        write_failure(logs, LOG_GROUP)
        alerts = received(sqs, queue, seconds=60, enough=1) + received(sqs, queue, seconds=3)
        check(len(alerts) == 1, f"{len(alerts)} alerts for one failure")
        check_alert(alerts[0], STAGE)
        say("one failure, one alert: " + alerts[0].get("Subject", "(no subject)"))

        write_failure(logs, LOG_GROUP)
        again = received(sqs, queue, seconds=8)
        check(not again, f"the same failure was told again: {again}")
        say("the same failure again, no second alert")

        subscribe(logs, out["SubscribeCommand"])
        write_failure(logs, ANOTHER_LOG_GROUP)
        alerts = received(sqs, queue, seconds=60, enough=1)
        check(len(alerts) == 1, "no alert from the group that was subscribed by hand")
        check_alert(alerts[0], "dev")
        say("one more group subscribed with the stack's command, one alert")

        client["lambda"].invoke(FunctionName=out["FunctionName"], InvocationType="Event",
                                Payload=b'{"awslogs": {"data": "bm90IGd6aXA="}}')
        kept = received(sqs, out["FailureQueueUrl"], seconds=60, enough=1)
        check(len(kept) == 1 and "bm90IGd6aXA=" in json.dumps(kept), f"the failure queue holds {kept}")
        say("an undecodable batch was kept in the failure queue")
    except BaseException:
        print("--- the function's own log", flush=True)
        for event in logs.filter_log_events(logGroupName=out["LogGroupName"])["events"]:
            print(event["message"].rstrip())
        raise


def subscribe(logs, command):
    """Does what the stack's output tells its reader to type."""
    words = shlex.split(command.replace("API_ID/STAGE", ANOTHER_LOG_GROUP.split("_")[1]))
    check(words[:3] == ["aws", "logs", "put-subscription-filter"], f"not the expected command: {command}")
    option = dict(zip(words[3::2], words[4::2], strict=True))
    logs.put_subscription_filter(logGroupName=option["--log-group-name"], filterName=option["--filter-name"],
                                 filterPattern=option["--filter-pattern"], destinationArn=option["--destination-arn"])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # an exception, so that ministack is stopped too
    build()
    with local_aws() as url:
        drive(url)
    say("deployed, alerted once, kept what failed")
