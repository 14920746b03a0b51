//! How jobs reach models: through the gateway, on behalf of whoever submitted them.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use gateway::{Answer, AnswerBody, CacheWish, Dialect, Gateway, LimitReached, Worker};
use http::HeaderValue;
use http_body_util::BodyExt;
use jobs::{Begun, Models, Pending, Pieces, Refused, Room, Served, Then};
use serde_json::Value;

use crate::auth::Auth;

/// The most of a refusal that is read for its message, in bytes.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// The way to every model.
pub(crate) struct GatewayModels {
    pub(crate) gateway: Gateway,
    pub(crate) auth: Auth,
    /// Connections to public LLMs, of the thread that jobs run on.
    pub(crate) worker: Arc<Worker>,
}

impl Models for GatewayModels {
    fn room(&self, name: &str) -> Room {
        let room = self.gateway.room(name);
        Room {
            free: room.free,
            slots: room.slots,
            why: room.why,
            is_known: room.is_known,
            near: room.near,
        }
    }

    fn changed(&self) -> Pending<'_, ()> {
        Box::pin(self.gateway.changed())
    }

    fn ask<'a>(&'a self, ask: jobs::Ask) -> Pending<'a, Result<Begun, Refused>> {
        Box::pin(self.begin(ask))
    }

    fn served(&self, llm: &str, tokens_in: u64, tokens_out: u64) -> Served {
        let served = self.gateway.served(llm, tokens_in, tokens_out);
        Served {
            provider: served.provider,
            model: served.model,
            cost_usd: served.cost_usd,
        }
    }
}

impl GatewayModels {
    async fn begin(&self, ask: jobs::Ask) -> Result<Begun, Refused> {
        let caller = self.auth.caller_of(&ask.token_id);
        let caller = caller.ok_or_else(|| Refused {
            message: "the access token that submitted the job was deleted or has expired".into(),
            then: Then::GiveUp,
        })?;
        let id = HeaderValue::from_str(&ask.request_id);
        let ask = gateway::Ask {
            model: Some(ask.name),
            path: ask.path,
            dialect: match ask.is_anthropic {
                true => Dialect::Anthropic,
                false => Dialect::OpenAi,
            },
            body: ask.body,
            caller,
            request_id: id.unwrap_or(HeaderValue::from_static("job")),
            cache: CacheWish::AsTheAliasSays,
            // Nobody sits behind a proxy: better a clean refusal than one in mid-answer.
            keep_alive: false,
        };
        let answer = self.gateway.infer(&self.worker, ask).await;
        let answer = answer.map_err(|error| refused(&error))?;
        if answer.status.is_success() {
            return Ok(begun(answer));
        }
        Err(refusal(answer).await)
    }
}

fn begun(answer: Answer) -> Begun {
    let text = |value: HeaderValue| value.to_str().ok().map(str::to_owned);
    Begun {
        content_type: answer.content_type.and_then(text),
        llm: answer.llm.and_then(text),
        pieces: Box::new(AnswerPieces(Box::pin(answer.body))),
    }
}

struct AnswerPieces(Pin<Box<AnswerBody>>);

impl Pieces for AnswerPieces {
    fn next(&mut self) -> Pending<'_, Option<Result<Bytes, Refused>>> {
        Box::pin(async {
            loop {
                match self.0.frame().await? {
                    Ok(frame) => {
                        if let Ok(data) = frame.into_data() {
                            return Some(Ok(data));
                        }
                    }
                    Err(error) => return Some(Err(refused(&error))),
                }
            }
        })
    }
}

fn refused(error: &gateway::Error) -> Refused {
    use gateway::Error;
    let then = match error {
        // It may come back, and so may its LLM.
        Error::UnknownModel { .. } | Error::NotFound { .. } | Error::Stopping => Then::Wait,
        Error::Limit(LimitReached::Budget { .. }) | Error::Revoked => Then::GiveUp,
        Error::Limit(_) => Then::Wait,
        error if error.is_unavailable() => Then::Wait,
        error if error.is_callers_fault() => Then::GiveUp,
        _ => Then::Again,
    };
    let message = error.to_string();
    Refused { message, then }
}

/// What a provider's error says, and whether another attempt may help.
async fn refusal(answer: Answer) -> Refused {
    let status = answer.status.as_u16();
    let then = match status {
        429 => Then::Wait,
        408 | 500.. => Then::Again,
        _ => Then::GiveUp,
    };
    let mut read = BytesMut::new();
    let mut body = Box::pin(answer.body);
    while let Some(Ok(frame)) = body.frame().await {
        let data = frame.into_data().unwrap_or_default();
        if read.len() + data.len() > MAX_REFUSAL_BYTES {
            break;
        }
        read.extend_from_slice(&data);
    }
    let told = serde_json::from_slice::<Value>(&read).ok();
    let told = told.and_then(|body| {
        let error = body.get("error")?;
        let message = error.get("message").unwrap_or(error).as_str()?;
        Some(message.to_owned())
    });
    let message = match told {
        Some(told) => format!("its provider answered {status}: {told}"),
        None => format!("its provider answered {status}"),
    };
    Refused { message, then }
}
