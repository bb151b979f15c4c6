//! TLS that a TCP listener passes on: whose certificate it is, and how to see it by hand.

use crate::aws::ReadError;
use crate::aws::model::Listener;
use crate::checks::certificate::not_looked;
use crate::checks::finding::{Finding, State};
use crate::path::PrivatePath;

/// No call of AWS shows a target's certificate, so no permission would help.
pub(crate) fn finding(topology: &PrivatePath, listener: &Listener) -> Finding {
    let groups = topology.called_target_groups();
    let balanced =
        groups.iter().filter_map(|arn| topology.target_group(arn)).any(|group| group.kind == "alb");
    let (who, why) = match balanced {
        true => (
            "application load balancer behind the listener",
            "TLS passes through the listener to an application load balancer, whose certificate is not read",
        ),
        false => (
            "target",
            "TLS passes through the listener to the target, and no AWS API shows a target's certificate",
        ),
    };
    let says = format!(
        "listener {}:{} passes TLS through: the certificate is the {who}'s own",
        listener.protocol, listener.port
    );
    Finding {
        state: State::Unknown,
        action: "",
        why: Some(ReadError::NotAsked(why.to_owned())),
        ..not_looked("", ReadError::NotRecorded)
    }
    .saying(says)
    .of(&listener.arn)
    .remedy(
        "From a machine in the VPC, read the names, dates and issuer of the certificate that the target presents.",
        Some(
            "openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null | openssl x509 -noout \
             -subject -issuer -dates -ext subjectAltName"
                .to_owned(),
        ),
        None,
    )
}
