//! What is read beside the path: recorded accounts that differ from a healthy one in one thing, and what is said of them.

use std::time::Duration;

use serde_json::{Value, json};
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::checks::{Assessment, Confidence, Finding, State};
use vpclink_responder::functions::{ReadFrom, explain};

const FAILED: &str = "2026-11-22T14:03:22Z";
const READ: &str = "2026-11-22T14:04:00Z";

const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/orders/0123456789abcdef";
const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/orders/0123456789abcdef/fedcba9876543210";
const GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/orders/1111111111111111";
const ACM: &str = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000001";
const SNI: &str = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000002";
const IAM: &str = "arn:aws:iam::123456789012:server-certificate/internal/orders";

const EXPIRED: &str =
    "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed";
const MISMATCH: &str =
    "Host name 'orders.example.com' does not match the certificate subject provided by the peer (CN=other)";
const UNTRUSTED: &str = "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target";
const HANDSHAKE: &str = "General SSLEngine problem";
const UNREACHABLE: &str = "There was an internal error while executing your request";
const NOT_HTTP: &str = "Not a valid protocol version: xyz";

/// An account with one private route, and the URI that it calls.
struct Case {
    uri: String,
    answers: Vec<(&'static str, String, Value)>,
    /// The line of the failure, whole.
    failure: String,
}

impl Case {
    /// A healthy account whose listener speaks this protocol, and a request that failed with this reason.
    fn new(protocol: &str, reason: &str) -> Self {
        let targets = json!([{"id": "10.0.0.9", "port": 443, "zone": null, "state": "healthy", "reason": null, "description": null}]);
        let mut case = Self {
            uri: "https://orders.example.com/orders".to_owned(),
            answers: Vec::new(),
            failure: format!("Execution failed due to configuration error: {reason}"),
        };
        case.set("apigateway:GetRestApi", "a1b2c3d4e5", json!({"name": "orders"}));
        case.set("apigateway:GetStage", "a1b2c3d4e5/prod", json!({"variables": {}, "canary_overrides": {}}));
        case.integration(None);
        case.set("apigateway:GetVpcLink", "link01", json!({"id": "link01", "name": "orders-link", "generation": 1, "status": "AVAILABLE", "message": null, "targets": [BALANCER]}));
        case.set(
            "ec2:DescribeVpcEndpointServiceConfigurations",
            "",
            json!([{"id": "vpce-svc-1", "state": "Available", "load_balancers": [BALANCER]}]),
        );
        case.set(
            "ec2:DescribeVpcEndpointConnections",
            "vpce-svc-1",
            json!([{"endpoint_id": "vpce-1", "owner": null, "state": "Available"}]),
        );
        case.set(
            "elasticloadbalancing:DescribeLoadBalancers",
            BALANCER,
            json!({"arn": BALANCER, "name": "orders", "kind": "network", "state": "active", "reason": null}),
        );
        case.set("elasticloadbalancing:DescribeListeners", BALANCER, json!([{"arn": LISTENER, "load_balancer": BALANCER, "port": 443, "protocol": protocol, "actions": [{"kind": "forward", "target_groups": [[GROUP, 1]]}]}]));
        case.set(
            "elasticloadbalancing:DescribeTargetGroups",
            BALANCER,
            json!([{"arn": GROUP, "name": "orders", "kind": "ip", "protocol": "TCP", "port": 443}]),
        );
        case.set("elasticloadbalancing:DescribeTargetHealth", GROUP, targets);
        case.set(
            "elasticloadbalancing:DescribeListenerCertificates",
            LISTENER,
            json!([{"arn": ACM, "default": true}]),
        );
        case.acm(ACM, &["orders.example.com"], &json!({}));
        case.set(
            "elasticloadbalancing:DescribeListenerAttributes",
            LISTENER,
            json!({"tcp.idle_timeout.seconds": "350"}),
        );
        case.set(
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            BALANCER,
            json!({"load_balancing.cross_zone.enabled": "true"}),
        );
        case.set(
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            GROUP,
            json!({"proxy_protocol_v2.enabled": "false"}),
        );
        case.metric("TCP_Target_Reset_Count", &[("13:50", 0), ("14:03", 0)]);
        case
    }

    fn set(&mut self, call: &'static str, of: &str, answer: Value) {
        self.answers.retain(|(known, subject, _)| (*known, subject.as_str()) != (call, of));
        self.answers.push((call, of.to_owned(), json!({"answer": answer})));
    }

    fn deny(mut self, call: &'static str) -> Self {
        for (_, _, outcome) in self.answers.iter_mut().filter(|(known, ..)| *known == call) {
            *outcome = json!({"unavailable": "denied"});
        }
        self
    }

    fn integration(&mut self, insecure: Option<bool>) {
        let integration = json!({"kind": "HTTP_PROXY", "uri": self.uri, "private": true, "connection_id": "link01", "target": null, "timeout_ms": 29000, "insecure_skip_verification": insecure});
        let resources = json!([{"path": "/orders", "integrations": {"GET": integration}}]);
        self.set("apigateway:GetResources", "a1b2c3d4e5", resources.clone());
        self.set("apigateway:GetExport", "a1b2c3d4e5/prod", resources);
    }

    fn host(mut self, host: &str) -> Self {
        self.uri = format!("https://{host}/orders");
        self.integration(None);
        self
    }

    /// An issued certificate for these names, with what is different about it.
    fn acm(&mut self, arn: &str, names: &[&str], different: &Value) {
        let mut acm = json!({"kind": "AMAZON_ISSUED", "status": "ISSUED", "names": names, "issuer": "Amazon", "not_before": "2026-08-01T00:00:00Z", "not_after": "2027-08-31T23:59:59Z", "renewal": null, "renewal_reason": null});
        let different = different.as_object().expect("an object");
        acm.as_object_mut().expect("an object").extend(different.clone());
        self.set("acm:DescribeCertificate", arn, acm);
    }

