//! The built-in provider: answers with the prompt's words, so that a first run needs no model.
//!
//! It says in each answer what it is, counts words as tokens, and can be slowed down by the
//! vendor field `"demo": {"delay_ms": N}` (a pause before each word). For smoke tests, never for
//! thinking.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use http_body::{Body as HttpBody, Frame, SizeHint};
use kit::clock::SharedClock;
use kit::random::{SharedRandom, base32};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::infer_path::InferPath;
use tokio::time::Sleep;

use crate::encoding::{Encoding, packed};
use crate::{Body, Error, Model, Request, Response};

/// The one model that it lists.
pub const MODEL: &str = "demo";
/// The longest pause before a word that a caller may ask for.
const MAX_DELAY: Duration = Duration::from_secs(60);
/// Numbers in an embedding where the caller names no other.
const DIMENSIONS: usize = 8;
/// The most numbers in an embedding that a caller may ask for.
const MAX_DIMENSIONS: usize = 4096;

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Demo {
    clock: SharedClock,
    random: SharedRandom,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    model: String,
    #[serde(default)]
    messages: Vec<Message>,
    prompt: Option<Value>,
    input: Option<Value>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stream_options: Option<StreamOptions>,
    dimensions: Option<usize>,
    encoding_format: Option<Value>,
    #[serde(default)]
    demo: Knobs,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    role: String,
    #[serde(default)]
    content: Value,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Default, Deserialize)]
struct Knobs {
    #[serde(default)]
    delay_ms: u64,
}

impl Demo {
    /// The provider; `clock` dates its answers, `random` names them.
    pub fn new(clock: SharedClock, random: SharedRandom) -> Self {
        Self { clock, random }
    }

    /// Answers.
    ///
    /// Errors: [`Error::Unsupported`] for what is neither chat, completion nor embedding, and for
    /// a body that is not of that shape.
    pub async fn infer(&self, request: Request) -> Result<Response, Error> {
        let asked: Asked = serde_json::from_slice(&request.body)
            .map_err(|wrong| Error::Unsupported(format!("the request can't be read: {wrong}")))?;
        let (chat, prompt, prompt_tokens) = match request.path {
            InferPath::ChatCompletions => {
                let mut latest = asked.messages.iter().rev();
                let last = latest.find(|message| message.role != "system");
                let prompt = last.map(|last| text_of(&last.content)).unwrap_or_default();
                let all = asked.messages.iter();
                let tokens = all.map(|message| words(&text_of(&message.content))).sum();
                (true, prompt, tokens)
            }
            InferPath::Completions => {
                let prompt = asked.prompt.as_ref().map(text_of).unwrap_or_default();
                let tokens = words(&prompt);
                (false, prompt, tokens)
            }
            InferPath::Embeddings => return embeddings(&asked),
            InferPath::Responses | InferPath::Rerank | InferPath::Messages => {
                return Err(Error::Unsupported(format!(
                    "the demo provider has no `{}`: use chat/completions, completions or embeddings",
                    request.path
                )));
            }
        };
        let answer = Answer::new(self, &asked, chat, &prompt, prompt_tokens);
        let delay = Duration::from_millis(asked.demo.delay_ms).min(MAX_DELAY);
        if request.stream {
            let usage = asked.stream_options.is_some_and(|o| o.include_usage);
            return Ok(respond("text/event-stream", answer.stream(usage, delay)));
        }
        let words = u32::try_from(answer.words.len()).unwrap_or(u32::MAX);
        tokio::time::sleep(delay.saturating_mul(words)).await;
        Ok(respond("application/json", whole(&answer.whole())))
    }

    /// The one model, always there.
    pub async fn models(&self) -> Result<Vec<Model>, Error> {
        Ok(vec![Model {
            id: MODEL.into(),
            context_window: None,
            remote: false,
            capabilities: ["chat", "stream", "embeddings"].map(String::from).into(),
        }])
    }
}

/// An answer, word by word; each but the first brings the space before it.
struct Answer {
    id: String,
    created: i64,
    model: String,
    chat: bool,
    words: Vec<String>,
    finish_reason: &'static str,
    usage: Value,
}

impl Answer {
    fn new(demo: &Demo, asked: &Asked, chat: bool, prompt: &str, prompt_tokens: usize) -> Self {
        let text = format!(
            "(mcpctl's demo provider: no model, it repeats your words and counts words as tokens) {prompt}"
        );
        let limit = asked.max_completion_tokens.or(asked.max_tokens);
        let limit = limit.unwrap_or(usize::MAX);
        let all = words(&text);
        let spaced = |(at, word): (usize, &str)| [if at == 0 { "" } else { " " }, word].concat();
        let words = text.split_whitespace().take(limit).enumerate();
        let words: Vec<String> = words.map(spaced).collect();
        let completion_tokens = words.len();
        let prefix = if chat { "chatcmpl" } else { "cmpl" };
        Self {
            id: format!("{prefix}-demo{}", base32(&*demo.random, 10)),
            created: demo.clock.now().as_millis() / 1000,
            model: asked.model.clone(),
            chat,
            words,
            finish_reason: if completion_tokens < all {
                "length"
            } else {
                "stop"
            },
            usage: json!({
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            }),
        }
    }

