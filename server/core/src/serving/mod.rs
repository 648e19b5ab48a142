//! What reaches this node over the bus: questions to it as the owner of rooms, and news of the rooms
//! that it follows.

mod copies;
mod heartbeats;
mod presence;
mod recaps;
mod revoked;
mod webhooks;

use std::sync::Arc;

use caffis_schema::{
    Command, Error, Position, RoomId, ServerSignal, UserId,
    limits::{PAGE_BYTES, PAGE_ENTRIES},
};
use futures_util::{StreamExt, future::join_all, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

use self::{
    copies::Copies, heartbeats::Heartbeats, presence::keep_beating, revoked::keep_revoking,
};

use crate::{
    call::{Call, Handled},
    cluster::{Owner, Shard},
    dispatch::{Answer, dispatch, ready},
    errors::{no_owner, not_now},
    features::{create, history, import, placement, resume, room_list},
    hooks,
    hub::{
        news::{News, Unread, decode, encode},
        signallers::Told,
        wire::{Arrival, Subject},
    },
    model::{caller::Rights, page},
    outgoing::Outgoing,
    pages,
    peers::{
        Nodes, follow,
        questions::{Answered, Asker, Numbered, Question, RoomStanding, Snapshot, members_after},
    },
    ports::bus::Request,
    posts,
    services::Services,
    sync::spawn,
    tables::{self, HeadRow},
};

/// Questions that are answered at the same time; further ones are dropped, and asked again.
const QUESTIONS_AT_ONCE: usize = 4_096;

/// Rooms of one question that are read at the same time.
const ROOMS_AT_ONCE: usize = 16;

/// Answers questions and takes in news, until core ends.
pub(crate) async fn serve(
    services: Services,
    outgoing: Option<Arc<Outgoing>>,
    nodes: Arc<Nodes>,
    mut ended: watch::Receiver<()>,
) {
    let Some(mut inlet) = nodes.wire.inlet() else { return };
    let subscribing = nodes.clone();
    spawn(async move { subscribing.wire.subscribe(&[Subject::Everyone]).await });
    let heartbeats = Arc::<Heartbeats>::default();
    spawn(keep_beating(services.clone(), nodes.clone(), heartbeats.clone(), ended.clone()));
    spawn(keep_revoking(services.clone(), ended.clone()));
    spawn(recaps::keep_looking(services.clone(), nodes.clone(), ended.clone()));
    let questions = Arc::new(Semaphore::new(QUESTIONS_AT_ONCE));
    let copies = Arc::<Copies>::default();
    loop {
        let arrival = tokio::select! {
            biased;
            _ = ended.changed() => return,
            arrival = inlet.next() => arrival,
        };
        match arrival {
            None => return,
            Some(Arrival::News(bytes)) => match decode(&bytes) {
                Ok((version, news)) => {
                    let beats = match &news {
                        News::Beat(node, ..) => Some(*node),
                        _ => None,
                    };
                    take_in(&services, &nodes, &heartbeats, news);
                    if let Some(node) = beats {
                        heartbeats.speaks(node, version);
                    }
                }
                Err(Unread::Foreign) => services.statistics.not_understood(),
                Err(Unread::Broken) => {}
            },
            Some(Arrival::Missed) => {
                let (rooms, views) = (services.rooms.clone(), services.views.clone());
                let nodes = nodes.clone();
                spawn(async move { follow::audit(&rooms, &views, &nodes, |_| true).await });
            }
            Some(Arrival::Question(request)) => {
                // While too many are under way, the bus drops what it cannot keep.
                if let Ok(permit) = questions.clone().try_acquire_owned() {
                    start(&services, outgoing.as_ref(), &copies, request, permit);
                }
            }
        }
    }
}

/// Starts on a question, unless it is a copy of one. Commands are in the queues of their rooms when this
/// returns, so they keep their order.
fn start(
    services: &Services,
    outgoing: Option<&Arc<Outgoing>>,
    copies: &Arc<Copies>,
    request: Request,
    permit: OwnedSemaphorePermit,
) {
    let (_, Numbered { number, question }) = match decode::<Numbered<Question>>(&request.payload) {
        Ok(question) => question,
        Err(Unread::Foreign) => {
            services.statistics.not_understood();
            if let Some(answer) = encode(&Answered::NotUnderstood) {
                request.reply.send(answer);
            }
            return;
        }
        Err(Unread::Broken) => return,
    };
    let Some(first) = copies.first(request.from, number, request.reply) else { return };
    let changes = question.changes();
    let answering = match question {
        Question::Webhooks(question) => webhooks::respond(outgoing, question),
        question => respond(services, question),
    };
    spawn(async move {
        if let Some(bytes) = encode(&answering.await) {
            first.answer(bytes, changes);
        }
        drop(permit);
    });
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Answered> + Send>>;

fn respond(services: &Services, question: Question) -> Answering {
    let services = services.clone();
    match question {
        Question::Change(room, epoch, commands) => {
            if services.owners.owner_of(room) != (Owner::Here { epoch }) {
                let refused = vec![Err(no_owner()); commands.len()];
                return Box::pin(std::future::ready(Answered::Calls(refused)));
            }
            let started: Vec<Answer> = commands
                .into_iter()
                .map(|(asker, command)| call(&services, asker, command))
                .collect();
            Box::pin(async move { Answered::Calls(join_all(started).await) })
        }
        Question::Call(asker, command) => {
            let started = call(&services, asker, command);
            Box::pin(async move { Answered::Calls(vec![started.await]) })
        }
        Question::Page(asker, command) => Box::pin(async move {
            let (within, call) =
                (services.settings.store_timeout, Call::forwarded(services, asker));
            let page = timeout(within, history::answer(call, command)).await;
            Answered::Page(page.unwrap_or_else(|_| Err(not_now())))
        }),
        Question::Ensure(asker, room, plan, wanted) => Box::pin(async move {
            let call = Call::forwarded(services, asker);
            Answered::Calls(vec![create::ensure_here(&call, room, plan, wanted).await])
        }),
        Question::Summaries(asker, rooms, context) => Box::pin(async move {
            let call = Call::forwarded(services, asker);
            let summaries = rooms.into_iter().map(|room| (call.clone(), room, context.clone()));
            let read = stream::iter(summaries).map(|(call, room, context)| async move {
                room_list::read_in_time(&call, room, context.as_deref()).await
            });
            Answered::Summaries(read.buffered(ROOMS_AT_ONCE).collect().await)
        }),
        Question::Resume(asker, cursors, bytes) => Box::pin(async move {
            let call = Call::forwarded(services, asker);
            Answered::Resumed(resume::all(&call, &cursors, bytes as usize).await)
        }),
        Question::State(room, after) => {
            Box::pin(async move { Answered::State(state(&services, room, after).await) })
        }
        Question::Members(room, after) => Box::pin(async move {
            let state =
                services.rooms.loaded(room).await.and_then(|cell| cell.state().ok_or_else(not_now));
            Answered::Members(state.map(|state| members_after(&state, Some(&after))))
        }),
        Question::Entries(room, after) => Box::pin(async move {
            let entries = pages::after(&services, room, after).await;
            let owned = entries.map(|entries| entries.iter().map(|e| (**e).clone()).collect());
            Answered::Entries(owned)
        }),
        Question::People(after) => {
            let page = match &services.nodes {
                Some(nodes) => presence::everyone(&services, nodes, after.as_ref()),
                None => Default::default(),
            };
            Box::pin(std::future::ready(Answered::People(page.0, page.1)))
        }
        Question::Recap(number) => {
            let recap = services.nodes.as_ref().and_then(|nodes| nodes.recap(number));
            Box::pin(std::future::ready(Answered::Recap(recap)))
        }
        Question::Take(shard) => {
            let shard = Shard::new(shard);
            shard.into_iter().for_each(|shard| services.owners.want(shard));
            let answer = shard.map_or(Answered::NotUnderstood, |_| Answered::Takes);
            Box::pin(std::future::ready(answer))
        }
        Question::Hook(delivery) => {
            Box::pin(async move { Answered::Hook(hooks::deliver_here(&services, *delivery).await) })
        }
        Question::Webhooks(question) => webhooks::respond(None, question),
        Question::Post(body) => {
            Box::pin(
                async move { Answered::Posted(posts::take_here(&services, body.into()).await) },
            )
        }
        Question::Import(user, room, messages) => Box::pin(async move {
            let call = Call::without_session(services, user, Some(Rights::IMPORT));
            Answered::Imported(import::into_room(&call, room, messages).await)
        }),
        Question::Place(asker, command) => Box::pin(async move {
            let call = Call::forwarded(services, asker);
            Answered::Placed(placement::place_here(&call, command).await)
        }),
        Question::Standings(rooms, all) => {
            Box::pin(async move { Answered::Standings(standings(&services, rooms, all).await) })
        }
    }
}

/// Starts a command of somebody who is connected to another node.
fn call(services: &Services, asker: Asker, command: Command) -> Answer {
    let room = match &command {
        Command::Open(open) => Some(open.room),
        command => command.room(),
    };
    // Commands of a person alone are done where they are connected.
    let Some(room) = room else { return ready(Handled::Err(no_owner())) };
    match services.owners.owner_of(room) {
        Owner::Here { .. } => dispatch(Call::forwarded(services.clone(), asker), command),
        Owner::There { .. } | Owner::Nobody => ready(Err(no_owner())),
    }
}

async fn state(services: &Services, room: RoomId, after: Position) -> Result<Box<Snapshot>, Error> {
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    // What memory does not have is resumed by those who miss it.
    let first = after.max(state.head.back(PAGE_ENTRIES as u64)) + 1;
    let entries = cell.ring_range(first, state.head).unwrap_or_default();
    Ok(Box::new(Snapshot::new(&state, &page::newest(entries, PAGE_BYTES))))
}

async fn standings(
    services: &Services,
    rooms: Vec<RoomId>,
    all: bool,
) -> Vec<Option<RoomStanding>> {
    let found = stream::iter(rooms).map(|room| async move {
        if !matches!(services.owners.owner_of(room), Owner::Here { .. }) {
            return None;
        }
        if let Some(state) = services.rooms.in_memory(room).and_then(|cell| cell.state()) {
            return Some(RoomStanding { head: state.head, active: state.time });
        }
        if !all {
            return None;
        }
        let hint = tables::get::<HeadRow>(&*services.store, HeadRow::key(&room)).await;
        hint.ok()?.map(|hint| RoomStanding { head: hint.position, active: hint.time })
    });
    found.buffered(ROOMS_AT_ONCE).collect().await
}

/// Tells those who have a room open here a signal of another node.
fn pass_on(
    services: &Services,
    (from, room): (&UserId, RoomId),
    (what, counter, active): (Told, u64, bool),
    signal: ServerSignal,
) {
    let few = services.settings.small_room_members;
    if let Some(view) = services.views.get(room)
        && view.hears(what, from, (counter, active), few)
    {
        services.views.tell_signal(&view, from, signal);
    }
}

fn take_in(services: &Services, nodes: &Arc<Nodes>, heartbeats: &Arc<Heartbeats>, news: News) {
    let views = &services.views;
    match news {
        News::Entries(room, entries) => {
            let entries: Vec<_> = entries.into_iter().map(Arc::new).collect();
            follow::entries(views, nodes, room, &entries);
        }
        News::Markers(room, markers) => views.receive_markers(room, markers),
        News::Typing(by) => {
            let (from, room, what) =
                (by.user.clone(), by.room, (Told::Typing, by.counter, by.active));
            pass_on(services, (&from, room), what, ServerSignal::Typing(by));
        }
        News::Location(by) => {
            let (from, room, what) = (by.user.clone(), by.room, (Told::Location, by.counter, true));
            pass_on(services, (&from, room), what, ServerSignal::Location(by));
        }
        News::Walked(node, room, user, entered) => {
            views.receive_walk(node, room, &user, entered);
            services.rooms.note_view(room);
        }
        News::Look(room) => views.answer_look(room),
        News::Present(node, room, people) => views.receive_present(node, room, &people),
        News::RoomAdded(user, summary) => {
            let (services, nodes) = (services.clone(), nodes.clone());
            spawn(async move { recaps::room_added(&services, &nodes, &user, *summary).await });
        }
        News::OwnRead(user, own) => views.tell_own_read(&user, own),
        News::Edge(edge) => presence::edge(services, heartbeats, *edge),
        News::Beat(node, edges, recaps) => {
            presence::beat(services, nodes, heartbeats, node, (edges, recaps));
        }
        News::Recap(node, number, recap) => {
            recaps::recap(services, nodes, heartbeats, (node, number), recap);
        }
        News::Person(changed) => services.take_in_person(&changed),
        News::Revoked(user, before) => services.people.close_before(&user, before),
        News::Shards => services.owners.look(),
        News::Apart(user, other, changes, apart) => {
            services.set_apart(&user, &other, changes, apart);
        }
        News::Flagged(user, flagged) => services.people.tell_flagged(&user, &flagged),
        News::Draft(user, draft) => services.people.tell_draft(&user, &draft),
        News::ThreadDraft(user, draft) => services.people.tell_thread_draft(&user, &draft),
        News::Scheduled(user, change) => services.people.tell_scheduled(&user, &change),
        News::Thread(user, own) => services.people.tell_thread(&user, &own),
        News::Placed(user, placed) => services.set_placed(&user, &placed),
        News::Head(head, blind) => views.receive_head(head, &blind),
    }
}
