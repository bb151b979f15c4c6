//! `vpclink check`: the private path of a route as it is now, hop by hop.

use crate::alerts::{stdout, terminal};
use crate::cli::account;
use crate::functions;

use std::time::Duration;

use crate::causes::{Route, RouteContext};
use crate::checks::State;
use crate::cli::args::{CheckArgs, CliError, DIAGNOSED, NOTHING_FAILED};
use crate::functions::Reading;
use crate::ids::ApiId;
use crate::logs::Source;

/// Wall time for all reads. A person waits longer than a Lambda.
const BUDGET: Duration = Duration::from_secs(30);

/// Exit code 10 where a fault was found, 0 where none was.
pub(crate) async fn run(args: &CheckArgs) -> Result<u8, CliError> {
    let source =
        Source { api: Some(ApiId::new(&args.api)), stage: Some(args.stage.clone()), ..Source::default() };
    let route = args.method.clone().zip(args.resource.clone()).map(|(method, path)| Route { method, path });
    let subject = RouteContext::asked(source, route, account::now());
    let live = args.account.is_none();
    let Some(asked) = account::open(args.account.as_deref(), live, args.record.as_deref()).await? else {
        return Err(CliError::usage(anyhow::anyhow!("name a recorded account, or let AWS be asked")));
    };
    let judgement = functions::check(&subject, &Reading { account: asked.account(), budget: BUDGET }).await;
    asked.keep()?;
    let title = format!("{}/{}", args.api, args.stage);
    stdout::write(&terminal::walk(&title, &judgement, account::screen(args.color, true)), None)?;
    let faulty = judgement.findings.iter().any(|finding| finding.state == State::Faulty);
    Ok(if faulty { DIAGNOSED } else { NOTHING_FAILED })
}
