//! The reads about one load balancer, in the order in which one answer leads to the next query.
//!
//! First what its ARN leads to; then its rules; then targets, settings, metrics, the list of certificates and the near
//! side of the network; then each certificate, what stands behind the targets, and the load balancer that is a target.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::join;

use crate::aws::model::{
    AcmCertificate, Attributes, Listener, ListenerCertificate, MetricsOf, Point, Series, Target, VpcLink,
    X509,
};
use crate::aws::{Query, QueryKind, Reading};
use crate::causes::Endpoint;
use crate::ids::Arn;
use crate::path::balancer::{Balancer, CertificateReadings, Details};
use crate::path::listener_rules::SeenRequest;
use crate::path::path_reader::{MOST_GROUPS, PathReader};
use crate::path::private_path::NO_WAY;

/// Certificates read of one listener: the default, and as many as the quota allows beside it. Those beyond are as unknown
/// as denied ones.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html>
const MOST_CERTIFICATES: usize = 26;

/// Certificates asked for at a time: ACM answers ten calls a second.
const CERTIFICATES_AT_A_TIME: usize = 8;

/// Target groups whose metrics are read.
const MOST_COUNTED: usize = 4;

impl PathReader<'_> {
    /// What the load balancer's ARN leads to. `named` is the load balancer, or one of its listeners.
    pub(crate) async fn front(
        &self,
        named: &Arn,
        called: Option<Endpoint>,
        request: SeenRequest,
    ) -> Balancer {
        let arn = named.load_balancer();
        let named_listener = (arn != *named).then(|| named.clone());
        let listeners = async {
            match &named_listener {
                Some(listener) => {
                    self.read::<Listener>(Query::Listener(listener.clone())).await.map(|l| vec![l])
                }
                None => self.read(Query::Listeners(arn.clone())).await,
            }
        };
        let (load_balancer, listeners, target_groups) = join!(
            self.read(Query::LoadBalancer(arn.clone())),
            listeners,
            self.read(Query::TargetGroups(arn.clone())),
        );
        Balancer {
            arn: Some(arn),
            called,
            request,
            load_balancer,
            listeners,
            named_listener,
            target_groups,
            ..Balancer::unread(NO_WAY)
        }
    }

    /// What lies behind the load balancer, and beside it. `link` is the V2 link that calls it.
    pub(crate) async fn behind(&self, mut balancer: Balancer, link: Option<&VpcLink>) -> Balancer {
        let ruled = balancer.called_listener().filter(|_| balancer.is_ruled());
        if let Some(arn) = ruled.map(|listener| listener.arn.clone()) {
            balancer.rules = self.read(Query::Rules(arn)).await;
        }
        let front = balancer.clone();
        let behind = async {
            let groups = front.called_target_groups();
            (balancer.targets, balancer.network) =
                join!(self.targets(groups), self.near_network(&front, link));
            let (next, network) = join!(self.next(&balancer), self.far_network(&balancer));
            (balancer.next, balancer.network) = (next, network);
        };
        let (details, ()) = join!(self.details(&front), behind);
        balancer.details = details;
        balancer
    }

    /// The application load balancer that is the target of a network load balancer.
    async fn next(&self, outer: &Balancer) -> Option<Box<Balancer>> {
        // Only a network load balancer can have one as its target, so this ends after two.
        let (arn, port) = outer.balancers_behind().into_iter().next().filter(|_| outer.is_network())?;
        let called = outer.called.clone().map(|endpoint| Endpoint { port, ..endpoint });
        // It sees the other load balancer's addresses, or those behind that one.
        let request = SeenRequest { sources: Vec::new(), ..outer.request.clone() };
        let mut front = self.front(&arn, called, request).await;
        front.called_by.clone_from(&outer.called_by);
        Some(Box::new(Box::pin(self.behind(front, None)).await))
    }

    /// The targets behind the called listener, and behind no other: what is not called can't have failed the request.
    async fn targets(&self, mut groups: Vec<Arn>) -> BTreeMap<Arn, Reading<Vec<Target>>> {
        groups.truncate(MOST_GROUPS);
        let read = join_all(groups.iter().map(|arn| self.read(Query::TargetHealth(arn.clone())))).await;
        groups.into_iter().zip(read).collect()
    }

    /// What helps to judge a load balancer whose listeners were read.
    async fn details(&self, balancer: &Balancer) -> Details {
        let listener = balancer.called_listener();
        let (certificates, listener_attributes, metrics) = join!(
            self.listener_certificates(balancer, listener),
            self.listener_attributes(listener),
            self.metrics(balancer),
        );
        let unread = Details::unread("the called listener is not known, or has none");
        let (metrics, metrics_day_before) = metrics.unwrap_or((unread.metrics, unread.metrics_day_before));
        let (listener_certificates, certificates) =
            certificates.unwrap_or((unread.listener_certificates, BTreeMap::new()));
        Details {
            listener_certificates,
            certificates,
            listener_attributes: listener_attributes.unwrap_or(unread.listener_attributes),
            metrics,
            metrics_day_before,
        }
    }

    /// The certificates of a listener that ends TLS; an http URI never sees them.
    async fn listener_certificates(
        &self,
        balancer: &Balancer,
        listener: Option<&Listener>,
    ) -> Option<(Reading<Vec<ListenerCertificate>>, BTreeMap<Arn, CertificateReadings>)> {
        let listener = listener.filter(|listener| listener.ends_tls())?;
        balancer.called.as_ref().filter(|called| called.tls)?;
        let name = balancer.verified_name();
        let listed: Reading<Vec<ListenerCertificate>> =
            self.read(Query::ListenerCertificates(listener.arn.clone())).await;
        let mut arns: Vec<(bool, Arn)> =
            listed.value().into_iter().flatten().map(|one| (!one.default, one.arn.clone())).collect();
        // The default first: it is presented to every host name that no other covers.
        arns.sort();
        arns.truncate(MOST_CERTIFICATES);
        let mut read = BTreeMap::new();
        for some in arns.chunks(CERTIFICATES_AT_A_TIME) {
            let each = some.iter().map(|(other, arn)| self.certificate(arn, name.filter(|_| *other)));
            read.extend(some.iter().map(|(_, arn)| arn.clone()).zip(join_all(each).await));
        }
        Some((listed, read))
    }

    /// Of one that is shown by name alone, the certificate itself is read where its names may match.
    async fn certificate(&self, arn: &Arn, name: Option<&str>) -> CertificateReadings {
        if let Some((_, name)) = arn.as_str().split_once(":server-certificate/") {
            // A path may stand before the name.
            let name = name.rsplit('/').next().unwrap_or(name).to_owned();
            return CertificateReadings { acm: None, chain: self.read(Query::ServerCertificate(name)).await };
        }
        let acm: Reading<AcmCertificate> = self.read(Query::AcmCertificate(arn.clone())).await;
        let amazon = acm.value().is_some_and(|acm| acm.kind == "AMAZON_ISSUED");
        let named = |acm: &AcmCertificate, name: &str| acm.names.iter().any(|own| may_cover(own, name));
        let other = acm.value().zip(name).is_some_and(|(acm, name)| !named(acm, name));
        let chain: Reading<Vec<X509>> = match amazon || other {
            // What ACM says of a certificate of Amazon's own is all that can be asked about it.
            true => acm.clone().map(|_| Vec::new()),
            false => self.read(Query::AcmChain(arn.clone())).await,
        };
        CertificateReadings { acm: Some(acm), chain }
    }

    /// The idle timeout can be set on TCP listeners alone; TLS listeners have a fixed one.
    async fn listener_attributes(&self, listener: Option<&Listener>) -> Option<Reading<Attributes>> {
        let listener = listener.filter(|listener| listener.protocol == "TCP")?;
        Some(self.read(Query::ListenerAttributes(listener.arn.clone())).await)
    }

    async fn metrics(&self, balancer: &Balancer) -> Option<(Reading<Vec<Series>>, Reading<Vec<Series>>)> {
        let arn = balancer.arn.as_ref().filter(|_| !balancer.load_balancer.is_absent())?;
        let unasked = |why| Reading::not_asked(QueryKind::Metrics, why);
        let Some(failed) = self.failed else {
            let why = "the log does not say when the request failed";
            return Some((unasked(why), unasked(why)));
        };
        let mut target_groups = balancer.called_target_groups();
        target_groups.truncate(MOST_COUNTED);
        let (load_balancer, network) = (arn.clone(), balancer.is_network());
        let of = MetricsOf { load_balancer, network, target_groups, failed: minute(failed) };
        let today: Reading<Vec<Series>> = self.read(Query::Metrics(of.clone())).await;
        let day_before = match today.value().is_some_and(|series| series.iter().any(|one| is_up(one, failed)))
        {
            true => {
                let target_groups = Vec::new();
                let failed = of.failed - SignedDuration::from_hours(24);
                self.read(Query::Metrics(MetricsOf { target_groups, failed, ..of })).await
            }
            false => unasked("no count is up for as long as its history goes back"),
        };
        Some((today, day_before))
    }
}

/// Whether a certificate's name may cover a host: wildcards are judged where names are compared.
fn may_cover(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    match name.rsplit_once('*') {
        Some((_, end)) => host.ends_with(end),
        None => name == host,
    }
}

/// Whether the first minutes that are known are as busy as those of the failure: then its beginning is not among them.
fn is_up(series: &Series, failed: Timestamp) -> bool {
    const FIRST: usize = 10;
    let near = |point: &&Point| failed.duration_since(point.at).abs() < SignedDuration::from_mins(2);
    let busiest = series.points.iter().filter(near).map(|point| point.count).max();
    let first = series.points.iter().take(FIRST).map(|point| point.count).min();
    let known = series.points.len() > 2 * FIRST && series.target_group.is_none();
    known && busiest.zip(first).is_some_and(|(busiest, first)| busiest > FIRST as u64 && first >= busiest / 2)
}

/// The minute that a moment lies in: metrics know no finer time.
fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}
