//! Applies the commands of an answer to the account that it was made for, as AWS would.

use vpclink_responder::aws::model::{AclEntry, GroupRule};

use crate::network::World;

/// Applies one command; an error is what AWS would refuse.
pub(super) fn apply(world: &mut World, command: &str) -> Result<(), String> {
    let words = words(command);
    let option = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).cloned()
    };
    let need = |name: &str| option(name).ok_or(format!("no {name} in {command}"));
    match words.get(2).map(String::as_str) {
        Some(verb @ ("authorize-security-group-ingress" | "authorize-security-group-egress")) => {
            let id = need("--group-id")?;
            let group = world.groups.iter_mut().find(|group| group.id == id);
            let group = group.ok_or(format!("InvalidGroup.NotFound: {id}"))?;
            let rules = if verb.ends_with("egress") { &mut group.egress } else { &mut group.ingress };
            let from = words.iter().position(|word| word == "--ip-permissions").unwrap() + 1;
            rules.extend(
                words[from..].iter().take_while(|word| !word.starts_with("--")).map(|w| permission(w)),
            );
        }
        Some(verb @ ("create-network-acl-entry" | "replace-network-acl-entry")) => {
            let id = need("--network-acl-id")?;
            let acl = world.acls.iter_mut().find(|acl| acl.id == id);
            let acl = acl.ok_or(format!("InvalidNetworkAclID.NotFound: {id}"))?;
            let (number, egress) =
                (need("--rule-number")?.parse().unwrap(), words.contains(&"--egress".to_owned()));
            let known = acl.entries.iter().position(|e| e.egress == egress && e.number == number);
            match (verb, known) {
                ("create-network-acl-entry", Some(_)) => {
                    return Err(format!("NetworkAclEntryAlreadyExists: {command}"));
                }
                ("replace-network-acl-entry", None) => {
                    return Err(format!("InvalidNetworkAclEntry.NotFound: {command}"));
                }
                (_, known) => drop(known.map(|known| acl.entries.remove(known))),
            }
            let ports = need("--port-range")?;
            let (from, to) = ports.split_once(',').unwrap();
            acl.entries.push(AclEntry {
                number,
                egress,
                protocol: "6".to_owned(),
                allow: need("--rule-action")? == "allow",
                cidr: option("--ipv6-cidr-block").map_or_else(|| need("--cidr-block"), Ok)?.parse().unwrap(),
                from_port: Some(from.trim_start_matches("From=").parse().unwrap()),
                to_port: Some(to.trim_start_matches("To=").parse().unwrap()),
            });
        }
        Some(verb @ ("modify-target-group-attributes" | "modify-load-balancer-attributes")) => {
            let key = "load_balancing.cross_zone.enabled";
            assert_eq!(need("--attributes")?, format!("Key={key},Value=true"));
            let attributes = match verb {
                "modify-target-group-attributes" => &mut world.group_attributes,
                _ => &mut world.balancer_attributes,
            };
            attributes.retain(|(own, _)| *own != key);
            attributes.push((key, "true"));
        }
        Some("set-security-groups") => {
            assert!(command.contains("--enforce-security-group-inbound-rules-on-private-link-traffic off"));
            world.balancer.enforces_inbound = Some(false);
        }
        other => return Err(format!("not a command of the network: {other:?}")),
    }
    Ok(())
}

/// Words as a shell splits them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for letter in command.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

/// The shorthand of one permission.
fn permission(text: &str) -> GroupRule {
    let value = |key: &str| {
        let from = text.find(&format!("{key}=")).unwrap() + key.len() + 1;
        text[from..].split(',').next().unwrap()
    };
    let all = |key: &str| {
        let texts = text.split(['{', '}']).filter_map(|part| part.strip_prefix(&format!("{key}=")));
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let cidrs = [all("CidrIp"), all("CidrIpv6")].concat();
    GroupRule {
        protocol: value("IpProtocol").to_owned(),
        from_port: Some(value("FromPort").parse().unwrap()),
        to_port: Some(value("ToPort").parse().unwrap()),
        cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
        groups: all("GroupId"),
        prefix_lists: Vec::new(),
    }
}
