//! The machine alone: every time is made up.

use super::*;

const WAKE: Duration = Duration::from_secs(120);
const IDLE: Duration = Duration::from_secs(900);

/// A provider, with what happens to it.
struct Play {
    state: State,
    at: Moment,
}

impl Play {
    fn new() -> Self {
        let now = Instant::now();
        let at = Moment {
            now,
            in_flight: 0,
            last_used: now,
            wake_timeout: WAKE,
            idle_timeout: Some(IDLE),
        };
        let state = State::Unknown;
        Self { state, at }
    }

    fn asleep() -> Self {
        let mut play = Self::new();
        assert_eq!(play.feed(Event::PollFailed), []);
        assert_eq!(play.state, State::Asleep { silent: true });
        play
    }

    fn awake() -> Self {
        let mut play = Self::new();
        play.polled();
        play.is_awake();
        play
    }

    /// Idle, and the server knows: the sleep recipe runs.
    fn falling() -> Self {
        let mut play = Self::awake();
        play.passes(IDLE);
        assert_eq!(play.feed(Event::Tick), []);
        assert_eq!(play.feed(Event::Told), [Action::RunSleep]);
        play
    }

    fn feed(&mut self, event: Event) -> Vec<Action> {
        let (state, actions) = self.state.step(event, &self.at);
        self.state = state;
        actions
    }

    fn polled(&mut self) {
        let began = self.at.now;
        assert_eq!(self.feed(Event::PollSucceeded { began }), []);
    }

    fn passes(&mut self, time: Duration) {
        self.at.now += time;
    }

    fn used(&mut self, in_flight: u32) {
        (self.at.in_flight, self.at.last_used) = (in_flight, self.at.now);
    }

    #[track_caller]
    fn is_awake(&self) {
        assert!(
            matches!(self.state, State::Awake { .. }),
            "{:?}",
            self.state
        );
    }

    #[track_caller]
    fn is_waking(&self) {
        assert!(
            matches!(self.state, State::Waking { .. }),
            "{:?}",
            self.state
        );
    }
}

const DONE: Event = Event::RecipeEnded { well: true };
const FAILED: Event = Event::RecipeEnded { well: false };

#[test]
fn any_number_of_wakes_runs_the_recipe_once() {
    let mut play = Play::asleep();
    assert_eq!(play.feed(Event::WakeAsked), [Action::RunWake]);
    for _ in 0..9 {
        assert_eq!(play.feed(Event::WakeAsked), []);
    }
    assert_eq!(play.feed(DONE), []);
    assert_eq!(play.feed(Event::WakeAsked), []);
    play.polled();
    play.is_awake();
    assert_eq!(play.feed(Event::WakeAsked), []);
}

#[test]
fn it_is_awake_only_by_a_poll_that_began_after_its_recipe() {
    let mut play = Play::asleep();
    play.feed(Event::WakeAsked);
    play.polled();
    play.is_waking();
    let before = play.at.now;
    play.passes(Duration::from_secs(1));
    play.feed(DONE);
    play.feed(Event::PollSucceeded { began: before });
    play.is_waking();
    play.polled();
    play.is_awake();
}

#[test]
fn a_recipe_that_fails_is_said_and_the_next_wake_tries_again() {
    let mut play = Play::asleep();
    play.feed(Event::WakeAsked);
    assert_eq!(play.feed(FAILED), [Action::WakeFailed(Why::Recipe)]);
    assert_eq!(play.state, State::Asleep { silent: true });
    assert_eq!(play.feed(Event::WakeAsked), [Action::RunWake]);
}

#[test]
fn waking_is_given_up_at_its_timeout_wherever_it_is() {
    let mut play = Play::asleep();
    play.feed(Event::WakeAsked);
    assert_eq!(play.state.due(), Some(play.at.now + WAKE));
    play.passes(WAKE);
    let expected = [Action::StopRecipe, Action::WakeFailed(Why::RecipeTooSlow)];
    assert_eq!(play.feed(Event::Tick), expected);
    play.feed(Event::WakeAsked);
    play.feed(DONE);
    play.passes(WAKE);
    assert_eq!(play.feed(Event::Tick), [Action::WakeFailed(Why::NotReady)]);
    assert_eq!(play.state, State::Asleep { silent: true });
}

#[test]
fn one_that_wakes_by_itself_is_awake() {
    let mut play = Play::asleep();
    play.polled();
    play.is_awake();
}

