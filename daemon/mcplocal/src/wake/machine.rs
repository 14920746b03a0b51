//! When a provider sleeps, when it is woken: what to do next, without doing any of it.
//!
//! ```text
//!             wake asked             recipe done, then a poll succeeds
//!   Asleep ──────────────► Waking ────────────────────────────────────► Awake
//!    ▲ ▲                     │ recipe failed, or too late                │  │ idle
//!    │ └─────────────────────┘                    a wake, a request      │  ▼
//!    │                                         ┌─────────────────────────┤ FallingAsleep
//!    │ sleep recipe done                       │                         │  Telling
//!    └─────────────────────────────────────────┼── Recipe ◄──────────────┼──┘ told
//!                                              ▼    │ failed            │
//!                                            Awake ◄┴───────────────────┘
//! ```
//! Outside of `Awake` the provider is offered as hibernating, so that nobody sends it a request
//! without a wake. It is told so *before* it falls asleep. Polls never wake and never count as use.

use std::time::Duration;

use tokio::time::Instant;

/// How long the server may take to hear that the provider hibernates, before it falls asleep all
/// the same. A server that can't be reached sends no requests either.
const TELL_LIMIT: Duration = Duration::from_secs(5);
/// How long the sleep recipe may take.
pub const SLEEP_LIMIT: Duration = Duration::from_secs(120);

/// Where a provider with a wake recipe is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not polled yet, or it says something by which it can't be offered at all.
    #[default]
    Unknown,
    /// It sleeps.
    Asleep {
        /// It does not answer polls. One that does although its sleep recipe was run sleeps on:
        /// some servers list their models in their sleep.
        silent: bool,
    },
    /// Its recipe runs, or has run and the provider is starting.
    Waking {
        /// As in [`State::Asleep`].
        silent: bool,
        /// When to give up.
        until: Instant,
        /// When the recipe was done.
        recipe_done: Option<Instant>,
    },
    /// It answers.
    Awake {
        /// Since when.
        since: Instant,
        /// When to look whether it was idle for long enough.
        look_at: Option<Instant>,
    },
    /// It was idle, and is being put to sleep.
    FallingAsleep(Falling),
}

/// See [`State::FallingAsleep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falling {
    /// The server is being told that it hibernates.
    Telling {
        /// When to go on without its answer.
        until: Instant,
    },
    /// The sleep recipe runs.
    Recipe {
        /// When to give up.
        until: Instant,
        /// Somebody asked for it meanwhile: it is woken afterwards.
        wake_after: bool,
    },
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A health poll that began then succeeded.
    PollSucceeded {
        /// When it began.
        began: Instant,
    },
    /// Polls got no answer: it may sleep.
    PollFailed,
    /// A poll got an answer by which it can't be offered, such as another model.
    PollUnfit,
    /// The server, or a request, wants it awake.
    WakeAsked,
    /// A request could not reach it although it is awake.
    Unreachable,
    /// The recipe that was begun last ended.
    RecipeEnded {
        /// As it should.
        well: bool,
    },
    /// The server knows the offer of now.
    Told,
    /// Time passed.
    Tick,
}

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run the wake recipe.
    RunWake,
    /// Run the sleep recipe.
    RunSleep,
    /// Stop the recipe that runs.
    StopRecipe,
    /// Whoever waits for it is to hear that it did not wake.
    WakeFailed(Why),
    /// It could not be put to sleep.
    SleepFailed(Why),
}

/// Why it did not wake, or not fall asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The recipe failed.
    Recipe,
    /// The recipe did not end in time.
    RecipeTooSlow,
    /// The recipe ended well, and the provider did not answer in time.
    NotReady,
}

/// What a step knows of the moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: Instant,
    /// Requests that it serves, or that wait for it.
    pub in_flight: u32,
    /// When a request last began or ended.
    pub last_used: Instant,
    /// How long it may take to wake.
    pub wake_timeout: Duration,
    /// Without a request for so long it is put to sleep; never where absent.
    pub idle_timeout: Option<Duration>,
}

impl State {
    /// The state after `event`, and what is to be done, in order.
    #[must_use]
    pub fn step(self, event: Event, at: &Moment) -> (Self, Vec<Action>) {
        match self {
            Self::Unknown => (unknown(event, at), Vec::new()),
            Self::Asleep { silent } => asleep(silent, event, at),
            Self::Waking {
                silent,
                until,
                recipe_done,
            } => waking(silent, until, recipe_done, event, at),
            Self::Awake { since, .. } => awake(self, since, event, at),
            Self::FallingAsleep(Falling::Telling { until }) => telling(until, event, at),
            Self::FallingAsleep(Falling::Recipe { until, wake_after }) => {
                falling(until, wake_after, event, at)
            }
        }
    }

    /// When [`Event::Tick`] is due.
    pub fn due(&self) -> Option<Instant> {
        match *self {
            Self::Unknown | Self::Asleep { .. } => None,
            Self::Waking { until, .. } => Some(until),
            Self::Awake { look_at, .. } => look_at,
            Self::FallingAsleep(Falling::Telling { until } | Falling::Recipe { until, .. }) => {
                Some(until)
            }
        }
    }
}

