//! Does what the machine decides: calls, channels, timers.

use std::sync::Arc;
use std::time::Duration;

use home::Home;
use kit::clock::SharedClock;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::SharedRandom;
use shared::channel::{Offer, Register, Registered};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::heartbeat::{Pulse, beat};
use super::machine::{Action, Event, Failure, Machine, Saying, State};
use super::mcpd::{CallError, Mcpd};
use super::node::this_machine;
use super::session::Session;
use super::status::LinkStatus;
use super::target;
use super::wire::{Reports, Wire};
use crate::config::Config;
use crate::publish::Published;
use crate::serve::{Server, Tasks, Unsaid};

/// Events that may wait for the driver.
const EVENTS: usize = 64;
/// How long what runs may take to finish, at a stop or after a goaway.
const DRAIN: Duration = Duration::from_secs(30);
/// Connecting to the server may take this long. With the longest wait for a server that is away it
/// stays below the 10 s within which everything is to be published again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A name that was refused may be free later: it is claimed again after so long.
const CLAIM_AGAIN: Duration = Duration::from_secs(30);

/// What the driver needs from others.
pub struct Parts {
    /// Stop signals and tasks.
    pub lifecycle: Lifecycle,
    /// Tells the time.
    pub clock: SharedClock,
    /// Spreads the waits.
    pub random: SharedRandom,
    /// Where session and credentials are.
    pub home: Home,
    /// Which server.
    pub config: watch::Receiver<Arc<Config>>,
    /// The offer.
    pub published: watch::Receiver<Arc<Published>>,
    /// Is told the revision of the offer that the server knows.
    pub told: watch::Sender<u64>,
}

/// Holds the link. To be run.
pub struct Driver {
    parts: Parts,
    machine: Machine,
    session: Session,
    server: Server,
    status: watch::Sender<LinkStatus>,
    client: upstream::Client,
    /// Heartbeats have their own connection.
    heartbeat_client: upstream::Client,
    report: mpsc::Sender<(u64, Event)>,
    reported: mpsc::Receiver<(u64, Event)>,
    call: Option<oneshot::Receiver<Called>>,
    /// The revision of the offer that is being sent.
    sending: u64,
    /// Offers reach the server in the order in which they were made.
    in_order: Arc<Mutex<()>>,
    mcpd: Option<Mcpd>,
    channel: Option<Channel>,
    channels: u64,
    wait: Option<Instant>,
    claim_again: Option<Instant>,
    seen: (bool, Vec<Offer>),
    said: Option<Failure>,
    stop_seen: bool,
}

type Called = Result<(Mcpd, Registered), Failure>;

/// An open channel. Dropped, it is closed, and what runs over it is dropped too.
struct Channel {
    stop: CancellationToken,
    _guard: DropGuard,
    tasks: Arc<Tasks>,
    unsaid: Unsaid,
    pulse: Arc<Pulse>,
    heartbeat: Option<DropGuard>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

impl Driver {
    /// A link that is not connected yet.
    pub fn new(parts: Parts) -> (Self, watch::Receiver<LinkStatus>) {
        let status = watch::Sender::new(LinkStatus::new(parts.clock.now()));
        let shown = status.subscribe();
        let server = Server::new(
            parts.lifecycle.clone(),
            parts.published.clone(),
            parts.config.clone(),
            &*parts.random,
        );
        let client = || {
            upstream::Client::new(upstream::Config {
                connect_timeout: CONNECT_TIMEOUT,
                ..upstream::Config::default()
            })
        };
        let (report, reported) = mpsc::channel(EVENTS);
        let driver = Self {
            machine: Machine::default(),
            session: Session::recall(parts.home.clone()),
            server,
            status,
            client: client(),
            heartbeat_client: client(),
            report,
            reported,
            call: None,
            sending: 0,
            in_order: Arc::default(),
            mcpd: None,
            channel: None,
            channels: 0,
            wait: None,
            claim_again: None,
            seen: (false, Vec::new()),
            said: None,
            stop_seen: false,
            parts,
        };
        (driver, shown)
    }

    /// Runs until the soft stop, then until what runs is finished and withdrawn.
    pub async fn run(mut self) {
        let stopping = self.parts.lifecycle.soft_token();
        self.parts.published.mark_changed();
        while self.machine.state != State::Stopped {
            tokio::select! {
                biased;
                () = stopping.cancelled(), if !self.stop_seen => {
                    self.stop_seen = true;
                    self.feed(Event::Stop);
                }
                Some((channel, event)) = self.reported.recv() => {
                    // What an earlier channel has to say does not matter any more.
                    if channel == self.channels {
                        self.feed(event);
                    }
                }
                called = answered(&mut self.call) => self.called(called),
                Ok(()) = self.parts.published.changed() => self.offer_changed(),
                Ok(()) = self.parts.config.changed() => self.config_changed(),
                () = elapsed(self.claim_again) => {
                    self.claim_again = None;
                    self.feed(Event::OfferChanged);
                }
                () = elapsed(self.wait) => {
                    self.wait = None;
                    self.feed(Event::WaitOver);
                }
            }
        }
    }

