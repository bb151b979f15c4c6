#!/usr/bin/env python3
"""Deploy the real stack into an AWS on this machine, break a request, print the alert, mend it, print the resolved.

usage: ./demo [--build|--built]      (--build ends there, --built deploys what it left; ./demo makes the environments)

Two AWSs answer the functions. What is deployed lives in ministack; what they read about the broken path comes from the
tests' own AWS (examples/account.rs), since no emulator knows a VPC link or an unhealthy target.
"""
import base64
import collections
import contextlib
import gzip
import http.client
import http.server
import io
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
import zipfile

from local_aws import REGION, ROOT, check, client, free_port, local_aws, sam, say

STACK = "vpclink-responder"
API = "a1b2c3d4e5"
GROUP = f"API-Gateway-Execution-Logs_{API}/prod"
LATER_GROUP = f"API-Gateway-Execution-Logs_{API}/later"
HTTP_API = "h1b2c3d4e5"
ACCESS_GROUP = "/aws/apigateway/web"
FAILURE = (ROOT / "tests/logs/integration-unreachable/orders.log").read_text()
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
NEWEST_GLIBC = (2, 34)  # what Amazon Linux 2023 has
LARGEST_ZIP = 10_000_000
READ_ELSEWHERE = ["ACM", "API_GATEWAY", "APIGATEWAYV2", "CLOUDWATCH", "EC2", "ELASTIC_LOAD_BALANCING_V2", "IAM"]
# The alarm over a query: ministack knows alarms over one metric only, and refuses the whole stack.
UNKNOWN_TO_MINISTACK = ["DeliveryErrors"]
# They refuse plain HTTP, which is all that ministack speaks; with IAM enforced it obeys them.
REFUSE_MINISTACK = ["AlertTopicPolicy", "FailureQueuePolicy", "OpsTopicPolicy"]
COUNTED = ["CLOUDWATCH_LOGS", "DYNAMODB", "SNS"]


def build():
    began = time.monotonic()
    said = sam("build", "--parameter-overrides", f"Architecture={ARCHITECTURE}")
    say(f"built in {time.monotonic() - began:.0f} s")
    check(said.count("Building codeuri") == 1, f"one executable is built more than once:\n{said}")
    for function in ["Responder", "Caretaker"]:
        bootstrap = (ROOT / f".aws-sam/build/{function}/bootstrap").read_bytes()
        asked = max(tuple(map(int, version.split(b"."))) for version in re.findall(rb"GLIBC_(\d+\.\d+)", bootstrap))
        check(asked <= NEWEST_GLIBC, f"{function} asks for glibc {asked}, Lambda has {NEWEST_GLIBC}")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bootstrap", bootstrap)
        size = len(packed.getvalue())
        # Built to be quick to build, it is no size that ships.
        ships = os.environ.get("SAM_BUILD_MODE") != "debug"
        check(size <= LARGEST_ZIP or not ships, f"{function} is {size} bytes zipped, its budget is {LARGEST_ZIP}")
        say(f"{function}: {len(bootstrap) / 1e6:.1f} MB, {size / 1e6:.1f} MB zipped, glibc {asked[0]}.{asked[1]}")


def deployable():
    """The built template, less what ministack does not know, and what would refuse it."""
    built = ROOT / ".aws-sam/build/template.yaml"
    text = built.read_text()
    for resource in UNKNOWN_TO_MINISTACK + REFUSE_MINISTACK:
        text, found = re.subn(rf"(?m)^  {resource}:\n(?:(?:    .*)?\n)+", "", text)
        check(found == 1, f"`{resource}` is not in the built template")
    built.with_name("demo.yaml").write_text(text)
    return str(built.with_name("demo.yaml"))


