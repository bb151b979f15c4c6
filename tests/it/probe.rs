//! The prober against servers of every kind: what it says about each, and that no bytes can make it fail.

#[allow(unreachable_pub, dead_code, reason = "the example shares it")]
pub(crate) mod zoo;

#[cfg(feature = "live")]
mod role;
mod unanswered;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use vpclink_responder::probe::{self, Facts, Plan, Roots, Vantage, sentences};
use zoo::{After, HOST, Serve, Zoo};

#[expect(clippy::disallowed_methods, reason = "the certificates of the zoo are made around the present")]
fn plan(tls: bool, roots: &str) -> Plan {
    Plan {
        server_name: Some(HOST.to_owned()),
        tls,
        path: Some("/health".to_owned()),
        path_port: None,
        roots: Roots::from_pem(roots).unwrap(),
        vantage: Vantage::Here,
        budget: Duration::from_secs(5),
        now: Timestamp::now(),
    }
}

async fn ask(serve: Serve, plan: &Plan) -> Facts {
    let address = serve.open().await;
    probe::probe(&[address], plan).await.remove(0)
}

fn json(facts: &Facts) -> Value {
    serde_json::to_value(facts).unwrap()
}

#[tokio::test]
async fn every_server_of_the_zoo_is_told() {
    let zoo = Zoo::new();
    let roots = &zoo.roots;
    let probes = zoo.servers.into_iter().map(|server| async move {
        let mut plan = plan(server.tls, roots);
        // Only those that never answer take it all.
        if server.name.contains("silent") || server.name.contains("half") || server.name.contains("warning") {
            plan.budget = Duration::from_millis(2_500);
        }
        (ask(server.serve, &plan).await, server.name, server.expect)
    });
    let mut wrong = Vec::new();
    let (mut faults, mut results) = (BTreeSet::new(), BTreeSet::new());
    for (facts, name, expect) in futures_util::future::join_all(probes).await {
        let told = json(&facts);
        let mut told_faults: Vec<String> = serde_json::from_value(told["tls"]["faults"].clone()).unwrap();
        told_faults.sort();
        let http = told["http"]["result"].as_str().unwrap();
        let accepted = (facts.accepted.strict, facts.accepted.insecure_skip_verification);
        if told_faults != expect.faults || http != expect.http || accepted != (expect.strict, expect.insecure)
        {
            wrong.push(format!("{name}: {told_faults:?} {http} {accepted:?}\n    {told}"));
        }
        assert!(
            !sentences(&facts).is_empty() || !facts.tls.not_looked_at.is_empty(),
            "{name} is told in words"
        );
        // What is not known says why, or it would read like a fault.
        let doubted = facts.tls.path.root.as_ref().is_some_and(|root| root.listed.is_none());
        let said = doubted || http == "too-large" || !facts.tls.not_looked_at.is_empty();
        let unknown = accepted.0.is_none() || accepted.1.is_none();
        assert!(!unknown || said, "{name}: no reason for {accepted:?}");
        faults.extend(told_faults);
        results.insert(http.to_owned());
    }
    assert!(wrong.is_empty(), "{} of the zoo:\n{}", wrong.len(), wrong.join("\n"));
    let contract = "name-mismatch expired not-yet-valid expired-intermediate untrusted-unknown-root \
        untrusted-self-signed issuer-not-sent bad-chain bad-signature not-for-servers chain-too-long \
        certificate-too-large certificate-unreadable weak-key weak-signature unsupported-key key-mismatch \
        protocol-too-old no-common-cipher handshake-broken alert client-certificate-required sni-refused \
        plaintext-answer closed reset timeout";
    assert_eq!(faults, contract.split_whitespace().map(str::to_owned).collect());
    let contract = "valid odd interim invalid truncated too-large closed reset timeout not-tried";
    assert_eq!(results, contract.split_whitespace().map(str::to_owned).collect());
}

/// Counts what is asked of it, answers each connection with these bytes, and keeps the first request.
#[derive(Default)]
struct Counted {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
    request: Mutex<Vec<u8>>,
}

async fn counting(answer: &'static [u8]) -> (SocketAddr, Arc<Counted>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, counted) = (listener.local_addr().unwrap(), Arc::new(Counted::default()));
    let shared = Arc::clone(&counted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&shared);
            let now = counted.now.fetch_add(1, Ordering::SeqCst) + 1;
            counted.most.fetch_max(now, Ordering::SeqCst);
            counted.all.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let count = stream.read(&mut request).await.unwrap_or(0);
                counted.request.lock().unwrap().extend(&request[..count]);
                let _closed = stream.write_all(answer).await;
                let _closed = stream.shutdown().await;
                let _end = stream.read(&mut request).await;
                counted.now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (address, counted)
}

