//! What the text of a cause names outright, beside the kind of fault that it blames.

use crate::causes::Cause;
use crate::checks::code::Code;

/// The certificate's part that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificatePart {
    Dates,
    Name,
    Authority,
    /// The key, or that there is no certificate: no reading shows either.
    Unreadable,
}

impl CertificatePart {
    /// `None` where the text does not name the fault of a certificate.
    pub(crate) fn of(cause: &Cause) -> Option<Self> {
        Some(match cause.slug {
            "certificate-expired" => Self::Dates,
            "certificate-name-mismatch" => Self::Name,
            "certificate-untrusted" => Self::Authority,
            "certificate-key-mismatch" | "endpoint-not-tls" => Self::Unreadable,
            _ => return None,
        })
    }

    /// The findings that show it.
    pub(crate) fn codes(self) -> &'static [Code] {
        match self {
            Self::Dates => &[Code::ListenerCertificateExpired, Code::ListenerCertificateNotYetValid],
            Self::Name => &[Code::ListenerCertificateNameMismatch],
            Self::Authority => &[Code::ListenerCertificateUntrusted],
            Self::Unreadable => &[],
        }
    }

    /// The words for people.
    pub(crate) fn noun(self) -> Option<&'static str> {
        match self {
            Self::Dates => Some("the certificate's dates"),
            Self::Name => Some("the certificate's name"),
            Self::Authority => Some("the certificate's authority"),
            Self::Unreadable => None,
        }
    }
}

/// Whether the text may be of a connection that one side has forgotten, though it names no reset.
pub(crate) fn may_be_reset(cause: &Cause) -> bool {
    cause.slug == "network-error"
}

/// Whether the first bytes of a connection may have been garbled, though the text speaks of TLS.
pub(crate) fn may_be_garbled(cause: &Cause) -> bool {
    cause.slug == "tls-handshake-failed"
}
