//! Reads what is to be watched: REST APIs' stages with private integrations, HTTP APIs over a VPC link, the subscriptions of the topics.

use tokio::time::Instant;

use crate::aws::model::{Resource, Stage};
use crate::aws::{
    Apis, CallError, CoverageCall, Filter, HttpApi, ListedApi, ListedStage, LogDelivery, ReadError,
    Subscription,
};
use crate::coverage::reconcile::{GroupStatus, RateLimiter, ReconcileReport};
use crate::ids::{ApiKind, Region};

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanDepth {
    /// What it takes to name every blind spot: integrations only of stages that are not watched altogether.
    Blind,
    /// The integrations of every API, so that what is watched can be listed too.
    Everything,
}

/// A stage and its private routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryStage {
    /// Its API.
    pub api: ListedApi,
    /// What kind of API that is. Of HTTP APIs only those with a VPC link are listed.
    pub kind: ApiKind,
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: Stage,
    /// Resource and verb of each private integration; `None` where they were not read.
    pub private: Option<Vec<(String, String)>>,
}

impl InventoryStage {
    /// Its log group.
    pub fn log_group(&self, prefix: &str) -> String {
        format!("{prefix}{}/{}", self.api.id, self.name)
    }

    /// Whether it has routes that go through a VPC link.
    pub fn is_private(&self) -> bool {
        self.kind == ApiKind::Http || self.private.as_ref().is_some_and(|routes| !routes.is_empty())
    }

    /// The private routes of which nothing is logged.
    pub fn silent(&self) -> Vec<&(String, String)> {
        let silent = |route: &&(String, String)| !self.settings.logs(Some((&route.0, &route.1)));
        self.private.iter().flatten().filter(silent).collect()
    }

    /// Whether an execution log is written of some routes.
    pub fn logs_some(&self) -> bool {
        self.settings.logging.values().any(|level| level != "OFF")
    }

    /// Whether something is logged of every request, whatever its route.
    fn logs_all(&self) -> bool {
        self.settings.logs(None) && self.settings.logging.values().all(|level| level != "OFF")
    }
}

/// A VPC or V2 link that private integrations use, and its prober.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProberPlace {
    /// Its id.
    pub serves: String,
    /// Whether a prober answers there; `None` where that could not be asked.
    pub stands: Option<bool>,
    /// What deploys one.
    pub command: String,
}

/// Everything that blind spots are found in.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The Region, for commands.
    pub region: Option<Region>,
    /// Our filter, for commands.
    pub ours: Option<Filter>,
    /// What execution log groups' names begin with.
    pub prefix: String,
    /// Where the log groups stand.
    pub report: ReconcileReport,
    /// Groups of the round that had our filter before and had lost it.
    pub lost: Vec<String>,
    /// Groups that receive delivered logs by the settings' word.
    pub delivered: Vec<String>,
    /// Whether access logs are read.
    pub access_logs: bool,
    /// Deliveries of execution logs.
    pub deliveries: Vec<LogDelivery>,
    /// The stages.
    pub stages: Vec<InventoryStage>,
    /// WebSocket APIs over a VPC link.
    pub web_sockets: Vec<ListedApi>,
    /// Whether API Gateway may write logs in this account and Region at all.
    pub has_log_role: Option<bool>,
    /// The subscriptions of the alert topic.
    pub subscriptions: Option<Vec<Subscription>>,
    /// The subscriptions of the topic for alarms about the stack itself, where there is one.
    pub alarm_subscriptions: Option<Vec<Subscription>>,
    /// Where a prober can stand, for each VPC or V2 link that private integrations use.
    pub probers: Vec<ProberPlace>,
    /// What could not be read.
    pub unread: Vec<(CoverageCall, String, ReadError)>,
    /// APIs that there was no time for.
    pub skipped: usize,
}

