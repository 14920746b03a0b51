//! How to answer: OpenAI's sampling, format and reasoning fields as `generationConfig`.
//!
//! | OpenAI | `generationConfig` |
//! |---|---|
//! | `temperature top_p top_k seed presence_penalty frequency_penalty` | the same, in camel case |
//! | `max_completion_tokens`, or else `max_tokens` | `maxOutputTokens` |
//! | `stop` (one or many) | `stopSequences` |
//! | `n` (above 1) | `candidateCount` |
//! | `logprobs`, `top_logprobs` | `responseLogprobs`, `logprobs` |
//! | `response_format` json_object | `responseMimeType` |
//! | `response_format` json_schema | `responseMimeType`, `responseJsonSchema` |
//! | `reasoning_effort` | `thinkingConfig`, see below |
//! | `modalities` | `responseModalities` |
//! | `audio.voice` | `speechConfig` |
//!
//! | `reasoning_effort` | `thinkingBudget` (2.5) | `thinkingLevel` (3 and later) |
//! |---|---|---|
//! | none | 0; 128 where it can't be turned off | the least there is |
//! | minimal | 1024 | minimal, or else low |
//! | low | 1024 | low |
//! | medium | 8192 | medium, or else high |
//! | high, xhigh, max | 24576 | high |
//!
//! Thoughts are shown (`includeThoughts`) with every effort but none. A `none` that can't be
//! carried wholly, and any effort for a model that can't think, is named as dropped.
//!
//! Source: ai.google.dev, "OpenAI compatibility" (the table), `GenerationConfig` of
//! google.ai.generativelanguage.v1beta.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use super::model::{ModelName, Thinking};
use crate::Error;

/// Fields that mean the same under another name.
const SAME: [(&str, &str); 9] = [
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("n", "candidateCount"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
];
/// What a model that can't stop thinking takes at the least, in tokens.
const LEAST_BUDGET: u32 = 128;

/// Takes from `asked` what says how to answer.
pub(super) fn config(asked: &mut Asked, model: &ModelName) -> Result<Map<String, Value>, Error> {
    asked.take_where("n", &json!(1));
    asked.take_where("logprobs", &json!(false));
    let mut config = Map::new();
    for (ours, theirs) in SAME {
        if let Some(value) = asked.take(ours) {
            config.insert(theirs.into(), value);
        }
    }
    let old = asked.take("max_tokens");
    if let Some(limit) = asked.take("max_completion_tokens").or(old) {
        config.insert("maxOutputTokens".into(), limit);
    }
    match asked.take("stop") {
        Some(Value::String(one)) => config.insert("stopSequences".into(), json!([one])),
        Some(many) => config.insert("stopSequences".into(), many),
        None => None,
    };
    format(asked, &mut config)?;
    if let Some(thinking) = thinking(asked, model.thinking()) {
        config.insert("thinkingConfig".into(), thinking);
    }
    modalities(asked, &mut config)?;
    Ok(config)
}

fn format(asked: &mut Asked, config: &mut Map<String, Value>) -> Result<(), Error> {
    let Some(format) = asked.take("response_format") else {
        return Ok(());
    };
    let schema = match format["type"].as_str() {
        Some("text") => return Ok(()),
        Some("json_object") => None,
        Some("json_schema") => match format.pointer("/json_schema/schema") {
            Some(schema) => Some(schema.clone()),
            None => return Err(bad("`response_format.json_schema.schema` is missing")),
        },
        _ => {
            return Err(bad(
                "`response_format.type` must be text, json_object or json_schema",
            ));
        }
    };
    config.insert("responseMimeType".into(), json!("application/json"));
    if let Some(schema) = schema {
        config.insert("responseJsonSchema".into(), schema);
    }
    Ok(())
}

fn thinking(asked: &mut Asked, thinking: Thinking) -> Option<Value> {
    let effort = asked.get("reasoning_effort")?.as_str()?.to_owned();
    let (budget, level) = match &*effort {
        "none" => (0, "minimal"),
        "minimal" => (1024, "minimal"),
        "low" => (1024, "low"),
        "medium" => (8192, "medium"),
        "high" | "xhigh" | "max" => (24_576, "high"),
        _ => return None,
    };
    let none = effort == "none";
    let mut config = match thinking {
        Thinking::Never if none => {
            asked.take("reasoning_effort");
            return None;
        }
        Thinking::Never => return None,
        Thinking::Budget { can_stop } if none && !can_stop => {
            asked.note("reasoning_effort");
            json!({"thinkingBudget": LEAST_BUDGET})
        }
        Thinking::Budget { .. } => json!({"thinkingBudget": budget}),
        Thinking::Level { minimal, medium } => {
            if none {
                asked.note("reasoning_effort");
            }
            json!({"thinkingLevel": match level {
                "minimal" if !minimal => "low",
                "medium" if !medium => "high",
                level => level,
            }})
        }
    };
    if !none {
        config["includeThoughts"] = json!(true);
    }
    asked.take("reasoning_effort");
    Some(config)
}

fn modalities(asked: &mut Asked, config: &mut Map<String, Value>) -> Result<(), Error> {
    asked.take_where("modalities", &json!(["text"]));
    if let Some(modalities) = asked.take("modalities") {
        let upper = |modality: &Value| Some(modality.as_str()?.to_ascii_uppercase());
        let theirs = modalities
            .as_array()
            .and_then(|many| many.iter().map(upper).collect::<Option<Vec<_>>>())
            .ok_or_else(|| bad("`modalities` must be an array of words"))?;
        config.insert("responseModalities".into(), json!(theirs));
    }
    let Some(audio) = asked.take("audio") else {
        return Ok(());
    };
    if let Some(voice) = audio["voice"].as_str() {
        let voice = json!({"prebuiltVoiceConfig": {"voiceName": voice}});
        config.insert("speechConfig".into(), json!({"voiceConfig": voice}));
    }
    if audio["format"].as_str().is_some_and(|f| f != "pcm16") {
        asked.note("audio.format");
    }
    Ok(())
}
