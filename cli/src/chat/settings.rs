//! What `/set` changes: how the model is asked, and how its answers are shown.

use serde_json::Value;

use crate::args::chat::{ChatLlm, temperature};
use crate::near_miss::nearest;

/// How thinking is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Thinking {
    On,
    #[default]
    Dim,
    Off,
}

/// All settings. `None`: the model's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) temperature: Option<f64>,
    pub(super) max_tokens: Option<u32>,
    pub(super) top_p: Option<f64>,
    pub(super) seed: Option<i64>,
    pub(super) no_stream: bool,
    pub(super) raw: bool,
    pub(super) thinking: Thinking,
    pub(super) verbose: bool,
    /// The exchange is written to stderr: no status line stands in its way. No setting of `/set`.
    pub(super) traced: bool,
}

/// Every setting: its name, and what it takes.
pub(super) const SETTINGS: [(&str, &str); 8] = [
    ("temperature", "0 to 2, or off"),
    ("max-tokens", "a count, or off"),
    ("top-p", "0 to 1, or off"),
    ("seed", "a whole number, or off"),
    ("stream", "on, off"),
    ("markdown", "on, off"),
    ("thinking", "on, dim, off"),
    ("verbose", "on, off"),
];

/// Names that other chats have for them, some with their value.
const ALSO: [(&str, &str); 8] = [
    ("max_tokens", "max-tokens"),
    ("num_predict", "max-tokens"),
    ("top_p", "top-p"),
    ("think", "thinking on"),
    ("nothink", "thinking off"),
    ("quiet", "verbose off"),
    ("raw", "markdown off"),
    ("temp", "temperature"),
];

impl Settings {
    pub(super) fn new(args: &ChatLlm, traced: bool) -> Self {
        Self {
            temperature: args.temperature,
            max_tokens: args.max_tokens,
            no_stream: args.no_stream,
            raw: args.raw,
            thinking: if args.hide_thinking {
                Thinking::Off
            } else {
                Thinking::Dim
            },
            traced,
            ..Self::default()
        }
    }

    /// Puts into a request what the model should know.
    pub(super) fn put_into(&self, body: &mut Value) {
        if let Some(temperature) = self.temperature {
            body["temperature"] = temperature.into();
        }
        if let Some(max_tokens) = self.max_tokens {
            body["max_tokens"] = max_tokens.into();
        }
        if let Some(top_p) = self.top_p {
            body["top_p"] = top_p.into();
        }
        if let Some(seed) = self.seed {
            body["seed"] = seed.into();
        }
    }

    /// Changes what `text` says: `NAME VALUE`. The name of what was changed.
    ///
    /// Errors: a sentence for the user.
    pub(super) fn change(&mut self, text: &str) -> Result<&'static str, String> {
        let text = text.strip_prefix("parameter ").unwrap_or(text).trim();
        let (word, value) = text.split_once([' ', '=']).unwrap_or((text, ""));
        let (word, value) = (word.to_ascii_lowercase(), value.trim());
        let also = ALSO.iter().find(|(name, _)| *name == word);
        let meant = also.map_or(word.as_str(), |(_, meant)| meant);
        let (name, value) = match meant.split_once(' ') {
            Some((name, implied)) => (name, implied),
            // A switch alone is a switch on.
            None if meant == "verbose" && value.is_empty() => (meant, "on"),
            None => (meant, value),
        };
        let Some((name, takes)) = SETTINGS.iter().find(|(known, _)| *known == name) else {
            let near = nearest(name, SETTINGS.map(|(name, _)| name));
            return Err(match near {
                Some(near) => format!("there is no setting `{word}`; did you mean `{near}`?"),
                None => format!("there is no setting `{word}`; `/set` lists them"),
            });
        };
        self.put(name, value)
            .ok_or_else(|| format!("`{value}` does not fit {name}: {takes}"))?;
        Ok(name)
    }

    fn put(&mut self, name: &str, value: &str) -> Option<()> {
        let off = matches!(value, "off" | "default" | "none");
        let switch = match value {
            "on" | "true" | "yes" => Some(true),
            "off" | "false" | "no" => Some(false),
            _ => None,
        };
        match name {
            "temperature" if off => self.temperature = None,
            "temperature" => self.temperature = Some(temperature(value).ok()?),
            "max-tokens" if off => self.max_tokens = None,
            "max-tokens" => {
                self.max_tokens = Some(value.parse().ok().filter(|count| *count > 0)?);
            }
            "top-p" if off => self.top_p = None,
            "top-p" => {
                let share: f64 = value.parse().ok()?;
                self.top_p = Some(share).filter(|share| (0.0..=1.0).contains(share));
                self.top_p?;
            }
            "seed" if off => self.seed = None,
            "seed" => self.seed = Some(value.parse().ok()?),
            "stream" => self.no_stream = !switch?,
            "markdown" => self.raw = !switch?,
            "verbose" => self.verbose = switch?,
            _ => {
                self.thinking = match value {
                    "on" => Thinking::On,
                    "dim" => Thinking::Dim,
                    "off" => Thinking::Off,
                    _ => return None,
                }
            }
        }
        Some(())
    }

    /// What a setting is now.
    pub(super) fn shown(&self, name: &str) -> String {
        let or_default =
            |value: Option<String>| value.unwrap_or_else(|| "the model's default".into());
        let switch = |on| {
            if on {
                "on".to_owned()
            } else {
                "off".to_owned()
            }
        };
        match name {
            "temperature" => or_default(self.temperature.map(|value| value.to_string())),
            "max-tokens" => or_default(self.max_tokens.map(|value| value.to_string())),
            "top-p" => or_default(self.top_p.map(|value| value.to_string())),
            "seed" => or_default(self.seed.map(|value| value.to_string())),
            "stream" => switch(!self.no_stream),
            "markdown" => switch(!self.raw),
            "verbose" => switch(self.verbose),
            _ => match self.thinking {
                Thinking::On => "on".into(),
                Thinking::Dim => "dim".into(),
                Thinking::Off => "off".into(),
            },
        }
    }

    /// All of them, one a line.
    pub(super) fn lines(&self) -> Vec<String> {
        let line =
            |(name, _): (&str, &str)| format!("{:<13}{}", format!("{name}:"), self.shown(name));
        SETTINGS.map(line).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_also_by_the_names_of_others() {
        let mut settings = Settings::default();
        for text in [
            "temperature 0.5",
            "parameter num_predict 9",
            "top_p=0.9",
            "seed 7",
            "nothink",
            "verbose",
            "markdown off",
        ] {
            settings.change(text).unwrap();
        }
        let mut body = serde_json::json!({});
        settings.put_into(&mut body);
        assert_eq!(
            body,
            serde_json::json!({"temperature": 0.5, "max_tokens": 9, "top_p": 0.9, "seed": 7})
        );
        assert!(settings.raw && settings.verbose && settings.thinking == Thinking::Off);
        settings.change("temperature off").unwrap();
        assert_eq!(settings.shown("temperature"), "the model's default");
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        let mut settings = Settings::default();
        let mut why = |text| settings.change(text).unwrap_err();
        assert!(why("temperature 9").contains("0 to 2"));
        assert!(why("top-p 1.5").contains("0 to 1"));
        assert!(why("max-tokens 0").contains("a count"));
        assert!(why("stream maybe").contains("on, off"));
        assert!(why("temprature 1").contains("did you mean `temperature`?"));
        assert!(why("colour red").contains("`/set` lists them"));
        assert_eq!(settings, Settings::default());
    }
}
