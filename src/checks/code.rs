//! The codes of findings: the words other people's tools rely on, each with its hop and its state.

use HopKind::{
    CloudMapService, EndpointService, Integration, Listener, LoadBalancer, Stage, Target, TargetGroup,
    VpcLink,
};
use State::{Faulty, Healthy, Warning};

/// The hops of a private path, from the client to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HopKind {
    /// The stage and its variables.
    Stage,
    /// The method's integration.
    Integration,
    /// The VPC link.
    VpcLink,
    /// V1: the endpoint service and API Gateway's connection to it.
    EndpointService,
    /// HTTP APIs: the Cloud Map service, in the place of a load balancer.
    CloudMapService,
    /// The load balancer.
    LoadBalancer,
    /// The listener that is called.
    Listener,
    /// A target group behind it.
    TargetGroup,
    /// A target group's targets.
    Target,
}

impl HopKind {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Integration => "integration",
            Self::VpcLink => "vpc-link",
            Self::EndpointService => "endpoint-service",
            Self::CloudMapService => "cloud-map-service",
            Self::LoadBalancer => "load-balancer",
            Self::Listener => "listener",
            Self::TargetGroup => "target-group",
            Self::Target => "target",
        }
    }

    /// The words for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::VpcLink => "VPC link",
            Self::EndpointService => "endpoint service",
            Self::CloudMapService => "Cloud Map service",
            Self::LoadBalancer => "load balancer",
            Self::TargetGroup => "target group",
            Self::Target => "targets",
            other => other.as_str(),
        }
    }
}

/// What a finding makes of its hop, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A reading shows a fault.
    Faulty,
    /// A reading shows what will break, though it works now. Never the verdict of a failure.
    Warning,
    /// It could not be read.
    Unknown,
    /// A reading shows that all is well.
    Healthy,
}

impl State {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Faulty => "faulty",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
        }
    }
}

/// What kind of thing a finding speaks of: the hops themselves, or what stands beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// A hop: whether it is there, works and leads on.
    Hop,
    /// What lies between hops: rules of security groups and network ACLs.
    Network,
    /// The listener's certificate.
    Certificate,
    /// A setting that breaks some connections.
    Setting,
    /// Whether a failure would be logged at all. No failure comes of it.
    Logging,
    /// A number that CloudWatch counted.
    Metric,
    /// What a connection met; its certificate is of the kind above.
    Probe,
}

