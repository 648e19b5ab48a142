//! Too much of everything: each gets its typed error or coded close, and nobody else notices.

use std::net::{IpAddr, Ipv4Addr};

use caffis_client::{Connection, Connector as _, Received, transports::WebSocket};
use caffis_schema::{
    CloseCode, Command, ErrorCode, List, Reply, RoomId, Text,
    command::{EnsureRoom, Open},
    room::{Context, HistoryPolicy, RoomClass},
};
use tokio::net::UdpSocket;

use crate::{
    common::{Over, Server, Setup, hello, soon, token_of},
    friend::Friend,
};

async fn connection(server: &Server, user: &str) -> Connection {
    let link = WebSocket::new(server.socket_url()).connect().await.unwrap();
    let mut connection = Connection::new(link);
    connection.hello(hello(&token_of(user))).await.unwrap();
    connection
}

async fn cafe(connection: &mut Connection, number: usize) -> RoomId {
    let ensure = EnsureRoom {
        context: Context { kind: Text::cut("cafe"), id: Text::cut(&number.to_string()) },
        class: RoomClass::Public,
        name: None,
        members: List::default(),
        history: HistoryPolicy::All,
    };
    match connection.call(Command::EnsureRoom(ensure)).await.unwrap() {
        Reply::Room(room) => room.room,
        other => panic!("{other:?}"),
    }
}

/// Two who go on talking meanwhile.
struct Others {
    giulia: Friend,
    marco: Friend,
    room: RoomId,
    said: u32,
}

impl Others {
    async fn meet(server: &Server) -> Self {
        let giulia = Friend::enter(server, "giulia", Over::Quic).await;
        let marco = Friend::enter(server, "marco", Over::WebSocket).await;
        let room = giulia.group(&[&marco]).await;
        Self { giulia, marco, room, said: 0 }
    }

    /// A word there and back, on the connections that they began with.
    async fn talk(&mut self) {
        self.said += 1;
        let word = format!("word {}", self.said);
        self.giulia.say(self.room, &word).await;
        self.marco.hears(self.room, &word).await;
        for friend in [&self.giulia, &self.marco] {
            friend.is_whole();
            assert_eq!(friend.heard(|heard| heard.sessions()), 1);
        }
    }
}

#[tokio::test]
async fn of_ten_thousand_subscriptions_a_hundred_are_taken() {
    const ROOMS: usize = 150;
    const OPENS: usize = 10_000;
    let rates = [
        "--commands-per-second",
        "100000",
        "--address-commands-per-second",
        "100000",
        "--open-rooms-made-per-day",
        "1000",
    ];
    let server = Setup::dev().flags(&rates).start().await;
    let mut others = Others::meet(&server).await;
    let mut greedy = connection(&server, "luca").await;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        rooms.push(soon("a room", cafe(&mut greedy, number)).await);
    }
    let (mut opened, mut refused, mut asked) = (0, 0, 0);
    let opens = async {
        while opened + refused < OPENS {
            while asked < OPENS && greedy.in_flight() < 100 {
                let room = rooms[asked % ROOMS];
                greedy.request(Command::Open(Open { room, limit: 1 })).unwrap();
                asked += 1;
            }
            match greedy.next().await {
                Received::Answer { result: Ok(Reply::Opened(_)), .. } => opened += 1,
                Received::Answer { result: Err(error), .. } => {
                    assert_eq!(error.code, ErrorCode::LimitReached);
                    refused += 1;
                }
                Received::Answer { result, .. } => panic!("{result:?}"),
                Received::Closed(farewell) => panic!("{farewell:?}"),
                Received::Event(_) | Received::Signal(_) => {}
            }
        }
    };
    soon("all answers", opens).await;
    // The first hundred rooms stay open and may be opened again; the others are too many.
    assert_eq!((opened, refused), (OPENS / ROOMS * 100 + 100, OPENS - OPENS / ROOMS * 100 - 100));
    others.talk().await;
}

#[tokio::test]
async fn of_two_hundred_connections_at_once_those_within_the_limit_are_taken() {
    let server = Setup::dev().flags(&["--connections-per-user", "1000"]).start().await;
    let mut others = Others::meet(&server).await;
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 77));
    let attempts: Vec<_> = (0..200)
        .map(|_| {
            let socket = WebSocket::new(server.socket_url()).bind(address);
            tokio::spawn(async move {
                let link = socket.connect().await.map_err(|error| error.to_string())?;
                let mut connection = Connection::new(link);
                match connection.hello(hello(&token_of("luca"))).await {
                    Ok(_) => Ok(connection),
                    Err(caffis_client::ConnectionError::Closed(farewell)) => {
                        assert_eq!(farewell.code, CloseCode::TooManyConnections.number());
                        Err(farewell.reason)
                    }
                    Err(error) => panic!("{error}"),
                }
            })
        })
        .collect();
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for attempt in attempts {
        match soon("an answer", attempt).await.unwrap() {
            Ok(connection) => taken.push(connection),
            Err(reason) => refused.push(reason),
        }
    }
    assert_eq!(taken.len(), 100, "{:?}", refused.first());
    others.talk().await;
    // With room again, the next one gets in.
    drop(taken);
    let again = async {
        loop {
            let socket = WebSocket::new(server.socket_url()).bind(address);
            if let Ok(link) = socket.connect().await
                && Connection::new(link).hello(hello(&token_of("luca"))).await.is_ok()
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    soon("room again", again).await;
    others.talk().await;
}

#[tokio::test]
async fn garbage_on_the_udp_port_is_ignored() {
    let server = Setup::dev().start().await;
    let mut others = Others::meet(&server).await;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    for size in [0, 1, 20, 1_200, 2_000, 60_000] {
        for first in [0x00, 0x40, 0x80, 0xc0, 0xff] {
            let mut packet = vec![0x5a; size];
            packet.iter_mut().take(1).for_each(|byte| *byte = first);
            for _ in 0..20 {
                socket.send_to(&packet, server.udp()).await.unwrap();
            }
        }
    }
    others.talk().await;
}
