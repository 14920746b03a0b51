//! Whether a request may be answered from the cache, and whether its answer may be kept.
//!
//! Only behind an alias that wants it, for one principal at a time, and only where the answer is
//! determined by the request (temperature 0, embeddings) or somebody asks for it: the alias for all
//! its requests, or the caller for this one.

use std::time::Duration;

use bytes::Bytes;
use cache::Key;
use http::StatusCode;
use http::header::HeaderValue;
use shared::infer_path::InferPath;
use shared::usage::Outcome;

use crate::answer::{Answer, AnswerBody, Limit};
use crate::infer::{Asked, Gateway};
use crate::plan::Plan;
use crate::tab::Tab;

/// What a caller wants of the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheWish {
    /// What the alias says.
    #[default]
    AsTheAliasSays,
    /// An earlier answer will do.
    Use,
    /// A fresh answer, and it is not kept.
    Bypass,
}

/// What the cache says to a request.
pub(crate) enum Cached {
    Hit(Box<Answer>),
    /// The answer may be kept.
    Miss(Kept),
}

/// How an answer is kept.
pub(crate) struct Kept {
    pub(crate) key: Key,
    pub(crate) ttl: Duration,
    /// The model whose answer it must be.
    pub(crate) model: String,
}

impl Cached {
    pub(crate) fn kept(self) -> Option<Kept> {
        match self {
            Self::Hit(_) => None,
            Self::Miss(kept) => Some(kept),
        }
    }
}

impl Gateway {
    /// Looks the request up; `None` where the cache has nothing to do with it.
    ///
    /// The model is that of the candidate that would be called: where it differs among candidates,
    /// an answer of another is not given.
    pub(crate) fn look_up(&self, asked: &Asked, tab: &mut Tab, plan: &Plan) -> Option<Cached> {
        let wanted = plan.cache?;
        let is_wanted = match asked.cache {
            CacheWish::Bypass => false,
            CacheWish::Use => true,
            CacheWish::AsTheAliasSays => {
                wanted.always || cache::is_deterministic(asked.path, &asked.head)
            }
        };
        // Answers are kept in OpenAI's shape.
        if !is_wanted || asked.path == InferPath::Messages {
            return None;
        }
        let first = plan.candidates.first()?;
        let (scope, model) = (&asked.caller.payer.principal, &first.row.spec().model);
        let key = cache::key(&asked.body, asked.path.as_str(), scope, model)?;
        let inner = self.inner();
        let now_ms = u64::try_from(tab.at().as_millis()).unwrap_or(0);
        let miss = |key| {
            Some(Cached::Miss(Kept {
                key,
                ttl: wanted.ttl.0,
                model: model.clone(),
            }))
        };
        let Some(entry) = inner.cache.get(&key, now_ms) else {
            return miss(key);
        };
        let head = &asked.head;
        let Some((content_type, bytes)) = entry.replay(head.stream, head.include_usage) else {
            return miss(key);
        };
        tab.cache_hit = true;
        tab.begins(200);
        tab.outcome = Outcome::Ok;
        Some(Cached::Hit(Box::new(self.replayed(
            asked,
            tab,
            content_type,
            bytes,
        ))))
    }

    fn replayed(
        &self,
        asked: &Asked,
        tab: &Tab,
        content_type: cache::ContentType,
        bytes: Bytes,
    ) -> Answer {
        let deadline = tab.opened() + self.inner().timeouts.request;
        let alive = std::sync::Arc::default();
        let limit = Limit::new(deadline, asked.caller.revoked.clone(), &alive);
        let row = tab.served_by.as_ref().map(|(row, _)| row.name().as_str());
        Answer {
            status: StatusCode::OK,
            content_type: Some(HeaderValue::from_static(content_type.as_str())),
            retry_after: None,
            dropped_params: None,
            llm: row.and_then(|name| HeaderValue::from_str(name).ok()),
            attempts: 0,
            cache_hit: Some(true),
            body: AnswerBody::there(bytes, limit),
        }
    }
}
