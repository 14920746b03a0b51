//! `gateway.request`: a caller's own request, kept until somebody can take it.
//!
//! The body is kept as it came and sent as it came, so the stored answer is the one that the caller
//! would have got.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::infer_path::InferPath;
use shared::job::Json;

use super::{BadPayload, Kind, bad};

/// A request as it came.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deferred {
    /// The LLM, alias or model id that it is for.
    pub model: String,
    /// The endpoint.
    pub path: InferPath,
    /// Whether errors have Anthropic's shape.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anthropic: bool,
    /// Whether a stream was asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// The body.
    pub body: Box<RawValue>,
}

impl Deferred {
    /// The job's kind.
    pub const KIND: &'static str = Kind::Deferred.as_str();

    pub(super) fn read(payload: &Json) -> Result<Self, BadPayload> {
        serde_json::from_str(payload.as_str()).map_err(|why| bad(Kind::Deferred, why.to_string()))
    }

    /// The job's payload.
    ///
    /// Errors: where it is no JSON, which its body has been checked to be.
    pub fn payload(&self) -> Result<Json, serde_json::Error> {
        Json::parse(serde_json::to_string(self)?)
    }
}
