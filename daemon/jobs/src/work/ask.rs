//! One attempt's work: asks the model, gathers the answer, makes the result.

use bytes::Bytes;
use serde_json::Value;
use shared::infer_path::InferPath;
use shared::job::{Claimed, Json, MAX_RESULT_BYTES};
use shared::sse;
use store::jobs::Lease;

use crate::kinds::{Collected, Deferred, Kind, Request, Task, result_of_chat, result_of_embedding};
use crate::models::{Ask, Begun, Refused, Then};
use crate::queue::Queue;
use crate::work::chunks::Chunks;
use crate::work::rooms::OnTheWay;

/// A result, and what else is worth knowing.
pub(super) struct Brought {
    pub(super) result: Json,
    /// Of a deferred request: how its answer came.
    pub(super) content_type: Option<String>,
    pub(super) llm: Option<String>,
}

/// Runs what the job asks for. Dropping the future stops the model.
pub(super) async fn work(
    queue: &Queue,
    claimed: &Claimed,
    lease: &Lease,
    on_the_way: OnTheWay,
) -> Result<Brought, Refused> {
    let job = &claimed.job;
    let kind = Kind::find(&job.kind);
    let kind = kind.ok_or_else(|| give_up(format!("no worker here runs `{}`", job.kind)))?;
    let task = kind.read(&job.payload);
    let ask = |name: &str, path, is_anthropic, body| Ask {
        name: name.to_owned(),
        path,
        is_anthropic,
        body,
        token_id: claimed.token_id.clone(),
        request_id: format!("job-{}-{}", job.id, job.attempts),
    };
    match task.map_err(|why| give_up(why.to_string()))? {
        Task::Echo => Ok(Brought {
            result: job.payload.clone(),
            content_type: None,
            llm: None,
        }),
        Task::Ask(Request { name, path, body }) => {
            let begun = queue.0.models.ask(ask(&name, path, false, body)).await?;
            drop(on_the_way);
            match path {
                InferPath::ChatCompletions => chat(queue, lease, begun).await,
                _ => embedding(queue, begun).await,
            }
        }
        Task::Deferred(Deferred {
            model,
            path,
            anthropic,
            body,
            ..
        }) => {
            let body = Bytes::from(Box::<str>::from(body).into_string());
            let begun = queue
                .0
                .models
                .ask(ask(&model, path, anthropic, body))
                .await?;
            drop(on_the_way);
            deferred(begun).await
        }
    }
}

async fn chat(queue: &Queue, lease: &Lease, mut begun: Begun) -> Result<Brought, Refused> {
    let llm = begun.llm.take();
    if !is_stream(&begun) {
        // Some providers answer whole, whatever is asked.
        let data = json(&whole(&mut begun).await?)?;
        return Ok(brought_chat(queue, data, llm));
    }
    let mut collected = Collected::new();
    let mut chunks = Chunks::new(queue, lease);
    while let Some(piece) = begun.pieces.next().await {
        let text = collected.feed(&piece?).map_err(again)?;
        chunks.say(&text).await;
    }
    chunks.keep().await;
    let data = collected.finish().map_err(again)?;
    Ok(brought_chat(queue, data, llm))
}

fn brought_chat(queue: &Queue, data: Value, llm: Option<String>) -> Brought {
    let name = llm.as_deref();
    let result = result_of_chat(data, name, |input, output| {
        queue
            .0
            .models
            .served(name.unwrap_or_default(), input, output)
    });
    Brought {
        result,
        content_type: None,
        llm,
    }
}

async fn embedding(queue: &Queue, mut begun: Begun) -> Result<Brought, Refused> {
    let data = json(&whole(&mut begun).await?)?;
    let llm = begun.llm.take();
    let name = llm.as_deref();
    let result = result_of_embedding(data, name, |input, output| {
        queue
            .0
            .models
            .served(name.unwrap_or_default(), input, output)
    });
    Ok(Brought {
        result,
        content_type: None,
        llm,
    })
}

/// The answer as it came: JSON as it stands, anything else as one JSON text.
async fn deferred(mut begun: Begun) -> Result<Brought, Refused> {
    let body = whole(&mut begun).await?;
    if is_stream(&begun) {
        complete(&body)?;
    }
    let text = String::from_utf8(body);
    let text = text.map_err(|_| give_up("the answer is not UTF-8 text".into()))?;
    let is_json = begun.content_type.as_deref().is_some_and(is_json_type);
    let result = match is_json {
        true => Json::parse(text).map_err(|_| again("the answer is not JSON".into()))?,
        false => Value::String(text).into(),
    };
    if result.is_too_deep() {
        return Err(give_up("the answer nests deeper than 60 levels".into()));
    }
    Ok(Brought {
        result,
        content_type: begun.content_type,
        llm: begun.llm,
    })
}

/// A stream that tells an error is no answer, whatever came before it.
fn complete(stream: &[u8]) -> Result<(), Refused> {
    let mut events = Vec::new();
    let fed = sse::Decoder::new(MAX_RESULT_BYTES).feed(stream, &mut events);
    fed.map_err(|why| again(why.to_string()))?;
    match events.iter().find(|event| event.event == "error") {
        None => Ok(()),
        Some(error) => Err(again(format!("the answer broke off: {}", error.data))),
    }
}

fn is_json_type(content_type: &str) -> bool {
    content_type.starts_with("application/json")
}

fn is_stream(begun: &Begun) -> bool {
    let content_type = begun.content_type.as_deref();
    content_type.is_some_and(|text| text.starts_with("text/event-stream"))
}

async fn whole(begun: &mut Begun) -> Result<Vec<u8>, Refused> {
    let mut body = Vec::new();
    while let Some(piece) = begun.pieces.next().await {
        let piece = piece?;
        if body.len() + piece.len() > MAX_RESULT_BYTES {
            return Err(give_up("the answer is larger than 4 MiB".into()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn json(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|_| again("the provider's answer is not JSON".into()))
}

fn again(message: String) -> Refused {
    let then = Then::Again;
    Refused { message, then }
}

fn give_up(message: String) -> Refused {
    let then = Then::GiveUp;
    Refused { message, then }
}