    fn with_acm(mut self, names: &[&str], different: Value) -> Self {
        self.acm(ACM, names, &different);
        self
    }

    /// One of a chain: subject, issuer and names.
    fn x509(subject: &str, issuer: &str, names: &[&str], until: &str) -> Value {
        json!({"subject": subject, "issuer": issuer, "common_name": null, "names": names, "addresses": [], "not_before": "2026-08-01T00:00:00Z", "not_after": until})
    }

    fn with_chain(mut self, chain: Value) -> Self {
        self.set("acm:GetCertificate", ACM, chain);
        self
    }

    fn metric(&mut self, name: &str, minutes: &[(&str, u64)]) {
        let points: Vec<Value> = minutes
            .iter()
            .map(|(at, count)| json!({"at": format!("2026-11-22T{at}:00Z"), "count": count}))
            .collect();
        let series = json!([{"name": name, "target_group": null, "points": points}]);
        self.set("cloudwatch:GetMetricData", &format!("{BALANCER}@2026-11-22T14:03:00Z"), series);
    }

    /// A network whose ACL lets answers back to a part of the ports alone.
    fn holed(&mut self) {
        let balancer = json!({"arn": BALANCER, "name": "orders", "kind": "network", "state": "active", "reason": null, "vpc": "vpc-1", "zones": [{"zone": "a", "subnet": "subnet-1", "addresses": ["10.0.1.5"]}], "security_groups": [], "enforces_inbound": null});
        self.set("elasticloadbalancing:DescribeLoadBalancers", BALANCER, balancer);
        let subnet = |id: &str, cidr: &str| json!({"id": id, "zone": "a", "cidrs": [cidr]});
        let subnets = json!([subnet("subnet-1", "10.0.1.0/24"), subnet("subnet-2", "10.0.0.0/24")]);
        self.set("ec2:DescribeSubnets", "vpc-1", subnets);
        let entry = |egress: bool, ports: (u16, u16)| json!({"number": 100, "egress": egress, "protocol": "6", "allow": true, "cidr": "0.0.0.0/0", "from_port": ports.0, "to_port": ports.1});
        let acls = json!([{"id": "acl-1", "subnets": ["subnet-1", "subnet-2"], "entries": [entry(false, (0, 65535)), entry(true, (0, 60000))]}]);
        self.set("ec2:DescribeNetworkAcls", "vpc-1", acls);
        let interface = |id: &str, subnet: &str, address: &str| json!({"id": id, "subnet": subnet, "addresses": [address], "groups": ["sg-1"]});
        self.set(
            "ec2:DescribeNetworkInterfaces",
            BALANCER,
            json!([interface("eni-1", "subnet-1", "10.0.1.5")]),
        );
        self.set(
            "ec2:DescribeNetworkInterfaces",
            "vpc-1/10.0.0.9",
            json!([interface("eni-2", "subnet-2", "10.0.0.9")]),
        );
        let open = json!({"protocol": "-1", "from_port": null, "to_port": null, "cidrs": ["0.0.0.0/0"], "groups": [], "prefix_lists": []});
        self.set(
            "ec2:DescribeSecurityGroups",
            "sg-1",
            json!([{"id": "sg-1", "name": "app", "ingress": [open.clone()], "egress": [open]}]),
        );
    }

    fn with_metric(mut self, name: &str, minutes: &[(&str, u64)]) -> Self {
        self.metric(name, minutes);
        self
    }

    fn with(mut self, call: &'static str, of: &str, answer: Value) -> Self {
        self.set(call, of, answer);
        self
    }

    fn line(mut self, failure: &str) -> Self {
        failure.clone_into(&mut self.failure);
        self
    }

    fn account(&self) -> RecordedAccount {
        let line = |(call, of, outcome): &(&str, String, Value)| {
            let mut line = json!({"call": call, "of": of, "read_at": READ});
            line.as_object_mut().expect("an object").extend(outcome.as_object().expect("an object").clone());
            line
        };
        let answers: Vec<Value> = self.answers.iter().map(line).collect();
        let text = json!({"format": "vpclink-responder/account/1", "answers": answers}).to_string();
        let account = RecordedAccount::parse(&text).expect("an account");
        // What is written is what was read: every new answer goes through its wire form both ways.
        RecordedAccount::parse(&account.to_text()).expect("the account again")
    }

    fn judgement(&self) -> Assessment {
        let failed: jiff::Timestamp = FAILED.parse().expect("a time");
        let uri = format!("Endpoint request URI: {}", self.uri);
        let lines = [
            "HTTP Method: GET, Resource Path: /orders",
            &uri,
            &self.failure,
            "Method completed with status: 500",
        ];
        let events: Vec<Value> = lines
            .iter()
            .enumerate()
            .map(|(id, line)| {
                json!({"id": id.to_string(), "timestamp": failed.as_millisecond(), "message": format!("(88daf401-6b40-43ef-a54b-0c4e010c4759) {line}")})
            })
            .collect();
        let batch = json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "API-Gateway-Execution-Logs_a1b2c3d4e5/prod", "logStream": "s", "subscriptionFilters": ["f"], "logEvents": events});
        let (account, input) = (self.account(), vec![batch.to_string().into_bytes()]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let reading = ReadFrom { account: &account, budget: Duration::from_secs(5) };
        let explained = runtime.block_on(explain(&input, Some(reading), failed)).expect("it explains");
        let alert = explained.alerts.into_iter().next().expect("one incident");
        alert.judgement
    }

