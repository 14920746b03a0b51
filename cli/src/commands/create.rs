//! `mcpctl create`: an LLM, an alias, a price, a secret or a token from flags, files and stdin.
//! Jobs are made in [`jobs`](super::jobs).

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use shared::llm::SecretRef;
use shared::span::Span;
use shared::token::Limits;

use super::set::no_budget;
use crate::args::Format;
use crate::args::gateway::{CreateAlias, CreatePrice};
use crate::args::resources::{Create, CreateLlm, CreateSecret, CreateToken, CreateWhat};
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::missing;
use crate::prompt;
use crate::resource::{self, Resource};
use crate::session::Session;

pub(super) async fn run(args: &Create, session: &Session<'_>) -> Result<Exit> {
    match &args.what {
        CreateWhat::Llm(args) => llm(args, session).await?,
        CreateWhat::Alias(args) => alias(args, session).await?,
        CreateWhat::Price(args) => price(args, session).await?,
        CreateWhat::Secret(args) => secret(args, session).await?,
        CreateWhat::Token(args) => token(args, session).await?,
        CreateWhat::Job(args) => return super::jobs::create::run(args, session).await,
    }
    Ok(Exit::Done)
}

async fn llm(args: &CreateLlm, session: &Session<'_>) -> Result<()> {
    let name = resource::name(&args.name)?;
    if let Some(key) = &args.key {
        key.parse::<SecretRef>()
            .map_err(|why| Failure::usage(why.to_string()))?;
    }
    let mut body = json!({"name": name, "kind": "public", "type": args.provider_type,
        "model": args.model});
    let unasked = match args.url {
        Some(_) => None,
        None => args.provider_type.default_url(),
    };
    let fields = [
        ("url", args.url.as_deref().or(unasked).map(Value::from)),
        ("key", args.key.as_deref().map(Value::from)),
        ("tier", args.tier.as_deref().map(Value::from)),
        ("maxConcurrency", args.max_concurrency.map(Value::from)),
        ("maxQueue", args.max_queue.map(Value::from)),
        ("streamUsage", args.no_stream_usage.then(|| false.into())),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            body[field] = value;
        }
    }
    let breaker = [
        ("failures", args.breaker_failures.map(Value::from)),
        ("openFor", args.breaker_open_for.map(span)),
    ];
    for (field, value) in breaker {
        if let Some(value) = value {
            body["breaker"][field] = value;
        }
    }
    shared::llm::parse(body.clone()).map_err(|why| Failure::usage(why.to_string()))?;
    let created = session.client()?.create(Resource::Llm, &body).await?;
    super::report(session.output, Resource::Llm, &created, "created")?;
    if let Some(url) = unasked {
        let kind = args.provider_type;
        let note =
            format!("The server calls it at {url}, the default of {kind}; --url sets another");
        session.output.note(&note);
    }
    Ok(())
}

async fn alias(args: &CreateAlias, session: &Session<'_>) -> Result<()> {
    let name = resource::name(&args.name)?;
    let mut body = json!({"name": name});
    let fields = [
        ("model", args.model.as_deref().map(Value::from)),
        ("llms", list(&args.llms)),
        ("policy", args.policy.as_deref().map(Value::from)),
        ("fallbacks", list(&args.fallbacks)),
        (
            "onUnavailable",
            args.on_unavailable.as_deref().map(Value::from),
        ),
        (
            "timeout",
            args.timeout.and_then(|flag| flag.own()).map(span),
        ),
        ("firstByteTimeout", args.first_byte_timeout.map(span)),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            body[field] = value;
        }
    }
    if let Some(ttl) = args.cache_ttl {
        body["cache"]["ttl"] = span(ttl);
        if args.cache_always {
            body["cache"]["always"] = true.into();
        }
    }
    shared::alias::parse(body.clone()).map_err(|why| Failure::usage(why.to_string()))?;
    let created = session.client()?.create(Resource::Alias, &body).await?;
    super::report(session.output, Resource::Alias, &created, "created")?;
    for name in missing(&created) {
        let note = format!("note: there is no LLM `{name}` yet; it joins when it comes");
        session.output.note(&note);
    }
    Ok(())
}