    fn whole(&self) -> Value {
        let text = self.words.concat();
        let choice = if self.chat {
            json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self.finish_reason})
        } else {
            json!({"index": 0, "text": text, "finish_reason": self.finish_reason})
        };
        let object = if self.chat {
            "chat.completion"
        } else {
            "text_completion"
        };
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model,
            "choices": [choice], "usage": self.usage,
        })
    }

    fn stream(&self, usage: bool, delay: Duration) -> Pieces {
        let mut pieces = VecDeque::with_capacity(self.words.len() + 4);
        if self.chat {
            let first = json!({"role": "assistant", "content": ""});
            pieces.push_back((event(&self.chunk(self.choice(first, None))), Duration::ZERO));
        }
        for word in &self.words {
            let delta = if self.chat {
                json!({"content": word})
            } else {
                json!(word)
            };
            pieces.push_back((event(&self.chunk(self.choice(delta, None))), delay));
        }
        let nothing = if self.chat { json!({}) } else { json!("") };
        let last = self.choice(nothing, Some(self.finish_reason));
        let mut end = event(&self.chunk(last)).to_vec();
        if usage {
            let mut chunk = self.chunk(Value::Null);
            chunk["choices"] = json!([]);
            chunk["usage"] = self.usage.clone();
            end.extend_from_slice(&event(&chunk));
        }
        shared::sse::encode("", "[DONE]", &mut end);
        pieces.push_back((end.into(), Duration::ZERO));
        Pieces {
            pieces,
            waiting: None,
        }
    }

    fn choice(&self, delta: Value, finish_reason: Option<&str>) -> Value {
        let name = if self.chat { "delta" } else { "text" };
        json!({"index": 0, name: delta, "finish_reason": finish_reason})
    }

    fn chunk(&self, choice: Value) -> Value {
        let object = if self.chat {
            "chat.completion.chunk"
        } else {
            "text_completion"
        };
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model,
            "choices": [choice],
        })
    }
}

/// The text of a `content`, a `prompt` or an `input`, whatever shape it has.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().map(text_of).collect();
            texts.join(" ")
        }
        Value::Object(part) => part.get("text").map(text_of).unwrap_or_default(),
        _ => String::new(),
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn embeddings(asked: &Asked) -> Result<Response, Error> {
    let encoding = Encoding::named(asked.encoding_format.as_ref());
    let encoding = encoding.ok_or_else(|| {
        Error::Unsupported("`encoding_format` must be float or base64, or left out".into())
    })?;
    let inputs = match &asked.input {
        Some(Value::Array(inputs)) if inputs.iter().all(Value::is_string) => inputs.clone(),
        Some(input) => vec![input.clone()],
        None => Vec::new(),
    };
    let dimensions = asked
        .dimensions
        .unwrap_or(DIMENSIONS)
        .clamp(1, MAX_DIMENSIONS);
    let tokens: usize = inputs.iter().map(|input| words(&text_of(input))).sum();
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let vector = vector(&input.to_string(), dimensions);
            let vector = match encoding {
                Encoding::Float => json!(vector),
                Encoding::Base64 => packed(vector.into_iter().map(|x| x as f32)).into(),
            };
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let body = json!({"object": "list", "data": data, "model": asked.model, "usage": usage});
    Ok(respond("application/json", whole(&body)))
}

/// The same text, the same vector of length one. Source of the mixing: FNV-1a, 64 bit.
fn vector(text: &str, dimensions: usize) -> Vec<f64> {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut mix = |byte: u8| {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        hash
    };
    for byte in text.bytes() {
        mix(byte);
    }
    let raw: Vec<f64> = (0..dimensions)
        .map(|_| f64::from((mix(0x5a) >> 40) as u32) / f64::from(1u32 << 23) - 1.0)
        .collect();
    let length = raw
        .iter()
        .map(|x| x * x)
        .sum::<f64>()
        .sqrt()
        .max(f64::MIN_POSITIVE);
    raw.into_iter().map(|x| x / length).collect()
}

fn event(chunk: &Value) -> Bytes {
    let mut bytes = Vec::new();
    shared::sse::encode("", &chunk.to_string(), &mut bytes);
    bytes.into()
}

fn whole(body: &Value) -> Pieces {
    let piece = (Bytes::from(body.to_string()), Duration::ZERO);
    Pieces {
        pieces: [piece].into(),
        waiting: None,
    }
}

fn respond(content_type: &'static str, pieces: Pieces) -> Response {
    Response {
        status: StatusCode::OK,
        content_type: Some(HeaderValue::from_static(content_type)),
        retry_after: None,
        dropped_params: Vec::new(),
        body: Body::made(pieces),
    }
}