    /// The verdict: its code and how sure it is.
    #[track_caller]
    fn verdict(&self, code: Option<&str>, tier: Confidence) -> Assessment {
        let judgement = self.judgement();
        let slug = judgement.verdict.code.map(|code| code.slug());
        assert_eq!((slug, judgement.verdict.tier), (code, tier), "{:#?}", judgement.verdict.says);
        judgement
    }
}

fn faulty(judgement: &Assessment) -> Vec<&'static str> {
    let faults = judgement.findings.iter().filter(|finding| finding.state == State::Faulty);
    faults.map(|finding| finding.code.slug()).collect()
}

fn find<'a>(judgement: &'a Assessment, slug: &str) -> &'a Finding {
    let found = judgement.findings.iter().find(|finding| finding.code.slug() == slug);
    found.unwrap_or_else(|| panic!("no {slug} in {:#?}", judgement.findings))
}

#[test]
fn a_valid_certificate_contradicts_a_text_that_blames_it() {
    for (text, blamed) in [(EXPIRED, "dates"), (MISMATCH, "name"), (UNTRUSTED, "authority")] {
        let judgement = Case::new("TLS", text).verdict(None, Confidence::Unknown);
        let says = &judgement.verdict.says;
        assert!(says.contains(&format!("the log blames the certificate's {blamed}")), "{says}");
        assert!(
            says.contains("valid since 2026-08-01T00:00:00Z. The certificate at fault was replaced"),
            "{says}"
        );
        assert!(faulty(&judgement).is_empty());
        assert_eq!(find(&judgement, "listener-certificate-valid").state, State::Healthy);
    }
}

#[test]
fn an_expired_certificate_explains_its_own_text_alone() {
    let expired = |text| {
        Case::new("TLS", text).with_acm(
            &["orders.example.com"],
            json!({"not_after": "2026-11-22T14:00:00Z", "status": "EXPIRED"}),
        )
    };
    expired(EXPIRED).verdict(Some("listener-certificate-expired"), Confidence::Confirmed);
    expired(HANDSHAKE).verdict(Some("listener-certificate-expired"), Confidence::Likely);
    let other = expired(MISMATCH).verdict(None, Confidence::Unknown);
    assert!(other.verdict.says.contains("has a different fault"), "{}", other.verdict.says);
    // Certificates log their own text: they never explain an unreachable path, and are listed all the same.
    let path = expired(UNREACHABLE).verdict(None, Confidence::Unknown);
    assert_eq!(faulty(&path), ["listener-certificate-expired"]);
}

#[test]
fn a_certificate_that_ran_out_after_the_failure_did_not_cause_it() {
    Case::new("TLS", EXPIRED)
        .with_acm(&["orders.example.com"], json!({"not_after": "2026-11-22T14:03:40Z"}))
        .verdict(Some("listener-certificate-expired"), Confidence::Likely);
}

#[test]
fn a_certificate_may_not_be_valid_yet() {
    Case::new("TLS", EXPIRED)
        .with_acm(&["orders.example.com"], json!({"not_before": "2026-11-23T00:00:00Z"}))
        .verdict(Some("listener-certificate-not-yet-valid"), Confidence::Confirmed);
}

#[test]
fn a_certificate_for_another_name() {
    let judgement = Case::new("TLS", MISMATCH)
        .with_acm(&["other.example.com", "*.other.example.com"], json!({}))
        .verdict(Some("listener-certificate-name-mismatch"), Confidence::Confirmed);
    let says = &judgement.verdict.says;
    assert!(
        says.contains("covers other.example.com, *.other.example.com, not `orders.example.com`"),
        "{says}"
    );
}

#[test]
fn a_private_authority_is_taken_only_where_the_integration_says_so() {
    let private = |insecure| {
        let mut case = Case::new("TLS", UNTRUSTED)
            .with_acm(&["orders.example.com"], json!({"kind": "PRIVATE", "issuer": "Example Corp"}));
        case.integration(insecure);
        case
    };
    private(None).verdict(Some("listener-certificate-untrusted"), Confidence::Confirmed);
    private(Some(false)).verdict(Some("listener-certificate-untrusted"), Confidence::Confirmed);
    private(Some(true)).verdict(None, Confidence::Unknown);
}

#[test]
fn an_imported_certificate_shows_its_issuer_in_its_own_text() {
    let imported = |text, chain: Value| {
        Case::new("TLS", text)
            .with_acm(&["orders.example.com"], json!({"kind": "IMPORTED", "issuer": "x"}))
            .with_chain(chain)
    };
    let (names, far) = (["orders.example.com"], "2030-01-01T00:00:00Z");
    let own = json!([Case::x509("CN=orders", "CN=orders", &names, far)]);
    imported(UNTRUSTED, own.clone()).verdict(Some("listener-certificate-untrusted"), Confidence::Confirmed);
    // A self-signed certificate is at fault whatever the text is; it explains only its own.
    assert_eq!(faulty(&imported(UNREACHABLE, own).judgement()), ["listener-certificate-untrusted"]);
    let corp = json!([
        Case::x509("CN=orders", "CN=Corp CA", &names, far),
        Case::x509("CN=Corp CA", "CN=Corp CA", &[], far)
    ]);
    imported(UNTRUSTED, corp.clone()).verdict(Some("listener-certificate-untrusted"), Confidence::Likely);
    assert!(faulty(&imported(HANDSHAKE, corp).judgement()).is_empty(), "no text blames the authority");
    let leaf = Case::x509("CN=orders", "CN=R3,O=Let's Encrypt,C=US", &names, far);
    let above = |root: &str| {
        let root = format!("CN={root},O=Internet Security Research Group,C=US");
        Case::x509("CN=R3,O=Let's Encrypt,C=US", &root, &[], far)
    };
    let listed = json!([leaf, above("ISRG Root X1")]);
    imported(UNTRUSTED, listed).verdict(None, Confidence::Unknown);
    for (chain, says) in [
        (json!([leaf]), "without the issuer certificate"),
        (json!([leaf, above("ISRG Root X2")]), "was not on API Gateway's published list"),
        (json!([leaf, above("Own Root")]), "API Gateway must already trust that issuer"),
    ] {
        let found =
            imported(UNTRUSTED, chain).verdict(Some("listener-certificate-untrusted"), Confidence::Likely);
        assert!(found.verdict.says.contains(says), "{}", found.verdict.says);
    }
    let old = json!([
        Case::x509("CN=orders", "CN=Corp CA", &names, far),
        Case::x509("CN=Corp CA", "CN=Corp CA", &[], "2026-11-01T00:00:00Z")
    ]);
    imported(EXPIRED, old).verdict(Some("listener-certificate-expired"), Confidence::Likely);
}

