//! A thousand requests of every kind, the same ones in every run: what each asks, and what it is known to have used
//! once it has ended.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;
use system_tests::cluster::{Ask, Mcpd, Whole};
use system_tests::dice::Dice;
use system_tests::mock::{Behaviour, ToolCall, UsageChunk};

/// The public LLM, with a price.
pub(crate) const CLOUD: &str = "cloud";
/// The published one, with a price of its own.
pub(crate) const LAPTOP: &str = "laptop";
/// The cheapest of the pool, which fails whatever does not say otherwise.
pub(crate) const SHAKY: &str = "shaky";
/// The pool of the cloud and the shaky one.
pub(crate) const POOL: &str = "team";
/// The access tokens that take turns.
pub(crate) const TOKENS: [&str; 2] = ["red", "blue"];

/// Prompt tokens that the mock tells of every request.
const PROMPT_TOKENS: u64 = 7;
/// The tokens of an answer where nobody says how many: the mock's default.
const UNASKED_TOKENS: u32 = 16;
/// A stream that is left is too long to come to its end before its provider hears of it.
const LONG: u32 = 5_000;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A chat completion in one piece.
    Whole,
    /// A completion of the old kind, in one piece.
    Legacy,
    /// A stream whose caller wants its usage.
    Stream,
    /// A stream whose caller does not: the gateway does, and takes it out again.
    Stripped,
    /// A stream of a provider that tells no usage: counted here.
    Untold,
    /// Calls of tools, in one piece or as a stream.
    Tools {
        stream: bool,
    },
    /// Through the Anthropic front, in one piece or as a stream.
    Messages {
        stream: bool,
    },
    Embeddings,
    /// A stream that its caller leaves after so many tokens.
    Left {
        after: u32,
        stripped: bool,
    },
    /// A stream that its provider cuts after so many tokens.
    Cut {
        after: u32,
    },
    /// An answer with an error status.
    Fails {
        status: u16,
    },
    /// Through the pool, whose first LLM fails.
    Retried,
    /// Of a model that nobody has.
    Unknown,
    /// Left before a byte of its answer came.
    GivenUp,
}

/// A request to be.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// Its request id.
    pub(crate) id: String,
    /// Of [`TOKENS`].
    pub(crate) token: usize,
    pub(crate) model: &'static str,
    pub(crate) kind: Kind,
    tokens: u32,
}

/// What became of a request, as far as its caller can know.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) planned: Planned,
    /// Who was called last; empty where nobody was.
    pub(crate) llm: String,
    pub(crate) status: u16,
    /// `ok`, `error` or `cancelled`.
    pub(crate) outcome: &'static str,
    pub(crate) attempts: u64,
    pub(crate) tokens_in: u64,
    /// One number where it is known; all that are possible where the caller left, or the provider did.
    pub(crate) tokens_out: RangeInclusive<u64>,
    pub(crate) estimated: bool,
}

/// `count` requests that a crowd may make side by side.
pub(crate) fn mixture(seed: u64, count: usize) -> Vec<Planned> {
    let mut dice = Dice::new(seed);
    (0..count).map(|n| planned(&mut dice, n)).collect()
}

/// A request that is given up before its answer begins, to be made while nobody else makes any.
pub(crate) fn given_up(n: usize, model: &'static str) -> Planned {
    Planned {
        id: format!("given-up-{n}"),
        token: n % TOKENS.len(),
        model,
        kind: Kind::GivenUp,
        tokens: LONG,
    }
}

fn planned(dice: &mut Dice, n: usize) -> Planned {
    let stream = dice.roll(2) == 0;
    let after = [1, 2, 3, 5, 8, 13, 40][dice.roll(7) as usize];
    let kind = match dice.roll(100) {
        0..20 => Kind::Whole,
        20..24 => Kind::Legacy,
        24..38 => Kind::Stream,
        38..50 => Kind::Stripped,
        50..54 => Kind::Untold,
        54..60 => Kind::Tools { stream },
        60..68 => Kind::Messages { stream },
        68..72 => Kind::Embeddings,
        72..82 => Kind::Left {
            after,
            stripped: stream,
        },
        82..86 => Kind::Cut { after: after - 1 },
        86..89 => Kind::Fails { status: 400 },
        89..92 => Kind::Fails { status: 500 },
        92..98 => Kind::Retried,
        _ => Kind::Unknown,
    };
    let either = if dice.roll(2) == 0 { CLOUD } else { LAPTOP };
    let model = match kind {
        Kind::Retried => POOL,
        Kind::Unknown => "nobody-has-it",
        // Three in a row would open the breaker of a published LLM; of the cloud's it is set higher.
        Kind::Cut { .. } | Kind::Fails { status: 500 } => CLOUD,
        _ => either,
    };
    let tokens = match kind {
        Kind::Left { .. } => LONG,
        Kind::Cut { after } => after + 20,
        Kind::Embeddings => 0,
        Kind::Retried => UNASKED_TOKENS,
        _ => 1 + dice.roll(60),
    };
    Planned {
        id: format!("planned-{n}"),
        token: n % TOKENS.len(),
        model,
        kind,
        tokens,
    }
}

