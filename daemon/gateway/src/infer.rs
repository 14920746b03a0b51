//! One request, from its model's name to the first byte of its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, Recorder};
use http::header::HeaderValue;
use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use meter::{Form, Meter};
use registry::{Registry, Row};
use relay::Relay;
use shared::chat_body::{self, Head};
use shared::infer_path::InferPath;
use shared::llm::Phase;
use store::secrets::Secrets;
use tokio::time::Sleep;

use crate::accounts::Accounts;
use crate::aliases::Aliases;
use crate::answer::{
    Answer, AnswerBody, Flow, KEEPALIVE_INTERVAL, Keep, Limit, Parts as FlowParts, Pending, Pipe,
    Running, Translator, Waiting,
};
use crate::attempt::{Attempts, Won};
use crate::caching::{CacheWish, Cached, Kept};
use crate::call::is_event_stream;
use crate::caller::Caller;
use crate::dialect::Dialect;
use crate::error::{Error, offline_since};
use crate::numbers::Unserved;
use crate::plan::{Planner, Turns};
use crate::prices::Prices;
use crate::public::Worker;
use crate::retry;
use crate::standing::Standings;
use crate::tab::Tab;
use crate::wake::Wakes;

/// Bodies larger than this are checked off the async threads: JSON of this size takes about 2 ms.
const MAX_INLINE_CHECK_BYTES: usize = 1024 * 1024;
/// No LLM, alias or model id is longer, in bytes.
const MAX_MODEL_BYTES: usize = 256;
/// The largest answer that is kept for the cache, in bytes.
const MAX_CACHED_ANSWER_BYTES: usize = 1024 * 1024;

/// The gateway. Cheap to clone; clones are the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) planner: Planner,
    pub(crate) relay: Relay,
    pub(crate) secrets: Secrets,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) clock: SharedClock,
    pub(crate) accounts: Accounts,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Arc<retry::Budget>,
    pub(crate) wakes: Wakes,
    pub(crate) cache: Arc<Cache>,
    pub(crate) unserved: Unserved,
}

/// What a gateway is made of.
pub struct Parts {
    /// The rows.
    pub registry: Registry,
    /// The way to virtual LLMs.
    pub relay: Relay,
    /// The keys of public LLMs.
    pub secrets: Secrets,
    /// Start and stop.
    pub lifecycle: Lifecycle,
    /// The time of day.
    pub clock: SharedClock,
    /// Names in front of LLMs.
    pub aliases: Aliases,
    /// What tokens cost.
    pub prices: Prices,
    /// Who used what.
    pub accounts: Accounts,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// The answers that aliases keep, in bytes, in all.
    pub max_cache_bytes: u64,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// A request, in all.
    pub request: Duration,
    /// A stream to its first byte, per LLM that is tried.
    pub first_byte: Duration,
    /// Silence in the middle of an answer.
    pub idle: Duration,
}

/// What is asked.
pub struct Ask {
    /// The LLM, alias or model id that the path names; otherwise the body's `model` does.
    pub model: Option<String>,
    /// The endpoint.
    pub path: InferPath,
    /// The caller's dialect, for errors.
    pub dialect: Dialect,
    /// The request body as it came.
    pub body: Bytes,
    /// On whose behalf.
    pub caller: Caller,
    /// The id that ties the request to the log.
    pub request_id: HeaderValue,
    /// What the caller wants of the cache.
    pub cache: CacheWish,
    /// Whether the caller of a stream must hear something while it waits: it may sit behind proxies.
    pub keep_alive: bool,
}

/// What is asked, checked.
pub(crate) struct Asked {
    pub(crate) path: InferPath,
    pub(crate) dialect: Dialect,
    pub(crate) body: Bytes,
    pub(crate) head: Head,
    pub(crate) caller: Caller,
    pub(crate) cache: CacheWish,
}

