//! Behaviours asked for in the prompt, for clients that can't send the vendor field `mock`: an unmodified SDK, or a
//! caller whose request is translated on its way.
//!
//! ```text
//! Weather in Oslo? [[mock {"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}]]
//! ```
//!
//! The words in the double brackets are a [`Behaviour`]. They count in the last message alone, so that a conversation
//! can go on; after the results of tools the answer repeats those, so that a caller sees that they arrived.

use super::behaviour::Behaviour;
use memchr::memmem;
use serde_json::Value;

/// Where a cue begins. No other text of a test has it.
const OPENING: &str = "[[mock ";

/// What the prompt in `body` asks for; `None` where it asks for nothing.
///
/// # Errors
/// When the cue is no behaviour, with what is wrong.
pub(super) fn find(body: &[u8]) -> Result<Option<Behaviour>, String> {
    // A request without a cue must not pay for a second reading.
    if memmem::find(body, OPENING.as_bytes()).is_none() {
        return Ok(None);
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(results) = tool_results(&body) {
        return Ok(Some(Behaviour {
            text: Some(results),
            ..Behaviour::default()
        }));
    }
    let prompt = last_text(&body);
    let Some(at) = prompt.rfind(OPENING) else {
        return Ok(None);
    };
    let mut values =
        serde_json::Deserializer::from_str(&prompt[at + OPENING.len()..]).into_iter::<Behaviour>();
    let Some(asked) = values.next() else {
        return Err("the cue in the prompt is empty".to_owned());
    };
    let mut asked = asked.map_err(|error| format!("the cue in the prompt: {error}"))?;
    if let Some(member) = &asked.echo {
        let echoed = if member == "body" {
            &body
        } else {
            &body[member.as_str()]
        };
        asked.text = Some(echoed.to_string());
    }
    Ok(Some(asked))
}

/// The contents of the tool messages at the conversation's end, as `results: ID=CONTENT; …`.
fn tool_results(body: &Value) -> Option<String> {
    let messages = body["messages"].as_array()?;
    let newest = messages
        .iter()
        .rev()
        .take_while(|message| message["role"] == "tool");
    let mut results: Vec<String> = newest
        .map(|message| {
            let id = message["tool_call_id"].as_str().unwrap_or("?");
            format!("{id}={}", text_of(&message["content"]))
        })
        .collect();
    results.reverse();
    (!results.is_empty()).then(|| format!("results: {}", results.join("; ")))
}

/// The text of the last message of a chat, of `prompt`, or of `input`.
fn last_text(body: &Value) -> String {
    ["messages", "prompt", "input"]
        .iter()
        .map(|member| match &body[*member] {
            Value::Array(items) => items.last().map_or_else(String::new, text_of),
            other => text_of(other),
        })
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// The text of a message, of its content, or of the parts of its content.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of).collect(),
        Value::Object(part) => part
            .get("text")
            .or_else(|| part.get("content"))
            .map_or_else(String::new, text_of),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(body: Value) -> Option<Behaviour> {
        find(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_cue_is_read_from_the_last_message_in_all_its_shapes() {
        let cue = r#"Do. [[mock {"tokens":3,"tool_calls":[{"name":"f","arguments":{"a":[[1]]}}]}]] Please."#;
        for body in [
            json!({"messages": [{"role": "user", "content": cue}]}),
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": cue}]}]}),
            json!({"prompt": cue}),
            json!({"input": [cue]}),
        ] {
            let asked = found(body).unwrap();
            assert_eq!((asked.tokens, asked.tool_calls.len()), (3, 1));
            assert_eq!(asked.tool_calls[0].arguments, json!({"a": [[1]]}));
        }
    }

    #[test]
    fn an_older_message_asks_for_nothing() {
        let old = json!({"role": "user", "content": "[[mock {\"status\":500}]]"});
        assert_eq!(
            found(json!({"messages": [old, {"role": "user", "content": "And now?"}]})),
            None
        );
        let result = |id, text| json!({"role": "tool", "tool_call_id": id, "content": text});
        let answered = json!({"messages": [old, result("a", "1"), result("b", "2")]});
        assert_eq!(
            found(answered).unwrap().text.as_deref(),
            Some("results: a=1; b=2")
        );
    }

    #[test]
    fn what_was_received_can_be_asked_back() {
        let body = json!({"tools": [1], "prompt": "[[mock {\"echo\":\"tools\"}]]"});
        assert_eq!(found(body).unwrap().text.as_deref(), Some("[1]"));
    }

    #[test]
    fn a_misspelt_cue_is_an_error() {
        let body = json!({"prompt": "[[mock {\"tokenz\":1}]]"});
        assert!(
            find(body.to_string().as_bytes())
                .unwrap_err()
                .contains("tokenz")
        );
    }
}
