//! Each provider of config.json answers, and has the model that it is to serve.

use std::sync::Arc;
use std::time::Duration;

use home::providers::ProviderEntry;
use serde_json::Value;
use tokio::task::JoinSet;

use super::finding::Finding;
use super::key::{self, Key};
use super::look::Look;
use crate::commands::detect::http::{Answer, Http};
use crate::near_miss::nearest;

/// How long a provider may take: as long as mcplocal's own polls.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn check(look: &Arc<Look>) -> Vec<Finding> {
    let entries = look
        .config
        .as_ref()
        .ok()
        .and_then(|config| config.field("providers"));
    let entries = entries
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut checks = JoinSet::new();
    for (at, raw) in entries.into_iter().enumerate() {
        let look = look.clone();
        checks.spawn(async move { (at, one(&raw, &look).await) });
    }
    let mut findings = checks.join_all().await;
    findings.sort_by_key(|(at, _)| *at);
    if findings.is_empty() {
        return vec![
            Finding::skip("config.json has none")
                .fix("`mcpctl init` finds what runs on this machine and publishes it"),
        ];
    }
    findings.into_iter().map(|(_, finding)| finding).collect()
}

async fn one(raw: &Value, look: &Look) -> Finding {
    let Some(entry) = ProviderEntry::read(raw) else {
        return Finding::fail("an entry of `providers` is no object")
            .fix("write { \"name\": ... }");
    };
    let name = if entry.name.is_empty() {
        "(no name)"
    } else {
        &entry.name
    };
    if !entry.publish {
        return Finding::skip("not published").of(name);
    }
    let mut finding = ask(&entry, raw).await;
    if finding.fix.is_none()
        && let Some(why) = daemons_view(&entry, look).await
    {
        finding = Finding::warn(format!("{}, but mcplocal says: {why}", finding.detail))
            .fix("mcplocal asks again by itself within 15 s; `mcpctl local logs` says more");
    }
    finding.of(name)
}

/// What mcplocal has against it.
async fn daemons_view(entry: &ProviderEntry, look: &Look) -> Option<String> {
    let status = look.daemon().await.as_ref().ok()?;
    let provider = status
        .providers
        .iter()
        .find(|provider| provider.name.as_str() == entry.name)?;
    provider
        .message
        .clone()
        .filter(|_| provider.ready == Some(false))
}

async fn ask(entry: &ProviderEntry, raw: &Value) -> Finding {
    let key = key::find(raw.get("apiKey")).await;
    if let Key::Missing(why, fix) = key {
        return Finding::fail(why).fix(fix);
    }
    let path = match entry.provider_type.as_str() {
        "demo" => return Finding::ok("built in"),
        "ollama" => "api/tags",
        "openai" => "models",
        "anthropic" | "gemini" | "openrouter" => {
            return match key {
                Key::NotNamed => Finding::fail("a cloud's API without a key")
                    .fix("name where it is: \"apiKey\": {\"file\": \"PATH\"}"),
                _ => Finding::ok("its key is there; a cloud is not asked from here"),
            };
        }
        other => {
            return Finding::fail(format!("`{other}` is no type of provider"))
                .fix("write openai, ollama, anthropic, gemini, openrouter or demo");
        }
    };
    let base = entry.url.trim().trim_end_matches('/');
    let http = match Http::new(base.starts_with("https:"), LIMIT) {
        Ok(http) => http,
        Err(failure) => return Finding::failed(&failure),
    };
    let secret = if let Key::Is(secret) = &key {
        Some(secret)
    } else {
        None
    };
    let wakes = raw.get("wake").is_some();
    match http.get(&format!("{base}/{path}"), secret).await {
        Ok(answer) => judge(entry, &key, &answer),
        Err(why) => unreachable(base, entry, wakes, &why),
    }
}

fn unreachable(base: &str, entry: &ProviderEntry, wakes: bool, why: &reqwest::Error) -> Finding {
    let what = if why.is_builder() {
        format!("`{base}` is no URL")
    } else if why.is_timeout() {
        format!("{base} does not answer within {} s", LIMIT.as_secs())
    } else if why.is_connect() {
        format!("nothing listens at {base}")
    } else {
        format!("{base} broke the connection off")
    };
    if wakes {
        return Finding::warn(format!("{what}: it may sleep, and a request wakes it"));
    }
    Finding::fail(what).fix(match entry.provider_type.as_str() {
        "ollama" => "start it: `ollama serve`, or `systemctl start ollama`".to_owned(),
        _ => "start the model server, or correct `url` in config.json".to_owned(),
    })
}