fn unknown(event: Event, at: &Moment) -> State {
    match event {
        Event::PollSucceeded { .. } => woken(at),
        Event::PollFailed => State::Asleep { silent: true },
        _ => State::Unknown,
    }
}

fn asleep(silent: bool, event: Event, at: &Moment) -> (State, Vec<Action>) {
    match event {
        Event::WakeAsked => begin_to_wake(silent, at),
        Event::PollSucceeded { .. } if silent => (woken(at), Vec::new()),
        Event::PollFailed => (State::Asleep { silent: true }, Vec::new()),
        Event::PollUnfit => (State::Unknown, Vec::new()),
        _ => (State::Asleep { silent }, Vec::new()),
    }
}

fn waking(
    silent: bool,
    until: Instant,
    recipe_done: Option<Instant>,
    event: Event,
    at: &Moment,
) -> (State, Vec<Action>) {
    let silent = silent || event == Event::PollFailed;
    let waking = |recipe_done| State::Waking {
        silent,
        until,
        recipe_done,
    };
    match event {
        Event::RecipeEnded { well: true } => (waking(Some(at.now)), Vec::new()),
        Event::RecipeEnded { well: false } => {
            let failed = Action::WakeFailed(Why::Recipe);
            (State::Asleep { silent }, vec![failed])
        }
        Event::PollSucceeded { began } if recipe_done.is_some_and(|done| began >= done) => {
            (woken(at), Vec::new())
        }
        _ if at.now < until => (waking(recipe_done), Vec::new()),
        _ => {
            let actions = match recipe_done {
                Some(_) => vec![Action::WakeFailed(Why::NotReady)],
                None => vec![Action::StopRecipe, Action::WakeFailed(Why::RecipeTooSlow)],
            };
            (State::Asleep { silent }, actions)
        }
    }
}

fn awake(state: State, since: Instant, event: Event, at: &Moment) -> (State, Vec<Action>) {
    let next = match event {
        Event::PollFailed | Event::Unreachable => State::Asleep { silent: true },
        Event::PollUnfit => State::Unknown,
        Event::Tick => match idle_at(since, at) {
            Some(idle) if idle <= at.now => {
                let until = at.now + TELL_LIMIT;
                State::FallingAsleep(Falling::Telling { until })
            }
            look_at => State::Awake { since, look_at },
        },
        _ => state,
    };
    (next, Vec::new())
}

fn telling(until: Instant, event: Event, at: &Moment) -> (State, Vec<Action>) {
    let stay = State::FallingAsleep(Falling::Telling { until });
    match event {
        Event::WakeAsked => (woken(at), Vec::new()),
        Event::PollFailed => (State::Asleep { silent: true }, Vec::new()),
        Event::PollUnfit => (State::Unknown, Vec::new()),
        // A request came meanwhile.
        Event::Told | Event::Tick if at.in_flight > 0 => (woken(at), Vec::new()),
        Event::Tick if at.now < until => (stay, Vec::new()),
        Event::Told | Event::Tick => {
            let recipe = Falling::Recipe {
                until: at.now + SLEEP_LIMIT,
                wake_after: false,
            };
            (State::FallingAsleep(recipe), vec![Action::RunSleep])
        }
        _ => (stay, Vec::new()),
    }
}

fn falling(until: Instant, wake_after: bool, event: Event, at: &Moment) -> (State, Vec<Action>) {
    let wake_after = wake_after || event == Event::WakeAsked;
    match event {
        Event::RecipeEnded { well: true } if wake_after => begin_to_wake(false, at),
        Event::RecipeEnded { well: true } => (State::Asleep { silent: false }, Vec::new()),
        // It is still there, then; the next try is after another idle time.
        Event::RecipeEnded { well: false } => {
            let failed = Action::SleepFailed(Why::Recipe);
            (woken(at), vec![failed])
        }
        _ if at.now < until => {
            let stay = Falling::Recipe { until, wake_after };
            (State::FallingAsleep(stay), Vec::new())
        }
        _ => {
            let failed = Action::SleepFailed(Why::RecipeTooSlow);
            (woken(at), vec![Action::StopRecipe, failed])
        }
    }
}

fn begin_to_wake(silent: bool, at: &Moment) -> (State, Vec<Action>) {
    let waking = State::Waking {
        silent,
        until: at.now + at.wake_timeout,
        recipe_done: None,
    };
    (waking, vec![Action::RunWake])
}

fn woken(at: &Moment) -> State {
    State::Awake {
        since: at.now,
        look_at: at.idle_timeout.map(|idle| at.now + idle),
    }
}

/// When it will have been idle for long enough, as far as can be said now.
fn idle_at(since: Instant, at: &Moment) -> Option<Instant> {
    let used = match at.in_flight {
        0 => at.last_used.max(since),
        // It ends later than now.
        _ => at.now,
    };
    at.idle_timeout.map(|idle| used + idle)
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
