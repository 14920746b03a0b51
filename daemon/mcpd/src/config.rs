//! Settings of the server and where each came from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kit::settings::{BadSetting, Settings, Shown, read_toml};
use relay::Timing;
use shared::span::Span;

/// The port for gRPC where nobody says which.
const DEFAULT_GRPC_PORT: u16 = 9090;
/// Jobs that the server runs at once where nobody says how many.
const DEFAULT_WORKERS: usize = 4;
/// The most of them.
const MAX_WORKERS: usize = 1024;
/// A shorter lease would end between two heartbeats.
const MIN_JOB_LEASE: Duration = Duration::from_secs(1);

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it listens for gRPC.
    pub grpc_listen: GrpcListen,
    /// Where it keeps its data.
    pub data_dir: PathBuf,
    /// PostgreSQL instead of the embedded database; holds a password.
    pub database_url: Option<secrecy::SecretString>,
    /// The key that seals secrets; default: one of the server's own in `data_dir`.
    pub master_key_file: Option<PathBuf>,
    /// Serving threads.
    pub threads: usize,
    /// Connections at once.
    pub max_connections: usize,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// What one request may take, in all.
    pub request_timeout: Duration,
    /// What a stream may take to its first byte, per LLM that is tried.
    pub first_byte_timeout: Duration,
    /// How long an answer may pause.
    pub idle_timeout: Duration,
    /// What aliases may keep of answers, in bytes, in all.
    pub max_cache_bytes: u64,
    /// How long a stop waits for what runs.
    pub drain_timeout: Duration,
    /// The channel's clockwork.
    pub timing: Timing,
    /// Jobs that the server itself runs at once; 0 leaves them to others.
    pub workers: usize,
    /// How long ended jobs are kept.
    pub job_retention: Duration,
    /// How long a job waits after its first failed attempt; doubles with each.
    pub job_retry_min: Duration,
    /// How long a job waits between attempts at most.
    pub job_retry_max: Duration,
    /// How long one of the server's own jobs is its own without a heartbeat.
    pub job_lease: Duration,
    /// Log filter.
    pub log: String,
    /// All of the above as text, with sources.
    pub shown: Vec<Shown>,
    /// What looks like a mistake, in words.
    pub warnings: Vec<String>,
}

/// Where the server listens for gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcListen {
    /// Nowhere.
    Off,
    /// There, and it does not start where it can't.
    At(SocketAddr),
    /// There, since nobody said otherwise; without it where that is taken.
    Default(SocketAddr),
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// One value.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// The whole file.
    #[error("the settings file {path} can't be used: {why}")]
    File {
        /// Its path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// No place for the data.
    #[error("there is no HOME to keep data in: set MCPD_DATA_DIR")]
    NoHome,
}

