//! Whose endpoint connections are API Gateway's own: it has an account in each Region.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-api-with-vpclink-accounts.html>

use crate::aws::model::EndpointConnection;
use crate::ids::Arn;
use crate::path::PrivatePath;

const OWNERS: [(&str, &str); 26] = [
    ("ap-east-1", "174803364771"),
    ("ap-northeast-1", "969236854626"),
    ("ap-northeast-2", "020402002396"),
    ("ap-northeast-3", "360671645888"),
    ("ap-south-1", "507069717855"),
    ("ap-south-2", "644042651268"),
    ("ap-southeast-1", "195145609632"),
    ("ap-southeast-2", "798376113853"),
    ("ap-southeast-3", "652364314486"),
    ("ap-southeast-4", "849137399833"),
    ("ca-central-1", "796887884028"),
    ("eu-central-1", "474240146802"),
    ("eu-central-2", "166639821150"),
    ("eu-north-1", "394634713161"),
    ("eu-south-1", "753362059629"),
    ("eu-south-2", "359345898052"),
    ("eu-west-1", "631144002099"),
    ("eu-west-2", "544388816663"),
    ("eu-west-3", "061510835048"),
    ("me-central-1", "614065512851"),
    ("me-south-1", "855739686837"),
    ("sa-east-1", "287228555773"),
    ("us-east-1", "392220576650"),
    ("us-east-2", "718770453195"),
    ("us-west-1", "968246515281"),
    ("us-west-2", "109351309407"),
];

/// The connections that are API Gateway's; all of them where its account in the Region is not published, or where a
/// connection does not say whose it is.
pub(crate) fn own<'a>(
    topology: &PrivatePath,
    connections: &'a [EndpointConnection],
) -> Vec<&'a EndpointConnection> {
    let balancer = topology.link.value().and_then(|link| link.targets.first());
    let region = balancer.and_then(Arn::region);
    let owner = region.and_then(|region| OWNERS.iter().find(|(of, _)| *of == region.as_str()));
    let is_own = |connection: &&EndpointConnection| match (owner, &connection.owner) {
        (Some((_, owner)), Some(held)) => held == owner,
        _ => true,
    };
    connections.iter().filter(is_own).collect()
}
