//! One caller, who asks all kinds of things and judges each answer.

use super::absence::Absence;
use super::tally::{Ended, Tally};
use crate::cluster::{Answer, Ask, Whole};
use crate::dice::Dice;
use crate::fronts::{chat_of, messages_of};
use crate::mock::Behaviour;
use crate::spoken::{spoken, tokens};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Longest an answer may take: longer than every limit of the server together.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two requests of one caller, at most, in milliseconds.
const PAUSE_MS: u32 = 600;
/// Between two looks of one who reads slowly.
const SLOWLY: Duration = Duration::from_millis(50);

/// What a caller does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Whole,
    Stream,
    HangUp,
    Slow,
    Anthropic,
}

/// Asks one thing after the other, as `dice` says, until `over`.
pub(super) async fn ask_on(
    mut dice: Dice,
    addr: SocketAddr,
    token: String,
    models: Vec<String>,
    absence: Arc<Absence>,
    tally: Arc<Tally>,
    over: CancellationToken,
) {
    while !over.is_cancelled() {
        let manner = manner(&mut dice);
        let (model, behaviour) = (dice.pick(&models).clone(), behaviour(manner, &mut dice));
        let after = dice.roll(12);
        let asked = request(manner, &model, &behaviour).token(&token);
        let began = absence.mark();
        let exchange = exchange(&asked, addr, manner, &behaviour, after);
        let ended = timeout(PATIENCE, exchange).await;
        let mut ended =
            ended.unwrap_or_else(|_| Ended::Wrong(format!("no end within {PATIENCE:?}")));
        if ended == Ended::NoAnswer && !absence.was_since(began) {
            ended = Ended::Wrong("no answer, though the server was there".to_owned());
        }
        tally.add(&format!("{manner:?} of {model}"), ended);
        sleep(Duration::from_millis(u64::from(dice.roll(PAUSE_MS)))).await;
    }
}

fn manner(dice: &mut Dice) -> Manner {
    match dice.roll(100) {
        0..35 => Manner::Whole,
        35..65 => Manner::Stream,
        65..80 => Manner::HangUp,
        80..88 => Manner::Slow,
        _ => Manner::Anthropic,
    }
}

fn behaviour(manner: Manner, dice: &mut Dice) -> Behaviour {
    let plain = Behaviour {
        tokens: 1 + dice.roll(200),
        interval_ms: u64::from(dice.roll(10)),
        first_token_ms: u64::from(dice.roll(300)),
        ..Behaviour::default()
    };
    match dice.roll(100) {
        _ if manner == Manner::Slow => Behaviour {
            tokens: 20_000,
            burst: true,
            ..plain
        },
        0..4 => Behaviour {
            cut_after: Some(plain.tokens / 2),
            ..plain
        },
        4..7 => Behaviour {
            status: Some(500),
            ..plain
        },
        7..9 => Behaviour {
            burst: true,
            ..plain
        },
        _ => plain,
    }
}

fn request(manner: Manner, model: &str, behaviour: &Behaviour) -> Ask {
    match manner {
        Manner::Anthropic => messages_of(model, true, behaviour),
        _ => chat_of(model, manner != Manner::Whole, behaviour),
    }
}

async fn exchange(
    asked: &Ask,
    addr: SocketAddr,
    manner: Manner,
    behaviour: &Behaviour,
    after: u32,
) -> Ended {
    let Ok(answer) = asked.try_send(addr).await else {
        return Ended::NoAnswer;
    };
    if answer.status != 200 {
        let answer = answer.whole().await;
        return refusal(&answer);
    }
    match manner {
        Manner::HangUp => hang_up(answer, after, Duration::ZERO).await,
        Manner::Slow => hang_up(answer, after, SLOWLY).await,
        Manner::Whole => judge_whole(&answer.whole().await, behaviour),
        Manner::Stream => judge_stream(&answer.whole().await, behaviour, "data: [DONE]\n\n"),
        Manner::Anthropic => {
            let end = "data: {\"type\":\"message_stop\"}\n\n";
            judge_stream(&answer.whole().await, behaviour, end)
        }
    }
}

async fn hang_up(mut answer: Answer, after: u32, pause: Duration) -> Ended {
    for _ in 0..after {
        if answer.next().await.is_none() {
            break;
        }
        sleep(pause).await;
    }
    Ended::HungUp
}

fn refusal(answer: &Whole) -> Ended {
    let typed = answer.code();
    let is_the_models = answer.status == 500 && !answer.bytes.is_empty();
    match () {
        () if answer.broken.is_some() => Ended::Broken,
        () if !typed.is_empty() => Ended::Refused(typed),
        () if is_the_models => Ended::Refused("of the model".to_owned()),
        () => Ended::Wrong(format!(
            "{} without a code: {}",
            answer.status,
            answer.text()
        )),
    }
}

fn judge_whole(answer: &Whole, asked: &Behaviour) -> Ended {
    if answer.broken.is_some() {
        return Ended::Broken;
    }
    let body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    let said = body["choices"][0]["message"]["content"].as_str();
    match said == Some(&*tokens(asked.tokens)) {
        true => Ended::Whole,
        false => Ended::Wrong(format!("not what was asked for: {}", head(answer))),
    }
}

fn judge_stream(answer: &Whole, asked: &Behaviour, end: &str) -> Ended {
    let text = answer.text();
    let is_whole = answer.broken.is_none() && text.ends_with(end);
    let has_error = text.contains("event: error\n");
    let said = spoken(&answer.bytes);
    match (is_whole, has_error) {
        (true, false) if said == tokens(asked.tokens) && asked.cut_after.is_none() => Ended::Whole,
        (true, _) => Ended::Wrong(format!("looks whole and is not: {}", head(answer))),
        (false, true) => Ended::Refused("in a stream".to_owned()),
        (false, false) if answer.broken.is_some() => Ended::Broken,
        (false, false) => Ended::Wrong(format!("ends without a word: {}", head(answer))),
    }
}

fn head(answer: &Whole) -> String {
    answer.text().chars().take(300).collect()
}