class Account:
    """The account whose path is read."""

    def __init__(self):
        command = ["cargo", "run", "--quiet", "--locked", "--no-default-features", "--example", "account"]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().strip()
        check(self.url.startswith("http://127.0.0.1:"), "the account did not start")

    def do(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def calls(self):
        return json.loads(self.do("calls"))

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serving(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def counter(port, counts):
    """Passes calls on to ministack and counts them: what a bill would be made of."""
    class Counter(Quiet):
        def do_POST(self):
            body = self.body()
            target = self.headers.get("x-amz-target", "")
            counts[target.split(".")[-1] or urllib.parse.parse_qs(body.decode()).get("Action", ["?"])[0]] += 1
            onward = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            onward.request("POST", self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "connection"})
            answer = onward.getresponse()
            content = answer.read()
            kept = [(k, v) for k, v in answer.getheaders()
                    if k.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server")]
            self.answer(answer.status, content, kept)
            onward.close()

    return Counter


def reader(aws, mail):
    """A person's mailbox: what SNS sends to a subscriber that has no body of its own is what the e-mail says."""
    class Reader(Quiet):
        def do_POST(self):
            note = json.loads(self.body())
            self.answer(200)
            if note["Type"] == "SubscriptionConfirmation":
                sns = client("sns", aws)
                confirm = lambda: sns.confirm_subscription(TopicArn=note["TopicArn"], Token=note["Token"])
                threading.Thread(target=confirm, daemon=True).start()
            else:
                mail.append(f"Subject: {note.get('Subject')}\n\n{note['Message']}")

    return Reader


def with_new_ids():
    """The saved failure's lines, each request under an id of its own."""
    text = FAILURE
    for known in sorted(set(re.findall(r"^\((\S+)\)", FAILURE, re.M))):
        text = text.replace(known, str(uuid.uuid4()))
    return text


class World:
    """Both AWSs, the deployed stack, and an inbox."""

    def __init__(self, account, aws, counts):
        self.account, self.aws, self.counts = account, aws, counts
        for name in ["cloudformation", "dynamodb", "events", "iam", "lambda", "logs", "sns", "sqs"]:
            setattr(self, name.replace("lambda", "functions"), client(name, aws))
        self.out = {}

    def make_groups(self, *names):
        for name in names:
            self.logs.create_log_group(logGroupName=name)

    def deploy(self, **parameters):
        given = {"Architecture": ARCHITECTURE, "AlertEmail": "oncall@example.com", **parameters}
        sam("deploy", "--config-file", str(ROOT / "samconfig.toml"), "--template-file", deployable(), "--no-confirm-changeset", "--no-progressbar", "--parameter-overrides",
            " ".join(f"{name}={value}" for name, value in given.items()), AWS_ENDPOINT_URL=self.aws)
        stack = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.out = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        # The demo says when a minute, or a quarter of an hour, is over.
        for rule in self.events.list_rules()["Rules"]:
            check(rule["Name"].startswith(STACK), f"a rule that is not ours: {rule}")
            self.events.disable_rule(Name=rule["Name"])

    def subscribe_inbox(self):
        """A queue subscribed to the topic, as a pager would have it."""
        self.inbox = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]}
        self.sqs.set_queue_attributes(QueueUrl=self.inbox, Attributes={"Policy": json.dumps(allow)})
        self.sns.subscribe(TopicArn=self.out["AlertTopicArn"], Protocol="sqs", Endpoint=arn)

    def burst(self, requests=12):
        """Writes failing requests' lines as API Gateway does. The saved file holds two failing requests and a good one."""
        stream, lines = uuid.uuid4().hex, []
        for _ in range(requests // 2):
            lines += with_new_ids().splitlines()
        now = int(time.time() * 1000)
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        self.logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[
            {"timestamp": now, "message": line} for line in lines])

    def access_lines(self, requests=12):
        """Writes access lines of an HTTP API whose backend was not reached, in the format of its stage, and of one that was."""
        now = int(time.time() * 1000)
        at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        line = lambda answer: f'203.0.113.7 [{at}] "ANY /orders" {answer} {uuid.uuid4().hex[:15]}='
        lines = [line("503 -") for _ in range(requests)] + [line("200 200")]
        stream = uuid.uuid4().hex
        self.logs.create_log_stream(logGroupName=ACCESS_GROUP, logStreamName=stream)
        self.logs.put_log_events(logGroupName=ACCESS_GROUP, logStreamName=stream, logEvents=[
            {"timestamp": now, "message": line} for line in lines])

    def received(self, queue, seconds, enough=None):
        """The messages that come in the given time, or as soon as there are enough of them."""
        messages, deadline = [], time.monotonic() + seconds
        while time.monotonic() < deadline and (enough is None or len(messages) < enough):
            found = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in found.get("Messages", []):
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                messages.append(json.loads(message["Body"]))
        return messages

    def one_alert(self, **wanted):
        alerts = self.received(self.inbox, seconds=60, enough=1) + self.received(self.inbox, seconds=3)
        check(len(alerts) == 1, f"{len(alerts)} alerts, not one")
        alert = json.loads(alerts[0]["Message"])
        got = {"status": alert["incident"]["status"], "cause": alert["cause"]["slug"], "api": alert["api"]["id"],
               "verdict": alert["verdict"]["code"]}
        got = {name: got[name] for name in wanted}
        check(got == wanted, f"the alert says {got}, not {wanted}:\n{json.dumps(alert, indent=2)}")
        return alert

    def care(self, event):
        """What the schedule would do within a minute, or a quarter of an hour."""
        answer = self.functions.invoke(FunctionName=self.out["CaretakerName"], Payload=json.dumps(event).encode())
        body = json.loads(answer["Payload"].read())
        check("FunctionError" not in answer, f"the caretaker failed: {body}")
        return body

    def filters(self, group):
        found = self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return sorted(one["filterName"] for one in found)

    def items(self):
        return self.dynamodb.scan(TableName=self.out["IncidentTableName"])["Items"]

    def counted(self):
        """What the functions asked since the last time."""
        asked = {"reads of the path": sum(self.account.calls().values()), **dict(sorted(self.counts.items()))}
        self.counts.clear()
        return asked

    def print_own_logs(self):
        for group in [f"/aws/lambda/{STACK}", f"/aws/lambda/{STACK}-caretaker"]:
            print(f"--- {group}", flush=True)
            with contextlib.suppress(self.logs.exceptions.ResourceNotFoundException):
                for event in self.logs.filter_log_events(logGroupName=group)["events"][-40:]:
                    print(event["message"].rstrip())


