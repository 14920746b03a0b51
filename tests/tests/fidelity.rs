//! What vendors' clients send and what vendors answer passes the gateway byte for byte, through mcpd alone and through
//! a publisher: all but `model`, and the usage that the gateway asks for by itself and takes out again.

use serde_json::{Value, json};
use system_tests::cluster::stage::{ROWS, Stage};
use system_tests::cluster::{Ask, Whole};
use system_tests::corpus::Case;
use system_tests::mock::{Mock, Scripted, Settings};

/// What the rows of a stage call their model.
const UPSTREAM_MODEL: &str = "mock";
/// How an answer leaves the provider: at once with its length, and in chunks that cut events and characters.
const PIECES: [usize; 3] = [0, 7, 256];

async fn stage() -> Stage {
    let settings = Settings {
        record: 4,
        ..Settings::default()
    };
    Stage::with(&[], json!({}), settings).await
}

fn play(mock: &Mock, case: &Case, piece_bytes: usize) {
    mock.play(Scripted {
        status: case.status,
        content_type: case.content_type.clone(),
        body: case.answer.clone().into_bytes(),
        piece_bytes,
    });
}

/// The body of the newest request that reached the provider.
fn received(stage: &Stage, case: &Case) -> String {
    let seen = stage.mock.requests();
    let asked = seen.iter().rfind(|request| request.method == "POST");
    let asked = asked.unwrap_or_else(|| panic!("{}: nothing reached the provider", case.name));
    assert_eq!(asked.path, format!("/v1/{}", case.path), "{}", case.name);
    String::from_utf8_lossy(&asked.body).into_owned()
}

/// Whether `received` is the case's request with one change in one place: usage asked for.
fn asks_for_usage(case: &Case, received: &str) -> bool {
    let sent = case.request(UPSTREAM_MODEL);
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (mut was, mut is) = (parse(&sent), parse(received));
    if is["stream_options"]["include_usage"] != true {
        return false;
    }
    for body in [&mut was, &mut is] {
        let options = &mut body["stream_options"];
        options.as_object_mut().map(|o| o.remove("include_usage"));
        if *options == json!({}) {
            *options = Value::Null;
        }
    }
    let same = |a: &u8, b: &u8| a == b;
    let front = sent.bytes().zip(received.bytes());
    let front = front.take_while(|(a, b)| same(a, b)).count();
    let back = sent.bytes().rev().zip(received.bytes().rev());
    let back = back.take_while(|(a, b)| same(a, b)).count();
    // What is not the same in front and behind is the option itself, and nothing but it.
    let changed = sent.len().saturating_sub(front + back);
    was == is && changed <= r#""stream_options":{"include_usage":false}"#.len()
}

fn is_what_the_caller_shall_get(case: &Case, answer: &Whole, expected: &str, what: &str) {
    assert_eq!(answer.broken, None, "{what}");
    assert_eq!(answer.status, case.status, "{what}: {}", answer.text());
    assert_eq!(answer.text(), expected, "{what}");
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some(&*case.content_type), "{what}");
}

#[tokio::test]
async fn every_byte_passes_v1_but_for_the_model_and_the_usage_nobody_asked_for() {
    let stage = stage().await;
    let token = stage.mcpd.token("app", "alice", &["user"]).await;
    let cases = Case::all();
    // A case at a time and not a way: some answers are errors, and three in a row would open a breaker.
    for (row, pieces) in ROWS.iter().flat_map(|row| PIECES.map(|p| (*row, p))) {
        for case in &cases {
            passes_v1(&stage, &token, case, row, pieces).await;
        }
    }
    stage.at_rest().await;
}

async fn passes_v1(stage: &Stage, token: &str, case: &Case, row: &str, pieces: usize) {
    let what = format!("{} through {row} in pieces of {pieces}", case.name);
    play(&stage.mock, case, pieces);
    let ask = Ask::post(&format!("/v1/{}", case.path), case.request(row)).token(token);
    let answer = ask.whole(stage.mcpd.addr).await;
    let expected = case.for_caller.as_ref().unwrap_or(&case.answer);
    is_what_the_caller_shall_get(case, &answer, expected, &what);
    assert_eq!(answer.header("x-mcpctl-llm"), Some(row), "{what}");
    assert!(answer.header("x-request-id").is_some(), "{what}");
    let received = received(stage, case);
    if case.lacks_usage() {
        assert!(asks_for_usage(case, &received), "{what}: {received}");
    } else {
        assert_eq!(received, case.request(UPSTREAM_MODEL), "{what}");
    }
}

#[tokio::test]
async fn every_byte_passes_infer_and_what_is_added_is_taken_out_again() {
    let stage = stage().await;
    for case in Case::all() {
        for row in ROWS {
            let what = format!("{} through {row}", case.name);
            play(&stage.mock, &case, 61);
            let path = format!("/api/v1/llms/{row}/infer/{}", case.path);
            let answer = stage.mcpd.admin(Ask::post(&path, case.request(row))).await;
            let received = received(&stage, &case);
            let expected = if received == case.request(UPSTREAM_MODEL) {
                &case.answer
            } else {
                assert!(asks_for_usage(&case, &received), "{what}: {received}");
                case.for_caller.as_ref().unwrap_or(&case.answer)
            };
            is_what_the_caller_shall_get(&case, &answer, expected, &what);
        }
    }
    stage.at_rest().await;
}

#[test]
fn usage_asked_for_is_told_from_every_other_change() {
    let case = Case::all()
        .into_iter()
        .find(|case| case.name == "stream-openai-refused-usage")
        .expect("the case is in the corpus");
    let sent = case.request(UPSTREAM_MODEL);
    let with = |from: &str, to: &str| {
        assert!(sent.contains(from), "{sent}");
        asks_for_usage(&case, &sent.replace(from, to))
    };
    assert!(with("\"include_usage\":false", "\"include_usage\":true"));
    assert!(with(
        "{\"include_usage\":false}",
        "{\"include_usage\": true}"
    ));
    assert!(!asks_for_usage(&case, &sent));
    // Rebuilt in another order, or with another change beside it.
    assert!(!asks_for_usage(
        &case,
        r#"{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hello"}],"model":"mock"}"#
    ));
    assert!(!asks_for_usage(
        &case,
        &sent.replace("false", "true").replace("Hello", "hello")
    ));
}
