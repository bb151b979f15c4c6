//! The recorded format's own shapes, field by field: a noun that changes does not change files that people keep.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::model::BalancerZone;
use crate::aws::model::{
    Action, Condition, EndpointConnection, EndpointService, Generation, Integration, Listener, LoadBalancer,
    Resource, RestApi, Rule, Stage, Target, TargetGroup, VpcLink,
};
use crate::aws::queries::{Answer, Query};
use crate::ids::Arn;

/// Writes an answer; [`Answer::Absent`] is the file's own word.
pub(crate) fn write(answer: &Answer) -> Value {
    fn json(form: impl Serialize) -> Value {
        serde_json::to_value(form).expect("forms hold only texts, numbers, lists and maps of texts")
    }
    match answer {
        Answer::Absent => Value::Null,
        Answer::RestApi(value) => json(value.form()),
        Answer::Stage(value) => json(value.form()),
        Answer::Resources(value) => json(value.form()),
        Answer::VpcLink(value) => json(value.form()),
        Answer::EndpointServices(value) => json(value.form()),
        Answer::EndpointConnections(value) => json(value.form()),
        Answer::LoadBalancer(value) => json(value.form()),
        Answer::Listeners(value) => json(value.form()),
        Answer::Listener(value) => json(value.form()),
        Answer::Rules(value) => json(value.form()),
        Answer::TargetGroups(value) => json(value.form()),
        Answer::TargetHealth(value) => json(value.form()),
        Answer::ListenerCertificates(value) => json(value.form()),
        Answer::AcmCertificate(value) => json(value.form()),
        Answer::Chain(value) => json(value.form()),
        Answer::Attributes(value) => json(value.form()),
        Answer::Metrics(value) => json(value.form()),
        Answer::Subnets(value) => json(value.form()),
        Answer::NetworkAcls(value) => json(value.form()),
        Answer::SecurityGroups(value) => json(value.form()),
        Answer::NetworkInterfaces(value) => json(value.form()),
        Answer::Instances(value) => json(value.form()),
        Answer::PrefixList(value) => json(value.form()),
        Answer::RequestLines(value) => json(value.form()),
    }
}

/// Reads the answer to a question.
pub(crate) fn parse(question: &Query, value: &Value) -> Result<Answer, serde_json::Error> {
    fn noun<N: Form>(value: &Value) -> Result<N, serde_json::Error> {
        N::Wire::deserialize(value).map(N::noun)
    }
    Ok(match question {
        Query::RestApi(_) => Answer::RestApi(noun(value)?),
        Query::Stage(..) => Answer::Stage(noun(value)?),
        Query::Resources(_) | Query::Deployed(..) => Answer::Resources(noun(value)?),
        Query::VpcLinkV1(_) | Query::VpcLinkV2(_) => Answer::VpcLink(noun(value)?),
        Query::EndpointServices => Answer::EndpointServices(noun(value)?),
        Query::EndpointConnections(_) => Answer::EndpointConnections(noun(value)?),
        Query::LoadBalancer(_) => Answer::LoadBalancer(noun(value)?),
        Query::Listeners(_) => Answer::Listeners(noun(value)?),
        Query::Listener(_) => Answer::Listener(noun(value)?),
        Query::Rules(_) => Answer::Rules(noun(value)?),
        Query::TargetGroups(_) => Answer::TargetGroups(noun(value)?),
        Query::TargetHealth(_) => Answer::TargetHealth(noun(value)?),
        Query::ListenerCertificates(_) => Answer::ListenerCertificates(noun(value)?),
        Query::AcmCertificate(_) => Answer::AcmCertificate(noun(value)?),
        Query::AcmChain(_) | Query::ServerCertificate(_) => Answer::Chain(noun(value)?),
        Query::Metrics(_) => Answer::Metrics(noun(value)?),
        Query::LoadBalancerAttributes(_) | Query::ListenerAttributes(_) | Query::TargetGroupAttributes(_) => {
            Answer::Attributes(noun(value)?)
        }
        Query::Subnets(_) => Answer::Subnets(noun(value)?),
        Query::NetworkAcls(_) => Answer::NetworkAcls(noun(value)?),
        Query::SecurityGroups(_) => Answer::SecurityGroups(noun(value)?),
        Query::NetworkInterfaces(_) => Answer::NetworkInterfaces(noun(value)?),
        Query::Instances(_) => Answer::Instances(noun(value)?),
        Query::PrefixList(_) => Answer::PrefixList(noun(value)?),
        Query::RequestLines(_) => Answer::RequestLines(noun(value)?),
    })
}

/// A noun and how it is written.
pub(crate) trait Form: Sized {
    type Wire: Serialize + DeserializeOwned;
    fn form(&self) -> Self::Wire;
    fn noun(wire: Self::Wire) -> Self;
}

