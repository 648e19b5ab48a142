//! How a room's log is cut into partitions of the store.

use std::time::Duration;

use caffis_core::{
    Settings,
    ports::{check, store::MAX_SCAN_ROWS},
    tables::{self, BucketRow, Record, TimelineRow},
};
use caffis_schema::{Position, RoomId, command::Anchor, limits::TEXT_BYTES};

use crate::harness::{World, unhurried, words};

/// The bytes and rows of each partition of a room's log, oldest first.
async fn partitions(world: &World, room: RoomId) -> Vec<(usize, usize)> {
    let store = world.raw_store();
    let buckets: Vec<BucketRow> =
        tables::whole(store, BucketRow::partition(&room)).await.expect("buckets");
    let mut found = Vec::new();
    for BucketRow { epoch, number, .. } in buckets {
        let partition = TimelineRow::partition(&room, &epoch, &number);
        let rows: Vec<TimelineRow> =
            tables::partition(store, partition, MAX_SCAN_ROWS).await.expect("rows");
        let bytes = rows.iter().map(|row| {
            let row = row.to_row();
            let values = row.key.partition.iter().chain(&row.key.clustering).chain(&row.values);
            values.map(check::size).sum::<usize>()
        });
        found.push((bytes.sum(), rows.len()));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn long_texts_fill_no_partition_beyond_its_bytes() {
    let most = 500_000;
    let mut world = World::with(Settings { bucket_bytes: most, ..unhurried() }).await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    // The longest texts that there are, and then short ones; the server starts again in between.
    let long = "🙂".repeat(TEXT_BYTES / 4);
    let mut sent = 0;
    for _ in 0..3 {
        for text in [long.as_str(), "short"] {
            for _ in 0..20 {
                giulia.send(room, text).await.expect("sent");
                sent += 1;
            }
        }
        world.restart().await;
        giulia = world.connect("giulia").await;
    }
    let found = partitions(&world, room).await;
    assert!(found.iter().all(|(bytes, _)| *bytes as u64 <= most), "{found:?}");
    assert!(found.len() >= 4, "{found:?}");
    assert_eq!(found.iter().map(|(_, rows)| rows).sum::<usize>(), sent + 1);
    let (mut position, mut read) = (Position(0), 0);
    while let page = giulia.history(room, Anchor::After(position), 100).await.expect("a page")
        && let Some(last) = page.entries.last()
    {
        assert_eq!(page.entries[0].position, position + 1, "nothing is missing in between");
        position = last.position;
        read += page.entries.iter().filter(|entry| words(entry).is_some()).count();
    }
    assert_eq!(read, sent);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_room_lies_in_few_partitions() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    for week in 0..30 {
        giulia.send(room, &format!("{week}")).await.expect("sent");
        world.clock.advance(Duration::from_secs(7 * 86_400));
        world.restart().await;
        giulia = world.connect("giulia").await;
    }
    assert_eq!(partitions(&world, room).await.len(), 1);
    assert_eq!(giulia.log(room).await.len(), 30);
}

#[test]
fn a_partition_holds_100_megabytes_at_most() {
    assert!(Settings::default().bucket_bytes <= 100_000_000);
}
