//! Each transition of the machine as a sentence.

use super::*;

fn away() -> Failure {
    Failure::Away("refused".into())
}

fn no() -> Failure {
    Failure::Refused("401".into())
}

/// A machine to which `events` happened, and what it last wanted done.
fn after(events: impl IntoIterator<Item = Event>) -> (Machine, Vec<Action>) {
    let start = (Machine::default(), Vec::new());
    let step = |(machine, _): (Machine, _), event| machine.step(event);
    events.into_iter().fold(start, step)
}

fn connecting() -> [Event; 4] {
    let (bound, epoch) = (true, 7);
    [
        Event::Wanted(true),
        Event::Registered,
        Event::Hello { epoch },
        Event::HeartbeatAnswered { bound, epoch },
    ]
}

fn connected() -> Machine {
    after(connecting()).0
}

const WAITING: State = State::Waiting { superseded: false };
const CONNECTED: State = State::Connected {
    epoch: 7,
    offer: OfferState::Current,
};

fn ceiling(actions: &[Action]) -> Duration {
    let wait = actions.iter().find_map(|action| match action {
        Action::Wait { most, .. } => Some(*most),
        _ => None,
    });
    wait.unwrap()
}

#[test]
fn from_idle_to_connected_each_step_waits_for_the_one_before() {
    let (machine, actions) = after([Event::Wanted(true)]);
    assert_eq!(actions, [Action::Register]);
    let (machine, actions) = machine.step(Event::Registered);
    assert_eq!(actions, [Action::Open]);
    let (machine, actions) = machine.step(Event::Hello { epoch: 7 });
    assert_eq!(actions, [Action::Prove(7)]);
    assert_eq!(machine.state, State::Proving { epoch: 7 });
    let (bound, epoch) = (true, 7);
    let (machine, actions) = machine.step(Event::HeartbeatAnswered { bound, epoch });
    assert_eq!(actions, [Action::Say(Saying::Connected(7))]);
    assert_eq!(machine.state, CONNECTED);
}

#[test]
fn nothing_to_publish_connects_nowhere() {
    let (machine, actions) = after([Event::Wanted(false), Event::OfferChanged]);
    assert_eq!((machine.state, actions), (State::Idle, vec![]));
}

#[test]
fn a_server_that_refuses_is_asked_again_after_5_to_60_seconds() {
    let (mut machine, mut actions) = after([Event::Wanted(true), Event::RegisterFailed(no())]);
    for most in [5, 10, 20, 40, 60, 60] {
        assert_eq!(ceiling(&actions), secs(most));
        machine = machine.step(Event::WaitOver).0;
        (machine, actions) = machine.step(Event::RegisterFailed(no()));
    }
}

#[test]
fn a_server_that_is_away_is_tried_within_6_seconds_however_long_it_was_away() {
    let (mut machine, mut actions) = after([Event::Wanted(true), Event::RegisterFailed(away())]);
    for most in [1, 2, 4, 6, 6, 6, 6] {
        assert_eq!(ceiling(&actions), secs(most));
        machine = machine.step(Event::WaitOver).0;
        (machine, actions) = machine.step(Event::RegisterFailed(away()));
    }
}

#[test]
fn waits_start_anew_after_an_acknowledged_hello_and_not_after_a_connection() {
    let flapping = [
        Event::Registered,
        Event::Hello { epoch: 7 },
        Event::ChannelLost(away()),
        Event::WaitOver,
    ];
    let events = [Event::Wanted(true)].into_iter().chain(flapping.clone());
    let (machine, _) = after(events);
    let (machine, _) = machine.step(Event::Registered);
    let (machine, _) = machine.step(Event::Hello { epoch: 7 });
    let (bound, epoch) = (true, 7);
    let (_, actions) = machine.clone().step(Event::ChannelLost(away()));
    assert_eq!(ceiling(&actions), secs(2));
    let (machine, _) = machine.step(Event::HeartbeatAnswered { bound, epoch });
    let (_, actions) = machine.step(Event::ChannelLost(away()));
    assert_eq!(ceiling(&actions), secs(1));
}

