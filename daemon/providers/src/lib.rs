//! Adapters to what answers completions: OpenAI-compatible servers, Anthropic, Gemini, Ollama, the
//! demo.
//!
//! Each takes a request in OpenAI's shape and gives an answer in OpenAI's shape. Where the
//! provider speaks that shape itself, bytes pass through untouched.

pub mod anthropic;
mod body;
pub mod demo;
mod encoding;
mod error;
pub mod gemini;
pub mod ollama;
pub mod openai;
#[cfg(test)]
mod pieces_tests;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use shared::infer_path::InferPath;

pub use body::Body;
pub use error::Error;

/// The largest listing of models that we read, in bytes.
pub const MAX_LISTING_BYTES: usize = 4 * 1024 * 1024;

/// One request to a provider.
pub struct Request {
    /// What is asked for.
    pub path: InferPath,
    /// The caller wants a stream.
    pub stream: bool,
    /// JSON in OpenAI's shape; its `model` is the provider's.
    pub body: Bytes,
}

/// The provider's answer.
pub struct Response {
    /// Its status; an error status is an answer too.
    pub status: StatusCode,
    /// Its content type.
    pub content_type: Option<HeaderValue>,
    /// Its `Retry-After`.
    pub retry_after: Option<HeaderValue>,
    /// Request fields that the provider's dialect could not carry.
    pub dropped_params: Vec<String>,
    /// Its bytes.
    pub body: Body,
}

/// A model that a provider lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// Its context window, in tokens, where the provider tells.
    pub context_window: Option<u32>,
    /// It runs on somebody else's machine though the provider is local.
    pub remote: bool,
    /// What it can do, where the provider tells.
    pub capabilities: Vec<String>,
}

/// Any provider.
#[derive(Clone)]
pub enum Provider {
    /// An OpenAI-compatible server.
    OpenAi(Box<openai::OpenAi>),
    /// Google's Gemini API.
    Gemini(Box<gemini::Gemini>),
    /// Ollama's native API.
    Ollama(ollama::Ollama),
    /// Anthropic's Messages API.
    Anthropic(Box<anthropic::Anthropic>),
    /// Built in.
    Demo(demo::Demo),
}

impl Provider {
    /// Answers a request. Dropping the future, or the answer's body, stops the provider.
    pub async fn infer(&self, request: Request) -> Result<Response, Error> {
        match self {
            Self::OpenAi(openai) => openai.infer(request).await,
            Self::Gemini(gemini) => gemini.infer(request).await,
            Self::Ollama(ollama) => ollama.infer(request).await,
            Self::Anthropic(anthropic) => anthropic.infer(request).await,
            Self::Demo(demo) => demo.infer(request).await,
        }
    }

    /// Lists what the provider serves, without waking or loading a model. Serves as health poll.
    pub async fn models(&self) -> Result<Vec<Model>, Error> {
        match self {
            Self::OpenAi(openai) => openai.models().await,
            Self::Gemini(gemini) => gemini.models().await,
            Self::Ollama(ollama) => ollama.models().await,
            Self::Anthropic(anthropic) => anthropic.models().await,
            Self::Demo(demo) => demo.models().await,
        }
    }
}
