//! From a model's answer to a job's result: `{response, thinking, model, provider, llm, tokens_in,
//! tokens_out, cost, finish_reason, data}`, `data` being the answer as the gateway gave it.

use cache::Recorder;
use meter::Form;
use serde_json::{Map, Value, json};
use shared::infer_path::InferPath;
use shared::job::{Json, MAX_RESULT_BYTES};
use shared::sse::{Decoder, Event};

use super::thinking;
use crate::models::Served;

/// The largest event of a stream, in bytes.
const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;
/// The largest stream of which a result is made, as it comes, in bytes: chunks repeat their head.
const MAX_STREAM_BYTES: usize = 16 * MAX_RESULT_BYTES;

/// A chat's stream as it comes: the text for those who watch, the whole for the result.
pub(crate) struct Collected {
    decoder: Decoder,
    recorder: Recorder,
    events: Vec<Event>,
    text: String,
    reasoning: String,
    finish_reason: Option<String>,
    usage: Option<Value>,
    done: bool,
    failed: Option<String>,
}

impl Collected {
    pub(crate) fn new() -> Self {
        Self {
            decoder: Decoder::new(MAX_EVENT_BYTES),
            recorder: Recorder::new(
                InferPath::ChatCompletions,
                Form::EventStream,
                MAX_STREAM_BYTES,
            ),
            events: Vec::new(),
            text: String::new(),
            reasoning: String::new(),
            finish_reason: None,
            usage: None,
            done: false,
            failed: None,
        }
    }

    /// Takes the next bytes; answers the text that they bring.
    ///
    /// Errors: why the answer is none, in words.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<String, String> {
        self.recorder.feed(bytes);
        let mut events = std::mem::take(&mut self.events);
        let fed = self.decoder.feed(bytes, &mut events);
        let from = self.text.len();
        for event in events.drain(..) {
            self.take(&event);
        }
        self.events = events;
        fed.map_err(|why| why.to_string())?;
        if let Some(why) = self.failed.take() {
            return Err(why);
        }
        if self.text.len() + self.reasoning.len() > MAX_RESULT_BYTES {
            return Err("the answer is larger than 4 MiB".into());
        }
        Ok(self.text[from..].to_owned())
    }

    fn take(&mut self, event: &Event) {
        if event.data == "[DONE]" {
            self.done = true;
            return;
        }
        let Ok(chunk) = serde_json::from_str::<Value>(&event.data) else {
            // One broken line does not spoil the others.
            return;
        };
        if let Some(error) = chunk.get("error") {
            let message = error.get("message").and_then(Value::as_str);
            self.failed = Some(message.unwrap_or("the answer broke off").to_owned());
            return;
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            self.usage = Some(usage.clone());
        }
        let first = chunk.pointer("/choices/0");
        if let Some(reason) = first.and_then(|choice| choice.get("finish_reason")?.as_str()) {
            self.finish_reason = Some(reason.to_owned());
        }
        let Some(delta) = first.and_then(|choice| choice.get("delta")) else {
            return;
        };
        if let Some(text) = delta.get("content").and_then(Value::as_str) {
            self.text.push_str(text);
        }
        for name in ["reasoning", "reasoning_content"] {
            if let Some(text) = delta.get(name).and_then(Value::as_str) {
                self.reasoning.push_str(text);
            }
        }
    }

    /// The answer as if it had come whole.
    ///
    /// Errors: where the stream ended without its end.
    pub(crate) fn finish(self) -> Result<Value, String> {
        if !self.done {
            return Err("the answer broke off before its end".into());
        }
        let entry = self.recorder.finish(true);
        let whole = entry.and_then(|entry| Some(entry.replay(false, true)?.1));
        if let Some(whole) = whole.and_then(|body| serde_json::from_slice(&body).ok()) {
            return Ok(whole);
        }
        // What can't be put together without loss is told without what can't.
        let mut message = json!({"role": "assistant", "content": self.text});
        if !self.reasoning.is_empty() {
            message["reasoning"] = self.reasoning.into();
        }
        let choice = json!({"index": 0, "message": message, "finish_reason": self.finish_reason});
        Ok(json!({"object": "chat.completion", "choices": [choice], "usage": self.usage}))
    }
}