#[tokio::test]
async fn one_request_without_anything_of_a_caller_and_no_redirect() {
    let answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let (address, counted) = counting(answer).await;
    let facts = probe::probe(&[address], &plan(false, &Zoo::new().roots)).await.remove(0);
    assert_eq!((facts.http.status, counted.all.load(Ordering::SeqCst)), (Some(302), 1));
    let request = String::from_utf8(counted.request.lock().unwrap().clone()).unwrap();
    let expected = format!(
        "GET /health HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: vpclink-probe/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(request, expected);
}

#[tokio::test]
async fn one_connection_at_a_time_and_three_at_most() {
    let (address, counted) = counting(&[21, 3, 3, 0, 2, 2, 40]).await;
    let facts = probe::probe(&[address, address], &plan(true, &Zoo::new().roots)).await;
    assert_eq!(facts.len(), 2);
    assert_eq!((counted.most.load(Ordering::SeqCst), counted.all.load(Ordering::SeqCst)), (1, 6));
    let offers: Vec<&str> = facts[0].tls.offers.iter().map(|offer| offer.offered.as_str()).collect();
    assert_eq!(offers, ["TLSv1.2", "TLSv1.2+TLSv1.3", "TLSv1.2 with the JDK's cipher suites"]);
}

#[tokio::test]
async fn eight_addresses_and_no_more() {
    let (address, counted) = counting(b"HTTP/1.1 204 None\r\n\r\n").await;
    let facts = probe::probe(&[address; 12], &plan(false, &Zoo::new().roots)).await;
    assert_eq!((facts.len(), counted.all.load(Ordering::SeqCst)), (8, 8));
}

#[tokio::test]
async fn one_broken_target_of_several_shows_and_order_is_kept() {
    let (good, _) = counting(b"HTTP/1.1 204 None\r\n\r\n").await;
    let nothing = Serve::Nothing.open().await;
    let facts = probe::probe(&[good, nothing, good], &plan(false, &Zoo::new().roots)).await;
    let accepted: Vec<Option<bool>> = facts.iter().map(|facts| facts.accepted.strict).collect();
    assert_eq!(accepted, [Some(true), Some(false), Some(true)]);
    assert_eq!(facts[1].address, nothing);
    assert_eq!(sentences(&facts[1])[0].code, Some("target-not-listening"));
}

#[tokio::test]
async fn the_request_goes_only_to_its_port() {
    let (address, counted) = counting(b"HTTP/1.1 204 None\r\n\r\n").await;
    let elsewhere = Plan { path_port: Some(address.port() ^ 1), ..plan(false, &Zoo::new().roots) };
    let facts = probe::probe(&[address], &elsewhere).await.remove(0);
    assert_eq!(json(&facts)["http"]["result"], "not-tried");
    assert_eq!(facts.accepted.strict, Some(true), "TCP connects, and nothing else was asked");
    assert!(counted.request.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_speaks_first_is_overheard_without_a_request() {
    let plan = Plan { path: None, ..plan(false, ROOT) };
    let facts = ask(Serve::First(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), &plan).await;
    assert_eq!(
        (json(&facts)["http"]["looks_like"].as_str(), facts.accepted.strict),
        (Some("ssh"), Some(false))
    );
    let facts = ask(Serve::Raw(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), After::Close), &plan).await;
    assert_eq!(
        (json(&facts)["http"]["result"].as_str(), facts.accepted.strict),
        (Some("not-tried"), Some(true))
    );
}

#[tokio::test]
async fn a_dropped_packet_is_silence() {
    // A full queue of connections answers no more.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(connected) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        held.push(connected.unwrap());
        assert!(held.len() < 100, "the queue never fills");
    }
    let plan = Plan { budget: Duration::from_millis(500), ..plan(true, &Zoo::new().roots) };
    let facts = probe::probe(&[address], &plan).await.remove(0);
    assert_eq!((json(&facts)["tcp"].as_str(), facts.accepted.strict), (Some("timeout"), Some(false)));
    assert_eq!(json(&facts)["tls"]["handshake"], "not-tried");
    assert_eq!(sentences(&facts)[0].code, Some("target-silent"));
}

#[tokio::test]
async fn without_a_server_name_no_name_is_sent_or_compared() {
    let zoo = Zoo::new();
    let roots = zoo.roots.clone();
    let server = zoo.servers.into_iter().find(|server| server.name == "tls-name-mismatch").unwrap();
    let facts = ask(server.serve, &Plan { server_name: None, ..plan(true, &roots) }).await;
    assert!(!facts.tls.sni && facts.tls.faults.is_empty(), "{facts:?}");
    assert_eq!(facts.tls.names.dns, ["stock.zoo.test"]);
    assert!(facts.tls.not_looked_at[0].contains("no server name"), "{facts:?}");
}

#[tokio::test]
async fn an_endless_answer_is_read_to_its_bound() {
    let endless: &[u8] = &[b'x'; 200_000];
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n";
    let long = |head: &[u8]| Serve::Raw([head, endless].concat(), After::Close);
    let result =
        async |serve| json(&ask(serve, &plan(false, &Zoo::new().roots)).await)["http"]["result"].clone();
    assert_eq!(result(long(head)).await, "valid");
    assert_eq!(result(long(b"HTTP/1.1 200 OK\r\nX: ")).await, "too-large");
    assert_eq!(result(long(b"")).await, "invalid");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Through every layer: TCP, both offers, the greeting by hand, the request.
    #[test]
    fn no_servers_bytes_can_make_it_fail(mut bytes: Vec<u8>, prefix in 0_usize..6, tls: bool, close: bool) {
        let opening: &[u8] = [&b""[..], b"HTTP/1.1 ", &[22, 3, 3], &[21, 3, 3, 0, 2], &[22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3], &[23, 3, 3, 0, 1]][prefix];
        bytes.splice(..0, opening.iter().copied());
        let after = if close { After::Close } else { After::Hold };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let facts = runtime.block_on(async {
            let plan = Plan { budget: Duration::from_millis(150), ..plan(tls, ROOT) };
            ask(Serve::Raw(bytes, after), &plan).await
        });
        prop_assert!(!tls || facts.accepted.strict != Some(true));
        let again: Facts = serde_json::from_value(json(&facts)).unwrap();
        prop_assert_eq!(again, facts);
    }
}

const ROOT: &str = include_str!("../certificates/probe/root.pem");

fn vpclink(args: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_vpclink")).arg("probe").args(args).env_clear().output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_prints_words_or_a_line_an_address() {
    let (good, _) = counting(b"HTTP/1.1 204 None\r\n\r\n").await;
    let (ssh, _) = counting(b"SSH-2.0-\x1b[31mred\r\n").await;
    let (good, ssh) = (good.to_string(), ssh.to_string());
    let (code, out, _) = vpclink(&[&good, &ssh, "--http", "/health", "--format", "json"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len()), (Some(10), 2), "{out}");
    assert_eq!(lines[0]["schema"], "vpclink-responder/probe/1");
    assert_eq!(lines[0]["address"], good.as_str());
    assert_eq!(lines[0]["vantage"], "here");
    assert_eq!(lines[0]["accepted"], serde_json::json!({"strict": true, "insecure_skip_verification": true}));
    assert_eq!(lines[1]["http"]["looks_like"], "ssh");
    assert_eq!(lines[1]["http"]["offending"], "5353482d322e302d1b5b33316d726564");
    let (code, out, _) = vpclink(&[&ssh, "--tls", "--server-name", HOST]);
    assert_eq!(code, Some(10));
    assert!(
        out.contains("[target-speaks-plaintext]") && out.contains("SSH") && !out.contains('\x1b'),
        "{out}"
    );
    let (code, out, _) = vpclink(&[&good, "--http", "/health"]);
    assert!(
        code == Some(0) && out.contains("[target-answers-http]") && out.contains("accept it: yes"),
        "{out}"
    );
}

#[test]
fn a_wrong_command_says_what_is_wrong() {
    let many: Vec<String> = (1..10).map(|port| format!("127.0.0.1:{port}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (args, why) in [
        (&[][..], "ADDRESS:PORT"),
        (&["127.0.0.1"], "has no port"),
        (&["127.0.0.1:1", "--http", "health"], "begins with `/`"),
        (&["127.0.0.1:1", "--server-name", "a b"], "server name"),
        (many.as_slice(), "at most"),
    ] {
        let (code, _, err) = vpclink(args);
        assert!(code == Some(2) && err.contains(why), "{args:?}: {code:?} {err}");
    }
    let (code, _, err) = vpclink(&["127.0.0.1:1", "--roots", "Cargo.toml"]);
    assert!(code == Some(1) && err.contains("cannot use `Cargo.toml`"), "{err}");
}
