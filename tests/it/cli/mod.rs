//! The real `vpclink`, its environment scrubbed: what it takes, what it prints, how it ends.

mod check;
mod command_line;
#[cfg(feature = "live")]
mod coverage;
#[cfg(feature = "live")]
mod events;
#[cfg(feature = "live")]
mod replay;

use std::io::Write;
use std::process::{Command, Output, Stdio};

#[cfg(feature = "live")]
use crate::harness::Aws;

fn vpclink(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vpclink"))
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input closes the pipe; that is no fault of the test.
    let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The program with credentials, and an endpoint that is the tests' AWS.
#[cfg(feature = "live")]
fn vpclink_at(aws: &Aws, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vpclink"))
        .args(args)
        .env_clear()
        .env("AWS_ENDPOINT_URL", aws.url())
        .envs([("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .output()
        .unwrap()
}

/// What the program printed, where it ended with this exit code.
#[track_caller]
fn ended(output: &Output, code: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    (out, err)
}
