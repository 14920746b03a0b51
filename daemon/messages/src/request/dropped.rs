//! What could not be carried, by name.

use serde_json::Value;

/// The most names that are kept: callers choose field names, and headers have an end.
const MAX_NAMES: usize = 32;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Names, each once, in the order met.
#[derive(Debug, Default)]
pub(super) struct Dropped(Vec<String>);

impl Dropped {
    /// Something at the top of the request.
    pub(super) fn name(&mut self, name: &str) {
        let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name: String = name.chars().filter(fits).take(MAX_NAME_CHARS).collect();
        if !name.is_empty() && self.0.len() < MAX_NAMES && !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    /// Something inside of the field `parent`.
    pub(super) fn name_in(&mut self, parent: &str, name: &str) {
        self.name(&format!("{parent}.{name}"));
    }

    /// `cache_control` and `citations`, where `block` asks for them.
    pub(super) fn extras_of(&mut self, block: &Value) {
        if block.get("cache_control").is_some_and(|it| !it.is_null()) {
            self.name("cache_control");
        }
        if block.pointer("/citations/enabled") == Some(&Value::Bool(true)) {
            self.name("citations");
        }
    }

    /// The names.
    pub(super) fn into_names(self) -> Vec<String> {
        self.0
    }
}
