//! What is submitted in the crash rounds: every sort of job, the same ones for the same seed.

use crate::clock::wall_ms;
use crate::dice::Dice;
use serde_json::{Value, json};
use shared::timestamp::Timestamp;

/// The kinds that external workers claim.
pub const KINDS: [&str; 2] = ["crash.work", "crash.more"];
/// The LLM that is there all the time: the built-in provider.
pub const LLM: &str = "demo";
/// The LLM that comes when all the rounds are over.
pub const LATER: &str = "later";
/// Unique keys that jobs fight for.
const UNIQUE_KEYS: u32 = 3;
/// The most jobs of one call.
const BATCH: u32 = 12;

/// What an external worker does with a job; it stands in the payload as `does`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Brings a result at once.
    Quick,
    /// Brings it after some heartbeats.
    Beats,
    /// Brings it after its lease, the first time.
    Dawdles,
    /// Fails the first time, and may be tried again.
    Fails,
    /// Says that no attempt will help.
    Refuses,
    /// Ends its worker, each time.
    Dies,
}

impl Does {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Quick, "quick"),
        (Self::Beats, "beats"),
        (Self::Dawdles, "dawdles"),
        (Self::Fails, "fails"),
        (Self::Refuses, "refuses"),
        (Self::Dies, "dies"),
    ];

    /// As it stands in a payload.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(does, _)| *does == self);
        found.map_or("", |(_, text)| text)
    }

    /// What a payload asks for; anything else is quick.
    #[must_use]
    pub fn find(payload: &Value) -> Self {
        let found = Self::ALL.iter().find(|(_, text)| payload["does"] == *text);
        found.map_or(Self::Quick, |(does, _)| *does)
    }
}

/// One job of a submission.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Tells it from all others; it stands in the labels.
    pub nonce: String,
    /// Its unique key.
    pub unique_key: Option<String>,
    /// Whether it may expire.
    pub has_deadline: bool,
    /// As it is submitted.
    pub job: Value,
}

/// One call, to be repeated byte for byte where it has a key and no answer.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its jobs; more than one are sent as a list.
    pub jobs: Vec<Planned>,
    /// Its idempotency key.
    pub key: Option<String>,
    /// Its body.
    pub body: String,
}

/// The submissions of one seed, without an end.
#[derive(Debug)]
pub struct Plan {
    dice: Dice,
    count: u64,
}

impl Plan {
    /// Those of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x706c_616e);
        Self { dice, count: 0 }
    }

    /// The next one.
    pub fn submission(&mut self) -> Submission {
        let is_list = self.dice.in_a_hundred(20);
        let count = if is_list {
            2 + self.dice.roll(BATCH - 1)
        } else {
            1
        };
        let jobs: Vec<Planned> = (0..count).map(|_| self.job(is_list)).collect();
        let body = match &jobs[..] {
            [one] if !is_list => one.job.to_string(),
            many => {
                let many: Vec<&Value> = many.iter().map(|planned| &planned.job).collect();
                json!({"jobs": many}).to_string()
            }
        };
        let has_key = self.dice.in_a_hundred(65);
        let key = has_key.then(|| format!("key-{}", jobs[0].nonce));
        Submission { jobs, key, body }
    }

    fn job(&mut self, is_in_list: bool) -> Planned {
        self.count += 1;
        let nonce = format!("n{}", self.count);
        let dice = &mut self.dice;
        let (kind, payload) = match dice.roll(100) {
            0..30 => (
                "echo",
                json!({"nonce": nonce, "bytes": "x".repeat(dice.roll(2000) as usize)}),
            ),
            30..45 => ("llm.chat", chat(LLM, &nonce, dice.roll(12))),
            45..48 => ("llm.chat", chat(LATER, &nonce, 0)),
            _ => {
                let does = match dice.roll(100) {
                    0..60 => Does::Quick,
                    60..75 => Does::Beats,
                    75..84 => Does::Dawdles,
                    84..93 => Does::Fails,
                    93..97 => Does::Refuses,
                    _ => Does::Dies,
                };
                let kind = *dice.pick(&KINDS);
                (kind, json!({"nonce": nonce, "does": does.as_str()}))
            }
        };
        let dies = payload["does"] == Does::Dies.as_str();
        let max_attempts = if dies { 2 } else { 1 + dice.roll(5) };
        let mut job = json!({
            "kind": kind, "payload": payload, "max_attempts": max_attempts,
            "labels": {"nonce": nonce}, "priority": i64::from(dice.roll(5)) - 2,
        });
        if dice.in_a_hundred(15) {
            job["run_at"] = from_now(dice.roll(400));
        }
        let has_deadline = dice.in_a_hundred(6);
        if has_deadline {
            job["deadline_at"] = from_now(100 + dice.roll(1500));
        }
        let is_unique = !is_in_list && dice.in_a_hundred(10);
        let unique_key = is_unique.then(|| format!("unique-{}", dice.roll(UNIQUE_KEYS)));
        if let Some(key) = &unique_key {
            job["unique_key"] = key.as_str().into();
        }
        Planned {
            nonce,
            unique_key,
            has_deadline,
            job,
        }
    }
}

fn chat(llm: &str, nonce: &str, delay_ms: u32) -> Value {
    json!({
        "llm": llm, "messages": [{"role": "user", "content": format!("say {nonce} and some more words")}],
        "demo": {"delay_ms": delay_ms},
    })
}

fn from_now(ms: u32) -> Value {
    Timestamp::from_millis(wall_ms() + i64::from(ms))
        .to_string()
        .into()
}
