//! Random series of counts: healthy ones, in which no rise may be found, and ones with a fault in them.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use vpclink_responder::aws::model::Point;
use vpclink_responder::checks::rise;

use crate::dice::Dice;

/// Minutes before the failure's own that CloudWatch has, and after it.
const BEFORE: i64 = 180;

/// How a healthy load balancer's counter behaves: the expected count of a minute, or `None` where it reports nothing.
type Shape = fn(minute: i64, dice: &mut Dice) -> Option<f64>;

/// Each with what makes it hard.
const HEALTHY: &[(&str, Shape)] = &[
    ("hardly ever: one in 100 minutes", |_, _| Some(0.01)),
    ("few: one in 3 minutes", |_, _| Some(0.3)),
    ("some: 5 a minute", |_, _| Some(5.0)),
    ("many: 200 a minute", |_, _| Some(200.0)),
    ("a day's wave, at its steepest", |minute, _| {
        let phase = std::f64::consts::TAU * (minute as f64) / 1440.0;
        Some(33.0 + 27.0 * phase.sin())
    }),
    ("traffic grown fourfold in three hours", |minute, _| {
        Some(10.0 + 30.0 * (minute + BEFORE) as f64 / BEFORE as f64)
    }),
    ("one busy minute in 20, ten times as busy", |_, dice| Some(if dice.chance(20) { 40.0 } else { 4.0 })),
    ("one busy minute in three hours, ten times as busy", |_, dice| {
        Some(if dice.chance(180) { 40.0 } else { 4.0 })
    }),
    ("a job each hour, for two minutes eight times as busy", |minute, _| {
        Some(if (minute + 7).rem_euclid(60) < 2 { 40.0 } else { 5.0 })
    }),
    ("wild: each minute has a level of its own", |_, dice| Some(-5.0 * dice.fraction().ln())),
    ("sparse: reports one minute in 20", |_, dice| dice.chance(20).then_some(1.5)),
    ("new: nothing before the last two minutes", |minute, _| (minute > -2).then_some(2.0)),
];

/// What a fault adds to a counter from its beginning on: the usual count, and what it becomes.
const FAULTS: &[(&str, f64, f64)] = &[
    ("0 → 48 a minute", 0.0, 48.0),
    ("3 → 90 a minute", 3.0, 90.0),
    ("200 → 1,000 a minute", 200.0, 1_000.0),
];

fn at(minute: i64) -> Timestamp {
    let failed: Timestamp = "2026-11-22T14:21:00Z".parse().unwrap();
    failed + SignedDuration::from_mins(minute)
}

fn failed() -> Timestamp {
    at(0) + SignedDuration::from_secs(40)
}

/// Three hours of a counter, up to the minute of the failure or, every second time, the one after it.
fn series(dice: &mut Dice, expected: impl Fn(i64, &mut Dice) -> Option<f64>) -> Vec<Point> {
    let last = i64::from(dice.chance(2));
    let mut point = |minute| {
        let expected = expected(minute, dice)?;
        Some(Point { at: at(minute), count: dice.poisson(expected) })
    };
    (-BEFORE..=last).filter_map(&mut point).collect()
}

/// How many of so many series of a shape rise.
fn alarms(number: usize, shape: Shape, series_of: usize) -> usize {
    let mut dice = Dice(1_000_003 * (number as u64 + 1));
    // The failure comes at any hour.
    let mut rises = || {
        let hour = dice.roll(1440) as i64;
        let points = series(&mut dice, |minute, dice| shape(minute + hour, dice));
        rise(&points, failed()).is_some()
    };
    (0..series_of).filter(|_| rises()).count()
}

/// Of so many faults that began up to so many minutes ago, how many are found, and how many at their minute or next to it.
fn found(number: usize, (usual, becomes): (f64, f64), oldest: usize, series_of: usize) -> (usize, usize) {
    let mut dice = Dice(7_000_003 * (number as u64 + 1));
    let (mut found, mut exact) = (0, 0);
    for _ in 0..series_of {
        let began = -(dice.roll(oldest + 1) as i64);
        let points = series(&mut dice, |minute, _| Some(if minute < began { usual } else { becomes }));
        if let Some(rise) = rise(&points, failed()) {
            found += 1;
            exact += usize::from(rise.at.duration_since(at(began)).as_mins().abs() <= 1);
        }
    }
    (found, exact)
}

