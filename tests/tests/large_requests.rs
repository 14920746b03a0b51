//! Requests that are too large for a frame: their publisher fetches them, and something on the way is in trouble.
//! The caller gets a whole answer or an error in words within seconds, and nothing is left behind.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use system_tests::cluster::far::publish_over;
use system_tests::cluster::stage::{VIRTUAL, chat};
use system_tests::cluster::wait::when;
use system_tests::cluster::{Far, Mcpd, Whole, until};
use system_tests::http1::Head;
use system_tests::mock::{Behaviour, Mock, Settings};
use system_tests::proxy::{Lane, Rules};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// More than a frame takes.
const REQUEST_BYTES: usize = 300 * 1024;
/// So much of a fetch passes before it is cut.
const CUT_AT: u64 = 100 * 1024;
/// Longest a caller waits for its answer, whatever happens.
const SECONDS: Duration = Duration::from_secs(15);

fn large(stream: bool) -> Value {
    let mut body = chat(stream, &Behaviour::default());
    body["filler"] = "x".repeat(REQUEST_BYTES).into();
    body
}

async fn ask(mcpd: &Mcpd, stream: bool) -> Whole {
    let asked = Instant::now();
    let answer = mcpd.infer(VIRTUAL, large(stream)).whole(mcpd.addr).await;
    let took = asked.elapsed();
    assert!(took < SECONDS, "{took:?}: {}", answer.text());
    answer
}

#[track_caller]
fn is_told(answer: &Whole, what: &str) {
    let found = (answer.status, &*answer.code());
    assert_eq!(found, (502, "provider_error"), "{what}: {}", answer.text());
}

#[track_caller]
fn is_whole(answer: &Whole, what: &str) {
    assert!(
        answer.status == 200 && answer.is_done(),
        "{what}: {} {}",
        answer.status,
        answer.text()
    );
}

/// Nothing runs any more, at the server or at the provider.
async fn nothing_is_left(mcpd: &Mcpd, mock: &Mock, completions: u64) {
    mcpd.idle(VIRTUAL).await;
    until("the provider to rest", SECONDS, async || {
        let stats = mock.stats();
        when(
            stats.in_flight == 0 && stats.completions == completions,
            stats,
        )
    })
    .await;
    assert_eq!(mcpd.phase(VIRTUAL).await, "active");
}

#[tokio::test]
async fn a_large_request_whose_fetch_is_cut_again_and_again_fails_in_words() {
    let far = Far::start(&[]).await;
    far.to_server.set(Rules {
        down: Lane {
            cut_at: CUT_AT,
            ..Lane::default()
        },
        ..Rules::default()
    });
    for stream in [true, false] {
        is_told(&ask(&far.mcpd, stream).await, "cut");
    }
    nothing_is_left(&far.mcpd, &far.mock, 0).await;
    far.to_server.set(Rules::default());
    is_whole(&ask(&far.mcpd, true).await, "undisturbed");
    nothing_is_left(&far.mcpd, &far.mock, 1).await;
    far.mcpd.at_rest().await;
    far.local.at_rest().await;
}

#[tokio::test]
async fn a_large_request_that_a_front_refuses_fails_in_words_or_comes_on_the_next_try() {
    let mock = Mock::start(Settings::default()).unwrap();
    let mcpd = Mcpd::start(&[]).await;
    let front = Front::start(mcpd.addr).await;
    let local = publish_over(&mcpd, &format!("http://{}", front.addr), &mock, json!({})).await;
    let mut completions = 0;
    let for_good = [302, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504];
    for status in for_good {
        front.next(&[Trouble::Refused(status); 3]);
        let answer = ask(&mcpd, true).await;
        is_told(&answer, &format!("{status}"));
        assert!(answer.text().contains(&status.to_string()));
        // Three failures in a row would open its breaker.
        front.next(&[]);
        is_whole(&ask(&mcpd, true).await, "undisturbed");
        completions += 1;
    }
    for trouble in [Trouble::Cut, Trouble::Refused(502), Trouble::Refused(504)] {
        front.next(&[trouble; 2]);
        is_whole(&ask(&mcpd, true).await, &format!("twice {trouble:?}"));
        completions += 1;
    }
    assert_eq!(front.left(), 0);
    nothing_is_left(&mcpd, &mock, completions).await;
    mcpd.at_rest().await;
    local.at_rest().await;
}

