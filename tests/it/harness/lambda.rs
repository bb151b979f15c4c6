//! Lambda, as far as a custom runtime sees it: starts the real binary in Lambda's environment and invokes it.

use std::ffi::OsString;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::aws::Aws;
use super::http;
use super::http::{Request, Response, Server};

/// How long Lambda lets a function start.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A function to start: a program and what is configured.
#[derive(Clone, Debug)]
pub struct Function {
    program: OsString,
    args: Vec<String>,
    env: Vec<(String, String)>,
    timeout: Duration,
}

impl Function {
    /// A program with a scrubbed environment: only what Lambda sets, credentials, and what [`Self::env`] adds.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: lambda_environment(),
            timeout: Duration::from_secs(30),
        }
    }

    /// With an argument, which Lambda itself never gives.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// With an environment variable; a later one replaces an earlier one.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With all AWS calls going to a double.
    #[must_use]
    pub fn calling(self, aws: &Aws) -> Self {
        self.env("AWS_ENDPOINT_URL", &aws.url())
    }

    /// With a time limit, from which the deadline that the function sees is counted.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts it.
    pub fn start(&self) -> Lambda {
        let (events, queue) = mpsc::channel();
        let (reports, news) = mpsc::channel();
        let queue = Mutex::new(queue);
        let reporting = reports.clone();
        let server = http::serve(move |request| runtime_api(&request, &queue, &reporting));
        let mut command = Command::new(&self.program);
        command.env_clear().args(&self.args).envs(self.env.iter().cloned());
        command.env("AWS_LAMBDA_RUNTIME_API", server.address().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the function's program can be started");
        let log = Arc::default();
        let readers = vec![
            capture(child.stdout.take().expect("stdout is piped"), &log, &reports),
            capture(child.stderr.take().expect("stderr is piped"), &log, &reports),
        ];
        let (timeout, start) = (self.timeout, None);
        Lambda {
            child,
            events,
            news,
            log,
            readers,
            timeout,
            start,
            open_pipes: 2,
            invocations: 0,
            _server: server,
        }
    }
}

/// A running function; dropping it kills the process.
#[derive(Debug)]
pub struct Lambda {
    child: Child,
    events: Sender<Invocation>,
    news: Receiver<FailureGroup>,
    log: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
    timeout: Duration,
    start: Option<Start>,
    open_pipes: usize,
    invocations: usize,
    _server: Server,
}

/// How a start went.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// It asked for its first event.
    Ready,
    /// It reported an error of its own.
    Error {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
    },
    /// It ended without a report.
    Exited(ExitStatus),
    /// It did neither in ten seconds, and was killed.
    TimedOut,
}

/// How an invocation went.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It answered.
    Response(Value),
    /// It reported an error.
    Error {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
    },
    /// It ended without a report, or had never started.
    Exited(ExitStatus),
    /// It did not answer in time, and was killed as Lambda does.
    TimedOut,
}

/// An event on its way to the function.
#[derive(Debug)]
struct Invocation {
    id: String,
    event: Vec<u8>,
    deadline: u128,
}

/// What the function did.
#[derive(Debug)]
enum FailureGroup {
    Asked,
    Responded { id: String, body: Vec<u8> },
    Failed { id: String, body: Vec<u8> },
    FailedToStart(Vec<u8>),
    PipeClosed,
}

impl Lambda {
    /// Waits until the start is decided.
    pub fn started(&mut self) -> Start {
        while self.start.is_none() {
            match self.next(START_TIMEOUT) {
                Ok(_) => {}
                Err(outcome) => return outcome.into(),
            }
        }
        self.start.clone().expect("the loop ends when it is known")
    }

    /// Invokes it with the configured time limit.
    pub fn invoke(&mut self, event: &Value) -> Outcome {
        self.invoke_raw(event.to_string().as_bytes())
    }

    /// Invokes it with bytes, which need be no JSON.
    pub fn invoke_raw(&mut self, event: &[u8]) -> Outcome {
        self.invocations += 1;
        let id = format!("8f0c1d2e-0000-4000-8000-{:012}", self.invocations);
        let deadline = (now() + self.timeout).as_millis();
        let invocation = Invocation { id: id.clone(), event: event.to_vec(), deadline };
        self.events.send(invocation).expect("the server holds the queue as long as the function lives");
        loop {
            match self.next(self.timeout) {
                Ok(FailureGroup::Responded { id: of, body }) if of == id => {
                    return Outcome::Response(serde_json::from_slice(&body).expect("a response is JSON"));
                }
                Ok(FailureGroup::Failed { id: of, body }) if of == id => {
                    let (error_type, message) = diagnostic(&body);
                    return Outcome::Error { error_type, message };
                }
                Ok(_) => {}
                Err(outcome) => return outcome,
            }
        }
    }

