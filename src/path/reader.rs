//! The walk itself: which question follows from which answer.
//!
//! Six waves for an ordinary path: stage and integrations; the link; load balancer, listeners, groups and endpoint
//! service; targets, connections, settings, metrics, the list of certificates and the near side of the network; the
//! certificates themselves and the targets' interfaces; their security groups.

use crate::path::route;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::join;
use tokio::time::{Instant, timeout_at};

use crate::aws::model::{EndpointService, Generation, Listener, Resource, Stage, Target, VpcLink};
use crate::aws::{Account, Answer, NotRead, Query, ReadError, Reading};
use crate::causes::{Blames, Endpoint, RouteContext};
use crate::ids::Arn;
use crate::path::private_path::PrivatePath;
use crate::path::route::Found;
use crate::path::variables::Resolved;

/// Asks an account until the deadline.
pub(crate) struct PathReader<'a> {
    pub(crate) account: &'a dyn Account,
    pub(crate) deadline: Instant,
    /// When the request failed.
    pub(crate) failed: Option<Timestamp>,
    /// What the role may not read.
    pub(crate) refused: Mutex<Vec<NotRead>>,
}

impl PathReader<'_> {
    pub(crate) async fn read<T: 'static>(&self, question: Query) -> Reading<T> {
        let unavailable = |why| {
            let unavailable = NotRead::of(&question, why);
            if unavailable.why == ReadError::Denied {
                self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(unavailable.clone());
            }
            Reading::NotRead(unavailable)
        };
        match timeout_at(self.deadline, self.account.ask(&question)).await {
            Err(_) => unavailable(ReadError::TimedOut),
            Ok(Err(why)) => unavailable(why),
            Ok(Ok((Answer::Absent, at))) => Reading::Absent { at },
            Ok(Ok((answer, at))) => match answer.take::<T>() {
                Some(value) => Reading::Known { value, at },
                None => unavailable(ReadError::Malformed("an answer to another question".to_owned())),
            },
        }
    }
}

/// Target groups asked for their health in one survey, so that a listener of a hundred groups can't eat the deadline.
pub(crate) const MOST_GROUPS: usize = 12;

/// Reads the private path of a subject until the deadline.
pub async fn read_path(subject: &RouteContext, account: &dyn Account, deadline: Instant) -> PrivatePath {
    if subject.cause.blames.spares_path() {
        return PrivatePath::unread("the text already names a fault that is not on the private path");
    }
    let (Some(api), Some(stage)) = (&subject.source.api, &subject.source.stage) else {
        return PrivatePath::unread("the log does not name the API and stage");
    };
    let surveyor = PathReader { account, deadline, failed: subject.at, refused: Mutex::default() };
    let mut topology = PrivatePath::unread("what leads to it could not be read");
    let (resources, deployed);
    (topology.api, topology.stage, resources, deployed) = join!(
        surveyor.read(Query::RestApi(api.clone())),
        surveyor.read(Query::Stage(api.clone(), stage.clone())),
        surveyor.read::<Vec<Resource>>(Query::Resources(api.clone())),
        surveyor.read::<Vec<Resource>>(Query::Deployed(api.clone(), stage.clone())),
    );
    find_integration(&mut topology, &resources, subject);
    prefer_deployed(&mut topology, &deployed, subject);
    fill_in(&mut topology, subject);
    topology.called_path.clone_from(&subject.called_path);
    surveyor.walk_link(&mut topology).await;
    topology.refused = surveyor.refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    topology
}

/// Finds the integration that is configured for the failed route.
fn find_integration(topology: &mut PrivatePath, resources: &Reading<Vec<Resource>>, subject: &RouteContext) {
    topology.endpoint.clone_from(&subject.endpoint);
    let found = resources
        .value()
        .map(|resources| route::find(resources, subject.route.as_ref(), subject.endpoint.as_ref()));
    topology.integration = match found {
        Some(Found::Ambiguous(several)) => {
            let why = format!(
                "the log does not name the route, and the API's private integrations go {several} ways"
            );
            Reading::not_asked("the integration of the failed route", "apigateway:GET", why)
        }
        Some(Found::One { resource, integration }) => {
            topology.resource = resource.map(str::to_owned);
            resources.clone().map(|_| integration.clone())
        }
        Some(Found::Missing) | None => resources.clone().and_then(|_| None),
    };
    topology.resources = resources.value().cloned().unwrap_or_default();
}

