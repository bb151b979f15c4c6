//! The private path of one integration: what one round of reading found, hop by hop.

use std::ops::Deref;

use crate::aws::model::{
    CloudMapInstance, CloudMapService, EndpointConnection, EndpointService, Generation, Integration,
    NetworkInterface, Resource, RestApi, Stage, VpcLink,
};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::causes::Endpoint;
use crate::ids::{ApiKind, Arn};
use crate::path::balancer::Balancer;
use crate::path::probed::Probed;
use crate::path::route::Resolved;

/// The private path of one failed integration.
#[derive(Clone, Debug)]
pub struct PrivatePath {
    /// As which kind of API it was read.
    pub kind: ApiKind,
    pub api: Reading<RestApi>,
    pub stage: Reading<Stage>,
    /// The API's resources, which tell the templates of its routes.
    pub resources: Vec<Resource>,
    /// The resource template of the failed route, where the route is known.
    pub resource: Option<String>,
    /// The integration of the failed method: as it was deployed where that is known, else as it is configured now.
    pub integration: Reading<Integration>,
    /// The same as it is configured now, where what is deployed is known too.
    pub configured: Reading<Integration>,
    /// The link's id with stage variables filled in; `None` where the integration or its variables are not known.
    pub link_id: Option<Resolved>,
    /// What API Gateway calls: as logged, else as configured.
    pub endpoint: Option<Endpoint>,
    /// Stage variables in the URI that the stage does not define.
    pub undefined_in_uri: Vec<String>,
    /// `None` where the integration is not private, or could not be read.
    pub link: Option<Link>,
    /// The load balancer behind the link; `None` where the path does not lead that far.
    pub balancer: Option<Balancer>,
    /// The Cloud Map service behind the link, which only an HTTP API may call in the place of a load balancer.
    pub cloud_map: Option<CloudMap>,
    /// What a prober answered, where one was asked.
    pub probes: Vec<Probed>,
    /// What the role may not read, whatever came of it.
    pub refused: Vec<NotRead>,
}

/// A Cloud Map service that an integration names, and who its instances are.
#[derive(Clone, Debug)]
pub struct CloudMap {
    /// The service, and the attributes that instances must have.
    pub arn: Arn,
    pub service: Reading<CloudMapService>,
    pub instances: Reading<Vec<CloudMapInstance>>,
    /// The instances as the targets of one group, and the network between the link and them.
    pub ends: Box<Balancer>,
}

/// A VPC link and what belongs to its generation alone.
#[derive(Clone, Debug)]
pub enum Link {
    /// Through PrivateLink: API Gateway makes an endpoint service in front of a network load balancer.
    V1 {
        link: Reading<VpcLink>,
        service: Reading<EndpointService>,
        connections: Reading<Vec<EndpointConnection>>,
    },
    /// Through interfaces of its own in the VPC.
    V2 {
        link: Reading<VpcLink>,
        /// Those that API Gateway made for links in the link's subnets.
        interfaces: Reading<Vec<NetworkInterface>>,
    },
}

impl Link {
    /// A link of which no more was read than itself.
    pub(crate) fn of(generation: Generation, link: Reading<VpcLink>, why: &str) -> Self {
        match generation {
            Generation::V1 => Self::V1 {
                link,
                service: Reading::not_asked(QueryKind::EndpointServices, why),
                connections: Reading::not_asked(QueryKind::EndpointConnections, why),
            },
            Generation::V2 => {
                Self::V2 { link, interfaces: Reading::not_asked(QueryKind::NetworkInterfaces, why) }
            }
        }
    }

    /// The link of an HTTP API, which must be of the second generation.
    pub(crate) fn of_http_api(link: Reading<VpcLink>, interfaces: Reading<Vec<NetworkInterface>>) -> Self {
        match link.value().map(|link| link.generation) {
            Some(Generation::V1) => Self::of(Generation::V1, link, "an HTTP API does not go through it"),
            _ => Self::V2 { link, interfaces },
        }
    }

    /// The link itself.
    pub fn reading(&self) -> &Reading<VpcLink> {
        match self {
            Self::V1 { link, .. } | Self::V2 { link, .. } => link,
        }
    }

    pub fn generation(&self) -> Generation {
        match self {
            Self::V1 { .. } => Generation::V1,
            Self::V2 { .. } => Generation::V2,
        }
    }
}

/// What stands where nothing leads further.
pub(crate) const NO_WAY: &str = "what leads to it could not be read";

impl PrivatePath {
    /// A path of which nothing was read, each field saying why.
    pub fn unread(why: &str) -> Self {
        Self {
            kind: ApiKind::Rest,
            api: Reading::not_asked(QueryKind::RestApi, why),
            stage: Reading::not_asked(QueryKind::Stage, why),
            resources: Vec::new(),
            resource: None,
            integration: Reading::not_asked(QueryKind::Resources, why),
            configured: Reading::not_asked(QueryKind::Deployed, why),
            link_id: None,
            endpoint: None,
            undefined_in_uri: Vec::new(),
            link: None,
            balancer: None,
            cloud_map: None,
            probes: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The VPC link, where it was read.
    pub fn vpc_link(&self) -> Option<&VpcLink> {
        self.link.as_ref()?.reading().value()
    }

    /// Which generation of link the path goes through, where that is known.
    pub fn generation(&self) -> Option<Generation> {
        self.link.as_ref().map(Link::generation)
    }

    /// The load balancers of the path, each with the path around it.
    pub fn balancers(&self) -> impl Iterator<Item = OnPath<'_>> {
        let all = std::iter::successors(self.balancer.as_ref(), |balancer| balancer.next.as_deref());
        all.enumerate().map(|(position, balancer)| OnPath { path: self, balancer, position })
    }

    /// The load balancer that the link leads to.
    pub fn first_balancer(&self) -> Option<OnPath<'_>> {
        self.balancers().next()
    }
}

/// One load balancer of a path, and the path around it.
#[derive(Clone, Copy, Debug)]
pub struct OnPath<'a> {
    pub path: &'a PrivatePath,
    pub balancer: &'a Balancer,
    /// 0 behind the link, 1 behind that load balancer.
    pub position: usize,
}

impl Deref for OnPath<'_> {
    type Target = Balancer;

    fn deref(&self) -> &Balancer {
        self.balancer
    }
}
