//! The role `prober` of the real executable, through Lambda's Runtime API: where it goes, and that it goes nowhere else.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Function, Lambda, Outcome, Start};

fn prober(variables: &[(&str, &str)]) -> Lambda {
    let function = Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).env("_HANDLER", "prober");
    variables.iter().fold(function, |function, (name, value)| function.env(name, value)).start()
}

fn ask(lambda: &mut Lambda, event: &Value) -> Value {
    match lambda.invoke(event) {
        Outcome::Response(answer) => answer,
        other => panic!("a prober always answers: {other:?}; {}", lambda.log()),
    }
}

/// A server on every address of this machine, and how often it was connected to.
fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let _read = stream.read(&mut [0; 1024]);
            let _written = stream.write_all(b"HTTP/1.1 204 None\r\n\r\n");
        }
    });
    (port, count)
}

/// An address of this machine that is not loopback, where it has one.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // No packet is sent: it only chooses a route.
    socket.connect("10.255.255.255:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[test]
fn it_answers_facts_about_addresses_of_its_vpc() {
    let (port, count) = server();
    let own = own_address();
    let range = own.map_or("10.0.0.0/8".to_owned(), |ip| format!("{ip}/32"));
    let mut lambda = prober(&[("PROBE_PORTS", &port.to_string()), ("PROBE_RANGES", &range)]);
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    assert_eq!(
        ask(&mut lambda, &json!({"addresses": [], "vantage": "vpc"})),
        json!({"facts": []}),
        "kept warm"
    );
    if let Some(ip) = own {
        let health = json!({"path": "/health", "port": port});
        let asked = json!({"addresses": [format!("{ip}:{port}")], "vantage": "link", "health": health});
        let answer = ask(&mut lambda, &asked);
        let facts = &answer["facts"][0];
        assert_eq!((facts["tcp"].as_str(), facts["http"]["status"].as_u64()), (Some("connected"), Some(204)));
        assert_eq!((facts["vantage"].as_str(), count.load(Ordering::SeqCst)), (Some("link"), 1));
    }
}

#[test]
fn nothing_gets_past_it() {
    let (port, count) = server();
    let mut lambda = prober(&[("PROBE_PORTS", &port.to_string()), ("PROBE_RANGES", "0.0.0.0/0,::/0")]);
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    let hosts = [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "0.0.0.1",
        "169.254.169.254",
        "169.254.100.1",
        "224.0.0.1",
        "255.255.255.255",
        "010.0.0.1",
        "10.1",
        "0x0a000001",
        "167772161",
        "2130706433",
        "localhost",
        "orders.internal",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fe80::1%lo]",
        "[fe80::1%1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2600:1f18:1::7%1]",
        "10.0.0.1@127.0.0.1",
        "",
    ];
    let at_port = hosts.iter().map(|host| format!("{host}:{port}"));
    // Ports that it was not given, the runtime's own above all.
    let others = ["10.0.0.1:0", "10.0.0.1:9001", "10.0.0.1:22", "10.0.0.1:65536", "10.0.0.1", "10.0.0.1:+80"];
    for address in at_port.chain(others.map(str::to_owned)) {
        let answer = ask(&mut lambda, &json!({"addresses": [address], "vantage": "vpc"}));
        let why = answer["refused"].as_str().unwrap_or_default();
        assert!(why.len() > 20 && answer.get("facts").is_none(), "{address}: {answer}");
    }
    // One bad address refuses all, and no field widens what the environment allows.
    let good = format!("10.0.0.1:{port}");
    for forged in [
        json!({"addresses": [good, format!("127.0.0.1:{port}")], "vantage": "vpc"}),
        json!({"addresses": vec![good.clone(); 9], "vantage": "vpc"}),
        json!({"addresses": [format!("127.0.0.1:{port}")], "vantage": "vpc", "limits": {"vpc": ["127.0.0.0/8"]}}),
        json!({"addresses": ["10.0.0.1:9001"], "vantage": "vpc", "ports": [9001]}),
        json!({"addresses": [good], "vantage": "here"}),
        json!({"addresses": [good], "vantage": "vpc", "server_name": "a\r\nX: y"}),
        json!({"addresses": [good], "vantage": "vpc", "health": {"path": "/a HTTP/1.1\r\nX: y", "port": port}}),
        json!({"addresses": good, "vantage": "vpc"}),
        json!({"addresses": [{"host": "127.0.0.1"}], "vantage": "vpc"}),
        json!({"awslogs": {"data": "H4sIAAAA"}}),
        json!([]),
        json!("x".repeat(20_000)),
        json!(null),
    ] {
        let answer = ask(&mut lambda, &forged);
        assert!(answer["refused"].as_str().is_some_and(|why| why.len() > 20), "{forged}: {answer}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0, "nothing of this machine was connected to");
    let log = lambda.stop();
    assert!(log.contains("refused to connect"), "{log}");
}

#[test]
fn the_edges_of_the_ranges_are_kept() {
    let mut lambda = prober(&[("PROBE_PORTS", "1")]);
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    let refused = |lambda: &mut Lambda, ip: &str| {
        let asked = json!({"addresses": [format!("{ip}:1")], "vantage": "vpc", "budget_ms": 1});
        ask(lambda, &asked).get("refused").is_some()
    };
    for ip in [
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "8.8.8.8",
        "[2600:1f18:1::7]",
        "[fd00::1]",
    ] {
        assert!(refused(&mut lambda, ip), "{ip}");
    }
}

#[test]
fn a_faulty_environment_stops_the_start_with_all_its_faults() {
    for (variables, faults) in [
        (&[][..], &["`PROBE_PORTS` is not set"][..]),
        (
            &[("PROBE_PORTS", "http"), ("PROBE_RANGES", "vpc-1")][..],
            &["`http`, which is no port", "`vpc-1`, which is no network"][..],
        ),
        (&[("PROBE_PORTS", "0")][..], &["`0`, which is no port"][..]),
    ] {
        let mut lambda = prober(variables);
        assert!(matches!(lambda.started(), Start::Exited(_)));
        let log = lambda.stop();
        for fault in faults {
            assert!(log.contains(fault), "{log}");
        }
    }
}

#[test]
fn its_address_is_never_loopback_whatever_ranges_it_is_given() {
    let (port, count) = server();
    let mut lambda = prober(&[
        ("PROBE_PORTS", &format!("{port},9001")),
        ("PROBE_RANGES", "127.0.0.0/8,::1/128,169.254.0.0/16"),
    ]);
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    for ip in [IpAddr::from([127, 0, 0, 1]), IpAddr::from([169, 254, 169, 254]), "::1".parse().unwrap()] {
        let address = SocketAddr::new(ip, port).to_string();
        assert!(
            ask(&mut lambda, &json!({"addresses": [address], "vantage": "vpc"})).get("refused").is_some()
        );
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
