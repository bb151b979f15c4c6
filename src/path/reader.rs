//! Reads the path: which read follows from which answer.
//!
//! Six waves for an ordinary path: stage and integrations; the link; load balancer, listeners, groups and endpoint
//! service; targets, connections, settings, metrics, the list of certificates and the near side of the network; the
//! certificates themselves and the targets' interfaces; their security groups.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio::join;
use tokio::time::Instant;

use crate::aws::model::{
    EndpointConnection, EndpointService, Generation, Integration, NetworkInterface, Resource, Stage, VpcLink,
};
use crate::aws::{Account, NotRead, Query, QueryKind, ReadError, Reading};
use crate::causes::{Endpoint, RouteContext};
use crate::ids::{ApiId, ApiKind, Arn};
use crate::path::balancer::Balancer;
use crate::path::listener_rules::SeenRequest;
use crate::path::network_reader;
use crate::path::path_reader::PathReader;
use crate::path::private_path::{HeldCertificate, Link, NO_WAY, PrivatePath};
use crate::path::route::{self, Found, Resolved};

/// Reads the private path of a subject until the deadline.
pub async fn read_path(subject: &RouteContext, account: &dyn Account, deadline: Instant) -> PrivatePath {
    let reader = PathReader::new(account, deadline, subject.at);
    if subject.spares_path() {
        let mut path = PrivatePath::unread("the text already names a fault that is not on the private path");
        let named = subject.source.is_named_by_group() && subject.source.api_kind != Some(ApiKind::Http);
        if let (true, Some(api)) = (named, &subject.source.api) {
            path.api = reader.read(Query::RestApi(api.clone())).await;
            let unread = path.api.unavailable().filter(|unread| unread.why != ReadError::NotRecorded);
            path.refused.extend(unread.cloned());
        }
        return path;
    }
    let (Some(api), Some(stage)) = (&subject.source.api, &subject.source.stage) else {
        return PrivatePath::unread("the log does not name the API and stage");
    };
    let mut path = PrivatePath::unread(NO_WAY);
    let known = subject.source.api_kind.unwrap_or(ApiKind::Rest);
    if known == ApiKind::Rest {
        reader.rest_api(&mut path, subject, (api, stage)).await;
    }
    if known != ApiKind::Rest || path.api.is_absent() {
        reader.api_v2(&mut path, subject, (api, stage)).await;
    }
    path.refused = reader.into_refused();
    path
}

/// Finds the integration that is configured for the failed route.
pub(crate) fn find_integration(
    path: &mut PrivatePath,
    resources: &Reading<Vec<Resource>>,
    subject: &RouteContext,
) {
    path.endpoint.clone_from(&subject.endpoint);
    let found = resources
        .value()
        .map(|resources| route::find(resources, subject.route.as_ref(), subject.endpoint.as_ref()));
    path.integration = match found {
        Some(Found::Ambiguous(several)) => {
            let why = format!(
                "the log does not name the route, and the API's private integrations lead to {several} different endpoints"
            );
            Reading::NotRead(NotRead::not_asked(
                "the integration of the failed route",
                Some(QueryKind::Resources),
                why,
            ))
        }
        Some(Found::One { resource, integration }) => {
            path.resource = resource.map(str::to_owned);
            resources.clone().map(|_| integration.clone())
        }
        Some(Found::Missing) | None => resources.clone().and_then(|_| None),
    };
    path.resources = resources.value().cloned().unwrap_or_default();
}

/// Puts the deployed integration in the place of the configured one: it is what the failed request ran over.
pub(crate) fn prefer_deployed(
    path: &mut PrivatePath,
    deployed: &Reading<Vec<Resource>>,
    subject: &RouteContext,
) {
    let of_canary = Reading::not_asked(
        QueryKind::Deployed,
        "the request ran over the canary's own deployment, and no call of AWS shows what that holds",
    );
    let elsewhere = subject.source.canary && path.stage.value().is_some_and(|stage| stage.canary_differs);
    let deployed = if elsewhere { &of_canary } else { deployed };
    let found = deployed.clone().and_then(|resources| {
        match route::find(&resources, subject.route.as_ref(), subject.endpoint.as_ref()) {
            Found::One { integration, .. } => Some(integration.completed(path.integration.value())),
            Found::Missing | Found::Ambiguous(_) => None,
        }
    });
    path.configured = match found {
        Reading::Known { .. } => std::mem::replace(&mut path.integration, found),
        missing => missing,
    };
}

