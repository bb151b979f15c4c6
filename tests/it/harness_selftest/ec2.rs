//! EC2's XML, byte by byte: no SDK crate of it is among the dependencies.

use super::bare::post;
use crate::harness::ec2::Instance;
use crate::harness::{Account, Aws};

const CONNECTIONS: &str = "Action=DescribeVpcEndpointConnections&Version=2016-11-15";

fn ask(aws: &Aws, form: &str) -> (u16, String) {
    let content = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (status, _, body) = post(aws, "ec2", "/", content, form.as_bytes());
    (status, String::from_utf8(body).unwrap())
}

/// The items of a list, without the envelope.
fn items(body: &str, list: &str) -> String {
    let (_, rest) = body.split_once(&format!("<{list}>")).unwrap();
    rest.split_once(&format!("</{list}>")).unwrap().0.to_owned()
}

/// Shape: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointConnections.html>
#[test]
fn connections_are_listed() {
    let aws = Aws::start(Account::healthy_v1());
    let form = format!("{CONNECTIONS}&Filter.1.Name=service-id&Filter.1.Value.1=vpce-svc-0123456789abcdef0");
    let (status, body) = ask(&aws, &form);
    assert_eq!(status, 200);
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <DescribeVpcEndpointConnectionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
        <requestId>00000000-0000-4000-8000-000000000001</requestId>\
        <vpcEndpointConnectionSet><item>\
        <creationTimestamp>2026-09-01T00:00:00.000Z</creationTimestamp>\
        <ipAddressType>ipv4</ipAddressType>\
        <networkLoadBalancerArnSet><item>arn:aws:elasticloadbalancing:eu-west-1:111122223333:\
        loadbalancer/net/orders-nlb/50dc6c495c0c9188</item></networkLoadBalancerArnSet>\
        <serviceId>vpce-svc-0123456789abcdef0</serviceId>\
        <vpcEndpointId>vpce-0fedcba9876543210</vpcEndpointId>\
        <vpcEndpointOwner>631144002099</vpcEndpointOwner>\
        <vpcEndpointState>available</vpcEndpointState>\
        </item></vpcEndpointConnectionSet>\
        </DescribeVpcEndpointConnectionsResponse>";
    assert_eq!(sorted(&body), sorted(expected));
    let call = &aws.calls()[0];
    assert_eq!(call.params["Filter"][0]["Name"], "service-id");
    assert_eq!(call.params["Filter"][0]["Value"][0], "vpce-svc-0123456789abcdef0");
    let none = form.replace("abcdef0", "abcdef1");
    assert!(ask(&aws, &none).1.contains("<vpcEndpointConnectionSet/>"));
}

/// Whether members come in the order of their names depends on a feature of `serde_json`; order means nothing here.
fn sorted(xml: &str) -> Vec<&str> {
    let mut elements: Vec<&str> = xml.split_inclusive('>').collect();
    elements.sort_unstable();
    elements
}

#[test]
fn endpoint_services_are_listed() {
    let aws = Aws::start(Account::healthy_v1());
    let (_, body) = ask(&aws, "Action=DescribeVpcEndpointServiceConfigurations&Version=2016-11-15");
    let item = items(&body, "serviceConfigurationSet");
    for element in [
        "<serviceType><item><serviceType>Interface</serviceType></item></serviceType>",
        "<serviceId>vpce-svc-0123456789abcdef0</serviceId>",
        "<serviceState>Available</serviceState>",
        "<acceptanceRequired>false</acceptanceRequired>",
        "<availabilityZoneSet><item>eu-west-1a</item><item>eu-west-1b</item></availabilityZoneSet>",
        "<networkLoadBalancerArnSet><item>arn:aws:elasticloadbalancing:",
        "<baseEndpointDnsNameSet><item>vpce-svc-",
    ] {
        assert!(item.contains(element), "{element} in {item}");
    }
}

