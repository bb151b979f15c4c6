//! How fast a batch is read, beside the machine's limit and beside what people use.
//!
//! `cargo bench --no-default-features --features quick` prints the ratios and then criterion's figures for each stage;
//! behind `--`, `--ratios` prints the ratios alone, `--access` those of access lines, `--explain` those of
//! a large file, `--instructions` counts instructions
//! under valgrind, and `--test` runs everything once on little input.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench reads the clock and prints what it saw"
)]

use vpclink_responder::logs;

mod access;
mod contenders;
mod explain;
mod instructions;
mod traffic;

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use contenders::Contender;
use criterion::{BenchmarkId, Criterion, Throughput};
use traffic::{ORDINARY, Traffic};

/// Runs of each contender; they take turns, so that whatever slows the machine slows all of them.
const ROUNDS: usize = 61;

fn main() {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    if asked("--once") {
        instructions::run_once();
    } else if asked("--instructions") {
        instructions::count();
    } else if asked("--access") {
        access::side_by_side(asked("--test"));
    } else if asked("--explain-once") {
        explain::once();
    } else if asked("--explain") {
        explain::side_by_side(asked("--test"));
    } else {
        side_by_side(asked("--test"));
        access::side_by_side(asked("--test"));
        explain::side_by_side(asked("--test"));
        if !asked("--ratios") {
            let mut criterion = Criterion::default().configure_from_args();
            stages(&mut criterion, asked("--test"));
            criterion.final_summary();
        }
    }
}

/// What an API is like, and its name in the table.
fn cases(small: bool) -> Vec<(String, Traffic)> {
    let mut cases = vec![
        ("2 % failing".to_owned(), ORDINARY),
        ("none failing".to_owned(), Traffic { failing: 0, ..ORDINARY }),
        ("all failing".to_owned(), Traffic { failing: 100, ..ORDINARY }),
        ("bodies of 1 kB".to_owned(), Traffic { body: 1 << 10, requests: 200, ..ORDINARY }),
    ];
    if small {
        return cases
            .into_iter()
            .map(|(name, traffic)| (name, Traffic { requests: 50, ..traffic }))
            .collect();
    }
    cases
        .push(("bodies of 1 MB".to_owned(), Traffic { body: 1 << 20, requests: 2, failing: 50, ..ORDINARY }));
    cases.extend(sizes(small).map(|(name, traffic)| (format!("{name}, 2 % failing"), traffic)));
    cases
}

/// From a quarter of a megabyte to 64.
fn sizes(small: bool) -> impl Iterator<Item = (&'static str, Traffic)> {
    let sizes = [("0.25 MB", 40), ("1 MB", 160), ("4 MB", 640), ("16 MB", 2_560), ("64 MB", 10_240)];
    let few = if small { 1 } else { sizes.len() };
    sizes.into_iter().take(few).map(|(name, requests)| (name, Traffic { requests, ..ORDINARY }))
}

fn side_by_side(small: bool) {
    for (number, (name, traffic)) in cases(small).into_iter().enumerate() {
        let (document, events) = traffic.document();
        let payload = traffic::payload(&document);
        let megabytes = document.len() as f64 / 1e6;
        println!(
            "\n{name}: {events} events, {megabytes:.2} MB, payload of {:.2} MB",
            payload.len() as f64 / 1e6
        );
        let rounds = if small { 1 } else { (ROUNDS * 4_000_000 / document.len()).clamp(9, ROUNDS) };
        let field = contenders::for_events(events);
        let mut rows: Vec<_> =
            field.iter().map(|contender| (contender.name, measured(contender, &payload, rounds))).collect();
        take_turns(&field, &mut rows, &payload, rounds);
        // Processes take long to start, and know one answer only.
        if number == 0 {
            rows.extend(processes(&payload, rounds));
        }
        print_table(&mut rows, megabytes);
    }
}

/// Room for the times; the first run, which fills caches, is not counted.
fn measured(contender: &Contender, payload: &[u8], rounds: usize) -> Vec<f64> {
    black_box((contender.run)(payload));
    Vec::with_capacity(rounds)
}

fn take_turns(field: &[Contender], rows: &mut [(&'static str, Vec<f64>)], payload: &[u8], rounds: usize) {
    for _ in 0..rounds {
        for (contender, (_, times)) in field.iter().zip(rows.iter_mut()) {
            let began = Instant::now();
            black_box((contender.run)(payload));
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
}

fn processes(payload: &[u8], rounds: usize) -> Vec<(&'static str, Vec<f64>)> {
    let file = std::env::temp_dir().join(format!("vpclink-bench-{}.json", std::process::id()));
    fs::write(&file, payload).expect("the folder for temporary files takes one");
    let mut rows = Vec::new();
    for (name, program, script) in contenders::PROCESSES {
        match contenders::process(program, script, &file, rounds + 5) {
            // The first runs are the interpreter's own warming up.
            Ok(times) => rows.push((name, times[5..].to_vec())),
            Err(error) => println!("!!! {name} was NOT measured: `{program}` did not run: {error}"),
        }
    }
    fs::remove_file(&file).expect("it was written here");
    rows
}

fn print_table(rows: &mut [(&'static str, Vec<f64>)], megabytes: f64) {
    println!("{:34} {:>9} {:>9} {:>9} {:>8}", "", "median ms", "best ms", "MB/s", "× limit");
    let mut limit = None;
    for (name, times) in rows {
        times.sort_by(f64::total_cmp);
        let (best, median) = (times[0], times[times.len() / 2]);
        let ratio = median / *limit.get_or_insert(median);
        println!("{name:34} {median:9.3} {best:9.3} {:9.0} {ratio:8.2}", megabytes / median * 1e3);
    }
}

fn stages(criterion: &mut Criterion, small: bool) {
    let payload = traffic::payload(&ORDINARY.document().0);
    let records = logs::open(&payload, contenders::MOST_BYTES).expect("made here");
    criterion.bench_function("open", |bencher| {
        bencher.iter(|| logs::open(black_box(&payload), contenders::MOST_BYTES));
    });
    criterion.bench_function("sift", |bencher| bencher.iter(|| logs::sift(black_box(&records)).count()));
    let mut group = criterion.benchmark_group("payload to diagnoses");
    group.sample_size(10);
    for (name, traffic) in sizes(small) {
        let (document, _) = traffic.document();
        let payload = traffic::payload(&document);
        group.throughput(Throughput::Bytes(document.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &payload, |bencher, payload| {
            bencher.iter(|| contenders::ours(black_box(payload)));
        });
    }
    group.finish();
}
