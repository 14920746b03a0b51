//! The reconnect machine: what to do next, without doing any of it.
//!
//! ```text
//!            wanted              registered            hello              acknowledged
//!   Idle ─────────────► Registering ──────► Opening ──────► Proving ─────────────► Connected
//!    ▲                   ▲   │ failed          │ lost          │ lost, not bound      │ lost,
//!    │                   │   ▼                 ▼               ▼                      │ goaway,
//!    │                   └─ Waiting ◄──────────┴───────────────┴──────────────────────┘ superseded
//!    │ drained                                    not wanted, stop
//!    └───────────── Draining ◄────── Parting ◄─────────────────────── Connected
//! ```
//! Waits grow in two ways. A server that says no is asked again after 5 s to 60 s. A server that is
//! away most likely restarts: it is tried again within 1 s, later within 6 s, so that everything is
//! published within 10 s of its return however long it was away. Both start anew once a hello was
//! acknowledged; a connection alone proves nothing.

use std::time::Duration;

/// The ceilings of the waits for a server that refuses, in turn; the last one stays.
const REFUSED: [Duration; 5] = [secs(5), secs(10), secs(20), secs(40), secs(60)];
/// The ceilings of the waits for a server that is away, in turn; the last one stays.
const AWAY: [Duration; 4] = [secs(1), secs(2), secs(4), secs(6)];
/// How long the loser of a session waits at least. Longer than any publisher takes to restart.
const SUPERSEDED: Duration = secs(60);
/// Spread of the waits whose least is not zero.
const SPREAD: Duration = Duration::from_millis(500);
/// Before an offer is repeated that a connected server did not take.
const OFFER_AGAIN: Duration = secs(5);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Where the link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is to be published.
    Idle,
    /// Until the next attempt.
    Waiting {
        /// Because another publisher took the session.
        superseded: bool,
    },
    /// The offer was sent.
    Registering,
    /// The channel was asked for.
    Opening,
    /// The hello came; the server does not know yet that it did.
    Proving {
        /// The channel's number.
        epoch: u64,
    },
    /// Both directions are proven.
    Connected {
        /// The channel's number.
        epoch: u64,
        /// Whether the server has the offer of now.
        offer: OfferState,
    },
    /// The offer is being taken back; the channel is still open.
    Parting,
    /// What runs is being finished; the channel is still open.
    Draining,
    /// The end.
    Stopped,
}

/// What a connected server knows of the offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferState {
    /// The offer of now.
    Current,
    /// It is being told.
    Sending,
    /// It could not be told; later again.
    Stale,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Whether anything is to be published.
    Wanted(bool),
    /// The offer is another one.
    OfferChanged,
    /// The server, or the credential for it, may be another one.
    TargetChanged,
    /// The wait is over.
    WaitOver,
    /// The server took the offer, or its withdrawal.
    Registered,
    /// It did not.
    RegisterFailed(Failure),
    /// The channel's first frame.
    Hello {
        /// The channel's number.
        epoch: u64,
    },
    /// The server answered a heartbeat.
    HeartbeatAnswered {
        /// Whether it knows a bound channel.
        bound: bool,
        /// Which.
        epoch: u64,
    },
    /// No heartbeat was answered for too long.
    HeartbeatLost,
    /// The channel could not be had, ended, broke or fell silent.
    ChannelLost(Failure),
    /// The server is stopping.
    Goaway {
        /// When to come back.
        after: Duration,
    },
    /// Another publisher took the session.
    Superseded,
    /// Nothing runs any more, or it was given up.
    Drained,
    /// The program stops.
    Stop,
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server is away: most likely it restarts.
    Away(String),
    /// The server says no, or there is no server or no credential.
    Refused(String),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the whole offer.
    Register,
    /// Send an empty offer.
    Withdraw,
    /// Ask for the channel.
    Open,
    /// Begin to send heartbeats for this epoch.
    Prove(u64),
    /// Close the channel, if there is one. What runs over it is dropped.
    Close,
    /// Let go of the channel, but let what runs over it finish.
    Leave,
    /// Send [`Event::WaitOver`] after a random time between the two.
    Wait {
        /// At least so long.
        least: Duration,
        /// At most so long.
        most: Duration,
    },
    /// Take no new tasks and send [`Event::Drained`] when none runs.
    Drain,
    /// Tell the owner.
    Say(Saying),
}

