//! Instructions from a payload to diagnoses, counted by valgrind: the same whatever else the machine does.

use std::process::Command;

use super::traffic::{ORDINARY, Traffic};
use super::{contenders, traffic};

const CASES: [(&str, usize); 3] = [("none", 0), ("two", 2), ("all", 100)];

/// One run for valgrind to count; the case is the last argument.
pub(crate) fn run_once() {
    let case = std::env::args().next_back().expect("a program has arguments");
    let (_, failing) = CASES.into_iter().find(|(name, _)| *name == case).expect("a case of these");
    let payload = traffic::payload(&Traffic { failing, ..ORDINARY }.document().0);
    println!("{}", contenders::ours(&payload));
}

/// Runs this program under valgrind, once a case.
pub(crate) fn count() {
    let program = std::env::current_exe().expect("a program knows where it is");
    for (case, failing) in CASES {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
            .arg("--toggle-collect=*contenders::ours*")
            .arg(&program)
            .args(["--once", case])
            .output();
        let report = match output {
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => {
                println!("!!! instructions were NOT counted: `valgrind` did not run: {error}");
                return;
            }
        };
        let counted = report.lines().find_map(|line| line.split_once("Collected : "));
        match counted {
            Some((_, instructions)) => println!("{failing:3} % failing: {instructions} instructions"),
            None => println!("!!! instructions were NOT counted:\n{report}"),
        }
    }
}
