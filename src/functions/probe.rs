//! The prober from both sides: when the responder asks one, and the role that answers in a VPC.

use ipnet::IpNet;
use tokio::time::Instant;

use crate::aws::{Account, NotRead};
use crate::causes::{Blames, RouteContext};
use crate::checks::{Assessment, Confidence, assess};
use crate::functions::config::{ConfigError, EnvReader, names};
use crate::path::{PrivatePath, passes_tls_through, read_path, read_probes};
use crate::probe::Limits;

/// Reads the path of a subject and judges it. Where that confirms no fault, or TLS passes through to the targets, a prober is
/// asked too. Both until the one deadline: what is late is not read. `unread` is what could not be read before.
pub(crate) async fn read_and_assess(
    subject: &RouteContext,
    account: &dyn Account,
    unread: Option<NotRead>,
    deadline: Instant,
    prober_prefix: Option<&str>,
) -> Assessment {
    let mut path = read_path(subject, account, deadline).await;
    path.refused.extend(unread);
    let assessment = assess(subject, &path);
    let Some(prefix) = prober_prefix.filter(|_| is_worth_probing(subject, &path, &assessment)) else {
        return assessment;
    };
    read_probes(&mut path, account, deadline, prefix).await;
    assess(subject, &path)
}

fn is_worth_probing(subject: &RouteContext, path: &PrivatePath, assessment: &Assessment) -> bool {
    let blames = subject.cause.blames;
    let shows = !blames.spares_path() && blames != Blames::Link && path.balancer.is_some();
    shows && (passes_tls_through(path) || assessment.verdict.tier != Confidence::Confirmed)
}

/// What the prober may do, from its own environment alone: `PROBE_PORTS`, and `PROBE_RANGES` beyond the private ranges that
/// ELB takes.
///
/// # Errors
///
/// [`ConfigError`] with every missing or malformed variable.
pub fn limits(get: impl Fn(&str) -> Option<String>) -> Result<Limits, ConfigError> {
    let mut reader = EnvReader { get: &get, faults: Vec::new() };
    let limits = Limits {
        vpc: reader.or("PROBE_RANGES", ranges, Vec::new()),
        ports: reader.or("PROBE_PORTS", ports, Vec::new()),
    };
    let named = reader.faults.iter().any(|fault| fault.contains("PROBE_PORTS"));
    if limits.ports.is_empty() && !named {
        reader
            .faults
            .push("`PROBE_PORTS` is not set; it takes the ports that may be connected to".to_owned());
    }
    if reader.faults.is_empty() { Ok(limits) } else { Err(ConfigError(reader.faults)) }
}

fn ranges(text: &str) -> Result<Vec<IpNet>, String> {
    let range =
        |name: &String| name.parse().map_err(|_| format!("has `{name}`, which is no network (10.0.0.0/16)"));
    names(text)?.iter().map(range).collect()
}

fn ports(text: &str) -> Result<Vec<u16>, String> {
    let port = |name: &String| {
        let port = name.parse().ok().filter(|port| *port > 0);
        port.ok_or_else(|| format!("has `{name}`, which is no port"))
    };
    names(text)?.iter().map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Limits, ConfigError> {
        limits(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn ports_are_required_and_all_faults_are_reported_at_once() {
        let limits = read(&[("PROBE_PORTS", "443, 8443"), ("PROBE_RANGES", "2600:1f18:1::/56")]).unwrap();
        assert_eq!((limits.ports, limits.vpc.len()), (vec![443, 8443], 1));
        assert!(read(&[]).unwrap_err().to_string().contains("`PROBE_PORTS` is not set"));
        let both = read(&[("PROBE_PORTS", "443,0"), ("PROBE_RANGES", "vpc-1")]).unwrap_err().to_string();
        assert!(
            both.contains("`0`, which is no port") && both.contains("`vpc-1`, which is no network"),
            "{both}"
        );
    }
}
