//! Core as the binary and the tests hold it.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use caffis_link::Link;
use caffis_schema::{
    CloseCode, Command, Error, Event, Reply, Timestamp, UserId, event::Draining, hooks::HookAnswer,
    limits::INVITE_TRIES,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    activity::Activity,
    admission::{Addresses, Admission},
    answers::without_relations,
    call::Call,
    cluster::{Cluster, SharedOwners},
    directory::{Directory, SEEN},
    dispatch::dispatch,
    herd::Herd,
    hints::Hints,
    hooks,
    hub::{encoded::Encoded, follows::Follows, people::People, views::Views, wire::Wire},
    model::{caller::Rights, delivery::Delivery},
    occupancy::{self, Bounded},
    outgoing::{self, EndpointStatistics, Endpoints, Outgoing},
    peers::{Nodes, follow::keep_auditing},
    ports::{
        authenticator::{Identity, SharedAuthenticator},
        bounded::BoundedStore,
        bus::SharedBus,
        clock::SharedClock,
        entropy::SharedEntropy,
        index::SharedIndex,
        stamps::Stamps,
        store::{SharedStore, StoreError},
    },
    quota::Quota,
    reactors::{self, SharedReactor, Walker, keep_walking},
    reads::Reads,
    refusals::Refusals,
    reports::Reports,
    room::{Needs, Rooms},
    scheduled::keep_sending,
    search::{self, Follower, Inverted, Rebuilding},
    services::{Parts, Services},
    serving::serve,
    session::{self, Greeted},
    settings::Settings,
    statistics::{Counters, Statistics},
    sync::{every, spawn},
    topics::Topics,
};

/// How often hints are written and heads of large rooms are told.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How often a drain looks whether all is done.
const DRAIN_STEP: Duration = Duration::from_millis(10);

/// What core needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Where everything is kept.
    pub store: SharedStore,
    /// The wall clock.
    pub clock: SharedClock,
    /// Where the stamps of writes come from: unlimited for the only process of a store.
    pub stamps: Arc<Stamps>,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Who checks tokens.
    pub authenticator: SharedAuthenticator,
    /// What follows the log besides core's own reactors.
    pub reactors: Vec<SharedReactor>,
    /// Where messages are found, if not in core's own index in the store.
    pub index: Option<SharedIndex>,
    /// Which other services are told what happens, and how; none if nobody is.
    pub endpoints: Option<Endpoints>,
}

/// What joins a node to the others.
#[derive(Clone)]
pub struct Peers {
    /// The bus between the nodes.
    pub bus: SharedBus,
    /// Who owns which room.
    pub owners: SharedOwners,
}

/// The chat. Cheap to clone; all clones are the same chat.
#[derive(Clone)]
pub struct Core {
    services: Services,
    addresses: Arc<Addresses>,
    outgoing: Option<Arc<Outgoing>>,
    /// Dropped with the last clone: housekeeping ends.
    _alive: Arc<watch::Sender<()>>,
}

impl Core {
    /// Starts, inside a tokio runtime.
    ///
    /// # Errors
    /// What keeps the store from being read.
    pub async fn start(settings: Settings, ports: Ports) -> Result<Self, StoreError> {
        Self::begin(settings, ports, None).await
    }

    /// Starts as one node of several that share a store, inside a tokio runtime.
    ///
    /// # Errors
    /// What keeps the store from being read.
    pub async fn join(settings: Settings, ports: Ports, peers: Peers) -> Result<Self, StoreError> {
        Self::begin(settings, ports, Some(peers)).await
    }

