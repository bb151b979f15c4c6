//! `vpclink coverage`: which stages with a private integration are monitored. It changes nothing.

use crate::alerts::coverage;
use crate::cli::exit::{CliError, Exit};
use crate::cli::output;
use crate::cli::output::{Color, ListFormat};

use crate::aws::Filter;
#[cfg(feature = "live")]
use crate::aws::{Account, Answer, CachedAccount, ProbeOf, Query};
#[cfg(feature = "live")]
use crate::causes::{Route, RouteContext};
#[cfg(feature = "live")]
use crate::coverage::ProberPlace;
use crate::coverage::{Inventory, blind_spots};
#[cfg(feature = "live")]
use crate::functions::config::PROBER_PREFIX;
#[cfg(feature = "live")]
use crate::logs::Source;

#[derive(Debug, clap::Args)]
pub(crate) struct CoverageArgs {
    /// Name of the responder's subscription filters: the name of its stack
    #[arg(long, value_name = "NAME", default_value = Filter::DEFAULT_NAME)]
    pub(crate) filter_name: String,
    /// The responder's ARN: filters of other names that lead there count too
    #[arg(long, value_name = "ARN")]
    pub(crate) responder: Option<String>,
    /// Maximum subscription-filter calls a second (AWS allows the account five); API Gateway is called half as often
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) calls_per_second: u32,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// Exit code 10 where a stage could fail unnoticed, 0 where none could.
pub(crate) async fn run(args: &CoverageArgs) -> Result<Exit, CliError> {
    let seen = seen(args).await?;
    let spots = blind_spots(&seen);
    let text = match args.format {
        ListFormat::Terminal => coverage::terminal(&seen, &spots, output::screen(args.color, true)),
        ListFormat::Json => coverage::machine(&seen, &spots),
    };
    output::write(&text, None)?;
    Ok(if spots.is_empty() { Exit::NothingFailed } else { Exit::Diagnosed })
}

#[cfg(feature = "live")]
async fn seen(args: &CoverageArgs) -> Result<Inventory, CliError> {
    use std::time::Duration;

    use tokio::time::Instant;

    use crate::aws::live::logs::Logs;
    use crate::aws::live::{LiveAccount, sdk_config};
    use crate::coverage::{Mode, RateLimiter, Reconciler, ScanDepth, Scope, StartAt, scan};
    use crate::ids::{Arn, Region};
    use crate::logs::EXECUTION_LOG_PREFIX;

    /// The longest that a person waits for a list.
    const PATIENCE: Duration = Duration::from_secs(3600);
    let sdk = sdk_config().await;
    let Some(region) = sdk.region().map(|region| Region::new(region.as_ref())) else {
        return Err(CliError::usage(anyhow::anyhow!("no Region is configured; set AWS_REGION or a profile")));
    };
    let deadline = Instant::now() + PATIENCE;
    let ours = Filter {
        name: args.filter_name.clone(),
        pattern: String::new(),
        destination: Arn::new(args.responder.as_deref().unwrap_or("RESPONDER_ARN")),
    };
    let (groups, scope) = (Logs::new(&sdk), Scope::default());
    let reconciler = Reconciler { groups: &groups, ours: &ours, scope: &scope, mode: Mode::Look, deadline };
    let mut limiter = RateLimiter::per_second(args.calls_per_second);
    let progress = &mut |done, all| output::progress("log groups", done, all);
    let report = reconciler.all(EXECUTION_LOG_PREFIX, StartAt::Behind(""), &mut limiter, progress).await;
    let seen = Inventory {
        region: Some(region),
        prefix: EXECUTION_LOG_PREFIX.to_owned(),
        access_logs: true,
        report,
        ours: Some(ours.clone()),
        ..Inventory::default()
    };
    let apis = LiveAccount::new(&sdk, output::now);
    let mut limiter = RateLimiter::per_second(args.calls_per_second.div_ceil(2));
    let progress = &mut |done, all| output::progress("APIs", done, all);
    let mut seen = scan(&apis, seen, ScanDepth::Everything, deadline, &mut limiter, progress).await;
    let named = seen.wanted_groups(&ours.pattern);
    seen.report.extend(reconciler.named(&named, &mut RateLimiter::per_second(args.calls_per_second)).await);
    seen.probers = probers(&seen, &CachedAccount::new(apis)).await;
    Ok(seen)
}

/// Where private integrations lead, and whether a prober stands there.
#[cfg(feature = "live")]
async fn probers(seen: &Inventory, account: &dyn Account) -> Vec<ProberPlace> {
    use std::time::Duration;

    use tokio::time::Instant;

    use crate::path::{prober_site, read_path};
    use crate::probe::{ProbeRequest, Vantage};

    /// Routes whose paths are read: most share one.
    const MOST_ROUTES: usize = 50;
    let routes = seen.stages.iter().flat_map(|stage| {
        stage.private.iter().flatten().map(move |(path, method)| (stage, path.clone(), method.clone()))
    });
    let mut places: Vec<ProberPlace> = Vec::new();
    for (stage, path, method) in routes.take(MOST_ROUTES) {
        let source =
            Source { api: Some(stage.api.id.clone()), stage: Some(stage.name.clone()), ..Source::default() };
        let asked = RouteContext::asked(source, Some(Route { method, path }), output::now());
        let read = read_path(&asked, account, Instant::now() + Duration::from_secs(30)).await;
        let Some(site) = prober_site(&read) else { continue };
        if places.iter().any(|known| known.serves == site.serves) {
            continue;
        }
        let function = format!("{PROBER_PREFIX}{}", site.serves);
        let (addresses, vantage) = (Vec::new(), Vantage::Vpc);
        let request =
            ProbeRequest { addresses, tls: false, server_name: None, health: None, vantage, budget_ms: None };
        let stands = match account.ask(&Query::Probe(ProbeOf { function, request })).await {
            Ok((Answer::Absent, _)) => Some(false),
            Ok(_) => Some(true),
            Err(_) => None,
        };
        places.push(ProberPlace { command: site.deploy_command(), serves: site.serves, stands });
    }
    places
}

#[cfg(not(feature = "live"))]
async fn seen(_: &CoverageArgs) -> Result<Inventory, CliError> {
    Err(crate::cli::account::cannot_ask())
}
