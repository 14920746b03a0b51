//! How a provider is woken and put to sleep: the fields `wake`, `sleep` and their times.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use serde_json::{Map, Value};
use shared::llm::DEFAULT_WAKE_TIMEOUT;
use shared::span::Span;
use upstream::Origin;

/// An idle provider with a sleep recipe sleeps after so long, where its entry does not say.
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// The bounds of either time.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Where wake-on-LAN packets go: everybody on the local network, the discard port.
const EVERYBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::BROADCAST), 9);
/// The longest command line, and the largest body of a call, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// How a provider is woken, and put to sleep.
#[derive(Clone, Debug, PartialEq)]
pub struct WakePlan {
    /// What wakes it.
    pub wake: Recipe,
    /// How long it may take until it answers.
    pub wake_timeout: Duration,
    /// What puts it to sleep, and after how long without a request.
    pub sleep: Option<(Recipe, Duration)>,
}

/// Something that mcplocal can do to a provider's machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipe {
    /// Run a program with arguments; at least the program is there.
    Command(Vec<String>),
    /// Make a call.
    Http(Box<HttpCall>),
    /// Send a wake-on-LAN packet.
    Wol(Wol),
}

/// A call. May carry a credential, so its text form tells only where it goes.
#[derive(Clone, PartialEq)]
pub struct HttpCall {
    /// Whom to call.
    pub origin: Origin,
    /// Path and query.
    pub path: Uri,
    /// How.
    pub method: Method,
    /// With what.
    pub headers: HeaderMap,
    /// And what; may be empty.
    pub body: Bytes,
}

impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.origin.label())
    }
}

/// A wake-on-LAN packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wol {
    /// The network card.
    pub mac: [u8; 6],
    /// Where to send it.
    pub to: SocketAddr,
}

/// The fields of an entry, half read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) wake: Option<Recipe>,
    pub(super) sleep: Option<Recipe>,
    pub(super) wake_timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
}

impl Draft {
    /// Checks what no field can say alone. Errors name the field.
    pub(super) fn finish(self) -> Result<Option<WakePlan>, (&'static str, String)> {
        let Some(wake) = self.wake else {
            let needs = [
                ("sleep", self.sleep.is_some()),
                ("wakeTimeout", self.wake_timeout.is_some()),
                ("idleTimeout", self.idle_timeout.is_some()),
            ];
            return match needs.into_iter().find(|(_, there)| *there) {
                Some((field, _)) => {
                    let why = "it means something only together with `wake`: add a recipe to wake \
                               the provider again";
                    Err((field, why.into()))
                }
                None => Ok(None),
            };
        };
        let idle = self.idle_timeout;
        let sleep = match self.sleep {
            Some(Recipe::Wol(_)) => {
                let why = "`wol` can only wake: write `command` or `http`";
                return Err(("sleep", why.into()));
            }
            Some(sleep) => Some((sleep, idle.unwrap_or(DEFAULT_IDLE_TIMEOUT))),
            None if idle.is_some() => {
                let why = "it means something only together with `sleep`: add a recipe to put the \
                           provider to sleep";
                return Err(("idleTimeout", why.into()));
            }
            None => None,
        };
        Ok(Some(WakePlan {
            wake,
            wake_timeout: self.wake_timeout.unwrap_or(DEFAULT_WAKE_TIMEOUT),
            sleep,
        }))
    }
}

/// Reads a time.
pub(super) fn time(raw: &str) -> Result<Option<Duration>, String> {
    let text: Option<String> = serde_json::from_str(raw)
        .map_err(|_| "write a time as a text, such as \"90s\" or \"15m\"")?;
    let Some(text) = text else { return Ok(None) };
    let Span(time) = text
        .parse()
        .map_err(|why: shared::span::NotASpan| why.to_string())?;
    if !(SHORTEST..=LONGEST).contains(&time) {
        return Err("it must be between 1s and 24h".into());
    }
    Ok(Some(time))
}

/// Reads a recipe. The names of fields that mean nothing are added to `unknown`. Errors repeat no
/// value: it may be a credential.
pub(super) fn recipe(raw: &str, unknown: &mut Vec<String>) -> Result<Option<Recipe>, String> {
    const FORMS: &str = "write {\"command\": [\"program\", \"argument\"]}, {\"http\": {\"url\": \
                         \"...\"}} or {\"wol\": \"aa:bb:cc:dd:ee:ff\"}";
    let mut fields = match serde_json::from_str(raw) {
        Ok(Value::Null) => return Ok(None),
        Ok(Value::Object(fields)) => fields,
        _ => return Err(FORMS.into()),
    };
    let forms = ["command", "http", "wol"];
    let said: Vec<_> = forms
        .iter()
        .filter(|form| fields.contains_key(**form))
        .collect();
    let [form] = said[..] else {
        return Err(match said.len() {
            0 => FORMS.into(),
            _ => "it has more than one of `command`, `http` and `wol`: choose one".into(),
        });
    };
    let value = fields.remove(*form).unwrap_or_default();
    let recipe = match *form {
        "command" => Recipe::Command(command(value)?),
        "http" => Recipe::Http(Box::new(http_call(value, unknown)?)),
        _ => Recipe::Wol(wol(value, unknown)?),
    };
    note_unknown("", &fields, unknown);
    Ok(Some(recipe))
}

