//! OpenAI's request in Ollama's words.
//!
//! | OpenAI | Ollama |
//! |---|---|
//! | `messages` (text and image parts, `tool_calls`, `tool_call_id`) | `messages` (`content`, `images`, `tool_calls`, `tool_name`) |
//! | `tools`, `tool_choice: none` | `tools` |
//! | `response_format` json_object, json_schema | `format` |
//! | `reasoning_effort`, `think` | `think`, where the model can think |
//! | `temperature top_p top_k min_p seed stop max_tokens max_completion_tokens frequency_penalty presence_penalty` | `options` |
//!
//! Every other field that is not null is named in `dropped`. An image that is not inline is
//! refused: an answer that never saw it would mislead.

use serde_json::{Map, Value, json};

use super::catalogue::About;
use crate::Error;

/// A request in Ollama's words.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) body: Map<String, Value>,
    pub(super) stream: bool,
    /// The caller wants a last chunk with the usage.
    pub(super) include_usage: bool,
    /// What could not be carried.
    pub(super) dropped: Vec<String>,
}

/// [`chat`] or [`text`].
pub(super) type Mapper = fn(&mut Asked, &About, u32, bool) -> Result<Mapped, Error>;

/// The fields of the caller's request that nobody has dealt with yet.
#[derive(Debug)]
pub(super) struct Asked(Map<String, Value>);

impl Asked {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let fields = serde_json::from_slice(body);
        fields.map(Self).map_err(|wrong| bad(&wrong.to_string()))
    }

    pub(super) fn model(&self) -> &str {
        let model = self.0.get("model").and_then(Value::as_str);
        model.unwrap_or_default()
    }

    /// The field, where it is there and not null; from now on it counts as dealt with.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        // Not `swap_remove`: the order of what is left is the order it is reported in.
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    /// What nobody took.
    pub(super) fn left(&self) -> Vec<String> {
        let set = self.0.iter().filter(|(_, value)| !value.is_null());
        set.map(|(name, _)| name.clone()).collect()
    }

    /// `n: 1` and the like say what is so anyway.
    pub(super) fn take_where(&mut self, name: &str, says_nothing: &Value) {
        if self.0.get(name) == Some(says_nothing) {
            self.take(name);
        }
    }
}

pub(super) fn bad(why: &str) -> Error {
    Error::Unsupported(format!("the request can't be put to Ollama: {why}"))
}

/// `chat/completions` as `/api/chat`.
pub(super) fn chat(
    asked: &mut Asked,
    about: &About,
    num_ctx: u32,
    stream: bool,
) -> Result<Mapped, Error> {
    let mut body = Map::new();
    body.insert("model".into(), asked.take("model").unwrap_or_default());
    let messages = match asked.take("messages") {
        Some(Value::Array(messages)) => messages,
        _ => return Err(bad("`messages` must be an array")),
    };
    let mut calls = Vec::new();
    let messages: Result<Vec<Value>, Error> = messages
        .into_iter()
        .map(|message| turn(message, &mut calls))
        .collect();
    body.insert("messages".into(), messages?.into());
    let tools = asked.take("tools");
    if asked.0.get("tool_choice") == Some(&json!("none")) {
        asked.take("tool_choice");
    } else if let Some(tools) = tools {
        body.insert("tools".into(), tools);
        asked.take_where("tool_choice", &json!("auto"));
    }
    finish(asked, body, about, num_ctx, stream)
}

/// `completions` as `/api/generate`.
pub(super) fn text(
    asked: &mut Asked,
    about: &About,
    num_ctx: u32,
    stream: bool,
) -> Result<Mapped, Error> {
    let mut body = Map::new();
    body.insert("model".into(), asked.take("model").unwrap_or_default());
    let prompt = match asked.take("prompt") {
        Some(Value::Array(mut one)) if one.len() == 1 => one.remove(0),
        Some(prompt) => prompt,
        None => json!(""),
    };
    if !prompt.is_string() {
        return Err(bad("`prompt` must be one text"));
    }
    body.insert("prompt".into(), prompt);
    if let Some(suffix) = asked.take("suffix") {
        body.insert("suffix".into(), suffix);
    }
    asked.take_where("echo", &json!(false));
    asked.take_where("best_of", &json!(1));
    finish(asked, body, about, num_ctx, stream)
}