@contextlib.contextmanager
def world(**environment):
    port, counts = free_port(), collections.Counter()
    with contextlib.ExitStack() as stack:
        account = stack.enter_context(contextlib.closing(Account()))
        counting = stack.enter_context(serving(counter(port, counts)))
        environment |= {f"AWS_ENDPOINT_URL_{service}": account.url for service in READ_ELSEWHERE}
        environment |= {f"AWS_ENDPOINT_URL_{service}": counting for service in COUNTED}
        aws = stack.enter_context(local_aws(port, **environment))
        here = World(account, aws, counts)
        try:
            yield here
        except BaseException:
            here.print_own_logs()
            raise


def tell_and_resolve(here):
    here.make_groups(GROUP)
    here.logs.put_subscription_filter(logGroupName=GROUP, filterName="siem", filterPattern="",
                                      destinationArn=f"arn:aws:lambda:{REGION}:000000000000:function:siem")
    here.deploy(ResolveAfter="3s")
    check(here.filters(GROUP) == ["siem", STACK], f"the group's filters are {here.filters(GROUP)}")
    say("deployed; the execution-log group is subscribed beside another program's filter")
    here.subscribe_inbox()
    mail = []
    with serving(reader(here.aws, mail)) as url:
        here.sns.subscribe(TopicArn=here.out["AlertTopicArn"], Protocol="http", Endpoint=url)
        time.sleep(1)  # until it is confirmed
        here.counted()

        say("the backend breaks: both targets fail their health check, 12 requests fail")
        here.account.do("break")
        here.burst()
        here.one_alert(status="open", cause="integration-unreachable", api=API, verdict="targets-unhealthy")
        print_mail(mail)
        say(f"one alert; it took {json.dumps(here.counted())}")

        here.burst()
        again = here.received(here.inbox, seconds=5)
        check(not again, f"the same failure raised a second alert: {again}")
        say(f"12 more failures, no second alert; they took {json.dumps(here.counted())}")

        here.account.do("repair")
        time.sleep(4)
        here.counted()
        here.care({"only": "incidents"})
        here.one_alert(status="resolved", cause="integration-unreachable")
        print_mail(mail)
        say(f"mended, and resolved; it took {json.dumps(here.counted())}")
        here.care({"only": "incidents"})
        say(f"a minute without anything takes {json.dumps(here.counted())}")
        tell_of_an_http_api(here, mail)
        here.counted()
    answer = here.care({})
    say(f"a round over the log groups takes {json.dumps(here.counted())}: {json.dumps(answer)}")


