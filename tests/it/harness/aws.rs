//! The running double: an endpoint that answers for an account, can fail on purpose, and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::account::{ASSUMED, Account};
use super::call::Call;
use super::faults::{Fate, Faults};
use super::http::{Request, Response, Server};
use super::wire::Reply;
use super::{http, wire};

/// An AWS endpoint on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct Aws {
    server: Server,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    account: Account,
    /// Other accounts by number, into which a role can be assumed.
    others: BTreeMap<String, Account>,
    faults: Faults,
    calls: Vec<Call>,
    published: Vec<Published>,
}

/// A message that SNS took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    /// The topic's ARN.
    pub topic: String,
    /// The subject.
    pub subject: Option<String>,
    /// `json`, where there is a body for each protocol.
    pub structure: Option<String>,
    /// The bodies by protocol; a plain message is the one under `default`.
    pub bodies: BTreeMap<String, String>,
    /// The attributes' values by name.
    pub attributes: BTreeMap<String, String>,
}

impl Aws {
    /// Starts an endpoint for an account.
    pub fn start(account: Account) -> Self {
        let shared = Arc::new(Mutex::new(Shared { account, ..Shared::default() }));
        let answering = Arc::clone(&shared);
        Self { server: http::serve(move |request| answer(&answering, &request)), shared }
    }

    /// What `AWS_ENDPOINT_URL` has to be.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Changes the account while it is being asked.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.lock().account);
    }

    /// Adds another account, into which roles can be assumed.
    pub fn add(&self, account: Account) {
        self.lock().others.insert(account.id.clone(), account);
    }

    /// Looks at the account as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&Account) -> T) -> T {
        look(&self.lock().account)
    }

    /// Denies an IAM action (`apigateway:GET`, `ec2:DescribeVpcEndpointConnections`).
    pub fn deny(&self, action: &str) {
        self.lock().faults.denied.insert(action.to_owned());
    }

    /// Throttles the next calls of an operation (`elasticloadbalancing:DescribeListeners`, or `*` for any).
    pub fn throttle(&self, operation: &str, times: usize) {
        self.lock().faults.throttled.insert(operation.to_owned(), times);
    }

    /// Answers an operation late.
    pub fn delay(&self, operation: &str, milliseconds: u64) {
        self.lock().faults.delayed.insert(operation.to_owned(), Duration::from_millis(milliseconds));
    }

    /// Ends the connection instead of answering an operation.
    pub fn reset(&self, operation: &str) {
        self.lock().faults.reset.insert(operation.to_owned());
    }

    /// Answers an operation with status 200 and a body that is no answer at all.
    pub fn garble(&self, operation: &str) {
        self.lock().faults.garbled.insert(operation.to_owned());
    }

    /// Answers an operation with an error.
    pub fn fail(&self, operation: &str, code: &str, status: u16) {
        self.lock().faults.failing.insert(operation.to_owned(), (code.to_owned(), status));
    }

    /// Takes back every fault.
    pub fn heal(&self) {
        self.lock().faults = Faults::default();
    }

    /// All calls so far, in order, the refused ones too.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The calls of one operation.
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.name() == operation).collect()
    }

    /// Forgets calls and messages.
    pub fn forget(&self) {
        let mut shared = self.lock();
        shared.calls.clear();
        shared.published.clear();
    }

    /// The messages that SNS took, in order.
    pub fn published(&self) -> Vec<Published> {
        self.lock().published.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        locked(&self.shared)
    }
}

/// What some proxy might put in the place of an answer: no protocol's parser takes it.
const PROXY_PAGE: &str = "<html><body><h1>Please log in</h1></body></html>";

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(shared: &Mutex<Shared>, request: &Request) -> Option<Response> {
    let call = Call::of(request);
    let (delay, fate, request_id) = {
        let mut shared = locked(shared);
        shared.calls.push(call.clone());
        let request_id = format!("00000000-0000-4000-8000-{:012}", shared.calls.len());
        (shared.faults.delay(&call), shared.faults.fate(&call), request_id)
    };
    thread::sleep(delay);
    let reply = match fate {
        Fate::Reset => return None,
        Fate::Garbled => return Some(Response::new(200, "text/html", PROXY_PAGE)),
        Fate::Refused(reply) => reply,
        Fate::Answered => locked(shared).answer(&call),
    };
    if call.name() == "sns:Publish" && matches!(reply, Reply::Answer(_)) {
        locked(shared).published.push(Published::of(&call));
    }
    Some(wire::encode(&call, &reply, &request_id))
}

impl Shared {
    /// What the account that the call's credentials belong to says to it.
    fn answer(&mut self, call: &Call) -> Reply {
        let other = call.access_key.strip_prefix(ASSUMED).and_then(|id| self.others.get_mut(id));
        other.unwrap_or(&mut self.account).answer(call)
    }
}

impl Published {
    fn of(call: &Call) -> Self {
        let given = |param: &str| call.params[param].as_str().map(str::to_owned);
        let (message, structure) = (call.text("Message"), given("MessageStructure"));
        let bodies = match structure.as_deref() {
            Some("json") => strings(message),
            _ => BTreeMap::from([("default".to_owned(), message.to_owned())]),
        };
        let attributes = call.params["MessageAttributes"].as_array().into_iter().flatten();
        let attributes = attributes.filter_map(attribute).collect();
        Self {
            topic: call.text("TopicArn").to_owned(),
            subject: given("Subject"),
            structure,
            bodies,
            attributes,
        }
    }
}

/// The members of an object that are strings; AWS ignores the others.
fn strings(object: &str) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Value> = serde_json::from_str(object).unwrap_or_default();
    members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
}

fn attribute(entry: &Value) -> Option<(String, String)> {
    let (name, value) = (entry["Name"].as_str()?, entry["Value"]["StringValue"].as_str()?);
    Some((name.to_owned(), value.to_owned()))
}