/// What chat and completion have in common.
fn finish(
    asked: &mut Asked,
    mut body: Map<String, Value>,
    about: &About,
    num_ctx: u32,
    stream: bool,
) -> Result<Mapped, Error> {
    asked.take("stream");
    body.insert("stream".into(), stream.into());
    if let Some(format) = format(asked)? {
        body.insert("format".into(), format);
    }
    if let Some(think) = think(asked, about) {
        body.insert("think".into(), think);
    }
    body.insert("options".into(), options(asked, num_ctx).into());
    let stream_options = asked.take("stream_options").unwrap_or_default();
    asked.take_where("n", &json!(1));
    Ok(Mapped {
        body,
        stream,
        include_usage: stream_options["include_usage"] == json!(true),
        dropped: asked.left(),
    })
}

fn format(asked: &mut Asked) -> Result<Option<Value>, Error> {
    let Some(format) = asked.take("response_format") else {
        return Ok(None);
    };
    match format["type"].as_str() {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(json!("json"))),
        Some("json_schema") => match format.pointer("/json_schema/schema") {
            Some(schema) => Ok(Some(schema.clone())),
            None => Err(bad("`response_format.json_schema.schema` is missing")),
        },
        _ => Err(bad(
            "`response_format.type` must be text, json_object or json_schema",
        )),
    }
}

fn think(asked: &mut Asked, about: &About) -> Option<Value> {
    if !about.can("reasoning") {
        // Ollama refuses the whole request over it. `none` asks for what is so anyway.
        asked.take_where("reasoning_effort", &json!("none"));
        asked.take_where("think", &json!(false));
        return None;
    }
    if let Some(think) = asked.take("think") {
        return Some(think);
    }
    let effort = asked.take("reasoning_effort")?;
    Some(match effort.as_str() {
        Some("none") => json!(false),
        Some("minimal") => json!("low"),
        Some("xhigh") => json!("high"),
        _ => effort,
    })
}

fn options(asked: &mut Asked, num_ctx: u32) -> Map<String, Value> {
    let mut options = Map::new();
    options.insert("num_ctx".into(), num_ctx.into());
    let same = [
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "frequency_penalty",
        "presence_penalty",
    ];
    for name in same {
        if let Some(value) = asked.take(name) {
            options.insert(name.into(), value);
        }
    }
    match asked.take("stop") {
        Some(Value::String(one)) => options.insert("stop".into(), json!([one])),
        Some(many) => options.insert("stop".into(), many),
        None => None,
    };
    let old = asked.take("max_tokens");
    if let Some(limit) = asked.take("max_completion_tokens").or(old) {
        options.insert("num_predict".into(), limit);
    }
    options
}

