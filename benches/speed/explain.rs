//! A large saved log: `vpclink explain`'s reading of it beside `grep -c` of one sentence and a reader of lines.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;
use vpclink_responder::functions::Explainer;

use super::traffic::{ORDINARY, Traffic};

/// Writes a log of about this size; times and ids differ all through it.
fn write(file: &Path, size: usize) {
    let mut out = BufWriter::new(File::create(file).expect("the folder for temporary files takes one"));
    let (mut written, mut seed) = (0, 8);
    while written < size {
        let document = Traffic { requests: 2_000, seed, ..ORDINARY }.document().0;
        let document: Value = serde_json::from_slice(&document).expect("made here");
        for event in document["logEvents"].as_array().expect("made here") {
            let at = event["timestamp"].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
            let line =
                format!("{:.3} {}\n", at.expect("made here"), event["message"].as_str().expect("made here"));
            out.write_all(line.as_bytes()).expect("there is room");
            written += line.len();
        }
        seed += 1;
    }
    out.flush().expect("there is room");
}

fn ours(file: &Path) -> usize {
    let mut explainer = Explainer::new(&[]);
    explainer.take(File::open(file).expect("written here"), |_| {}).expect("it reads");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it starts");
    let explained = runtime.block_on(explainer.finish(None, Timestamp::UNIX_EPOCH)).expect("it reads");
    explained.summary.failed
}

/// What a script does at least: one line after the other, and a look for a sentence.
fn lines(file: &Path) -> usize {
    let (mut reader, mut line, mut found) =
        (BufReader::with_capacity(1 << 16, File::open(file).expect("written here")), Vec::new(), 0);
    while reader.read_until(b'\n', &mut line).expect("it reads") > 0 {
        found += usize::from(memchr::memmem::find(&line, b"Execution failed due to").is_some());
        line.clear();
    }
    found
}

fn grep(file: &Path) -> usize {
    let output = Command::new("grep").args(["-c", "-F", "Execution failed due to"]).arg(file).output();
    let output = output.expect("grep is everywhere");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

/// The most memory that this process had, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1e3
}

/// One reading in a process of its own, for its memory.
pub(crate) fn once() {
    let file = std::env::args().next_back().expect("a program has arguments");
    println!("{} {}", ours(Path::new(&file)), peak());
}

/// Prints the table.
pub(crate) fn side_by_side(small: bool) {
    let size = if small { 12 << 20 } else { 300 << 20 };
    let file = std::env::temp_dir().join(format!("vpclink-bench-{}.log", std::process::id()));
    write(&file, size);
    let bytes = std::fs::metadata(&file).expect("written here").len() as f64;
    println!("\na saved log of {:.0} MB, 2 % failing", bytes / 1e6);
    type Contender = (&'static str, fn(&Path) -> usize);
    let contenders: [Contender; 3] =
        [("this program, in pieces", ours), ("a reader of lines", lines), ("grep -c -F", grep)];
    let rounds = if small { 1 } else { 7 };
    for (name, run) in contenders {
        let mut times: Vec<f64> = Vec::new();
        for _ in 0..rounds {
            let began = Instant::now();
            black_box(run(&file));
            times.push(began.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        println!("{name:34} {:9.0} MB/s", bytes / times[times.len() / 2] / 1e6);
    }
    let program = std::env::current_exe().expect("a program knows where it is");
    match Command::new(program).arg("--explain-once").arg(&file).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            println!("failed requests, and peak memory in MB: {}", text.trim());
        }
        Err(error) => println!("!!! memory was NOT measured: {error}"),
    }
    std::fs::remove_file(&file).expect("it was written here");
}
