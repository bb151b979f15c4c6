#!/usr/bin/env python3
"""Run the store's tests against a DynamoDB of another make: ministack, on loopback; as it is, and as a busy table answers.

usage: .venv/sam/bin/python .ci/stores.py      (`.ci/run` makes the environments)
"""
import contextlib
import http.server
import itertools
import json
import os
import subprocess
import threading
import urllib.error
import urllib.request

import boto3

from local_aws import REGION, ROOT, check, local_aws, say

TABLES = ["incidents", "busy"]

# Of so many requests one is throttled. The SDK asks again up to twice, and each time waits a second at most.
ONE_OF = 80

# Of a batch, a busy table reads so many items and names the others.
READ_AT_ONCE = 25

# No item is larger than 4 kB, so that no write costs more units.
MOST_UNITS = 4

THROTTLED = {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
             "message": "The level of configured provisioned throughput for the table was exceeded."}


@contextlib.contextmanager
def busy(behind):
    """A table that throttles some requests and reads only a part of a large batch; yields its URL, what it did, and what each
    write cost.

    <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
    <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    """
    did = {"passed on": 0, "throttled": 0, "read in part": 0}
    units = []
    requests = itertools.count(1)
    lock = threading.Lock()

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].split(".")[-1]
            with lock:
                throttle = next(requests) % ONE_OF == 0
                did["throttled" if throttle else "passed on"] += 1
            if throttle:
                return self.answer(400, json.dumps(THROTTLED).encode())
            left = None
            if operation == "BatchGetItem":
                body, left = halved(body)
            writes = operation in ("DeleteItem", "PutItem", "UpdateItem")
            if writes:
                body = json.dumps(json.loads(body) | {"ReturnConsumedCapacity": "TOTAL"}).encode()
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
            try:
                with urllib.request.urlopen(urllib.request.Request(behind, body, headers)) as answer:
                    status, told = answer.status, answer.read()
            except urllib.error.HTTPError as refused:
                status, told = refused.code, refused.read()
            if writes and status == 200:
                units.append(json.loads(told)["ConsumedCapacity"]["CapacityUnits"])
            if left and status == 200:
                did["read in part"] += 1
                told = json.dumps(json.loads(told) | {"UnprocessedKeys": left}).encode()
            return self.answer(status, told)

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", did, units
        server.shutdown()


def halved(body):
    """What is read now of a batch, and the keys that are left."""
    asked = json.loads(body)
    [(table, wanted)] = asked["RequestItems"].items()
    later = wanted["Keys"][READ_AT_ONCE:]
    asked["RequestItems"] = {table: wanted | {"Keys": wanted["Keys"][:READ_AT_ONCE]}}
    return json.dumps(asked).encode(), {table: wanted | {"Keys": later}} if later else None


def run(url, table):
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    subprocess.run(["cargo", "test", "--locked", "--test", "stores", "--", "--nocapture"],
                   cwd=ROOT, check=True, timeout=1200,
                   env=kept | credentials | {"AWS_ENDPOINT_URL": url, "TABLE": table})


def main():
    with local_aws() as url:
        dynamodb = boto3.client("dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                                aws_secret_access_key="test")
        for table in TABLES:
            dynamodb.create_table(TableName=table, BillingMode="PAY_PER_REQUEST",
                                  KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                                  AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        say("the store's tests on a table of ministack's")
        run(url, TABLES[0])
        say("again on a table that is busy")
        with busy(url) as (proxy, did, units):
            run(proxy, TABLES[1])
        say(f"{did}")
        check(did["throttled"] > 20 and did["read in part"] > 3, "the table was not busy")
        say(f"{len(units)} writes cost {sum(units):.0f} write units, at most {max(units):.0f} each")
        check(len(units) > 500 and max(units) <= MOST_UNITS, "a write costs too much, or few were seen")


if __name__ == "__main__":
    main()
