//! What jobs need of models; the server implements it over the gateway and the credentials.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use shared::infer_path::InferPath;

/// A future that is handed around.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The way to every model.
pub trait Models: Send + Sync + 'static {
    /// How much a model's name can take now.
    fn room(&self, name: &str) -> Room;

    /// Resolves when some name may have more room than before: a row changed. Misses nothing
    /// between two calls of one future's lifetime only: poll behind it.
    fn changed(&self) -> Pending<'_, ()>;

    /// Asks a model, up to the first byte of its answer. Dropping the future or the answer stops
    /// the model.
    fn ask<'a>(&'a self, ask: Ask) -> Pending<'a, Result<Begun, Refused>>;

    /// Who `llm` is, and what so many tokens cost there.
    fn served(&self, llm: &str, tokens_in: u64, tokens_out: u64) -> Served;
}

/// How much a name can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Requests that would run at once.
    pub free: u32,
    /// Requests that can run side by side, when nobody else asks.
    pub slots: u32,
    /// Why nobody can take a request, where that is so.
    pub why: Option<String>,
    /// Whether anybody has that name now.
    pub is_known: bool,
    /// A name that is almost this one, where it is not known.
    pub near: Option<String>,
}

/// A request for a model.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The LLM, alias or model id.
    pub name: String,
    /// The endpoint.
    pub path: InferPath,
    /// Whether errors and answers have Anthropic's shape.
    pub is_anthropic: bool,
    /// The body.
    pub body: Bytes,
    /// On whose behalf: an access token's public id.
    pub token_id: String,
    /// Ties the request to the job in logs and accounts.
    pub request_id: String,
}

/// An answer that has begun.
pub struct Begun {
    /// Its content type.
    pub content_type: Option<String>,
    /// The LLM that gives it.
    pub llm: Option<String>,
    /// Its bytes.
    pub pieces: Box<dyn Pieces>,
}

/// The bytes of an answer as they come. Dropping it stops the model.
pub trait Pieces: Send {
    /// The next piece; `None` at the answer's good end.
    fn next(&mut self) -> Pending<'_, Option<Result<Bytes, Refused>>>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// What happened, for the job's owner.
    pub message: String,
    /// What follows.
    pub then: Then,
}

/// What follows upon a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nobody can take it now: it waits, and the attempt does not count.
    Wait,
    /// Another attempt may help.
    Again,
    /// No other attempt would help.
    GiveUp,
}

/// Who answered, for a job's result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    /// The provider's type.
    pub provider: Option<String>,
    /// The provider's own id of the model.
    pub model: Option<String>,
    /// What it cost, in US dollars, where it has a price.
    pub cost_usd: Option<f64>,
}