macro_rules! codes {
    ($($name:ident $slug:literal $hop:ident $state:ident;)+) => {
        /// What a finding says, by the contract's word; see [`Code::slug`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($name,)+
        }

        /// Every code, along the path.
        pub const CODES: &[Code] = &[$(Code::$name,)+];

        impl Code {
            /// The word on the screen and in the machine alert.
            pub fn slug(self) -> &'static str {
                match self {
                    $(Self::$name => $slug,)+
                }
            }

            /// The hop it speaks of.
            pub fn hop(self) -> HopKind {
                match self {
                    $(Self::$name => $hop,)+
                }
            }

            /// What kind of thing it speaks of.
            pub fn kind(self) -> FindingKind {
                match self {
                    Self::TargetResetsRising
                    | Self::LoadBalancerResetsRising
                    | Self::SecurityGroupDropsRising
                    | Self::PortAllocationErrors
                    | Self::TlsNegotiationErrorsRising => FindingKind::Metric,
                    Self::VpcLinkSecurityGroupBlocks
                    | Self::LoadBalancerSecurityGroupBlocks
                    | Self::TargetSecurityGroupBlocks
                    | Self::NetworkAclBlocksRequest
                    | Self::NetworkAclBlocksResponse
                    | Self::NetworkOpen => FindingKind::Network,
                    Self::ExecutionLoggingOff => FindingKind::Logging,
                    Self::IdleTimeoutMismatch | Self::ProxyProtocolEnabled | Self::ZoneWithoutTargets => {
                        FindingKind::Setting
                    }
                    Self::ListenerCertificateNameMismatch
                    | Self::ListenerCertificateExpired
                    | Self::ListenerCertificateNotYetValid
                    | Self::ListenerCertificateUntrusted
                    | Self::ListenerCertificateValid
                    | Self::CertificateExpiresSoon
                    | Self::TargetCertificateNameMismatch
                    | Self::TargetCertificateExpired
                    | Self::TargetCertificateNotYetValid
                    | Self::TargetCertificateUntrusted
                    | Self::TargetCertificateChainIncomplete
                    | Self::TargetCertificateKeyMismatch
                    | Self::TargetCertificateValid => FindingKind::Certificate,
                    Self::TargetNotListening
                    | Self::TargetSilent
                    | Self::TargetSpeaksTls
                    | Self::TargetSpeaksPlaintext
                    | Self::TargetRefusesTls
                    | Self::TargetDemandsClientCertificate
                    | Self::TargetAnswersNotHttp
                    | Self::TargetAnswersHttp => FindingKind::Probe,
                    _ => FindingKind::Hop,
                }
            }

            /// Whether a number that CloudWatch counted says it: evidence beside what is configured.
            pub fn is_metric(self) -> bool {
                self.kind() == FindingKind::Metric
            }

            /// Whether a certificate is what it speaks of.
            pub fn is_certificate(self) -> bool {
                self.kind() == FindingKind::Certificate
            }

            /// Whether it speaks of what lies between hops: rules of security groups and network ACLs.
            pub fn is_network(self) -> bool {
                self.kind() == FindingKind::Network
            }

            /// The state that is part of its meaning.
            pub fn state(self) -> State {
                match self {
                    $(Self::$name => $state,)+
                }
            }
        }
    };
}

