//! Every request is in the books once, with what it used and what that costs: a thousand of every kind, counted by
//! their callers, by the providers and by the server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

mod mixture;

use mixture::{CLOUD, Ended, Kind, LAPTOP, PATIENCE, Planned, SHAKY, TOKENS, cost, given_up};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use system_tests::cluster::mcplocal::provider;
use system_tests::cluster::{Ask, Mcpd, Mcplocal, figures, until};
use system_tests::mock::{Behaviour, Mock, Settings};
use tokio::task::JoinSet;

/// Makes every run the same one.
const SEED: u64 = 0x6d63_7063_746c;
/// Requests that are made side by side, by so many callers.
const CROWDED: usize = 980;
const CALLERS: usize = 12;
/// Requests that are given up before their answers begin, one after the other.
const GIVEN_UP: usize = 20;
/// All of them fit into one list of the server.
const REQUESTS: usize = CROWDED + GIVEN_UP;

/// Three LLMs with a provider each, so that what each provider counted is one LLM's.
struct Scene {
    _local: Mcplocal,
    mcpd: Mcpd,
    mocks: HashMap<&'static str, Mock>,
    tokens: Vec<String>,
}

impl Scene {
    async fn set() -> Self {
        let mcpd = Mcpd::start(&[]).await;
        let fails = Behaviour {
            status: Some(500),
            ..Behaviour::default()
        };
        let mut mocks = HashMap::new();
        for (llm, unasked) in [
            (CLOUD, Behaviour::default()),
            (LAPTOP, Behaviour::default()),
            (SHAKY, fails),
        ] {
            let settings = Settings {
                record: 2 * REQUESTS,
                unasked,
                ..Settings::default()
            };
            mocks.insert(llm, Mock::start(settings).unwrap());
        }
        // They fail on purpose.
        let patient = json!({"breaker": {"failures": 1_000_000}});
        for llm in [CLOUD, SHAKY] {
            let url = mocks[llm].base_url();
            mcpd.create_public(llm, &url, patient.clone()).await;
        }
        mixture::set_up(&mcpd).await;
        let publisher = mcpd.token("box", "alice", &["publisher"]).await;
        let providers = json!([provider(LAPTOP, &mocks[LAPTOP].base_url(), json!({}))]);
        let local = Mcplocal::start(&mcpd.url(), &publisher, &providers);
        mcpd.reaches(LAPTOP, "active", PATIENCE).await;
        let mut tokens = Vec::new();
        for name in TOKENS {
            tokens.push(mcpd.token(name, name, &["user"]).await);
            let limits = json!({"budget": {"usd": 1000, "period": "total"}});
            let path = format!("/api/v1/tokens/{name}/limits");
            let ask = Ask::new("PUT", &path).header("content-type", "application/json");
            let body = limits.to_string().into_bytes();
            let length = body.len().to_string();
            let ask = ask.header("content-length", &length).body(body);
            mcpd.admin_ok(ask).await;
        }
        Self {
            _local: local,
            mcpd,
            mocks,
            tokens,
        }
    }

    /// All requests of the mixture, by [`CALLERS`] callers who take the next one each.
    async fn crowd(&self) -> Vec<Ended> {
        let planned: VecDeque<Planned> = mixture::mixture(SEED, CROWDED).into();
        let planned = Arc::new(Mutex::new(planned));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (planned, addr) = (planned.clone(), self.mcpd.addr);
            let tokens = self.tokens.clone();
            callers.spawn(async move {
                let mut ended = Vec::new();
                loop {
                    let Some(next) = planned.lock().unwrap().pop_front() else {
                        return ended;
                    };
                    let token = &tokens[next.token];
                    ended.push(next.run(addr, token).await);
                }
            });
        }
        callers.join_all().await.into_iter().flatten().collect()
    }

    /// Requests that are left once their providers have them.
    async fn give_up(&self) -> Vec<Ended> {
        let mut ended = Vec::new();
        for n in 0..GIVEN_UP {
            let llm = [CLOUD, LAPTOP][n % 2];
            let planned = given_up(n, llm);
            let (ask, bytes) = planned.ask(&self.tokens[planned.token]);
            let mock = &self.mocks[llm];
            in_flight(mock, 0).await;
            let caller = ask.dispatch(self.mcpd.addr).await.unwrap();
            in_flight(mock, 1).await;
            drop(caller);
            in_flight(mock, 0).await;
            ended.push(planned.abandoned(bytes));
        }
        ended
    }

    async fn get(&self, path: &str) -> Value {
        self.mcpd.admin_ok(Ask::get(path)).await
    }

    /// Waits until nothing runs, waits or is reserved anywhere, and all are in the books.
    async fn settled(&self) {
        until("all to be settled", PATIENCE, async || {
            let load = self.get("/api/v1/load").await;
            let busy = |row: &&Value| row["inFlight"] != 0 || row["queued"] != 0;
            if let Some(row) = load["items"].as_array().unwrap().iter().find(busy) {
                return Err(row.to_string());
            }
            for name in TOKENS {
                let token = self.get(&format!("/api/v1/tokens/{name}")).await;
                if token["status"]["spent"]["reservedUsd"] != 0.0 {
                    return Err(token.to_string());
                }
            }
            let sums = self.get("/api/v1/usage?by=llm").await;
            let known: u64 = items(&sums).map(|row| number(&row["requests"])).sum();
            (known == REQUESTS as u64)
                .then_some(())
                .ok_or_else(|| sums.to_string())
        })
        .await;
    }
}

