//! From a plan to the first byte of an answer: whom to call, whom next, when to stop.
//!
//! Nothing is tried again once a byte of an answer came. Within the request's one deadline, each
//! candidate is called once, in the plan's order; who has a free slot goes before who has a queue.
//! An LLM that is the only candidate and never saw the request (no connection) is called twice.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use registry::{Permit, Row};
use shared::alias::OnUnavailable;
use shared::llm::Phase;
use shared::name::Name;
use tokio::time::Instant;

use crate::call::{Begun, asked_pause};
use crate::error::Error;
use crate::infer::{Asked, Gateway};
use crate::plan::{Candidate, Plan, Readiness};
use crate::public::Worker;
use crate::retry::Retry;
use crate::standing::{Admission, Passed};
use crate::tab::Tab;

/// Before an LLM that took no connection is called a second time.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);
/// How often a request that waits looks whether somebody has room again.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(100);
/// Before a request that waits has an LLM woken again that could not be woken.
const WAKE_AGAIN: Duration = Duration::from_secs(10);

/// An answer under way, with what it holds.
pub(crate) struct Won {
    pub(crate) row: Arc<Row>,
    pub(crate) begun: Begun,
    /// Its slot. An error that another may make good holds none: it is kept while others are asked.
    pub(crate) permit: Option<Permit>,
    pub(crate) passed: Passed,
}

/// The attempts of one request.
pub(crate) struct Attempts<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) worker: &'a Worker,
    pub(crate) asked: &'a Asked,
    pub(crate) tab: &'a mut Tab,
    pub(crate) deadline: Instant,
    pub(crate) first_byte_timeout: Duration,
    retry: Option<Retry>,
    /// Calls whose publisher went away under them.
    gone: u32,
    /// Who could not be woken for this request: when, and why.
    in_vain: Option<InVain>,
}

/// A wake that did not help.
struct InVain {
    name: Name,
    at: Instant,
    why: String,
}

/// What an attempt came to.
enum Attempt {
    Won(Box<Won>),
    /// Somebody else may do better. The last word, should nobody.
    Lost(Lost),
    /// Nobody would do better.
    Over(Error),
}

/// A failure that another candidate may make good.
enum Lost {
    /// An error of ours.
    Error(Error),
    /// An answer with an error status.
    Answer(Box<Won>),
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(
        gateway: &'a Gateway,
        worker: &'a Worker,
        asked: &'a Asked,
        tab: &'a mut Tab,
        deadline: Instant,
        first_byte_timeout: Duration,
    ) -> Self {
        Self {
            gateway,
            worker,
            asked,
            tab,
            deadline,
            first_byte_timeout,
            retry: None,
            gone: 0,
            in_vain: None,
        }
    }

    /// Tries until there is an answer, or nobody is left.
    ///
    /// Errors: that of the last candidate.
    pub(crate) async fn run(mut self, mut plan: Plan) -> Result<Won, Error> {
        let waits = plan.on_unavailable == OnUnavailable::Wait;
        let mut changes = waits.then(|| self.gateway.inner().planner.registry.watch());
        loop {
            let lost = match self.round(&plan).await {
                Attempt::Won(won) => return Ok(*won),
                Attempt::Over(error) => return Err(error),
                Attempt::Lost(lost) => lost,
            };
            let is_stopping = self.gateway.inner().lifecycle.is_stopping();
            match (lost, &mut changes) {
                (Lost::Error(error), Some(_)) if error.is_unavailable() && is_stopping => {
                    return Err(Error::Stopping);
                }
                (Lost::Error(error), Some(changes)) if error.is_unavailable() => {
                    tracing::debug!(%error, "nobody can take the request: it waits");
                    let until = self.deadline.min(Instant::now() + LOOK_FOR_ROOM);
                    let _ = tokio::time::timeout_at(until, changes.next()).await;
                    // That nobody came is the news, not that time is over.
                    if Instant::now() >= self.deadline {
                        return Err(error);
                    }
                    plan = self.gateway.inner().planner.plan(self.tab.model())?;
                }
                (Lost::Answer(won), _) => return Ok(*won),
                (Lost::Error(error), _) => return Err(error),
            }
        }
    }

    /// Tries each candidate once.
    async fn round(&mut self, plan: &Plan) -> Attempt {
        let candidates = &plan.candidates;
        let only = plan.is_last_resort;
        let mut last: Option<Lost> = None;
        let mut busy = Vec::new();
        for (at, one) in candidates.iter().enumerate() {
            // A free slot with somebody else is better than a place in this queue.
            let others = &candidates[at + 1..];
            let has_alternative = others.iter().any(|one| one.readiness == Readiness::Ready);
            match self.try_one(one, only, !has_alternative).await {
                None => busy.push(one),
                Some(Attempt::Lost(lost)) => last = Some(worse(last, lost)),
                Some(decided) => return decided,
            }
            if self.is_spent() {
                break;
            }
        }
        for one in busy {
            if self.is_spent() {
                break;
            }
            match self.try_one(one, only, true).await {
                None => {}
                Some(Attempt::Lost(lost)) => last = Some(worse(last, lost)),
                Some(decided) => return decided,
            }
        }
        let nobody = || {
            let name = self.tab.model().to_owned();
            Lost::Error(Error::NoMembers { name })
        };
        Attempt::Lost(last.unwrap_or_else(nobody))
    }

    /// Calls the candidate; `None` where all its slots are taken and it is not worth a `queue`.
    async fn try_one(&mut self, one: &Candidate, only: bool, queue: bool) -> Option<Attempt> {
        match self.enter(one, only, queue).await {
            Ok(Entered::In(row, permit, passed)) => {
                Some(self.call(row, permit, passed, only).await)
            }
            Ok(Entered::Busy) => None,
            Err(error) => Some(Attempt::Lost(Lost::Error(error))),
        }
    }

