//! Credentials that are over: whoever still holds one is told so, and not that it is unknown.
//!
//! Only since the server started, and only so many: their rows are deleted, so that names are free.

use std::collections::VecDeque;
use std::sync::Mutex;

use shared::timestamp::Timestamp;
use store::credential::SecretHash;
use store::tokens::TokenRecord;

/// How many are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 1000;

/// What ended lately.
#[derive(Default)]
pub(super) struct Ended(Mutex<VecDeque<Remembered>>);

struct Remembered {
    id: String,
    secret_hash: SecretHash,
    expired_at: Option<Timestamp>,
}

impl Ended {
    /// Remembers one that has ended by `now`: by itself, or by somebody's hand.
    pub(super) fn remember(&self, record: &TokenRecord, now: Timestamp) {
        let Ok(mut list) = self.0.lock() else {
            return;
        };
        if list.len() == REMEMBERED {
            list.pop_front();
        }
        list.push_back(Remembered {
            id: record.id.clone(),
            secret_hash: record.secret_hash,
            expired_at: record.expires_at.filter(|end| *end <= now),
        });
    }

    /// What became of a credential, for who proves to hold it.
    pub(super) fn tell(&self, id: &str, secret: &str) -> Option<String> {
        let list = self.0.lock().ok()?;
        let found = list.iter().find(|ended| ended.id == id)?;
        if !found.secret_hash.proves(secret) {
            return None;
        }
        Some(text(found.expired_at))
    }
}

/// What became of a credential that expired, or was deleted.
pub(super) fn text(expired_at: Option<Timestamp>) -> String {
    match expired_at {
        Some(end) => format!("the access token expired at {end}"),
        None => "the access token was deleted".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, expires_at: Option<i64>) -> TokenRecord {
        let at = Timestamp::from_millis;
        TokenRecord {
            id: id.into(),
            name: "x".parse().unwrap(),
            principal: "x".into(),
            roles: Vec::new(),
            secret_hash: SecretHash::of(id),
            created_at: at(0),
            expires_at: expires_at.map(at),
            revoked_at: None,
            last_used_at: None,
            limits: Default::default(),
        }
    }

    #[test]
    fn only_who_holds_it_is_told_and_the_oldest_are_forgotten() {
        let (ended, now) = (Ended::default(), Timestamp::from_millis(1000));
        ended.remember(&record("expired", Some(1000)), now);
        ended.remember(&record("deleted", None), now);
        ended.remember(&record("early", Some(2000)), now);
        let said = ended.tell("expired", "expired").unwrap();
        assert_eq!(said, "the access token expired at 1970-01-01T00:00:01.000Z");
        assert_eq!(ended.tell("expired", "guessed"), None);
        for id in ["deleted", "early"] {
            let said = ended.tell(id, id).unwrap();
            assert_eq!(said, "the access token was deleted");
        }
        for n in 0..REMEMBERED {
            ended.remember(&record(&n.to_string(), None), now);
        }
        assert_eq!(ended.tell("early", "early"), None);
        assert!(ended.tell("0", "0").is_some());
    }
}
