#!/usr/bin/env python3
"""Run the store's tests against a DynamoDB of another make: ministack, on loopback.

usage: .venv/sam/bin/python .ci/stores.py      (`.ci/run` makes the environments)
"""
import os
import subprocess

import boto3

from local_aws import REGION, ROOT, local_aws, say

TABLE = "incidents"


def main():
    with local_aws() as url:
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
        dynamodb = boto3.client("dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                                aws_secret_access_key="test")
        dynamodb.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST",
                              KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                              AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        say("the store's tests on a table of ministack's")
        subprocess.run(["cargo", "test", "--locked", "--features", "emulated", "--test", "stores"], cwd=ROOT, check=True,
                       timeout=1200, env=kept | credentials | {"AWS_ENDPOINT_URL": url, "TABLE": TABLE})


if __name__ == "__main__":
    main()
