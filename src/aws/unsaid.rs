//! What each question can tell: the ladder of permissions, for people.

use crate::aws::queries::Query;

impl Query {
    /// What the answer tells, as the end of "without it, nobody can say …".
    pub fn tells(&self) -> &'static str {
        match self {
            Self::RestApi(_) => "what the API is called",
            Self::Stage(..) => "whether the stage defines the variables that the integration uses",
            Self::Resources(_) => "which integration the failed route has, and everything behind it",
            Self::Deployed(..) => "whether the integration was changed and not deployed",
            Self::VpcLinkV1(_) | Self::VpcLinkV2(_) => {
                "whether the VPC link exists and is available, and everything behind it"
            }
            Self::EndpointServices => "whether the link's endpoint service is there",
            Self::EndpointConnections(_) => "whether API Gateway's connection to it is accepted",
            Self::LoadBalancer(_) => "whether the load balancer is there and active, and its network",
            Self::Listeners(_) | Self::Listener(_) => {
                "whether a listener has the port and the protocol, and everything behind it"
            }
            Self::Rules(_) => "which rule of an application load balancer takes the request",
            Self::TargetGroups(_) => "what the target groups are called, their ports and health checks",
            Self::TargetHealth(_) => "whether there are targets, and whether they are healthy",
            Self::ListenerCertificates(_) => "which certificates the listener presents",
            Self::AcmCertificate(_) => "names, dates and renewal of a certificate in ACM",
            Self::AcmChain(_) => "who issued an imported or private certificate",
            Self::ServerCertificate(_) => "names, dates and issuer of a certificate in IAM",
            Self::ListenerAttributes(_) => "after how long the listener forgets idle connections",
            Self::Metrics(_) => "whether resets, drops or TLS errors rose with the failures",
            Self::LoadBalancerAttributes(_) => "whether a zone without targets is served by another",
            Self::TargetGroupAttributes(_) => "whose address targets see, and whether proxy protocol is on",
            Self::Subnets(_) => "which networks a rule has to let through",
            Self::NetworkAcls(_) => "whether a network ACL blocks requests or answers",
            Self::SecurityGroups(_) => "whether a security group blocks requests",
            Self::NetworkInterfaces(_) => {
                "which addresses and security groups link, load balancer and targets have"
            }
            Self::Instances(_) => "which security groups instance targets have",
            Self::PrefixList(_) => "which networks a rule that names a prefix list lets through",
            Self::RequestLines(_) => {
                "route and endpoint of a request of which a narrow filter passed the failure alone"
            }
        }
    }
}