async fn price(args: &CreatePrice, session: &Session<'_>) -> Result<()> {
    let name = resource::name(&args.name)?;
    let usd = args.output.as_ref().and_then(|flag| flag.own());
    let mut body = json!({"name": name, "input": args.input, "output": usd.unwrap_or_default()});
    if let Some(cached) = args.cached_input {
        body["cachedInput"] = cached.into();
    }
    shared::price::parse(body.clone()).map_err(|why| Failure::usage(why.to_string()))?;
    let created = session.client()?.create(Resource::Price, &body).await?;
    let mut output = session.output.clone();
    if let Some(printing) = &args.format {
        output.print_as(printing);
    }
    super::report(&output, Resource::Price, &created, "created")
}

fn span(span: Duration) -> Value {
    Span(span).to_string().into()
}

fn list(words: &[String]) -> Option<Value> {
    (!words.is_empty()).then(|| words.into())
}

async fn secret(args: &CreateSecret, session: &Session<'_>) -> Result<()> {
    let name = resource::name(&args.name)?;
    let data = fields(args)?;
    // No client before the values are there: a wrong path should not need a server to be told.
    let body = json!({"name": name, "data": data});
    let created = session.client()?.create(Resource::Secret, &body).await?;
    super::report(session.output, Resource::Secret, &created, "created")
}

/// Reads every field's value from where the flags say.
fn fields(args: &CreateSecret) -> Result<Map<String, Value>> {
    let mut data = Map::new();
    let mut put = |field: &str, value: String| match data.insert(field.into(), value.into()) {
        None => Ok(()),
        Some(_) => Err(Failure::usage(format!("field `{field}` is given twice"))),
    };
    for pair in &args.from_file {
        let (field, path) = split(pair, "--from-file FIELD=PATH")?;
        let value = std::fs::read_to_string(path)
            .map_err(|why| Failure::failed(format!("can't read {path}")).caused_by(&why))?;
        put(field, value)?;
    }
    for pair in &args.from_env {
        let (field, variable) = split(pair, "--from-env FIELD=VARIABLE")?;
        let value = std::env::var(variable)
            .map_err(|_| Failure::failed(format!("the variable {variable} is not set")))?;
        put(field, value)?;
    }
    if let Some(field) = &args.from_stdin {
        if field.contains('=') {
            return Err(
                Failure::usage("--from-stdin takes a field's name, never its value")
                    .hint("mcpctl create secret NAME --from-stdin FIELD < FILE"),
            );
        }
        let value = prompt::secret(&format!("Value of `{field}`: "))?;
        put(field, value.expose_secret().to_owned())?;
    }
    if data.is_empty() {
        return Err(Failure::usage("a secret needs at least one field")
            .hint("--from-stdin FIELD, --from-file FIELD=PATH or --from-env FIELD=VARIABLE"));
    }
    Ok(data)
}

/// The part behind `=` is not repeated in a message: it may be a value given by mistake.
fn split<'a>(pair: &'a str, form: &str) -> Result<(&'a str, &'a str)> {
    match pair.split_once('=') {
        Some((field, rest)) if !field.is_empty() && !rest.is_empty() => Ok((field, rest)),
        _ => Err(Failure::usage(format!("write {form}"))),
    }
}

async fn token(args: &CreateToken, session: &Session<'_>) -> Result<()> {
    let name = resource::name(&args.name)?;
    let mut body = json!({"name": name, "roles": args.roles});
    if let Some(principal) = &args.principal {
        body["principal"] = principal.as_str().into();
    }
    if let Some(span) = args.expires {
        body["expiresAt"] = now().plus(span).to_string().into();
    }
    let limits = args.limits.over(Limits::default()).ok_or_else(no_budget)?;
    if !limits.is_empty() {
        body["limits"] = json!(limits);
    }
    let created = session.client()?.create(Resource::Token, &body).await?;
    let output = session.output;
    match output.format {
        Format::Json | Format::Yaml => output.document(&created),
        _ => {
            let value = created.pointer("/status/value").and_then(Value::as_str);
            let value = value.ok_or_else(|| {
                Failure::failed(format!(
                    "the server made token `{name}` but did not show it"
                ))
                .hint(format!("mcpctl delete token {name}, and try again"))
            })?;
            output.note(&format!(
                "token/{name} created. Its value follows; it is shown this once:"
            ));
            output.line(value)
        }
    }
}
