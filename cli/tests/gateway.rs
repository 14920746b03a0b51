//! Aliases, prices, limits, routes and accounts against a server.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use insta::assert_snapshot;
use serde_json::{Value, json};
use support::{FakeServer, Ran, Sandbox, run, run_with};

struct Setup {
    sandbox: Sandbox,
    server: FakeServer,
}

impl Setup {
    fn new() -> Self {
        Self {
            sandbox: Sandbox::new(),
            server: FakeServer::start(),
        }
    }

    fn run(&self, line: &str) -> Ran {
        let words: Vec<_> = line.split_whitespace().collect();
        run(&mut self.sandbox.at(&self.server, &words))
    }

    fn apply(&self, manifest: &str) -> Ran {
        let mut command = self.sandbox.at(&self.server, &["apply", "-f", "-"]);
        run_with(&mut command, manifest)
    }

    fn shown(&self, line: &str) -> String {
        self.run(line).shown(Some(&self.server), &self.sandbox.home)
    }

    /// The body of the last request with this method.
    fn last_body(&self, method: &str) -> Value {
        let asked = self.server.asked();
        let last = asked.iter().rfind(|asked| asked.method == method).unwrap();
        serde_json::from_str(&last.body).unwrap()
    }

    fn last_path(&self) -> String {
        self.server.asked().last().unwrap().path.clone()
    }
}

fn put_aliases(server: &FakeServer) {
    let metadata = |name: &str| json!({"name": name, "createdAt": "2020-01-01T00:00:00.000Z"});
    server.put(
        "aliases",
        json!({"apiVersion": "mcpctl/v1", "kind": "Alias", "metadata": metadata("smart"),
            "spec": {"model": "qwen3:8b", "llms": ["laptop", "attic"], "policy": "least-busy",
                "fallbacks": ["gpt", "cheap"], "onUnavailable": "wait",
                "cache": {"ttl": "10m", "always": false}},
            "status": {"members": ["box", "laptop"], "active": 1}}),
    );
    server.put(
        "aliases",
        json!({"apiVersion": "mcpctl/v1", "kind": "Alias", "metadata": metadata("cheap"),
            "spec": {"llms": ["laptop"], "policy": "prefer-local", "onUnavailable": "fail"}}),
    );
}

/// A table without its last column: ages grow while tests run.
fn without_age(table: &str) -> String {
    let lines = table.lines().map(|line| {
        let (rest, _) = line.trim_end().rsplit_once("  ").unwrap();
        format!("{}\n", rest.trim_end())
    });
    lines.collect()
}

