//! A caller's body on its way to a provider: only the intended members change, the rest stays as written.

use fuzzing::{corpus, mutated_text};
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::chat_body::read;

/// The members of an object in order, each as written; a key may come twice.
#[derive(Debug)]
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut all = Vec::new();
                while let Some(member) = map.next_entry()? {
                    all.push(member);
                }
                Ok(Members(all))
            }
        }
        from.deserialize_map(All)
    }
}

impl Members {
    fn of(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.get())
    }

    /// All but these, as written.
    fn others(&self, keys: &[&str]) -> Vec<(&str, &str)> {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| !keys.contains(&name.as_str()));
        kept.map(|(name, value)| (name.as_str(), value.get()))
            .collect()
    }

    fn count(&self, key: &str) -> usize {
        self.0.iter().filter(|(name, _)| name == key).count()
    }
}

/// Whether `include_usage` can be set in these `stream_options`.
fn takes_usage(options: Option<&str>) -> bool {
    options.is_none_or(|options| options == "null" || options.starts_with('{'))
}

/// The members of `stream_options` but for the one that we set.
fn own(options: Option<&str>) -> Vec<(String, String)> {
    let members = Members::of(options.unwrap_or("null").as_bytes());
    let members = members.map(|members| {
        let kept = members.others(&["include_usage"]).into_iter();
        kept.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    });
    members.unwrap_or_default()
}

const READ: [&str; 9] = [
    "model",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
    "temperature",
    "include_usage",
];

/// By a parser: whether all that we read is of a type that we take, and there once.
fn is_usable(body: &[u8]) -> bool {
    let Some(members) = Members::of(body) else {
        return false;
    };
    let options = members.get("stream_options").unwrap_or("null");
    let once = |members: &Members| READ.iter().all(|key| members.count(key) < 2);
    let is = |key: &str, fits: fn(&Value) -> bool| {
        let value = members.get(key).unwrap_or("null");
        serde_json::from_str(value).is_ok_and(|value| fits(&value))
    };
    READ[..8].iter().all(|key| members.count(key) < 2)
        && is("model", |value| value.is_string() || value.is_null())
        && is("stream", |value| value.is_boolean() || value.is_null())
        && match Members::of(options.as_bytes()) {
            Some(options) => once(&options),
            // An object with a name that is no text (half a surrogate pair) is refused; what is no object is taken.
            None => !options.starts_with('{'),
        }
}

fn recorded() -> Vec<String> {
    let mut all = corpus::requests("");
    all.push(
        r#"{"model":"m","stream":true,"stream_options":{"include_usage":false,"x":1.00}}"#.into(),
    );
    all.push(
        r#"{"stream":true,"stream_options":null,"n":2,"max_tokens":-1,"temperature":1e300}"#.into(),
    );
    all.push("{}".into());
    all
}

fuzzing::targets! {
    fn only_what_is_meant_changes_in_a_callers_body(
        body in mutated_text(&recorded()),
        model in fuzzing::odd_strings(),
        ask_usage in any::<bool>(),
    ) {
        let head = match read(&body) {
            Ok(head) => head,
            Err(_) => {
                prop_assert!(!is_usable(&body), "a body that a parser takes is refused");
                return Ok(());
            }
        };
        let before = Members::of(&body).expect("what was read is an object");
        let name: Option<Value> = before.get("model").map(|model| serde_json::from_str(model).unwrap());
        prop_assert_eq!(head.model(&body), name.as_ref().and_then(Value::as_str).map(String::from));
        prop_assert_eq!(head.stream, before.get("stream") == Some("true"));

        let edited = head.for_provider(&body, &model, ask_usage).unwrap_or_else(|| body.to_vec());
        let after = Members::of(&edited).expect("what is sent is an object");
        prop_assert_eq!((after.count("model"), after.count("stream_options") < 2), (1, true));
        let sent: String = serde_json::from_str(after.get("model").unwrap()).unwrap();
        prop_assert_eq!(sent, model);
        let both = ["model", "stream_options"];
        prop_assert_eq!(after.others(&both), before.others(&both));
        let (had, has) = (before.get("stream_options"), after.get("stream_options"));
        if ask_usage && head.stream && takes_usage(had) {
            let set = Members::of(has.unwrap().as_bytes()).expect("options are an object");
            prop_assert_eq!((set.count("include_usage"), set.get("include_usage")), (1, Some("true")));
            prop_assert_eq!(own(has), own(had));
            prop_assert!(read(&edited).unwrap().include_usage);
        } else {
            prop_assert_eq!(has, had);
        }
        // Once it is right, nothing is left to do.
        prop_assert_eq!(read(&edited).unwrap().for_provider(&edited, &sent_model(&after), ask_usage), None);
    }
}

fn sent_model(members: &Members) -> String {
    serde_json::from_str(members.get("model").unwrap()).unwrap()
}
