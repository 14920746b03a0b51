//! The few fields of a request body that we need, read without touching the rest.
//!
//! A body goes to its provider byte for byte; only the value of `model` is replaced, and where we
//! want to know what a stream used, `stream_options.include_usage` is set. So the body is checked
//! to be JSON, these members are found as ranges of bytes, and nothing is rebuilt.

use std::ops::Range;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What we read of a request body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// Where the value of `model` stands in the body, quotes included.
    model: Option<Range<usize>>,
    /// The caller asked for a stream.
    pub stream: bool,
    /// The caller asked for the usage of its stream: `stream_options.include_usage`.
    pub include_usage: bool,
    /// The most tokens that an answer may have, by any of its names; the largest where there are
    /// several. `None` where none is told, or nonsense.
    pub max_tokens: Option<u64>,
    /// How many answers are asked for; `None` where it isn't told, or nonsense.
    pub n: Option<u64>,
    /// The temperature; `None` where it isn't told, or no number.
    pub temperature: Option<f64>,
    /// Where to set `include_usage`.
    usage_at: UsageAt,
    /// Where the first field begins (behind the `{`), and whether there is one.
    fields_at: usize,
    has_fields: bool,
}

/// What it takes to have `stream_options.include_usage` set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum UsageAt {
    /// There are no `stream_options`: a new first member of the body.
    #[default]
    Missing,
    /// There are, without it: a new first member of them, with others behind it or not.
    Inside {
        at: usize,
        has_fields: bool,
    },
    /// A value to be replaced: its own, or that of `stream_options`, which is `null`.
    Own(Range<usize>),
    Null(Range<usize>),
    /// It is set, or `stream_options` are no object, which the provider may complain about.
    Settled,
}

/// Why a body can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadBody {
    /// Nothing was sent.
    #[error("the request has no body: send a JSON object")]
    Empty,
    /// JSON, but no object.
    #[error("the request body is not a JSON object: it must begin with `{{`")]
    NotAnObject,
    /// Not text.
    #[error("the request body is not UTF-8: the byte at position {0} is not part of any text")]
    NotUtf8(usize),
    /// Not JSON, or a field that we need has the wrong type.
    #[error("the request body can't be read: {0}")]
    Syntax(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "as_it_stands")]
    model: Option<&'a RawValue>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(borrow, default, deserialize_with = "as_it_stands")]
    stream_options: Option<&'a RawValue>,
    // Types of the rest are the provider's business: it says best what it wants.
    #[serde(borrow, default)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    n: Option<&'a RawValue>,
    #[serde(borrow, default)]
    temperature: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions<'a> {
    #[serde(borrow, default, deserialize_with = "as_it_stands")]
    include_usage: Option<&'a RawValue>,
}

/// Keeps a `null` too: it must be found to be replaced.
fn as_it_stands<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Checks that `body` is a JSON object and finds what we need in it.
///
/// Errors: [`BadBody`], with line and column where the JSON is broken.
pub fn read(body: &[u8]) -> Result<Head, BadBody> {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    let open = body
        .iter()
        .position(|b| !is_space(b))
        .ok_or(BadBody::Empty)?;
    if body[open] != b'{' {
        return Err(BadBody::NotAnObject);
    }
    let text = str::from_utf8(body).map_err(|wrong| BadBody::NotUtf8(wrong.valid_up_to()))?;
    let fields: Fields<'_> = serde_json::from_str(text)?;
    if let Some(model) = fields.model {
        // A model of another type is the caller's mistake; say so here rather than overwrite it.
        serde_json::from_str::<Option<std::borrow::Cow<'_, str>>>(model.get())?;
    }
    let fields_at = open + 1;
    let (usage_at, include_usage) = match fields.stream_options {
        Some(options) => read_options(body, options)?,
        None => (UsageAt::Missing, false),
    };
    let limits = [
        fields.max_tokens,
        fields.max_completion_tokens,
        fields.max_output_tokens,
    ];
    Ok(Head {
        model: fields.model.map(|raw| range(body, raw)),
        stream: fields.stream.unwrap_or(false),
        include_usage,
        max_tokens: limits.into_iter().flatten().filter_map(whole).max(),
        n: fields.n.and_then(whole),
        temperature: fields.temperature.and_then(number),
        usage_at,
        fields_at,
        has_fields: has_fields(&text[fields_at..]),
    })
}