def tell_of_an_http_api(here, mail):
    """It writes no execution log: its access log is found, subscribed and read in the stage's own format."""
    here.make_groups(ACCESS_GROUP)
    here.account.do("http")
    here.care({})
    check(here.filters(ACCESS_GROUP) == [STACK], f"the access log's filters are {here.filters(ACCESS_GROUP)}")
    say("an HTTP API that came later: its access log is subscribed by the next round")
    here.account.do("idle")
    here.access_lines()
    alert = here.one_alert(status="open", cause="integration-unreachable", api=HTTP_API, verdict="vpc-link-inactive")
    got = alert["source"], alert["failed"], alert["api"]["kind"], alert["api"]["stage"]
    check(got == ("access-log", 12, "http", "$default"), f"the alert is of {got}")
    print_mail(mail)
    say("its VPC link went to sleep: 12 access lines, one alert")
    here.account.do("wake")
    time.sleep(4)
    here.care({"only": "incidents"})
    here.one_alert(status="resolved", cause="integration-unreachable", api=HTTP_API)
    print_mail(mail)
    here.account.do("no-http")
    here.care({})
    check(here.filters(ACCESS_GROUP) == [], "the API is gone, and the filter on its access log is not")
    say("the link is awake, and the alert resolved; with the API goes the filter on its access log")


def print_mail(mail):
    deadline = time.monotonic() + 10
    while not mail and time.monotonic() < deadline:
        time.sleep(0.1)
    check(mail, "the mailbox is empty")
    print("\n".join("    | " + line for line in mail.pop().splitlines()), flush=True)


def keep_and_run_again(here):
    """A new group, a batch that cannot be read, one that can, an upgrade, the redrive."""
    here.make_groups(LATER_GROUP)
    answer = here.care({})
    check(here.filters(LATER_GROUP) == [STACK], f"a new group was not subscribed: {answer}")
    say("a log group that came later is subscribed by the next round")

    here.functions.invoke(FunctionName=here.out["FunctionName"], InvocationType="Event",
                          Payload=b'{"awslogs": {"data": "bm90IGd6aXA="}}')
    here.received(here.inbox, seconds=30, enough=1)  # the alert that says so
    kept = here.received(here.out["FailureQueueUrl"], seconds=60, enough=1)
    check(len(kept) == 1 and "bm90IGd6aXA=" in json.dumps(kept), f"the failure queue holds {kept}")
    say("a batch that cannot be read raises an alert, and is kept in the failure queue")

    here.account.do("break")
    before = here.items()
    time.sleep(16)  # a container believes what it read for 15 seconds
    here.deploy(ResolveAfter="3s")
    check(here.items() == before and before, "the upgrade changed the incident table's contents")
    largest = max(len(json.dumps(item, default=repr)) for item in before)
    say(f"upgraded; the incident table still holds its {len(before)} items (the largest {largest} bytes as JSON)")
    here.sqs.send_message(QueueUrl=here.out["FailureQueueUrl"], MessageBody=json.dumps(kept_batch()))
    here.functions.update_event_source_mapping(UUID=here.out["FailureQueueRedrive"], Enabled=True)
    here.one_alert(status="regressed", cause="integration-unreachable")
    deadline, left = time.monotonic() + 30, None
    while left != "0" and time.monotonic() < deadline:
        asked = here.sqs.get_queue_attributes(QueueUrl=here.out["FailureQueueUrl"], AttributeNames=["All"])["Attributes"]
        left = str(int(asked["ApproximateNumberOfMessages"]) + int(asked["ApproximateNumberOfMessagesNotVisible"]))
        time.sleep(0.5)
    check(left == "0", f"{left} messages are left in the failure queue")
    say("with the redrive enabled a batch from the failure queue raised its alert, and the queue is empty")


def kept_batch():
    """What Lambda leaves in the failure queue when a function failed for good."""
    now = int(time.time() * 1000)
    lines = [{"id": str(n), "timestamp": now, "message": line} for n, line in enumerate(with_new_ids().splitlines())]
    document = {"messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": GROUP, "logStream": "redriven",
                "subscriptionFilters": [STACK], "logEvents": lines}
    data = base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()
    return {"version": "1.0", "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": {"awslogs": {"data": data}}}


def come_off(here):
    sam("delete", "--stack-name", STACK, "--no-prompts", "--region", REGION, AWS_ENDPOINT_URL=here.aws)
    check(here.filters(GROUP) == ["siem"] and here.filters(LATER_GROUP) == [],
          f"filters were left behind: {here.filters(GROUP)}, {here.filters(LATER_GROUP)}")
    left = [one["FunctionName"] for one in here.functions.list_functions()["Functions"]]
    check(not left, f"functions were left behind: {left}")
    say("removed; no filter is left but the other program's")


