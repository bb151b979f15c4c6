//! What can go wrong with an external effect, where and how often.

use std::fmt;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It is refused.
    ErrorBefore,
    /// It is done, and answered with an error.
    ErrorAfter,
    /// It is refused, and so is every such call of the next twenty seconds.
    Throttled,
    /// It takes up to five seconds, and is answered.
    Late,
    /// It is done long after the invocation that asked for it was ended by its deadline.
    Slow,
    /// The process ends before it is done.
    Killed,
    /// The process ends after it was done.
    KilledAfter,
    /// It is done, and the answer never comes.
    ReplyLost,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Throttled,
        Self::Late,
        Self::Slow,
        Self::Killed,
        Self::KilledAfter,
        Self::ReplyLost,
    ];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ErrorBefore => "error before",
            Self::ErrorAfter => "error after commit",
            Self::Throttled => "throttled for 20 s",
            Self::Late => "50 ms to 5 s",
            Self::Slow => "slow past the deadline",
            Self::Killed => "process killed before",
            Self::KilledAfter => "process killed after",
            Self::ReplyLost => "reply lost",
        }
    }
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Actor {
    /// The function, handed this payload of the history.
    Payload(usize),
    /// The caretaker, in the round of this minute.
    ReconcileReport(usize),
}

/// One call: the `nth` of this effect that the actor makes in one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) effect: &'static str,
    pub(crate) actor: Actor,
    pub(crate) nth: usize,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// One call of the first attempt.
    Once,
    /// That call and all of its kind behind it, in so many attempts; of the caretaker, in so many rounds.
    Attempts(usize),
}

impl Extent {
    pub(crate) const ALL: [Self; 4] = [Self::Once, Self::Attempts(1), Self::Attempts(2), Self::Attempts(3)];
}

/// A fault at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) site: Site,
    pub(crate) kind: Kind,
    pub(crate) extent: Extent,
}

impl Strike {
    /// Whether it hits the `nth` such call of this attempt, counted from 1.
    pub(crate) fn hits(&self, effect: &str, actor: Actor, attempt: usize, nth: usize) -> bool {
        let attempt = match (self.site.actor, actor) {
            (Actor::Payload(own), Actor::Payload(other)) if own == other => attempt,
            (Actor::ReconcileReport(own), Actor::ReconcileReport(other)) if own <= other => other - own + 1,
            _ => return false,
        };
        let here = match self.extent {
            Extent::Once => attempt == 1 && nth == self.site.nth,
            Extent::Attempts(last) => attempt <= last && nth >= self.site.nth,
        };
        self.site.effect == effect && here
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site: Site { effect, actor, nth }, kind, extent } = self;
        write!(f, "{effect} #{nth} of {actor:?}: {} ({extent:?})", kind.words())
    }
}

/// Numbers that are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = self.below(of.len() as u64);
        &of[usize::try_from(place).expect("a place in a list")]
    }
}
