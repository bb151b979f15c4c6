//! Failures over time, counted by the minute: bounded whatever the times say.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Spans kept at a time; when there are more, each becomes twice as long.
const MOST: usize = 1440;

/// Spans that people read off a clock, in minutes.
const ROUND: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440, 10_080];

/// How many failures each minute saw. What is undated is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Minutes of one span.
    span: i64,
    /// Failures by span since the epoch.
    counts: BTreeMap<i64, u64>,
}

/// A stretch of time and what failed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its beginning.
    pub from: Timestamp,
    /// Its length in minutes.
    pub minutes: i64,
    /// Failures in it.
    pub failed: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { span: 1, counts: BTreeMap::new() }
    }
}

impl Histogram {
    /// Counts a failure at this time.
    pub fn count(&mut self, at: Timestamp) {
        *self.counts.entry(at.as_second().div_euclid(60 * self.span)).or_default() += 1;
        while self.counts.len() > MOST {
            self.coarsen();
        }
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.span < other.span {
            self.coarsen();
        }
        while other.span < self.span {
            other.coarsen();
        }
        for (span, failed) in other.counts {
            *self.counts.entry(span).or_default() += failed;
        }
        while self.counts.len() > MOST {
            self.coarsen();
        }
    }

    /// The whole time from the first failure to the last in at most `most` bars (but two), those without a failure among
    /// them.
    pub fn bars(&self, most: usize) -> Vec<Bucket> {
        let (Some((first, _)), Some((last, _))) =
            (self.counts.first_key_value(), self.counts.last_key_value())
        else {
            return Vec::new();
        };
        let most = i64::try_from(most.max(2)).unwrap_or(i64::MAX);
        let index = |span: i64, minutes: i64| (span * self.span).div_euclid(minutes);
        let fits = |minutes: &i64| {
            minutes % self.span == 0 && index(*last, *minutes) - index(*first, *minutes) < most
        };
        let Some(minutes) = ROUND.into_iter().find(fits) else {
            // Centuries of failures: no round span is long enough, a doubled one is some day.
            let mut coarser = self.clone();
            coarser.coarsen();
            return coarser.bars_of_span(most);
        };
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        for (span, failed) in &self.counts {
            *counts.entry(index(*span, minutes)).or_default() += failed;
        }
        Self { span: minutes, counts }.bars_of_span(most)
    }

    /// A bar each span, once the spans are long enough.
    fn bars_of_span(mut self, most: i64) -> Vec<Bucket> {
        let ends = |counts: &BTreeMap<i64, u64>| {
            counts.keys().next().copied().zip(counts.keys().next_back().copied()).unwrap_or((0, 0))
        };
        while ends(&self.counts).1 - ends(&self.counts).0 >= most {
            self.coarsen();
        }
        let (first, last) = ends(&self.counts);
        let bar = |at: i64| Bucket {
            from: Timestamp::from_second(at * self.span * 60).unwrap_or(Timestamp::MIN),
            minutes: self.span,
            failed: self.counts.get(&at).copied().unwrap_or(0),
        };
        (first..=last).map(bar).collect()
    }

    fn coarsen(&mut self) {
        self.span *= 2;
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        for (span, failed) in std::mem::take(&mut self.counts) {
            *counts.entry(span.div_euclid(2)).or_default() += failed;
        }
        self.counts = counts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(seconds: &[i64]) -> Histogram {
        let mut minutes = Histogram::default();
        seconds.iter().for_each(|second| minutes.count(Timestamp::from_second(*second).unwrap()));
        minutes
    }

    fn failed(minutes: &Histogram, most: usize) -> Vec<u64> {
        minutes.bars(most).iter().map(|bar| bar.failed).collect()
    }

    #[test]
    fn a_quiet_minute_is_a_bar_too() {
        let minutes = counted(&[0, 59, 60, 200]);
        assert_eq!(failed(&minutes, 10), [2, 1, 0, 1]);
        assert_eq!(failed(&minutes, 2), [3, 1]);
        assert_eq!(minutes.bars(2)[1].from, Timestamp::from_second(120).unwrap());
        assert_eq!(counted(&[]).bars(10), []);
    }

    #[test]
    fn any_times_keep_the_bounds_and_lose_no_failure() {
        let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let mut seconds: Vec<i64> = (0..5_000).map(|n| n * 3_600).collect();
        seconds.extend([first, last]);
        let minutes = counted(&seconds);
        assert!(minutes.counts.len() <= MOST);
        for most in [2, 7, 60] {
            let bars = failed(&minutes, most);
            assert!(bars.len() <= most, "{} bars", bars.len());
            assert_eq!(bars.iter().sum::<u64>(), 5_002, "{most}");
        }
    }

    #[test]
    fn counts_add_up_whatever_their_spans() {
        let mut few = counted(&[0, 60]);
        let many = counted(&(0..3_000).map(|n| n * 60).collect::<Vec<_>>());
        few.add(&many);
        assert_eq!(failed(&few, 60).iter().sum::<u64>(), 3_002);
        assert!(few.counts.len() <= MOST);
    }
}
