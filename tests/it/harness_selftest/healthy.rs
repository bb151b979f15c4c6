//! The healthy accounts hang together: whatever names a thing names one that exists.

use crate::harness::Account;

#[test]
fn the_healthy_accounts_name_nothing_that_is_missing() {
    for account in [Account::healthy_v1(), Account::healthy_v2()] {
        let balancers: Vec<_> = account.load_balancers.iter().map(|balancer| &balancer.arn).collect();
        let listeners: Vec<_> = account.listeners.iter().map(|listener| &listener.arn).collect();
        let groups: Vec<_> = account.security_groups.iter().map(|group| &group.id).collect();
        let subnets: Vec<_> = account.subnets.iter().map(|subnet| &subnet.id).collect();
        let certificates: Vec<_> = account.certificates.iter().map(|certificate| &certificate.arn).collect();
        for integration in
            account.rest_apis["a1b2c3d4e5"].resources.iter().flat_map(|each| each.methods.values())
        {
            let integration = integration.as_ref().unwrap();
            let link = integration.connection_id.as_ref().unwrap();
            assert!(account.vpc_links.contains_key(link) || account.vpc_links_v2.contains_key(link));
            assert!(integration.integration_target.iter().all(|target| listeners.contains(&target)));
        }
        assert!(
            account.vpc_links.values().flat_map(|link| &link.target_arns).all(|arn| balancers.contains(&arn))
        );
        for link in account.vpc_links_v2.values() {
            assert!(link.subnet_ids.iter().all(|id| subnets.contains(&id)));
            assert!(link.security_group_ids.iter().all(|id| groups.contains(&id)));
        }
        for balancer in &account.load_balancers {
            assert!(balancer.zones.iter().all(|zone| subnets.contains(&&zone.subnet_id)));
            assert!(balancer.security_groups.iter().all(|id| groups.contains(&id)));
        }
        for listener in &account.listeners {
            assert!(balancers.contains(&&listener.load_balancer_arn));
            assert!(listener.certificates.iter().all(|arn| certificates.contains(&arn)));
        }
        for target in account.target_groups.iter().flat_map(|group| &group.targets) {
            assert!(account.network_interfaces.iter().any(|eni| eni.private_address == target.id));
            assert_eq!(target.state, "healthy");
        }
        assert!(account.network_acls.iter().flat_map(|acl| &acl.subnets).eq(subnets));
    }
}