    fn feed(&mut self, event: Event) {
        tracing::trace!(?event, state = ?self.machine.state, "link");
        let before = self.machine.state;
        let machine = std::mem::take(&mut self.machine);
        let (machine, actions) = machine.step(event);
        self.machine = machine;
        for action in actions {
            self.act(action);
        }
        let (state, now) = (self.machine.state, self.parts.clock.now());
        let (retry_at, session) = (self.wait, self.session.id().map(String::from));
        self.status.send_modify(|status| {
            if std::mem::discriminant(&before) != std::mem::discriminant(&state) {
                status.since = now;
            }
            (status.state, status.retry_at, status.session) = (state, retry_at, session);
        });
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Register => {
                let published = self.parts.published.borrow().clone();
                self.sending = published.revision;
                self.register(published.offers.clone());
            }
            Action::Withdraw => self.register(Vec::new()),
            Action::Open => self.open(),
            Action::Prove(epoch) => self.prove(epoch),
            Action::Close => {
                self.channel = None;
                // From here on its last words are about the past.
                self.channels += 1;
            }
            Action::Leave => self.leave(),
            Action::Wait { least, most } => {
                let spread = most.saturating_sub(least);
                let wait = least + spread.mul_f64(self.parts.random.unit());
                self.wait = Some(Instant::now() + wait);
            }
            Action::Drain => self.drain(),
            Action::Say(saying) => self.say(saying),
        }
    }

    /// Sends an offer, from a task of its own.
    fn register(&mut self, providers: Vec<Offer>) {
        let (answer, answered) = oneshot::channel();
        self.call = Some(answered);
        let config = self.parts.config.borrow().clone();
        let (home, client) = (self.parts.home.clone(), self.client.clone());
        let in_order = self.in_order.clone();
        let mut offer = Register {
            provider_session_id: self.session.id().map(String::from),
            node: this_machine(),
            providers,
        };
        let work = async move {
            let _turn = in_order.lock().await;
            let called = match target::find(&config, &home, &client).await {
                Ok(mcpd) => register(mcpd, &mut offer).await,
                Err(failure) => Err(failure),
            };
            let _ = answer.send(called);
        };
        self.parts.lifecycle.spawn("register", Ends::Alone, work);
    }

    fn called(&mut self, called: Called) {
        self.call = None;
        match called {
            Ok((mcpd, registered)) => {
                self.session.keep(registered.provider_session_id);
                self.mcpd = Some(mcpd);
                let refused = !registered.conflicts.is_empty();
                self.claim_again = refused.then(|| Instant::now() + CLAIM_AGAIN);
                self.status.send_if_modified(|status| {
                    let changed = status.conflicts != registered.conflicts;
                    status.conflicts = registered.conflicts;
                    if changed {
                        for conflict in &status.conflicts {
                            let (name, why) = (conflict.name.as_str(), &conflict.message);
                            tracing::warn!(llm.name = name, why, "the server refuses the name");
                        }
                    }
                    changed
                });
                // Before the machine goes on: it may send the next one.
                self.parts.told.send_replace(self.sending);
                self.feed(Event::Registered);
            }
            Err(failure) => self.feed(Event::RegisterFailed(failure)),
        }
    }