#[test]
fn the_certificate_that_covers_the_host_comes_before_the_default() {
    let sni = |text: &str, names: &[&str], different: Value| {
        let mut case = Case::new("TLS", text).with_acm(&["default.example.com"], json!({})).with(
            "elasticloadbalancing:DescribeListenerCertificates",
            LISTENER,
            json!([{"arn": ACM, "default": true}, {"arn": SNI, "default": false}]),
        );
        case.acm(SNI, names, &different);
        case
    };
    sni(MISMATCH, &["*.example.com"], json!({})).verdict(None, Confidence::Unknown);
    sni(MISMATCH, &["other.example.com"], json!({}))
        .verdict(Some("listener-certificate-name-mismatch"), Confidence::Confirmed);
    // The default is for other hosts; its dates are not this path's.
    sni(EXPIRED, &["orders.example.com"], json!({"not_after": "2026-11-01T00:00:00Z"}))
        .verdict(Some("listener-certificate-expired"), Confidence::Confirmed);
    let mut decoy = sni(EXPIRED, &["orders.example.com"], json!({}));
    decoy.acm(ACM, &["default.example.com"], &json!({"not_after": "2026-11-01T00:00:00Z"}));
    decoy.verdict(None, Confidence::Unknown);
    // A client names no address in its greeting.
    sni(MISMATCH, &["10.0.0.7"], json!({}))
        .host("10.0.0.7")
        .verdict(Some("listener-certificate-name-mismatch"), Confidence::Confirmed);
    // Two cover it, one is old: which one was presented is the load balancer's choice.
    let mut two = sni(EXPIRED, &["orders.example.com"], json!({"not_after": "2026-11-01T00:00:00Z"}));
    two.acm(ACM, &["*.example.com"], &json!({}));
    two.verdict(Some("listener-certificate-expired"), Confidence::Likely);
}

#[test]
fn a_server_certificate_of_iam_is_read_from_its_pem() {
    let iam = |names: &[&str]| {
        Case::new("TLS", MISMATCH)
            .with(
                "elasticloadbalancing:DescribeListenerCertificates",
                LISTENER,
                json!([{"arn": IAM, "default": true}]),
            )
            .with(
                "iam:GetServerCertificate",
                "orders",
                json!([Case::x509("CN=a", "CN=b", names, "2030-01-01T00:00:00Z")]),
            )
    };
    let judgement =
        iam(&["other.test"]).verdict(Some("listener-certificate-name-mismatch"), Confidence::Confirmed);
    assert_eq!(
        find(&judgement, "listener-certificate-name-mismatch").action(),
        Some("iam:GetServerCertificate")
    );
    iam(&["orders.example.com"]).verdict(None, Confidence::Unknown);
}

#[test]
fn a_warning_is_listed_and_explains_nothing() {
    for different in [
        json!({"not_after": "2026-12-10T00:00:00Z"}),
        json!({"renewal": "FAILED", "renewal_reason": "NO_AVAILABLE_CONTACTS"}),
    ] {
        for text in [EXPIRED, HANDSHAKE, UNREACHABLE] {
            let judgement = Case::new("TLS", text)
                .with_acm(&["orders.example.com"], different.clone())
                .verdict(None, Confidence::Unknown);
            assert_eq!(faulty(&judgement), Vec::<&str>::new());
            assert_eq!(find(&judgement, "certificate-expires-soon").state, State::Warning);
            let listener = judgement.path.iter().find(|hop| hop.kind.as_str() == "listener");
            assert_eq!(listener.map(|hop| hop.state), Some(State::Healthy), "a warning breaks no hop");
        }
    }
    assert!(faulty(&Case::new("TLS", HANDSHAKE).judgement()).is_empty());
}

#[test]
fn tls_that_passes_through_is_nobodys_to_see() {
    let judgement = Case::new("TCP", MISMATCH).verdict(None, Confidence::Unknown);
    let finding = find(&judgement, "listener-certificate-name-mismatch");
    assert_eq!((finding.state, finding.action()), (State::Unknown, None));
    let command = finding.remedy.as_ref().and_then(|remedy| remedy.command.as_deref()).expect("a command");
    assert!(command.starts_with("openssl s_client -connect orders.example.com:443"), "{command}");
    let path = Case::new("TCP", UNREACHABLE).judgement();
    // The network's rules are not part of these accounts.
    let mut beside = path.findings.iter().filter(|finding| !finding.code.is_network());
    assert!(beside.all(|finding| finding.state == State::Healthy), "{:#?}", path.findings);
}

