//! Providers that send what is no answer: through every front it ends in words, in time, and at little cost.

use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::stage::{PUBLIC, ROWS, Stage, VIRTUAL, chat};
use system_tests::cluster::{Ask, CHUNKED, Whole, figures, mcpctl};
use system_tests::fronts::Front;
use system_tests::jobs::Jobs;
use system_tests::mock::{Behaviour, Garbage, Mock, PAGE, SPLIT_TEXT, Scripted, Settings};
use system_tests::spoken::{spoken, tokens};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Memory that one endless line may cost each program, in KiB.
const MAX_GROWTH_KIB: u64 = 20 * 1024;

fn garbage(kind: Garbage) -> Behaviour {
    Behaviour {
        garbage: Some(kind),
        ..Behaviour::default()
    }
}

#[tokio::test]
async fn a_provider_that_never_ends_meets_the_deadline() {
    let settings = [("MCPD_REQUEST_TIMEOUT", "2s")];
    let stage = Stage::with(&settings, json!({}), Settings::default()).await;
    let endless = |burst| Behaviour {
        tokens: u32::MAX,
        interval_ms: 1,
        burst,
        ..Behaviour::default()
    };
    let mut count = 0;
    for row in ROWS {
        for burst in [false, true] {
            let what = format!("{row}, burst {burst}");
            let ask = stage.ask(row, true, &endless(burst));
            let began = Instant::now();
            let mut answer = ask.send(stage.mcpd.addr).await;
            let mut reading = JoinSet::from_iter([async move {
                let mut last = Vec::new();
                while let Some(piece) = answer.next().await {
                    last.extend_from_slice(&piece[piece.len().saturating_sub(4000)..]);
                    let skip = last.len().saturating_sub(4000);
                    last.drain(..skip);
                }
                String::from_utf8_lossy(&last).into_owned()
            }]);
            count += 1;
            stage.aborted(count, Duration::from_secs(4)).await;
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(1900), "{what}: {took:?}");
            // What was on its way is read to the end.
            let end = tokio::time::timeout(Duration::from_secs(30), reading.join_next()).await;
            let end = end.unwrap().unwrap().unwrap();
            assert!(
                end.contains("\"code\":\"deadline_exceeded\""),
                "{what}: {end}"
            );
            assert!(end.ends_with("\n\n") && !end.contains("[DONE]"), "{what}");
        }
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_passed_on_or_refused_in_words() {
    let settings = Settings {
        unasked: garbage(Garbage::Html),
        ..Settings::default()
    };
    let stage = Stage::with(&[], json!({}), settings).await;
    let _pieces = stage.publish_in_chunks(json!({})).await;
    for row in [PUBLIC, VIRTUAL, CHUNKED] {
        for stream in [true, false] {
            for front in Front::ALL {
                let what = format!("{row}, {front:?}, stream {stream}");
                let ask = front.ask(&stage, row, stream, &garbage(Garbage::Html));
                let answer = ask.whole(stage.mcpd.addr).await;
                match front {
                    Front::Messages => is_refused_in_words(&what, stream, &answer),
                    Front::Chat | Front::Responses => {
                        let content_type = answer.header("content-type");
                        assert_eq!(
                            (answer.status, content_type),
                            (200, Some("text/html")),
                            "{what}"
                        );
                        assert_eq!((&*answer.text(), &answer.broken), (PAGE, &None), "{what}");
                    }
                }
            }
        }
        for more in [&[][..], &["--no-stream"]] {
            let mut args = vec!["chat-llm", row, "-m", "hi"];
            args.extend(more);
            let ran = mcpctl(&stage.mcpd, &args).await;
            assert!(ran.code.is_some_and(|code| code > 0), "{args:?}: {ran:?}");
            assert_eq!(ran.stdout, "", "{args:?}");
            let blamed = format!("error: the provider of `{row}` does not answer as an LLM does");
            assert!(ran.stderr.contains(&blamed), "{ran:?}");
            assert!(ran.stderr.contains("try: "), "{ran:?}");
        }
        let jobs = Jobs::of(&stage.mcpd);
        let job = json!({"kind": "llm.chat", "max_attempts": 2, "payload": {
            "llm": row, "messages": [{"role": "user", "content": "hi"}],
        }});
        let id = jobs.submit(job).await;
        let job = jobs.reaches(&id, "error", Duration::from_secs(40)).await;
        let attempts = job["history"].as_array().unwrap();
        assert_eq!(attempts.len(), 2, "{row}: {job}");
        for attempt in attempts {
            let said = (attempt["outcome"].as_str(), attempt["error"].as_str());
            let told = Some("the provider's answer is not JSON");
            assert_eq!(said, (Some("failed"), told), "{row}: {job}");
        }
        assert_eq!(job["result"], Value::Null, "{row}: {job}");
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

/// What a caller of the Messages API is told of a provider that answers with a page.
fn is_refused_in_words(what: &str, stream: bool, answer: &Whole) {
    let text = answer.text();
    assert!(text.contains("\"type\":\"error\""), "{what}: {text}");
    let words = "the provider's answer can't be read: its body is no JSON object";
    assert!(text.contains(words), "{what}: {text}");
    assert!(!text.contains("<!doctype"), "{what}: {text}");
    assert!(!text.contains("message_stop"), "{what}: {text}");
    assert!(stream || answer.status == 502, "{what}: {}", answer.status);
}

#[tokio::test]
async fn characters_that_are_split_and_lines_that_are_broken_survive_every_front() {
    const TOKENS: u32 = 16;
    let stage = Stage::start().await;
    let _pieces = stage.publish_in_chunks(json!({})).await;
    for row in [PUBLIC, VIRTUAL, CHUNKED] {
        for kind in [Garbage::SplitUtf8, Garbage::BadSse] {
            let said = match kind {
                Garbage::SplitUtf8 => SPLIT_TEXT.repeat(TOKENS as usize),
                _ => tokens(TOKENS),
            };
            let behaviour = Behaviour {
                tokens: TOKENS,
                ..garbage(kind)
            };
            for front in Front::ALL {
                let ask = front.ask(&stage, row, true, &behaviour);
                let answer = ask.whole(stage.mcpd.addr).await;
                let text = answer.text();
                let what = format!("{row} {front:?} {kind:?}: {text}");
                assert_eq!((answer.status, &answer.broken), (200, &None), "{what}");
                assert_eq!(spoken(&answer.bytes), said, "{what}");
                assert!(!text.contains("event: error"), "{what}");
                match front {
                    // Put into other words: of its broken lines nothing is left.
                    Front::Messages => {
                        assert_eq!(text.matches("event: message_stop").count(), 1, "{what}");
                        assert!(text.ends_with("{\"type\":\"message_stop\"}\n\n"), "{what}");
                    }
                    Front::Chat | Front::Responses => {
                        let sent = front.sent(&stage, &behaviour).await;
                        assert!(answer.bytes == sent, "{what}, not what was sent");
                    }
                }
            }
        }
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn too_many_broken_lines_and_an_end_that_is_missing_never_look_complete() {
    let stage = Stage::start().await;
    let _pieces = stage.publish_in_chunks(json!({})).await;
    // A fifth of its lines are broken JSON.
    let behaviour = Behaviour {
        tokens: 100,
        ..garbage(Garbage::BadSse)
    };
    for row in [PUBLIC, VIRTUAL, CHUNKED] {
        let ask = Front::Messages.ask(&stage, row, true, &behaviour);
        let answer = ask.whole(stage.mcpd.addr).await;
        let (text, said) = (answer.text(), spoken(&answer.bytes));
        assert!(text.contains("event: error\ndata: {"), "{row}: {text}");
        assert!(
            text.contains("\"code\":\"provider_error\""),
            "{row}: {text}"
        );
        assert!(!text.contains("message_stop"), "{row}: {text}");
        // What came in one piece with the line too many is not told: how much that is, chance says.
        assert!(tokens(100).starts_with(&said), "{row}: {said}");

        let ask = Front::Responses.ask(&stage, row, true, &Behaviour::default());
        assert_eq!(ask.whole(stage.mcpd.addr).await.status, 200, "{row}");
        let ask = Front::responses_without_their_end(&stage, row, &Behaviour::default());
        let answer = ask.whole(stage.mcpd.addr).await;
        answer.ends_in_error("provider_error");
        assert!(!answer.text().contains("response.completed"), "{row}");
        // Three failures in a row would open its breaker.
        assert!(stage.chat(row, true, &Behaviour::default()).await.is_done());
    }
    stage.at_rest().await;
}

/// A stream of one line without an end, read by a caller who keeps nothing of it.
async fn reads_a_line(
    ask: Ask,
    addr: std::net::SocketAddr,
) -> (u16, usize, Option<String>, String) {
    let mut answer = ask.send(addr).await;
    let (status, mut bytes, mut last) = (answer.status, 0, Vec::new());
    while let Some(piece) = answer.next().await {
        bytes += piece.len();
        last = piece[piece.len().saturating_sub(2000)..].to_vec();
    }
    let Whole { broken, .. } = answer.whole().await;
    (
        status,
        bytes,
        broken,
        String::from_utf8_lossy(&last).into_owned(),
    )
}

#[tokio::test]
async fn a_line_of_a_hundred_megabytes_passes_or_is_refused_and_fills_no_memory() {
    const LINE: usize = 100 * 1000 * 1000;
    let stage = Stage::start().await;
    let mut body = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"".to_vec();
    body.resize(LINE, b'x');
    body.extend_from_slice(b"\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    let length = body.len();
    let endless = Scripted {
        status: 200,
        content_type: "text/event-stream".to_owned(),
        body,
        piece_bytes: 16 * 1024,
    };
    for row in ROWS {
        // A small one first: what is allocated once is not counted.
        assert!(stage.chat(row, true, &Behaviour::default()).await.is_done());
        let memory = || {
            (
                stage.mcpd.process.memory_kib(),
                stage.local.process.memory_kib(),
            )
        };
        let (server, publisher) = memory();
        let began = Instant::now();
        stage.mock.play(endless.clone());
        let ask = stage.ask(row, true, &Behaviour::default());
        let (status, bytes, broken, last) = reads_a_line(ask, stage.mcpd.addr).await;
        assert_eq!((status, bytes, &broken), (200, length, &None), "{row}");
        assert!(last.ends_with("data: [DONE]\n\n"), "{row}");
        let passed = began.elapsed();

        stage.mock.play(endless.clone());
        let ask = Front::Messages.ask(&stage, row, true, &Behaviour::default());
        let (status, bytes, _, last) = reads_a_line(ask, stage.mcpd.addr).await;
        assert!(bytes < 10_000, "{row}: it is no answer of Anthropic's");
        assert!(
            status == 502 || last.contains("event: error"),
            "{row}: {status} {last}"
        );
        let (server_now, publisher_now) = memory();
        figures(
            "garbage",
            &format!(
                "{row}: a line of 100 MB in {passed:.1?}; mcpd {server} -> {server_now} KiB, mcplocal {publisher} -> \
                 {publisher_now} KiB"
            ),
        );
        assert!(
            server_now < server + MAX_GROWTH_KIB,
            "{row}: mcpd {server} -> {server_now} KiB"
        );
        assert!(
            publisher_now < publisher + MAX_GROWTH_KIB,
            "{row}: mcplocal {publisher} -> {publisher_now} KiB"
        );
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

/// Time that some good streams take, each token at its time.
async fn good(stage: &Stage, row: &str) -> Duration {
    let paced = Behaviour {
        tokens: 50,
        interval_ms: 20,
        ..Behaviour::default()
    };
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let (ask, addr) = (stage.ask(row, true, &paced), stage.mcpd.addr);
        callers.spawn(async move { ask.whole(addr).await });
    }
    for answer in callers.join_all().await {
        assert!(answer.is_done(), "{}", answer.text());
    }
    began.elapsed()
}

#[tokio::test]
async fn a_broken_provider_slows_nobody_else() {
    let broken = Mock::start(Settings::default()).unwrap();
    let stage = Stage::start().await;
    stage
        .mcpd
        .create_public("broken", &broken.base_url(), json!({}))
        .await;
    let misbehaviours = [
        garbage(Garbage::Html),
        garbage(Garbage::BadSse),
        Behaviour {
            stall_after: Some(1),
            ..Behaviour::default()
        },
        Behaviour {
            cut_after: Some(1),
            ..Behaviour::default()
        },
        Behaviour {
            tokens: u32::MAX,
            interval_ms: 1,
            ..Behaviour::default()
        },
        Behaviour {
            status: Some(500),
            ..Behaviour::default()
        },
    ];
    for row in ROWS {
        good(&stage, row).await;
        let alone = good(&stage, row).await;
        let mut troubled = JoinSet::new();
        for n in 0..30 {
            let behaviour = &misbehaviours[n % misbehaviours.len()];
            let (ask, addr) = (stage.ask("broken", true, behaviour), stage.mcpd.addr);
            troubled.spawn(async move {
                let end = Instant::now() + Duration::from_secs(10);
                while Instant::now() < end {
                    let Ok(mut answer) = ask.try_send(addr).await else {
                        continue;
                    };
                    let reading = async { while answer.next().await.is_some() {} };
                    let _ = tokio::time::timeout(Duration::from_millis(300), reading).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        }
        let beside = good(&stage, row).await;
        troubled.shutdown().await;
        // Others come and go on this machine: the slower of before and after.
        let alone = alone.max(good(&stage, row).await);
        figures(
            "garbage",
            &format!(
                "{row}: 20 good streams take {alone:.0?} alone, {beside:.0?} beside a broken provider"
            ),
        );
        assert!(
            beside < alone * 3 + Duration::from_secs(2),
            "{row}: {beside:?} beside, {alone:?} alone"
        );
    }
    let whole = chat(false, &Behaviour::default());
    let answer = stage.mcpd.infer(PUBLIC, whole).whole(stage.mcpd.addr).await;
    assert_eq!(answer.status, 200);
    // Twenty good callers, and thirty beside them.
    stage.at_rest_after(50).await;
}
