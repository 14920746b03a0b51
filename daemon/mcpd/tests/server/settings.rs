//! `mcpd.toml`: what is read, what is warned of, what is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use mcpd::config::{BadConfig, Config};

use crate::fixture::TempDir;

fn load(toml: &str) -> Result<Config, BadConfig> {
    let dir = TempDir::new();
    std::fs::write(dir.path().join("mcpd.toml"), toml).unwrap();
    let data_dir = dir.path().display().to_string();
    Config::load(
        BTreeMap::from([("data_dir".into(), data_dir)]),
        BTreeMap::new(),
    )
}

#[test]
fn the_file_is_read_and_every_value_says_where_it_came_from() {
    let config = load("heartbeat_timeout = \"45s\"\nmax_connections = 12\n").unwrap();
    assert_eq!(config.timing.heartbeat_timeout, Duration::from_secs(45));
    assert_eq!(config.max_connections, 12);
    assert!(config.warnings.is_empty());
    let shown = |name: &str| {
        let found = config
            .shown
            .iter()
            .find(|shown| shown.name == name)
            .unwrap();
        (found.value.clone(), found.source.to_string())
    };
    assert_eq!(shown("heartbeat_timeout"), ("45s".into(), "file".into()));
    assert_eq!(shown("inactive_retention"), ("4h".into(), "default".into()));
    assert_eq!(shown("gc_interval"), ("1m".into(), "default".into()));
    assert_eq!(shown("data_dir").1, "flag");
}

#[test]
fn the_contracts_defaults_hold() {
    let config = load("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8765");
    assert_eq!(config.timing.heartbeat_timeout, Duration::from_secs(90));
    assert_eq!(
        config.timing.inactive_retention,
        Duration::from_secs(4 * 3600)
    );
    assert_eq!(config.timing.gc_interval, Duration::from_secs(60));
    assert_eq!(config.timing.ping_interval, Duration::from_secs(15));
    assert!(config.timing.proof_timeout <= Duration::from_secs(45));
    assert_eq!(config.drain_timeout, Duration::from_secs(30));
}

#[test]
fn an_unknown_key_is_a_warning_that_names_it() {
    let config = load("hearbeat_timeout = \"45s\"\ndatabase_url = \"postgres://h/d\"\n").unwrap();
    assert_eq!(
        config.warnings,
        ["mcpd.toml: there is no setting `hearbeat_timeout`; it is ignored"]
    );
}

#[test]
fn a_bad_value_names_the_setting_the_file_and_what_is_wrong() {
    let why = |toml: &str| load(toml).unwrap_err().to_string();
    let text = why("gc_interval = \"soon\"");
    assert!(text.contains("`gc_interval` (from the file)"), "{text}");
    assert!(text.contains("`soon` is not a span of time"), "{text}");
    let text = why("max_connections = -1");
    assert!(text.contains("`max_connections`"), "{text}");
    let text = why("listen = \"everywhere\"");
    assert!(text.contains("`listen`"), "{text}");
    let text = why("gc_interval = 1m\n");
    assert!(
        text.contains("mcpd.toml") && text.contains("line 1"),
        "{text}"
    );
    let text = why("[timing]\ngc_interval = \"1m\"\n");
    assert!(text.contains("`timing` must be"), "{text}");
}

#[test]
fn the_databases_password_is_never_shown() {
    let config = load("database_url = \"postgres://u:canary@h/d\"").unwrap();
    assert!(!format!("{config:?}").contains("canary"));
    let shown = config
        .shown
        .iter()
        .find(|shown| shown.name == "database_url");
    assert_eq!(shown.unwrap().value, "***");
}
