//! Votes, when the nodes that count them come and go.

use std::{collections::BTreeMap, time::Duration};

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{Command, Outcome, Position, RoomId};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    polls::{ask, results, voters, voting},
    several::Several,
};

/// Gives a command until it is known to have been done, with the same key.
async fn until_done(client: &mut Client, command: Command) {
    let start = Instant::now();
    while let Err(error) = client.ask(command.clone()).await {
        let again = error.outcome == Outcome::Unknown || error.retry_after_ms.is_some();
        assert!(again && start.elapsed() < Duration::from_secs(60), "{error:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Everybody votes several times in each room, all at once.
async fn everybody_votes(people: &mut [Client], rooms: &[RoomId], rounds: std::ops::Range<usize>) {
    for round in rounds {
        let voting = people.iter_mut().enumerate().map(|(number, client)| async move {
            for room in rooms {
                let choice = ((number + round) % 3) as u8;
                let command = voting(client.key(), *room, Position(2), &[choice]);
                until_done(client, command).await;
            }
        });
        futures_util::future::join_all(voting).await;
    }
}

#[tokio::test(start_paused = true)]
async fn counts_stay_exact_when_owners_end() {
    let mut several = Several::start(3, 5, Plan::default()).await;
    let names = ["anna", "bea", "carlo", "dario", "elena", "fabio", "gino"];
    let mut people = Vec::new();
    for (number, name) in names.iter().enumerate() {
        people.push(several.connect(1 + number % 2, name).await);
    }
    let mut rooms = Vec::new();
    for _ in 0..12 {
        let room = people[0].group(&names[1..]).await;
        ask(&mut people[0], room, |_| {}).await.expect("sent");
        rooms.push(room);
    }
    assert!(rooms.iter().any(|room| several.owner(*room) == 3), "no room belongs to node 3");
    everybody_votes(&mut people, &rooms, 0..2).await;
    several.crash(3);
    // While rooms are taken over, the same votes may be counted by the old owner and asked of the new one.
    everybody_votes(&mut people, &rooms, 2..4).await;
    for room in rooms {
        let found = results(&mut people[0], room, 2).await.expect("results");
        let page = voters(&mut people[1], room, 2, (None, 100)).await.expect("a page");
        let mut counted = [0_u32; 3];
        let mut chose = BTreeMap::new();
        for voter in &page.voters {
            assert_eq!(voter.choices.len(), 1);
            counted[usize::from(voter.choices[0])] += 1;
            chose.insert(voter.user.to_string(), voter.choices[0]);
        }
        let expected =
            names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), ((at + 3) % 3) as u8));
        assert_eq!(chose, expected.collect::<BTreeMap<_, _>>());
        assert_eq!((&*found.tally.counts, found.tally.voters), (&counted[..], 7));
    }
}
