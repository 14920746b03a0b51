//! `config.json` as mcplocal reads it: the server, and the providers one by one.
//!
//! A bad entry disables that entry and nothing else; a file that is no JSON changes nothing. Both
//! say where: file, line, field. The file is shared with `mcpctl`; fields of others are left alone.

mod api_key;
mod entry;
mod fields;
mod live;
mod wake;
mod watch;

use std::fmt;
use std::path::{Path, PathBuf};

use home::ServerUrl;
use home::private_file::{FileError, read};

pub use api_key::{ApiKey, NoKey};
pub use entry::ProviderConfig;
pub use live::{Live, Reloader};
pub use wake::{HttpCall, Recipe, WakePlan, Wol};

use fields::Fields;

/// What mcplocal shall do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The server to publish to.
    pub server: Option<ServerUrl>,
    /// How results travel.
    pub result_mode: ResultMode,
    /// The usable entries, in the file's order; names are unique.
    pub providers: Vec<ProviderConfig>,
    /// What is wrong in the file.
    pub problems: Vec<Problem>,
}

/// How the bytes of an answer reach the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultMode {
    /// As a stream, until there is evidence that a proxy on the way holds it back.
    #[default]
    Auto,
    /// One streaming request per task.
    Stream,
    /// One request per piece.
    Chunks,
}

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// Which provider, where it is in one.
    pub provider: Option<String>,
    /// Which field.
    pub field: Option<String>,
    /// What is wrong, and what to write instead.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.path.display(), self.line)?;
        if let Some(provider) = &self.provider {
            write!(f, "provider `{provider}`: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "field `{field}`: ")?;
        }
        f.write_str(&self.why)
    }
}

/// Why a file can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not JSON.
    #[error("{0}")]
    Syntax(Problem),
}

impl LoadError {
    /// The error as one of the file's problems.
    pub fn into_problem(self, path: &Path) -> Problem {
        match self {
            Self::Syntax(problem) => problem,
            Self::File(failed) => Problem {
                path: path.into(),
                line: 1,
                provider: None,
                field: None,
                why: failed.to_string(),
            },
        }
    }
}

/// Reads the file at `path`. No file is an empty configuration.
///
/// `server` is the server that the environment names; it beats the file's.
pub fn load(path: &Path, server: Option<&str>) -> Result<Config, LoadError> {
    let bytes = read(path)?.unwrap_or_default();
    let syntax = |line, why| {
        LoadError::Syntax(Problem {
            path: path.into(),
            line,
            provider: None,
            field: None,
            why,
        })
    };
    let text = str::from_utf8(&bytes).map_err(|_| syntax(1, "it is not UTF-8 text".into()))?;
    let mut config = if text.trim().is_empty() {
        Config::default()
    } else {
        let top: Fields<'_> = serde_json::from_str(text).map_err(|wrong| {
            let why = format!("the JSON is broken: {wrong}");
            syntax(wrong.line(), why)
        })?;
        File { path, text }.read(&top)
    };
    if let Some(server) = server {
        let why = |why: home::server_url::BadServerUrl| format!("MCPCTL_SERVER: {why}");
        match server.parse().map_err(why) {
            Ok(server) => config.server = Some(server),
            Err(why) => config.problems.push(Problem {
                path: path.into(),
                line: 1,
                provider: None,
                field: None,
                why,
            }),
        }
    }
    Ok(config)
}