#[test]
fn aliases_are_listed_and_described() {
    let setup = Setup::new();
    put_aliases(&setup.server);
    let table = setup.run("get alias").stdout;
    assert!(table.lines().next().unwrap().ends_with("AGE"));
    assert_snapshot!(without_age(&table), @"
    NAME   TARGET                 POLICY        FALLBACKS  ACTIVE  ON-UNAVAILABLE  CACHE
    cheap  laptop                 prefer-local  -          -       fail            -
    smart  qwen3:8b,laptop,attic  least-busy    gpt,cheap  1/3     wait            10m
    ");
    assert_eq!(
        setup.run("get al -o name").stdout,
        "alias/cheap\nalias/smart\n"
    );
    let ran = setup.run("describe alias/smart");
    assert!(ran.stdout.contains("Fallbacks:"), "{ran:?}");
    assert_eq!(
        ran.stderr,
        "Where it goes now: mcpctl explain route smart\n"
    );
    assert_snapshot!(setup.shown("get alias smrt"), @"
    exit 3
    --- stderr
    error: there is no Alias `smrt`
    request id: req-1
    try: did you mean `smart`?
    ");
}

#[test]
fn an_alias_is_created_from_flags() {
    let setup = Setup::new();
    let ran = setup.run(
        "create alias smart --model qwen3:8b --llm laptop --llm box --policy least-busy \
         --fallback gpt,cheap --on-unavailable wait --timeout 2m --first-byte-timeout 10s \
         --cache-ttl 10m",
    );
    assert_eq!(ran.stdout, "alias/smart created\n", "{ran:?}");
    assert_eq!(
        setup.last_body("POST"),
        json!({"name": "smart", "model": "qwen3:8b", "llms": ["laptop", "box"],
            "policy": "least-busy", "fallbacks": ["gpt", "cheap"], "onUnavailable": "wait",
            "timeout": "2m", "firstByteTimeout": "10s", "cache": {"ttl": "10m"}})
    );
    let ran = setup.run("--timeout 20s create alias plain --llm laptop");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        setup.last_body("POST"),
        json!({"name": "plain", "llms": ["laptop"]}),
        "in front it is the call's"
    );
    assert_eq!(setup.run("create alias x").code, Some(2));
    assert_eq!(
        setup.run("create alias x --llm a --policy best").code,
        Some(2)
    );
    assert_snapshot!(setup.shown("create alias x --llm a --fallback x"), @"
    exit 2
    --- stderr
    error: an alias can't be its own fallback
    ");
}

#[test]
fn an_alias_of_an_llm_that_is_not_there_yet_says_so() {
    let setup = Setup::new();
    let made = json!({"apiVersion": "mcpctl/v1", "kind": "Alias", "metadata": {"name": "code"},
        "spec": {"llms": ["laptop", "attic"]}, "status": {"members": ["laptop"], "active": 1}});
    setup.server.answers("/api/v1/aliases", made);
    assert_snapshot!(setup.shown("create alias code --llm laptop,attic"), @"
    exit 0
    alias/code created
    --- stderr
    note: there is no LLM `attic` yet; it joins when it comes
    ");
    let ran = setup.run("create alias code --llm laptop,attic -q");
    assert_eq!(ran.stderr, "", "{ran:?}");
}

#[test]
fn an_llm_without_a_url_is_called_where_its_type_is_served() {
    let setup = Setup::new();
    assert_snapshot!(setup.shown("create llm sonnet --type anthropic --model m"), @"
    exit 0
    llm/sonnet created
    --- stderr
    The server calls it at https://api.anthropic.com, the default of anthropic; --url sets another
    ");
    assert_eq!(
        setup.last_body("POST")["url"],
        json!("https://api.anthropic.com")
    );
    let ran = setup.run("create llm own --type ollama --model m --url http://10.0.0.5:11434");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        setup.last_body("POST")["url"],
        json!("http://10.0.0.5:11434")
    );
    setup.run("create llm echo --type demo --model demo");
    assert_eq!(setup.last_body("POST").get("url"), None);
    let ran = setup.run("create llm x --type vllm --model m");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("openrouter"), "{ran:?}");
}

#[test]
fn how_much_an_llm_takes_comes_from_flags() {
    let setup = Setup::new();
    let ran = setup.run(
        "create llm slow --type openai --model m --url http://10.0.0.7:8000/v1 \
         --max-concurrency 4 --max-queue 0 --no-stream-usage",
    );
    assert_eq!(ran.stdout, "llm/slow created\n", "{ran:?}");
    assert_eq!(
        setup.last_body("POST"),
        json!({"name": "slow", "kind": "public", "type": "openai", "model": "m",
            "url": "http://10.0.0.7:8000/v1", "maxConcurrency": 4, "maxQueue": 0,
            "streamUsage": false})
    );
    let ran = setup.run("create llm x --type demo --model m --max-concurrency 0");
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn prices_are_created_listed_and_deleted() {
    let setup = Setup::new();
    let ran = setup.run("create price org/m --input 2.5 --output 10 --cached-input 1.25");
    assert_eq!(ran.stdout, "price/org/m created\n", "{ran:?}");
    assert_eq!(
        setup.run("create price m --input 0.0005").stdout,
        "price/m created\n"
    );
    assert_eq!(
        setup.last_body("POST"),
        json!({"name": "m", "input": 0.0005, "output": 0.0})
    );
    assert_snapshot!(without_age(&setup.run("get pr").stdout), @"
    NAME   INPUT   CACHED  OUTPUT
    m      0.0005  -       0
    org/m  2.50    1.25    10.00
    ");
    assert_eq!(setup.run("create price m --input -1").code, Some(2));
    // `--output` is the price's here, wherever the format stands.
    for line in [
        "create price a --input 1 --output 2 -o name",
        "-o name create price b --input 1 --output 2",
        "create price c --output 2 --input 1 -o name",
    ] {
        let ran = setup.run(line);
        assert!(ran.stdout.starts_with("price/"), "{line}: {ran:?}");
        assert_eq!(setup.last_body("POST")["output"], json!(2.0), "{line}");
    }
    let ran = setup.run("--output json create price d --input 1");
    assert!(ran.stdout.starts_with('{'), "{ran:?}");
    assert_eq!(setup.last_body("POST")["output"], json!(0.0));
    assert_eq!(setup.run("delete price a b c d --yes").code, Some(0));
    assert_eq!(setup.run("delete price m").stdout, "price/m deleted\n");
    assert_eq!(setup.run("get price -o name").stdout, "price/org/m\n");
}

const PRICES: &str = "\
kind: PriceList
prices:
  gpt-4o: {input: 2.5, output: 10, cachedInput: 1.25}
  gpt-4o-mini: {input: 0.15, output: 0.6}
---
kind: AliasList
aliases:
  smart: {model: qwen3:8b, fallbacks: [gpt]}
---
apiVersion: mcpctl/v1
kind: List
items:
- {kind: Price, metadata: {name: own}, spec: {input: 1}}
- {kind: Alias, name: cheap, llms: [laptop], policy: cost}
";

#[test]
fn tables_of_prices_and_aliases_are_applied_once() {
    let setup = Setup::new();
    let ran = setup.apply(PRICES);
    assert_snapshot!(ran.stdout, @"
    price/gpt-4o created
    price/gpt-4o-mini created
    alias/smart created
    price/own created
    alias/cheap created
    ");
    let again = setup.apply(PRICES).stdout;
    assert_eq!(again, ran.stdout.replace("created", "unchanged"));
    let changed = setup
        .apply(&PRICES.replace("output: 10,", "output: 12,"))
        .stdout;
    assert_eq!(
        changed,
        again.replacen("unchanged", "configured", 1),
        "only the one that changed"
    );
    let ran = setup.run("get price gpt-4o -o json");
    let price: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(price["spec"]["output"], json!(12));
    for what in ["price", "alias"] {
        let got = setup.run(&format!("get {what} -o yaml")).stdout;
        let ran = setup.apply(&got);
        assert!(
            ran.stdout.lines().all(|line| line.ends_with(" unchanged")),
            "{ran:?}"
        );
    }
}

#[test]
fn a_wrong_row_is_named_and_nothing_is_sent() {
    let setup = Setup::new();
    let ran = setup.apply("kind: PriceList\nprices:\n  m: {input: 1}\n  n: {output: 1}\n");
    assert_snapshot!(ran.shown(None, &setup.sandbox.home), @"
    exit 1
    --- stderr
    error: stdin, document 1, row 2 (`n`) is not valid
    cause: not a valid price: missing field `input`
    ");
    assert!(setup.server.asked().is_empty());
}

#[test]
fn an_llm_s_breaker_and_a_token_s_limits_come_from_flags() {
    let setup = Setup::new();
    let ran =
        setup.run("create llm x --type demo --model m --breaker-failures 5 --breaker-open-for 90s");
    assert_eq!(ran.stdout, "llm/x created\n", "{ran:?}");
    assert_eq!(
        setup.last_body("POST")["breaker"],
        json!({"failures": 5, "openFor": "1m30s"})
    );
    let ran = setup.run(
        "create token ci --role user --requests-per-minute 60 --tokens-per-minute 10000 \
         --max-concurrency 4 --budget 20 --budget-period week",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        setup.last_body("POST")["limits"],
        json!({"requestsPerMinute": 60, "tokensPerMinute": 10000, "maxConcurrency": 4,
            "budget": {"usd": 20.0, "period": "week"}})
    );
    setup.run("create token plain --role user");
    assert_eq!(setup.last_body("POST").get("limits"), None);
    assert_snapshot!(setup.shown("create token x --role user --budget-period day"), @"
    exit 2
    --- stderr
    error: --budget-period says when a budget begins anew, and there is no budget
    try: add --budget USD
    ");
}

fn put_token(server: &FakeServer) {
    server.put(
        "tokens",
        json!({"apiVersion": "mcpctl/v1", "kind": "Token",
            "metadata": {"name": "ci", "id": "id-ci", "owner": "alice",
                "createdAt": "2020-01-01T00:00:00.000Z"},
            "spec": {"roles": ["user"], "principal": "ci-bot",
                "limits": {"requestsPerMinute": 60, "budget": {"usd": 20.0, "period": "month"}}},
            "status": {"spent": {"usd": 3.2, "reservedUsd": 0.05}}}),
    );
}

#[test]
fn limits_are_shown_and_changed() {
    let setup = Setup::new();
    put_token(&setup.server);
    assert_snapshot!(without_age(&setup.run("get token -o wide").stdout), @"
    NAME  PRINCIPAL  ROLES  EXPIRES  LAST-USED  LIMITS                 SPENT    OWNER  ID
    ci    ci-bot     user   -        -          60/min,20.00usd/month  3.20usd  alice  id-ci
    ");
    let ran = setup.run("describe token ci");
    assert!(ran.stdout.contains("Requests Per Minute: 60"), "{ran:?}");
    assert!(
        ran.stderr
            .starts_with("Left of its budget: 16.75 of 20.00 USD."),
        "{ran:?}"
    );

    let ran = setup.run("set limits token/ci --budget 50 --max-concurrency 2");
    assert_eq!(ran.stdout, "token/ci configured\n", "{ran:?}");
    assert_eq!(setup.last_path(), "/api/v1/tokens/ci/limits");
    assert_eq!(
        setup.last_body("PUT"),
        json!({"requestsPerMinute": 60, "maxConcurrency": 2,
            "budget": {"usd": 50.0, "period": "month"}})
    );
    let ran = setup.run("set limits ci --clear");
    assert_eq!(ran.stdout, "token/ci configured: no limits\n");
    assert_eq!(setup.last_body("PUT"), json!({}));
    assert_snapshot!(setup.shown("set limits token/ci"), @"
    exit 2
    --- stderr
    error: name a limit to change, or say --clear
    try: mcpctl set limits token/ci --budget 20
    ");
    assert_snapshot!(setup.shown("set limits token/cl --clear"), @"
    exit 3
    --- stderr
    error: there is no Token `cl`
    request id: req-1
    try: did you mean `ci`?
    ");
}

fn explanation(chosen: Option<&str>) -> Value {
    let verdict = if chosen.is_some() {
        "chosen"
    } else {
        "excluded"
    };
    let mut answer = json!({"model": "smart", "resolvedAs": "alias", "policy": "least-busy",
    "onUnavailable": "wait", "x-newer": 1,
    "candidates": [
        {"llm": "laptop", "kind": "virtual", "phase": "active", "fallback": 0,
            "verdict": verdict, "reason": "fewest in flight", "inFlight": 0, "queued": 0,
            "ttftMs": 210},
        {"llm": "box", "kind": "virtual", "phase": "active", "fallback": 0,
            "verdict": "excluded", "reason": "its breaker is open until 09:34",
            "inFlight": 1, "queued": 2},
        {"llm": "gpt", "kind": "public", "phase": "active", "fallback": 1,
            "verdict": "standby", "reason": "fallback 1; it can take a request at once", "inFlight": 3,
            "queued": 0, "ttftMs": 1250, "price": 12.5}],
    "summary": match chosen {
        Some(llm) => format!("would go to {llm} (virtual, active, 0 running)"),
        None => "would wait: nobody can take it now".into(),
    }});
    if let Some(llm) = chosen {
        answer["wouldGoTo"] = llm.into();
    }
    answer
}

#[test]
fn a_route_is_explained_and_the_exit_code_says_whether_someone_would_take_it() {
    let setup = Setup::new();
    let path = "/api/v1/route/explain";
    setup.server.answers(path, explanation(Some("laptop")));
    assert_snapshot!(setup.shown("explain route smart"), @"
    exit 0
    would go to laptop (virtual, active, 0 running)

    ORDER  LLM     KIND     PHASE   VERDICT   WHY                                        IN-FLIGHT  QUEUED  TTFT   PRICE
    1      laptop  virtual  active  chosen    fewest in flight                           0          0       210ms  -
    -      box     virtual  active  excluded  its breaker is open until 09:34            1          2       -      -
    2      gpt     public   active  standby   fallback 1; it can take a request at once  3          0       1.2s   12.50
    --- stderr
    `smart` is an alias; policy least-busy; when nobody can take a request: wait
    ");
    assert_eq!(setup.last_body("POST"), json!({"model": "smart"}));
    assert_eq!(
        setup.run("explain route smart -o name").stdout,
        "llm/laptop\n"
    );
    let ran = setup.run("explain route smart -o json");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        answer,
        explanation(Some("laptop")),
        "the wire object, unchanged"
    );

    setup.server.answers(path, explanation(None));
    let ran = setup.run("explain route smart -q --no-headers");
    assert_eq!(ran.code, Some(6));
    assert!(ran.stdout.starts_with("would wait: nobody"), "{ran:?}");
    assert_eq!(setup.run("explain route smart -o yaml").code, Some(6));
}

#[test]
fn an_unknown_model_meets_the_nearest_name_of_all_kinds() {
    let setup = Setup::new();
    put_aliases(&setup.server);
    assert_snapshot!(setup.shown("explain route smrat"), @r#"
    exit 3
    --- stderr
    error: there is no model "smrat"
    request id: req-1
    try: did you mean `smart`?
    "#);
    // A model id counts too.
    let ran = setup.run("explain route lama3.2:3b");
    assert!(
        ran.stderr.ends_with("try: did you mean `llama3.2:3b`?\n"),
        "{ran:?}"
    );
    let ran = setup.run("explain route nothing-like-it");
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("mcpctl get llm,alias"), "{ran:?}");
}

fn usage() -> Value {
    let row = |llm: &str, day: &str, requests: u64, cost: f64| {
        json!({"llm": llm, "time": day, "requests": requests, "errors": 1, "cancelled": 2,
            "cache_hits": 3, "estimated": 4, "tokens_in": 1000, "tokens_out": 200,
            "tokens_cached": 50, "tokens_reasoning": 20, "cost_usd": cost})
    };
    json!({"since": "2026-11-01T00:00:00.000Z", "until": null, "items": [
        row("gpt", "2026-11-20", 12, 0.031_25), row("laptop", "2026-11-21", 30, 0.0)]})
}

#[test]
fn usage_is_summed_as_asked() {
    let setup = Setup::new();
    setup.server.answers("/api/v1/usage", usage());
    assert_snapshot!(setup.shown("get usage"), @"
    exit 0
    LLM     REQUESTS  ERRORS  CANCELLED  CACHE-HITS  IN    OUT  COST-USD
    gpt     12        1       2          3           1000  200  0.03125
    laptop  30        1       2          3           1000  200  0
    --- stderr
    Total: 42 requests, 2000 tokens in, 400 out, 0.03125 USD since 2026-11-01
    ");
    let path = setup.last_path();
    assert!(path.starts_with("/api/v1/usage?by=llm&since=20"), "{path}");
    assert!(
        path.ends_with("%2D01T00%3A00%3A00%2E000Z"),
        "the first of the month: {path}"
    );

    let ran = setup.run(
        "get usage -o wide --by llm,day --since 2026-11-01 --until 2026-11-22 --llm org/m \
         --principal alice",
    );
    assert_snapshot!(ran.stdout, @"
    LLM     DAY         REQUESTS  ERRORS  CANCELLED  CACHE-HITS  IN    CACHED  OUT  REASONING  ESTIMATED  COST-USD
    gpt     2026-11-20  12        1       2          3           1000  50      200  20         4          0.03125
    laptop  2026-11-21  30        1       2          3           1000  50      200  20         4          0
    ");
    assert_eq!(
        setup.last_path(),
        "/api/v1/usage?by=llm%2Cday&since=2026%2D11%2D01T00%3A00%3A00%2E000Z\
         &until=2026%2D11%2D22T00%3A00%3A00%2E000Z&llm=org%2Fm&principal=alice"
    );
    let ran = setup.run("get usage -o json");
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), usage());
    setup.server.answers(
        "/api/v1/usage",
        json!({"since": "2026-11-01T00:00:00Z", "items": []}),
    );
    let ran = setup.run("get usage");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", "Nothing was used since 2026-11-01\n")
    );
}

#[test]
fn what_does_not_go_together_is_said_before_a_server_is_asked() {
    let setup = Setup::new();
    for line in [
        "get usage laptop",
        "get usage -w",
        "get usage -o name",
        "get usage --limit 5",
        "get usage --by day,hour",
        "get usage --by colour",
        "get usage --since 2026-11-02 --until 2026-11-01",
        "get usage --since tomorrow",
        "get costs --by llm",
        "get costs --period total",
        "get requests --limit 0",
        "get llm --since 7d",
        "top llm --interval 1ms",
    ] {
        let ran = setup.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
    }
    assert!(setup.server.asked().is_empty());
    assert_snapshot!(setup.shown("get requests --by llm"), @"
    exit 2
    --- stderr
    error: --by does not go with `requests`
    try: `requests` takes --limit, --llm
    ");
    assert_snapshot!(setup.shown("get usge"), @"
    exit 2
    --- stderr
    error: there is no resource type `usge`
    try: did you mean `usage`?
    ");
}

#[test]
fn requests_are_listed() {
    let setup = Setup::new();
    let record = |llm: &str, outcome: &str, estimated: bool| {
        json!({"id": format!("req-{llm}"), "at": "2026-11-21T09:30:00.125Z", "model": "smart",
            "llm": llm, "provider": "openai", "principal": "alice", "token": "ci",
            "path": "chat/completions", "status": 200, "outcome": outcome, "attempts": 2,
            "cache_hit": llm == "laptop", "estimated": estimated, "ttft_ms": 210,
            "duration_ms": 4200, "tokens_in": 100, "tokens_out": 20, "cost_usd": 0.0021})
    };
    let items = [
        record("gpt", "cancelled", true),
        record("laptop", "ok", false),
    ];
    setup
        .server
        .answers("/api/v1/requests", json!({"items": items}));
    assert_snapshot!(setup.shown("get requests"), @"
    exit 0
    TIME                      LLM     MODEL  PRINCIPAL  STATUS  OUTCOME    TRIES  IN    OUT  TTFT   TOOK  COST-USD
    2026-11-21T09:30:00.125Z  gpt     smart  alice      200     cancelled  2      ~100  ~20  210ms  4.2s  0.0021
    2026-11-21T09:30:00.125Z  laptop  smart  alice      200     cached     2      100   20   210ms  4.2s  0.0021
    ");
    assert_eq!(setup.last_path(), "/api/v1/requests?limit=50");
    let ran = setup.run("get requests --llm laptop --limit 5 -o name");
    assert_eq!(ran.stdout, "req-laptop\n");
    assert_eq!(setup.last_path(), "/api/v1/requests?limit=5&llm=laptop");
    let ran = setup.run("get requests -o wide");
    assert!(
        ran.stdout
            .lines()
            .next()
            .unwrap()
            .ends_with("TOKEN  PROVIDER  PATH              ID")
    );
}

#[test]
fn costs_are_by_provider() {
    let setup = Setup::new();
    setup.server.answers(
        "/v1/costs/summary",
        json!({"period": "week", "total_cost_usd": 1.5, "total_requests": 42, "by_provider": [
            {"provider": "openai", "cost_usd": 1.5, "jobs": 12, "tokens_in": 5000,
                "tokens_out": 900},
            {"provider": "ollama", "cost_usd": 0.0, "jobs": 30, "tokens_in": 700,
                "tokens_out": 80}]}),
    );
    assert_snapshot!(setup.shown("get costs --period week"), @"
    exit 0
    PROVIDER  REQUESTS  IN    OUT  COST-USD
    openai    12        5000  900  1.50
    ollama    30        700   80   0
    --- stderr
    Total: 42 requests, 1.50 USD this week
    ");
    assert_eq!(setup.last_path(), "/v1/costs/summary?period=week");
    setup.run("get costs");
    assert_eq!(setup.last_path(), "/v1/costs/summary?period=month");
}
