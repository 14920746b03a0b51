//! Settings and where each came from: flag, environment, file, default.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where a value came from. Earlier beats later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// The settings file.
    File,
    /// Built in.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// One setting as it will be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name in the settings file.
    pub name: &'static str,
    /// Its value as text; a secret is masked.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

/// A value that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting `{name}` (from the {origin}) is not valid: {why}")]
pub struct BadSetting {
    /// Its name in the settings file.
    pub name: String,
    /// The flag, the variable or the file.
    pub origin: String,
    /// What is wrong.
    pub why: String,
}

/// Looks settings up in order of [`Source`] and remembers where each was found.
#[derive(Debug, Default)]
pub struct Settings {
    prefix: &'static str,
    flags: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    shown: Vec<Shown>,
}

impl Settings {
    /// Settings whose variables begin with `prefix`, such as `MCPD_`.
    ///
    /// Shape: `flags` and `file` are keyed by the setting's name in snake case.
    pub fn new(
        prefix: &'static str,
        flags: BTreeMap<String, String>,
        environment: impl IntoIterator<Item = (String, String)>,
        file: BTreeMap<String, String>,
    ) -> Self {
        let environment = environment
            .into_iter()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix(prefix)?.to_ascii_lowercase();
                Some((name, value))
            })
            .collect();
        Self {
            prefix,
            flags,
            environment,
            file,
            shown: Vec::new(),
        }
    }

    /// The value of `name`, or `default`.
    pub fn get<T>(&mut self, name: &'static str, default: T) -> Result<T, BadSetting>
    where
        T: FromStr + fmt::Display,
        T::Err: fmt::Display,
    {
        Ok(self.find(name)?.unwrap_or_else(|| {
            self.show(name, default.to_string(), Source::Default);
            default
        }))
    }

    /// The value of `name` where it is set.
    pub fn find<T>(&mut self, name: &'static str) -> Result<Option<T>, BadSetting>
    where
        T: FromStr + fmt::Display,
        T::Err: fmt::Display,
    {
        let Some((source, text)) = self.look_up(name) else {
            return Ok(None);
        };
        let value: T = text.parse().map_err(|why: T::Err| BadSetting {
            name: name.into(),
            origin: self.origin(source, name),
            why: why.to_string(),
        })?;
        self.show(name, value.to_string(), source);
        Ok(Some(value))
    }

    /// The text of `name` where it is set; shown masked.
    pub fn find_secret(&mut self, name: &'static str) -> Option<String> {
        let (source, text) = self.look_up(name)?;
        self.show(name, "***".into(), source);
        Some(text)
    }

    /// All settings asked for so far, ordered by name.
    pub fn shown(&self) -> Vec<Shown> {
        let mut shown = self.shown.clone();
        shown.sort_by_key(|setting| setting.name);
        shown
    }

    /// Names in the settings file that nobody asked for: most likely misspelt.
    pub fn unknown_in_file(&self) -> Vec<&str> {
        let asked = |name: &str| self.shown.iter().any(|shown| shown.name == name);
        let names = self.file.keys().map(String::as_str);
        names.filter(|name| !asked(name)).collect()
    }

    fn look_up(&self, name: &str) -> Option<(Source, String)> {
        let places = [
            (Source::Flag, &self.flags),
            (Source::Environment, &self.environment),
            (Source::File, &self.file),
        ];
        places
            .into_iter()
            .find_map(|(source, values)| Some((source, values.get(name)?.clone())))
    }

    fn origin(&self, source: Source, name: &str) -> String {
        match source {
            Source::Flag => format!("flag --{}", name.replace('_', "-")),
            Source::Environment => {
                format!("variable {}{}", self.prefix, name.to_ascii_uppercase())
            }
            Source::File | Source::Default => source.to_string(),
        }
    }

    fn show(&mut self, name: &'static str, value: String, source: Source) {
        self.shown.push(Shown {
            name,
            value,
            source,
        });
    }
}

/// Reads a flat TOML file into what [`Settings::new`] takes as `file`.
///
/// Errors: the parser's message, with line and column, or the name of a nested table.
pub fn read_toml(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    table
        .into_iter()
        .map(|(name, value)| match value {
            toml::Value::String(text) => Ok((name, text)),
            toml::Value::Integer(number) => Ok((name, number.to_string())),
            toml::Value::Boolean(flag) => Ok((name, flag.to_string())),
            toml::Value::Array(items) => {
                let texts: Option<Vec<_>> = items.iter().map(|item| item.as_str()).collect();
                let texts = texts.ok_or_else(|| format!("`{name}` must be an array of strings"))?;
                Ok((name, texts.join(",")))
            }
            _ => Err(format!(
                "`{name}` must be a string, a number, a boolean or an array of strings"
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::span::Span;

    const FILES: [&str; 2] = [
        "# mcpd.toml\nlisten = \"0.0.0.0:8765\"\nthreads = 4\nmax_body_bytes = 33_554_432\nadopt = true\nallowed = [\"a\", 'b']\nrequest_timeout = \"10m\"\n",
        "a = 0x1f\nb = -9223372036854775808\nc = 1e3\nd = 2026-11-21T09:30:00Z\n\"e f\" = \"\"\"\nx \\\n  y\"\"\"\n[table]\ng.h = {i = 1}\n[[j]]\n",
    ];

    fuzzing::targets! {
        fn any_toml_is_settings_or_an_error(
            text in prop_oneof![6 => fuzzing::garbled(&FILES, 4), 1 => fuzzing::bytes(80)],
            nested in prop_oneof![9 => Just(0), 1 => 1..20_000usize],
        ) {
            let mut text = String::from_utf8_lossy(&text).into_owned();
            if nested > 0 {
                text = format!("n = {}\n{text}", "[".repeat(nested));
            }
            match read_toml(&text) {
                Ok(settings) => {
                    let table: toml::Table = text.parse().unwrap();
                    prop_assert_eq!(settings.len(), table.len());
                    for (name, value) in table {
                        let texts = value.as_str().map(String::from).or_else(|| value.as_integer().map(|n| n.to_string()));
                        prop_assert!(texts.is_none() || texts.as_ref() == settings.get(&name));
                    }
                }
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(a, b): &(&str, &str)| (String::from(*a), String::from(*b));
        pairs.iter().map(own).collect()
    }

    #[test]
    fn the_flag_beats_the_environment_beats_the_file() {
        let file = read_toml("a = 1\nb = 2\nc = 3\nmisspelt = true").unwrap();
        let environment = map(&[("MCPD_A", "10"), ("MCPD_B", "20"), ("OTHER_C", "30")]);
        let mut settings = Settings::new("MCPD_", map(&[("a", "100")]), environment, file);
        let mut get = |name| settings.get(name, 0u32).unwrap();
        assert_eq!((get("a"), get("b"), get("c"), get("d")), (100, 20, 3, 0));
        let sources: Vec<_> = settings
            .shown()
            .iter()
            .map(|s| s.source.to_string())
            .collect();
        assert_eq!(sources, ["flag", "environment", "file", "default"]);
        assert_eq!(settings.unknown_in_file(), ["misspelt"]);
    }

    #[test]
    fn a_bad_value_names_the_variable() {
        let environment = map(&[("MCPD_GC_INTERVAL", "soon")]);
        let mut settings = Settings::new("MCPD_", map(&[]), environment, map(&[]));
        let why = settings
            .find::<Span>("gc_interval")
            .unwrap_err()
            .to_string();
        assert!(
            why.contains("MCPD_GC_INTERVAL") && why.contains("`soon`"),
            "{why}"
        );
    }
}
