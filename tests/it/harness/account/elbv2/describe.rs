//! The nouns of Elastic Load Balancing v2 as its API describes them.

use serde_json::{Value, json};

use super::{Action, Listener, LoadBalancer, Target, TargetGroup};

const DATE: &str = "2026-09-01T00:00:00.000Z";

impl LoadBalancer {
    pub(crate) fn described(&self) -> Value {
        let zones: Vec<Value> = self
            .zones
            .iter()
            .map(|zone| {
                let address = zone.private_address.as_ref();
                let addresses: Vec<Value> =
                    address.map(|address| json!({ "PrivateIPv4Address": address })).into_iter().collect();
                json!({ "ZoneName": zone.name, "SubnetId": zone.subnet_id, "LoadBalancerAddresses": addresses })
            })
            .collect();
        json!({
            "LoadBalancerArn": self.arn,
            "DNSName": format!("{}-0123456789abcdef.elb.eu-west-1.amazonaws.com", self.name),
            "CanonicalHostedZoneId": "Z2IFOLAFXWLO4F",
            "CreatedTime": DATE,
            "LoadBalancerName": self.name,
            "Scheme": self.scheme,
            "VpcId": self.vpc_id,
            "State": { "Code": self.state, "Reason": self.reason },
            "Type": self.kind,
            "AvailabilityZones": zones,
            "SecurityGroups": (!self.security_groups.is_empty()).then_some(&self.security_groups),
            "IpAddressType": self.addresses.as_deref().unwrap_or("ipv4"),
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": self.enforcement,
        })
    }
}

impl Listener {
    pub(crate) fn described(&self) -> Value {
        let default: Vec<Value> =
            self.certificates.iter().take(1).map(|arn| json!({ "CertificateArn": arn })).collect();
        json!({
            "ListenerArn": self.arn,
            "LoadBalancerArn": self.load_balancer_arn,
            "Port": self.port,
            "Protocol": self.protocol,
            "SslPolicy": (!default.is_empty()).then_some("ELBSecurityPolicy-TLS13-1-2-2021-06"),
            "Certificates": (!default.is_empty()).then_some(default),
            "DefaultActions": described(&self.actions),
            "AlpnPolicy": self.alpn.as_ref().map(|policy| [policy]),
            "MutualAuthentication": self.mutual_authentication,
        })
    }

    /// All certificates; AWS lists the default one twice.
    pub(crate) fn certificates_described(&self) -> Vec<Value> {
        let default =
            self.certificates.iter().take(1).map(|arn| json!({ "CertificateArn": arn, "IsDefault": true }));
        let all = self.certificates.iter().map(|arn| json!({ "CertificateArn": arn, "IsDefault": false }));
        default.chain(all).collect()
    }

    /// The rules in order, the default one last.
    pub(crate) fn rules_described(&self) -> Vec<Value> {
        let rules = self.rules.iter().map(|rule| {
            json!({
                "RuleArn": rule.arn,
                "Priority": rule.priority.to_string(),
                "Conditions": rule.conditions,
                "Actions": described(&rule.actions),
                "IsDefault": false,
            })
        });
        let default = json!({
            "RuleArn": format!("{}/default0", self.arn.replace(":listener/", ":listener-rule/")),
            "Priority": "default",
            "Conditions": [],
            "Actions": described(&self.actions),
            "IsDefault": true,
        });
        rules.chain([default]).collect()
    }
}

fn described(actions: &[Action]) -> Vec<Value> {
    actions
        .iter()
        .map(|action| match action {
            Action::Plain(arn) => json!({ "Type": "forward", "TargetGroupArn": arn }),
            Action::Forward(groups) => forward(groups),
            Action::FixedResponse(status) => json!({
                "Type": "fixed-response",
                "Order": 1,
                "FixedResponseConfig": { "StatusCode": status.to_string(), "ContentType": "text/plain" },
            }),
            Action::Other(action) => action.clone(),
        })
        .collect()
}

/// A single group is named twice, several only in the configuration.
fn forward(groups: &[(String, u32)]) -> Value {
    let single = groups.first().filter(|_| groups.len() == 1).map(|(arn, _)| arn);
    let tuples: Vec<Value> =
        groups.iter().map(|(arn, weight)| json!({ "TargetGroupArn": arn, "Weight": weight })).collect();
    json!({
        "Type": "forward",
        "TargetGroupArn": single,
        "Order": 1,
        "ForwardConfig": { "TargetGroups": tuples, "TargetGroupStickinessConfig": { "Enabled": false } },
    })
}

impl TargetGroup {
    pub(crate) fn described(&self, users: &[&str]) -> Value {
        let check = &self.health_check;
        json!({
            "TargetGroupArn": self.arn,
            "TargetGroupName": self.name,
            "Protocol": self.protocol,
            "Port": self.port,
            "VpcId": self.vpc_id,
            "HealthCheckProtocol": check.protocol,
            "HealthCheckPort": check.port,
            "HealthCheckEnabled": true,
            "HealthCheckIntervalSeconds": check.interval,
            "HealthCheckTimeoutSeconds": check.timeout,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
            "HealthCheckPath": check.path,
            "Matcher": check.matcher.as_ref().map(|codes| json!({ "HttpCode": codes })),
            "LoadBalancerArns": users,
            "TargetType": self.kind,
            "ProtocolVersion": self.version,
            "IpAddressType": "ipv4",
        })
    }

    pub(crate) fn health_described(&self, target: &Target) -> Value {
        let port = if self.health_check.port == "traffic-port" {
            target.port.to_string()
        } else {
            self.health_check.port.clone()
        };
        json!({
            "Target": { "Id": target.id, "Port": target.port, "AvailabilityZone": target.zone },
            "HealthCheckPort": port,
            "TargetHealth": { "State": target.state, "Reason": target.reason, "Description": target.description },
        })
    }

    /// The health of a target that was asked for by name, registered or not.
    pub(crate) fn health_asked(&self, asked: &Value) -> Value {
        let port = asked["Port"].as_str().and_then(|port| port.parse().ok()).unwrap_or(self.port);
        let registered = self.targets.iter().find(|target| asked["Id"] == target.id && target.port == port);
        registered.map_or_else(
            || {
                json!({
                    "Target": { "Id": asked["Id"], "Port": port },
                    "TargetHealth": {
                        "State": "unused",
                        "Reason": "Target.NotRegistered",
                        "Description": "Target is not registered to the target group",
                    },
                })
            },
            |target| self.health_described(target),
        )
    }
}
