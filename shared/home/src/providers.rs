//! `providers` of `config.json`: entries are added beside what is there, and nothing is lost.
//!
//! What an entry means in full is mcplocal's to say; here only what tells one from another.

use serde_json::{Map, Value};

use crate::Config;

const PROVIDERS: &str = "providers";
const PUBLISH: &str = "publish";

/// What tells one provider from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEntry {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its dialect, as it is written.
    pub provider_type: String,
    /// Its base URL, or the usual one of its dialect.
    pub url: String,
    /// Its model, where it names one.
    pub model: Option<String>,
    /// Whether it is to be offered.
    pub publish: bool,
}

/// What became of an entry that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Added,
    /// It was there, and is published now.
    Published,
    /// It was there and published: nothing changed.
    Kept,
    /// Another provider has its name: nothing changed.
    NameTaken,
    /// `providers` is no array: nothing changed.
    NoList,
}

impl ProviderEntry {
    /// Reads an entry; `None` where it is no object.
    pub fn read(entry: &Value) -> Option<Self> {
        let fields = entry.as_object()?;
        let text = |field: &str| fields.get(field).and_then(Value::as_str);
        let provider_type = text("type").unwrap_or_default();
        let url = text("url").unwrap_or_else(|| usual_url(provider_type));
        Some(Self {
            name: text("name").unwrap_or_default().into(),
            provider_type: provider_type.into(),
            url: url.into(),
            model: text("model").map(Into::into),
            publish: fields.get(PUBLISH) == Some(&Value::Bool(true)),
        })
    }

    /// Whether `other` is the same model of the same server, whatever its name.
    pub fn is_same_model(&self, other: &Self) -> bool {
        let model = |entry: &Self| {
            let model = entry.model.clone().unwrap_or_default();
            model.strip_suffix(":latest").unwrap_or(&model).to_owned()
        };
        self.provider_type == other.provider_type
            && one_spelling(&self.url) == one_spelling(&other.url)
            && model(self) == model(other)
    }
}

impl Config {
    /// The providers, in the file's order. What is no object is left out.
    pub fn providers(&self) -> Vec<ProviderEntry> {
        let entries = self.field(PROVIDERS).and_then(Value::as_array);
        let entries = entries.into_iter().flatten();
        entries.filter_map(ProviderEntry::read).collect()
    }

    /// Adds a provider that is published, or publishes the one that is there. Other fields of an
    /// entry that is there stay as they are.
    pub fn put_provider(&mut self, entry: Map<String, Value>) -> Put {
        let entry = Value::Object(entry);
        let Some(wanted) = ProviderEntry::read(&entry) else {
            return Put::NoList;
        };
        let list = self.root_mut().entry(PROVIDERS);
        let Some(list) = list
            .or_insert_with(|| Value::Array(Vec::new()))
            .as_array_mut()
        else {
            return Put::NoList;
        };
        let of_name = |there: &&mut Value| {
            ProviderEntry::read(there).is_some_and(|there| there.name == wanted.name)
        };
        let Some(there) = list.iter_mut().find(of_name) else {
            list.push(entry);
            return Put::Added;
        };
        match ProviderEntry::read(there) {
            Some(known) if !known.is_same_model(&wanted) => Put::NameTaken,
            Some(known) if known.publish => Put::Kept,
            _ => {
                if let Some(fields) = there.as_object_mut() {
                    fields.insert(PUBLISH.into(), true.into());
                }
                Put::Published
            }
        }
    }

    /// Sets the server that mcplocal publishes to.
    pub fn set_server(&mut self, server: &crate::ServerUrl) {
        self.root_mut()
            .insert("server".into(), server.as_str().into());
    }
}

/// Where mcplocal looks for a provider that names no URL.
fn usual_url(provider_type: &str) -> &'static str {
    match provider_type {
        "openai" => "http://127.0.0.1:8000/v1",
        "ollama" => "http://127.0.0.1:11434",
        _ => "",
    }
}

fn one_spelling(url: &str) -> String {
    let url = url.trim().trim_end_matches('/').to_ascii_lowercase();
    url.replacen("://localhost", "://127.0.0.1", 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Home;
    use crate::test_folder::TestFolder;

    fn config(text: &str) -> (TestFolder, Home) {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = TestFolder::new(&format!("providers-{count}"));
        let home = Home::at(folder.path());
        std::fs::write(home.config_path(), text).unwrap();
        (folder, home)
    }

    fn put(home: &Home, entry: Value) -> Put {
        let Value::Object(entry) = entry else {
            panic!("an object")
        };
        Config::edit(home, |config| config.put_provider(entry)).unwrap()
    }

    fn stored(home: &Home) -> Value {
        serde_json::from_slice(&std::fs::read(home.config_path()).unwrap()).unwrap()
    }

    #[test]
    fn a_new_entry_stands_behind_those_that_are_there_and_nothing_else_changes() {
        let (_folder, home) =
            config(r#"{"x": 1, "providers": [{"name": "a", "own": [1]}], "y": 2}"#);
        let entry = json!({"name": "b", "type": "ollama", "model": "m", "publish": true});
        assert_eq!(put(&home, entry.clone()), Put::Added);
        assert_eq!(put(&home, entry), Put::Kept);
        assert_eq!(
            stored(&home).to_string(),
            r#"{"x":1,"providers":[{"name":"a","own":[1]},{"name":"b","type":"ollama","model":"m","publish":true}],"y":2}"#
        );
    }

    #[test]
    fn an_entry_that_is_there_is_published_and_keeps_its_fields() {
        let (_folder, home) = config(
            r#"{"providers": [{"name": "a", "publish": false, "type": "ollama", "model": "m:latest", "numCtx": 9}]}"#,
        );
        let entry = json!({"name": "a", "type": "ollama", "url": "http://localhost:11434/",
            "model": "m", "publish": true});
        assert_eq!(put(&home, entry), Put::Published);
        assert_eq!(
            stored(&home)["providers"].to_string(),
            r#"[{"name":"a","publish":true,"type":"ollama","model":"m:latest","numCtx":9}]"#
        );
    }

    #[test]
    fn another_provider_of_the_name_is_never_overwritten() {
        let (_folder, home) = config(r#"{"providers": [{"name": "a", "type": "demo"}]}"#);
        let before = stored(&home);
        let entry = json!({"name": "a", "type": "ollama", "model": "m", "publish": true});
        assert_eq!(put(&home, entry.clone()), Put::NameTaken);
        assert_eq!(stored(&home), before);
        let (_folder, home) = config(r#"{"providers": {"a": 1}}"#);
        assert_eq!(put(&home, entry), Put::NoList);
        assert_eq!(stored(&home), json!({"providers": {"a": 1}}));
    }

    #[test]
    fn a_provider_without_an_address_has_that_of_its_dialect() {
        let read = |entry: Value| ProviderEntry::read(&entry).unwrap();
        let one = read(json!({"name": "a", "type": "openai", "model": "m"}));
        let other = json!({"name": "b", "type": "openai", "url": "http://LOCALHOST:8000/v1/", "model": "m"});
        assert!(one.is_same_model(&read(other)));
        let elsewhere = json!({"type": "openai", "url": "http://127.0.0.1:8080/v1", "model": "m"});
        assert!(!one.is_same_model(&read(elsewhere)));
    }
}
