//! Certificates as AWS keeps them: what a listener presents, what ACM says of it, and what stands in the PEM itself.

use jiff::Timestamp;

use crate::vocabulary::Arn;

/// A certificate on a listener's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerCertificate {
    /// Its ARN, in ACM or in IAM.
    pub arn: Arn,
    /// Whether it is presented to clients whose host name no other certificate covers.
    pub default: bool,
}

/// What ACM says of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcmCertificate {
    /// `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`.
    pub kind: String,
    /// `ISSUED`, `EXPIRED`, `REVOKED`, …
    pub status: String,
    /// The domain names it covers, the common name among them. IP addresses are not in this list.
    pub names: Vec<String>,
    /// The authority's name; not a whole distinguished name.
    pub issuer: Option<String>,
    /// When it begins to be valid.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub not_after: Option<Timestamp>,
    /// `PENDING_AUTO_RENEWAL`, `PENDING_VALIDATION`, `SUCCESS`, `FAILED`; `None` where ACM does not renew it.
    pub renewal: Option<String>,
    /// Why the renewal failed.
    pub renewal_reason: Option<String>,
}

/// One certificate of a chain, as its own PEM says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct X509 {
    /// Its subject, as a distinguished name.
    pub subject: String,
    /// Its issuer, as a distinguished name.
    pub issuer: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// DNS names among its subject alternative names.
    pub names: Vec<String>,
    /// IP addresses among its subject alternative names.
    pub addresses: Vec<String>,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

impl X509 {
    /// Whether it names itself as its issuer: a root, or a certificate that nobody vouches for.
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}
