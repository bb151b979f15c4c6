//! Lambda's Invoke for probers: the real probe, against servers of this machine that stand for those of the VPC.

#![allow(clippy::unwrap_used, reason = "a test account that cannot answer must end the test")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use vpclink_responder::probe::{Limits, Plan, ProbeRequest, Roots, admit, plan, probe};

use super::Account;
use crate::harness::Call;
use crate::harness::wire::Reply;
use crate::probe::zoo::Zoo;

/// A prober in a VPC.
#[derive(Clone, Debug, Default)]
pub struct Prober {
    /// What listens where: the name of a server of the zoo. Elsewhere nothing does.
    pub servers: BTreeMap<SocketAddr, &'static str>,
    /// Where packets are dropped.
    pub dropped: Vec<SocketAddr>,
    /// The code and status with which Lambda refuses to invoke it.
    pub refuses: Option<(&'static str, u16)>,
}

impl Prober {
    /// One that finds these servers.
    pub fn among(servers: &[(&str, &'static str)]) -> Self {
        let servers = servers.iter().map(|(address, name)| (address.parse().unwrap(), *name)).collect();
        Self { servers, ..Self::default() }
    }
}

/// Servers of every kind, open for as long as the tests run.
struct World {
    _runtime: Runtime,
    roots: String,
    open: BTreeMap<&'static str, SocketAddr>,
    /// Nothing listens here.
    closed: SocketAddr,
    /// A queue of connections that is full: no packet is answered.
    full: SocketAddr,
    _held: Vec<TcpStream>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let zoo = Zoo::new();
    let (mut open, mut held) = (BTreeMap::new(), Vec::new());
    let (closed, full) = runtime.block_on(async {
        for server in zoo.servers {
            open.insert(server.name, server.serve.open().await);
        }
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = Box::leak(Box::new(socket.listen(1).unwrap()));
        let full = listener.local_addr().unwrap();
        while let Ok(connected) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(full)).await
        {
            held.push(connected.unwrap());
        }
        (open["http-nothing-listens"], full)
    });
    World { _runtime: runtime, roots: zoo.roots, open, closed, full, _held: held }
});

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    if call.operation != "Invoke" {
        return None;
    }
    let name = call.text("FunctionName");
    let Some(prober) = account.probers.get(name) else {
        return Some(Reply::error(404, "ResourceNotFoundException", format!("Function not found: {name}")));
    };
    if let Some((code, status)) = prober.refuses {
        return Some(Reply::error(status, code, "as the test asked for"));
    }
    Some(Reply::Answer(prober.answer(&call.params["Payload"])))
}

impl Prober {
    fn answer(&self, payload: &Value) -> Value {
        let request: ProbeRequest =
            serde_json::from_value(payload.clone()).expect("the responder's own request");
        let addresses = match admit(&request, &Limits::default()) {
            Ok(addresses) => addresses,
            Err(refusal) => return json!(refusal),
        };
        let world = &*WORLD;
        let stands_for = |address: &SocketAddr| match self.servers.get(address) {
            Some(name) => world.open[name],
            None if self.dropped.contains(address) => world.full,
            None => world.closed,
        };
        let real: Vec<SocketAddr> = addresses.iter().map(stands_for).collect();
        let plan = plan(&request, now());
        let port = plan.path_port;
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let facts = runtime.block_on(async {
            let mut facts = Vec::new();
            for (address, real) in addresses.iter().zip(real) {
                let path = plan.path.clone().filter(|_| port.is_none_or(|port| port == address.port()));
                let roots = Roots::from_pem(&world.roots).unwrap();
                let budget = plan.budget.min(Duration::from_millis(1500));
                let plan = Plan { path, path_port: None, roots, budget, ..plan.clone() };
                let mut one = probe(&[real], &plan).await.remove(0);
                one.address = *address;
                facts.push(one);
            }
            facts
        });
        json!({ "facts": facts })
    }
}

#[expect(clippy::disallowed_methods, reason = "the certificates of the zoo are made around the present")]
fn now() -> Timestamp {
    Timestamp::now()
}