#[test]
fn an_http_uri_and_a_plain_listener_have_no_certificate() {
    let mut plain = Case::new("TCP", UNREACHABLE);
    plain.uri = "http://orders.example.com:443/orders".to_owned();
    plain.integration(None);
    let findings = plain.judgement().findings;
    assert!(findings.iter().all(|finding| !finding.code.is_certificate()), "{findings:#?}");
}

#[test]
fn what_is_denied_is_never_a_fault() {
    for (call, protocol, text, slug) in [
        (
            "elasticloadbalancing:DescribeListenerCertificates",
            "TLS",
            MISMATCH,
            "listener-certificate-name-mismatch",
        ),
        ("elasticloadbalancing:DescribeListenerAttributes", "TCP", "", "idle-timeout-mismatch"),
        ("elasticloadbalancing:DescribeTargetGroupAttributes", "TCP", NOT_HTTP, "proxy-protocol-enabled"),
        ("cloudwatch:GetMetricData", "TCP", UNREACHABLE, "target-resets-rising"),
    ] {
        let case = Case::new(protocol, text);
        let case =
            if text.is_empty() { case.line("Execution failed due to an internal error") } else { case };
        let judgement = case.deny(call).verdict(None, Confidence::Unknown);
        let finding = find(&judgement, slug);
        assert_eq!((finding.state, finding.action()), (State::Unknown, Some(call)));
        assert!(faulty(&judgement).is_empty(), "{call}");
        let broken = judgement.path.iter().filter(|hop| hop.state != State::Healthy).count();
        assert_eq!(broken, 0, "{call} leaves every hop as it was read");
    }
}

#[test]
fn one_denied_reading_of_a_certificate_leaves_the_other() {
    let chain = json!([Case::x509("CN=orders", "CN=Amazon", &["other.test"], "2030-01-01T00:00:00Z")]);
    let both = Case::new("TLS", MISMATCH).with_acm(&["other.test"], json!({})).with_chain(chain.clone());
    both.deny("acm:GetCertificate")
        .verdict(Some("listener-certificate-name-mismatch"), Confidence::Confirmed);
    let both = Case::new("TLS", MISMATCH).with_acm(&["other.test"], json!({})).with_chain(chain.clone());
    let judgement = both
        .deny("acm:DescribeCertificate")
        .verdict(Some("listener-certificate-name-mismatch"), Confidence::Confirmed);
    assert_eq!(find(&judgement, "listener-certificate-name-mismatch").action(), Some("acm:GetCertificate"));
    let neither = Case::new("TLS", MISMATCH).with_acm(&["other.test"], json!({})).with_chain(chain);
    let judgement =
        neither.deny("acm:DescribeCertificate").deny("acm:GetCertificate").verdict(None, Confidence::Unknown);
    let finding = find(&judgement, "listener-certificate-name-mismatch");
    assert_eq!((finding.state, finding.action()), (State::Unknown, Some("acm:DescribeCertificate")));
}

#[test]
fn a_denied_certificate_beside_the_one_that_is_shown_is_named() {
    let mut case = Case::new("TLS", MISMATCH).with(
        "elasticloadbalancing:DescribeListenerCertificates",
        LISTENER,
        json!([{"arn": ACM, "default": true}, {"arn": IAM, "default": false}]),
    );
    let orders = Case::x509("CN=a", "CN=b", &["orders.example.com"], "2030-01-01T00:00:00Z");
    case.set("iam:GetServerCertificate", "orders", json!([orders]));
    let judgement = case.deny("acm:DescribeCertificate").verdict(None, Confidence::Unknown);
    assert_eq!(find(&judgement, "listener-certificate-valid").state, State::Healthy);
    assert_eq!(
        find(&judgement, "listener-certificate-name-mismatch").action(),
        Some("acm:DescribeCertificate")
    );
}

#[test]
fn whose_word_a_certificate_is_stays_unknown_where_half_of_it_is_denied() {
    let names = ["orders.example.com"];
    let own = json!([Case::x509("CN=orders", "CN=orders", &names, "2030-01-01T00:00:00Z")]);
    let imported = |text| {
        Case::new("TLS", text)
            .with_acm(&names, json!({"kind": "IMPORTED", "issuer": "Example Corp"}))
            .with_chain(own.clone())
            .deny("acm:GetCertificate")
    };
    let named = |judgement: &Assessment, action: &str| {
        let mut beside = judgement.findings.iter().filter(|finding| !finding.code.is_network());
        let unknown = beside.find(|finding| finding.state == State::Unknown);
        assert_eq!(unknown.and_then(|finding| finding.action()), Some(action));
    };
    named(&imported(HANDSHAKE).verdict(None, Confidence::Unknown), "acm:GetCertificate");
    named(
        &imported(UNTRUSTED).verdict(Some("listener-certificate-untrusted"), Confidence::Likely),
        "acm:GetCertificate",
    );
    let amazon = Case::new("TLS", UNTRUSTED).verdict(None, Confidence::Unknown);
    assert!(amazon.verdict.says.contains("was replaced"), "Amazon's own needs no chain");
    let undescribed = Case::new("TLS", UNTRUSTED)
        .with_chain(json!([Case::x509(
            "CN=orders",
            "CN=Amazon RSA 2048 M02,O=Amazon",
            &names,
            "2030-01-01T00:00:00Z"
        )]))
        .deny("acm:DescribeCertificate");
    named(&undescribed.judgement(), "acm:DescribeCertificate");
    let mut skipped = imported(UNTRUSTED);
    skipped.integration(Some(true));
    assert!(faulty(&skipped.verdict(None, Confidence::Unknown)).is_empty());
}