impl Config {
    /// Collects the settings: flag > environment > `mcpd.toml` in the data folder > default.
    ///
    /// Shape: `flags` and `environment` are name and value; names of flags are in snake case.
    pub fn load(
        flags: BTreeMap<String, String>,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, BadConfig> {
        let data_dir = data_dir(&flags, &environment)?;
        let file = read_file(&data_dir.join("mcpd.toml"))?;
        let mut settings = Settings::new("MCPD_", flags, environment, file);
        let default = Timing::default();
        // `data_dir` again, so that it is shown with its source.
        let shown_dir: Text = settings.get("data_dir", Text(data_dir.display().to_string()))?;
        debug_assert_eq!(Path::new(&shown_dir.0), data_dir);
        let span = |settings: &mut Settings, name, default| {
            settings.get(name, Span(default)).map(|span| span.0)
        };
        let mut config = Self {
            listen: settings.get("listen", SocketAddr::from(([127, 0, 0, 1], 8765)))?,
            grpc_listen: grpc_listen(&mut settings)?,
            data_dir,
            database_url: settings.find_secret("database_url").map(Into::into),
            master_key_file: settings
                .find::<Text>("master_key_file")?
                .map(|path| path.0.into()),
            threads: settings.get("threads", default_threads())?.clamp(1, 256),
            max_connections: settings.get("max_connections", 10_000)?,
            max_body_bytes: settings.get("max_body_bytes", 32 * 1024 * 1024)?,
            request_timeout: span(&mut settings, "request_timeout", Duration::from_secs(600))?,
            first_byte_timeout: span(
                &mut settings,
                "first_byte_timeout",
                Duration::from_secs(120),
            )?,
            idle_timeout: span(&mut settings, "idle_timeout", Duration::from_secs(120))?,
            max_cache_bytes: settings.get("max_cache_bytes", 64 * 1024 * 1024)?,
            drain_timeout: span(&mut settings, "drain_timeout", Duration::from_secs(30))?,
            timing: Timing {
                ping_interval: span(&mut settings, "ping_interval", default.ping_interval)?,
                proof_timeout: span(&mut settings, "proof_timeout", default.proof_timeout)?,
                heartbeat_timeout: span(
                    &mut settings,
                    "heartbeat_timeout",
                    default.heartbeat_timeout,
                )?,
                inactive_retention: span(
                    &mut settings,
                    "inactive_retention",
                    default.inactive_retention,
                )?,
                gc_interval: span(&mut settings, "gc_interval", default.gc_interval)?,
            },
            workers: settings.get("workers", DEFAULT_WORKERS)?.min(MAX_WORKERS),
            job_retention: span(
                &mut settings,
                "job_retention",
                Duration::from_secs(7 * 24 * 3600),
            )?,
            job_retry_min: span(&mut settings, "job_retry_min", Duration::from_secs(1))?,
            job_retry_max: span(&mut settings, "job_retry_max", Duration::from_secs(300))?,
            job_lease: span(&mut settings, "job_lease", Duration::from_secs(30))?
                .max(MIN_JOB_LEASE),
            log: settings.get("log", Text("info".into()))?.0,
            shown: Vec::new(),
            warnings: Vec::new(),
        };
        config.warnings = settings
            .unknown_in_file()
            .into_iter()
            .map(|name| format!("mcpd.toml: there is no setting `{name}`; it is ignored"))
            .collect();
        config.shown = settings.shown();
        Ok(config)
    }
}

fn grpc_listen(settings: &mut Settings) -> Result<GrpcListen, BadSetting> {
    let default = SocketAddr::from(([127, 0, 0, 1], DEFAULT_GRPC_PORT));
    Ok(match settings.find::<AddressOrOff>("grpc_listen")? {
        Some(AddressOrOff(None)) => GrpcListen::Off,
        Some(AddressOrOff(Some(address))) => GrpcListen::At(address),
        None => GrpcListen::Default(settings.get("grpc_listen", default)?),
    })
}

/// An address, or `off` (or nothing).
#[derive(Clone, Copy, Debug)]
struct AddressOrOff(Option<SocketAddr>);

impl std::str::FromStr for AddressOrOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.eq_ignore_ascii_case("off") {
            return Ok(Self(None));
        }
        let address = text.parse();
        let bad = |_| format!("`{text}` is neither an address such as 127.0.0.1:9090 nor `off`");
        address.map(Some).map(Self).map_err(bad)
    }
}

impl std::fmt::Display for AddressOrOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}

/// Any text: the setting type for what is checked elsewhere.
#[derive(Clone, Debug)]
struct Text(String);