/// Fills in the link's id and the endpoint from the integration and the stage's variables.
pub(crate) fn fill_in(path: &mut PrivatePath, subject: &RouteContext) {
    let Some(integration) = path.integration.value().cloned() else { return };
    path.link_id = integration.connection_id.as_deref().and_then(|id| fill(id, &path.stage, subject));
    if let Some(uri) = integration.uri.as_deref().and_then(|uri| fill(uri, &path.stage, subject)) {
        path.endpoint = path.endpoint.take().or_else(|| Endpoint::parse(&uri.text));
        path.undefined_in_uri = uri.undefined;
    }
}

/// A configured text as the failed request saw it; `None` where it needs variables and the stage could not be read.
fn fill(text: &str, stage: &Reading<Stage>, subject: &RouteContext) -> Option<Resolved> {
    let mut variables = match stage.value() {
        Some(stage) if subject.source.canary => {
            stage.variables.clone().into_iter().chain(stage.canary_overrides.clone()).collect()
        }
        Some(stage) => stage.variables.clone(),
        None => Default::default(),
    };
    if stage.value().is_none() {
        if Resolved::needs_variables(text) {
            return None;
        }
        variables.clear();
    }
    Some(Resolved::new(text, &variables))
}

/// The certificate that the stage presents to a private backend over TLS.
fn presented(path: &PrivatePath) -> Option<String> {
    let private = path.integration.value().is_some_and(|integration| integration.private);
    let tls = private && path.endpoint.as_ref().is_some_and(|endpoint| endpoint.tls);
    path.stage.value()?.client_certificate.clone().filter(|_| tls)
}

impl PathReader<'_> {
    async fn rest_api(
        &self,
        path: &mut PrivatePath,
        subject: &RouteContext,
        (api, stage): (&ApiId, &String),
    ) {
        let (resources, deployed);
        (path.api, path.stage, resources, deployed) = join!(
            self.read(Query::RestApi(api.clone())),
            self.read(Query::Stage(api.clone(), stage.clone())),
            self.read::<Vec<Resource>>(Query::Resources(api.clone())),
            self.read::<Vec<Resource>>(Query::Deployed(api.clone(), stage.clone())),
        );
        find_integration(path, &resources, subject);
        prefer_deployed(path, &deployed, subject);
        fill_in(path, subject);
        let presented = presented(path);
        let (held, ()) = join!(self.held(presented), self.link_and_behind(path, subject));
        path.client_certificate = held;
    }

    async fn held(&self, id: Option<String>) -> Option<HeldCertificate> {
        let id = id?;
        Some(match id.starts_with("arn:") {
            true => HeldCertificate::Acm(self.read(Query::AcmCertificate(Arn::new(id))).await),
            false => HeldCertificate::Generated(self.read(Query::ClientCertificate(id)).await),
        })
    }

    async fn link_and_behind(&self, path: &mut PrivatePath, subject: &RouteContext) {
        let private = path.integration.value().filter(|integration| integration.private);
        let Some(integration) = private.filter(|_| !subject.spares_link()).cloned() else {
            return;
        };
        let called = (path.endpoint.clone(), seen(path.endpoint.as_ref(), &integration, subject));
        let (link, balancer) = match &integration.target {
            Some(target) => self.v2(path.link_id.as_ref(), target, called).await,
            None => self.v1(path.link_id.as_ref(), called).await,
        };
        // A link that is gone leads nowhere, unless the integration itself names what lies behind it.
        let ends = integration.target.is_none() && link.reading().is_absent();
        let sources = sources(&link);
        path.link = Some(link);
        path.balancer = (!ends).then(|| Balancer {
            called: path.endpoint.clone(),
            ..balancer.unwrap_or_else(|| Balancer::unread(NO_WAY))
        });
        if let Some(balancer) = &mut path.balancer {
            balancer.comes_from(sources);
        }
    }

    /// The link of this id, whichever generation it is: not found in the likelier one, the other is asked.
    pub(crate) async fn link(&self, id: Option<&Resolved>, likelier: Generation) -> Reading<VpcLink> {
        let unasked = |why: &str| Reading::not_asked(QueryKind::VpcLinkV1, why);
        let Some(Resolved { text, undefined, .. }) = id else {
            return unasked("the id that the integration names is not known");
        };
        if !undefined.is_empty() {
            return unasked("a stage variable in its id is not defined");
        }
        let (v1, v2) = (Query::VpcLinkV1(text.clone()), Query::VpcLinkV2(text.clone()));
        let (first, second) = if likelier == Generation::V1 { (v1, v2) } else { (v2, v1) };
        match self.read(first).await {
            Reading::Absent { .. } => self.read(second).await,
            reading => reading,
        }
    }

    /// Through PrivateLink: the link names the load balancer.
    async fn v1(&self, id: Option<&Resolved>, (called, request): Called) -> (Link, Option<Balancer>) {
        let link = self.link(id, Generation::V1).await;
        let generation = link.value().map_or(Generation::V1, |link| link.generation);
        let first = link.value().and_then(|link| link.targets.first().cloned());
        let Some(arn) = first.filter(|_| generation == Generation::V1) else {
            return (Link::of(generation, link, NO_WAY), None);
        };
        let (services, front) = join!(self.read(Query::EndpointServices), self.front(&arn, called, request));
        let service = services.and_then(|services| service_of(&arn, services));
        let (connections, balancer) = join!(self.connections(&service), self.behind(front, None));
        (Link::V1 { link, service, connections }, Some(balancer))
    }

    async fn connections(&self, service: &Reading<EndpointService>) -> Reading<Vec<EndpointConnection>> {
        match service.value() {
            Some(service) => self.read(Query::EndpointConnections(service.id.clone())).await,
            None => Reading::not_asked(QueryKind::EndpointConnections, NO_WAY),
        }
    }

    /// Through interfaces in the VPC: the integration names the load balancer, or its listener.
    async fn v2(
        &self,
        id: Option<&Resolved>,
        target: &Arn,
        (called, request): Called,
    ) -> (Link, Option<Balancer>) {
        let (link, front) = join!(self.link(id, Generation::V2), self.front(target, called, request));
        let generation = link.value().map_or(Generation::V2, |link| link.generation);
        let (interfaces, mut balancer) =
            join!(self.link_interfaces(link.value()), self.behind(front, link.value()));
        self.link_routes(&mut balancer, &interfaces).await;
        let link = match generation {
            Generation::V1 => Link::of(generation, link, "the integration names its load balancer itself"),
            Generation::V2 => Link::V2 { link, interfaces },
        };
        (link, Some(balancer))
    }

    /// The interfaces of a V2 link; V1 has none in the customer's account.
    pub(crate) async fn link_interfaces(&self, link: Option<&VpcLink>) -> Reading<Vec<NetworkInterface>> {
        match link.filter(|link| link.generation == Generation::V2 && !link.subnets.is_empty()) {
            Some(link) => self.read(Query::NetworkInterfaces(network_reader::of_link(link))).await,
            None => Reading::not_asked(QueryKind::NetworkInterfaces, "it has none"),
        }
    }
}