#[tokio::test]
async fn a_failure_that_a_front_refuses_to_hear_of_is_told_all_the_same() {
    let mock = Mock::start(Settings::default()).unwrap();
    let mcpd = Mcpd::start(&[]).await;
    let front = Front::start(mcpd.addr).await;
    let url = format!("http://{}", front.addr);
    let local = publish_over(&mcpd, &url, &mock, json!({})).await;
    for (count, status) in (1..).zip([403, 413, 502]) {
        front.next(&[Trouble::Refused(status); 3]);
        // Nothing of the task passes any more; heartbeats do.
        front.mute(Some(status));
        is_told(&ask(&mcpd, true).await, &format!("{status}, unheard"));
        front.mute(None);
        front.next(&[]);
        // Three failures in a row would open its breaker.
        is_whole(&ask(&mcpd, true).await, "undisturbed");
        nothing_is_left(&mcpd, &mock, count).await;
    }
    mcpd.at_rest().await;
    local.at_rest().await;
}

/// What becomes of a fetch.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// The front answers it itself.
    Refused(u16),
    /// Its answer breaks off.
    Cut,
}

/// What a front does.
#[derive(Debug, Default)]
struct Manner {
    /// To the next fetches, in turn.
    troubles: VecDeque<Trouble>,
    /// What is said of tasks is refused with this status.
    mute: Option<u16>,
}

/// A web server between the publisher and mcpd: one exchange per connection, all pass but what its manner forbids.
struct Front {
    addr: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    _serving: JoinSet<()>,
}

impl Front {
    async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let manner: Arc<Mutex<Manner>> = Arc::default();
        let shared = manner.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut exchanges = JoinSet::new();
            loop {
                while exchanges.try_join_next().is_some() {}
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                let manner = shared.clone();
                exchanges.spawn(async move {
                    // An end that goes away is no matter of the front's.
                    let _ = exchange(client, upstream, &manner).await;
                });
            }
        });
        Self {
            addr,
            manner,
            _serving: serving,
        }
    }

    /// What the next fetches meet; those after them, nothing.
    fn next(&self, troubles: &[Trouble]) {
        self.manner.lock().unwrap().troubles = troubles.iter().copied().collect();
    }

    /// What is said of tasks is refused from now on, or not any more.
    fn mute(&self, status: Option<u16>) {
        self.manner.lock().unwrap().mute = status;
    }

    /// Troubles that nobody met.
    fn left(&self) -> usize {
        self.manner.lock().unwrap().troubles.len()
    }
}

async fn exchange(
    mut client: TcpStream,
    upstream: SocketAddr,
    manner: &Mutex<Manner>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut request = Vec::new();
    let (about_a_task, is_fetch, line_len) = loop {
        if let Some(head) = Head::find(&request).map_err(io::Error::other)? {
            let (method, path) = head.method_and_path().map_err(io::Error::other)?;
            let line_len = method.len() + path.len() + " HTTP/1.1\r\n".len() + 1;
            let about_a_task = path.contains("/_provider-task/");
            break (about_a_task, method == "GET", line_len);
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let trouble = {
        let mut manner = manner.lock().unwrap();
        match (about_a_task, is_fetch) {
            (true, true) => manner.troubles.pop_front(),
            (true, false) => manner.mute.map(Trouble::Refused),
            (false, _) => None,
        }
    };
    if let Some(Trouble::Refused(status)) = trouble {
        let answer = format!(
            "HTTP/1.1 {status} No\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
        );
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut upstream = TcpStream::connect(upstream).await?;
    upstream.set_nodelay(true)?;
    // After this exchange, the server closes.
    let end = request.split_off(line_len);
    request.extend_from_slice(b"connection: close\r\n");
    request.extend_from_slice(&end);
    upstream.write_all(&request).await?;
    if let Some(Trouble::Cut) = trouble {
        let mut some = upstream.take(CUT_AT);
        tokio::io::copy(&mut some, &mut client).await?;
        return Ok(());
    }
    copy_bidirectional(&mut client, &mut upstream)
        .await
        .map(drop)
}