/// Reads stages, integrations and HTTP APIs, for what the round left open, until the deadline.
pub async fn scan(
    apis: &dyn Apis,
    mut seen: Inventory,
    depth: ScanDepth,
    deadline: Instant,
    limiter: &mut RateLimiter,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Inventory {
    limiter.turn().await;
    match apis.has_log_role().await {
        Ok(has) => seen.has_log_role = Some(has),
        Err(refused) => seen.missed("whether API Gateway may write logs", refused),
    }
    limiter.turn().await;
    match apis.deliveries().await {
        Ok(found) => seen.deliveries = found,
        Err(refused) if refused != CallError::Gone => {
            let what = "the deliveries of execution logs".to_owned();
            seen.unread.push((CoverageCall::DescribeDeliverySources, what, refused.why()));
        }
        Err(_) => {}
    }
    limiter.turn().await;
    match apis.http_apis().await {
        Ok(found) => look_at_http(apis, found, &mut seen, deadline, limiter).await,
        Err(refused) => seen.missed("HTTP APIs", refused),
    }
    limiter.turn().await;
    let rest_apis = match apis.rest_apis().await {
        Ok(found) => found,
        Err(refused) => {
            seen.missed("REST APIs", refused);
            return seen;
        }
    };
    for (done, api) in rest_apis.iter().enumerate() {
        progress(done, rest_apis.len());
        if Instant::now() >= deadline {
            seen.skipped += rest_apis.len() - done;
            break;
        }
        look_at(apis, api, &mut seen, depth, limiter).await;
    }
    progress(rest_apis.len(), rest_apis.len());
    seen
}

async fn look_at_http(
    apis: &dyn Apis,
    found: Vec<HttpApi>,
    seen: &mut Inventory,
    deadline: Instant,
    limiter: &mut RateLimiter,
) {
    for found in found {
        if Instant::now() >= deadline {
            seen.skipped += 1;
            continue;
        }
        limiter.turn().await;
        let HttpApi { api, is_websocket } = found;
        match apis.uses_link(&api.id).await {
            Ok(true) if is_websocket => seen.web_sockets.push(api),
            Ok(true) => {
                limiter.turn().await;
                match apis.http_stages(&api.id).await {
                    Ok(stages) => seen.stages.extend(stages.into_iter().map(|stage| http_stage(&api, stage))),
                    Err(refused) => seen.missed(&format!("the stages of API {}", api.id), refused),
                }
            }
            Ok(false) => {}
            Err(refused) => seen.missed(&format!("the integrations of API {}", api.id), refused),
        }
    }
}

fn http_stage(api: &ListedApi, stage: ListedStage) -> InventoryStage {
    let settings = Stage { access_log: stage.access_log, ..Stage::default() };
    InventoryStage { api: api.clone(), kind: ApiKind::Http, name: stage.name, settings, private: None }
}

async fn look_at(
    apis: &dyn Apis,
    api: &ListedApi,
    seen: &mut Inventory,
    depth: ScanDepth,
    limiter: &mut RateLimiter,
) {
    limiter.turn().await;
    let stages = match apis.stages(&api.id).await {
        Ok(stages) => stages,
        Err(refused) => return seen.missed(&format!("the stages of API {}", api.id), refused),
    };
    let kind = ApiKind::Rest;
    let stage = |(name, settings)| InventoryStage { api: api.clone(), kind, name, settings, private: None };
    let mut stages: Vec<InventoryStage> = stages.into_iter().map(stage).collect();
    if depth == ScanDepth::Everything || !stages.iter().all(|stage| seen.is_watched(stage)) {
        limiter.turn().await;
        match apis.resources(&api.id).await {
            Ok(resources) => stages.iter_mut().for_each(|stage| stage.private = Some(private(&resources))),
            Err(refused) => seen.missed(&format!("the integrations of API {}", api.id), refused),
        }
    }
    seen.stages.append(&mut stages);
}

/// Resource and verb of each private integration.
fn private(resources: &[Resource]) -> Vec<(String, String)> {
    let of = |resource: &Resource| {
        let private = resource.integrations.iter().filter(|(_, integration)| integration.private);
        private.map(|(verb, _)| (resource.path.clone(), verb.clone())).collect::<Vec<_>>()
    };
    resources.iter().flat_map(of).collect()
}

impl Inventory {
    /// Notes what could not be read. What went away meanwhile is no loss.
    fn missed(&mut self, what: &str, refused: CallError) {
        if refused != CallError::Gone {
            self.unread.push((CoverageCall::ReadApis, what.to_owned(), refused.why()));
        }
    }

    /// Notes that the subscriptions of the alert topic or the alarm topic could not be read.
    pub fn missed_subscriptions(&mut self, topic: &str, why: ReadError) {
        let what = format!("the subscriptions of the {topic} topic");
        self.unread.push((CoverageCall::ListSubscriptions, what, why));
    }

    /// Whether every request of the stage is logged, and the log watched.
    pub fn is_watched(&self, stage: &InventoryStage) -> bool {
        let status = self.report.statuses.get(&stage.log_group(&self.prefix));
        let delivered = self.deliveries.iter().any(|one| one.stage.as_str().contains(stage.api.id.as_str()));
        stage.logs_all() && !delivered && status == Some(&GroupStatus::Watched)
    }
}