/// The request as a load balancer sees it: API Gateway makes it of the client's and of what the integration says.
fn seen(called: Option<&Endpoint>, integration: &Integration, subject: &RouteContext) -> SeenRequest {
    let host = match integration.headers.get("host") {
        Some(set) => set.clone(),
        None => called.map(|called| called.host.clone()),
    };
    let method = match integration.http_method.as_deref() {
        Some("ANY") => subject.route.as_ref().map(|route| route.method.clone()),
        method => method.map(str::to_owned),
    };
    SeenRequest {
        host,
        path: subject.called_path.clone().or_else(|| configured_path(integration, subject)),
        method,
        query: subject.called_query,
        headers: integration.headers.clone(),
        sources: Vec::new(),
    }
}

/// The path of the integration's URI, where the route is known and no part of it comes from the request.
fn configured_path(integration: &Integration, subject: &RouteContext) -> Option<String> {
    subject.route.as_ref()?;
    let (_, rest) = integration.uri.as_deref()?.split_once("://")?;
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = path.find('/').map_or("/", |at| &path[at..]);
    (!path.contains(['{', '$'])).then(|| path.to_owned())
}

/// Where requests come from: the addresses of a V2 link's own interfaces, or all of the one version of IP of a V1 link's.
pub(crate) fn sources(link: &Link) -> Vec<IpNet> {
    match link {
        // An endpoint has addresses of the versions alone by which its service accepts requests.
        Link::V1 { service, .. } => match service.value().map(|service| service.ip_versions.as_slice()) {
            Some([only]) if only == "ipv4" => vec![IpNet::V4(Ipv4Net::default())],
            Some([only]) if only == "ipv6" => vec![IpNet::V6(Ipv6Net::default())],
            _ => Vec::new(),
        },
        Link::V2 { link, interfaces } => {
            let groups = link.value().map(|link| &link.security_groups);
            let own = interfaces.value().into_iter().flatten().filter(|one| Some(&one.groups) == groups);
            own.flat_map(|one| &one.addresses).copied().map(IpNet::from).collect()
        }
    }
}

/// What is called, and the request that it sees.
type Called = (Option<Endpoint>, SeenRequest);

/// The endpoint service of a load balancer; of several, the one that is there still.
fn service_of(balancer: &Arn, services: Vec<EndpointService>) -> Option<EndpointService> {
    let of_balancer = services.into_iter().filter(|service| service.load_balancers.contains(balancer));
    of_balancer.min_by_key(|service| !service.state.eq_ignore_ascii_case("available"))
}