/// Pieces of a body, each after its pause.
struct Pieces {
    pieces: VecDeque<(Bytes, Duration)>,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Some((_, pause)) = this.pieces.front()
            && !pause.is_zero()
        {
            let pause = *pause;
            let waiting = this
                .waiting
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            std::task::ready!(waiting.as_mut().poll(cx));
            this.waiting = None;
        }
        let next = this.pieces.pop_front();
        Poll::Ready(next.map(|(piece, _)| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.pieces.iter().map(|(piece, _)| piece.len() as u64);
        SizeHint::with_exact(left.sum())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use kit::clock::SystemClock;
    use kit::random::SeededRandom;
    use shared::sse;
    use tokio::time::Instant;

    use super::*;

    async fn ask(path: InferPath, stream: bool, body: Value) -> String {
        let demo = Demo::new(Arc::new(SystemClock), SeededRandom::new(1));
        let body = body.to_string().into();
        let answer = demo.infer(Request { path, stream, body }).await.unwrap();
        let bytes = answer.body.collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.into()).unwrap()
    }

    fn chat(extra: Value) -> Value {
        let mut body = json!({"model": "demo", "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "grüezi mitenand 👋"}]}]});
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    fn data_of(stream: &str) -> Vec<String> {
        let mut events = Vec::new();
        let mut decoder = sse::Decoder::new(1 << 16);
        decoder.feed(stream.as_bytes(), &mut events).unwrap();
        events.into_iter().map(|event| event.data).collect()
    }

    #[tokio::test]
    async fn it_repeats_the_prompt_says_what_it_is_and_counts_words() {
        let answer = ask(InferPath::ChatCompletions, false, chat(json!({}))).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(text.contains("demo provider") && text.ends_with("grüezi mitenand 👋"));
        assert_eq!(answer["usage"]["prompt_tokens"], 5);
        assert_eq!(answer["usage"]["completion_tokens"], words(text));
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }

    #[tokio::test]
    async fn a_stream_says_the_same_as_a_whole_answer() {
        let asked = chat(json!({"stream_options": {"include_usage": true}}));
        let data = data_of(&ask(InferPath::ChatCompletions, true, asked.clone()).await);
        assert_eq!(data.last().unwrap(), "[DONE]");
        let chunks = data[..data.len() - 1].iter();
        let chunks: Vec<Value> = chunks.map(|d| serde_json::from_str(d).unwrap()).collect();
        assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .collect();
        let whole = ask(InferPath::ChatCompletions, false, asked).await;
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(whole["choices"][0]["message"]["content"], text);
        assert_eq!(chunks.last().unwrap()["usage"], whole["usage"]);
    }

    #[tokio::test]
    async fn max_tokens_cuts_the_answer_and_says_so() {
        let answer = ask(
            InferPath::ChatCompletions,
            false,
            chat(json!({"max_tokens": 2})),
        )
        .await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "(mcpctl's demo");
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
    }

    #[tokio::test]
    async fn the_delay_is_paid_per_word_streaming_or_not() {
        let asked = chat(json!({"max_tokens": 4, "demo": {"delay_ms": 5}}));
        for stream in [false, true] {
            let start = Instant::now();
            ask(InferPath::ChatCompletions, stream, asked.clone()).await;
            assert!(start.elapsed().as_millis() >= 20, "stream: {stream}");
        }
    }

    #[tokio::test]
    async fn completions_stream_text() {
        let asked = json!({"model": "demo", "prompt": "hello", "max_tokens": 1});
        let data = data_of(&ask(InferPath::Completions, true, asked).await);
        let first: Value = serde_json::from_str(&data[0]).unwrap();
        assert_eq!(first["object"], "text_completion");
        assert_eq!(first["choices"][0]["text"], "(mcpctl's");
    }

    #[tokio::test]
    async fn the_same_text_has_the_same_vector_of_length_one() {
        let asked = json!({"model": "demo", "input": ["a b", "c", "a b"], "dimensions": 5});
        let answer = ask(InferPath::Embeddings, false, asked).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let data = &answer["data"];
        assert_eq!(data[0]["embedding"], data[2]["embedding"]);
        assert_ne!(data[0]["embedding"], data[1]["embedding"]);
        let vector = data[0]["embedding"].as_array().unwrap();
        let length: f64 = vector.iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
        assert!(vector.len() == 5 && (length - 1.0).abs() < 1e-9);
        assert_eq!(answer["usage"]["prompt_tokens"], 5);
    }

    #[tokio::test]
    async fn base64_holds_the_same_numbers() {
        use base64::Engine;
        let ask_in = async |format: &str| {
            let asked = json!({"model": "demo", "input": "a b", "encoding_format": format});
            let answer = ask(InferPath::Embeddings, false, asked).await;
            let answer: Value = serde_json::from_str(&answer).unwrap();
            answer["data"][0]["embedding"].clone()
        };
        let (floats, packed) = (ask_in("float").await, ask_in("base64").await);
        let engine = base64::engine::general_purpose::STANDARD;
        let bytes = engine.decode(packed.as_str().unwrap()).unwrap();
        let numbers = bytes.as_chunks::<4>().0.iter();
        let numbers: Vec<f32> = numbers.map(|four| f32::from_le_bytes(*four)).collect();
        let floats: Vec<f32> = serde_json::from_value(floats).unwrap();
        assert_eq!(numbers, floats);
    }
}
