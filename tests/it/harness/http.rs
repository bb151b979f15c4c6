//! A minimal HTTP/1.1 server on loopback for trusted clients: keep-alive, both body framings, a thread a connection.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::{io, thread};

/// A request, its body read whole.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value, by its name in lower case; empty when it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// All headers but `content-length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with a body of some type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A running server; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    open: Arc<Open>,
    accepting: Option<JoinHandle<()>>,
}

/// What has to be closed at the end.
#[derive(Debug, Default)]
struct Open {
    closing: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

/// Serves on a free port of 127.0.0.1. A handler that answers `None` hangs up without a word, as a reset does; one that
/// sleeps delays only its own connection.
pub fn serve(handler: impl Fn(Request) -> Option<Response> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let open = Arc::new(Open::default());
    let (shared, handler) = (Arc::clone(&open), Arc::new(handler));
    let accepting = thread::spawn(move || accept(&listener, &shared, &handler));
    Server { address, open, accepting: Some(accepting) }
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.open.closing.store(true, Ordering::SeqCst);
        // A connection of our own wakes the accepting thread; were that refused, the thread has gone already.
        let _woken = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ended = accepting.join();
        }
        for stream in self.open.streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept<H>(listener: &TcpListener, open: &Open, handler: &Arc<H>)
where
    H: Fn(Request) -> Option<Response> + Send + Sync + 'static,
{
    for stream in listener.incoming().flatten() {
        if open.closing.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(copy) = stream.try_clone() {
            open.streams.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        }
        let handler = Arc::clone(handler);
        thread::spawn(move || {
            // The client may go away at any moment: that ends its connection and nothing else.
            let _gone = converse(&stream, &*handler);
            let _closed = stream.shutdown(Shutdown::Both);
        });
    }
}

fn converse(stream: &TcpStream, handler: &dyn Fn(Request) -> Option<Response>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let last = request.header("connection").eq_ignore_ascii_case("close");
        let Some(response) = handler(request) else {
            return Ok(());
        };
        write(stream, &response, last)?;
        if last {
            return Ok(());
        }
    }
    Ok(())
}

/// The next request of a connection; `None` where the client closed it between two.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some(first) = line(reader)? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("no request line: `{first}`")));
    };
    let mut request = Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
    while let Some(header) = line(reader)?.filter(|header| !header.is_empty()) {
        if let Some((name, value)) = header.split_once(':') {
            request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    request.body = body(reader, &request)?;
    Ok(Some(request))
}

fn body(reader: &mut impl BufRead, request: &Request) -> io::Result<Vec<u8>> {
    if request.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        return chunks(reader);
    }
    let length = request.header("content-length");
    let mut body = vec![0; if length.is_empty() { 0 } else { length.parse().map_err(io::Error::other)? }];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let head = line(reader)?.unwrap_or_default();
        let size = head.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size == 0 {
            while line(reader)?.is_some_and(|trailer| !trailer.is_empty()) {}
            return Ok(body);
        }
        reader.by_ref().take(size).read_to_end(&mut body)?;
        line(reader)?;
    }
}

/// One line without its end; `None` at the end of the stream.
fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn write(mut stream: &TcpStream, response: &Response, last: bool) -> io::Result<()> {
    let mut out = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", response.status, response.body.len());
    if last {
        out.push_str("connection: close\r\n");
    }
    for (name, value) in &response.headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    // One write: a head and a body apart would wait for each other's acknowledgement.
    let mut bytes = out.into_bytes();
    bytes.extend_from_slice(&response.body);
    stream.write_all(&bytes)
}
