//! One provider's sleep: feeds [`State`] and does what it says.
//!
//! Told of everything that happens by the reconciler, which owns it.

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::{Ends, Lifecycle};
use shared::local_control::Wakefulness;
use shared::span::Span;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::health::{Failed, Health};
use super::poll::Pace;
use crate::config::{ProviderConfig, Recipe, WakePlan};
use crate::wake::{self, Action, Alarm, Event, Falling, Life, Moment, Recipes, State, Why};

/// Ends of recipes that may wait.
const ENDS: usize = 64;

/// With what recipes are run; one for all providers.
pub(super) struct Hands {
    lifecycle: Lifecycle,
    recipes: Recipes,
    ended: mpsc::Sender<Ended>,
    /// Numbers runs and failures; never used twice.
    numbers: u64,
}

/// The end of a recipe.
pub(super) struct Ended {
    run: u64,
    how: Result<(), Failed>,
}

impl Hands {
    /// Hands, and what hears of the ends.
    pub(super) fn new(lifecycle: Lifecycle, recipes: Recipes) -> (Self, mpsc::Receiver<Ended>) {
        let (ended, ends) = mpsc::channel(ENDS);
        let hands = Self {
            lifecycle,
            recipes,
            ended,
            numbers: 0,
        };
        (hands, ends)
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Runs `recipe` until its end, the soft stop, or the guard's drop.
    fn run(&mut self, recipe: Recipe) -> (u64, DropGuard) {
        let run = self.number();
        let stop = CancellationToken::new();
        let (stopped, stopping) = (stop.clone(), self.lifecycle.soft_token());
        let (recipes, ended) = (self.recipes.clone(), self.ended.clone());
        self.lifecycle.spawn("recipe", Ends::Alone, async move {
            let how = tokio::select! {
                biased;
                () = stopped.cancelled() => return,
                () = stopping.cancelled() => return,
                how = wake::run(&recipe, &recipes) => how,
            };
            // The reconciler is gone at the very end only.
            let _ = ended.send(Ended { run, how }).await;
        });
        (run, stop.drop_guard())
    }
}

/// A wake that failed.
#[derive(Clone, Debug)]
pub struct WakeFailed {
    /// Counts up over all providers: who has heard of one has heard of those before.
    pub number: u64,
    /// Why.
    pub why: Failed,
}

/// One provider's sleep. At rest where it has no wake recipe.
pub(super) struct Sleeper {
    state: State,
    pub(super) alarm: Arc<Alarm>,
    life: watch::Sender<Life>,
    recipe: Option<(u64, DropGuard)>,
    recipe_failed: Option<Failed>,
    /// The last wake failed, and none was tried since.
    pub(super) wake_failed: Option<WakeFailed>,
    /// The offer, by its revision, that says that it hibernates.
    telling: Option<u64>,
}

impl Sleeper {
    pub(super) fn new(ear: Arc<Notify>) -> Self {
        let (alarm, life) = Alarm::new(ear);
        Self {
            state: State::Unknown,
            alarm,
            life,
            recipe: None,
            recipe_failed: None,
            wake_failed: None,
            telling: None,
        }
    }

    /// Where it is; `None` where it has no recipe or may not be offered.
    pub(super) fn wakefulness(&self) -> Option<Wakefulness> {
        match self.state {
            State::Unknown => None,
            State::Asleep { .. } => Some(Wakefulness::Asleep),
            State::Waking { .. } => Some(Wakefulness::Waking),
            State::Awake { .. } => Some(Wakefulness::Awake),
            State::FallingAsleep(_) => Some(Wakefulness::FallingAsleep),
        }
    }

    /// When to tick next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.state.due()
    }
}

/// A sleeper together with what it sleeps by.
pub(super) struct Bed<'a> {
    pub(super) sleeper: &'a mut Sleeper,
    pub(super) config: &'a ProviderConfig,
    pub(super) health: &'a Health,
    pub(super) pace: &'a Pace,
    pub(super) hands: &'a mut Hands,
}

