//! `config.json`: which servers there are and which one is meant.
//!
//! ```json
//! { "server": "http://127.0.0.1:8765",
//!   "contexts": { "team": { "server": "https://mcpd.example" } },
//!   "currentContext": "team",
//!   "providers": [] }
//! ```
//!
//! The file belongs to its user: it is edited as a JSON value, so that order and fields that we
//! don't know stay as they were. `providers` is mcplocal's.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::private_file::{FileError, lock_for_edit, read, write_private};
use crate::{Home, ServerUrl};

const SERVER: &str = "server";
const CONTEXTS: &str = "contexts";
const CURRENT: &str = "currentContext";

/// What stands in `config.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    root: Map<String, Value>,
}

/// A named server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What the user calls it.
    pub name: String,
    /// Its URL as it stands in the file.
    pub server: String,
}

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not JSON, or a field that we need has the wrong type.
    #[error("{} is not valid: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line or field.
        why: String,
    },
}

impl Config {
    /// Reads the file; an empty configuration where there is none.
    ///
    /// Errors: [`ConfigError`], with line and column where the JSON is broken.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        let path = home.config_path();
        let bytes = read(&path)?.unwrap_or_default();
        Self::parse(&bytes).map_err(|why| ConfigError::Invalid { path, why })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self { root: Map::new() });
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|why| why.to_string())?;
        let Value::Object(root) = value else {
            return Err("the whole must be an object, `{ ... }`".into());
        };
        let config = Self { root };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        for field in [SERVER, CURRENT] {
            if self.root.get(field).is_some_and(|value| !value.is_string()) {
                return Err(format!("`{field}` must be a string"));
            }
        }
        match self.root.get(CONTEXTS) {
            None | Some(Value::Object(_)) => Ok(()),
            Some(_) => Err(format!("`{CONTEXTS}` must be an object")),
        }
    }

    /// Reads the file, changes it by `edit` and writes it back, alone among all programs.
    pub fn edit<T>(home: &Home, edit: impl FnOnce(&mut Self) -> T) -> Result<T, ConfigError> {
        let path = home.config_path();
        let _lock = lock_for_edit(&path)?;
        let mut config = Self::load(home)?;
        let before = config.clone();
        let result = edit(&mut config);
        if config != before {
            let mut text = format!("{:#}", Value::Object(config.root));
            text.push('\n');
            write_private(&path, text.as_bytes())?;
        }
        Ok(result)
    }

    /// The contexts, in the file's order. One without a `server` is left out.
    pub fn contexts(&self) -> Vec<Context> {
        let contexts = self.root.get(CONTEXTS).and_then(Value::as_object);
        let each = contexts.into_iter().flatten();
        each.filter_map(|(name, context)| {
            Some(Context {
                name: name.clone(),
                server: context.get(SERVER)?.as_str()?.into(),
            })
        })
        .collect()
    }

    /// The context called `name`.
    pub fn context(&self, name: &str) -> Option<Context> {
        self.contexts()
            .into_iter()
            .find(|context| context.name == name)
    }

    /// The name of the context in use.
    pub fn current_context(&self) -> Option<&str> {
        self.root.get(CURRENT).and_then(Value::as_str)
    }

    /// The server of the file's own `server` field.
    pub fn server(&self) -> Option<&str> {
        self.root.get(SERVER).and_then(Value::as_str)
    }

    /// The value of any other field, such as `providers`.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.root.get(name)
    }

    /// The whole as it stands in the file; changes by [`Config::edit`] are written back.
    pub fn root_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.root
    }

    /// Adds a context, or moves the one of this name to another server (other fields stay), and
    /// makes it the current one. Sets `server` where the file names none: mcplocal reads it.
    pub fn put_context(&mut self, name: &str, server: &ServerUrl) {
        let contexts = self.root.entry(CONTEXTS).or_insert_with(|| json!({}));
        if let Some(contexts) = contexts.as_object_mut() {
            let context = contexts.entry(name).or_insert_with(|| json!({}));
            match context.as_object_mut() {
                Some(context) => {
                    context.insert(SERVER.into(), server.as_str().into());
                }
                None => *context = json!({SERVER: server.as_str()}),
            }
        }
        self.root.insert(CURRENT.into(), name.into());
        self.root
            .entry(SERVER)
            .or_insert_with(|| server.as_str().into());
    }

    /// Makes the context called `name` the current one; whether there is such a context.
    pub fn use_context(&mut self, name: &str) -> bool {
        let known = self.context(name).is_some();
        if known {
            self.root.insert(CURRENT.into(), name.into());
        }
        known
    }

    /// Removes the context called `name`, also as the current one; whether there was one.
    pub fn delete_context(&mut self, name: &str) -> bool {
        let contexts = self.root.get_mut(CONTEXTS).and_then(Value::as_object_mut);
        let removed = contexts.and_then(|contexts| contexts.shift_remove(name));
        if removed.is_some() && self.current_context() == Some(name) {
            self.root.shift_remove(CURRENT);
        }
        removed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_folder::TestFolder;

    const RECORDED: [&str; 3] = [
        r#"{"zoo": 1.00, "server": "http://s", "providers": [{"name": "a", "type": "ollama", "model": "m:latest", "publish": false, "numCtx": 9}],
            "contexts": {"b": {"server": "http://b", "note": "mine", "t": 0.30000000000000004}, "team": {"server": "https://h"}}, "currentContext": "b", "alpha": null}"#,
        r#"{"contexts": {"a": "http://a", "b": {}}, "providers": {"a": 1}}"#,
        "{}",
    ];

    /// All but what an edit may touch, in its order.
    fn others(config: &Config, touched: &[&str]) -> Vec<(String, Value)> {
        let fields = config
            .root
            .iter()
            .filter(|(name, _)| !touched.contains(&name.as_str()));
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    fuzzing::targets! {
        fn an_edit_of_any_file_keeps_what_it_does_not_mean(file in fuzzing::mutated(&RECORDED), name in "team|a|b|") {
            let Ok(mut config) = Config::parse(file.to_string().as_bytes()) else { return Ok(()) };
            let before = config.clone();
            config.put_context(&name, &url("https://new"));
            prop_assert_eq!(config.context(&name).map(|context| context.server), Some("https://new".into()));
            prop_assert_eq!(config.current_context(), Some(&*name));
            let touched = [SERVER, CONTEXTS, CURRENT];
            prop_assert_eq!(others(&config, &touched), others(&before, &touched));
            let mut known = before.contexts().into_iter().filter(|context| context.name != name);
            prop_assert!(known.all(|context| config.contexts().contains(&context)));
            let Value::Object(entry) = json!({"name": "a", "type": "ollama", "model": "m", "publish": true}) else {
                unreachable!("it is an object")
            };
            let before = config.clone();
            let put = config.put_provider(entry);
            prop_assert_eq!(others(&config, &["providers"]), others(&before, &["providers"]));
            prop_assert!(put != crate::providers::Put::NoList || config == before);
            // What is written reads back, number for number.
            let text = format!("{:#}", Value::Object(config.root.clone()));
            prop_assert_eq!(Config::parse(text.as_bytes()), Ok(config.clone()));
            config.delete_context(&name);
            prop_assert_eq!(config.context(&name), None);
        }

        fn any_bytes_are_a_file_or_an_error(bytes in fuzzing::mutated_text(&RECORDED)) {
            match Config::parse(&bytes) {
                Ok(config) => drop((config.contexts(), config.providers())),
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }
    }

    fn url(text: &str) -> ServerUrl {
        text.parse().unwrap()
    }

    #[test]
    fn an_edit_keeps_order_and_fields_that_we_do_not_know() {
        let folder = TestFolder::new("config-order");
        let home = Home::at(folder.path());
        let before = r#"{"zoo": 1, "providers": [{"x": {"b": 1, "a": 2}}],
            "contexts": {"b": {"server": "http://b", "note": "mine"}}, "alpha": null}"#;
        std::fs::write(home.config_path(), before).unwrap();
        Config::edit(&home, |config| {
            config.put_context("b", &url("http://c"));
            config.put_context("a", &url("http://a"));
        })
        .unwrap();
        let after = std::fs::read_to_string(home.config_path()).unwrap();
        let compact: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(
            compact.to_string(),
            r#"{"zoo":1,"providers":[{"x":{"b":1,"a":2}}],"contexts":{"b":{"server":"http://c","note":"mine"},"a":{"server":"http://a"}},"alpha":null,"currentContext":"a","server":"http://c"}"#
        );
    }

    #[test]
    fn an_edit_that_changes_nothing_leaves_the_file_alone() {
        let folder = TestFolder::new("config-same");
        let home = Home::at(folder.path());
        std::fs::write(home.config_path(), "{ }").unwrap();
        Config::edit(&home, |_| ()).unwrap();
        assert_eq!(std::fs::read(home.config_path()).unwrap(), b"{ }");
    }

    #[test]
    fn a_deleted_context_is_no_longer_the_current_one() {
        let mut config = Config::parse(b"").unwrap();
        config.put_context("a", &url("http://a"));
        assert_eq!(config.current_context(), Some("a"));
        assert!(!config.use_context("b"));
        assert!(config.delete_context("a"));
        assert!(!config.delete_context("a"));
        assert_eq!(config.current_context(), None);
        assert_eq!(config.server(), Some("http://a"));
    }

    #[test]
    fn a_broken_file_says_where() {
        let why = |text: &str| Config::parse(text.as_bytes()).unwrap_err();
        assert!(why("{\n \"server\": }").contains("line 2"));
        assert!(why("[]").contains("object"));
        assert!(why(r#"{"server": 5}"#).contains("`server` must be a string"));
        assert!(why(r#"{"contexts": []}"#).contains("`contexts`"));
    }
}
