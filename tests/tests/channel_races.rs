//! A hundred races for one name, on PostgreSQL: one owner.

use std::collections::BTreeSet;
use system_tests::cluster::Mcpd;
use system_tests::cluster::postgres::Database;
use system_tests::cluster::publisher::{offer, path};
use tokio::task::JoinSet;

const PRINCIPALS: usize = 10;
const RACERS: usize = 100;

#[tokio::test]
async fn a_hundred_races_for_a_name_give_one_owner_on_postgresql() {
    let Some(database) = Database::create() else {
        return;
    };
    let mcpd = Mcpd::start(&[("MCPD_DATABASE_URL", &database.url)]).await;
    let addr = mcpd.addr;
    let mut tokens = Vec::new();
    for n in 0..PRINCIPALS {
        let principal = format!("p{n}");
        tokens.push(mcpd.token(&principal, &principal, &["publisher"]).await);
    }
    for prize in ["prize", "second-prize"] {
        let mut racers = JoinSet::new();
        for n in 0..RACERS {
            let principal = n % PRINCIPALS;
            let offer = offer(&[prize], None);
            let ask = path("_provider-register", offer).token(&tokens[principal]);
            racers.spawn(async move { (principal, ask.whole(addr).await) });
        }
        let mut winners = BTreeSet::new();
        for (principal, answer) in racers.join_all().await {
            match answer.status {
                200 => _ = winners.insert(principal),
                _ => assert_eq!(answer.code(), "name_taken", "{}", answer.text()),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?} have it");
        let winner = winners.first().unwrap();
        let row = mcpd.row(prize).await.unwrap();
        assert_eq!(row["metadata"]["owner"], format!("p{winner}"));
    }
    mcpd.at_rest().await;
}
