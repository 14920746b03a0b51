//! What could be published: each model that was found, under which name, and what of it is there
//! already.

use std::collections::BTreeSet;

use home::config::Config;
use home::providers::ProviderEntry;
use serde_json::{Map, Value, json};
use shared::name::Name;

use super::names;
use crate::client::name_of;
use crate::commands::detect::Found;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;

/// The built-in provider that needs no model.
const DEMO: &str = "demo";
/// How many are published without a question.
pub(super) const MOST_UNASKED: usize = 10;

/// A model that could be published.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    /// What callers will say.
    pub(super) name: Name,
    /// The server's own id of it.
    pub(super) model: String,
    /// Which server has it, for a person.
    pub(super) server: String,
    /// It makes embeddings, and does not chat.
    pub(super) embeds: bool,
    /// It is published by this machine's config.json already.
    pub(super) is_published: bool,
    provider_type: &'static str,
    url: Option<String>,
}

/// What is known of the names that are in use.
pub(super) struct Registry<'a> {
    /// The server's list of LLMs.
    pub(super) rows: &'a Value,
    pub(super) principal: &'a str,
    /// This machine's session, where it has published before.
    pub(super) session: Option<&'a str>,
    /// This machine's name.
    pub(super) host: &'a str,
}

/// One offer for each model of each server; the demo where there is none.
pub(super) fn offers(found: &[Found], config: &Config, registry: &Registry<'_>) -> Vec<Offer> {
    let known = config.providers();
    let mut taken: BTreeSet<String> = known.iter().map(|entry| entry.name.clone()).collect();
    taken.extend(registry.names_of_others());
    let mut offers = Vec::new();
    for server in found {
        for model in server.models.iter().flatten() {
            let offer = Offer {
                name: name(&names::from_model(&model.id), registry, &taken),
                model: model.id.clone(),
                server: server.kind.label().into(),
                embeds: model.embeds,
                is_published: false,
                provider_type: server.kind.provider_type(),
                url: Some(server.url()),
            };
            offers.push(offer.named_as_known(&known));
            taken.extend(offers.last().map(|offer| offer.name.to_string()));
        }
    }
    if offers.is_empty() {
        offers.push(demo(registry, &taken).named_as_known(&known));
    }
    // Two servers may list one model twice, as where Ollama is looked at by two addresses.
    let mut seen = BTreeSet::new();
    offers.retain(|offer| seen.insert(offer.name.clone()));
    offers
}

fn name(wanted: &str, registry: &Registry<'_>, taken: &BTreeSet<String>) -> Name {
    names::unique(wanted, registry.host, |name| !taken.contains(name))
}

fn demo(registry: &Registry<'_>, taken: &BTreeSet<String>) -> Offer {
    Offer {
        name: name(DEMO, registry, taken),
        model: DEMO.into(),
        server: "built in".into(),
        embeds: false,
        is_published: false,
        provider_type: DEMO,
        url: None,
    }
}

impl Registry<'_> {
    /// Names that this machine would not get: of public rows, of other people, of other machines.
    fn names_of_others(&self) -> impl Iterator<Item = String> {
        let rows = self.rows.get("items").and_then(Value::as_array);
        let rows = rows.into_iter().flatten();
        let others = rows.filter(|row| !self.may_take(row));
        others.map(|row| name_of(row).to_owned())
    }

    fn may_take(&self, row: &Value) -> bool {
        let text = |path: &str| row.pointer(path).and_then(Value::as_str);
        let session = text("/status/providerSessionId");
        if session.is_some() && session == self.session {
            return true;
        }
        text("/spec/kind") == Some("virtual")
            && text("/metadata/owner") == Some(self.principal)
            && text("/status/phase") == Some("inactive")
    }
}

impl Offer {
    /// Under the name that the config file gives it, where it is in there.
    fn named_as_known(mut self, known: &[ProviderEntry]) -> Self {
        let own = ProviderEntry::read(&Value::Object(self.entry()));
        let same =
            |entry: &&ProviderEntry| own.as_ref().is_some_and(|own| entry.is_same_model(own));
        let same = known.iter().find(same);
        if let Some((entry, Ok(name))) = same.map(|entry| (entry, entry.name.parse())) {
            self.name = name;
            self.is_published = entry.publish;
        }
        self
    }

    /// Its entry in config.json.
    pub(super) fn entry(&self) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("name".into(), self.name.as_str().into());
        entry.insert("type".into(), self.provider_type.into());
        if let Some(url) = &self.url {
            entry.insert("url".into(), url.as_str().into());
            entry.insert("model".into(), self.model.as_str().into());
        }
        if self.embeds {
            entry.insert("capabilities".into(), json!(["embeddings"]));
        }
        entry.insert("publish".into(), true.into());
        entry
    }
}

/// What is taken where nobody is asked: every chat model, else all that there is; not too many.
pub(super) fn unasked(offers: &[Offer]) -> Vec<usize> {
    let chats: Vec<_> = (0..offers.len()).filter(|at| !offers[*at].embeds).collect();
    let all = if chats.is_empty() {
        (0..offers.len()).collect()
    } else {
        chats
    };
    all.into_iter().take(MOST_UNASKED).collect()
}

/// What is proposed to whoever is asked: the first chat model that is not published yet, as typed.
pub(super) fn proposal(offers: &[Offer]) -> String {
    let new = |offer: &&Offer| !offer.is_published;
    let first = |wanted: &dyn Fn(&Offer) -> bool| offers.iter().position(wanted);
    if offers.iter().all(|offer| offer.is_published) {
        return "none".into();
    }
    let at = first(&|offer| new(&offer) && !offer.embeds).or_else(|| first(&|offer| new(&offer)));
    (at.unwrap_or(0) + 1).to_string()
}