async fn in_flight(mock: &Mock, count: u64) {
    until("the provider to be asked or left", PATIENCE, async || {
        let stats = mock.stats();
        let there = stats.in_flight == count;
        there.then_some(()).ok_or_else(|| format!("{stats:?}"))
    })
    .await;
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().unwrap().iter()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("no count: {value}"))
}

/// US dollars as whole nano-dollars.
fn nano(value: &Value) -> u64 {
    let usd = value.as_f64();
    let usd = usd.unwrap_or_else(|| panic!("no sum of money: {value}"));
    format!("{:.0}", usd * 1e9).parse().unwrap()
}

/// One line of the books: requests, errors, cancelled, estimated, tokens in and out, nano-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum([u64; 7]);

impl Sum {
    fn of<'a>(records: impl Iterator<Item = &'a Value>) -> Self {
        let mut sum = Self::default();
        for record in records {
            let (input, output) = (&record["tokens_in"], &record["tokens_out"]);
            let is = |name: &str, what: &str| u64::from(record[name] == what);
            let line = [
                1,
                is("outcome", "error"),
                is("outcome", "cancelled"),
                u64::from(record["estimated"] == true),
                number(input),
                number(output),
                nano(&record["cost_usd"]),
            ];
            (0..7).for_each(|n| sum.0[n] += line[n]);
        }
        sum
    }

    fn told(row: &Value) -> Self {
        let names = ["requests", "errors", "cancelled", "estimated"];
        let [a, b, c, d] = names.map(|name| number(&row[name]));
        let (input, output) = (number(&row["tokens_in"]), number(&row["tokens_out"]));
        Self([a, b, c, d, input, output, nano(&row["cost_usd"])])
    }
}

/// Each request is listed once, as its caller knows it.
fn check_records(ended: &[Ended], records: &[Value]) {
    assert_eq!(records.len(), REQUESTS);
    let by_id: HashMap<&str, &Value> = records
        .iter()
        .map(|record| (record["id"].as_str().unwrap(), record))
        .collect();
    assert_eq!(by_id.len(), REQUESTS, "each once");
    for one in ended {
        let record = by_id[one.planned.id.as_str()];
        let what = format!("{one:?}\n{record}");
        assert_eq!(record["llm"], one.llm, "{what}");
        assert_eq!(record["model"], one.planned.model, "{what}");
        assert_eq!(record["token"], TOKENS[one.planned.token], "{what}");
        assert_eq!(record["status"], one.status, "{what}");
        assert_eq!(record["outcome"], one.outcome, "{what}");
        assert_eq!(record["attempts"], one.attempts, "{what}");
        assert_eq!(record["estimated"], one.estimated, "{what}");
        assert_eq!(record["tokens_in"], one.tokens_in, "{what}");
        let output = number(&record["tokens_out"]);
        assert!(one.tokens_out.contains(&output), "{what}");
        let price = cost(&one.llm, one.tokens_in, output);
        assert_eq!(nano(&record["cost_usd"]), price, "{what}");
    }
}

/// What each provider counted is what its LLM is charged for.
fn check_providers(scene: &Scene, records: &[Value]) -> String {
    let mut figures = String::new();
    let mut calls = 0;
    for (llm, mock) in &scene.mocks {
        let stats = mock.stats();
        let of_llm = |record: &&Value| record["llm"] == *llm;
        let is_ok = |record: &&Value| record["outcome"] == "ok";
        let complete = records.iter().filter(of_llm).filter(is_ok);
        let out = |record: &Value| number(&record["tokens_out"]);
        let what = format!("{llm}: {stats:?}");
        assert_eq!(stats.completions, complete.clone().count() as u64, "{what}");
        let told: u64 = complete.map(out).sum();
        assert_eq!(stats.tokens_completed, told, "{what}");
        let incomplete = records.iter().filter(of_llm).filter(|r| !is_ok(r));
        let counted: u64 = incomplete.map(out).sum();
        let most = stats.tokens_cut;
        assert!(counted <= most, "{counted} counted of {what}");
        assert_eq!(stats.in_flight, 0, "{what}");
        calls += mock
            .requests()
            .iter()
            .filter(|r| r.method == "POST")
            .count();
        figures += &format!(
            "; {llm}: {} complete with {told} tokens (exact), {counted} of {most} tokens of the others",
            stats.completions
        );
    }
    let attempts: u64 = records.iter().map(|r| number(&r["attempts"])).sum();
    assert_eq!(calls as u64, attempts, "every call is an attempt");
    figures
}