/// Measured on so many series of each kind.
pub(crate) fn table(series_of: usize) -> String {
    let mut text = "| a healthy counter | series | called a rise |\n| --- | --- | --- |\n".to_owned();
    for (number, (name, shape)) in HEALTHY.iter().enumerate() {
        writeln!(text, "| {name} | {series_of} | {} |", alarms(number, *shape, series_of)).unwrap();
    }
    text += "\n| a fault | began | series | found | at its minute |\n| --- | --- | --- | --- | --- |\n";
    for (number, (name, usual, becomes)) in FAULTS.iter().enumerate() {
        for (since, oldest) in [("in the last 5 minutes", 5), ("in the last 2 hours", 120)] {
            let of = series_of / 10;
            let (found, exact) = found(number, (*usual, *becomes), oldest, of);
            writeln!(text, "| {name} | {since} | {of} | {found} | {exact} |").unwrap();
        }
    }
    text
}

#[test]
fn healthy_series_do_not_rise() {
    let of = 400;
    for (number, (name, shape)) in HEALTHY.iter().enumerate() {
        let alarms = alarms(number, *shape, of);
        assert!(alarms <= 1, "{name}: {alarms} of {of}");
    }
}

#[test]
fn faults_rise_at_their_minute() {
    for (number, (name, usual, becomes)) in FAULTS.iter().enumerate() {
        let of = 300;
        let (found, exact) = found(number, (*usual, *becomes), 120, of);
        assert!(found * 100 >= of * 97, "{name}: {found} of {of} found");
        assert!(exact * 100 >= found * 98, "{name}: {exact} of {found} at their minute");
    }
}

fn points(counts: &[(i64, u64)]) -> Vec<Point> {
    counts.iter().map(|(minute, count)| Point { at: at(*minute), count: *count }).collect()
}

/// A quiet hour of this count, then these.
fn after(usual: u64, counts: &[(i64, u64)]) -> Vec<Point> {
    let first = counts.iter().map(|(minute, _)| *minute).min().unwrap();
    let quiet: Vec<(i64, u64)> = (first - 60..first).map(|minute| (minute, usual)).collect();
    points(&[&quiet, counts].concat())
}

#[track_caller]
fn check(points: &[Point], expected: Option<(i64, u64, u64)>) {
    let found = rise(points, failed()).map(|rise| (rise.at, rise.from, rise.to));
    assert_eq!(found, expected.map(|(minute, from, to)| (at(minute), from, to)));
}

#[test]
fn the_rules_of_a_rise() {
    // It began before the failure, and its minute is said.
    check(&after(0, &[(-4, 48), (-3, 40), (-2, 51), (-1, 47), (0, 44)]), Some((-4, 0, 51)));
    // One busy minute is a rise only where it is far busier than all before it.
    check(&after(2, &[(-1, 2), (0, 90)]), Some((0, 2, 90)));
    check(&after(2, &[(-1, 2), (0, 30)]), None);
    check(&after(2, &[(-1, 30), (0, 30)]), Some((-1, 2, 30)));
    // What was over before the failure did not fail it.
    check(
        &after(
            2,
            &[(-9, 90), (-8, 90), (-7, 2), (-6, 2), (-5, 2), (-4, 2), (-3, 2), (-2, 2), (-1, 2), (0, 2)],
        ),
        None,
    );
    // One busy minute long ago does not hide a rise.
    let mut busy = after(2, &[(-2, 2), (-1, 40), (0, 40)]);
    busy[20].count = 400;
    check(&busy, Some((-1, 2, 40)));
    // Twice as many is no rise.
    check(&after(20, &[(-1, 40), (0, 41)]), None);
    // Little is known: what fits is said; nothing known: only what is many.
    check(&points(&[(-20, 0), (0, 7)]), Some((0, 0, 7)));
    check(&points(&[(-20, 3), (0, 7)]), None);
    check(&points(&[(0, 48)]), Some((0, 0, 48)));
    check(&points(&[(0, 7)]), None);
    check(&points(&[(-20, 0)]), None);
    // A minute that comes later than the next one is not the failure's.
    check(&points(&[(-20, 0), (3, 90)]), None);
}

#[test]
fn the_table_has_a_row_for_each_counter_and_fault() {
    let rows =
        table(10).lines().filter(|line| line.ends_with(" 10 | 0 |") || line.contains("| 1 | ")).count();
    assert_eq!(rows, HEALTHY.len() + 2 * FAULTS.len());
}