impl Planned {
    fn behaviour(&self) -> Behaviour {
        let mut behaviour = Behaviour {
            tokens: self.tokens,
            usage: UsageChunk::Asked,
            ..Behaviour::default()
        };
        match self.kind {
            Kind::Untold => behaviour.usage = UsageChunk::Never,
            Kind::Left { .. } => behaviour.interval_ms = 2,
            Kind::Cut { after } => behaviour.cut_after = Some(after),
            Kind::Fails { status } => behaviour.status = Some(status),
            Kind::GivenUp => behaviour.first_token_ms = 60_000,
            Kind::Tools { .. } => {
                let arguments = json!({"city": "Zürich", "days": self.tokens});
                let name = "weather".to_owned();
                behaviour.tool_calls = vec![ToolCall { name, arguments }];
            }
            _ => {}
        }
        behaviour
    }

    fn path(&self) -> &'static str {
        match self.kind {
            Kind::Legacy => "/v1/completions",
            Kind::Embeddings => "/v1/embeddings",
            Kind::Messages { .. } => "/v1/messages",
            _ => "/v1/chat/completions",
        }
    }

    fn is_stream(&self) -> bool {
        match self.kind {
            Kind::Stream | Kind::Stripped | Kind::Untold | Kind::GivenUp => true,
            Kind::Left { .. } | Kind::Cut { .. } => true,
            Kind::Tools { stream } | Kind::Messages { stream } => stream,
            _ => false,
        }
    }

    fn wants_usage(&self) -> bool {
        match self.kind {
            Kind::Stream | Kind::Tools { stream: true } => true,
            Kind::Left { stripped, .. } => !stripped,
            _ => false,
        }
    }

    fn body(&self) -> Value {
        let (model, stream) = (self.model, self.is_stream());
        let text = "Grüße, 世界 🦀";
        let mut body = match self.kind {
            Kind::Legacy => json!({"model": model, "prompt": text}),
            Kind::Embeddings => json!({"model": model, "input": [text, text]}),
            Kind::Messages { .. } => {
                // What is translated has no room for a vendor's field.
                let cue = json!({"tokens": self.tokens});
                let content = format!("{text} [[mock {cue}]]");
                json!({"model": model, "stream": stream, "max_tokens": 1000,
                    "messages": [{"role": "user", "content": content}]})
            }
            _ => {
                json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]})
            }
        };
        if self.wants_usage() {
            body["stream_options"] = json!({"include_usage": true});
        }
        if !matches!(self.kind, Kind::Retried | Kind::Messages { .. }) {
            body["mock"] = json!(self.behaviour());
        }
        body
    }

    /// The request, and how long its body is, in bytes.
    pub(crate) fn ask(&self, token: &str) -> (Ask, u64) {
        let body = self.body().to_string();
        let bytes = body.len() as u64;
        let ask = Ask::post(self.path(), body);
        (ask.token(token).header("x-request-id", &self.id), bytes)
    }

    /// Makes the request, and tells what is known of it then.
    pub(crate) async fn run(self, addr: SocketAddr, token: &str) -> Ended {
        let (ask, bytes) = self.ask(token);
        let Kind::Left { after, .. } = self.kind else {
            return self.ended(&ask.whole(addr).await, bytes);
        };
        let mut answer = ask.send(addr).await;
        let seen = answer.read_until(&format!("t{} ", after - 1)).await;
        let (status, llm) = (answer.status, header(answer.header("x-mcpctl-llm")));
        drop(answer);
        let seen = seen.matches("\"content\":\"t").count() as u64;
        Ended {
            tokens_out: seen..=u64::from(LONG),
            ..self.estimate(llm, status, "cancelled", bytes)
        }
    }

    /// What is known of a request that was left before its answer began.
    pub(crate) fn abandoned(self, bytes: u64) -> Ended {
        let llm = self.model.to_owned();
        self.estimate(llm, 499, "cancelled", bytes)
    }

    fn ended(self, answer: &Whole, bytes: u64) -> Ended {
        let text = answer.text();
        let llm = header(answer.header("x-mcpctl-llm"));
        let attempts = answer.header("x-mcpctl-attempts");
        let attempts = attempts.map_or(0, |text| text.parse().unwrap_or(0));
        let status = answer.status;
        if status != 200 {
            let was_meant = match self.kind {
                Kind::Fails { status: asked } => status == asked,
                Kind::Unknown => status == 404,
                Kind::Cut { after } => status == 502 && after == 0,
                // The budget of retries was spent.
                Kind::Retried => status == 500 && attempts == 1,
                _ => false,
            };
            assert!(was_meant, "{self:?}: {status} {text}");
            let (llm, attempts) = match self.kind {
                // An error of ours does not say whom it was about.
                Kind::Cut { .. } => (CLOUD.to_owned(), 1),
                _ => (llm, attempts),
            };
            return Ended {
                attempts,
                tokens_in: 0,
                estimated: false,
                ..self.estimate(llm, status, "error", bytes)
            };
        }
        if let Kind::Cut { after } = self.kind {
            assert!(text.contains("event: error\n"), "{self:?}: {text}");
            let seen = text.matches("\"content\":\"t").count() as u64;
            return Ended {
                tokens_out: seen..=u64::from(after),
                ..self.estimate(llm, status, "error", bytes)
            };
        }
        assert_eq!(answer.broken, None, "{self:?}: {text}");
        self.shows_its_usage(&text);
        let tokens_out = match self.kind {
            Kind::Tools { .. } => told(&text),
            _ => u64::from(self.tokens),
        };
        let estimated = self.kind == Kind::Untold;
        let mut ended = Ended {
            attempts,
            tokens_out: tokens_out..=tokens_out,
            estimated,
            ..self.estimate(llm, status, "ok", bytes)
        };
        if !estimated {
            ended.tokens_in = PROMPT_TOKENS;
        }
        ended
    }

    /// Whoever asked for the usage has it, and nobody else has.
    fn shows_its_usage(&self, text: &str) {
        let is_shown = match self.kind {
            Kind::Stripped | Kind::Untold => false,
            Kind::Messages { .. } => text.contains(&format!("\"output_tokens\":{}", self.tokens)),
            _ => text.contains("\"usage\":{"),
        };
        let expected = !matches!(self.kind, Kind::Stripped | Kind::Untold);
        assert_eq!(is_shown, expected, "{self:?}: {text}");
        assert_eq!(text.contains("\"usage\""), expected, "{self:?}: {text}");
    }

    fn estimate(self, llm: String, status: u16, outcome: &'static str, bytes: u64) -> Ended {
        Ended {
            planned: self,
            llm,
            status,
            outcome,
            attempts: 1,
            tokens_in: bytes.div_ceil(4),
            tokens_out: 0..=0,
            estimated: true,
        }
    }
}

