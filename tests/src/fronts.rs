//! The three fronts of every model, and what the provider behind them answers on each.
//!
//! The mock speaks no Responses API. For that front its next answer is put into its mouth when the request is made, so
//! one request is sent at a time.

use crate::cluster::Ask;
use crate::cluster::stage::{Stage, chat};
use crate::mock::{Behaviour, Garbage, PAGE, SPLIT_TEXT, Scripted, noise};
use serde_json::json;

/// Bytes of a response that leave at once: few enough to cut characters and lines.
const PIECE_BYTES: usize = 7;
/// How a whole response ends.
const COMPLETED: &str = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":16}}}\n\n";

/// In whose words a caller asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// OpenAI's chat completions.
    Chat,
    /// Anthropic's Messages API.
    Messages,
    /// OpenAI's Responses API.
    Responses,
}

impl Front {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Messages, Self::Responses];

    /// A request for `row` that has the provider behave like this.
    #[must_use]
    pub fn ask(self, stage: &Stage, row: &str, stream: bool, behaviour: &Behaviour) -> Ask {
        let ask = match self {
            Self::Chat => chat_of(row, stream, behaviour),
            Self::Messages => messages_of(row, stream, behaviour),
            Self::Responses => {
                stage.mock.play(response(behaviour, COMPLETED));
                response_of(row, stream)
            }
        };
        ask.token(&stage.mcpd.admin)
    }

    /// A stream of responses whose last event is missing, though the connection ends well.
    #[must_use]
    pub fn responses_without_their_end(stage: &Stage, row: &str, behaviour: &Behaviour) -> Ask {
        stage.mock.play(response(behaviour, ""));
        response_of(row, true).token(&stage.mcpd.admin)
    }

    /// The bytes of the stream that the provider answers with.
    pub async fn sent(self, stage: &Stage, behaviour: &Behaviour) -> Vec<u8> {
        match self {
            Self::Responses => response(behaviour, COMPLETED).body,
            Self::Chat | Self::Messages => {
                let ask = chat_of("mock", true, behaviour);
                ask.whole(stage.mock.addr()).await.bytes
            }
        }
    }
}

/// A chat completion of `row` that has the provider behave like this.
#[must_use]
pub fn chat_of(row: &str, stream: bool, behaviour: &Behaviour) -> Ask {
    let mut body = chat(stream, behaviour);
    body["model"] = row.into();
    Ask::post("/v1/chat/completions", body)
}

/// The same in Anthropic's words. The mock is told by a cue in the prompt, since fields of others do not pass.
#[must_use]
pub fn messages_of(row: &str, stream: bool, behaviour: &Behaviour) -> Ask {
    let cue = format!("[[mock {}]]", json!(behaviour));
    let body = json!({
        "model": row, "max_tokens": 100_000, "stream": stream,
        "messages": [{"role": "user", "content": cue}],
    });
    Ask::post("/v1/messages", body)
}

fn response_of(row: &str, stream: bool) -> Ask {
    let body = json!({"model": row, "stream": stream, "input": "hi"});
    Ask::post("/v1/responses", body)
}

/// The answer to a request for a response, with `end` behind its last token.
fn response(behaviour: &Behaviour, end: &str) -> Scripted {
    if behaviour.garbage == Some(Garbage::Html) {
        return Scripted {
            status: 200,
            content_type: "text/html".to_owned(),
            body: PAGE.into(),
            piece_bytes: 0,
        };
    }
    let mut body = Vec::new();
    for n in 0..behaviour.tokens {
        let text = match behaviour.garbage {
            Some(Garbage::SplitUtf8) => SPLIT_TEXT.to_owned(),
            _ => format!("t{n} "),
        };
        if behaviour.garbage == Some(Garbage::BadSse) {
            body.extend_from_slice(noise(n));
        }
        let delta = json!({"type": "response.output_text.delta", "delta": text});
        let event = format!("event: response.output_text.delta\ndata: {delta}\n\n");
        body.extend_from_slice(event.as_bytes());
    }
    body.extend_from_slice(end.as_bytes());
    Scripted {
        status: 200,
        content_type: "text/event-stream".to_owned(),
        body,
        piece_bytes: PIECE_BYTES,
    }
}