#[test]
fn a_server_that_forgot_the_channel_gets_a_new_one() {
    for (bound, epoch) in [(false, 7), (true, 8), (false, 0)] {
        for machine in [connected(), after(connecting().into_iter().take(3)).0] {
            let (machine, actions) = machine.step(Event::HeartbeatAnswered { bound, epoch });
            assert_eq!(machine.state, WAITING);
            assert_eq!(actions[0], Action::Close);
            assert_eq!(ceiling(&actions), secs(1));
        }
    }
}

#[test]
fn a_silent_channel_and_unanswered_heartbeats_are_both_an_end() {
    for event in [Event::HeartbeatLost, Event::ChannelLost(away())] {
        let (machine, actions) = connected().step(event);
        assert_eq!(machine.state, WAITING);
        assert_eq!(actions[0], Action::Close);
        assert_eq!(machine.step(Event::WaitOver).1, [Action::Register]);
    }
}

#[test]
fn goaway_lets_what_runs_finish_and_comes_back_at_once() {
    let after = Duration::from_millis(200);
    let (machine, actions) = connected().step(Event::Goaway { after });
    assert_eq!(machine.state, WAITING);
    let wait = Action::Wait {
        least: after,
        most: after + SPREAD,
    };
    assert_eq!(actions, [Action::Leave, Action::Say(Saying::Goaway), wait]);
    let (_, actions) = machine.step(Event::WaitOver);
    assert_eq!(actions, [Action::Register]);
}

#[test]
fn the_loser_of_a_session_backs_off_for_a_minute_or_more() {
    let (machine, actions) = connected().step(Event::Superseded);
    assert_eq!(machine.state, State::Waiting { superseded: true });
    assert_eq!(actions[0], Action::Close);
    assert!(matches!(actions[2], Action::Wait { least, .. } if least >= secs(60)));
}

#[test]
fn a_changed_offer_is_told_while_the_channel_stays() {
    let (machine, actions) = connected().step(Event::OfferChanged);
    assert_eq!(actions, [Action::Register]);
    // Another change meanwhile: told after the answer, not beside it.
    let (machine, actions) = machine.step(Event::OfferChanged);
    assert_eq!(actions, []);
    let (machine, actions) = machine.step(Event::Registered);
    assert_eq!(actions, [Action::Register]);
    let (machine, actions) = machine.step(Event::Registered);
    assert_eq!((machine.state, actions), (CONNECTED, vec![]));
}

#[test]
fn an_offer_that_a_connected_server_did_not_take_is_repeated_on_the_same_channel() {
    let (machine, _) = connected().step(Event::OfferChanged);
    let (machine, actions) = machine.step(Event::RegisterFailed(no()));
    assert!(!actions.contains(&Action::Close));
    assert_eq!(machine.step(Event::WaitOver).1, [Action::Register]);
}

#[test]
fn a_change_while_connecting_is_told_once_connected() {
    let (machine, _) = after([Event::Wanted(true), Event::OfferChanged]);
    let rest = connecting().into_iter().skip(1);
    let (_, actions) = rest.fold((machine, vec![]), |(machine, _), event| machine.step(event));
    assert_eq!(actions[1..], [Action::Register]);
}

#[test]
fn what_is_no_longer_wanted_is_withdrawn_drained_and_closed() {
    let (machine, actions) = connected().step(Event::Wanted(false));
    assert_eq!(actions, [Action::Withdraw]);
    let (machine, actions) = machine.step(Event::Registered);
    assert_eq!(actions, [Action::Drain]);
    let (machine, actions) = machine.step(Event::Drained);
    assert_eq!((machine.state, actions), (State::Idle, vec![Action::Close]));
}

#[test]
fn what_is_wanted_again_while_it_parts_is_registered_anew() {
    let (machine, _) = connected().step(Event::Wanted(false));
    let (machine, actions) = machine.step(Event::Wanted(true));
    assert_eq!(actions, []);
    let (machine, _) = machine.step(Event::Registered);
    let (_, actions) = machine.step(Event::Drained);
    assert_eq!(actions, [Action::Close, Action::Register]);
}