codes! {
    StageVariableUndefined "stage-variable-undefined" Stage Faulty;
    VpcLinkIdDangling "vpc-link-id-dangling" Stage Faulty;
    ExecutionLoggingOff "execution-logging-off" Stage Faulty;
    IntegrationNotDeployed "integration-not-deployed" Integration Faulty;
    IntegrationMissing "integration-missing" Integration Faulty;
    VpcLinkMissing "vpc-link-missing" VpcLink Faulty;
    VpcLinkFailed "vpc-link-failed" VpcLink Faulty;
    VpcLinkPending "vpc-link-pending" VpcLink Faulty;
    VpcLinkDeleting "vpc-link-deleting" VpcLink Faulty;
    VpcLinkInactive "vpc-link-inactive" VpcLink Faulty;
    VpcLinkSecurityGroupBlocks "vpc-link-security-group-blocks" VpcLink Faulty;
    VpcLinkAvailable "vpc-link-available" VpcLink Healthy;
    EndpointServiceMissing "endpoint-service-missing" EndpointService Faulty;
    EndpointServiceUnavailable "endpoint-service-unavailable" EndpointService Faulty;
    EndpointConnectionRejected "endpoint-connection-rejected" EndpointService Faulty;
    EndpointConnectionPending "endpoint-connection-pending" EndpointService Faulty;
    EndpointConnectionFailed "endpoint-connection-failed" EndpointService Faulty;
    EndpointConnectionExpired "endpoint-connection-expired" EndpointService Faulty;
    EndpointConnectionMissing "endpoint-connection-missing" EndpointService Faulty;
    EndpointConnectionAvailable "endpoint-connection-available" EndpointService Healthy;
    CloudMapServiceMissing "cloud-map-service-missing" CloudMapService Faulty;
    CloudMapNoInstances "cloud-map-no-instances" CloudMapService Faulty;
    CloudMapInstancesUnhealthy "cloud-map-instances-unhealthy" CloudMapService Faulty;
    CloudMapInstancesFound "cloud-map-instances-found" CloudMapService Healthy;
    LoadBalancerMissing "load-balancer-missing" LoadBalancer Faulty;
    LoadBalancerFailed "load-balancer-failed" LoadBalancer Faulty;
    LoadBalancerProvisioning "load-balancer-provisioning" LoadBalancer Faulty;
    LoadBalancerImpaired "load-balancer-impaired" LoadBalancer Faulty;
    ZoneWithoutTargets "zone-without-targets" LoadBalancer Faulty;
    LoadBalancerSecurityGroupBlocks "load-balancer-security-group-blocks" LoadBalancer Faulty;
    LoadBalancerActive "load-balancer-active" LoadBalancer Healthy;
    LoadBalancerResetsRising "load-balancer-resets-rising" LoadBalancer Faulty;
    SecurityGroupDropsRising "security-group-drops-rising" LoadBalancer Faulty;
    PortAllocationErrors "port-allocation-errors" LoadBalancer Faulty;
    ListenerMissing "listener-missing" Listener Faulty;
    ListenerProtocolMismatch "listener-protocol-mismatch" Listener Faulty;
    ListenerForwardsNowhere "listener-forwards-nowhere" Listener Faulty;
    ListenerFound "listener-found" Listener Healthy;
    IdleTimeoutMismatch "idle-timeout-mismatch" Listener Faulty;
    ListenerCertificateNameMismatch "listener-certificate-name-mismatch" Listener Faulty;
    ListenerCertificateExpired "listener-certificate-expired" Listener Faulty;
    ListenerCertificateNotYetValid "listener-certificate-not-yet-valid" Listener Faulty;
    ListenerCertificateUntrusted "listener-certificate-untrusted" Listener Faulty;
    ListenerCertificateValid "listener-certificate-valid" Listener Healthy;
    CertificateExpiresSoon "certificate-expires-soon" Listener Warning;
    TlsNegotiationErrorsRising "tls-negotiation-errors-rising" Listener Faulty;
    TargetGroupEmpty "target-group-empty" TargetGroup Faulty;
    TargetGroupUnused "target-group-unused" TargetGroup Faulty;
    ProxyProtocolEnabled "proxy-protocol-enabled" TargetGroup Faulty;
    NetworkAclBlocksRequest "network-acl-blocks-request" Target Faulty;
    TargetSecurityGroupBlocks "target-security-group-blocks" Target Faulty;
    NetworkAclBlocksResponse "network-acl-blocks-response" Target Faulty;
    NetworkOpen "network-open" Target Healthy;
    TargetsUnhealthy "targets-unhealthy" Target Faulty;
    TargetsUnused "targets-unused" Target Faulty;
    TargetsDraining "targets-draining" Target Faulty;
    TargetsInitial "targets-initial" Target Faulty;
    TargetsHealthy "targets-healthy" Target Healthy;
    TargetResetsRising "target-resets-rising" Target Faulty;
    TargetNotListening "target-not-listening" Target Faulty;
    TargetSilent "target-silent" Target Faulty;
    TargetSpeaksTls "target-speaks-tls" Target Faulty;
    TargetSpeaksPlaintext "target-speaks-plaintext" Target Faulty;
    TargetRefusesTls "target-refuses-tls" Target Faulty;
    TargetDemandsClientCertificate "target-demands-client-certificate" Target Faulty;
    TargetAnswersNotHttp "target-answers-not-http" Target Faulty;
    TargetCertificateNameMismatch "target-certificate-name-mismatch" Target Faulty;
    TargetCertificateExpired "target-certificate-expired" Target Faulty;
    TargetCertificateNotYetValid "target-certificate-not-yet-valid" Target Faulty;
    TargetCertificateUntrusted "target-certificate-untrusted" Target Faulty;
    TargetCertificateChainIncomplete "target-certificate-chain-incomplete" Target Faulty;
    TargetCertificateKeyMismatch "target-certificate-key-mismatch" Target Faulty;
    TargetCertificateValid "target-certificate-valid" Target Healthy;
    TargetAnswersHttp "target-answers-http" Target Healthy;
}