/// One message. `calls` collects the ids and names of the tool calls seen so far.
fn turn(message: Value, calls: &mut Vec<(String, String)>) -> Result<Value, Error> {
    let Value::Object(mut message) = message else {
        return Err(bad("every message must be an object"));
    };
    let role = match message.get("role").and_then(Value::as_str) {
        Some("developer") => "system".into(),
        Some("function") => "tool".into(),
        Some(role) => String::from(role),
        None => return Err(bad("a message has no `role`")),
    };
    let (content, images) = content(message.shift_remove("content"))?;
    let mut turn = Map::new();
    turn.insert("role".into(), role.clone().into());
    turn.insert("content".into(), content.into());
    if !images.is_empty() {
        turn.insert("images".into(), images.into());
    }
    let thought = message.shift_remove("reasoning_content");
    if let Some(Value::String(thought)) = thought.or_else(|| message.shift_remove("reasoning")) {
        turn.insert("thinking".into(), thought.into());
    }
    if let Some(Value::Array(made)) = message.shift_remove("tool_calls") {
        let made: Result<Vec<Value>, Error> = made.iter().map(|c| tool_call(c, calls)).collect();
        turn.insert("tool_calls".into(), made?.into());
    }
    if role == "tool" {
        let id = message.get("tool_call_id").and_then(Value::as_str);
        let called = calls.iter().rev().find(|(known, _)| Some(&**known) == id);
        let name = match called {
            Some((_, name)) => Some(name.as_str()),
            None => message.get("name").and_then(Value::as_str),
        };
        if let Some(name) = name {
            turn.insert("tool_name".into(), name.into());
        }
        if let Some(id) = id {
            turn.insert("tool_call_id".into(), id.into());
        }
    }
    Ok(turn.into())
}

/// The text of a message, and its images in base64.
fn content(content: Option<Value>) -> Result<(String, Vec<Value>), Error> {
    let parts = match content {
        None | Some(Value::Null) => return Ok(Default::default()),
        Some(Value::String(text)) => return Ok((text, Vec::new())),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(bad("`content` must be a text or an array of parts")),
    };
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in &parts {
        match part["type"].as_str() {
            Some("text") => texts.push(part["text"].as_str().unwrap_or_default()),
            Some("refusal") => texts.push(part["refusal"].as_str().unwrap_or_default()),
            Some("image_url") => images.push(image(&part["image_url"])?.into()),
            other => {
                let other = other.unwrap_or("without a type");
                return Err(bad(&format!(
                    "it takes text and images, not a part {other}"
                )));
            }
        }
    }
    Ok((texts.join("\n"), images))
}

fn image(url: &Value) -> Result<&str, Error> {
    let url = url["url"].as_str().or(url.as_str()).unwrap_or_default();
    let data = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','));
    match data {
        Some((kind, data)) if kind.ends_with(";base64") => Ok(data),
        _ => Err(bad(
            "it takes images as `data:image/...;base64,...` only, and fetches no URL",
        )),
    }
}