impl Gateway {
    /// A gateway of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            planner: Planner {
                registry: parts.registry,
                aliases: parts.aliases,
                prices: parts.prices,
                standings: Standings::default(),
                turns: Turns::default(),
            },
            relay: parts.relay,
            secrets: parts.secrets,
            lifecycle: parts.lifecycle,
            clock: parts.clock,
            accounts: parts.accounts,
            timeouts: parts.timeouts,
            retries: Arc::default(),
            wakes: Wakes::default(),
            cache: Arc::new(Cache::new(parts.max_cache_bytes)),
            unserved: Unserved::default(),
        }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Runs a request up to the first byte of its answer; one for a stream that waits longer than
    /// [`KEEPALIVE_INTERVAL`] gets an answer that begins with comments.
    ///
    /// Dropping the future, or the answer's body, stops the provider.
    /// Errors: any [`Error`]; a provider's own error status is an answer, not an error.
    pub async fn infer(&self, worker: &Arc<Worker>, ask: Ask) -> Result<Answer, Error> {
        if self.0.lifecycle.is_stopping() {
            return Err(Error::Stopping);
        }
        let head = check(&ask.body).await?;
        let named = ask.model.or_else(|| head.model(&ask.body));
        let model = named.ok_or(Error::NoModel)?;
        if model.len() > MAX_MODEL_BYTES {
            let name = model.chars().take(80).collect();
            return Err(Error::UnknownModel { name, near: None });
        }
        let tab = Tab::open(
            self,
            worker.shard(),
            ask.request_id,
            model,
            (ask.path, ask.body.len()),
            ask.caller.payer.clone(),
        );
        let asked = Asked {
            path: ask.path,
            dialect: ask.dialect,
            body: ask.body,
            head,
            caller: ask.caller,
            cache: ask.cache,
        };
        if !asked.head.stream || !ask.keep_alive {
            return self.run(worker, asked, tab).await;
        }
        self.run_kept_alive(worker, asked, tab).await
    }

    async fn run_kept_alive(
        &self,
        worker: &Arc<Worker>,
        asked: Asked,
        tab: Tab,
    ) -> Result<Answer, Error> {
        // The plan is not made yet; who gives more time must not be cut off by less.
        let alias = self.0.planner.aliases.find(tab.model());
        let given = alias.and_then(|alias| alias.spec.timeout);
        let given = given.map_or(Duration::ZERO, |span| span.0);
        let deadline = tab.opened() + self.0.timeouts.request.max(given);
        let (dialect, revoked) = (asked.dialect, asked.caller.revoked.clone());
        let id = tab.id().to_owned();
        let (gateway, worker) = (self.clone(), worker.clone());
        let mut pending: Pending = Box::pin(async move { gateway.run(&worker, asked, tab).await });
        if let Ok(answer) = tokio::time::timeout(KEEPALIVE_INTERVAL, &mut pending).await {
            return answer;
        }
        let alive = Arc::default();
        let limit = Limit::new(deadline, revoked, &alive);
        let waiting = Waiting::new(pending, (dialect, id), limit, alive);
        Ok(Answer {
            status: http::StatusCode::OK,
            content_type: Some(HeaderValue::from_static("text/event-stream")),
            retry_after: None,
            dropped_params: None,
            llm: None,
            attempts: 0,
            cache_hit: None,
            body: AnswerBody::waiting(waiting),
        })
    }

    /// Runs a request; its tab knows how it ended.
    async fn run(&self, worker: &Worker, asked: Asked, mut tab: Tab) -> Result<Answer, Error> {
        let found = self.find(worker, &asked, &mut tab).await;
        match found {
            Ok(Found::Won {
                won,
                given,
                tick,
                cached,
            }) => Ok(self.answer(&asked, tab, *won, (given, tick), cached)),
            Ok(Found::Cached(answer)) => Ok(*answer),
            Err(error) => {
                tab.refused(error.status());
                Err(error)
            }
        }
    }

    async fn find(&self, worker: &Worker, asked: &Asked, tab: &mut Tab) -> Result<Found, Error> {
        // It was authorised by its head. While its body came, or was checked, it may have been revoked.
        let revoked = &asked.caller.revoked;
        if revoked.is_cancelled() {
            return Err(Error::Revoked);
        }
        let plan = self.0.planner.plan(tab.model())?;
        // Whom it was meant for, should it get no further.
        if let Some(first) = plan.candidates.first() {
            tab.served_by = Some((first.row.clone(), first.standing.clone()));
        }
        let given = plan.timeout.unwrap_or(self.0.timeouts.request);
        let deadline = tab.opened() + given;
        tab.reserve(&asked.caller.ledger, &asked.head)?;
        let cached = self.look_up(asked, tab, &plan);
        if let Some(Cached::Hit(answer)) = cached {
            return Ok(Found::Cached(answer));
        }
        let cached = cached.and_then(Cached::kept);
        let mut tick = Box::pin(tokio::time::sleep_until(deadline));
        let first_byte = plan
            .first_byte_timeout
            .unwrap_or(self.0.timeouts.first_byte);
        let attempts = Attempts::new(self, worker, asked, tab, deadline, first_byte);
        let won = tokio::select! {
            biased;
            () = revoked.cancelled() => return Err(Error::Revoked),
            won = attempts.run(plan) => won?,
            () = &mut tick => {
                let (name, after) = (tab.model().to_owned(), given);
                return Err(Error::Deadline { name, after });
            }
        };
        Ok(Found::Won {
            won: Box::new(won),
            given,
            tick,
            cached,
        })
    }

    /// The answer that `won` begins.
    fn answer(
        &self,
        asked: &Asked,
        mut tab: Tab,
        won: Won,
        (given, tick): (Duration, std::pin::Pin<Box<Sleep>>),
        cached: Option<Kept>,
    ) -> Answer {
        let Won {
            row,
            begun,
            permit,
            passed,
        } = won;
        tab.begins(begun.status.as_u16());
        let event_stream = is_event_stream(begun.content_type.as_ref());
        let form = match event_stream {
            true => Form::EventStream,
            false => Form::Whole,
        };
        let translator = begun.reading.translate.then(|| match event_stream {
            true => Translator::Events(Box::new(messages::stream::Events::new(tab.model()))),
            false => Translator::Whole {
                status: begun.status.as_u16(),
                model: tab.model().to_owned(),
                so_far: bytes::BytesMut::new(),
            },
        });
        // What another model said is not what was looked for.
        let cached = cached.filter(|kept| kept.model == row.spec().model);
        let recorder = cached
            .as_ref()
            .map(|_| Recorder::new(asked.path, form, MAX_CACHED_ANSWER_BYTES));
        let keep = cached.map(|kept| Keep {
            cache: self.0.cache.clone(),
            key: kept.key,
            ttl: kept.ttl,
            at: tab.at(),
        });
        let cache_hit = keep.is_some().then_some(false);
        let alive = Arc::default();
        let deadline = tab.opened() + given;
        let attempts = tab.attempts;
        let llm = HeaderValue::from_str(row.name().as_str()).ok();
        let flow = Flow::new(FlowParts {
            early: begun.beginning.early,
            is_whole: begun.beginning.is_whole,
            event_stream,
            dialect: asked.dialect,
            pipe: Pipe {
                meter: Meter::new(begun.reading.dialect, form, begun.reading.strip),
                translator,
                recorder,
            },
            limit: Limit::new(deadline, asked.caller.revoked.clone(), &alive),
            given,
            idle_timeout: self.0.timeouts.idle,
            running: Running {
                source: begun.beginning.source,
                name: row.name().as_str().into(),
                passed,
                tab,
                keep,
                _permit: permit,
            },
            alive,
            tick,
        });
        Answer {
            status: begun.status,
            content_type: begun.content_type,
            retry_after: begun.retry_after,
            dropped_params: begun.dropped_params,
            llm,
            attempts,
            cache_hit,
            body: AnswerBody::flow(flow),
        }
    }

    /// The row of `name`, if it may be called now.
    pub(crate) fn callable(&self, name: &str) -> Result<Arc<Row>, Error> {
        let row = self.0.planner.registry.find(name);
        let row = row.ok_or_else(|| Error::NotFound {
            name: name.to_owned(),
            near: None,
        })?;
        // A public row's phase tells what was seen last; only calling shows what is true now.
        if row.is_virtual() && row.phase() != Phase::Active {
            return Err(Error::Offline {
                name: name.to_owned(),
                why: match row.phase() {
                    Phase::Hibernating => "its provider is asleep".into(),
                    _ => offline_since(row.inactive_since()),
                },
            });
        }
        Ok(row)
    }
}

/// What a request came to.
enum Found {
    Won {
        won: Box<Won>,
        given: Duration,
        tick: std::pin::Pin<Box<Sleep>>,
        cached: Option<Kept>,
    },
    /// The cache had it.
    Cached(Box<Answer>),
}

async fn check(body: &Bytes) -> Result<Head, Error> {
    if body.len() <= MAX_INLINE_CHECK_BYTES {
        return Ok(chat_body::read(body)?);
    }
    let body = body.clone();
    let checked = tokio::task::spawn_blocking(move || chat_body::read(&body)).await;
    checked
        .map_err(|_| Error::Internal)?
        .map_err(Error::BadBody)
}
