//! Searching over a million messages, half of them in one room, and what the index costs those who send.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::bail;
use caffis_schema::{
    Body, Command, List, Position, Reply, RoomId, Text,
    command::{Search, Send},
    event::TextBody,
    reply::SearchPage,
};

use super::{Cell, Plan, each, group, join, key, now};
use crate::{
    frames::{self, Came},
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

const MESSAGES: usize = 1_000_000;

/// Messages with which the index is weighed and what it adds to a send.
const WEIGHED: usize = 100_000;

/// The rooms, one of which has half of the messages.
const ROOMS: usize = 50;

/// Messages under way at the same time.
const IN_FLIGHT: usize = 256;

/// Words in a message, and in the language.
const WORDS: usize = 8;
const VOCABULARY: u64 = 20_000;

/// One message in so many has a word that only such messages have.
const RARE: usize = 10_000;

/// Searches of each kind.
const SEARCHES: usize = 1_000;

/// How long the index may be behind the last message.
const CATCH_UP: Duration = Duration::from_secs(900);

/// Chance, the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A word: its rank is likely to be small, as in a language.
    fn word(&mut self) -> String {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        word((VOCABULARY as f64).powf(part) as u64)
    }
}

/// The word of a rank: syllables, so that words look like words.
fn word(rank: u64) -> String {
    const STARTS: [&str; 16] =
        ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "z", "ch", "gr"];
    const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];
    let (mut text, mut rest) = (String::new(), rank + 80);
    while rest > 0 {
        text.push_str(STARTS[(rest % 16) as usize]);
        text.push_str(VOWELS[(rest / 16 % 5) as usize]);
        rest /= 80;
    }
    text
}

