//! What is said of a certificate: the finding with its particulars, and what to do.

use crate::aws::Reading;
use crate::aws::model::Listener;
use crate::checks::certificate_presented::Presented;
use crate::checks::code::Code;
use crate::checks::finding::Finding;

/// Half a sentence about the certificate, and its code.
pub(crate) struct Said {
    pub(crate) code: Code,
    pub(crate) says: String,
    pub(crate) partial: bool,
}

impl Said {
    pub(crate) fn new(code: Code, says: String) -> Self {
        Self { code, says, partial: false }
    }

    pub(crate) fn finding(self, listener: &Listener, one: &Presented<'_>) -> Finding {
        let says = format!(
            "the certificate of listener {}:{} (`{}`) {}",
            listener.protocol,
            listener.port,
            one.arn.resource(),
            self.says
        );
        let reading = Reading::Known { value: (), at: one.at };
        let mut finding = Finding::read(self.code, one.action, &reading, says)
            .of(&listener.arn)
            .detail("certificate", one.arn)
            .detail("names", one.names.list());
        let of_acm = one.acm.map(|acm| acm.kind.clone());
        for (key, value) in [
            ("kind", of_acm),
            ("issuer", issuer(one)),
            ("not_before", one.not_before.map(|at| at.to_string())),
            ("not_after", one.not_after.map(|at| at.to_string())),
            ("renewal", one.acm.and_then(|acm| acm.renewal.clone())),
            ("renewal_reason", one.acm.and_then(|acm| acm.renewal_reason.clone())),
        ] {
            finding = value.into_iter().fold(finding, |finding, value| finding.detail(key, value));
        }
        finding.partial = self.partial;
        let Some(what) = remedy(self.code, one) else { return finding };
        let show = format!(
            "aws elbv2 describe-listener-certificates --listener-arn {} --region {{region}}",
            listener.arn
        );
        finding.remedy(what, None, Some(show))
    }
}

/// Who vouches for it: its own word, else ACM's.
pub(crate) fn issuer(one: &Presented<'_>) -> Option<String> {
    let own = one.chain.first().map(|leaf| leaf.issuer.clone());
    own.or_else(|| one.acm.and_then(|acm| acm.issuer.clone()))
}

fn remedy(code: Code, one: &Presented<'_>) -> Option<&'static str> {
    let amazon = one.acm.is_some_and(|acm| acm.kind == "AMAZON_ISSUED");
    Some(match code {
        Code::ListenerCertificateNameMismatch => {
            "Put a name that the certificate covers into the integration's URI and deploy the API, or give the listener \
             a certificate for the URI's host."
        }
        Code::ListenerCertificateUntrusted => {
            "Give the listener a certificate of a public authority with its whole chain, or set \
             insecureSkipVerification in the integration's tlsConfig and deploy the API."
        }
        Code::ListenerCertificateNotYetValid => "Give the listener a certificate that is valid now.",
        Code::ListenerCertificateExpired | Code::CertificateExpiresSoon if amazon => {
            "Complete the certificate's validation (its CNAME record) so that ACM can renew it, or request a new one."
        }
        Code::ListenerCertificateExpired | Code::CertificateExpiresSoon => {
            "Import the renewed certificate under the same ARN, or give the listener a new one; ACM does not renew it."
        }
        _ => return None,
    })
}
