//! `vpclink coverage`: which stages with a private integration are watched, which are blind. It changes nothing.

use crate::alerts::{coverage, stdout};
use crate::cli::account;

use crate::cli::args::{CliError, CoverageArgs, DIAGNOSED, Form, NOTHING_FAILED};
use crate::coverage::{Inventory, blind_spots};

/// Exit code 10 where something is blind, 0 where nothing is.
pub(crate) async fn run(args: &CoverageArgs) -> Result<u8, CliError> {
    let seen = seen(args).await?;
    let spots = blind_spots(&seen);
    let text = match args.format {
        Form::Terminal => coverage::terminal(&seen, &spots, account::screen(args.color, true)),
        Form::Json => coverage::machine(&seen, &spots),
    };
    stdout::write(&text, None)?;
    Ok(if spots.is_empty() { NOTHING_FAILED } else { DIAGNOSED })
}

#[cfg(feature = "live")]
async fn seen(args: &CoverageArgs) -> Result<Inventory, CliError> {
    use std::time::Duration;

    use tokio::time::Instant;

    use crate::aws::Filter;
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
    let progress = &mut |done, all| account::progress("log groups", done, all);
    let report = reconciler.all(EXECUTION_LOG_PREFIX, StartAt::Behind(""), &mut limiter, progress).await;
    let seen = Inventory {
        region: Some(region),
        prefix: EXECUTION_LOG_PREFIX.to_owned(),
        report,
        ours: Some(ours),
        ..Inventory::default()
    };
    let apis = LiveAccount::new(&sdk, account::now);
    let mut limiter = RateLimiter::per_second(args.calls_per_second.div_ceil(2));
    let progress = &mut |done, all| account::progress("APIs", done, all);
    Ok(scan(&apis, seen, ScanDepth::Everything, deadline, &mut limiter, progress).await)
}

#[cfg(not(feature = "live"))]
async fn seen(_: &CoverageArgs) -> Result<Inventory, CliError> {
    Err(account::cannot_ask())
}
