//! Every server of the prober's tests, asked by the prober; with `--jvm COMMAND…` also by a JVM, whose verdict must agree.
//! `--also FILE ROOTS` adds servers that already run: lines of name, port and `https` or `http`; those roots are trusted.
//!
//! Prints a table for `docs/reliability.md`. Exit code 1 where prober and JVM differ. `.ci/jvm.sh` runs it.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "an example is an edge: it reads the clock and prints"
)]

#[allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "it is the tests' library")]
#[path = "../tests/it/probe/zoo.rs"]
mod zoo;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use vpclink_responder::probe::{self, Facts, Plan, Roots, Vantage};
use zoo::{HOST, Zoo};

/// What the JVM said to each server, strictly and with its model of `insecureSkipVerification`.
type Verdicts = BTreeMap<(String, String), String>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let after = |option: &'static str| args.iter().skip_while(move |arg| *arg != option).skip(1).cloned();
    let command: Vec<String> = after("--jvm").collect();
    let mut zoo = Zoo::new();
    let mut open = Vec::new();
    for server in zoo.servers {
        open.push((server.name.to_owned(), server.tls, server.serve.open().await));
    }
    if let (Some(file), Some(roots)) = (after("--also").next(), after("--also").nth(1)) {
        zoo.roots += &std::fs::read_to_string(roots)?;
        for line in std::fs::read_to_string(file)?.lines() {
            let mut words = line.split(' ');
            let (name, port) = words.next().zip(words.next()).context("a name and a port")?;
            let tls = words.next() != Some("http");
            open.push((name.to_owned(), tls, SocketAddr::from(([127, 0, 0, 1], port.parse()?))));
        }
    }
    let probes = open.iter().map(|(name, tls, address)| {
        let plan = plan(*tls, &zoo.roots);
        async move { anyhow::Ok((name.clone(), probe::probe(&[*address], &plan?).await.remove(0))) }
    });
    let facts: Vec<(String, Facts)> =
        futures_util::future::join_all(probes).await.into_iter().collect::<Result<_, _>>()?;
    // The JVM reads the authorities from a file, whose place ends its command.
    let file = std::env::temp_dir().join(format!("probe-zoo-{}.pem", std::process::id()));
    std::fs::write(&file, &zoo.roots)?;
    let verdicts = match command.split_first() {
        Some((program, args)) => {
            let lines = open.iter().map(|(name, tls, address)| {
                format!("{name}\t{}\t{}\n", address.port(), if *tls { "https" } else { "http" })
            });
            let args = [args, &[file.display().to_string()]].concat();
            let (program, lines) = (program.clone(), lines.collect::<String>());
            tokio::task::spawn_blocking(move || jvm(&program, &args, &lines)).await??
        }
        None => Verdicts::new(),
    };
    std::fs::remove_file(&file)?;
    let mut differ = Vec::new();
    println!("| server | the JVM says | we say | accepted |\n|---|---|---|---|");
    for (name, facts) in &facts {
        let verdict = |mode: &str| verdicts.get(&(name.clone(), mode.to_owned())).map(String::as_str);
        let said = verdict("strict").unwrap_or("–");
        let accepted = facts.accepted;
        println!(
            "| `{name}` | {} | {} | {} |",
            cell(said),
            words(facts),
            show(accepted.strict, accepted.insecure_skip_verification)
        );
        for (mode, ours) in [("strict", accepted.strict), ("insecure", accepted.insecure_skip_verification)] {
            let theirs = verdict(mode).map(|said| said.starts_with("ok "));
            // What the probe could not see is no contradiction.
            if let (Some(theirs), Some(ours)) = (theirs, ours)
                && theirs != ours
            {
                differ.push(format!(
                    "{name} ({mode}): we say {ours}, the JVM says {}",
                    verdict(mode).unwrap_or_default()
                ));
            }
        }
    }
    eprintln!("{} servers, {} verdicts of a JVM, {} differ", facts.len(), verdicts.len(), differ.len());
    differ.iter().for_each(|line| eprintln!("{line}"));
    Ok(if differ.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn plan(tls: bool, roots: &str) -> anyhow::Result<Plan> {
    Ok(Plan {
        server_name: Some(HOST.to_owned()),
        tls,
        path: Some("/health".to_owned()),
        path_port: None,
        roots: Roots::from_pem(roots).map_err(anyhow::Error::msg)?,
        vantage: Vantage::Here,
        budget: Duration::from_secs(3),
        now: Timestamp::now(),
    })
}

fn jvm(program: &str, args: &[String], lines: &str) -> anyhow::Result<Verdicts> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{program}`"))?;
    let mut input = child.stdin.take().context("its standard input")?;
    input.write_all(lines.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the JVM failed: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let verdict = |line: &str| {
        let mut parts = line.splitn(3, '\t').map(str::to_owned);
        Some(((parts.next()?, parts.next()?), parts.next()?))
    };
    Ok(text.lines().filter_map(verdict).collect())
}

fn cell(text: &str) -> String {
    let printable: String =
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let short: String = printable.replace('|', "\\|").replace('`', "'").chars().take(110).collect();
    if printable.len() > 110 { format!("`{short}…`") } else { format!("`{short}`") }
}

fn words(facts: &Facts) -> String {
    let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = vec![name(serde_json::json!(facts.tcp))];
    words.extend(facts.tls.faults.iter().map(|fault| name(serde_json::json!(fault))));
    words.extend((!facts.tls.not_looked_at.is_empty()).then(|| "*not looked at*".to_owned()));
    let http = name(serde_json::json!(facts.http.result));
    let looks = facts
        .tls
        .looks_like
        .or(facts.http.looks_like)
        .map(|looks| format!(" ({})", name(serde_json::json!(looks))));
    words.push(format!("http {http}{}", looks.unwrap_or_default()));
    words.retain(|word| word != "connected" && word != "http not-tried");
    words.join(", ")
}

fn show(strict: Option<bool>, insecure: Option<bool>) -> String {
    let one = |accepted| match accepted {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    if strict == insecure {
        one(strict).to_owned()
    } else {
        format!("{}; insecure: {}", one(strict), one(insecure))
    }
}