    fn open(&mut self) {
        let (Some(mcpd), Some(session)) = (self.mcpd.clone(), self.session.header()) else {
            let why = "the server gave a session id that no header can carry".into();
            let event = Event::ChannelLost(Failure::Refused(why));
            let _ = self.report.try_send((self.channels, event));
            return;
        };
        self.channels += 1;
        let (tasks, pulse) = (Arc::<Tasks>::default(), Arc::<Pulse>::default());
        let unsaid = Unsaid::default();
        let wire = Wire {
            mcpd,
            session,
            server: self.server.clone(),
            tasks: tasks.clone(),
            unsaid: unsaid.clone(),
            pulse: pulse.clone(),
            reports: self.reports(),
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        self.parts
            .lifecycle
            .spawn("channel", Ends::Alone, async move {
                tokio::select! {
                    biased;
                    () = stopped.cancelled() => {}
                    () = wire.run() => {}
                }
            });
        self.channel = Some(Channel {
            _guard: stop.clone().drop_guard(),
            stop,
            tasks,
            unsaid,
            pulse,
            heartbeat: None,
        });
    }

    fn prove(&mut self, epoch: u64) {
        let reports = self.reports();
        let Some(channel) = &mut self.channel else {
            return;
        };
        let (Some(mcpd), Some(session)) = (&self.mcpd, self.session.header()) else {
            return;
        };
        let stop = channel.stop.child_token();
        let stopped = stop.clone();
        let work = beat(
            mcpd.over(self.heartbeat_client.clone()),
            session,
            epoch,
            channel.pulse.clone(),
            channel.unsaid.clone(),
            self.parts.published.clone(),
            reports,
        );
        channel.heartbeat = Some(stop.drop_guard());
        self.parts
            .lifecycle
            .spawn("heartbeat", Ends::Alone, async move {
                tokio::select! {
                    biased;
                    () = stopped.cancelled() => {}
                    () = work => {}
                }
            });
    }

    fn reports(&self) -> Reports {
        Reports {
            channel: self.channels,
            events: self.report.clone(),
        }
    }

    /// Lets go of the channel: what runs over it may finish, and so may what waited at the server for
    /// its turn. The server closes it.
    fn leave(&mut self) {
        let Some(mut channel) = self.channel.take() else {
            return;
        };
        self.channels += 1;
        channel.heartbeat = None;
        // The server is about to close them: an answer must not meet that.
        self.client.forget_idle();
        let lifecycle = self.parts.lifecycle.clone();
        self.parts
            .lifecycle
            .spawn("leaving", Ends::Alone, async move {
                let finish = async {
                    tokio::select! {
                        () = channel.tasks.over() => {}
                        () = lifecycle.stopping() => channel.tasks.empty().await,
                    }
                };
                let _ = tokio::time::timeout(DRAIN, finish).await;
                drop(channel);
            });
    }

    fn drain(&mut self) {
        let Some(channel) = &self.channel else {
            return;
        };
        channel.tasks.close();
        let (tasks, reports) = (channel.tasks.clone(), self.reports());
        self.parts
            .lifecycle
            .spawn("drain", Ends::Alone, async move {
                let left = tokio::time::timeout(DRAIN, tasks.empty()).await.is_err();
                if left {
                    tracing::warn!(tasks = tasks.count(), "not finished within 30 s: dropped");
                }
                reports.say(Event::Drained).await;
            });
    }

    /// Each failure once, until another one comes or the link stands again.
    fn say(&mut self, saying: Saying) {
        match saying {
            Saying::Connected(epoch) => {
                self.said = None;
                self.status.send_modify(|status| status.last_error = None);
                let offers = self.parts.published.borrow().offers.len();
                tracing::info!(epoch, offers, "connected: published");
            }
            Saying::Failed(failure) => {
                let why = match &failure {
                    Failure::Away(why) | Failure::Refused(why) => why.clone(),
                };
                if self.said.as_ref() == Some(&failure) {
                    tracing::debug!(why, "not connected");
                } else {
                    tracing::warn!(why, "not connected: trying again");
                }
                self.said = Some(failure);
                self.status
                    .send_modify(|status| status.last_error = Some(why));
            }
            Saying::Superseded => {
                let why = "another mcplocal uses the same provider session (a copied \
                           `provider-session` file?): it has the rows now; remove the file on one \
                           of the two machines";
                tracing::warn!(why, "not connected: trying again in a minute");
                self.status
                    .send_modify(|status| status.last_error = Some(why.into()));
            }
            Saying::Goaway => tracing::info!("the server is restarting: coming back at once"),
        }
    }

    fn offer_changed(&mut self) {
        let published = self.parts.published.borrow_and_update().clone();
        let (wanted, offers) = (published.wanted, published.offers.clone());
        let before = std::mem::replace(&mut self.seen, (wanted, offers));
        if before.1 != self.seen.1 && wanted {
            self.feed(Event::OfferChanged);
        }
        if before.0 != wanted {
            self.feed(Event::Wanted(wanted));
        }
    }

    fn config_changed(&mut self) {
        let config = self.parts.config.borrow_and_update().clone();
        let server = config.server.as_ref().map(home::ServerUrl::as_str);
        let same = match (&self.mcpd, server) {
            (Some(mcpd), Some(server)) => mcpd.is_at(server),
            (None, None) => true,
            _ => false,
        };
        match self.machine.state {
            _ if !same => {
                self.mcpd = None;
                self.feed(Event::TargetChanged);
            }
            // Perhaps it is what the last attempt lacked.
            State::Waiting { superseded: false } => {
                self.wait = None;
                self.feed(Event::WaitOver);
            }
            _ => {}
        }
    }
}

/// Registers; where the server does not know the session (any more), as a new one.
async fn register(mcpd: Mcpd, offer: &mut Register) -> Called {
    let mut called = mcpd.register(offer).await;
    if let Err(CallError::Refused { status, .. }) = &called
        && *status == http::StatusCode::NOT_FOUND
        && offer.provider_session_id.take().is_some()
    {
        called = mcpd.register(offer).await;
    }
    match called {
        Ok(registered) => Ok((mcpd, registered)),
        Err(failed) => Err(failed.into_failure()),
    }
}

/// The answer to the call on its way; never where there is none.
async fn answered(call: &mut Option<oneshot::Receiver<Called>>) -> Called {
    match call {
        Some(answer) => match answer.await {
            Ok(called) => called,
            Err(_) => Err(Failure::Away("the call was given up".into())),
        },
        None => std::future::pending().await,
    }
}

async fn elapsed(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
