//! The access-token resource: who may do what, until when. The credential itself is shown once.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::role::Role;
use crate::timestamp::Timestamp;

/// The resource's kind in its envelope.
pub const KIND: &str = "Token";

/// An access token as it is shown: never the credential, but for the answer to its creation.
pub type Token = Document<TokenSpec, TokenStatus>;

/// What a writer asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenSpec {
    /// What its bearer may do: at least one role, none that its creator lacks.
    pub roles: Vec<Role>,
    /// On whose behalf; default: the token's own name for an admin, the creator for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What is seen of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenStatus {
    /// The credential. Only in the answer to its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// The answer of `GET /api/v1/whoami`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoAmI {
    /// On whose behalf the caller acts.
    pub principal: String,
    /// The token's name.
    pub token: String,
    /// What the caller may do.
    pub roles: Vec<Role>,
    /// When the token ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The server's version.
    pub server_version: String,
}