def questions():
    """Every action that the responder's questions need, with a resource to try it on; from docs/permissions.md, which a
    test holds to the code."""
    table = (ROOT / "docs/permissions.md").read_text().split("## The caretaker")[0]
    resource = {"apigateway": f"arn:aws:apigateway:{REGION}::/restapis/{API}/stages/prod",
                "acm": f"arn:aws:acm:{REGION}:000000000000:certificate/x",
                "iam": "arn:aws:iam::000000000000:server-certificate/x",
                "lambda": f"arn:aws:lambda:{REGION}:000000000000:function:vpclink-prober-vpc-0aa11bb22cc33dd44",
                "logs": f"arn:aws:logs:{REGION}:000000000000:log-group:{GROUP}"}
    return {action: resource.get(action.split(":")[0], "*") for action in re.findall(r"^\| `(\S+?)`", table, re.M)}


def denied_by_the_role(here):
    """What the responder's role, as deployed, does not allow; the account that is read denies the same."""
    role = here.functions.get_function_configuration(FunctionName=here.out["FunctionName"])["Role"]
    denied = []
    for action, resource in questions().items():
        said = here.iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource])
        if said["EvaluationResults"][0]["EvalDecision"] != "allowed":
            denied.append(action)
    here.account.do("deny", *denied)
    return denied


def stay_within_the_roles(here):
    here.make_groups(GROUP)
    here.deploy(ResolveAfter="20s")
    check(here.filters(GROUP) == [STACK], "the caretaker's role does not let it subscribe")
    denied = denied_by_the_role(here)
    check(not denied, f"the responder's role denies what its questions need: {denied}")
    here.subscribe_inbox()
    here.account.do("break")
    here.burst()
    alert = here.one_alert(status="open", verdict="targets-unhealthy")
    withheld = [one for one in alert["not_checked"] if one["why"] == "access denied"]
    check(not withheld, f"the roles withhold {withheld}")
    answer = here.care({})
    check(answer["failed"] == 0 and answer["watched"] == 1, f"the caretaker's role withholds something: {answer}")
    check(not [spot for spot in answer["blind"] if spot["kind"] == "not-read"], f"the caretaker could not read: {answer}")
    say("with the roles enforced: subscribed, read, counted, alerted; nothing was denied")

    here.account.do("repair")
    time.sleep(22)
    here.care({"only": "incidents"})
    here.one_alert(status="resolved")
    action = "elasticloadbalancing:DescribeTargetHealth"
    withdraw(here, action)
    check(denied_by_the_role(here) == [action], "the role was not changed")
    here.account.do("break")
    time.sleep(16)  # a container believes what it read for 15 seconds
    here.burst()
    alert = here.one_alert(status="regressed")
    withheld = [one["action"] for one in alert["not_checked"] if one["why"] == "access denied"]
    check(withheld == [action], f"without {action} the alert says {alert['not_checked']}")
    say(f"without {action} the alert still comes, and says: not checked, access denied ({alert['verdict']['tier']})")
    sam("delete", "--stack-name", STACK, "--no-prompts", "--region", REGION, AWS_ENDPOINT_URL=here.aws)
    check(here.filters(GROUP) == [], "the caretaker's role does not let it remove its filter")


def withdraw(here, action):
    """Takes an action out of the policy that the roles read with."""
    role = here.functions.get_function_configuration(FunctionName=here.out["FunctionName"])["Role"].split("/")[-1]
    for attached in here.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        policy = here.iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
        version = here.iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        document = version["PolicyVersion"]["Document"]
        statements = [one for one in document["Statement"] if action in one["Action"]]
        for statement in statements:
            statement["Action"].remove(action)
        if statements:
            here.iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=json.dumps(document), SetAsDefault=True)
            return
    raise AssertionError(f"no policy of {role} allows {action}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # an exception, so that all is stopped that was started
    os.environ.setdefault("CARGO_TERM_COLOR", "never")
    if sys.argv[1:] != ["--built"]:
        build()
    if sys.argv[1:] == ["--build"]:
        return
    with world() as here:
        tell_and_resolve(here)
        keep_and_run_again(here)
        come_off(here)
    say("once more, with IAM enforced")
    with world(AUTH="true") as here:
        stay_within_the_roles(here)
    say("all of it worked")


if __name__ == "__main__":
    main()
