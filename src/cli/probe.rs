//! `vpclink probe`: connect to targets from this machine as API Gateway's client would, and report what they answer.

use std::path::PathBuf;

use crate::cli::output::{Color, ListFormat};

#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// Where to connect: an address or a name with its port, at most 8
    #[arg(required = true, value_name = "ADDRESS:PORT")]
    targets: Vec<String>,
    /// Connect with TLS and report every fault
    #[arg(long)]
    tls: bool,
    /// The host of the integration's URI: sent as SNI and as Host, compared with the certificate
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Also send one GET to this path; use your health check's path
    #[arg(long, value_name = "PATH")]
    http: Option<String>,
    /// Trust these authorities too (PEM)
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    format: ListFormat,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[cfg(not(feature = "probe"))]
pub(crate) async fn run(_: &ProbeArgs) -> Result<crate::cli::exit::Exit, crate::cli::exit::CliError> {
    Err(crate::cli::exit::CliError::usage(anyhow::anyhow!(
        "this build can't probe; build it with the feature `probe`, which is on by default"
    )))
}

#[cfg(feature = "probe")]
pub(crate) use with_tls::run;

#[cfg(feature = "probe")]
mod with_tls {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, SocketAddr};

    use anstyle::{AnsiColor, Style};
    use anyhow::{Context, anyhow};

    use super::ProbeArgs;
    use crate::alerts::escape::terminal as safe;
    use crate::alerts::terminal::Screen;
    use crate::cli::exit::{CliError, Exit};
    use crate::cli::output;
    use crate::cli::output::ListFormat;
    use crate::probe::{self, BUDGET, Facts, MOST_ADDRESSES, Plan, Roots, Vantage};

    /// Exit code 10 where API Gateway's client would not go on, or may not; 0 where it would.
    pub(crate) async fn run(args: &ProbeArgs) -> Result<Exit, CliError> {
        let usage = |why: String| CliError::usage(anyhow!(why));
        if let Some(path) = &args.http {
            probe::path(path).map_err(usage)?;
        }
        if let Some(name) = &args.server_name {
            probe::host(name).map_err(usage)?;
        }
        let roots = match &args.roots {
            Some(file) => {
                let shown = file.display();
                let pem = std::fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
                Roots::from_pem(&pem).map_err(|why| anyhow!("cannot use `{shown}`: {why}"))?
            }
            None => Roots::default(),
        };
        let mut addresses = Vec::new();
        for target in &args.targets {
            addresses.extend(resolve(target).await?);
        }
        let mut seen = BTreeSet::new();
        addresses.retain(|address| seen.insert(*address));
        if addresses.len() > MOST_ADDRESSES {
            return Err(usage(format!(
                "{} addresses; {MOST_ADDRESSES} at most are probed at once",
                addresses.len()
            )));
        }
        let plan = Plan {
            server_name: args.server_name.clone().or_else(|| named(&args.targets)),
            tls: args.tls,
            path: args.http.clone(),
            path_port: None,
            roots,
            vantage: Vantage::Here,
            budget: BUDGET,
            now: output::now(),
        };
        let all = probe::probe(&addresses, &plan).await;
        let text = match args.format {
            ListFormat::Terminal => terminal(&all, output::screen(args.color, true)),
            ListFormat::Json => lines(&all)?,
        };
        output::write(&text, None)?;
        let fine = all.iter().all(|facts| facts.accepted.strict == Some(true));
        Ok(if fine { Exit::NothingFailed } else { Exit::Diagnosed })
    }

    /// The one host that was typed, where it was a name.
    fn named(targets: &[String]) -> Option<String> {
        let hosts: BTreeSet<&str> =
            targets.iter().filter_map(|target| target.rsplit_once(':')).map(|(host, _)| host).collect();
        let mut hosts = hosts.into_iter();
        let host = hosts.next().filter(|_| hosts.next().is_none())?;
        let is_name = host.trim_matches(['[', ']']).parse::<IpAddr>().is_err() && probe::host(host).is_ok();
        is_name.then(|| host.to_owned())
    }

    async fn resolve(target: &str) -> Result<Vec<SocketAddr>, CliError> {
        if let Ok(address) = target.parse::<SocketAddr>() {
            return Ok(vec![address]);
        }
        let with_port = target.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if !with_port {
            return Err(CliError::usage(anyhow!("`{target}` has no port; write ADDRESS:PORT")));
        }
        let found = tokio::time::timeout(BUDGET, tokio::net::lookup_host(target)).await;
        let found = found.with_context(|| format!("DNS lookup of `{target}` timed out"))?;
        Ok(found.with_context(|| format!("cannot resolve `{target}`"))?.collect())
    }

    fn lines(all: &[Facts]) -> Result<String, CliError> {
        let lines: Result<Vec<String>, _> = all.iter().map(serde_json::to_string).collect();
        Ok(lines?.into_iter().map(|line| line + "\n").collect())
    }

    fn terminal(all: &[Facts], screen: Screen) -> String {
        let paint = |style: Style, text: &str| {
            if screen.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
        };
        let (green, red) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
        let mut out = Vec::new();
        for facts in all {
            let name =
                facts.server_name.as_deref().map_or(String::new(), |name| format!(" as `{}`", safe(name)));
            out.push(paint(Style::new().bold(), &format!("{}{name}", facts.address)));
            for sentence in probe::sentences(facts) {
                let sign = if sentence.healthy { paint(green, "✓") } else { paint(red, "✗") };
                let code = sentence.code.map_or(String::new(), |code| format!(" [{code}]"));
                out.push(format!("  {sign} {}{code}", safe(&sentence.says)));
            }
            for note in &facts.tls.not_looked_at {
                out.push(format!("  ? not checked: {}", safe(note)));
            }
            let would = |accepted| match accepted {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not known",
            };
            let skip = if facts.accepted.insecure_skip_verification == facts.accepted.strict {
                String::new()
            } else {
                let accepted = would(facts.accepted.insecure_skip_verification);
                format!("; with insecureSkipVerification: {accepted}")
            };
            out.push(format!(
                "  = would API Gateway's client accept it: {}{skip}",
                would(facts.accepted.strict)
            ));
            out.push(String::new());
        }
        out.join("\n")
    }
}
