//! What was said, and the request that says it all again.

use serde_json::{Value, json};

use super::attachment::{Attachment, content};
use super::settings::Settings;

/// The version of the file that [`Conversation::to_file`] writes.
const VERSION: u64 = 1;

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
    pub(super) files: Vec<Attachment>,
}

/// A question with the files that go with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) files: Vec<Attachment>,
}

/// The turns of this run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conversation {
    pub(super) system: Option<String>,
    pub(super) turns: Vec<Turn>,
}

impl Conversation {
    pub(super) fn new(system: Option<String>) -> Self {
        Self {
            system,
            turns: Vec::new(),
        }
    }

    pub(super) fn ask(&mut self, question: Question) {
        self.turns.push(Turn {
            speaker: Speaker::User,
            text: question.text,
            files: question.files,
        });
    }

    pub(super) fn answer(&mut self, text: String) {
        self.turns.push(Turn {
            speaker: Speaker::Assistant,
            text,
            files: Vec::new(),
        });
    }

    /// The last answer, where there is one.
    pub(super) fn last_answer(&self) -> Option<&str> {
        let mut answers = self.turns.iter().rev();
        let last = answers.find(|turn| turn.speaker == Speaker::Assistant)?;
        Some(&last.text)
    }

    /// Takes the last question and its answer back; the question.
    pub(super) fn take_back(&mut self) -> Option<Question> {
        let is_question = |turn: &Turn| turn.speaker == Speaker::User;
        let at = self.turns.iter().rposition(is_question)?;
        let question = self.turns.drain(at..).next();
        question.map(|turn| Question {
            text: turn.text,
            files: turn.files,
        })
    }

    /// The body of a chat completion request. Usage is asked for: streams leave it out otherwise.
    pub(super) fn request(&self, model: &str, settings: &Settings) -> Value {
        let stream = !settings.no_stream;
        let mut body = json!({"model": model, "messages": self.messages(), "stream": stream});
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        settings.put_into(&mut body);
        body
    }

    fn messages(&self) -> Vec<Value> {
        let turns = self.turns.iter().map(|turn| {
            let content = content(&turn.text, &turn.files);
            json!({"role": role(turn.speaker), "content": content})
        });
        self.system_message().into_iter().chain(turns).collect()
    }

    fn system_message(&self) -> Option<Value> {
        let text = self.system.as_ref()?;
        Some(json!({"role": "system", "content": text}))
    }

    /// The whole for a file. `messages` are those of a chat completion request, but that files
    /// stand beside the text and not in it.
    pub(super) fn to_file(&self, model: &str, at: &str) -> Value {
        let turns = self.turns.iter().map(|turn| {
            let mut message = json!({"role": role(turn.speaker), "content": turn.text});
            if !turn.files.is_empty() {
                let files = turn.files.iter().map(Attachment::to_json);
                message["files"] = files.collect();
            }
            message
        });
        let messages: Vec<Value> = self.system_message().into_iter().chain(turns).collect();
        json!({"version": VERSION, "model": model, "savedAt": at, "messages": messages})
    }

    /// Takes what [`Conversation::to_file`] wrote, or the messages of a request.
    pub(super) fn from_file(file: &Value) -> Result<Self, String> {
        let version = file.get("version").and_then(Value::as_u64);
        if version.is_some_and(|version| version > VERSION) {
            return Err("it was written by a newer mcpctl".into());
        }
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
            let files = message.get("files").and_then(Value::as_array);
            let files = files.into_iter().flatten().map(Attachment::from_json);
            let files: Option<Vec<_>> = files.collect();
            let files = files.ok_or("a file of a message can't be read")?;
            turns.push(Turn {
                speaker,
                text,
                files,
            });
        }
        Ok(Self { system, turns })
    }
}

fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
    }
}

#[cfg(test)]
mod tests {
    use super::super::attachment::Content;
    use super::*;

    fn question(text: &str) -> Question {
        Question {
            text: text.into(),
            files: Vec::new(),
        }
    }

    fn conversation() -> Conversation {
        let mut conversation = Conversation::new(Some("be brief".into()));
        conversation.ask(question("one"));
        conversation.answer("1".into());
        conversation.ask(question("two"));
        conversation
    }

    #[test]
    fn the_request_holds_all_turns_and_asks_for_usage() {
        let mut settings = Settings {
            temperature: Some(0.5),
            ..Settings::default()
        };
        assert_eq!(
            conversation().request("m", &settings),
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
                "temperature": 0.5, "messages": [
                    {"role": "system", "content": "be brief"},
                    {"role": "user", "content": "one"},
                    {"role": "assistant", "content": "1"},
                    {"role": "user", "content": "two"}]})
        );
        settings.no_stream = true;
        let whole = conversation().request("m", &settings);
        assert!(whole.get("stream_options").is_none());
    }

    #[test]
    fn a_saved_conversation_loads_as_it_was() {
        let mut saved = conversation();
        saved.turns[0].files.push(Attachment {
            name: "a.txt".into(),
            content: Content::Text("inside".into()),
        });
        let file = saved.to_file("m", "2026-01-01T00:00:00Z");
        assert_eq!(Conversation::from_file(&file), Ok(saved));
        assert_eq!(file["messages"][1]["content"], "one");
    }

    #[test]
    fn what_is_no_conversation_is_refused() {
        let why = |file: Value| Conversation::from_file(&file).unwrap_err();
        assert!(why(json!({"messages": [{"role": "x", "content": ""}]})).contains("role"));
        assert!(why(json!({"version": 2, "messages": []})).contains("newer"));
        assert!(why(json!("text")).contains("`messages`"));
    }

    #[test]
    fn taking_back_removes_the_question_and_what_followed() {
        let mut conversation = conversation();
        conversation.answer("2".into());
        assert_eq!(conversation.take_back(), Some(question("two")));
        assert_eq!(conversation.last_answer(), Some("1"));
        assert_eq!(conversation.take_back(), Some(question("one")));
        assert_eq!(conversation.take_back(), None);
    }
}
