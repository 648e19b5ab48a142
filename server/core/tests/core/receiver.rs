//! A service that is told by webhook, or several: endpoints of a sender that carries nothing anywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_core::{
    outgoing::{Endpoint, Endpoints},
    ports::webhooks::{
        Answer, AnswerFuture, Checking, Dialer, Outbound, SharedSender, Target, WebhookSender,
    },
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// An attempt as the receiver saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) endpoint: String,
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) at: Instant,
    pub(crate) taken: bool,
}

/// How an endpoint answers.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// With this status, and a `Retry-After`.
    Says(u16, Option<u64>),
    /// With this status to events with this text in the body, else with 204.
    SaysTo(&'static str, u16),
    /// Not at all, and the attempt is given up after so long.
    Hangs(Duration),
    /// There is nobody.
    Gone,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    dialled: Vec<Target>,
    moods: BTreeMap<String, Mood>,
    /// How long an answer takes.
    takes: Duration,
    under_way: BTreeMap<String, usize>,
    most_under_way: usize,
}

/// All endpoints.
#[derive(Clone, Default)]
pub(crate) struct Receiver(Arc<Mutex<State>>);

impl WebhookSender for Receiver {
    fn send<'a>(&'a self, webhook: &'a Outbound) -> AnswerFuture<'a> {
        Box::pin(async move {
            let endpoint = webhook.endpoint.to_string();
            let body: Value = serde_json::from_slice(&webhook.body).expect("JSON");
            let (mood, takes) = {
                let mut state = self.0.lock().expect("not poisoned");
                let under_way = state.under_way.entry(endpoint.clone()).or_default();
                *under_way += 1;
                let under_way = *under_way;
                state.most_under_way = state.most_under_way.max(under_way);
                (state.moods.get(&endpoint).cloned(), state.takes)
            };
            if !takes.is_zero() {
                sleep(takes).await;
            }
            let said = |status, retry_after: Option<u64>| Answer::Said {
                status,
                retry_after: retry_after.map(Duration::from_secs),
                reason: String::new(),
            };
            let answer = match mood {
                None => said(204, None),
                Some(Mood::Says(status, retry_after)) => said(status, retry_after),
                Some(Mood::SaysTo(text, status)) => {
                    let hit = body.to_string().contains(text);
                    said(if hit { status } else { 204 }, None)
                }
                Some(Mood::Hangs(limit)) => {
                    sleep(limit).await;
                    Answer::Late
                }
                Some(Mood::Gone) => Answer::Unreachable("nobody listens".to_owned()),
            };
            let taken = matches!(answer, Answer::Said { status: 200..=299, .. });
            let (id, at) = (webhook.id.clone(), Instant::now());
            let mut state = self.0.lock().expect("not poisoned");
            *state.under_way.get_mut(&endpoint).expect("counted") -= 1;
            state.seen.push(Seen { endpoint, id, body, at, taken });
            answer
        })
    }
}

impl Dialer for Receiver {
    fn check<'a>(&'a self, url: &'a str) -> Checking<'a> {
        let inside = url.contains("10.0.0.");
        let checked = if inside { Err("It is inside.".to_owned()) } else { Ok(()) };
        Box::pin(std::future::ready(checked))
    }

    fn dial(&self, target: &Target) -> Result<SharedSender, String> {
        self.0.lock().expect("not poisoned").dialled.push(target.clone());
        Ok(Arc::new(self.clone()))
    }
}

impl Receiver {
    /// With which secrets, and where, an endpoint that was made by API is reached now.
    pub(crate) fn target(&self, endpoint: &str) -> Option<Target> {
        let state = self.0.lock().expect("not poisoned");
        state.dialled.iter().rev().find(|target| &*target.endpoint == endpoint).cloned()
    }

    /// Endpoints with these names and kinds.
    pub(crate) fn endpoints(&self, endpoints: &[(&str, &[&str])]) -> Endpoints {
        let endpoint = |(name, kinds): &(&str, &[&str])| Endpoint {
            name: (*name).into(),
            url: format!("https://{name}.example.org/").into(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            contexts: Vec::new(),
        };
        Endpoints {
            list: endpoints.iter().map(endpoint).collect(),
            sender: Arc::new(self.clone()),
            dialer: Some(Arc::new(self.clone())),
            in_flight: 16,
            preview_bytes: 120,
        }
    }

    /// From now on an endpoint answers so; as a good one if there is no mood.
    pub(crate) fn set(&self, endpoint: &str, mood: impl Into<Option<Mood>>) {
        let mut state = self.0.lock().expect("not poisoned");
        match mood.into() {
            Some(mood) => state.moods.insert(endpoint.to_owned(), mood),
            None => state.moods.remove(endpoint),
        };
    }

    /// From now on each answer takes so long.
    pub(crate) fn takes(&self, time: Duration) {
        self.0.lock().expect("not poisoned").takes = time;
    }

    /// The most attempts of one endpoint that were under way at a time.
    pub(crate) fn most_under_way(&self) -> usize {
        self.0.lock().expect("not poisoned").most_under_way
    }

    /// All attempts at an endpoint.
    pub(crate) fn attempts(&self, endpoint: &str) -> Vec<Seen> {
        let state = self.0.lock().expect("not poisoned");
        state.seen.iter().filter(|seen| seen.endpoint == endpoint).cloned().collect()
    }

    /// The events that an endpoint has taken.
    pub(crate) fn taken(&self, endpoint: &str) -> Vec<Seen> {
        self.attempts(endpoint).into_iter().filter(|seen| seen.taken).collect()
    }

    /// The previews of the messages of which an endpoint was told, by room, in order, each once for each id.
    pub(crate) fn messages(&self, endpoint: &str) -> BTreeMap<String, Vec<String>> {
        let (mut rooms, mut ids) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new());
        for Seen { id, body, .. } in self.taken(endpoint) {
            if body["type"] == "chat.message.created" && ids.insert(id) {
                let text = |value: &Value| value.as_str().expect("text").to_owned();
                let data = &body["data"];
                rooms.entry(text(&data["room"]["id"])).or_default().push(text(&data["preview"]));
            }
        }
        rooms
    }

    /// How many events an endpoint has taken more than once.
    pub(crate) fn doubles(&self, endpoint: &str) -> usize {
        let taken = self.taken(endpoint);
        let ids: BTreeSet<_> = taken.iter().map(|seen| &seen.id).collect();
        taken.len() - ids.len()
    }
}