/// Puts the deployed integration in the place of the configured one: it is what the failed request ran over.
fn prefer_deployed(topology: &mut PrivatePath, deployed: &Reading<Vec<Resource>>, subject: &RouteContext) {
    let found = deployed.clone().and_then(|resources| {
        match route::find(&resources, subject.route.as_ref(), subject.endpoint.as_ref()) {
            Found::One { integration, .. } => Some(integration.completed(topology.integration.value())),
            Found::Missing | Found::Ambiguous(_) => None,
        }
    });
    topology.configured = match found {
        Reading::Known { .. } => std::mem::replace(&mut topology.integration, found),
        Reading::Absent { at } => Reading::Absent { at },
        Reading::NotRead(unavailable) => Reading::NotRead(unavailable),
    };
}

/// Fills in the link's id and the endpoint from the integration and the stage's variables.
fn fill_in(topology: &mut PrivatePath, subject: &RouteContext) {
    let Some(integration) = topology.integration.value().cloned() else { return };
    topology.link_id = integration.connection_id.as_deref().and_then(|id| fill(id, &topology.stage, subject));
    if let Some(uri) = integration.uri.as_deref().and_then(|uri| fill(uri, &topology.stage, subject)) {
        topology.endpoint = topology.endpoint.take().or_else(|| Endpoint::parse(&uri.text));
        topology.undefined_in_uri = uri.undefined;
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

impl PathReader<'_> {
    async fn walk_link(&self, topology: &mut PrivatePath) {
        let Some(integration) = topology.integration.value().cloned() else { return };
        if !integration.private {
            let unread = PrivatePath::unread("the integration does not use a VPC link");
            let PrivatePath { api, stage, resources, resource, integration, configured, endpoint, .. } =
                std::mem::replace(topology, unread);
            *topology = PrivatePath {
                api,
                stage,
                resources,
                resource,
                integration,
                configured,
                endpoint,
                ..topology.clone()
            };
            return;
        }
        match &integration.target {
            Some(target) => self.walk_v2(topology, target).await,
            None => {
                topology.link = self.link(topology.link_id.as_ref(), Generation::V1).await;
                if let Some(link) = topology.link.value().cloned() {
                    self.walk_v1(topology, &link).await;
                }
            }
        }
    }

    /// The link of this id, whichever generation it is: not found in the likelier one, the other is asked.
    async fn link(&self, id: Option<&Resolved>, likelier: Generation) -> Reading<VpcLink> {
        let unasked = |why: &str| Reading::not_asked("the VPC link", "apigateway:GET", why);
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

    async fn walk_v1(&self, topology: &mut PrivatePath, link: &VpcLink) {
        let Some(arn) = link.targets.first().filter(|_| link.generation == Generation::V1) else { return };
        let services: Reading<Vec<EndpointService>>;
        (services, topology.load_balancer, topology.listeners, topology.target_groups) = join!(
            self.read(Query::EndpointServices),
            self.read(Query::LoadBalancer(arn.clone())),
            self.read(Query::Listeners(arn.clone())),
            self.read(Query::TargetGroups(arn.clone())),
        );
        topology.endpoint_service = services.and_then(|services| service_of(arn, services));
        let service = topology.endpoint_service.value().map(|service| service.id.clone());
        let connections = async {
            match service {
                Some(id) => Some(self.read(Query::EndpointConnections(id)).await),
                None => None,
            }
        };
        let (connections, ()) = join!(connections, self.walk_behind(topology, arn));
        if let Some(connections) = connections {
            topology.endpoint_connections = connections;
        }
    }

    async fn walk_v2(&self, topology: &mut PrivatePath, target: &Arn) {
        let none = "a V2 link has no endpoint service";
        topology.endpoint_service = Reading::not_asked("the VPC endpoint service", "", none);
        topology.endpoint_connections = Reading::not_asked("the endpoint connection", "", none);
        let balancer = target.load_balancer();
        topology.named_listener = (balancer != *target).then(|| target.clone());
        let listeners = async {
            match &topology.named_listener {
                Some(listener) => {
                    self.read::<Listener>(Query::Listener(listener.clone())).await.map(|l| vec![l])
                }
                None => self.read(Query::Listeners(balancer.clone())).await,
            }
        };
        let (link, load_balancer, listeners, target_groups) = join!(
            self.link(topology.link_id.as_ref(), Generation::V2),
            self.read(Query::LoadBalancer(balancer.clone())),
            listeners,
            self.read(Query::TargetGroups(balancer.clone())),
        );
        (topology.link, topology.load_balancer) = (link, load_balancer);
        (topology.listeners, topology.target_groups) = (listeners, target_groups);
        self.walk_behind(topology, &balancer).await;
    }

    /// What lies behind the load balancer, and beside it: targets with their network, and details that hang on neither.
    async fn walk_behind(&self, topology: &mut PrivatePath, balancer: &Arn) {
        self.read_rules(topology).await;
        let at_hand = topology.clone();
        let network = async {
            let groups = at_hand.called_target_groups();
            (topology.targets, topology.network) = join!(self.targets(groups), self.near_network(&at_hand));
            let behind = self.walk_on(topology.clone());
            let far = self.far_network(topology);
            let (behind, ()) = join!(behind, far);
            topology.behind = behind;
        };
        let (details, ()) = join!(self.details(&at_hand, balancer), network);
        topology.details = details;
    }

    /// An application load balancer's rules decide which of its groups a request goes to.
    async fn read_rules(&self, topology: &mut PrivatePath) {
        let ruled = topology.called_listener().filter(|listener| listener.has_rules());
        if let Some(arn) = ruled.map(|listener| listener.arn.clone()) {
            topology.rules = self.read(Query::Rules(arn)).await;
        }
    }

    /// What lies behind an application load balancer that is the target of the network load balancer.
    async fn walk_on(&self, outer: PrivatePath) -> Option<Box<PrivatePath>> {
        let albs = outer.targets.iter().filter_map(|(arn, targets)| {
            let target = targets.value()?.first().filter(|target| target.is_load_balancer())?;
            let port = target.port.or_else(|| outer.target_group(arn)?.port)?;
            Some((Arn::new(&target.id), port))
        });
        let (balancer, port) = albs.into_iter().next()?;
        let mut inner = PrivatePath {
            endpoint: outer.endpoint.clone().map(|endpoint| Endpoint { port, ..endpoint }),
            called_path: outer.called_path.clone(),
            integration: outer.integration.clone(),
            link: outer.link.clone(),
            next_balancer: Some(balancer.clone()),
            ..PrivatePath::unread("what leads to it could not be read")
        };
        (inner.load_balancer, inner.listeners, inner.target_groups) = join!(
            self.read(Query::LoadBalancer(balancer.clone())),
            self.read(Query::Listeners(balancer.clone())),
            self.read(Query::TargetGroups(balancer)),
        );
        self.read_rules(&mut inner).await;
        inner.targets = self.targets(inner.called_target_groups()).await;
        Some(Box::new(inner))
    }

    /// The targets behind the called listener, and behind no other: what nobody calls can't have failed the request.
    async fn targets(&self, mut groups: Vec<Arn>) -> BTreeMap<Arn, Reading<Vec<Target>>> {
        groups.truncate(MOST_GROUPS);
        let read = join_all(groups.iter().map(|arn| self.read(Query::TargetHealth(arn.clone())))).await;
        groups.into_iter().zip(read).collect()
    }
}

/// The endpoint service of a load balancer; of several, the one that is there still.
fn service_of(balancer: &Arn, services: Vec<EndpointService>) -> Option<EndpointService> {
    let of_balancer = services.into_iter().filter(|service| service.load_balancers.contains(balancer));
    of_balancer.min_by_key(|service| !service.state.eq_ignore_ascii_case("available"))
}
