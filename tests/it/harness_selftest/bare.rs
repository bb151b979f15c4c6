//! The server by itself, over a plain socket; and a client for the protocols that have no SDK here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, mpsc};
use std::thread;

use crate::harness::http::{Response, serve};
use crate::harness::{Account, Aws};

/// Sends bytes and reads one response: status, head, body.
pub(crate) fn exchange(stream: &TcpStream, request: &[u8]) -> Option<(u16, String, Vec<u8>)> {
    (&*stream).write_all(request).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some((head.split(' ').nth(1)?.parse().ok()?, head, body))
}

/// A signed POST to a service, by its name in the credential scope.
pub(crate) fn post(
    aws: &Aws,
    service: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    let scope = format!("AKIDEXAMPLE/20260901/eu-west-1/{service}/aws4_request");
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    let address: SocketAddr = aws.url().trim_start_matches("http://").parse().unwrap();
    exchange(&TcpStream::connect(address).unwrap(), &request).unwrap()
}

#[test]
fn a_connection_carries_many_requests_in_both_framings() {
    let server = serve(|request| {
        let body = [request.method.as_bytes(), b" ", &request.body].concat();
        Some(Response::new(200, "text/plain", body).with("x-more", request.header("x-more")))
    });
    let stream = TcpStream::connect(server.address()).unwrap();
    let plain = b"POST /a HTTP/1.1\r\nX-More: yes\r\nContent-Length: 3\r\n\r\nabc";
    let (status, head, body) = exchange(&stream, plain).unwrap();
    assert_eq!((status, body.as_slice()), (200, &b"POST abc"[..]));
    assert!(head.contains("x-more: yes\r\n"));
    let chunked = b"PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\nd\r\ne\r\n0\r\nTrailer: 1\r\n\r\n";
    assert_eq!(exchange(&stream, chunked).unwrap().2, b"PUT abcd\r\ne");
    let closing = b"GET /c HTTP/1.1\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(&stream, closing).unwrap().2, b"GET ");
    assert_eq!((&stream).read(&mut [0]).unwrap(), 0, "the server closed as it was asked to");
}

#[test]
fn a_handler_without_an_answer_hangs_up() {
    let server = serve(|_| None);
    let stream = TcpStream::connect(server.address()).unwrap();
    assert_eq!(exchange(&stream, b"GET / HTTP/1.1\r\n\r\n"), None);
}

#[test]
fn a_slow_answer_delays_only_its_own_connection() {
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let server = serve(move |request| {
        if request.target == "/slow" {
            released.lock().unwrap().recv().unwrap();
        }
        Some(Response::new(200, "text/plain", ""))
    });
    let address = server.address();
    let slow = thread::spawn(move || {
        exchange(&TcpStream::connect(address).unwrap(), b"GET /slow HTTP/1.1\r\n\r\n").unwrap();
    });
    exchange(&TcpStream::connect(address).unwrap(), b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(!slow.is_finished());
    release.send(()).unwrap();
    slow.join().unwrap();
}

#[test]
fn dropping_the_server_closes_the_port_and_the_connections() {
    let server = serve(|_| Some(Response::new(200, "text/plain", "")));
    let address = server.address();
    let stream = TcpStream::connect(address).unwrap();
    exchange(&stream, b"GET / HTTP/1.1\r\n\r\n").unwrap();
    drop(server);
    assert_eq!((&stream).read(&mut [0]).unwrap_or_default(), 0);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_request_without_a_signature_is_refused_and_recorded() {
    let aws = Aws::start(Account::healthy_v1());
    let address: SocketAddr = aws.url().trim_start_matches("http://").parse().unwrap();
    let request = b"GET /restapis/a1b2c3d4e5 HTTP/1.1\r\n\r\n";
    let (status, ..) = exchange(&TcpStream::connect(address).unwrap(), request).unwrap();
    assert_eq!(status, 403);
    assert!(!aws.calls()[0].signed);
}
