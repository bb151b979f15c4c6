//! The reads about an HTTP API: its stage, routes and integrations, what its stage runs over, its link, and behind the link
//! a load balancer or a Cloud Map service.

use std::collections::BTreeMap;

use tokio::join;

use crate::aws::model::{
    ApiV2, CloudMapInstance, CloudMapService, Generation, HttpCall, InstancesOf, NetworkInterface, Resource,
    RestApi, Target, TargetGroup, VpcLink,
};
use crate::aws::{NotRead, Query, QueryKind, ReadError, Reading};
use crate::causes::{Endpoint, RouteContext};
use crate::ids::{ApiId, ApiKind, Arn};
use crate::path::balancer::{Balancer, Network};
use crate::path::listener_rules::SeenRequest;
use crate::path::path_reader::PathReader;
use crate::path::private_path::{CloudMap, Link, NO_WAY, PrivatePath};
use crate::path::reader;

/// The stage that stands at the root of an HTTP API's address.
const DEFAULT_STAGE: &str = "$default";

impl PathReader<'_> {
    /// Reads an API that is no REST API, or that the log says is none.
    pub(crate) async fn api_v2(
        &self,
        path: &mut PrivatePath,
        subject: &RouteContext,
        (api, stage): (&ApiId, &str),
    ) {
        let found = self.read::<ApiV2>(Query::ApiV2(api.clone())).await;
        let logged = subject.source.api_kind;
        match (&found, logged) {
            (Reading::Known { value: ApiV2 { kind: ApiKind::WebSocket, .. }, .. }, _)
            | (Reading::NotRead(_), Some(ApiKind::WebSocket)) => {
                let why =
                    "it is a WebSocket API, of which neither stage nor routes nor integrations are read";
                *path = PrivatePath { kind: ApiKind::WebSocket, ..PrivatePath::unread(why) };
            }
            (Reading::Known { .. }, _) | (Reading::NotRead(_), Some(ApiKind::Http)) => {
                path.kind = ApiKind::Http;
                self.http_api(path, subject, (api, stage)).await;
            }
            // A recorded account of an earlier version was not asked: what it says of the REST API stands.
            (Reading::NotRead(NotRead { why: ReadError::NotRecorded, .. }), _) => return,
            // Only REST and WebSocket APIs write execution logs.
            (Reading::NotRead(_), None) if subject.failed => return,
            (Reading::NotRead(not_read), _) => path.integration = Reading::NotRead(not_read.clone()),
            (Reading::Absent { .. }, _) => path.integration = found.clone().and_then(|_| None),
        }
        path.api = found.map(|api| RestApi { name: api.name });
    }

    async fn http_api(&self, path: &mut PrivatePath, subject: &RouteContext, (api, stage): (&ApiId, &str)) {
        let routes;
        (path.stage, routes) = join!(
            self.read(Query::StageV2(api.clone(), stage.to_owned())),
            self.read::<Vec<Resource>>(Query::Routes(api.clone())),
        );
        let subject = &as_routed(subject, stage);
        reader::find_integration(path, &routes, subject);
        match path.stage.value().map(|stage| stage.auto_deploy) {
            // Every change is live at once.
            Some(Some(true)) => path.configured = path.integration.clone(),
            _ => {
                let deployed = self.read(Query::DeployedV2(api.clone(), stage.to_owned())).await;
                reader::prefer_deployed(path, &deployed, subject);
            }
        }
        reader::fill_in(path, subject);
        self.behind_http_api(path, subject, stage).await;
    }

    async fn behind_http_api(&self, path: &mut PrivatePath, subject: &RouteContext, stage: &str) {
        let Some(integration) = path.integration.value().filter(|integration| integration.private).cloned()
        else {
            return;
        };
        let Some(target) = integration.target else {
            path.link = Some(Link::of(
                Generation::V2,
                self.link(path.link_id.as_ref(), Generation::V2).await,
                NO_WAY,
            ));
            path.balancer =
                Some(Balancer::unread("the integration names neither a listener nor a Cloud Map service"));
            return;
        };
        let http = integration.http.unwrap_or_default();
        if target.as_str().contains(":servicediscovery:") {
            self.through_cloud_map(path, target).await;
            return;
        }
        let request = seen(&http, subject, stage);
        let (link, mut front) =
            join!(self.link(path.link_id.as_ref(), Generation::V2), self.front(&target, None, request));
        front.called = endpoint(&front, &http);
        front.called_by = Some(http);
        path.endpoint.clone_from(&front.called);
        let (interfaces, mut balancer) =
            join!(self.link_interfaces(link.value()), self.behind(front, link.value()));
        let link = Link::of_http_api(link, interfaces);
        balancer.comes_from(reader::sources(&link));
        path.link = Some(link);
        path.balancer = Some(balancer);
    }

    /// The service that the integration names, its instances, and the network between them and the link.
    async fn through_cloud_map(&self, path: &mut PrivatePath, arn: Arn) {
        let (id, parameters) = named_service(&arn);
        let (link, service) = join!(
            self.link(path.link_id.as_ref(), Generation::V2),
            self.read::<CloudMapService>(Query::CloudMapService(id)),
        );
        let (interfaces, instances) =
            join!(self.link_interfaces(link.value()), self.instances_of(&service, parameters));
        let instances = match (service.value(), instances) {
            // Without their health, who they are still tells whether the network lets requests through.
            (Some(service), Reading::NotRead(_)) => {
                self.read(Query::CloudMapRegistered(service.id.clone())).await
            }
            (_, discovered) => discovered,
        };
        let mut ends = as_group(&arn, &interfaces, &instances);
        ends.network = self.beside_link(link.value(), &interfaces).await;
        ends.network = self.far_network(&ends).await;
        path.link = Some(Link::of_http_api(link, interfaces));
        path.cloud_map = Some(CloudMap { arn, service, instances, ends: Box::new(ends) });
    }

    /// What API Gateway is told of the service's instances: it asks by the names of namespace and service.
    async fn instances_of(
        &self,
        service: &Reading<CloudMapService>,
        parameters: BTreeMap<String, String>,
    ) -> Reading<Vec<CloudMapInstance>> {
        let unasked = |why: &str| Reading::not_asked(QueryKind::CloudMapInstances, why);
        let Some(CloudMapService { id, name, namespace, .. }) = service.value().cloned() else {
            return unasked(NO_WAY);
        };
        let Some(namespace) = namespace else { return unasked("the service names no namespace") };
        match self.read::<String>(Query::CloudMapNamespace(namespace)).await {
            Reading::Known { value: namespace, .. } => {
                let of = InstancesOf { service: id, namespace, name, parameters };
                self.read(Query::CloudMapInstances(of)).await
            }
            Reading::Absent { .. } => unasked("the service's namespace is gone"),
            Reading::NotRead(not_read) => Reading::NotRead(not_read),
        }
    }

    /// The network around the link. Which VPC that is, its interfaces tell.
    async fn beside_link(
        &self,
        link: Option<&VpcLink>,
        interfaces: &Reading<Vec<NetworkInterface>>,
    ) -> Network {
        let unread = Network::unread("the VPC link's own VPC is not known");
        let Some(vpc) = vpc_of(interfaces) else { return unread };
        let groups = async {
            match link.map(|link| link.security_groups.clone()).filter(|groups| !groups.is_empty()) {
                Some(groups) => self.read(Query::SecurityGroups(groups)).await,
                None => Reading::not_asked(QueryKind::SecurityGroups, "the VPC link names no security group"),
            }
        };
        let (subnets, acls, near_groups) =
            join!(self.read(Query::Subnets(vpc.clone())), self.read(Query::NetworkAcls(vpc.clone())), groups);
        Network { subnets, acls, near_groups, ..unread }
    }
}

