//! What is read beside the path: the called listener's certificates and settings, its groups' settings, and metrics.
//!
//! Three waves at most, side by side with the targets and their network: the list of certificates, each of them, and the
//! chains of those that are not Amazon's own.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::join;

use crate::aws::model::{AcmCertificate, Attributes, ListenerCertificate, MetricsOf, Series, X509};
use crate::aws::model::{Generation, Listener};
use crate::aws::{Query, Reading};
use crate::ids::Arn;
use crate::path::private_path::PrivatePath;
use crate::path::reader::PathReader;

/// Certificates read in one survey. A listener may have dozens; those beyond are as unknown as denied ones.
const MOST_CERTIFICATES: usize = 4;

/// Target groups whose metrics are read in one survey.
const MOST_GROUPS: usize = 4;

/// What was read beside the path.
#[derive(Clone, Debug)]
pub struct Details {
    /// The certificates on the called listener's list, where it ends TLS.
    pub listener_certificates: Reading<Vec<ListenerCertificate>>,
    /// What is known of each of them.
    pub certificates: BTreeMap<Arn, CertificateReadings>,
    /// The called listener's settings.
    pub listener_attributes: Reading<Attributes>,
    /// The load balancer's metrics around the failure.
    pub metrics: Reading<Vec<Series>>,
}

/// What could be read of one certificate.
#[derive(Clone, Debug)]
pub struct CertificateReadings {
    /// ACM's description; `None` for a certificate that IAM keeps.
    pub acm: Option<Reading<AcmCertificate>>,
    /// The certificate itself and those above it.
    pub chain: Reading<Vec<X509>>,
}

impl Details {
    /// Details of which nothing was read, each field saying why.
    pub(crate) fn unread(why: &str) -> Self {
        let elb = "elasticloadbalancing:DescribeListenerCertificates";
        Self {
            listener_certificates: Reading::not_asked("the listener's certificates", elb, why),
            certificates: BTreeMap::new(),
            listener_attributes: Reading::not_asked(
                "the listener's settings",
                "elasticloadbalancing:DescribeListenerAttributes",
                why,
            ),
            metrics: Reading::not_asked("the load balancer's metrics", "cloudwatch:GetMetricData", why),
        }
    }
}

impl PathReader<'_> {
    /// Reads what helps to judge a path whose load balancer and listeners were read.
    pub(crate) async fn details(&self, topology: &PrivatePath, balancer: &Arn) -> Details {
        let listener = topology.called_listener();
        let (certificates, listener_attributes, metrics) = join!(
            self.listener_certificates(topology, listener),
            self.listener_attributes(listener),
            self.metrics(topology, balancer),
        );
        let unread = Details::unread("the called listener is not known, or has none");
        let (listener_certificates, certificates) =
            certificates.unwrap_or((unread.listener_certificates, BTreeMap::new()));
        Details {
            listener_certificates,
            certificates,
            listener_attributes: listener_attributes.unwrap_or(unread.listener_attributes),
            metrics: metrics.unwrap_or(unread.metrics),
        }
    }

    /// The certificates of a listener that ends TLS; an http URI never sees them.
    async fn listener_certificates(
        &self,
        topology: &PrivatePath,
        listener: Option<&Listener>,
    ) -> Option<(Reading<Vec<ListenerCertificate>>, BTreeMap<Arn, CertificateReadings>)> {
        let listener = listener.filter(|listener| listener.ends_tls())?;
        topology.endpoint.as_ref().filter(|called| called.tls)?;
        let listed: Reading<Vec<ListenerCertificate>> =
            self.read(Query::ListenerCertificates(listener.arn.clone())).await;
        let mut arns: Vec<(bool, Arn)> =
            listed.value().into_iter().flatten().map(|one| (!one.default, one.arn.clone())).collect();
        // The default first: it is presented to every host name that no other covers.
        arns.sort();
        arns.truncate(MOST_CERTIFICATES);
        let read = join_all(arns.iter().map(|(_, arn)| self.certificate(arn))).await;
        Some((listed, arns.into_iter().map(|(_, arn)| arn).zip(read).collect()))
    }

    async fn certificate(&self, arn: &Arn) -> CertificateReadings {
        if let Some((_, name)) = arn.as_str().split_once(":server-certificate/") {
            // A path may stand before the name.
            let name = name.rsplit('/').next().unwrap_or(name).to_owned();
            return CertificateReadings { acm: None, chain: self.read(Query::ServerCertificate(name)).await };
        }
        let acm: Reading<AcmCertificate> = self.read(Query::AcmCertificate(arn.clone())).await;
        let chain = match &acm {
            // What ACM says of a certificate of Amazon's own is all that can be asked about it.
            Reading::Known { value, at } if value.kind == "AMAZON_ISSUED" => {
                Reading::Known { value: Vec::new(), at: *at }
            }
            _ => self.read(Query::AcmChain(arn.clone())).await,
        };
        CertificateReadings { acm: Some(acm), chain }
    }

    /// The idle timeout can be set on TCP listeners alone; TLS listeners have a fixed one.
    async fn listener_attributes(&self, listener: Option<&Listener>) -> Option<Reading<Attributes>> {
        let listener = listener.filter(|listener| listener.protocol == "TCP")?;
        Some(self.read(Query::ListenerAttributes(listener.arn.clone())).await)
    }

    async fn metrics(&self, topology: &PrivatePath, balancer: &Arn) -> Option<Reading<Vec<Series>>> {
        if matches!(topology.load_balancer, Reading::Absent { .. }) {
            return None;
        }
        let Some(failed) = self.failed else {
            let why = "the log does not say when the request failed";
            return Some(Details::unread(why).metrics);
        };
        let kind = topology.load_balancer.value().map(|balancer| balancer.kind.as_str());
        let network = match kind {
            Some(kind) => kind == "network",
            None => topology.generation() != Some(Generation::V2) || balancer.resource().starts_with("net/"),
        };
        let mut target_groups = topology.called_target_groups();
        target_groups.truncate(MOST_GROUPS);
        let of =
            MetricsOf { load_balancer: balancer.clone(), network, target_groups, failed: minute(failed) };
        Some(self.read(Query::Metrics(of)).await)
    }
}

/// The minute that a moment lies in: metrics know no finer time.
fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}
