//! A caller that said more than its request and hangs up stops the model as any other does: another request in advance,
//! a stray line end, more than the server reads in advance.

use std::time::Duration;
use system_tests::cluster::stage::{ROWS, Stage, chat};
use system_tests::cluster::{Ask, Raw};
use system_tests::mock::Behaviour;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// The promise.
const WITHIN: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(10);

/// What comes behind a request.
fn extras() -> [Vec<u8>; 3] {
    let pipelined = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    [b"\r\n".to_vec(), pipelined, vec![b'x'; 40_000]]
}

fn slow() -> Behaviour {
    Behaviour {
        tokens: 10_000,
        interval_ms: 50,
        ..Behaviour::default()
    }
}

#[tokio::test]
async fn a_caller_that_said_too_much_and_goes_stops_the_model() {
    let stage = Stage::start().await;
    let addr = stage.mcpd.addr;
    let mut count = 0;
    for row in ROWS {
        for stream in [true, false] {
            for extra in extras() {
                let request = stage.ask(row, stream, &slow()).wire(addr);
                let caller = Raw::say(addr, [request, extra].concat()).await;
                stage.serving(1).await;
                drop(caller);
                count += 1;
                stage.aborted(count, WITHIN).await;
            }
        }
        stage.mcpd.idle(row).await;
    }
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let mut body = chat(true, &slow());
        body["model"] = "cloud".into();
        body["max_tokens"] = 100_000.into();
        // Where the request is translated, the vendor field is lost.
        let cue = format!("[[mock {}]]", serde_json::json!(slow()));
        body["messages"][0]["content"] = cue.into();
        let ask = Ask::post(path, body).token(&stage.mcpd.admin);
        let caller = Raw::say(addr, [ask.wire(addr), b"\r\n".to_vec()].concat()).await;
        stage.serving(1).await;
        drop(caller);
        count += 1;
        stage.aborted(count, WITHIN).await;
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn what_comes_behind_a_request_later_or_half_closes_is_no_other_case() {
    let stage = Stage::start().await;
    let addr = stage.mcpd.addr;
    for (count, extra) in (1..).zip([&b""[..], b"\r\n", b"GET /"]) {
        let request = stage.ask("cloud", true, &slow()).wire(addr);
        let mut caller = Raw::say(addr, request).await;
        assert!(caller.hears("t1 ", SOON).await);
        caller.send(extra).await.unwrap();
        // Its bytes are read before its end comes.
        assert!(caller.hears("t3 ", SOON).await);
        caller.stream.shutdown().await.unwrap();
        stage.aborted(count, WITHIN).await;
        assert!(caller.closes(WITHIN).await);
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn requests_in_advance_are_answered_in_turn() {
    let stage = Stage::start().await;
    let addr = stage.mcpd.addr;
    let short = Behaviour {
        tokens: 5,
        interval_ms: 100,
        ..Behaviour::default()
    };
    let began = Instant::now();
    let mut wire = Vec::new();
    for stream in [true, false, true] {
        wire.extend(stage.ask("cloud", stream, &short).wire(addr));
    }
    wire.extend(
        Ask::get("/healthz")
            .header("connection", "close")
            .wire(addr),
    );
    let mut caller = Raw::say(addr, wire).await;
    assert!(caller.closes(SOON).await, "{}", caller.text());
    assert_eq!(caller.statuses(), [200; 4], "{}", caller.text());
    assert!(began.elapsed() > Duration::from_millis(1200), "one by one");
    assert_eq!(stage.mock.stats().aborted, 0);
    stage.at_rest().await;
}
