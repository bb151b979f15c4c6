//! What makes failures one incident.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::causes::{Cause, Diagnosis, Endpoint};
use crate::ids::{AccountId, Region};
use crate::logs::Source;

/// A stable, versioned digest of account, Region, API, stage, cause and what was called.
///
/// The version is part of it: a change of what is digested must not fold new failures into old incidents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a diagnosis, from the text alone.
    pub fn of(diagnosis: &Diagnosis) -> Self {
        Self::of_parts(&diagnosis.source, diagnosis.cause, diagnosis.endpoint.as_ref())
    }

    /// The same, where no diagnosis was made.
    pub(crate) fn of_parts(source: &Source, cause: &Cause, endpoint: Option<&Endpoint>) -> Self {
        let text = |part: Option<String>| part.unwrap_or_default();
        let parts = [
            text(source.account.as_ref().map(ToString::to_string)),
            text(source.region.as_ref().map(ToString::to_string)),
            text(source.api.as_ref().map(ToString::to_string)),
            text(source.stage.clone()),
            if source.canary { "canary".to_owned() } else { String::new() },
            cause.slug.to_owned(),
            text(endpoint.map(ToString::to_string)),
        ];
        Self::digest("1", &parts)
    }

    /// The fingerprint of a broken resource: incidents that it explains are published as one alert.
    pub fn of_root(account: Option<&AccountId>, region: Option<&Region>, resource: &str) -> Self {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let parts =
            [text(account.map(AccountId::as_str)), text(region.map(Region::as_str)), resource.to_owned()];
        Self::digest("1r", &parts)
    }

    /// A fingerprint that was kept.
    pub fn kept(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The fingerprint as it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digest(version: &str, parts: &[String]) -> Self {
        // A separator that no part contains: neither names nor addresses hold control characters.
        let digest = Sha256::digest(parts.join("\u{1f}"));
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{version}-{hex}"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