#[test]
fn lists_come_in_pages() {
    let aws = Aws::start(Account { page_size: 1, ..Account::healthy_v1() });
    aws.change(|account| {
        let mut second = account.endpoint_connections[0].clone();
        (second.endpoint_id, second.state) = ("vpce-2".to_owned(), "rejected".to_owned());
        account.endpoint_connections.push(second);
    });
    let (_, first) = ask(&aws, CONNECTIONS);
    assert!(first.contains("<vpcEndpointState>available</vpcEndpointState>"));
    let token = items(&first, "nextToken");
    assert_eq!(token, "1+/==");
    let (_, second) = ask(&aws, &format!("{CONNECTIONS}&NextToken=1%2B%2F%3D%3D"));
    assert!(second.contains("<vpcEndpointId>vpce-2</vpcEndpointId>") && !second.contains("nextToken"));
    // A token that was not encoded is another token.
    assert_eq!(ask(&aws, &format!("{CONNECTIONS}&NextToken=1+/==")).0, 400);
}

#[test]
fn errors_are_ec2s_own() {
    let aws = Aws::start(Account::healthy_v1());
    let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code>";
    aws.deny("ec2:DescribeVpcEndpointConnections");
    let (status, body) = ask(&aws, CONNECTIONS);
    assert_eq!(status, 403);
    assert!(body.contains(denied) && body.ends_with("</RequestID></Response>"), "{body}");
    aws.heal();
    aws.throttle("ec2:DescribeVpcEndpointConnections", 1);
    let (status, body) = ask(&aws, CONNECTIONS);
    assert_eq!(status, 503);
    assert!(body.contains("<Code>RequestLimitExceeded</Code>"));
    assert_eq!(ask(&aws, CONNECTIONS).0, 200);
    let (status, body) = ask(&aws, "Action=DescribeSubnets&SubnetId.1=subnet-9");
    assert_eq!(status, 400);
    assert!(body.contains("<Code>InvalidSubnetID.NotFound</Code>"));
    let (_, body) = ask(&aws, &format!("{CONNECTIONS}&Filter.1.Name=colour&Filter.1.Value.1=red"));
    assert!(body.contains("<Code>InvalidParameterValue</Code>"));
}

/// What is asked of the network, and elements that the answer has to have.
const NETWORK: &[(&str, &[&str])] = &[
    (
        "Action=DescribeSecurityGroups&GroupId.1=sg-0balancer",
        &[
            "<securityGroupInfo><item>",
            "<groupDescription>balancer</groupDescription>",
            "<fromPort>8443</fromPort>",
            "<ipRanges><item><cidrIp>10.0.0.0/16</cidrIp></item></ipRanges>",
            "<groups><item><groupId>sg-2</groupId></item></groups>",
            "<ipPermissionsEgress><item>",
        ],
    ),
    (
        "Action=DescribeNetworkAcls&Filter.1.Name=association.subnet-id&Filter.1.Value.1=subnet-0aa1",
        &[
            "<networkAclSet><item>",
            "<default>true</default>",
            "<ruleAction>deny</ruleAction>",
            "<ruleNumber>32767</ruleNumber>",
            "<associationSet><item>",
            "<subnetId>subnet-0aa1</subnetId>",
        ],
    ),
    (
        "Action=DescribeNetworkInterfaces&Filter.1.Name=addresses.private-ip-address&Filter.1.Value.1=10.0.1.10",
        &["<networkInterfaceSet><item>", "<groupSet><item><groupId>sg-0target</groupId></item></groupSet>"],
    ),
    (
        "Action=DescribeSubnets&SubnetId.1=subnet-0bb2",
        &["<subnetSet><item>", "<cidrBlock>10.0.2.0/24</cidrBlock>"],
    ),
    (
        "Action=DescribeInstances&InstanceId.1=i-1",
        &[
            "<reservationSet><item>",
            "<instancesSet><item>",
            "<instanceState>",
            "<name>stopped</name>",
            "<groupSet><item><groupId>sg-1</groupId></item></groupSet>",
        ],
    ),
];

#[test]
fn the_network_is_described() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        account.security_groups[0].inbound[0].groups.push("sg-2".to_owned());
        let (id, state, groups) = ("i-1".to_owned(), "stopped".to_owned(), vec!["sg-1".to_owned()]);
        account.instances.push(Instance { id, state, groups, ..Instance::default() });
    });
    for (form, elements) in NETWORK {
        let (_, body) = ask(&aws, form);
        elements.iter().for_each(|element| assert!(body.contains(element), "{element} in {body}"));
    }
}