fn read_options(body: &[u8], options: &RawValue) -> Result<(UsageAt, bool), BadBody> {
    let at = range(body, options);
    if options.get() == "null" {
        return Ok((UsageAt::Null(at), false));
    }
    if !options.get().starts_with('{') {
        return Ok((UsageAt::Settled, false));
    }
    let own = serde_json::from_str::<StreamOptions<'_>>(options.get())?.include_usage;
    Ok(match own {
        Some(own) if own.get() == "true" => (UsageAt::Settled, true),
        Some(own) => (UsageAt::Own(range(body, own)), false),
        None => {
            let has_fields = has_fields(&options.get()[1..]);
            let at = at.start + 1;
            (UsageAt::Inside { at, has_fields }, false)
        }
    })
}

/// Where a borrowed value stands in the body that it was read from.
fn range(body: &[u8], raw: &RawValue) -> Range<usize> {
    let at = raw.get().as_ptr() as usize - body.as_ptr() as usize;
    at..at + raw.get().len()
}

/// Whether an object goes on with a member behind its `{`.
fn has_fields(rest: &str) -> bool {
    !rest.trim_start().starts_with('}')
}

fn number(raw: &RawValue) -> Option<f64> {
    serde_json::from_str(raw.get()).ok()
}

/// A number without a fraction; `-1` and the like say that there is no limit.
fn whole(raw: &RawValue) -> Option<u64> {
    let number = number(raw).filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
    // A number too large for a u64 becomes the largest one.
    Some(raw.get().parse().unwrap_or(number as u64))
}

impl Head {
    /// The model that `body` asks for; `None` where it names none.
    pub fn model(&self, body: &[u8]) -> Option<String> {
        serde_json::from_slice(body.get(self.model.clone()?)?).ok()?
    }

    /// The body with `model` as its model; `None` where it says so already.
    pub fn with_model(&self, body: &[u8], model: &str) -> Option<Vec<u8>> {
        self.for_provider(body, model, false)
    }