    /// What it has written so far, both streams. Use [`Self::stop`] to have all of it.
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The most resident memory it has had so far, in KiB.
    pub fn peak_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a running child has a status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
        peak.trim().trim_end_matches(" kB").parse().expect("the peak is a number of kB")
    }

    /// Kills it and returns all that it wrote.
    pub fn stop(mut self) -> String {
        self.end();
        self.log()
    }

    /// The next news, or how it ended when there will be none.
    fn next(&mut self, patience: Duration) -> Result<FailureGroup, Outcome> {
        let news = if self.open_pipes == 0 {
            self.news.try_recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.news.recv_timeout(patience)
        };
        match news {
            Ok(FailureGroup::Asked) if self.start.is_none() => {
                self.start = Some(Start::Ready);
                Ok(FailureGroup::Asked)
            }
            Ok(FailureGroup::FailedToStart(body)) => {
                let (error_type, message) = diagnostic(&body);
                self.start = Some(Start::Error { error_type: error_type.clone(), message: message.clone() });
                Err(Outcome::Error { error_type, message })
            }
            Ok(FailureGroup::PipeClosed) => {
                self.open_pipes -= 1;
                Ok(FailureGroup::PipeClosed)
            }
            Ok(other) => Ok(other),
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                Err(Outcome::TimedOut)
            }
            // Both streams are closed and everything it said before has been read.
            Err(RecvTimeoutError::Disconnected) => Err(Outcome::Exited(self.end())),
        }
    }

    fn end(&mut self) -> ExitStatus {
        let _already_gone = self.child.kill();
        let status = self.child.wait().expect("the child is ours to wait for");
        for reader in self.readers.drain(..) {
            let _ended = reader.join();
        }
        status
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.end();
    }
}

impl From<Outcome> for Start {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Response(_) => Self::Ready,
            Outcome::Error { error_type, message } => Self::Error { error_type, message },
            Outcome::Exited(status) => Self::Exited(status),
            Outcome::TimedOut => Self::TimedOut,
        }
    }
}

/// The Runtime API: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
fn runtime_api(
    request: &Request,
    queue: &Mutex<Receiver<Invocation>>,
    news: &Sender<FailureGroup>,
) -> Option<Response> {
    let path: Vec<&str> = request.target.split('/').skip(3).collect();
    let body = request.body.clone();
    let (report, accepted) = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["invocation", "next"]) => {
            news.send(FailureGroup::Asked).ok()?;
            return next_event(&queue.lock().ok()?.recv().ok()?);
        }
        ("POST", ["invocation", id, "response"]) => {
            (FailureGroup::Responded { id: (*id).to_owned(), body }, 202)
        }
        ("POST", ["invocation", id, "error"]) => (FailureGroup::Failed { id: (*id).to_owned(), body }, 202),
        ("POST", ["init", "error"]) => (FailureGroup::FailedToStart(body), 202),
        _ => return Some(Response::new(404, "application/json", "{}")),
    };
    news.send(report).ok()?;
    Some(Response::new(accepted, "application/json", r#"{"status":"OK"}"#))
}

fn next_event(invocation: &Invocation) -> Option<Response> {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:vpclink-responder";
    Some(
        Response::new(200, "application/json", invocation.event.clone())
            .with("lambda-runtime-aws-request-id", &invocation.id)
            .with("lambda-runtime-deadline-ms", invocation.deadline.to_string())
            .with("lambda-runtime-invoked-function-arn", arn)
            .with("lambda-runtime-trace-id", "Root=1-6a96c000-000000000000000000000001;Sampled=0"),
    )
}

fn capture(
    mut stream: impl Read + Send + 'static,
    log: &Arc<Mutex<Vec<u8>>>,
    news: &Sender<FailureGroup>,
) -> JoinHandle<()> {
    let (log, news) = (Arc::clone(log), news.clone());
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            log.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..read]);
        }
        let _nobody_waits = news.send(FailureGroup::PipeClosed);
    })
}

fn diagnostic(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[expect(clippy::disallowed_methods, reason = "a function compares its deadline with the real clock")]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970")
}

/// What Lambda sets, and nothing of ours.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
fn lambda_environment() -> Vec<(String, String)> {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_FUNCTION_NAME", "vpclink-responder"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/vpclink-responder"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/09/01/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
        ("_HANDLER", "responder"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("TZ", ":UTC"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
