//! Ids of rows: UUIDv7, so that they order by age.

use kit::random::Random;
use shared::timestamp::Timestamp;
use uuid::{Builder, Uuid};

/// A new id, made of the time and of chance.
pub(crate) fn new_id(now: Timestamp, random: &dyn Random) -> String {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &bytes)
        .into_uuid()
        .to_string()
}

/// `text` as an id in its one canonical form (lower case, with hyphens); `None` where it is no
/// UUID.
pub(crate) fn parse_id(text: &str) -> Option<String> {
    Uuid::try_parse(text).ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use kit::random::SeededRandom;

    use super::*;

    #[test]
    fn a_later_id_is_greater_and_reads_back() {
        let random = SeededRandom::new(1);
        let at = |millis| new_id(Timestamp::from_millis(millis), &*random);
        let (early, late) = (at(1_795_253_400_125), at(1_795_253_400_126));
        assert!(early < late);
        assert_eq!(parse_id(&early.to_uppercase()), Some(early));
        assert_eq!(parse_id("../etc/passwd"), None);
    }
}