fn judge(entry: &ProviderEntry, key: &Key, answer: &Answer) -> Finding {
    let millis = answer.took.as_millis();
    let is_ollama = entry.provider_type == "ollama";
    match answer.status {
        200 => {}
        401 | 403 if matches!(key, Key::IsInKeyring) => {
            return Finding::ok("it wants a key, which is in the keyring and was not tried");
        }
        401 | 403 if matches!(key, Key::NotNamed) => {
            return Finding::fail("it wants a key")
                .fix("name where it is: \"apiKey\": {\"file\": \"PATH\"} in its entry");
        }
        401 | 403 => {
            return Finding::fail("it refuses the key")
                .fix("put the right key where `apiKey` says");
        }
        404 | 405 | 501 if !is_ollama => {
            return Finding::ok(format!("it answers in {millis} ms, and lists no models"));
        }
        status => {
            return Finding::fail(format!(
                "it answers HTTP {status} when asked for its models"
            ))
            .fix("look at the model server's log, and at `url` and `type` in config.json");
        }
    }
    let (list, id) = if is_ollama {
        ("models", "name")
    } else {
        ("data", "id")
    };
    let listed = answer.body.get(list).and_then(Value::as_array);
    let listed: Vec<&str> = listed
        .into_iter()
        .flatten()
        .filter_map(|model| model.get(id)?.as_str())
        .collect();
    match &entry.model {
        None => without_model(&listed, millis),
        Some(model) => has_model(model, &listed, is_ollama, millis),
    }
}

fn without_model(listed: &[&str], millis: u128) -> Finding {
    match listed {
        [one] => Finding::ok(format!("it answers in {millis} ms, with `{one}`")),
        [] => Finding::fail("it lists no model, and the entry names none")
            .fix("name one in the field `model`"),
        many => Finding::fail(format!(
            "it lists {} models, and the entry names none",
            many.len()
        ))
        .fix(format!(
            "name one in the field `model`, such as `{}`",
            many[0]
        )),
    }
}

fn has_model(model: &str, listed: &[&str], is_ollama: bool, millis: u128) -> Finding {
    let latest = format!("{model}:latest");
    if listed.iter().any(|id| *id == model || *id == latest) {
        return Finding::ok(format!("it answers in {millis} ms, and has `{model}`"));
    }
    let what = format!("it answers, and has no model `{model}`");
    let near = nearest(model, listed.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    if is_ollama {
        return Finding::fail(what).fix(near.unwrap_or_else(|| format!("ollama pull {model}")));
    }
    // Some serve names that they do not list.
    Finding::warn(format!("{what} in its list"))
        .fix(near.unwrap_or_else(|| "check `model` in config.json".into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Verdict;
    use super::*;

    fn entry(provider_type: &str, model: Option<&str>) -> ProviderEntry {
        ProviderEntry::read(
            &json!({"name": "a", "type": provider_type, "model": model, "publish": true}),
        )
        .unwrap()
    }

    fn answer(status: u16, body: Value) -> Answer {
        Answer {
            status,
            server: None,
            body,
            took: Duration::from_millis(7),
        }
    }

    #[test]
    fn ollama_must_have_the_model() {
        let tags = answer(
            200,
            json!({"models": [{"name": "llama3.2:3b"}, {"name": "qwen3:latest"}]}),
        );
        let judged = |model| judge(&entry("ollama", Some(model)), &Key::NotNamed, &tags);
        assert_eq!(
            judged("llama3.2:3b"),
            Finding::ok("it answers in 7 ms, and has `llama3.2:3b`")
        );
        assert_eq!(judged("qwen3").verdict, Verdict::Ok);
        assert_eq!(
            judged("lama3.2:3b").fix.unwrap(),
            "did you mean `llama3.2:3b`?"
        );
        assert_eq!(judged("mistral").fix.unwrap(), "ollama pull mistral");
    }

    #[test]
    fn others_may_serve_what_they_do_not_list() {
        let list = answer(200, json!({"data": [{"id": "Qwen/Qwen3-8B"}]}));
        let judged = |model| judge(&entry("openai", model), &Key::NotNamed, &list);
        assert_eq!(
            judged(None),
            Finding::ok("it answers in 7 ms, with `Qwen/Qwen3-8B`")
        );
        let other = judged(Some("Qwen/Qwen3-8b-"));
        assert_eq!(
            (other.verdict, other.fix.unwrap().as_str()),
            (Verdict::Warn, "did you mean `Qwen/Qwen3-8B`?")
        );
        let no_list = judge(
            &entry("openai", Some("m")),
            &Key::NotNamed,
            &answer(404, Value::Null),
        );
        assert_eq!(no_list.verdict, Verdict::Ok);
        let several = answer(200, json!({"data": [{"id": "a"}, {"id": "b"}]}));
        assert_eq!(
            judge(&entry("openai", None), &Key::NotNamed, &several).verdict,
            Verdict::Fail
        );
    }

    #[test]
    fn a_key_that_is_wanted_or_refused_is_told() {
        let refused = answer(401, json!({"error": "Unauthorized"}));
        let judged = |key| judge(&entry("openai", Some("m")), &key, &refused).detail;
        assert_eq!(judged(Key::NotNamed), "it wants a key");
        assert_eq!(judged(Key::Is("x".to_owned().into())), "it refuses the key");
        assert_eq!(
            judge(
                &entry("openai", None),
                &Key::NotNamed,
                &answer(500, Value::Null)
            )
            .verdict,
            Verdict::Fail
        );
    }
}
