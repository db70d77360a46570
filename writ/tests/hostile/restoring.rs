//! A ledger that came out of a backup, as the client's witness sees it: what is gone is said, whatever the ledger says of
//! itself, and nothing is cosigned before the witness's owner has looked.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use writ_app::{
    backup::witnessed,
    witness::{Board, Home, Step, Stop, Watch},
};
use writ_authority::{Command, fact::LedgerRestored};
use writ_model::Actor;

use crate::{server::Server, watching::agent, world::World};

/// The server as it stands after a restore of its first lines: it may lie about what is missing.
async fn restored(world: &World, keep: usize, gap: u64) -> Server {
    let mut server = Server::of(world).await;
    server.lines.truncate(keep);
    let size = server.lines.len() as u64;
    let witnessed = (gap > 0).then(|| writ_authority::fact::Witnessed {
        size: size + gap,
        root: writ_model::Digest::default(),
    });
    let says = LedgerRestored { backup_at: world.now(), size, witnessed, gap };
    server.act(Actor::system("restore"), Command::RaiseFormat { format: 2 });
    server.act(Actor::system("restore"), Command::RestoreLedger(Box::new(says)));
    server
}

async fn says(watch: &mut Watch) -> (String, String) {
    match watch.round(0).await {
        Err(Stop::Disagrees { code, what }) => (code, what),
        other => panic!("the witness did not disagree: {other:?}"),
    }
}

#[tokio::test]
async fn a_witness_says_how_much_a_restore_lost_whatever_the_ledger_says() {
    let world = World::honest().await;
    world.witness("office").await.round(0).await.unwrap();
    for name in ["one", "two", "three"] {
        world.act(world.mira.actor(), agent(name)).await;
    }
    let honest = Arc::new(crate::world::Honest(world.desk.router()));
    let mut watch = world.watch("office", honest.clone()).await;
    watch.round(0).await.unwrap();
    let seen = usize::try_from(watch.size()).unwrap();
    assert_eq!(watch.restored().await.unwrap(), None, "nothing was restored");
    assert!(matches!(
        world.watch("office", honest).await.after_restore().await,
        Err(Stop::Fault(_))
    ));

    let server = restored(&world, seen - 3, 0).await;
    let mut shorter = world.watch("office", Arc::new(server)).await;
    let (code, what) = says(&mut shorter).await;
    assert_eq!(code, "EVID-0020", "{what}");
    assert!(what.contains("3 of the lines that were seen are gone"), "{what}");
    assert!(what.contains("the log itself says 0"), "{what}");

    // It has grown past what was seen, and admits its gap.
    let mut server = restored(&world, seen - 3, 3).await;
    for name in ["four", "five", "six", "seven"] {
        server.act(world.mira.actor(), agent(name));
    }
    let mut longer = world.watch("office", Arc::new(server)).await;
    let (code, what) = says(&mut longer).await;
    assert_eq!(code, "EVID-0020", "{what}");
    assert!(!what.contains("the log itself says"), "{what}");
    assert_eq!(longer.size(), seen as u64, "nothing was cosigned");

    // Lines that are gone without such a word are still what they were.
    let mut server = Server::of(&world).await;
    server.lines.truncate(seen - 1);
    let mut cut = world.watch("office", Arc::new(server)).await;
    assert_eq!(says(&mut cut).await.0, "EVID-0011");

    let mut anew = longer.after_restore().await.unwrap();
    let step = anew.round(0).await.unwrap();
    assert!(matches!(step, Step::Cosigned { .. }), "{step:?}");
    let kept = world.dir.path().join(format!("office/seen-{seen}.json"));
    assert!(kept.exists(), "what was seen is evidence");
    assert!(Home::open(&world.dir.path().join("office")).unwrap().seen().unwrap().is_some());
}

#[tokio::test]
async fn a_witness_tells_whoever_asks_what_it_saw_last() {
    let world = World::honest().await;
    let mut watch = world.witness("office").await;
    let (board, stop) = (Board::default(), CancellationToken::new());
    let at = board.serve("127.0.0.1:0".parse().unwrap(), stop.clone()).await.unwrap();
    let url = format!("http://{at}");
    let fault = witnessed::ask(&url).await.unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("BKUP-0010"), "it has seen nothing: {fault}");
    watch.round(0).await.unwrap();
    board.put(watch.told().unwrap());
    let told = witnessed::ask(&url).await.unwrap();
    let folder = world.dir.path().join("office").display().to_string();
    let kept = witnessed::ask(&folder).await.unwrap();
    for words in [told, kept] {
        assert_eq!((words.len(), words[0].tenant, words[0].size), (1, world.client, watch.size()));
    }
    let (file, note) = (world.dir.path().join("note"), watch.told().unwrap().unwrap());
    assert!(note.contains("\n\u{2014} office "), "with its own cosignature: {note}");
    std::fs::write(&file, serde_json::json!({"checkpoint": note}).to_string()).unwrap();
    assert_eq!(witnessed::ask(file.to_str().unwrap()).await.unwrap()[0].size, watch.size());
    std::fs::write(&file, "a page of somebody else").unwrap();
    assert!(witnessed::ask(file.to_str().unwrap()).await.is_err());
    stop.cancel();
}
