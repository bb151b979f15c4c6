//! The XML of the query protocol and of EC2's dialect, answers and errors.

use serde_json::Value;

use super::Fault;
use crate::harness::call::Call;

/// `<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`.
pub fn query(call: &Call, value: &Value, request_id: &str) -> String {
    let (operation, namespace) = (&call.operation, namespace(&call.service));
    let members = members(value, "", Dialect::Query);
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{members}</{operation}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// `<ErrorResponse><Error>…`.
pub fn query_error(call: &Call, fault: &Fault, request_id: &str) -> String {
    let Fault { code, status, message } = fault;
    let (namespace, side) = (namespace(&call.service), if *status < 500 { "Sender" } else { "Receiver" });
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type><Code>{code}</Code><Message>{}</Message>\
         </Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        escape(message)
    )
}

/// EC2's answer: no result element, members in camel case.
pub fn ec2(call: &Call, value: &Value, request_id: &str) -> String {
    let (operation, members) = (&call.operation, members(value, "", Dialect::Ec2));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response \
         xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{request_id}</requestId>{members}\
         </{operation}Response>"
    )
}

/// EC2's error: `<Response><Errors>`.
pub fn ec2_error(fault: &Fault, request_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code>\
         <Message>{}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
        fault.code,
        escape(&fault.message)
    )
}

#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    Query,
    Ec2,
}

impl Dialect {
    fn item(self) -> &'static str {
        match self {
            Self::Query => "member",
            Self::Ec2 => "item",
        }
    }

    /// The element of a member; `within` is the member that holds it.
    fn element(self, within: &str, member: &str) -> String {
        if self == Self::Query {
            return member.to_owned();
        }
        let special = EC2_ELEMENTS
            .iter()
            .find(|(parent, name, _)| *name == member && (*parent == "*" || *parent == within));
        match special {
            Some((_, _, element)) => (*element).to_owned(),
            None => {
                member.chars().take(1).flat_map(char::to_lowercase).chain(member.chars().skip(1)).collect()
            }
        }
    }
}

/// EC2's elements that are not the member in camel case: (holder, member, element).
///
/// Source: the `locationName`s of the service model, <https://github.com/boto/botocore/tree/develop/botocore/data/ec2/2016-11-15>
const EC2_ELEMENTS: &[(&str, &str, &str)] = &[
    ("*", "ServiceConfigurations", "serviceConfigurationSet"),
    ("*", "VpcEndpointConnections", "vpcEndpointConnectionSet"),
    ("*", "NetworkLoadBalancerArns", "networkLoadBalancerArnSet"),
    ("*", "AvailabilityZones", "availabilityZoneSet"),
    ("*", "BaseEndpointDnsNames", "baseEndpointDnsNameSet"),
    ("*", "SupportedIpAddressTypes", "supportedIpAddressTypeSet"),
    ("*", "Tags", "tagSet"),
    ("", "SecurityGroups", "securityGroupInfo"),
    ("SecurityGroups", "Description", "groupDescription"),
    ("*", "UserIdGroupPairs", "groups"),
    ("*", "NetworkAcls", "networkAclSet"),
    ("NetworkAcls", "Associations", "associationSet"),
    ("NetworkAcls", "Entries", "entrySet"),
    ("NetworkAcls", "IsDefault", "default"),
    ("*", "RouteTables", "routeTableSet"),
    ("RouteTables", "Routes", "routeSet"),
    ("RouteTables", "Associations", "associationSet"),
    ("*", "VpcPeeringConnections", "vpcPeeringConnectionSet"),
    ("*", "NetworkInterfaces", "networkInterfaceSet"),
    ("*", "Groups", "groupSet"),
    ("NetworkInterfaces", "PrivateIpAddresses", "privateIpAddressesSet"),
    ("*", "Subnets", "subnetSet"),
    ("*", "Reservations", "reservationSet"),
    ("*", "Instances", "instancesSet"),
    ("Instances", "SecurityGroups", "groupSet"),
    ("Instances", "State", "instanceState"),
];

fn members(value: &Value, within: &str, dialect: Dialect) -> String {
    let members = value.as_object().into_iter().flatten();
    members.map(|(member, value)| element(&dialect.element(within, member), member, value, dialect)).collect()
}

/// One member; AWS leaves out what is null and writes an empty list as an empty element.
fn element(name: &str, member: &str, value: &Value, dialect: Dialect) -> String {
    let inner = match value {
        Value::Null => return String::new(),
        Value::Array(items) => {
            items.iter().map(|item| element(dialect.item(), member, item, dialect)).collect()
        }
        Value::Object(_) => members(value, member, dialect),
        Value::String(text) => escape(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    if inner.is_empty() { format!("<{name}/>") } else { format!("<{name}>{inner}</{name}>") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn namespace(service: &str) -> &'static str {
    match service {
        "elasticloadbalancing" => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        "sns" => "http://sns.amazonaws.com/doc/2010-03-31/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}
