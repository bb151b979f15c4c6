//! Another account, read through a role of its own.
//! Shapes: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::time::SystemTime;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_types::SdkConfig;
use aws_types::region::Region;
use jiff::Timestamp;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{Duration, Instant};

use crate::aws::accounts::{Account, Answered};
use crate::aws::live::LiveAccount;
use crate::aws::live::errors::shortened;
use crate::aws::live::query_protocol::{self, Place, Protocol, Service, Wish};
use crate::aws::live::xml::Node;
use crate::aws::queries::Query;
use crate::aws::reading::ReadError;
use crate::ids::Arn;

static STS: Service = Service { name: "sts", id: "STS", protocol: Protocol::Query("2011-06-15"), place };

/// By this name CloudTrail of the other account knows us.
const SESSION: &str = "vpclink-responder";

/// How long a refusal is taken for granted: reading one path takes two dozen calls.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// An account whose role is assumed when the first question is asked.
pub struct AssumedAccount {
    base: SdkConfig,
    role: Arn,
    external_id: Option<String>,
    now: fn() -> Timestamp,
    opened: OnceCell<(LiveAccount, SharedCredentialsProvider)>,
    tried: Mutex<Option<(Instant, Result<(), ReadError>)>>,
}

impl AssumedAccount {
    /// Reads through this role; `base` has the credentials that may assume it.
    pub fn new(base: &SdkConfig, role: Arn, external_id: Option<String>, now: fn() -> Timestamp) -> Self {
        let (opened, tried) = (OnceCell::new(), Mutex::new(None));
        Self { base: base.clone(), role, external_id, now, opened, tried }
    }

    async fn opened(&self) -> &(LiveAccount, SharedCredentialsProvider) {
        let open = || async {
            let credentials = SharedCredentialsProvider::new(Role {
                sts: query_protocol::Client::new(&self.base, &STS),
                arn: self.role.clone(),
                external_id: self.external_id.clone(),
            });
            let config = self.base.to_builder().credentials_provider(credentials.clone()).build();
            (LiveAccount::new(&config, self.now), credentials)
        };
        self.opened.get_or_init(open).await
    }

    /// Whether the role can be assumed. Found out before the first question, since a service would only say that it got no
    /// credentials.
    async fn entered(&self, credentials: &SharedCredentialsProvider) -> Result<(), ReadError> {
        let mut tried = self.tried.lock().await;
        match &*tried {
            Some((_, Ok(()))) => return Ok(()),
            Some((at, refusal)) if at.elapsed() < AGAIN_AFTER => return refusal.clone(),
            _ => {}
        }
        let outcome = credentials.provide_credentials().await.map(|_| ()).map_err(|error| {
            let says = shortened(&DisplayErrorContext(error).to_string());
            ReadError::RoleRefused(format!("{}: {says}", self.role))
        });
        *tried = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

#[async_trait]
impl Account for AssumedAccount {
    async fn ask(&self, query: &Query) -> Answered {
        let (account, credentials) = self.opened().await;
        self.entered(credentials).await?;
        account.ask(query).await
    }
}

/// A role to assume. The SDK keeps its credentials until they expire.
#[derive(Debug)]
struct Role {
    sts: Option<query_protocol::Client>,
    arn: Arn,
    external_id: Option<String>,
}

impl Role {
    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let id = self.external_id.as_deref().map(|id| ("ExternalId", id));
        let named = [("RoleArn", self.arn.as_str()), ("RoleSessionName", SESSION)];
        let parameters: Vec<_> = named.into_iter().chain(id).collect();
        let sts = query_protocol::configured(self.sts.as_ref()).map_err(CredentialsError::provider_error)?;
        let answer = sts.call("AssumeRole", Some("AssumeRoleResult"), &parameters).await;
        credentials(&answer.map_err(CredentialsError::provider_error)?)
            .ok_or_else(|| CredentialsError::unhandled("the answer holds no credentials"))
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

fn credentials(answer: &Node) -> Option<Credentials> {
    let found = answer.find("Credentials", "AccessKeyId")?;
    // Without their end they would be used for ever.
    let until: Timestamp = found.parsed("Expiration")?;
    Some(Credentials::new(
        found.text("AccessKeyId")?,
        found.text("SecretAccessKey")?,
        Some(found.text("SessionToken")?),
        Some(SystemTime::from(until)),
        "AssumeRole",
    ))
}

/// The Region's own endpoint. Source: <https://docs.aws.amazon.com/general/latest/gr/sts.html>
fn place(region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    // GovCloud's plain endpoints are FIPS endpoints already.
    let host =
        if fips && (dual_stack || !region.as_ref().starts_with("us-gov-")) { "sts-fips" } else { "sts" };
    Place::regional(host, region, dual_stack)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
        <AssumedRoleUser><Arn>arn:aws:sts::444455556666:assumed-role/r/s</Arn></AssumedRoleUser>\
        <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
        <SessionToken>token</SessionToken><Expiration>2026-11-30T16:00:00Z</Expiration></Credentials>\
        </AssumeRoleResult></AssumeRoleResponse>";

    #[test]
    fn credentials_are_read_with_their_end() {
        let read = |text: &str| credentials(&Node::parse(text.as_bytes()).unwrap());
        let found = read(ANSWER).unwrap();
        assert_eq!((found.access_key_id(), found.secret_access_key()), ("ASIAEXAMPLE", "secret"));
        assert_eq!(found.session_token(), Some("token"));
        let end: Timestamp = "2026-11-30T16:00:00Z".parse().unwrap();
        assert_eq!(found.expiry(), Some(SystemTime::from(end)));
        for member in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
            assert!(read(&ANSWER.replace(member, "Other")).is_none(), "{member}");
        }
    }
    #[test]
    fn each_region_has_its_own_host() {
        for (region, fips, url) in [
            ("eu-west-1", false, "https://sts.eu-west-1.amazonaws.com"),
            ("us-east-1", true, "https://sts-fips.us-east-1.amazonaws.com"),
            ("us-gov-west-1", true, "https://sts.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", false, "https://sts.cn-north-1.amazonaws.com.cn"),
        ] {
            assert_eq!(place(&Region::from_static(region), Wish { fips, dual_stack: false }).url, url);
        }
    }
}
