//! What people and programs write by hand: names, spans, times, ids, credentials.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use fuzzing::{bytes, garbled};
use proptest::prelude::*;
use proptest::sample::select;
use shared::access_token::{self, ID_CHARS, SECRET_CHARS};
use shared::infer_path::InferPath;
use shared::job::{JobId, LeaseToken, WorkerId};
use shared::llm::{Phase, ProviderType, SecretRef};
use shared::name::Name;
use shared::role::Role;
use shared::span::Span;
use shared::timestamp::Timestamp;

const WRITTEN: [&str; 17] = [
    "qwen2.5:7b",
    "Qwen/Qwen2.5-7B",
    "_provider-stream",
    "1h30m",
    "250ms",
    "213503982334d14h25m51s615ms",
    "2026-11-21T09:30:00.125Z",
    "9999-12-31T23:59:59.999-23:59",
    "0000-01-01T00:00:00+23:59",
    "2016-12-31T23:59:60Z",
    "1969-12-31T23:59:59.9995Z",
    "019aa5c3-1b7d-7f00-8000-000000000001",
    "019AA5C3-1B7D-7F00-8000-00000000000é",
    "worker-1@host",
    "chat/completions",
    "secret/key",
    "hibernating",
];

fn text() -> impl Strategy<Value = String> {
    let text = prop_oneof![4 => garbled(&WRITTEN, 3), 1 => bytes(40)];
    text.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn what_is_read_reads_back<T>(text: &str) -> Result<(), TestCaseError>
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(read) => {
            let written = read.to_string();
            prop_assert_eq!(
                written.parse::<T>().ok(),
                Some(read),
                "{:?} became {:?}",
                text,
                written
            );
        }
        Err(why) => {
            let why = why.to_string();
            let harmless = !why.chars().any(char::is_control);
            prop_assert!(
                harmless,
                "a control character reaches a terminal: {:?}",
                why
            );
        }
    }
    Ok(())
}

/// Any credential; its id is in base 32, its secret in base64url.
fn a_token() -> impl Strategy<Value = String> {
    let role = select(vec![Role::Admin, Role::User]);
    let id = of(format!("[a-z2-7]{{{ID_CHARS}}}"));
    let secret = of(format!("[a-zA-Z0-9_-]{{{SECRET_CHARS}}}"));
    (role, id, secret).prop_map(|(role, id, secret)| access_token::format(role, &id, &secret))
}

fn of(regex: String) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&regex).unwrap()
}

fuzzing::targets! {
    fn what_is_read_of_a_text_reads_back(text in text()) {
        what_is_read_reads_back::<Name>(&text)?;
        what_is_read_reads_back::<Span>(&text)?;
        what_is_read_reads_back::<Timestamp>(&text)?;
        what_is_read_reads_back::<JobId>(&text)?;
        what_is_read_reads_back::<InferPath>(&text)?;
        what_is_read_reads_back::<Phase>(&text)?;
        what_is_read_reads_back::<ProviderType>(&text)?;
        what_is_read_reads_back::<SecretRef>(&text)?;
        what_is_read_reads_back::<Role>(&text)?;
        for id in [text.parse::<WorkerId>().map(|id| id.as_str().to_owned()),
            text.parse::<LeaseToken>().map(|id| id.as_str().to_owned())].into_iter().flatten() {
            prop_assert_eq!(&id, &text);
        }
    }

    fn every_moment_can_be_written(millis in prop_oneof![any::<i64>(), select(vec![i64::MIN, i64::MAX, -1, 0])]) {
        let at = Timestamp::from_millis(millis);
        prop_assert!(serde_json::to_string(&at).is_ok());
        prop_assert!(!at.to_string().is_empty());
    }

    fn a_span_of_any_length_reads_back(millis in any::<u64>()) {
        let span = Span(std::time::Duration::from_millis(millis));
        prop_assert_eq!(span.to_string().parse::<Span>().ok(), Some(span));
    }

    fn a_token_is_itself_or_none(token in a_token(), other in bytes(90), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let parsed = access_token::parse(&token);
        prop_assert!(parsed.is_ok(), "{}", token);
        let parsed = parsed.unwrap();
        prop_assert_eq!(access_token::format(parsed.role, parsed.id, parsed.secret), token.clone());
        let shown = format!("{parsed:?}");
        prop_assert!(!shown.contains(parsed.secret));
        // One character that was mistyped or lost is always noticed.
        let mut mistyped: Vec<char> = token.chars().collect();
        let at = at.index(mistyped.len());
        let lost: String = mistyped.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, c)| c).collect();
        prop_assert!(access_token::parse(&lost).is_err());
        if std::mem::replace(&mut mistyped[at], with) != with {
            prop_assert!(access_token::parse(&mistyped.into_iter().collect::<String>()).is_err());
        }
        prop_assert!(access_token::parse(&String::from_utf8_lossy(&other)).is_err());
    }
}
