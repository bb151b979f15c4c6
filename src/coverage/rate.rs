//! How fast an account may be asked.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Times that a group is tried before it is left for the next run; being throttled does not count.
pub(crate) const TRIES: u32 = 6;

/// The longest wait between two tries. The quota is one of seconds: longer waits gain nothing.
const LONGEST: Duration = Duration::from_secs(2);

/// Keeps calls apart. An account's subscription filters may be listed, put and deleted five times a second each, by
/// everybody together: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
#[derive(Clone, Debug)]
pub struct RateLimiter {
    apart: Duration,
    next: Option<Instant>,
}

impl RateLimiter {
    /// So many calls a second at most.
    pub fn per_second(calls: u32) -> Self {
        Self { apart: Duration::from_secs(1) / calls.max(1), next: None }
    }

    /// Waits for the next call's turn.
    pub async fn turn(&mut self) {
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
        self.next = Some(Instant::now() + self.apart);
    }

    /// Puts the next turn off after a call that was refused for the moment: twice as long at every try.
    pub fn back_off(&mut self, tries: u32) {
        self.next = Some(Instant::now() + self.wait(tries));
    }

    fn wait(&self, tries: u32) -> Duration {
        self.apart.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer_up_to_a_bound() {
        let pace = RateLimiter::per_second(4);
        let waits = [1, 2, 3, 4, 30].map(|tries| pace.wait(tries).as_millis());
        assert_eq!(waits, [500, 1000, 2000, 2000, 2000]);
    }

    #[test]
    fn no_calls_at_all_is_one_a_second() {
        assert_eq!(RateLimiter::per_second(0).apart, Duration::from_secs(1));
    }
}