/// A chat's result; `served` is told of the tokens.
pub(crate) fn result_of_chat(
    data: Value,
    llm: Option<&str>,
    served: impl Fn(u64, u64) -> Served,
) -> Json {
    let message = data.pointer("/choices/0/message");
    let text = |name: &str| {
        let text = message.and_then(|message| message.get(name)?.as_str());
        text.filter(|text| !text.is_empty())
    };
    let (response, thought) = thinking::split(text("content").unwrap_or_default());
    let told = text("reasoning").or_else(|| text("reasoning_content"));
    let thinking = thought.or_else(|| told.map(str::to_owned));
    let mut result = Map::new();
    result.insert("response".into(), response.into());
    result.insert("thinking".into(), thinking.into());
    let reason = data.pointer("/choices/0/finish_reason").cloned();
    result.insert("finish_reason".into(), reason.unwrap_or(Value::Null));
    tell_served(&mut result, data, llm, served)
}

/// The result of embeddings.
pub(crate) fn result_of_embedding(
    data: Value,
    llm: Option<&str>,
    served: impl Fn(u64, u64) -> Served,
) -> Json {
    tell_served(&mut Map::new(), data, llm, served)
}

fn tell_served(
    result: &mut Map<String, Value>,
    data: Value,
    llm: Option<&str>,
    served: impl Fn(u64, u64) -> Served,
) -> Json {
    let tokens = |name| {
        let usage = data.pointer("/usage").and_then(|usage| usage.get(name));
        usage.and_then(Value::as_u64)
    };
    let (tokens_in, tokens_out) = (tokens("prompt_tokens"), tokens("completion_tokens"));
    let served = served(tokens_in.unwrap_or(0), tokens_out.unwrap_or(0));
    let model = served.model.map(Value::from);
    let model = model.or_else(|| data.get("model").cloned());
    result.insert("model".into(), model.unwrap_or(Value::Null));
    result.insert("provider".into(), served.provider.into());
    result.insert("llm".into(), llm.into());
    result.insert("tokens_in".into(), tokens_in.into());
    result.insert("tokens_out".into(), tokens_out.into());
    result.insert("cost".into(), served.cost_usd.into());
    result.insert("data".into(), data);
    Value::Object(std::mem::take(result)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\
        data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<think>hm</think>\"},\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"grün\"},\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
        data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n\
        data: [DONE]\n\n";

    #[test]
    fn a_stream_in_any_pieces_becomes_one_result() {
        for size in [1, 7, 4096] {
            let mut collected = Collected::new();
            let mut seen = String::new();
            for piece in STREAM.as_bytes().chunks(size) {
                seen += &collected.feed(piece).unwrap();
            }
            assert_eq!(seen, "<think>hm</think>grün");
            let data = collected.finish().unwrap();
            let result = result_of_chat(data, Some("laptop"), |input, output| Served {
                provider: Some("demo".into()),
                model: None,
                cost_usd: Some((input + output) as f64),
            });
            let result: Value = serde_json::from_str(result.as_str()).unwrap();
            assert_eq!(result["response"], "grün");
            assert_eq!(result["thinking"], "hm");
            assert_eq!(result["finish_reason"], "stop");
            assert_eq!(result["llm"], "laptop");
            assert_eq!(
                (&result["model"], &result["provider"]),
                (&json!("m"), &json!("demo"))
            );
            assert_eq!(
                (&result["tokens_in"], &result["tokens_out"]),
                (&json!(3), &json!(2))
            );
            assert_eq!(result["cost"], json!(5.0));
            assert_eq!(
                result["data"]["choices"][0]["message"]["content"],
                "<think>hm</think>grün"
            );
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_answer() {
        let mut collected = Collected::new();
        collected
            .feed(&STREAM.as_bytes()[..STREAM.len() / 2])
            .unwrap();
        assert!(collected.finish().unwrap_err().contains("broke off"));
        let mut collected = Collected::new();
        let error = b"event: error\ndata: {\"error\":{\"message\":\"gone\"}}\n\n";
        assert_eq!(collected.feed(error), Err("gone".into()));
    }
}