/// What is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saying {
    /// The rows are active.
    Connected(u64),
    /// It failed, and will be tried again.
    Failed(Failure),
    /// Another publisher has the session.
    Superseded,
    /// The server is stopping.
    Goaway,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Where it stands.
    pub state: State,
    wanted: bool,
    stopping: bool,
    /// The offer changed after the server was last told.
    stale: bool,
    refused: usize,
    away: usize,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            state: State::Idle,
            wanted: false,
            stopping: false,
            stale: false,
            refused: 0,
            away: 0,
        }
    }
}

impl Machine {
    /// The machine after `event`, and what is to be done, in order.
    #[must_use]
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        let actions = self.take(event);
        (self, actions)
    }

    fn take(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Stop => self.stop(),
            Event::Wanted(wanted) => self.want(wanted),
            Event::TargetChanged => self.retarget(),
            Event::OfferChanged => self.offer_changed(),
            Event::WaitOver => self.wait_over(),
            Event::Registered => self.registered(),
            Event::RegisterFailed(failure) => self.register_failed(failure),
            Event::Hello { epoch } => match self.state {
                State::Opening => self.become_(State::Proving { epoch }, [Action::Prove(epoch)]),
                _ => Vec::new(),
            },
            Event::HeartbeatAnswered { bound, epoch } => self.answered(bound, epoch),
            Event::HeartbeatLost => {
                self.lost(Failure::Away("no heartbeat was answered for 40 s".into()))
            }
            Event::ChannelLost(failure) => self.lost(failure),
            Event::Goaway { after } => self.goaway(after),
            Event::Superseded => self.superseded(),
            Event::Drained => self.drained(),
        }
    }

    fn become_(&mut self, state: State, actions: impl Into<Vec<Action>>) -> Vec<Action> {
        self.state = state;
        actions.into()
    }

    fn has_channel(&self) -> bool {
        match self.state {
            State::Opening
            | State::Proving { .. }
            | State::Connected { .. }
            | State::Parting
            | State::Draining => true,
            State::Idle | State::Waiting { .. } | State::Registering | State::Stopped => false,
        }
    }

    fn register(&mut self) -> Vec<Action> {
        self.stale = false;
        self.become_(State::Registering, [Action::Register])
    }

    fn stop(&mut self) -> Vec<Action> {
        self.stopping = true;
        match self.state {
            State::Connected { .. } => self.become_(State::Parting, [Action::Withdraw]),
            State::Parting | State::Draining | State::Stopped => Vec::new(),
            State::Idle
            | State::Waiting { .. }
            | State::Registering
            | State::Opening
            | State::Proving { .. } => self.become_(State::Stopped, [Action::Close]),
        }
    }

    fn want(&mut self, wanted: bool) -> Vec<Action> {
        self.wanted = wanted;
        match (self.state, wanted) {
            (State::Idle, true) => self.register(),
            (State::Connected { .. }, false) => self.become_(State::Parting, [Action::Withdraw]),
            (
                State::Waiting { .. } | State::Registering | State::Opening | State::Proving { .. },
                false,
            ) => self.become_(State::Idle, [Action::Close]),
            _ => Vec::new(),
        }
    }

    fn retarget(&mut self) -> Vec<Action> {
        let busy = matches!(self.state, State::Idle | State::Parting | State::Draining);
        if busy || self.stopping {
            return Vec::new();
        }
        (self.refused, self.away) = (0, 0);
        let mut actions = vec![Action::Close];
        actions.append(&mut self.register());
        actions
    }

    fn offer_changed(&mut self) -> Vec<Action> {
        match self.state {
            State::Connected {
                epoch,
                offer: OfferState::Current,
            } => self.tell(epoch),
            _ => {
                self.stale = true;
                Vec::new()
            }
        }
    }

    /// Tells a connected server the offer of now.
    fn tell(&mut self, epoch: u64) -> Vec<Action> {
        self.stale = false;
        let offer = OfferState::Sending;
        self.become_(State::Connected { epoch, offer }, [Action::Register])
    }

    fn wait_over(&mut self) -> Vec<Action> {
        match self.state {
            State::Waiting { .. } => self.register(),
            State::Connected {
                epoch,
                offer: OfferState::Stale,
            } => self.tell(epoch),
            _ => Vec::new(),
        }
    }

    fn registered(&mut self) -> Vec<Action> {
        match self.state {
            State::Registering => self.become_(State::Opening, [Action::Open]),
            State::Connected { epoch, .. } => self.settle(epoch),
            State::Parting => self.become_(State::Draining, [Action::Drain]),
            _ => Vec::new(),
        }
    }

    /// Connected, and the server was just told an offer.
    fn settle(&mut self, epoch: u64) -> Vec<Action> {
        if self.stale {
            return self.tell(epoch);
        }
        let offer = OfferState::Current;
        self.become_(State::Connected { epoch, offer }, [])
    }

    fn register_failed(&mut self, failure: Failure) -> Vec<Action> {
        match self.state {
            State::Registering => self.back_off(failure, Action::Close),
            State::Connected { epoch, .. } => {
                let offer = OfferState::Stale;
                let wait = Action::Wait {
                    least: OFFER_AGAIN,
                    most: OFFER_AGAIN + SPREAD,
                };
                let say = Action::Say(Saying::Failed(failure));
                self.become_(State::Connected { epoch, offer }, [say, wait])
            }
            // The server will notice by itself when the channel closes.
            State::Parting => self.become_(State::Draining, [Action::Drain]),
            _ => Vec::new(),
        }
    }

    fn answered(&mut self, bound: bool, epoch: u64) -> Vec<Action> {
        let (ours, proving) = match self.state {
            State::Proving { epoch } => (epoch, true),
            State::Connected { epoch, .. } => (epoch, false),
            _ => return Vec::new(),
        };
        if !bound || epoch != ours {
            let why = "the server no longer knows this channel".into();
            return self.back_off(Failure::Away(why), Action::Close);
        }
        if !proving {
            return Vec::new();
        }
        (self.refused, self.away) = (0, 0);
        let mut actions = vec![Action::Say(Saying::Connected(ours))];
        actions.append(&mut self.settle(ours));
        actions
    }

    fn lost(&mut self, failure: Failure) -> Vec<Action> {
        match self.state {
            State::Opening | State::Proving { .. } | State::Connected { .. } => {
                self.back_off(failure, Action::Close)
            }
            State::Parting | State::Draining => self.drained(),
            _ => Vec::new(),
        }
    }

    fn back_off(&mut self, failure: Failure, close: Action) -> Vec<Action> {
        let (count, ceilings): (&mut usize, &[Duration]) = match failure {
            Failure::Away(_) => (&mut self.away, &AWAY),
            Failure::Refused(_) => (&mut self.refused, &REFUSED),
        };
        let most = ceilings[(*count).min(ceilings.len() - 1)];
        *count += 1;
        let wait = Action::Wait {
            least: Duration::ZERO,
            most,
        };
        let say = Action::Say(Saying::Failed(failure));
        self.become_(State::Waiting { superseded: false }, [close, say, wait])
    }

    fn goaway(&mut self, after: Duration) -> Vec<Action> {
        match self.state {
            State::Opening | State::Proving { .. } | State::Connected { .. } => {
                let say = Action::Say(Saying::Goaway);
                let wait = Action::Wait {
                    least: after,
                    most: after + SPREAD,
                };
                let waiting = State::Waiting { superseded: false };
                self.become_(waiting, [Action::Leave, say, wait])
            }
            _ => Vec::new(),
        }
    }

    fn superseded(&mut self) -> Vec<Action> {
        if matches!(self.state, State::Parting | State::Draining) {
            return self.drained();
        }
        if !self.has_channel() {
            return Vec::new();
        }
        let say = Action::Say(Saying::Superseded);
        let wait = Action::Wait {
            least: SUPERSEDED,
            most: SUPERSEDED + SUPERSEDED / 2,
        };
        self.become_(
            State::Waiting { superseded: true },
            [Action::Close, say, wait],
        )
    }

    fn drained(&mut self) -> Vec<Action> {
        if !matches!(self.state, State::Parting | State::Draining) {
            return Vec::new();
        }
        if self.stopping {
            return self.become_(State::Stopped, [Action::Close]);
        }
        let mut actions = self.become_(State::Idle, [Action::Close]);
        if self.wanted {
            actions.append(&mut self.register());
        }
        actions
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