fn vpc_of(interfaces: &Reading<Vec<NetworkInterface>>) -> Option<String> {
    interfaces.value()?.iter().find_map(|interface| interface.vpc.clone())
}

/// The failed route as the API's own routes write it: what the client asked for begins with the stage's name.
fn as_routed(subject: &RouteContext, stage: &str) -> RouteContext {
    let mut routed = subject.clone();
    if let Some(route) = routed.route.as_mut()
        && let Some(rest) = below_stage(&route.path, stage)
    {
        route.path = rest.to_owned();
    }
    routed
}

fn below_stage<'a>(path: &'a str, stage: &str) -> Option<&'a str> {
    let rest = path.strip_prefix('/')?.strip_prefix(stage)?;
    match rest {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

/// The request as a load balancer sees it. The client's own host header is passed on, and in no log.
fn seen(http: &HttpCall, subject: &RouteContext, stage: &str) -> SeenRequest {
    let method = subject.route.as_ref().map(|route| route.method.clone()).filter(|method| method != "ANY");
    let host = http.host.clone().filter(|host| !host.contains('$'));
    SeenRequest { host, path: called_path(http, subject, stage), method, ..SeenRequest::default() }
}

/// The path that the backend is asked for, where that can be told: the client's, the stage's name before it, unless the
/// integration overwrites it.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-private.html>
fn called_path(http: &HttpCall, subject: &RouteContext, stage: &str) -> Option<String> {
    let of_route = || subject.route.as_ref().map(|route| route.path.clone());
    let asked = subject.called_path.clone().or_else(of_route);
    let asked = asked.filter(|path| path.starts_with('/') && !path.contains('{'));
    match http.path.as_deref() {
        Some("$request.path") => asked,
        Some(fixed) => (!fixed.contains('$')).then(|| fixed.to_owned()),
        None if stage == DEFAULT_STAGE => asked,
        None => asked.map(|path| format!("/{stage}{path}")),
    }
}

/// What API Gateway calls: the listener, by TLS where the integration has a setting for it.
fn endpoint(front: &Balancer, http: &HttpCall) -> Option<Endpoint> {
    let listener = front.called_listener()?;
    let known = front.load_balancer.value();
    let name = known.map(|balancer| balancer.dns_name.clone().unwrap_or_else(|| balancer.name.clone()));
    let host = http.server_name.clone().or(name)?;
    Some(Endpoint { tls: http.tls, host: host.to_ascii_lowercase(), port: listener.port })
}

/// A Cloud Map service's id, and the attributes that its instances must have:
/// `arn:…:service/srv-1?stage=prod`.
fn named_service(arn: &Arn) -> (String, BTreeMap<String, String>) {
    let (id, query) = arn.resource().split_once('?').unwrap_or((arn.resource(), ""));
    let parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    (id.to_owned(), parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The instances as the targets of one group, so that one model judges every network.
fn as_group(
    arn: &Arn,
    interfaces: &Reading<Vec<NetworkInterface>>,
    instances: &Reading<Vec<CloudMapInstance>>,
) -> Balancer {
    let unread = Balancer::unread("a Cloud Map service has no load balancer");
    let targets = instances.clone().map(|instances| instances.iter().filter_map(as_target).collect());
    let group = TargetGroup {
        arn: arn.clone(),
        name: arn.resource().to_owned(),
        kind: "ip".to_owned(),
        protocol: None,
        port: None,
        vpc: vpc_of(interfaces),
        health_path: None,
        health_port: None,
        health_protocol: None,
    };
    Balancer {
        target_groups: instances.clone().map(|_| vec![group]),
        targets: BTreeMap::from([(arn.clone(), targets)]),
        ..unread
    }
}

fn as_target(instance: &CloudMapInstance) -> Option<Target> {
    let state = if instance.is_unhealthy() { "unhealthy" } else { "healthy" };
    Some(Target {
        id: instance.address.clone()?,
        port: instance.port,
        state: state.to_owned(),
        ..Target::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::Route;
    use crate::logs::Source;

    fn subject(path: &str) -> RouteContext {
        let route = Route { method: "GET".to_owned(), path: path.to_owned() };
        RouteContext::asked(Source::default(), Some(route), jiff::Timestamp::UNIX_EPOCH)
    }

    #[track_caller]
    fn check(mapped: Option<&str>, path: &str, stage: &str, expected: Option<&str>) {
        let http = HttpCall { path: mapped.map(str::to_owned), ..HttpCall::default() };
        let routed = as_routed(&subject(path), stage);
        assert_eq!(called_path(&http, &routed, stage).as_deref(), expected);
    }

    #[test]
    fn the_backend_sees_the_stages_name_unless_the_path_is_overwritten() {
        check(None, "/orders/7", "$default", Some("/orders/7"));
        check(None, "/orders/7", "prod", Some("/prod/orders/7"));
        check(None, "/prod/orders/7", "prod", Some("/prod/orders/7"));
        check(None, "/production", "prod", Some("/prod/production"));
        check(Some("$request.path"), "/prod/orders/7", "prod", Some("/orders/7"));
        check(Some("/v1/orders"), "/orders/{id}", "prod", Some("/v1/orders"));
        check(Some("/v1/$request.path.id"), "/orders/7", "prod", None);
        check(None, "/orders/{id}", "prod", None);
        check(None, "$default", "prod", None);
    }

    #[test]
    fn a_service_may_be_named_with_attributes() {
        let named = |arn: &str| {
            named_service(&Arn::new(format!("arn:aws:servicediscovery:eu-west-1:1:service/{arn}")))
        };
        assert_eq!(named("srv-1"), ("srv-1".to_owned(), BTreeMap::new()));
        let of = BTreeMap::from([
            ("stage".to_owned(), "prod".to_owned()),
            ("color".to_owned(), "blue".to_owned()),
        ]);
        assert_eq!(named("srv-1?stage=prod&color=blue"), ("srv-1".to_owned(), of));
    }
}
