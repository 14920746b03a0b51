//! The names of a job, of a worker, and of the right to finish an attempt.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::MAX_KEY_BYTES;

/// A text that can't be such an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Not a UUID.
    #[error("a job's id is a UUID, such as 019aa5c3-1b7d-7f00-8000-000000000001")]
    Job,
    /// Empty, too long, or with control characters.
    #[error("a worker's id is 1 to 256 bytes without control characters")]
    Worker,
    /// Empty, too long, or with control characters.
    #[error("a lease token is what `claim` gave with the job")]
    Lease,
}

/// A job's id: a UUID, lower case with hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct JobId(Box<str>);

/// A worker's id: its own to choose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct WorkerId(Box<str>);

/// The right to finish one attempt of one job. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct LeaseToken(Box<str>);

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(..)")
    }
}

impl FromStr for JobId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let is_hyphen = |at| matches!(at, 8 | 13 | 18 | 23);
        let fits = |(at, byte): (usize, u8)| match byte {
            b'-' => is_hyphen(at),
            _ => !is_hyphen(at) && byte.is_ascii_hexdigit(),
        };
        if text.len() != 36 || !text.bytes().enumerate().all(fits) {
            return Err(BadId::Job);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

impl FromStr for WorkerId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        plain(text).map(Self).ok_or(BadId::Worker)
    }
}

impl FromStr for LeaseToken {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        plain(text).map(Self).ok_or(BadId::Lease)
    }
}

fn plain(text: &str) -> Option<Box<str>> {
    let fits = !text.is_empty() && text.len() <= MAX_KEY_BYTES;
    (fits && !text.chars().any(char::is_control)).then(|| text.into())
}

macro_rules! as_text {
    ($($id:ident),+) => {
        $(
            impl $id {
                /// The id as text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl<'de> Deserialize<'de> for $id {
                fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    let text = String::deserialize(from)?;
                    text.parse().map_err(de::Error::custom)
                }
            }
        )+
    };
}
as_text!(JobId, WorkerId, LeaseToken);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_id_has_one_canonical_form() {
        let id: JobId = "019AA5C3-1B7D-7F00-8000-000000000001".parse().unwrap();
        assert_eq!(id.as_str(), "019aa5c3-1b7d-7f00-8000-000000000001");
        for bad in [
            "",
            "1",
            "019aa5c31b7d7f008000000000000001",
            "../../etc/passwd",
        ] {
            assert_eq!(bad.parse::<JobId>(), Err(BadId::Job));
        }
    }

    #[test]
    fn a_lease_token_is_not_printed() {
        let token: LeaseToken = "secret-7".parse().unwrap();
        assert!(!format!("{token:?}").contains("secret"));
        assert!("a\u{1b}".parse::<WorkerId>().is_err());
    }
}
