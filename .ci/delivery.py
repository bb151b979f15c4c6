#!/usr/bin/env python3
"""Publish a test alert through a local AWS's SNS and see what each kind of subscriber is given.

usage: .venv/sam/bin/python .ci/delivery.py      (`.ci/run` makes the environments)

`vpclink test-alert` publishes as the function does. A queue and an HTTP endpoint must each be given their own body, and a
queue behind a filter policy the alert that fits it and no other, for each attribute.
"""
import json
import os
import queue
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

from local_aws import REGION, ROOT, check, local_aws, say

VPCLINK = ROOT / "target/debug/vpclink"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


class Subscriber(BaseHTTPRequestHandler):
    """An HTTP endpoint that keeps what it is given."""
    given = queue.Queue()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.given.put(body)

    def log_message(self, *_):
        pass


def build():
    """Builds the program as the tests do: `cargo build` would compile AWS's SDK once more, without their features."""
    subprocess.run(["cargo", "test", "--quiet", "--locked", "--no-run", "--test", "it"], cwd=ROOT, check=True, timeout=1800)


def publish(aws, topic):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ran = subprocess.run([VPCLINK, "test-alert", "--topic", topic], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                         env=kept | CREDENTIALS | {"AWS_ENDPOINT_URL": aws}, timeout=60)
    check(ran.returncode == 0, f"vpclink test-alert ended with {ran.returncode}")
    say(ran.stdout.splitlines()[0])


class Inboxes:
    """Queues of a topic of their own."""

    def __init__(self, aws):
        self.sqs = boto3.client("sqs", endpoint_url=aws, region_name=REGION, aws_access_key_id="test",
                                aws_secret_access_key="test")
        self.sns = boto3.client("sns", endpoint_url=aws, region_name=REGION, aws_access_key_id="test",
                                aws_secret_access_key="test")
        self.topic = self.sns.create_topic(Name="alerts")["TopicArn"]

    def add(self, name, policy=None):
        """A queue that is subscribed, behind a filter policy perhaps."""
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return url

    def received(self, url, seconds):
        messages = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


def main():
    build()
    with local_aws() as aws:
        inboxes = Inboxes(aws)
        everything = inboxes.add("everything")
        server = ThreadingHTTPServer(("127.0.0.1", 0), Subscriber)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        inboxes.sns.subscribe(TopicArn=inboxes.topic, Protocol="http",
                              Endpoint=f"http://127.0.0.1:{server.server_port}/alerts")
        asked = Subscriber.given.get(timeout=20)
        check(asked["Type"] == "SubscriptionConfirmation", asked)
        inboxes.sns.confirm_subscription(TopicArn=inboxes.topic, Token=asked["Token"])

        publish(aws, inboxes.topic)
        [first] = inboxes.received(everything, 20)
        machine = json.loads(first["Message"])
        check(machine["schema"] == "vpclink-responder/alert/1" and machine["incident"]["status"] == "test", machine)
        attributes = {name: value["Value"] for name, value in first["MessageAttributes"].items()}
        wanted = {"severity", "status", "cause", "api", "stage", "dedup_key", "event_action"}
        check(wanted <= attributes.keys(), f"the attributes are {attributes}")
        check(first["Subject"].startswith("[test/"), first["Subject"])
        say("the queue was given the machine alert")

        over_http = Subscriber.given.get(timeout=20)
        check(over_http["Message"].startswith("TEST of vpclink-responder's alerts"), over_http)
        check(over_http["Subject"] == first["Subject"], over_http["Subject"])
        say("the HTTP endpoint was given the plain text")

        behind = {}
        for name, value in attributes.items():
            behind[name] = (inboxes.add(f"fits-{name}", {name: [value]}), inboxes.add(f"other-{name}", {name: ["other"]}))
        publish(aws, inboxes.topic)
        for name, (fits, other) in behind.items():
            check(len(inboxes.received(fits, 20)) == 1, f"a filter for {name}={attributes[name]} keeps the alert back")
            check(not inboxes.received(other, 1), f"a filter for another {name} lets the alert through")
        say(f"filter policies work on {', '.join(sorted(behind))}")
        server.shutdown()


if __name__ == "__main__":
    main()
