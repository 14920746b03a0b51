//! This clock and the server's agree: certificates, tokens and ages depend on it.

use std::time::Duration;

use super::finding::Finding;
use super::look::{Hello, Look};
use crate::duration::age;

/// Above this, ages in tables mislead.
const WARN: Duration = Duration::from_secs(30);
/// Above this, what ends by the clock ends wrongly.
const FAIL: Duration = Duration::from_secs(5 * 60);

pub(super) async fn check(look: &Look) -> Finding {
    match look.hello().await {
        Ok(Ok(hello)) => judge(hello),
        _ => Finding::skip("the server can't be asked for its time"),
    }
}

fn judge(hello: &Hello) -> Finding {
    let Some(theirs) = hello.date else {
        return Finding::skip("the server does not tell its time");
    };
    let (ahead, behind) = (hello.at.since(theirs), theirs.since(hello.at));
    // The answer was under way, and its date counts whole seconds.
    let blur = hello.took + Duration::from_secs(1);
    let ahead = ahead.saturating_sub(blur);
    let (off, side) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    let fix = "turn time synchronisation on, here or there (Linux: timedatectl set-ntp true)";
    let told = format!("this clock is {} {side} the server's", age(off));
    match off {
        off if off > FAIL => Finding::fail(told).fix(fix),
        off if off > WARN => Finding::warn(told).fix(fix),
        off if off < Duration::from_secs(2) => Finding::ok("as the server's"),
        _ => Finding::ok(told),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use shared::timestamp::Timestamp;

    use super::super::finding::Verdict;
    use super::*;

    fn judged(ours: u64, theirs: u64) -> Finding {
        let at = |seconds: u64| Timestamp::default().plus(Duration::from_secs(seconds));
        judge(&Hello {
            status: 200,
            body: Value::Null,
            date: Some(at(theirs)),
            at: at(ours),
            took: Duration::from_millis(300),
        })
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_to_which_side() {
        assert_eq!(judged(1000, 999), Finding::ok("as the server's"));
        assert_eq!(judged(1000, 1010).verdict, Verdict::Ok);
        let warned = judged(1000, 1040);
        assert_eq!(
            (warned.verdict, warned.detail.as_str()),
            (Verdict::Warn, "this clock is 40s behind the server's")
        );
        let failed = judged(9000, 1000);
        assert_eq!(failed.verdict, Verdict::Fail);
        assert!(failed.detail.contains("ahead of"), "{failed:?}");
    }
}
