//! A way for TCP and UDP that can be cut: nothing passes then, and nobody is told.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UdpSocket},
    sync::watch,
    task::JoinHandle,
};

/// Any free port of this machine.
const HERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// The largest datagram.
const DATAGRAM: usize = 64 * 1024;
/// Clients of UDP that are remembered; beyond it all are forgotten, which looks like a loss to them.
const MAX_CLIENTS: usize = 1_000;

/// The way to one server.
pub(crate) struct Wire {
    pub(crate) tcp: SocketAddr,
    pub(crate) udp: SocketAddr,
    cut: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Wire {
    /// A way to a server that takes TCP and UDP at these addresses.
    pub(crate) async fn to(tcp: SocketAddr, udp: SocketAddr) -> Self {
        let (cut, is_cut) = watch::channel(false);
        let listener = TcpListener::bind(HERE).await.unwrap();
        let socket = Arc::new(UdpSocket::bind(HERE).await.unwrap());
        let here = (listener.local_addr().unwrap(), socket.local_addr().unwrap());
        let tasks = vec![
            tokio::spawn(take(listener, tcp, is_cut.clone())),
            tokio::spawn(pass_datagrams(socket, udp, is_cut)),
        ];
        Self { tcp: here.0, udp: here.1, cut, tasks }
    }

    /// From now on nothing passes.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Connections come about again; those that were cut end.
    pub(crate) fn mend(&self) {
        self.cut.send_replace(false);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn take(listener: TcpListener, to: SocketAddr, cut: watch::Receiver<bool>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(pass(stream, to, cut.clone()));
    }
}

/// Waits until a wire is cut, or mended, or gone.
async fn becomes(cut: &mut watch::Receiver<bool>, wanted: bool) {
    let _ = cut.wait_for(|cut| *cut == wanted).await;
}

async fn pass(mut one: TcpStream, to: SocketAddr, mut cut: watch::Receiver<bool>) {
    becomes(&mut cut, false).await;
    let Ok(mut other) = TcpStream::connect(to).await else { return };
    // A server that answers late is not what is tested.
    let _ = (one.set_nodelay(true), other.set_nodelay(true));
    let mut mended = cut.clone();
    tokio::select! {
        _ = copy_bidirectional(&mut one, &mut other) => {}
        // Both sides stay open until it is mended.
        () = becomes(&mut cut, true) => becomes(&mut mended, false).await,
    }
}

async fn pass_datagrams(here: Arc<UdpSocket>, to: SocketAddr, cut: watch::Receiver<bool>) {
    let mut clients: HashMap<SocketAddr, (Arc<UdpSocket>, JoinHandle<()>)> = HashMap::new();
    let mut buffer = vec![0; DATAGRAM];
    loop {
        // Errors are about datagrams of before, which nobody took.
        let Ok((length, client)) = here.recv_from(&mut buffer).await else { continue };
        if *cut.borrow() {
            continue;
        }
        if clients.len() > MAX_CLIENTS {
            clients.drain().for_each(|(_, (_, task))| task.abort());
        }
        let there = match clients.entry(client) {
            Entry::Occupied(known) => known.get().0.clone(),
            Entry::Vacant(new) => {
                let there = Arc::new(UdpSocket::bind(HERE).await.unwrap());
                there.connect(to).await.unwrap();
                let back = answer(here.clone(), there.clone(), client, cut.clone());
                new.insert((there.clone(), tokio::spawn(back)));
                there
            }
        };
        // Nobody may listen there at the moment.
        let _ = there.send(&buffer[..length]).await;
    }
}

async fn answer(
    here: Arc<UdpSocket>,
    there: Arc<UdpSocket>,
    client: SocketAddr,
    cut: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; DATAGRAM];
    // It ends with the wire.
    while cut.has_changed().is_ok() {
        match there.recv(&mut buffer).await {
            Ok(length) if !*cut.borrow() => _ = here.send_to(&buffer[..length], client).await,
            Ok(_) => {}
            // Nobody listens there at the moment.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}