#[test]
fn an_idle_timeout_that_fits_nobody_else() {
    let idle = |seconds: &str| {
        Case::new("TCP", "").line("Execution failed due to an internal error").with(
            "elasticloadbalancing:DescribeListenerAttributes",
            LISTENER,
            json!({"tcp.idle_timeout.seconds": seconds}),
        )
    };
    idle("60").verdict(Some("idle-timeout-mismatch"), Confidence::Likely);
    idle("6000").verdict(Some("idle-timeout-mismatch"), Confidence::Likely);
    idle("350").verdict(None, Confidence::Unknown);
    idle("310").verdict(None, Confidence::Unknown);
    let other = idle("60").line(&format!("Execution failed due to configuration error: {UNREACHABLE}"));
    assert!(faulty(&other.judgement()).is_empty(), "a setting is no fault beside another text");
}

#[test]
fn proxy_protocol_before_a_backend_that_may_not_expect_it() {
    let proxied = |text| {
        Case::new("TCP", text).with(
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            GROUP,
            json!({"proxy_protocol_v2.enabled": "true"}),
        )
    };
    proxied(NOT_HTTP).verdict(Some("proxy-protocol-enabled"), Confidence::Likely);
    assert!(faulty(&proxied(UNREACHABLE).judgement()).is_empty());
}

