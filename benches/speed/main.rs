//! How fast a batch is read, beside the machine's limit and beside what people use.

mod contenders;
mod traffic;

use std::hint::black_box;
use std::time::Instant;

use traffic::{ORDINARY, Traffic};

fn main() {
    for (name, traffic) in [
        ("2 % failing", ORDINARY),
        ("0 %", Traffic { failing: 0, ..ORDINARY }),
        ("100 %", Traffic { failing: 100, ..ORDINARY }),
    ] {
        let (document, events) = traffic.document();
        let payload = traffic::payload(&document);
        println!(
            "{name}: {events} events, {} raw, {} payload, ours {:?} {:?}",
            document.len(),
            payload.len(),
            contenders::ours(&payload),
            contenders::ours_in_full(&payload)
        );
        let mut fs: Vec<(&str, Box<dyn FnMut()>)> = vec![
            (
                "limit",
                Box::new(|| {
                    black_box(contenders::limit(&payload));
                }),
            ),
            (
                "ours",
                Box::new(|| {
                    black_box(contenders::ours(&payload));
                }),
            ),
            (
                "full",
                Box::new(|| {
                    black_box(contenders::ours_in_full(&payload));
                }),
            ),
            (
                "ale",
                Box::new(|| {
                    black_box(contenders::aws_lambda_events(&payload));
                }),
            ),
        ];
        let mut times = vec![vec![]; fs.len()];
        for _ in 0..60 {
            for (i, (_, f)) in fs.iter_mut().enumerate() {
                let t = Instant::now();
                f();
                times[i].push(t.elapsed().as_secs_f64() * 1e3);
            }
        }
        let med: Vec<f64> = times
            .iter_mut()
            .map(|t| {
                t.sort_by(f64::total_cmp);
                t[t.len() / 2]
            })
            .collect();
        for ((n, _), m) in fs.iter().zip(&med) {
            println!("{n:10} {m:.3} ms  {:.2}", m / med[0]);
        }
    }
}