fn text(chance: &mut Chance, number: usize) -> String {
    let mut words: Vec<String> = (0..WORDS).map(|_| chance.word()).collect();
    if number.is_multiple_of(RARE) {
        words.push("tiramisu".to_owned());
    }
    words.join(" ")
}

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let messages = plan.count(MESSAGES);
    let folder = tempfile::Builder::new().prefix("caffis-bench-").tempdir()?;
    let server = Start::new(&plan.server).folder(folder.path()).listening()?;
    let (mut wire, rooms) = person(&server).await?;
    let mut figures = Figures::new();
    let begun = Instant::now();
    fill(&mut wire, &rooms, messages).await?;
    figures.insert("sent_s", begun.elapsed().as_secs_f64());
    catch_up(&mut wire, &rooms).await?;
    figures.insert("indexed_s", begun.elapsed().as_secs_f64());
    let searches = plan.count(SEARCHES);
    let big = Some(rooms[0]);
    let mut chance = Chance(2);
    let kinds: [(&str, [&'static str; 3], Option<RoomId>); 5] = [
        ("rare", ["rare_p50_ms", "rare_p99_ms", "rare_max_ms"], big),
        ("one", ["one_term_p50_ms", "one_term_p99_ms", "one_term_max_ms"], big),
        ("one", ["across_p50_ms", "across_p99_ms", "across_max_ms"], None),
        ("three", ["three_p50_ms", "three_p99_ms", "three_max_ms"], big),
        ("prefix", ["prefix_p50_ms", "prefix_p99_ms", "prefix_max_ms"], big),
    ];
    for (kind, names, room) in kinds {
        let mut times = Latencies::default();
        for number in 0..searches {
            let query = match kind {
                "rare" => "tiramisu".to_owned(),
                "one" => chance.word(),
                // Three words of the most frequent hundred, of somebody, before a day.
                "three" => {
                    let mut word = || word(chance.next() % 100);
                    let (one, two, three) = (word(), word(), word());
                    format!("{one} {two} {three} from:me before:2100-01-01")
                }
                _ => format!("{}*", &chance.word()[..4.min(word(1).len())]),
            };
            let begun = Instant::now();
            search(&mut wire, number as u32 + 10, room, &query).await?;
            times.add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        times.report(names, &mut figures);
    }
    drop(server);
    let variant = format!("{messages} messages, half of them in one of {ROOMS} rooms, websocket");
    let mut cells = vec![Cell { scenario: "search", variant, figures }];
    cells.push(cost(plan).await?);
    Ok(cells)
}

/// What the index adds to a send and to the disk.
async fn cost(plan: &Plan) -> anyhow::Result<Cell> {
    let messages = plan.count(WEIGHED);
    let mut figures = Figures::new();
    let names = [
        ("false", "without_us_per_message", "without_bytes_per_message", "without_s"),
        ("true", "with_us_per_message", "with_bytes_per_message", "with_s"),
    ];
    for (search, cpu, bytes, time) in names {
        let folder = tempfile::Builder::new().prefix("caffis-bench-").tempdir()?;
        let start = Start::new(&plan.server).folder(folder.path());
        let server = start.settings(&[("CAFFIS_SEARCH", search)]).listening()?;
        let (mut wire, rooms) = person(&server).await?;
        let (before, begun) = (server.cpu(), Instant::now());
        fill(&mut wire, &rooms, messages).await?;
        figures.insert(time, begun.elapsed().as_secs_f64());
        if search == "true" {
            catch_up(&mut wire, &rooms).await?;
        }
        figures.insert(cpu, each(server.cpu().saturating_sub(before), messages as u64));
        drop(server);
        // A start moves what only the journal has into tables.
        let server = Start::new(&plan.server).folder(folder.path());
        drop(server.settings(&[("CAFFIS_SEARCH", search)]).listening()?);
        figures.insert(bytes, size(folder.path())? as f64 / messages as f64);
    }
    let variant = format!("{messages} messages with and without the index, websocket");
    Ok(Cell { scenario: "search", variant, figures })
}

/// A person and their rooms.
async fn person(server: &Server) -> anyhow::Result<(Wire, Vec<RoomId>)> {
    let mut wires = join(server.address, 0, 1, &Shared::new()).await?;
    let Some(mut wire) = wires.pop() else { bail!("nobody connected") };
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        rooms.push(group(&mut wire, number as u64 + 1, Vec::new()).await?);
    }
    Ok((wire, rooms))
}

/// Sends the messages: every second one goes to the first room.
async fn fill(wire: &mut Wire, rooms: &[RoomId], messages: usize) -> anyhow::Result<()> {
    let (mut chance, mut sent, mut done) = (Chance(1), 0, 0);
    let mut refused = 0;
    while done < messages {
        while sent < messages && sent - done < IN_FLIGHT {
            let room =
                if sent.is_multiple_of(2) { rooms[0] } else { rooms[sent / 2 % rooms.len()] };
            let body = TextBody { text: Text::cut(&text(&mut chance, sent)) };
            let key = key(1_000 + sent as u128, Position::ZERO);
            let send = Send { key, room, body: Body::Text(body), extras: List::default() };
            wire.send(&frames::request(sent as u32 + 1_000, Command::Send(send))).await?;
            sent += 1;
        }
        wire.receive(|payload| {
            if let Came::Answer { done: taken, .. } = frames::came(payload) {
                done += 1;
                refused += usize::from(!taken);
            }
        })
        .await?;
    }
    if refused > 0 {
        bail!("{refused} messages were refused");
    }
    Ok(())
}

/// Waits until the index has all of the rooms.
async fn catch_up(wire: &mut Wire, rooms: &[RoomId]) -> anyhow::Result<()> {
    let end = Instant::now() + CATCH_UP;
    for room in rooms {
        while search(wire, 9, Some(*room), "tiramisu").await?.behind {
            if Instant::now() > end {
                bail!("the index is behind");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

async fn search(
    wire: &mut Wire,
    id: u32,
    room: Option<RoomId>,
    query: &str,
) -> anyhow::Result<SearchPage> {
    let query = Text::cut(query);
    let command = Search { room, query, time_zone: None, before: None, limit: 20 };
    match wire.call(id, Command::Search(command)).await? {
        Reply::Found(page) => Ok(page),
        other => bail!("a search was answered with {} at {}", other.name(), now()),
    }
}

/// The bytes of the files in a folder.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            total += size(&entry.path())?;
        } else if kind.is_file() {
            total += entry.metadata()?.len();
        }
    }
    Ok(total)
}