/// Notes what is left over, but for what its owner keeps for himself.
fn note_unknown(form: &str, left: &Map<String, Value>, unknown: &mut Vec<String>) {
    let names = left.keys().filter(|name| !name.starts_with("x-"));
    unknown.extend(names.map(|name| format!("{form}{name}")));
}

fn command(value: Value) -> Result<Vec<String>, String> {
    let words: Option<Vec<String>> = serde_json::from_value(value).ok();
    let fits = |words: &Vec<String>| {
        let program = words.first().is_some_and(|program| !program.is_empty());
        let bytes: usize = words.iter().map(String::len).sum();
        program && bytes <= MAX_BYTES && !words.iter().any(|word| word.contains('\0'))
    };
    words.filter(fits).ok_or_else(|| {
        "`command`: write the program and its arguments as an array of texts; no shell reads it \
         (for one, write [\"sh\", \"-c\", \"...\"])"
            .into()
    })
}

fn http_call(value: Value, unknown: &mut Vec<String>) -> Result<HttpCall, String> {
    let Value::Object(mut fields) = value else {
        return Err("`http`: write an object with at least a `url`".into());
    };
    let mut text = |field: &str| match fields.remove(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`http.{field}`: write a text")),
    };
    let url = text("url")?.ok_or("`http.url`: it is missing")?;
    let method = text("method")?.unwrap_or_else(|| "POST".into());
    let (origin, path) = address(&url).map_err(|why| format!("`http.url`: {why}"))?;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let known = methods
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&method));
    let method = known.and_then(|known| known.parse().ok());
    let method =
        method.ok_or_else(|| format!("`http.method`: write one of {}", methods.join(", ")))?;
    let mut headers = headers(fields.remove("headers").unwrap_or_default())?;
    let body = match fields.remove("body").unwrap_or_default() {
        Value::Null => Bytes::new(),
        Value::String(text) => text.into(),
        json => {
            let type_ = HeaderValue::from_static("application/json");
            headers.entry(CONTENT_TYPE).or_insert(type_);
            json.to_string().into()
        }
    };
    if body.len() > MAX_BYTES {
        return Err("`http.body`: it is longer than 64 KiB".into());
    }
    note_unknown("http.", &fields, unknown);
    Ok(HttpCall {
        origin,
        path,
        method,
        headers,
        body,
    })
}

/// Whom to call, and the path with its query.
fn address(url: &str) -> Result<(Origin, Uri), String> {
    let base = url.split(['?', '#']).next().unwrap_or_default();
    let origin = Origin::parse(base).map_err(|why| match why {
        upstream::BadUrl::Credentials => {
            "it must not carry a user name or a password: put them into `http.headers`".into()
        }
        other => other.to_string(),
    })?;
    let uri: Uri = url.trim().parse().map_err(|_| "this is not a URL")?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = path.parse().map_err(|_| "this is not a URL")?;
    Ok((origin, path))
}

