//! Another account, read through a role of its own.

use async_trait::async_trait;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_types::SdkConfig;
use jiff::Timestamp;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{Duration, Instant};

use crate::aws::accounts::{Account, Answered};
use crate::aws::live::LiveAccount;
use crate::aws::live::errors::shortened;
use crate::aws::queries::Query;
use crate::aws::reading::ReadError;
use crate::ids::Arn;

/// By this name CloudTrail of the other account knows us.
const SESSION: &str = "vpclink-responder";

/// How long a refusal is taken for granted: one path takes two dozen reads.
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
            let role =
                AssumeRoleProvider::builder(self.role.as_str()).configure(&self.base).session_name(SESSION);
            let role = match &self.external_id {
                Some(id) => role.external_id(id),
                None => role,
            };
            let credentials = SharedCredentialsProvider::new(role.build().await);
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
