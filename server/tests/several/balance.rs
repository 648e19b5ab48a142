//! HAProxy in front of the nodes, with the configuration that is in `deploy`.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use caffis_servers::HaProxy;
use caffis_transport::{tls::Trust, ws};
use ring::digest::{SHA256, digest};
use rustix::process::Signal;

use crate::{
    common::{Over, Person, Server, Setup, soon, token_of},
    friend::Friend,
    nodes::{Ground, again, shared, status, until},
    plug::Plug,
    traffic::{Load, rooms_of},
};

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/haproxy/haproxy.cfg");

/// What a node needs behind it.
const BEHIND: [&str; 3] = ["--proxy-protocol", "--trusted-proxies", "127.0.0.0/8"];

/// HAProxy in front of nodes at these addresses, and its own address.
fn balancer(nodes: [SocketAddr; 2], more: &[(&str, &str)]) -> (HaProxy, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let bind = address.to_string();
    let nodes = nodes.map(|node| node.to_string());
    let variables = [("CHAT_BIND", &*bind), ("CHAT_NODE_1", &nodes[0]), ("CHAT_NODE_2", &nodes[1])];
    let variables = [&variables, more].concat();
    (HaProxy::start(Path::new(CONFIGURATION), &variables, address), address)
}

/// Somebody who knows only the one address.
async fn friend(address: SocketAddr, user: &str, over: Over) -> Friend {
    let plug = Plug::at(address, over);
    Friend::through(Arc::new(plug.clone()), plug, user).await
}

/// Waits until a node has all the sessions; says how long that took.
async fn all_are_on(node: &Server, friends: &[Friend], when: &str) {
    let started = Instant::now();
    until(node, |status| status.sessions == friends.len()).await;
    eprintln!("{when} everybody is on the other node within {:?}", started.elapsed());
}

/// Restarts a node in order while everybody sends.
async fn restart(mut node: Server, other: &Server, load: &Load, friends: &[Friend]) -> Server {
    let setup = again(&node);
    node.signal(Signal::TERM);
    assert_eq!(node.ended().await.code(), Some(0));
    all_are_on(other, friends, "after a drain").await;
    load.goes_on(friends, "after a drain").await;
    let node = setup.start().await;
    shared(other).await;
    node
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn nodes_behind_one_address_die_drain_and_restart_under_load() {
    let ground = Ground::start().await;
    let one = ground.node("one").flags(&BEHIND).start().await;
    let two = ground.node("two").flags(&BEHIND).start().await;
    shared(&one).await;
    let (_balancer, address) = balancer([one.tcp(), two.tcp()], &[]);
    let mut friends = Vec::new();
    let people = ["giulia", "marco", "luca", "aiko", "nadia", "yousef"];
    for (user, over) in people.into_iter().zip(Over::ALL.into_iter().cycle()) {
        friends.push(friend(address, user, over).await);
    }
    let rooms = rooms_of(&friends).await;
    let load = Load::start(&friends, &rooms);
    load.goes_on(&friends, "at the start").await;
    let there = [&one, &two].map(|node| status(node).sessions);
    eprintln!("sessions on the nodes: {there:?}");
    assert!(there.iter().sum::<usize>() == friends.len() && !there.contains(&0), "{there:?}");
    // A crash.
    let setup = again(&one);
    one.kill().await;
    let died = Instant::now();
    all_are_on(&two, &friends, "after a crash").await;
    load.goes_on_in_all(&rooms, "after a crash").await;
    eprintln!("after a crash every room went on within {:?}", died.elapsed());
    let one = setup.start().await;
    shared(&two).await;
    load.goes_on(&friends, "with two nodes again").await;
    // One after the other is stopped in order and starts again.
    let two = restart(two, &one, &load, &friends).await;
    let one = restart(one, &two, &load, &friends).await;
    load.goes_on(&friends, "at the end").await;
    load.check(&friends, &rooms).await;
    drop((one, two));
}

#[tokio::test]
#[ignore = "needs a real server"]
async fn tls_passes_through_with_the_address_of_the_client() {
    let setup = Setup::dev().flags(&BEHIND);
    let (chain, key) = (setup.beside("chain.pem"), setup.beside("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::write(&chain, made.cert.pem()).unwrap();
    let flags = ["--tls-certificate", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let node = setup.flags(&flags).start().await;
    let (balancer, address) = balancer([node.tcp(), node.tcp()], &[("CHAT_TLS", "yes")]);
    let hash = digest(&SHA256, made.cert.der()).as_ref().try_into().unwrap();
    let options = ws::ClientOptions {
        trust: Trust::Hashes(vec![hash]),
        bind: Some(Ipv4Addr::new(127, 0, 0, 9).into()),
        ..ws::ClientOptions::default()
    };
    let url = format!("wss://{address}/api/chat/ws");
    let link = soon("a link", ws::connect(&url, &options)).await.unwrap();
    let mut giulia = Person::on(link, Over::WebSocket);
    giulia.greet(&token_of("giulia")).await.unwrap();
    let named = async {
        while !node.log().contains("127.0.0.9") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("the client's address in the log", named).await;
    let checked = async {
        while !balancer.log().contains("Layer7 check passed, code: 200") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("a check that passes", checked).await;
}