fn headers(value: Value) -> Result<HeaderMap, String> {
    let fields = match value {
        Value::Null => return Ok(HeaderMap::new()),
        Value::Object(fields) => fields,
        _ => return Err("`http.headers`: write an object of texts".into()),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let bad = || format!("`http.headers.{name}`: this can't be a header");
        let key: HeaderName = name.parse().map_err(|_| bad())?;
        let value = value.as_str().and_then(|value| value.parse().ok());
        let mut value: HeaderValue = value.ok_or_else(bad)?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

fn wol(value: Value, unknown: &mut Vec<String>) -> Result<Wol, String> {
    let mut fields = match value {
        Value::String(text) => Map::from_iter([("mac".into(), text.into())]),
        Value::Object(fields) => fields,
        _ => return Err("`wol`: write the network card's address, \"aa:bb:cc:dd:ee:ff\"".into()),
    };
    let mac = fields.remove("mac").unwrap_or_default();
    let mac = mac.as_str().and_then(mac_address);
    let mac = mac.ok_or("`wol.mac`: write the network card's address, \"aa:bb:cc:dd:ee:ff\"")?;
    let mut to = EVERYBODY;
    if let Some(broadcast) = fields.remove("broadcast") {
        let address = broadcast.as_str().and_then(|text| text.parse().ok());
        to.set_ip(
            address.ok_or("`wol.broadcast`: write an IP address, such as \"192.168.1.255\"")?,
        );
    }
    if let Some(port) = fields.remove("port") {
        let port = port.as_u64().and_then(|port| u16::try_from(port).ok());
        to.set_port(
            port.filter(|port| *port > 0)
                .ok_or("`wol.port`: write a number from 1 to 65535")?,
        );
    }
    note_unknown("wol.", &fields, unknown);
    Ok(Wol { mac, to })
}

fn mac_address(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.trim().split([':', '-']);
    for byte in &mut mac {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *byte = u8::from_str_radix(part, 16)
            .ok()
            .filter(|_| !part.starts_with('+'))?;
    }
    parts.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(raw: &str) -> Recipe {
        let mut unknown = Vec::new();
        let recipe = recipe(raw, &mut unknown).unwrap().unwrap();
        assert!(unknown.is_empty(), "{unknown:?}");
        recipe
    }

    fn bad(raw: &str) -> String {
        recipe(raw, &mut Vec::new()).unwrap_err()
    }

    #[test]
    fn every_form_is_read() {
        let command = good(r#"{"command": ["systemctl", "--user", "start", "vllm"]}"#);
        assert!(matches!(command, Recipe::Command(words) if words.len() == 4));
        let Recipe::Http(call) = good(
            r#"{"http": {"url": "http://10.0.0.2:8006/api?x=1", "method": "put",
                "headers": {"Authorization": "Bearer canary"}, "body": {"on": true}}}"#,
        ) else {
            panic!()
        };
        assert_eq!(
            (&call.method, call.path.to_string().as_str()),
            (&Method::PUT, "/api?x=1")
        );
        assert_eq!(call.headers["content-type"], "application/json");
        assert_eq!(&*call.body, br#"{"on":true}"#);
        assert!(!format!("{call:?}").contains("canary"));
        let mac = [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        let to = EVERYBODY;
        assert_eq!(
            good(r#"{"wol": "aa:bb:cc:dd:ee:ff"}"#),
            Recipe::Wol(Wol { mac, to })
        );
        let to = "192.168.1.255:7".parse().unwrap();
        let raw =
            r#"{"wol": {"mac": "AA-BB-CC-DD-EE-FF", "broadcast": "192.168.1.255", "port": 7}}"#;
        assert_eq!(good(raw), Recipe::Wol(Wol { mac, to }));
    }

    #[test]
    fn what_is_wrong_is_named_and_values_are_not_repeated() {
        let cases = [
            (r#""canary""#, "write {"),
            (r#"{}"#, "write {"),
            (r#"{"wol": "canary", "command": ["canary"]}"#, "choose one"),
            (r#"{"command": "canary"}"#, "`command`"),
            (r#"{"command": []}"#, "`command`"),
            (r#"{"command": ["x", 7]}"#, "`command`"),
            (r#"{"http": {"method": "GET"}}"#, "`http.url`"),
            (
                r#"{"http": {"url": "http://canary:canary@x"}}"#,
                "`http.headers`",
            ),
            (r#"{"http": {"url": "ftp://canary"}}"#, "`http.url`"),
            (
                r#"{"http": {"url": "http://x", "method": "canary"}}"#,
                "`http.method`",
            ),
            (
                r#"{"http": {"url": "http://x", "headers": {"a": "canary\n"}}}"#,
                "`http.headers.a`",
            ),
            (r#"{"wol": "aa:bb:cc:dd:ee"}"#, "`wol.mac`"),
            (r#"{"wol": {"mac": "aa:bb:cc:dd:ee:+f"}}"#, "`wol.mac`"),
            (
                r#"{"wol": {"mac": "aa:bb:cc:dd:ee:ff", "broadcast": "canary"}}"#,
                "`wol.broadcast`",
            ),
            (
                r#"{"wol": {"mac": "aa:bb:cc:dd:ee:ff", "port": 0}}"#,
                "`wol.port`",
            ),
        ];
        for (raw, expected) in cases {
            let why = bad(raw);
            assert!(why.contains(expected), "{raw}: {why}");
            assert!(!why.contains("canary"), "{raw}: {why}");
        }
    }

    #[test]
    fn fields_that_mean_nothing_are_noted() {
        let mut unknown = Vec::new();
        let raw = r#"{"http": {"url": "http://x", "hedaers": {}, "x-note": 1}, "tiemout": 1}"#;
        recipe(raw, &mut unknown).unwrap().unwrap();
        assert_eq!(unknown, ["http.hedaers", "tiemout"]);
    }
}