    async fn begin(
        settings: Settings,
        ports: Ports,
        peers: Option<Peers>,
    ) -> Result<Self, StoreError> {
        let settings = Arc::new(settings);
        let store: SharedStore = BoundedStore::new(ports.store, settings.store_timeout);
        let people = Arc::new(People::default());
        let statistics = Arc::new(Counters::default());
        let directory =
            Directory::new(store.clone(), ports.stamps.clone(), &settings, peers.is_some());
        let (owners, bus) = match peers {
            Some(Peers { owners, bus }) => (owners, Some(bus)),
            None => (Arc::new(Cluster::alone()) as SharedOwners, None),
        };
        let wire = bus.map(|bus| Arc::new(Wire::new(bus)));
        let follows = wire.clone().map(|wire| Arc::new(Follows::new(wire)));
        let views = Arc::new(Views::new(
            settings.clone(),
            people.clone(),
            directory.clone(),
            statistics.clone(),
            owners.clone(),
            follows.clone(),
        ));
        let nodes = wire
            .zip(follows)
            .map(|(wire, follows)| Nodes::new(settings.clone(), wire, owners.clone(), follows));
        let mut followers = reactors::names(&ports.reactors);
        followers.extend(ports.endpoints.is_some().then_some(outgoing::NAME));
        let to_tell: Arc<Hints> = Arc::default();
        followers.extend(settings.search.then_some(search::NAME));
        let to_index: Arc<Hints> = Arc::default();
        let mut hints: Vec<_> = ports.endpoints.iter().map(|_| to_tell.clone()).collect();
        hints.extend(settings.search.then(|| to_index.clone()));
        let index = settings.search.then(|| match ports.index {
            Some(index) => index,
            None => Arc::new(Inverted::new(store.clone(), ports.stamps.clone())),
        });
        let activity = Arc::new(Activity::new(
            store.clone(),
            ports.stamps.clone(),
            ports.clock.clone(),
            settings.activity_retention,
            followers,
            nodes.is_some(),
        ));
        let rooms = Rooms::new(Needs {
            settings: settings.clone(),
            store: store.clone(),
            clock: ports.clock.clone(),
            stamps: ports.stamps.clone(),
            people: people.clone(),
            directory: directory.clone(),
            views: views.clone(),
            owners: owners.clone(),
            activity: activity.clone(),
            hints,
        });
        let herd = Herd::new(&settings, ports.entropy.clone());
        let services = Services::new(Parts {
            settings: settings.clone(),
            rooms: rooms.clone(),
            people,
            views: views.clone(),
            directory,
            store,
            clock: ports.clock,
            stamps: ports.stamps,
            entropy: ports.entropy,
            authenticator: ports.authenticator,
            statistics,
            owners,
            due: Arc::default(),
            nodes,
            claims: Arc::new(Quota::daily(settings.open_rooms_made_per_day, "room")),
            invite_tries: Arc::new(Quota::each_minute(INVITE_TRIES as u32, "attempt")),
            reports: Arc::new(Reports::new()),
            hooks: Arc::default(),
            presence_news: Arc::default(),
            refusals: Arc::new(Refusals::new()),
            reads: Reads::new(settings.page_cache_bytes),
            index: index.clone(),
            to_index: to_index.clone(),
            topics: Topics::default(),
            herd,
            posts: OnceLock::new(),
        });
        let (alive, ended) = watch::channel(());
        spawn(rooms.clone().tell_updates(ended.clone()));
        spawn(views.tell_counts(ended.clone()));
        let outgoing = ports
            .endpoints
            .map(|endpoints| Outgoing::new(&services, &activity, endpoints, to_tell));
        if let Some(nodes) = &services.nodes {
            spawn(serve(services.clone(), outgoing.clone(), nodes.clone(), ended.clone()));
            let (rooms, views) = (rooms.clone(), services.views.clone());
            spawn(keep_auditing(rooms, views, nodes.clone(), ended.clone()));
        }
        let mut further = ports.reactors;
        if let Some(outgoing) = &outgoing {
            outgoing.start(&ended);
            further.push(outgoing.reactor());
        }
        if let Some(index) = index {
            let follower = Follower::new(&services, &activity, index, to_index);
            follower.start(&ended);
            further.push(follower);
        }
        let walker = Walker::new(
            activity,
            rooms.clone(),
            services.owners.clone(),
            settings.store_timeout,
            reactors::all(&rooms, further),
        );
        spawn(keep_walking(Arc::new(walker), ended.clone()));
        spawn(keep_house(rooms, ended.clone()));
        spawn(keep_sending(services.clone(), ended.clone()));
        spawn(keep_seen(services.clone(), ended));
        let addresses = Addresses::new(settings);
        Ok(Self { services, addresses, outgoing, _alive: Arc::new(alive) })
    }

