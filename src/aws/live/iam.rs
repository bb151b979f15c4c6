//! IAM's server certificates, which a listener may present instead of ACM's. Only the certificate is read: IAM does not
//! hand out keys. Shapes: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServerCertificate.html>

use crate::aws::live::{query_protocol, x509};

use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::aws::live::errors::outcome;
use crate::aws::live::query_protocol::{Place, Protocol, Wish};
use crate::aws::live::xml::Node;
use crate::aws::model::X509;
use crate::aws::reading::ReadError;

const ABSENT: [&str; 1] = ["NoSuchEntity"];

static IAM: query_protocol::Service =
    query_protocol::Service { name: "iam", id: "IAM", protocol: Protocol::Query("2010-05-08"), place };

/// Reads from IAM.
pub(crate) struct Client {
    query: Option<query_protocol::Client>,
}

impl Client {
    /// A client of the configuration's partition and credentials.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { query: query_protocol::Client::new(config, &IAM) }
    }

    pub(crate) async fn server_certificate(&self, name: &str) -> Result<Option<Vec<X509>>, ReadError> {
        let parameters = [("ServerCertificateName", name)];
        let found = async {
            let query = query_protocol::configured(self.query.as_ref())?;
            query.call("GetServerCertificate", Some("GetServerCertificateResult"), &parameters).await
        };
        let pem = outcome(found.await, &ABSENT, |answer| pem(&answer))?;
        pem.map(|pem| x509::chain(&pem.unwrap_or_default())).transpose()
    }
}

/// The certificate by itself, then those above it.
fn pem(answer: &Node) -> Option<String> {
    let certificate = answer.find("ServerCertificate", "CertificateBody")?;
    let above = certificate.text("CertificateChain").unwrap_or_default();
    Some(certificate.text("CertificateBody")? + "\n" + &above)
}

/// One endpoint a partition. Source: <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
fn place(region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    let (url, region) = match region.as_ref() {
        region if region.starts_with("cn-") => ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        region if region.starts_with("us-gov-") => ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        _ if fips => ("https://iam-fips.amazonaws.com", "us-east-1"),
        _ if dual_stack => ("https://iam.global.api.aws", "us-east-1"),
        _ => ("https://iam.amazonaws.com", "us-east-1"),
    };
    Place { url: url.to_owned(), region: Region::from_static(region) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read() {
        let xml = "<GetServerCertificateResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
                   <GetServerCertificateResult><ServerCertificate><ServerCertificateMetadata><Path>/</Path>\
                   </ServerCertificateMetadata><CertificateBody>one\ntwo</CertificateBody>\
                   <CertificateChain>three</CertificateChain></ServerCertificate></GetServerCertificateResult>\
                   <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetServerCertificateResponse>";
        let found = Node::parse(xml.as_bytes()).unwrap();
        assert_eq!(pem(&found).as_deref(), Some("one\ntwo\nthree"));
        let alone = xml.replace("<CertificateChain>three</CertificateChain>", "<CertificateChain/>");
        assert_eq!(pem(&Node::parse(alone.as_bytes()).unwrap()).as_deref(), Some("one\ntwo\n"));
        let none = xml.replace("CertificateBody", "Other");
        assert_eq!(pem(&Node::parse(none.as_bytes()).unwrap()), None);
    }

    #[test]
    fn each_partition_has_its_own_host() {
        for (region, url, signed_for) in [
            ("eu-west-1", "https://iam.amazonaws.com", "us-east-1"),
            ("cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ] {
            let place = place(&Region::from_static(region), Wish { fips: false, dual_stack: false });
            assert_eq!((place.url.as_str(), place.region.as_ref()), (url, signed_for));
        }
    }
}