#[test]
fn a_count_rises_against_the_hours_before() {
    let reset = |minutes: &[(&str, u64)]| {
        Case::new("TCP", "")
            .line("Execution failed due to an internal error")
            .with_metric("TCP_Target_Reset_Count", minutes)
    };
    let quiet = |counts: &[(&'static str, u64)]| {
        let minutes =
            ["13:40", "13:41", "13:42", "13:43", "13:44", "13:45", "13:46", "13:47", "13:48", "13:49"];
        let before: Vec<(&str, u64)> = minutes.iter().map(|minute| (*minute, 1)).collect();
        reset(&[&before, counts].concat())
    };
    let rose =
        quiet(&[("13:58", 1), ("13:59", 48), ("14:00", 44), ("14:01", 51), ("14:02", 40), ("14:03", 9)]);
    let judgement = rose.verdict(Some("target-resets-rising"), Confidence::Confirmed);
    let says = "target resets rose from at most 1 to 51 a minute at 13:59 UTC, 4 minutes before the failure";
    assert!(judgement.verdict.says.starts_with(says), "{}", judgement.verdict.says);
    // Twice as many is no rise, nor is what was over before the failure.
    quiet(&[("13:59", 5), ("14:02", 9), ("14:03", 9)]).verdict(None, Confidence::Unknown);
    quiet(&[("13:50", 90), ("13:51", 90), ("13:59", 1), ("14:02", 1), ("14:03", 1)])
        .verdict(None, Confidence::Unknown);
    // Little to compare with: it fits, no more.
    reset(&[("13:40", 1), ("13:59", 2), ("14:03", 9)])
        .verdict(Some("target-resets-rising"), Confidence::Likely);
    reset(&[("14:03", 48)]).verdict(Some("target-resets-rising"), Confidence::Likely);
    // Missing minutes are not zero, and are no rise either.
    reset(&[("13:40", 1)]).verdict(None, Confidence::Unknown);
    reset(&[("13:40", 1), ("14:06", 40)]).verdict(None, Confidence::Unknown);
    reset(&[]).verdict(None, Confidence::Unknown);
}

#[test]
fn a_count_that_was_up_all_along_is_set_against_the_day_before() {
    let series = |day: &str, count: u64| {
        let minutes = (0..60).map(|minute| format!("2026-11-{day}T13:{minute:02}:00Z"));
        let failed = (2..4).map(|minute| format!("2026-11-{day}T14:{minute:02}:00Z"));
        let points: Vec<Value> = minutes.chain(failed).map(|at| json!({"at": at, "count": count})).collect();
        json!([{"name": "TCP_Target_Reset_Count", "target_group": null, "points": points}])
    };
    let case = |yesterday: u64| {
        let of = |day: &str| format!("{BALANCER}@2026-11-{day}T14:03:00Z");
        Case::new("TCP", "")
            .line("Execution failed due to an internal error")
            .with("cloudwatch:GetMetricData", &of("22"), series("22", 60))
            .with("cloudwatch:GetMetricData", &of("21"), series("21", yesterday))
    };
    let judgement = case(3).verdict(Some("target-resets-rising"), Confidence::Likely);
    let says = "target resets have been high for over three hours: up to 60 a minute, against at most 3 at that time yesterday";
    assert!(judgement.verdict.says.starts_with(says), "{}", judgement.verdict.says);
    case(40).verdict(None, Confidence::Unknown);
}

#[test]
fn what_was_counted_comes_before_a_hole_of_an_acl() {
    // A hole closes some answer ports; it is known that the counter rose.
    let mut case = Case::new("TCP", "")
        .line("Execution failed due to configuration error: There was an internal error while executing your request")
        .with_metric("TCP_ELB_Reset_Count", &[("13:50", 0), ("14:03", 48)]);
    case.holed();
    let judgement = case.verdict(Some("load-balancer-resets-rising"), Confidence::Likely);
    assert!(faulty(&judgement).contains(&"network-acl-blocks-response"), "{:?}", faulty(&judgement));
}

#[test]
fn each_metric_has_its_code_and_its_texts() {
    let rising = |name, text| Case::new("TLS", text).with_metric(name, &[("13:50", 0), ("14:03", 7)]);
    let likely = |name, text, code| {
        rising(name, text).verdict(Some(code), Confidence::Likely);
    };
    likely("TCP_ELB_Reset_Count", UNREACHABLE, "load-balancer-resets-rising");
    likely("SecurityGroupBlockedFlowCount_Inbound_TCP", UNREACHABLE, "security-group-drops-rising");
    likely("SecurityGroupBlockedFlowCount_Outbound_TCP", UNREACHABLE, "security-group-drops-rising");
    likely("PortAllocationErrorCount", UNREACHABLE, "port-allocation-errors");
    likely("ClientTLSNegotiationErrorCount", HANDSHAKE, "tls-negotiation-errors-rising");
    likely("TargetTLSNegotiationErrorCount", UNREACHABLE, "tls-negotiation-errors-rising");
    likely("TCP_Target_Reset_Count", UNREACHABLE, "target-resets-rising");
    rising("TCP_Target_Reset_Count", NOT_HTTP).verdict(None, Confidence::Unknown);
}

#[test]
fn what_was_counted_comes_after_what_is_configured() {
    let unhealthy = json!([{"id": "10.0.0.9", "port": 443, "zone": null, "state": "unhealthy", "reason": "Target.FailedHealthChecks", "description": null}]);
    let judgement = Case::new("TLS", UNREACHABLE)
        .with_metric("TCP_ELB_Reset_Count", &[("13:50", 0), ("14:03", 7)])
        .with("elasticloadbalancing:DescribeTargetHealth", GROUP, unhealthy)
        .verdict(Some("targets-unhealthy"), Confidence::Confirmed);
    assert_eq!(faulty(&judgement), ["load-balancer-resets-rising", "targets-unhealthy"]);
}

#[test]
fn counted_hosts_stand_in_for_a_denied_reading() {
    let series = json!([{"name": "UnHealthyHostCount", "target_group": GROUP, "points": [{"at": "2026-11-22T14:03:00Z", "count": 2}]}]);
    let key = format!("{BALANCER}@2026-11-22T14:03:00Z");
    let case = || Case::new("TLS", UNREACHABLE).with("cloudwatch:GetMetricData", &key, series.clone());
    let judgement = case()
        .deny("elasticloadbalancing:DescribeTargetHealth")
        .verdict(Some("targets-unhealthy"), Confidence::Likely);
    let unknown =
        judgement.findings.iter().find(|finding| finding.state == State::Unknown).expect("still said");
    assert_eq!(unknown.action(), Some("elasticloadbalancing:DescribeTargetHealth"));
    case().verdict(None, Confidence::Unknown);
}

/// The same account with another draft of the integration.
fn drafted(case: Case, draft: Value) -> Case {
    let mut integration = json!({"kind": "HTTP_PROXY", "uri": case.uri, "private": true, "connection_id": "link01", "target": null, "timeout_ms": 29000, "insecure_skip_verification": null});
    integration.as_object_mut().expect("an object").extend(draft.as_object().expect("an object").clone());
    let resources = json!([{"path": "/orders", "integrations": {"GET": integration}}]);
    case.with("apigateway:GetResources", "a1b2c3d4e5", resources)
}

#[test]
fn a_draft_that_says_the_same_in_other_words_is_no_change() {
    let variables =
        json!({"variables": {"link": "link01", "host": "orders.example.com"}, "canary_overrides": {}});
    for draft in [
        json!({"uri": "https://orders.example.com:443/orders"}),
        json!({"uri": "HTTPS://Orders.Example.com/v2/orders"}),
        json!({"uri": "https://${stageVariables.host}/orders"}),
        json!({"connection_id": "${stageVariables.link}"}),
    ] {
        let case = drafted(Case::new("TLS", UNREACHABLE), draft.clone());
        let case = case.with("apigateway:GetStage", "a1b2c3d4e5/prod", variables.clone());
        assert_eq!(faulty(&case.judgement()), Vec::<&str>::new(), "{draft}");
    }
    for draft in [
        json!({"uri": "https://orders.example.com:8443/orders"}),
        json!({"uri": "https://${stageVariables.link}/orders"}),
        json!({"connection_id": "${stageVariables.host}"}),
    ] {
        let case = drafted(Case::new("TLS", UNREACHABLE), draft.clone());
        let case = case.with("apigateway:GetStage", "a1b2c3d4e5/prod", variables.clone());
        assert_eq!(faulty(&case.judgement()), ["integration-not-deployed"], "{draft}");
    }
}

#[test]
fn what_only_the_draft_names_is_never_a_sure_fault() {
    let failed = json!({"id": "draft9", "name": "draft", "generation": 1, "status": "FAILED", "message": null, "targets": [BALANCER]});
    let case = || {
        let case = drafted(Case::new("TLS", UNREACHABLE), json!({"connection_id": "draft9"}));
        case.with("apigateway:GetVpcLink", "draft9", failed.clone())
    };
    // Requests run over what is deployed.
    case().verdict(Some("integration-not-deployed"), Confidence::Likely);
    // Where that can't be read, the draft's link may or may not be theirs.
    case().deny("apigateway:GetExport").verdict(Some("vpc-link-failed"), Confidence::Likely);
}

#[test]
fn a_route_that_is_gone_since_did_not_fail_a_request_that_called_its_endpoint() {
    let gone = json!([{"path": "/billing", "integrations": {}}]);
    let case = Case::new("TLS", UNREACHABLE).with("apigateway:GetResources", "a1b2c3d4e5", gone.clone());
    let judgement =
        case.with("apigateway:GetExport", "a1b2c3d4e5/prod", gone).verdict(None, Confidence::Unknown);
    let says = &find(&judgement, "integration-missing").says;
    assert!(
        says.contains("when the request failed, its integration called https://orders.example.com:443"),
        "{says}"
    );
}

#[test]
fn a_link_of_the_other_generation_is_not_called_healthy() {
    let mut case = Case::new("TLS", UNREACHABLE);
    for call in ["apigateway:GetResources", "apigateway:GetExport"] {
        let integration = json!({"kind": "HTTP_PROXY", "uri": case.uri, "private": true, "connection_id": "link01", "target": LISTENER, "timeout_ms": 29000, "insecure_skip_verification": null});
        let of = if call.ends_with("Export") { "a1b2c3d4e5/prod" } else { "a1b2c3d4e5" };
        case.set(call, of, json!([{"path": "/orders", "integrations": {"GET": integration}}]));
    }
    case.answers.push(("apigatewayv2:GetVpcLink", "link01".to_owned(), json!({"absent": true})));
    let judgement = case.judgement();
    assert!(faulty(&judgement).is_empty(), "{:?}", faulty(&judgement));
    let link = judgement.path.iter().find(|hop| hop.kind.as_str() == "vpc-link").expect("the link");
    assert_eq!(link.state, State::Unknown);
    assert!(find(&judgement, "vpc-link-failed").says.contains("it is a V1 link"));
}

/// An application load balancer whose listener has these rules before its default; `dead` has no target.
fn ruled(rules: &[(Value, &str)]) -> Case {
    let balancer =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/orders/0123456789abcdef";
    let listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/orders/0123456789abcdef/fedcba9876543210";
    let dead = GROUP.replace("/orders/", "/dead/");
    let mut case = Case::new("TLS", UNREACHABLE);
    for (call, of) in [("apigateway:GetResources", "a1b2c3d4e5"), ("apigateway:GetExport", "a1b2c3d4e5/prod")]
    {
        let integration = json!({"kind": "HTTP_PROXY", "uri": case.uri, "private": true, "connection_id": "link01", "target": listener, "timeout_ms": 29000, "insecure_skip_verification": null, "http_method": "ANY", "headers": {"x-tenant": "blue", "x-client": null}});
        case.set(call, of, json!([{"path": "/orders", "integrations": {"GET": integration}}]));
    }
    let link = json!({"id": "link01", "name": "orders-link", "generation": 2, "status": "AVAILABLE", "message": null, "targets": [], "subnets": ["subnet-9"], "security_groups": ["sg-9"]});
    case.set("apigateway:GetVpcLink", "link01", link.clone());
    case.set("apigatewayv2:GetVpcLink", "link01", link);
    case.set(
        "ec2:DescribeNetworkInterfaces",
        "subnet-9",
        json!([{"id": "eni-9", "subnet": "subnet-9", "addresses": ["10.0.9.7"], "groups": ["sg-9"]}]),
    );
    case.set(
        "elasticloadbalancing:DescribeLoadBalancers",
        balancer,
        json!({"arn": balancer, "name": "orders", "kind": "application", "state": "active", "reason": null}),
    );
    case.set("elasticloadbalancing:DescribeListeners/one", listener, json!({"arn": listener, "load_balancer": balancer, "port": 443, "protocol": "HTTPS", "actions": [{"kind": "forward", "target_groups": [[GROUP, 1]]}]}));
    let group = |arn: &str, name: &str| json!({"arn": arn, "name": name, "kind": "ip", "protocol": "HTTP", "port": 80});
    case.set(
        "elasticloadbalancing:DescribeTargetGroups",
        balancer,
        json!([group(GROUP, "orders"), group(&dead, "dead")]),
    );
    case.set("elasticloadbalancing:DescribeTargetHealth", &dead, json!([]));
    let forward = |to: &str| json!([{"kind": "forward", "target_groups": [[if to == "dead" { dead.as_str() } else { GROUP }, 1]]}]);
    let mut all: Vec<Value> = (1..).zip(rules).map(|(priority, (condition, to))| json!({"priority": priority, "conditions": [condition], "actions": forward(to)})).collect();
    all.push(json!({"priority": null, "conditions": [], "actions": forward("orders")}));
    case.set("elasticloadbalancing:DescribeRules", listener, json!(all));
    case
}

#[test]
fn conditions_that_can_be_decided_decide() {
    let condition = |field: &str, values: &[&str]| json!({"field": field, "values": values});
    let header = |name: &str, value: &str| json!({"field": "http-header", "values": [value], "header": name});
    for (rule, takes) in [
        (condition("http-request-method", &["POST", "PUT"]), false),
        (condition("http-request-method", &["GET"]), true),
        (condition("query-string", &[]), false),
        (condition("source-ip", &["192.0.2.0/24"]), false),
        (condition("source-ip", &["10.0.0.0/16"]), true),
        (header("X-Tenant", "green"), false),
        (header("X-Tenant", "blue"), true),
    ] {
        let judgement = ruled(&[(rule.clone(), "dead")]).judgement();
        let expected: &[&str] = if takes { &["target-group-empty"] } else { &[] };
        assert_eq!(faulty(&judgement), expected, "{rule}");
        // An application load balancer answers 503 for an empty group itself.
        assert_ne!(judgement.verdict.tier, Confidence::Confirmed, "{rule}");
    }
}

#[test]
fn of_several_rules_that_may_have_taken_the_request_none_is_accused() {
    let client = |value: &str| json!({"field": "http-header", "values": [value], "header": "X-Client"});
    let one = ruled(&[(client("beta"), "dead")]).verdict(None, Confidence::Unknown);
    assert!(faulty(&one).is_empty(), "{:?}", faulty(&one));
    let says = &find(&one, "target-group-empty").says;
    assert!(says.contains("which rule of the listener takes the request"), "{says}");
    // All of them lead to the same: that is what happened.
    let path = json!({"field": "path-pattern", "values": ["/orders*"]});
    ruled(&[(client("beta"), "dead"), (path, "dead")])
        .verdict(Some("target-group-empty"), Confidence::Likely);
}