/// The provider's own count, where the answer shows it.
fn told(text: &str) -> u64 {
    let name = "\"completion_tokens\":";
    let at = text.find(name).map(|at| at + name.len());
    let number = text[at.unwrap_or(text.len())..].split([',', '}']).next();
    let number = number.and_then(|number| number.trim().parse().ok());
    number.unwrap_or_else(|| panic!("no count in {text}"))
}

fn header(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

/// Prices in US dollars per million tokens, as `(LLM, in, out)`: whole nano-dollars per token.
pub(crate) const PRICES: [(&str, f64, f64); 3] =
    [(CLOUD, 2.5, 10.0), (LAPTOP, 0.1, 0.4), (SHAKY, 1.0, 3.0)];

/// What tokens of `llm` cost, in nano-dollars.
pub(crate) fn cost(llm: &str, tokens_in: u64, tokens_out: u64) -> u64 {
    match llm {
        CLOUD => 2_500 * tokens_in + 10_000 * tokens_out,
        LAPTOP => 100 * tokens_in + 400 * tokens_out,
        SHAKY => 1_000 * tokens_in + 3_000 * tokens_out,
        _ => 0,
    }
}

/// Sets the prices and the pool.
pub(crate) async fn set_up(mcpd: &Mcpd) {
    for (name, input, output) in PRICES {
        let price = json!({"kind": "Price", "name": name, "input": input, "output": output});
        mcpd.admin_ok(Ask::post("/api/v1/prices", price)).await;
    }
    let pool = json!({"kind": "Alias", "name": POOL, "llms": [CLOUD, SHAKY], "policy": "cost"});
    mcpd.admin_ok(Ask::post("/api/v1/aliases", pool)).await;
}

/// Longest that anything in here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