impl Bed<'_> {
    /// The config is another one, or the same.
    pub(super) fn configured(&mut self) {
        if self.config.wake.is_none() {
            self.sleeper.recipe = None;
            self.sleeper.wake_failed = None;
            self.sleeper.state = State::Unknown;
            self.pace.hurry(false);
            self.tell_waiters();
            return;
        }
        if self.sleeper.state == State::Unknown {
            self.polled(Instant::now());
        }
        self.feed(Event::Tick);
    }

    /// A poll that began then led to the health of now.
    pub(super) fn polled(&mut self, began: Instant) {
        match self.health {
            Health::Unknown | Health::Shaky(..) => {}
            Health::Ready(_) => self.feed(Event::PollSucceeded { began }),
            Health::Down(failed) if failed.may_sleep => self.feed(Event::PollFailed),
            Health::Down(_) => self.feed(Event::PollUnfit),
        }
    }

    /// Somebody may have rung.
    pub(super) fn listen(&mut self) {
        let (rung, unreachable) = self.sleeper.alarm.heard();
        if unreachable {
            self.feed(Event::Unreachable);
        }
        if rung {
            self.feed(Event::WakeAsked);
        }
    }

    /// A recipe ended; perhaps this one's.
    pub(super) fn ended(&mut self, ended: &Ended) {
        let ours = |recipe: &(u64, DropGuard)| recipe.0 == ended.run;
        if !self.sleeper.recipe.as_ref().is_some_and(ours) {
            return;
        }
        self.sleeper.recipe = None;
        self.sleeper.recipe_failed = ended.how.clone().err();
        let well = ended.how.is_ok();
        self.feed(Event::RecipeEnded { well });
        self.pace.sooner();
    }

    /// The offer of `revision` was handed out.
    pub(super) fn offered(&mut self, revision: u64) {
        if matches!(
            self.sleeper.state,
            State::FallingAsleep(Falling::Telling { .. })
        ) {
            self.sleeper.telling.get_or_insert(revision);
        } else {
            self.sleeper.telling = None;
        }
    }

    /// The server knows the offer of `revision`.
    pub(super) fn told(&mut self, revision: u64) {
        if self
            .sleeper
            .telling
            .is_some_and(|telling| telling <= revision)
        {
            self.sleeper.telling = None;
            self.feed(Event::Told);
        }
    }

    /// Time passed.
    pub(super) fn tick(&mut self) {
        if self.sleeper.due().is_some_and(|due| due <= Instant::now()) {
            self.feed(Event::Tick);
        }
    }

    fn feed(&mut self, event: Event) {
        let Some(plan) = &self.config.wake else {
            return;
        };
        let before = self.sleeper.state;
        // First the count, then the time: a request that ends in between has set it.
        let in_flight = self.sleeper.alarm.in_flight();
        let moment = Moment {
            now: Instant::now(),
            in_flight,
            last_used: self.sleeper.alarm.last_used(),
            wake_timeout: plan.wake_timeout,
            // What is not published is its owner's alone.
            idle_timeout: plan
                .sleep
                .as_ref()
                .filter(|_| self.config.publish)
                .map(|s| s.1),
        };
        let (state, actions) = before.step(event, &moment);
        self.sleeper.state = state;
        if std::mem::discriminant(&before) != std::mem::discriminant(&state) {
            tracing::trace!(llm.name = %self.config.name, ?event, ?before, ?state, "sleep");
            self.changed(&before, plan);
        }
        for action in actions {
            self.act(action, plan);
        }
        self.tell_waiters();
    }

    /// Says it to the owner, and sets the pace of the polls.
    fn changed(&mut self, before: &State, plan: &WakePlan) {
        let name = self.config.name.as_str();
        let waking = matches!(self.sleeper.state, State::Waking { .. });
        if waking || matches!(before, State::Waking { .. }) {
            self.pace.hurry(waking);
        }
        match self.sleeper.state {
            State::Unknown => {
                let why = self.health.failed().map(|failed| &*failed.for_owner);
                tracing::warn!(llm.name = name, why, "it can't be offered, awake or asleep");
                self.sleeper.recipe = None;
                self.sleeper.telling = None;
                let why = self.health.failed().cloned().unwrap_or_default();
                self.fail_waiters(&why);
            }
            State::Asleep { .. } => tracing::info!(llm.name = name, "asleep: a request wakes it"),
            State::Waking { .. } => {
                let limit = Span(plan.wake_timeout).to_string();
                tracing::info!(llm.name = name, limit, "waking it");
            }
            State::Awake { .. } => {
                self.sleeper.wake_failed = None;
                tracing::info!(llm.name = name, "awake");
            }
            State::FallingAsleep(_) => {
                let idle = plan.sleep.as_ref().map(|sleep| Span(sleep.1).to_string());
                tracing::info!(llm.name = name, idle, "idle: putting it to sleep");
            }
        }
    }

    fn act(&mut self, action: Action, plan: &WakePlan) {
        let name = self.config.name.as_str();
        match action {
            Action::RunWake => {
                self.sleeper.wake_failed = None;
                self.sleeper.recipe = Some(self.hands.run(plan.wake.clone()));
            }
            Action::RunSleep => {
                let recipe = plan.sleep.as_ref().map(|sleep| sleep.0.clone());
                self.sleeper.recipe = recipe.map(|recipe| self.hands.run(recipe));
            }
            Action::StopRecipe => self.sleeper.recipe = None,
            Action::WakeFailed(why) => {
                let why = self.explain(why, "wake", plan.wake_timeout);
                tracing::warn!(
                    llm.name = name,
                    why = why.for_owner,
                    "it could not be woken"
                );
                self.fail_waiters(&why);
                let number = self.hands.number();
                self.sleeper.wake_failed = Some(WakeFailed { number, why });
            }
            Action::SleepFailed(why) => {
                let why = self.explain(why, "sleep", wake::SLEEP_LIMIT);
                tracing::warn!(
                    llm.name = name,
                    why = why.for_owner,
                    "it could not be put to sleep"
                );
            }
        }
    }

    fn explain(&mut self, why: Why, recipe: &str, limit: Duration) -> Failed {
        let limit = Span(limit);
        match why {
            Why::Recipe => self.sleeper.recipe_failed.take().unwrap_or_default(),
            Why::RecipeTooSlow => Failed::said(format!(
                "its {recipe} recipe did not end within {limit}: it must return, and not wait for \
                 the provider"
            )),
            Why::NotReady => {
                let said = format!("its {recipe} recipe ran, but it did not answer within {limit}");
                let last = self.health.failed().cloned().unwrap_or_default();
                Failed {
                    for_owner: format!("{said}: {}", last.for_owner),
                    ..Failed::said(said)
                }
            }
        }
    }

    fn fail_waiters(&self, why: &Failed) {
        let why: Arc<str> = why.for_server.as_str().into();
        self.sleeper.life.send_modify(|life| {
            life.failed = (life.failed.0 + 1, why);
        });
    }

    fn tell_waiters(&self) {
        let has_plan = self.config.wake.is_some();
        let now = self.sleeper.wakefulness().unwrap_or(Wakefulness::Asleep);
        let now = has_plan.then_some(now);
        self.sleeper.life.send_if_modified(|life| {
            let changed = life.now != now;
            if changed && matches!(now, None | Some(Wakefulness::Awake)) {
                life.wakes += 1;
            }
            life.now = now;
            changed
        });
    }
}