    /// The body with `model` as its model and, with `ask_usage`, `stream_options.include_usage`
    /// set; `None` where it says so already.
    ///
    /// A request for no stream stays without `stream_options`: providers refuse them there.
    pub fn for_provider(&self, body: &[u8], model: &str, ask_usage: bool) -> Option<Vec<u8>> {
        let mut edits = Vec::new();
        let mut first = String::new();
        let quoted = serde_json::Value::from(model).to_string();
        match &self.model {
            Some(at) if body.get(at.clone()) == Some(quoted.as_bytes()) => {}
            Some(at) => edits.push((at.clone(), quoted)),
            None => first = format!(r#""model":{quoted}"#),
        }
        if ask_usage && self.stream {
            match &self.usage_at {
                UsageAt::Missing => {
                    let comma = if first.is_empty() { "" } else { "," };
                    first += comma;
                    first += r#""stream_options":{"include_usage":true}"#;
                }
                UsageAt::Inside { at, has_fields } => {
                    let comma = if *has_fields { "," } else { "" };
                    edits.push((*at..*at, format!(r#""include_usage":true{comma}"#)));
                }
                UsageAt::Own(at) => edits.push((at.clone(), "true".into())),
                UsageAt::Null(at) => edits.push((at.clone(), r#"{"include_usage":true}"#.into())),
                UsageAt::Settled => {}
            }
        }
        if !first.is_empty() {
            let comma = if self.has_fields { "," } else { "" };
            edits.push((self.fields_at..self.fields_at, first + comma));
        }
        edited(body, edits)
    }
}

/// `body` with some ranges replaced; `None` where there are none.
fn edited(body: &[u8], mut edits: Vec<(Range<usize>, String)>) -> Option<Vec<u8>> {
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(at, _)| at.start);
    let added: usize = edits.iter().map(|(_, text)| text.len()).sum();
    let mut new = Vec::with_capacity(body.len() + added);
    let mut from = 0;
    for (at, text) in edits {
        new.extend_from_slice(&body[from..at.start]);
        new.extend_from_slice(text.as_bytes());
        from = at.end;
    }
    new.extend_from_slice(&body[from..]);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(body: &str) -> String {
        let head = read(body.as_bytes()).unwrap();
        let bytes = head.with_model(body.as_bytes(), "m\"1");
        String::from_utf8(bytes.unwrap_or_else(|| body.into())).unwrap()
    }

    #[test]
    fn only_the_model_is_replaced() {
        assert_eq!(
            rewritten(r#" {"x" : 1.00, "model":  "old" ,"y":[ ]} "#),
            r#" {"x" : 1.00, "model":  "m\"1" ,"y":[ ]} "#
        );
        assert_eq!(rewritten(r#"{"model":"m\"1"}"#), r#"{"model":"m\"1"}"#);
        assert_eq!(rewritten(r#"{"model":null}"#), r#"{"model":"m\"1"}"#);
    }

    #[test]
    fn a_missing_model_is_put_first() {
        assert_eq!(rewritten("{ }"), r#"{"model":"m\"1" }"#);
        assert_eq!(
            rewritten(r#"{"a":{"model":"x"}}"#),
            r#"{"model":"m\"1","a":{"model":"x"}}"#
        );
    }

    #[test]
    fn bad_bodies_say_what_is_wrong() {
        let why = |body: &str| read(body.as_bytes()).unwrap_err().to_string();
        assert!(why("").contains("no body"));
        assert!(
            read(b"{\"a\":\"\xff\"}")
                .unwrap_err()
                .to_string()
                .contains("position 6")
        );
        assert!(why("[1]").contains("begin with `{`"));
        assert!(why("{\"a\":1,}").contains("line 1 column 8"));
        assert!(why(r#"{"model":5}"#).contains("expected a string"));
        assert!(why(r#"{"stream":"yes"}"#).contains("expected a boolean"));
        assert!(why(r#"{"model":"a","model":"b"}"#).contains("duplicate field"));
        assert!(why(&format!("{{\"a\":{}1", "[".repeat(100_000))).contains("EOF"));
    }

    #[test]
    fn the_stream_flag_and_the_model_are_read() {
        let body = br#"{"model":"a\u00e9","stream":true}"#;
        let head = read(body).unwrap();
        assert!(head.stream);
        assert_eq!(head.model(body).as_deref(), Some("aé"));
        assert!(!read(br#"{"stream":null}"#).unwrap().stream);
    }

    fn asked(body: &str) -> String {
        let head = read(body.as_bytes()).unwrap();
        let bytes = head.for_provider(body.as_bytes(), "m", true);
        String::from_utf8(bytes.unwrap_or_else(|| body.into())).unwrap()
    }

    #[test]
    fn the_usage_of_a_stream_is_asked_for_with_few_changes() {
        for (body, expected) in [
            (
                r#"{"model":"a","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#,
            ),
            (
                r#"{ "stream":true}"#,
                r#"{"model":"m","stream_options":{"include_usage":true}, "stream":true}"#,
            ),
            (
                r#"{"stream_options":{ "x" :1.0},"stream":true,"model":"m"}"#,
                r#"{"stream_options":{"include_usage":true, "x" :1.0},"stream":true,"model":"m"}"#,
            ),
            (
                r#"{"stream":true,"model":"b","stream_options":{}}"#,
                r#"{"stream":true,"model":"m","stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"stream":true,"stream_options": {"x":1,"include_usage": false},"model":"m"}"#,
                r#"{"stream":true,"stream_options": {"x":1,"include_usage": true},"model":"m"}"#,
            ),
            (
                r#"{"stream":true,"model":"m","stream_options":null}"#,
                r#"{"stream":true,"model":"m","stream_options":{"include_usage":true}}"#,
            ),
        ] {
            assert_eq!(asked(body), expected);
            assert!(read(expected.as_bytes()).unwrap().include_usage);
        }
        for settled in [
            r#"{"stream":true,"model":"m","stream_options":{"include_usage":true}}"#,
            r#"{"stream":true,"model":"m","stream_options":"all"}"#,
            r#"{"stream":false,"model":"m"}"#,
        ] {
            assert_eq!(asked(settled), settled);
        }
    }

    #[test]
    fn the_limits_of_a_request_are_read_and_nonsense_is_left_to_the_provider() {
        let head = read(br#"{"max_tokens":5,"max_completion_tokens":9,"n":2,"temperature":0}"#);
        let head = head.unwrap();
        assert_eq!((head.max_tokens, head.n), (Some(9), Some(2)));
        assert_eq!(head.temperature, Some(0.0));
        let head =
            read(br#"{"max_tokens":-1,"max_output_tokens":1e99,"n":"2","temperature":null}"#);
        let head = head.unwrap();
        assert_eq!((head.max_tokens, head.n), (Some(u64::MAX), None));
        assert_eq!(head.temperature, None);
        assert!(read(br#"{"n":1,"n":500}"#).is_err());
    }
}