    /// Whether calls were made and no further one may be.
    fn is_spent(&mut self) -> bool {
        // Nobody is asked twice for what went down with its publisher: that is a move, not a retry.
        if self.tab.attempts == self.gone {
            return false;
        }
        self.retry = None;
        self.retry = self.gateway.inner().retries.try_retry();
        self.retry.is_none()
    }

    /// Gets a slot of the candidate, awake and in good standing.
    async fn enter(&mut self, one: &Candidate, only: bool, queue: bool) -> Result<Entered, Error> {
        let name = one.row.name();
        let rests = |until: Instant| Error::BreakerOpen {
            name: name.to_string(),
            wait: until.saturating_duration_since(Instant::now()),
        };
        // Looked at before the queue, asked behind it.
        let admission = one.standing.lock().breaker.look(Instant::now(), only);
        if let Admission::Refused(until) = admission {
            return Err(rests(until));
        }
        if one.row.phase() == Phase::Hibernating {
            self.wake(&one.row).await?;
        }
        let row = self.gateway.callable(name.as_str())?;
        let gate = &row.live().gate;
        let permit = match gate.try_enter() {
            Some(permit) => permit,
            None if !queue => return Ok(Entered::Busy),
            None => gate.enter().await.map_err(|full| {
                let name = name.to_string();
                Error::Overloaded { name, full }
            })?,
        };
        // It may have changed, or moved to another session, while we waited.
        let row = self.gateway.callable(name.as_str())?;
        let passed = Passed::admit(row.clone(), one.standing.clone(), only).map_err(rests)?;
        self.tab.afford(&self.asked.head, &row)?;
        Ok(Entered::In(row, permit, passed))
    }

    /// Has `row` woken, but not again at once where that was in vain.
    async fn wake(&mut self, row: &Row) -> Result<(), Error> {
        if let Some(InVain { name, at, why }) = &self.in_vain
            && name == row.name()
            && at.elapsed() < WAKE_AGAIN
        {
            return Err(Error::not_woken(name, why));
        }
        let inner = self.gateway.inner();
        let woken = inner
            .wakes
            .wake(&inner.planner.registry, &inner.relay, row)
            .await;
        if let Err(Error::NotWoken { why, .. }) = &woken {
            self.in_vain = Some(InVain {
                name: row.name().clone(),
                at: Instant::now(),
                why: why.clone(),
            });
        }
        woken.map(drop)
    }

    async fn call(
        &mut self,
        row: Arc<Row>,
        permit: Permit,
        mut passed: Passed,
        only: bool,
    ) -> Attempt {
        let mut again = only;
        loop {
            self.tab.calls(&row, passed.standing());
            let error = match self.call_once(&row).await {
                Ok(begun) => {
                    let now = self.gateway.inner().clock.now();
                    let pause = asked_pause(begun.retry_after.as_ref(), now);
                    return judge(row, begun, permit, passed, pause);
                }
                Err(error) => error,
            };
            if error.is_callers_fault() {
                return Attempt::Over(error);
            }
            if error.is_disconnect() {
                self.gone += 1;
            }
            if again && error.is_connect() && !self.is_spent() {
                again = false;
                tokio::time::sleep(RECONNECT_PAUSE).await;
                continue;
            }
            if error.is_llms_fault() {
                passed.failed(None, error.to_string());
            }
            tracing::warn!(llm.name = %row.name(), %error, "an attempt failed");
            return Attempt::Lost(Lost::Error(error));
        }
    }

    async fn call_once(&self, row: &Row) -> Result<Begun, Error> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let call = self.gateway.call(self.worker, row, self.asked, left);
        if !self.asked.head.stream || self.first_byte_timeout >= left {
            return call.await;
        }
        let begun = tokio::time::timeout(self.first_byte_timeout, call).await;
        begun.unwrap_or_else(|_| {
            Err(Error::Silent {
                name: row.name().to_string(),
                after: self.first_byte_timeout,
            })
        })
    }
}

enum Entered {
    In(Arc<Row>, Permit, Passed),
    /// All slots are taken.
    Busy,
}

/// What an answer's status says of its LLM.
fn judge(
    row: Arc<Row>,
    begun: Begun,
    permit: Permit,
    mut passed: Passed,
    pause: Option<Duration>,
) -> Attempt {
    let status = begun.status;
    let why = || format!("its provider answered {status}");
    let may_another_do_better = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            passed.failed(pause, why());
            true
        }
        status if is_its_own_trouble(status) => {
            passed.failed(None, why());
            true
        }
        _ => {
            passed.began();
            false
        }
    };
    let won = Box::new(Won {
        row,
        begun,
        permit: (!may_another_do_better).then_some(permit),
        passed,
    });
    match may_another_do_better {
        true => Attempt::Lost(Lost::Answer(won)),
        false => Attempt::Won(won),
    }
}

/// Whether the LLM, and not the request, is at fault: it failed, was too slow, or has no money left.
fn is_its_own_trouble(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::PAYMENT_REQUIRED
}

/// Which of two failures is told: a provider's own word before an LLM that was never called.
fn worse(before: Option<Lost>, now: Lost) -> Lost {
    let was_called = |lost: &Lost| match lost {
        Lost::Answer(_) => true,
        Lost::Error(error) => !error.is_unavailable(),
    };
    match before {
        Some(before) if was_called(&before) && !was_called(&now) => before,
        _ => now,
    }
}