macro_rules! as_itself {
    ($($kind:ty),+) => {$(
        impl Form for $kind {
            type Wire = Self;
            fn form(&self) -> Self {
                self.clone()
            }
            fn noun(wire: Self) -> Self {
                wire
            }
        }
    )+};
}

as_itself!(String, u16, u32, u64, i32, bool, Timestamp, BTreeMap<String, String>);

impl<T: Form> Form for Option<T> {
    type Wire = Option<T::Wire>;
    fn form(&self) -> Self::Wire {
        self.as_ref().map(Form::form)
    }
    fn noun(wire: Self::Wire) -> Self {
        wire.map(T::noun)
    }
}

impl<T: Form> Form for Vec<T> {
    type Wire = Vec<T::Wire>;
    fn form(&self) -> Self::Wire {
        self.iter().map(Form::form).collect()
    }
    fn noun(wire: Self::Wire) -> Self {
        wire.into_iter().map(T::noun).collect()
    }
}

impl Form for BTreeMap<String, Integration> {
    type Wire = BTreeMap<String, WireIntegration>;
    fn form(&self) -> Self::Wire {
        self.iter().map(|(verb, integration)| (verb.clone(), integration.form())).collect()
    }
    fn noun(wire: Self::Wire) -> Self {
        wire.into_iter().map(|(verb, integration)| (verb, Integration::noun(integration))).collect()
    }
}

impl Form for Arn {
    type Wire = String;
    fn form(&self) -> String {
        self.to_string()
    }
    fn noun(wire: String) -> Self {
        Self::new(wire)
    }
}

impl Form for (Arn, i32) {
    type Wire = (String, i32);
    fn form(&self) -> Self::Wire {
        (self.0.to_string(), self.1)
    }
    fn noun((arn, weight): Self::Wire) -> Self {
        (Arn::new(arn), weight)
    }
}

impl Form for Generation {
    type Wire = u16;
    fn form(&self) -> u16 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
    fn noun(wire: u16) -> Self {
        if wire == 1 { Self::V1 } else { Self::V2 }
    }
}

macro_rules! forms {
    ($($wire:ident is $noun:ident { $($(#[$meta:meta])* $field:ident: $kind:ty),+ $(,)? })+) => {$(
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $wire {
            $($(#[$meta])* $field: <$kind as Form>::Wire,)+
        }

        impl Form for $noun {
            type Wire = $wire;
            fn form(&self) -> $wire {
                $wire { $($field: self.$field.form(),)+ }
            }
            fn noun(wire: $wire) -> Self {
                Self { $($field: <$kind as Form>::noun(wire.$field),)+ }
            }
        }
    )+};
}

// Below the macro that they use.

forms! {
    WireRestApi is RestApi { name: String }
    WireStage is Stage {
        variables: BTreeMap<String, String>,
        canary_overrides: BTreeMap<String, String>,
        #[serde(default)]
        logging: BTreeMap<String, String>,
    }
    WireResource is Resource { path: String, integrations: BTreeMap<String, Integration> }
    WireIntegration is Integration {
        kind: String,
        uri: Option<String>,
        private: bool,
        connection_id: Option<String>,
        target: Option<Arn>,
        timeout_ms: Option<i32>,
        #[serde(default)]
        streaming: Option<bool>,
        insecure_skip_verification: Option<bool>,
    }
    WireVpcLink is VpcLink {
        id: String,
        name: Option<String>,
        generation: Generation,
        status: String,
        message: Option<String>,
        targets: Vec<Arn>,
        #[serde(default)]
        subnets: Vec<String>,
        #[serde(default)]
        security_groups: Vec<String>,
    }
    WireEndpointService is EndpointService { id: String, state: String, load_balancers: Vec<Arn> }
    WireEndpointConnection is EndpointConnection { endpoint_id: String, owner: Option<String>, state: String }
    WireLoadBalancer is LoadBalancer {
        arn: Arn,
        name: String,
        kind: String,
        state: String,
        reason: Option<String>,
        vpc: Option<String>,
        #[serde(default)]
        zones: Vec<BalancerZone>,
        #[serde(default)]
        security_groups: Vec<String>,
        enforces_inbound: Option<bool>,
    }
    WireListener is Listener { arn: Arn, load_balancer: Arn, port: u16, protocol: String, actions: Vec<Action> }
    WireRule is Rule { priority: Option<u32>, conditions: Vec<Condition>, actions: Vec<Action> }
    WireCondition is Condition { field: String, values: Vec<String> }
    WireAction is Action { kind: String, target_groups: Vec<(Arn, i32)> }
    WireTargetGroup is TargetGroup {
        arn: Arn,
        name: String,
        kind: String,
        protocol: Option<String>,
        port: Option<u16>,
        vpc: Option<String>,
        health_port: Option<String>,
    }
    WireTarget is Target {
        id: String,
        port: Option<u16>,
        zone: Option<String>,
        state: String,
        reason: Option<String>,
        description: Option<String>,
    }
}