    /// Lets a connection in, if its address is within the limits. Hold the admission as long as the
    /// connection lasts.
    ///
    /// # Errors
    /// `limit_reached` and `rate_limited`, with the time to wait.
    pub fn admit(&self, address: IpAddr) -> Result<Admission, Error> {
        self.addresses.admit(address)
    }

    /// Runs a connection from hello to farewell.
    pub async fn serve(&self, link: Box<dyn Link>) {
        let address = link.info().peer.map(|peer| peer.ip());
        if let Some(greeted) = self.greet(link, address).await {
            greeted.converse().await;
        }
    }

    /// Waits for a connection's hello and answers it. The address is the client's, which behind a
    /// proxy is not the socket's. None when there is no session: the link is then closed.
    pub async fn greet(&self, link: Box<dyn Link>, address: Option<IpAddr>) -> Option<Greeted> {
        session::greet(&self.services, self.addresses.clone(), link, address).await
    }

    /// Gives a command without a connection: for REST, webhooks and scheduled work. `service` has the
    /// rights of a service; none stands for a person.
    ///
    /// # Errors
    /// What the command's feature says; `invalid` for commands that belong to a connection.
    pub async fn call(
        &self,
        user: &UserId,
        service: Option<Rights>,
        command: Command,
    ) -> Result<Reply, Error> {
        let call = self.caller(user, service);
        let mut reply = dispatch(call, command).await?;
        if service.is_none() {
            without_relations(&self.services, user, &mut reply).await?;
        }
        Ok(reply)
    }

    /// A call without a connection.
    pub(crate) fn caller(&self, user: &UserId, service: Option<Rights>) -> Call {
        Call::without_session(self.services.clone(), user.clone(), service)
    }

