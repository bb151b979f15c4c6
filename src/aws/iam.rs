//! IAM's server certificates, which a listener may present instead of ACM's. Only the certificate is read: IAM does not
//! hand out keys.

use aws_sdk_iam::Client;
use aws_types::SdkConfig;

use super::{outcome, x509};
use crate::survey::{Answer, Why};

const ABSENT: [&str; 1] = ["NoSuchEntity"];

/// Reads from IAM.
pub(super) struct Reader {
    client: Client,
}

impl Reader {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(super) async fn server_certificate(&self, name: &str) -> Result<Answer, Why> {
        let found = self.client.get_server_certificate().server_certificate_name(name).send().await;
        let mut pem = String::new();
        let answer = outcome(found, &ABSENT, |answer| {
            if let Some(certificate) = answer.server_certificate {
                pem =
                    certificate.certificate_body + "\n" + &certificate.certificate_chain.unwrap_or_default();
            }
            Answer::Chain(Vec::new())
        })?;
        if answer == Answer::Absent { Ok(answer) } else { x509::chain(&pem).map(Answer::Chain) }
    }
}