/// Those that are named by their model's id or by the name proposed for it.
///
/// Errors: not found, with the nearest as a hint.
pub(super) fn named(offers: &[Offer], wanted: &[String]) -> Result<Vec<usize>> {
    let find = |wanted: &String| {
        let is = |offer: &Offer| {
            offer.name.as_str() == wanted
                || offer.model == *wanted
                || offer.model.strip_suffix(":latest") == Some(wanted)
        };
        offers.iter().position(is).ok_or_else(|| {
            let failure = Failure::new(Exit::NotFound, format!("no model `{wanted}` was found here"));
            let ids = offers.iter().map(|offer| offer.model.as_str());
            let known = ids.chain(offers.iter().map(|offer| offer.name.as_str()));
            match nearest(wanted, known) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(
                    "`mcpctl init --dry-run` lists what was found; --provider URL names another server",
                ),
            }
        })
    };
    let mut chosen = wanted.iter().map(find).collect::<Result<Vec<_>>>()?;
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::detect::{Kind, Model};

    fn found(kind: Kind, port: u16, ids: &[&str]) -> Found {
        let models = ids.iter().map(|id| Model {
            id: (*id).into(),
            embeds: id.contains("embed"),
        });
        Found {
            kind,
            base: format!("http://127.0.0.1:{port}").parse().unwrap(),
            version: None,
            models: Some(models.collect()),
        }
    }

    fn config(text: &str) -> Config {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("mcpctl-plan-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("config.json"), text).unwrap();
        let config = Config::load(&home::Home::at(&dir)).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        config
    }

    fn offered(found: &[Found], text: &str, rows: Value) -> Vec<Offer> {
        let registry = Registry {
            rows: &rows,
            principal: "ada",
            session: Some("s1"),
            host: "box",
        };
        offers(found, &config(text), &registry)
    }

    fn names(offers: &[Offer]) -> Vec<&str> {
        offers.iter().map(|offer| offer.name.as_str()).collect()
    }

    #[test]
    fn each_model_gets_a_name_of_its_own() {
        let found = [
            found(
                Kind::Ollama,
                11434,
                &["llama3.2:3b", "nomic-embed-text:latest"],
            ),
            found(Kind::Vllm, 8000, &["meta/llama3.2-3b"]),
        ];
        let offers = offered(&found, "{}", json!({}));
        assert_eq!(
            names(&offers),
            ["llama3.2-3b", "nomic-embed-text", "llama3.2-3b-box"]
        );
        assert_eq!(
            Value::Object(offers[2].entry()).to_string(),
            r#"{"name":"llama3.2-3b-box","type":"openai","url":"http://127.0.0.1:8000/v1","model":"meta/llama3.2-3b","publish":true}"#
        );
        assert_eq!(
            (unasked(&offers), proposal(&offers)),
            (vec![0, 2], "1".into())
        );
    }

    #[test]
    fn names_of_others_are_left_to_them_and_ones_own_are_used_again() {
        let found = [found(Kind::Ollama, 11434, &["a", "b", "c", "d", "e"])];
        let row = |name: &str, kind: &str, owner: &str, phase: &str, session: &str| {
            json!({"metadata": {"name": name, "owner": owner}, "spec": {"kind": kind},
                "status": {"phase": phase, "providerSessionId": session}})
        };
        let rows = json!({"items": [
            row("a", "public", "ada", "active", ""),
            row("b", "virtual", "bob", "inactive", "s9"),
            row("c", "virtual", "ada", "active", "s9"),
            row("d", "virtual", "ada", "inactive", "s9"),
            row("e", "virtual", "ada", "active", "s1")]});
        let offers = offered(&found, "{}", rows);
        assert_eq!(names(&offers), ["a-box", "b-box", "c-box", "d", "e"]);
    }

    #[test]
    fn what_the_config_has_keeps_its_name_and_is_not_proposed_again() {
        let found = [found(Kind::Ollama, 11434, &["llama3.2:3b", "other"])];
        let text = r#"{"providers": [
            {"name": "laptop", "type": "ollama", "model": "llama3.2:3b", "publish": true},
            {"name": "other", "type": "demo"}]}"#;
        let offers = offered(&found, text, json!({}));
        assert_eq!(names(&offers), ["laptop", "other-box"]);
        assert!(offers[0].is_published && !offers[1].is_published);
        assert_eq!(proposal(&offers), "2");
        assert_eq!(proposal(&offers[..1]), "none");
    }

    #[test]
    fn without_a_model_there_is_the_demo() {
        let offers = offered(&[found(Kind::Ollama, 11434, &[])], "{}", json!({}));
        assert_eq!(names(&offers), ["demo"]);
        assert_eq!(
            Value::Object(offers[0].entry()).to_string(),
            r#"{"name":"demo","type":"demo","publish":true}"#
        );
        let again = r#"{"providers": [{"name": "try", "type": "demo", "publish": true}]}"#;
        assert!(offered(&[], again, json!({}))[0].is_published);
    }

    #[test]
    fn models_are_picked_by_id_or_name_and_a_typo_is_told() {
        let found = [found(Kind::Ollama, 11434, &["llama3.2:3b", "qwen3:latest"])];
        let offers = offered(&found, "{}", json!({}));
        let pick = |wanted: &[&str]| {
            named(
                &offers,
                &wanted.iter().map(|w| (*w).into()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            pick(&["qwen3", "llama3.2:3b", "llama3.2-3b"]).unwrap(),
            [0, 1]
        );
        assert!(format!("{:?}", pick(&["llama3.2:3"]).unwrap_err()).contains("llama3.2:3b"));
    }
}