    /// Takes a command, and a message, out of the rates of a person who is connected here.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub fn take(&self, user: &UserId, message: bool) -> Result<(), Error> {
        self.services.people.take(user, message)
    }

    /// Who a token speaks for, without a connection.
    ///
    /// # Errors
    /// Why hello would refuse it.
    pub async fn identify(&self, token: &str) -> Result<Identity, Error> {
        session::identify(&self.services, token).await
    }

    /// Does what a webhook of another service says. What it changes is durable when this returns.
    ///
    /// # Errors
    /// Why it was not done, or that it may have been.
    pub async fn deliver(&self, delivery: Delivery) -> Result<HookAnswer, Error> {
        hooks::deliver(&self.services, delivery).await
    }

    /// Says goodbye to everyone and finishes what is under way. Resolves when all is written, or
    /// `within` has passed.
    pub async fn drain(&self, reconnect_after: Duration, within: Duration) {
        let reconnect_after_ms = reconnect_after.as_millis().try_into().unwrap_or(u32::MAX);
        let draining = Encoded::event(Event::Draining(Draining { reconnect_after_ms }));
        for session in self.services.people.all_sessions() {
            session.outbound.notice(&draining);
        }
        let end = Instant::now() + within;
        // The announcement goes out before the farewell does.
        self.wait(end, |services| {
            services.people.all_sessions().iter().all(|session| !session.outbound.is_waiting())
        })
        .await;
        for session in self.services.people.all_sessions() {
            session.outbound.close(CloseCode::Shutdown, "the server is going down");
        }
        self.wait(end, |services| services.people.count() == 0 && services.rooms.is_quiet()).await;
        if let Some(outgoing) = &self.outgoing {
            outgoing.stop().await;
        }
        self.services.directory.write_gathered().await;
        if let Err(error) = self.services.rooms.keep_house().await {
            tracing::warn!(%error, "the last hints could not be written");
        }
    }

    async fn wait(&self, end: Instant, done: impl Fn(&Services) -> bool) {
        while !done(&self.services) && Instant::now() < end {
            sleep(DRAIN_STEP).await;
        }
    }

    /// Ends a person's sessions whose tokens were made before a time, and refuses such tokens from
    /// now on. Durable when it returns.
    ///
    /// # Errors
    /// What the store says.
    pub async fn revoke(&self, user: &UserId, before: Timestamp) -> Result<(), StoreError> {
        self.services.revoke(user, before).await
    }

    /// Changes when the last clone of this core is dropped.
    pub(crate) fn gone(&self) -> watch::Receiver<()> {
        self._alive.subscribe()
    }

    /// What became of the webhooks to each endpoint, on this node.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatistics> {
        self.outgoing.as_ref().map(|outgoing| outgoing.statistics()).unwrap_or_default()
    }

    /// Orders that the search index is made again, on all nodes. Gives the number of the order.
    ///
    /// # Errors
    /// What the store says.
    pub async fn rebuild_search(&self) -> Result<u64, StoreError> {
        let Parts { store, stamps, clock, .. } = &*self.services;
        search::order(&**store, stamps, clock.now()).await
    }

    /// How far the last rebuild of the search index is.
    ///
    /// # Errors
    /// What the store says.
    pub async fn search_rebuilding(&self) -> Result<Rebuilding, StoreError> {
        search::standing(&*self.services.store).await
    }

    /// What tells other services.
    pub(crate) fn outgoing(&self) -> Option<&Arc<Outgoing>> {
        self.outgoing.as_ref()
    }

    /// The parts.
    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    /// The rooms that this process owns.
    pub(crate) fn rooms(&self) -> &Arc<Rooms> {
        &self.services.rooms
    }

    /// The other nodes, as long as core lives.
    pub(crate) fn nodes(&self) -> Weak<Nodes> {
        self.services.nodes.as_ref().map(Arc::downgrade).unwrap_or_default()
    }

    /// How core is doing.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let Parts { people, rooms, directory, statistics, herd, reads, .. } = &*self.services;
        let mut read = statistics.read(people.count(), rooms.count(), directory.hits());
        (read.hellos_waiting, read.hellos) = (herd.waiting(), herd.admissions());
        (read.pages, read.page_bytes) = (reads.lookups(), reads.bytes());
        read
    }

    /// How full everything is that has a limit. Looks at every session and room: for tests and for
    /// whoever looks for the cause of a problem.
    #[must_use]
    pub fn occupancy(&self) -> Vec<(Bounded, usize)> {
        occupancy::read(&self.services)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.services.settings
    }
}

/// Notes connected people as seen, a shard of them at a time.
async fn keep_seen(services: Services, ended: watch::Receiver<()>) {
    let mut shards = (0..People::SHARDS).cycle();
    every(SEEN / People::SHARDS as u32, ended, move || {
        let (services, shard) = (services.clone(), shards.next().unwrap_or_default());
        async move {
            for user in services.people.connected(shard) {
                // What cannot be written now is written in a while.
                let _ = services.directory.seen(&user, services.clock.now()).await;
            }
        }
    })
    .await;
}

async fn keep_house(rooms: Arc<Rooms>, ended: watch::Receiver<()>) {
    every(HOUSEKEEPING, ended, move || {
        let rooms = rooms.clone();
        async move {
            if let Err(error) = rooms.keep_house().await {
                tracing::warn!(%error, "hints could not be written; they wait for the next time");
            }
        }
    })
    .await;
}