/// The sums by LLM and by token are the sums of the requests.
async fn check_sums(scene: &Scene, records: &[Value]) {
    for (by, groups) in [
        ("llm", vec!["", CLOUD, LAPTOP, SHAKY]),
        ("token", TOKENS.to_vec()),
    ] {
        let list = scene.get(&format!("/api/v1/usage?by={by}")).await;
        let mut told = HashMap::new();
        for row in items(&list) {
            told.insert(row[by].as_str().unwrap_or_default().to_owned(), row.clone());
        }
        for group in groups {
            let expected = Sum::of(records.iter().filter(|record| record[by] == group));
            let row = told.remove(group).unwrap_or_else(|| json!({"requests": 0}));
            if expected == Sum::default() {
                assert_eq!(row["requests"], 0, "{row}");
                continue;
            }
            assert_eq!(Sum::told(&row), expected, "{by} {group}: {row}");
        }
        assert!(told.is_empty(), "{told:?}");
    }
    let all = Sum::of(records.iter());
    let summary = scene.get("/v1/costs/summary?period=month").await;
    assert_eq!(number(&summary["total_requests"]), all.0[0], "{summary}");
    assert_eq!(nano(&summary["total_cost_usd"]), all.0[6], "{summary}");
    let [only] = &summary["by_provider"].as_array().unwrap()[..] else {
        panic!("all speak OpenAI's dialect: {summary}");
    };
    let served = Sum::of(records.iter().filter(|record| record["llm"] != ""));
    assert_eq!(number(&only["jobs"]), served.0[0], "{summary}");
    assert_eq!(number(&only["tokens_in"]), served.0[4], "{summary}");
    assert_eq!(number(&only["tokens_out"]), served.0[5], "{summary}");
    assert_eq!(nano(&only["cost_usd"]), served.0[6], "{summary}");
    for name in TOKENS {
        let expected = Sum::of(records.iter().filter(|record| record["token"] == name));
        let token = scene.get(&format!("/api/v1/tokens/{name}")).await;
        let spent = &token["status"]["spent"];
        assert_eq!(nano(&spent["usd"]), expected.0[6], "{token}");
        assert_eq!(nano(&spent["reservedUsd"]), 0, "{token}");
    }
}

/// The metrics tell the same.
async fn check_metrics(scene: &Scene, records: &[Value]) {
    let text = scene.mcpd.admin(Ask::get("/metrics")).await.text();
    let sum = |name: &str, label: &str| -> f64 {
        let lines = text.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('{') && rest.contains(label))
        });
        let values = lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>());
        // The sum of no floats is -0.
        values.map(Result::unwrap).sum::<f64>() + 0.0
    };
    let whole = |value: f64| -> u64 { format!("{value:.0}").parse().unwrap() };
    for llm in [CLOUD, LAPTOP, SHAKY] {
        let expected = Sum::of(records.iter().filter(|record| record["llm"] == llm)).0;
        let label = format!("llm=\"{llm}\"");
        let count = |name| whole(sum(name, &label));
        assert_eq!(count("mcpd_requests_total"), expected[0], "{text}");
        assert_eq!(count("mcpd_cancelled_total"), expected[2], "{text}");
        let of = |direction: &str| format!("{label},direction=\"{direction}\"");
        assert_eq!(whole(sum("mcpd_tokens_total", &of("in"))), expected[4]);
        assert_eq!(whole(sum("mcpd_tokens_total", &of("out"))), expected[5]);
        let usd = sum("mcpd_cost_usd_total", &label);
        assert_eq!(whole(usd * 1e9), expected[6], "{text}");
        assert_eq!(count("mcpd_in_flight"), 0);
        assert_eq!(count("mcpd_queue_depth"), 0);
    }
    let unserved = records.iter().filter(|record| record["llm"] == "").count();
    let none = whole(sum("mcpd_requests_total", "llm=\"_none\""));
    assert_eq!(none, unserved as u64, "{text}");
    assert!(text.contains("mcpd_relay_tasks 0\n"), "{text}");
}

#[tokio::test]
async fn a_thousand_requests_of_every_kind_are_charged_once_and_exactly() {
    let scene = Scene::set().await;
    let mut ended = scene.crowd().await;
    ended.extend(scene.give_up().await);
    scene.settled().await;
    let list = scene.get("/api/v1/requests?limit=1000").await;
    let records = list["items"].as_array().unwrap();

    check_records(&ended, records);
    let providers = check_providers(&scene, records);
    check_sums(&scene, records).await;
    check_metrics(&scene, records).await;
    let all = Sum::of(records.iter()).0;
    let retried = |one: &&Ended| one.planned.kind == Kind::Retried && one.attempts == 2;
    let measured = format!(
        "{} requests, {} errors, {} cancelled, {} estimated, {} retried; {} tokens in, {} out, {} nano-dollars, \
         each to the unit in the list, the sums by LLM and token, the summary, the metrics and the budgets{providers}",
        all[0],
        all[1],
        all[2],
        all[3],
        ended.iter().filter(retried).count(),
        all[4],
        all[5],
        all[6],
    );
    figures("accounting", &measured);
}
