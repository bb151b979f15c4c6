//! Readers against shapes: what AWS answers with members missing, null, empty, unknown or unreadable. One of them costs
//! itself, never the answer; and something else with status 200 is never a reading.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_apigateway::config::Credentials;
use jiff::Timestamp;
use vpclink_responder::aws::live::{LiveAccount, https};
use vpclink_responder::aws::model::{
    CloudMapInstance, InstancesOf, LoadBalancer, Resource, Stage, Target, TargetGroup,
};
use vpclink_responder::aws::{Account as _, Answered, Query, ReadError};
use vpclink_responder::ids::{ApiId, Arn};

use crate::harness::http::{Response, Server, serve};

const JSON: &str = "application/json";
const XML: &str = "text/xml";

/// An account whose every call is answered alike.
struct Alike {
    answer: Arc<Mutex<Response>>,
    account: LiveAccount,
    runtime: tokio::runtime::Runtime,
    _server: Server,
}

impl Alike {
    fn new() -> Self {
        let answer = Arc::new(Mutex::new(Response::new(200, JSON, "")));
        let answering = Arc::clone(&answer);
        let server = serve(move |_| Some(answering.lock().unwrap().clone()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https())
            .endpoint_url(format!("http://{}", server.address()))
            .retry_config(RetryConfig::disabled())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("ASIAEXAMPLEEXAMPLE00", "secret", None, None, "test"));
        let config = runtime.block_on(config.load());
        Self {
            answer,
            account: LiveAccount::new(&config, || Timestamp::UNIX_EPOCH),
            runtime,
            _server: server,
        }
    }

    fn ask(&self, query: &Query, status: u16, kind: &str, body: &str) -> Answered {
        *self.answer.lock().unwrap() = Response::new(status, kind, body);
        self.runtime.block_on(async {
            let asked = tokio::time::timeout(Duration::from_secs(10), self.account.ask(query));
            asked.await.expect("an answer in time")
        })
    }

    /// The answer to a query, which is a reading.
    #[track_caller]
    fn read<T: 'static>(&self, query: &Query, kind: &str, body: &str) -> T {
        let (answer, _) = self.ask(query, 200, kind, body).unwrap_or_else(|why| panic!("{query:?}: {why}"));
        answer.take().expect("an answer of that type")
    }
}

fn api() -> ApiId {
    ApiId::new("a1b2c3d4e5")
}

fn arn() -> Arn {
    Arn::new("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/orders/0123456789abcdef")
}

#[test]
fn something_else_with_status_200_is_never_a_reading() {
    let alike = Alike::new();
    let mut wrong = Vec::new();
    for query in Query::samples() {
        for (kind, body) in [
            (JSON, ""),
            (JSON, "{}"),
            (JSON, "[]"),
            (JSON, "null"),
            (JSON, "{\"message\": null}"),
            ("text/html", "<html><body><h1>Please log in</h1></body></html>"),
            (XML, "<AnotherResponse><AnotherResult/></AnotherResponse>"),
            (XML, "<?xml version=\"1.0\"?>"),
            ("text/plain", "ok"),
        ] {
            if let Ok((answer, _)) = alike.ask(&query, 200, kind, body) {
                wrong.push(format!("{} to `{body}`: {answer:?}", query.call()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_error_in_any_form_is_no_absence() {
    let alike = Alike::new();
    let error = |code: &str| {
        [
            (XML, format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>")),
            (
                XML,
                format!(
                    "<Response><Errors><Error><Code>{code}</Code></Error><Error><Code>X</Code></Error></Errors></Response>"
                ),
            ),
            (JSON, format!("{{\"__type\": \"{code}\"}}")),
        ]
    };
    for query in [Query::EndpointServices, Query::ServerCertificate("name".to_owned())] {
        let outcome =
            |(kind, body): &(&str, String)| alike.ask(&query, 400, kind, body).map(|(answer, _)| answer);
        for answered in error("NotAuthorized").iter().map(outcome) {
            assert_eq!(answered, Err(ReadError::Denied));
        }
        for answered in error("EC2ThrottledException").iter().map(outcome) {
            assert_eq!(answered, Err(ReadError::Throttled));
        }
        let page = alike.ask(&query, 403, "text/html", "<html><body>no</body></html>");
        assert!(matches!(page, Err(ReadError::Malformed(_) | ReadError::Unreachable(_))), "{page:?}");
    }
    // ELB's through its SDK crate.
    let (kind, body) = &error("NotAuthorized")[0];
    assert_eq!(alike.ask(&Query::LoadBalancer(arn()), 403, kind, body).map(|_| ()), Err(ReadError::Denied));
}

#[test]
fn a_method_made_in_the_console_has_nulls() {
    let alike = Alike::new();
    let body = r#"{"item": [
        {"id": "r", "path": "/", "parentId": null, "resourceMethods": null},
        {"id": "o", "path": "/orders", "resourceMethods": {"GET": {"httpMethod": "GET", "requestModels": {"application/json": null},
          "methodIntegration": {"type": "HTTP_PROXY", "uri": "https://orders.example/orders", "connectionType": "VPC_LINK",
            "connectionId": "abc123", "timeoutInMillis": 29000, "requestTemplates": {"application/json": null}, "cacheKeyParameters": [null],
            "integrationResponses": {"200": {"statusCode": "200", "responseTemplates": {"application/json": null},
              "responseParameters": {"method.response.header.x": null}}}}}}},
        {"id": "n", "resourceMethods": {}},
        {"id": "m", "path": "/mock", "resourceMethods": {"POST": {"methodIntegration": null}, "PUT": null}}], "position": null}"#;
    let resources: Vec<Resource> = alike.read(&Query::Resources(api()), JSON, body);
    let paths: Vec<_> = resources.iter().map(|resource| resource.path.as_str()).collect();
    assert_eq!(paths, ["/", "/orders", "/mock"]);
    let get = &resources[1].integrations["GET"];
    assert_eq!(
        (get.private, get.connection_id.as_deref(), get.timeout_ms),
        (true, Some("abc123"), Some(29_000))
    );
    let body = r#"{"stageName": "prod", "variables": {"link": "abc123", "old": null}, "canarySettings": null,
        "methodSettings": {"*/*": {"loggingLevel": null}, "~1orders/GET": {"loggingLevel": "INFO"}}}"#;
    let stage: Stage = alike.read(&Query::Stage(api(), "prod".to_owned()), JSON, body);
    assert_eq!((stage.variables.len(), stage.logging.len()), (1, 1));
    let body = r#"{"paths": {"/orders": {"parameters": null, "get": {"x-amazon-apigateway-integration": {"type": "http_proxy",
        "uri": null, "timeoutInMillis": "x", "connectionType": "VPC_LINK"}}, "put": 1}, "/odd": null}}"#;
    let deployed: Vec<Resource> = alike.read(&Query::Deployed(api(), "prod".to_owned()), JSON, body);
    assert!(deployed.iter().any(|one| one.path == "/orders" && one.integrations.contains_key("GET")));
}

