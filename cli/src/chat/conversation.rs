//! What was said, and the request that says it all again.

use serde_json::{Value, json};

use crate::args::chat::ChatLlm;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) speaker: Speaker,
    pub(super) text: String,
}

/// The turns of this run, and how to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conversation {
    pub(super) system: Option<String>,
    pub(super) temperature: Option<f64>,
    pub(super) max_tokens: Option<u32>,
    pub(super) turns: Vec<Turn>,
}

impl Conversation {
    pub(super) fn new(args: &ChatLlm) -> Self {
        Self {
            system: args.system.clone(),
            temperature: args.temperature,
            max_tokens: args.max_tokens,
            turns: Vec::new(),
        }
    }

    pub(super) fn say(&mut self, speaker: Speaker, text: impl Into<String>) {
        let text = text.into();
        self.turns.push(Turn { speaker, text });
    }

    /// The last answer, where there is one.
    pub(super) fn last_answer(&self) -> Option<&str> {
        let mut answers = self.turns.iter().rev();
        let last = answers.find(|turn| turn.speaker == Speaker::Assistant)?;
        Some(&last.text)
    }

    /// Takes the last question and its answer back; the question.
    pub(super) fn take_back(&mut self) -> Option<String> {
        let is_question = |turn: &Turn| turn.speaker == Speaker::User;
        let at = self.turns.iter().rposition(is_question)?;
        let question = self.turns.drain(at..).next();
        question.map(|turn| turn.text)
    }

    /// The body of a chat completion request. Usage is asked for: streams leave it out otherwise.
    pub(super) fn request(&self, model: &str, stream: bool) -> Value {
        let mut body = json!({"model": model, "messages": self.messages(), "stream": stream});
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        if let Some(temperature) = self.temperature {
            body["temperature"] = temperature.into();
        }
        if let Some(max_tokens) = self.max_tokens {
            body["max_tokens"] = max_tokens.into();
        }
        body
    }

    fn messages(&self) -> Vec<Value> {
        let system = self.system.iter();
        let system = system.map(|text| json!({"role": "system", "content": text}));
        let turns = self.turns.iter().map(|turn| {
            let role = match turn.speaker {
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            };
            json!({"role": role, "content": turn.text})
        });
        system.chain(turns).collect()
    }

    /// The whole for a file: `{"model", "messages"}`, as a chat completion request has them.
    pub(super) fn to_file(&self, model: &str) -> Value {
        json!({"model": model, "messages": self.messages()})
    }

    /// Takes what [`Conversation::to_file`] wrote. Settings stay as they are.
    pub(super) fn load(&mut self, file: &Value) -> Result<(), String> {
        let messages = file.get("messages").unwrap_or(file);
        let messages = messages.as_array().ok_or("it holds no `messages` array")?;
        let (mut system, mut turns) = (None, Vec::new());
        for message in messages {
            let text = message.get("content").and_then(Value::as_str);
            let text = text.ok_or("a message has no text in `content`")?.to_owned();
            let speaker = match message.get("role").and_then(Value::as_str) {
                Some("system") => {
                    system = Some(text);
                    continue;
                }
                Some("user") => Speaker::User,
                Some("assistant") => Speaker::Assistant,
                _ => return Err("a message has a role other than system, user, assistant".into()),
            };
            turns.push(Turn { speaker, text });
        }
        (self.system, self.turns) = (system, turns);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Conversation {
        let mut conversation = Conversation {
            system: Some("be brief".into()),
            temperature: Some(0.5),
            ..Conversation::default()
        };
        conversation.say(Speaker::User, "one");
        conversation.say(Speaker::Assistant, "1");
        conversation.say(Speaker::User, "two");
        conversation
    }

    #[test]
    fn the_request_holds_all_turns_and_asks_for_usage() {
        assert_eq!(
            conversation().request("m", true),
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
                "temperature": 0.5, "messages": [
                    {"role": "system", "content": "be brief"},
                    {"role": "user", "content": "one"},
                    {"role": "assistant", "content": "1"},
                    {"role": "user", "content": "two"}]})
        );
        assert!(
            conversation()
                .request("m", false)
                .get("stream_options")
                .is_none()
        );
    }

    #[test]
    fn a_saved_conversation_loads_as_it_was() {
        let saved = conversation().to_file("m");
        let mut loaded = Conversation::default();
        loaded.load(&saved).unwrap();
        assert_eq!(loaded.turns, conversation().turns);
        assert_eq!(loaded.system, conversation().system);
        assert!(
            loaded
                .load(&json!({"messages": [{"role": "x", "content": ""}]}))
                .is_err()
        );
        assert_eq!(loaded.turns.len(), 3, "a broken file changes nothing");
    }

    #[test]
    fn taking_back_removes_the_question_and_what_followed() {
        let mut conversation = conversation();
        conversation.say(Speaker::Assistant, "2");
        assert_eq!(conversation.take_back().as_deref(), Some("two"));
        assert_eq!(conversation.last_answer(), Some("1"));
        assert_eq!(conversation.take_back().as_deref(), Some("one"));
        assert_eq!(conversation.take_back(), None);
    }
}
