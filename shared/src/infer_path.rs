//! The OpenAI paths that may be relayed to a provider.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One relayed path, below the provider's base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InferPath {
    /// `chat/completions`
    #[serde(rename = "chat/completions")]
    ChatCompletions,
    /// `completions`
    #[serde(rename = "completions")]
    Completions,
    /// `embeddings`
    #[serde(rename = "embeddings")]
    Embeddings,
    /// `responses`
    #[serde(rename = "responses")]
    Responses,
    /// `rerank`
    #[serde(rename = "rerank")]
    Rerank,
    /// `messages`: Anthropic's shape, for providers that speak it themselves.
    #[serde(rename = "messages")]
    Messages,
}

/// A path outside the allow-list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a path that can be relayed: use chat/completions, completions, embeddings, \
     responses, rerank or messages"
)]
pub struct PathNotAllowed(pub String);

impl InferPath {
    /// The whole allow-list.
    pub const ALL: [Self; 6] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Embeddings,
        Self::Responses,
        Self::Rerank,
        Self::Messages,
    ];

    /// The path, without a leading slash.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat/completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Responses => "responses",
            Self::Rerank => "rerank",
            Self::Messages => "messages",
        }
    }
}

impl fmt::Display for InferPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for InferPath {
    type Err = PathNotAllowed;

    fn from_str(text: &str) -> Result<Self, PathNotAllowed> {
        Self::ALL
            .into_iter()
            .find(|path| path.as_str() == text)
            .ok_or_else(|| PathNotAllowed(text.escape_debug().to_string()))
    }
}