/// A file that is being read.
#[derive(Clone, Copy)]
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn read(self, top: &Fields<'_>) -> Config {
        let mut config = Config::default();
        let mut problems = Vec::new();
        let at_top = |field: &str, raw: &str, why: String| self.problem(None, field, raw, why);
        for (field, raw) in &top.0 {
            let why = match &**field {
                "server" => match serde_json::from_str::<String>(raw.get()) {
                    Ok(server) => server
                        .parse()
                        .map(|server| config.server = Some(server))
                        .err()
                        .map(|why: home::server_url::BadServerUrl| why.to_string()),
                    Err(_) => Some("write the server's URL as a text".into()),
                },
                "resultMode" => match raw.get() {
                    r#""auto""# => None,
                    r#""stream""# => {
                        config.result_mode = ResultMode::Stream;
                        None
                    }
                    r#""chunks""# => {
                        config.result_mode = ResultMode::Chunks;
                        None
                    }
                    _ => Some("write \"auto\", \"stream\" or \"chunks\"".into()),
                },
                "providers" => match serde_json::from_str(raw.get()) {
                    Ok(entries) => {
                        self.entries(entries, &mut config, &mut problems);
                        None
                    }
                    Err(_) => Some("write an array of objects".into()),
                },
                // mcpctl's, or somebody's own.
                _ => None,
            };
            problems.extend(why.map(|why| at_top(field, raw.get(), why)));
        }
        config.problems = problems;
        config
    }

    fn entries(
        self,
        entries: Vec<&serde_json::value::RawValue>,
        config: &mut Config,
        problems: &mut Vec<Problem>,
    ) {
        for (index, raw) in entries.into_iter().enumerate() {
            let Some(provider) = entry::read(self, index, raw, problems) else {
                continue;
            };
            let taken = config.providers.iter().any(|p| p.name == provider.name);
            if taken {
                let name = provider.name.to_string();
                let why = "another provider above has this name: give each its own".into();
                problems.push(self.problem(Some(name), "name", raw.get(), why));
            } else {
                config.providers.push(provider);
            }
        }
    }

    /// A problem with the value `at`, which is a part of the file's text.
    fn problem(self, provider: Option<String>, field: &str, at: &str, why: String) -> Problem {
        Problem {
            path: self.path.into(),
            line: fields::line_of(self.text, at),
            provider,
            field: Some(field.into()),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::llm::ProviderType;

    use super::*;

    const RECORDED: [&str; 2] = [
        r#"{"server":"http://127.0.0.1:8765","resultMode":"chunks","contexts":{},"x":[1.00],"providers":[
            {"name":"a","type":"ollama","url":"http://localhost:11434","model":"m","publish":true,"tier":"fast","capabilities":["tools"],"contextWindow":4096,"maxConcurrency":2,"maxQueue":1,"streamUsage":false,"apiKey":"env:KEY","numCtx":8192,"keepAlive":"5m"},
            {"name":"b","type":"openai","url":"https://h/v1","model":"m","publish":true,"apiKey":"file:/k","wake":{"command":["true"],"timeout":"2m"},"sleep":{"command":["false"],"after":"15m"},"idleTimeout":"10m","wakeTimeout":"90s"}]}"#,
        r#"{"providers":[{"name":"c","type":"gemini","model":"m","publish":false,"apiKey":"keyring:x"},{"name":"c"}]}"#,
    ];

    fuzzing::targets! {
        /// Every entry is taken or complained of, at a line that there is.
        fn any_file_is_read_as_far_as_it_goes(text in fuzzing::mutated_text(&RECORDED)) {
            let Ok(text) = str::from_utf8(&text) else { return Ok(()) };
            let Ok(top) = serde_json::from_str::<Fields<'_>>(text) else { return Ok(()) };
            let config = File { path: Path::new("config.json"), text }.read(&top);
            let lines = 1 + text.matches('\n').count();
            for problem in &config.problems {
                prop_assert!((1..=lines).contains(&problem.line), "{}", problem);
                prop_assert!(!problem.to_string().is_empty());
            }
            let mut names: Vec<_> = config.providers.iter().map(|provider| provider.name.to_string()).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), config.providers.len());
        }
    }

    fn read_text(text: &str) -> Config {
        let path = Path::new("config.json");
        let top: Fields<'_> = serde_json::from_str(text).unwrap();
        File { path, text }.read(&top)
    }

    fn complaints(text: &str) -> Vec<String> {
        let problems = read_text(text).problems;
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_complete_file_is_read_and_fields_of_others_mean_nothing() {
        let config = read_text(
            r#"{ "server": "http://127.0.0.1:8765/", "contexts": {}, "currentContext": "x",
  "providers": [
    { "name": "vllm-local", "type": "openai", "model": "Qwen/Qwen2.5-7B-Instruct-AWQ", "publish": true },
    { "name": "laptop", "type": "ollama", "url": "http://127.0.0.1:11434/", "model": "llama3.2:3b",
      "publish": true, "maxConcurrency": 2, "maxQueue": 4, "numCtx": 16384, "tier": "fast",
      "capabilities": ["chat"], "contextWindow": 8192, "apiKey": {"env": "KEY"}, "x-note": 1 } ] }"#,
        );
        assert_eq!(config.problems, []);
        assert_eq!(config.server.unwrap().as_str(), "http://127.0.0.1:8765");
        let [vllm, laptop] = &config.providers[..] else {
            panic!()
        };
        assert_eq!(vllm.url.label(), "http://127.0.0.1:8000");
        assert_eq!(vllm.url.join("models"), "/v1/models");
        assert_eq!(laptop.provider_type, ProviderType::Ollama);
        assert_eq!(laptop.num_ctx, Some(16384));
        assert_eq!(
            (laptop.max_concurrency, laptop.max_queue),
            (Some(2), Some(4))
        );
    }

    #[test]
    fn nothing_is_published_unless_it_says_so() {
        let config = read_text(r#"{"providers": [{"name": "a", "type": "demo"}]}"#);
        assert!(!config.providers[0].publish);
    }

    #[test]
    fn a_bad_entry_is_disabled_by_file_line_and_field_and_the_others_go_on() {
        let text = "{\"providers\": [\n\
            {\"name\": \"a\",\n  \"type\": \"openal\", \"publish\": true},\n\
            {\"name\": \"b\", \"type\": \"demo\",\n\n   \"maxConcurrency\": 0},\n\
            {\"name\": \"c\", \"type\": \"openai\", \"url\": \"127.0.0.1:8000\"},\n\
            {\"type\": \"demo\"},\n\
            {\"name\": \"d\", \"type\": \"openai\", \"apiKey\": \"sk-secret\"},\n\
            {\"name\": \"good\", \"type\": \"demo\", \"publish\": \"yes\"},\n\
            7,\n\
            {\"name\": \"good\", \"type\": \"demo\"}, {\"name\": \"good\", \"type\": \"demo\"}]}";
        let config = read_text(text);
        let names: Vec<_> = config.providers.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["good"]);
        let complaints = complaints(text);
        let starts = [
            "config.json:3: provider `a`: field `type`: `openal` is none of openai",
            "config.json:6: provider `b`: field `maxConcurrency`: ",
            "config.json:7: provider `c`: field `url`: ",
            "config.json:8: provider `number 4`: field `name`: ",
            "config.json:9: provider `d`: field `apiKey`: ",
            "config.json:10: provider `good`: field `publish`: ",
            "config.json:11: provider `number 7`: ",
            "config.json:12: provider `good`: field `name`: another provider",
        ];
        assert_eq!(complaints.len(), starts.len(), "{complaints:#?}");
        for (complaint, start) in complaints.iter().zip(starts) {
            assert!(complaint.starts_with(start), "{complaint}");
            assert!(!complaint.contains("sk-secret"));
        }
    }

    #[test]
    fn a_misspelt_field_is_reported_and_the_entry_stays() {
        let text = r#"{"providers": [{"name": "a", "type": "demo", "publsh": true}]}"#;
        assert_eq!(read_text(text).providers.len(), 1);
        let complaints = complaints(text);
        assert!(complaints[0].contains("`publsh`"), "{complaints:?}");
    }

    #[test]
    fn every_dialect_has_its_own_address_where_none_is_given() {
        for (dialect, address) in [
            ("openai", "http://127.0.0.1:8000"),
            ("ollama", "http://127.0.0.1:11434"),
            ("openrouter", "https://openrouter.ai:443"),
            ("anthropic", "https://api.anthropic.com:443"),
            ("gemini", "https://generativelanguage.googleapis.com:443"),
        ] {
            let text = format!(r#"{{"providers": [{{"name": "a", "type": "{dialect}"}}]}}"#);
            assert_eq!(read_text(&text).providers[0].url.label(), address);
        }
    }

    #[test]
    fn a_provider_that_sleeps_is_read_with_its_times() {
        let wake = r#""wake": {"wol": "aa:bb:cc:dd:ee:ff"}"#;
        let entry = |fields: &str| {
            read_text(&format!(
                r#"{{"providers": [{{"name": "a", "type": "openai", "model": "m", {fields}}}]}}"#
            ))
        };
        let config = entry(&format!(
            r#"{wake}, "wakeTimeout": "90s", "sleep": {{"command": ["off"]}}, "idleTimeout": "1h""#
        ));
        assert_eq!(config.problems, []);
        let plan = config.providers[0].wake.clone().unwrap();
        assert_eq!(plan.wake_timeout.as_secs(), 90);
        assert_eq!(plan.sleep.unwrap().1.as_secs(), 3600);
        let plan = entry(&format!(r#"{wake}, "sleep": {{"command": ["off"]}}"#));
        let plan = plan.providers[0].wake.clone().unwrap();
        assert_eq!(plan.wake_timeout.as_secs(), 120);
        assert_eq!(plan.sleep.unwrap().1.as_secs(), 900);
    }

    #[test]
    fn a_provider_that_could_not_be_woken_is_refused_by_its_field() {
        let wake = r#""wake": {"wol": "aa:bb:cc:dd:ee:ff"}"#;
        let openai = r#""type": "openai", "model": "m""#;
        for (fields, field) in [
            (
                format!(r#"{openai}, "sleep": {{"command": ["off"]}}"#),
                "sleep",
            ),
            (format!(r#"{openai}, "wakeTimeout": "90s""#), "wakeTimeout"),
            (
                format!(r#"{openai}, {wake}, "idleTimeout": "90s""#),
                "idleTimeout",
            ),
            (
                format!(r#"{openai}, {wake}, "wakeTimeout": 90"#),
                "wakeTimeout",
            ),
            (
                format!(r#"{openai}, {wake}, "wakeTimeout": "0s""#),
                "wakeTimeout",
            ),
            (
                format!(r#"{openai}, {wake}, "sleep": {{"wol": "aa:bb:cc:dd:ee:ff"}}"#),
                "sleep",
            ),
            (format!(r#""type": "openai", {wake}"#), "model"),
            (format!(r#""type": "demo", {wake}"#), "wake"),
        ] {
            let text = format!(r#"{{"providers": [{{"name": "a", {fields}}}]}}"#);
            assert!(read_text(&text).providers.is_empty(), "{fields}");
            let complaint = complaints(&text).remove(0);
            assert!(
                complaint.contains(&format!("field `{field}`: ")),
                "{complaint}"
            );
        }
        let text = format!(
            r#"{{"providers": [{{"name": "a", {openai}, "wake": {{"wol": "aa:bb:cc:dd:ee:ff", "x": 1}}}}]}}"#
        );
        assert_eq!(read_text(&text).providers.len(), 1);
        assert!(complaints(&text)[0].contains("there is no `x` in it"));
    }

    #[test]
    fn a_wrong_server_is_a_problem_of_its_own() {
        let text = r#"{"server": "localhost", "providers": [{"name": "a", "type": "demo"}]}"#;
        let config = read_text(text);
        assert_eq!((config.server, config.providers.len()), (None, 1));
        assert!(config.problems[0].to_string().contains("field `server`"));
    }
}