#[test]
fn odd_targets_and_balancers_keep_what_can_be_read() {
    let alike = Alike::new();
    let body = "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>\
        <member><Target><Id>10.0.1.10</Id><Port>8080</Port></Target></member>\
        <member/>\
        <member><Target><Id>10.0.1.11</Id></Target><TargetHealth><State>novel</State></TargetHealth></member>\
        <member><Target><Id>10.0.1.12</Id></Target><TargetHealth><State>healthy</State></TargetHealth>\
          <AdministrativeOverride><State>zonal_shift_active</State></AdministrativeOverride>\
          <AnomalyDetection><Result>anomalous</Result><MitigationInEffect>yes</MitigationInEffect></AnomalyDetection></member>\
        </TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>";
    let targets: Vec<Target> = alike.read(&Query::TargetHealth(arn()), XML, body);
    let states: Vec<_> = targets.iter().map(|target| (target.id.as_str(), target.state.as_str())).collect();
    assert_eq!(states, [("10.0.1.10", ""), ("10.0.1.11", "novel"), ("10.0.1.12", "healthy")]);
    assert!(targets[2].zonal_shift && targets[2].spared && !targets[0].zonal_shift);
    let empty = "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions/>\
        </DescribeTargetHealthResult></DescribeTargetHealthResponse>";
    assert!(alike.read::<Vec<Target>>(&Query::TargetHealth(arn()), XML, empty).is_empty());
    let body = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member>\
        <LoadBalancerName>orders</LoadBalancerName><Type>novel</Type><AvailabilityZones><member><ZoneName>eu-west-1a</ZoneName>\
        <LoadBalancerAddresses><member><PrivateIPv4Address>soon</PrivateIPv4Address></member>\
        <member><PrivateIPv4Address>10.0.1.5</PrivateIPv4Address></member></LoadBalancerAddresses></member><member/>\
        </AvailabilityZones></member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";
    let balancer: LoadBalancer = alike.read(&Query::LoadBalancer(arn()), XML, body);
    assert_eq!((balancer.kind.as_str(), balancer.zones[0].addresses.len()), ("novel", 1));
    let none = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers/></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";
    let listed = alike.ask(&Query::LoadBalancer(arn()), 200, XML, none);
    assert!(
        matches!(listed, Err(ReadError::Malformed(_))),
        "AWS says of a missing one that it is missing: {listed:?}"
    );
    let body = "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member><TargetGroupName>a</TargetGroupName></member>\
        <member><TargetGroupArn>arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/b/1</TargetGroupArn></member></TargetGroups>\
        </DescribeTargetGroupsResult></DescribeTargetGroupsResponse>";
    let groups: Vec<TargetGroup> = alike.read(&Query::TargetGroups(arn()), XML, body);
    assert_eq!((groups.len(), groups[0].port), (1, None));
}

#[test]
fn odd_instances_of_cloud_map_keep_what_can_be_read() {
    let alike = Alike::new();
    let (service, namespace, name) = ("srv-1".to_owned(), "internal".to_owned(), "orders".to_owned());
    let query =
        Query::CloudMapInstances(InstancesOf { service, namespace, name, parameters: Default::default() });
    let body = r#"{"Instances": [null, {}, {"InstanceId": "a", "HealthStatus": null, "Attributes": null},
        {"InstanceId": "b", "HealthStatus": "UNHEALTHY", "Attributes": {"AWS_INSTANCE_IPV4": "10.0.1.10", "AWS_INSTANCE_PORT": "x"}}]}"#;
    let instances: Vec<CloudMapInstance> = alike.read(&query, "application/x-amz-json-1.1", body);
    assert_eq!(instances.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((instances[1].address.as_deref(), instances[1].port), (Some("10.0.1.10"), None));
}
