//! Whole offers: taken over, withdrawn, refused.

use relay::Error;
use shared::channel::Offer;
use shared::llm::Phase;

use crate::publisher::{asleep, chunk, epoch_alone, offer, piece, text};
use crate::world::World;

fn bad(refused: Result<shared::channel::Registered, Error>) -> String {
    match refused {
        Err(Error::BadMessage(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_changed_offer_is_taken_over_without_disturbing_what_runs() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a", "b"]).await;
    let waiting = world.ask(&session, "b");
    let task = channel.task().task_id;
    let id = world.row("a").id().unwrap().to_owned();
    let changed = Offer {
        model: "qwen".into(),
        ..offer("a")
    };
    let offers = [changed, offer("c"), asleep("d")];
    let registered = world
        .register("laptop", Some(&session), &offers)
        .await
        .unwrap();
    let phases: Vec<_> = registered
        .llms
        .iter()
        .map(|llm| {
            (
                llm.metadata.name.as_str(),
                llm.status.as_ref().unwrap().phase,
            )
        })
        .collect();
    assert_eq!(
        phases,
        [
            ("a", Phase::Active),
            ("c", Phase::Active),
            ("d", Phase::Hibernating)
        ]
    );
    assert_eq!(world.row("a").spec().model, "qwen");
    assert_eq!(world.row("a").id(), Some(&*id));
    assert_eq!(world.phase("b"), Phase::Inactive, "withdrawn");
    channel.silent();
    let caller = async {
        let mut answer = waiting.await.unwrap();
        assert_eq!(text(&mut answer).await, "ok");
        assert!(piece(&mut answer).await.is_none());
    };
    let publisher = world.result(&session, &task, chunk(0, "ok", true));
    let ((), done) = tokio::join!(caller, publisher);
    done.unwrap();
}

#[tokio::test]
async fn a_withdrawn_row_is_not_woken_by_the_sessions_next_channel() {
    let world = World::new().await;
    let (channel, session) = world.active(&["a", "b"]).await;
    world
        .register("laptop", Some(&session), &[offer("a")])
        .await
        .unwrap();
    assert_eq!(world.phase("b"), Phase::Inactive);
    assert_eq!(world.row("b").inactive_since(), Some(crate::world::START));
    drop(channel);
    let (_channel, epoch) = world.bind("laptop", &session).await;
    world.beat("laptop", &session, &epoch_alone(epoch));
    assert_eq!(world.phase("a"), Phase::Active);
    assert_eq!(world.phase("b"), Phase::Inactive);
    world.register("laptop", Some(&session), &[]).await.unwrap();
    assert_eq!(
        world.phase("a"),
        Phase::Inactive,
        "an empty offer withdraws all"
    );
    let offers = [offer("a"), offer("b")];
    world
        .register("laptop", Some(&session), &offers)
        .await
        .unwrap();
    assert_eq!(world.phase("b"), Phase::Active, "the channel is proven");
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_and_the_others_stand() {
    let world = World::new().await;
    let (_channel, _) = world.active(&["mine"]).await;
    let public = serde_json::json!({"name": "gpt", "type": "demo", "model": "demo"});
    let public = shared::llm::parse(public).unwrap();
    world
        .registry
        .create(&public, crate::world::START)
        .await
        .unwrap();
    let offers = [offer("mine"), offer("gpt"), offer("free")];
    let registered = world.register("other", None, &offers).await.unwrap();
    let names: Vec<_> = registered
        .llms
        .iter()
        .map(|llm| llm.metadata.name.as_str())
        .collect();
    assert_eq!(names, ["free"]);
    let conflicts: Vec<_> = registered
        .conflicts
        .iter()
        .map(|conflict| (conflict.name.as_str(), conflict.message.as_str()))
        .collect();
    assert_eq!(
        conflicts,
        [
            ("gpt", "a public LLM has this name"),
            ("mine", "another principal publishes under this name"),
        ]
    );
    let all = world
        .register("third", None, &[offer("gpt"), offer("mine")])
        .await;
    let why = all.unwrap_err();
    assert!(matches!(&why, Error::NameTaken(conflicts) if conflicts.len() == 2));
    assert!(
        why.to_string()
            .contains("`gpt`: a public LLM has this name"),
        "{why}"
    );
    assert_eq!(world.phase("mine"), Phase::Active);
}

#[tokio::test]
async fn a_name_that_another_publisher_of_the_same_principal_serves_is_left_to_it() {
    let world = World::new().await;
    let (channel, first) = world.active(&["a"]).await;
    let id = world.row("a").id().unwrap().to_owned();
    let offers = [offer("a"), offer("b")];
    let registered = world.register("laptop", None, &offers).await.unwrap();
    let second = registered.provider_session_id;
    assert_ne!(first, second);
    assert_eq!(registered.llms.len(), 1);
    assert_eq!(registered.conflicts[0].name.as_str(), "a");
    assert!(
        registered.conflicts[0]
            .message
            .contains("another publisher of yours")
    );
    assert_eq!(world.row("a").session(), Some(&*first));
    assert_eq!(world.phase("a"), Phase::Active);
    // Once nobody serves it, the second takes it over with its id.
    drop(channel);
    world
        .register("laptop", Some(&second), &offers)
        .await
        .unwrap();
    assert_eq!(world.row("a").session(), Some(&*second));
    assert_eq!(
        world.phase("a"),
        Phase::Inactive,
        "the second has no channel"
    );
    let (_first, epoch) = world.bind("laptop", &first).await;
    assert!(world.beat("laptop", &first, &epoch_alone(epoch)).bound);
    assert_eq!(world.phase("a"), Phase::Inactive, "the first can't wake it");
    let (_second, epoch) = world.bind("laptop", &second).await;
    world.beat("laptop", &second, &epoch_alone(epoch));
    assert_eq!(world.phase("a"), Phase::Active);
    assert_eq!(world.row("a").id(), Some(&*id));
}

#[tokio::test]
async fn an_offer_that_makes_no_sense_changes_nothing() {
    let world = World::new().await;
    let none = Offer {
        max_concurrency: Some(0),
        ..offer("a")
    };
    let nameless = Offer {
        model: String::new(),
        ..offer("a")
    };
    let many: Vec<_> = (0..257).map(|n| offer(&format!("m{n}"))).collect();
    let twice = [offer("a"), offer("a")];
    for (offers, words) in [
        (&[none][..], "maxConcurrency must be at least 1"),
        (&[nameless], "model must have"),
        (&twice, "`a` is offered twice"),
        (&many, "at most 256"),
    ] {
        let why = bad(world.register("laptop", None, offers).await);
        assert!(why.contains(words), "{why}");
    }
    for id in ["", "a b", "../etc", &"x".repeat(65)] {
        let why = bad(world.register("laptop", Some(id), &[offer("a")]).await);
        assert!(why.contains("provider session id"), "{why}");
    }
    assert!(world.registry.list().is_empty());
}