#[test]
fn a_stop_withdraws_drains_and_ends_even_where_the_server_is_away() {
    let (machine, actions) = connected().step(Event::Stop);
    assert_eq!(actions, [Action::Withdraw]);
    let (machine, actions) = machine.step(Event::RegisterFailed(away()));
    assert_eq!(actions, [Action::Drain]);
    let (machine, _) = machine.step(Event::Drained);
    assert_eq!(machine.state, State::Stopped);
}

#[test]
fn a_stop_where_nothing_is_bound_ends_at_once() {
    for events in [0, 1, 2, 3] {
        let (machine, _) = after(connecting().into_iter().take(events));
        assert_eq!(machine.step(Event::Stop).0.state, State::Stopped);
    }
}

#[test]
fn another_server_or_credential_is_tried_at_once() {
    let (machine, _) = after([Event::Wanted(true), Event::RegisterFailed(no())]);
    let (machine, actions) = machine.step(Event::TargetChanged);
    assert_eq!(actions, [Action::Close, Action::Register]);
    let (_, actions) = machine.step(Event::RegisterFailed(no()));
    assert_eq!(ceiling(&actions), secs(5));
}

#[test]
fn no_sequence_of_events_leaves_it_stuck_or_talking_after_the_end() {
    let epoch = 7;
    let all = [
        Event::Wanted(true),
        Event::Wanted(false),
        Event::OfferChanged,
        Event::TargetChanged,
        Event::WaitOver,
        Event::Registered,
        Event::RegisterFailed(no()),
        Event::RegisterFailed(away()),
        Event::Hello { epoch },
        Event::HeartbeatAnswered { bound: true, epoch },
        Event::HeartbeatAnswered {
            bound: false,
            epoch,
        },
        Event::HeartbeatLost,
        Event::ChannelLost(away()),
        Event::Goaway {
            after: Duration::ZERO,
        },
        Event::Superseded,
        Event::Drained,
        Event::Stop,
    ];
    // Every state that can be reached, with what was last asked for in it.
    let mut reached = vec![(Machine::default(), Vec::new())];
    let mut at = 0;
    while at < reached.len() {
        let (machine, _) = reached[at].clone();
        at += 1;
        for event in &all {
            let (mut next, actions) = machine.clone().step(event.clone());
            // The counters only choose the length of a wait.
            (next.refused, next.away) = (0, 0);
            if machine.state == State::Stopped {
                assert_eq!(next.state, State::Stopped, "{event:?}");
                assert_eq!(actions, [], "{event:?}");
            }
            let entered = next.state != machine.state;
            if entered {
                let asked: &[&Action] = &actions.iter().collect::<Vec<_>>();
                let has = |wanted: fn(&Action) -> bool| asked.iter().any(|action| wanted(action));
                let pushed = match next.state {
                    State::Waiting { .. } => has(|a| matches!(a, Action::Wait { .. })),
                    State::Registering => has(|a| matches!(a, Action::Register)),
                    State::Opening => has(|a| matches!(a, Action::Open)),
                    State::Proving { .. } => has(|a| matches!(a, Action::Prove(_))),
                    State::Parting => has(|a| matches!(a, Action::Withdraw)),
                    State::Draining => has(|a| matches!(a, Action::Drain)),
                    State::Connected { offer, .. } => match offer {
                        OfferState::Current => true,
                        OfferState::Sending => has(|a| matches!(a, Action::Register)),
                        OfferState::Stale => has(|a| matches!(a, Action::Wait { .. })),
                    },
                    State::Idle | State::Stopped => true,
                };
                assert!(pushed, "{machine:?} -{event:?}-> {next:?}: {actions:?}");
            }
            if !reached.iter().any(|(known, _)| *known == next) {
                reached.push((next, actions));
            }
        }
    }
    assert!(reached.len() > 20, "{}", reached.len());
}