#[test]
fn polls_do_not_keep_it_awake_and_requests_do() {
    let mut play = Play::awake();
    play.passes(IDLE / 2);
    play.polled();
    play.used(1);
    play.passes(IDLE / 2);
    play.polled();
    assert_eq!(play.feed(Event::Tick), []);
    play.is_awake();
    play.passes(Duration::from_secs(1));
    play.used(0);
    let ended = play.at.now;
    while play.state.due() != Some(ended + IDLE) {
        let due = play.state.due().expect("it is looked at again");
        assert!(due < ended + IDLE);
        play.at.now = due;
        play.polled();
        assert_eq!(play.feed(Event::Tick), []);
        play.is_awake();
    }
    play.at.now = ended + IDLE;
    play.polled();
    assert_eq!(play.feed(Event::Tick), []);
    assert!(matches!(play.state, State::FallingAsleep(_)));
}

#[test]
fn a_request_that_never_ends_keeps_it_awake() {
    let mut play = Play::awake();
    play.used(1);
    for _ in 0..10 {
        play.at.now = play.state.due().expect("it is looked at again");
        assert_eq!(play.feed(Event::Tick), []);
        play.is_awake();
    }
}

#[test]
fn without_an_idle_timeout_it_never_sleeps() {
    let mut play = Play::new();
    play.at.idle_timeout = None;
    play.polled();
    assert_eq!(play.state.due(), None);
}

#[test]
fn it_is_offered_as_asleep_before_its_recipe_runs() {
    let mut play = Play::awake();
    play.passes(IDLE);
    assert_eq!(play.feed(Event::Tick), [], "the server hears it first");
    play.polled();
    assert_eq!(play.feed(Event::Told), [Action::RunSleep]);
    assert_eq!(play.feed(DONE), []);
    assert_eq!(play.state, State::Asleep { silent: false });
}

#[test]
fn a_server_that_does_not_answer_does_not_keep_it_awake() {
    let mut play = Play::awake();
    play.passes(IDLE);
    play.feed(Event::Tick);
    play.at.now = play.state.due().expect("a limit");
    assert_eq!(play.feed(Event::Tick), [Action::RunSleep]);
}

#[test]
fn a_request_or_a_wake_before_the_recipe_keeps_it_awake() {
    for event in [Event::WakeAsked, Event::Told] {
        let mut play = Play::awake();
        play.passes(IDLE);
        play.feed(Event::Tick);
        play.at.in_flight = u32::from(event == Event::Told);
        assert_eq!(play.feed(event), []);
        play.is_awake();
    }
}

#[test]
fn a_wake_during_the_sleep_recipe_is_honoured_after_it() {
    let mut play = Play::falling();
    for _ in 0..3 {
        assert_eq!(play.feed(Event::WakeAsked), []);
    }
    assert_eq!(play.feed(DONE), [Action::RunWake]);
    play.is_waking();
}

#[test]
fn what_can_not_be_put_to_sleep_stays_awake_for_another_idle_time() {
    let mut play = Play::falling();
    assert_eq!(play.feed(FAILED), [Action::SleepFailed(Why::Recipe)]);
    play.is_awake();
    assert_eq!(play.state.due(), Some(play.at.now + IDLE));
    let mut play = Play::falling();
    play.at.now = play.state.due().expect("a limit");
    let expected = [Action::StopRecipe, Action::SleepFailed(Why::RecipeTooSlow)];
    assert_eq!(play.feed(Event::Tick), expected);
    play.is_awake();
}

#[test]
fn one_that_lists_its_models_in_its_sleep_sleeps_on() {
    let mut play = Play::falling();
    play.feed(DONE);
    play.passes(Duration::from_secs(60));
    play.polled();
    assert_eq!(play.state, State::Asleep { silent: false });
    play.feed(Event::PollFailed);
    play.polled();
    play.is_awake();
}

#[test]
fn one_that_is_gone_is_asleep_and_can_be_woken() {
    for event in [Event::PollFailed, Event::Unreachable] {
        let mut play = Play::awake();
        assert_eq!(play.feed(event), []);
        assert_eq!(play.feed(Event::WakeAsked), [Action::RunWake]);
    }
}

#[test]
fn one_that_may_not_be_offered_is_not_offered_asleep() {
    for mut play in [Play::new(), Play::asleep(), Play::awake()] {
        play.feed(Event::PollUnfit);
        assert_eq!(play.state, State::Unknown);
        assert_eq!(play.feed(Event::WakeAsked), []);
    }
}

#[test]
fn polls_run_no_recipe_in_any_state() {
    let plays = [Play::new(), Play::asleep(), Play::awake(), Play::falling()];
    for mut play in plays {
        let began = play.at.now;
        let polls = [
            Event::PollFailed,
            Event::PollSucceeded { began },
            Event::PollUnfit,
            Event::PollFailed,
        ];
        for poll in polls {
            assert_eq!(play.feed(poll), []);
        }
    }
}
