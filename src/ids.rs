//! Words that every room shares: identifiers that must not be confused with one another, and severity.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_newtype {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it stands; nothing is checked.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text as it came.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_newtype! {
    /// Twelve digits.
    AccountId;
    /// An API's id, ten alphanumerics (`a1b2c3d4e5`).
    ApiId;
    /// An Amazon Resource Name.
    Arn;
    /// What stands in brackets before an execution-log line: a UUID, a text the caller chose, or a WebSocket extended id.
    RequestId;
    /// An AWS Region's code (`eu-west-1`).
    Region;
}

impl Region {
    /// The partition this Region lies in: the second field of every ARN there.
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("cn-") {
            Partition::China
        } else if self.0.starts_with("us-gov-") {
            Partition::GovCloud
        } else {
            Partition::Commercial
        }
    }
}

/// A group of Regions with ARNs and host names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// `aws`
    Commercial,
    /// `aws-cn`
    China,
    /// `aws-us-gov`
    GovCloud,
}

impl Partition {
    /// The second field of its ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commercial => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
        }
    }

    /// The host name of the partition's console.
    pub fn console_host(self) -> &'static str {
        match self {
            Self::Commercial => "console.aws.amazon.com",
            Self::China => "console.amazonaws.cn",
            Self::GovCloud => "console.amazonaws-us-gov.com",
        }
    }
}

impl Arn {
    /// The last path segments after the resource type: `net/orders/0123456789abcdef` of a load balancer.
    pub fn resource(&self) -> &str {
        let resource = self.0.splitn(6, ':').nth(5).unwrap_or(&self.0);
        resource.split_once('/').map_or(resource, |(_, rest)| rest)
    }

    /// The name of a load balancer: of `app/orders/50dc6c495c0c9188`, the middle.
    pub fn balancer_name(&self) -> &str {
        self.resource().split('/').nth(1).unwrap_or_else(|| self.resource())
    }

    /// The Region field, where the ARN has one.
    pub fn region(&self) -> Option<Region> {
        self.field(3).map(Region::new)
    }

    /// The load balancer's own ARN from its listener's, which holds it; any other ARN is itself:
    /// `…:listener/app/name/id/…` → `…:loadbalancer/app/name/id`.
    pub fn load_balancer(&self) -> Self {
        let Some((head, tail)) = self.0.split_once(":listener/") else { return self.clone() };
        let name: Vec<&str> = tail.split('/').take(3).collect();
        Self::new(format!("{head}:loadbalancer/{}", name.join("/")))
    }

    /// The account field, where the ARN has one.
    pub fn account(&self) -> Option<AccountId> {
        self.field(4).map(AccountId::new)
    }

    fn field(&self, index: usize) -> Option<&str> {
        let fields: Vec<&str> = self.0.splitn(6, ':').collect();
        (fields.len() == 6 && fields[0] == "arn").then(|| fields[index]).filter(|field| !field.is_empty())
    }
}

/// What kind of API it is: each logs and is configured in its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiKind {
    #[default]
    /// It writes execution logs and, where its stage asks for them, access logs.
    Rest,
    /// It writes access logs alone.
    Http,
    WebSocket,
}

impl ApiKind {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Http => "http",
            Self::WebSocket => "websocket",
        }
    }

    /// The kind of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Rest, Self::Http, Self::WebSocket].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How soon an engineer has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; it can wait until morning.
    Low,
    /// Some requests fail; office hours will do.
    Medium,
    /// Requests fail and will go on failing until an engineer acts.
    High,
    /// A whole backend is out of reach.
    Critical,
}

impl Severity {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_knows_its_fields() {
        let arn =
            Arn::new("arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:loadbalancer/net/orders/0123");
        assert_eq!(arn.resource(), "net/orders/0123");
        assert_eq!(arn.account(), Some(AccountId::new("111122223333")));
        let region = arn.region().expect("the ARN above has a Region");
        assert_eq!(region.partition(), Partition::China);
    }

    #[test]
    fn a_text_that_is_no_arn_has_no_fields() {
        let text = Arn::new("orders");
        assert_eq!((text.resource(), text.account()), ("orders", None));
    }

    #[test]
    fn severities_are_ordered() {
        assert!(Severity::Low < Severity::Medium && Severity::High < Severity::Critical);
    }
}