impl std::str::FromStr for Text {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn data_dir(
    flags: &BTreeMap<String, String>,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, BadConfig> {
    let named = flags
        .get("data_dir")
        .or_else(|| environment.get("MCPD_DATA_DIR"));
    if let Some(named) = named {
        return Ok(PathBuf::from(named));
    }
    let below = |variable: &str, path: &str| Some(Path::new(environment.get(variable)?).join(path));
    below("XDG_DATA_HOME", "mcpd")
        .or_else(|| below("HOME", ".local/share/mcpd"))
        .ok_or(BadConfig::NoHome)
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, BadConfig> {
    let bad = |why: String| BadConfig::File {
        path: path.display().to_string(),
        why,
    };
    match std::fs::read_to_string(path) {
        Ok(text) => read_toml(&text).map_err(bad),
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(other) => Err(bad(other.to_string())),
    }
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(16))
}

#[cfg(test)]
mod tests {
    use fuzzing::proptest::prelude::*;
    use fuzzing::proptest::sample::select;

    use super::*;

    const VALUES: [&str; 11] = [
        "127.0.0.1:8765",
        "[::1]:0",
        "off",
        "1h30m",
        "250ms",
        "4294967296",
        "64",
        "warn,mcpd=debug",
        "sqlite:///tmp/x.db",
        "/nonexistent/key",
        "",
    ];

    /// Any setting with any value.
    fn given() -> impl Strategy<Value = BTreeMap<String, String>> {
        let names: Vec<String> = known().map(String::from).collect();
        let value = fuzzing::garbled(&VALUES, 2);
        let value = value.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        prop::collection::btree_map(select(names), value, 0..4)
    }

    fn known() -> impl Iterator<Item = &'static str> {
        let config = Config::load(map(&[("data_dir", "/nonexistent")]), map(&[])).unwrap();
        let names: Vec<_> = config.shown.iter().map(|shown| shown.name).collect();
        names.into_iter()
    }

    fuzzing::targets! {
        fn any_settings_are_used_or_refused_by_name(flags in given(), variables in given()) {
            let mut flags = flags;
            flags.insert("data_dir".into(), "/nonexistent".into());
            let in_environment = |name: &str| format!("MCPD_{}", name.to_uppercase());
            let secret = (in_environment("database_url"), "postgres://u:password@h/d".into());
            let mut environment = BTreeMap::from([secret]);
            for (name, value) in &variables {
                environment.insert(in_environment(name), value.clone());
            }
            match Config::load(flags.clone(), environment) {
                Ok(config) => {
                    let said = format!("{config:?}");
                    prop_assert!(!said.contains("password"), "{}", said);
                }
                Err(why) => {
                    let why = why.to_string();
                    let named = flags.keys().chain(variables.keys()).any(|name| {
                        let spelt = [name.clone(), name.replace('_', "-"), name.to_uppercase()];
                        spelt.iter().any(|name| why.contains(name))
                    });
                    prop_assert!(named && !why.contains("password"), "{}", why);
                }
            }
        }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(a, b): &(&str, &str)| (String::from(*a), String::from(*b));
        pairs.iter().map(own).collect()
    }

    #[test]
    fn the_contracts_variables_are_understood() {
        let environment = map(&[
            ("HOME", "/nonexistent"),
            ("MCPD_LISTEN", "127.0.0.1:0"),
            ("MCPD_HEARTBEAT_TIMEOUT", "2s"),
            ("MCPD_DATABASE_URL", "postgres://u:canary@h/d"),
        ]);
        let config = Config::load(map(&[("gc_interval", "1s")]), environment).unwrap();
        assert_eq!(config.timing.heartbeat_timeout, Duration::from_secs(2));
        assert_eq!(config.timing.gc_interval, Duration::from_secs(1));
        assert_eq!(config.data_dir, Path::new("/nonexistent/.local/share/mcpd"));
        assert!(!format!("{config:?}").contains("canary"));
    }

    #[test]
    fn the_place_for_grpc_is_an_address_or_off() {
        let load = |given: Option<&str>| {
            let mut environment = map(&[("HOME", "/nonexistent")]);
            environment.extend(given.map(|text| ("MCPD_GRPC_LISTEN".into(), text.into())));
            Config::load(map(&[]), environment).map(|config| config.grpc_listen)
        };
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(load(None).unwrap(), GrpcListen::Default(address(9090)));
        let given = load(Some("127.0.0.1:9090")).unwrap();
        assert_eq!(given, GrpcListen::At(address(9090)));
        for off in ["", "off", "OFF"] {
            assert_eq!(load(Some(off)).unwrap(), GrpcListen::Off);
        }
        let why = load(Some("9090")).unwrap_err().to_string();
        assert!(
            why.contains("MCPD_GRPC_LISTEN") && why.contains("`off`"),
            "{why}"
        );
    }
}