/// OpenAI writes the arguments as a text of JSON, Ollama as an object.
fn tool_call(call: &Value, calls: &mut Vec<(String, String)>) -> Result<Value, Error> {
    let function = &call["function"];
    let name = function["name"].as_str().unwrap_or_default();
    let arguments = match &function["arguments"] {
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(text)
            .map_err(|_| bad(&format!("the arguments of a call of `{name}` are not JSON")))?,
        Value::Null => json!({}),
        other => other.clone(),
    };
    let mut mapped = Map::new();
    if let Some(id) = call["id"].as_str() {
        calls.push((id.into(), name.into()));
        mapped.insert("id".into(), id.into());
    }
    let function = json!({"name": name, "arguments": arguments});
    mapped.insert("function".into(), function);
    Ok(mapped.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(asked: Value) -> Result<Mapped, Error> {
        let mut asked = Asked::read(asked.to_string().as_bytes())?;
        chat(&mut asked, &About::default(), 8192, true)
    }

    #[test]
    fn everything_that_ollama_knows_is_carried() {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let tool =
            json!({"type": "function", "function": {"name": "weather", "parameters": schema}});
        let mapped = mapped(json!({
            "model": "llama3.2:3b", "stream": true, "stream_options": {"include_usage": true},
            "temperature": 0.2, "top_p": 0.9, "seed": 7, "stop": "END", "max_tokens": 10,
            "max_completion_tokens": 20, "frequency_penalty": 0.5, "presence_penalty": null, "n": 1,
            "tools": [tool], "tool_choice": "auto", "reasoning_effort": "minimal",
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
            "messages": [
                {"role": "developer", "content": "be brief"},
                {"role": "user", "content": [
                    {"type": "text", "text": "what is"}, {"type": "text", "text": "this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
                {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            ],
        }))
        .unwrap();
        assert_eq!(mapped.dropped, [""; 0]);
        assert!(mapped.include_usage && mapped.stream);
        let expected = json!({
            "model": "llama3.2:3b",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "what is\nthis?", "images": ["aGk="]},
                {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [
                    {"id": "c1", "function": {"name": "weather", "arguments": {"city": "Bern"}}}]},
                {"role": "tool", "content": "rain", "tool_name": "weather", "tool_call_id": "c1"},
            ],
            "tools": [tool],
            "stream": true,
            "format": schema,
            "think": "low",
            "options": {"num_ctx": 8192, "temperature": 0.2, "top_p": 0.9, "seed": 7,
                "frequency_penalty": 0.5, "stop": ["END"], "num_predict": 20},
        });
        assert_eq!(Value::Object(mapped.body), expected);
    }

    #[test]
    fn what_can_t_be_carried_is_named_in_the_caller_s_order() {
        let mapped = mapped(json!({
            "model": "m", "messages": [], "logit_bias": {"1": 2}, "n": 3, "user": "u", "logprobs": null,
            "tools": [], "tool_choice": "required",
        }))
        .unwrap();
        assert_eq!(mapped.dropped, ["logit_bias", "n", "user", "tool_choice"]);
    }

    #[test]
    fn no_tool_is_offered_where_none_may_be_called() {
        let asked = json!({"model": "m", "messages": [], "tools": [1], "tool_choice": "none"});
        let mapped = mapped(asked).unwrap();
        assert!(!mapped.body.contains_key("tools") && mapped.dropped.is_empty());
    }

    #[test]
    fn a_model_that_can_not_think_is_not_asked_to() {
        let about = About {
            capabilities: Some(vec!["chat".into()]),
            ..About::default()
        };
        let asked = |effort: &str| {
            let body = json!({"model": "m", "messages": [], "reasoning_effort": effort});
            let mut asked = Asked::read(body.to_string().as_bytes()).unwrap();
            chat(&mut asked, &about, 1, false).unwrap()
        };
        assert_eq!(asked("high").dropped, ["reasoning_effort"]);
        assert!(asked("none").dropped.is_empty());
        assert!(!asked("high").body.contains_key("think"));
    }

    #[test]
    fn what_would_change_the_meaning_is_refused() {
        let why = |message: Value| {
            let asked = json!({"model": "m", "messages": [message]});
            mapped(asked).unwrap_err().to_string()
        };
        let far = json!({"type": "image_url", "image_url": {"url": "https://host/a.png"}});
        assert!(why(json!({"role": "user", "content": [far]})).contains("fetches no URL"));
        let sound = json!({"type": "input_audio"});
        assert!(why(json!({"role": "user", "content": [sound]})).contains("input_audio"));
        let call = json!({"id": "c", "function": {"name": "f", "arguments": "{"}});
        assert!(why(json!({"role": "assistant", "tool_calls": [call]})).contains("`f`"));
        assert!(why(json!("hi")).contains("object"));
    }

    #[test]
    fn a_completion_is_one_prompt() {
        let map = |prompt: Value| {
            let body = json!({"model": "m", "prompt": prompt, "max_tokens": 5, "echo": false});
            let mut asked = Asked::read(body.to_string().as_bytes()).unwrap();
            text(&mut asked, &About::default(), 4096, false)
        };
        let mapped = map(json!(["one"])).unwrap();
        assert!(mapped.dropped.is_empty());
        assert_eq!(
            Value::Object(mapped.body),
            json!({"model": "m", "prompt": "one", "stream": false,
                "options": {"num_ctx": 4096, "num_predict": 5}})
        );
        assert!(map(json!(["one", "two"])).is_err());
    }
}
